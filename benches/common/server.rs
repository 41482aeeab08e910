//! The server in a process of its own, and a client that costs little: one connection, one request after the other.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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

/// A client of one connection. It takes little of the processors that it shares with whom it asks.
pub struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub async fn connect(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let read = Vec::new();
        Ok(Self { stream, read })
    }

    /// Status and body of an answer, which must say how long it is.
    pub async fn send(&mut self, method: &str, path: &str, key: &str, body: &str) -> std::io::Result<(u16, Vec<u8>)> {
        let credential = match key {
            "" => String::new(),
            key => format!("authorization: Bearer {key}\r\n"),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\n{credential}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.read.clear();
        let (status, begin, end) = loop {
            self.more().await?;
            if let Some(head) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let (status, length) = told(&self.read[..head]);
                break (status, head + 4, head + 4 + length);
            }
        };
        while self.read.len() < end {
            self.more().await?;
        }
        Ok((status, self.read[begin..end].to_vec()))
    }

    async fn more(&mut self) -> std::io::Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
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

/// The status that a head tells, and the length of what follows it.
fn told(head: &[u8]) -> (u16, usize) {
    const LENGTH: &str = "content-length:";
    let text = std::str::from_utf8(head).unwrap();
    let (mut status, mut length) = (0, 0);
    for line in text.split("\r\n") {
        if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
            status = rest[..3].parse().unwrap();
        } else if line
            .get(..LENGTH.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(LENGTH))
        {
            length = line[LENGTH.len()..].trim().parse().unwrap();
        }
    }
    (status, length)
}
