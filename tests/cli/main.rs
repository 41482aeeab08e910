//! The command line as whoever runs it meets it: processes, what they print, how they end, and what is in the database then.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "../common/mod.rs"]
mod common;

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use common::{Backend, Ground, TestFile};
use serde_json::{Value, json};

/// Declares tests that run once over an empty database of each kind.
macro_rules! over_both {
    ($($(#[$meta:meta])* async fn $name:ident($ground:ident) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            async fn body($ground: &$crate::common::Ground) $body
            #[test]
            fn sqlite() {
                $crate::over($crate::common::Backend::Sqlite, async |ground| body(ground).await);
            }
            #[test]
            fn postgres() {
                $crate::over($crate::common::Backend::Postgres, async |ground| body(ground).await);
            }
        }
    )*};
}

mod audit;
mod figures;
mod interchange;
mod key;
mod start;

fn over(backend: Backend, test: impl AsyncFnOnce(&Ground)) {
    actix_web::rt::System::new().block_on(async {
        let ground = Ground::new(backend).await;
        test(&ground).await;
        ground.remove().await;
    });
}

/// How a command ended, and what it printed.
#[derive(Debug)]
struct Ended {
    status: i32,
    out: String,
    told: String,
}

fn ended(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        told: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run(ground: &Ground, command: &[&str]) -> Ended {
    ended(ground.command(command))
}

/// What a command prints that ends well.
fn done(ground: &Ground, command: &[&str]) -> String {
    let ended = run(ground, command);
    assert_eq!(ended.status, 0, "{command:?}: {ended:#?}");
    ended.out
}

/// A server, and what it prints.
struct Served {
    url: String,
    printed: String,
    rest: Lines<BufReader<ChildStdout>>,
    child: Child,
}

impl Served {
    fn start(ground: &Ground, settings: &[&str]) -> Self {
        let mut command = ground.command(&["serve"]);
        command.args(settings);
        Self::spawned(command)
    }

    /// Waits until it has said what to open.
    fn spawned(mut command: Command) -> Self {
        command.arg("--bind=127.0.0.1:0").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut rest = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut printed = String::new();
        while !printed.contains("/schema.graphql") {
            let line = rest.next().unwrap_or_else(|| panic!("it ended: {printed}")).unwrap();
            printed += &format!("{line}\n");
        }
        let (_, url) = printed.rsplit_once("http://").unwrap();
        let url = format!("http://{}", url.split('/').next().unwrap());
        Self {
            url,
            printed,
            rest,
            child,
        }
    }

    /// Status and answer.
    async fn post(&self, key: Option<&str>, query: &str) -> (u16, Value) {
        let mut request = reqwest::Client::new().post(format!("{}/graphql", self.url));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let answer = request.header("accept", "application/graphql-response+json");
        let answer = answer.json(&json!({ "query": query })).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The data of an answer without errors.
    async fn ask(&self, key: Option<&str>, query: &str) -> Value {
        let (status, answer) = self.post(key, query).await;
        assert!(status == 200 && answer.get("errors").is_none(), "{query}\n{answer:#}");
        answer["data"].clone()
    }

    fn tell_to_stop(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Tells it to end, which it does well; gives everything that it printed.
    fn end(mut self) -> String {
        self.tell_to_stop();
        for line in self.rest.by_ref() {
            self.printed += &format!("{}\n", line.unwrap());
        }
        assert!(self.child.wait().unwrap().success());
        std::mem::take(&mut self.printed)
    }
}

impl Drop for Served {
    /// A test that failed leaves no process behind.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
