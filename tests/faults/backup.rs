//! A copy of SQLite made while all write, put back, and compared.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::client::{Fate, client, names, post, readiness, write, write_well};
use crate::common::{Backend, Ground, Program};

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn temporary(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("nam-needs-{}-{name}", std::process::id()));
    drop(std::fs::remove_file(&path));
    path
}

async fn cursor(client: &reqwest::Client, url: &str) -> Value {
    let (_, answer) = post(client, url, &json!({ "query": "{ service { changeCursor } }" }))
        .await
        .unwrap();
    answer["data"]["service"]["changeCursor"].clone()
}

async fn changes_after(client: &reqwest::Client, url: &str, cursor: &Value) -> Value {
    let query = "query($after: String) { changes(after: $after) { nodes { sequence } } }";
    let body = json!({ "query": query, "variables": { "after": cursor } });
    post(client, url, &body).await.unwrap().1
}

/// Makes the copy while eight clients write. Gives what was acknowledged before it began, and in all.
async fn copy_under_load(server: &Program, copy: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let (client, stop) = (client(), Cell::new(false));
    let acknowledged = RefCell::new(BTreeSet::new());
    let writer = async |writer: usize| {
        let mut number = 0;
        while !stop.get() {
            let name = format!("{writer}-{number}");
            write_well(&client, &server.url, &name).await;
            acknowledged.borrow_mut().insert(name);
            number += 1;
        }
    };
    let copying = async {
        while acknowledged.borrow().len() < 100 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let before = acknowledged.borrow().clone();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_nam-needs"));
        command.args(server.arguments_of("backup")).arg(copy);
        let output = actix_web::rt::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        assert!(output.status.success(), "{}", told(&output));
        let during = acknowledged.borrow().len() - before.len();
        assert!(during > 0, "the writers stood still while the copy was made");
        // Some that the copy can't have.
        tokio::time::sleep(Duration::from_millis(200)).await;
        stop.set(true);
        before
    };
    let (before, _) = tokio::join!(copying, join_all((0..8).map(writer)));
    (before, acknowledged.into_inner())
}

