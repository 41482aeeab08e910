//! A client that speaks `graphql-transport-ws` by hand, and one that reads events.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

use super::feed::change;
use crate::common::TestApp;

pub const PROTOCOL: &str = "graphql-transport-ws";
/// Not how long anything takes: how long a busy machine may.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

pub fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

impl Client {
    /// Opens a socket with these headers, or gives the status that refuses it.
    pub async fn open(app: &TestApp, protocol: Option<&str>, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let url = format!("{}/graphql", app.url.replace("http:", "ws:"));
        let mut request = ClientRequestBuilder::new(url.parse().unwrap());
        if let Some(protocol) = protocol {
            request = request.with_sub_protocol(protocol);
        }
        for (name, value) in headers {
            request = request.with_header(*name, *value);
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens a socket and introduces itself.
    pub async fn ready(app: &TestApp, key: Option<&str>) -> Self {
        Self::open(app, Some(PROTOCOL), &[])
            .await
            .expect("a socket")
            .introduced(key)
            .await
    }

    /// The same over a connection for which the operating system keeps little.
    pub async fn narrow(app: &TestApp, key: Option<&str>) -> Self {
        let request =
            ClientRequestBuilder::new(format!("{}/graphql", app.url.replace("http:", "ws:")).parse().unwrap());
        let stream = MaybeTlsStream::Plain(narrow(app).await);
        let opened = client_async(request.with_sub_protocol(PROTOCOL), stream).await;
        let (socket, _) = opened.expect("a socket");
        Self { socket }.introduced(key).await
    }

    async fn introduced(mut self, key: Option<&str>) -> Self {
        let client = &mut self;
        let payload = key.map(|key| json!({ "Authorization": bearer(key) }));
        client
            .say(json!({ "type": "connection_init", "payload": payload }))
            .await;
        assert_eq!(client.hear().await, json!({ "type": "connection_ack" }));
        self
    }

    pub async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.socket.send(message).await.expect("it can be sent");
    }

    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(json!({ "type": "subscribe", "id": id, "payload": payload }))
            .await;
    }

    /// The next message; pings are answered in passing.
    pub async fn hear(&mut self) -> Value {
        loop {
            match self.next().await {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("no message: {other:?}"),
            }
        }
    }

    pub async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
        next.expect("in time").expect("a message").expect("a good one")
    }

    /// The code and reason by which the server closes.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.next().await {
                let frame = frame.expect("a reason");
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    /// The only code of the errors of an operation that was refused.
    pub async fn refused(&mut self, id: &str) -> String {
        let message = self.hear().await;
        assert_eq!(
            (&message["type"], &message["id"]),
            (&json!("error"), &json!(id)),
            "{message:#}"
        );
        message["payload"][0]["extensions"]["code"]
            .as_str()
            .expect("a code")
            .to_owned()
    }
}

/// A connection for which the operating system keeps little.
pub async fn narrow(app: &TestApp) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let address = app.url.trim_start_matches("http://").parse().unwrap();
    socket.connect(address).await.expect("a connection")
}

/// Posts an operation and asks for events.
pub async fn ask(app: &TestApp, key: Option<&str>, query: &str, variables: Value) -> Response {
    let mut request = app
        .request(Method::POST, "/graphql")
        .header("accept", "text/event-stream")
        .json(&json!({ "query": query, "variables": variables }));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    request.send().await.expect("an answer")
}

/// Reads events one by one.
pub struct Events {
    response: Response,
    read: String,
    pub comments: usize,
}

impl Events {
    pub fn new(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        Self {
            response,
            read: String::new(),
            comments: 0,
        }
    }

    /// The name and the data of the next event; none at the end of the stream.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.read.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.read = rest;
                if event == ":" {
                    self.comments += 1;
                    continue;
                }
                let (name, data) = event.split_once('\n').expect("two lines");
                let data = data.strip_prefix("data: ").expect("data");
                let name = name.strip_prefix("event: ").expect("a name").to_owned();
                let data = serde_json::from_str(data).unwrap_or(Value::Null);
                return Some((name, data));
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            let chunk = chunk.expect("in time").expect("a connection")?;
            self.read.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    /// The next change.
    pub async fn change(&mut self) -> Value {
        let (name, data) = self.next().await.expect("an event");
        assert_eq!(name, "next", "{data:#}");
        change(&data["data"]).clone()
    }

    /// That nothing more comes but `complete`.
    pub async fn complete(&mut self) {
        assert_eq!(self.next().await, Some(("complete".into(), Value::Null)));
        assert_eq!(self.next().await, None);
    }
}
