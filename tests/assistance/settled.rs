//! What was known at a moment is told of it the same ever after, also where a write was under way then.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::common::{TestApp, TestFile};
use crate::on_both;

const ROWS: usize = 150;

async fn known(app: &TestApp, moment: &str) -> Value {
    let question = "query($moment: DateTime!) { needsAnalysis(groupBy: [COUNTRY], asOf: $moment) {
        nodes { country { code } totals { requestCount peopleInNeed requestedValueUsd } } } }";
    app.ask(None, question, json!({ "moment": moment })).await
}

/// Requests of a source, each for so many people.
fn file(people: usize) -> TestFile {
    let mut text = String::from(
        "source,externalId,country,title,priority,peopleInNeed,itemExternalId,kind,commodity,quantity,unitCostUsd\n",
    );
    for number in 0..ROWS {
        writeln!(
            text,
            "SETTLED,{number},NPL,Gloves,HIGH,{people},a,GOODS,GLOVES_EXAM,{},2",
            number + 1
        )
        .unwrap();
    }
    TestFile::new(&text)
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
            let file = file(people);
            let mut import = Command::new(env!("CARGO_BIN_EXE_nam-needs"));
            import.args(app.database_arguments()).args(["--log=error", "import", "--verified", file.path()]);
            let mut import = import.stdout(Stdio::null()).spawn().unwrap();
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
