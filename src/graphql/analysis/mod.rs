//! Needs added up by any dimensions, and over time.

mod object;
mod query;
mod timeline;

pub use query::AnalysisQuery;
