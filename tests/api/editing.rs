//! What was entered is changed: items added, changed and taken out at once; in each status what its rules allow.

use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::on_both;
use crate::support::{People, STATE, codes, draft, named, named_with, people, verified};

const UPDATE: &str = "updateAssistanceRequest";
const WHOLE: &str = "query($id: ID!) { assistanceRequest(by: { id: $id }) {
    id version status title description priority peopleInNeed neededBy confirmedAt verifiedAt stale contact { name email }
    items { id externalId description quantity approvedQuantity uncoveredQuantity unitCostUsd commodity { code } }
    history(first: 100) { nodes { action subjectId diff { field before after } } } } }";

async fn whole(app: &TestApp, request: &Value) -> Value {
    let seen = app.ask(Some(ADMIN), WHOLE, json!({ "id": request["id"] })).await;
    seen["assistanceRequest"].clone()
}

async fn drafted(app: &TestApp, people: &People) -> Value {
    let created = app
        .mutate(&people.focal, "createAssistanceRequest", draft(), STATE)
        .await;
    created["assistanceRequest"].clone()
}

/// A request that has taken these steps.
async fn after(app: &TestApp, people: &People, steps: &[&str]) -> Value {
    let mut request = drafted(app, people).await;
    for step in steps {
        let (key, input) = match *step {
            "verify" => (&people.coordinator, named(&request)),
            "return" | "reject" => (
                &people.coordinator,
                named_with(&request, json!({ "reason": "because" })),
            ),
            _ => (&people.focal, named_with(&request, json!({ "reason": "because" }))),
        };
        let taken = app.mutate(key, &format!("{step}AssistanceRequest"), input, STATE).await;
        assert_eq!(taken["userErrors"], json!([]), "{step}: {taken:#}");
        request = taken["assistanceRequest"].clone();
    }
    request
}

/// The fields that a change of this action tells of this object, with their values before and after.
fn told(request: &Value, action: &str, subject: &Value) -> Vec<(String, Value, Value)> {
    let changes = request["history"]["nodes"].as_array().unwrap();
    let is = |change: &&Value| change["action"] == action && change["subjectId"] == *subject;
    let found: Vec<&Value> = changes.iter().filter(is).collect();
    let [change] = found[..] else {
        panic!("{action} {subject}: {found:#?}\n{changes:#?}")
    };
    let json = |value: &Value| {
        value
            .as_str()
            .map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
    };
    let diff = change["diff"].as_array().unwrap().iter();
    let mut diff: Vec<_> = diff
        .map(|one| {
            (
                one["field"].as_str().unwrap().to_owned(),
                json(&one["before"]),
                json(&one["after"]),
            )
        })
        .collect();
    diff.sort_by(|one, other| one.0.cmp(&other.0));
    diff
}

/// What moved of each item, in thousandths.
async fn moved(app: &TestApp) -> Vec<(i64, i64)> {
    let sums =
        "SELECT CAST(SUM(requested_milli) AS TEXT), CAST(SUM(uncovered_milli) AS TEXT) FROM movement GROUP BY item_id";
    let rows = app.rows(sums).await;
    let number = |text: &Option<String>| text.as_ref().unwrap().parse().unwrap();
    let mut sums: Vec<(i64, i64)> = rows.iter().map(|row| (number(&row[0]), number(&row[1]))).collect();
    sums.sort_unstable();
    sums
}

