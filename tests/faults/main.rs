//! What goes wrong around the server: instances that start at once, killed migrations, two versions side by side, copies
//! made while it serves, a database that is slow, full, busy or gone. In each: what was acknowledged is there, the rest is a
//! clear error, `/readyz` tells the truth, and recovery needs no hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod backup;
mod busy;
mod client;
#[path = "../common/mod.rs"]
mod common;
mod copies;
mod cut;
mod disk;
#[path = "../invariants/mod.rs"]
mod invariants;
mod migrating;
mod refused;
mod rolling;
