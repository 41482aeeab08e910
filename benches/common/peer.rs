//! Servers to compare with over the same database: those of others (`benches/peers`), which must have been installed there by
//! `npm ci` or built by `cargo build --release` in a folder of their own, and one of handwritten SQL.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The server of handwritten SQL, which is this program itself (`benches/reads/flat.rs`).
pub const FLAT: &str = "flat";

pub struct Peer {
    child: Child,
    pub kind: String,
    pub address: String,
}

impl Peer {
    pub fn start(kind: &str, database_url: &str, pool_size: u32) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers");
        let mut command = match kind {
            FLAT => {
                let mut flat = Command::new(std::env::current_exe().unwrap());
                flat.arg(FLAT);
                flat
            }
            "seaography" => Command::new(format!("{folder}/seaography/target/release/nam-needs-seaography")),
            _ => {
                let mut node = Command::new("node");
                node.current_dir(folder).args(["peers.mjs", kind]);
                node
            }
        };
        let how = "(cd benches/peers && npm ci; cd seaography && cargo build --release)";
        let mut child = command
            .arg(database_url)
            .env("POOL", pool_size.to_string())
            .env("NODE_ENV", "production")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{kind} does not start, {error}: {how}"));
        let mut address = String::new();
        let told = child.stdout.take().unwrap();
        tokio::task::block_in_place(|| BufReader::new(told).read_line(&mut address)).unwrap();
        assert!(!address.is_empty(), "{kind} does not start: {how}");
        Self {
            child,
            kind: kind.to_owned(),
            address: address.trim_end().to_owned(),
        }
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
