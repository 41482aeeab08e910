//! Categories of needs.

mod filter;
mod object;

pub use filter::NeedCategoryFilter;
pub use object::{NeedCategory, NeedCategoryConnection};
