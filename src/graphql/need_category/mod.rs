//! Categories of needs.

mod filter;
mod mutation;
mod object;
mod query;

pub use filter::NeedCategoryFilter;
pub use mutation::NeedCategoryMutation;
pub use object::{NeedCategory, NeedCategoryConnection};
pub use query::{NeedCategoryOrder, NeedCategoryQuery};
