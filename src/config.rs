//! Every setting: its flag, its environment variable, its default and its help, in one place.
//!
//! Law of the room: named by `cli` and `app` only.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, CommandFactory, ValueEnum};
use secrecy::{ExposeSecret, SecretString};

use crate::domain::limits::{Limits, LiveLimits, RateLimits};
use crate::domain::network::Networks;

mod bounds;

pub use self::bounds::Bounds;

/// The database where none is named: a file in the working directory.
const DEFAULT_DATABASE: &str = "sqlite://nam-needs.sqlite?mode=rwc";
/// What would be ours if it were a setting: a mistaken name must not pass in silence.
const PREFIX: &str = "NAM_NEEDS_";

/// The settings. Each is a flag, an environment variable and a line of `.env`; the first of them that is there counts.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Settings")]
pub struct Config {
    /// Database: sqlite://FILE or postgres://USER:PASSWORD@HOST/DATABASE [default: sqlite://nam-needs.sqlite?mode=rwc]
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "URL",
        hide_env_values = true,
        global = true
    )]
    pub database_url: Option<SecretString>,

    /// The same database with the role that owns its tables, for migrations [default: DATABASE_URL]
    #[arg(
        long,
        env = "MIGRATE_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true,
        global = true
    )]
    pub migrate_database_url: Option<SecretString>,

    /// Address and port to listen on; 0.0.0.0:8000 for all interfaces
    #[arg(
        long,
        env = "BIND",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8000",
        global = true
    )]
    pub bind: SocketAddr,

    /// Whether what is public is answered without a credential
    #[arg(long, env = "ANONYMOUS_READ", value_name = "BOOL", default_value = "true", action = ArgAction::Set, value_parser = BoolishValueParser::new(), global = true)]
    pub anonymous_read: bool,

    /// The first ADMIN key, nam_ and 32 to 128 of A-Z a-z 0-9 _ -; used only where no key exists [default: a fresh one, printed once]
    #[arg(long, env = "ADMIN_KEY", value_name = "KEY", hide_env_values = true, global = true)]
    pub admin_key: Option<SecretString>,

    /// Whether the bundled real figures are loaded, once [default: true where DATABASE_URL is not given, else false]
    #[arg(long, env = "REAL_FIGURES", value_name = "BOOL", action = ArgAction::Set, value_parser = BoolishValueParser::new(), global = true)]
    pub real_figures: Option<bool>,

    /// Whether example contributions are loaded, once [default: true where DATABASE_URL is not given, else false]
    #[arg(long, env = "EXAMPLES", value_name = "BOOL", action = ArgAction::Set, value_parser = BoolishValueParser::new(), global = true)]
    pub examples: Option<bool>,

    /// URL of an OpenID Connect issuer whose tokens are taken beside API keys
    #[arg(long, env = "JWT_ISSUER", value_name = "URL", global = true)]
    pub jwt_issuer: Option<String>,

    /// What its tokens must be for, one of A,B
    #[arg(
        long,
        env = "JWT_AUDIENCE",
        value_name = "AUDIENCES",
        value_delimiter = ',',
        global = true
    )]
    pub jwt_audience: Vec<String>,

    /// File or URL of its keys, a JSON Web Key Set [default: the issuer itself says where they are]
    #[arg(long, env = "JWT_JWKS", value_name = "FILE|URL", global = true)]
    pub jwt_jwks: Option<String>,

    /// Claim that names the roles: its name, or its way through objects, like realm_access.roles
    #[arg(
        long,
        env = "JWT_ROLES_CLAIM",
        value_name = "CLAIM",
        default_value = "roles",
        global = true
    )]
    pub jwt_roles_claim: String,

    /// What the issuer's names of roles mean, nam-admin=ADMIN,nam-desk=COORDINATOR [default: ours mean themselves]
    #[arg(
        long,
        env = "JWT_ROLES",
        value_name = "NAME=ROLE",
        value_delimiter = ',',
        global = true
    )]
    pub jwt_roles: Vec<String>,

    /// Claim that names the country of a FOCAL_POINT, by any of its codes
    #[arg(
        long,
        env = "JWT_COUNTRY_CLAIM",
        value_name = "CLAIM",
        default_value = "country",
        global = true
    )]
    pub jwt_country_claim: String,

    /// Claim that names the organization of a RESPONDER, by code
    #[arg(
        long,
        env = "JWT_ORGANIZATION_CLAIM",
        value_name = "CLAIM",
        default_value = "organization",
        global = true
    )]
    pub jwt_organization_claim: String,

    /// Claim that says what people call the holder
    #[arg(
        long,
        env = "JWT_NAME_CLAIM",
        value_name = "CLAIM",
        default_value = "name",
        global = true
    )]
    pub jwt_name_claim: String,

    /// Seconds by which the issuer's clock and ours may differ
    #[arg(long, env = "JWT_LEEWAY_SECONDS", value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=300), global = true)]
    pub jwt_leeway_seconds: u32,

    /// Seconds after which the issuer's keys are fetched anew; one that it no longer tells is good until then
    #[arg(long, env = "JWT_REFRESH_SECONDS", value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=86_400), global = true)]
    pub jwt_refresh_seconds: u32,

    /// Days after which a verified request that its country did not confirm is stale
    #[arg(long, env = "CONFIRM_EVERY_DAYS", value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=36_500), global = true)]
    pub confirm_every_days: u32,

    /// What is logged: error, warn, info, debug, trace, or a filter like info,nam_needs=debug
    #[arg(long, env = "LOG", value_name = "FILTER", default_value = "info", global = true)]
    pub log: String,

    /// How it is logged, on standard error
    #[arg(
        long,
        env = "LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text",
        global = true
    )]
    pub log_format: LogFormat,

    /// Time from which on an SQL statement is logged as slow, in milliseconds
    #[arg(long, env = "SLOW_QUERY_MS", value_name = "MS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(0..=600_000), global = true)]
    pub slow_query_ms: u64,

    /// Time from which on an operation is logged as slow, in milliseconds
    #[arg(long, env = "SLOW_OPERATION_MS", value_name = "MS", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(0..=600_000), global = true)]
    pub slow_operation_ms: u64,

    /// What /metrics is told for, as Authorization: Bearer TOKEN [default: it is told to everybody]
    #[arg(
        long,
        env = "METRICS_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true,
        global = true
    )]
    pub metrics_token: Option<SecretString>,

    /// Web origins whose pages may call the server, https://example.org,https://example.com; * for all
    #[arg(long, env = "ALLOWED_ORIGINS", value_name = "ORIGINS", value_delimiter = ',', value_parser = origin, global = true)]
    pub allowed_origins: Vec<String>,

    /// Database connections that read; PostgreSQL gets as many again that write
    #[arg(long, env = "POOL_SIZE", value_name = "COUNT", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000), global = true)]
    pub pool_size: u32,

    /// Time of one request, in milliseconds
    #[arg(long, env = "TIMEOUT_MS", value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(10..=600_000), global = true)]
    pub timeout_ms: u64,

    /// Time for which a server that is told to stop still takes connections while /readyz says 503, in milliseconds
    #[arg(long, env = "DRAIN_MS", value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=600_000), global = true)]
    pub drain_ms: u64,

    /// Operations under way at once; one more is told to come again
    #[arg(long, env = "MAX_OPERATIONS", value_name = "COUNT", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000), global = true)]
    pub max_operations: u32,

    /// Whether the schema can be read by introspection; /schema.graphql is served either way
    #[arg(long, env = "INTROSPECTION", value_name = "BOOL", default_value = "true", action = ArgAction::Set, value_parser = BoolishValueParser::new(), global = true)]
    pub introspection: bool,

    /// Documents that clients may name by id: a manifest of theirs, or a folder with one for each client
    #[arg(long, env = "TRUSTED_DOCUMENTS", value_name = "FILE|FOLDER", global = true)]
    pub trusted_documents: Option<PathBuf>,

    /// Whether nothing but those is executed
    #[arg(long, env = "TRUSTED_ONLY", value_name = "BOOL", default_value = "false", action = ArgAction::Set, value_parser = BoolishValueParser::new(), global = true)]
    pub trusted_only: bool,

    /// Bytes for documents that clients register by sending them once, to name them by hash from then on; 0 for none
    #[arg(long, env = "PERSISTED_QUERIES_BYTES", value_name = "BYTES", default_value_t = 16 * 1024 * 1024, value_parser = clap::value_parser!(u32).range(0..=1_073_741_824), global = true)]
    pub persisted_queries_bytes: u32,

    /// Cost of an operation without a credential
    #[arg(long, env = "MAX_COST_ANONYMOUS", value_name = "COST", default_value_t = Limits::default().anonymous_cost, global = true)]
    pub max_cost_anonymous: u64,

    /// Cost of an operation with a credential
    #[arg(long, env = "MAX_COST_SIGNED_IN", value_name = "COST", default_value_t = Limits::default().signed_in_cost, global = true)]
    pub max_cost_signed_in: u64,

    /// Levels of fields in a document
    #[arg(long, env = "MAX_DEPTH", value_name = "LEVELS", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=64), global = true)]
    pub max_depth: u16,

    /// Lexical tokens in a document
    #[arg(long, env = "MAX_TOKENS", value_name = "COUNT", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=100_000), global = true)]
    pub max_tokens: u32,

    /// Bytes of a request's body; who may import may send eight times as many in an import
    #[arg(long, env = "MAX_BODY_BYTES", value_name = "BYTES", default_value_t = 256 * 1024, value_parser = clap::value_parser!(u32).range(1_024..=67_108_864), global = true)]
    pub max_body_bytes: u32,

    /// Further limits of one request.
    #[command(flatten)]
    pub bounds: Bounds,

    /// Points of cost that come back each second to an address without a credential; 0 counts nothing
    #[arg(long, env = "RATE_ANONYMOUS", value_name = "POINTS", default_value_t = RateLimits::default().anonymous, value_parser = clap::value_parser!(u32).range(0..=1_000_000), global = true)]
    pub rate_anonymous: u32,

    /// Points of cost that come back each second to a principal, of whatever address; 0 counts nothing
    #[arg(long, env = "RATE_SIGNED_IN", value_name = "POINTS", default_value_t = RateLimits::default().signed_in, value_parser = clap::value_parser!(u32).range(0..=1_000_000), global = true)]
    pub rate_signed_in: u32,

    /// Seconds whose points may be spent at once
    #[arg(long, env = "RATE_BURST_SECONDS", value_name = "SECONDS", default_value_t = RateLimits::default().burst_seconds, value_parser = clap::value_parser!(u32).range(1..=3_600), global = true)]
    pub rate_burst_seconds: u32,

    /// MiB of answers that are kept to be given again while nothing that could touch them has changed; 0 for none
    #[arg(long, env = "ANSWER_CACHE_MIB", value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(0..=65_536), global = true)]
    pub answer_cache_mib: u32,

    /// Addresses and blocks whose requests no rate counts, 10.0.0.0/8,::1; empty for none
    #[arg(
        long,
        env = "RATE_EXEMPT",
        value_name = "NETWORKS",
        default_value = "127.0.0.0/8,::1",
        global = true
    )]
    pub rate_exempt: Networks,

    /// Addresses and blocks of the proxies whose Forwarded and X-Forwarded-For tell the client's address
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        value_name = "NETWORKS",
        default_value = "",
        hide_default_value = true,
        global = true
    )]
    pub trusted_proxies: Networks,

    /// Connections for subscriptions, in all
    #[arg(long, env = "MAX_LIVE_CONNECTIONS", value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000), global = true)]
    pub max_live_connections: u32,

    /// Connections for subscriptions of one credential
    #[arg(long, env = "MAX_LIVE_PER_KEY", value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=1_000_000), global = true)]
    pub max_live_per_key: u32,

    /// Connections for subscriptions without a credential from one address
    #[arg(long, env = "MAX_LIVE_PER_ADDRESS", value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=1_000_000), global = true)]
    pub max_live_per_address: u32,

    /// Time in which a WebSocket has to send connection_init, in milliseconds
    #[arg(long, env = "LIVE_INIT_MS", value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(10..=600_000), global = true)]
    pub live_init_ms: u64,

    /// Time between two pings or keep-alive comments; a WebSocket that answers nothing in twice that is ended
    #[arg(long, env = "LIVE_PING_MS", value_name = "MS", default_value_t = 15_000, value_parser = clap::value_parser!(u64).range(10..=600_000), global = true)]
    pub live_ping_ms: u64,

    /// Time between two looks at whether the credential of a subscription is still good, in milliseconds
    #[arg(long, env = "LIVE_RECHECK_MS", value_name = "MS", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(10..=600_000), global = true)]
    pub live_recheck_ms: u64,

    /// Time in which a subscriber has to read a message, in milliseconds
    #[arg(long, env = "LIVE_STALL_MS", value_name = "MS", default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(10..=600_000), global = true)]
    pub live_stall_ms: u64,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// The URL of the database as the server uses it.
    pub fn database_url(&self) -> &str {
        self.database_url
            .as_ref()
            .map_or(DEFAULT_DATABASE, |url| url.expose_secret())
    }

    /// The URL of the database for migrations.
    pub fn migrate_database_url(&self) -> &str {
        self.migrate_database_url
            .as_ref()
            .map_or_else(|| self.database_url(), |url| url.expose_secret())
    }

    /// Whether the bundled figures are loaded.
    pub fn real_figures(&self) -> bool {
        self.real_figures.unwrap_or(self.database_url.is_none())
    }

    /// Whether example contributions are loaded.
    pub fn examples(&self) -> bool {
        self.examples.unwrap_or(self.database_url.is_none())
    }

    /// The limits of one request.
    pub fn limits(&self) -> Limits {
        let bytes = usize::try_from(self.max_body_bytes).unwrap_or(usize::MAX);
        self.bounds.upon(Limits {
            body_bytes: bytes,
            import_body_bytes: bytes.saturating_mul(8),
            tokens: usize::try_from(self.max_tokens).unwrap_or(usize::MAX),
            depth: usize::from(self.max_depth),
            anonymous_cost: self.max_cost_anonymous,
            signed_in_cost: self.max_cost_signed_in,
            time_ms: self.timeout_ms,
            ..Limits::default()
        })
    }

    /// How much each client may ask for in a time.
    pub const fn rate_limits(&self) -> RateLimits {
        RateLimits {
            anonymous: self.rate_anonymous,
            signed_in: self.rate_signed_in,
            burst_seconds: self.rate_burst_seconds,
        }
    }

    /// The limits of connections that stay open.
    pub fn live_limits(&self) -> LiveLimits {
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        LiveLimits {
            connections: count(self.max_live_connections),
            per_key: count(self.max_live_per_key),
            per_address: count(self.max_live_per_address),
            init_ms: self.live_init_ms,
            ping_ms: self.live_ping_ms,
            recheck_ms: self.live_recheck_ms,
            stall_ms: self.live_stall_ms,
            ..LiveLimits::default()
        }
    }

    /// What no value by itself shows to be wrong.
    ///
    /// # Errors
    /// A text that names the setting.
    pub fn check(&self) -> Result<(), String> {
        if let Some(key) = &self.admin_key
            && !crate::domain::api_key::is_secret(key.expose_secret())
        {
            return Err("ADMIN_KEY must be nam_ followed by 32 to 128 of A-Z a-z 0-9 _ -".into());
        }
        for (name, url) in [
            ("DATABASE_URL", self.database_url()),
            ("MIGRATE_DATABASE_URL", self.migrate_database_url()),
        ] {
            let known = ["sqlite:", "postgres:", "postgresql:"];
            if !known.iter().any(|scheme| url.starts_with(scheme)) {
                return Err(format!("{name} must begin with sqlite: or postgres:"));
            }
        }
        if self
            .metrics_token
            .as_ref()
            .is_some_and(|token| token.expose_secret().trim().is_empty())
        {
            return Err("METRICS_TOKEN must not be empty: leave it out, and /metrics is told to everybody".into());
        }
        if self.trusted_only && self.trusted_documents.is_none() {
            return Err("TRUSTED_ONLY needs TRUSTED_DOCUMENTS: nothing would be executed".into());
        }
        Ok(())
    }
}

