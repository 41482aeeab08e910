//! The first run with the figures that come with the program: as many as the files say, counted without the program.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::data;
use crate::{Served, done};

const COUNTS: &str = "{ assistanceRequests { totalCount } requestItems { totalCount } contributions { totalCount }
    examples: contributions(filter: { source: { startsWith: \"EXAMPLE\" } }, first: 100) { totalCount nodes { source note } }
    needsAnalysis(groupBy: [KIND], itemFilter: { kind: { eq: FUNDING } }) { nodes { totals { requestedValueUsd deliveredValueUsd } } } }";

/// Everything that the files hold, and so many examples.
fn holds(seen: &Value, examples: usize) {
    let (plans, (requests, items)) = (data::plans(), data::forecast_counts());
    assert_eq!(seen["assistanceRequests"]["totalCount"], plans.requests + requests);
    assert_eq!(seen["requestItems"]["totalCount"], plans.items + items);
    assert_eq!(seen["contributions"]["totalCount"], plans.funded_items + examples);
    assert_eq!(seen["examples"]["totalCount"], examples);
    let funding = &seen["needsAnalysis"]["nodes"][0]["totals"];
    assert_eq!(funding["requestedValueUsd"], plans.required.to_string());
    assert_eq!(funding["deliveredValueUsd"], plans.funded.to_string());
    assert!(
        plans.funded > 0 && plans.funded < plans.required,
        "some is covered, and some is not"
    );
}

over_both! {
    async fn the_figures_are_there_after_the_first_start_and_once_after_the_second(ground) {
        for _ in 0..2 {
            let served = Served::start(ground, &["--real-figures=true", "--examples=false"]);
            holds(&served.ask(None, COUNTS).await, 0);
            served.end();
        }
        let lines = done(ground, &["export"]).lines().count();
        assert_eq!(lines, 1 + data::plans().items + data::forecast_counts().1);
    }

    async fn servers_that_start_at_once_load_them_once_together(ground) {
        let settings = ["--real-figures=true", "--examples=true"];
        let served: Vec<Served> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..2).map(|_| scope.spawn(|| Served::start(ground, &settings))).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        for one in &served {
            holds(&one.ask(None, COUNTS).await, 8);
        }
        served.into_iter().for_each(|one| drop(one.end()));
    }

    async fn examples_come_once_the_figures_are_there(ground) {
        let served = Served::start(ground, &["--real-figures=false", "--examples=true"]);
        assert_eq!(served.ask(None, "{ contributions { totalCount } }").await["contributions"]["totalCount"], 0);
        served.end();
        let served = Served::start(ground, &["--real-figures=true", "--examples=true"]);
        holds(&served.ask(None, COUNTS).await, 8);
        served.end();
    }

    async fn a_database_of_ones_own_begins_empty(ground) {
        let served = Served::start(ground, &[]);
        let seen = served.ask(None, "{ assistanceRequests { totalCount } contributions { totalCount } countries { totalCount } }").await;
        assert_eq!(seen, json!({ "assistanceRequests": { "totalCount": 0 }, "contributions": { "totalCount": 0 },
            "countries": { "totalCount": data::rows("reference/countries.csv").len() } }));
        served.end();
    }
}

#[test]
fn without_any_setting_figures_and_marked_examples_are_in_a_file_of_this_directory() {
    let directory = std::env::temp_dir().join(format!("nam-needs-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&directory).unwrap();
    actix_web::rt::System::new().block_on(async {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nam-needs"));
        command
            .current_dir(&directory)
            .arg("--log=error")
            .env_remove("DATABASE_URL");
        let served = Served::spawned(command);
        let seen = served.ask(None, COUNTS).await;
        holds(&seen, 8);
        for one in seen["examples"]["nodes"].as_array().unwrap() {
            assert_eq!(one["source"], "EXAMPLE: nobody's real pledge");
        }
        served.end();
    });
    assert!(directory.join("nam-needs.sqlite").exists());
    std::fs::remove_dir_all(&directory).unwrap();
}
