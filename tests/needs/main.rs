//! Needs and what is given towards them, as clients read them: totals, groups, their order, days and past moments; each
//! on SQLite and on PostgreSQL, and compared with what the rows add up to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod analysis;
#[path = "../common/mod.rs"]
mod common;
mod fulfilment;
mod funding;
#[path = "../invariants/mod.rs"]
mod invariants;
mod lookup;
mod search;
mod steps;
#[allow(dead_code)]
#[path = "../api/support.rs"]
mod support;
mod timeline;
mod world;
