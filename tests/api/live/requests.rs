//! `assistanceRequestChanged`: a request as it is, each time that the filter matches it before or after a change.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::Client;
use crate::common::TestApp;
use crate::on_both;
use crate::support::{People, draft, named, named_with, people, verified};

const CHANGED: &str = "subscription($filter: AssistanceRequestFilter) {
    assistanceRequestChanged(filter: $filter) { id title priority status contact { name } } }";
const STATE: &str = "assistanceRequest { id version } userErrors { code message }";

const FIGURES: &str =
    "subscription($filter: AssistanceRequestFilter) { assistanceRequestChanged(filter: $filter) { id fulfilment
    items { pledgedQuantity committedQuantity inTransitQuantity deliveredQuantity } } }";

/// The next request that comes by the operation with this id; what others tell is passed over.
async fn heard(client: &mut Client, id: &str) -> Value {
    loop {
        let message = client.hear().await;
        assert_eq!(message["type"], "next", "{message:#}");
        if message["id"] == id {
            return message["payload"]["data"]["assistanceRequestChanged"].clone();
        }
    }
}

/// One input with what another adds.
fn named_more(input: &Value, more: Value) -> Value {
    let mut input = input.clone();
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

/// The next request that comes by this operation.
async fn next(client: &mut Client) -> Value {
    let message = client.hear().await;
    assert_eq!(message["type"], "next", "{message:#}");
    message["payload"]["data"]["assistanceRequestChanged"].clone()
}

/// The next time that it is this one: the beacon may come once more, as it is, for a change before its last.
async fn next_of(client: &mut Client, request: &Value) -> Value {
    loop {
        let seen = next(client).await;
        if seen["id"] == request["id"] {
            return seen;
        }
    }
}

/// Subscribes, and changes a CRITICAL request that everybody sees until that is heard of: nothing else tells that a
/// subscription has begun.
async fn follow(app: &TestApp, people: &People, key: Option<&str>, filter: Value) -> Client {
    let mut client = Client::ready(app, key).await;
    client.subscribe("a", CHANGED, json!({ "filter": filter })).await;
    let mut beacon = verified(app, people).await;
    for number in 0.. {
        let title = format!("beacon {number}");
        beacon = update(app, people, &beacon, json!({ "title": title })).await;
        let heard = async { while next(&mut client).await["title"] != title {} };
        if tokio::time::timeout(Duration::from_millis(500), heard).await.is_ok() {
            break;
        }
    }
    client
}

async fn update(app: &TestApp, people: &People, request: &Value, more: Value) -> Value {
    let input = named_with(request, more);
    let answer = app
        .mutate(&people.coordinator, "updateAssistanceRequest", input, STATE)
        .await;
    assert_eq!(answer["userErrors"], json!([]));
    answer["assistanceRequest"].clone()
}

on_both! {
    async fn a_request_comes_when_the_filter_matches_before_or_after(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let mut client = follow(app, &people, None, json!({ "priority": { "eq": "CRITICAL" } })).await;
        let request = update(app, &people, &request, json!({ "title": "One" })).await;
        let seen = next_of(&mut client, &request).await;
        assert_eq!((&seen["title"], &seen["priority"], &seen["contact"]), (&json!("One"), &json!("CRITICAL"), &Value::Null));
        // It leaves the filter, which is told; what then changes is not.
        let request = update(app, &people, &request, json!({ "priority": "LOW" })).await;
        assert_eq!(next_of(&mut client, &request).await["priority"], "LOW");
        let request = update(app, &people, &request, json!({ "title": "Two" })).await;
        update(app, &people, &request, json!({ "priority": "CRITICAL" })).await;
        let seen = next_of(&mut client, &request).await;
        assert_eq!((&seen["title"], &seen["priority"]), (&json!("Two"), &json!("CRITICAL")), "the one between did not come");
    }

    async fn whoever_may_not_see_a_request_does_not_hear_of_it(app) {
        let people = people(app).await;
        let mut stranger = follow(app, &people, Some(&people.stranger), Value::Null).await;
        let mut own = follow(app, &people, Some(&people.focal), Value::Null).await;
        let created = app.mutate(&people.focal, "createAssistanceRequest", draft(), STATE).await["assistanceRequest"].clone();
        let seen = next_of(&mut own, &created).await;
        assert_eq!((&seen["id"], &seen["status"]), (&created["id"], &json!("DRAFT")));
        let submitted = app.mutate(&people.focal, "submitAssistanceRequest", named(&created), STATE).await["assistanceRequest"].clone();
        app.mutate(&people.coordinator, "verifyAssistanceRequest", named(&submitted), STATE).await;
        let seen = next_of(&mut stranger, &created).await;
        assert_eq!((&seen["status"], &seen["contact"]), (&json!("VERIFIED"), &Value::Null), "first heard of when it is public");
    }

    async fn a_request_comes_for_what_becomes_of_its_contributions(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let other = update(app, &people, &verified(app, &people).await, json!({ "priority": "LOW" })).await;
        let mut client = follow(app, &people, None, json!({ "priority": { "eq": "CRITICAL" } })).await;
        client.subscribe("figures", FIGURES, json!({ "filter": { "priority": { "eq": "CRITICAL" }, "title": { "eq": "Followed" } } })).await;
        let mut request = update(app, &people, &request, json!({ "title": "Followed" })).await;
        // Nothing else tells that it has begun.
        for number in 0.. {
            request = update(app, &people, &request, json!({ "description": format!("{number}") })).await;
            if tokio::time::timeout(Duration::from_millis(500), heard(&mut client, "figures")).await.is_ok() {
                break;
            }
        }
        let items = "query($id: ID!) { assistanceRequest(by: { id: $id }) { items { id } } }";
        let item = async |request: &Value| app.ask(None, items, json!({ "id": request["id"] })).await["assistanceRequest"]["items"][0]["id"].clone();
        let elsewhere = json!({ "item": item(&other).await, "organization": "WHO", "quantity": 1 });
        let mut given = json!({ "item": item(&request).await });
        for (field, input, expected) in [
            ("createContribution", json!({ "organization": "WHO", "quantity": "100" }), ["UNMET", "100", "0", "0", "0"]),
            ("commitContribution", json!({}), ["PARTLY_COMMITTED", "0", "100", "0", "0"]),
            ("updateContribution", json!({ "quantity": "90" }), ["PARTLY_COMMITTED", "0", "90", "0", "0"]),
            ("shipContribution", json!({}), ["PARTLY_COMMITTED", "0", "0", "90", "0"]),
            ("recordDelivery", json!({ "acceptedQuantity": 10, "rejectedQuantity": 5, "on": "2026-11-23" }), ["PARTLY_DELIVERED", "0", "0", "75", "10"]),
            ("voidDelivery", json!({ "reason": "A mistake." }), ["PARTLY_COMMITTED", "0", "0", "90", "0"]),
            ("cancelContribution", json!({ "reason": "No flight." }), ["UNMET", "0", "0", "0", "0"]),
        ] {
            // Of a request that the filter does not match, nothing is heard.
            app.mutate(&people.responder, "createContribution", elsewhere.clone(), "userErrors { code }").await;
            let mut input = if field == "createContribution" { named_more(&given, input) } else { named_with(&given, input) };
            if field == "voidDelivery" {
                input["id"] = given["deliveries"][0]["id"].clone();
            }
            let done = app.mutate(&people.coordinator, field, input, "contribution { id version deliveries { id } } userErrors { code message }").await;
            assert_eq!(done["userErrors"], json!([]), "{field}");
            given = done["contribution"].clone();
            loop {
                let seen = heard(&mut client, "figures").await;
                assert_eq!(seen["id"], request["id"], "{field}");
                let item = &seen["items"][0];
                let figures = ["pledgedQuantity", "committedQuantity", "inTransitQuantity", "deliveredQuantity"].map(|name| &item[name]);
                // What changed before may come once more, as it then is.
                if (&seen["fulfilment"], json!(figures)) == (&json!(expected[0]), json!(expected[1..])) {
                    break;
                }
            }
        }
    }
}
