//! What holds of requests, items and contributions whatever was done and however many did it at once: read straight
//! from the tables and computed again, without the server's own code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, dead_code)]

pub mod figures;
pub mod ledger;
mod recorded;
pub mod tables;

use std::collections::BTreeMap;

use crate::common::TestApp;
pub use tables::Tables;
use tables::{Contribution, Delivery, Item, Request, of};

/// Where each figure stands among the buckets of an item.
const PLEDGED: usize = 0;
const COMMITTED: usize = 1;
const IN_TRANSIT: usize = 2;
const DELIVERED: usize = 3;
const UNCOVERED: usize = 4;
const UNMET: usize = 5;

/// Reads the tables, and fails with everything in them that must not be.
pub async fn hold(app: &TestApp) -> Tables {
    let tables = Tables::read(app).await;
    let wrong = tables.wrong();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    ledger::tells_the_tables(app).await;
    tables
}

impl Tables {
    /// Everything that must not be.
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (id, item) in &self.items {
            let mut found = Vec::new();
            self.check_item(id, item, &mut found);
            let status = &self.requests[&item.request].status;
            wrong.extend(found.into_iter().map(|what| format!("item {id} ({status}): {what}")));
        }
        for (id, contribution) in &self.contributions {
            let mut found = Vec::new();
            self.check_contribution(id, contribution, &mut found);
            let status = &contribution.status;
            wrong.extend(
                found
                    .into_iter()
                    .map(|what| format!("contribution {id} ({status}): {what}")),
            );
        }
        for (id, request) in &self.requests {
            let mut found = Vec::new();
            self.check_request(id, request, &mut found);
            let status = &request.status;
            wrong.extend(found.into_iter().map(|what| format!("request {id} ({status}): {what}")));
        }
        wrong
    }

    fn check_item(&self, id: &str, item: &Item, wrong: &mut Vec<String>) {
        let request = &self.requests[&item.request];
        let kept = item.buckets;
        let mut of_contributions = [0; 6];
        for contribution in self.contributions.values().filter(|one| one.item == id) {
            add(&mut of_contributions, contribution.holds());
        }
        if kept[..UNCOVERED] != of_contributions[..UNCOVERED] {
            wrong.push(format!("keeps {kept:?}, its contributions hold {of_contributions:?}"));
        }
        if kept.iter().any(|bucket| *bucket < 0) {
            wrong.push(format!("below 0: {kept:?}"));
        }
        let base = item.approved.unwrap_or(item.quantity);
        let covered = kept[COMMITTED] + kept[IN_TRANSIT] + kept[DELIVERED];
        let open = match request.status.as_str() {
            "CLOSED" | "WITHDRAWN" | "REJECTED" => [0, 0],
            _ => [base - covered, base - kept[DELIVERED]],
        };
        if kept[UNCOVERED..] != open {
            wrong.push(format!(
                "of the base {base}, uncovered and unmet are {open:?}, not {kept:?}"
            ));
        }
        if covered > base || item.approved.is_some_and(|approved| approved > item.quantity) {
            wrong.push(format!(
                "{covered} are covered, {base} approved, {} asked for",
                item.quantity
            ));
        }
        if item.approved.is_some() != request.was_verified() {
            wrong.push(format!("{:?} approved", item.approved));
        }
        let value = item.unit_cost.map(|cost| kept[UNCOVERED] * cost);
        if item.uncovered_value != value {
            wrong.push(format!("uncovered is worth {value:?}, not {:?}", item.uncovered_value));
        }
        self.check_movements(id, item, base, wrong);
    }

    /// The movements add up to what the item keeps; those of an item whose request left the totals add up to nothing. Nobody
    /// sees a write half done, so what they add up to counts after each write, not after each of its rows.
    fn check_movements(&self, id: &str, item: &Item, base: i64, wrong: &mut Vec<String>) {
        let (mut requested, mut sums) = (0, [0; 6]);
        for write in of(&self.movements, id).chunk_by(|one, next| one.ticket == next.ticket) {
            for movement in write {
                requested += movement.requested;
                add(&mut sums, movement.buckets);
            }
            if requested < 0 || sums.iter().any(|sum| *sum < 0) {
                wrong.push(format!("movements once added up to {requested}, {sums:?}"));
            }
        }
        let request = &self.requests[&item.request];
        let expected = if request.was_verified() && request.status != "WITHDRAWN" {
            (base, item.buckets)
        } else {
            (0, [0; 6])
        };
        if (requested, sums) != expected {
            wrong.push(format!(
                "movements add up to {requested}, {sums:?}, not to {expected:?}"
            ));
        }
    }

    fn check_contribution(&self, id: &str, one: &Contribution, wrong: &mut Vec<String>) {
        let parts = of(&self.deliveries, id).iter().filter(|part| !part.voided);
        let parts: Vec<&Delivery> = parts.collect();
        let accepted: i64 = parts.iter().map(|part| part.accepted).sum();
        let rejected: i64 = parts.iter().map(|part| part.rejected).sum();
        if (one.accepted, one.rejected) != (accepted, rejected) {
            let kept = (one.accepted, one.rejected);
            wrong.push(format!("keeps {kept:?}, received {accepted} and {rejected}"));
        }
        let received = accepted + rejected;
        let fits = match one.status.as_str() {
            "PLEDGED" | "COMMITTED" | "CANCELLED" => received == 0,
            "IN_TRANSIT" => received < one.quantity,
            _ => received == one.quantity,
        };
        if !fits || one.quantity <= 0 {
            wrong.push(format!("{received} of {} were received", one.quantity));
        }
        let [pledged, committed, shipped, delivered, cancelled] = &one.days;
        let last = parts.iter().map(|part| &part.on).max();
        let delivered_on = last.filter(|_| one.status == "DELIVERED");
        if delivered.as_ref() != delivered_on || (one.status == "CANCELLED") != cancelled.is_some() {
            wrong.push(format!("its days are {:?}, its last part's {last:?}", one.days));
        }
        let steps: Vec<&String> = [pledged, committed, shipped, delivered].into_iter().flatten().collect();
        if !steps.is_sorted() || (one.status != "PLEDGED" && one.status != "CANCELLED" && committed.is_none()) {
            wrong.push(format!("its days are {:?}", one.days));
        }
        if self.items[&one.item].request != one.request {
            wrong.push("its item is of another request".into());
        }
        let mut moved = [0; 6];
        let movements = of(&self.movements, &one.item).iter();
        for movement in movements.filter(|movement| movement.contribution.as_deref() == Some(id)) {
            add(&mut moved, movement.buckets);
        }
        let mut holds = one.holds();
        holds[UNCOVERED] = -(holds[COMMITTED] + holds[IN_TRANSIT] + holds[DELIVERED]);
        holds[UNMET] = -holds[DELIVERED];
        if moved != holds {
            wrong.push(format!("its movements add up to {moved:?}, it holds {holds:?}"));
        }
    }

    fn check_request(&self, id: &str, request: &Request, wrong: &mut Vec<String>) {
        let history: Vec<_> = of(&self.history, id)
            .iter()
            .map(|row| (row.status.as_str(), row.priority, row.people))
            .collect();
        let now = (request.status.as_str(), request.priority, request.people);
        let expected = request.was_verified().then_some(&now);
        if history.last() != expected {
            wrong.push(format!("{:?} is remembered, {expected:?} is so", history.last()));
        }
        if history.windows(2).any(|pair| pair[0] == pair[1]) {
            wrong.push(format!("remembered twice: {history:?}"));
        }
        let ended = ["CLOSED", "WITHDRAWN", "REJECTED"].contains(&request.status.as_str());
        let open = ["PLEDGED", "COMMITTED", "IN_TRANSIT"];
        for (other, one) in self.contributions.iter().filter(|(_, one)| one.request == id) {
            if !request.was_verified() || (ended && open.contains(&one.status.as_str())) {
                wrong.push(format!("has the contribution {other}, which is {}", one.status));
            }
        }
    }

    /// Days of items at whose end, by when things are said to have happened, some figure was below 0.
    pub fn days_below_zero(&self) -> usize {
        let mut count = 0;
        for id in self.items.keys() {
            let mut days: BTreeMap<&str, [i64; 6]> = BTreeMap::new();
            for movement in of(&self.movements, id) {
                add(days.entry(&movement.on).or_default(), movement.buckets);
            }
            let mut sums = [0; 6];
            for day in days.into_values() {
                add(&mut sums, day);
                count += usize::from(sums.iter().any(|sum| *sum < 0));
            }
        }
        count
    }
}

impl Contribution {
    /// What it adds to the first four buckets of its item.
    fn holds(&self) -> [i64; 6] {
        let open = self.quantity - self.accepted - self.rejected;
        let mut holds = [0; 6];
        match self.status.as_str() {
            "PLEDGED" => holds[PLEDGED] = self.quantity,
            "COMMITTED" => holds[COMMITTED] = open,
            "IN_TRANSIT" | "DELIVERED" => holds[IN_TRANSIT] = open,
            _ => {}
        }
        holds[DELIVERED] = self.accepted;
        holds
    }
}

fn add(sums: &mut [i64; 6], difference: [i64; 6]) {
    for (sum, change) in sums.iter_mut().zip(difference) {
        *sum += change;
    }
}
