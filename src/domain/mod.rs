//! The pure rules. No clock, no database, no GraphQL: what is here can be read, and tested, as a table.

pub mod actor;
pub mod assistance_request;
pub mod contribution;
pub mod figures;
pub mod filter;
pub mod import;
pub mod limits;
pub mod number;
pub mod problem;
pub mod reference;
pub mod rights;
pub mod step;
pub mod text;
pub mod timeline;
pub mod totals;
