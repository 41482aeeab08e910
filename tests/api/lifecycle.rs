//! The life of a request: each allowed and each refused step.

use serde_json::{Value, json};

use crate::common::TestApp;
use crate::on_both;
use crate::support::{People, STATE, codes, draft, named, named_with, people, verified};

const STEPS: [&str; 7] = [
    "submitAssistanceRequest",
    "withdrawAssistanceRequest",
    "closeAssistanceRequest",
    "confirmAssistanceRequest",
    "verifyAssistanceRequest",
    "returnAssistanceRequest",
    "rejectAssistanceRequest",
];

/// What leads to each status, and where each step leads from there; a step that is not named is refused.
type Row = (
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

const TABLE: [Row; 7] = [
    (
        "DRAFT",
        &[],
        &[
            ("submitAssistanceRequest", "SUBMITTED"),
            ("withdrawAssistanceRequest", "WITHDRAWN"),
        ],
    ),
    (
        "SUBMITTED",
        &["submitAssistanceRequest"],
        &[
            ("withdrawAssistanceRequest", "WITHDRAWN"),
            ("confirmAssistanceRequest", "SUBMITTED"),
            ("verifyAssistanceRequest", "VERIFIED"),
            ("returnAssistanceRequest", "RETURNED"),
            ("rejectAssistanceRequest", "REJECTED"),
        ],
    ),
    (
        "RETURNED",
        &["submitAssistanceRequest", "returnAssistanceRequest"],
        &[
            ("submitAssistanceRequest", "SUBMITTED"),
            ("withdrawAssistanceRequest", "WITHDRAWN"),
        ],
    ),
    (
        "VERIFIED",
        &["submitAssistanceRequest", "verifyAssistanceRequest"],
        &[
            ("withdrawAssistanceRequest", "WITHDRAWN"),
            ("closeAssistanceRequest", "CLOSED"),
            ("confirmAssistanceRequest", "VERIFIED"),
            ("verifyAssistanceRequest", "VERIFIED"),
        ],
    ),
    ("REJECTED", &["submitAssistanceRequest", "rejectAssistanceRequest"], &[]),
    ("WITHDRAWN", &["withdrawAssistanceRequest"], &[]),
    (
        "CLOSED",
        &[
            "submitAssistanceRequest",
            "verifyAssistanceRequest",
            "closeAssistanceRequest",
        ],
        &[],
    ),
];

fn who<'a>(people: &'a People, step: &str) -> &'a str {
    match step {
        "verifyAssistanceRequest" | "returnAssistanceRequest" | "rejectAssistanceRequest" => &people.coordinator,
        _ => &people.focal,
    }
}

async fn take(app: &TestApp, people: &People, step: &str, request: &Value) -> Value {
    let input = match step {
        "verifyAssistanceRequest" => named(request),
        _ => named_with(request, json!({ "reason": "because" })),
    };
    app.mutate(who(people, step), step, input, STATE).await
}

