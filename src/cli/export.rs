//! `nam-needs export`

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::app::{StartError, open};
use crate::config::Config;
use crate::domain::actor::Actor;
use crate::interchange::command;
use crate::store::{Clock, Consistency};

#[derive(Args, Debug)]
#[command(after_help = "\
One line an item, the columns of its request repeated. Texts that a spreadsheet would take for a formula stand behind
an apostrophe, which import takes away again.

Examples:
  nam-needs export > public.csv
  nam-needs export --all --hxl --output everything.csv")]
pub(super) struct Export {
    /// Write everything, drafts and contacts too [default: what everybody may see]
    #[arg(long)]
    all: bool,
    /// Write HXL hashtags under the header
    #[arg(long)]
    hxl: bool,
    /// Where to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self, config: &Config) -> Result<(), StartError> {
        let store = open(config, Clock::System).await?;
        let actor = if self.all { Actor::system() } else { Actor::anonymous() };
        let out: Box<dyn Write + Send> = match &self.output {
            Some(path) => {
                let wrong =
                    |error| StartError::Setting(format!("--output: {} can't be written: {error}", path.display()));
                Box::new(std::fs::File::create(path).map_err(wrong)?)
            }
            None => Box::new(std::io::stdout()),
        };
        let reader = store.reader(Arc::new(actor), Consistency::Snapshot);
        // A pipe may wait for whoever reads it.
        reader.unhurried().await?;
        let exported = command::export(&reader, self.hxl, BufWriter::new(out), &mut std::io::stderr()).await;
        drop(reader);
        store.close().await;
        exported?;
        Ok(())
    }
}
