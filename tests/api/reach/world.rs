//! Requests in every state of two countries, with contributions of two organizations; and what of an answer to an
//! administrator is left for somebody else, by the contract.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::cover::{OF_VIEWER, RESTRICTED, Sight, sight};
use crate::common::{ADMIN, TestApp};
use crate::support::{named, named_with, people};
use crate::table::{Row, Viewer};

/// A word that stands in the title of every request.
pub const WORD: &str = "Quinquereme";

/// Whose an object is, and who sees it.
#[derive(Clone, Debug)]
pub struct Belongs {
    pub country: String,
    pub organization: Option<String>,
    pub sight: Row,
    /// All rows by which it was seen once.
    pub past: Vec<Row>,
}

/// Everything by its id.
#[derive(Debug, Default)]
pub struct World {
    pub objects: HashMap<String, Belongs>,
    pub requests: Vec<Value>,
    pub contributions: Vec<Value>,
    pub first_key: String,
}

/// The states, each with the steps that lead there, and the rows of the table by which it is and was seen.
const STATES: [(&str, &[&str]); 8] = [
    ("DRAFT", &[]),
    ("SUBMITTED", &["submit"]),
    ("RETURNED", &["submit", "return"]),
    ("REJECTED", &["submit", "reject"]),
    ("WITHDRAWN", &["submit", "withdraw"]),
    ("VERIFIED", &["submit", "verify"]),
    ("CLOSED", &["submit", "verify", "close"]),
    ("WITHDRAWN", &["submit", "verify", "withdraw"]),
];

const GIVEN: &str =
    "assistanceRequest { id reference externalId version items { id } } userErrors { code message field }";

async fn done(app: &TestApp, key: &str, mutation: &str, input: Value, selection: &str) -> Value {
    let payload = app.mutate(key, mutation, input, selection).await;
    assert_eq!(payload["userErrors"], json!([]), "{mutation}: {payload:#}");
    payload
}

impl World {
    pub async fn make(app: &TestApp) -> Self {
        let mut world = Self::default();
        let reviewer = people(app).await.coordinator;
        for country in ["BGD", "KEN"] {
            let focal = app.key(entity::enums::Role::FocalPoint, Some(country), None).await;
            for (number, (status, steps)) in STATES.into_iter().enumerate() {
                let input = json!({
                    "country": country, "title": format!("{WORD} {status} of {country}"), "priority": "HIGH",
                    "source": "vault", "externalId": format!("{country}/{number}"),
                    "contact": { "name": "A. Rahman", "email": "focal@example.org" },
                    "items": [{ "commodity": "O2_CONCENTRATOR", "quantity": 100 }, { "commodity": "GLOVES_EXAM", "quantity": 7 }],
                });
                let mut request =
                    done(app, &focal, "createAssistanceRequest", input, GIVEN).await["assistanceRequest"].clone();
                for step in steps {
                    let (key, input) = match *step {
                        "verify" => (&reviewer, named(&request)),
                        "return" | "reject" => (&reviewer, named_with(&request, json!({ "reason": "because" }))),
                        _ => (&focal, named_with(&request, json!({ "reason": "because" }))),
                    };
                    let mutation = format!("{step}AssistanceRequest");
                    request = done(app, key, &mutation, input, GIVEN).await["assistanceRequest"].clone();
                }
                world.add_request(country, steps, status, &request);
                if steps == ["submit", "verify"] {
                    for organization in ["WHO", "UNICEF"] {
                        world.contribute(app, country, organization, &request, &focal).await;
                    }
                }
            }
        }
        let keys = app
            .ask(Some(ADMIN), "{ apiKeys(first: 1) { nodes { id } } }", json!({}))
            .await;
        world.first_key = keys["apiKeys"]["nodes"][0]["id"].as_str().unwrap().into();
        world
    }

    fn add_request(&mut self, country: &str, steps: &[&str], status: &str, request: &Value) {
        let mut past = vec![Row::Draft];
        past.extend(steps.contains(&"submit").then_some(Row::Submitted));
        past.extend(steps.contains(&"verify").then_some(Row::Verified));
        let sight = match (status, steps.contains(&"verify")) {
            (_, true) => Row::Verified,
            ("SUBMITTED", _) => Row::Submitted,
            _ => Row::Draft,
        };
        let belongs = Belongs {
            country: country.into(),
            organization: None,
            sight,
            past,
        };
        let items = request["items"].as_array().unwrap().iter();
        for object in items.chain([request]) {
            self.objects
                .insert(object["id"].as_str().unwrap().into(), belongs.clone());
        }
        self.requests.push(request.clone());
    }

