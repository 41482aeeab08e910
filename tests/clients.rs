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

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use common::ADMIN;

/// Runs a program to its end, and fails with all that it says where it fails.
fn run(command: &mut Command) {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("the tests need {program} (Debian: apt-get install nodejs npm): {error}"));
    let told = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&told)
    );
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients"))
}

/// Installs the clients once, as the lock file says.
fn install() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        run(Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(folder()))
    });
}

/// Runs a file of tests against the server.
async fn node(app: &common::TestApp, file: &'static str) {
    install();
    let url = app.url.clone();
    let tests = move || {
        let mut node = Command::new("node");
        run(node
            .args(["--test", file])
            .current_dir(folder())
            .env("URL", url)
            .env("KEY", ADMIN));
    };
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
