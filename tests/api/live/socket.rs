//! `graphql-transport-ws`, message by message.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::client::{Client, PROTOCOL, bearer};
use super::feed::{FOLLOW, from_now, write};
use crate::common::ADMIN;
use crate::support::{draft, people};
use crate::{on_both, on_both_with};

const NAME: &str = "{ service { name } }";

on_both! {
    async fn a_subscription_is_answered_and_completed(app) {
        let now = from_now(app).await;
        write(app).await;
        let mut client = Client::ready(app, Some(ADMIN)).await;
        client.subscribe("a", FOLLOW, now).await;
        let missed = client.change("a").await;
        write(app).await;
        let live = client.change("a").await;
        assert_ne!(missed["cursor"], live["cursor"]);
        client.say(json!({ "type": "complete", "id": "a" })).await;
        // The id is free again, and the cursor names the place.
        client.subscribe("a", FOLLOW, json!({ "after": missed["cursor"] })).await;
        assert_eq!(client.change("a").await, live);
    }

    async fn a_subscription_that_fails_is_completed(app) {
        let mut client = Client::ready(app, Some(ADMIN)).await;
        client.subscribe("a", FOLLOW, json!({ "after": "nonsense" })).await;
        let message = client.hear().await;
        assert_eq!(message["payload"]["errors"][0]["extensions"]["code"], "BAD_CURSOR", "{message:#}");
        assert_eq!(message["payload"]["errors"][0]["path"], json!(["changes"]));
        assert_eq!(client.hear().await, json!({ "id": "a", "type": "complete" }));
    }

    async fn a_root_field_is_followed_wherever_the_document_asks_for_it(app) {
        let mut client = Client::ready(app, Some(ADMIN)).await;
        let query = "subscription($after: String) { ... { ...F } }
            fragment F on Subscription { changes(after: $after) { cursor ...G } } fragment G on ChangeEdge { node { action } }";
        client.subscribe("a", query, from_now(app).await).await;
        write(app).await;
        assert_eq!(client.change("a").await["node"]["action"], "assistanceRequest.created");
    }

    async fn queries_and_mutations_are_answered_once(app) {
        let people = people(app).await;
        let mut client = Client::ready(app, Some(&people.focal)).await;
        client.subscribe("q", "{ country(code: \"BGD\") { name } nothing: country(code: \"XXX\") { name } }", json!({})).await;
        let message = client.hear().await;
        assert_eq!(message["payload"]["data"]["country"]["name"], "Bangladesh", "{message:#}");
        assert_eq!(client.hear().await, json!({ "id": "q", "type": "complete" }));

        let query = "mutation($input: CreateAssistanceRequestInput!) { createAssistanceRequest(input: $input)
            { assistanceRequest { reference } userErrors { code } } }";
        client.subscribe("m", query, json!({ "input": draft() })).await;
        let created = client.hear().await["payload"]["data"]["createAssistanceRequest"].clone();
        let reference = created["assistanceRequest"]["reference"].as_str().unwrap();
        assert_eq!(client.hear().await, json!({ "id": "m", "type": "complete" }));
        let found = app
            .ask(Some(&people.focal), "query($r: String!) { assistanceRequest(by: { reference: $r }) { status } }", json!({ "r": reference }))
            .await;
        assert_eq!(found["assistanceRequest"]["status"], "DRAFT");
    }

    async fn a_mutation_goes_on_when_its_client_has_gone(app) {
        let people = people(app).await;
        let before = app.row_counts().await["assistance_request"];
        let mut client = Client::ready(app, Some(&people.focal)).await;
        let query = "mutation($input: CreateAssistanceRequestInput!) { createAssistanceRequest(input: $input) { __typename } }";
        let count = 20;
        for id in 0..count {
            client.subscribe(&id.to_string(), query, json!({ "input": draft() })).await;
        }
        drop(client);
        // However many had begun: each of them is whole.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let rows = app.row_counts().await;
        let made = rows["assistance_request"] - before;
        assert!((0..=count).contains(&made), "{made}");
        assert_eq!(rows["request_item"], 3 * rows["assistance_request"]);
    }

    async fn operations_go_on_beside_each_other_and_end_when_told(app) {
        let mut client = Client::ready(app, Some(ADMIN)).await;
        client.subscribe("one", FOLLOW, from_now(app).await).await;
        client.subscribe("two", NAME, json!({})).await;
        assert_eq!(client.hear().await["id"], "two");
        assert_eq!(client.hear().await, json!({ "id": "two", "type": "complete" }));
        write(app).await;
        client.change("one").await;
        client.say(json!({ "type": "complete", "id": "one" })).await;
        client.say(json!({ "type": "complete", "id": "unknown" })).await;
        client.say(json!({ "type": "ping", "payload": { "last": true } })).await;
        assert_eq!(client.hear().await, json!({ "type": "pong", "payload": { "last": true } }));
        write(app).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        client.say(json!({ "type": "ping" })).await;
        assert_eq!(client.hear().await, json!({ "type": "pong" }));
    }

    async fn what_the_gate_refuses_is_an_error_of_its_operation(app) {
        let mut client = Client::ready(app, None).await;
        for (query, code) in [
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { a: changes { cursor } b: changes { cursor } }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription($n: DateTime!) { changes(filter: { since: $n }) { cursor } }", "BAD_USER_INPUT"),
            ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
            ("{ assistanceRequests(first: 100) { nodes { items { contributions(first: 100) { nodes { id } } } } } }", "QUERY_TOO_COMPLEX"),
        ] {
            client.subscribe("a", query, json!({})).await;
            assert_eq!(client.refused("a").await, code, "{query}");
        }
        // The field of a mutation without a credential fails by itself.
        client.subscribe("m", "mutation { withdrawAssistanceRequest(input: { id: \"x\", version: 1 }) { __typename } }", json!({})).await;
        let message = client.hear().await;
        assert_eq!(message["type"], "next", "{message:#}");
        assert_eq!(message["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }

    async fn what_is_no_message_closes_the_connection(app) {
        for bad in [
            Message::text("{"),
            Message::text("[]"),
            Message::text("{\"type\":\"ping\",\"type\":\"ping\"}"),
            Message::text("{\"type\":\"start\",\"id\":\"1\"}"),
            Message::text("{\"type\":\"next\",\"id\":\"1\",\"payload\":{}}"),
            Message::text("{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{\"query\":1}}"),
            Message::text("{\"type\":\"subscribe\",\"payload\":{\"query\":\"{a}\"}}"),
            Message::text(format!("{{\"type\":\"ping\",\"payload\":{{\"a\":{}{}}}}}", "[".repeat(100), "]".repeat(100))),
            Message::binary(json!({ "type": "ping" }).to_string()),
        ] {
            let mut client = Client::ready(app, None).await;
            client.send(bad.clone()).await;
            let (code, reason) = client.closed().await;
            assert_eq!(code, 4400, "{bad:?}");
            assert!(reason.starts_with("Invalid message"), "{reason}");
        }
    }

    async fn each_close_code_of_the_protocol_is_given(app) {
        let mut client = Client::open(app, Some(PROTOCOL), &[]).await.unwrap();
        client.subscribe("a", NAME, json!({})).await;
        assert_eq!(client.closed().await, (4401, "Unauthorized".into()));

        let mut client = Client::open(app, None, &[]).await.unwrap();
        assert_eq!(client.closed().await, (4406, "Subprotocol not acceptable".into()));

        let mut client = Client::ready(app, None).await;
        client.subscribe("a", FOLLOW, json!({})).await;
        client.subscribe("a", NAME, json!({})).await;
        assert_eq!(client.closed().await, (4409, "Subscriber for a already exists".into()));

        // A reason that names a long id is cut where the frame ends, and never within a character.
        let long = "ü".repeat(200);
        let mut client = Client::ready(app, None).await;
        client.subscribe(&long, FOLLOW, json!({})).await;
        client.subscribe(&long, NAME, json!({})).await;
        assert_eq!(client.closed().await, (4409, format!("Subscriber for {}", "ü".repeat(54))));

        let mut client = Client::ready(app, None).await;
        client.say(json!({ "type": "connection_init" })).await;
        assert_eq!(client.closed().await, (4429, "Too many initialisation requests".into()));

        // Two at once, of which the first has not been answered yet.
        let mut client = Client::open(app, Some(PROTOCOL), &[]).await.unwrap();
        client.say(json!({ "type": "connection_init" })).await;
        client.say(json!({ "type": "connection_init" })).await;
        assert_eq!(client.closed().await, (4429, "Too many initialisation requests".into()));

        let mut client = Client::ready(app, None).await;
        client.send(Message::Close(None)).await;
        assert_eq!(client.closed().await.0, 1000);
    }

    async fn pings_are_answered_before_the_introduction_and_pongs_never(app) {
        let mut client = Client::open(app, Some(PROTOCOL), &[]).await.unwrap();
        for payload in [json!(null), json!({ "at": 1 })] {
            client.say(json!({ "type": "pong", "payload": payload })).await;
        }
        client.say(json!({ "type": "complete", "id": "never begun" })).await;
        client.say(json!({ "type": "ping", "payload": { "at": 1 } })).await;
        assert_eq!(client.hear().await, json!({ "type": "pong", "payload": { "at": 1 } }));
        client.say(json!({ "type": "connection_init", "payload": null })).await;
        assert_eq!(client.hear().await, json!({ "type": "connection_ack" }));
    }

    async fn an_operation_that_its_client_completed_tells_nothing_more(app) {
        let mut client = Client::ready(app, Some(ADMIN)).await;
        for _ in 0..20 {
            client.subscribe("a", NAME, json!({})).await;
            client.say(json!({ "type": "complete", "id": "a" })).await;
            client.say(json!({ "type": "ping" })).await;
            // What was on its way already may come; nothing comes after the answer to the ping.
            while client.hear().await["type"] != "pong" {}
        }
        client.say(json!({ "type": "ping" })).await;
        assert_eq!(client.hear().await, json!({ "type": "pong" }));
    }

    async fn what_is_no_text_or_no_frame_closes_the_connection(app) {
        let mut client = Client::ready(app, None).await;
        let bad = Frame::message(vec![0xC3, 0x28], OpCode::Data(Data::Text), true);
        client.send(Message::Frame(bad)).await;
        assert_eq!(client.closed().await.0, 1007);
        let mut client = Client::ready(app, None).await;
        let bad = Frame::message(vec![b'x'; 2], OpCode::Data(Data::Reserved(3)), true);
        client.send(Message::Frame(bad)).await;
        assert_eq!(client.closed().await.0, 1002);
    }

    async fn a_message_that_is_too_long_is_not_kept(app) {
        let most = 256 * 1024;
        let mut client = Client::ready(app, None).await;
        client.say(json!({ "type": "ping", "payload": { "a": "x".repeat(most) } })).await;
        assert_eq!(client.closed().await.0, 1009);

        // In fragments each of which is short enough.
        let mut client = Client::ready(app, None).await;
        let fragment = |first: bool| {
            let code = if first { Data::Text } else { Data::Continue };
            Message::Frame(Frame::message(vec![b' '; 60_000], OpCode::Data(code), false))
        };
        for number in 0..5 {
            client.send(fragment(number == 0)).await;
        }
        assert_eq!(client.closed().await.0, 1009);

        // A message in fragments is a message.
        let mut client = Client::ready(app, None).await;
        let (one, two) = (&b"{\"type\":"[..], &b"\"ping\"}"[..]);
        client.send(Message::Frame(Frame::message(one, OpCode::Data(Data::Text), false))).await;
        client.send(Message::Frame(Frame::message(two, OpCode::Data(Data::Continue), true))).await;
        assert_eq!(client.hear().await, json!({ "type": "pong" }));
    }

    async fn a_frame_is_refused_by_what_it_announces(app) {
        let address = app.url.trim_start_matches("http://");
        let mut socket = TcpStream::connect(address).await.unwrap();
        let upgrade = format!(
            "GET /graphql HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n"
        );
        socket.write_all(upgrade.as_bytes()).await.unwrap();
        // A terabyte, of which not one byte is sent.
        socket.write_all(&[0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4]).await.unwrap();
        let mut answer = Vec::new();
        let end = async {
            while !answer.windows(2).any(|pair| pair == 1009_u16.to_be_bytes()) {
                assert!(socket.read_buf(&mut answer).await.unwrap() > 0);
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), end).await.unwrap();
    }

    async fn a_credential_comes_by_header_or_payload(app) {
        let key = bearer(ADMIN);
        for (header, payload) in [
            (Some(&key), json!(null)),
            (Some(&key), json!({ "Authorization": key })),
            (None, json!({ "Authorization": key })),
            (None, json!({ "authorization": key })),
        ] {
            let headers: Vec<(&str, &str)> = header.iter().map(|key| ("Authorization", key.as_str())).collect();
            let mut client = Client::open(app, Some(PROTOCOL), &headers).await.unwrap();
            client.say(json!({ "type": "connection_init", "payload": payload })).await;
            assert_eq!(client.hear().await["type"], "connection_ack");
            client.subscribe("a", "{ viewer { roles } }", json!({})).await;
            let message = client.hear().await;
            assert_eq!(message["payload"]["data"]["viewer"]["roles"], json!(["ADMIN"]), "{message:#}");
        }
    }

    async fn a_bad_credential_is_refused(app) {
        let unknown = bearer("nam_unknown_unknown_unknown_unknown_unknown");
        for bad in ["Bearer", "Basic eDp5", &unknown] {
            assert_eq!(Client::open(app, Some(PROTOCOL), &[("Authorization", bad)]).await.err(), Some(401));
            let mut client = Client::open(app, Some(PROTOCOL), &[]).await.unwrap();
            client.say(json!({ "type": "connection_init", "payload": { "Authorization": bad } })).await;
            let (code, reason) = client.closed().await;
            assert_eq!(code, 4403, "{reason}");
            assert!(reason.starts_with("Forbidden"), "{reason}");
        }
        let reader = app.key(entity::enums::Role::Reader, None, None).await;
        let mut client = Client::open(app, Some(PROTOCOL), &[("Authorization", &bearer(ADMIN))]).await.unwrap();
        client.say(json!({ "type": "connection_init", "payload": { "Authorization": bearer(&reader) } })).await;
        assert_eq!(client.closed().await.0, 4403);
    }
}

on_both_with! { &["--live-init-ms=200", "--live-ping-ms=100"],
    async fn who_does_not_introduce_itself_is_sent_away(app) {
        let mut client = Client::open(app, Some(PROTOCOL), &[]).await.unwrap();
        client.say(json!({ "type": "ping" })).await;
        assert_eq!(client.closed().await, (4408, "Connection initialisation timeout".into()));
    }

    async fn who_gives_no_sign_of_life_is_sent_away(app) {
        let mut client = Client::ready(app, None).await;
        // Pings are answered only while somebody reads.
        for _ in 0..10 {
            assert!(matches!(client.next().await, Message::Ping(_)));
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert_eq!(client.closed().await, (4408, "No answer to pings".into()));
    }
}

on_both_with! { &["--allowed-origins=https://known.example"],
    async fn pages_of_foreign_origins_are_kept_out(app) {
        let open = async |origin: &str| Client::open(app, Some(PROTOCOL), &[("Origin", origin)]).await.err();
        assert_eq!(open("https://foreign.example").await, Some(403));
        assert_eq!(open("null").await, Some(403));
        assert_eq!(open("https://known.example").await, None);
        assert_eq!(open(&app.url).await, None);
    }
}
