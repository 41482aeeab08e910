//! One change told to many: connections that follow the feed, what they take of the server's memory, and how long after a
//! mutation was sent each of them has heard of it. Starts a database and a server of its own.
//!
//! ```sh
//! cargo bench --bench live        # SUBSCRIBERS=1000 CHANGES=20 WAY=events change what is tried; WAY=socket is WebSocket
//! ```
//! By `cargo test` there are a few only: that checks that all of it works, not how fast.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "../common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use common::cluster::Cluster;
use common::server::{ADMIN, Client, Server};
use common::{database, measures, setting};

const FOLLOW: &str =
    "subscription($after: String) { changes(after: $after) { cursor node { action subjectId at actor } } }";
const FIND: &str = "{ service { changeCursor } commodity(code: \"O2_CONCENTRATOR\") { id version } }";
const RENAME: &str = "mutation($input: UpdateCommodityInput!) { updateCommodity(input: $input) { commodity { version }
    userErrors { code message } } }";
/// Within which every subscriber must have heard, else something is lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// Connections that are being made at once.
const AT_ONCE: usize = 50;

fn main() {
    common::run(bench);
}

async fn bench(cluster: &Cluster) {
    let ways: Vec<String> = match std::env::var("WAY") {
        Ok(way) => vec![way],
        Err(_) => vec!["events".into(), "socket".into()],
    };
    let [url, migrate_url] = database(cluster).await;
    for way in ways {
        measure(&url, &migrate_url, &way).await;
    }
}

async fn measure(url: &str, migrate_url: &str, way: &str) {
    let subscribers: usize = setting("SUBSCRIBERS", if measures() { 1_000 } else { 20 });
    let changes: usize = setting("CHANGES", if measures() { 20 } else { 2 });
    let most = ["connections", "per-key", "per-address"].map(|what| format!("--max-live-{what}={}", subscribers + 10));
    let settings: Vec<&str> = most.iter().map(String::as_str).collect();
    let server = Server::start(url, migrate_url, 8, &settings).await;
    let mut client = Client::connect(&server.address).await.unwrap();
    let found = client
        .send("POST", "/graphql", ADMIN, &json!({ "query": FIND }).to_string())
        .await;
    let found: Value = serde_json::from_slice(&found.unwrap().1).unwrap();
    let mut commodity = found["data"]["commodity"].clone();
    // From a place before all changes, because over a WebSocket nothing tells when a subscription without one has begun.
    let follow = json!({ "query": FOLLOW, "variables": { "after": found["data"]["service"]["changeCursor"] } });
    let idle = server.memory();

    let (heard, mut hears) = unbounded_channel();
    let began = Instant::now();
    let mut followers = Vec::new();
    let mut waiting = 0;
    for _ in 0..subscribers {
        let (address, follow, heard) = (server.address.clone(), follow.clone(), heard.clone());
        followers.push(match way {
            "socket" => tokio::spawn(by_socket(address, follow, heard)),
            _ => tokio::spawn(by_events(address, follow, heard)),
        });
        waiting += 1;
        if waiting == AT_ONCE {
            gather(&mut hears, waiting).await;
            waiting = 0;
        }
    }
    gather(&mut hears, waiting).await;
    println!(
        "\n{subscribers} subscribers by {way}, connected in {:.1?}; the server has {:.0} MiB, {:.0} before",
        began.elapsed(),
        server.memory(),
        idle
    );

    let mut latencies = Vec::new();
    for change in 0..changes {
        commodity["name"] = format!("Oxygen concentrator, {way} {change}").into();
        let sent = Instant::now();
        let done = client.mutate(ADMIN, RENAME, &commodity).await;
        commodity["version"] = done["commodity"]["version"].clone();
        let answered = sent.elapsed();
        let all = gather(&mut hears, subscribers).await;
        latencies.extend(all.into_iter().map(|heard| heard.saturating_duration_since(sent)));
        if change == 0 {
            println!("the first change was answered in {answered:.1?}");
        }
    }
    latencies.sort();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_secs_f64() * 1_000.0;
    println!(
        "{changes} changes told to all: after {:.0} ms at the median, {:.0} at the 99th percentile, {:.0} at most; then {:.0} MiB",
        at(50),
        at(99),
        at(100),
        server.memory()
    );
    for follower in followers {
        follower.abort();
    }
}

/// When each of so many was heard.
async fn gather(hears: &mut UnboundedReceiver<Instant>, count: usize) -> Vec<Instant> {
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        let heard = tokio::time::timeout(PATIENCE, hears.recv()).await;
        all.push(
            heard
                .expect("a subscriber heard nothing")
                .expect("a subscriber has ended"),
        );
    }
    all
}

/// Says when it is connected, and then of each change when it has heard of it.
async fn by_events(address: String, follow: Value, heard: UnboundedSender<Instant>) {
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let body = follow.to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {ADMIN}\r\naccept: text/event-stream\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = vec![0; 4_096];
    let mut kept = Vec::new();
    let mut is_connected = false;
    loop {
        let length = stream.read(&mut bytes).await.unwrap();
        assert!(length > 0, "the stream has ended");
        kept.extend_from_slice(&bytes[..length]);
        let text = String::from_utf8_lossy(&kept).into_owned();
        if !is_connected {
            if !text.contains("\r\n\r\n") {
                continue;
            }
            assert!(text.starts_with("HTTP/1.1 200"), "{text}");
            is_connected = true;
            heard.send(Instant::now()).unwrap();
        }
        for _ in text.matches("event: next") {
            heard.send(Instant::now()).unwrap();
        }
        kept.clear();
    }
}

/// The same over a WebSocket.
async fn by_socket(address: String, follow: Value, heard: UnboundedSender<Instant>) {
    let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    headers.insert("authorization", format!("Bearer {ADMIN}").parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let text = |value: Value| Message::text(value.to_string());
    socket.send(text(json!({ "type": "connection_init" }))).await.unwrap();
    socket.next().await.unwrap().unwrap();
    let follow = json!({ "id": "1", "type": "subscribe", "payload": follow });
    socket.send(text(follow)).await.unwrap();
    // Once this is answered, it has been read.
    socket.send(text(json!({ "type": "ping" }))).await.unwrap();
    loop {
        let Message::Text(told) = socket.next().await.expect("the socket has ended").unwrap() else {
            continue;
        };
        match serde_json::from_str::<Value>(&told).unwrap()["type"].as_str() {
            Some("next" | "pong") => heard.send(Instant::now()).unwrap(),
            Some("ping") => socket.send(text(json!({ "type": "pong" }))).await.unwrap(),
            _ => panic!("{told}"),
        }
    }
}
