//! What is wrong with an input, and that it leaves nothing behind.

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::on_both;
use crate::support::{codes, draft, named_with, people, verified};

/// One change of a good input, by JSON pointer, and what it should come to: codes and paths.
type Case = (&'static str, &'static str, Value, &'static [&'static str]);

/// A problem as `CODE path.into.input`.
fn problems(payload: &Value) -> Vec<String> {
    let errors = payload["userErrors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| {
            let path = error["field"].as_array();
            let path: Vec<&str> = path.into_iter().flatten().map(|part| part.as_str().unwrap()).collect();
            assert!(error["message"].as_str().unwrap().len() > 10, "{error:#}");
            format!("{} {}", error["code"].as_str().unwrap(), path.join("."))
        })
        .collect()
}

fn put(input: &Value, at: &str, value: Value) -> Value {
    let mut input = input.clone();
    let (parent, name) = at.rsplit_once('/').unwrap();
    let parent = input.pointer_mut(parent).unwrap();
    match name.parse::<usize>() {
        Ok(index) if parent.is_array() => parent[index] = value,
        _ => parent[name] = value,
    }
    input
}

/// Tries each case on both databases' tables, which must be as they were.
async fn try_all(app: &TestApp, key: &str, mutation: &str, good: &Value, cases: Vec<Case>) {
    let before = app.row_counts().await;
    for (what, at, value, expected) in cases {
        let input = put(good, at, value);
        let answer = app
            .attempt(
                Some(key),
                mutation,
                input,
                "userErrors { code field message params { name value } }",
            )
            .await;
        match expected {
            [code] if !code.contains(' ') => {
                assert_eq!(
                    answer["errors"][0]["extensions"]["code"], *code,
                    "{mutation} with {what}: {answer:#}"
                );
                assert_eq!(answer.get("data"), None, "{mutation} with {what}: {answer:#}");
            }
            _ => {
                assert_eq!(answer.get("errors"), None, "{mutation} with {what}: {answer:#}");
                assert_eq!(problems(&answer["data"][mutation]), expected, "{mutation} with {what}");
            }
        }
    }
    assert_eq!(app.row_counts().await, before, "{mutation} left something behind");
}

fn long(characters: usize) -> Value {
    "ü".repeat(characters).into()
}

/// The code of all errors of a query, which must be the same whether it fails as a whole or at its field.
async fn code_of(app: &TestApp, query: &str, variables: Value) -> String {
    let (_, answer) = app.post(Some(ADMIN), query, variables).await;
    let errors = answer["errors"]
        .as_array()
        .unwrap_or_else(|| panic!("{query}\n{answer:#}"));
    let code = &errors[0]["extensions"]["code"];
    assert!(
        errors.iter().all(|error| error["extensions"]["code"] == *code),
        "{answer:#}"
    );
    code.as_str().unwrap().into()
}

