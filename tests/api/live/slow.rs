//! Clients that don't read.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use super::client::Client;
use crate::common::{ADMIN, TestApp};
use crate::on_both_with;

/// 64 KiB at a time, as fast as they are read.
const FLOOD: &str = "subscription { tick(count: -1, bytes: 65536) { number padding } }";
/// What the operating system and the server may keep for a client that doesn't read.
const KEPT: usize = 24 * 1024 * 1024;

/// Bytes of memory that this process, the server in it, takes.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = pages.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Waits until the only seat is free again.
async fn until_free(app: &TestApp) {
    for _ in 0..100 {
        let mut client = Client::open(app, Some(super::client::PROTOCOL), &[]).await.unwrap();
        let payload = json!({ "Authorization": super::client::bearer(ADMIN) });
        client
            .say(json!({ "type": "connection_init", "payload": payload }))
            .await;
        if matches!(client.next().await, Message::Text(_)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the seat is still taken");
}

on_both_with! { &["--live-stall-ms=300", "--max-live-per-key=1"],
    async fn a_socket_that_does_not_read_is_cut_off(app) {
        let mut client = Client::ready(app, Some(ADMIN)).await;
        let before = resident();
        client.subscribe("a", FLOOD, json!({})).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let grown = resident().saturating_sub(before);
        assert!(grown < KEPT, "{grown}");
        until_free(app).await;
        let mut read = 0;
        while let Some(Ok(message)) = client.socket.next().await {
            read += message.len();
        }
        assert!(read < KEPT, "{read}");
    }

    async fn a_stream_that_does_not_read_is_cut_off(app) {
        let address = app.url.trim_start_matches("http://");
        let mut socket = TcpStream::connect(address).await.unwrap();
        let body = json!({ "query": FLOOD }).to_string();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n\
            Authorization: Bearer {ADMIN}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        until_free(app).await;
        let (mut read, mut bytes) = (0, vec![0; 65_536]);
        while let Ok(count @ 1..) = socket.read(&mut bytes).await {
            read += count;
        }
        assert!(read < KEPT, "{read}");
    }

    async fn who_reads_slowly_misses_nothing(app) {
        let mut client = Client::ready(app, Some(ADMIN)).await;
        client.subscribe("a", "subscription { tick(count: 300, bytes: 65536) { number padding } }", json!({})).await;
        for expected in 1..=300 {
            if expected % 100 == 0 {
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
            let message = client.hear().await;
            assert_eq!(message["payload"]["data"]["tick"]["number"], expected);
        }
        assert_eq!(client.hear().await["type"], "complete");
    }
}
