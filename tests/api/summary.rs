//! The worldwide figures come from the sums in memory, on a server as it runs: by the role that only serves.

use nam_needs::store::needs::refresh;
use serde_json::Value;

use crate::common::TestApp;
use crate::on_both;
use crate::support::{people, verified};

const ANALYSIS: &str =
    "{ needsAnalysis(groupBy: [WHO_REGION]) { nodes { whoRegion totals { itemCount requestCount } } } }";

/// Waits for the writes of other tests: on PostgreSQL all databases count their transactions together.
async fn up_to_date(app: &TestApp) {
    for _ in 0..10_000 {
        if refresh(&app.store).await.unwrap() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("something goes on writing");
}

on_both! {
    async fn a_server_answers_worldwide_figures_without_reading_their_rows(app) {
        verified(app, &people(app).await).await;
        up_to_date(app).await;
        let before = app.store.statements();
        let answer = app.ask(None, ANALYSIS, Value::Null).await;
        assert_eq!(app.store.statements() - before, 1, "what was written beyond the sums: nothing");
        let totals = &answer["needsAnalysis"]["nodes"][0]["totals"];
        assert_eq!((&totals["itemCount"], &totals["requestCount"]), (&3.into(), &1.into()), "{answer:#}");
    }
}
