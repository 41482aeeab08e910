//! `nam-needs backup`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::app::{StartError, connect};
use crate::config::Config;
use crate::store::{Clock, backup};

#[derive(Args, Debug)]
#[command(after_help = "\
Everything that was acknowledged before it began is in it. The copy is checked before it gets its name: each page, each reference
from row to row, each link of the ledger. Prints the ledger's last place and hash as SEQUENCE:HASH, as audit verify does.
An existing file is never overwritten. PostgreSQL has tools of its own: docs/operations.md, Backup and restore.")]
pub(super) struct Backup {
    /// The copy, a file that is not there yet; best on another disk
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Backup {
    /// Nothing is migrated or written: the copy is of what is there.
    pub(super) async fn run(self, config: &Config) -> Result<(), StartError> {
        // Connecting would make a database where the name is mistaken.
        let database = backup::existing(&backup::file(config.database_url())?)?;
        let store = connect(config, Clock::System).await?;
        let copied = backup::backup(&store, &database, &self.file).await;
        store.close().await;
        let whole = copied?;
        writeln!(std::io::stdout(), "{}:{}", whole.sequence, whole.hash)?;
        Ok(())
    }
}
