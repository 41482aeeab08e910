//! Changes: the feed, the history of a request, and both of them live.

mod filter;
mod object;
mod query;
mod subscription;

pub use object::{Change, ChangeConnection, ChangeEdge, Shown};
pub use query::{ChangeQuery, nested_history};
pub use subscription::ChangeSubscription;
