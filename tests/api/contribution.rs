//! The life of a contribution, and what it does to the figures.

use serde_json::{Value, json};

use crate::common::{Backend, TestApp};
use crate::on_both;
use crate::support::{People, codes, named, named_with, people, verified};

const GIVEN: &str = "contribution { id version status quantity deliveredQuantity rejectedQuantity availableSteps trackingReference note
    committedOn shippedOn deliveredOn deliveries { id on acceptedQuantity rejectedQuantity voided }
    item { pledgedQuantity committedQuantity inTransitQuantity deliveredQuantity uncoveredQuantity unmetQuantity } request { fulfilment version } }
    userErrors { code field message params { name value } }";

async fn give(app: &TestApp, key: &str, item: &Value, quantity: &str, status: &str) -> Value {
    let input =
        json!({ "item": item["id"], "organization": "WHO", "quantity": quantity, "status": status, "note": "for us" });
    app.mutate(key, "createContribution", input, GIVEN).await
}

fn figures(payload: &Value) -> [&str; 6] {
    let item = &payload["contribution"]["item"];
    ["pledged", "committed", "inTransit", "delivered", "uncovered", "unmet"]
        .map(|name| item[format!("{name}Quantity")].as_str().unwrap())
}

async fn story(app: &TestApp) -> (People, Value) {
    let people = people(app).await;
    let request = verified(app, &people).await;
    (people, request)
}

