//! Answers that are given again: the same bytes, never old ones, never another viewer's.

use entity::enums::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::on_both;
use crate::support::{draft, named, people, verified};

const REQUESTS: &str = "{ assistanceRequests(first: 50) { totalCount nodes { id title status version availableSteps
    contact { name } country { name } } } }";

/// The answer with the SQL statements it took.
async fn counted(app: &TestApp, key: Option<&str>, query: &str) -> (Value, u64) {
    let before = app.store.statements();
    let data = app.ask(key, query, Value::Null).await;
    (data, app.store.statements() - before)
}

async fn get(app: &TestApp, key: Option<&str>, headers: &[(&str, &str)]) -> (u16, Vec<Option<String>>, Vec<u8>) {
    let url = reqwest::Url::parse_with_params("http://server/graphql", [("query", REQUESTS)]).unwrap();
    let path = format!("/graphql?{}", url.query().unwrap());
    let mut request = app.request(Method::GET, &path).header("accept", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let answer = request.send().await.unwrap();
    let told = ["etag", "cache-control", "vary", "content-encoding"].map(|name| {
        let values: Vec<_> = answer
            .headers()
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    });
    (
        answer.status().as_u16(),
        told.into(),
        answer.bytes().await.unwrap().to_vec(),
    )
}

on_both! {
    async fn what_has_not_changed_is_answered_again_for_one_statement(app) {
        verified(app, &people(app).await).await;
        // What is found before the last change is known here could not be kept.
        app.store.feed().caught_up(&app.store).await.unwrap();
        let (first, cost) = counted(app, None, REQUESTS).await;
        assert_eq!(cost, 2, "rows and count");
        let (again, cost) = counted(app, None, REQUESTS).await;
        assert_eq!((again, cost), (first, 1), "the end of the ledger");
    }

    async fn who_has_just_written_sees_it_on_every_server(app) {
        let people = people(app).await;
        let mut request = verified(app, &people).await;
        let other = app.beside().await;
        let client = reqwest::Client::new();
        for round in 0..20 {
            let title = format!("Oxygen, round {round}");
            let input = json!({ "id": request["id"], "version": request["version"], "title": title });
            let selection = "assistanceRequest { id version } userErrors { code }";
            request = app.mutate(&people.coordinator, "updateAssistanceRequest", input, selection).await["assistanceRequest"].clone();
            for url in [&app.url, &other.url, &other.url, &app.url] {
                let answer = client.post(format!("{url}/graphql")).json(&json!({ "query": REQUESTS })).send().await.unwrap();
                let answer: Value = answer.json().await.unwrap();
                assert_eq!(answer["data"]["assistanceRequests"]["nodes"][0]["title"], title.as_str(), "{answer:#}");
            }
        }
        other.stop().await;
    }

    async fn nobody_is_given_what_only_others_may_see(app) {
        let people = people(app).await;
        verified(app, &people).await;
        app.mutate(&people.focal, "createAssistanceRequest", draft(), "assistanceRequest { id } userErrors { code }").await;
        let mut handed_in = draft();
        handed_in["submit"] = true.into();
        let created = app
            .mutate(&people.coordinator, "createAssistanceRequest", handed_in, "assistanceRequest { id } userErrors { code }")
            .await;
        assert_eq!(created["userErrors"], json!([]));
        let colleague = app.key(Role::FocalPoint, Some("BGD"), None).await;
        let second = app.key(Role::Coordinator, None, None).await;
        let viewers = [
            None,
            Some(people.focal.as_str()),
            Some(people.stranger.as_str()),
            Some(people.responder.as_str()),
            Some(people.reader.as_str()),
            Some(people.coordinator.as_str()),
            Some(second.as_str()),
            Some(colleague.as_str()),
            Some(ADMIN),
        ];
        let mut alone = Vec::new();
        for viewer in viewers {
            alone.push(app.ask(viewer, REQUESTS, Value::Null).await);
        }
        assert_ne!(alone[0], alone[1]);
        assert_ne!(alone[5], alone[6], "who handed a request in can't verify it");
        for _ in 0..3 {
            for (viewer, alone) in viewers.iter().zip(&alone) {
                assert_eq!(&app.ask(*viewer, REQUESTS, Value::Null).await, alone, "{viewer:?}");
            }
        }
    }

    async fn reference_data_outlive_what_is_written_of_requests(app) {
        let query = "{ countries(first: 195) { totalCount nodes { code name namStatus } } }";
        let people = people(app).await;
        app.store.feed().caught_up(&app.store).await.unwrap();
        let (first, _) = counted(app, None, query).await;
        verified(app, &people).await;
        let (again, cost) = counted(app, None, query).await;
        assert_eq!((&again, cost), (&first, 1));
        let country = app.ask(None, "{ country(code: \"BGD\") { id version } }", Value::Null).await["country"].clone();
        let input = json!({ "id": country["id"], "version": country["version"], "capital": "Dacca" });
        app.mutate(ADMIN, "updateCountry", input, "userErrors { code }").await;
        let capital = app.ask(None, "{ country(code: \"BGD\") { capital } }", Value::Null).await;
        assert_eq!(capital["country"]["capital"], "Dacca");
        // A filter may test what is not selected.
        let filtered = "{ countries(filter: { assistanceRequests: { some: { status: { eq: CLOSED } } } }) { totalCount } }";
        let request = verified(app, &people).await;
        assert_eq!(app.ask(None, filtered, Value::Null).await["countries"]["totalCount"], 0);
        let mut close = named(&request);
        close["reason"] = "It is over.".into();
        let closed = app.mutate(&people.coordinator, "closeAssistanceRequest", close, "userErrors { code message }").await;
        assert_eq!(closed["userErrors"], json!([]));
        assert_eq!(app.ask(None, filtered, Value::Null).await["countries"]["totalCount"], 1);
    }

    async fn what_hangs_on_the_day_is_kept_no_longer_than_the_day(app) {
        verified(app, &people(app).await).await;
        let query = "{ assistanceRequests { nodes { stale } } }";
        assert_eq!(app.ask(None, query, Value::Null).await["assistanceRequests"]["nodes"][0]["stale"], false);
        app.pass_days(91);
        assert_eq!(app.ask(None, query, Value::Null).await["assistanceRequests"]["nodes"][0]["stale"], true);
    }

    async fn the_same_asked_by_many_at_once_runs_once(app) {
        verified(app, &people(app).await).await;
        // What was written is known here by now: an answer that was begun before that would be found anew.
        app.store.feed().caught_up(&app.store).await.unwrap();
        let before = app.store.statements();
        let all = (0..40).map(|_| app.ask(None, REQUESTS, Value::Null));
        let answers = futures_util::future::join_all(all).await;
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
        let spent = app.store.statements() - before;
        assert!(spent <= 2 + 40, "{spent} statements, with a look at the end of the ledger for each at most");
    }

    async fn an_answer_to_get_can_be_kept_and_asked_after(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let (status, told, body) = get(app, None, &[]).await;
        let [Some(tag), Some(keeping), Some(vary), None] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((status, keeping.as_str()), (200, "public, no-cache"));
        assert!(vary.contains("Accept") && vary.contains("Authorization"), "{vary}");
        assert!(!tag.starts_with("W/"));
        let (status, told, nothing) = get(app, None, &[("if-none-match", tag)]).await;
        assert_eq!((status, told[0].as_ref(), nothing.len()), (304, Some(tag), 0));
        assert_eq!(get(app, None, &[]).await.2, body, "the same bytes");
        // Another coding is another answer, but whoever has it need not load it again.
        let (status, told, coded) = get(app, None, &[("accept-encoding", "gzip")]).await;
        assert_eq!((status, told[3].as_deref()), (200, Some("gzip")));
        assert!(told[0] != Some(tag.clone()) && coded != body);
        assert_eq!(get(app, None, &[("if-none-match", told[0].as_deref().unwrap())]).await.0, 304);
        // Whoever signs in has an answer of their own.
        let (_, told, _) = get(app, Some(&people.reader), &[]).await;
        assert_eq!(told[1].as_deref(), Some("private, no-cache"));
        // A change makes it another one.
        let input = json!({ "id": request["id"], "version": request["version"], "title": "Oxygen, and quickly" });
        app.mutate(&people.coordinator, "updateAssistanceRequest", input, "userErrors { code }").await;
        let (status, told, _) = get(app, None, &[("if-none-match", tag)]).await;
        assert_eq!(status, 200);
        assert_ne!(told[0].as_ref(), Some(tag));
        // What failed is not kept, and neither is what was posted.
        let failed = app.request(Method::GET, "/graphql?query=%7B+country(code:%22XXX%22)%7Bcode%7D+%7D").send().await.unwrap();
        assert_eq!(failed.headers()["cache-control"], "no-store");
        assert!(!failed.headers().contains_key("etag"));
    }
}
