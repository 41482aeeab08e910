//! `nam-needs serve`: what the first start tells, and the next ones don't.

use serde_json::json;

use crate::common::{Backend, Ground};
use crate::{Served, done};

/// The words of a text that are keys.
fn keys(printed: &str) -> Vec<&str> {
    printed
        .split_whitespace()
        .filter(|word| word.starts_with("nam_"))
        .collect()
}

/// An empty folder, and the program in it.
fn folder() -> (std::path::PathBuf, impl Fn(&[&str]) -> crate::Ended) {
    let folder = std::env::temp_dir().join(format!("nam-needs-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&folder).unwrap();
    let within = folder.clone();
    let run = move |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_nam-needs"));
        command.current_dir(&within).args(arguments);
        crate::ended(command)
    };
    (folder, run)
}

#[test]
fn two_urls_that_name_two_files_are_told_before_either_is_made() {
    let (folder, run) = folder();
    let ended = run(&[
        "key",
        "create",
        "--name=a",
        "--role=READER",
        "--database-url=sqlite://a.sqlite?mode=rwc",
        "--migrate-database-url=sqlite://b.sqlite?mode=rwc",
    ]);
    assert!(
        ended.status != 0 && ended.told.contains("MIGRATE_DATABASE_URL names another database"),
        "{ended:#?}"
    );
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_only_reads_or_revokes_makes_no_database() {
    let (folder, run) = folder();
    for command in [
        "export",
        "audit verify",
        "audit export",
        "key list",
        "key revoke 0193a6f2-1c3e-7c51-9d0e-3f5b6a7c8d9e",
        "migrate status",
        "migrate down",
        "backup copy.sqlite",
    ] {
        let ended = run(&command.split(' ').collect::<Vec<_>>());
        assert_eq!(ended.status, 1, "{command}: {ended:#?}");
        assert!(
            ended.told.contains("nam-needs.sqlite") && !ended.told.contains("refused with"),
            "{command}: {ended:#?}"
        );
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "{command}");
    }
    let ended = run(&["key", "create", "--name=a", "--role=READER"]);
    assert!(ended.told.contains("a new one is made"), "{ended:#?}");
    assert!(folder.join("nam-needs.sqlite").is_file());
    std::fs::remove_dir_all(&folder).unwrap();
}

/// The arguments that name the databases, changed.
fn with_urls(ground: &Ground, command: &[&str], change: impl Fn(String) -> Option<String>) -> crate::Ended {
    let plain = ground.command(command);
    let arguments = plain.get_args().map(|one| one.to_str().unwrap().to_owned());
    let mut changed = std::process::Command::new(plain.get_program());
    changed.args(arguments.filter_map(change));
    crate::ended(changed)
}

#[test]
fn two_urls_that_name_two_databases_of_a_server_are_told_before_either_is_changed() {
    crate::over(Backend::Postgres, async |ground| {
        let elsewhere = |argument: String| match argument.starts_with("--migrate-database-url") {
            true => Some(format!("{}/postgres", argument.rsplit_once('/').unwrap().0)),
            false => Some(argument),
        };
        let ended = with_urls(ground, &["key", "create", "--name=a", "--role=READER"], elsewhere);
        assert!(
            ended.status != 0 && ended.told.contains("MIGRATE_DATABASE_URL names another database"),
            "{ended:#?}"
        );
    });
}

#[test]
fn a_role_that_may_not_migrate_is_told_who_may() {
    crate::over(Backend::Postgres, async |ground| {
        for sql in ["CREATE SCHEMA later", "GRANT USAGE ON SCHEMA later TO PUBLIC"] {
            ground.alter(sql).await;
        }
        let serving = |argument: String| match argument.strip_prefix("--database-url=") {
            Some(url) => Some(format!(
                "--database-url={url}{}options=-csearch_path%3Dlater",
                if url.contains('?') { '&' } else { '?' }
            )),
            None => Some(argument).filter(|argument| !argument.starts_with("--migrate-database-url")),
        };
        for command in [&["migrate", "up"][..], &["key", "create", "--name=a", "--role=READER"]] {
            let ended = with_urls(ground, command, serving);
            assert_eq!(ended.status, 1, "{ended:#?}");
            assert!(
                ended.told.contains("its role may not make them") && ended.told.contains("MIGRATE_DATABASE_URL naming"),
                "{ended:#?}"
            );
        }
    });
}

#[test]
fn a_server_that_drains_says_so_and_still_answers() {
    crate::over(Backend::Sqlite, async |ground| {
        let mut served = Served::start(ground, &["--drain-ms=3000"]);
        let ready = || async {
            let answer = reqwest::Client::new()
                .get(format!("{}/readyz", served.url))
                .send()
                .await;
            answer.unwrap().status().as_u16()
        };
        assert_eq!(ready().await, 200);
        served.tell_to_stop();
        while ready().await != 503 {}
        assert_eq!(served.post(None, "{ __typename }").await.0, 200);
        assert!(served.child.wait().unwrap().success());
    });
}

over_both! {
    async fn the_first_start_tells_what_to_open_and_the_first_key_once(ground) {
        let first = Served::start(ground, &[]);
        for (what, accept, begins) in [
            ("explorer", "text/html", "<!doctype html>"),
            ("GraphQL", "application/json", "{\"data\":"),
            ("schema", "*/*", "\"\"\""),
        ] {
            let line = first.printed.lines().find(|line| line.trim_start().starts_with(what));
            let line = line.unwrap_or_else(|| panic!("{}", first.printed));
            let address = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
            let query = if what == "GraphQL" { "?query={__typename}" } else { "" };
            let answer = reqwest::Client::new().get(format!("{address}{query}")).header("accept", accept);
            let text = answer.send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
            assert!(text.to_lowercase().starts_with(begins), "{what}: {}", &text[..40]);
        }
        let [key] = keys(&first.printed)[..] else { panic!("{}", first.printed) };
        let key = key.to_owned();
        let who = "{ viewer { roles } }";
        assert_eq!(first.ask(Some(&key), who).await["viewer"]["roles"], json!(["ADMIN"]));
        assert_eq!(first.post(Some(&format!("{key}x")), who).await.0, 401);
        assert_eq!(keys(&first.end()), [key.as_str()], "it is told once");

        let second = Served::start(ground, &[]);
        assert_eq!(second.ask(Some(&key), who).await["viewer"]["roles"], json!(["ADMIN"]));
        let printed = second.end();
        assert!(keys(&printed).is_empty() && !printed.contains("key"), "{printed}");
    }

    async fn a_key_that_is_given_is_not_told(ground) {
        let key = "nam_given_0123456789abcdefghijklmnopqrst";
        let served = Served::start(ground, &[&format!("--admin-key={key}")]);
        assert_eq!(served.ask(Some(key), "{ viewer { roles } }").await["viewer"]["roles"], json!(["ADMIN"]));
        let printed = served.end();
        assert!(!printed.contains(key) && keys(&printed).is_empty(), "{printed}");
    }

    async fn every_step_is_taken_back_alone_and_taken_again(ground) {
        done(ground, &["key", "create", "--name=a", "--role=ADMIN"]);
        let count = done(ground, &["migrate", "status"]).lines().filter(|line| line.contains("applied")).count();
        assert!(count > 10, "{count}");
        for _ in 0..count {
            let printed = done(ground, &["migrate", "down"]);
            assert_eq!(printed.matches("took back").count(), 1, "{printed}");
        }
        assert!(!done(ground, &["migrate", "status"]).contains("applied"));
        done(ground, &["key", "create", "--name=a", "--role=ADMIN"]);
        assert_eq!(done(ground, &["key", "list"]).lines().count(), 1);
    }
}
