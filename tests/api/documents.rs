//! Documents that are named in place of being sent: registered by the operator, or by clients.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::{Method, RequestBuilder, Url};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::common::{ADMIN, TestApp, on_each};
use crate::live::client::{Client, Events, PROTOCOL, bearer};
use crate::live::feed::{FOLLOW, from_now, write};
use crate::support::draft;

const NAME: &str = "query Name { service { name } }";
const NOW: &str = "query Now { service { changeCursor } }";
const WRITE: &str = "mutation Write($input: CreateAssistanceRequestInput!) {
    createAssistanceRequest(input: $input) { userErrors { code } } }";
const MINT: &str = "mutation Mint($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { name } } }";

/// A folder of manifests that is gone with its test.
struct Manifests(PathBuf);

impl Manifests {
    fn new(files: &[(&str, Value)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("nam-needs-manifests-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, content) in files {
            fs::write(folder.join(name), content.to_string()).unwrap();
        }
        Self(folder)
    }

    /// One client with all that the tests ask for.
    fn usual() -> Self {
        Self::new(&[(
            "web.json",
            json!({ "name": NAME, "mint": MINT, "write": WRITE, "follow": FOLLOW, "now": NOW }),
        )])
    }

    fn setting(&self) -> String {
        format!("--trusted-documents={}", self.0.display())
    }
}

impl Drop for Manifests {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn persisted(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

/// The status, and the code of the first error where nothing was executed.
async fn asked(request: RequestBuilder) -> (u16, Option<String>) {
    let accept = ("accept", "application/graphql-response+json");
    let response = request.header(accept.0, accept.1).send().await.unwrap();
    let status = response.status().as_u16();
    let answer: Value = response.json().await.unwrap();
    let code = answer["errors"][0]["extensions"]["code"].as_str().map(str::to_owned);
    assert_eq!(code.is_none(), answer["data"].is_object(), "{answer:#}");
    (status, code)
}

async fn posted(app: &TestApp, body: Value) -> (u16, Option<String>) {
    asked(app.request(Method::POST, "/graphql").json(&body)).await
}

/// A request by GET with these parameters.
fn get(app: &TestApp, parameters: &[(&str, &str)]) -> RequestBuilder {
    let url = Url::parse_with_params(&app.url, parameters).unwrap();
    app.request(Method::GET, &format!("/graphql?{}", url.query().unwrap()))
}

fn refused(status: u16, code: &str) -> (u16, Option<String>) {
    (status, Some(code.to_owned()))
}

const GOOD: (u16, Option<String>) = (200, None);

#[test]
fn a_query_is_known_by_its_hash_once_it_was_sent_with_it() {
    on_each(&[], async |app| {
        let by_hash = json!({ "extensions": persisted(&hash(NAME)) });
        let response = app
            .request(Method::POST, "/graphql")
            .json(&by_hash)
            .send()
            .await
            .unwrap();
        // Clients of this protocol look at the message, and take anything but 200 for a broken connection.
        assert_eq!(response.status(), 200);
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["errors"][0]["message"], "PersistedQueryNotFound");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
        let whole = json!({ "query": NAME, "extensions": persisted(&hash(NAME)) });
        assert_eq!(posted(app, whole).await, GOOD);
        assert_eq!(posted(app, by_hash).await, GOOD);
        let extensions = persisted(&hash(NAME)).to_string();
        let by_get = get(app, &[("extensions", &extensions)]);
        assert_eq!(asked(by_get).await, GOOD);
    });
}

#[test]
fn a_hash_of_another_document_is_refused_and_registers_nothing() {
    on_each(&[], async |app| {
        let other = "query Other { service { name } }";
        let body = json!({ "query": NAME, "extensions": persisted(&hash(other)) });
        assert_eq!(posted(app, body).await, refused(400, "BAD_USER_INPUT"));
        for text in [NAME, other] {
            let by_hash = json!({ "extensions": persisted(&hash(text)) });
            assert_eq!(posted(app, by_hash).await, refused(400, "PERSISTED_QUERY_NOT_FOUND"));
        }
        for wrong in [
            json!(1),
            json!({}),
            json!({ "version": 2, "sha256Hash": hash(NAME) }),
            json!({ "version": 1, "sha256Hash": 1 }),
        ] {
            let body = json!({ "query": NAME, "extensions": { "persistedQuery": wrong } });
            assert_eq!(posted(app, body).await, refused(400, "BAD_USER_INPUT"));
        }
    });
}

#[test]
fn only_what_may_be_executed_is_registered() {
    on_each(&["--anonymous-read=false"], async |app| {
        for (text, code) in [
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ requestItems { totalCount } }", "UNAUTHENTICATED"),
            (
                "query($first: Int!) { requestItems(first: $first) { totalCount } }",
                "BAD_USER_INPUT",
            ),
        ] {
            let body = json!({ "query": text, "extensions": persisted(&hash(text)) });
            let (_, told) = posted(app, body).await;
            assert_eq!(told.as_deref(), Some(code));
            let by_hash = json!({ "extensions": persisted(&hash(text)) });
            assert_eq!(posted(app, by_hash).await, refused(400, "PERSISTED_QUERY_NOT_FOUND"));
        }
    });
}

#[test]
fn a_mutation_is_not_executed_by_get_under_whatever_name() {
    let manifests = Manifests::usual();
    on_each(&[&manifests.setting()], async |app| {
        let input = json!({ "input": { "name": "by id", "roles": ["READER"] } });
        let body = json!({ "query": MINT, "variables": input, "extensions": persisted(&hash(MINT)) });
        let post = app.request(Method::POST, "/graphql").bearer_auth(ADMIN).json(&body);
        assert_eq!(asked(post).await, GOOD);
        for (name, value) in [
            ("documentId", "web~mint".to_owned()),
            ("extensions", persisted(&hash(MINT)).to_string()),
        ] {
            let get = get(app, &[(name, &value), ("variables", &input.to_string())]);
            assert_eq!(asked(get.bearer_auth(ADMIN)).await, refused(405, "BAD_USER_INPUT"));
        }
    });
}

#[test]
fn a_registered_document_is_named_in_each_of_the_usual_ways() {
    let manifests = Manifests::usual();
    for only in ["--trusted-only=false", "--trusted-only=true"] {
        on_each(&[&manifests.setting(), only], async |app| {
            for body in [
                json!({ "documentId": "name" }),
                json!({ "id": "name" }),
                json!({ "doc_id": "name" }),
            ] {
                for header in ["graphql-client-name", "apollographql-client-name"] {
                    let post = app.request(Method::POST, "/graphql").header(header, "web");
                    assert_eq!(asked(post.json(&body)).await, GOOD, "{body}");
                }
                assert_eq!(posted(app, body).await, refused(400, "PERSISTED_QUERY_NOT_FOUND"));
            }
            for name in ["documentId", "id", "doc_id"] {
                assert_eq!(asked(get(app, &[(name, "web~name")])).await, GOOD, "{name}");
            }
            assert_eq!(
                posted(app, json!({ "documentId": 1 })).await,
                refused(400, "BAD_USER_INPUT")
            );
            let both = json!({ "documentId": "web~name", "query": NAME });
            assert_eq!(posted(app, both).await, refused(400, "BAD_USER_INPUT"));
        });
    }
}

#[test]
fn nothing_else_is_executed_where_only_registered_documents_are() {
    let manifests = Manifests::usual();
    on_each(&[&manifests.setting(), "--trusted-only=true"], async |app| {
        for query in [NAME, "{ __typename }", "{ __schema { queryType { name } } }", "{", MINT] {
            let body = json!({ "query": query });
            let post = app.request(Method::POST, "/graphql").bearer_auth(ADMIN);
            let post = post.header("graphql-client-name", "web").json(&body);
            assert_eq!(asked(post).await, refused(400, "PERSISTED_QUERY_REQUIRED"), "{query}");
            let with_hash = json!({ "query": query, "extensions": persisted(&hash(query)) });
            assert_eq!(posted(app, with_hash).await, refused(400, "PERSISTED_QUERY_REQUIRED"));
        }
        // What one writes in the explorer would not be executed, so that there is none.
        let browser = app
            .request(Method::GET, "/graphql")
            .header("accept", "text/html,*/*;q=0.8");
        let response = browser.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json; charset=utf-8");
        let schema = app.request(Method::GET, "/schema.graphql").send().await.unwrap();
        assert_eq!(schema.status(), 200);
    });
}

#[test]
fn documents_are_named_over_connections_that_stay_open_too() {
    let manifests = Manifests::usual();
    on_each(&[&manifests.setting(), "--trusted-only=true"], async |app| {
        let say = |id: &str, payload: Value| json!({ "type": "subscribe", "id": id, "payload": payload });
        let mut client = Client::open(app, Some(PROTOCOL), &[])
            .await
            .unwrap_or_else(|_| panic!("a socket"));
        let payload = json!({ "Authorization": bearer(ADMIN), "graphql-client-name": "web" });
        client
            .say(json!({ "type": "connection_init", "payload": payload }))
            .await;
        assert_eq!(client.hear().await["type"], "connection_ack");
        client.say(say("a", json!({ "query": FOLLOW }))).await;
        assert_eq!(client.refused("a").await, "PERSISTED_QUERY_REQUIRED");
        client.say(say("b", json!({ "documentId": "unknown" }))).await;
        assert_eq!(client.refused("b").await, "PERSISTED_QUERY_NOT_FOUND");
        let named = [
            ("c", json!({ "documentId": "follow" })),
            ("d", json!({ "id": "web~follow" })),
            ("e", json!({ "extensions": persisted(&hash(FOLLOW)) })),
        ];
        // What follows begins before the change is made, whenever it is executed.
        let now = app
            .request(Method::POST, "/graphql")
            .json(&json!({ "documentId": "web~now" }));
        let now: Value = now.send().await.unwrap().json().await.unwrap();
        let now = json!({ "after": now["data"]["service"]["changeCursor"] });
        for (id, mut payload) in named {
            payload["variables"] = now.clone();
            client.say(say(id, payload)).await;
            client.say(say("q", json!({ "documentId": "name" }))).await;
            while client.hear().await != json!({ "type": "complete", "id": "q" }) {}
        }
        let mut request = app.request(Method::POST, "/graphql").bearer_auth(ADMIN);
        request = request
            .header("accept", "text/event-stream")
            .header("graphql-client-name", "web");
        let follow = json!({ "documentId": "follow", "variables": now });
        let mut events = Events::new(request.json(&follow).send().await.unwrap());
        let body = json!({ "documentId": "web~write", "variables": { "input": draft() } });
        let made = app.request(Method::POST, "/graphql").bearer_auth(ADMIN).json(&body);
        assert_eq!(asked(made).await, GOOD);
        let mut heard = Vec::new();
        while heard.len() < 3 {
            heard.push(client.hear().await["id"].as_str().unwrap().to_owned());
        }
        heard.sort_unstable();
        assert_eq!(heard, ["c", "d", "e"]);
        events.change().await;
    });
}

#[test]
fn queries_are_registered_over_a_websocket_too() {
    on_each(&[], async |app| {
        let mut client = Client::ready(app, Some(ADMIN)).await;
        let by_hash = json!({ "extensions": persisted(&hash(FOLLOW)), "variables": from_now(app).await });
        let say = |id: &str, payload: &Value| json!({ "type": "subscribe", "id": id, "payload": payload });
        client.say(say("a", &by_hash)).await;
        assert_eq!(client.refused("a").await, "PERSISTED_QUERY_NOT_FOUND");
        let mut whole = by_hash.clone();
        whole["query"] = FOLLOW.into();
        client.say(say("b", &whole)).await;
        write(app).await;
        client.change("b").await;
        client.say(json!({ "type": "complete", "id": "b" })).await;
        client.say(say("c", &by_hash)).await;
        client.change("c").await;
    });
}

/// The program with these arguments and no settings from elsewhere.
fn program(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_nam-needs"));
    let program = program.args(arguments).env_clear().current_dir(std::env::temp_dir());
    program.output().unwrap()
}

fn told(output: &Output) -> (Option<i32>, String) {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code(), String::from_utf8(all).unwrap())
}

