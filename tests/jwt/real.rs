//! Tokens of a real issuer, the npm package `oidc-provider`, on a port of this machine. Without Node.js and npm these
//! tests fail.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use serde_json::{Value, json};

use crate::common::{Backend, TestApp, run_with};
use crate::{AUDIENCE, on_each, refusal, viewer, whoami};

/// A running issuer; it ends with this, and also where this process ends otherwise.
pub struct Issuer {
    process: Child,
    pub url: String,
    keys: PathBuf,
}

/// The folder of the issuer, with what it needs.
fn folder() -> &'static Path {
    static READY: OnceLock<PathBuf> = OnceLock::new();
    READY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/issuer");
        let changed_at = |file: &str| folder.join(file).metadata().and_then(|file| file.modified()).ok();
        let installed = changed_at("node_modules/.package-lock.json");
        if installed.is_none() || installed < changed_at("package-lock.json") {
            let npm = Command::new("npm").arg("ci").current_dir(&folder).output();
            let npm = npm.expect("the tests need npm on the path");
            assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
        }
        folder
    })
}

impl Issuer {
    /// An issuer with keys of its own.
    pub fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let keys = std::env::temp_dir().join(format!("nam-needs-{}-{number}.issuer.json", std::process::id()));
        Self::on(0, keys)
    }

    fn on(port: u16, keys: PathBuf) -> Self {
        let mut process = Command::new("node")
            .current_dir(folder())
            .args(["issuer.mjs", &port.to_string()])
            .arg(&keys)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the tests need Node.js on the path");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.split_whitespace().next().expect("the issuer starts").to_owned();
        Self { process, url, keys }
    }

    fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// The settings of a server that takes its tokens.
    pub fn settings(&self) -> Vec<String> {
        vec![
            format!("--jwt-issuer={}", self.url),
            format!("--jwt-audience={AUDIENCE}"),
            "--jwt-roles-claim=realm_access.roles".into(),
        ]
    }

    /// Ends it as an outage would. What comes back starts it again where it was, with the keys that it had.
    pub fn stop(mut self) -> impl FnOnce() -> Self {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let (port, keys) = (self.port(), std::mem::take(&mut self.keys));
        move || Self::on(port, keys)
    }

    /// An access token for this client.
    pub async fn token(&self, client: &str) -> String {
        let answer = reqwest::Client::new()
            .post(format!("{}/token", self.url))
            .basic_auth(client, Some(client))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("grant_type=client_credentials&resource={AUDIENCE}"))
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer:#}"))
            .to_owned()
    }

    /// Makes new keys, or forgets all but the newest.
    pub async fn does(&self, what: &str) {
        let answer = reqwest::Client::new()
            .post(format!("{}/test/{what}", self.url))
            .send()
            .await;
        assert_eq!(answer.unwrap().status(), 200);
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
        if self.keys.is_file() {
            drop(std::fs::remove_file(&self.keys));
        }
    }
}

/// Runs a test against the issuer; the server has the issuer's time.
pub fn with(issuer: &Issuer, more: &[&str], test: impl AsyncFn(&TestApp)) {
    let settings = issuer.settings();
    let settings: Vec<&str> = settings
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    on_each(&settings, async |app| {
        app.clock.set(Utc::now());
        test(app).await;
    });
}

