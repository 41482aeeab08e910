//! The program itself, ended by SIGKILL in the middle of its writes: what was acknowledged is there, nothing is half done,
//! and the ledger is whole and tells what the tables hold. `KILLS` says how often (10 unless told).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod common;
mod invariants;

use std::time::Duration;

use common::{ADMIN, Backend, Program};
use serde_json::{Value, json};

/// Clients that write at once.
const CLIENTS: usize = 8;

const CREATE: &str = "mutation($input: CreateAssistanceRequestInput!) { createAssistanceRequest(input: $input) {
    assistanceRequest { id externalId } userErrors { code message } } }";
const ALL: &str = "query($after: String) { assistanceRequests(first: 100, after: $after) { nodes { externalId items { quantity } history(first: 1) { nodes { action } } }
    pageInfo { hasNextPage endCursor } } }";

fn input(name: &str) -> Value {
    let item = |quantity: &str| json!({ "commodity": "O2_CONCENTRATOR", "quantity": quantity });
    json!({
        "country": "BGD", "title": name, "priority": "HIGH", "source": "KILLED", "externalId": name,
        "items": [item("1"), item("2"), item("3")], "idempotencyKey": name,
    })
}

/// Writes one after the other until the server is gone; gives the names that were acknowledged.
async fn write(client: &reqwest::Client, url: &str, writer: String) -> Vec<String> {
    let mut done = Vec::new();
    for number in 0.. {
        let name = format!("{writer}-{number}");
        let body = json!({ "query": CREATE, "variables": { "input": input(&name) } });
        let answer = client
            .post(format!("{url}/graphql"))
            .bearer_auth(ADMIN)
            .json(&body)
            .send()
            .await;
        let Ok(answer) = answer else { break };
        let Ok(answer) = answer.json::<Value>().await else {
            break;
        };
        assert_eq!(
            answer["data"]["createAssistanceRequest"]["userErrors"],
            json!([]),
            "{answer:#}"
        );
        done.push(name);
    }
    done
}

/// Every request that is there.
async fn written(client: &reqwest::Client, url: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = Value::Null;
    loop {
        let body = json!({ "query": ALL, "variables": { "after": after } });
        let answer = client
            .post(format!("{url}/graphql"))
            .bearer_auth(ADMIN)
            .json(&body)
            .send()
            .await;
        let answer: Value = answer.unwrap().json().await.unwrap();
        let page = &answer["data"]["assistanceRequests"];
        all.extend(page["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone());
        if page["pageInfo"]["hasNextPage"] == false {
            return all;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

fn killed(backend: Backend) {
    let kills: u64 = std::env::var("KILLS").map_or(10, |text| text.parse().expect("KILLS is a number"));
    actix_web::rt::System::new().block_on(async {
        let mut program = Program::start(backend).await;
        let mut acknowledged = Vec::new();
        for round in 0..kills {
            let client = reqwest::Client::new();
            let url = program.url.clone();
            let writers = (0..CLIENTS).map(|writer| write(&client, &url, format!("{round}-{writer}")));
            let kill = async {
                // Somewhere within the first writes, each time elsewhere.
                tokio::time::sleep(Duration::from_millis(150 + round * 37 % 300)).await;
                program.kill();
            };
            let (done, ()) = tokio::join!(futures_util::future::join_all(writers), kill);
            acknowledged.extend(done.into_iter().flatten());
            program.restart().await;
        }
        let all = written(&reqwest::Client::new(), &program.url).await;
        let names: std::collections::HashSet<&str> = all.iter().filter_map(|one| one["externalId"].as_str()).collect();
        let lost: Vec<&String> = acknowledged
            .iter()
            .filter(|name| !names.contains(name.as_str()))
            .collect();
        assert!(lost.is_empty(), "acknowledged and gone: {lost:?}");
        for request in &all {
            assert_eq!(
                request["items"].as_array().unwrap().len(),
                3,
                "half a request: {request:#}"
            );
            assert_eq!(
                request["history"]["nodes"][0]["action"], "assistanceRequest.created",
                "without its change: {request:#}"
            );
        }
        println!(
            "{backend:?}: {kills} kills, {} acknowledged, {} written, none lost",
            acknowledged.len(),
            all.len()
        );
        let told = program.run(&["audit", "verify"]);
        assert!(told.contains(':'), "{told}");
        program.inspect(async |app| drop(invariants::hold(app).await)).await;
    });
}

#[test]
fn what_was_acknowledged_survives_kills_on_sqlite() {
    killed(Backend::Sqlite);
}

#[test]
fn what_was_acknowledged_survives_kills_on_postgres() {
    killed(Backend::Postgres);
}
