//! Clients that reset their connection in the middle of a mutation: nothing that others were told is lost, and nothing
//! of it stays behind. `RESETS` says how many (500 unless told).

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{Backend, TestApp};
use crate::invariants::hold;
use crate::on_both;
use crate::random::Random;
use crate::support::{codes, people, verified};

/// Clients at a time.
const AT_ONCE: usize = 50;
/// Longer than any answer takes.
const FAR: Duration = Duration::from_secs(30);
/// Those who stay and write one after the other until all the others have left.
const STEADY: usize = 4;

const DOCUMENT: &str = "mutation($input: CreateContributionInput!) { createContribution(input: $input) { contribution { id } userErrors { code } } }";

fn resets() -> usize {
    std::env::var("RESETS").map_or(500, |text| text.parse().expect("RESETS is a number"))
}

fn input(item: &Value, external_id: &str) -> Value {
    json!({
        "item": item["id"], "organization": "WHO", "quantity": "0.5", "status": "COMMITTED",
        "source": "dropped", "externalId": external_id,
    })
}

fn mutation(app: &TestApp, key: &str, input: &Value) -> Vec<u8> {
    let body = json!({ "query": DOCUMENT, "variables": { "input": input } }).to_string();
    let host = app.url.strip_prefix("http://").unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// Sends a mutation, or a part of it, and resets the connection at any moment until `longest` has passed; one in ten only
/// after the answer. Tells how long the answer took, where it came and acknowledged the write.
async fn reset(app: &TestApp, bytes: &[u8], longest: Duration, random: &mut Random) -> Option<Duration> {
    let host = app.url.strip_prefix("http://").unwrap();
    let began = Instant::now();
    let mut stream = TcpStream::connect(host).await.expect("a connection");
    stream.set_zero_linger().unwrap();
    let all = i64::try_from(bytes.len()).unwrap();
    let part = if random.chance(90) { all } else { random.between(1, all) };
    stream
        .write_all(&bytes[..usize::try_from(part).unwrap()])
        .await
        .unwrap();
    let any = random.between(0, i64::try_from(longest.as_micros()).unwrap());
    let wait = if part == all && random.chance(10) {
        FAR
    } else {
        Duration::from_micros(any.unsigned_abs())
    };
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(wait, stream.read(&mut answer)).await;
    // Dropped without linger: the server gets a reset.
    drop(stream);
    let length = read.ok()?.ok()?;
    let answer = String::from_utf8_lossy(&answer[..length]);
    let acknowledged = answer.starts_with("HTTP/1.1 200") && answer.contains("\"userErrors\":[]");
    acknowledged.then(|| began.elapsed())
}

/// Whose contributions the database has, as a new connection sees it.
async fn landed(app: &TestApp) -> BTreeSet<String> {
    let sql = "SELECT external_id FROM contribution WHERE source = 'dropped'";
    app.rows(sql)
        .await
        .into_iter()
        .filter_map(|row| row[0].clone())
        .collect()
}

/// No transaction stays open for longer than a second.
async fn settled(app: &TestApp) {
    if app.backend == Backend::Sqlite {
        return;
    }
    let sql = "SELECT CAST(count(*) AS TEXT) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'";
    let began = Instant::now();
    while app.rows(sql).await[0][0].as_deref() != Some("0") {
        assert!(began.elapsed() < Duration::from_secs(1), "a transaction stays open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

on_both! {
    async fn clients_that_go_away_take_no_write_of_others_with_them(app) {
        let began = Instant::now();
        let resets = resets().next_multiple_of(AT_ONCE);
        let people = people(app).await;
        let request = verified(app, &people).await;
        let item = &request["items"][2];
        let mut random = Random::new("dropped");
        let all_left = AtomicBool::new(false);
        let steady = join_all((0..STEADY).map(|one| {
            let (key, all_left) = (&people.responder, &all_left);
            async move {
                let mut told = Vec::new();
                while !all_left.load(Ordering::Relaxed) {
                    let write = told.len();
                    let name = format!("steady {one}.{write}");
                    let answer = app.mutate(key, "createContribution", input(item, &name), "contribution { id } userErrors { code }").await;
                    assert!(codes(&answer).is_empty(), "{answer:#}");
                    told.push(name);
                }
                told
            }
        }));
        let leaving = async {
            let (mut told, mut longest) = (Vec::new(), Duration::from_secs(1));
            for some in 0..resets / AT_ONCE {
                let clients = (0..AT_ONCE).map(|one| {
                    let name = format!("reset {some}.{one}");
                    let bytes = mutation(app, &people.responder, &input(item, &name));
                    let mut random = random.fork();
                    async move { reset(app, &bytes, longest, &mut random).await.map(|took| (name, took)) }
                });
                let answered: Vec<_> = join_all(clients.collect::<Vec<_>>()).await.into_iter().flatten().collect();
                // So long a write takes among so many: the next ones leave at any moment of it.
                longest = answered.iter().map(|(_, took)| *took).max().unwrap_or(longest);
                told.extend(answered.into_iter().map(|(name, _)| name));
            }
            all_left.store(true, Ordering::Relaxed);
            told
        };
        let (steady, told) = join(steady, leaving).await;
        settled(app).await;
        // What a client did not wait for may be under way still; it ends by itself.
        let mut seen = landed(app).await;
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let again = landed(app).await;
            if again == seen {
                break;
            }
            seen = again;
        }
        let acknowledged: BTreeSet<String> = steady.into_iter().flatten().chain(told.iter().cloned()).collect();
        let lost: Vec<&String> = acknowledged.difference(&seen).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        // Every moment was tried: before the write, between the write and its answer, after the answer.
        let without = seen.len() - acknowledged.len();
        let never = resets - told.len() - without;
        assert!(never > 0 && without > 0 && !told.is_empty(), "{never} {without} {}", told.len());
        hold(app).await;

        // More writes than there are connections, each seen by a new one as soon as it is acknowledged.
        for write in 0..40 {
            let name = format!("after {write}");
            let answer = app.mutate(&people.responder, "createContribution", input(item, &name), "contribution { id } userErrors { code }").await;
            assert!(codes(&answer).is_empty(), "{answer:#}");
            assert!(landed(app).await.contains(&name), "{name} was acknowledged and is not there");
            let query = "query($id: ID!) { contribution(by: { id: $id }) { quantity } }";
            let found = app.ask(Some(&people.responder), query, json!({ "id": answer["contribution"]["id"] })).await;
            assert_eq!(found["contribution"]["quantity"], "0.5", "the server itself reads it");
        }
        settled(app).await;
        println!(
            "dropped on {:?}: {resets} resets, {never} before their write, {without} before its answer, {} after it; {} \
             writes of others meanwhile; none lost, {:.1} s",
            app.backend, told.len(), acknowledged.len() - told.len(), began.elapsed().as_secs_f64()
        );
    }
}
