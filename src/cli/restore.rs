//! `nam-needs restore`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::app::{StartError, store_rules};
use crate::config::Config;
use crate::store::backup;

#[derive(Args, Debug)]
#[command(after_help = "\
Writes the file that DATABASE_URL names, which must not be there: stop the servers, and move the old database away together
with its -wal and -shm. The copy is checked before it gets that name. Prints the ledger's last place and hash.
What was written after the copy was made is not in it: docs/operations.md, After a restore.")]
pub(super) struct Restore {
    /// What backup made
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Restore {
    pub(super) async fn run(self, config: &Config) -> Result<(), StartError> {
        let database = backup::file(config.database_url())?;
        let whole = backup::restore(&self.file, &database, store_rules(config)).await?;
        writeln!(std::io::stdout(), "{}:{}", whole.sequence, whole.hash)?;
        Ok(())
    }
}
