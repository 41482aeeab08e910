//! The edge as HTTP sees it: methods, forms, limits, credentials, and what else is served.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::common::{ADMIN, Backend, TestApp, on_each, run_with};

const NEW: &str = "application/graphql-response+json";
const OLD: &str = "application/json";
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn send(app: &TestApp, content_type: &str, accept: &str, body: impl Into<reqwest::Body>) -> Response {
    let request = app
        .request(Method::POST, "/graphql")
        .header("accept", accept)
        .body(body);
    let request = if content_type.is_empty() {
        request
    } else {
        request.header("content-type", content_type)
    };
    request.send().await.unwrap()
}

async fn get(app: &TestApp, path: &str, accept: &str) -> Response {
    let request = app.request(Method::GET, path).header("accept", accept);
    request.send().await.unwrap()
}

/// Status and first error's code of an answer without data.
async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body.get("data"), None, "{body:#}");
    (
        status,
        body["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned(),
    )
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn an_answer_has_the_form_that_was_asked_for() {
    on_each(&[], async |app| {
        let query = r#"{"query":"{ __typename }"}"#;
        for (accept, form) in [
            ("*/*", OLD),
            (OLD, OLD),
            (NEW, NEW),
            (BROWSER, OLD),
            (&format!("{OLD};q=0.5,{NEW}"), NEW),
        ] {
            let response = send(app, OLD, accept, query).await;
            assert_eq!(response.status(), 200);
            assert_eq!(
                header(&response, "content-type"),
                format!("{form}; charset=utf-8"),
                "{accept}"
            );
            assert_eq!(header(&response, "cache-control"), "no-store");
            assert!(header(&response, "vary").contains("Accept"));
            let cost = json!({ "requested": 0, "limit": 5_000, "remaining": 120_000 });
            let expected = json!({ "data": { "__typename": "Query" }, "extensions": { "cost": cost } });
            assert_eq!(response.json::<Value>().await.unwrap(), expected);
        }
        let response = send(app, OLD, "image/png", query).await;
        assert_eq!(refusal(response).await, refused(406, "BAD_USER_INPUT"));
    });
}

#[test]
fn the_status_tells_what_became_of_a_request_where_the_form_allows_it() {
    on_each(&[], async |app| {
        for (query, code) in [
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            (
                "query A { __typename } query B { __typename }",
                "OPERATION_RESOLUTION_FAILURE",
            ),
            (
                "query($id: ID!) { __typename assistanceRequest(by: { id: $id }) { id } }",
                "BAD_USER_INPUT",
            ),
            (
                "{ requestItems(filter: { request: { neededBy: { gt: \"2020-02-30\" } } }) { totalCount } }",
                "BAD_USER_INPUT",
            ),
        ] {
            let body = json!({ "query": query }).to_string();
            assert_eq!(
                refusal(send(app, OLD, NEW, body.clone()).await).await,
                refused(400, code),
                "{query}"
            );
            assert_eq!(
                refusal(send(app, OLD, OLD, body).await).await,
                refused(200, code),
                "{query}"
            );
        }
    });
}

#[test]
fn a_mistaken_date_in_a_second_mutation_keeps_the_first_from_happening() {
    on_each(&[], async |app| {
        let mutation = r#"mutation($at: DateTime) {
            a: createApiKey(input: { name: "a", roles: [READER] }) { secret }
            b: createApiKey(input: { name: "b", roles: [READER], expiresAt: $at }) { secret }
        }"#;
        let (status, answer) = app
            .post(Some(ADMIN), mutation, json!({ "at": "2027-02-30T00:00:00Z" }))
            .await;
        assert_eq!((status, answer.get("data")), (400, None));
        let keys = app.ask(Some(ADMIN), "{ apiKeys { totalCount } }", json!({})).await;
        assert_eq!(keys["apiKeys"]["totalCount"], 1);
    });
}

