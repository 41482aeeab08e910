//! `nam-needs import`

use std::path::PathBuf;

use clap::Args;

use crate::app::{StartError, open};
use crate::config::Config;
use crate::domain::import::ImportOptions;
use crate::interchange::command;
use crate::interchange::field::Field;
use crate::store::Clock;

#[derive(Args, Debug)]
#[command(after_help = "\
Each line is told that was not loaded, with its column and the reason; the exit status is 1 where one was refused.
Lines are known again by source and external id: the same file twice changes nothing.

Examples:
  nam-needs import --dry-run requests.csv
  nam-needs import --fill source=MINISTRY --fill priority=HIGH --submit requests.csv
  nam-needs import --mapping plans.mapping.toml --verified plans.csv
  nam-needs export | ssh there nam-needs import -")]
pub(super) struct Import {
    /// The file, CSV or HXL-tagged CSV, in UTF-8; - for standard input
    file: PathBuf,
    /// TOML file that says which column is what [default: columns are named or tagged as the export's]
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// What is said of a field where the file says nothing; {column} stands for what a column says
    #[arg(long, value_name = "FIELD=TEXT", value_parser = command::fill)]
    fill: Vec<(Field, String)>,
    /// Hand the requests in
    #[arg(long, conflicts_with = "verified")]
    submit: bool,
    /// Land the requests VERIFIED: the operator vouches for the source
    #[arg(long)]
    verified: bool,
    /// Report what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Report every line, as JSON
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(super) async fn run(self, config: &Config) -> Result<(), StartError> {
        let import = command::Import {
            file: self.file,
            mapping: self.mapping,
            fill: self.fill,
            options: ImportOptions {
                submit: self.submit,
                verified: self.verified,
                dry_run: self.dry_run,
            },
            json: self.json,
        };
        let store = open(config, Clock::System).await?;
        let imported = command::import(&store, &import, &mut std::io::stdout(), &mut std::io::stderr()).await;
        store.close().await;
        if imported?.is_complete() {
            return Ok(());
        }
        Err(StartError::Refused("some lines were not loaded: see the report".into()))
    }
}
