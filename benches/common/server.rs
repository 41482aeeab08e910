//! The server in a process of its own, and a client that costs little: one connection, one request after the other.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

use super::process::memory;

pub const ADMIN: &str = "nam_bench_administrator_0123456789abcdef";

pub struct Server {
    child: Child,
    pub address: String,
}

impl Server {
    pub async fn start(database_url: &str, migrate_url: &str, pool_size: u32, settings: &[&str]) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let child = Command::new(env!("CARGO_BIN_EXE_nam-needs"))
            .args([
                format!("--bind={address}"),
                format!("--admin-key={ADMIN}"),
                format!("--pool-size={pool_size}"),
            ])
            .args([
                format!("--database-url={database_url}"),
                format!("--migrate-database-url={migrate_url}"),
            ])
            .arg("--log=error")
            .args(settings)
            .stdout(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut server = Self { child, address };
        for _ in 0..1_200 {
            assert!(server.child.try_wait().unwrap().is_none(), "the server has ended");
            if let Ok(mut client) = Client::connect(&server.address).await
                && let Ok((200, _)) = client.send("GET", "/readyz", ADMIN, "").await
            {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server does not get ready");
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// What it holds of memory, in MiB.
    pub fn memory(&self) -> f64 {
        memory(self.process())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub struct Client(BufStream<TcpStream>);

impl Client {
    pub async fn connect(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufStream::new(stream)))
    }

    /// Status and body of an answer, which must say how long it is.
    pub async fn send(&mut self, method: &str, path: &str, key: &str, body: &str) -> std::io::Result<(u16, Vec<u8>)> {
        let credential = match key {
            "" => String::new(),
            key => format!("authorization: Bearer {key}\r\n"),
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\n{credential}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.write_all(head.as_bytes()).await?;
        self.0.flush().await?;
        let (mut status, mut length, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            if self.0.read_line(&mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let text = line.trim_end().to_ascii_lowercase();
            if text.is_empty() {
                break;
            }
            if let Some(rest) = text.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(rest) = text.strip_prefix("content-length: ") {
                length = rest.parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).await?;
        Ok((status, answer))
    }

    /// The payload of a mutation, which must have been done.
    pub async fn mutate(&mut self, key: &str, document: &str, input: &Value) -> Value {
        let body = json!({ "query": document, "variables": { "input": input } }).to_string();
        let (_, answer) = self.send("POST", "/graphql", key, &body).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let payload = answer["data"].as_object().and_then(|data| data.values().next());
        let payload = payload.unwrap_or_else(|| panic!("{answer:#}"));
        assert_eq!(payload["userErrors"], json!([]), "{answer:#}");
        payload.clone()
    }
}
