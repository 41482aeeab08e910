//! Server-sent events, each operation by a connection of its own.

use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::client::{Events, ask};
use crate::support::{draft, people};
use crate::{on_both, on_both_with};

const TICK: &str = "subscription($n: Int!) { tick(count: $n) { number } }";

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn get(app: &crate::common::TestApp, query: &str) -> Response {
    let query: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
    app.request(Method::GET, &format!("/graphql?query={query}"))
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap()
}

/// Status and code of an answer that is no stream.
async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert!(header(&response, "content-type").starts_with("application/json"));
    let body: Value = response.json().await.unwrap();
    (
        status,
        body["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned(),
    )
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

on_both! {
    async fn a_subscription_is_a_stream_of_events(app) {
        let response = ask(app, None, TICK, json!({ "n": 3 })).await;
        assert_eq!(header(&response, "content-type"), "text/event-stream; charset=utf-8");
        assert!(header(&response, "cache-control").contains("no-store"));
        assert_eq!(header(&response, "x-accel-buffering"), "no");
        let mut events = Events::new(response);
        for expected in 1..=3 {
            assert_eq!(events.number().await, expected);
        }
        events.complete().await;
        let response = get(app, "subscription { tick(count: 2) { number } }").await;
        let mut events = Events::new(response);
        assert_eq!((events.number().await, events.number().await), (json!(1), json!(2)));
        events.complete().await;
    }

    async fn nothing_on_the_way_holds_events_back(app) {
        let begun = Instant::now();
        let query = "subscription { tick(count: 3, everyMs: 300) { number } }";
        let request = app.request(Method::POST, "/graphql").header("accept", "text/event-stream");
        let request = request.header("accept-encoding", "gzip, br").json(&json!({ "query": query }));
        let response = request.send().await.unwrap();
        assert_eq!(header(&response, "content-encoding"), "identity");
        let mut events = Events::new(response);
        assert!(begun.elapsed() < Duration::from_millis(300));
        events.number().await;
        assert!(begun.elapsed() < Duration::from_millis(600));
        events.number().await;
        assert!(begun.elapsed() >= Duration::from_millis(600));
    }

    async fn queries_and_mutations_are_one_event(app) {
        let people = people(app).await;
        let mut events = Events::new(ask(app, None, "{ country(code: \"BGD\") { name } }", json!({})).await);
        let (name, data) = events.next().await.unwrap();
        assert_eq!((name.as_str(), &data["data"]["country"]["name"]), ("next", &json!("Bangladesh")));
        events.complete().await;

        let query = "mutation($input: CreateAssistanceRequestInput!) { createAssistanceRequest(input: $input)
            { assistanceRequest { status } } }";
        let response = ask(app, Some(&people.focal), query, json!({ "input": draft() })).await;
        let mut events = Events::new(response);
        let (_, data) = events.next().await.unwrap();
        assert_eq!(data["data"]["createAssistanceRequest"]["assistanceRequest"]["status"], "DRAFT", "{data:#}");
        events.complete().await;

        let query = "mutation { withdrawAssistanceRequest(input: { id: \"x\", version: 1 }) { __typename } }";
        assert_eq!(refusal(get(app, query).await).await, refused(405, "BAD_USER_INPUT"));
    }

    async fn errors_of_graphql_are_events_and_those_of_http_a_status(app) {
        for (query, code) in [
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription($n: Int!) { tick(count: $n) { number } }", "BAD_USER_INPUT"),
        ] {
            let mut events = Events::new(ask(app, None, query, json!({})).await);
            let (name, data) = events.next().await.unwrap();
            assert_eq!(name, "next");
            assert_eq!(data["errors"][0]["extensions"]["code"], code, "{data:#}");
            assert_eq!(data.get("data"), None);
            events.complete().await;
        }
        let unknown = "nam_unknown_unknown_unknown_unknown_unknown";
        let response = ask(app, Some(unknown), TICK, json!({ "n": 1 })).await;
        assert_eq!(header(&response, "www-authenticate"), "Bearer");
        assert_eq!(refusal(response).await, refused(401, "UNAUTHENTICATED"));
        let post = |body: &'static str, kind: &str| {
            let request = app.request(Method::POST, "/graphql").header("accept", "text/event-stream");
            request.header("content-type", kind).body(body).send()
        };
        let response = post("{", "application/json").await.unwrap();
        assert_eq!(refusal(response).await, refused(400, "BAD_USER_INPUT"));
        let response = post("{}", "text/plain").await.unwrap();
        assert_eq!(refusal(response).await, refused(415, "BAD_USER_INPUT"));
        // A subscription needs a stream.
        let (status, answer) = app.post(None, TICK, json!({ "n": 1 })).await;
        assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (400, &json!("BAD_USER_INPUT")));
    }
}

on_both_with! { &["--live-ping-ms=50"],
    async fn a_stream_without_events_is_kept_alive(app) {
        let query = "subscription { tick(count: 1, everyMs: 500) { number } }";
        let mut events = Events::new(ask(app, None, query, json!({})).await);
        assert_eq!(events.number().await, 1);
        assert!(events.comments >= 5, "{}", events.comments);
    }
}
