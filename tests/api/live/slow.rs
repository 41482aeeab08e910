//! Clients that don't read.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

use super::client::{Client, PROTOCOL, bearer, narrow};
use super::feed::from_now;
use crate::common::{ADMIN, TestApp};
use crate::metrics::{scrape, sum};
use crate::{on_both, on_both_with};

/// Changes in the flood.
const CHANGES: usize = 60;
/// What the operating system and the server may keep of it for a client that doesn't read.
const KEPT: usize = 8 * 1024 * 1024;

/// A quarter of a megabyte for each change.
fn flood() -> String {
    stream(25)
}

/// So many times ten kilobytes for each change.
fn stream(times: usize) -> String {
    let diffs: String = (0..times).map(|n| format!(" d{n}: diff {{ field after }}")).collect();
    format!(
        "subscription($after: String) {{ changes(after: $after, filter: {{ actions: [\"assistanceRequest.created\"] }})
            {{ cursor node {{ sequence {diffs} }} }} }}"
    )
}

/// Makes the changes, and gives the variables with which to follow them.
async fn dam(app: &TestApp) -> Value {
    let after = from_now(app).await;
    for number in 0..CHANGES {
        let input = json!({ "country": "BGD", "title": format!("{number}"), "priority": "HIGH", "items": [], "description": "x".repeat(10_000) });
        let made = app
            .mutate(ADMIN, "createAssistanceRequest", input, "userErrors { code field }")
            .await;
        assert_eq!(made["userErrors"], json!([]));
    }
    after
}

/// Bytes of memory that this process, the server in it, takes.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = pages.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Waits until the only seat is free again.
async fn until_free(app: &TestApp) {
    for _ in 0..600 {
        let mut client = Client::open(app, Some(PROTOCOL), &[]).await.unwrap();
        let payload = json!({ "Authorization": bearer(ADMIN) });
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
        let after = dam(app).await;
        let mut client = Client::narrow(app, Some(ADMIN)).await;
        let before = resident();
        client.subscribe("a", &flood(), after).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let grown = resident().saturating_sub(before);
        assert!(grown < 2 * KEPT, "{grown}");
        until_free(app).await;
        let mut read = 0;
        while let Some(Ok(message)) = client.socket.next().await {
            read += message.len();
        }
        assert!(read < KEPT, "{read}");
    }

    async fn a_stream_that_does_not_read_is_cut_off(app) {
        let after = dam(app).await;
        let mut socket = narrow(app).await;
        let body = json!({ "query": flood(), "variables": after }).to_string();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n\
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
        assert!((1..KEPT).contains(&read), "{read}");
    }
}

on_both_with! { &["--live-stall-ms=1000"],
    async fn who_reads_on_after_all_is_told_why_it_was_cut_off(app) {
        let after = dam(app).await;
        let mut client = Client::narrow(app, Some(ADMIN)).await;
        for id in 0..30 {
            client.subscribe(&id.to_string(), &stream(1), after.clone()).await;
        }
        // Its operations begin, and end when it has read nothing for too long.
        for wanted in [true, false] {
            let begun = Instant::now();
            while (sum(&scrape(app).await, "nam_needs_subscriptions", &[]) > 0.5) != wanted {
                assert!(begun.elapsed() < Duration::from_secs(60), "subscriptions: {wanted}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        let (code, reason) = client.closed().await;
        assert_eq!(code, 4410, "{reason}");
    }
}

on_both! {
    async fn who_reads_slowly_misses_nothing(app) {
        let after = dam(app).await;
        let mut client = Client::narrow(app, Some(ADMIN)).await;
        client.subscribe("a", &flood(), after).await;
        let mut last = 0;
        for number in 0..CHANGES {
            if number % 20 == 0 {
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
            let change = client.change("a").await;
            let sequence = change["node"]["sequence"].as_str().unwrap().parse::<i64>().unwrap();
            assert!(sequence > last);
            last = sequence;
        }
    }
}
