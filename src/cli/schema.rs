//! `nam-needs schema`

use std::io::Write;

use crate::app::StartError;
use crate::graphql;

pub(super) fn run() -> Result<(), StartError> {
    std::io::stdout().write_all(graphql::sdl().as_bytes())?;
    Ok(())
}
