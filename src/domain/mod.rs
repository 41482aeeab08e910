//! The pure rules. No clock, no database, no GraphQL: what is here can be read, and tested, as a table.

pub mod actor;
pub mod api_key;
pub mod assistance_request;
pub mod change;
pub mod commodity;
pub mod contribution;
pub mod country;
pub mod figures;
pub mod filter;
#[cfg(test)]
pub(crate) mod fixture;
pub mod form;
pub mod import;
pub mod limits;
pub mod need_category;
pub mod network;
pub mod number;
pub mod organization;
pub mod problem;
pub mod reference;
pub mod rights;
pub mod search;
pub mod step;
pub mod text;
pub mod timeline;
pub mod totals;