fn path(folder: &Path) -> &str {
    folder.to_str().unwrap()
}

#[test]
fn a_document_that_the_schema_cannot_answer_stops_the_start_and_fails_the_check() {
    let old = Manifests::new(&[("web.json", json!({ "name": NAME, "old": "query Old { needs { id } }" }))]);
    let database = old.0.join("never.sqlite");
    let database_url = format!("--database-url=sqlite://{}?mode=rwc", database.display());
    let start = told(&program(&[
        &old.setting(),
        &database_url,
        "--bind=127.0.0.1:0",
        "serve",
    ]));
    let check = told(&program(&["documents", "check", path(&old.0)]));
    for ((status, told), expected) in [(start, 2), (check, 1)] {
        assert_eq!(status, Some(expected), "{told}");
        let fault = "web~old (query Old { needs { id } }): Cannot query field \"needs\" on type \"Query\".";
        assert!(told.contains(fault), "{told}");
        assert!(!told.contains("web~name"), "{told}");
    }
    assert!(!database.exists());
    let good = Manifests::usual();
    let (status, told) = told(&program(&["documents", "check", path(&good.0)]));
    assert_eq!(
        (status, told.as_str()),
        (Some(0), "5 documents of 1 client: all can be answered\n")
    );
}

#[test]
fn settings_of_documents_that_make_no_sense_stop_the_start() {
    for (arguments, name) in [
        (
            &["--trusted-only=true", "serve"][..],
            "TRUSTED_ONLY needs TRUSTED_DOCUMENTS",
        ),
        (
            &["--trusted-documents=/nowhere/at/all", "--bind=127.0.0.1:0"],
            "TRUSTED_DOCUMENTS: /nowhere/at/all can't be read",
        ),
        (&["documents", "check"], "TRUSTED_DOCUMENTS"),
    ] {
        let (status, told) = told(&program(arguments));
        assert_eq!(status, Some(2), "{told}");
        assert!(told.contains(name), "{told}");
    }
}
