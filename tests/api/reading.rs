//! Filters and names, compared with what Rust makes of the same rows.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use entity::enums::{ItemKind, Locale, Priority};
use nam_needs::domain::actor::Actor;
use nam_needs::domain::assistance_request::{ItemForm, RequestForm};
use nam_needs::domain::import::{ImportForm, ImportOptions, RowOutcome};
use nam_needs::domain::text::fold;
use nam_needs::store::assistance_request::import;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::on_both;
use crate::support::{People, named, named_with, people};

/// What the evaluation in Rust reads of a request.
const ROW: &str = "id title priority status fulfilment peopleInNeed neededBy source stale reference createdAt updatedAt
    submittedAt verifiedAt country { code namStatus whoRegion incomeGroup }
    items { id kind quantity uncoveredQuantity unitCostUsd commodity { code }
        contributions(first: 10) { nodes { status quantity organization { code } } } }";

/// Requests that differ in everything that can be asked for.
pub async fn world(app: &TestApp) -> (People, Vec<Value>) {
    let people = people(app).await;
    let countries = ["BGD", "KEN", "CUB", "IND", "PSE"];
    let priorities = ["LOW", "MEDIUM", "HIGH", "CRITICAL"];
    let titles = [
        "Oxygène pour l'hôpital",
        "OXYGEN now",
        "Masks 100%",
        "Shelter_kits",
        "Ärzte",
    ];
    let rows: Vec<Value> = (0..20)
        .map(|n| {
            let mut items = vec![json!({ "commodity": "O2_CONCENTRATOR", "quantity": 10 * (n % 4 + 1) })];
            if n % 2 == 0 {
                items.push(json!({ "kind": "FUNDING", "category": "HUM.MULTI", "quantity": 1000 + n }));
            }
            if n % 3 == 0 {
                items.push(
                    json!({ "kind": "SERVICE", "category": "HUM.MULTI", "unit": "PERSON_MONTH", "quantity": "2.5" }),
                );
            }
            json!({
                "externalId": format!("row {n}"), "country": countries[n % 5], "title": titles[n * 7 % 5],
                "priority": priorities[n * 3 % 4], "items": items,
                "peopleInNeed": if n % 4 == 1 { Value::Null } else { json!(n % 6 * 1000) },
                "neededBy": if n % 3 == 1 { Value::Null } else { json!(format!("2027-0{}-01", n % 5 + 1)) },
                "confirmedOn": if n % 5 == 2 { json!("2026-01-01") } else { Value::Null },
                "contact": { "name": "Somebody" }, "description": "Why.", "sourceUrl": "https://example.org/",
            })
        })
        .collect();
    let requests = "failed assistanceRequests { id version items { id } }";
    let input = json!({ "source": "world", "rows": rows[..16], "submit": true });
    let landed = app.mutate(ADMIN, "importAssistanceRequests", input, requests).await;
    assert_eq!(landed["failed"], 0, "{landed:#}");
    app.clock.set(app.clock.now() + chrono::TimeDelta::seconds(1));
    let input = json!({ "source": "other world", "rows": rows[16..] });
    app.mutate(ADMIN, "importAssistanceRequests", input, requests).await;
    for (n, request) in landed["assistanceRequests"].as_array().unwrap().iter().enumerate() {
        app.clock.set(app.clock.now() + chrono::TimeDelta::seconds(1));
        if n % 4 == 3 {
            continue;
        }
        let done = app
            .mutate(
                &people.coordinator,
                "verifyAssistanceRequest",
                named(request),
                "assistanceRequest { id version }",
            )
            .await;
        for given in 0..n % 3 {
            let status = if given == 0 { "COMMITTED" } else { "PLEDGED" };
            let quantity = if n % 2 == 0 { 10 } else { 3 };
            let organization = if n % 2 == 0 { "WHO" } else { "UNICEF" };
            let input = json!({
                "item": request["items"][0]["id"], "organization": organization, "quantity": quantity, "status": status,
                "source": "hub", "externalId": format!("{n} {given}"), "note": "n", "valueUsd": "1.5",
                "expectedOn": if n % 5 == 1 { Value::Null } else { json!(format!("2027-0{}-01", n % 2 + given + 1)) },
            });
            let made = app
                .mutate(
                    ADMIN,
                    "createContribution",
                    input,
                    "contribution { id version } userErrors { code }",
                )
                .await;
            assert_eq!(made["userErrors"], json!([]));
            if given == 0 && n % 4 == 2 {
                let (accepted, on) = match n {
                    2 => (9, "2026-11-22"),
                    10 => (4, "2026-11-23"),
                    _ => (9, "2026-11-23"),
                };
                let receipt = json!({ "acceptedQuantity": accepted, "rejectedQuantity": 1, "rejectReason": "wet", "note": "x", "on": on });
                app.mutate(
                    ADMIN,
                    "recordDelivery",
                    named_with(&made["contribution"], receipt),
                    "userErrors { code }",
                )
                .await;
            }
        }
        if n % 7 == 0 && n % 3 == 0 {
            let input = named_with(&done["assistanceRequest"], json!({ "reason": "enough" }));
            app.mutate(ADMIN, "withdrawAssistanceRequest", input, "userErrors { code }")
                .await;
        }
    }
    let all = app
        .ask(
            Some(ADMIN),
            &format!("{{ assistanceRequests(first: 20) {{ nodes {{ {ROW} }} }} }}"),
            json!({}),
        )
        .await;
    let all = all["assistanceRequests"]["nodes"].as_array().unwrap().clone();
    assert_eq!(all.len(), 20);
    (people, all)
}

