//! Organizations.

mod filter;
mod mutation;
mod object;
mod query;

pub use filter::OrganizationFilter;
pub use mutation::OrganizationMutation;
pub use object::{Organization, OrganizationConnection};
pub use query::{OrganizationOrder, OrganizationQuery};