on_both! {
    async fn every_step_is_open_exactly_where_the_table_says(app) {
        let people = people(app).await;
        for (status, way, open) in TABLE {
            for step in STEPS {
                let created = app.mutate(&people.focal, "createAssistanceRequest", draft(), STATE).await;
                let mut request = created["assistanceRequest"].clone();
                for before in way {
                    request = take(app, &people, before, &request).await["assistanceRequest"].clone();
                }
                assert_eq!(request["status"], status);
                let taken = take(app, &people, step, &request).await;
                match open.iter().find(|(name, _)| *name == step) {
                    Some((_, next)) => {
                        assert_eq!(taken["userErrors"], json!([]), "{step} in {status}");
                        assert_eq!(taken["assistanceRequest"]["status"], *next);
                        if step == "verifyAssistanceRequest" && status == "VERIFIED" {
                            assert_eq!(taken["assistanceRequest"]["version"], request["version"], "nothing changed");
                        } else {
                            let version = request["version"].as_i64().unwrap() + 1;
                            assert_eq!(taken["assistanceRequest"]["version"], version);
                        }
                    }
                    None => {
                        assert_eq!(codes(&taken), ["INVALID_TRANSITION"], "{step} in {status}: {taken:#}");
                        assert_eq!(taken["assistanceRequest"]["status"], status, "the object as it is");
                        assert_eq!(taken["assistanceRequest"]["version"], request["version"]);
                    }
                }
            }
        }
    }

    async fn everybody_sees_a_verified_request_at_once(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let reference = request["reference"].as_str().unwrap();
        assert!(reference.starts_with("BGD-2026-"), "{reference}");
        let query = "query($r: String!) { assistanceRequest(by: { reference: $r }) { title status country { name(locale: FR) whoRegion }
            items { quantity approvedQuantity commodity { code category { code ancestors { code } } } unit { code } unitCostUsd } contact { name } } }";
        let seen = app.ask(None, query, json!({ "r": reference })).await;
        assert_eq!(seen["assistanceRequest"]["status"], "VERIFIED");
        assert_eq!(seen["assistanceRequest"]["contact"], Value::Null, "a contact is not for everybody");
        assert_eq!(seen["assistanceRequest"]["items"][1]["quantity"], "2500.5");
        assert_eq!(seen["assistanceRequest"]["items"][1]["approvedQuantity"], "2500.5");
        assert_eq!(seen["assistanceRequest"]["items"][0]["unitCostUsd"], "588");
        assert_eq!(seen["assistanceRequest"]["items"][2]["unit"]["code"], "USD");
        let full = app.ask(Some(&people.responder), query, json!({ "r": reference })).await;
        assert_eq!(full["assistanceRequest"]["contact"]["name"], "A. Rahman");
    }

    async fn a_draft_exists_for_its_country_only(app) {
        let people = people(app).await;
        let created = app.mutate(&people.focal, "createAssistanceRequest", draft(), STATE).await;
        let id = created["assistanceRequest"]["id"].clone();
        let query = "query($id: ID!) { assistanceRequest(by: { id: $id }) { id } assistanceRequests { totalCount } requestItems { totalCount }
            country(code: \"BGD\") { assistanceRequests { totalCount nodes { id } } } }";
        for (key, sees) in [
            (None, false),
            (Some(&people.stranger), false),
            (Some(&people.responder), false),
            (Some(&people.reader), false),
            (Some(&people.focal), true),
            (Some(&people.coordinator), true),
        ] {
            let seen = app.ask(key.map(String::as_str), query, json!({ "id": id })).await;
            let count = i32::from(sees);
            assert_eq!(seen["assistanceRequest"].is_object(), sees, "{seen:#}");
            assert_eq!(seen["assistanceRequests"]["totalCount"], count);
            assert_eq!(seen["requestItems"]["totalCount"], count * 3);
            assert_eq!(seen["country"]["assistanceRequests"]["totalCount"], count);
        }
        let input = json!({ "id": id, "version": 1 });
        let hidden = app.mutate(&people.stranger, "submitAssistanceRequest", input.clone(), STATE).await;
        assert_eq!(codes(&hidden), ["NOT_FOUND"]);
        assert_eq!(hidden["assistanceRequest"], Value::Null);
        assert_eq!(app.refused(Some(&people.reader), "submitAssistanceRequest", input.clone()).await, "FORBIDDEN");
        assert_eq!(app.refused(None, "submitAssistanceRequest", input).await, "UNAUTHENTICATED");
    }

    async fn approvals_are_checked_all_at_once(app) {
        let people = people(app).await;
        let mut input = draft();
        input["submit"] = true.into();
        let created = app.mutate(&people.focal, "createAssistanceRequest", input, STATE).await;
        let request = &created["assistanceRequest"];
        let item = |index: usize| request["items"][index]["id"].clone();
        let approvals = json!([
            { "item": item(0), "approvedQuantity": "100.5" },
            { "item": item(1), "approvedQuantity": "10" },
            { "item": "bm9uc2Vuc2U", "approvedQuantity": "1" },
            { "item": item(1), "approvedQuantity": "10", "note": "twice" },
        ]);
        let wrong = app
            .mutate(&people.coordinator, "verifyAssistanceRequest", named_with(request, json!({ "approvals": approvals })), STATE)
            .await;
        assert_eq!(codes(&wrong), ["OUT_OF_RANGE", "REQUIRED", "NOT_FOUND", "DUPLICATE"]);
        assert_eq!(wrong["userErrors"][0]["field"], json!(["approvals", "0", "approvedQuantity"]));
        let nothing: Vec<Value> = (0..3).map(|index| json!({ "item": item(index), "approvedQuantity": 0, "note": "no" })).collect();
        let none = app
            .mutate(&people.coordinator, "verifyAssistanceRequest", named_with(request, json!({ "approvals": nothing })), STATE)
            .await;
        assert_eq!(codes(&none), ["INVALID"]);
        let some = json!([{ "item": item(0), "approvedQuantity": "40", "note": "what we can carry" }]);
        let done = app
            .mutate(&people.coordinator, "verifyAssistanceRequest", named_with(request, json!({ "approvals": some })), STATE)
            .await;
        assert_eq!(done["assistanceRequest"]["items"][0]["approvedQuantity"], "40");
        assert_eq!(done["assistanceRequest"]["items"][0]["uncoveredQuantity"], "40");
        assert_eq!(done["assistanceRequest"]["items"][1]["approvedQuantity"], "2500.5");
    }

    async fn a_stale_version_changes_nothing_and_shows_the_object_as_it_is(app) {
        let people = people(app).await;
        let created = app.mutate(&people.focal, "createAssistanceRequest", draft(), STATE).await;
        let request = &created["assistanceRequest"];
        let renamed = app
            .mutate(&people.focal, "updateAssistanceRequest", named_with(request, json!({ "title": "Another" })), STATE)
            .await;
        assert_eq!(renamed["assistanceRequest"]["version"], 2);
        let stale = app
            .mutate(&people.focal, "updateAssistanceRequest", named_with(request, json!({ "title": "A third" })), "assistanceRequest { title version } userErrors { code field params { name value } }")
            .await;
        assert_eq!(codes(&stale), ["STALE_VERSION"]);
        assert_eq!(stale["assistanceRequest"], json!({ "title": "Another", "version": 2 }));
        let same = app
            .mutate(&people.focal, "updateAssistanceRequest", named_with(&renamed["assistanceRequest"], json!({ "title": "Another" })), STATE)
            .await;
        assert_eq!(same["assistanceRequest"]["version"], 2, "what changes nothing leaves the version");
    }

    async fn what_a_mutation_names_twice_is_done_once(app) {
        let people = people(app).await;
        let fragment = "fragment A on Mutation { createAssistanceRequest(input: $input) { assistanceRequest { reference } } }
            fragment B on Mutation { createAssistanceRequest(input: $input) { assistanceRequest { title items { quantity } } } }";
        let one = "createAssistanceRequest(input: $input)";
        let mut done = 0;
        for (selected, shows, fragments) in [
            (format!("{one} {{ assistanceRequest {{ reference }} }} {one} {{ assistanceRequest {{ title }} userErrors {{ code }} }}"), vec!["reference", "title"], false),
            ("...A ...A".into(), vec!["reference"], true),
            ("...A ...B ... @include(if: $yes) { ...A }".into(), vec!["reference", "title", "items"], true),
            ("... @include(if: $no) { ...A } ...B".into(), vec!["title", "items"], true),
            ("... @include(if: $yes) { ...A ...B }".into(), vec!["reference", "title", "items"], true),
            ("...A @skip(if: $yes)".into(), vec![], true),
        ] {
            let (uses, both) = if selected.contains("$yes") || selected.contains("$no") {
                (", $yes: Boolean! = true, $no: Boolean! = false", true)
            } else {
                ("", false)
            };
            let ends = match (both, selected.contains("$yes"), selected.contains("$no")) {
                (true, true, false) => "... @skip(if: $no) { __typename }",
                (true, false, true) => "... @skip(if: $yes) { __typename }",
                _ => "",
            };
            let spread: String = match fragments {
                true => fragment.split("fragment ").filter(|one| !one.is_empty() && selected.contains(&format!("...{}", &one[..1]))).map(|one| format!("fragment {one}")).collect(),
                false => String::new(),
            };
            let document = format!("mutation($input: CreateAssistanceRequestInput!{uses}) {{ {selected} {ends} }} {spread}");
            let (_, answer) = app.post(Some(&people.focal), &document, json!({ "input": draft() })).await;
            assert!(answer.get("errors").is_none(), "{document}\n{answer:#}");
            let made = &answer["data"]["createAssistanceRequest"]["assistanceRequest"];
            let shown: Vec<_> = made.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let mut expected = shows.clone();
            expected.sort_unstable();
            let mut sorted = shown.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, expected, "{document}");
            done += u64::from(!shows.is_empty());
            let all = app.ask(Some(&people.focal), "{ assistanceRequests { totalCount } }", Value::Null).await;
            assert_eq!(all["assistanceRequests"]["totalCount"], done, "{document}");
        }
        // Two names are two mutations, and conditions that differ can't be told apart.
        let document = format!("mutation($input: CreateAssistanceRequestInput!) {{ a: {one} {{ userErrors {{ code }} }} b: {one} {{ userErrors {{ code }} }} }}");
        app.ask(Some(&people.focal), &document, json!({ "input": draft() })).await;
        let document = format!("mutation($input: CreateAssistanceRequestInput!, $a: Boolean!, $b: Boolean!) {{
            {one} @include(if: $a) {{ userErrors {{ code }} }} {one} @include(if: $b) {{ userErrors {{ code }} }} }}");
        let (_, answer) = app.post(Some(&people.focal), &document, json!({ "input": draft(), "a": true, "b": true })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{answer:#}");
        let all = app.ask(Some(&people.focal), "{ assistanceRequests { totalCount } }", Value::Null).await;
        assert_eq!(all["assistanceRequests"]["totalCount"], done + 2);
    }

    async fn an_import_without_a_contact_leaves_the_one_that_is_there(app) {
        let people = people(app).await;
        let mut row = draft();
        row["externalId"] = "X-1".into();
        let input = |row: &Value| json!({ "source": "SYS", "rows": [row] });
        let selection = "created updated unchanged assistanceRequests { contact { name } version } userErrors { code field }";
        let created = app.mutate(&people.focal, "importAssistanceRequests", input(&row), selection).await;
        assert_eq!(created["created"], 1, "{created:#}");
        row.as_object_mut().unwrap().remove("contact");
        let again = app.mutate(&people.focal, "importAssistanceRequests", input(&row), selection).await;
        assert_eq!(again["unchanged"], 1, "{again:#}");
        assert_eq!(again["assistanceRequests"][0]["contact"]["name"], "A. Rahman");
    }

    async fn a_title_that_nobody_can_see_is_blank(app) {
        let people = people(app).await;
        for title in ["\u{200b}", "\u{feff}", " \u{2060} "] {
            let mut input = draft();
            input["title"] = title.into();
            let refused = app.mutate(&people.focal, "createAssistanceRequest", input, "userErrors { code field }").await;
            assert_eq!(refused["userErrors"], json!([{ "code": "BLANK", "field": ["title"] }]));
        }
    }
}