/// By number, or else by text.
pub fn compare(one: &Value, other: &Value) -> Ordering {
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one.partial_cmp(&other).unwrap(),
        _ => one.as_str().cmp(&other.as_str()),
    }
}

/// Whether a value passes the tests of one field.
fn passes(tests: &Value, value: &Value) -> bool {
    let same = |this: &Value| !value.is_null() && compare(value, this).is_eq();
    let among = |these: &Value| these.as_array().unwrap().iter().any(same);
    let by = |this: &Value, is: fn(Ordering) -> bool| !value.is_null() && is(compare(value, this));
    let folded = |value: &Value| value.as_str().map(fold);
    tests
        .as_object()
        .unwrap()
        .iter()
        .all(|(test, this)| match test.as_str() {
            "eq" => same(this),
            "ne" => !same(this),
            "in" => among(this),
            "notIn" => !among(this),
            "gt" => by(this, Ordering::is_gt),
            "gte" => by(this, Ordering::is_ge),
            "lt" => by(this, Ordering::is_lt),
            "lte" => by(this, Ordering::is_le),
            "isNull" => value.is_null() == *this,
            "contains" => folded(value).is_some_and(|value| value.contains(&folded(this).unwrap())),
            "startsWith" => folded(value).is_some_and(|value| value.starts_with(&folded(this).unwrap())),
            _ => panic!("{test}"),
        })
}

/// Whether a row passes a filter, as the schema's descriptions say it.
fn holds(filter: &Value, row: &Value) -> bool {
    filter
        .as_object()
        .unwrap()
        .iter()
        .all(|(name, test)| match name.as_str() {
            "and" => test.as_array().unwrap().iter().all(|one| holds(one, row)),
            "or" => test.as_array().unwrap().iter().any(|one| holds(one, row)),
            "not" => !holds(test, row),
            "stale" => row["stale"] == *test,
            "country" | "organization" | "commodity" => !row[name].is_null() && holds(test, &row[name]),
            "items" => quantified(test, row["items"].as_array().unwrap().iter()),
            "contributions" => match row["items"].as_array() {
                Some(items) => quantified(
                    test,
                    items
                        .iter()
                        .flat_map(|item| item["contributions"]["nodes"].as_array().unwrap()),
                ),
                None => quantified(test, row["contributions"]["nodes"].as_array().unwrap().iter()),
            },
            _ => passes(test, &row[name]),
        })
}

fn quantified<'a>(test: &Value, rows: impl Iterator<Item = &'a Value> + Clone) -> bool {
    test.as_object()
        .unwrap()
        .iter()
        .all(|(quantifier, filter)| match quantifier.as_str() {
            "some" => rows.clone().any(|row| holds(filter, row)),
            "none" => !rows.clone().any(|row| holds(filter, row)),
            "every" => rows.clone().all(|row| holds(filter, row)),
            _ => panic!("{quantifier}"),
        })
}

