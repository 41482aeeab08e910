//! More work than the database takes: a lock that somebody holds, a pool without a free connection, too many operations.

use std::time::{Duration, Instant};

use entity::enums::Role;
use futures_util::future::join_all;
use serde_json::json;

use crate::client::{Fate, client, names, readiness, write, write_well};
use crate::common::{ADMIN, Backend, TestApp, run_with};
use crate::on_both_with;

/// Time in which a server must be itself again; it takes about a tenth of it.
const RECOVERY: Duration = Duration::from_secs(10);

/// Time until a write is acknowledged again.
async fn recovers(app: &TestApp) -> Duration {
    let (client, began) = (client(), Instant::now());
    for number in 0.. {
        let fate = write(&client, &app.url, &format!("recovered {number}")).await;
        if matches!(fate, Fate::Acknowledged) && readiness(&client, &app.url).await == Some(200) {
            break;
        }
        assert!(began.elapsed() < RECOVERY, "does not recover: {fate:?}");
    }
    began.elapsed()
}

on_both_with! { &["--timeout-ms=2000", "--pool-size=2"],
    async fn a_lock_that_is_held_and_a_pool_without_connections_end_as_clear_errors_and_pass(app) {
        let client = client();
        write_well(&client, &app.url, "before").await;
        let held = app.hold_writes().await;
        let began = Instant::now();
        let fates = join_all((0..8).map(async |number| write(&client, &app.url, &format!("held {number}")).await)).await;
        let mut undone = Vec::new();
        for (number, fate) in fates.iter().enumerate() {
            let Fate::Refused(code) = fate else { panic!("{fate:?}") };
            match code.as_str() {
                "UNAVAILABLE" => undone.push(format!("held {number}")),
                // That one may have been done is what it says.
                "TIMEOUT" => {}
                other => panic!("{other}"),
            }
        }
        println!("{:?}: refused after {:?} at most", app.backend, began.elapsed());
        held.release().await;
        println!("{:?}: recovered after {:?}", app.backend, recovers(app).await);
        let there = names(&client, &app.url).await;
        let done = undone.iter().any(|name| there.contains(name));
        assert!(!done, "refused, and done: {there:?}");
        crate::invariants::hold(app).await;
    }
}

on_both_with! { &["--timeout-ms=60000", "--max-operations=4"],
    async fn one_operation_too_many_is_told_at_once_to_come_again(app) {
        let client = client();
        let held = app.hold_writes().await;
        // One that comes while the operation below has the last place is told so too, and comes again.
        let under_way = join_all((0..4).map(async |number| loop {
            match write(&client, &app.url, &format!("held {number}")).await {
                Fate::Refused(code) if code == "UNAVAILABLE" => {}
                fate => break fate,
            }
        }));
        let next = async {
            let refused = loop {
                // Nothing that is held, and nothing that is remembered: it has its answer at once wherever it has a place.
                let request = client.post(format!("{}/graphql", app.url)).bearer_auth(ADMIN);
                let request = request.header("accept", "application/graphql-response+json");
                let answer = request.json(&json!({ "query": "{ viewer { name } }" })).send().await.unwrap();
                if answer.status() != 200 {
                    break answer;
                }
            };
            assert_eq!(refused.status(), 503);
            assert_eq!(refused.headers()["retry-after"], "1");
            let refused: serde_json::Value = refused.json().await.unwrap();
            assert_eq!(refused.get("data"), None);
            let extensions = &refused["errors"][0]["extensions"];
            assert_eq!((&extensions["code"], &extensions["retryAfter"]), (&json!("UNAVAILABLE"), &json!(1)));
            // It is busy, not ill: a balancer that took it away would make the others busier. SQLite's one writer is held.
            if app.backend == Backend::Postgres {
                assert_eq!(readiness(&client, &app.url).await, Some(200));
            }
            held.release().await;
        };
        let (fates, ()) = tokio::join!(under_way, next);
        assert!(fates.iter().all(|fate| matches!(fate, Fate::Acknowledged)), "{fates:?}");
        let answer = client.post(format!("{}/graphql", app.url)).bearer_auth(ADMIN);
        assert_eq!(answer.json(&crate::client::body("next")).send().await.unwrap().status(), 200);
    }
}

