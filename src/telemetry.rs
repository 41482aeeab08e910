//! The log: on standard error, for people or for programs.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What others say at each start, and nobody reads; the operator's filter comes after it and can ask for it.
const QUIET: &str = "actix_server=warn,sea_orm_migration=warn,sqlx::postgres::notice=error";

/// What a filter can be, for messages.
const RIGHT: &str = "a level is error, warn, info, debug, trace or off, for all or of a module: info,sqlx=warn";

/// Begins to log. `filter` is a level, or levels by target; `json` writes one object a line.
///
/// # Errors
/// A text where the filter is none, or something logs already.
pub fn init(filter: &str, json: bool) -> Result<(), String> {
    let filter = targets(filter)?;
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

/// Spans have no fields that one could filter by, and a filter of fields would be asked at each step of each request.
fn targets(filter: &str) -> Result<Targets, String> {
    // The library takes a word that is no level for a module, so that `warning` would silence everything, failures too.
    let is_level = |part: &&str| {
        let part = part.trim();
        // It takes nothing for a level, too.
        part.contains('=') || !part.is_empty() && part.parse::<LevelFilter>().is_ok()
    };
    if let Some(part) = filter.split(',').find(|part| !is_level(part)) {
        return Err(format!("LOG: {part:?} is no level; {RIGHT}"));
    }
    let parsed = format!("{QUIET},{filter}").parse();
    parsed.map_err(|error: ParseError| format!("LOG: {filter:?} is no filter of log lines ({error}); {RIGHT}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_levels_that_there_are() {
        for right in [
            "info",
            "off",
            "WARN",
            "info,sqlx=debug",
            "nam_needs::store=trace, error",
            "sqlx::query=off",
        ] {
            assert!(targets(right).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "warning",
            "loud",
            "inof",
            "sqlx",
            "info,",
            "info,sqlx",
            "a=b=c",
            "sqlx=verbose",
            "error;info",
        ] {
            let told = targets(wrong).unwrap_err();
            assert!(told.starts_with("LOG: ") && told.ends_with(RIGHT), "{wrong}: {told}");
        }
    }
}