    async fn contribute(&mut self, app: &TestApp, country: &str, organization: &str, request: &Value, focal: &str) {
        let given = "contribution { id version deliveries { id } } userErrors { code message field }";
        let key = app.key(entity::enums::Role::Responder, None, Some(organization)).await;
        let input = json!({
            "item": request["items"][0]["id"], "organization": organization, "quantity": 10, "note": "hush",
            "source": "vault", "externalId": format!("{country}-{organization}"), "status": "COMMITTED",
        });
        let made = done(app, &key, "createContribution", input, given).await["contribution"].clone();
        let input = named_with(&made, json!({ "trackingReference": "AWB 1" }));
        let made = done(app, &key, "updateContribution", input, given).await["contribution"].clone();
        let receipt = json!({
            "acceptedQuantity": 8, "rejectedQuantity": 1, "rejectReason": "broken", "note": "wet", "on": "2026-11-23",
        });
        let made = done(app, focal, "recordDelivery", named_with(&made, receipt), given).await["contribution"].clone();
        let belongs = Belongs {
            country: country.into(),
            organization: Some(organization.into()),
            sight: Row::Verified,
            past: vec![Row::Verified],
        };
        for object in [&made, &made["deliveries"][0]] {
            self.objects
                .insert(object["id"].as_str().unwrap().into(), belongs.clone());
        }
        self.contributions.push(made);
    }

    pub fn of(&self, id: &Value) -> &Belongs {
        let id = id.as_str().unwrap();
        self.objects.get(id).unwrap_or_else(|| panic!("{id} is of nobody"))
    }

    /// Whether the contract lets the viewer see what belongs so.
    pub fn sees(viewer: &Viewer, row: Row, belongs: &Belongs) -> bool {
        let may = |row| viewer.may(row, Some(&belongs.country), None);
        // Whoever sees a country's drafts sees what it has submitted.
        may(row) || (row == Row::Submitted && may(Row::Draft))
    }

    /// What is left for a viewer of a part of an administrator's answer; nothing where it is hidden.
    pub fn left(&self, viewer: &Viewer, answer: &Value) -> Option<Value> {
        match answer {
            Value::Array(list) => Some(list.iter().filter_map(|one| self.left(viewer, one)).collect()),
            Value::Object(fields) => {
                let kind = fields.get("__typename").and_then(Value::as_str);
                let belongs = match kind {
                    Some(kind) if fields.contains_key("id") => match sight(kind) {
                        Sight::Request => {
                            let belongs = self.of(&fields["id"]);
                            Self::sees(viewer, belongs.sight, belongs).then_some(())?;
                            Some(belongs)
                        }
                        Sight::Administer => {
                            viewer.may(Row::Administer, None, None).then_some(())?;
                            None
                        }
                        Sight::Open | Sight::Feed => None,
                    },
                    _ => None,
                };
                let mut kept = serde_json::Map::new();
                for (name, value) in fields {
                    // The feed has a test of its own.
                    if is_of_viewer(kind, name) || is_feed(value) {
                        continue;
                    }
                    let of = |(of, field, _): &&(&str, &str, Row)| Some(*of) == kind && field == name;
                    let right = RESTRICTED.iter().find(of).map(|(_, _, row)| *row);
                    let hidden = right.is_some_and(|row| {
                        let belongs = belongs.unwrap();
                        !viewer.may(row, Some(&belongs.country), belongs.organization.as_deref())
                    });
                    let value = if hidden { None } else { self.left(viewer, value) };
                    kept.insert(name.clone(), value.unwrap_or_default());
                }
                // The edge of what is hidden goes with it.
                if fields.get("node").is_some_and(|node| !node.is_null()) && kept["node"].is_null() {
                    return None;
                }
                recount(fields, &mut kept);
                Some(kept.into())
            }
            other => Some(other.clone()),
        }
    }
}

fn is_of_viewer(kind: Option<&str>, field: &str) -> bool {
    OF_VIEWER.iter().any(|(of, name)| Some(*of) == kind && *name == field)
}

fn is_feed(value: &Value) -> bool {
    value["__typename"] == "ChangeConnection"
}

/// A count is of what is left; the administrator's page was whole.
fn recount(before: &serde_json::Map<String, Value>, kept: &mut serde_json::Map<String, Value>) {
    if let (Some(total), Some(Value::Array(nodes))) = (before.get("totalCount"), before.get("nodes"))
        && before.contains_key("edges")
    {
        let whole = *total == json!(nodes.len()) && nodes.len() <= 100;
        let public = nodes
            .first()
            .is_some_and(|node| sight(node["__typename"].as_str().unwrap()) == Sight::Open);
        assert!(whole || public, "a page that is not whole: {total} of {}", nodes.len());
        if whole {
            kept.insert("totalCount".into(), json!(kept["nodes"].as_array().unwrap().len()));
        }
    }
}
