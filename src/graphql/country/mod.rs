//! Countries.

mod filter;
mod object;

pub use filter::CountryFilter;
pub use object::{Country, CountryConnection};
