//! The rate limit as clients meet it, by address and by principal. The clock of the tests stands still, so that nothing
//! comes back but what a test lets come back.

use chrono::TimeDelta;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp, on_each};
use crate::live::client::{Client, Events, ask};

/// Strangers: 10 points a second, 60 at once. Signed in: 100 a second, 600 at once.
const SMALL: [&str; 4] = [
    "--rate-exempt=",
    "--rate-anonymous=10",
    "--rate-signed-in=100",
    "--rate-burst-seconds=6",
];
/// The same behind a proxy on this machine.
const PROXIED: [&str; 5] = ["--trusted-proxies=127.0.0.0/8", SMALL[0], SMALL[1], SMALL[2], SMALL[3]];
/// Costs 50.
const FIFTY: &str = "{ countries(first: 50) { nodes { code } } }";
const NOTHING: &str = "{ __typename }";

fn post(app: &TestApp, query: &str) -> RequestBuilder {
    app.request(Method::POST, "/graphql")
        .header("accept", "application/graphql-response+json")
        .json(&json!({ "query": query }))
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

fn header(response: &Response, name: &str) -> Option<String> {
    Some(response.headers().get(name)?.to_str().unwrap().to_owned())
}

/// Status, `RateLimit` and `Retry-After`.
fn told(response: &Response) -> (u16, Option<String>, Option<String>) {
    let status = response.status().as_u16();
    (status, header(response, "ratelimit"), header(response, "retry-after"))
}

fn left(remaining: u32, reset_s: u32) -> Option<String> {
    Some(format!("\"points\";r={remaining};t={reset_s}"))
}

fn pass_seconds(app: &TestApp, seconds: i64) {
    app.clock.set(app.clock.now() + TimeDelta::seconds(seconds));
}

#[test]
fn a_stranger_who_has_spent_all_is_told_when_to_come_back() {
    on_each(&SMALL, async |app| {
        let first = send(post(app, FIFTY)).await;
        assert_eq!(told(&first), (200, left(9, 6), None));
        assert_eq!(header(&first, "ratelimit-policy").unwrap(), "\"points\";q=60;w=6");
        let cost = first.json::<Value>().await.unwrap()["extensions"]["cost"].clone();
        assert_eq!(cost, json!({ "requested": 50, "limit": 5_000, "remaining": 9 }));

        let second = send(post(app, FIFTY)).await;
        assert_eq!(told(&second), (429, left(8, 6), Some("5".into())));
        let body: Value = second.json().await.unwrap();
        assert_eq!(body.get("data"), None);
        assert_eq!(
            body["errors"][0]["extensions"],
            json!({ "code": "RATE_LIMITED", "retryAfter": 5 })
        );
        assert_eq!(
            body["extensions"]["cost"],
            json!({ "requested": 50, "limit": 5_000, "remaining": 8 })
        );

        pass_seconds(app, 5);
        assert_eq!(told(&send(post(app, FIFTY)).await), (200, left(7, 6), None));
    });
}

#[test]
fn what_is_refused_is_paid_for_too() {
    on_each(&SMALL, async |app| {
        let refusals = [
            ("{", 400),
            ("{ nothing }", 400),
            ("query A { __typename } query B { __typename }", 400),
        ];
        let mut remaining = 60;
        for (query, status) in refusals {
            remaining -= 1;
            let refused = send(post(app, query)).await;
            assert_eq!(told(&refused), (status, left(remaining, 1), None), "{query}");
        }
        // One point for each KiB, before it is parsed.
        let large = format!("{{ nothing }} # {}", "x".repeat(20 * 1024));
        let refused = send(post(app, &large)).await;
        assert_eq!(told(&refused), (400, left(60 - 4 - 20, 3), None));
        let wrong = app.request(Method::POST, "/graphql").body("x").send().await.unwrap();
        assert_eq!(told(&wrong), (415, left(60 - 4 - 21, 3), None));
        let huge = format!("{{ nothing }} # {}", "x".repeat(100 * 1024));
        let refused = send(post(app, &huge)).await;
        assert_eq!(refused.status(), 429, "it is not even parsed");
    });
}

#[test]
fn guessing_credentials_shuts_the_door_to_credentials() {
    on_each(&SMALL, async |app| {
        let guess = || post(app, NOTHING).bearer_auth(format!("nam_{}", "x".repeat(43)));
        assert_eq!(send(guess()).await.status(), 401);
        let second = send(guess()).await;
        assert_eq!(told(&second), (429, None, Some("1".into())), "nothing was looked up");
        assert_eq!(send(post(app, NOTHING).bearer_auth(ADMIN)).await.status(), 429);
        assert_eq!(send(post(app, NOTHING)).await.status(), 200, "others only read");
        pass_seconds(app, 1);
        assert_eq!(send(post(app, NOTHING).bearer_auth(ADMIN)).await.status(), 200);
    });
}

#[test]
fn a_principal_pays_for_itself_wherever_it_comes_from() {
    on_each(&PROXIED, async |app| {
        let other = app.key(entity::enums::Role::Reader, None, None).await;
        let from = |address: &str, key: &str| {
            let request = post(app, FIFTY).bearer_auth(key);
            send(request.header("x-forwarded-for", address))
        };
        assert_eq!(told(&from("192.0.2.1", ADMIN).await), (200, left(549, 1), None));
        assert_eq!(told(&from("192.0.2.2", ADMIN).await), (200, left(498, 2), None));
        assert_eq!(told(&from("192.0.2.1", &other).await), (200, left(549, 1), None));
    });
}

#[test]
fn a_trusted_proxy_tells_the_address_and_nobody_else_does() {
    let ask = async |app: &TestApp, name: &str, address: &str| {
        send(post(app, FIFTY).header(name, address)).await.status().as_u16()
    };
    on_each(&PROXIED, async |app| {
        for (name, address, status) in [
            ("x-forwarded-for", "192.0.2.1", 200),
            ("x-forwarded-for", "203.0.113.9, 192.0.2.1, 127.0.0.9", 429),
            ("forwarded", "for=192.0.2.1", 429),
            ("forwarded", "for=\"[2001:db8::1]:80\"", 200),
            ("x-forwarded-for", "2001:db8::ffff", 429),
            ("x-forwarded-for", "192.0.2.2", 200),
        ] {
            assert_eq!(ask(app, name, address).await, status, "{name}: {address}");
        }
    });
    on_each(&SMALL, async |app| {
        assert_eq!(ask(app, "x-forwarded-for", "192.0.2.1").await, 200);
        for name in ["x-forwarded-for", "forwarded", "x-real-ip"] {
            assert_eq!(ask(app, name, "192.0.2.2").await, 429, "{name}");
        }
    });
}

#[test]
fn connections_are_counted_by_the_address_that_a_trusted_proxy_tells() {
    let settings = ["--trusted-proxies=127.0.0.0/8", "--max-live-per-address=1"];
    on_each(&settings, async |app| {
        let follow = async |address: &str| {
            let request = app.request(Method::POST, "/graphql").header("x-forwarded-for", address);
            let query = json!({ "query": "subscription { changes { cursor } }" });
            send(request.header("accept", "text/event-stream").json(&query)).await
        };
        let first = follow("192.0.2.1").await;
        assert_eq!(first.status(), 200);
        assert_eq!(follow("192.0.2.1").await.status(), 429);
        assert_eq!(follow("192.0.2.2").await.status(), 200);
        let other = follow("2001:db8::1").await;
        assert_eq!(other.status(), 200);
        assert_eq!(
            follow("2001:db8::2").await.status(),
            429,
            "one customer's block of addresses"
        );
        drop((first, other));
    });
}

#[test]
fn on_a_socket_the_operation_is_refused_and_the_socket_stays() {
    on_each(&SMALL, async |app| {
        let mut socket = Client::ready(app, None).await;
        socket.subscribe("a", FIFTY, json!({})).await;
        let answer = socket.hear().await;
        assert_eq!(answer["type"], "next", "{answer:#}");
        assert_eq!(answer["payload"]["extensions"]["cost"]["requested"], 50);
        assert_eq!(socket.hear().await["type"], "complete");

        socket.subscribe("b", FIFTY, json!({})).await;
        let refused = socket.hear().await;
        assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("b")));
        let told = &refused["payload"][0]["extensions"];
        assert_eq!(
            (&told["code"], &told["retryAfter"]),
            (&json!("RATE_LIMITED"), &json!(5))
        );
        // What a message brings is paid as well, variables included.
        socket
            .subscribe("c", NOTHING, json!({ "x": "x".repeat(100 * 1024) }))
            .await;
        assert_eq!(socket.refused("c").await, "RATE_LIMITED");

        pass_seconds(app, 6);
        socket.subscribe("d", FIFTY, json!({})).await;
        assert_eq!(socket.hear().await["type"], "next");
    });
}

