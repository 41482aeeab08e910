//! What stands between two who talk, as a proxy or a virtual address does.

use std::future::Future;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};

/// Takes each connection, and has `relay` pass on what comes; gives where it listens.
pub async fn between<R>(mut relay: impl FnMut(TcpStream) -> R + 'static) -> SocketAddr
where
    R: Future<Output = ()> + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    actix_web::rt::spawn(async move {
        while let Ok((taken, _)) = listener.accept().await {
            actix_web::rt::spawn(relay(taken));
        }
    });
    address
}
