//! The clients that people use, the npm packages `graphql-ws` and `graphql-sse`, against the real server, and the audits
//! of `graphql-http`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod common;

use std::sync::OnceLock;

use common::node::Packages;
use common::{ADMIN, TestApp};

const CLIENTS: Packages = Packages("clients");

/// Runs a file of tests against the server.
async fn node(app: &TestApp, file: &'static str) {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| CLIENTS.install());
    let url = app.url.clone();
    let tests = move || CLIENTS.node(&["--test", file], &[("URL", &url), ("KEY", ADMIN)]);
    actix_web::rt::task::spawn_blocking(tests).await.unwrap();
}

on_both! {
    async fn the_clients_that_people_use_work(app) {
        node(app, "clients.test.mjs").await;
    }

    async fn every_audit_of_graphql_over_http_is_ok(app) {
        node(app, "audits.test.mjs").await;
    }
}
