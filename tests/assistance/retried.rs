//! Clients whose connection is cut at any byte of a mutation or of its answer, and who send the same again with the same
//! key until they are answered: each is done once. `MUTATIONS` says how many (500 unless told).

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::common::between::between;
use crate::common::{ADMIN, Backend, TestApp, input_type, run};
use crate::invariants::hold;
use crate::on_both;
use crate::random::{Random, units};
use crate::support::{draft, named, people, verified};

/// Clients at a time.
const AT_ONCE: usize = 50;
/// Connections out of a hundred that are cut.
const CUT: i64 = 60;
/// Bytes of an answer, about.
const ANSWER: i64 = 700;
/// Of each commitment, in thousandths.
const MILLI: i64 = 500;

/// What is done, each in its turn, and what tells the object that it was done to.
const KINDS: [(&str, &str); 4] = [
    ("createContribution", "contribution { id version status }"),
    (
        "createAssistanceRequest",
        "assistanceRequest { id version items { id } }",
    ),
    ("createOrganization", "organization { id version }"),
    ("commitContribution", "contribution { id version status }"),
];

fn mutations() -> usize {
    std::env::var("MUTATIONS").map_or(500, |text| text.parse().expect("MUTATIONS is a number"))
}

/// How many bytes of a connection pass each way before it is cut.
struct Cut {
    request: u64,
    answer: u64,
    reset: bool,
}

impl Cut {
    fn any(random: &mut Random, request: i64) -> Self {
        let (mut cut, bytes) = (
            Self {
                request: u64::MAX,
                answer: u64::MAX,
                reset: random.chance(50),
            },
            |at: i64| u64::try_from(at).unwrap(),
        );
        if random.chance(CUT) {
            if random.chance(50) {
                cut.request = bytes(random.between(0, request));
            } else {
                cut.answer = bytes(random.between(0, ANSWER));
            }
        }
        cut
    }

    /// Passes bytes on until one side ends or the cut comes.
    async fn relay(self, mut client: TcpStream, server: SocketAddr) {
        let mut server = TcpStream::connect(server).await.expect("the server listens");
        let whole = self.request == u64::MAX && self.answer == u64::MAX;
        if self.reset && !whole {
            client.set_zero_linger().unwrap();
            server.set_zero_linger().unwrap();
        }
        let (from_client, mut to_client) = client.split();
        let (from_server, mut to_server) = server.split();
        let (mut request, mut answer) = (from_client.take(self.request), from_server.take(self.answer));
        tokio::select! {
            _ = copy(&mut request, &mut to_server) => {}
            _ = copy(&mut answer, &mut to_client) => {}
        }
    }
}

/// A proxy that cuts connections; gives where it listens.
async fn proxy(app: &TestApp, request: i64, mut random: Random) -> SocketAddr {
    let server = app.url.strip_prefix("http://").unwrap().parse().unwrap();
    between(move |client| Cut::any(&mut random, request).relay(client, server)).await
}

