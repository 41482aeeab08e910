//! What a mutation answers of the rows that it wrote, without reading them again, is what is read of them afterwards.

use serde_json::{Value, json};

use crate::common::TestApp;
use crate::on_both;
use crate::support::{codes, draft, named, named_with, people, verified};

/// All that the row of a request tells.
const REQUEST: &str = "id reference country { code name } title description language priority status availableSteps statusReason
    peopleInNeed neededBy contact { name role email phone } source sourceUrl externalId confirmedAt stale version createdAt updatedAt
    submittedAt verifiedAt closedAt";
/// All that the rows of its items tell.
const ITEMS: &str =
    "items { id externalId kind category { code name } commodity { code name } description unit { code } quantity
    approvedQuantity approvalNote unitCostUsd pledgedQuantity committedQuantity inTransitQuantity deliveredQuantity
    uncoveredQuantity unmetQuantity }";
/// All that the row of a contribution tells.
const CONTRIBUTION: &str =
    "id organization { code name } status quantity deliveredQuantity rejectedQuantity valueUsd expectedOn
    committedOn shippedOn deliveredOn cancelledOn source externalId version createdAt updatedAt";

/// What a mutation answers of its object, which is found to be what is read of it.
async fn told(app: &TestApp, key: &str, mutation: &str, object: &str, input: Value, fields: &str) -> Value {
    let selection = format!("{object} {{ {fields} }} userErrors {{ code }}");
    let payload = app.mutate(key, mutation, input, &selection).await;
    assert_eq!(codes(&payload), [""; 0], "{mutation}: {payload:#}");
    let told = payload[object].clone();
    let query = format!("{{ {object}(by: {{ id: {} }}) {{ {fields} }} }}", told["id"]);
    let read = app.ask(Some(key), &query, Value::Null).await[object].clone();
    assert_eq!(told, read, "{mutation}");
    told
}

on_both! {
    async fn a_request_is_told_as_it_was_written(app) {
        let people = people(app).await;
        let told = async |key: &str, mutation: &str, input: Value, fields: &str| {
            told(app, key, mutation, "assistanceRequest", input, fields).await
        };
        let whole = format!("{REQUEST} {ITEMS}");
        let mut input = draft();
        input["source"] = "desk".into();
        input["externalId"] = " 7 ".into();
        input["title"] = "Ö\u{308}  \"quoted\"\n line".into();
        let created = told(&people.focal, "createAssistanceRequest", input, &whole).await;
        assert_eq!(created["items"].as_array().unwrap().len(), 3);
        app.pass_days(1);
        let change = named_with(&created, json!({ "description": null, "peopleInNeed": 7, "addItems": [{ "commodity": "GLOVES_EXAM", "quantity": 1 }] }));
        let updated = told(&people.focal, "updateAssistanceRequest", change, &whole).await;
        assert_eq!(updated["items"].as_array().unwrap().len(), 4);
        let nothing = told(&people.focal, "updateAssistanceRequest", named_with(&updated, json!({ "peopleInNeed": 7 })), REQUEST).await;
        assert_eq!(nothing["version"], updated["version"], "nothing was written");
        let submitted = told(&people.focal, "submitAssistanceRequest", named(&updated), REQUEST).await;
        let returned = told(&people.coordinator, "returnAssistanceRequest", named_with(&submitted, json!({ "reason": "which?" })), REQUEST).await;
        assert_eq!((&returned["status"], &returned["statusReason"]), (&json!("RETURNED"), &json!("which?")));
        let again = told(&people.focal, "submitAssistanceRequest", named(&returned), &whole).await;
        let verified = told(&people.coordinator, "verifyAssistanceRequest", named(&again), &whole).await;
        assert_eq!(verified["items"][0]["approvedQuantity"], "100");
        let confirmed = told(&people.focal, "confirmAssistanceRequest", named(&verified), REQUEST).await;
        let closed = told(&people.focal, "closeAssistanceRequest", named_with(&confirmed, json!({ "reason": "over" })), REQUEST).await;
        assert_eq!(closed["status"], "CLOSED");
    }

    async fn a_contribution_is_told_as_it_was_written(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let told = async |key: &str, mutation: &str, input: Value| {
            told(app, key, mutation, "contribution", input, CONTRIBUTION).await
        };
        let input = json!({ "item": request["items"][0]["id"], "organization": "WHO", "quantity": "10.125", "valueUsd": "7.5", "note": "n" });
        let pledged = told(&people.responder, "createContribution", input).await;
        app.pass_days(1);
        let larger = told(&people.responder, "updateContribution", named_with(&pledged, json!({ "quantity": 12, "expectedOn": "2027-02-01" }))).await;
        let committed = told(&people.responder, "commitContribution", named(&larger)).await;
        let shipped = told(&people.responder, "shipContribution", named(&committed)).await;
        let day = shipped["shippedOn"].clone();
        let part = told(&people.focal, "recordDelivery", named_with(&shipped, json!({ "acceptedQuantity": 12, "on": day }))).await;
        assert_eq!((&part["status"], &part["deliveredQuantity"]), (&json!("DELIVERED"), &json!("12")));
        let other = json!({ "item": request["items"][0]["id"], "organization": "WHO", "quantity": 1 });
        let other = told(&people.responder, "createContribution", other).await;
        let cancelled = told(&people.responder, "cancelContribution", named_with(&other, json!({ "reason": "no plane" }))).await;
        assert_eq!(cancelled["status"], "CANCELLED");
    }

    async fn what_was_written_is_not_read_again(app) {
        let people = people(app).await;
        let create = async |selection: &str, key: Option<&str>| {
            let mut input = draft();
            input["idempotencyKey"] = key.into();
            let before = app.store.statements();
            app.mutate(&people.focal, "createAssistanceRequest", input, selection).await;
            app.store.statements() - before
        };
        let whole = format!("assistanceRequest {{ {REQUEST} {ITEMS} }}");
        create(&whole, None).await;
        let nothing = create("userErrors { code }", None).await;
        assert_eq!(create(&whole, None).await, nothing);
        let more = create("assistanceRequest { title items { quantity } totals { requestCount } }", None).await;
        assert_eq!(more, nothing + 4, "the request, its items and its totals");
        assert_eq!(create(&whole, Some("k")).await, nothing + 1, "and its key");
        let again = create(&whole, Some("k")).await;
        let first = create("userErrors { code }", Some("k")).await;
        assert_eq!(again, first + 1, "what was done before is read");
    }
}
