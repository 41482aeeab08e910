//! `/metrics`: it can be read, its counters move by what happened, and no label is a client's text.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;

use crate::common::{ADMIN, Backend, TestApp, run, run_with};
use crate::live::client::{Client, Events, ask};
use crate::on_both;
use crate::support::people;

pub type Samples = BTreeMap<String, f64>;

/// The samples of a scrape by name and labels; fails where a line has not the form of the exposition.
pub async fn scrape(app: &TestApp) -> Samples {
    let answer = app.request(Method::GET, "/metrics").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let text = answer.text().await.unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
        })
        .collect()
}

/// Of all samples of this name with all of these labels.
pub fn sum(samples: &Samples, name: &str, labels: &[&str]) -> f64 {
    let of = samples.iter().filter(|(sample, _)| {
        sample.split('{').next() == Some(name) && labels.iter().all(|label| sample.contains(label))
    });
    of.map(|(_, value)| value).sum()
}

on_both! {
    async fn counters_move_by_what_happened(app) {
        let before = scrape(app).await;
        let document = "{ countries(first: 50) { nodes { code } } }";
        for _ in 0..3 {
            app.ask(None, document, json!({})).await;
        }
        app.post(None, "{ nothing }", json!({})).await;
        app.post(Some("nam_nothing"), "{ __typename }", json!({})).await;
        app.ask(None, "{ requestItems(first: 1) { nodes { id } } }", json!({})).await;
        let after = scrape(app).await;
        let moved = |name: &str, labels: &[&str]| sum(&after, name, labels) - sum(&before, name, labels);
        let http = "protocol=\"http\"";
        assert!((moved("nam_needs_requests_total", &[http]) - 6.0).abs() < 0.1, "{after:#?}");
        for (status, code, count) in [
            ("200", "none", 4.0),
            ("400", "GRAPHQL_VALIDATION_FAILED", 1.0),
            ("401", "UNAUTHENTICATED", 1.0),
        ] {
            let labels = [http, "operation=\"other\"", &format!("status=\"{status}\""), &format!("code=\"{code}\"")];
            assert!((moved("nam_needs_requests_total", &labels) - count).abs() < 0.1, "{code}: {after:#?}");
        }
        assert!((moved("nam_needs_request_seconds_count", &[http]) - 6.0).abs() < 0.1);
        assert!((moved("nam_needs_cost_points_total", &[]) - 151.0).abs() < 0.1, "{after:#?}");
        assert!((moved("nam_needs_document_cache_hits_total", &[]) - 2.0).abs() < 0.1, "{after:#?}");
        assert!(moved("nam_needs_document_cache_misses_total", &[]) >= 3.0);
        assert!(sum(&after, "nam_needs_document_cache_bytes", &[]) > 0.0);
        assert!(moved("nam_needs_sql_statements_total", &[]) >= 1.0);
        assert!(moved("nam_needs_sql_seconds_total", &[]) > 0.0);
        assert!(sum(&after, "nam_needs_pool_connections", &["pool=\"read\""]) >= 1.0);
        assert!(sum(&after, "nam_needs_start_time_seconds", &[]) > 0.0);
        assert!((sum(&after, "nam_needs_build_info", &[&format!("version=\"{}\"", env!("CARGO_PKG_VERSION"))]) - 1.0).abs() < 0.1);
    }

    async fn the_ledger_and_what_follows_it_are_told(app) {
        let people = people(app).await;
        let before = scrape(app).await;
        let mut socket = Client::ready(app, None).await;
        socket.subscribe("a", "subscription { changes { cursor } }", json!({})).await;
        let events = Events::new(ask(app, Some(&people.focal), "subscription { changes { cursor } }", json!({})).await);
        app.mutate(&people.focal, "createAssistanceRequest", crate::support::draft(), "userErrors { code }").await;
        // The operation on the socket is begun whenever its message is read.
        let mut after = scrape(app).await;
        for _ in 0..200 {
            if sum(&after, "nam_needs_subscriptions", &[]) > 1.5 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            after = scrape(app).await;
        }
        let told = |name: &str| sum(&after, name, &[]);
        assert!((told("nam_needs_live_connections") - 2.0).abs() < 0.1, "{after:#?}");
        assert!((told("nam_needs_subscriptions") - 2.0).abs() < 0.1, "{after:#?}");
        assert!(told("nam_needs_ledger_sequence") > sum(&before, "nam_needs_ledger_sequence", &[]));
        assert!((told("nam_needs_ledger_sequence") - told("nam_needs_ledger_follower") - told("nam_needs_ledger_lag")).abs() < 0.1);
        drop((socket, events));
    }
}

