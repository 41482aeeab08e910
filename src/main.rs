//! The program `nam-needs`.

use std::process::ExitCode;

/// A request makes and drops some thousands of small values on threads that hand them to each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    nam_needs::cli::run()
}
