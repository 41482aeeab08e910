//! Signing in by tokens, over real HTTP on both databases: those of a real issuer, and forged ones of every kind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "../common/mod.rs"]
mod common;
mod fake;
mod forge;
mod forged;
mod keys;
mod mapping;
mod outage;
mod real;
mod settings;

use common::{Backend, TestApp, run_with};
use serde_json::{Value, json};

/// What the tokens of the tests are for.
const AUDIENCE: &str = "urn:nam-needs:test";

/// Runs a test on each database.
fn on_each(settings: &[&str], test: impl AsyncFn(&TestApp)) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        run_with(backend, settings, async |app| test(app).await);
    }
}

/// Who the viewer is with this credential, as status and answer.
async fn whoami(app: &TestApp, token: &str) -> (u16, Value) {
    let query = "{ viewer { name roles country { code } organization { code } } countries(first: 1) { totalCount } }";
    app.post(Some(token), query, json!({})).await
}

/// The viewer of a credential that is good.
async fn viewer(app: &TestApp, token: &str) -> Value {
    let (status, answer) = whoami(app, token).await;
    assert!(status == 200 && answer.get("errors").is_none(), "{answer:#}");
    answer["data"]["viewer"].clone()
}

/// The message with which a credential is refused: 401, UNAUTHENTICATED and no data.
async fn refusal(app: &TestApp, token: &str) -> String {
    let (status, answer) = whoami(app, token).await;
    let code = &answer["errors"][0]["extensions"]["code"];
    assert_eq!((status, code), (401, &json!("UNAUTHENTICATED")), "{answer:#}");
    assert!(answer.get("data").is_none(), "{answer:#}");
    answer["errors"][0]["message"].as_str().unwrap().to_owned()
}
