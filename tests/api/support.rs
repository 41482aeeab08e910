//! What many tests begin with.

use entity::enums::Role;
use serde_json::{Value, json};

use crate::common::TestApp;

/// The people of a story: Bangladesh's focal point, a coordinator, WHO's responder, and a stranger's focal point.
pub struct People {
    pub focal: String,
    pub coordinator: String,
    pub responder: String,
    pub stranger: String,
    pub reader: String,
}

pub async fn people(app: &TestApp) -> People {
    People {
        focal: app.key(Role::FocalPoint, Some("BGD"), None).await,
        coordinator: app.key(Role::Coordinator, None, None).await,
        responder: app.key(Role::Responder, None, Some("WHO")).await,
        stranger: app.key(Role::FocalPoint, Some("KEN"), None).await,
        reader: app.key(Role::Reader, None, None).await,
    }
}

/// An input for a request of Bangladesh that keeps every rule.
pub fn draft() -> Value {
    json!({
        "country": "BGD",
        "title": "Oxygen for Cox's Bazar",
        "description": "Concentrators for four field hospitals.",
        "priority": "CRITICAL",
        "peopleInNeed": 120_000,
        "neededBy": "2027-01-31",
        "contact": { "name": "A. Rahman", "email": "focal@example.org" },
        "items": [
            { "externalId": "o2", "commodity": "O2_CONCENTRATOR", "quantity": "100" },
            { "externalId": "gloves", "commodity": "GLOVES_EXAM", "quantity": "2500.5", "unitCostUsd": "0.1" },
            { "externalId": "cash", "kind": "FUNDING", "category": "HUM.MULTI", "quantity": "1000000" },
        ],
    })
}

pub const STATE: &str = "assistanceRequest { id reference version status statusReason availableSteps fulfilment
    items { id externalId quantity approvedQuantity uncoveredQuantity unmetQuantity } }
    userErrors { code field message params { name value } }";

/// A VERIFIED request of Bangladesh, as `STATE` shows it.
pub async fn verified(app: &TestApp, people: &People) -> Value {
    let mut input = draft();
    input["submit"] = true.into();
    let created = app.mutate(&people.focal, "createAssistanceRequest", input, STATE).await;
    assert_eq!(created["userErrors"], json!([]), "{created:#}");
    let verified = app
        .mutate(
            &people.coordinator,
            "verifyAssistanceRequest",
            named(&created["assistanceRequest"]),
            STATE,
        )
        .await;
    assert_eq!(verified["userErrors"], json!([]), "{verified:#}");
    verified["assistanceRequest"].clone()
}

/// The id and version of an object, as inputs name it.
pub fn named(object: &Value) -> Value {
    json!({ "id": object["id"], "version": object["version"] })
}

/// The same with more.
pub fn named_with(object: &Value, more: Value) -> Value {
    let mut input = named(object);
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

/// The codes of the user errors.
pub fn codes(payload: &Value) -> Vec<String> {
    payload["userErrors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["code"].as_str().unwrap().into())
        .collect()
}

/// Waits for the writes of other tests: on PostgreSQL all databases count their transactions together.
pub async fn up_to_date(app: &TestApp) {
    for _ in 0..10_000 {
        if nam_needs::store::needs::refresh(&app.store).await.unwrap() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("something goes on writing");
}
