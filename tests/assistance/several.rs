//! Several servers on one database behave as one: whoever follows the feed on one of them sees what is written on all.
//! `WRITES` says how many writes (1,000 unless told).

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::on_both;
use crate::support::draft;

const FOLLOW: &str =
    "subscription($after: String) { changes(after: $after, filter: { subjectTypes: [\"AssistanceRequest\"] }) {
    cursor node { sequence subjectId } } }";
const CREATE: &str = "mutation($input: CreateAssistanceRequestInput!) { createAssistanceRequest(input: $input) {
    assistanceRequest { id } userErrors { code } } }";

/// Follows the feed by server-sent events until so many changes came; gives sequence, subject and the last cursor.
async fn follow(url: &str, after: Value, most: usize) -> (Vec<(i64, String)>, Value) {
    let body = json!({ "query": FOLLOW, "variables": { "after": after } });
    let client = reqwest::Client::new();
    let request = client
        .post(format!("{url}/graphql"))
        .bearer_auth(ADMIN)
        .header("accept", "text/event-stream");
    let mut answer = request.json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let (mut text, mut seen, mut cursor) = (String::new(), Vec::new(), after);
    while seen.len() < most {
        let Some(chunk) = answer.chunk().await.unwrap() else {
            break;
        };
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        while let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            let Some(data) = event.lines().find_map(|line| line.strip_prefix("data:")) else {
                continue;
            };
            let Ok(data) = serde_json::from_str::<Value>(data.trim()) else {
                continue;
            };
            let edge = &data["data"]["changes"];
            if edge.is_null() {
                panic!("{data:#}");
            }
            let sequence = edge["node"]["sequence"].as_str().unwrap().parse().unwrap();
            seen.push((sequence, edge["node"]["subjectId"].as_str().unwrap().to_owned()));
            cursor = edge["cursor"].clone();
        }
    }
    (seen, cursor)
}

async fn create(client: &reqwest::Client, url: &str) -> String {
    let body = json!({ "query": CREATE, "variables": { "input": draft() } });
    let answer = client
        .post(format!("{url}/graphql"))
        .bearer_auth(ADMIN)
        .json(&body)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    let made = &answer["data"]["createAssistanceRequest"]["assistanceRequest"]["id"];
    made.as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned()
}

async fn write(url: &str, count: usize) -> Vec<String> {
    let client = reqwest::Client::new();
    let writers = (0..8).map(|_| async {
        let mut made = Vec::new();
        for _ in 0..count / 8 {
            made.push(create(&client, url).await);
        }
        made
    });
    join_all(writers).await.into_iter().flatten().collect()
}

async fn several(app: &TestApp) {
    let writes: usize = std::env::var("WRITES").map_or(1_000, |text| text.parse().expect("WRITES is a number"));
    let part = writes / 4 / 8 * 8;
    let start = app.ask(None, "{ service { changeCursor } }", json!({})).await["service"]["changeCursor"].clone();
    let other = app.beside().await;
    // Both write; one subscriber on each sees everything.
    let (here, there, one, two) = tokio::join!(
        follow(&app.url, start.clone(), 2 * part),
        follow(&other.url, start.clone(), 2 * part),
        write(&app.url, part),
        write(&other.url, part),
    );
    let mut made: Vec<String> = one.into_iter().chain(two).collect();
    assert_eq!(here.0, there.0, "two servers tell the same in the same order");
    // The other server goes and comes back; its subscriber goes on where it was, on the one that is left and the new one.
    other.stop().await;
    made.extend(write(&app.url, part).await);
    let other = app.beside().await;
    let (missed, more) = tokio::join!(follow(&other.url, there.1, 2 * part), write(&other.url, part));
    made.extend(more);
    let seen: Vec<(i64, String)> = here.0.into_iter().chain(missed.0).collect();
    assert!(
        seen.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "each once and in order"
    );
    let mut ids: Vec<String> = seen.into_iter().map(|(_, id)| id).collect();
    ids.sort();
    made.sort();
    assert_eq!(ids, made, "none missing");
    println!(
        "{:?}: {} writes through two servers, each seen once",
        app.backend,
        made.len()
    );
    crate::invariants::hold(app).await;
    other.stop().await;
}

on_both! {
    async fn a_subscriber_sees_every_write_of_every_server_once_and_in_order(app) {
        several(app).await;
    }
}
