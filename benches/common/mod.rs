//! What all measuring begins with: its settings, a database of its own, and a server over it.

#[allow(dead_code)]
#[path = "../../tests/common/cluster.rs"]
pub mod cluster;
#[allow(dead_code, reason = "who follows changes asks nothing in turn")]
pub mod load;
#[allow(dead_code, reason = "writes have none")]
pub mod peer;
#[allow(dead_code, reason = "not all measure processor time and memory")]
pub mod process;
#[allow(dead_code, reason = "not all measure mutations and memory")]
pub mod server;

use cluster::Cluster;
use sqlx::{Connection, Executor, PgConnection};

/// What the environment says, or else this.
pub fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} is a number"))
    })
}

/// Cargo says so when the figures count.
pub fn measures() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Runs `bench` over a PostgreSQL that ends with it.
pub fn run(bench: impl AsyncFnOnce(&Cluster)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let cluster = Cluster::start();
        bench(&cluster).await;
    });
}

/// An empty database of the cluster: its URLs for the server, and for the role that migrates.
pub async fn database(cluster: &Cluster) -> [String; 2] {
    let mut owner = PgConnection::connect(&cluster.owner_url).await.unwrap();
    owner.execute("CREATE DATABASE bench").await.unwrap();
    [&cluster.server_url, &cluster.owner_url].map(|url| format!("{}/bench", url.rsplit_once('/').unwrap().0))
}

/// The ledger of what was written is whole: else the rates are worth nothing. Tells its end.
#[allow(dead_code, reason = "few changes are made where they are followed")]
pub fn audit(url: &str, migrate_url: &str) -> String {
    let verified = std::process::Command::new(env!("CARGO_BIN_EXE_nam-needs"))
        .args(["audit", "verify"])
        .arg(format!("--database-url={url}"))
        .arg(format!("--migrate-database-url={migrate_url}"))
        .output()
        .unwrap();
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stderr)
    );
    let head = String::from_utf8_lossy(&verified.stdout).trim().to_owned();
    println!("\nthe ledger verifies: {head}");
    head
}
