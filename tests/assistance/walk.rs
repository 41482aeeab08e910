//! A random walk of several people at once over a few requests; after each round everything that must hold is read
//! from the tables.

mod steps;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use chrono::{SecondsFormat, TimeDelta};
use entity::enums::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::common::TestApp;
use crate::invariants::{Tables, hold};
use crate::on_both;
use crate::random::{Random, milli, rounds, units};
use crate::support::{codes, draft, named};
use crate::totals::{self, COUNTRIES, ORGANIZATIONS, Question};

/// People who act at once.
const WALKERS: usize = 16;
/// Steps of one of them in a round.
const STEPS: usize = 7;
/// Requests that are kept open.
const OPEN: usize = 4;
/// What ends a pledge with its request.
const END: &str = "the end of the request";

const GIVEN: &str = "contribution { id version status quantity deliveredQuantity rejectedQuantity
    deliveries { id voided } } userErrors { code message params { name value } }";
const STATE: &str = "assistanceRequest { id version status items { id quantity } } userErrors { code message }";
const EXPECTED: [&str; 9] = [
    "BELOW_COMMITTED",
    "BELOW_RECEIVED",
    "INVALID",
    "INVALID_TRANSITION",
    "IN_USE",
    "OUT_OF_RANGE",
    "OVER_COMMITTED",
    "REASON_REQUIRED",
    "STALE_VERSION",
];

/// A contribution as it was last answered.
#[derive(Clone)]
struct Given {
    external_id: String,
    request: String,
    /// Of the organization that gives, or whoever acts for it.
    key: String,
    /// Of the country that receives.
    focal: String,
    object: Value,
    changes: i64,
}

impl Given {
    fn is(&self, status: &str) -> bool {
        self.object["status"] == status
    }

    fn quantity(&self) -> i64 {
        milli(&self.object["quantity"])
    }

    fn received(&self) -> i64 {
        milli(&self.object["deliveredQuantity"]) + milli(&self.object["rejectedQuantity"])
    }
}

/// A request as it was last answered.
#[derive(Clone)]
struct Asked {
    external_id: String,
    focal: String,
    object: Value,
    changes: i64,
}

/// What the walkers know. It may be stale; the server says so.
#[derive(Default)]
struct Known {
    requests: Vec<Asked>,
    given: Vec<Given>,
    count: usize,
    outcomes: BTreeMap<(String, String), usize>,
}

struct Walk<'a> {
    app: &'a TestApp,
    focals: Vec<(&'static str, String)>,
    coordinator: String,
    responders: Vec<(&'static str, String)>,
    known: Mutex<Known>,
}

impl Walk<'_> {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap()
    }

    fn next_name(&self) -> String {
        let mut known = self.known();
        known.count += 1;
        format!("walk {}", known.count)
    }

    /// The code of the answer, after what it tells was noted; none where the step was done.
    fn note(&self, field: &str, answer: &Value) -> bool {
        let code = codes(answer).first().cloned();
        if let Some(code) = &code {
            assert!(EXPECTED.contains(&code.as_str()), "{field}: {answer:#}");
        }
        let done = code.is_none();
        let outcome = (field.to_owned(), code.unwrap_or_default());
        *self.known().outcomes.entry(outcome).or_default() += 1;
        done
    }

    async fn new_request(&self, random: &mut Random) {
        let name = self.next_name();
        let (country, focal) = random.pick(&self.focals).unwrap().clone();
        let mut input = draft();
        input["country"] = country.into();
        input["priority"] = (*random.pick(&["LOW", "MEDIUM", "HIGH", "CRITICAL"]).unwrap()).into();
        input["peopleInNeed"] = random
            .pick(&[Value::Null, 0.into(), 1.into(), 70_000.into()])
            .cloned()
            .unwrap();
        let items = (0..random.between(1, 4)).map(|index| wanted(random, index));
        input["items"] = items.collect();
        input["submit"] = true.into();
        input["source"] = "walk".into();
        input["externalId"] = name.as_str().into();
        let created = self.app.mutate(&focal, "createAssistanceRequest", input, STATE).await;
        let request = named(&created["assistanceRequest"]);
        let verified = self
            .app
            .mutate(&self.coordinator, "verifyAssistanceRequest", request, STATE)
            .await;
        assert_eq!(verified["userErrors"], json!([]), "{verified:#}");
        let object = verified["assistanceRequest"].clone();
        self.known().requests.push(Asked {
            external_id: name,
            focal,
            object,
            changes: 1,
        });
    }

    /// A version counts what was acknowledged, and nothing else.
    fn check_versions(&self, tables: &Tables) {
        let known = self.known();
        let changes: BTreeMap<&str, i64> = known
            .requests
            .iter()
            .map(|one| (one.external_id.as_str(), one.changes))
            .collect();
        for request in tables.requests.values() {
            let name = request.external_id.as_deref().unwrap();
            assert_eq!(request.version, 1 + changes[name], "the version of the request {name}");
        }
        let changes: BTreeMap<&str, i64> = known
            .given
            .iter()
            .map(|one| (one.external_id.as_str(), one.changes))
            .collect();
        assert_eq!(tables.contributions.len(), known.given.len());
        for one in tables.contributions.values() {
            let name = one.external_id.as_deref().unwrap();
            let ended = i64::from(one.cancel_reason.as_deref() == Some(END));
            assert_eq!(
                one.version,
                1 + changes[name] + ended,
                "the version of the contribution {name}"
            );
        }
    }
}

