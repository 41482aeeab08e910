//! What the log tells, and what it must never tell. The program runs by itself, with everything logged that can be.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod common;

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use common::{ADMIN, Backend, TestApp, run};
use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;

/// What stands in the secrets and personal data of the session, and nowhere else.
const MARKS: [&str; 12] = [
    ADMIN,
    "mark-contact-name",
    "mark.contact@example.org",
    "+88 0170 0012345",
    "mark-idempotency",
    "mark-title",
    "mark-literal",
    "markbadkey",
    "markjwt",
    "mark-external",
    "203.0.113.77",
    "mark-agent",
];

/// The program, with its log in a file.
struct Logged {
    url: String,
    log: PathBuf,
    child: Child,
}

impl Logged {
    /// A program over the database of `app`, which is migrated already.
    async fn start(app: &TestApp, settings: &[&str]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let log = std::env::temp_dir().join(format!("nam-needs-{port}-{}.log", std::process::id()));
        let mut program = Command::new(env!("CARGO_BIN_EXE_nam-needs"));
        program
            .arg(format!("--bind=127.0.0.1:{port}"))
            .args(app.database_arguments())
            .args([
                "--trusted-proxies=127.0.0.0/8",
                "--real-figures=false",
                "--examples=false",
            ])
            .args(settings)
            .stderr(File::create(&log).unwrap());
        let child = program.spawn().unwrap();
        let logged = Self {
            url: format!("http://127.0.0.1:{port}"),
            log,
            child,
        };
        for _ in 0..600 {
            if let Ok(answer) = reqwest::get(format!("{}/readyz", logged.url)).await
                && answer.status().is_success()
            {
                return logged;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the program does not get ready: {}", logged.text());
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    fn post(&self, body: &Value) -> RequestBuilder {
        let request = Client::new().request(Method::POST, format!("{}/graphql", self.url));
        request
            .header("x-forwarded-for", "203.0.113.77")
            .header("user-agent", "mark-agent")
            .json(body)
    }

    fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let text = self.text();
        std::fs::remove_file(&self.log).unwrap();
        text
    }
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

fn create() -> Value {
    let query = "mutation($input: CreateAssistanceRequestInput!) { createAssistanceRequest(input: $input) { assistanceRequest { id contact { name email } } userErrors { code field } } }";
    let input = json!({
        "country": "BGD", "title": "mark-title", "priority": "HIGH", "idempotencyKey": "mark-idempotency",
        "source": "mark-external", "externalId": "mark-external",
        "contact": { "name": "mark-contact-name", "email": "mark.contact@example.org", "phone": "+88 0170 0012345" },
        "items": [{ "commodity": "O2_CONCENTRATOR", "quantity": "1" }],
    });
    json!({ "query": query, "variables": { "input": input } })
}

/// Requests of every kind, good and bad, with a mark in each secret.
async fn over_http(program: &Logged) {
    let created: Value = send(program.post(&create()).bearer_auth(ADMIN))
        .await
        .json()
        .await
        .unwrap();
    let payload = &created["data"]["createAssistanceRequest"];
    assert_eq!(
        payload["assistanceRequest"]["contact"]["name"], "mark-contact-name",
        "{created:#}"
    );
    send(program.post(&create()).bearer_auth(ADMIN)).await;
    let mut other = create();
    other["variables"]["input"]["idempotencyKey"] = "mark-idempotency-2".into();
    let duplicate: Value = send(program.post(&other).bearer_auth(ADMIN))
        .await
        .json()
        .await
        .unwrap();
    let code = &duplicate["data"]["createAssistanceRequest"]["userErrors"][0]["code"];
    assert_eq!(code, "DUPLICATE", "{duplicate:#}");
    for credential in [
        "Bearer nam_markbadkey0123456789abcdefghijklmnop",
        "Bearer eyJhbGciOiJub25lIn0.markjwt.markjwt",
        "Basic markbadkey",
        "markbadkey",
    ] {
        let refused = program
            .post(&json!({ "query": "{ __typename }" }))
            .header("authorization", credential);
        assert_eq!(send(refused).await.status(), 401);
    }
    for query in [
        "{ country(code: \"mark-literal\") { code } }",
        "{ assistanceRequests(filter: { title: { contains: \"mark-title\" } }) { nodes { id } } }",
        "{ search(query: \"mark-title mark-literal\", first: 3) { nodes { rank } } }",
        "{ nothing(a: \"mark-literal\") }",
        "{ \"mark-literal\"",
        "query($a: Date) { __typename @include(if: $a) }",
    ] {
        send(program.post(&json!({ "query": query, "variables": { "a": "mark-literal" } }))).await;
        send(program.post(&json!({ "query": query })).bearer_auth(ADMIN)).await;
    }
    let path = format!(
        "{}/graphql?query=%7Bcountry(code:%22mark-literal%22)%7Bcode%7D%7D",
        program.url
    );
    reqwest::get(path).await.unwrap();
    send(program.post(&json!({ "query": 7, "variables": "mark-literal" }))).await;
    send(
        program
            .post(&json!({}))
            .header("x-request-id", "mark-agent mark-literal"),
    )
    .await;
    send(program.post(&json!({})).header("x-request-id", ADMIN)).await;
}

async fn over_a_socket(program: &Logged, key: &str) {
    let url = format!("{}/graphql", program.url.replace("http:", "ws:"));
    let request = ClientRequestBuilder::new(url.parse().unwrap()).with_sub_protocol("graphql-transport-ws");
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let init = json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {key}") } });
    let subscribe = |id: &str, payload: Value| json!({ "type": "subscribe", "id": id, "payload": payload });
    let mut mutation = create();
    mutation["variables"]["input"]["idempotencyKey"] = "mark-idempotency-3".into();
    mutation["variables"]["input"]["externalId"] = "mark-external-3".into();
    for message in [
        init,
        subscribe("1", mutation),
        subscribe("2", json!({ "query": "{ country(code: \"mark-literal\") { code } }" })),
        subscribe("3", json!({ "query": "{ mark", "variables": { "a": "mark-literal" } })),
    ] {
        if socket.send(Message::text(message.to_string())).await.is_err() {
            break;
        }
    }
    let mut ended = 0;
    while let Ok(Some(Ok(message))) = tokio::time::timeout(Duration::from_secs(60), socket.next()).await {
        let text = message.to_string();
        ended += usize::from(text.contains("\"complete\"") || text.contains("\"error\""));
        if ended == 3 || message.is_close() {
            break;
        }
    }
    let _ = socket.send(Message::text("{\"type\":\"mark-literal\"}")).await;
    while let Ok(Some(Ok(_))) = tokio::time::timeout(Duration::from_secs(60), socket.next()).await {}
}

fn nothing_is_told(log: &str) {
    let log = log.to_lowercase();
    for mark in MARKS {
        let told = log.lines().find(|line| line.contains(&mark.to_lowercase()));
        assert_eq!(told, None, "{mark} stands in the log");
    }
}

#[test]
fn no_secret_and_no_personal_datum_is_logged() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        run(backend, async |app| {
            let program = Logged::start(app, &["--log=trace", "--slow-query-ms=0", "--slow-operation-ms=0"]).await;
            over_http(&program).await;
            over_a_socket(&program, ADMIN).await;
            over_a_socket(&program, "nam_markbadkey0123456789abcdefghijklmnop").await;
            let log = program.end();
            assert!(
                log.contains("TRACE") && log.contains("slow statement"),
                "everything is logged"
            );
            nothing_is_told(&log);
        });
    }
}

#[test]
fn a_request_has_one_id_in_its_answer_and_in_all_its_lines() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        run(backend, one_id_in_all_lines);
    }
}

