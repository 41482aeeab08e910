//! Migrations: once however many run them, and whole or not at all however they end.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use migration::Target;

use crate::client::{client, readiness, write_well};
use crate::common::{Backend, Ground};

/// Kills of the program while it migrates, by default.
const KILLS: u32 = 6;

fn up(ground: &Ground) -> Child {
    let mut command = ground.command(&["migrate", "up"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The steps that the database lacks, and those that it has.
fn status(ground: &Ground) -> (usize, usize) {
    let output = ground.command(&["migrate", "status"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    let count = |state: &str| told.lines().filter(|line| line.starts_with(state)).count();
    (count("pending "), count("applied "))
}

async fn once(backend: Backend) {
    let ground = Ground::new(backend).await;
    let runs: Vec<Child> = (0..4).map(|_| up(&ground)).collect();
    let mut applied = BTreeMap::<String, u32>::new();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            *applied.entry(line.to_owned()).or_default() += 1;
        }
    }
    let (pending, steps) = status(&ground);
    assert_eq!((pending, applied.len()), (0, steps), "{applied:?}");
    assert!(steps > 0 && applied.values().all(|times| *times == 1), "{applied:?}");
    ground.remove().await;
}

#[test]
fn of_four_that_migrate_at_once_one_runs_each_step_on_sqlite() {
    actix_web::rt::System::new().block_on(once(Backend::Sqlite));
}

#[test]
fn of_four_that_migrate_at_once_one_runs_each_step_on_postgres() {
    actix_web::rt::System::new().block_on(once(Backend::Postgres));
}

/// Each of several who open the same new file at once makes it a WAL; SQLite lets one of them, and refuses the others
/// without a wait. A hundred new files, because they have to meet.
#[test]
fn several_that_open_a_new_file_at_once_wait_for_each_other() {
    let folder = std::env::temp_dir().join(format!("nam-needs-{}-new", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let open = |target: &Target| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(target.status()).map(|steps| steps.len())
    };
    for round in 0..100 {
        let url = format!("sqlite:{}/{round}.sqlite", folder.display());
        let target = Target {
            serving_url: url.clone(),
            url,
        };
        std::thread::scope(|scope| {
            let openers: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&target))).collect();
            for opener in openers {
                let steps = opener.join().unwrap();
                let steps = steps.unwrap_or_else(|error| panic!("round {round}: {error}"));
                assert!(steps > 0);
            }
        });
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// Four servers at once on a database without a table: all of them serve, and there is one first key.
async fn all_serve(backend: Backend) {
    let ground = Ground::new(backend).await;
    let servers = ground.serve(4).await;
    for server in &servers {
        assert_eq!(readiness(&client(), &server.url).await, Some(200));
    }
    drop(servers);
    assert_eq!(status(&ground).0, 0);
    ground
        .inspect(async |app| {
            assert_eq!(app.row_counts().await["api_key"], 1);
            drop(crate::invariants::hold(app).await);
        })
        .await;
}

#[test]
fn four_servers_that_start_at_once_on_an_empty_database_all_serve_on_sqlite() {
    actix_web::rt::System::new().block_on(all_serve(Backend::Sqlite));
}

#[test]
fn four_servers_that_start_at_once_on_an_empty_database_all_serve_on_postgres() {
    actix_web::rt::System::new().block_on(all_serve(Backend::Postgres));
}

#[test]
fn a_server_that_knows_the_serving_role_alone_serves_once_its_owner_has_migrated() {
    actix_web::rt::System::new().block_on(async {
        let ground = Ground::new(Backend::Postgres).await;
        assert!(up(&ground).wait().unwrap().success());
        let server = ground.serve_alone().await;
        write_well(&client(), &server.url, "alone").await;
        drop(server);
        ground.remove().await;
    });
}

/// Kills the run at moments that are spread over the time that it takes. After each the database has every step or none, and
/// none is held up by the one that died.
async fn killed(backend: Backend) {
    let kills: u32 = std::env::var("KILLS").map_or(KILLS, |text| text.parse().expect("KILLS is a number"));
    let whole = {
        let ground = Ground::new(backend).await;
        let began = Instant::now();
        let mut run = up(&ground);
        assert!(run.wait().unwrap().success());
        let took = began.elapsed();
        ground.remove().await;
        took
    };
    let (mut before, mut after) = (0, 0);
    for kill in 0..kills {
        let ground = Ground::new(backend).await;
        let mut run = up(&ground);
        tokio::time::sleep(whole * (kill + 1) / (kills + 1)).await;
        run.kill().unwrap();
        run.wait().unwrap();
        // A file that was not even made has no status.
        let is_there = backend == Backend::Postgres || ground.file().exists();
        match is_there.then(|| status(&ground)) {
            Some((0, _)) => after += 1,
            None | Some((_, 0)) => before += 1,
            half => panic!("half migrated: {half:?}"),
        }
        let began = Instant::now();
        let servers = ground.serve(1).await;
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "held up by a run that is dead"
        );
        drop(servers);
        ground
            .inspect(async |app| drop(crate::invariants::hold(app).await))
            .await;
    }
    println!("{backend:?}: migrating takes {whole:?}; {kills} kills, {before} before its end, {after} after it");
    assert!(before > 0, "no kill came before its end");
}

#[test]
fn a_killed_migration_leaves_nothing_and_the_next_start_completes_it_on_sqlite() {
    actix_web::rt::System::new().block_on(killed(Backend::Sqlite));
}

#[test]
fn a_killed_migration_leaves_nothing_and_the_next_start_completes_it_on_postgres() {
    actix_web::rt::System::new().block_on(killed(Backend::Postgres));
}
