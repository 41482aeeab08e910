//! NAM Needs: who needs what in the Non-Aligned Movement, over GraphQL.
//!
//! The rooms, each knowing only those to its right:
//! `cli → app → http → graphql → store → domain → entity`. See `docs/architecture.md`.

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod domain;
pub mod error;
pub mod graphql;
pub mod http;
pub mod interchange;
pub mod store;
pub mod telemetry;
