//! The documents that people are shown, run as they stand: the explorer's, and those of the README and of `docs/`.

use std::iter::Peekable;
use std::str::Chars;

use entity::enums::Role;
use nam_needs::interchange::{examples, figures};
use serde_json::{Map, Value, json};

use crate::common::{TestApp, start_of_tests};
use crate::on_both;
use crate::support::draft;

const EXPLORER: &str = include_str!("../../explorer/src/examples.ts");
const README: &str = include_str!("../../README.md");
const LIVE: &str = include_str!("../../docs/live.md");

/// Reads the literals that JavaScript and JSON share, names without quotes, templates without variables, and the one
/// function of the explorer's examples: `inDays(60)`.
struct Literals<'a>(Peekable<Chars<'a>>);

impl Literals<'_> {
    fn peek(&mut self) -> char {
        while self.0.next_if(|c| c.is_whitespace()).is_some() {}
        *self.0.peek().expect("the text goes on")
    }

    fn take(&mut self, expected: char) -> bool {
        self.peek() == expected && self.0.next().is_some()
    }

    fn text(&mut self, quote: char) -> String {
        let mut text = String::new();
        loop {
            match self.0.next().expect("the text ends") {
                '\\' => panic!("an escape: read it here"),
                '$' if quote == '`' && self.0.peek() == Some(&'{') => panic!("a variable: read it here"),
                c if c == quote => return text,
                c => text.push(c),
            }
        }
    }

    fn word(&mut self) -> String {
        self.peek();
        std::iter::from_fn(|| self.0.next_if(|c| c.is_alphanumeric() || *c == '.')).collect()
    }

    /// What stands between here and the closing bracket, each part with what may follow it.
    fn list(&mut self, close: char, mut part: impl FnMut(&mut Self)) {
        self.0.next();
        while !self.take(close) {
            part(self);
            assert!(self.take(',') || self.peek() == close);
        }
    }

    fn value(&mut self) -> Value {
        match self.peek() {
            '[' => {
                let mut all = Vec::new();
                self.list(']', |at| all.push(at.value()));
                all.into()
            }
            '{' => {
                let mut fields = Map::new();
                self.list('}', |at| {
                    let name = if at.take('"') { at.text('"') } else { at.word() };
                    assert!(at.take(':'), "{name}");
                    fields.insert(name, at.value());
                });
                fields.into()
            }
            quote @ ('"' | '`') => {
                self.0.next();
                self.text(quote).into()
            }
            _ => {
                let word = self.word();
                if word != "inDays" {
                    return serde_json::from_str(&word).unwrap_or_else(|_| panic!("{word}"));
                }
                assert!(self.take('('));
                let days: i64 = self.word().parse().unwrap();
                assert!(self.take(')'));
                let day = start_of_tests() + chrono::TimeDelta::days(days);
                day.format("%F").to_string().into()
            }
        }
    }
}

fn of_the_explorer() -> Vec<Value> {
    let (_, list) = EXPLORER.split_once("EXAMPLES: [Example, ...Example[]] = ").unwrap();
    Literals(list.chars().peekable()).value().as_array().unwrap().clone()
}

/// Whether there is something in every list and object of an answer, where nothing at all would be an answer too.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(fields) => match fields.get("nodes") {
            Some(nodes) => is_empty(nodes),
            None => fields.values().all(is_empty),
        },
        _ => false,
    }
}

/// A server with everything that a first start loads.
async fn loaded(app: &TestApp) {
    figures::load(&app.store).await.unwrap();
    figures::load_funding(&app.store).await.unwrap();
    examples::load(&app.store).await.unwrap();
}

/// The payload of a mutation that did its work.
fn done(data: &Value) -> &Value {
    let (_, payload) = data.as_object().unwrap().iter().next().unwrap();
    assert_eq!(payload["userErrors"], json!([]), "{data:#}");
    &payload["assistanceRequest"]
}

/// The parts of a text between two marks.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    text.split(begin)
        .skip(1)
        .map(|rest| rest.split(end).next().unwrap())
        .collect()
}

