//! Where keys come from, and how often they are asked for.

use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{Backend, run_with};
use crate::fake::Listener;
use crate::forge::{ISSUER, claims, claims_with, issuer, thief};
use crate::{AUDIENCE, refusal, viewer};

fn settings(jwks: &str, more: &[&str]) -> Vec<String> {
    let mut settings = vec![
        format!("--jwt-issuer={ISSUER}"),
        format!("--jwt-audience={AUDIENCE}"),
        format!("--jwt-jwks={jwks}"),
    ];
    settings.extend(more.iter().map(|&setting| setting.to_owned()));
    settings
}

fn run(settings: &[String], test: impl AsyncFnOnce(&crate::common::TestApp)) {
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    run_with(Backend::Sqlite, &settings, test);
}

#[test]
fn invented_keys_do_not_become_requests_to_the_issuer() {
    let listener = Listener::start(&issuer().jwks().to_string());
    run(&settings(&listener.url(), &[]), async |app| {
        let good = issuer().token("rsa", &claims());
        viewer(app, &good).await;
        let before = listener.asked();
        for number in 0..200 {
            refusal(app, &thief().token_with("rsa", "kid", json!(format!("new {number}")))).await;
        }
        let asked = listener.asked() - before;
        assert!(asked <= 2, "{asked} requests for 200 tokens");
        viewer(app, &good).await;
    });
}

#[test]
fn many_at_once_wait_for_one_fetch() {
    let listener = Listener::start(&issuer().jwks().to_string());
    run(&settings(&listener.url(), &[]), async |app| {
        let good = issuer().token("ec", &claims());
        let all = (0..20).map(|_| viewer(app, &good));
        futures_util::future::join_all(all).await;
        assert!(listener.asked() <= 2, "{}", listener.asked());
    });
}

#[test]
fn a_set_that_is_broken_changes_nothing() {
    let listener = Listener::start(&issuer().jwks().to_string());
    run(&settings(&listener.url(), &["--jwt-refresh-seconds=1"]), async |app| {
        let good = issuer().token("ed", &claims());
        viewer(app, &good).await;
        let huge = json!({ "keys": [], "x": "x".repeat(300 * 1024) }).to_string();
        for broken in ["", "<html>", "{}", r#"{"keys":[]}"#, &huge] {
            let before = listener.asked();
            listener.answer(broken);
            while listener.asked() < before + 2 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            viewer(app, &good).await;
        }
    });
}

#[test]
fn a_file_of_keys_is_read_again() {
    let file = std::env::temp_dir().join(format!("nam-needs-{}-changing.jwks.json", std::process::id()));
    std::fs::write(&file, issuer().jwks().to_string()).unwrap();
    run(
        &settings(&file.display().to_string(), &["--jwt-refresh-seconds=1"]),
        async |app| {
            let (old, new) = (issuer().token("rsa", &claims()), thief().token("rsa", &claims()));
            viewer(app, &old).await;
            refusal(app, &new).await;
            std::fs::write(&file, thief().jwks().to_string()).unwrap();
            crate::real::until(app, &new, 200).await;
            refusal(app, &old).await;
            std::fs::remove_file(&file).unwrap();
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            viewer(app, &new).await;
        },
    );
}

#[test]
fn a_server_without_an_issuer_takes_no_tokens() {
    run(&[], async |app| {
        let message = refusal(app, &issuer().token("rsa", &claims())).await;
        assert_eq!(message, "No tokens are taken here: send an API key.");
    });
}

#[test]
fn where_nobody_reads_without_a_credential_a_role_is_needed() {
    run(&settings(&issuer().file(), &["--anonymous-read=false"]), async |app| {
        let query = "{ countries { totalCount } }";
        for (roles, status) in [(json!(["READER"]), 200), (json!(["EMPEROR"]), 403), (json!([]), 403)] {
            let token = issuer().token("ed", &claims_with("roles", roles));
            let (found, answer) = app.post(Some(&token), query, json!({})).await;
            assert_eq!(found, status, "{answer:#}");
            if status == 403 {
                assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
                assert_eq!(answer.get("data"), None);
            }
            let open = app
                .ask(Some(&token), "{ viewer { name } service { name } }", json!({}))
                .await;
            assert_eq!(open["viewer"]["name"], "Ada");
        }
        assert_eq!(app.post(None, query, Value::Null).await.0, 401);
    });
}
