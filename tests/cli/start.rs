//! `nam-needs serve`: what the first start tells, and the next ones don't.

use serde_json::json;

use crate::{Served, done};

/// The words of a text that are keys.
fn keys(printed: &str) -> Vec<&str> {
    printed
        .split_whitespace()
        .filter(|word| word.starts_with("nam_"))
        .collect()
}

#[test]
fn two_urls_that_name_two_databases_are_told() {
    let directory = std::env::temp_dir().join(format!("nam-needs-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&directory).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_nam-needs"));
    command
        .current_dir(&directory)
        .args(["key", "list", "--database-url=sqlite://a.sqlite?mode=rwc"]);
    command.arg("--migrate-database-url=sqlite://b.sqlite?mode=rwc");
    let ended = crate::ended(command);
    assert!(
        ended.status != 0 && ended.told.contains("MIGRATE_DATABASE_URL names another database"),
        "{ended:#?}"
    );
    std::fs::remove_dir_all(&directory).unwrap();
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
