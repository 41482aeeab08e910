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
    // The library takes for the name of a module what is no level, ` info` too, so that nothing would be logged, failures neither.
    let parts: Vec<&str> = filter.split(',').map(str::trim).collect();
    let is_right = |part: &&&str| {
        let level = part.rsplit_once('=').map_or(**part, |(_, level)| level).trim();
        !level.is_empty() && level.parse::<LevelFilter>().is_ok()
    };
    if let Some(part) = parts.iter().find(|part| !is_right(part)) {
        return Err(format!("LOG: {part:?} names no level; {RIGHT}"));
    }
    // Failures of modules that it does not name are told all the same, unless it says `off`.
    let parsed = format!("error,{QUIET},{}", parts.join(",")).parse();
    parsed.map_err(|error: ParseError| format!("LOG: {filter:?} is no filter of log lines ({error}); {RIGHT}"))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_filter_names_levels_that_there_are() {
        for (right, level) in [
            ("info", Level::INFO),
            (" info", Level::INFO),
            ("WARN", Level::WARN),
            ("info,sqlx=debug", Level::INFO),
            ("sqlx=warn, debug", Level::DEBUG),
            ("sqlx::query=off", Level::ERROR),
            ("nam_needs::store=trace, error", Level::ERROR),
        ] {
            let targets = targets(right).unwrap();
            let (here, elsewhere) = ("nam_needs::cli", "sqlx::postgres");
            assert!(targets.would_enable(here, &level), "{right}");
            assert!(targets.would_enable(here, &Level::ERROR), "{right}");
            assert!(
                level == Level::DEBUG || !targets.would_enable(here, &Level::DEBUG),
                "{right}"
            );
            assert_eq!(
                targets.would_enable(elsewhere, &Level::DEBUG),
                right.contains("sqlx=debug") || level == Level::DEBUG && !right.contains("sqlx="),
                "{right}"
            );
        }
        assert!(!targets("off").unwrap().would_enable("nam_needs::cli", &Level::ERROR));
        for wrong in [
            "",
            " ",
            "warning",
            "loud",
            "inof",
            "sqlx",
            "info,",
            "info,sqlx",
            "sqlx=",
            "info, =",
            "a=b=c",
            "sqlx=verbose",
            "error;info",
        ] {
            let told = targets(wrong).unwrap_err();
            assert!(told.starts_with("LOG: ") && told.ends_with(RIGHT), "{wrong}: {told}");
        }
    }
}
