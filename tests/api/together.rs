//! All that is wrong with an input is told at once, with the place of each.

use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::on_both;
use crate::support::{draft, named, named_with, people, verified};

const ERRORS: &str = "userErrors { code field }";

/// Each problem as `CODE path.into.input`, in their order.
async fn told(app: &TestApp, key: &str, mutation: &str, input: Value) -> Vec<String> {
    let before = app.row_counts().await;
    let payload = app.mutate(key, mutation, input, ERRORS).await;
    assert_eq!(app.row_counts().await, before, "{mutation} left something behind");
    let errors = payload["userErrors"].as_array().unwrap();
    let problem = |error: &Value| {
        let path = error["field"].as_array().into_iter().flatten();
        let path: Vec<_> = path.map(|part| part.as_str().unwrap()).collect();
        format!("{} {}", error["code"].as_str().unwrap(), path.join("."))
    };
    errors.iter().map(problem).collect()
}

fn long() -> Value {
    "x".repeat(10_001).into()
}

on_both! {
    async fn a_request_and_its_items_are_told_together(app) {
        let people = people(app).await;
        let created = app.mutate(&people.focal, "createAssistanceRequest", draft(), "assistanceRequest { id version items { id } }").await;
        let request = &created["assistanceRequest"];
        let item = &request["items"][0]["id"];
        let input = named_with(request, json!({
            "title": "", "idempotencyKey": " ",
            "updateItems": [{ "id": item, "quantity": "0" }, { "id": request["items"][1]["id"], "quantity": null }],
            "addItems": [{ "commodity": "NOPE", "quantity": "1" }],
            "removeItems": ["nothing"],
        }));
        let expected = ["BLANK idempotencyKey", "BLANK title", "REQUIRED updateItems.1.quantity", "NOT_FOUND removeItems.0",
            "OUT_OF_RANGE updateItems.0.quantity", "NOT_FOUND addItems.0.commodity"];
        assert_eq!(told(app, &people.focal, "updateAssistanceRequest", input).await, expected);
        // Beyond what 64 bits hold, too.
        for (quantity, cost) in [("1000000000000", "1000000000"), ("923", "1000000000"), ("922", "1000000000"), ("500000000001", "1")] {
            let input = named_with(request, json!({ "updateItems": [{ "id": item, "quantity": quantity, "unitCostUsd": cost }] }));
            assert_eq!(told(app, &people.focal, "updateAssistanceRequest", input).await, ["OUT_OF_RANGE updateItems.0.quantity"], "{quantity} at {cost}");
        }
        let mut many = named(request);
        many["addItems"] = (0..201).map(|_| json!({ "commodity": "GLOVES_EXAM", "quantity": "1" })).collect();
        assert_eq!(told(app, &people.focal, "updateAssistanceRequest", many).await, ["TOO_MANY addItems"]);
        let items = json!([{ "commodity": "NOPE", "quantity": "1" }, { "commodity": "GLOVES_EXAM", "quantity": "1", "externalId": "d" },
            { "commodity": "GLOVES_EXAM", "quantity": "1", "externalId": " d" }, { "commodity": "GLOVES_EXAM", "quantity": "1", "externalId": "o2" }]);
        let input = named_with(request, json!({ "addItems": items }));
        let expected = ["NOT_FOUND addItems.0.commodity", "DUPLICATE addItems.2.externalId", "DUPLICATE addItems.3.externalId"];
        assert_eq!(told(app, &people.focal, "updateAssistanceRequest", input).await, expected);
        let mut empty = draft();
        empty["title"] = "".into();
        empty["items"] = json!([]);
        empty["submit"] = true.into();
        assert_eq!(told(app, &people.focal, "createAssistanceRequest", empty.clone()).await, ["BLANK title", "NO_ITEMS items"]);
        empty["title"] = "Oxygen".into();
        assert_eq!(told(app, &people.focal, "createAssistanceRequest", empty.clone()).await, ["NO_ITEMS items"]);
        let mut row = draft();
        row["title"] = "".into();
        row["externalId"] = "1".into();
        let import = json!({ "source": " ", "rows": [row, draft_row()] });
        assert_eq!(told(app, &people.focal, "importAssistanceRequests", import).await, ["BLANK source", "BLANK rows.0.title"]);
        row["externalId"] = " ".into();
        for dry_run in [false, true] {
            let import = json!({ "source": "S", "rows": [draft_row(), row], "dryRun": dry_run, "idempotencyKey": "" });
            let expected = ["BLANK idempotencyKey", "BLANK rows.1.title", "BLANK rows.1.externalId"];
            assert_eq!(told(app, &people.focal, "importAssistanceRequests", import).await, expected);
        }
        // What only the database knows.
        let mut input = draft();
        input["items"] = json!([]);
        input["source"] = "S".into();
        input["externalId"] = "taken".into();
        let created = app.mutate(&people.focal, "createAssistanceRequest", input.clone(), "assistanceRequest { id version }").await;
        input["idempotencyKey"] = "".into();
        assert_eq!(told(app, &people.focal, "createAssistanceRequest", input).await, ["BLANK idempotencyKey", "DUPLICATE externalId"]);
        let input = named_with(&created["assistanceRequest"], json!({ "idempotencyKey": "" }));
        assert_eq!(told(app, &people.focal, "submitAssistanceRequest", input).await, ["BLANK idempotencyKey", "NO_ITEMS id"]);
    }

    async fn items_that_are_wrong_are_not_none_and_a_source_that_is_taken_is_told_beside_all_else(app) {
        let people = people(app).await;
        let create = "createAssistanceRequest";
        let mut input = draft();
        input["submit"] = true.into();
        input["items"] = json!([{ "commodity": "GLOVES_EXAM", "quantity": "0" }]);
        assert_eq!(told(app, &people.focal, create, input.clone()).await, ["OUT_OF_RANGE items.0.quantity"]);
        input["source"] = "S".into();
        input["externalId"] = "taken".into();
        let mut first = input.clone();
        first["items"] = draft()["items"].clone();
        first["submit"] = false.into();
        assert_eq!(app.mutate(&people.focal, create, first, ERRORS).await["userErrors"], json!([]));
        assert_eq!(told(app, &people.focal, create, input.clone()).await, ["OUT_OF_RANGE items.0.quantity", "DUPLICATE externalId"]);
        input["items"] = json!([]);
        assert_eq!(told(app, &people.focal, create, input.clone()).await, ["NO_ITEMS items", "DUPLICATE externalId"]);
        // What one may not do at all comes first.
        for title in ["", "Oxygen"] {
            input["title"] = title.into();
            assert_eq!(app.refused(Some(&people.stranger), create, input.clone()).await, "FORBIDDEN");
        }
        let request = verified(app, &people).await;
        let item = &request["items"][0]["id"];
        let create = "createContribution";
        let mut given = json!({ "item": item, "organization": "WHO", "quantity": "1", "source": "S", "externalId": "taken" });
        assert_eq!(app.mutate(&people.responder, create, given.clone(), ERRORS).await["userErrors"], json!([]));
        given["quantity"] = "101".into();
        assert_eq!(told(app, &people.responder, create, given.clone()).await, ["OUT_OF_RANGE quantity", "DUPLICATE externalId"]);
        given["status"] = "COMMITTED".into();
        given["note"] = long();
        assert_eq!(told(app, &people.responder, create, given).await, ["TOO_LONG note", "OVER_COMMITTED quantity", "DUPLICATE externalId"]);
    }

    async fn what_stands_in_the_way_of_a_step_is_told_beside_its_reason(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let item = &request["items"][0]["id"];
        let input = json!({ "item": item, "organization": "WHO", "quantity": "90", "status": "COMMITTED" });
        let given = app.mutate(&people.responder, "createContribution", input, "contribution { id version }").await;
        let close = |reason: Value| named_with(&request, json!({ "reason": reason }));
        assert_eq!(told(app, &people.focal, "closeAssistanceRequest", close(Value::Null)).await, ["REASON_REQUIRED reason", "IN_USE id"]);
        assert_eq!(told(app, &people.focal, "closeAssistanceRequest", close(long())).await, ["TOO_LONG reason", "IN_USE id"]);
        assert_eq!(told(app, &people.focal, "withdrawAssistanceRequest", close(Value::Null)).await, ["REASON_REQUIRED reason", "IN_USE id"]);
        // More than is left of it.
        let input = json!({ "item": item, "organization": "WHO", "quantity": "11" });
        let pledged = app.mutate(&people.responder, "createContribution", input, "contribution { id version }").await;
        let input = named_with(&pledged["contribution"], json!({ "on": "2030-01-01" }));
        assert_eq!(told(app, &people.responder, "commitContribution", input).await, ["OUT_OF_RANGE on", "OVER_COMMITTED id"]);
        // What was refused is taken by another, so that the record can't be taken back.
        let input = named_with(&given["contribution"], json!({ "acceptedQuantity": "0", "rejectedQuantity": "90", "rejectReason": "wet", "on": "2026-11-23" }));
        let recorded = app.mutate(&people.focal, "recordDelivery", input, "contribution { version deliveries { id } } userErrors { code field }").await;
        assert_eq!(recorded["userErrors"], json!([]));
        let input = json!({ "item": item, "organization": "WHO", "quantity": "100", "status": "COMMITTED" });
        assert_eq!(app.mutate(&people.responder, "createContribution", input, ERRORS).await["userErrors"], json!([]));
        let delivery = &recorded["contribution"]["deliveries"][0]["id"];
        let void = |reason: &str| json!({ "id": delivery, "version": recorded["contribution"]["version"], "reason": reason });
        assert_eq!(told(app, &people.focal, "voidDelivery", void(" ")).await, ["BLANK reason", "OVER_COMMITTED id"]);
        assert_eq!(told(app, &people.focal, "voidDelivery", void("wrong")).await, ["OVER_COMMITTED id"]);
        // An approval of what is not there may be wrong in itself too.
        let input = named_with(&request, json!({ "approvals": [{ "item": "zz", "approvedQuantity": "-1", "note": long() }] }));
        let expected = ["NOT_FOUND approvals.0.item", "TOO_LONG approvals.0.note", "OUT_OF_RANGE approvals.0.approvedQuantity"];
        assert_eq!(told(app, &people.coordinator, "verifyAssistanceRequest", input).await, expected);
    }

    async fn a_code_that_is_retired_is_named_when_a_request_is_handed_in(app) {
        let people = people(app).await;
        let commodity = json!({ "code": "RETIRED", "name": "Soon gone", "category": "MED.PPE", "unit": "PIECE" });
        let made = app.mutate(ADMIN, "createCommodity", commodity, "commodity { id version } userErrors { code field }").await;
        assert_eq!(made["userErrors"], json!([]));
        let mut input = draft();
        input["items"] = json!([{ "commodity": "GLOVES_EXAM", "quantity": "1" }, { "commodity": "RETIRED", "quantity": "1" }]);
        let created = app.mutate(&people.focal, "createAssistanceRequest", input, "assistanceRequest { id version }").await;
        let retired = app.mutate(ADMIN, "updateCommodity", named_with(&made["commodity"], json!({ "active": false })), ERRORS).await;
        assert_eq!(retired["userErrors"], json!([]));
        let input = named_with(&created["assistanceRequest"], json!({ "reason": long() }));
        assert_eq!(told(app, &people.focal, "submitAssistanceRequest", input).await, ["TOO_LONG reason", "INACTIVE id"]);
        let select = "userErrors { code field params { name value } }";
        let submitted = app.mutate(&people.focal, "submitAssistanceRequest", named(&created["assistanceRequest"]), select).await;
        let expected = json!([{ "code": "INACTIVE", "field": ["id"],
            "params": [{ "name": "code", "value": "RETIRED" }, { "name": "item", "value": "1" }] }]);
        assert_eq!(submitted["userErrors"], expected);
    }

    async fn all_that_is_wrong_with_approvals_is_told_at_the_approval(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let second = &request["items"][1]["id"];
        let given = json!({ "item": second, "organization": "WHO", "quantity": "4", "status": "COMMITTED" });
        assert_eq!(app.mutate(&people.responder, "createContribution", given, ERRORS).await["userErrors"], json!([]));
        let approve = |quantity: &str, note: Value| named_with(&request, json!({ "approvals": [{ "item": second, "approvedQuantity": quantity, "note": note }] }));
        let verify = "verifyAssistanceRequest";
        assert_eq!(told(app, &people.coordinator, verify, approve("3", "why".into())).await, ["BELOW_COMMITTED approvals.0.approvedQuantity"]);
        assert_eq!(told(app, &people.coordinator, verify, approve("3", Value::Null)).await, ["REQUIRED approvals.0.note", "BELOW_COMMITTED approvals.0.approvedQuantity"]);
        let nothing = |note: Value| {
            let each = request["items"].as_array().unwrap().iter().map(|item| json!({ "item": item["id"], "approvedQuantity": "0", "note": note }));
            named_with(&request, json!({ "approvals": each.collect::<Vec<_>>() }))
        };
        assert_eq!(told(app, &people.coordinator, verify, nothing("none".into())).await, ["BELOW_COMMITTED approvals.1.approvedQuantity", "INVALID approvals"]);
        // What can't be read is not nothing.
        let unread = json!([{ "item": request["items"][0]["id"], "approvedQuantity": "0", "note": "n" },
            { "item": request["items"][2]["id"], "approvedQuantity": "0", "note": "n" }, { "item": second, "approvedQuantity": "4.12345", "note": "n" }]);
        assert_eq!(told(app, &people.coordinator, verify, named_with(&request, json!({ "approvals": unread }))).await, ["INVALID approvals.2.approvedQuantity"]);
        let input = named_with(&request, json!({ "idempotencyKey": "", "reason": "over" }));
        assert_eq!(told(app, &people.coordinator, "closeAssistanceRequest", input).await[0], "BLANK idempotencyKey");
        let mut input = draft();
        input["submit"] = true.into();
        input["items"] = json!([{ "commodity": "GLOVES_EXAM", "quantity": "5" }]);
        let created = app.mutate(&people.focal, "createAssistanceRequest", input, "assistanceRequest { id version items { id } }").await;
        let other = &created["assistanceRequest"];
        let input = named_with(other, json!({ "idempotencyKey": "", "approvals": [{ "item": other["items"][0]["id"], "approvedQuantity": "0" }] }));
        assert_eq!(told(app, &people.coordinator, verify, input).await, ["BLANK idempotencyKey", "REQUIRED approvals.0.note", "INVALID approvals"]);
    }

    async fn a_contribution_and_what_the_item_takes_are_told_together(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let item = &request["items"][0]["id"];
        let create = "createContribution";
        let input = json!({ "item": "zz", "organization": "WHO", "quantity": "0" });
        assert_eq!(told(app, &people.responder, create, input).await, ["OUT_OF_RANGE quantity", "NOT_FOUND item"]);
        for (status, code) in [("PLEDGED", "OUT_OF_RANGE quantity"), ("COMMITTED", "OVER_COMMITTED quantity")] {
            let input = json!({ "item": item, "organization": "WHO", "quantity": "101", "valueUsd": "-1", "status": status });
            assert_eq!(told(app, &people.responder, create, input).await, ["OUT_OF_RANGE valueUsd", code]);
        }
        let input = json!({ "item": item, "organization": "WHO", "quantity": "10", "status": "COMMITTED" });
        let given = app.mutate(&people.responder, create, input, "contribution { id version }").await;
        let given = &given["contribution"];
        let input = named_with(given, json!({ "quantity": "101", "note": long() }));
        assert_eq!(told(app, &people.responder, "updateContribution", input).await, ["TOO_LONG note", "OVER_COMMITTED quantity"]);
        let pledged = json!({ "item": item, "organization": "WHO", "quantity": "95" });
        let pledged = app.mutate(&people.responder, create, pledged, "contribution { id version }").await;
        let input = named_with(&pledged["contribution"], json!({ "trackingReference": "x".repeat(300), "idempotencyKey": "" }));
        assert_eq!(told(app, &people.responder, "commitContribution", input).await, ["BLANK idempotencyKey", "TOO_LONG trackingReference", "OVER_COMMITTED id"]);
        let record = |more: Value| named_with(given, more);
        let input = record(json!({ "acceptedQuantity": "-1", "on": "2030-01-01" }));
        assert_eq!(told(app, &people.focal, "recordDelivery", input).await, ["OUT_OF_RANGE acceptedQuantity", "OUT_OF_RANGE on"]);
        let input = record(json!({ "acceptedQuantity": "11", "note": long(), "on": "2030-01-01" }));
        assert_eq!(told(app, &people.focal, "recordDelivery", input).await, ["TOO_LONG note", "OUT_OF_RANGE acceptedQuantity", "OUT_OF_RANGE on"]);
        let mut input = record(json!({ "acceptedQuantity": "-1", "on": "2026-11-22" }));
        input["version"] = 7.into();
        assert_eq!(told(app, &people.focal, "recordDelivery", input).await, ["OUT_OF_RANGE acceptedQuantity", "STALE_VERSION version"]);
        // Whoever has no right is told of nothing else.
        let input = record(json!({ "acceptedQuantity": "-1", "on": "2026-11-22" }));
        assert_eq!(app.refused(Some(&people.stranger), "recordDelivery", input).await, "FORBIDDEN");
    }

    async fn what_was_done_under_a_key_is_given_again_though_it_is_refused_by_now(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let item = &request["items"][0]["id"];
        let input = json!({ "item": item, "organization": "WHO", "quantity": "100", "status": "COMMITTED", "idempotencyKey": "once" });
        let select = "contribution { id } userErrors { code field }";
        let first = app.mutate(&people.responder, "createContribution", input.clone(), select).await;
        // Nothing is uncovered any more.
        assert_eq!(app.mutate(&people.responder, "createContribution", input, select).await, first);
        let other = json!({ "item": item, "organization": "WHO", "quantity": "0", "idempotencyKey": "once" });
        assert_eq!(told(app, &people.responder, "createContribution", other).await, ["OUT_OF_RANGE quantity", "IDEMPOTENCY_MISMATCH idempotencyKey"]);
    }

    async fn handing_in_shows_no_reason(app) {
        let people = people(app).await;
        let created = app.mutate(&people.focal, "createAssistanceRequest", draft(), "assistanceRequest { id version }").await;
        let input = named_with(&created["assistanceRequest"], json!({ "reason": "please" }));
        let select = "assistanceRequest { id version status statusReason }";
        let submitted = app.mutate(&people.focal, "submitAssistanceRequest", input, select).await;
        assert_eq!(submitted["assistanceRequest"]["statusReason"], Value::Null);
        let input = named_with(&submitted["assistanceRequest"], json!({ "reason": "unclear" }));
        let returned = app.mutate(&people.coordinator, "returnAssistanceRequest", input, select).await;
        assert_eq!(returned["assistanceRequest"]["statusReason"], "unclear");
        let again = app.mutate(&people.focal, "submitAssistanceRequest", named(&returned["assistanceRequest"]), select).await;
        assert_eq!(again["assistanceRequest"]["statusReason"], Value::Null);
    }

    async fn a_list_of_a_mutation_has_so_many_values_and_no_more(app) {
        let people = people(app).await;
        let created = app.mutate(&people.focal, "createAssistanceRequest", draft(), "assistanceRequest { id version }").await;
        let ids: Value = (0..201).map(|_| json!("x")).collect();
        let input = named_with(&created["assistanceRequest"], json!({ "removeItems": ids }));
        assert_eq!(app.refused(Some(&people.focal), "updateAssistanceRequest", input).await, "BAD_USER_INPUT");
        let roles: Value = (0..201).map(|_| json!("READER")).collect();
        let input = json!({ "name": "many", "roles": roles });
        assert_eq!(app.refused(Some(ADMIN), "createApiKey", input).await, "BAD_USER_INPUT");
    }

    async fn what_was_written_is_found_by_the_same_text(app) {
        let people = people(app).await;
        let (source, external_id) = ("So\u{301}urce ", " Re\u{301}f-1 ");
        let mut input = draft();
        input["source"] = source.into();
        input["externalId"] = external_id.into();
        app.mutate(&people.focal, "createAssistanceRequest", input, ERRORS).await;
        let query = "query($s: String!, $e: String!) { assistanceRequest(by: { externalId: { source: $s, externalId: $e } }) { externalId }
            assistanceRequests(filter: { source: { eq: $s }, externalId: { in: [$e] } }) { totalCount } }";
        let found = app.ask(Some(&people.focal), query, json!({ "s": source, "e": external_id })).await;
        assert_eq!(found, json!({ "assistanceRequest": { "externalId": "R\u{e9}f-1" }, "assistanceRequests": { "totalCount": 1 } }));
    }

    async fn an_error_within_a_list_is_told_where_it_happened(app) {
        let people = people(app).await;
        verified(app, &people).await;
        for (query, path) in [
            ("{ countries(first: 2) { nodes { code list: assistanceRequests(first: 101) { nodes { id } } } } }", json!(["countries", "nodes", 0, "list"])),
            ("{ countries(first: 2) { edges { node { assistanceRequests(first: 101) { nodes { id } } } } } }", json!(["countries", "edges", 0, "node", "assistanceRequests"])),
            ("{ assistanceRequests(first: 1) { nodes { items { contributions(first: 101) { nodes { id } } } } } }", json!(["assistanceRequests", "nodes", 0, "items", 0, "contributions"])),
            ("{ assistanceRequests(first: 1) { nodes { items { id } } nodes { items { contributions(first: 101) { nodes { id } } } } } }", json!(["assistanceRequests", "nodes", 0, "items", 0, "contributions"])),
        ] {
            let (_, answer) = app.post(None, query, json!({})).await;
            assert_eq!(answer["errors"][0]["path"], path, "{query}\n{answer:#}");
        }
    }
}

/// A row of an import that keeps every rule.
fn draft_row() -> Value {
    let mut row = draft();
    row["externalId"] = "2".into();
    row
}
