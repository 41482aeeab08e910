//! Clients that don't read.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

use super::client::{Client, Events, PROTOCOL, ask, bearer, narrow};
use super::feed::{change, from_now};
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

/// A request for the flood, written by hand.
fn posted(after: &Value) -> String {
    let body = json!({ "query": flood(), "variables": after }).to_string();
    format!(
        "POST /graphql HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n\
        Authorization: Bearer {ADMIN}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The places of all changes that the flood tells.
async fn told(app: &TestApp, after: &Value) -> Vec<i64> {
    let query = "query($after: String) { changes(first: 100, after: $after, filter: { actions: [\"assistanceRequest.created\"] }) { nodes { sequence } } }";
    let answer = app.ask(Some(ADMIN), query, after.clone()).await;
    let all: Vec<i64> = answer["changes"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(place)
        .collect();
    assert_eq!(all.len(), CHANGES);
    all
}

fn place(node: &Value) -> i64 {
    node["sequence"].as_str().unwrap().parse().unwrap()
}

/// The place of a change, and the cursor that resumes after it.
fn seen(change: &Value) -> (i64, Value) {
    (place(&change["node"]), json!({ "after": change["cursor"] }))
}

/// The parts of a body in chunks as far as they are whole, and whether the last chunk says that it ends there.
fn chunks(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        let whole = end + 2 + size + 2;
        if size == 0 || bytes.len() < whole {
            return (body, size == 0);
        }
        body.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[whole..];
    }
    (body, false)
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
        socket.write_all(posted(&after).as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        until_free(app).await;
        let (mut read, mut bytes) = (0, vec![0; 65_536]);
        while let Ok(count @ 1..) = socket.read(&mut bytes).await {
            read += count;
        }
        assert!((1..KEPT).contains(&read), "{read}");
    }

    async fn a_stream_that_was_cut_off_resumes_without_a_gap(app) {
        let after = dam(app).await;
        let expected = told(app, &after).await;
        let mut socket = narrow(app).await;
        socket.write_all(posted(&after).as_bytes()).await.unwrap();
        let (mut read, mut bytes) = (Vec::new(), vec![0; 65_536]);
        // The first two are whole once the third begins.
        while read.windows(11).filter(|part| part == b"event: next").count() < 3 {
            let count = socket.read(&mut bytes).await.unwrap();
            read.extend_from_slice(&bytes[..count]);
        }
        until_free(app).await;
        while let Ok(count @ 1..) = socket.read(&mut bytes).await {
            read.extend_from_slice(&bytes[..count]);
        }
        let head = read.windows(4).position(|part| part == b"\r\n\r\n").unwrap() + 4;
        let (body, ended) = chunks(&read[head..]);
        let body = String::from_utf8(body).unwrap();
        // It breaks off, so that nobody takes it for the end of what there is.
        assert!(!ended && !body.contains("event: complete"));
        let (mut places, mut resume) = (Vec::new(), after);
        for event in body.split_inclusive("\n\n").filter(|event| event.ends_with("\n\n")) {
            if let Some((_, data)) = event.split_once("data: {") {
                let data: Value = serde_json::from_str(&format!("{{{data}")).unwrap();
                let (place, cursor) = seen(change(&data["data"]));
                places.push(place);
                resume = cursor;
            }
        }
        assert!((2..CHANGES).contains(&places.len()), "{}", places.len());
        let mut events = Events::new(ask(app, Some(ADMIN), &flood(), resume).await);
        while places.len() < CHANGES {
            places.push(seen(&events.change().await).0);
        }
        assert_eq!(places, expected);
    }

    async fn a_socket_that_was_cut_off_resumes_without_a_gap(app) {
        let after = dam(app).await;
        let expected = told(app, &after).await;
        let mut client = Client::narrow(app, Some(ADMIN)).await;
        client.subscribe("a", &flood(), after).await;
        let mut resume = Value::Null;
        let mut places = Vec::new();
        while places.len() < 2 {
            let (place, cursor) = seen(&client.change("a").await);
            places.push(place);
            resume = cursor;
        }
        until_free(app).await;
        // What is left of it, and the reason where it is not cut off within a message.
        while let Some(Ok(message)) = client.socket.next().await {
            match message {
                Message::Text(text) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    let (place, cursor) = seen(change(&message["payload"]["data"]));
                    places.push(place);
                    resume = cursor;
                }
                Message::Close(frame) => assert_eq!(u16::from(frame.unwrap().code), 4410),
                _ => {}
            }
        }
        assert!((2..CHANGES).contains(&places.len()), "{}", places.len());
        let mut client = Client::ready(app, Some(ADMIN)).await;
        client.subscribe("b", &flood(), resume).await;
        while places.len() < CHANGES {
            places.push(seen(&client.change("b").await).0);
        }
        assert_eq!(places, expected);
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

on_both_with! { &["--live-ping-ms=500", "--live-stall-ms=60000"],
    async fn whoever_takes_long_for_a_message_is_there(app) {
        let after = dam(app).await;
        let mut client = Client::narrow(app, Some(ADMIN)).await;
        client.subscribe("a", &flood(), after).await;
        assert_eq!(client.hear().await["type"], "next");
        // Longer than it takes to be missed: no ping gets through behind the message that is not read.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        // All of it: some was on its way before anybody could have been missed.
        for _ in 1..CHANGES {
            assert_eq!(client.hear().await["type"], "next");
        }
    }
}

on_both! {
    async fn a_stream_has_no_bound_together_but_each_answer(app) {
        let after = dam(app).await;
        for _ in 1..4 {
            dam(app).await;
        }
        let mut client = Client::ready(app, Some(ADMIN)).await;
        // Together twice as much as any one answer may have.
        client.subscribe("a", &stream(29), after).await;
        for number in 0..4 * CHANGES {
            let told = client.hear().await;
            assert_eq!((&told["type"], &told["payload"]["errors"]), (&json!("next"), &Value::Null), "{number}");
        }
    }
}
