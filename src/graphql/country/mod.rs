//! Countries.

mod filter;
mod mutation;
mod object;
mod query;

pub use filter::CountryFilter;
pub use mutation::CountryMutation;
pub use object::{Country, CountryConnection};
pub use query::{CountryOrder, CountryQuery};
