//! A copy of the database, made and kept as the contract says: take the cursor of the feed, page through the objects,
//! follow `changes` from there, and go on from the last cursor after every cut.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::common::ADMIN;

/// What the copy holds of each type: where it is listed, and its fields by the ledger's names. A field that names another
/// object is read by the part after the dot.
const KINDS: [(&str, &str, &[&str]); 4] = [
    (
        "AssistanceRequest",
        "assistanceRequests",
        &[
            "reference",
            "country.code",
            "title",
            "description",
            "language",
            "priority",
            "status",
            "statusReason",
            "peopleInNeed",
            "neededBy",
            "source",
            "sourceUrl",
            "externalId",
            "confirmedAt",
            "version",
            "createdAt",
            "updatedAt",
            "submittedAt",
            "verifiedAt",
            "closedAt",
        ],
    ),
    (
        "RequestItem",
        "requestItems",
        &[
            "request.id",
            "externalId",
            "kind",
            "category.code",
            "commodity.code",
            "description",
            "unit.code",
            "quantity",
            "approvedQuantity",
            "approvalNote",
            "unitCostUsd",
            "pledgedQuantity",
            "committedQuantity",
            "inTransitQuantity",
            "deliveredQuantity",
            "uncoveredQuantity",
            "unmetQuantity",
        ],
    ),
    (
        "Contribution",
        "contributions",
        &[
            "request.id",
            "item.id",
            "organization.code",
            "status",
            "quantity",
            "deliveredQuantity",
            "rejectedQuantity",
            "valueUsd",
            "expectedOn",
            "committedOn",
            "shippedOn",
            "deliveredOn",
            "cancelledOn",
            "trackingReference",
            "note",
            "source",
            "externalId",
            "version",
            "createdAt",
            "updatedAt",
        ],
    ),
    (
        "Organization",
        "organizations",
        &[
            "code",
            "name",
            "kind",
            "country.code",
            "url",
            "active",
            "version",
            "createdAt",
            "updatedAt",
        ],
    ),
];
/// Deliveries are listed by their contributions.
const DELIVERY: &[&str] = &[
    "contribution.id",
    "on",
    "acceptedQuantity",
    "rejectedQuantity",
    "rejectReason",
    "note",
    "voided",
    "voidReason",
    "createdAt",
];
const FOLLOW: &str =
    "subscription($after: String) { changes(after: $after) { cursor node { sequence subjectType subjectId
    action diff { field after } } } }";
/// Longest that a server may take until it answers again, however it was treated.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest silence of a stream: its servers say something every 15 s.
const SILENCE: Duration = Duration::from_secs(40);