on_both! {
    async fn every_example_of_the_explorer_gives_an_answer_that_is_not_empty(app) {
        loaded(app).await;
        let focal = app.key(Role::FocalPoint, Some("BGD"), None).await;
        let coordinator = app.key(Role::Coordinator, None, None).await;
        let (mut created, mut seen) = (Value::Null, 0);
        for example in of_the_explorer() {
            let (title, query) = (example["title"].as_str().unwrap(), example["query"].as_str().unwrap());
            let mut variables = example.get("variables").cloned().unwrap_or_default();
            seen += 1;
            if query.contains("mutation VerifyRequest") {
                variables["input"]["id"] = created["id"].clone();
                variables["input"]["version"] = created["version"].clone();
                let data = app.ask(Some(&coordinator), query, variables).await;
                assert_eq!(done(&data)["status"], "VERIFIED", "{title}");
                continue;
            }
            if query.contains("mutation ") {
                let data = app.ask(Some(&focal), query, variables).await;
                created = done(&data).clone();
                assert_eq!(created["status"], "SUBMITTED", "{title}");
                continue;
            }
            // As a visitor without a key, where the question isn't who one is.
            let key = query.contains("viewer").then_some(focal.as_str());
            let data = app.ask(key, query, variables.clone()).await;
            for (field, value) in data.as_object().unwrap() {
                assert!(!is_empty(value), "{title}: {field} is empty: {data:#}");
            }
            if query.contains("$after") {
                variables["after"] = data["assistanceRequests"]["pageInfo"]["endCursor"].clone();
                let next = app.ask(None, query, variables).await;
                assert!(!is_empty(&next["assistanceRequests"]) && next != data, "{title}: {next:#}");
            }
        }
        assert_eq!(seen, EXPLORER.matches("\n    title: \"").count());
        assert!(created.is_object());
    }

    async fn every_document_of_the_readme_and_of_the_docs_gives_what_it_promises(app) {
        loaded(app).await;
        let queries = between(README, "--data-urlencode 'query=", "'");
        assert_eq!(queries.len(), 1);
        let encoded: String = queries[0].bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = app.request(reqwest::Method::GET, &format!("/graphql?query={encoded}"));
        let answer: Value = answer.send().await.unwrap().json().await.unwrap();
        let page = &answer["data"]["requestItems"];
        assert_eq!(page["nodes"].as_array().unwrap().len(), 10, "{answer:#}");
        assert!(page["pageInfo"]["hasNextPage"] == true && page["pageInfo"]["endCursor"].is_string(), "{answer:#}");

        let bodies: Vec<Value> = between(README, " -d '", "'").into_iter().map(|body| serde_json::from_str(body).unwrap()).collect();
        let [create, verify, follow] = &bodies[..] else { panic!("{bodies:#?}") };
        let focal = app.key(Role::FocalPoint, Some("BGD"), None).await;
        let coordinator = app.key(Role::Coordinator, None, None).await;
        let query = |body: &Value| body["query"].as_str().unwrap().to_owned();
        let data = app.ask(Some(&focal), &query(create), create["variables"].clone()).await;
        let created = done(&data);
        let mut variables = verify["variables"].clone();
        variables["input"]["id"] = created["id"].clone();
        assert_eq!(variables["input"]["version"], created["version"]);
        let data = app.ask(Some(&coordinator), &query(verify), variables).await;
        assert_eq!(done(&data)["status"], "VERIFIED");

        let mut followed: Vec<Value> = between(LIVE, " -d '", "'").into_iter().map(|body| serde_json::from_str(body).unwrap()).collect();
        followed.extend(between(LIVE, "const query = '", "'").into_iter().map(|query| json!({ "query": query })));
        assert_eq!(followed.len(), 2, "docs/live.md");
        followed.push(follow.clone());
        for (number, body) in followed.iter().enumerate() {
            let stream = app.request(reqwest::Method::POST, "/graphql").header("accept", "text/event-stream").json(body);
            let mut stream = stream.send().await.unwrap();
            let (mut events, mut made) = (String::new(), 0);
            while !events.contains("\"organization.created\"") {
                // What begins now may begin after the first of them. Nobody sees a draft of others.
                made += 1;
                app.mutate(&focal, "createAssistanceRequest", draft(), "userErrors { code }").await;
                let input = json!({ "code": format!("NEW_{number}_{made}"), "name": "New", "kind": "NGO" });
                app.mutate(crate::common::ADMIN, "createOrganization", input, "userErrors { code }").await;
                if let Ok(chunk) = tokio::time::timeout(std::time::Duration::from_secs(1), stream.chunk()).await {
                    events += std::str::from_utf8(&chunk.unwrap().expect("an event")).unwrap();
                }
            }
            assert!(events.contains("event: next") && !events.contains("errors") && !events.contains("assistanceRequest."), "{events}");
        }
    }
}
