//! The same again under the same key: nothing is done twice, and the answer is the same.

use std::collections::BTreeMap;

use entity::enums::Role;
use futures_util::future::join;
use nam_needs::domain::rights::MUTATIONS;
use serde_json::{Value, json};

use crate::common::{ADMIN, Backend, TestApp};
use crate::on_both;
use crate::rights::Makers;
use crate::support::{codes, draft, named, named_with, people, verified};

const REQUEST: &str = "assistanceRequest { id version title } userErrors { code message field params { name value } }";

fn keyed(mut input: Value, key: &str) -> Value {
    input["idempotencyKey"] = key.into();
    input
}

/// What a mutation answers, the object's id and version with it.
fn selection(mutation: &str) -> String {
    let object = match mutation {
        "importAssistanceRequests" => {
            "created updated unchanged failed assistanceRequests { id version items { id quantity } }"
        }
        "createApiKey" => "secret apiKey { id name revokedAt }",
        "revokeApiKey" => "apiKey { id name revokedAt }",
        _ if mutation.ends_with("AssistanceRequest") => {
            "assistanceRequest { id reference version status items { id quantity approvedQuantity } }"
        }
        _ if mutation.ends_with("Contribution") || mutation.ends_with("Delivery") => {
            "contribution { id version status quantity deliveries { id acceptedQuantity voided } }"
        }
        _ if mutation.ends_with("Country") => "country { id version name }",
        _ if mutation.ends_with("NeedCategory") => "needCategory { id version name sortOrder }",
        _ if mutation.ends_with("Commodity") => "commodity { id version name }",
        _ if mutation.ends_with("Organization") => "organization { id version name }",
        _ => panic!("no selection for {mutation}: write one"),
    };
    format!("{object} userErrors {{ code message field }}")
}

/// An answer without the secret, and the secret.
fn told_apart(mutation: &str, mut payload: Value) -> (Value, Option<String>) {
    assert_eq!(payload["userErrors"], json!([]), "{mutation}: {payload:#}");
    let secret = payload.as_object_mut().unwrap().remove("secret");
    (payload, secret.and_then(|secret| secret.as_str().map(str::to_owned)))
}

/// How many rows each table has got more.
fn grown(before: &BTreeMap<String, i64>, after: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    let grown = after.iter().map(|(table, rows)| (table.clone(), rows - before[table]));
    grown.filter(|(_, rows)| *rows != 0).collect()
}

/// Everything that the tables of what is written hold, without the times at which keys were used.
async fn contents(app: &TestApp) -> Vec<Vec<Option<String>>> {
    // SQLite keeps a UUID as bytes.
    let id = match app.backend {
        Backend::Sqlite => "hex(id)",
        Backend::Postgres => "CAST(id AS TEXT)",
    };
    let selects = [
        ("assistance_request", id, "version", "status"),
        ("contribution", id, "version", "status"),
        ("delivery", id, "voided", "note"),
        ("country", "code", "version", "name"),
        ("need_category", "code", "version", "name"),
        ("commodity", "code", "version", "name"),
        ("organization", "code", "version", "name"),
        ("api_key", id, "revoked_at", "name"),
    ]
    .map(|(table, id, one, other)| format!("SELECT {id}, CAST({one} AS TEXT), CAST({other} AS TEXT) FROM {table}"));
    app.rows(&format!("{} ORDER BY 1, 2, 3", selects.join(" UNION ALL ")))
        .await
}

async fn create(app: &TestApp, key: &str, input: Value) -> Value {
    app.mutate(key, "createAssistanceRequest", input, REQUEST).await
}

