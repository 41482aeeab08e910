//! Two versions side by side: one serves while the database is ahead of it, and says so while it is behind.

use crate::client::{client, names, readiness, write_well};
use crate::common::{Backend, Ground};

/// What a later version may do at once: add. A column with a default, one that may be empty, a table, an index.
const LATER: [&str; 5] = [
    "ALTER TABLE assistance_request ADD COLUMN later_text TEXT",
    "ALTER TABLE request_item ADD COLUMN later_count INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE later (id INTEGER PRIMARY KEY)",
    "CREATE INDEX later_index ON contribution (status)",
    "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_later', 0)",
];

async fn ahead(backend: Backend) {
    let ground = Ground::new(backend).await;
    let mut servers = ground.serve(2).await;
    let client = client();
    let acknowledged = async |url: &str, name: &str| write_well(&client, url, name).await;
    // Their statements are prepared before the tables change.
    acknowledged(&servers[0].url, "before").await;
    assert_eq!(names(&client, &servers[0].url).await.len(), 1);
    for sql in LATER {
        ground.alter(sql).await;
    }
    for number in 0..20 {
        acknowledged(&servers[number % 2].url, &format!("ahead {number}")).await;
    }
    for server in &servers {
        assert_eq!(names(&client, &server.url).await.len(), 21);
        assert_eq!(readiness(&client, &server.url).await, Some(200));
    }
    // One of them dies, and comes back beside the later version.
    servers[0].kill();
    servers[0].restart().await;
    acknowledged(&servers[0].url, "back").await;
    // It must not take away what it does not know.
    let told = servers[0].run(&["migrate", "status"]);
    assert!(
        told.contains("later m20991231_000001_later") && !told.contains("pending"),
        "{told}"
    );
    let told = servers[0].run(&["migrate", "up"]);
    assert_eq!(told, "later m20991231_000001_later\n");
    let down = servers[0].attempt(&["migrate", "down"]);
    let why = String::from_utf8(down.stderr).unwrap();
    assert!(!down.status.success() && why.contains("later version"), "{why}");
    if backend == Backend::Postgres {
        let may = "SELECT CAST(has_table_privilege('nam_server', 'later', 'SELECT') AS TEXT)";
        ground.alter("GRANT SELECT ON later TO nam_server").await;
        servers[0].kill();
        servers[0].restart().await;
        assert_eq!(
            ground.text(may).await,
            "true",
            "a right that the later version gave is gone"
        );
    }
    drop(servers);
    ground
        .alter("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20000101_000001_foreign', 0)")
        .await;
    let foreign = ground.command(&["migrate", "up"]).output().unwrap();
    let why = String::from_utf8(foreign.stderr).unwrap();
    assert!(
        !foreign.status.success() && why.contains("m20000101_000001_foreign"),
        "{why}"
    );
    ground.remove().await;
}

#[test]
fn a_server_serves_and_comes_back_while_the_database_is_a_step_ahead_on_sqlite() {
    actix_web::rt::System::new().block_on(ahead(Backend::Sqlite));
}

#[test]
fn a_server_serves_and_comes_back_while_the_database_is_a_step_ahead_on_postgres() {
    actix_web::rt::System::new().block_on(ahead(Backend::Postgres));
}

async fn behind(backend: Backend) {
    let ground = Ground::new(backend).await;
    let servers = ground.serve(1).await;
    let (client, url) = (client(), &servers[0].url);
    let run = |command: &[&str]| {
        let output = ground.command(command).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["migrate", "down"]);
    assert_eq!(readiness(&client, url).await, Some(503));
    // A step that nobody here knows does not stand for one that is lacking.
    ground.alter(LATER[4]).await;
    assert_eq!(readiness(&client, url).await, Some(503));
    let refused = ground.command(&["migrate", "up"]).output().unwrap();
    assert!(!refused.status.success(), "which of the two was first is not known");
    ground
        .alter("DELETE FROM seaql_migrations WHERE version = 'm20991231_000001_later'")
        .await;
    run(&["migrate", "up"]);
    assert_eq!(readiness(&client, url).await, Some(200));
    drop(servers);
    ground.remove().await;
}

#[test]
fn a_server_whose_database_is_a_step_behind_is_not_ready_on_sqlite() {
    actix_web::rt::System::new().block_on(behind(Backend::Sqlite));
}

#[test]
fn a_server_whose_database_is_a_step_behind_is_not_ready_on_postgres() {
    actix_web::rt::System::new().block_on(behind(Backend::Postgres));
}
