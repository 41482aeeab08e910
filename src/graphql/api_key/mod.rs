//! API keys: what programs and people sign in with.

mod mutation;
mod object;
mod query;

pub use mutation::ApiKeyMutation;
pub use object::{ApiKey, ApiKeyConnection};
pub use query::ApiKeyQuery;