on_both! {
    async fn every_mutation_is_done_once_under_its_key(app) {
        let makers = Makers::new(app).await;
        for (mutation, _) in MUTATIONS {
            let selection = selection(mutation);
            let (input, _) = makers.input(app, mutation).await;
            let input = keyed(input, &format!("one after the other: {mutation}"));
            let before = app.row_counts().await;
            let (first, secret) = told_apart(mutation, app.mutate(ADMIN, mutation, input.clone(), &selection).await);
            let (after, done) = (app.row_counts().await, contents(app).await);
            for _ in 0..2 {
                let (again, repeated) = told_apart(mutation, app.mutate(ADMIN, mutation, input.clone(), &selection).await);
                assert_eq!((&again, repeated), (&first, None), "{mutation}");
            }
            assert_eq!((&app.row_counts().await, contents(app).await), (&after, done), "{mutation}");
            assert_eq!(secret.is_some(), mutation == "createApiKey");

            let (input, _) = makers.input(app, mutation).await;
            let input = keyed(input, &format!("both at once: {mutation}"));
            let then = app.row_counts().await;
            let both = join(
                app.mutate(ADMIN, mutation, input.clone(), &selection),
                app.mutate(ADMIN, mutation, input.clone(), &selection),
            );
            let (one, other) = both.await;
            let ((one, secret), (other, another)) = (told_apart(mutation, one), told_apart(mutation, other));
            assert_eq!(one, other, "{mutation}");
            assert_eq!(secret.is_some() ^ another.is_some(), mutation == "createApiKey", "one of them is told it");
            assert_eq!(grown(&then, &app.row_counts().await), grown(&before, &after), "{mutation} is done once");
        }
    }

    async fn another_input_or_mutation_is_a_mismatch(app) {
        let people = people(app).await;
        let first = create(app, &people.focal, keyed(draft(), "k")).await;
        let mut other = keyed(draft(), "k");
        other["title"] = "Another".into();
        let refused = create(app, &people.focal, other.clone()).await;
        assert_eq!(refused["assistanceRequest"], Value::Null);
        let error = &refused["userErrors"][0];
        assert_eq!((&error["code"], &error["field"]), (&json!("IDEMPOTENCY_MISMATCH"), &json!(["idempotencyKey"])));
        assert_eq!(error["params"], json!([{ "name": "mutation", "value": "createAssistanceRequest" }]));
        other["priority"] = "LOW".into();
        other["peopleInNeed"] = json!(-1);
        let refused = create(app, &people.focal, other).await;
        assert_eq!(codes(&refused), ["OUT_OF_RANGE", "IDEMPOTENCY_MISMATCH"], "with what else is wrong");

        let submit = keyed(named(&first["assistanceRequest"]), "k");
        let refused = app.mutate(&people.focal, "submitAssistanceRequest", submit, REQUEST).await;
        assert_eq!(codes(&refused), ["IDEMPOTENCY_MISMATCH"]);
        assert_eq!(refused["assistanceRequest"], first["assistanceRequest"], "as it is");
        assert_eq!(create(app, &people.focal, keyed(draft(), "k")).await, first);
    }

    async fn what_changed_nothing_is_not_remembered(app) {
        let people = people(app).await;
        let before = app.row_counts().await;
        // By its form, and by what the database holds.
        let mut input = keyed(draft(), "k");
        input["title"] = " ".into();
        assert_eq!(codes(&create(app, &people.focal, input.clone()).await), ["BLANK"]);
        let mut empty = keyed(draft(), "k");
        empty["items"] = json!([]);
        empty["submit"] = true.into();
        assert_eq!(codes(&create(app, &people.focal, empty).await), ["NO_ITEMS"]);
        // An error.
        let mut foreign = keyed(draft(), "k");
        foreign["country"] = "KEN".into();
        assert_eq!(app.refused(Some(&people.focal), "createAssistanceRequest", foreign).await, "FORBIDDEN");
        // A dry run.
        let mut row = draft();
        row["externalId"] = "x".into();
        let mut import = keyed(json!({ "source": "SYS", "rows": [row], "dryRun": true }), "k");
        let counts = "created updated unchanged failed userErrors { code }";
        for _ in 0..2 {
            let tried = app.mutate(&people.focal, "importAssistanceRequests", import.clone(), counts).await;
            assert_eq!(tried["created"], 1);
        }
        assert_eq!(app.row_counts().await, before);

        import["dryRun"] = false.into();
        let landed = app.mutate(&people.focal, "importAssistanceRequests", import.clone(), counts).await;
        assert_eq!(landed["created"], 1, "the same key still serves");
        assert_eq!(app.mutate(&people.focal, "importAssistanceRequests", import, counts).await, landed, "not unchanged: 1");

        // An update to what is already there.
        let made = create(app, &people.focal, draft()).await["assistanceRequest"].clone();
        let update = async |title: &str| {
            let input = json!({ "id": made["id"], "version": made["version"], "title": title, "idempotencyKey": "same" });
            app.mutate(&people.focal, "updateAssistanceRequest", input, "assistanceRequest { version } userErrors { code }").await
        };
        let title = draft()["title"].as_str().unwrap().to_owned();
        assert_eq!(update(&title).await, json!({ "assistanceRequest": { "version": 1 }, "userErrors": [] }));
        assert_eq!(update("Another").await, json!({ "assistanceRequest": { "version": 2 }, "userErrors": [] }));
    }

    async fn of_two_at_once_the_refused_one_leaves_the_key_to_the_other(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let selection = "contribution { id } userErrors { code }";
        for round in 0..20 {
            let gift = |quantity: &str| {
                let gift = json!({ "item": request["items"][2]["id"], "organization": "WHO", "quantity": quantity, "status": "COMMITTED" });
                keyed(gift, &format!("round {round}"))
            };
            let (good, bad) = join(
                app.mutate(&people.responder, "createContribution", gift("1"), selection),
                app.mutate(&people.responder, "createContribution", gift("1000001"), selection),
            )
            .await;
            assert_eq!(codes(&good), Vec::<String>::new());
            assert!(["OVER_COMMITTED", "IDEMPOTENCY_MISMATCH"].contains(&&*codes(&bad)[0]), "{bad:#}");
        }
        let given = app.rows("SELECT external_id FROM contribution").await;
        assert_eq!(given.len(), 20);
    }

    async fn what_was_done_counts_though_it_would_be_refused_by_now(app) {
        let people = people(app).await;
        let first = create(app, &people.focal, keyed(draft(), "k")).await;
        let found = app.ask(None, "{ commodity(code: \"GLOVES_EXAM\") { id version } }", json!({})).await;
        let retire = named_with(&found["commodity"], json!({ "active": false }));
        app.mutate(ADMIN, "updateCommodity", retire, "userErrors { code }").await;
        assert_eq!(codes(&create(app, &people.focal, draft()).await), ["INACTIVE"]);
        assert_eq!(create(app, &people.focal, keyed(draft(), "k")).await, first);
    }

    async fn the_objects_are_shown_as_they_are_now(app) {
        let people = people(app).await;
        let first = create(app, &people.focal, keyed(draft(), "k")).await;
        let rename = named_with(&first["assistanceRequest"], json!({ "title": "Renamed" }));
        app.mutate(&people.focal, "updateAssistanceRequest", rename, REQUEST).await;
        let again = create(app, &people.focal, keyed(draft(), "k")).await;
        assert_eq!((&again["assistanceRequest"]["id"], &again["assistanceRequest"]["title"]),
            (&first["assistanceRequest"]["id"], &json!("Renamed")));
        let key = keyed(json!({ "name": "x", "roles": ["READER"] }), "key");
        let selection = "secret apiKey { id revokedAt }";
        let minted = app.mutate(ADMIN, "createApiKey", key.clone(), selection).await;
        app.mutate(ADMIN, "revokeApiKey", json!({ "id": minted["apiKey"]["id"] }), "userErrors { code }").await;
        let again = app.mutate(ADMIN, "createApiKey", key, selection).await;
        assert_eq!(again, json!({ "secret": null, "apiKey": { "id": minted["apiKey"]["id"], "revokedAt": "2026-11-23T12:00:00.000000Z" } }));
    }

    async fn each_principal_has_its_own_keys(app) {
        let people = people(app).await;
        let another = app.key(Role::FocalPoint, Some("BGD"), None).await;
        let one = create(app, &people.focal, keyed(draft(), "k")).await;
        let other = create(app, &another, keyed(draft(), "k")).await;
        assert_ne!(one["assistanceRequest"]["id"], other["assistanceRequest"]["id"]);
        let mut third = keyed(draft(), "k");
        third["title"] = "Third".into();
        assert_eq!(codes(&create(app, &people.coordinator, third).await), Vec::<String>::new());
    }

    async fn a_key_is_kept_for_seven_days_and_then_swept_away(app) {
        let people = people(app).await;
        let keys = "SELECT \"key\" FROM idempotency ORDER BY 1";
        let first = create(app, &people.focal, keyed(draft(), "k")).await;
        create(app, &people.focal, keyed(draft(), "unused")).await;
        app.clock.set(app.clock.now() + chrono::TimeDelta::days(7) - chrono::TimeDelta::microseconds(1));
        assert_eq!(create(app, &people.focal, keyed(draft(), "k")).await, first);
        assert!(!nam_needs::store::sweep(&app.store).await.unwrap());
        assert_eq!(app.rows(keys).await.len(), 2);

        app.clock.set(app.clock.now() + chrono::TimeDelta::microseconds(1));
        let mut other = keyed(draft(), "k");
        other["title"] = "Another".into();
        let second = create(app, &people.focal, other.clone()).await;
        assert_eq!(second["assistanceRequest"]["title"], "Another", "{second:#}");
        assert_eq!(create(app, &people.focal, other.clone()).await, second, "taken over");
        nam_needs::store::sweep(&app.store).await.unwrap();
        assert_eq!(app.rows(keys).await, [[Some("k".to_owned())]], "the one that was taken over stays");
        app.pass_days(8);
        let (one, another) = join(nam_needs::store::sweep(&app.store), nam_needs::store::sweep(&app.store)).await;
        assert!(!one.unwrap() && !another.unwrap());
        assert_eq!(app.row_counts().await["idempotency"], 0);
        other["title"] = "Third".into();
        assert_eq!(create(app, &people.focal, other).await["assistanceRequest"]["title"], "Third");
    }

    async fn of_two_that_take_an_expired_key_over_one_writes(app) {
        let people = people(app).await;
        for round in 0..10 {
            create(app, &people.focal, keyed(draft(), "k")).await;
            app.pass_days(7);
            let mut input = keyed(draft(), "k");
            input["title"] = format!("Round {round}").into();
            let (one, other) = join(create(app, &people.focal, input.clone()), create(app, &people.focal, input)).await;
            assert_eq!(one, other);
            app.pass_days(7);
        }
        assert_eq!(app.row_counts().await["assistance_request"], 20);
    }

    async fn a_key_has_1_to_255_characters(app) {
        let people = people(app).await;
        for (key, expected) in [
            (String::new(), Some("BLANK")),
            (" \u{200b} ".into(), Some("BLANK")),
            ("\u{7}".into(), Some("INVALID")),
            ("k".into(), None),
            ("é".repeat(255), None),
            ("x".repeat(256), Some("TOO_LONG")),
        ] {
            let answer = create(app, &people.focal, keyed(draft(), &key)).await;
            assert_eq!(codes(&answer), expected.into_iter().collect::<Vec<_>>(), "{key}");
            if expected.is_some() {
                assert_eq!((&answer["assistanceRequest"], &answer["userErrors"][0]["field"]), (&Value::Null, &json!(["idempotencyKey"])));
            }
            let code = format!("X{}", key.len());
            let organization = json!({ "code": code, "name": "x", "kind": "NGO", "idempotencyKey": key });
            let answer = app.mutate(ADMIN, "createOrganization", organization, "organization { id } userErrors { code field }").await;
            assert_eq!(codes(&answer), expected.into_iter().collect::<Vec<_>>(), "{key}");
        }
        let mut input = keyed(draft(), "");
        input["title"] = "".into();
        let answer = create(app, &people.focal, input).await;
        let fields: Vec<&Value> = answer["userErrors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
        assert_eq!(fields, [&json!(["idempotencyKey"]), &json!(["title"])], "with what else is wrong");
        let (one, other) = (keyed(draft(), "trimmed"), keyed(draft(), "  trimmed\n"));
        assert_eq!(create(app, &people.focal, one).await, create(app, &people.focal, other).await);
        let none = keyed(draft(), "x");
        assert_eq!(app.row_counts().await["idempotency"], 5);
        create(app, &people.focal, { let mut none = none; none["idempotencyKey"] = Value::Null; none }).await;
        assert_eq!(app.row_counts().await["idempotency"], 5, "an explicit null is no key");
    }

    async fn an_input_is_the_same_however_it_is_written(app) {
        let people = people(app).await;
        let ask = async |query: &str, variables: Value| app.ask(Some(&people.focal), query, variables).await["it"].clone();
        let literal = |more: &str| format!(
            "mutation {{ it: createAssistanceRequest(input: {{ idempotencyKey: \"k\", title: \"x\", country: \"BGD\", priority: LOW,
                items: [{{ quantity: 2, commodity: \"GLOVES_EXAM\" }}] {more} }}) {{ {REQUEST} }} }}"
        );
        let first = ask(&literal(""), json!({})).await;
        assert_eq!(codes(&first), Vec::<String>::new());
        for more in ["submit: false", "language: EN submit: false"] {
            assert_eq!(ask(&literal(more), json!({})).await, first, "{more}");
        }
        let item = json!({ "kind": "GOODS", "commodity": "GLOVES_EXAM", "quantity": "2.000" });
        let input = json!({ "country": "BGD", "title": "x", "priority": "LOW", "items": item, "idempotencyKey": "k" });
        let whole = format!("mutation($input: CreateAssistanceRequestInput!) {{ it: createAssistanceRequest(input: $input) {{ {REQUEST} }} }}");
        assert_eq!(ask(&whole, json!({ "input": input })).await, first);
        let parts = format!(
            "mutation($title: String!, $items: [RequestItemInput!]!, $submit: Boolean! = false, $contact: ContactInput) {{
                it: createAssistanceRequest(input: {{ items: $items, priority: LOW, title: $title, country: \"BGD\", submit: $submit,
                    contact: $contact, idempotencyKey: \"k\" }}) {{ {REQUEST} }} }}"
        );
        assert_eq!(ask(&parts, json!({ "title": "x", "items": [item] })).await, first);
        for more in ["submit: true", "description: \"y\"", "language: FR"] {
            assert_eq!(codes(&ask(&literal(more), json!({})).await), ["IDEMPOTENCY_MISMATCH"], "{more}");
        }
        let rename = |more: &str| format!(
            "mutation {{ it: updateAssistanceRequest(input: {{ idempotencyKey: \"u\", id: {}, version: 1, title: \"y\" {more} }}) {{ {REQUEST} }} }}",
            first["assistanceRequest"]["id"]
        );
        assert_eq!(codes(&ask(&rename(""), json!({})).await), Vec::<String>::new());
        assert_eq!(codes(&ask(&rename("description: null"), json!({})).await), ["IDEMPOTENCY_MISMATCH"], "null clears");
        assert_eq!(codes(&ask(&rename(""), json!({})).await), Vec::<String>::new());
    }

    async fn in_one_document_the_second_is_told_what_the_first_did(app) {
        let people = people(app).await;
        let fields = ["a", "b"].map(|alias| format!("{alias}: createAssistanceRequest(input: $input) {{ {REQUEST} }}"));
        let query = format!("mutation($input: CreateAssistanceRequestInput!) {{ {} }}", fields.concat());
        let answer = app.ask(Some(&people.focal), &query, json!({ "input": keyed(draft(), "k") })).await;
        assert_eq!(answer["a"], answer["b"]);
        assert_eq!(app.row_counts().await["assistance_request"], 1);
    }

    async fn of_a_secret_nothing_is_remembered(app) {
        let input = keyed(json!({ "name": "x", "roles": ["READER"] }), "k");
        let minted = app.mutate(ADMIN, "createApiKey", input, "secret apiKey { id }").await;
        let secret = minted["secret"].as_str().unwrap();
        let remembered = app.rows("SELECT outcome, mutation, principal FROM idempotency").await;
        let outcome = remembered[0][0].as_deref().unwrap();
        let outcome: Value = serde_json::from_str(outcome).unwrap();
        let names: Vec<&String> = outcome.as_object().unwrap().keys().collect();
        assert_eq!(names, ["id"], "{outcome}");
        assert!(!format!("{remembered:?}").contains(&secret[4..]));
    }

    async fn a_key_costs_one_statement_and_none_costs_none(app) {
        let people = people(app).await;
        let mut spent = Vec::new();
        create(app, &people.focal, draft()).await;
        for key in [None, Some("k"), Some("k")] {
            let mut input = draft();
            if let Some(key) = key {
                input = keyed(input, key);
            }
            let before = app.store.statements();
            create(app, &people.focal, input).await;
            spent.push(app.store.statements() - before);
        }
        // The reference's number (and with it, on PostgreSQL, who writes), the request and its items, which are not read again
        // for the answer; what a key remembers is written with its claim; and of the ledger the changes, their places, and on
        // SQLite the last place before them. Who asks again waits on PostgreSQL until what was done has its place.
        let named = u64::from(app.backend == Backend::Postgres);
        let ledger = 3 - named;
        assert_eq!(spent, [3 + ledger, 3 + ledger + 1, 1 + 2 + 2 * named], "on {:?}", app.backend);
    }
}
