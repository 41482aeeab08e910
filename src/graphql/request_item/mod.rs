//! Items of requests.

mod filter;
mod object;
mod query;

pub use filter::{RequestItemFilter, RequestItemListFilter};
pub use object::{RequestItem, RequestItemConnection, columns};
pub use query::RequestItemQuery;