/// One test on one field.
fn leaf() -> impl Strategy<Value = Value> {
    let one_of = |values: &[Value]| proptest::sample::select(values.to_vec());
    let people = json!([0, 1000, 2000, 3000]);
    let number = (
        proptest::sample::select(vec!["eq", "ne", "gt", "gte", "lt", "lte"]),
        one_of(people.as_array().unwrap()),
    )
        .prop_map(|(test, value)| json!({ "peopleInNeed": { test: value } }));
    let day = (proptest::sample::select(vec!["eq", "gt", "gte", "lt", "lte"]), 1..6)
        .prop_map(|(test, month)| json!({ "neededBy": { test: format!("2027-0{month}-01") } }));
    let related = (
        proptest::sample::select(vec!["some", "none", "every"]),
        one_of(&[
            json!({ "items": { "kind": { "eq": "FUNDING" } } }),
            json!({ "items": { "kind": { "ne": "GOODS" } } }),
            json!({ "items": { "quantity": { "gte": "20" } } }),
            json!({ "items": { "uncoveredQuantity": { "lt": "20" } } }),
            json!({ "items": { "unitCostUsd": { "isNull": true } } }),
            json!({ "items": { "commodity": { "code": { "eq": "O2_CONCENTRATOR" } } } }),
            json!({ "items": { "not": { "commodity": { "code": { "eq": "O2_CONCENTRATOR" } } } } }),
            json!({ "items": { "contributions": { "some": { "status": { "eq": "COMMITTED" } } } } }),
            json!({ "items": { "contributions": { "every": { "organization": { "code": { "eq": "WHO" } } } } } }),
            json!({ "contributions": { "status": { "in": ["PLEDGED", "CANCELLED"] } } }),
            json!({ "contributions": { "organization": { "code": { "ne": "WHO" } } } }),
            json!({ "contributions": { "quantity": { "gt": "5" } } }),
        ]),
    )
        .prop_map(|(quantifier, related)| {
            let (name, filter) = related.as_object().unwrap().iter().next().unwrap();
            json!({ name: { quantifier: filter } })
        });
    prop_oneof![
        number,
        day,
        related,
        one_of(&[
            json!({ "peopleInNeed": { "isNull": true } }),
            json!({ "peopleInNeed": { "in": [1000, 5000] } }),
            json!({ "neededBy": { "isNull": false } }),
            json!({ "priority": { "eq": "HIGH" } }),
            json!({ "priority": { "notIn": ["LOW", "CRITICAL"] } }),
            json!({ "priority": { "in": [] } }),
            json!({ "status": { "in": ["VERIFIED", "DRAFT"] } }),
            json!({ "status": { "ne": "SUBMITTED" } }),
            json!({ "fulfilment": { "eq": "PARTLY_COMMITTED" } }),
            json!({ "fulfilment": { "notIn": ["UNMET"] } }),
            json!({ "stale": true }),
            json!({ "stale": false }),
            json!({ "source": { "eq": "world" } }),
            json!({ "source": { "startsWith": "OTHER" } }),
            json!({ "title": { "contains": "oxygen" } }),
            json!({ "title": { "contains": "_" } }),
            json!({ "title": { "contains": "%" } }),
            json!({ "title": { "startsWith": "arz" } }),
            json!({ "title": { "eq": "OXYGEN now" } }),
            json!({ "submittedAt": { "isNull": true } }),
            json!({ "country": { "code": { "in": ["BGD", "CUB"] } } }),
            json!({ "country": { "namStatus": { "eq": "MEMBER" } } }),
            json!({ "country": { "whoRegion": { "ne": "SEARO" } } }),
            json!({ "country": { "not": { "incomeGroup": { "eq": "LOWER_MIDDLE" } } } }),
            json!({ "and": [] }),
            json!({ "or": [] }),
            json!({}),
        ]),
    ]
}

fn filter() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|all| json!({ "and": all })),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|any| json!({ "or": any })),
            inner.clone().prop_map(|not| json!({ "not": not })),
            (inner, leaf()).prop_map(|(not, leaf)| {
                let mut both = leaf;
                both["not"] = not;
                both
            }),
        ]
    })
}

pub fn samples<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

/// How many filters stand within one another; quantifiers and tests of a value are none.
fn depth(filter: &Value) -> usize {
    let beside = ["eq", "ne", "in", "notIn", "isNull", "some", "none", "every"];
    match filter {
        Value::Array(all) => all.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => {
            let is_filter = !fields.keys().any(|name| beside.contains(&name.as_str()));
            fields.values().map(depth).max().unwrap_or_default() + usize::from(is_filter)
        }
        _ => 0,
    }
}