on_both! {
    async fn what_no_database_could_add_up_is_refused(app) {
        let (people, request) = story(app).await;
        let item = &request["items"][0];
        let pledged = "UPDATE request_item SET pledged_milli = 9223372036854775807 - 1500";
        let by_operator = format!("SELECT set_config('nam.roles', 'ADMIN', false); {pledged}");
        app.alter(if app.backend == Backend::Postgres { &by_operator } else { pledged }).await.unwrap();
        assert_eq!(codes(&give(app, &people.responder, item, "1.5", "PLEDGED").await), [""; 0]);
        assert_eq!(codes(&give(app, &people.responder, item, "0.001", "PLEDGED").await), ["OUT_OF_RANGE"]);
    }

    async fn a_contribution_moves_the_figures_from_pledge_to_delivery(app) {
        let (people, request) = story(app).await;
        let item = &request["items"][0];
        let pledged = give(app, &people.responder, item, "60", "PLEDGED").await;
        assert_eq!(figures(&pledged), ["60", "0", "0", "0", "100", "100"]);
        assert_eq!(pledged["contribution"]["request"]["fulfilment"], "UNMET");
        let committed = app.mutate(&people.responder, "commitContribution", named(&pledged["contribution"]), GIVEN).await;
        assert_eq!(figures(&committed), ["0", "60", "0", "0", "40", "100"]);
        assert_eq!(committed["contribution"]["request"]["fulfilment"], "PARTLY_COMMITTED");
        let input = named_with(&committed["contribution"], json!({ "trackingReference": "AWB 1" }));
        let shipped = app.mutate(&people.responder, "shipContribution", input, GIVEN).await;
        assert_eq!(figures(&shipped), ["0", "0", "60", "0", "40", "100"]);
        assert_eq!(shipped["contribution"]["trackingReference"], "AWB 1");
        app.pass_days(3);
        let input = named_with(&shipped["contribution"], json!({ "acceptedQuantity": "45.5", "rejectedQuantity": "4.5", "rejectReason": "broken", "on": "2026-11-25" }));
        let part = app.mutate(&people.focal, "recordDelivery", input, GIVEN).await;
        assert_eq!(part["userErrors"], json!([]));
        assert_eq!(part["contribution"]["status"], "IN_TRANSIT");
        assert_eq!(figures(&part), ["0", "0", "10", "45.5", "44.5", "54.5"]);
        let input = named_with(&part["contribution"], json!({ "acceptedQuantity": 10, "on": "2026-11-26" }));
        let last = app.mutate(&people.focal, "recordDelivery", input, GIVEN).await;
        assert_eq!(last["contribution"]["status"], "DELIVERED");
        assert_eq!(last["contribution"]["deliveredOn"], "2026-11-26");
        assert_eq!(figures(&last), ["0", "0", "0", "55.5", "44.5", "44.5"]);
        let delivery = &last["contribution"]["deliveries"][0];
        let input = json!({ "id": delivery["id"], "version": last["contribution"]["version"], "reason": "counted twice" });
        let voided = app.mutate(&people.focal, "voidDelivery", input, GIVEN).await;
        assert_eq!(voided["userErrors"], json!([]), "{voided:#}");
        assert_eq!(voided["contribution"]["status"], "IN_TRANSIT");
        assert_eq!(figures(&voided), ["0", "0", "50", "10", "40", "90"]);
        assert_eq!(voided["contribution"]["request"]["version"], request["version"], "a request's version is its own");
    }

    async fn commitments_never_pass_the_base_and_pledges_reserve_nothing(app) {
        let (people, request) = story(app).await;
        let item = &request["items"][0];
        give(app, &people.responder, item, "100", "PLEDGED").await;
        let first = give(app, &people.responder, item, "70", "COMMITTED").await;
        assert_eq!(first["userErrors"], json!([]));
        let over = give(app, &people.responder, item, "30.001", "COMMITTED").await;
        assert_eq!(codes(&over), ["OVER_COMMITTED"]);
        assert_eq!(over["userErrors"][0]["params"], json!([{ "name": "available", "value": "30" }]));
        assert_eq!(over["contribution"], Value::Null);
        let exact = give(app, &people.responder, item, "30", "COMMITTED").await;
        assert_eq!(exact["userErrors"], json!([]));
        let beyond = give(app, &people.responder, item, "100.001", "PLEDGED").await;
        assert_eq!(codes(&beyond), ["OUT_OF_RANGE"]);
        let raise = named_with(&first["contribution"], json!({ "quantity": "71" }));
        let raised = app.mutate(&people.responder, "updateContribution", raise, GIVEN).await;
        assert_eq!(codes(&raised), ["OVER_COMMITTED"]);
        assert_eq!(raised["userErrors"][0]["params"][0]["value"], "70");
        let lower = json!([{ "item": item["id"], "approvedQuantity": "99", "note": "less" }]);
        let below = app.mutate(&people.coordinator, "verifyAssistanceRequest", named_with(&request, json!({ "approvals": lower })), "userErrors { code params { value } }").await;
        assert_eq!(codes(&below), ["BELOW_COMMITTED"]);
        assert_eq!(below["userErrors"][0]["params"][0]["value"], "100");
    }

    async fn what_is_available_to_a_contribution_is_the_largest_quantity_that_fits(app) {
        let (people, request) = story(app).await;
        let item = &request["items"][0];
        let given = give(app, &people.responder, item, "90", "COMMITTED").await;
        let receipt = json!({ "acceptedQuantity": 20, "rejectedQuantity": 15, "rejectReason": "broken", "on": "2026-11-23" });
        let part = app.mutate(&people.focal, "recordDelivery", named_with(&given["contribution"], receipt), GIVEN).await;
        assert_eq!(figures(&part), ["0", "0", "55", "20", "25", "80"]);
        let raise = |quantity: &Value| named_with(&part["contribution"], json!({ "quantity": quantity }));
        let over = app.mutate(&people.responder, "updateContribution", raise(&json!("200")), GIVEN).await;
        assert_eq!(codes(&over), ["OVER_COMMITTED"]);
        let available = &over["userErrors"][0]["params"][0]["value"];
        assert_eq!(available, "115");
        let over = app.mutate(&people.responder, "updateContribution", raise(&json!("115.001")), GIVEN).await;
        assert_eq!(codes(&over), ["OVER_COMMITTED"]);
        let raised = app.mutate(&people.responder, "updateContribution", raise(available), GIVEN).await;
        assert_eq!(figures(&raised), ["0", "0", "80", "20", "0", "80"]);
    }

    async fn only_the_organization_gives_and_only_the_country_receives(app) {
        let (people, request) = story(app).await;
        let item = &request["items"][0];
        let input = |organization: &str| json!({ "item": item["id"], "organization": organization, "quantity": 1 });
        assert_eq!(app.refused(Some(&people.responder), "createContribution", input("UNICEF")).await, "FORBIDDEN");
        assert_eq!(app.refused(Some(&people.focal), "createContribution", input("WHO")).await, "FORBIDDEN");
        assert_eq!(app.refused(None, "createContribution", input("WHO")).await, "UNAUTHENTICATED");
        let given = give(app, &people.responder, item, "5", "COMMITTED").await;
        let receipt = named_with(&given["contribution"], json!({ "acceptedQuantity": 5, "on": "2026-11-23" }));
        assert_eq!(app.refused(Some(&people.responder), "recordDelivery", receipt.clone()).await, "FORBIDDEN");
        assert_eq!(app.refused(Some(&people.stranger), "recordDelivery", receipt.clone()).await, "FORBIDDEN");
        let query = "query($id: ID!) { contribution(by: { id: $id }) { note trackingReference availableSteps } }";
        let id = json!({ "id": given["contribution"]["id"] });
        for (key, sees) in [(None, false), (Some(&people.stranger), false), (Some(&people.focal), true), (Some(&people.responder), true), (Some(&people.coordinator), true)] {
            let seen = app.ask(key.map(String::as_str), query, id.clone()).await;
            assert_eq!(seen["contribution"]["note"].is_string(), sees, "{seen}");
        }
        let done = app.mutate(&people.focal, "recordDelivery", receipt, GIVEN).await;
        assert_eq!(done["contribution"]["status"], "DELIVERED");
    }

    async fn a_request_ends_only_when_nothing_is_under_way_and_takes_its_pledges_with_it(app) {
        let (people, request) = story(app).await;
        let item = &request["items"][0];
        let pledge = give(app, &people.responder, item, "10", "PLEDGED").await;
        let commitment = give(app, &people.responder, item, "20", "COMMITTED").await;
        let close = named_with(&request, json!({ "reason": "enough" }));
        let refused = app.mutate(&people.focal, "closeAssistanceRequest", close.clone(), "userErrors { code }").await;
        assert_eq!(codes(&refused), ["IN_USE"]);
        let cancel = named_with(&commitment["contribution"], json!({ "reason": "no flight" }));
        let without = named(&commitment["contribution"]);
        let unreasoned = app.mutate(&people.responder, "cancelContribution", without, GIVEN).await;
        assert_eq!(codes(&unreasoned), ["REASON_REQUIRED"]);
        let cancelled = app.mutate(&people.responder, "cancelContribution", cancel, GIVEN).await;
        assert_eq!(figures(&cancelled), ["10", "0", "0", "0", "100", "100"]);
        let unreasoned = app.mutate(&people.focal, "closeAssistanceRequest", named(&request), "userErrors { code }").await;
        assert_eq!(codes(&unreasoned), ["REASON_REQUIRED"]);
        let closed = app.mutate(&people.focal, "closeAssistanceRequest", close, "assistanceRequest { status closedAt items { uncoveredQuantity unmetQuantity } } userErrors { code }").await;
        assert_eq!(closed["assistanceRequest"]["status"], "CLOSED");
        assert_eq!(closed["assistanceRequest"]["items"][0], json!({ "uncoveredQuantity": "0", "unmetQuantity": "0" }));
        let query = "query($id: ID!) { contribution(by: { id: $id }) { status availableSteps item { pledgedQuantity } } }";
        let after = app.ask(Some(&people.responder), query, json!({ "id": pledge["contribution"]["id"] })).await;
        assert_eq!(after["contribution"], json!({ "status": "CANCELLED", "availableSteps": [], "item": { "pledgedQuantity": "0" } }));
    }
}
