//! `nam-needs documents`

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::app::{StartError, library};
use crate::config::Config;

#[derive(Args, Debug)]
pub(super) struct Documents {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// See whether this version of the schema can answer all of them, with the limits that are set; no database is asked
    #[command(after_help = "\
Exit status: 0 all of them, 1 some not: each is named, with what is wrong.")]
    Check {
        /// A manifest, or a folder with one for each client [default: TRUSTED_DOCUMENTS]
        #[arg(value_name = "FILE|FOLDER")]
        path: Option<PathBuf>,
    },
}

impl Documents {
    pub(super) fn run(self, config: &Config) -> Result<(), StartError> {
        let Command::Check { path } = self.command;
        let Some(path) = path.or_else(|| config.trusted_documents.clone()) else {
            return Err(StartError::Setting(
                "a file or folder, or TRUSTED_DOCUMENTS, must be given".into(),
            ));
        };
        let library = library(&path, config).map_err(StartError::Refused)?;
        let (documents, clients) = library.counts();
        let whose = match clients {
            0 => "for everybody".into(),
            1 => "of 1 client".into(),
            many => format!("of {many} clients"),
        };
        writeln!(std::io::stdout(), "{documents} documents {whose}: all can be answered")?;
        Ok(())
    }
}
