//! The program `nam-needs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    nam_needs::cli::run()
}
