//! The command line: one file a command.
//!
//! Exit status: 0 done, 1 failed, 2 wrong usage. What a command gives is on standard output, the log on standard error.

mod audit;
mod backup;
mod documents;
mod export;
mod import;
mod key;
mod migrate;
mod restore;
mod schema;
mod serve;

use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::app::StartError;
use crate::config::{Config, LogFormat, load_env_file};
use crate::telemetry;

const EXAMPLES: &str = "\
Examples:
  nam-needs                                   serve on 127.0.0.1:8000, with a database file in this directory
  nam-needs --bind 0.0.0.0:80 serve           serve on all interfaces
  DATABASE_URL=postgres://app@db/needs nam-needs
  nam-needs key create --name 'Ministry of Health' --role FOCAL_POINT --country BGD
  nam-needs migrate status
  nam-needs schema > schema.graphql
  nam-needs documents check manifests/
  nam-needs import --mapping plans.mapping.toml --dry-run plans.csv
  nam-needs export --hxl > requests.csv
  nam-needs audit verify
  nam-needs backup /backups/needs-2026-11-25.sqlite

Every setting is a flag, an environment variable or a line of the file .env in this directory.
Exit status: 0 done, 1 failed, 2 wrong usage.";

/// Who needs what in the Non-Aligned Movement: a GraphQL API server.
#[derive(Parser, Debug)]
#[command(name = "nam-needs", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Answer requests; this is what happens without a command
    Serve,
    /// Bring the database's tables forward or back
    Migrate(migrate::Migrate),
    /// Print the schema
    Schema,
    /// Check the documents that clients may name by id
    Documents(documents::Documents),
    /// Mint, list and revoke API keys
    Key(key::Key),
    /// Read requests from a CSV file
    Import(import::Import),
    /// Write requests as CSV
    Export(export::Export),
    /// Prove that nobody altered the ledger of changes, or write it out
    Audit(audit::Audit),
    /// Copy the SQLite database into a file, while servers use it
    Backup(backup::Backup),
    /// Make the SQLite database anew from such a file
    Restore(restore::Restore),
}

/// Runs the program.
pub fn run() -> ExitCode {
    if let Err(text) = load_env_file::<Cli>(Path::new(".env")) {
        return wrong(&text);
    }
    // Help and version are no errors, and clap knows where to print what and with which status.
    let cli = Cli::try_parse().unwrap_or_else(|error| error.exit());
    if let Err(text) = cli.config.check() {
        return wrong(&text);
    }
    let json = cli.config.log_format == LogFormat::Json;
    if let Err(text) = telemetry::init(&cli.config.log, json) {
        return wrong(&text);
    }
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(StartError::Setting(text)) => wrong(&text),
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn wrong(text: &str) -> ExitCode {
    let error = Cli::command().error(clap::error::ErrorKind::ValueValidation, text);
    // Nothing can be done any more where even this can't be printed.
    let _ = error.print();
    ExitCode::from(2)
}

fn execute(cli: Cli) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Cli { command, config } = cli;
    runtime.block_on(async {
        match command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(&config).await,
            Command::Migrate(migrate) => migrate.run(&config).await,
            Command::Schema => schema::run(),
            Command::Documents(documents) => documents.run(&config),
            Command::Key(key) => key.run(&config).await,
            Command::Import(import) => import.run(&config).await,
            Command::Export(export) => export.run(&config).await,
            Command::Audit(audit) => audit.run(&config).await,
            Command::Backup(backup) => backup.run(&config).await,
            Command::Restore(restore) => restore.run(&config).await,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_stand_before_or_after_the_command() {
        for arguments in [
            ["nam-needs", "--pool-size=3", "migrate", "status"],
            ["nam-needs", "migrate", "status", "--pool-size=3"],
        ] {
            assert_eq!(Cli::try_parse_from(arguments).unwrap().config.pool_size, 3);
        }
        assert!(Cli::try_parse_from(["nam-needs"]).unwrap().command.is_none());
    }

    #[test]
    fn a_role_that_is_none_is_wrong_usage() {
        let parsed = Cli::try_parse_from(["nam-needs", "key", "create", "--name=x", "--role=EMPEROR"]);
        let error = parsed.unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("FOCAL_POINT"), "{error}");
    }
}
