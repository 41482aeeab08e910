//! Every code of `docs/errors.md` once, with the status that stands there.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{ADMIN, Backend, TestApp, on_each, run, run_with};
use crate::on_both;
use crate::support::{draft, named, named_with, people, verified};

const DOCUMENTED: &str = include_str!("../../docs/errors.md");

/// Codes that only a fault of ours calls forth.
const OUT_OF_REACH: [&str; 1] = ["INTERNAL"];

/// The first column of the table below a heading.
fn table(heading: &str) -> BTreeSet<String> {
    let section = DOCUMENTED.split(heading).nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.map(Into::into).collect()
}

/// The status that the table gives to a whole request refused.
fn documented_status(code: &str) -> u16 {
    let row = DOCUMENTED
        .lines()
        .find(|line| line.starts_with(&format!("| `{code}`")))
        .unwrap();
    let status = row.split(" | ").nth(2).unwrap();
    status
        .chars()
        .take(3)
        .collect::<String>()
        .parse()
        .unwrap_or_else(|_| panic!("{row}"))
}

/// Status and code of a request that is refused as a whole.
async fn refused(app: &TestApp, key: Option<&str>, body: String) -> (u16, String) {
    let request = app
        .request(Method::POST, "/graphql")
        .header("content-type", "application/json");
    let mut request = request.header("accept", "application/graphql-response+json").body(body);
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer.get("data"), None, "{answer:#}");
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1, "{answer:#}");
    (
        status,
        answer["errors"][0]["extensions"]["code"].as_str().unwrap().into(),
    )
}

fn body(query: &str) -> String {
    json!({ "query": query }).to_string()
}

#[test]
fn every_code_of_the_table_is_met_with_its_status() {
    let mut met: BTreeSet<String> = OUT_OF_REACH.map(Into::into).into();
    let meet = |met: &mut BTreeSet<String>, (status, code): (u16, String), expected: &str| {
        assert_eq!(code, expected);
        assert_eq!(status, documented_status(&code), "{code}");
        met.insert(code);
    };
    let met_by = &mut met;
    let manifest = std::env::temp_dir().join(format!("nam-needs-errors-{}.json", std::process::id()));
    std::fs::write(&manifest, json!({ "1": "{ __typename }" }).to_string()).unwrap();
    let trusted = format!("--trusted-documents={}", manifest.display());
    on_each(&[&trusted, "--trusted-only=true"], async |app| {
        let unknown = json!({ "documentId": "2" }).to_string();
        meet(met_by, refused(app, None, unknown).await, "PERSISTED_QUERY_NOT_FOUND");
        meet(
            met_by,
            refused(app, None, body("{ __typename }")).await,
            "PERSISTED_QUERY_REQUIRED",
        );
    });
    std::fs::remove_file(&manifest).unwrap();
    let settings = ["--introspection=false", "--max-cost-anonymous=30", "--max-depth=3"];
    on_each(&settings, async |app| {
        for (query, code) in [
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            (
                "query A { __typename } query B { __typename }",
                "OPERATION_RESOLUTION_FAILURE",
            ),
            (
                "{ countries(filter: { code: { eq: \"bangladesh\" } }) { totalCount } }",
                "BAD_USER_INPUT",
            ),
            ("{ countries(first: 31) { nodes { code } } }", "QUERY_TOO_COMPLEX"),
            (
                "{ needCategory(code: \"MED\") { parent { parent { code } } } }",
                "QUERY_TOO_DEEP",
            ),
            ("{ __schema { queryType { name } } }", "INTROSPECTION_DISABLED"),
        ] {
            meet(met_by, refused(app, None, body(query)).await, code);
        }
        meet(
            met_by,
            refused(app, Some("nam_nothing"), body("{ __typename }")).await,
            "UNAUTHENTICATED",
        );
        meet(
            met_by,
            refused(app, None, " ".repeat(300_000)).await,
            "PAYLOAD_TOO_LARGE",
        );

        // What concerns one field leaves its siblings and the status alone.
        let reader = app.key(entity::enums::Role::Reader, None, None).await;
        for (key, query, code) in [
            (
                None,
                "{ it: countries(first: 1, after: \"x\") { nodes { code } } viewer { roles } }",
                "BAD_CURSOR",
            ),
            (
                Some(reader.as_str()),
                "{ it: apiKeys { totalCount } viewer { roles } }",
                "FORBIDDEN",
            ),
            (
                None,
                "{ it: apiKeys(first: 1) { totalCount } viewer { roles } }",
                "UNAUTHENTICATED",
            ),
            (
                None,
                "{ it: country(code: \"XXX\") { code } viewer { roles } }",
                "BAD_USER_INPUT",
            ),
        ] {
            let (status, answer) = app.post(key, query, json!({})).await;
            assert_eq!((status, &answer["data"]["it"]), (200, &Value::Null), "{answer:#}");
            assert!(answer["data"]["viewer"]["roles"].is_array(), "{answer:#}");
            assert_eq!(answer["errors"][0]["extensions"]["code"], code);
            assert_eq!(answer["errors"][0]["path"], json!(["it"]));
            met_by.insert(code.into());
        }

        app.store.close().await;
        let gone = refused(app, Some(ADMIN), body("{ __typename }")).await;
        assert_eq!(gone.0, documented_status("UNAVAILABLE"));
        met_by.insert(gone.1);
        let (status, answer) = app
            .post(
                None,
                "{ it: assistanceRequests(first: 1) { nodes { id } } viewer { roles } }",
                json!({}),
            )
            .await;
        assert_eq!(
            (status, &answer["errors"][0]["extensions"]["code"]),
            (200, &json!("UNAVAILABLE")),
            "{answer:#}"
        );
        assert!(answer["data"]["viewer"]["roles"].is_array());
    });
    let small = ["--rate-exempt=", "--rate-anonymous=1", "--rate-burst-seconds=1"];
    on_each(&small, async |app| {
        app.ask(None, "{ __typename }", json!({})).await;
        meet(met_by, refused(app, None, body("{ __typename }")).await, "RATE_LIMITED");
    });
    assert!(met.contains("UNAVAILABLE"));
    // A request that another holds up for longer than its time.
    met.insert("TIMEOUT".into());
    assert_eq!(met, table("## GraphQL errors"));
}

