//! PostgreSQL's own refusal of foreign writes, with the program's checks taken out: its owner tells the policies that the
//! writer is somebody else than the administrator whom the server let in.

use std::collections::BTreeSet;

use nam_needs::domain::rights::MUTATIONS;
use serde_json::{Value, json};

use crate::common::{ADMIN, Backend, TestApp, run};
use crate::rights::Makers;
use crate::support::{people, verified};
use crate::table::{Row, VIEWERS, Viewer, viewer};

/// Each mutation with the row of the contract's table that its right stands in.
fn row_of(mutation: &str) -> Row {
    match mutation {
        "verifyAssistanceRequest" | "returnAssistanceRequest" | "rejectAssistanceRequest" => Row::Review,
        "recordDelivery" | "voidDelivery" => Row::RecordDelivery,
        name if name.contains("AssistanceRequest") => Row::WriteRequest,
        name if name.contains("Contribution") => Row::WriteContribution,
        _ => Row::Administer,
    }
}

/// What the policies ask of the actor, as functions that answer for this viewer.
fn disguise(viewer: &Viewer) -> String {
    let text = |value: Option<&str>| value.map_or("NULL".into(), |value| format!("'{value}'"));
    let roles: Vec<String> = viewer.roles.iter().map(|role| format!("'{}'", name(*role))).collect();
    format!(
        "CREATE OR REPLACE FUNCTION actor_is(role text) RETURNS boolean LANGUAGE sql STABLE
             AS $$ SELECT role = ANY (ARRAY[{}]::text[]) $$;
         CREATE OR REPLACE FUNCTION actor_country() RETURNS text LANGUAGE sql STABLE AS $$ SELECT {}::text $$;
         CREATE OR REPLACE FUNCTION actor_organization() RETURNS text LANGUAGE sql STABLE AS $$ SELECT {}::text $$",
        roles.join(","),
        text(viewer.country),
        text(viewer.organization),
    )
}

fn name(role: entity::enums::Role) -> String {
    sea_orm::ActiveEnum::to_value(&role)
}

/// The functions as the migration made them.
async fn undisguised(app: &TestApp) -> String {
    let sql = "SELECT pg_get_functiondef(oid) FROM pg_proc
                WHERE proname IN ('actor_is', 'actor_country', 'actor_organization')";
    let rows = app.rows(sql).await;
    let definitions: Vec<String> = rows.into_iter().map(|row| row[0].clone().unwrap()).collect();
    assert_eq!(definitions.len(), 3);
    definitions.join(";\n")
}

#[test]
fn the_database_refuses_every_foreign_mutation_by_itself() {
    run(Backend::Postgres, async |app| {
        let makers = Makers::new(app).await;
        let plain = undisguised(app).await;
        let mut inputs: Vec<Option<Value>> = MUTATIONS.map(|_| None).to_vec();
        for viewer in VIEWERS.map(viewer) {
            for ((mutation, _), input) in MUTATIONS.iter().zip(&mut inputs) {
                if input.is_none() {
                    *input = Some(makers.input(app, mutation).await.0);
                }
            }
            app.alter(&disguise(&viewer)).await.unwrap();
            for ((mutation, _), input) in MUTATIONS.iter().zip(&mut inputs) {
                let given = input.clone().unwrap();
                let selection = "userErrors { code field message }";
                let answer = app.attempt(Some(ADMIN), mutation, given, selection).await;
                let told = format!("{mutation} by {}: {answer:#}", viewer.called());
                if viewer.may(row_of(mutation), Some("BGD"), Some("WHO")) {
                    assert_eq!(answer["data"][mutation]["userErrors"], json!([]), "{told}");
                    *input = None;
                } else {
                    // Nothing was changed: the next one may still do the same.
                    assert_eq!(answer["errors"][0]["extensions"]["code"], "INTERNAL", "{told}");
                }
            }
            app.alter(&plain).await.unwrap();
        }
    });
}

/// Who is named, as the store names them.
const COORDINATOR: [(&str, &str); 3] = [("kind", "key"), ("principal", "key:me"), ("roles", "COORDINATOR")];
const ADMINISTRATOR: [(&str, &str); 3] = [("kind", "key"), ("principal", "key:me"), ("roles", "ADMIN")];
const RESPONDER: [(&str, &str); 4] = [
    ("kind", "key"),
    ("principal", "key:me"),
    ("roles", "RESPONDER"),
    ("organization", "UNICEF"),
];
const FOCAL_POINT: [(&str, &str); 4] = [
    ("kind", "key"),
    ("principal", "key:me"),
    ("roles", "FOCAL_POINT"),
    ("country", "BGD"),
];

/// Refused by a policy, a guard or a missing right: PostgreSQL has one code for all.
const REFUSED: &str = "42501";

