//! Server-sent events, each operation by a connection of its own.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::client::{Events, ask};
use super::feed::{FOLLOW, from_now, write};
use crate::common::ADMIN;
use crate::support::{draft, people};
use crate::{on_both, on_both_with};

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
        let now = from_now(app).await;
        let response = ask(app, Some(ADMIN), FOLLOW, now).await;
        assert_eq!(header(&response, "content-type"), "text/event-stream; charset=utf-8");
        assert!(header(&response, "cache-control").contains("no-store"));
        assert_eq!(header(&response, "x-accel-buffering"), "no");
        let mut events = Events::new(response);
        write(app).await;
        let first = events.change().await;
        write(app).await;
        let second = events.change().await;
        let mut resumed = Events::new(ask(app, Some(ADMIN), FOLLOW, json!({ "after": first["cursor"] })).await);
        assert_eq!(resumed.change().await, second);
    }

    async fn a_subscription_can_be_asked_for_by_get(app) {
        let mut events = Events::new(get(app, "subscription { changes(after: \"nonsense\") { cursor } }").await);
        let (_, data) = events.next().await.unwrap();
        assert_eq!(data["errors"][0]["extensions"]["code"], "BAD_CURSOR", "{data:#}");
        events.complete().await;
    }

    async fn nothing_on_the_way_holds_events_back(app) {
        let body = json!({ "query": FOLLOW, "variables": from_now(app).await });
        let request = app.request(Method::POST, "/graphql").header("accept", "text/event-stream");
        let request = request.header("accept-encoding", "gzip, br").bearer_auth(ADMIN).json(&body);
        let response = request.send().await.unwrap();
        assert_eq!(header(&response, "content-encoding"), "identity");
        let mut events = Events::new(response);
        for _ in 0..3 {
            write(app).await;
            events.change().await;
        }
        assert!(events.comments <= 1, "held back until the next sign of life");
    }

    async fn who_has_the_head_of_the_answer_misses_nothing(app) {
        for _ in 0..20 {
            let mut changes = Events::new(ask(app, Some(ADMIN), FOLLOW, json!({})).await);
            let query = "subscription { assistanceRequestChanged { version } }";
            let mut requests = Events::new(ask(app, Some(ADMIN), query, json!({})).await);
            write(app).await;
            changes.change().await;
            let (_, data) = requests.next().await.unwrap();
            assert_eq!(data["data"]["assistanceRequestChanged"]["version"], 1, "{data:#}");
        }
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
            ("subscription($n: DateTime!) { changes(filter: { since: $n }) { cursor } }", "BAD_USER_INPUT"),
        ] {
            let mut events = Events::new(ask(app, None, query, json!({})).await);
            let (name, data) = events.next().await.unwrap();
            assert_eq!(name, "next");
            assert_eq!(data["errors"][0]["extensions"]["code"], code, "{data:#}");
            assert_eq!(data.get("data"), None);
            events.complete().await;
        }
        let unknown = "nam_unknown_unknown_unknown_unknown_unknown";
        let response = ask(app, Some(unknown), FOLLOW, json!({})).await;
        assert_eq!(header(&response, "www-authenticate"), r#"Bearer error="invalid_token""#);
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
        let (status, answer) = app.post(None, FOLLOW, json!({})).await;
        assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (400, &json!("BAD_USER_INPUT")));
    }
}

on_both_with! { &["--timeout-ms=600000"],
    async fn who_is_refused_a_subscription_is_told_at_once(app) {
        for (root, code) in [
            ("changes(after: \"nonsense\") { cursor }", "BAD_CURSOR"),
            ("changes(filter: { country: \"ZZZ\" }) { cursor }", "BAD_USER_INPUT"),
            ("assistanceRequestChanged(filter: { country: { code: { eq: \"ZZZ\" } } }) { id }", "BAD_USER_INPUT"),
        ] {
            let told = async {
                let mut events = Events::new(ask(app, None, &format!("subscription {{ {root} }}"), json!({})).await);
                let (_, data) = events.next().await.unwrap();
                assert_eq!(data["errors"][0]["extensions"]["code"], code, "{data:#}");
                events.complete().await;
            };
            assert!(tokio::time::timeout(Duration::from_secs(60), told).await.is_ok(), "{root}");
        }
    }
}

on_both_with! { &["--live-ping-ms=50"],
    async fn a_stream_without_events_is_kept_alive(app) {
        let mut events = Events::new(ask(app, Some(ADMIN), FOLLOW, from_now(app).await).await);
        tokio::time::sleep(Duration::from_millis(500)).await;
        write(app).await;
        events.change().await;
        assert!(events.comments >= 5, "{}", events.comments);
    }
}
