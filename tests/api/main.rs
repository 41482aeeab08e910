//! The API as clients meet it: the real server over real HTTP, each test on SQLite and on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod api_key;
#[path = "../common/mod.rs"]
mod common;
mod contribution;
mod http;
mod lifecycle;
mod reference_read;
mod reference_sync;
mod reference_write;
mod start;
mod support;
