//! A connection is as good as its credential, all the time.

use chrono::TimeDelta;
use entity::enums::Role;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::client::{Client, Events, ask};
use super::feed::{FOLLOW, from_now, write};
use crate::common::{ADMIN, Backend, TestApp, run_with};
use crate::on_both_with;
use crate::support::draft;

/// The id and the secret of a key that expires within an hour.
async fn key(app: &TestApp) -> (Value, String) {
    let expires_at = (app.clock.now() + TimeDelta::hours(1)).to_rfc3339();
    let input =
        json!({ "name": "a subscriber", "roles": ["COORDINATOR"], "expiresAt": expires_at.replace("+00:00", "Z") });
    let made = app
        .mutate(
            ADMIN,
            "createApiKey",
            input,
            "secret apiKey { id } userErrors { code field }",
        )
        .await;
    let secret = made["secret"].as_str().unwrap_or_else(|| panic!("{made:#}"));
    (made["apiKey"]["id"].clone(), secret.to_owned())
}

async fn revoke(app: &TestApp, id: &Value) {
    let revoked = app
        .mutate(ADMIN, "revokeApiKey", json!({ "id": id }), "userErrors { code }")
        .await;
    assert_eq!(revoked["userErrors"], json!([]));
}

/// A socket and a stream by this key, both with a subscription.
async fn followers(app: &TestApp, key: &str) -> (Client, Events) {
    let now = from_now(app).await;
    let mut socket = Client::ready(app, Some(key)).await;
    socket.subscribe("a", FOLLOW, now.clone()).await;
    let mut events = Events::new(ask(app, Some(key), FOLLOW, now).await);
    write(app).await;
    socket.change("a").await;
    events.change().await;
    (socket, events)
}

async fn end(followers: (Client, Events), why: &str) {
    let (mut socket, mut events) = followers;
    let (code, reason) = socket.closed().await;
    assert_eq!(code, 4403);
    assert!(reason.starts_with("Forbidden") && reason.contains(why), "{reason}");
    let last = loop {
        let (_, data) = events.next().await.unwrap();
        if data.get("errors").is_some() {
            break data;
        }
    };
    assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert!(last["errors"][0]["message"].as_str().unwrap().contains(why), "{last:#}");
    events.complete().await;
}

on_both_with! { &["--live-recheck-ms=600000"],
    async fn a_key_that_is_revoked_ends_its_connections_at_once(app) {
        let (id, secret) = key(app).await;
        let (mut other, mut others) = followers(app, ADMIN).await;
        let its = followers(app, &secret).await;
        // What the streams' own looks at their credentials might find is not what is tried here.
        others.change().await;
        other.change("a").await;
        revoke(app, &id).await;
        end(its, "revoked").await;
        write(app).await;
        other.change("a").await;
        others.change().await;
    }
}

on_both_with! { &["--live-recheck-ms=600000"],
    async fn what_comes_after_a_revocation_is_not_told_by_the_key(app) {
        let both = "mutation($revoke: RevokeApiKeyInput!, $create: CreateAssistanceRequestInput!) {
            revokeApiKey(input: $revoke) { userErrors { code } }
            createAssistanceRequest(input: $create) { userErrors { code } } }";
        for _ in 0..20 {
            let (id, secret) = key(app).await;
            let (mut socket, mut events) = followers(app, &secret).await;
            let done = app.ask(Some(ADMIN), both, json!({ "revoke": { "id": id }, "create": draft() })).await;
            assert_eq!(done["createAssistanceRequest"]["userErrors"], json!([]));
            loop {
                match socket.next().await {
                    Message::Close(_) => break,
                    Message::Text(told) => panic!("told: {told}"),
                    _ => {}
                }
            }
            let (_, data) = events.next().await.unwrap();
            assert_eq!(data["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{data:#}");
            events.complete().await;
        }
    }
}

/// PostgreSQL alone, which several servers share.
#[test]
fn a_key_that_another_server_revokes_ends_its_connections_here() {
    run_with(Backend::Postgres, &["--live-recheck-ms=600000"], async |app| {
        let (id, secret) = key(app).await;
        let (mut other, mut others) = followers(app, ADMIN).await;
        let its = followers(app, &secret).await;
        others.change().await;
        other.change("a").await;
        let beside = app.beside().await;
        let query = "mutation($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { userErrors { code } } }";
        let request = reqwest::Client::new()
            .post(format!("{}/graphql", beside.url))
            .bearer_auth(ADMIN);
        let request = request.json(&json!({ "query": query, "variables": { "input": { "id": id } } }));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["data"]["revokeApiKey"]["userErrors"], json!([]), "{answer:#}");
        end(its, "revoked").await;
        write(app).await;
        other.change("a").await;
        others.change().await;
        beside.stop().await;
    });
}

on_both_with! { &["--live-recheck-ms=50"],
    async fn a_key_that_expires_ends_its_connections(app) {
        let (_, secret) = key(app).await;
        let its = followers(app, &secret).await;
        app.clock.set(app.clock.now() + TimeDelta::hours(2));
        end(its, "expired").await;
    }
}

on_both_with! { &["--anonymous-read=false"],
    async fn what_is_closed_to_anonymous_readers_cannot_be_followed(app) {
        let mut client = Client::ready(app, None).await;
        client.subscribe("a", FOLLOW, json!({})).await;
        assert_eq!(client.refused("a").await, "UNAUTHENTICATED");
        client.subscribe("a", "{ service { name } }", json!({})).await;
        assert_eq!(client.hear().await["type"], "next");
        assert_eq!(ask(app, None, FOLLOW, json!({})).await.status(), 401);
        let reader = app.key(Role::Reader, None, None).await;
        let mut client = Client::ready(app, Some(&reader)).await;
        client.subscribe("a", FOLLOW, json!({ "after": "nonsense" })).await;
        assert_eq!(client.hear().await["type"], "next");
    }
}
