//! Many who commit against one item at the same moment.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::common::TestApp;
use crate::invariants::hold;
use crate::on_both;
use crate::random::{Random, milli, rounds, units};
use crate::support::{People, codes, draft, named, people};

const TASKS: usize = 64;
/// Items of a request, at most.
const ITEMS: usize = 200;
const GIVEN: &str = "contribution { id version } userErrors { code params { name value } }";

/// A VERIFIED request whose items have these quantities, in thousandths; gives the items' ids.
async fn request(app: &TestApp, people: &People, first: usize, quantities: &[i64]) -> Vec<Value> {
    let mut input = draft();
    let items = quantities.iter().enumerate().map(|(index, quantity)| {
        json!({ "externalId": format!("round {}", first + index), "commodity": "GLOVES_EXAM", "quantity": units(*quantity) })
    });
    input["items"] = items.collect();
    input["submit"] = true.into();
    let state = "assistanceRequest { id version items { id } } userErrors { code }";
    let created = app.mutate(&people.focal, "createAssistanceRequest", input, state).await;
    let request = named(&created["assistanceRequest"]);
    let verified = app
        .mutate(&people.coordinator, "verifyAssistanceRequest", request, state)
        .await;
    assert_eq!(verified["userErrors"], json!([]), "{verified:#}");
    let items = verified["assistanceRequest"]["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].clone()).collect()
}

/// How a commitment begins: at once, or as a pledge that waits for the round.
enum Start {
    AtOnce(Value),
    Pledged(Value),
}

async fn pledge(app: &TestApp, key: &str, mut input: Value, first: bool) -> Start {
    input["status"] = if first { "PLEDGED" } else { "COMMITTED" }.into();
    if !first {
        return Start::AtOnce(input);
    }
    let pledged = app.mutate(key, "createContribution", input, GIVEN).await;
    Start::Pledged(named(&pledged["contribution"]))
}

/// What is refused: the quantity, and what is told to be available still. Nothing where it was accepted.
async fn commit(app: &TestApp, key: &str, start: Start) -> Option<i64> {
    let answer = match start {
        Start::AtOnce(input) => app.mutate(key, "createContribution", input, GIVEN).await,
        Start::Pledged(input) => app.mutate(key, "commitContribution", input, GIVEN).await,
    };
    if codes(&answer).is_empty() {
        return None;
    }
    assert_eq!(codes(&answer), ["OVER_COMMITTED"], "{answer:#}");
    Some(milli(&answer["userErrors"][0]["params"][0]["value"]))
}

async fn race(app: &TestApp) {
    let people = people(app).await;
    let mut random = Random::new("race");
    let (rounds, began) = (rounds(), Instant::now());
    let bases: Vec<i64> = (0..rounds).map(|_| random.between(1, 1_000_000)).collect();
    let mut items = Vec::new();
    for (index, some) in bases.chunks(ITEMS).enumerate() {
        items.extend(request(app, &people, index * ITEMS, some).await);
    }
    let (mut accepted_in_all, mut refused_in_all) = (0, 0);
    for (round, (base, item)) in bases.iter().zip(&items).enumerate() {
        let most = (base / 16).max(1);
        let equal = (round % 2 == 0).then(|| random.between(1, most));
        let quantities: Vec<i64> = (0..TASKS)
            .map(|_| equal.unwrap_or_else(|| random.between(1, most)))
            .collect();
        let starts = quantities.iter().enumerate().map(|(index, quantity)| {
            let input = json!({ "item": item, "organization": "WHO", "quantity": units(*quantity) });
            pledge(app, &people.responder, input, round % 4 == 3 && index % 4 == 0)
        });
        let starts = join_all(starts).await;
        let outcomes = join_all(starts.into_iter().map(|start| commit(app, &people.responder, start))).await;

        let refused = quantities
            .iter()
            .zip(&outcomes)
            .filter_map(|(quantity, refused)| Some((quantity, (*refused)?)));
        let refused: Vec<(&i64, i64)> = refused.collect();
        let taken: i64 = quantities
            .iter()
            .zip(&outcomes)
            .filter(|(_, refused)| refused.is_none())
            .map(|(q, _)| q)
            .sum();
        let uncovered = base - taken;
        assert!(uncovered >= 0, "round {round}: {taken} of {base} were accepted");
        for (quantity, available) in &refused {
            assert!(
                **quantity > uncovered,
                "round {round}: {quantity} would fit in the last {uncovered}"
            );
            assert!(
                **quantity > *available,
                "round {round}: {quantity} was refused, {available} were available"
            );
        }
        if let Some(quantity) = equal {
            let fit = usize::try_from(base / quantity).unwrap().min(TASKS);
            assert_eq!(
                TASKS - refused.len(),
                fit,
                "round {round}: {base} hold {fit} times {quantity}"
            );
        }
        let row = app
            .rows(&format!(
                "SELECT CAST(uncovered_milli AS TEXT) FROM request_item WHERE external_id = 'round {round}'"
            ))
            .await;
        assert_eq!(
            row[0][0].as_deref(),
            Some(uncovered.to_string().as_str()),
            "round {round}"
        );
        accepted_in_all += TASKS - refused.len();
        refused_in_all += refused.len();
    }
    hold(app).await;
    println!(
        "race on {:?}: {rounds} rounds of {TASKS}, {accepted_in_all} accepted, {refused_in_all} refused, {:.1} s",
        app.backend,
        began.elapsed().as_secs_f64()
    );
}

on_both! {
    async fn many_at_once_take_all_that_fits_and_no_more(app) {
        race(app).await;
    }
}