#[test]
fn the_database_refuses_what_no_mutation_would_ask() {
    run(Backend::Postgres, async |app| {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let item = &request["items"][0]["id"];
        let input = json!({ "item": item, "organization": "WHO", "quantity": 10, "status": "COMMITTED" });
        let made = app
            .mutate(&people.responder, "createContribution", input, "userErrors { code }")
            .await;
        assert_eq!(made["userErrors"], json!([]));
        let refused: [(&[(&str, &str)], &str); 15] = [
            // What a row belongs to, whoever asks.
            (&ADMINISTRATOR, "UPDATE assistance_request SET country_code = 'KEN'"),
            (&ADMINISTRATOR, "UPDATE request_item SET request_id = gen_random_uuid()"),
            (&ADMINISTRATOR, "UPDATE contribution SET organization_code = 'UNICEF'"),
            (&RESPONDER, "UPDATE contribution SET organization_code = 'UNICEF'"),
            (&FOCAL_POINT, "UPDATE assistance_request SET status = 'REJECTED'"),
            // One's own review, also as another's name on the submission.
            (
                &COORDINATOR,
                "UPDATE assistance_request SET status = 'RETURNED', submitted_by = 'key:other'",
            ),
            // What was verified, and what others entered.
            (&FOCAL_POINT, "UPDATE assistance_request SET people_in_need = 1"),
            (&FOCAL_POINT, "UPDATE request_item SET approved_milli = 1"),
            (&FOCAL_POINT, "UPDATE contribution SET quantity_milli = 1"),
            (&FOCAL_POINT, "UPDATE contribution SET status = 'CANCELLED'"),
            (&RESPONDER, "UPDATE request_item SET quantity_milli = quantity_milli + 1"),
            // In another's name.
            (
                &ADMINISTRATOR,
                "INSERT INTO change SELECT ticket + 1000, ordinal, at, 'key:other', action, subject_type, subject_key,
                     country_code, organization_code, request_id, seen_before, seen_after, diff, whole, digest FROM change",
            ),
            (
                &ADMINISTRATOR,
                "INSERT INTO idempotency (principal, key, mutation, input, created_at) VALUES ('key:other', 'k', 'm', '', now())",
            ),
            (&ADMINISTRATOR, "INSERT INTO milestone VALUES ('examples', now())"),
            // The ledger's places are the owner's.
            (
                &ADMINISTRATOR,
                "INSERT INTO change_position SELECT sequence + 1000, ticket, ordinal + 1000, at, hash FROM change_position",
            ),
        ];
        for (actor, sql) in refused {
            assert_eq!(app.as_server(actor, sql).await, Err(REFUSED.into()), "{sql}");
        }
        let own = "UPDATE assistance_request SET status = 'RETURNED'";
        let creator = app.rows("SELECT created_by FROM assistance_request").await[0][0]
            .clone()
            .unwrap();
        let own_review = [
            ("kind", "key"),
            ("principal", creator.as_str()),
            ("roles", "COORDINATOR"),
        ];
        assert_eq!(app.as_server(&own_review, own).await, Err(REFUSED.into()), "one's own");
        assert_eq!(app.as_server(&COORDINATOR, own).await, Ok(1), "another's");
        assert_eq!(
            app.as_server(&RESPONDER, "DELETE FROM request_item").await,
            Ok(0),
            "nothing is theirs to delete"
        );
    });
}

/// The tables that the serving role may write, with what it may.
async fn writable(app: &TestApp) -> Vec<(String, String)> {
    let sql = "SELECT table_name::text, string_agg(privilege_type::text, ' ' ORDER BY privilege_type)
                 FROM information_schema.role_table_grants
                WHERE table_schema = 'public' AND grantee = 'nam_server' AND privilege_type <> 'SELECT'
                GROUP BY table_name ORDER BY table_name";
    let rows = app.rows(sql).await.into_iter();
    rows.map(|row| (row[0].clone().unwrap(), row[1].clone().unwrap()))
        .collect()
}

#[test]
fn every_table_that_the_server_writes_asks_who_writes() {
    run(Backend::Postgres, async |app| {
        let people = people(app).await;
        verified(app, &people).await;
        let walled = "SELECT relname::text FROM pg_class WHERE relrowsecurity AND relforcerowsecurity";
        let walled: BTreeSet<String> = app
            .rows(walled)
            .await
            .into_iter()
            .map(|row| row[0].clone().unwrap())
            .collect();
        let tables = writable(app).await;
        assert_eq!(tables.len(), 15, "{tables:?}");
        for (table, privileges) in &tables {
            assert!(
                walled.contains(table),
                "{table} has no policies: see the migration `wall`"
            );
            let columns = "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
                            WHERE attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attrelid = ";
            let columns = app.rows(&format!("{columns}'{table}'::regclass")).await[0][0]
                .clone()
                .unwrap();
            let first = columns.split(',').next().unwrap();
            for privilege in privileges.split(' ') {
                // In nobody's name nothing is written, and what is written anew is refused before it is found double.
                let sql = match privilege {
                    "INSERT" => format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}"),
                    "UPDATE" => format!("UPDATE {table} SET {first} = {first}"),
                    "DELETE" => format!("DELETE FROM {table}"),
                    other => panic!("the server may {other} on {table}"),
                };
                let rows = app.rows(&format!("SELECT count(*)::text FROM {table}")).await[0][0]
                    .clone()
                    .unwrap();
                let outcome = app.as_server(&[], &sql).await;
                if privilege == "DELETE" || rows == "0" {
                    assert_eq!(outcome, Ok(0), "{sql}");
                } else {
                    assert_eq!(outcome, Err(REFUSED.into()), "{sql}");
                }
            }
        }
    });
}

#[test]
fn the_serving_role_defines_and_destroys_nothing() {
    run(Backend::Postgres, async |app| {
        for sql in [
            "CREATE TABLE mine (id int)",
            "DROP TABLE delivery",
            "ALTER TABLE country DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE change DISABLE TRIGGER change_append_only",
            "CREATE OR REPLACE FUNCTION actor_is(role text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            "TRUNCATE delivery",
            "DELETE FROM change",
            "UPDATE change SET actor = ''",
            "UPDATE movement SET requested_milli = 0",
            "DELETE FROM request_history",
            "DELETE FROM assistance_request",
            "DELETE FROM contribution",
            "DELETE FROM api_key",
            "INSERT INTO seaql_migrations VALUES ('x', 1)",
            "SELECT setval('change_ticket', 1)",
        ] {
            let outcome = app.as_server(&ADMINISTRATOR, sql).await;
            assert_eq!(outcome, Err(REFUSED.into()), "{sql}");
        }
    });
}