#[test]
fn only_json_in_utf_8_is_read() {
    on_each(&[], async |app| {
        let query = r#"{"query":"{ __typename }"}"#;
        for kind in [
            "",
            "text/plain",
            "application/graphql",
            "application/x-www-form-urlencoded",
            "application/json; charset=latin1",
        ] {
            let response = send(app, kind, NEW, query).await;
            assert_eq!(refusal(response).await, refused(415, "BAD_USER_INPUT"), "{kind}");
        }
        let compressed = app.request(Method::POST, "/graphql").header("content-encoding", "gzip");
        let compressed = compressed.header("content-type", OLD).body(query).send().await.unwrap();
        assert_eq!(compressed.status(), 415);
        let deep = format!(
            r#"{{"query":"{{a}}","variables":{{"a":{}{}}}}}"#,
            "[".repeat(200),
            "]".repeat(200)
        );
        let bodies: [&[u8]; 8] = [
            b"",
            b"{",
            b"[{\"query\":\"{ __typename }\"}]",
            b"{\"query\":\"{ __typename }\",\"query\":\"{ __typename }\"}",
            b"{\"query\":\"\xff\"}",
            b"{\"query\":7}",
            b"{\"query\":\"{ __typename }\",\"variables\":{\"a\":1e400}}",
            deep.as_bytes(),
        ];
        for body in bodies {
            for accept in [OLD, NEW] {
                let response = send(app, OLD, accept, body.to_vec()).await;
                assert_eq!(refusal(response).await, refused(400, "BAD_USER_INPUT"), "{body:?}");
            }
        }
    });
}

#[test]
fn a_body_is_read_up_to_its_limit() {
    on_each(&[], async |app| {
        let padded = |bytes: usize| format!("{{\"query\":\"{{ __typename }}\"{}}}", " ".repeat(bytes - 26));
        assert_eq!(send(app, OLD, NEW, padded(262_144)).await.status(), 200);
        let response = send(app, OLD, NEW, padded(262_145)).await;
        assert_eq!(refusal(response).await, refused(413, "PAYLOAD_TOO_LARGE"));
        // Who may import may send more, but only to import.
        let more = app
            .request(Method::POST, "/graphql")
            .bearer_auth(ADMIN)
            .header("content-type", OLD);
        let response = more.body(padded(300_000)).send().await.unwrap();
        assert_eq!(refusal(response).await, refused(413, "PAYLOAD_TOO_LARGE"));
    });
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    // No database is asked, and PostgreSQL would be given no longer at the start.
    run_with(Backend::Sqlite, &["--timeout-ms=300"], async |app| {
        let address = app.url.strip_prefix("http://").unwrap().to_owned();
        let begun = Instant::now();
        let answer = tokio::task::spawn_blocking(move || {
            let mut socket = std::net::TcpStream::connect(&address).unwrap();
            let head =
                "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{\"q";
            socket.write_all(head.as_bytes()).unwrap();
            let mut answer = String::new();
            while !answer.contains("\"}}]}") {
                let mut bytes = [0; 1024];
                let count = socket.read(&mut bytes).unwrap();
                assert!(count > 0, "{answer}");
                answer += &String::from_utf8_lossy(&bytes[..count]);
            }
            answer
        });
        let answer = answer.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(
            answer.contains("BAD_USER_INPUT") && answer.contains("within 0.3 s. Nothing was done."),
            "{answer}"
        );
        assert!(begun.elapsed() < Duration::from_secs(5));
    });
}

/// Says so much by a connection of its own, and hears all until the server closes it.
async fn heard(app: &TestApp, said: Vec<u8>) -> String {
    let address = app.url.strip_prefix("http://").unwrap().to_owned();
    let heard = tokio::task::spawn_blocking(move || {
        let mut socket = std::net::TcpStream::connect(&address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        // The server may have heard enough before all is said.
        let _ = socket.write_all(&said);
        let mut answer = Vec::new();
        // What was said beyond what was read makes a reset of the close.
        match socket.read_to_end(&mut answer) {
            Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("it stays open: {error}"),
            _ => {}
        }
        String::from_utf8_lossy(&answer).into_owned()
    });
    heard.await.unwrap()
}

#[test]
fn a_body_in_chunks_that_is_not_read_to_its_end_ends_the_connection() {
    run_with(Backend::Sqlite, &["--timeout-ms=300"], async |app| {
        let head = |path: &str, kind: &str| {
            format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n")
        };
        let chunk = |size: usize| format!("{size:x}\r\n{}\r\n", " ".repeat(size));
        for (said, status) in [
            (head("/graphql", OLD), 408),
            (head("/graphql", OLD) + &chunk(10), 408),
            (head("/graphql", OLD) + &chunk(300_000), 413),
            (head("/graphql", "text/plain"), 415),
            (head("/graphql", "text/plain") + &chunk(10), 415),
            (head("/healthz", OLD), 405),
            (head("/nothing", OLD) + &chunk(10), 404),
        ] {
            let answer = heard(app, said.into_bytes()).await.to_ascii_lowercase();
            assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{status}: {answer}");
            assert!(answer.contains("connection: close\r\n"), "{status}: {answer}");
        }
        // One that is read leaves the connection as it was.
        let body = r#"{"query":"{__typename}"}"#;
        let good = head("/graphql", OLD) + &format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let answer = heard(app, (good.repeat(2) + &head("/graphql", "text/plain")).into_bytes()).await;
        assert_eq!(answer.matches("HTTP/1.1 200").count(), 2, "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 415").count(), 1, "{answer}");
    });
}

