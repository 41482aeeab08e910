//! Trusted documents with the tools that people use: manifests made by the Relay compiler and graphql-codegen, and the
//! clients Apollo and urql, against the real server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod common;

use std::path::Path;
use std::sync::OnceLock;

use common::node::Packages;
use common::{ADMIN, Backend, TestApp, run_with};

const TOOLS: Packages = Packages("manifests");

/// The manifests, made once.
fn manifests() -> &'static str {
    static MADE: OnceLock<String> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("manifests");
        let folder = folder.to_str().unwrap().to_owned();
        TOOLS.install();
        TOOLS.node(&["make.mjs", &folder], &[]);
        folder
    })
}

async fn clients(app: &TestApp, only: &'static str) {
    let url = app.url.clone();
    let tests = move || {
        let variables = [
            ("URL", url.as_str()),
            ("KEY", ADMIN),
            ("MANIFESTS", manifests()),
            ("ONLY", only),
        ];
        TOOLS.node(&["--test", "documents.test.mjs"], &variables);
    };
    actix_web::rt::task::spawn_blocking(tests).await.unwrap();
}

fn both(backend: Backend) {
    let documents = format!("--trusted-documents={}", manifests());
    run_with(backend, &[&documents], async |app| clients(app, "false").await);
    run_with(backend, &[&documents, "--trusted-only=true"], async |app| {
        clients(app, "true").await
    });
}

#[test]
fn documents_of_real_manifests_are_executed_beside_others_and_alone_on_sqlite() {
    both(Backend::Sqlite);
}

#[test]
fn documents_of_real_manifests_are_executed_beside_others_and_alone_on_postgres() {
    both(Backend::Postgres);
}