/// A web origin as browsers send it.
fn origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#', ' ', '*']));
    if host || text == "*" {
        return Ok(text.to_ascii_lowercase());
    }
    Err("an origin is a scheme, a host and perhaps a port, like https://example.org".into())
}

/// Puts the lines of `.env` into the environment, where it doesn't have them already. Only for the start of the
/// program, before there are threads.
///
/// # Errors
/// A text that names the line or the setting that is wrong.
pub fn load_env_file<C: CommandFactory>(path: &Path) -> Result<(), String> {
    if path.is_file() {
        // The error's own text would repeat the line, and with it perhaps a secret.
        let unreadable = |error: dotenvy::Error| match error {
            dotenvy::Error::LineParse(_, at) => format!(
                "{} has a line that is no NAME=VALUE, at its character {at}",
                path.display()
            ),
            other => format!("{} can't be read: {other}", path.display()),
        };
        for line in dotenvy::from_path_iter(path).map_err(unreadable)? {
            let (name, _) = line.map_err(unreadable)?;
            if !is_setting::<C>(&name) {
                return Err(unknown::<C>(&format!("{name} in {}", path.display())));
            }
        }
        dotenvy::from_path(path).map_err(unreadable)?;
    }
    let stray = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .find(|name| name.starts_with(PREFIX));
    stray.map_or(Ok(()), |name| Err(unknown::<C>(&name)))
}

fn settings<C: CommandFactory>() -> Vec<String> {
    let command = C::command();
    let names = command
        .get_arguments()
        .filter_map(|argument| argument.get_env()?.to_str());
    names.map(str::to_owned).collect()
}

fn is_setting<C: CommandFactory>(name: &str) -> bool {
    settings::<C>().iter().any(|setting| setting == name)
}

fn unknown<C: CommandFactory>(name: &str) -> String {
    format!("{name} is no setting; these are: {}", settings::<C>().join(", "))
}

#[cfg(test)]
mod tests;