#[test]
fn a_copy_made_while_all_write_has_what_was_acknowledged_before_and_is_whole_when_put_back() {
    actix_web::rt::System::new().block_on(async {
        let server = Program::start(Backend::Sqlite).await;
        let copy = temporary("copy.sqlite");
        let (before, all) = copy_under_load(&server, &copy).await;
        let client = client();
        let late = cursor(&client, &server.url).await;

        let ground = Ground::new(Backend::Sqlite).await;
        let restored = ground.command(&["restore", copy.to_str().unwrap()]).output().unwrap();
        assert!(restored.status.success(), "{}", told(&restored));
        let head = String::from_utf8(restored.stdout).unwrap();
        // What was copied is a beginning of what is in the database it was copied from.
        let verified = server.run(&["audit", "verify", "--head", head.trim()]);
        assert_ne!(verified, head, "nothing was written after the copy");
        server.end().await;

        let servers = ground.serve(1).await;
        let there = names(&client, &servers[0].url).await;
        assert!(
            before.is_subset(&there),
            "acknowledged before the copy began, and not in it"
        );
        assert!(
            there.is_subset(&all) && there.len() < all.len(),
            "{} of {}",
            there.len(),
            all.len()
        );
        let word = before.first().unwrap();
        let search = json!({ "query": format!("{{ search(query: \"oxygen {word}\") {{ totalCount }} }}") });
        let (_, found) = post(&client, &servers[0].url, &search).await.unwrap();
        assert!(found["data"]["search"]["totalCount"].as_u64() > Some(0), "{found:#}");

        // A place that the copy does not have is refused, also once its ledger has come as far by another way.
        for name in 0..all.len() - there.len() + 1 {
            let refused = changes_after(&client, &servers[0].url, &late).await;
            assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_CURSOR", "{refused:#}");
            write_well(&client, &servers[0].url, &format!("after {name}")).await;
        }
        let refused = changes_after(&client, &servers[0].url, &late).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_CURSOR", "{refused:#}");
        drop(servers);
        ground
            .inspect(async |app| drop(crate::invariants::hold(app).await))
            .await;
        std::fs::remove_file(&copy).unwrap();
    });
}

#[test]
fn nothing_is_overwritten_and_what_is_not_whole_gets_no_name() {
    actix_web::rt::System::new().block_on(async {
        let server = Program::start(Backend::Sqlite).await;
        let copy = temporary("guarded.sqlite");
        server.run(&["backup", copy.to_str().unwrap()]);
        let bytes = std::fs::read(&copy).unwrap();
        let refused = |output: Output, why: &str| {
            assert_eq!(output.status.code(), Some(1), "{why}");
            assert!(told(&output).contains(why), "{}", told(&output));
        };
        refused(
            server.attempt(&["backup", copy.to_str().unwrap()]),
            "nothing is overwritten",
        );
        assert_eq!(std::fs::read(&copy).unwrap(), bytes);
        // The database in use, by its own name and as what should be copied.
        refused(server.attempt(&["restore", copy.to_str().unwrap()]), "is in use");

        let ground = Ground::new(Backend::Sqlite).await;
        let restore = |file: &Path| ground.command(&["restore", file.to_str().unwrap()]).output().unwrap();
        refused(restore(&server.file()), "nam-needs backup");
        let mistaken = temporary("mistaken.sqlite");
        refused(
            ground
                .command(&["backup", mistaken.to_str().unwrap()])
                .output()
                .unwrap(),
            "nothing to copy",
        );
        let torn = temporary("torn.sqlite");
        for (what, harm) in [
            ("cut off", &bytes[..bytes.len() / 2]),
            ("empty", &[][..]),
            ("another file", b"no database"),
        ] {
            std::fs::write(&torn, harm).unwrap();
            let output = restore(&torn);
            assert_eq!(output.status.code(), Some(1), "{what}: {}", told(&output));
            assert!(told(&output).contains("not whole"), "{what}: {}", told(&output));
            let left = format!("{}.partial", ground.file().display());
            assert!(!ground.file().exists() && !Path::new(&left).exists(), "{what}");
        }
        let altered = changed(
            &bytes,
            "DROP TRIGGER change_no_update; UPDATE change SET actor = 'nobody' WHERE rowid = 1",
        )
        .await;
        std::fs::write(&torn, altered).unwrap();
        refused(restore(&torn), "its ledger is broken");
        for file in [&torn, &copy] {
            std::fs::remove_file(file).unwrap();
        }
        server.end().await;
    });
}

/// The copy after somebody's SQL.
async fn changed(copy: &[u8], sql: &str) -> Vec<u8> {
    use sqlx::{AssertSqlSafe, Connection, Executor};
    let path = temporary("changed.sqlite");
    std::fs::write(&path, copy).unwrap();
    let mut connection = sqlx::SqliteConnection::connect(&format!("sqlite://{}", path.display()))
        .await
        .unwrap();
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    connection.close().await.unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    bytes
}

#[test]
fn postgres_is_copied_by_its_own_tools_and_the_command_says_which() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_nam-needs"));
    let url = "--database-url=postgres://nobody@127.0.0.1:1/nothing";
    let began = Instant::now();
    let output = command.args(["backup", "copy.sqlite", url]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = told(&output);
    assert!(told.contains("pg_basebackup") && told.contains("pg_dump"), "{told}");
    assert!(began.elapsed() < Duration::from_secs(20), "it is not asked first");
}

#[test]
fn a_file_that_is_moved_under_its_server_takes_nothing_until_it_is_back() {
    actix_web::rt::System::new().block_on(async {
        let [here, there] = ["moved.sqlite", "away.sqlite"].map(temporary);
        let ground = Ground::file_at(here.clone());
        let server = ground.serve(1).await.remove(0);
        let (client, url) = (client(), server.url.clone());
        write_well(&client, &url, "before").await;
        let move_all = |from: &Path, to: &Path| {
            for end in ["", "-wal", "-shm"] {
                let [from, to] = [from, to].map(|path| format!("{}{end}", path.display()));
                std::fs::rename(from, to).unwrap();
            }
        };
        for another_stands_there in [false, true] {
            move_all(&here, &there);
            if another_stands_there {
                std::fs::write(&here, "").unwrap();
            }
            let fate = write(&client, &url, "lost").await;
            assert!(
                matches!(&fate, Fate::Refused(code) if code == "UNAVAILABLE"),
                "{fate:?}"
            );
            assert_eq!(readiness(&client, &url).await, Some(503));
            let body = json!({ "query": "{ assistanceRequests { nodes { title } } }" });
            let (status, answer) = post(&client, &url, &body).await.unwrap();
            assert_eq!(status, 200, "{answer}");
            assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer}");
            move_all(&there, &here);
            write_well(&client, &url, &format!("after {another_stands_there}")).await;
            assert_eq!(readiness(&client, &url).await, Some(200));
        }
        let all = ["before", "after false", "after true"].map(str::to_owned);
        assert_eq!(names(&client, &url).await, BTreeSet::from(all));
        server.end().await;
        ground.remove().await;
    });
}
