//! Files in and out: CSV and HXL-tagged CSV are read into requests, and requests are written as CSV.
//!
//! Bytes → `table` (columns, hashtags, records with their lines) → `mapping` (which column says what; data, not code)
//! → `import` (requests, and a report of every line) → `land` (into the store, in chunks) → `command`.
//!
//! Law of the room: actix and async-graphql are never named here.

pub mod bound;
pub mod cell;
pub mod command;
pub mod export;
pub mod field;
pub mod figures;
mod group;
pub mod hxl;
pub mod import;
pub mod land;
pub mod mapping;
pub mod report;
mod row;
pub mod table;
pub mod template;
