//! `nam-needs serve`

use std::io::Write;

use tokio::signal::unix::{SignalKind, signal};

use crate::app::{Application, StartError};
use crate::config::Config;
use crate::store::Clock;

/// Sent for a file that would grow beyond what the system allows (`ulimit -f`), on Linux and the BSDs.
const FILE_TOO_LARGE: i32 = 25;

pub(super) async fn run(config: &Config) -> Result<(), StartError> {
    // Caught, the write fails as it does on a full disk; left alone, the signal would end the server.
    let _caught = signal(SignalKind::from_raw(FILE_TOO_LARGE))?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut stop = async move || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let application = tokio::select! {
        built = Application::build(config, Clock::System) => built?,
        () = stop() => return Ok(()),
    };
    greet(&application, config)?;
    application.run_until(stop()).await
}

/// Tells where to look.
fn greet(application: &Application, config: &Config) -> Result<(), StartError> {
    let mut address = application.address();
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            std::net::SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "NAM Needs {} is ready", env!("CARGO_PKG_VERSION"))?;
    if !config.trusted_only {
        writeln!(out, "  explorer  http://{address}/graphql  (in a browser)")?;
    }
    writeln!(out, "  GraphQL   http://{address}/graphql")?;
    writeln!(out, "  schema    http://{address}/schema.graphql")?;
    out.flush()?;
    Ok(())
}
