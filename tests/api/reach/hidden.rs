//! What is hidden and what is not there: the same answer, to the byte, by the same statements, so that neither the words
//! nor the time of an answer tells them apart.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::viewers;
use super::world::World;
use crate::common::TestApp;
use crate::on_both;

/// An id of the same type and form, of nothing.
fn of_nothing(id: &Value) -> Value {
    let mut bytes = URL_SAFE_NO_PAD.decode(id.as_str().unwrap()).unwrap();
    let last = bytes.len() - 1;
    for byte in &mut bytes[last - 4..] {
        *byte ^= 0xff;
    }
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// The answer to a document and the statements that it took.
async fn asked(app: &TestApp, key: Option<&str>, document: &str, variables: &Value) -> (String, u64) {
    let before = app.store.statements();
    let (status, answer) = app.post(key, document, variables.clone()).await;
    (format!("{status} {answer}"), app.store.statements() - before)
}

/// Documents that name a request, an item of it, its reference and its external id.
const READS: [&str; 6] = [
    "query($request: ID!) { node(id: $request) { id } }",
    "query($item: ID!) { node(id: $item) { id ... on RequestItem { request { id contact { name } } } } }",
    "query($request: ID!, $item: ID!) { nodes(ids: [$request, $item]) { id } }",
    "query($request: ID!) { assistanceRequest(by: { id: $request }) { id history { nodes { id } } items { id } } }",
    "query($reference: String!) { assistanceRequest(by: { reference: $reference }) { id contact { name } } }",
    "query($externalId: String!) { assistanceRequest(by: { externalId: { source: \"vault\", externalId: $externalId } }) { id } }",
];

/// Mutations that name a request or an item, with their inputs.
fn writes(request: &Value, item: &Value) -> Vec<(&'static str, Value)> {
    let step = json!({ "id": request, "version": 1, "reason": "because" });
    vec![
        (
            "updateAssistanceRequest",
            json!({ "id": request, "version": 1, "title": "Another" }),
        ),
        ("submitAssistanceRequest", step.clone()),
        ("withdrawAssistanceRequest", step.clone()),
        ("closeAssistanceRequest", step.clone()),
        ("confirmAssistanceRequest", step.clone()),
        ("verifyAssistanceRequest", json!({ "id": request, "version": 1 })),
        ("returnAssistanceRequest", step.clone()),
        ("rejectAssistanceRequest", step),
        (
            "createContribution",
            json!({ "item": item, "organization": "UNICEF", "quantity": 1 }),
        ),
    ]
}

const TOLD: &str = "{ userErrors { code message field params { name value } } }";

on_both! {
    async fn what_is_hidden_and_what_is_not_there_are_answered_alike(app) {
        let world = World::make(app).await;
        let mut compared = 0;
        for (viewer, key) in viewers(app).await {
            let key = key.as_deref();
            // The first use of a key in a minute is noted.
            app.ask(key, "{ viewer { name } }", json!({})).await;
            for request in &world.requests {
                let belongs = world.of(&request["id"]);
                if World::sees(&viewer, belongs.sight, belongs) {
                    continue;
                }
                let item = &request["items"][0]["id"];
                let told = |what: &str| format!("{what} of {belongs:?} by {}", viewer.called());
                let hidden = json!({
                    "request": request["id"], "item": item, "reference": request["reference"], "externalId": request["externalId"],
                });
                let absent = json!({
                    "request": of_nothing(&request["id"]), "item": of_nothing(item),
                    "reference": format!("{}-2026-999999", belongs.country), "externalId": "none",
                });
                for document in READS {
                    let (hidden, absent) = (asked(app, key, document, &hidden).await, asked(app, key, document, &absent).await);
                    assert_eq!(hidden, absent, "{}", told(document));
                    compared += 1;
                }
                let (of_hidden, of_absent) = (writes(&request["id"], item), writes(&absent["request"], &absent["item"]));
                for ((mutation, hidden), (_, absent)) in of_hidden.into_iter().zip(of_absent) {
                    let kind = match mutation {
                        "updateAssistanceRequest" => "UpdateAssistanceRequestInput",
                        "verifyAssistanceRequest" => "VerifyAssistanceRequestInput",
                        "createContribution" => "CreateContributionInput",
                        _ => "RequestStepInput",
                    };
                    let document = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {TOLD} }}");
                    let hidden = asked(app, key, &document, &json!({ "input": hidden })).await;
                    let absent = asked(app, key, &document, &json!({ "input": absent })).await;
                    assert_eq!(hidden, absent, "{}", told(mutation));
                    compared += 1;
                }
            }
        }
        assert!(compared > 500, "{compared}");
    }
}