async fn one_id_in_all_lines(app: &TestApp) {
    let settings = [
        "--log=info",
        "--slow-query-ms=0",
        "--slow-operation-ms=0",
        "--log-format=json",
    ];
    let program = Logged::start(app, &settings).await;
    let ask = |id: &str| {
        let query = json!({ "query": "{ requestItems(first: 1) { nodes { id } } }" });
        send(program.post(&query).header("x-request-id", id))
    };
    let id = |answer: &Response| answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(id(&ask("chosen-1").await), "chosen-1");
    for ill_formed in ["", "two words", "a/b", &"x".repeat(65), ADMIN] {
        let made = id(&ask(ill_formed).await);
        assert!(made != ill_formed && made.len() == 32, "{ill_formed}: {made}");
    }
    let log = program.end();
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of = |message: &str| {
        let lines = lines.iter().filter(|line| {
            let told = line["fields"]["message"].as_str().unwrap_or_default();
            told.starts_with(message) && line.to_string().contains("chosen-1")
        });
        lines.collect::<Vec<_>>()
    };
    assert_eq!(of("request").len(), 1, "{log}");
    assert_eq!(of("slow operation").len(), 1, "{log}");
    let statements = of("slow statement");
    assert!(!statements.is_empty(), "{log}");
    let fields = &statements[0]["fields"];
    assert!(
        fields["db.statement"]
            .as_str()
            .is_some_and(|text| text.contains("SELECT") || fields["summary"].is_string())
    );
    assert!(
        fields["rows_returned"].is_number() && fields["elapsed_secs"].is_number(),
        "{fields}"
    );
}
