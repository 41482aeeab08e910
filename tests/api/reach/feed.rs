//! The feed by each viewer's eyes: as a query, as a subscription, and as the history of a request.

use serde_json::{Value, json};

use super::viewers;
use super::world::World;
use crate::common::{ADMIN, TestApp};
use crate::live::client::Client;
use crate::on_both;
use crate::table::{Row, Viewer};

const CHANGE: &str =
    "sequence action actor subjectType subjectId subject { __typename ... on Node { id } } diff { field before after }";

/// All changes that a viewer is told, page after page.
async fn changes(app: &TestApp, key: Option<&str>) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let query = format!(
            "query($after: String) {{ changes(first: 100, after: $after) {{ nodes {{ {CHANGE} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let page = app.ask(key, &query, json!({ "after": after })).await["changes"].clone();
        all.extend(page["nodes"].as_array().unwrap().iter().cloned());
        if page["pageInfo"]["hasNextPage"] == false {
            return all;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// That a viewer is told no more of a change than the contract allows.
fn check(world: &World, viewer: &Viewer, change: &Value) {
    let told = || format!("{}: {change:#}", viewer.called());
    let fields = change["diff"].as_array().unwrap().iter();
    let named = |name: &str| fields.clone().find(|one| one["field"] == name);
    let kind = change["subjectType"].as_str().unwrap();
    let text = change.to_string();
    assert!(
        !text.contains("focal@example.org") && !text.contains("A. Rahman"),
        "a contact: {}",
        told()
    );
    if !["AssistanceRequest", "RequestItem", "Contribution", "Delivery"].contains(&kind) {
        let administers = viewer.may(Row::Administer, None, None);
        assert!(kind != "ApiKey" || administers, "{}", told());
        assert_eq!(
            change["actor"].is_string(),
            viewer.may(Row::Confidential, None, None),
            "{}",
            told()
        );
        return;
    }
    let belongs = world.of(&change["subjectId"]);
    let saw = belongs
        .past
        .iter()
        .chain([&belongs.sight])
        .any(|row| World::sees(viewer, *row, belongs));
    assert!(saw, "never seen: {}", told());
    assert_eq!(
        change["subject"].is_object(),
        World::sees(viewer, belongs.sight, belongs),
        "{}",
        told()
    );
    let confidential = viewer.may(
        Row::Confidential,
        Some(&belongs.country),
        belongs.organization.as_deref(),
    );
    assert_eq!(change["actor"].is_string(), confidential, "{}", told());
    if !confidential {
        for field in ["note", "trackingReference", "rejectReason", "cancelReason"] {
            assert!(named(field).is_none(), "{}", told());
        }
        for secret in ["hush", "AWB 1", "broken", "wet"] {
            assert!(!text.contains(secret), "{}", told());
        }
    }
    if !viewer.may(Row::Contact, Some(&belongs.country), None) {
        assert!(named("contact").is_none(), "{}", told());
    }
}

on_both! {
    async fn the_feed_tells_each_viewer_what_the_contract_lets_them_know(app) {
        let world = World::make(app).await;
        let viewers = viewers(app).await;
        let all = changes(app, Some(ADMIN)).await;
        assert!(["hush", "AWB 1", "broken", "wet"].iter().all(|secret| format!("{all:?}").contains(secret)));
        for (viewer, key) in &viewers {
            let seen = changes(app, key.as_deref()).await;
            for change in &seen {
                check(&world, viewer, change);
            }
            // Nothing of what they see is missing: each object that exists for them begins in their feed.
            for (id, belongs) in &world.objects {
                let told = seen.iter().any(|change| change["subjectId"] == json!(id));
                let saw = belongs.past.iter().chain([&belongs.sight]).any(|row| World::sees(viewer, *row, belongs));
                assert_eq!(told, saw, "{id} {belongs:?} for {}", viewer.called());
            }
            // The subscription from the beginning says the same, one by one.
            let beginning = app.ask(key.as_deref(), "{ changes(first: 1) { edges { cursor node { sequence } } } }", json!({})).await;
            let first = &beginning["changes"]["edges"][0];
            let mut client = Client::ready(app, key.as_deref()).await;
            let query = format!("subscription($after: String) {{ changes(after: $after) {{ node {{ {CHANGE} }} }} }}");
            client.subscribe("1", &query, json!({ "after": first["cursor"] })).await;
            for change in seen.iter().filter(|change| change["sequence"] != first["node"]["sequence"]) {
                let message = client.hear().await;
                assert_eq!(message["payload"]["data"]["changes"]["node"], *change, "{}", viewer.called());
            }
            // And so does the history of each request that they see.
            for request in &world.requests {
                let query = format!("query($id: ID!) {{ assistanceRequest(by: {{ id: $id }}) {{ history(first: 100) {{ nodes {{ {CHANGE} }} }} }} }}");
                let history = app.ask(key.as_deref(), &query, json!({ "id": request["id"] })).await;
                let belongs = world.of(&request["id"]);
                let sees = World::sees(viewer, belongs.sight, belongs);
                assert_eq!(history["assistanceRequest"].is_object(), sees, "{}", viewer.called());
                for change in history["assistanceRequest"]["history"]["nodes"].as_array().into_iter().flatten() {
                    assert!(seen.contains(change), "{}: {change:#}", viewer.called());
                }
            }
        }
    }
}