/// Asks one server after the other until one answers: what a client does when its connection is lost, or it is told
/// UNAVAILABLE or TIMEOUT. Nothing else may happen to it.
pub async fn insist(client: &reqwest::Client, urls: &[String], key: &str, body: &Value) -> Value {
    let began = Instant::now();
    for url in urls.iter().cycle() {
        assert!(began.elapsed() < PATIENCE, "nobody answers {body:#}");
        let sent = client.post(format!("{url}/graphql")).bearer_auth(key).json(body);
        if let Ok(answer) = sent.send().await
            && let Ok(answer) = answer.json::<Value>().await
        {
            match answer["errors"][0]["extensions"]["code"].as_str() {
                None if answer.get("errors").is_none() => return answer["data"].clone(),
                Some("UNAVAILABLE" | "TIMEOUT") => {}
                _ => panic!("{body:#}\n{answer:#}"),
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("the servers go round")
}

type Object = BTreeMap<String, Value>;

/// A change as the copy was told it.
#[derive(Debug)]
pub struct Told {
    pub sequence: i64,
    pub subject: String,
    /// The version of the object that it made, where the object has one.
    pub version: Option<i64>,
}

pub struct Mirror {
    /// Objects by their type and id.
    pub objects: BTreeMap<(String, String), Object>,
    pub told: Vec<Told>,
    /// How often its stream ended.
    pub cuts: usize,
    cursor: Value,
}

impl Mirror {
    /// The cursor first and the objects after it, while others write.
    pub async fn load(urls: &[String]) -> Self {
        let client = reqwest::Client::new();
        let asked = json!({ "query": "{ service { changeCursor } }" });
        let cursor = insist(&client, urls, ADMIN, &asked).await["service"]["changeCursor"].clone();
        let mut objects = BTreeMap::new();
        for (kind, list, fields) in KINDS {
            let more = if kind == "Contribution" {
                format!("deliveries {{ id {} }}", selection(DELIVERY))
            } else {
                String::new()
            };
            let query = format!(
                "query($after: String) {{ {list}(first: 100, after: $after) {{ pageInfo {{ hasNextPage endCursor }}
                    nodes {{ id {} {more} }} }} }}",
                selection(fields)
            );
            let mut after = Value::Null;
            loop {
                let body = json!({ "query": query, "variables": { "after": after } });
                let page = insist(&client, urls, ADMIN, &body).await[list].clone();
                for node in page["nodes"].as_array().unwrap() {
                    for delivery in node["deliveries"].as_array().into_iter().flatten() {
                        objects.insert(key("Delivery", &delivery["id"]), object(delivery, DELIVERY));
                    }
                    objects.insert(key(kind, &node["id"]), object(node, fields));
                }
                if page["pageInfo"]["hasNextPage"] == false {
                    break;
                }
                after = page["pageInfo"]["endCursor"].clone();
            }
        }
        Self {
            objects,
            told: Vec::new(),
            cuts: 0,
            cursor,
        }
    }

    /// Follows the feed until a change of this subject comes, on one server after the other where there are several.
    pub async fn follow(&mut self, urls: &[String], last: impl Fn() -> Option<String>) {
        let client = reqwest::Client::new();
        let mut down = Instant::now();
        for url in urls.iter().cycle() {
            assert!(down.elapsed() < PATIENCE, "{url} does not take subscribers again");
            let body = json!({ "query": FOLLOW, "variables": { "after": self.cursor } });
            let request = client.post(format!("{url}/graphql")).bearer_auth(ADMIN);
            let request = request.header("accept", "text/event-stream").json(&body);
            if let Ok(answer) = request.send().await {
                match answer.status().as_u16() {
                    200 => {
                        let before = self.told.len();
                        if self.read(answer, &last).await {
                            return;
                        }
                        self.cuts += 1;
                        if self.told.len() > before {
                            down = Instant::now();
                        }
                    }
                    503 => {}
                    _ => panic!("{}", answer.text().await.unwrap()),
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Reads a stream of events until it ends; tells whether the last change has come.
    async fn read(&mut self, mut answer: reqwest::Response, last: impl Fn() -> Option<String>) -> bool {
        let mut bytes = Vec::new();
        loop {
            let chunk = tokio::time::timeout(SILENCE, answer.chunk()).await;
            let Ok(Some(chunk)) = chunk.expect("a server says nothing any more") else {
                return false;
            };
            bytes.extend_from_slice(&chunk);
            while let Some(end) = bytes.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = bytes.drain(..end + 2).collect();
                let event = String::from_utf8(event).unwrap();
                let Some(data) = event.lines().find_map(|line| line.strip_prefix("data:")) else {
                    continue;
                };
                if data.trim().is_empty() {
                    continue;
                }
                let data: Value = serde_json::from_str(data).unwrap();
                match data["errors"][0]["extensions"]["code"].as_str() {
                    None => {}
                    Some("UNAVAILABLE" | "TIMEOUT") => return false,
                    _ => panic!("{data:#}"),
                }
                self.apply(&data["data"]["changes"]["node"]);
                self.cursor = data["data"]["changes"]["cursor"].clone();
            }
            let last = last();
            if last.is_some_and(|last| self.told.iter().rev().any(|told| told.subject == last)) {
                return true;
            }
        }
    }

    fn apply(&mut self, change: &Value) {
        let (kind, subject) = (change["subjectType"].as_str().unwrap(), &change["subjectId"]);
        let diff: Map<String, Value> = change["diff"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["field"].as_str().unwrap().to_owned(), after(one)))
            .collect();
        self.told.push(Told {
            sequence: change["sequence"].as_str().unwrap().parse().unwrap(),
            subject: subject.as_str().unwrap().to_owned(),
            version: diff.get("version").and_then(Value::as_i64),
        });
        if change["action"].as_str().unwrap().ends_with(".removed") {
            self.objects.remove(&key(kind, subject));
            return;
        }
        let Some(fields) = fields_of(kind) else { return };
        let object = self.objects.entry(key(kind, subject)).or_default();
        for field in fields.iter().map(|field| name(field)) {
            let value = diff.get(field).cloned();
            let known = object.entry(field.to_owned()).or_default();
            *known = value.unwrap_or_else(|| known.take());
        }
    }
}

fn fields_of(kind: &str) -> Option<&'static [&'static str]> {
    if kind == "Delivery" {
        return Some(DELIVERY);
    }
    KINDS
        .iter()
        .find(|(known, ..)| *known == kind)
        .map(|(.., fields)| *fields)
}

fn key(kind: &str, id: &Value) -> (String, String) {
    (kind.to_owned(), id.as_str().unwrap().to_owned())
}

/// `country` of `country.code`.
fn name(field: &str) -> &str {
    field.split('.').next().unwrap()
}

fn selection(fields: &[&str]) -> String {
    let fields = fields.iter().map(|field| match field.split_once('.') {
        Some((name, part)) => format!("{name} {{ {part} }}"),
        None => (*field).to_owned(),
    });
    fields.collect::<Vec<_>>().join(" ")
}

fn object(node: &Value, fields: &[&str]) -> Object {
    let fields = fields.iter().map(|field| {
        let value = field.split('.').fold(node, |value, part| &value[part]);
        (name(field).to_owned(), value.clone())
    });
    fields.collect()
}

fn after(change: &Value) -> Value {
    let text = change["after"].as_str();
    text.map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
}