/// Asks again until the credential is answered with this status; how long it took.
pub async fn until(app: &TestApp, token: &str, status: u16) -> Duration {
    let begun = Instant::now();
    loop {
        let (now, answer) = whoami(app, token).await;
        if now == status {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "still {answer:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[test]
fn tokens_of_a_real_issuer_sign_in() {
    let issuer = Issuer::start();
    with(&issuer, &[], async |app| {
        for (client, expected) in [
            (
                "admin",
                json!({ "name": "Ada", "roles": ["ADMIN"], "country": null, "organization": null }),
            ),
            (
                "focal",
                json!({ "name": "Focal point", "roles": ["FOCAL_POINT"], "country": { "code": "BGD" }, "organization": null }),
            ),
            (
                "responder",
                json!({ "name": "Responder", "roles": ["RESPONDER"], "country": null, "organization": { "code": "WHO" } }),
            ),
            (
                "stranger",
                json!({ "name": null, "roles": [], "country": null, "organization": null }),
            ),
        ] {
            assert_eq!(viewer(app, &issuer.token(client).await).await, expected);
        }
    });
}

#[test]
fn the_same_person_is_the_same_with_every_token() {
    let issuer = Issuer::start();
    with(&issuer, &[], async |app| {
        let input = json!({ "country": "BGD", "title": "Oxygen", "submit": true, "priority": "HIGH",
            "items": [{ "commodity": "O2_CONCENTRATOR", "quantity": "1" }] });
        let made = "assistanceRequest { id version } userErrors { code }";
        let desk = issuer.token("desk").await;
        let created = app.mutate(&desk, "createAssistanceRequest", input, made).await;
        let named = created["assistanceRequest"].clone();
        let again = issuer.token("desk").await;
        assert_ne!(desk, again);
        for token in [&desk, &again] {
            assert_eq!(
                app.refused(Some(token), "verifyAssistanceRequest", named.clone()).await,
                "FORBIDDEN"
            );
        }
        let rows = app
            .rows("SELECT created_by, submitted_by FROM assistance_request")
            .await;
        let principal = Some(format!("jwt:{}#desk", issuer.url));
        assert_eq!(rows, [[principal.clone(), principal]]);
        let admin = issuer.token("admin").await;
        let verified = app
            .mutate(
                &admin,
                "verifyAssistanceRequest",
                named,
                "assistanceRequest { status } userErrors { code }",
            )
            .await;
        assert_eq!(verified["assistanceRequest"]["status"], "VERIFIED", "{verified:#}");
    });
}

#[test]
fn who_has_no_right_may_not_write() {
    let issuer = Issuer::start();
    with(&issuer, &[], async |app| {
        let input = json!({ "country": "BGD", "title": "Oxygen", "priority": "HIGH",
            "items": [{ "commodity": "O2_CONCENTRATOR", "quantity": "1" }] });
        for client in ["stranger", "responder"] {
            let token = issuer.token(client).await;
            assert_eq!(
                app.refused(Some(&token), "createAssistanceRequest", input.clone())
                    .await,
                "FORBIDDEN"
            );
        }
    });
}

#[test]
fn a_token_stops_to_be_good_when_it_says() {
    let issuer = Issuer::start();
    with(&issuer, &["--jwt-leeway-seconds=0"], async |app| {
        let token = issuer.token("admin").await;
        // Without leeway, it must not be older than the token.
        app.clock.set(Utc::now());
        viewer(app, &token).await;
        app.clock.set(Utc::now() + chrono::TimeDelta::seconds(601));
        assert_eq!(refusal(app, &token).await, "The token has expired.");
        app.clock.set(Utc::now() - chrono::TimeDelta::seconds(60));
        assert_eq!(refusal(app, &token).await, "The token was made in the future.");
    });
}

#[test]
fn another_audience_is_not_ours() {
    let issuer = Issuer::start();
    let settings = [
        format!("--jwt-issuer={}", issuer.url),
        "--jwt-audience=urn:somebody,urn:else".into(),
    ];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    run_with(Backend::Sqlite, &settings, async |app| {
        app.clock.set(Utc::now());
        let token = issuer.token("admin").await;
        assert_eq!(refusal(app, &token).await, "The token is for another audience.");
    });
}

#[test]
fn new_keys_are_taken_without_a_restart_and_old_ones_go() {
    let issuer = Issuer::start();
    with(&issuer, &["--jwt-refresh-seconds=3"], async |app| {
        let old = issuer.token("admin").await;
        until(app, &old, 200).await;
        issuer.does("rotate").await;
        let new = issuer.token("admin").await;
        until(app, &new, 200).await;
        viewer(app, &old).await;
        issuer.does("retire").await;
        until(app, &old, 401).await;
        viewer(app, &new).await;
    });
}

#[test]
fn a_key_that_nobody_has_seen_is_asked_for() {
    let issuer = Issuer::start();
    // Nothing is fetched in the background while this runs.
    with(&issuer, &["--jwt-refresh-seconds=86400"], async |app| {
        until(app, &issuer.token("admin").await, 200).await;
        issuer.does("rotate").await;
        let new = issuer.token("focal").await;
        assert!(until(app, &new, 200).await < Duration::from_secs(10));
    });
}