#[test]
fn a_read_that_its_client_abandons_ends_in_the_database_too() {
    run_with(
        Backend::Postgres,
        &["--pool-size=2", "--timeout-ms=60000"],
        async |app| {
            // A table that the server reads for nobody but its clients.
            let mut held = app.hold("contribution").await;
            let waiting = async |held: &mut sqlx::PgConnection| -> i64 {
                let sql = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
                sqlx::query_scalar(sql).fetch_one(held).await.unwrap()
            };
            let client = client();
            let read = || {
                let request = client.post(format!("{}/graphql", app.url)).bearer_auth(ADMIN);
                request
                    .json(&json!({ "query": "{ contributions(first: 1) { nodes { id quantity } } }" }))
                    .send()
            };
            let reads = tokio::spawn(join_all((0..8).map(|_| read())));
            let began = Instant::now();
            while waiting(&mut held).await == 0 {
                assert!(began.elapsed() < RECOVERY, "nothing reads");
            }
            // All clients are gone, and the lock is not.
            reads.abort();
            let began = Instant::now();
            while waiting(&mut held).await > 0 {
                assert!(began.elapsed() < RECOVERY, "what nobody waits for goes on");
            }
            println!("ended after {:?}", began.elapsed());
            drop(held);
            assert_eq!(read().await.unwrap().status(), 200);
        },
    );
}

/// Leads from each item to all of its request, and again: what a request of many items takes for ever to test.
const ENDLESS: &str = r#"{ requestItems(filter: { request: { items: { some: { request: { items: { some: { quantity: { gt: "1000" } } } } } } } }) { totalCount } }"#;

/// A public request of 5,000 items, more than anybody may ask for by the API.
async fn vast(app: &TestApp) {
    let input = json!({
        "country": "BGD", "title": "Vast", "priority": "HIGH", "neededBy": "2027-01-31", "peopleInNeed": 5, "submit": true,
        "items": [{ "commodity": "O2_CONCENTRATOR", "quantity": "1" }],
    });
    let select = "assistanceRequest { id version } userErrors { code }";
    let created = app.mutate(ADMIN, "createAssistanceRequest", input, select).await;
    let coordinator = app.key(Role::Coordinator, None, None).await;
    let input = json!({ "id": created["assistanceRequest"]["id"], "version": created["assistanceRequest"]["version"] });
    let verified = app.mutate(&coordinator, "verifyAssistanceRequest", input, select).await;
    assert_eq!(verified["userErrors"], json!([]));
    let columns = "request_id, kind, category_code, commodity_code, unit_code, quantity_milli, approved_milli, pledged_milli, committed_milli, \
         in_transit_milli, delivered_milli, uncovered_milli, unmet_milli";
    app.alter(&format!(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 4999)
         INSERT INTO request_item (id, position, {columns}) SELECT randomblob(16), x, {columns} FROM request_item, n"
    ))
    .await
    .unwrap();
}

/// Read from the database, and not from memory.
async fn is_answered(app: &TestApp, nonce: usize) {
    let query = format!("{{ assistanceRequests(first: 1) {{ nodes {{ a{nonce}: title }} }} }}");
    let (status, answer) = app.post(None, &query, json!({})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer["data"]["assistanceRequests"]["nodes"][0][format!("a{nonce}")],
        "Vast"
    );
}

/// Whether a connection is at a read.
async fn reads(client: &reqwest::Client, url: &str) -> bool {
    let metrics = client.get(format!("{url}/metrics")).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    metrics.contains(r#"pool_connections{pool="read",state="busy"} 1"#)
}

#[test]
fn a_statement_of_sqlite_ends_with_its_time_and_keeps_nobody_waiting() {
    run_with(Backend::Sqlite, &["--pool-size=1", "--timeout-ms=1500"], async |app| {
        vast(app).await;
        for nonce in 0..2 {
            let (_, answer) = app.post(None, ENDLESS, json!({})).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "TIMEOUT", "{answer}");
            is_answered(app, nonce).await;
        }
    });
}

#[test]
fn a_read_of_sqlite_that_its_client_abandons_makes_room_for_the_next() {
    run_with(
        Backend::Sqlite,
        &["--pool-size=1", "--timeout-ms=600000"],
        async |app| {
            vast(app).await;
            let client = client();
            for nonce in 0..2 {
                let request = client.post(format!("{}/graphql", app.url));
                let read = tokio::spawn(request.json(&json!({ "query": ENDLESS })).send());
                while !reads(&client, &app.url).await {
                    assert!(!read.is_finished(), "nothing reads");
                }
                read.abort();
                is_answered(app, nonce).await;
            }
        },
    );
}
