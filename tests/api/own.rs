//! Nobody reviews what one created or submitted oneself, whatever roles one has and by whichever way it came in.

use entity::enums::Role;
use serde_json::{Value, json};

use crate::common::TestApp;
use crate::on_both;
use crate::support::{STATE, draft, named, named_with};

const REVIEWS: [&str; 3] = [
    "verifyAssistanceRequest",
    "returnAssistanceRequest",
    "rejectAssistanceRequest",
];

async fn reviewers(app: &TestApp) -> [(&'static str, String); 3] {
    [
        ("a coordinator", app.key(Role::Coordinator, None, None).await),
        ("an administrator", app.key(Role::Admin, None, None).await),
        (
            "one with both roles",
            app.key_of(&[Role::FocalPoint, Role::Coordinator], Some("BGD"), None)
                .await,
        ),
    ]
}

fn input(step: &str, request: &Value) -> Value {
    match step {
        "verifyAssistanceRequest" => named(request),
        _ => named_with(request, json!({ "reason": "because" })),
    }
}

/// A SUBMITTED request that came in this way: by whom it was created, and by whom it was submitted.
async fn submitted(app: &TestApp, way: &str, own: &str, other: &str) -> Value {
    let (creator, submitter) = match way {
        "created by oneself" => (own, other),
        "submitted by oneself" => (other, own),
        "imported by oneself" => {
            let mut row = draft();
            row["externalId"] = uuid::Uuid::now_v7().to_string().into();
            let input = json!({ "source": "ministry", "rows": [row], "submit": true });
            let payload = app
                .mutate(
                    own,
                    "importAssistanceRequests",
                    input,
                    "failed assistanceRequests { id version status }",
                )
                .await;
            assert_eq!(payload["failed"], 0, "{payload:#}");
            return payload["assistanceRequests"][0].clone();
        }
        _ => (own, own),
    };
    let created = app.mutate(creator, "createAssistanceRequest", draft(), STATE).await;
    let input = named(&created["assistanceRequest"]);
    let submitted = app.mutate(submitter, "submitAssistanceRequest", input, STATE).await;
    submitted["assistanceRequest"].clone()
}

async fn state(app: &TestApp, key: &str, request: &Value) -> Value {
    let query = "query($id: ID!) { assistanceRequest(by: { id: $id }) { version status availableSteps items { approvedQuantity } } }";
    app.ask(Some(key), query, json!({ "id": request["id"] })).await["assistanceRequest"].clone()
}

/// The reviews among the steps that one is told are open.
fn offered(state: &Value) -> Vec<&str> {
    let steps = state["availableSteps"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str);
    steps.filter(|step| REVIEWS.contains(step)).collect()
}

on_both! {
    async fn nobody_reviews_what_one_created_or_submitted(app) {
        let other = app.key(Role::Coordinator, None, None).await;
        for (who, own) in reviewers(app).await {
            for way in ["created by oneself", "submitted by oneself", "both by oneself", "imported by oneself"] {
                let request = submitted(app, way, &own, &other).await;
                assert_eq!(request["status"], "SUBMITTED", "{way}");
                let was = state(app, &own, &request).await;
                assert!(offered(&was).is_empty(), "{who}, {way}: {was}");
                for step in REVIEWS {
                    assert_eq!(app.refused(Some(&own), step, input(step, &request)).await, "FORBIDDEN", "{step} by {who}, {way}");
                }
                assert_eq!(state(app, &own, &request).await, was, "{who}, {way}");
                // It is the hand in it that counts, not the role.
                let third = app.key(Role::Coordinator, None, None).await;
                assert_eq!(offered(&state(app, &third, &request).await), REVIEWS, "{who}, {way}");
                let done = app.mutate(&third, "verifyAssistanceRequest", named(&request), STATE).await;
                assert_eq!(done["assistanceRequest"]["status"], "VERIFIED", "{who}, {way}");
            }
        }
    }

    async fn nobody_approves_more_or_less_of_what_one_created_once_it_is_verified(app) {
        let other = app.key(Role::Coordinator, None, None).await;
        for (who, own) in reviewers(app).await {
            let request = submitted(app, "both by oneself", &own, &other).await;
            let verified = app.mutate(&other, "verifyAssistanceRequest", named(&request), STATE).await["assistanceRequest"].clone();
            let was = state(app, &own, &verified).await;
            assert!(offered(&was).is_empty(), "{who}: {was}");
            let approvals = json!({ "approvals": [{ "item": verified["items"][0]["id"], "approvedQuantity": 1, "note": "less" }] });
            for input in [named(&verified), named_with(&verified, approvals.clone())] {
                assert_eq!(app.refused(Some(&own), "verifyAssistanceRequest", input).await, "FORBIDDEN", "{who}");
            }
            assert_eq!(state(app, &own, &verified).await, was, "{who}");
            let done = app.mutate(&other, "verifyAssistanceRequest", named_with(&verified, approvals), STATE).await;
            assert_eq!(done["assistanceRequest"]["items"][0]["approvedQuantity"], "1", "{who}");
        }
    }

    async fn whoever_submits_last_counts_and_whoever_created_it_always(app) {
        let [(_, one), (_, two), _] = reviewers(app).await;
        let request = submitted(app, "submitted by oneself", &one, &two).await;
        // The administrator created it, the coordinator submitted it: a third returns it, and the administrator submits it again.
        let third = app.key(Role::Coordinator, None, None).await;
        let returned = app.mutate(&third, "returnAssistanceRequest", input("returnAssistanceRequest", &request), STATE).await;
        let again = app.mutate(&two, "submitAssistanceRequest", named(&returned["assistanceRequest"]), STATE).await["assistanceRequest"].clone();
        assert_eq!(offered(&state(app, &two, &again).await), [""; 0]);
        assert_eq!(app.refused(Some(&two), "verifyAssistanceRequest", named(&again)).await, "FORBIDDEN");
        let done = app.mutate(&one, "verifyAssistanceRequest", named(&again), STATE).await;
        assert_eq!(done["assistanceRequest"]["status"], "VERIFIED", "the earlier submission has been returned");
    }
}