fn request(key: &str, kind: usize, input: &Value) -> Vec<u8> {
    let ((field, object), input_type) = (KINDS[kind], input_type(KINDS[kind].0));
    let query = format!(
        "mutation($input: {input_type}!) {{ done: {field}(input: $input) {{ {object} userErrors {{ code }} }} }}"
    );
    let body = json!({ "query": query, "variables": { "input": input } }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// The payload, where the whole answer came.
async fn send(proxy: SocketAddr, request: &[u8]) -> Option<Value> {
    let mut stream = TcpStream::connect(proxy).await.expect("a connection");
    stream.write_all(request).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8(answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    if length != Some(body.len()) {
        return None;
    }
    let answer: Value = serde_json::from_str(body).expect("JSON");
    if let Some(error) = answer["errors"].get(0) {
        // Too late, or nobody could answer: then too the same is sent again.
        let code = error["extensions"]["code"].as_str();
        assert!(matches!(code, Some("TIMEOUT" | "UNAVAILABLE")), "{answer:#}");
        return None;
    }
    Some(answer["data"]["done"].clone())
}

on_both! {
    async fn what_is_sent_until_it_is_answered_is_done_once(app) {
        let began = Instant::now();
        let people = people(app).await;
        let item = verified(app, &people).await["items"][2].clone();
        let given = |status: &str| json!({ "item": item["id"], "organization": "WHO", "quantity": units(MILLI), "status": status });
        let mut pledges = Vec::new();
        for _ in 0..mutations().div_ceil(KINDS.len()) {
            let made = app.mutate(ADMIN, "createContribution", given("PLEDGED"), "contribution { id version }").await;
            pledges.push(made["contribution"].clone());
        }
        let input = |number: usize| {
            let mut input = match KINDS[number % KINDS.len()].0 {
                "createContribution" => given("COMMITTED"),
                "createAssistanceRequest" => draft(),
                "createOrganization" => json!({ "code": format!("ORG_{number}"), "name": "Org", "kind": "NGO" }),
                _ => named(&pledges[number / KINDS.len()]),
            };
            input["idempotencyKey"] = format!("retried {number:06}").into();
            input
        };
        let mut random = Random::new("retried");
        let length = i64::try_from(request(ADMIN, 0, &input(0)).len()).unwrap();
        let proxy = proxy(app, length, random.fork()).await;
        let server = app.url.strip_prefix("http://").unwrap().parse().unwrap();
        let before = app.row_counts().await;
        let (numbers, sent) = (Mutex::new(0..mutations()), Mutex::new(0));
        let clients = (0..AT_ONCE).map(|_| async {
            let mut told = Vec::new();
            loop {
                let Some(number) = numbers.lock().await.next() else {
                    return told;
                };
                let request = request(ADMIN, number % KINDS.len(), &input(number));
                let payload = loop {
                    *sent.lock().await += 1;
                    if let Some(payload) = send(proxy, &request).await {
                        break payload;
                    }
                };
                assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
                let again = loop {
                    if let Some(again) = send(server, &request).await {
                        break again;
                    }
                };
                assert_eq!(again, payload, "the same objects");
                let object = payload.as_object().unwrap().values().find(|value| value.is_object());
                told.push(object.unwrap()["id"].as_str().unwrap().to_owned());
            }
        });
        let told: Vec<String> = join_all(clients).await.into_iter().flatten().collect();
        assert_eq!(told.len(), mutations());
        assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), mutations(), "each key has its own object");
        let after = app.row_counts().await;
        let of_kind = |kind: usize| i64::try_from((0..mutations()).filter(|number| number % KINDS.len() == kind).count()).unwrap();
        for (table, expected) in [("contribution", of_kind(0)), ("assistance_request", of_kind(1)), ("organization", of_kind(2)), ("idempotency", i64::try_from(mutations()).unwrap())] {
            assert_eq!(after[table] - before[table], expected, "{table}");
        }
        let committed = app.rows("SELECT CAST(SUM(committed_milli) AS TEXT) FROM request_item").await;
        let expected = (of_kind(0) + of_kind(3)) * MILLI;
        assert_eq!(committed[0][0].as_deref(), Some(&*expected.to_string()));
        hold(app).await;
        println!(
            "retried on {:?}: {} mutations, sent {} times, {:.1} s",
            app.backend, mutations(), sent.into_inner(), began.elapsed().as_secs_f64()
        );
    }
}

/// PostgreSQL alone: on SQLite a write has its place before it is committed.
#[test]
fn who_asks_again_is_not_told_before_what_was_done_is_in_the_feed() {
    run(Backend::Postgres, async |app| {
        let other = app.beside().await;
        let mut input = draft();
        input["idempotencyKey"] = "once".into();
        let query = "mutation($input: CreateAssistanceRequestInput!) { createAssistanceRequest(input: $input) {
            assistanceRequest { id } userErrors { code } } }";
        let body = json!({ "query": query, "variables": { "input": input } });
        let client = reqwest::Client::new();
        let send = |url: &str| {
            let sent = client.post(format!("{url}/graphql")).bearer_auth(ADMIN).json(&body);
            actix_web::rt::spawn(async move { sent.send().await.unwrap().json::<Value>().await.unwrap() })
        };
        // Nothing gets a place in the order while this is held.
        let mut held = PgConnection::connect(&app.database_url()).await.unwrap();
        let hold = "SELECT pg_advisory_lock(x'4e414d434841494e'::bigint)";
        held.execute(hold).await.unwrap();
        let mut first = send(&app.url);
        while app.row_counts().await["assistance_request"] == 0 {
            assert!(!first.is_finished(), "{:?}", (&mut first).await);
        }
        let mut again = send(&other.url);
        let early = tokio::time::timeout(Duration::from_millis(500), &mut again).await;
        assert!(early.is_err(), "told before it is in the feed: {early:?}");
        held.close().await.unwrap();
        let told = [first.await.unwrap(), again.await.unwrap()];
        assert_eq!(told[0], told[1]);
        assert!(
            told[0]["data"]["createAssistanceRequest"]["assistanceRequest"]["id"].is_string(),
            "{told:?}"
        );
        other.stop().await;
    });
}
