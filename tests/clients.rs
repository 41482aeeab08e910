//! The clients that people use, the npm packages `graphql-ws` and `graphql-sse`, against the real server.
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

on_both! {
    async fn the_clients_that_people_use_work(app) {
        install();
        let url = app.url.clone();
        let clients = move || {
            let mut node = Command::new("node");
            run(node.args(["--test", "clients.test.mjs"]).current_dir(folder()).env("URL", url).env("KEY", ADMIN));
        };
        actix_web::rt::task::spawn_blocking(clients).await.unwrap();
    }
}