#[test]
fn no_label_is_a_clients_text() {
    run(Backend::Sqlite, async |app| {
        for number in 0..20 {
            let query = format!("query Named{number} {{ a{number}: __typename }}");
            app.ask(None, &query, json!({})).await;
            app.post(None, &format!("{{ unknown{number} }}"), json!({})).await;
        }
        let samples = scrape(app).await;
        assert!(
            samples
                .keys()
                .all(|sample| !sample.contains("amed") && !sample.contains("unknown")),
            "{samples:#?}"
        );
        let requests = samples
            .keys()
            .filter(|sample| sample.starts_with("nam_needs_requests_total"));
        assert_eq!(requests.count(), 2, "{samples:#?}");
    });
}

#[test]
fn a_request_beyond_its_rate_is_counted() {
    let small = ["--rate-exempt=", "--rate-anonymous=1", "--rate-burst-seconds=1"];
    run_with(Backend::Sqlite, &small, async |app| {
        for _ in 0..3 {
            app.post(None, "{ __typename }", json!({})).await;
        }
        let samples = scrape(app).await;
        let limited = sum(
            &samples,
            "nam_needs_requests_total",
            &["status=\"429\"", "code=\"RATE_LIMITED\""],
        );
        assert!((limited - 2.0).abs() < 0.1, "{samples:#?}");
    });
}

#[test]
fn with_a_token_it_is_told_to_whoever_brings_it() {
    run_with(Backend::Sqlite, &["--metrics-token=only-for-prometheus"], async |app| {
        let ask = |token: Option<&str>| {
            let request = app.request(Method::GET, "/metrics");
            token
                .map_or(request, |token| app.request(Method::GET, "/metrics").bearer_auth(token))
                .send()
        };
        for (token, status) in [
            (None, 401),
            (Some("other"), 401),
            (Some(ADMIN), 401),
            (Some("only-for-prometheus"), 200),
        ] {
            assert_eq!(ask(token).await.unwrap().status(), status);
        }
    });
}

/// Of trusted documents alone: else a client could make as many labels as it likes.
#[test]
fn an_operation_has_its_name_where_its_document_is_trusted() {
    let named = "query Gap { service { name } }";
    let folder = std::env::temp_dir().join(format!("nam-needs-metrics-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("web.json"), json!({ "gap": named }).to_string()).unwrap();
    let setting = format!("--trusted-documents={}", folder.display());
    run_with(Backend::Sqlite, &[&setting], async |app| {
        let ask = async |body: serde_json::Value| {
            let answer = app.request(Method::POST, "/graphql").json(&body).send().await.unwrap();
            assert_eq!(answer.status(), 200);
        };
        ask(json!({ "documentId": "web~gap" })).await;
        ask(json!({ "query": "query Other { service { name } }" })).await;
        let samples = scrape(app).await;
        for (operation, count) in [("Gap", 1.0), ("Other", 0.0), ("other", 1.0)] {
            let label = format!("operation=\"{operation}\"");
            let told = sum(&samples, "nam_needs_requests_total", &[&label]);
            assert!((told - count).abs() < 0.1, "{operation}: {samples:#?}");
        }
    });
    std::fs::remove_dir_all(&folder).unwrap();
}
