//! The log: on standard error, for people or for programs.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// What others say at each start, and nobody reads; the operator's filter comes after it and can ask for it.
const QUIET: &str = "actix_server=warn,sea_orm_migration=warn,sqlx::postgres::notice=error";

/// Begins to log. `filter` is an `EnvFilter`; `json` writes one object a line.
///
/// # Errors
/// A text where the filter is none, or something logs already.
pub fn init(filter: &str, json: bool) -> Result<(), String> {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}")).map_err(|error| error.to_string())?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let begun = if json { log.json().try_init() } else { log.try_init() };
    begun.map_err(|error| error.to_string())?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload_as_str().unwrap_or("no text");
        tracing::error!(place, text, "panic");
    }));
    Ok(())
}
