//! Requests and contributions under many hands at once: races, random walks, dropped connections; each on SQLite and
//! on PostgreSQL. `ROUNDS` says how many rounds (20 unless told), `SEED` repeats a walk that failed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    missing_docs
)]

#[path = "../common/mod.rs"]
mod common;
mod conflict;
mod dropped;
mod feed;
#[path = "../invariants/mod.rs"]
mod invariants;
mod ledger;
mod mirror;
mod race;
mod random;
mod retried;
mod settled;
mod several;
#[allow(dead_code)]
#[path = "../api/support.rs"]
mod support;
mod totals;
mod unsure;
mod walk;