#[test]
fn a_request_that_takes_too_long_is_a_timeout() {
    run_with(Backend::Postgres, &["--timeout-ms=1500"], async |app| {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let hold = app.hold("assistance_request").await;
        let input = named_with(&request, json!({ "reason": "because" }));
        let answer = app
            .attempt(
                Some(&people.focal),
                "withdrawAssistanceRequest",
                input,
                "userErrors { code }",
            )
            .await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "TIMEOUT", "{answer:#}");
        drop(hold);
    });
}

#[test]
fn a_database_that_went_away_is_unavailable() {
    run(Backend::Postgres, async |app| {
        app.ask(None, "{ assistanceRequests { totalCount } }", json!({})).await;
        app.take_away().await;
        for (key, query) in [
            (None, "{ assistanceRequests { totalCount } }"),
            (
                Some(ADMIN),
                "mutation { createOrganization(input: { code: \"X\", name: \"X\", kind: NGO }) { userErrors { code } } }",
            ),
        ] {
            let (_, answer) = app.post(key, query, json!({})).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer:#}");
            assert!(
                !answer.to_string().contains("test_"),
                "nothing of the inside: {answer:#}"
            );
        }
    });
}

/// Calls one mutation and notes the codes of what comes back.
async fn note(met: &mut BTreeSet<String>, app: &TestApp, key: &str, mutation: &str, input: Value, expected: &str) {
    let payload = app
        .mutate(
            key,
            mutation,
            input,
            "userErrors { code message field params { name value } }",
        )
        .await;
    let errors = payload["userErrors"].as_array().unwrap();
    let codes: Vec<&str> = errors.iter().map(|error| error["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&expected), "{mutation} {expected}: {payload:#}");
    met.insert(expected.into());
}

on_both! {
    async fn every_code_of_user_errors_is_met(app) {
        let people = people(app).await;
        let mut met = BTreeSet::new();
        for (at, value, code) in [
            ("title", json!(" "), "BLANK"),
            ("source", json!("ministry"), "REQUIRED"),
            ("title", json!("x".repeat(201)), "TOO_LONG"),
            ("items", json!(vec![draft()["items"][0].clone(); 201]), "TOO_MANY"),
            ("title", json!("\u{7}"), "INVALID"),
            ("peopleInNeed", json!(-1), "OUT_OF_RANGE"),
            ("country", json!("XXX"), "NOT_FOUND"),
            ("items", json!([{ "commodity": "O2_CONCENTRATOR", "quantity": 1, "unit": "PERSON_MONTH" }]), "CONFLICT"),
        ] {
            let mut input = draft();
            input[at] = value;
            note(&mut met, app, &people.focal, "createAssistanceRequest", input, code).await;
        }
        let organization = json!({ "code": "WHO", "name": "x", "kind": "NGO" });
        note(&mut met, app, ADMIN, "createOrganization", organization, "DUPLICATE").await;
        let found = app.ask(None, "{ med: needCategory(code: \"MED\") { id version } who: organization(code: \"UNICEF\") { id version } }", json!({})).await;
        note(&mut met, app, ADMIN, "updateNeedCategory", named_with(&found["med"], json!({ "parent": "MED.PPE" })), "CYCLE").await;
        note(&mut met, app, ADMIN, "updateNeedCategory", named_with(&found["med"], json!({ "active": false })), "IN_USE").await;
        app.mutate(ADMIN, "updateOrganization", named_with(&found["who"], json!({ "active": false })), "userErrors { code }").await;

        let mut empty = draft();
        empty["items"] = json!([]);
        empty["idempotencyKey"] = "once".into();
        let created = app.mutate(&people.focal, "createAssistanceRequest", empty.clone(), "assistanceRequest { id version }").await;
        let created = &created["assistanceRequest"];
        empty["title"] = "Another".into();
        note(&mut met, app, &people.focal, "createAssistanceRequest", empty, "IDEMPOTENCY_MISMATCH").await;
        note(&mut met, app, &people.focal, "submitAssistanceRequest", named(created), "NO_ITEMS").await;
        note(&mut met, app, &people.focal, "closeAssistanceRequest", named_with(created, json!({ "reason": "x" })), "INVALID_TRANSITION").await;
        note(&mut met, app, &people.focal, "withdrawAssistanceRequest", named(created), "REASON_REQUIRED").await;
        let stale = named_with(created, json!({ "version": 9, "title": "x" }));
        note(&mut met, app, &people.focal, "updateAssistanceRequest", stale, "STALE_VERSION").await;

        let request = verified(app, &people).await;
        let item = &request["items"][0]["id"];
        let gift = |organization: &str, quantity: i32| {
            json!({ "item": item, "organization": organization, "quantity": quantity, "status": "COMMITTED" })
        };
        note(&mut met, app, &people.coordinator, "createContribution", gift("UNICEF", 1), "INACTIVE").await;
        note(&mut met, app, &people.responder, "createContribution", gift("WHO", 101), "OVER_COMMITTED").await;
        let given = app.mutate(&people.responder, "createContribution", gift("WHO", 90), "contribution { id version }").await;
        let less = named_with(&request, json!({ "approvals": [{ "item": item, "approvedQuantity": 80, "note": "less" }] }));
        note(&mut met, app, &people.coordinator, "verifyAssistanceRequest", less, "BELOW_COMMITTED").await;
        let receipt = named_with(&given["contribution"], json!({ "acceptedQuantity": 50, "on": "2026-11-23" }));
        let received = app.mutate(&people.focal, "recordDelivery", receipt, "contribution { id version }").await;
        let lower = named_with(&received["contribution"], json!({ "quantity": 49 }));
        note(&mut met, app, &people.responder, "updateContribution", lower, "BELOW_RECEIVED").await;
        assert_eq!(met, table("## User errors"));
    }
}

#[test]
fn the_tables_name_the_codes_of_the_schema() {
    let sdl = include_str!("../../schema.graphql");
    let declared = sdl
        .split("enum UserErrorCode {")
        .nth(1)
        .unwrap()
        .split("\n}")
        .next()
        .unwrap();
    let declared = declared.lines().map(str::trim);
    let declared: BTreeSet<String> = declared
        .filter(|line| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        .map(Into::into)
        .collect();
    assert_eq!(table("## User errors"), declared);
}
