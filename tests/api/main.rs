//! The API as clients meet it: the real server over real HTTP, each test on SQLite and on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod api_key;
mod bad_input;
mod bounds;
mod breadth;
#[path = "../common/mod.rs"]
mod common;
mod contribution;
mod documents;
mod editing;
mod errors;
mod examples;
mod figures;
mod gathered;
mod http;
mod idempotency;
mod left;
mod lifecycle;
mod live;
mod metrics;
mod order;
mod own;
mod rate;
mod reach;
mod reading;
mod reference_read;
mod reference_sync;
mod reference_write;
mod remembered;
mod rights;
mod start;
mod statements;
mod summary;
mod support;
mod table;
mod together;
mod wall;
