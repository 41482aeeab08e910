//! Two who want different things of one object at the same moment: one order of the two comes out, and never an error
//! that neither alone would get.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::common::{ADMIN, Backend, TestApp};
use crate::invariants::hold;
use crate::on_both;
use crate::random::{Random, rounds};
use crate::support::{STATE, codes, draft, named, named_with, people, verified};

const GIVEN: &str = "contribution { id version status } userErrors { code }";
const LANDED: &str = "created updated unchanged failed userErrors { code field message }";

/// A draft with an id of its own in its source.
fn sourced(external_id: &str) -> Value {
    let mut input = draft();
    input["source"] = "desk".into();
    input["externalId"] = external_id.into();
    input
}

fn row(external_id: &str, title: &str) -> Value {
    let mut row = draft();
    row["externalId"] = external_id.into();
    row["title"] = title.into();
    row
}

fn commitment(item: &Value, quantity: i64, status: &str) -> Value {
    json!({ "item": item["id"], "organization": "WHO", "quantity": quantity, "status": status })
}

async fn pause(random: &mut Random) {
    let micros = random.between(0, 8_000).unsigned_abs();
    tokio::time::sleep(std::time::Duration::from_micros(micros)).await;
}

/// How often each code stands; nothing for what was done.
fn tally(answers: &[Value]) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for answer in answers {
        *counts.entry(codes(answer).join(" ")).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

/// Until somebody waits for a lock of this kind.
async fn waits(app: &TestApp, kind: &str) {
    let sql = format!(
        "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND locktype = '{kind}' \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    );
    while app.rows(&sql).await[0][0].as_deref() == Some("0") {
        tokio::task::yield_now().await;
    }
}

fn one_of(count: usize, code: &str) -> Vec<(String, usize)> {
    vec![(String::new(), 1), (code.to_owned(), count - 1)]
}

on_both! {
    async fn a_base_is_lowered_while_commitments_come_in(app) {
        let people = people(app).await;
        let mut random = Random::new("lower");
        for _ in 0..rounds().div_ceil(4) {
            let request = verified(app, &people).await;
            let item = &request["items"][0];
            let give = (0..24).map(|_| {
                let mut random = random.fork();
                let (key, input) = (&people.responder, commitment(item, random.between(1, 9), "COMMITTED"));
                async move {
                    pause(&mut random).await;
                    app.mutate(key, "createContribution", input, GIVEN).await
                }
            }).collect::<Vec<_>>();
            let mut chance = random.fork();
            let lower = async {
                let (mut request, mut lowered) = (request.clone(), 0);
                for _ in 0..8 {
                    let approved = chance.between(0, 100);
                    let approvals = json!([{ "item": item["id"], "approvedQuantity": approved, "note": "less" }]);
                    let input = named_with(&request, json!({ "approvals": approvals }));
                    let answer = app.mutate(&people.coordinator, "verifyAssistanceRequest", input, STATE).await;
                    let codes = codes(&answer);
                    assert!(codes.is_empty() || codes == ["BELOW_COMMITTED"], "{answer:#}");
                    lowered += usize::from(codes.is_empty());
                    request = answer["assistanceRequest"].clone();
                }
                lowered
            };
            let (given, _) = join(join_all(give), lower).await;
            let refused = given.iter().filter(|answer| !codes(answer).is_empty());
            for answer in refused {
                assert_eq!(codes(answer), ["OVER_COMMITTED"], "{answer:#}");
            }
            hold(app).await;
        }
    }

    async fn a_request_ends_while_others_give(app) {
        let people = people(app).await;
        let mut random = Random::new("end");
        let (mut ended, mut kept) = (0, 0);
        for round in 0..rounds() {
            let request = verified(app, &people).await;
            let (field, status) = if round % 2 == 0 {
                ("closeAssistanceRequest", "CLOSED")
            } else {
                ("withdrawAssistanceRequest", "WITHDRAWN")
            };
            let begin = if round % 4 < 2 { "COMMITTED" } else { "PLEDGED" };
            let give = (0..random.between(1, 6)).map(|_| {
                let mut random = random.fork();
                let (key, input) = (&people.responder, commitment(&request["items"][0], 1, begin));
                async move {
                    pause(&mut random).await;
                    app.mutate(key, "createContribution", input, GIVEN).await
                }
            }).collect::<Vec<_>>();
            let mut chance = random.fork();
            let end = async {
                pause(&mut chance).await;
                app.mutate(&people.coordinator, field, named_with(&request, json!({ "reason": "over" })), STATE).await
            };
            let (given, end) = join(join_all(give), end).await;
            let done = given.iter().filter(|answer| codes(answer).is_empty()).count();
            for answer in given.iter().filter(|answer| !codes(answer).is_empty()) {
                assert_eq!(codes(answer), ["INVALID_TRANSITION"], "{answer:#}");
            }
            if codes(&end).is_empty() {
                assert_eq!(end["assistanceRequest"]["status"], status);
                assert!(done == 0 || begin == "PLEDGED", "{done} commitments to what has ended");
                ended += 1;
            } else {
                assert_eq!((codes(&end), begin), (vec!["IN_USE".to_owned()], "COMMITTED"), "{end:#}");
                assert!(done > 0);
                kept += 1;
            }
            hold(app).await;
        }
        println!("{:?}: {ended} ended, {kept} were in use", app.backend);
    }

    async fn who_waits_for_a_turn_sees_what_the_turn_before_left(app) {
        // SQLite's one writer waits before it reads anything.
        if app.backend == Backend::Postgres {
            let people = people(app).await;
            let request = verified(app, &people).await;
            // Whoever closes has its turn and the row, and waits here before it ends.
            let held = app.hold_in("change", "SHARE").await;
            let close = app.mutate(&people.coordinator, "closeAssistanceRequest", named_with(&request, json!({ "reason": "over" })), STATE);
            let give = async {
                waits(app, "relation").await;
                app.mutate(&people.responder, "createContribution", commitment(&request["items"][0], 1, "PLEDGED"), GIVEN).await
            };
            let release = async {
                waits(app, "advisory").await;
                drop(held);
            };
            let ((closed, given), ()) = join(join(close, give), release).await;
            assert_eq!(closed["assistanceRequest"]["status"], "CLOSED", "{closed:#}");
            assert_eq!(codes(&given), ["INVALID_TRANSITION"], "{given:#}");
            hold(app).await;
        }
    }

    async fn of_many_updates_at_one_version_one_is_done(app) {
        let people = people(app).await;
        for _ in 0..rounds().div_ceil(4) {
            let request = verified(app, &people).await;
            let updates = (0..8).map(|number| {
                let input = named_with(&request, json!({ "description": format!("the {number}th") }));
                app.mutate(&people.focal, "updateAssistanceRequest", input, "assistanceRequest { version description } userErrors { code }")
            });
            let answers = join_all(updates).await;
            assert_eq!(tally(&answers), one_of(8, "STALE_VERSION"));
            let now: Vec<&Value> = answers.iter().map(|answer| &answer["assistanceRequest"]).collect();
            assert!(now.iter().all(|seen| seen == &now[0]), "everybody is shown the one that won: {now:#?}");
            assert_eq!(now[0]["version"].as_i64(), request["version"].as_i64().map(|version| version + 1));

            let given = app.mutate(&people.responder, "createContribution", commitment(&request["items"][0], 9, "COMMITTED"), GIVEN).await;
            let ships = (0..8).map(|_| app.mutate(&people.responder, "shipContribution", named(&given["contribution"]), GIVEN));
            assert_eq!(tally(&join_all(ships).await), one_of(8, "STALE_VERSION"));
        }
        hold(app).await;
    }

    async fn of_many_steps_at_one_version_of_a_contribution_one_is_done(app) {
        let people = people(app).await;
        for _ in 0..rounds().div_ceil(4) {
            let request = verified(app, &people).await;
            let pledge = commitment(&request["items"][0], 2, "PLEDGED");
            let pledge = app.mutate(&people.responder, "createContribution", pledge, GIVEN).await["contribution"].clone();
            let commit = (0..8).map(|_| app.mutate(&people.responder, "commitContribution", named(&pledge), GIVEN));
            let answers = join_all(commit).await;
            assert_eq!(tally(&answers), one_of(8, "STALE_VERSION"));
            for answer in answers {
                assert_eq!(answer["contribution"]["version"], 2, "each is shown what was done: {answer:#}");
            }
            hold(app).await;
        }
    }

    async fn of_many_creates_with_one_external_id_one_is_done(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        for round in 0..rounds().div_ceil(4) {
            let name = round.to_string();
            let creates = (0..8).map(|_| app.mutate(&people.focal, "createAssistanceRequest", sourced(&name), STATE));
            assert_eq!(tally(&join_all(creates).await), one_of(8, "DUPLICATE"));
            let mut input = commitment(&request["items"][0], 1, "COMMITTED");
            input["source"] = "desk".into();
            input["externalId"] = name.into();
            let gives = (0..8).map(|_| app.mutate(&people.responder, "createContribution", input.clone(), GIVEN));
            assert_eq!(tally(&join_all(gives).await), one_of(8, "DUPLICATE"));
        }
        hold(app).await;
    }

    async fn imports_of_the_same_rows_at_once_land_one_after_the_other(app) {
        let people = people(app).await;
        for round in 0..rounds().div_ceil(4) {
            let names: Vec<String> = (0..10).map(|index| format!("{round}.{index}")).collect();
            // Half of them the other way round, and every third with a title of its own.
            let imports = (0..6).map(|import| {
                let title = if import % 3 == 0 { format!("Oxygen {import}") } else { "Oxygen".into() };
                let mut rows: Vec<Value> = names.iter().map(|name| row(name, &title)).collect();
                if import % 2 == 1 {
                    rows.reverse();
                }
                app.mutate(&people.focal, "importAssistanceRequests", json!({ "source": "desk", "rows": rows }), LANDED)
            });
            let answers = join_all(imports).await;
            for answer in &answers {
                assert_eq!(answer["userErrors"], json!([]), "{answer:#}");
            }
            let sum = |field: &str| answers.iter().map(|answer| answer[field].as_i64().unwrap()).sum::<i64>();
            assert_eq!((sum("created"), sum("failed")), (10, 0), "{answers:#?}");
            assert_eq!(sum("updated") + sum("unchanged"), 50);
        }
        hold(app).await;
    }

    async fn an_import_and_a_create_of_the_same_row_at_once_make_one_request(app) {
        let people = people(app).await;
        for round in 0..rounds().div_ceil(2) {
            let name = format!("both {round}");
            let input = json!({ "source": "desk", "rows": [row(&name, "Oxygen")] });
            let (created, landed) = join(
                app.mutate(&people.focal, "createAssistanceRequest", sourced(&name), STATE),
                app.mutate(&people.focal, "importAssistanceRequests", input, LANDED),
            ).await;
            assert_eq!(landed["failed"], 0, "{landed:#}");
            let expected = if landed["created"] == 1 { vec!["DUPLICATE".to_owned()] } else { vec![] };
            assert_eq!(codes(&created), expected, "{landed:#}");
        }
        hold(app).await;
    }

    async fn a_key_that_is_revoked_while_it_is_used_stops_at_once(app) {
        let request = verified(app, &people(app).await).await;
        let mut random = Random::new("revoke");
        for _ in 0..rounds().div_ceil(4) {
            let input = json!({ "name": "soon gone", "roles": ["RESPONDER"], "organization": "WHO" });
            let minted = app.mutate(ADMIN, "createApiKey", input, "secret apiKey { id }").await;
            let secret = minted["secret"].as_str().unwrap();
            let query = format!("mutation($input: CreateContributionInput!) {{ createContribution(input: $input) {{ {GIVEN} }} }}");
            let input = json!({ "input": commitment(&request["items"][2], 1, "PLEDGED") });
            let uses = (0..24).map(|_| {
                let (mut random, query, input) = (random.fork(), &query, input.clone());
                async move {
                    pause(&mut random).await;
                    app.post(Some(secret), query, input).await
                }
            }).collect::<Vec<_>>();
            let mut chance = random.fork();
            let revoke = async {
                pause(&mut chance).await;
                app.mutate(ADMIN, "revokeApiKey", json!({ "id": minted["apiKey"]["id"] }), "userErrors { code }").await
            };
            let (uses, revoked) = join(join_all(uses), revoke).await;
            assert_eq!(revoked["userErrors"], json!([]));
            for (status, answer) in uses {
                let done = answer["data"]["createContribution"]["userErrors"] == json!([]);
                let refused = status == 401 && answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED";
                assert!(done || refused, "{status} {answer:#}");
            }
            let (status, _) = app.post(Some(secret), &query, input).await;
            assert_eq!(status, 401, "a use after the revocation was acknowledged");
        }
        hold(app).await;
    }

    async fn reference_data_keep_one_writer_and_the_memory_shows_the_table(app) {
        let query = "{ commodity(code: \"GLOVES_EXAM\") { id version name specification active } }";
        let state = "commodity { version name } userErrors { code }";
        for round in 0..rounds().div_ceil(4) {
            let before = app.ask(Some(ADMIN), query, json!({})).await["commodity"].clone();
            let updates = (0..8).map(|number| {
                let name = format!("Gloves {round}.{number}");
                app.mutate(ADMIN, "updateCommodity", named_with(&before, json!({ "name": name })), state)
            });
            let code = format!("NEW_{round}");
            let new = json!({ "code": code, "name": "New", "category": "MED.PPE.GLOVE", "unit": "PIECE" });
            let creates = (0..4).map(|_| app.mutate(ADMIN, "createCommodity", new.clone(), state));
            let (updates, creates) = join(join_all(updates), join_all(creates)).await;
            assert_eq!(tally(&updates), one_of(8, "STALE_VERSION"));
            assert_eq!(tally(&creates), one_of(4, "DUPLICATE"));
            let after = app.ask(Some(ADMIN), query, json!({})).await["commodity"].clone();
            let table = app.rows("SELECT name, CAST(version AS TEXT) FROM commodity WHERE code = 'GLOVES_EXAM'").await;
            assert_eq!(after["name"].as_str(), table[0][0].as_deref());
            assert_eq!(Some(after["version"].to_string()), table[0][1]);
            assert_eq!(after["version"].as_i64(), before["version"].as_i64().map(|version| version + 1));
            assert!(app.store.reference().commodities.get(&code).is_some());
        }
        agree(app).await;
    }

    async fn a_retired_code_is_refused_by_whoever_begins_after_its_retirement(app) {
        let people = people(app).await;
        for _ in 0..rounds().div_ceil(4) {
            for active in [false, true] {
                let query = "{ commodity(code: \"O2_CONCENTRATOR\") { id version } }";
                let before = app.ask(Some(ADMIN), query, json!({})).await["commodity"].clone();
                let update = app.mutate(ADMIN, "updateCommodity", named_with(&before, json!({ "active": active })), "userErrors { code }");
                let creates = (0..8).map(|_| app.mutate(&people.focal, "createAssistanceRequest", draft(), STATE));
                let (_, during) = join(update, join_all(creates)).await;
                for answer in &during {
                    assert!(codes(answer).iter().all(|code| code == "INACTIVE"), "{answer:#}");
                }
                let after = app.mutate(&people.focal, "createAssistanceRequest", draft(), STATE).await;
                assert_eq!(codes(&after).is_empty(), active, "{after:#}");
            }
        }
        agree(app).await;
    }

    async fn a_write_that_panics_takes_nothing_with_it(app) {
        let system = std::sync::Arc::new(nam_needs::domain::actor::Actor::system());
        for _ in 0..20 {
            let broken = app.store.write::<(), _>(system.clone(), |_| Box::pin(async { panic!("on purpose") }));
            assert!(broken.await.is_err());
        }
        let people = people(app).await;
        let answers = join_all((0..40).map(|_| app.mutate(&people.focal, "createAssistanceRequest", draft(), STATE))).await;
        assert_eq!(tally(&answers), [(String::new(), 40)]);
        let count = app.rows("SELECT CAST(COUNT(*) AS TEXT) FROM assistance_request").await;
        assert_eq!(count[0][0].as_deref(), Some("40"), "another connection sees them all");
        hold(app).await;
    }
}

/// What is kept in memory of the commodities is what the table says.
async fn agree(app: &TestApp) {
    let table = app
        .rows("SELECT code, name, category_code, CAST(version AS TEXT) FROM commodity ORDER BY code")
        .await;
    let reference = app.store.reference();
    let commodities = &reference.commodities;
    for row in &table {
        let kept = &commodities.get(row[0].as_deref().unwrap()).expect("in memory").row;
        let kept =
            [&kept.code, &kept.name, &kept.category_code, &kept.version.to_string()].map(|text| Some(text.clone()));
        assert_eq!(kept.as_slice(), row.as_slice());
    }
}

/// A stream of commitments that never pauses.
async fn stream(app: &TestApp, key: &str, item: &Value, until: &std::cell::Cell<bool>) -> usize {
    let mut done = 0;
    while !until.get() {
        let input = json!({ "item": item["id"], "organization": "WHO", "quantity": "0.001", "status": "COMMITTED" });
        let answer = app.mutate(key, "createContribution", input, GIVEN).await;
        assert!(codes(&answer).is_empty(), "{answer:#}");
        done += 1;
    }
    done
}

on_both! {
    async fn a_stream_of_commitments_does_not_keep_reviewers_out(app) {
        let people = people(app).await;
        let mut request = verified(app, &people).await;
        let over = std::cell::Cell::new(false);
        let items = request["items"].as_array().unwrap().clone();
        let streams = join_all((0..24).map(|one| stream(app, &people.responder, &items[one % 3], &over)));
        let review = async {
            let mut longest = std::time::Duration::ZERO;
            for number in 0..5 {
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                let input = named_with(&request, json!({ "description": format!("the {number}th") }));
                let began = std::time::Instant::now();
                let answer = app.mutate(&people.focal, "updateAssistanceRequest", input, STATE).await;
                longest = longest.max(began.elapsed());
                assert!(codes(&answer).is_empty(), "{answer:#}");
                request = answer["assistanceRequest"].clone();
            }
            over.set(true);
            longest
        };
        let (done, longest) = join(streams, review).await;
        println!("{:?}: {} commitments meanwhile, an update took at most {longest:?}", app.backend, done.iter().sum::<usize>());
        hold(app).await;
    }
}
