//! Organizations.

mod filter;
mod object;

pub use filter::OrganizationFilter;
pub use object::{Organization, OrganizationConnection};