/// An item of one of several categories, units and kinds, priced or not.
fn wanted(random: &mut Random, index: i64) -> Value {
    let mut item = match random.between(0, 9) {
        0 => json!({ "commodity": "O2_CONCENTRATOR" }),
        1 => json!({ "commodity": "HEALTH_WORKER_SURGE", "kind": "PERSONNEL" }),
        2 => json!({ "commodity": "CASH_TRANSFER_HH", "kind": "SERVICE" }),
        3 => json!({ "category": "HUM.MULTI", "kind": "FUNDING" }),
        4 => json!({ "category": "MED", "unit": "PIECE" }),
        5 => json!({ "category": "MED.PPE", "unit": "PAIR" }),
        6 => json!({ "category": "SOC.EDU", "unit": "KIT", "kind": "SERVICE" }),
        _ => json!({ "commodity": "GLOVES_EXAM" }),
    };
    item["externalId"] = index.to_string().into();
    item["quantity"] = units(random.between(1, 500_000)).into();
    if item["kind"] != "FUNDING" && random.chance(60) {
        item["unitCostUsd"] = units(random.between(0, 50_000)).into();
    }
    item
}

async fn walk(app: &TestApp) {
    let mut random = Random::new("walk");
    let (mut focals, mut responders) = (Vec::new(), Vec::new());
    for country in COUNTRIES {
        focals.push((country, app.key(Role::FocalPoint, Some(country), None).await));
    }
    for organization in ORGANIZATIONS {
        responders.push((organization, app.key(Role::Responder, None, Some(organization)).await));
    }
    let walk = Walk {
        app,
        focals,
        coordinator: app.key(Role::Coordinator, None, None).await,
        responders,
        known: Mutex::default(),
    };
    let (rounds, began) = (rounds(), Instant::now());
    let mut below = 0;
    let mut remembered = Vec::new();
    for round in 0..rounds {
        loop {
            let open = walk
                .known()
                .requests
                .iter()
                .filter(|one| one.object["status"] == "VERIFIED")
                .count();
            if open >= OPEN {
                break;
            }
            walk.new_request(&mut random).await;
        }
        let walkers = (0..WALKERS).map(|_| {
            let (walk, mut random) = (&walk, random.fork());
            async move {
                for _ in 0..STEPS {
                    walk.step(&mut random).await;
                }
            }
        });
        let walkers = walkers.collect::<Vec<_>>();
        join_all(walkers).await;
        if round % 2 == 1 {
            walk.wind_down(&mut random).await;
        }
        let tables = hold(app).await;
        walk.check_versions(&tables);
        totals::agree(app, &tables, &mut random).await;
        below = tables.days_below_zero();
        for _ in 0..4 {
            let question = Question::of_any_moment(&mut random);
            let answer = question.ask(app, None).await;
            remembered.push((app.clock.now(), question, answer));
        }
        app.clock.set(app.clock.now() + TimeDelta::milliseconds(1));
        if round % 3 == 2 {
            app.pass_days(1);
        }
    }
    for (moment, question, then) in remembered {
        let moment = moment.to_rfc3339_opts(SecondsFormat::Micros, true);
        let now = question.ask(app, Some(&moment)).await;
        assert_eq!(now, then, "{question:?}, as it was known at {moment}");
    }
    let known = walk.known();
    let steps: usize = known.outcomes.values().sum();
    println!(
        "walk on {:?}: {rounds} rounds, {steps} steps, {} requests, {} contributions, {:.1} s; {below} days below 0",
        app.backend,
        known.requests.len(),
        known.given.len(),
        began.elapsed().as_secs_f64()
    );
    for ((field, code), count) in &known.outcomes {
        println!("  {count:6} {field} {code}");
    }
}

on_both! {
    async fn whatever_many_do_at_once_the_figures_hold(app) {
        walk(app).await;
    }
}
