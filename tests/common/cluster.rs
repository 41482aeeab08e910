//! A PostgreSQL of a test's own, which it may restart under its servers.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How the database goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As an operator restarts it: it ends all sessions and closes its files.
    Fast,
    /// As in a crash: it comes back by recovering from its log.
    Immediate,
}

pub struct Cluster {
    directory: PathBuf,
    pub owner_url: String,
    pub server_url: String,
}

fn script(arguments: &[&str], directory: &Path) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres");
    let mut command = Command::new(script);
    command.arg(arguments[0]).arg(directory).args(&arguments[1..]);
    if let Ok(programs) = std::env::var("TEST_PG_BIN") {
        command.env("PG_BIN", programs);
    }
    let output = command.output().expect("scripts/postgres runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "scripts/postgres {arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

impl Cluster {
    pub fn start() -> Self {
        let directory = std::env::temp_dir().join(format!("nam-needs-cluster-{}", std::process::id()));
        script(&["start"], &directory);
        let told = script(&["env"], &directory);
        let variable = |name: &str| {
            let line = told
                .lines()
                .find_map(|line| line.strip_prefix(&format!("export {name}=")));
            line.unwrap_or_else(|| panic!("no {name}: {told}")).to_owned()
        };
        Self {
            owner_url: variable("TEST_POSTGRES_URL"),
            server_url: variable("TEST_POSTGRES_SERVER_URL"),
            directory,
        }
    }

    /// Goes down and comes back. Blocks until it takes connections again.
    pub async fn restart(&self, mode: Mode) {
        let directory = self.directory.clone();
        let mode = match mode {
            Mode::Fast => "fast",
            Mode::Immediate => "immediate",
        };
        let restarted = actix_web::rt::task::spawn_blocking(move || script(&["restart", mode], &directory));
        restarted.await.unwrap();
    }

    /// What the database wrote into its log.
    pub fn log(&self) -> String {
        let path = self.directory.join("data/server.log");
        String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        script(&["stop"], &self.directory);
    }
}
