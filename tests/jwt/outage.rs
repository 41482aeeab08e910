//! The issuer goes away, or was never there.

use std::time::Duration;

use serde_json::json;

use crate::common::ADMIN;
use crate::real::{Issuer, until, with};
use crate::{refusal, viewer, whoami};

#[test]
fn what_is_known_stays_good_while_the_issuer_is_away() {
    let issuer = std::cell::RefCell::new(Some(Issuer::start()));
    let settings = issuer.borrow().as_ref().unwrap().settings();
    let settings: Vec<&str> = settings
        .iter()
        .map(String::as_str)
        .chain(["--jwt-refresh-seconds=1"])
        .collect();
    crate::on_each(&settings, async |app| {
        app.clock.set(chrono::Utc::now());
        let running = issuer.borrow_mut().take().unwrap();
        let (admin, focal) = (running.token("admin").await, running.token("focal").await);
        until(app, &admin, 200).await;
        let start = running.stop();
        // Long enough for the fetch in the background to fail.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        assert_eq!(viewer(app, &admin).await["name"], "Ada");
        assert_eq!(viewer(app, &focal).await["name"], "Focal point");
        let stranger = crate::forge::thief().token("rsa", &crate::forge::claims());
        assert!(refusal(app, &stranger).await.contains("key"));
        let running = start();
        running.does("rotate").await;
        until(app, &running.token("admin").await, 200).await;
        issuer.replace(Some(running));
    });
}

#[test]
fn a_server_that_starts_without_its_issuer_says_so_and_recovers() {
    let issuer = Issuer::start();
    let settings = issuer.settings();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let start = std::cell::RefCell::new(Some(issuer.stop()));
    crate::common::run_with(crate::common::Backend::Sqlite, &settings, async |app| {
        app.clock.set(chrono::Utc::now());
        let token = crate::forge::thief().token("rsa", &crate::forge::claims());
        let (status, answer) = whoami(app, &token).await;
        assert_eq!(
            (status, &answer["errors"][0]["extensions"]["code"]),
            (503, &json!("UNAVAILABLE")),
            "{answer:#}"
        );
        assert!(answer.get("data").is_none());
        // Keys go on as ever, and so do those without a credential; what is no token is told so.
        viewer(app, ADMIN).await;
        app.ask(None, "{ countries { totalCount } }", json!({})).await;
        assert_eq!(refusal(app, "a.b.c").await, "The token is malformed.");
        assert_eq!(
            app.request(reqwest::Method::GET, "/readyz")
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
        let running = (start.take().unwrap())();
        until(app, &running.token("admin").await, 200).await;
    });
}

#[test]
fn with_another_name_it_is_another_issuer() {
    let issuer = Issuer::start();
    // Its own document says 127.0.0.1.
    let elsewhere = issuer.url.replace("127.0.0.1", "localhost");
    let more = [
        format!("--jwt-issuer={elsewhere}"),
        format!("--jwt-audience={}", crate::AUDIENCE),
    ];
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    crate::common::run_with(crate::common::Backend::Sqlite, &more, async |app| {
        let (status, _) = whoami(app, &issuer.token("admin").await).await;
        assert_eq!(status, 503);
    });
    with(&issuer, &[], async |app| {
        assert_eq!(viewer(app, &issuer.token("admin").await).await["name"], "Ada")
    });
}
