//! `nam-needs key`

use std::io::Write;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use entity::enums::Role;
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::app::{StartError, existing, open};
use crate::config::Config;
use crate::domain::actor::Actor;
use crate::domain::api_key::ApiKeyDraft;
use crate::store::api_key::{self, ApiKey};
use crate::store::{Clock, Consistency, Store};

const ROLES: [&str; 5] = ["ADMIN", "COORDINATOR", "FOCAL_POINT", "RESPONDER", "READER"];

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  nam-needs key create --name 'Head office' --role COORDINATOR
  nam-needs key create --name 'Ministry of Health' --role FOCAL_POINT --country BGD
  nam-needs key create --name 'Relief fund' --role RESPONDER --organization UNICEF --expires 2027-12-31T00:00:00Z
  nam-needs key list
  nam-needs key revoke 0193a6f2-1c3e-7c51-9d0e-3f5b6a7c8d9e")]
pub(super) struct Key {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Mint a key; its secret, told this once, is all that is printed
    Create {
        /// What it is for
        #[arg(long)]
        name: String,
        /// What it may do; several can be given
        #[arg(long = "role", required = true, value_name = "ROLE", value_parser = PossibleValuesParser::new(ROLES))]
        roles: Vec<String>,
        /// The country it speaks for, by code; a FOCAL_POINT needs one
        #[arg(long, value_name = "ISO3")]
        country: Option<String>,
        /// The organization it speaks for, by code; a RESPONDER needs one
        #[arg(long, value_name = "CODE")]
        organization: Option<String>,
        /// When it stops to work, like 2027-12-31T00:00:00Z
        #[arg(long, value_name = "RFC3339", value_parser = moment)]
        expires: Option<DateTime<Utc>>,
    },
    /// List the keys, one a line: id, first characters, state, roles, whom it speaks for, last use, name
    List,
    /// Revoke a key at once
    Revoke {
        /// Its id, as `list` shows it
        id: Uuid,
    },
}

fn moment(text: &str) -> Result<DateTime<Utc>, &'static str> {
    let moment = DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc());
    moment.map_err(|_| "a moment with its zone is expected, like 2027-12-31T00:00:00Z")
}

impl Key {
    pub(super) async fn run(self, config: &Config) -> Result<(), StartError> {
        if !matches!(self.command, Command::Create { .. }) {
            existing(config)?;
        }
        let store = open(config, Clock::System).await?;
        let outcome = self.run_on(&store).await;
        store.close().await;
        outcome
    }

    async fn run_on(self, store: &Store) -> Result<(), StartError> {
        let operator = Arc::new(Actor::system());
        let mut out = Vec::new();
        match self.command {
            Command::Create {
                name,
                roles,
                country,
                organization,
                expires,
            } => {
                let draft = ApiKeyDraft {
                    name,
                    roles: roles
                        .iter()
                        .filter_map(|role| api_key::role(role))
                        .collect::<Vec<Role>>(),
                    country,
                    organization,
                    expires_at: expires,
                };
                let (_, secret) = api_key::create(store, operator, draft).await?;
                // Without an idempotency key every key is a new one, whose secret is told.
                let secret = secret.as_ref().map_or("", ExposeSecret::expose_secret);
                writeln!(out, "{secret}")?;
            }
            Command::List => {
                let reader = store.reader(operator, Consistency::Statement);
                for key in api_key::list(&reader).await? {
                    writeln!(out, "{}", line(&key, store.now()))?;
                }
            }
            Command::Revoke { id } => {
                let key = api_key::revoke(store, operator, Some(id)).await?;
                writeln!(out, "{}", line(&key, store.now()))?;
            }
        }
        std::io::stdout().write_all(&out)?;
        Ok(())
    }
}

fn line(key: &ApiKey, now: DateTime<Utc>) -> String {
    let state = match (key.revoked_at, key.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(at)) if at <= now => "expired",
        _ => "active",
    };
    let speaks_for: Vec<&str> = [&key.country, &key.organization]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let or_dash = |text: String| if text.is_empty() { "-".into() } else { text };
    let used = key.last_used_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    [
        key.id.to_string(),
        key.prefix.clone(),
        state.into(),
        api_key::role_names(&key.roles).join(","),
        or_dash(speaks_for.join(",")),
        or_dash(used.unwrap_or_default()),
        // A name that has the characters which end a column or a line would make others.
        key.name.replace(char::is_control, "\u{fffd}"),
    ]
    .join("\t")
}
