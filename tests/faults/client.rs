//! A client that writes named requests, and remembers which were acknowledged.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::ADMIN;

const CREATE: &str = "mutation($input: CreateAssistanceRequestInput!) { createAssistanceRequest(input: $input) {
    assistanceRequest { id } userErrors { code message } } }";
const ALL: &str = "query($after: String) { assistanceRequests(first: 100, after: $after) { nodes { externalId }
    pageInfo { hasNextPage endCursor } } }";

/// What became of one write.
#[derive(Debug)]
pub enum Fate {
    Acknowledged,
    /// The code of its error.
    Refused(String),
    /// No answer that is one.
    Cut,
}

/// Not more than the tests wait for.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

pub fn body(name: &str) -> Value {
    let item = |quantity: &str| json!({ "commodity": "O2_CONCENTRATOR", "quantity": quantity });
    json!({ "query": CREATE, "variables": { "input": {
        "country": "BGD", "title": format!("Oxygen {name}"), "priority": "HIGH", "source": "FAULTS", "externalId": name,
        "items": [item("1"), item("2")], "idempotencyKey": name,
    } } })
}

pub async fn post(client: &reqwest::Client, url: &str, body: &Value) -> Result<(u16, Value), reqwest::Error> {
    let request = client
        .post(format!("{url}/graphql"))
        .header("accept", "application/graphql-response+json");
    let answer = request.bearer_auth(ADMIN).json(body).send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

/// Writes a request of this name once.
pub async fn write(client: &reqwest::Client, url: &str, name: &str) -> Fate {
    let Ok((_, answer)) = post(client, url, &body(name)).await else {
        return Fate::Cut;
    };
    if let Some(code) = answer["errors"][0]["extensions"]["code"].as_str() {
        return Fate::Refused(code.to_owned());
    }
    let payload = &answer["data"]["createAssistanceRequest"];
    assert_eq!(payload["userErrors"], json!([]), "{answer:#}");
    assert!(payload["assistanceRequest"]["id"].is_string(), "{answer:#}");
    Fate::Acknowledged
}

/// Writes a request of this name where nothing may go wrong.
pub async fn write_well(client: &reqwest::Client, url: &str, name: &str) {
    match write(client, url, name).await {
        Fate::Acknowledged => {}
        Fate::Refused(code) => panic!("{name}: {code}"),
        Fate::Cut => panic!("{name}: no answer"),
    }
}

/// Status of `/readyz`; none where nobody answers.
pub async fn readiness(client: &reqwest::Client, url: &str) -> Option<u16> {
    let answer = client.get(format!("{url}/readyz")).send().await.ok()?;
    Some(answer.status().as_u16())
}

/// The names of all requests that are there.
pub async fn names(client: &reqwest::Client, url: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut after = Value::Null;
    loop {
        let body = json!({ "query": ALL, "variables": { "after": after } });
        let (_, answer) = post(client, url, &body).await.unwrap();
        let page = &answer["data"]["assistanceRequests"];
        let nodes = page["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
        all.extend(
            nodes
                .iter()
                .filter_map(|node| node["externalId"].as_str().map(str::to_owned)),
        );
        if page["pageInfo"]["hasNextPage"] == false {
            return all;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}