on_both! {
    async fn a_bad_request_is_refused_field_by_field(app) {
        let people = people(app).await;
        let admin = |field: &str| format!("{{ {field} {{ id version }} }}");
        let unit = app.ask(Some(ADMIN), &admin("commodity(code: \"GLOVES_EXAM\")"), json!({})).await;
        app.mutate(ADMIN, "updateCommodity", named_with(&unit["commodity"], json!({ "active": false })), "userErrors { code }").await;
        let mut taken = draft();
        taken["items"][1] = json!({ "kind": "SERVICE", "category": "HUM.MULTI", "unit": "PERSON_MONTH", "quantity": 1 });
        taken["source"] = "ministry".into();
        taken["externalId"] = "1".into();
        let made = app.mutate(&people.focal, "createAssistanceRequest", taken.clone(), "userErrors { code }").await;
        assert_eq!(codes(&made), [""; 0]);
        let mut good = taken;
        good["externalId"] = "2".into();

        let item = "/items/0";
        let null = Value::Null;
        let cases: Vec<Case> = vec![
            ("a blank title", "/title", "".into(), &["BLANK title"]),
            ("a title of spaces", "/title", " \n\t\u{a0}".into(), &["BLANK title"]),
            ("a title of 201 characters", "/title", long(201), &["TOO_LONG title"]),
            ("no title", "/title", null.clone(), &["BAD_USER_INPUT"]),
            ("a title that is a number", "/title", 7.into(), &["BAD_USER_INPUT"]),
            ("a control character", "/title", "a\u{7}b".into(), &["INVALID title"]),
            ("a NUL", "/title", "a\u{0}b".into(), &["INVALID title"]),
            ("a C1 control character", "/title", "a\u{85}b".into(), &["INVALID title"]),
            ("10,001 characters", "/description", long(10_001), &["TOO_LONG description"]),
            ("a NUL in a description", "/description", "\u{0}".into(), &["INVALID description"]),
            ("negative people", "/peopleInNeed", (-1).into(), &["OUT_OF_RANGE peopleInNeed"]),
            ("people beyond 32 bits", "/peopleInNeed", 2_147_483_648_i64.into(), &["BAD_USER_INPUT"]),
            ("half a person", "/peopleInNeed", json!(1.5), &["BAD_USER_INPUT"]),
            ("February 30", "/neededBy", "2027-02-30".into(), &["BAD_USER_INPUT"]),
            ("a date of another form", "/neededBy", "2027-2-3".into(), &["BAD_USER_INPUT"]),
            ("a date that is a number", "/neededBy", 2027.into(), &["BAD_USER_INPUT"]),
            ("an unknown enum", "/priority", "URGENT".into(), &["BAD_USER_INPUT"]),
            ("no country's form", "/country", "Bangladesh".into(), &["BAD_USER_INPUT"]),
            ("an unknown country", "/country", "XXX".into(), &["NOT_FOUND country"]),
            ("a source without its id", "/externalId", null.clone(), &["REQUIRED externalId"]),
            ("an id without its source", "/source", null.clone(), &["REQUIRED source"]),
            ("a blank source", "/source", " ".into(), &["BLANK source"]),
            ("a long source", "/source", long(256), &["TOO_LONG source"]),
            ("a taken source and id", "/externalId", "1".into(), &["DUPLICATE externalId"]),
            ("no web address", "/sourceUrl", "javascript:alert(1)".into(), &["INVALID sourceUrl"]),
            ("a long web address", "/sourceUrl", format!("https://{}", "a".repeat(1_993)).into(), &["TOO_LONG sourceUrl"]),
            ("a long contact", "/contact", json!({ "email": "a".repeat(321) }), &["TOO_LONG contact.email"]),
            ("no items", "/items", json!([]), &[]),
            ("a null item", "/items", json!([null]), &["BAD_USER_INPUT"]),
            ("an unknown field", "/colour", "red".into(), &["BAD_USER_INPUT"]),
            ("nothing of an item", "/items/0/quantity", 0.into(), &["OUT_OF_RANGE items.0.quantity"]),
            ("less than nothing", "/items/0/quantity", (-1).into(), &["OUT_OF_RANGE items.0.quantity"]),
            ("a ten-thousandth", "/items/0/quantity", "0.0001".into(), &["INVALID items.0.quantity"]),
            ("a float", "/items/0/quantity", json!(1.5), &["BAD_USER_INPUT"]),
            ("1e3 as a text", "/items/0/quantity", "1e3".into(), &["BAD_USER_INPUT"]),
            ("a text that is no number", "/items/0/quantity", "many".into(), &["BAD_USER_INPUT"]),
            ("too much to count", "/items/0/quantity", "1000000000000.001".into(), &["OUT_OF_RANGE items.0.quantity"]),
            ("too much to read", "/items/0/quantity", "9".repeat(60).into(), &["BAD_USER_INPUT"]),
            ("a cost below 0", "/items/0/unitCostUsd", (-1).into(), &["OUT_OF_RANGE items.0.unitCostUsd"]),
            ("a cost of 5 decimals", "/items/0/unitCostUsd", "0.00001".into(), &["INVALID items.0.unitCostUsd"]),
            ("a cost beyond its bound", "/items/0/unitCostUsd", "1000000000.0001".into(), &["OUT_OF_RANGE items.0.unitCostUsd"]),
            ("an unknown commodity", "/items/0/commodity", "NOTHING".into(), &["NOT_FOUND items.0.commodity"]),
            ("a retired commodity", "/items/0/commodity", "GLOVES_EXAM".into(), &["INACTIVE items.0.commodity"]),
            ("an unknown category", "/items/1/category", "NOTHING".into(), &["NOT_FOUND items.1.category"]),
            ("a category that is not the commodity's", "/items/0/category", "HUM.MULTI".into(), &["CONFLICT items.0.category"]),
            ("an unknown unit", "/items/0/unit", "FURLONG".into(), &["NOT_FOUND items.0.unit"]),
            ("another unit than the commodity's", "/items/0/unit", "PERSON_MONTH".into(), &["CONFLICT items.0.unit"]),
            ("neither category nor commodity", item, json!({ "quantity": 1, "unit": "PIECE" }), &["REQUIRED items.0.category"]),
            ("no unit", item, json!({ "quantity": 1, "category": "HUM.MULTI" }), &["REQUIRED items.0.unit"]),
            ("FUNDING in pieces", "/items/2/unit", "PIECE".into(), &["CONFLICT items.2.unit"]),
            ("FUNDING at 2", "/items/2/unitCostUsd", 2.into(), &["CONFLICT items.2.unitCostUsd"]),
            ("FUNDING of a commodity", "/items/2/commodity", "O2_CONCENTRATOR".into(), &["CONFLICT items.2.category", "CONFLICT items.2.commodity"]),
            ("USD of what is not FUNDING", "/items/1/unit", "USD".into(), &["CONFLICT items.1.unit"]),
            ("an item too dear", item, json!({ "commodity": "O2_CONCENTRATOR", "quantity": "500000000000.001", "unitCostUsd": 1 }), &["OUT_OF_RANGE items.0.quantity"]),
            ("an id given to two items", "/items/2/externalId", "o2".into(), &["DUPLICATE items.2.externalId"]),
            ("201 items", "/items", json!(vec![good["items"][0].clone(); 201]), &["TOO_MANY items"]),
        ];
        let (no_items, cases): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(|case| case.0 == "no items");
        try_all(app, &people.focal, "createAssistanceRequest", &good, cases).await;
        let mut handed_in = put(&good, no_items[0].1, no_items[0].2.clone());
        handed_in["submit"] = true.into();
        let before = app.row_counts().await;
        let answer = app.mutate(&people.focal, "createAssistanceRequest", handed_in, "userErrors { code field message }").await;
        assert_eq!(problems(&answer)[0].split(' ').next(), Some("NO_ITEMS"));
        assert_eq!(app.row_counts().await, before);
    }

    async fn all_problems_of_an_input_are_told_together(app) {
        let people = people(app).await;
        let input = json!({
            "country": "XXX", "title": " ", "priority": "LOW", "peopleInNeed": -1, "source": "ministry",
            "sourceUrl": "ftp://x",
            "items": [
                { "commodity": "NOTHING", "quantity": 0, "externalId": "a" },
                { "commodity": "O2_CONCENTRATOR", "quantity": "0.0001", "unit": "USD", "unitCostUsd": -1, "externalId": "a" },
            ],
        });
        let before = app.row_counts().await;
        let payload = app.mutate(&people.focal, "createAssistanceRequest", input, "userErrors { code field message }").await;
        assert_eq!(problems(&payload), [
            "NOT_FOUND country",
            "BLANK title",
            "OUT_OF_RANGE peopleInNeed",
            "REQUIRED externalId",
            "INVALID sourceUrl",
            "NOT_FOUND items.0.commodity",
            "OUT_OF_RANGE items.0.quantity",
            "DUPLICATE items.1.externalId",
            "CONFLICT items.1.unit",
            "INVALID items.1.quantity",
            "OUT_OF_RANGE items.1.unitCostUsd",
        ]);
        assert_eq!(app.row_counts().await, before);
    }

    async fn a_bad_contribution_is_refused_field_by_field(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let good = json!({
            "item": request["items"][0]["id"], "organization": "WHO", "quantity": 10, "source": "hub", "externalId": "2",
        });
        let given = app.mutate(&people.responder, "createContribution", put(&good, "/externalId", "1".into()), "contribution { id version } userErrors { code }").await;
        let cases: Vec<Case> = vec![
            ("no item's id", "/item", "nonsense".into(), &["NOT_FOUND item"]),
            ("the id of something else", "/item", request["id"].clone(), &["NOT_FOUND item"]),
            ("an unknown organization", "/organization", "NOBODY".into(), &["NOT_FOUND organization"]),
            ("nothing", "/quantity", 0.into(), &["OUT_OF_RANGE quantity"]),
            ("a ten-thousandth", "/quantity", "0.0001".into(), &["INVALID quantity"]),
            ("1e400", "/quantity", "1e400".into(), &["BAD_USER_INPUT"]),
            ("a pledge beyond the base", "/quantity", "100.001".into(), &["OUT_OF_RANGE quantity"]),
            ("a status to begin with", "/status", "DELIVERED".into(), &["INVALID status"]),
            ("a value below 0", "/valueUsd", (-1).into(), &["OUT_OF_RANGE valueUsd"]),
            ("a value beyond its bound", "/valueUsd", "500000000000.0001".into(), &["OUT_OF_RANGE valueUsd"]),
            ("a long note", "/note", long(10_001), &["TOO_LONG note"]),
            ("a taken source and id", "/externalId", "1".into(), &["DUPLICATE externalId"]),
            ("a source without its id", "/externalId", Value::Null, &["REQUIRED externalId"]),
            ("February 30", "/expectedOn", "2027-02-30".into(), &["BAD_USER_INPUT"]),
        ];
        try_all(app, &people.responder, "createContribution", &good, cases).await;
        let step = named_with(&given["contribution"], json!({ "on": "2026-11-23", "reason": "x" }));
        let cases: Vec<Case> = vec![
            ("a version that was never", "/version", 9.into(), &["STALE_VERSION version"]),
            ("a day in the future", "/on", "2026-11-24".into(), &["OUT_OF_RANGE on"]),
            ("no contribution's id", "/id", "nonsense".into(), &["NOT_FOUND id"]),
            ("a version beyond 32 bits", "/version", 2_147_483_648_i64.into(), &["BAD_USER_INPUT"]),
        ];
        try_all(app, &people.responder, "commitContribution", &step, cases).await;
        let cases: Vec<Case> = vec![
            ("no reason", "/reason", Value::Null, &["REASON_REQUIRED reason"]),
            ("a blank reason", "/reason", " ".into(), &["BLANK reason"]),
            ("a long reason", "/reason", long(10_001), &["TOO_LONG reason"]),
        ];
        try_all(app, &people.responder, "cancelContribution", &step, cases).await;
    }

    async fn a_bad_argument_is_refused_with_its_code(app) {
        let people = people(app).await;
        for _ in 0..2 {
            verified(app, &people).await;
        }
        let before = app.row_counts().await;
        let cursor = app.ask(None, "{ assistanceRequests(first: 1) { pageInfo { endCursor } } }", json!({})).await;
        let cursor = cursor["assistanceRequests"]["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
        let mut altered = cursor.clone().into_bytes();
        altered[3] = if altered[3] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        let list = "assistanceRequests(after: $c) { nodes { id } }";
        for (query, cursor) in [
            (format!("query($c: String) {{ {list} }}"), altered.as_str()),
            (format!("query($c: String) {{ {list} }}"), ""),
            (format!("query($c: String) {{ {list} }}"), "\u{0}"),
            (format!("query($c: String) {{ {list} }}"), &format!("{cursor}A")),
            ("query($c: String) { assistanceRequests(before: $c, last: 1) { nodes { id } } }".into(), &altered),
            ("query($c: String) { assistanceRequests(after: $c, orderBy: [{ field: PRIORITY }]) { nodes { id } } }".into(), &cursor),
            ("query($c: String) { assistanceRequests(after: $c, filter: { priority: { eq: CRITICAL } }) { nodes { id } } }".into(), &cursor),
            ("query($c: String) { requestItems(after: $c) { nodes { id } } }".into(), &cursor),
            ("query($c: String) { contributions(after: $c) { nodes { id } } }".into(), &cursor),
            ("query($c: String) { countries(after: $c) { nodes { id } } }".into(), &cursor),
            ("query($c: String) { search(query: \"oxygen\", after: $c) { nodes { __typename } } }".into(), &cursor),
            ("query($c: String) { country(code: \"BGD\") { assistanceRequests(after: $c, orderBy: [{ field: REFERENCE }]) { nodes { id } } } }".into(), &cursor),
        ] {
            assert_eq!(code_of(app, &query, json!({ "c": cursor })).await, "BAD_CURSOR", "{query} {cursor}");
        }
        let deep = (0..6).fold("{ stale: true }".to_owned(), |inner, _| format!("{{ not: {inner} }}"));
        let many = format!("[{}]", "\"a\",".repeat(201));
        for (query, code) in [
            ("{ assistanceRequests(first: 101) { nodes { id } } }", "BAD_USER_INPUT"),
            ("{ assistanceRequests(last: 101) { nodes { id } } }", "BAD_USER_INPUT"),
            ("{ countries(first: 301) { nodes { id } } }", "BAD_USER_INPUT"),
            ("{ assistanceRequests(first: 1, last: 1) { nodes { id } } }", "BAD_USER_INPUT"),
            ("{ assistanceRequests(first: -1) { nodes { id } } }", "BAD_USER_INPUT"),
            ("{ assistanceRequests(last: -1) { nodes { id } } }", "BAD_USER_INPUT"),
            ("query($n: Int = 2147483647) { assistanceRequests(first: $n) { nodes { id } } }", "BAD_USER_INPUT"),
            ("{ country(code: \"XXX\") { id } }", "BAD_USER_INPUT"),
            ("{ countries(filter: { code: { eq: \"XXX\" } }) { totalCount } }", "BAD_USER_INPUT"),
            ("{ countries(filter: { code: { in: [\"BGD\", \"XXX\"] } }) { totalCount } }", "BAD_USER_INPUT"),
            ("{ commodities(filter: { code: { eq: \"NOTHING\" } }) { totalCount } }", "BAD_USER_INPUT"),
            ("{ needCategories(filter: { under: \"NOTHING\" }) { totalCount } }", "BAD_USER_INPUT"),
            ("{ needCategories(filter: { parent: \"NOTHING\" }) { totalCount } }", "BAD_USER_INPUT"),
            ("{ organizations(filter: { code: { ne: \"NOTHING\" } }) { totalCount } }", "BAD_USER_INPUT"),
            ("{ assistanceRequests(filter: { items: { none: { commodity: { code: { notIn: [\"NOTHING\"] } } } } }) { totalCount } }", "BAD_USER_INPUT"),
            ("{ assistanceRequests(filter: { status: { eq: LOST } }) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ assistanceRequests(orderBy: [{ field: COLOUR }]) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ assistanceRequest(by: {}) { id } }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ assistanceRequest(by: { id: \"x\", reference: \"y\" }) { id } }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ assistanceRequest(by: { id: null }) { id } }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ requestItems(filter: { quantity: { gt: 1.5 } }) { totalCount } }", "BAD_USER_INPUT"),
            ("{ requestItems(filter: { quantity: { gt: \"1e400\" } }) { totalCount } }", "BAD_USER_INPUT"),
            ("query($x: Nothing) { countries(filter: $x) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
            ("query($x: Int) { countries(filter: $x) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
            ("query($x: Country) { countries(first: $x) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
            (&format!("{{ assistanceRequests(filter: {deep}) {{ totalCount }} }}"), "BAD_USER_INPUT"),
            (&format!("{{ assistanceRequests(filter: {{ source: {{ in: {many} }} }}) {{ totalCount }} }}"), "BAD_USER_INPUT"),
            (&format!("{{ nodes(ids: [{}]) {{ id }} }}", "\"a\",".repeat(101)), "BAD_USER_INPUT"),
        ] {
            assert_eq!(code_of(app, query, json!({})).await, code, "{query}");
        }
        for (variable_type, place, value) in [
            ("AssistanceRequestBy!", "assistanceRequest(by: $x) { id }", json!({})),
            ("AssistanceRequestBy!", "assistanceRequest(by: $x) { id }", json!({ "id": "x", "reference": "y" })),
            ("AssistanceRequestBy!", "assistanceRequest(by: $x) { id }", json!({ "id": null })),
            ("AssistanceRequestBy!", "assistanceRequest(by: $x) { id }", json!({ "name": "x" })),
            ("Int", "countries(first: $x) { totalCount }", json!(2_147_483_648_i64)),
            ("Int", "countries(first: $x) { totalCount }", json!("1")),
            ("AssistanceRequestFilter", "assistanceRequests(filter: $x) { totalCount }", json!({ "status": { "eq": "LOST" } })),
            ("[AssistanceRequestOrder!]", "assistanceRequests(orderBy: $x) { totalCount }", json!([{ "field": "COLOUR" }])),
            ("[ID!]!", "nodes(ids: $x) { id }", json!(vec!["a"; 101])),
        ] {
            let query = format!("query($x: {variable_type}) {{ {place} }}");
            assert_eq!(code_of(app, &query, json!({ "x": value })).await, "BAD_USER_INPUT", "{query} {value}");
        }
        assert_eq!(app.row_counts().await, before);
    }

    async fn a_text_that_no_database_holds_finds_nothing(app) {
        let people = people(app).await;
        verified(app, &people).await;
        for text in ["\u{0}", "a\u{0}b", "\u{ffff}", "'; DROP TABLE country; --", "%", "_", "\\", "*\"(", "\u{202e}", "🜁"] {
            let query = "query($t: String!) {
                reference: assistanceRequest(by: { reference: $t }) { id }
                origin: assistanceRequest(by: { externalId: { source: $t, externalId: $t } }) { id }
                contribution(by: { externalId: { source: $t, externalId: $t } }) { id }
                eq: assistanceRequests(filter: { title: { eq: $t } }) { totalCount }
                in: assistanceRequests(filter: { source: { in: [$t] } }) { totalCount }
                contains: assistanceRequests(filter: { title: { contains: $t } }) { totalCount }
                startsWith: assistanceRequests(filter: { reference: { startsWith: $t } }) { totalCount }
                gives: contributions(filter: { externalId: { startsWith: $t } }) { totalCount }
                not: assistanceRequests(filter: { title: { ne: $t } }) { totalCount }
                countries(filter: { name: { contains: $t } }) { totalCount }
            }";
            let found = app.ask(None, query, json!({ "t": text })).await;
            for lookup in ["reference", "origin", "contribution"] {
                assert_eq!(found[lookup], Value::Null, "{text:?}");
            }
            for list in ["eq", "in", "contains", "startsWith", "gives", "countries"] {
                assert_eq!(found[list]["totalCount"], 0, "{list} {text:?}");
            }
            assert_eq!(found["not"]["totalCount"], 1, "{text:?}");
            let query = "query($t: String!) { assistanceRequests(filter: { text: $t }) { totalCount } search(query: $t) { totalCount } }";
            let (status, answer) = app.post(None, query, json!({ "t": text })).await;
            let internal = answer.to_string().contains("INTERNAL");
            assert!(status < 500 && !internal, "{text:?}: {answer:#}");
        }
    }

    async fn days_and_moments_at_the_ends_of_time_are_no_faults(app) {
        let people = people(app).await;
        verified(app, &people).await;
        for (day, moment) in [
            ("0000-01-01", "0000-01-01T00:00:00Z"),
            ("0001-01-01", "0001-01-01T00:00:00Z"),
            ("9999-12-31", "9999-12-31T23:59:59.999999999Z"),
            ("99999-01-01", "99999-01-01T00:00:00Z"),
            ("-0001-01-01", "-0001-01-01T00:00:00Z"),
            ("2026-11-23", "2026-11-23T23:59:60Z"),
            ("2026-11-23", "0000-01-01T00:00:00+23:59"),
        ] {
            let query = "query($day: Date!, $moment: DateTime!) {
                assistanceRequests(filter: { neededBy: { gt: $day }, createdAt: { lt: $moment } }) { totalCount } }";
            let (status, answer) = app.post(None, query, json!({ "day": day, "moment": moment })).await;
            assert!(status < 500 && !answer.to_string().contains("INTERNAL"), "{day} {moment}: {answer:#}");
            let mut input = draft();
            input["neededBy"] = day.into();
            let answer = app.attempt(Some(&people.focal), "createAssistanceRequest", input, "assistanceRequest { neededBy }").await;
            let kept = &answer["data"]["createAssistanceRequest"]["assistanceRequest"]["neededBy"];
            let refused = answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT";
            assert!(refused || *kept == day, "{day}: {answer:#}");
        }
    }

    async fn a_bad_body_is_refused_and_nothing_is_done(app) {
        let before = app.row_counts().await;
        let mutation = r#"{"query":"mutation { createOrganization(input: { code: \"X\", name: \"X\", kind: NGO }) { userErrors { code } } }"}"#;
        let large = mutation.replace('}', &" ".repeat(3 << 20)) + "}";
        let bodies: [(&str, Vec<u8>, u16, &str); 6] = [
            ("of 3 MB", large.into_bytes(), 413, "PAYLOAD_TOO_LARGE"),
            ("that is no UTF-8", mutation.replace("NGO", "NG\u{1}").bytes().map(|byte| if byte == 1 { 0xff } else { byte }).collect(), 400, "BAD_USER_INPUT"),
            ("that is no JSON", mutation.as_bytes()[1..].to_vec(), 400, "BAD_USER_INPUT"),
            ("of several", format!("[{mutation}]").into_bytes(), 400, "BAD_USER_INPUT"),
            ("with a number out of bounds", mutation.replacen('{', r#"{"variables":{"a":1e400},"#, 1).into_bytes(), 400, "BAD_USER_INPUT"),
            ("with variables that are a list", mutation.replacen('{', r#"{"variables":[],"#, 1).into_bytes(), 400, "BAD_USER_INPUT"),
        ];
        for (what, body, status, code) in bodies {
            let request = app.request(Method::POST, "/graphql").bearer_auth(ADMIN);
            let request = request.header("content-type", "application/json").header("accept", "application/graphql-response+json");
            let answer = request.body(body).send().await.unwrap();
            assert_eq!(answer.status(), status, "a body {what}");
            let answer: Value = answer.json().await.unwrap();
            assert_eq!(answer["errors"][0]["extensions"]["code"], code, "a body {what}: {answer:#}");
            assert_eq!(answer.get("data"), None);
        }
        assert_eq!(app.row_counts().await, before);
    }
}
