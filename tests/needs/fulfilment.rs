//! How far a request is met: the first that holds of DELIVERED, PARTLY_DELIVERED, COMMITTED, PARTLY_COMMITTED, UNMET.

use serde_json::{Value, json};

use crate::common::TestApp;
use crate::on_both;
use crate::world::World;

const ALL: [&str; 5] = [
    "COMMITTED",
    "DELIVERED",
    "PARTLY_COMMITTED",
    "PARTLY_DELIVERED",
    "UNMET",
];

/// What the request says, which must be what each filter says.
async fn fulfilment(app: &TestApp, request: &Value) -> String {
    let query = "query($id: ID!) { node(id: $id) { ... on AssistanceRequest { fulfilment } } }";
    let seen = app.ask(None, query, json!({ "id": request["id"] })).await["node"]["fulfilment"].clone();
    for value in ALL {
        let query =
            format!("{{ assistanceRequests(filter: {{ fulfilment: {{ eq: {value} }} }}) {{ nodes {{ id }} }} }}");
        let found = app.ask(None, &query, Value::Null).await;
        let found = found["assistanceRequests"]["nodes"].as_array().unwrap();
        let holds = found.iter().any(|one| one["id"] == request["id"]);
        assert_eq!(holds, seen == value, "the filter {value}, of a request that is {seen}");
    }
    seen.as_str().unwrap().to_owned()
}

fn two() -> Value {
    json!([{ "commodity": "GLOVES_EXAM", "quantity": "10" }, { "commodity": "O2_CONCENTRATOR", "quantity": "4" }])
}

on_both! {
    async fn a_request_is_met_step_by_step(app) {
        let world = World::new(app).await;
        let request = world.verified("BGD", "HIGH", None, two()).await;
        let (gloves, oxygen) = (&request["items"][0], &request["items"][1]);
        let mut seen = vec![fulfilment(app, &request).await];
        world.give(gloves, "WHO", "10", "PLEDGED").await;
        seen.push(fulfilment(app, &request).await);
        let whole = world.give(gloves, "WHO", "10", "COMMITTED").await;
        seen.push(fulfilment(app, &request).await);
        let part = world.give(oxygen, "UNICEF", "3", "IN_TRANSIT").await;
        seen.push(fulfilment(app, &request).await);
        let rest = world.give(oxygen, "WFP", "1", "COMMITTED").await;
        seen.push(fulfilment(app, &request).await);
        // Refused: nothing was delivered, and the need is open again.
        world.receive(&rest, "0", "1").await;
        seen.push(fulfilment(app, &request).await);
        world.receive(&whole, "10", "0").await;
        seen.push(fulfilment(app, &request).await);
        let part = world.receive(&part, "3", "0").await;
        seen.push(fulfilment(app, &request).await);
        world.give(oxygen, "WFP", "1", "DELIVERED").await;
        seen.push(fulfilment(app, &request).await);
        world.void(&part, 0).await;
        seen.push(fulfilment(app, &request).await);
        assert_eq!(seen, ["UNMET", "UNMET", "PARTLY_COMMITTED", "PARTLY_COMMITTED", "COMMITTED", "PARTLY_COMMITTED", "PARTLY_DELIVERED", "PARTLY_DELIVERED", "DELIVERED", "PARTLY_DELIVERED"]);
    }

    async fn the_end_of_a_request_does_not_make_it_met(app) {
        let world = World::new(app).await;
        let unmet = world.verified("BGD", "HIGH", None, two()).await;
        let unmet = world.take(&unmet, "close").await;
        let partly = world.verified("BGD", "HIGH", None, two()).await;
        world.give(&partly["items"][0], "WHO", "10", "DELIVERED").await;
        let partly = world.take(&partly, "close").await;
        let whole = world.verified("BGD", "HIGH", None, two()).await;
        world.give(&whole["items"][0], "WHO", "10", "DELIVERED").await;
        world.give(&whole["items"][1], "WHO", "4", "DELIVERED").await;
        let whole = world.take(&whole, "close").await;
        for (request, expected) in [(unmet, "UNMET"), (partly, "PARTLY_DELIVERED"), (whole, "DELIVERED")] {
            assert_eq!((&request["status"], fulfilment(app, &request).await.as_str()), (&json!("CLOSED"), expected));
        }
    }

    async fn what_was_not_approved_need_not_be_met(app) {
        let world = World::new(app).await;
        let request = world.submitted("BGD", "HIGH", None, two()).await;
        let approvals = json!([{ "item": request["items"][1]["id"], "approvedQuantity": "0", "note": "Not now." }]);
        let input = crate::support::named_with(&request, json!({ "approvals": approvals }));
        let done = app.mutate(&world.coordinator, "verifyAssistanceRequest", input, "userErrors { code }").await;
        assert_eq!(done["userErrors"], json!([]));
        let given = world.give(&request["items"][0], "WHO", "10", "COMMITTED").await;
        assert_eq!(fulfilment(app, &request).await, "COMMITTED");
        world.receive(&given, "10", "0").await;
        assert_eq!(fulfilment(app, &request).await, "DELIVERED");
    }
}
