//! The log: on standard error, for people or for programs.

use std::io::IsTerminal;

use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What others say at each start, and nobody reads; the operator's filter comes after it and can ask for it.
const QUIET: &str = "actix_server=warn,sea_orm_migration=warn,sqlx::postgres::notice=error";

/// Begins to log. `filter` is a level, or levels by target; `json` writes one object a line.
///
/// # Errors
/// A text where the filter is none, or something logs already.
pub fn init(filter: &str, json: bool) -> Result<(), String> {
    // Spans have no fields that one could filter by, and a filter of fields would be asked at each step of each request.
    let filter: Targets = format!("{QUIET},{filter}")
        .parse()
        .map_err(|error: ParseError| error.to_string())?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(filter);
    let begun = match json {
        true => registry.with(lines.json()).try_init(),
        false => registry.with(lines).try_init(),
    };
    begun.map_err(|error| error.to_string())?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload_as_str().unwrap_or("no text");
        tracing::error!(place, text, "panic");
    }));
    Ok(())
}
