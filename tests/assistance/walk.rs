//! A random walk of several people at once over a few requests; after each round everything that must hold is read
//! from the tables.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use chrono::{SecondsFormat, TimeDelta};
use entity::enums::Role;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::invariants::{Tables, hold};
use crate::on_both;
use crate::random::{Random, milli, rounds, units};
use crate::support::{codes, draft, named, named_with};
use crate::totals;

/// People who act at once.
const WALKERS: usize = 16;
/// Steps of one of them in a round.
const STEPS: usize = 7;
/// Requests that are kept open.
const OPEN: usize = 3;
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
    key: String,
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
    focal: String,
    coordinator: String,
    responders: [(&'static str, String); 2],
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
        let mut input = draft();
        let items = (0..random.between(1, 3)).map(|index| {
            let mut item = json!({ "externalId": index.to_string(), "commodity": "GLOVES_EXAM", "quantity": units(random.between(1, 500_000)) });
            if random.chance(50) {
                item["unitCostUsd"] = units(random.between(0, 50_000)).into();
            }
            item
        });
        input["items"] = items.collect();
        input["submit"] = true.into();
        input["source"] = "walk".into();
        input["externalId"] = name.as_str().into();
        let created = self
            .app
            .mutate(&self.focal, "createAssistanceRequest", input, STATE)
            .await;
        let request = named(&created["assistanceRequest"]);
        let verified = self
            .app
            .mutate(&self.coordinator, "verifyAssistanceRequest", request, STATE)
            .await;
        assert_eq!(verified["userErrors"], json!([]), "{verified:#}");
        let object = verified["assistanceRequest"].clone();
        self.known().requests.push(Asked {
            external_id: name,
            object,
            changes: 1,
        });
    }

    async fn step(&self, random: &mut Random) {
        match random.between(0, 99) {
            0..=26 => self.give(random).await,
            27..=35 => self.take(random, "commitContribution", "PLEDGED").await,
            36..=45 => self.take(random, "shipContribution", "COMMITTED").await,
            46..=51 => self.take(random, "cancelContribution", "COMMITTED").await,
            52..=71 => self.receive(random).await,
            72..=79 => self.void(random).await,
            80..=89 => self.resize(random).await,
            _ => self.change_request(random).await,
        }
    }

    async fn give(&self, random: &mut Random) {
        let Some(request) = random.pick(&self.known().requests).cloned() else {
            return;
        };
        let items = request.object["items"].as_array().unwrap();
        let item = random.pick(items).unwrap();
        let all = milli(&item["quantity"]);
        let most = if random.chance(80) { all / 4 } else { all };
        let (organization, key) = random.pick(&self.responders).unwrap();
        let name = self.next_name();
        let status = if random.chance(35) { "PLEDGED" } else { "COMMITTED" };
        let input = json!({
            "item": item["id"], "organization": organization, "quantity": units(random.between(1, most)),
            "status": status, "source": "walk", "externalId": name,
        });
        let key = if random.chance(15) { &self.coordinator } else { key };
        let answer = self.app.mutate(key, "createContribution", input, GIVEN).await;
        if self.note("createContribution", &answer) {
            let object = answer["contribution"].clone();
            let key = key.clone();
            let request = request.external_id;
            self.known().given.push(Given {
                external_id: name,
                request,
                key,
                object,
                changes: 0,
            });
        }
    }

    /// A contribution, mostly one of which the step is likely to be open.
    fn pick(&self, random: &mut Random, likely: impl Fn(&Given) -> bool) -> Option<Given> {
        let known = self.known();
        let some: Vec<&Given> = known.given.iter().filter(|given| likely(given)).collect();
        match random.pick(&some) {
            Some(given) if random.chance(90) => Some((*given).clone()),
            _ => random.pick(&known.given).cloned(),
        }
    }

    /// Takes a step with a contribution, now and then at a version that is past.
    async fn send(&self, random: &mut Random, key: &str, field: &str, given: &Given, mut input: Value) {
        let version = given.object["version"].as_i64().unwrap();
        let past = version > 1 && random.chance(5);
        input["version"] = (version - i64::from(past)).into();
        let answer = self.app.mutate(key, field, input, GIVEN).await;
        let done = self.note(field, &answer);
        assert!(!(done && past), "{field} was done at a past version: {answer:#}");
        let object = &answer["contribution"];
        let mut known = self.known();
        let given = known
            .given
            .iter_mut()
            .find(|one| one.external_id == given.external_id)
            .unwrap();
        given.changes += i64::from(done);
        if object["version"].as_i64() > given.object["version"].as_i64() {
            given.object = object.clone();
        }
    }

    fn day(&self, random: &mut Random) -> String {
        let back = if random.chance(70) { 0 } else { random.between(-1, 3) };
        (self.app.clock.now().date_naive() - TimeDelta::days(back)).to_string()
    }

    async fn take(&self, random: &mut Random, field: &str, from: &str) {
        let Some(given) = self.pick(random, |given| given.is(from)) else {
            return;
        };
        let mut input = json!({ "id": given.object["id"], "reason": "called off" });
        if random.chance(30) {
            input["on"] = self.day(random).into();
        }
        self.send(random, &given.key.clone(), field, &given, input).await;
    }

    async fn receive(&self, random: &mut Random) {
        let Some(given) = self.pick(random, |given| given.is("COMMITTED") || given.is("IN_TRANSIT")) else {
            return;
        };
        let open = (given.quantity() - given.received()).max(1);
        let part = if random.chance(40) {
            open
        } else {
            random.between(1, open + 1)
        };
        let rejected = if random.chance(40) { random.between(0, part) } else { 0 };
        let mut input = json!({
            "id": given.object["id"], "on": self.day(random),
            "acceptedQuantity": units(part - rejected), "rejectedQuantity": units(rejected),
        });
        if rejected > 0 {
            input["rejectReason"] = "broken".into();
        }
        let key = if random.chance(20) { ADMIN } else { &self.focal };
        self.send(random, key, "recordDelivery", &given, input).await;
    }

    async fn void(&self, random: &mut Random) {
        let Some(given) = self.pick(random, |given| given.received() > 0) else {
            return;
        };
        let Some(part) = random.pick(given.object["deliveries"].as_array().unwrap()) else {
            return;
        };
        let input = json!({ "id": part["id"], "reason": "counted twice" });
        self.send(random, &self.focal, "voidDelivery", &given, input).await;
    }

    async fn resize(&self, random: &mut Random) {
        let Some(given) = self.pick(random, |given| !given.is("CANCELLED") && !given.is("DELIVERED")) else {
            return;
        };
        let quantity = if random.chance(25) {
            given.received().max(1)
        } else {
            random.between(1, given.quantity() * 2)
        };
        // The note makes it a change whatever the quantity is.
        let input = json!({ "id": given.object["id"], "quantity": units(quantity), "note": self.next_name() });
        self.send(random, &given.key.clone(), "updateContribution", &given, input)
            .await;
    }

    async fn change_request(&self, random: &mut Random) {
        let picked = {
            let known = self.known();
            let open = known
                .requests
                .iter()
                .filter(|request| request.object["status"] == "VERIFIED");
            let open: Vec<&Asked> = open.collect();
            random.pick(&open).map(|one| (*one).clone())
        };
        let Some(request) = picked else {
            return;
        };
        let name = self.next_name();
        let object = &request.object;
        let reason = json!({ "reason": END });
        let (key, field, input) = match random.between(0, 99) {
            0..=49 => {
                let item = random.pick(object["items"].as_array().unwrap()).unwrap();
                let all = milli(&item["quantity"]);
                let quantity = if random.chance(50) { all } else { random.between(0, all) };
                let approval = json!({ "item": item["id"], "approvedQuantity": units(quantity), "note": name });
                let key = if random.chance(30) { ADMIN } else { &self.coordinator };
                (
                    key,
                    "verifyAssistanceRequest",
                    named_with(object, json!({ "approvals": [approval] })),
                )
            }
            50..=79 => {
                let mut change = json!({ "description": name });
                if random.chance(50) {
                    change["priority"] = (*random.pick(&["LOW", "MEDIUM", "HIGH", "CRITICAL"]).unwrap()).into();
                    change["peopleInNeed"] = random.between(0, 3).into();
                }
                (
                    self.coordinator.as_str(),
                    "updateAssistanceRequest",
                    named_with(object, change),
                )
            }
            80..=89 => (self.focal.as_str(), "confirmAssistanceRequest", named(object)),
            90..=94 => (
                self.focal.as_str(),
                "closeAssistanceRequest",
                named_with(object, reason),
            ),
            _ => (
                self.coordinator.as_str(),
                "withdrawAssistanceRequest",
                named_with(object, reason),
            ),
        };
        self.send_request(key, field, &request.external_id, input).await;
    }

    async fn send_request(&self, key: &str, field: &str, name: &str, input: Value) {
        let answer = self.app.mutate(key, field, input, STATE).await;
        let done = self.note(field, &answer);
        let mut known = self.known();
        let request = known.requests.iter_mut().find(|one| one.external_id == name).unwrap();
        request.changes += i64::from(done);
        if answer["assistanceRequest"]["version"].as_i64() > request.object["version"].as_i64() {
            request.object = answer["assistanceRequest"].clone();
        }
    }

    /// Calls off or receives what is under way of a request, all at once, while it is ended; what stood in the way is
    /// gone by the second time.
    async fn wind_down(&self, random: &mut Random) {
        let request = self
            .known()
            .requests
            .iter()
            .find(|one| one.object["status"] == "VERIFIED")
            .cloned();
        let Some(request) = request else {
            return;
        };
        for _ in 0..2 {
            let under_way: Vec<Given> = {
                let known = self.known();
                let of_it = known.given.iter().filter(|given| given.request == request.external_id);
                of_it
                    .filter(|given| given.is("COMMITTED") || given.is("IN_TRANSIT"))
                    .cloned()
                    .collect()
            };
            let ends = under_way.iter().map(|given| {
                let mut random = random.fork();
                async move { self.wind_up(&mut random, given).await }
            });
            let ends = ends.collect::<Vec<_>>();
            let object = self
                .known()
                .requests
                .iter()
                .find(|one| one.external_id == request.external_id)
                .unwrap()
                .object
                .clone();
            join(join_all(ends), self.end(random, &request.external_id, &object)).await;
        }
    }

    async fn wind_up(&self, random: &mut Random, given: &Given) {
        if given.received() == 0 && random.chance(50) {
            let input = json!({ "id": given.object["id"], "reason": "called off" });
            return self.send(random, &given.key, "cancelContribution", given, input).await;
        }
        let today = self.app.clock.now().date_naive().to_string();
        let input = json!({ "id": given.object["id"], "on": today, "acceptedQuantity": units(given.quantity() - given.received()) });
        self.send(random, &self.focal, "recordDelivery", given, input).await;
    }

    async fn end(&self, random: &mut Random, name: &str, object: &Value) {
        let field = if random.chance(60) {
            "closeAssistanceRequest"
        } else {
            "withdrawAssistanceRequest"
        };
        let input = named_with(object, json!({ "reason": END }));
        self.send_request(&self.coordinator, field, name, input).await;
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

/// What the analysis says now, or said at a moment.
async fn analysis(app: &TestApp, as_of: Option<&str>) -> Value {
    let query = "query($asOf: DateTime) { needsAnalysis(groupBy: [PRIORITY, STATUS, COMMODITY], asOf: $asOf, first: 100) { nodes {
        priority status commodity { code } totals { requestCount itemCount requestedValueUsd pledgedValueUsd committedValueUsd
        inTransitValueUsd deliveredValueUsd uncoveredValueUsd unmetValueUsd peopleInNeed } } } }";
    let mut nodes = app.ask(None, query, json!({ "asOf": as_of })).await["needsAnalysis"]["nodes"].clone();
    nodes.as_array_mut().unwrap().sort_by_key(Value::to_string);
    nodes
}

async fn walk(app: &TestApp) {
    let mut random = Random::new("walk");
    let walk = Walk {
        app,
        focal: app.key(Role::FocalPoint, Some("BGD"), None).await,
        coordinator: app.key(Role::Coordinator, None, None).await,
        responders: [
            ("WHO", app.key(Role::Responder, None, Some("WHO")).await),
            ("UNICEF", app.key(Role::Responder, None, Some("UNICEF")).await),
        ],
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
        totals::agree(app, &tables).await;
        below = tables.days_below_zero();
        remembered.push((app.clock.now(), analysis(app, None).await));
        app.clock.set(app.clock.now() + TimeDelta::milliseconds(1));
        if round % 3 == 2 {
            app.pass_days(1);
        }
    }
    for (moment, then) in remembered {
        let moment = moment.to_rfc3339_opts(SecondsFormat::Micros, true);
        assert_eq!(analysis(app, Some(&moment)).await, then, "what was known at {moment}");
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
