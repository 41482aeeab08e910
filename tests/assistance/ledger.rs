//! The ledger can't be altered unseen, and the database itself refuses to.

use nam_needs::store::change::{Broken, Verified, verify};

use serde_json::{Value, json};

use crate::common::{ADMIN, Backend, TestApp, run};
use crate::invariants::hold;
use crate::on_both;
use crate::support::{named_with, people, verified};

async fn whole(app: &TestApp) -> Verified {
    verify(&app.store, None).await.unwrap().expect("a whole chain")
}

async fn broken(app: &TestApp, known: Option<(i64, &str)>) -> Broken {
    verify(&app.store, known).await.unwrap().expect_err("a broken chain")
}

/// Takes away what the database itself refuses by.
async fn unlock(app: &TestApp) {
    for table in ["change", "change_position"] {
        match app.backend {
            Backend::Sqlite => {
                for name in ["no_UPDATE", "no_DELETE", "same_key", "same_change", "same_row"] {
                    app.alter(&format!("DROP TRIGGER IF EXISTS {table}_{name}"))
                        .await
                        .unwrap();
                }
            }
            Backend::Postgres => app
                .alter(&format!(
                    "DROP TRIGGER {table}_append_only ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
                ))
                .await
                .unwrap(),
        }
    }
}

on_both! {
    async fn the_database_refuses_to_change_or_delete_what_was_written(app) {
        verified(app, &people(app).await).await;
        for table in ["change", "change_position", "movement", "request_history"] {
            for sql in [format!("UPDATE {table} SET ticket = ticket"), format!("DELETE FROM {table}")] {
                let refused = app.alter(&sql).await.unwrap_err();
                assert!(refused.to_string().contains("append-only"), "{sql}: {refused}");
            }
        }
        // SQLite's other way to take a row away, by each key.
        let replaced = ["change", "change_position", "movement", "request_history"].map(|table| format!("{table} SELECT * FROM {table} LIMIT 1"));
        let elsewhere = [
            "change_position SELECT -sequence, ticket, ordinal, at, hash, floor, drawn, drawn_by FROM change_position LIMIT 1",
            "movement (rowid, id, item_id, happened_on, recorded_at, requested_milli, pledged_milli, committed_milli, in_transit_milli, delivered_milli, uncovered_milli, unmet_milli)
                SELECT rowid, randomblob(16), item_id, happened_on, recorded_at, 1, 0, 0, 0, 0, 1, 1 FROM movement LIMIT 1",
            "request_history (rowid, id, request_id, happened_on, recorded_at, status, priority)
                SELECT rowid, randomblob(16), request_id, happened_on, recorded_at, status, priority FROM request_history LIMIT 1",
            "change (rowid, ticket, ordinal, at, actor, action, subject_type, subject_key, seen_before, seen_after, diff, digest)
                SELECT rowid, -ticket, ordinal, at, 'key:forged', action, subject_type, subject_key, seen_before, seen_after, diff, digest FROM change LIMIT 1",
        ];
        for rows in replaced.iter().map(String::as_str).chain(elsewhere) {
            if app.backend == Backend::Sqlite {
                let refused = app.alter(&format!("INSERT OR REPLACE INTO {rows}")).await.unwrap_err();
                assert!(refused.to_string().contains("append-only"), "{rows}: {refused}");
            }
        }
        whole(app).await;
    }

    async fn tampering_of_each_kind_is_found(app) {
        verified(app, &people(app).await).await;
        let head = whole(app).await;
        let (last, middle) = (head.sequence, head.sequence - 3);
        let at = |place: i64| format!("(ticket, ordinal) = (SELECT ticket, ordinal FROM change_position WHERE sequence = {place})");
        unlock(app).await;
        // Each is undone by what follows it.
        for (what, undo) in [
            (format!("UPDATE change SET actor = actor || 'x' WHERE {}", at(middle)), format!("UPDATE change SET actor = substr(actor, 1, length(actor) - 1) WHERE {}", at(middle))),
            (format!("UPDATE change SET diff = diff || ' ' WHERE {}", at(middle)), format!("UPDATE change SET diff = substr(diff, 1, length(diff) - 1) WHERE {}", at(middle))),
            (format!("UPDATE change SET seen_after = seen_after || 'X' WHERE {}", at(middle)), format!("UPDATE change SET seen_after = substr(seen_after, 1, length(seen_after) - 1) WHERE {}", at(middle))),
            (format!("UPDATE change_position SET sequence = 0 WHERE sequence = {middle}"), format!("UPDATE change_position SET sequence = {middle} WHERE sequence = 0")),
        ] {
            app.alter(&what).await.unwrap();
            assert_eq!(broken(app, None).await.sequence, middle, "{what}");
            app.alter(&undo).await.unwrap();
            assert_eq!(whole(app).await, head, "{undo}");
        }
        // Two that change places.
        for (from, to) in [(middle, 0), (middle + 1, middle), (0, middle + 1)] {
            app.alter(&format!("UPDATE change_position SET sequence = {to} WHERE sequence = {from}")).await.unwrap();
        }
        assert_eq!(broken(app, None).await.sequence, middle, "two swapped");
        for (from, to) in [(middle, 0), (middle + 1, middle), (0, middle + 1)] {
            app.alter(&format!("UPDATE change_position SET sequence = {to} WHERE sequence = {from}")).await.unwrap();
        }
        assert_eq!(whole(app).await, head);
        // A head of another chain.
        assert_eq!(broken(app, Some((middle, &head.hash))).await.sequence, middle);
        assert_eq!(verify(&app.store, Some((last, &head.hash))).await.unwrap(), Ok(head.clone()));
        // A row removed.
        app.alter(&format!("DELETE FROM change WHERE {}", at(middle))).await.unwrap();
        assert_eq!(broken(app, None).await, Broken { sequence: middle, why: "its change is missing".into() });
        app.alter(&format!("DELETE FROM change_position WHERE sequence = {middle}")).await.unwrap();
        assert_eq!(broken(app, None).await.sequence, middle);
    }

    // Not undone: a change whose place is taken away waits for one, and is given the next.
    async fn a_place_that_names_another_change_is_found(app) {
        verified(app, &people(app).await).await;
        let middle = whole(app).await.sequence - 3;
        unlock(app).await;
        app.alter(&format!("UPDATE change_position SET ordinal = ordinal + 1000 WHERE sequence = {middle}")).await.unwrap();
        assert_eq!(broken(app, None).await.sequence, middle);
    }

    async fn a_tail_that_was_cut_off_is_found_by_the_head_that_was_kept(app) {
        verified(app, &people(app).await).await;
        let head = whole(app).await;
        unlock(app).await;
        let batch = "(SELECT ticket FROM change_position ORDER BY sequence DESC LIMIT 1)";
        let cut = app.rows(&format!("SELECT CAST(MIN(sequence) AS TEXT) FROM change_position WHERE ticket = {batch}")).await;
        let cut: i64 = cut[0][0].as_ref().unwrap().parse().unwrap();
        app.alter(&format!("DELETE FROM change WHERE ticket = {batch}")).await.unwrap();
        app.alter(&format!("DELETE FROM change_position WHERE sequence >= {cut}")).await.unwrap();
        let shorter = whole(app).await;
        assert_eq!(shorter.sequence, cut - 1, "a shorter chain is whole in itself");
        let found = broken(app, Some((head.sequence, &head.hash))).await;
        assert_eq!(found.sequence, cut, "{found:?}");
    }

    async fn what_administrators_write_is_told_as_the_tables_have_it(app) {
        let made = |field: &'static str, input: Value| async move {
            let noun = field.trim_start_matches("create").trim_start_matches("update");
            let noun = format!("{}{}", noun[..1].to_lowercase(), &noun[1..]);
            let answer = app.mutate(ADMIN, field, input, &format!("{noun} {{ id version }} userErrors {{ code message }}")).await;
            assert_eq!(answer["userErrors"], json!([]), "{field}: {answer:#}");
            answer[&noun].clone()
        };
        let country = json!({ "code": "XNA", "iso2": "XN", "m49": "990", "name": "Nowhere", "namStatus": "OBSERVER", "latitude": -3.25,
            "longitude": 17, "population": 12, "names": [{ "locale": "FR", "name": "Nulle part" }] });
        let country = made("createCountry", country).await;
        made("updateCountry", named_with(&country, json!({ "whoRegion": "AFRO", "incomeGroup": "LOW", "longitude": 17.5, "names": [], "capital": "Void" }))).await;
        let category = json!({ "code": "SOC.NEW", "parent": "SOC", "domain": "SOCIAL", "name": "New", "whoPillar": 3, "sortOrder": 4 });
        let category = made("createNeedCategory", category).await;
        made("updateNeedCategory", named_with(&category, json!({ "parent": "SOC.EDU", "active": false, "iascSector": "EDU", "description": "Moved." }))).await;
        let commodity = json!({ "code": "NEW_THING", "category": "SOC.EDU", "name": "Thing", "unit": "PIECE", "indicativeUnitPriceUsd": "1.5" });
        let commodity = made("createCommodity", commodity).await;
        made("updateCommodity", named_with(&commodity, json!({ "category": "HUM.TEL", "specification": "Small", "indicativeUnitPriceUsd": null }))).await;
        let organization = made("createOrganization", json!({ "code": "NEW_ORG", "name": "Org", "kind": "NGO", "country": "KEN" })).await;
        made("updateOrganization", named_with(&organization, json!({ "active": false, "url": "https://org.example/" }))).await;
        for (roles, whose) in [(json!(["RESPONDER", "READER"]), json!({ "organization": "WHO", "expiresAt": "2026-12-24T18:00:00Z" })), (json!(["FOCAL_POINT"]), json!({ "country": "KEN" }))] {
            let mut input = json!({ "name": "A key", "roles": roles });
            for (name, value) in whose.as_object().unwrap() {
                input[name] = value.clone();
            }
            let key = app.mutate(ADMIN, "createApiKey", input, "apiKey { id } userErrors { code message }").await;
            app.mutate(ADMIN, "revokeApiKey", json!({ "id": key["apiKey"]["id"] }), "userErrors { code }").await;
        }
        hold(app).await;
    }
}

/// Else each look for what waits would read the last batch again, until the next one came.
#[test]
fn nothing_is_looked_for_again_once_nobody_writes_any_more() {
    run(Backend::Postgres, async |app| {
        let last = "SELECT p.floor::text, (SELECT max(ticket) FROM change)::text FROM change_position p ORDER BY sequence DESC LIMIT 1";
        // Tests beside this one write to the same cluster, and then the floor stays for once where it was.
        for round in 0..200 {
            let input = json!({ "code": format!("QUIET_{round}"), "name": "Quiet", "kind": "NGO" });
            app.mutate(ADMIN, "createOrganization", input, "userErrors { code }")
                .await;
            let row = app.rows(last).await.remove(0);
            if row[0].is_some() && row[0] == row[1] {
                return;
            }
        }
        panic!("the floor never rose to the last ticket");
    });
}
