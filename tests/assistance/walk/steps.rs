//! What a walker may do, and how it may be refused.

use chrono::TimeDelta;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::{Asked, END, GIVEN, Given, STATE, Walk};
use crate::common::ADMIN;
use crate::random::{Random, milli, units};
use crate::support::{named, named_with};

impl Walk<'_> {
    pub async fn step(&self, random: &mut Random) {
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
            let (request, focal) = (request.external_id, request.focal);
            self.known().given.push(Given {
                external_id: name,
                request,
                key,
                focal,
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
        let key = if random.chance(20) { ADMIN } else { &given.focal };
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
        self.send(random, &given.focal, "voidDelivery", &given, input).await;
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
            80..=89 => (request.focal.as_str(), "confirmAssistanceRequest", named(object)),
            90..=94 => (
                request.focal.as_str(),
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
    pub async fn wind_down(&self, random: &mut Random) {
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
        self.send(random, &given.focal, "recordDelivery", given, input).await;
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
}
