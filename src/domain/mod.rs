//! The pure rules. No clock, no database, no GraphQL: what is here can be read, and tested, as a table.

pub mod limits;