#[test]
fn a_stream_of_events_has_the_headers_and_is_refused_by_status() {
    on_each(&SMALL, async |app| {
        let stream = ask(app, None, "subscription { changes { cursor } }", json!({})).await;
        let remaining = told(&stream).1.expect("a header");
        assert!(remaining.starts_with("\"points\";r=5"), "{remaining}");
        let mut events = Events::new(ask(app, None, FIFTY, json!({})).await);
        assert_eq!(events.next().await.expect("an event").0, "next");
        let refused = ask(app, None, FIFTY, json!({})).await;
        assert_eq!((refused.status().as_u16(), told(&refused).2), (429, Some("5".into())));
    });
}

#[test]
fn this_machine_is_exempt_by_default_and_a_rate_of_0_is_none() {
    on_each(&[], async |app| {
        for _ in 0..50 {
            let answer = send(post(app, FIFTY)).await;
            assert_eq!(told(&answer), (200, left(120_000, 0), None));
        }
    });
    on_each(&["--rate-exempt=", "--rate-anonymous=0"], async |app| {
        let answer = send(post(app, FIFTY)).await;
        assert_eq!(told(&answer), (200, None, None));
        let cost = answer.json::<Value>().await.unwrap()["extensions"]["cost"].clone();
        assert_eq!(cost, json!({ "requested": 50, "limit": 5_000 }));
    });
}