pub fn ids(connection: &Value) -> Vec<String> {
    let nodes = connection["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["id"].as_str().unwrap().into()).collect()
}

/// What to select of a field, by the name of its type.
fn selection(named_type: &str) -> &'static str {
    match named_type {
        "Country" | "Unit" | "Organization" | "NeedCategory" | "Commodity" => "{ code }",
        "Contact" => "{ name role email phone }",
        "AssistanceRequest" => "{ id title status }",
        "RequestItem" => "{ id quantity uncoveredQuantity }",
        "Contribution" => "{ id quantity }",
        "Delivery" => "{ id on note }",
        "NeedsTotals" => "{ requestCount itemCount requestedValueUsd uncoveredValueUsd }",
        "ChangeConnection" => "{ nodes { sequence action } }",
        name if name.ends_with("Connection") => "{ totalCount }",
        _ => "",
    }
}

/// The fields of a type as the served schema names them, each with what to select of it.
async fn fields_of(app: &TestApp, noun: &str) -> Vec<(String, String)> {
    let query = "query($name: String!) { __type(name: $name) { fields { name type { name kind ofType { name kind ofType { name kind
        ofType { name kind } } } } } } }";
    let schema = app.ask(None, query, json!({ "name": noun })).await;
    let fields = schema["__type"]["fields"].as_array().unwrap().clone();
    fields
        .iter()
        .map(|field| {
            let mut of = &field["type"];
            while of["ofType"].is_object() {
                of = &of["ofType"];
            }
            let name = field["name"].as_str().unwrap();
            (
                name.into(),
                format!("{name} {}", selection(of["name"].as_str().unwrap())),
            )
        })
        .collect()
}

/// The same request by the operator's import.
async fn vouch(app: &TestApp, items: impl Iterator<Item = (&str, &str)>) -> Vec<RowOutcome> {
    let item = |(id, code): (&str, &str)| ItemForm {
        external_id: Some(id.into()),
        kind: ItemKind::Goods,
        category: None,
        commodity: Some(code.into()),
        description: None,
        quantity: 5.into(),
        unit: None,
        unit_cost_usd: None,
    };
    let form = RequestForm {
        country: "BGD".into(),
        title: "x".into(),
        description: None,
        language: Locale::En,
        priority: Priority::Low,
        people_in_need: None,
        needed_by: None,
        contact: None,
        source: Some("desk".into()),
        source_url: None,
        external_id: Some("7".into()),
        items: items.map(item).collect(),
    };
    let rows = vec![ImportForm {
        form,
        confirmed_on: None,
        verified_on: None,
    }];
    let options = ImportOptions {
        verified: true,
        ..Default::default()
    };
    import(&app.store, Arc::new(Actor::import("desk")), rows, options)
        .await
        .unwrap()
}