#[test]
fn get_answers_queries_and_no_mutation() {
    on_each(&[], async |app| {
        let response = get(
            app,
            "/graphql?query=query+A($n:String!){__type(name:$n){name}}&variables=%7B%22n%22:%22Query%22%7D",
            NEW,
        )
        .await;
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.json::<Value>().await.unwrap()["data"]["__type"]["name"],
            "Query"
        );
        let mutation = "/graphql?query=mutation%7BrevokeApiKey(input:%7Bid:%22x%22%7D)%7B__typename%7D%7D";
        let response = get(app, mutation, NEW).await;
        assert_eq!(header(&response, "allow"), "POST");
        assert_eq!(refusal(response).await, refused(405, "BAD_USER_INPUT"));
        assert_eq!(
            refusal(get(app, "/graphql", NEW).await).await,
            refused(400, "BAD_USER_INPUT")
        );
        for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            let response = app.request(method, "/graphql").send().await.unwrap();
            assert_eq!(header(&response, "allow"), "GET, POST");
            assert_eq!(refusal(response).await, refused(405, "BAD_USER_INPUT"));
        }
        assert_eq!(
            app.request(Method::HEAD, "/graphql").send().await.unwrap().status(),
            405
        );
    });
}

#[test]
fn a_credential_that_is_not_good_is_never_a_silent_anonymous_viewer() {
    on_each(&[], async |app| {
        let unknown = format!("Bearer nam_{}", "x".repeat(43));
        // RFC 6750: what is no bearer credential at all gets no error code, whatever else is wrong with it.
        const BARE: &str = "Bearer";
        const BAD: &str = r#"Bearer error="invalid_token""#;
        for (credential, challenge) in [
            ("", BARE),
            ("Basic dTpw", BARE),
            (ADMIN, BARE),
            ("Bearer", BAD),
            ("Bearer x", BAD),
            ("bearer x", BAD),
            ("Bearer a.b.c", BAD),
            (&unknown, BAD),
        ] {
            for accept in [OLD, NEW] {
                let request = app.request(Method::POST, "/graphql").header("accept", accept);
                let request = request
                    .header("authorization", credential)
                    .json(&json!({ "query": "{ __typename }" }));
                let response = request.send().await.unwrap();
                assert_eq!(header(&response, "www-authenticate"), challenge, "{credential}");
                assert_eq!(refusal(response).await, refused(401, "UNAUTHENTICATED"), "{credential}");
            }
        }
        let twice = app
            .request(Method::POST, "/graphql")
            .bearer_auth(ADMIN)
            .bearer_auth(ADMIN);
        let response = twice.json(&json!({ "query": "{ __typename }" })).send().await.unwrap();
        assert_eq!(header(&response, "www-authenticate"), BAD);
        assert_eq!(refusal(response).await, refused(401, "UNAUTHENTICATED"));
        let (_, answer) = app.post(Some(ADMIN), "{ viewer { roles } }", json!({})).await;
        assert_eq!(answer["data"]["viewer"]["roles"], json!(["ADMIN"]));
        assert_eq!(answer["extensions"]["cost"]["limit"], 20_000);
    });
}

