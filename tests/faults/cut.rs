//! PostgreSQL ends all connections of the server again and again; the clock goes back.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use nam_needs::store::open;
use serde_json::json;

use crate::client::{Fate, client, names, post, write, write_well};
use crate::common::opening::{RULES, connect};
use crate::common::{ADMIN, Backend, run};
use crate::on_both;

/// Times at which all connections are ended.
const CUTS: usize = 15;

#[test]
fn connections_that_are_cut_lose_nothing_that_was_acknowledged() {
    run(Backend::Postgres, async |app| {
        let (client, stop) = (client(), Cell::new(false));
        let (acknowledged, refused, met) = (RefCell::new(Vec::new()), Cell::new(0), Cell::new(0));
        let writer = async |writer: usize| {
            let mut number = 0;
            while !stop.get() {
                let name = format!("{writer}-{number}");
                match write(&client, &app.url, &name).await {
                    Fate::Acknowledged => acknowledged.borrow_mut().push(name),
                    Fate::Refused(code) => {
                        assert!(["UNAVAILABLE", "TIMEOUT"].contains(&code.as_str()), "{code}");
                        refused.set(refused.get() + 1);
                    }
                    Fate::Cut => panic!("{name}: no answer"),
                }
                number += 1;
            }
        };
        let cutter = async {
            for _ in 0..CUTS {
                let before = acknowledged.borrow().len();
                met.set(met.get() + app.cut().await);
                // Writing goes on by itself after each.
                while acknowledged.borrow().len() < before + 10 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            stop.set(true);
        };
        tokio::join!(cutter, join_all((0..8).map(writer)));
        let there = names(&client, &app.url).await;
        let acknowledged = acknowledged.into_inner();
        assert!(
            acknowledged.iter().all(|name| there.contains(name)),
            "acknowledged and gone"
        );
        assert!(met.get() > 0, "no cut met a write");
        println!(
            "{CUTS} cuts of {} that did not rest: {} acknowledged, {} refused, {} there",
            met.get(),
            acknowledged.len(),
            refused.get(),
            there.len()
        );
        crate::invariants::hold(app).await;
    });
}

/// As where a test has failed, or a program ends in the middle: the last handle is dropped after the runtime that its connections
/// were opened in.
#[test]
fn a_store_may_be_dropped_where_no_runtime_is_left() {
    run(Backend::Postgres, async |app| {
        let connect = connect(&app.database_url());
        let clock = app.clock.clone();
        let elsewhere = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let store = runtime.block_on(async {
                let store = open(&connect, clock, RULES).await.unwrap();
                store.check().await.unwrap();
                store
            });
            drop(runtime);
            drop(store);
        });
        let ended = tokio::task::spawn_blocking(|| elsewhere.join()).await.unwrap();
        assert!(ended.is_ok(), "it panicked");
    });
}

/// A restart of the database or of a firewall ends many connections while they rest. Nobody who comes after need hear of
/// it: nothing was under way.
#[test]
fn connections_that_are_cut_while_they_rest_are_not_missed() {
    run(Backend::Postgres, async |app| {
        let client = client();
        let (client, url) = (&client, app.url.as_str());
        let all = async |round: usize| {
            let read = async |number: usize| {
                // Each its own, that none is answered by what another was told.
                let page = format!(
                    "page: assistanceRequests(first: {}) {{ nodes {{ id }}",
                    20 * round + number + 1
                );
                for query in [
                    format!("{{ {page} }} }}"),
                    format!("{{ {page} totalCount }} service {{ changeCursor }} }}"),
                ] {
                    let (_, answer) = post(client, url, &json!({ "query": query })).await.unwrap();
                    assert_eq!(answer["errors"], json!(null), "{answer:#}");
                }
            };
            let write = async |number: usize| write_well(client, url, &format!("{round}-{number}")).await;
            tokio::join!(join_all((0..20).map(read)), join_all((0..8).map(write)));
        };
        for round in 0..4 {
            all(round).await;
            app.cut().await;
        }
        all(4).await;
        crate::invariants::hold(app).await;
    });
}

on_both! {
    async fn a_clock_that_goes_back_turns_nothing_round(app) {
        let client = client();
        let now = app.ask(Some(ADMIN), "{ service { changeCursor } }", json!({})).await["service"]["changeCursor"].clone();
        write_well(&client, &app.url, "before").await;
        app.clock.set(app.clock.now() - TimeDelta::days(2));
        write_well(&client, &app.url, "back").await;
        app.clock.set(app.clock.now() + TimeDelta::hours(1));
        write_well(&client, &app.url, "later").await;
        // The feed has them as they were written, whatever the clock said.
        let query = "query($after: String) { changes(first: 100, after: $after) { nodes { at action
            subject { ... on AssistanceRequest { externalId } } } } }";
        let body = json!({ "query": query, "variables": { "after": now } });
        let (_, answer) = post(&client, &app.url, &body).await.unwrap();
        let nodes = answer["data"]["changes"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
        let created = nodes.iter().filter(|node| node["action"] == "assistanceRequest.created");
        let names: Vec<&str> = created.filter_map(|node| node["subject"]["externalId"].as_str()).collect();
        assert_eq!(names, ["before", "back", "later"], "{answer:#}");
        let at: Vec<&str> = nodes.iter().filter_map(|node| node["at"].as_str()).collect();
        assert!(at.is_sorted(), "{at:?}");
        // A repeat is still one.
        write_well(&client, &app.url, "before").await;
        let all = app.ask(Some(ADMIN), "{ assistanceRequests { totalCount } }", json!({})).await;
        assert_eq!(all["assistanceRequests"]["totalCount"], 3);
        crate::invariants::hold(app).await;
    }
}
