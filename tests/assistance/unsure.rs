//! The database goes away in the middle of a write: the client is told truly whether it may have happened, and the same
//! again with its key does it once.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::TcpStream;

use crate::common::between::between;
use crate::common::{ADMIN, Backend, TestApp, run};
use crate::mirror::insist;
use crate::support::draft;

const CREATE: &str = "mutation($input: CreateAssistanceRequestInput!) { createAssistanceRequest(input: $input) {
    assistanceRequest { id version } userErrors { code } } }";

/// What is sent with the row of a request: a statement that was sent before is not spelt out again.
const TITLE: &str = "Cut off in the middle";

/// Where a connection to the database is cut: once the server sends this, which may reach the database or not.
#[derive(Clone, Copy)]
struct Cut {
    word: &'static str,
    arrives: bool,
    /// Connections that are still to be cut.
    times: usize,
}

/// What the client is told of a write that is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Done,
    Undone,
    Unsure,
}

type Armed = Arc<Mutex<Option<Cut>>>;

/// The cut that what was sent meets.
fn hit(armed: &mut Option<Cut>, sent: &[u8]) -> Option<Cut> {
    let cut = armed.as_mut()?;
    let word = cut.word.as_bytes();
    if !sent.windows(word.len()).any(|part| part == word) {
        return None;
    }
    cut.times -= 1;
    let met = *cut;
    armed.take_if(|cut| cut.times == 0);
    Some(met)
}

async fn relay(server: TcpStream, database: SocketAddr, armed: Armed) {
    let mut database = TcpStream::connect(database).await.unwrap();
    let (mut from_database, mut to_database) = database.split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = copy(&mut from_database, &mut to_server);
    let orders = async {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let length = from_server.read(&mut bytes).await.unwrap_or(0);
            let sent = &bytes[..length];
            let cut = hit(&mut armed.lock().unwrap(), sent);
            if length == 0 || cut.is_some_and(|cut| !cut.arrives) || to_database.write_all(sent).await.is_err() {
                return cut;
            }
            if cut.is_some() {
                return cut;
            }
        }
    };
    tokio::select! {
        _ = answers => {}
        cut = orders => if cut.is_some_and(|cut| cut.arrives) {
            // Its answer is never passed on; it has the time to be done.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

async fn requests(app: &TestApp) -> i64 {
    app.row_counts().await["assistance_request"]
}

#[test]
fn a_write_that_the_database_leaves_in_the_middle_is_not_called_undone_where_it_may_be_done() {
    run(Backend::Postgres, async |app| {
        let (armed, database) = (Armed::default(), app.database_address());
        let cuts = Arc::clone(&armed);
        let relayed = between(move |server| relay(server, database, Arc::clone(&cuts)));
        let server = app.beside_through(relayed.await).await;
        let client = reqwest::Client::new();
        // The first use of a key is noted by a write of its own, which is none of those that are cut.
        let viewer = json!({ "query": "{ viewer { name } }" });
        insist(&client, std::slice::from_ref(&server.url), ADMIN, &viewer).await;
        let cases = [
            // What was not being committed is gone: the server does it again by itself, once.
            (TITLE, true, 1, 1, Told::Done),
            (TITLE, true, 2, 0, Told::Undone),
            ("COMMIT", false, 1, 0, Told::Unsure),
            ("COMMIT", true, 1, 1, Told::Unsure),
        ];
        for (number, (word, arrives, times, done, told)) in cases.into_iter().enumerate() {
            let before = requests(app).await;
            let mut input = draft();
            input["title"] = TITLE.into();
            input["idempotencyKey"] = format!("{number}").into();
            let body = json!({ "query": CREATE, "variables": { "input": input } });
            *armed.lock().unwrap() = Some(Cut { word, arrives, times });
            let sent = client
                .post(format!("{}/graphql", server.url))
                .bearer_auth(ADMIN)
                .json(&body);
            let answer: Value = sent.send().await.unwrap().json().await.unwrap();
            assert!(armed.lock().unwrap().is_none(), "{word} was sent");
            let error = &answer["errors"][0];
            let heard = match error["message"].as_str() {
                None => Told::Done,
                Some(message) if message.contains("Nothing was changed") => Told::Undone,
                Some(_) => Told::Unsure,
            };
            assert_eq!(heard, told, "{word}: {answer:#}");
            let code = (told != Told::Done).then_some("UNAVAILABLE");
            assert_eq!(error["extensions"]["code"].as_str(), code, "{word}: {answer:#}");
            assert_eq!(requests(app).await - before, done, "{word}");
            let again = insist(&client, std::slice::from_ref(&server.url), ADMIN, &body).await;
            assert_eq!(
                again["createAssistanceRequest"]["assistanceRequest"]["version"], 1,
                "{again:#}"
            );
            assert_eq!(requests(app).await - before, 1, "{word}: done once");
        }
        crate::invariants::hold(app).await;
        server.stop().await;
    });
}
