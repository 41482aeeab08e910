//! Items of requests.

mod filter;
mod object;
mod query;

pub use filter::{RequestItemFilter, RequestItemListFilter};
pub use object::{RequestItem, RequestItemConnection, columns, is_of_item};
pub use query::RequestItemQuery;
