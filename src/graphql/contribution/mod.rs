//! Contributions and deliveries.

mod delivery;
mod filter;
mod input;
mod mutation;
mod object;
mod query;

pub use delivery::{Delivery, delivery_columns};
pub use filter::{ContributionFilter, ContributionListFilter};
pub use mutation::ContributionMutation;
pub use object::{Contribution, ContributionConnection, columns};
pub use query::{Asked, ContributionOrder, ContributionQuery, nested};
