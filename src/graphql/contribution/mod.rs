//! Contributions and deliveries.

mod filter;
mod input;
mod mutation;
mod object;
mod query;

pub use filter::{ContributionFilter, ContributionListFilter};
pub use mutation::ContributionMutation;
pub use object::{Contribution, ContributionConnection, Delivery, columns, delivery_columns};
pub use query::{Asked, ContributionOrder, ContributionQuery, nested};
