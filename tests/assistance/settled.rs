//! What was known at a moment is told of it the same ever after, also where a write was under way then. And a long write of another
//! process lets others write.

use std::fmt::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::common::{ADMIN, Backend, TestApp, TestFile, run_with};
use crate::on_both;
use crate::support::draft;

const ROWS: usize = 150;

async fn known(app: &TestApp, moment: &str) -> Value {
    let question = "query($moment: DateTime!) { needsAnalysis(groupBy: [COUNTRY], asOf: $moment) {
        nodes { country { code } totals { requestCount peopleInNeed requestedValueUsd } } } }";
    app.ask(None, question, json!({ "moment": moment })).await
}

/// So many requests of a source, each for so many people.
fn file(rows: usize, people: usize) -> TestFile {
    let mut text = String::from(
        "source,externalId,country,title,priority,peopleInNeed,itemExternalId,kind,commodity,quantity,unitCostUsd\n",
    );
    for number in 0..rows {
        writeln!(
            text,
            "SETTLED,{number},NPL,Gloves,HIGH,{people},a,GOODS,GLOVES_EXAM,{},2",
            number + 1
        )
        .unwrap();
    }
    TestFile::new(&text)
}

/// A process of the operator's that imports it.
fn import(app: &TestApp, file: &TestFile) -> Child {
    let mut import = Command::new(env!("CARGO_BIN_EXE_nam-needs"));
    import.args(app.database_arguments());
    import.args(["--log=error", "import", "--verified", file.path()]);
    import.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

on_both! {
    async fn what_was_known_at_a_moment_waits_for_the_writes_of_that_moment(app) {
        // The other process goes by the system's clock.
        let clock = app.clock.clone();
        let ticks = tokio::task::spawn_local(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(1));
            loop {
                clock.set(Utc::now());
                ticks.tick().await;
            }
        });
        let mut told = Vec::new();
        for people in [10, 20] {
            let file = file(ROWS, people);
            let mut import = import(app, &file);
            let mut asked = 0;
            while import.try_wait().unwrap().is_none() {
                let moment = app.clock.now().to_rfc3339_opts(SecondsFormat::Micros, true);
                told.push((known(app, &moment).await, moment));
                asked += 1;
            }
            assert!(import.wait().unwrap().success());
            assert!(asked > 1, "{asked}");
        }
        ticks.abort();
        app.clock.set(Utc::now());
        for (then, moment) in &told {
            assert_eq!(known(app, moment).await, *then, "as it was known at {moment}");
        }
        let now = known(app, &app.clock.now().to_rfc3339_opts(SecondsFormat::Micros, true)).await;
        assert_eq!(now["needsAnalysis"]["nodes"][0]["totals"]["peopleInNeed"], (20 * ROWS).to_string());
        println!("{:?}: {} moments", app.backend, told.len());
    }
}

#[test]
fn an_import_into_sqlite_lets_others_write_between_its_parts() {
    run_with(Backend::Sqlite, &["--timeout-ms=6000"], async |app| {
        let file = file(2_000, 10);
        let mut import = import(app, &file);
        let mut written = 0;
        while import.try_wait().unwrap().is_none() {
            let done = app
                .mutate(ADMIN, "createAssistanceRequest", draft(), "assistanceRequest { id }")
                .await;
            assert!(done["assistanceRequest"]["id"].is_string(), "after {written}: {done:#}");
            written += 1;
        }
        assert!(import.wait().unwrap().success());
        println!("{written} written beside the import");
        assert!(written > 2, "{written}");
    });
}
