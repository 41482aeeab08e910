//! How many connections there may be, and how they end with the server.

use std::time::{Duration, Instant};

use serde_json::json;

use super::client::{Client, Events, PROTOCOL, ask, bearer};
use super::feed::{FOLLOW, from_now, write};
use crate::common::{ADMIN, TestApp};
use crate::{on_both, on_both_with};

/// Waits until a connection that has ended is no longer counted.
async fn opens(app: &TestApp) -> Client {
    for _ in 0..100 {
        if let Ok(client) = Client::open(app, Some(PROTOCOL), &[]).await {
            return client;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no seat became free");
}

async fn introduced(app: &TestApp, key: &str) -> Result<Client, (u16, String)> {
    let mut client = opens(app).await;
    let payload = json!({ "Authorization": bearer(key) });
    client
        .say(json!({ "type": "connection_init", "payload": payload }))
        .await;
    match client.next().await {
        tokio_tungstenite::tungstenite::Message::Close(Some(frame)) => {
            Err((frame.code.into(), frame.reason.to_string()))
        }
        _ => Ok(client),
    }
}

on_both_with! { &["--max-live-connections=4", "--max-live-per-key=2", "--max-live-per-address=1"],
    async fn connections_are_counted_by_credential_by_address_and_in_all(app) {
        let mut first = introduced(app, ADMIN).await.unwrap();
        let mut events = Events::new(ask(app, Some(ADMIN), FOLLOW, from_now(app).await).await);
        write(app).await;
        events.change().await;
        assert_eq!(introduced(app, ADMIN).await.err().unwrap().0, 1013);
        assert_eq!(ask(app, Some(ADMIN), FOLLOW, json!({})).await.status(), 429);
        let header = bearer(ADMIN);
        let headers = [("Authorization", header.as_str())];
        assert_eq!(Client::open(app, Some(PROTOCOL), &headers).await.err(), Some(429));

        let anonymous = opens(app).await;
        assert_eq!(Client::open(app, Some(PROTOCOL), &[]).await.err(), Some(429));
        let refused = ask(app, None, FOLLOW, json!({})).await;
        assert_eq!(refused.status(), 429);
        assert!(refused.headers().contains_key("retry-after"));

        let reader = app.key(entity::enums::Role::Reader, None, None).await;
        let header = bearer(&reader);
        let headers = [("Authorization", header.as_str())];
        let _fourth = Client::open(app, Some(PROTOCOL), &headers).await.unwrap();
        assert_eq!(Client::open(app, Some(PROTOCOL), &headers).await.err(), Some(503));

        // What has ended is counted no more, whoever ended it.
        first.send(tokio_tungstenite::tungstenite::Message::Close(None)).await;
        first.closed().await;
        drop(events);
        drop(anonymous);
        let one = introduced(app, ADMIN).await.unwrap();
        let two = introduced(app, ADMIN).await.unwrap();
        drop((one, two));
    }
}

on_both! {
    async fn operations_on_one_connection_are_counted(app) {
        let mut client = Client::ready(app, None).await;
        for id in 0..51 {
            client.subscribe(&id.to_string(), FOLLOW, json!({})).await;
        }
        assert_eq!(client.refused("50").await, "UNAVAILABLE");
        client.say(json!({ "type": "complete", "id": "0" })).await;
        client.subscribe("50", "{ service { name } }", json!({})).await;
        assert_eq!(client.hear().await["type"], "next");
    }

    async fn all_connections_end_cleanly_with_the_server(app) {
        let mut idle = Client::open(app, Some(PROTOCOL), &[]).await.unwrap();
        let mut busy = Client::ready(app, Some(ADMIN)).await;
        busy.subscribe("a", FOLLOW, from_now(app).await).await;
        let mut events = Events::new(ask(app, Some(ADMIN), FOLLOW, from_now(app).await).await);
        write(app).await;
        busy.change("a").await;
        events.change().await;
        let begun = Instant::now();
        app.tell_to_stop();
        assert_eq!(idle.closed().await, (1001, "Going away".into()));
        assert_eq!(busy.closed().await, (1001, "Going away".into()));
        let last = loop {
            let (_, data) = events.next().await.unwrap();
            if data.get("errors").is_some() {
                break data;
            }
        };
        assert_eq!(last["errors"][0]["extensions"]["code"], "UNAVAILABLE");
        events.complete().await;
        while !app.has_ended() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    }
}
