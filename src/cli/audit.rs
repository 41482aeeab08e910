//! `nam-needs audit`

use std::io::{BufWriter, Write};

use clap::{Args, Subcommand};

use crate::app::{StartError, connect, existing};
use crate::config::Config;
use crate::error::Error;
use crate::store::{Clock, Store, change};

#[derive(Args, Debug)]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Walk the chain of changes; name the first link that is not what was written
    #[command(after_help = "\
Prints the last place and its hash as SEQUENCE:HASH. Keep it where the database's administrators can't reach it: given
as --head later, it proves that nothing up to it was altered and that the end was not cut off.
Exit status: 0 whole, 1 broken.")]
    Verify {
        /// A place and its hash that an earlier run printed
        #[arg(long, value_name = "SEQUENCE:HASH", value_parser = head)]
        head: Option<(i64, String)>,
    },
    /// Write every change with its link as one JSON object a line
    Export,
}

/// `12:0f3a…`
fn head(text: &str) -> Result<(i64, String), String> {
    let parse = || {
        let (sequence, hash) = text.split_once(':')?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some((
            sequence.parse().ok().filter(|place| *place > 0)?,
            is_hash.then(|| hash.to_owned())?,
        ))
    };
    parse().ok_or_else(|| "must be a place and its hash of 64 hexadecimal digits: 12:0f3a…".into())
}

impl Audit {
    /// Nothing is migrated or written: what is wrong must not be covered by more.
    pub(super) async fn run(self, config: &Config) -> Result<(), StartError> {
        existing(config)?;
        let store = connect(config, Clock::System).await?;
        let done = match self.command {
            Command::Verify { head } => verify(&store, head.as_ref()).await,
            Command::Export => export(&store).await,
        };
        store.close().await;
        done
    }
}

async fn verify(store: &Store, head: Option<&(i64, String)>) -> Result<(), StartError> {
    let head = head.map(|(sequence, hash)| (*sequence, hash.as_str()));
    match change::verify(store, head).await? {
        Ok(whole) => {
            writeln!(std::io::stdout(), "{}:{}", whole.sequence, whole.hash)?;
            Ok(())
        }
        Err(broken) => {
            let message = format!("the ledger is broken at change {}: {}", broken.sequence, broken.why);
            Err(StartError::Refused(message))
        }
    }
}

async fn export(store: &Store) -> Result<(), StartError> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let write = |line: &serde_json::Value| {
        writeln!(out, "{line}").map_err(|error| Error::internal(format!("standard output: {error}")))
    };
    change::export(store, write).await?;
    out.flush()?;
    Ok(())
}
