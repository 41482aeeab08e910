//! `nam-needs migrate`

use std::io::Write;

use clap::{Args, Subcommand};
use migration::{Direction, State};

use crate::app::{StartError, existing, target};
use crate::config::Config;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  nam-needs migrate up        apply every step that the database does not have
  nam-needs migrate down      take the last step back, and its data with it
  nam-needs migrate down 3    take the last three back
  nam-needs migrate status

A run is one transaction under a lock: it happens whole or not at all, and once however many run it. Serving migrates
by itself. Steps called later were applied by a later version: that one alone takes them back.")]
pub(super) struct Migrate {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Apply every step that the database does not have
    Up,
    /// Take steps back, the last first, and their data with them
    Down {
        /// How many
        #[arg(default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// List the steps and whether the database has them
    Status,
}

impl Migrate {
    pub(super) async fn run(self, config: &Config) -> Result<(), StartError> {
        let target = target(config);
        let mut out = Vec::new();
        match self.command {
            Command::Up => {
                let ran = target.run(Direction::Up).await?;
                for step in ran.steps {
                    writeln!(out, "applied {step}")?;
                }
                for step in ran.later {
                    writeln!(out, "later {step}")?;
                }
            }
            Command::Down { steps } => {
                existing(config)?;
                for step in target.run(Direction::Down(steps)).await?.steps.iter().rev() {
                    writeln!(out, "took back {step}")?;
                }
            }
            Command::Status => {
                existing(config)?;
                for step in target.status().await? {
                    let state = match step.state {
                        State::Applied => "applied",
                        State::Pending => "pending",
                        State::Later => "later",
                    };
                    writeln!(out, "{state} {}", step.name)?;
                }
            }
        }
        std::io::stdout().write_all(&out)?;
        Ok(())
    }
}