on_both! {
    async fn items_are_added_changed_and_taken_out_in_one_step(app) {
        let people = people(app).await;
        let before = drafted(app, &people).await;
        let [o2, gloves, cash] = [0, 1, 2].map(|index| before["items"][index]["id"].clone());
        app.pass_days(1);
        // Two swap their external ids, and a new one takes that of the one that goes.
        let patch = json!({
            "title": "Oxygen and more",
            "removeItems": [o2],
            "updateItems": [
                { "id": gloves, "externalId": "cash", "quantity": "3000", "unitCostUsd": "0.2", "description": "Nitrile" },
                { "id": cash, "externalId": "gloves" },
            ],
            "addItems": [{ "externalId": "o2", "commodity": "O2_CONCENTRATOR", "quantity": "7" }],
        });
        let updated = app.mutate(&people.focal, UPDATE, named_with(&before, patch), STATE).await;
        assert_eq!(updated["userErrors"], json!([]), "{updated:#}");
        let request = whole(app, &before).await;
        assert_eq!((&request["version"], &request["status"], &request["title"]), (&json!(2), &json!("DRAFT"), &json!("Oxygen and more")));
        let new = request["items"][2]["id"].clone();
        assert_ne!(new, o2);
        let item = |id: &Value, external_id: &str, description: Value, quantity: &str, cost: &str, commodity: Value| json!({
            "id": id, "externalId": external_id, "description": description, "quantity": quantity, "approvedQuantity": null,
            "uncoveredQuantity": quantity, "unitCostUsd": cost, "commodity": commodity,
        });
        assert_eq!(request["items"], json!([
            item(&gloves, "cash", json!("Nitrile"), "3000", "0.2", json!({ "code": "GLOVES_EXAM" })),
            item(&cash, "gloves", Value::Null, "1000000", "1", Value::Null),
            item(&new, "o2", Value::Null, "7", "588", json!({ "code": "O2_CONCENTRATOR" })),
        ]));

        let title = told(&request, "assistanceRequest.updated", &before["id"]);
        assert_eq!(title[..1], [("title".into(), json!("Oxygen for Cox's Bazar"), json!("Oxygen and more"))], "{title:?}");
        let fields: Vec<_> = told(&request, "requestItem.updated", &gloves).into_iter().filter(|one| !one.0.starts_with('u') || one.0 == "unitCostUsd").collect();
        assert_eq!(fields, [
            ("description".into(), Value::Null, json!("Nitrile")),
            ("externalId".into(), json!("gloves"), json!("cash")),
            ("quantity".into(), json!("2500.5"), json!("3000")),
            ("unitCostUsd".into(), json!("0.1"), json!("0.2")),
        ]);
        assert_eq!(told(&request, "requestItem.updated", &cash), [("externalId".into(), json!("cash"), json!("gloves"))]);
        let gone = told(&request, "requestItem.removed", &o2);
        assert!(gone.iter().all(|(_, before, after)| !before.is_null() && after.is_null()), "{gone:?}");
        assert!(told(&request, "requestItem.created", &new).iter().all(|(_, before, _)| before.is_null()));

        assert_eq!(moved(app).await, [], "nothing stands in any total yet");
        let submitted = app.mutate(&people.focal, "submitAssistanceRequest", named(&request), STATE).await;
        app.mutate(&people.coordinator, "verifyAssistanceRequest", named(&submitted["assistanceRequest"]), STATE).await;
        assert_eq!(moved(app).await, [(7_000, 7_000), (3_000_000, 3_000_000), (1_000_000_000, 1_000_000_000)]);
        let totals = app.ask(None, "{ needsAnalysis(groupBy: [COUNTRY]) { nodes { totals { itemCount requestedValueUsd } } } }", json!({})).await;
        assert_eq!(totals["needsAnalysis"]["nodes"][0]["totals"], json!({ "itemCount": 3, "requestedValueUsd": "1004716" }), "3000 × 0.2 + 1000000 + 7 × 588");
    }

    async fn one_mistake_among_the_items_changes_nothing_and_all_are_told(app) {
        let people = people(app).await;
        let before = drafted(app, &people).await;
        let [o2, gloves, _] = [0, 1, 2].map(|index| before["items"][index]["id"].clone());
        let patch = json!({
            "title": "Another",
            "removeItems": [o2, before["id"]],
            "updateItems": [
                { "id": o2, "quantity": 1 }, { "id": gloves, "quantity": 0 }, { "id": gloves, "quantity": 2 },
                { "id": gloves, "externalId": "cash" },
            ],
            "addItems": [{ "externalId": "cash", "commodity": "XXX", "quantity": 1 }],
        });
        let was = whole(app, &before).await;
        let refused = app.mutate(&people.focal, UPDATE, named_with(&before, patch), "userErrors { code field }").await;
        let errors: Vec<String> = refused["userErrors"].as_array().unwrap().iter()
            .map(|error| format!("{} {}", error["code"].as_str().unwrap(), error["field"])).collect();
        for expected in [
            r#"NOT_FOUND ["removeItems","1"]"#,
            r#"CONFLICT ["updateItems","0","id"]"#,
            r#"OUT_OF_RANGE ["updateItems","1","quantity"]"#,
            r#"DUPLICATE ["updateItems","2","id"]"#,
            r#"DUPLICATE ["updateItems","3","id"]"#,
            r#"NOT_FOUND ["addItems","0","commodity"]"#,
        ] {
            assert!(errors.iter().any(|error| error == expected), "{expected}: {errors:#?}");
        }
        assert_eq!(whole(app, &before).await, was);
        let twice = json!({ "updateItems": [{ "id": gloves, "externalId": "cash" }] });
        let refused = app.mutate(&people.focal, UPDATE, named_with(&before, twice), "userErrors { code field }").await;
        assert_eq!(refused["userErrors"], json!([{ "code": "DUPLICATE", "field": ["updateItems", "0", "externalId"] }]));
    }

    async fn what_is_being_reviewed_or_has_ended_is_not_edited_by_anybody(app) {
        let people = people(app).await;
        for (status, steps) in [
            ("SUBMITTED", &["submit"][..]),
            ("REJECTED", &["submit", "reject"]),
            ("WITHDRAWN", &["withdraw"]),
            ("CLOSED", &["submit", "verify", "close"]),
        ] {
            let request = after(app, &people, steps).await;
            let was = whole(app, &request).await;
            assert_eq!(was["status"], status);
            for patch in [
                json!({ "title": "Another" }),
                json!({ "description": "More." }),
                json!({ "updateItems": [{ "id": request["items"][0]["id"], "quantity": 1 }] }),
                json!({ "removeItems": [request["items"][0]["id"]] }),
                json!({}),
            ] {
                for key in [people.focal.as_str(), people.coordinator.as_str(), ADMIN] {
                    let refused = app.mutate(key, UPDATE, named_with(&request, patch.clone()), STATE).await;
                    assert_eq!(codes(&refused), ["INVALID_TRANSITION"], "{status} {patch}");
                }
            }
            assert_eq!(whole(app, &request).await, was);
        }
        let returned = after(app, &people, &["submit", "return"]).await;
        let patch = json!({ "title": "Another", "removeItems": [returned["items"][0]["id"]] });
        let updated = app.mutate(&people.focal, UPDATE, named_with(&returned, patch), STATE).await;
        assert_eq!(updated["userErrors"], json!([]));
        assert_eq!((&updated["assistanceRequest"]["status"], updated["assistanceRequest"]["items"].as_array().unwrap().len()), (&json!("RETURNED"), 2));
    }

    async fn of_a_verified_request_its_country_changes_what_nobody_has_to_review(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let was = whole(app, &request).await;
        app.pass_days(3);
        for (field, value) in [("title", json!("Another")), ("priority", json!("LOW")), ("peopleInNeed", json!(1)), ("peopleInNeed", Value::Null)] {
            let patch = json!({ field: value, "description": "Not written either." });
            assert_eq!(app.refused(Some(&people.focal), UPDATE, named_with(&request, patch)).await, "FORBIDDEN", "{field}");
        }
        for (key, list) in [
            (people.focal.as_str(), "addItems"), (&people.focal, "updateItems"), (&people.focal, "removeItems"),
            (&people.coordinator, "addItems"), (ADMIN, "removeItems"),
        ] {
            let items = match list {
                "addItems" => json!([{ "commodity": "O2_CONCENTRATOR", "quantity": "7" }]),
                "updateItems" => json!([{ "id": request["items"][0]["id"], "quantity": 1 }]),
                _ => json!([request["items"][0]["id"]]),
            };
            let refused = app.mutate(key, UPDATE, named_with(&request, json!({ list: items })), "userErrors { code field }").await;
            assert_eq!(refused["userErrors"], json!([{ "code": "INVALID_TRANSITION", "field": [list] }]));
        }
        assert_eq!(whole(app, &request).await, was);

        // What is said again is no change.
        let patch = json!({
            "title": was["title"], "priority": was["priority"], "peopleInNeed": was["peopleInNeed"],
            "description": "For six.", "neededBy": "2027-02-28", "contact": { "name": "B. Khan", "email": "b@example.org" },
        });
        let updated = app.mutate(&people.focal, UPDATE, named_with(&request, patch), STATE).await;
        assert_eq!(updated["userErrors"], json!([]), "{updated:#}");
        let mut expected = was.clone();
        for (field, value) in [("version", json!(4)), ("description", json!("For six.")), ("neededBy", json!("2027-02-28")), ("contact", json!({ "name": "B. Khan", "email": "b@example.org" }))] {
            expected[field] = value;
        }
        let mut now = whole(app, &request).await;
        let fields: Vec<String> = now["history"]["nodes"].as_array().unwrap().last().unwrap()["diff"].as_array().unwrap().iter()
            .map(|one| one["field"].as_str().unwrap().into()).collect();
        for field in ["description", "neededBy", "contact"] {
            assert!(fields.iter().any(|one| one == field), "{fields:?}");
        }
        now["history"] = was["history"].clone();
        expected["version"] = (was["version"].as_i64().unwrap() + 1).into();
        assert_eq!(now, expected, "still VERIFIED, since the day on which it was");

        let patch = json!({ "title": "Another", "priority": "LOW", "peopleInNeed": 1 });
        let updated = app.mutate(&people.coordinator, UPDATE, named_with(&now, patch), STATE).await;
        assert_eq!(updated["userErrors"], json!([]));
        let now = whole(app, &request).await;
        assert_eq!((&now["title"], &now["priority"], &now["peopleInNeed"], &now["verifiedAt"]), (&json!("Another"), &json!("LOW"), &json!(1), &was["verifiedAt"]));
        let totals = app.ask(None, "{ needsAnalysis(groupBy: [COUNTRY]) { nodes { totals { peopleInNeed } } } }", json!({})).await;
        assert_eq!(totals["needsAnalysis"]["nodes"][0]["totals"]["peopleInNeed"], "1");
    }

    async fn who_confirms_says_that_the_need_stands_now(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let was = whole(app, &request).await;
        assert_eq!((&was["confirmedAt"], &was["stale"]), (&json!("2026-11-23T12:00:00.000000Z"), &json!(false)));
        app.pass_days(91);
        assert_eq!(whole(app, &request).await["stale"], true);
        let confirmed = app.mutate(&people.focal, "confirmAssistanceRequest", named(&request), STATE).await;
        assert_eq!(confirmed["userErrors"], json!([]));
        let now = whole(app, &request).await;
        assert_eq!((&now["confirmedAt"], &now["stale"], &now["status"]), (&json!("2027-02-22T12:00:00.000000Z"), &json!(false), &json!("VERIFIED")));
        assert_eq!(now["verifiedAt"], was["verifiedAt"]);
        assert_eq!(now["version"], was["version"].as_i64().unwrap() + 1);
        let diff = told(&now, "assistanceRequest.confirmed", &request["id"]);
        let confirmed: Vec<_> = diff.into_iter().filter(|one| one.0 == "confirmedAt").collect();
        assert_eq!(confirmed, [("confirmedAt".into(), was["confirmedAt"].clone(), now["confirmedAt"].clone())]);
        app.pass_days(90);
        assert_eq!(whole(app, &request).await["stale"], false, "on the last day it is not");
        app.pass_days(1);
        assert_eq!(whole(app, &request).await["stale"], true);
    }
}