#[test]
fn without_anonymous_reading_a_stranger_learns_who_answers_and_no_more() {
    on_each(&["--anonymous-read=false"], async |app| {
        let open = "{ __typename viewer { roles } service { name } __schema { queryType { name } } }";
        app.ask(None, open, json!({})).await;
        for query in [
            "{ requestItems { totalCount } }",
            "{ service { name } ...F } fragment F on Query { requestItems { totalCount } }",
        ] {
            for accept in [OLD, NEW] {
                let response = send(app, OLD, accept, json!({ "query": query }).to_string()).await;
                assert_eq!(header(&response, "www-authenticate"), "Bearer");
                assert_eq!(refusal(response).await, refused(401, "UNAUTHENTICATED"), "{query}");
            }
            app.ask(Some(ADMIN), query, json!({})).await;
        }
        let write = "mutation { createApiKey(input: { name: \"x\", roles: [READER] }) { secret } }";
        let response = send(app, OLD, NEW, json!({ "query": write }).to_string()).await;
        assert_eq!(refusal(response).await, refused(401, "UNAUTHENTICATED"));
        app.ask(None, "mutation { __typename }", json!({})).await;
        app.ask(Some(ADMIN), write, json!({})).await;
    });
}

#[test]
fn limits_and_introspection_are_the_operators() {
    let settings = ["--introspection=false", "--max-cost-anonymous=10", "--max-depth=3"];
    on_each(&settings, async |app| {
        for (query, code) in [
            ("{ __schema { types { name } } }", "INTROSPECTION_DISABLED"),
            ("{ requestItems(first: 11) { nodes { id } } }", "QUERY_TOO_COMPLEX"),
            (
                "{ requestItems(first: 1) { nodes { request { country { code } } } } }",
                "QUERY_TOO_DEEP",
            ),
        ] {
            let body = json!({ "query": query }).to_string();
            assert_eq!(
                refusal(send(app, OLD, NEW, body).await).await,
                refused(400, code),
                "{query}"
            );
        }
        let sdl = get(app, "/schema.graphql", "*/*").await;
        assert!(sdl.text().await.unwrap().contains("type Query"));
        let (_, answer) = app.post(None, "{ service { name } }", json!({})).await;
        assert_eq!(answer["extensions"]["cost"]["limit"], 10);
    });
}

#[test]
fn the_schema_is_the_same_however_often_it_is_asked_for() {
    on_each(&[], async |app| {
        let query = "{ ...Asked country(code: \"BGD\") { code } }
            fragment Asked on Query { known: __schema { types { name } queryType { fields { name } } } }";
        let first = app.ask(None, query, json!({})).await;
        let fields = first["known"]["queryType"]["fields"].as_array().unwrap();
        let federated = |field: &Value| field["name"].as_str().unwrap().starts_with('_');
        assert!(!fields.is_empty() && !fields.iter().any(federated));
        // From the second time on, the document is known to be valid.
        for _ in 0..3 {
            assert_eq!(app.ask(None, query, json!({})).await, first);
        }
    });
}

/// A tool asks for what it finds listed there.
#[test]
fn what_introspection_tells_of_itself_can_be_asked_for() {
    on_each(&[], async |app| {
        let types = "{ __schema { types { name fields { name type { kind ofType { kind ofType { kind ofType { kind } } } } } } } }";
        let schema = app.ask(None, types, json!({})).await;
        let mut asked = 0;
        for (root, name) in [
            ("__schema", "__Schema"),
            ("__type(name: \"AssistanceRequestBy\")", "__Type"),
            ("__type(name: \"Query\") { fields", "__Field"),
            ("__type(name: \"AssistanceRequestBy\") { inputFields", "__InputValue"),
            ("__type(name: \"Priority\") { enumValues", "__EnumValue"),
            ("__schema { directives", "__Directive"),
        ] {
            let all = schema["__schema"]["types"].as_array().unwrap();
            let listed = all.iter().find(|one| one["name"] == name).unwrap();
            for field in listed["fields"].as_array().unwrap() {
                let is_object = field["type"].to_string().contains("OBJECT");
                let selected = if is_object { " { __typename }" } else { "" };
                let open = root.matches('{').count();
                let query = format!(
                    "{{ {root} {{ {}{selected} }} {} }}",
                    field["name"].as_str().unwrap(),
                    "}".repeat(open)
                );
                app.ask(None, &query, json!({})).await;
                asked += 1;
            }
        }
        assert!(asked > 30, "{asked}");
        let by = app
            .ask(None, "{ __type(name: \"AssistanceRequestBy\") { isOneOf } }", json!({}))
            .await;
        assert_eq!(by["__type"]["isOneOf"], true);
    });
}