on_both! {
    async fn an_item_that_its_source_says_no_cost_of_any_more_is_another(app) {
        let people = people(app).await;
        let import = async |cost: Value| {
            let item = json!({ "externalId": "a", "kind": "SERVICE", "category": "HUM.MULTI", "unit": "PERSON_MONTH", "quantity": 5, "unitCostUsd": cost });
            let row = json!({ "externalId": "7", "country": "BGD", "title": "x", "priority": "LOW", "items": [item] });
            let input = json!({ "source": "desk", "submit": true, "rows": [row] });
            app.mutate(&people.focal, "importAssistanceRequests", input, "created unchanged failed userErrors { code field }").await
        };
        let created = import(5.into()).await;
        assert_eq!(created["created"], 1, "{created:#}");
        assert_eq!(import(5.into()).await["unchanged"], 1);
        let differs = import(Value::Null).await;
        assert_eq!(differs["userErrors"][0]["code"], "INVALID_TRANSITION", "{differs:#}");
    }

    async fn a_row_that_says_the_same_is_unchanged_whatever_became_of_its_commodity(app) {
        let people = people(app).await;
        let item = |id: &str, code: &str| json!({ "externalId": id, "commodity": code, "quantity": 5 });
        let import = async |items: [Value; 2]| {
            let row = json!({ "externalId": "7", "country": "BGD", "title": "x", "priority": "LOW", "items": items });
            let input = json!({ "source": "desk", "submit": true, "rows": [row] });
            let fields = "created unchanged failed userErrors { code field } assistanceRequests { id version items { unitCostUsd } }";
            app.mutate(&people.focal, "importAssistanceRequests", input, fields).await
        };
        let [gloves, oxygen] = [("a", "GLOVES_EXAM"), ("b", "O2_CONCENTRATOR")].map(|(id, code)| item(id, code));
        let created = import([gloves.clone(), oxygen.clone()]).await;
        assert_eq!(created["created"], 1, "{created:#}");
        let commodity = app.ask(None, "{ commodity(code: \"GLOVES_EXAM\") { id version } }", Value::Null).await;
        let dearer = named_with(&commodity["commodity"], json!({ "indicativeUnitPriceUsd": "77" }));
        let dearer = app.mutate(ADMIN, "updateCommodity", dearer, "userErrors { code }").await;
        assert_eq!(dearer["userErrors"], json!([]));
        for status in ["SUBMITTED", "VERIFIED"] {
            for items in [[gloves.clone(), oxygen.clone()], [oxygen.clone(), gloves.clone()]] {
                let again = import(items).await;
                assert_eq!((&again["unchanged"], &again["failed"]), (&json!(1), &json!(0)), "{status}: {again:#}");
                assert_eq!(again["assistanceRequests"][0]["items"], created["assistanceRequests"][0]["items"]);
            }
            let mut other = gloves.clone();
            other["unitCostUsd"] = 77.into();
            let differs = import([other, oxygen.clone()]).await;
            assert_eq!(differs["userErrors"][0]["code"], "INVALID_TRANSITION", "{status}: {differs:#}");
            let request = &differs["assistanceRequests"][0];
            assert_eq!(request, &Value::Null);
            if status == "VERIFIED" {
                // The operator, who may change figures, says nothing of these either.
                let told = vouch(app, ["a", "b"].into_iter().zip(["GLOVES_EXAM", "O2_CONCENTRATOR"])).await;
                assert!(matches!(told[..], [RowOutcome::Unchanged(_)]), "{told:?}");
            }
            if status == "SUBMITTED" {
                let verify = named(&created["assistanceRequests"][0]);
                app.mutate(&people.coordinator, "verifyAssistanceRequest", verify, "userErrors { code }").await;
            }
        }
    }

    async fn a_random_filter_finds_what_rust_finds_and_its_negation_the_rest(app) {
        let (_, rows) = world(app).await;
        let query = "query($is: AssistanceRequestFilter, $not: AssistanceRequestFilter) {
            is: assistanceRequests(first: 30, filter: $is) { totalCount nodes { id } }
            not: assistanceRequests(first: 30, filter: $not) { totalCount nodes { id } } }";
        for filter in samples(&filter(), 250).into_iter().filter(|filter| depth(filter) <= 5) {
            let answer = app.ask(Some(ADMIN), query, json!({ "is": filter, "not": { "not": filter } })).await;
            for (side, expected) in [("is", true), ("not", false)] {
                let found: BTreeSet<String> = ids(&answer[side]).into_iter().collect();
                let should = rows.iter().filter(|row| holds(&filter, row) == expected);
                let should: BTreeSet<String> = should.map(|row| row["id"].as_str().unwrap().into()).collect();
                assert_eq!(found, should, "{side} {filter}");
                assert_eq!(answer[side]["totalCount"], should.len(), "{side} {filter}");
            }
        }
    }

    async fn every_one_passes_where_none_fails_also_of_columns_that_hold_nothing(app) {
        world(app).await;
        let items = ["unitCostUsd: { gte: 1 }", "unitCostUsd: { lt: 5 }", "unitCostUsd: { isNull: true }"];
        let contributions = ["expectedOn: { lt: \"2027-02-01\" }", "deliveredOn: { gte: \"2026-01-01\" }",
            "source: { eq: \"hub\" }", "source: { startsWith: \"h\" }", "expectedOn: { isNull: false }"];
        let requests = ["peopleInNeed: { gte: 2000 }", "neededBy: { lt: \"2027-03-01\" }", "source: { contains: \"other\" }",
            "verifiedAt: { gt: \"2020-01-01T00:00:00Z\" }", "submittedAt: { lte: \"2030-01-01T00:00:00Z\" }"];
        let tests = items.map(|test| ("assistanceRequests", "items", test)).into_iter();
        let tests = tests.chain(contributions.map(|test| ("assistanceRequests", "contributions", test)));
        let tests = tests.chain(contributions.map(|test| ("requestItems", "contributions", test)));
        let tests = tests.chain(requests.map(|test| ("countries", "assistanceRequests", test)));
        let mut differ = 0;
        for (list, relation, test) in tests {
            let question = format!("{{
                every: {list}(first: 100, filter: {{ {relation}: {{ every: {{ {test} }} }} }}) {{ totalCount nodes {{ id }} }}
                noneFails: {list}(first: 100, filter: {{ {relation}: {{ none: {{ not: {{ {test} }} }} }} }}) {{ totalCount nodes {{ id }} }}
                not: {list}(first: 100, filter: {{ not: {{ {relation}: {{ every: {{ {test} }} }} }} }}) {{ totalCount }}
                all: {list}(first: 100) {{ totalCount }}
            }}");
            let found = app.ask(Some(ADMIN), &question, json!({})).await;
            assert_eq!(found["every"], found["noneFails"], "{list} {relation} {test}");
            let count = |name: &str| found[name]["totalCount"].as_i64().unwrap();
            assert_eq!(count("every") + count("not"), count("all"), "{list} {relation} {test}");
            differ += i64::from(count("not") > 0);
        }
        assert!(differ > 10, "only {differ} tests let anything fail");
    }

    async fn relations_lead_both_ways(app) {
        world(app).await;
        let query = r#"{
            items: requestItems(first: 100, filter: { request: { priority: { eq: HIGH } } }) { nodes { request { priority } } }
            gifts: contributions(first: 100, filter: { item: { kind: { eq: GOODS } }, request: { country: { code: { eq: "CUB" } } } }) {
                nodes { item { kind } request { country { code } } } }
            back: assistanceRequests(first: 100, filter: { contributions: { some: { organization: { code: { eq: "WHO" } } } } }) {
                nodes { contributions(first: 5, filter: { organization: { code: { eq: "WHO" } } }) { totalCount } } }
            countries(filter: { assistanceRequests: { some: { priority: { eq: HIGH } } } }) {
                nodes { assistanceRequests(first: 5, filter: { priority: { eq: HIGH } }) { totalCount } } }
            from: organizations(filter: { country: { code: { eq: "CHE" } } }) { nodes { country { code } } }
        }"#;
        let found = app.ask(Some(ADMIN), query, json!({})).await;
        let rows = |list: &str| found[list]["nodes"].as_array().unwrap().clone();
        for list in ["items", "gifts", "back", "countries", "from"] {
            assert!(!rows(list).is_empty(), "{list}");
        }
        assert!(rows("items").iter().all(|item| item["request"]["priority"] == "HIGH"));
        assert!(rows("gifts").iter().all(|gift| *gift == json!({ "item": { "kind": "GOODS" }, "request": { "country": { "code": "CUB" } } })));
        assert!(rows("back").iter().all(|request| request["contributions"]["totalCount"].as_i64().unwrap() > 0));
        assert!(rows("countries").iter().all(|country| country["assistanceRequests"]["totalCount"].as_i64().unwrap() > 0));
        assert!(rows("from").iter().all(|organization| organization["country"]["code"] == "CHE"));
    }

    async fn each_field_alone_is_what_it_is_among_all(app) {
        world(app).await;
        for (noun, list) in [
            ("AssistanceRequest", Some("assistanceRequests(first: 20)")),
            ("RequestItem", Some("requestItems(first: 40)")),
            ("Contribution", Some("contributions(first: 20)")),
            ("Delivery", None),
        ] {
            let fields = fields_of(app, noun).await;
            let all: Vec<&str> = fields.iter().map(|(_, selection)| selection.as_str()).collect();
            let wrap = |selection: &str| match list {
                Some(list) => format!("{{ {list} {{ nodes {{ {selection} }} }} }}"),
                None => format!("{{ contributions(first: 20) {{ nodes {{ deliveries {{ {selection} }} }} }} }}"),
            };
            let rows = |answer: &Value| -> Vec<Value> {
                let (_, connection) = answer.as_object().unwrap().iter().next().unwrap();
                let nodes = connection["nodes"].as_array().unwrap();
                match list {
                    Some(_) => nodes.clone(),
                    None => nodes.iter().flat_map(|node| node["deliveries"].as_array().unwrap().clone()).collect(),
                }
            };
            let together = rows(&app.ask(Some(ADMIN), &wrap(&all.join(" ")), json!({})).await);
            assert!(!together.is_empty(), "{noun}");
            for (name, selection) in &fields {
                let alone = rows(&app.ask(Some(ADMIN), &wrap(selection), json!({})).await);
                let values = |rows: &[Value]| rows.iter().map(|row| row[name].clone()).collect::<Vec<_>>();
                assert_eq!(values(&alone), values(&together), "{noun}.{name} of a list");
                // By its id too, which reads another way.
                let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on {noun} {{ {selection} }} }} }}");
                let by_id = app.ask(Some(ADMIN), &query, json!({ "id": together[0]["id"] })).await;
                assert_eq!(by_id["node"][name], together[0][name], "{noun}.{name} by id");
            }
        }
    }

    async fn names_are_told_in_each_language_and_found_and_ordered_in_any_script(app) {
        let query = r#"{ country(code: "CIV") { en: name fr: name(locale: FR) es: name(locale: ES) ar: name(locale: AR) }
            unit: commodity(code: "GLOVES_EXAM") { en: name fr: name(locale: FR) } }"#;
        let told = app.ask(None, query, json!({})).await;
        assert_eq!(told["country"]["es"], "Côte d’Ivoire", "{told:#}");
        assert_ne!(told["country"]["ar"], told["country"]["en"]);
        assert_eq!(told["unit"]["fr"], told["unit"]["en"], "the English name where there is no other");
        let query = "query($part: String!) { countries(filter: { name: { contains: $part } }) { nodes { code } } }";
        for (part, code) in [
            ("COTE D'IVOIRE", "CIV"), ("côte d’ivoire", "CIV"), ("CURACAO", ""), ("México", "MEX"), ("mexico", "MEX"),
            ("ALEMANIA", "DEU"), ("türkiye", "TUR"), ("TURKIYE", "TUR"), ("كينيا", "KEN"), ("São Tomé", "STP"), ("SAO TOME", "STP"),
        ] {
            let found = app.ask(None, query, json!({ "part": part })).await;
            let found: Vec<&str> = found["countries"]["nodes"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
            assert_eq!(found.contains(&code), !code.is_empty(), "{part}: {found:?}");
        }
        for (list, more) in [("countries", "first: 300, "), ("organizations", "first: 300, "), ("commodities", "first: 300, "), ("needCategories", "first: 300, ")] {
            let query = format!("{{ it: {list}({more}orderBy: [{{ field: NAME }}]) {{ nodes {{ code name }} }} }}");
            let rows = app.ask(Some(ADMIN), &query, json!({})).await["it"]["nodes"].as_array().unwrap().clone();
            let keys: Vec<(String, String)> = rows.iter().map(|row| (fold(row["name"].as_str().unwrap()), row["code"].as_str().unwrap().into())).collect();
            assert!(keys.is_sorted(), "{list}");
        }
    }

    async fn the_tree_of_categories_is_the_same_from_every_side(app) {
        let query = "{ needCategories(first: 100) { nodes { code parent { code } ancestors { code } children { code } } } }";
        let rows = app.ask(Some(ADMIN), query, json!({})).await["needCategories"]["nodes"].as_array().unwrap().clone();
        let row = |code: &Value| rows.iter().find(|row| row["code"] == *code).unwrap();
        for one in &rows {
            let mut chain = Vec::new();
            let mut at = one;
            while at["parent"].is_object() {
                chain.insert(0, at["parent"].clone());
                at = row(&at["parent"]["code"]);
            }
            assert_eq!(one["ancestors"], json!(chain), "root first");
            for child in one["children"].as_array().unwrap() {
                assert_eq!(row(&child["code"])["parent"]["code"], one["code"]);
            }
        }
        let query = "query($code: String!) { under: needCategories(first: 100, filter: { under: $code }) { nodes { code } }
            parent: needCategories(first: 100, filter: { parent: $code }) { nodes { code } } }";
        for code in ["MED", "MED.PPE", "HUM"] {
            let found = app.ask(Some(ADMIN), query, json!({ "code": code })).await;
            let codes = |list: &str| -> BTreeSet<String> { found[list]["nodes"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().into()).collect() };
            let is = |found: &Value| *found == json!(code);
            let under = rows.iter().filter(|one| is(&one["code"]) || one["ancestors"].as_array().unwrap().iter().any(|above| is(&above["code"])));
            assert_eq!(codes("under"), under.map(|one| one["code"].as_str().unwrap().into()).collect());
            let below = rows.iter().filter(|one| is(&one["parent"]["code"]));
            assert_eq!(codes("parent"), below.map(|one| one["code"].as_str().unwrap().into()).collect());
        }
    }
}
