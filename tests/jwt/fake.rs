//! A listener that counts who asks, and answers everybody the same.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

pub struct Listener {
    port: u16,
    asked: Arc<AtomicUsize>,
    body: Arc<Mutex<String>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    pub fn start(body: &str) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let (asked, ended) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let body = Arc::new(Mutex::new(body.to_owned()));
        let (count, end, answer) = (Arc::clone(&asked), Arc::clone(&ended), Arc::clone(&body));
        let thread = std::thread::spawn(move || {
            for connection in socket.incoming() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                count.fetch_add(1, Ordering::SeqCst);
                let Ok(mut connection) = connection else { continue };
                drop(connection.read(&mut [0; 4_096]));
                let body = answer.lock().unwrap().clone();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                drop(connection.write_all(format!("{head}{body}").as_bytes()));
            }
        });
        Self {
            port,
            asked,
            body,
            ended,
            thread: Some(thread),
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/jwks", self.port)
    }

    /// How many connections there were.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Answers otherwise from now on.
    pub fn answer(&self, body: &str) {
        body.clone_into(&mut self.body.lock().unwrap());
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        drop(std::net::TcpStream::connect(("127.0.0.1", self.port)));
        drop(self.thread.take().map(JoinHandle::join));
    }
}