#[test]
fn pages_of_named_origins_may_call_and_others_may_not() {
    on_each(
        &["--allowed-origins=https://a.example,https://b.example"],
        async |app| {
            let preflight = |origin: &str| {
                let request = app.request(Method::OPTIONS, "/graphql").header("origin", origin);
                request.header("access-control-request-method", "POST").send()
            };
            let response = preflight("https://b.example").await.unwrap();
            assert_eq!(response.status(), 204);
            assert_eq!(header(&response, "access-control-allow-origin"), "https://b.example");
            let allowed = header(&response, "access-control-allow-headers");
            for name in [
                "authorization",
                "apollographql-client-name",
                "apollographql-client-version",
                "x-request-id",
            ] {
                assert!(allowed.contains(name), "{allowed}");
            }
            let response = preflight("https://c.example").await.unwrap();
            assert_eq!(
                (
                    response.status().as_u16(),
                    header(&response, "access-control-allow-origin")
                ),
                (405, "")
            );

            let request = app
                .request(Method::POST, "/graphql")
                .header("origin", "https://a.example");
            let response = request.bearer_auth("bad").json(&json!({})).send().await.unwrap();
            assert_eq!(header(&response, "access-control-allow-origin"), "https://a.example");
            let vary: Vec<_> = response.headers().get_all("vary").iter().collect();
            assert!(vary.iter().any(|value| *value == "Origin") && vary.iter().any(|value| *value == "Accept"));
        },
    );
}

#[test]
fn a_browser_gets_the_explorer_with_nothing_from_elsewhere() {
    on_each(&[], async |app| {
        let page = get(app, "/graphql", BROWSER).await;
        assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
        assert_eq!(
            header(&page, "content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        assert_eq!(header(&page, "vary"), "Accept");
        let page = page.text().await.unwrap();
        let script = page.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
        let script = get(app, script, "*/*").await;
        assert_eq!(script.status(), 200);
        assert_eq!(header(&script, "content-type"), "text/javascript; charset=utf-8");
        assert!(header(&script, "cache-control").contains("immutable"));
        assert_eq!(header(&script, "x-content-type-options"), "nosniff");
        assert_eq!(
            header(&get(app, "/explorer/LICENSES.txt", "*/*").await, "cache-control"),
            "no-cache"
        );
        for missing in [
            "/explorer/nothing.js",
            "/explorer/index.html",
            "/explorer/..%2f..%2fCargo.toml",
            "/graphql/",
        ] {
            assert_eq!(get(app, missing, "*/*").await.status(), 404, "{missing}");
        }
    });
}

#[test]
fn the_root_leads_to_where_everything_is() {
    on_each(&[], async |app| {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let response = client.build().unwrap().get(&app.url).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), header(&response, "location")),
            (303, "/graphql")
        );
    });
}

#[test]
fn health_is_told_and_each_request_has_an_id() {
    on_each(&[], async |app| {
        for (path, body) in [
            ("/healthz", json!({ "alive": true })),
            ("/readyz", json!({ "ready": true })),
        ] {
            let request = app.request(Method::GET, path).header("x-request-id", "not well-formed");
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 200);
            let id = header(&response, "x-request-id").to_owned();
            assert_eq!(id.len(), 32, "{id}");
            assert_ne!(id, header(&get(app, path, "*/*").await, "x-request-id"));
            assert_eq!(response.json::<Value>().await.unwrap(), body);
            let response = app.request(Method::POST, path).send().await.unwrap();
            assert_eq!(
                (response.status().as_u16(), header(&response, "allow")),
                (405, "GET, HEAD")
            );
        }
        app.store.close().await;
        assert_eq!(get(app, "/healthz", "*/*").await.status(), 200);
        assert_eq!(get(app, "/readyz", "*/*").await.status(), 503);
        let (status, answer) = app.post(Some(ADMIN), "{ __typename }", json!({})).await;
        assert_eq!(
            (status, &answer["errors"][0]["extensions"]["code"]),
            (503, &json!("UNAVAILABLE"))
        );
    });
}

#[test]
fn answers_are_compressed_for_whoever_asks() {
    on_each(&[], async |app| {
        let body = json!({ "query": "{ __schema { types { name description } } }" });
        let request = app.request(Method::POST, "/graphql").header("accept-encoding", "gzip");
        let response = request.json(&body).send().await.unwrap();
        assert_eq!(header(&response, "content-encoding"), "gzip");
        assert_eq!(response.bytes().await.unwrap().first_chunk::<2>(), Some(&[0x1f, 0x8b]));
    });
}
