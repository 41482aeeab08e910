//! PostgreSQL refuses a statement in the middle of a snapshot.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::client::{client, post, write_well};
use crate::common::between::between;
use crate::common::{Backend, run};

/// A page whose second statement reads items.
const PAGE: &str = "{ assistanceRequests(first: 5) { nodes { title items { quantity } } } }";

/// Whether what follows a refusal is kept back, which is that the connection is ready again: the database has to clean up first.
type Hold = watch::Receiver<bool>;

/// Where a refusal in these bytes ends.
fn end_of_refusal(bytes: &[u8]) -> Option<usize> {
    // A message is its kind, its length without that, and for a refusal first of all how severe it is.
    let severity = b"SERROR\0";
    let fields = bytes.windows(severity.len()).position(|part| part == severity)?;
    let length = u32::from_be_bytes(bytes[fields - 4..fields].try_into().unwrap());
    Some(fields - 4 + usize::try_from(length).unwrap())
}

async fn relay(server: TcpStream, database: SocketAddr, mut hold: Hold) {
    let mut database = TcpStream::connect(database).await.unwrap();
    let (mut from_database, mut to_database) = database.split();
    let (mut from_server, mut to_server) = server.into_split();
    let orders = copy(&mut from_server, &mut to_database);
    let answers = async {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_database.read(&mut bytes).await {
            let mut rest = &bytes[..length];
            if let Some(end) = end_of_refusal(rest) {
                to_server.write_all(&rest[..end]).await.unwrap();
                drop(hold.wait_for(|is_held| !is_held).await);
                rest = &rest[end..];
            }
            to_server.write_all(rest).await.unwrap();
        }
    };
    tokio::select! {
        _ = orders => {}
        () = answers => {}
    }
}

#[test]
fn a_statement_that_is_refused_spoils_its_connection_for_nobody() {
    run(Backend::Postgres, async |app| {
        let (hold, held) = watch::channel(false);
        let database = app.database_address();
        let relayed = between(move |server| relay(server, database, held.clone()));
        let server = app.beside_through(relayed.await).await;
        let client = client();
        write_well(&client, &server.url, "there").await;
        // Each its own, that none is answered by what another was told.
        let ask = async |number: usize| -> Value {
            let query = format!("# {number}\n{PAGE}");
            post(&client, &server.url, &json!({ "query": query })).await.unwrap().1
        };
        let well = async |number: usize| {
            let answer = ask(number).await;
            assert_eq!(answer["errors"], json!(null), "{answer:#}");
        };
        well(0).await;
        app.alter("ALTER TABLE request_item RENAME TO taken_away")
            .await
            .unwrap();
        hold.send_replace(true);
        let refused = ask(1).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "INTERNAL", "{refused:#}");
        app.alter("ALTER TABLE taken_away RENAME TO request_item")
            .await
            .unwrap();
        hold.send_replace(false);
        for number in 2..10 {
            well(number).await;
        }
        server.stop().await;
    });
}
