//! Requests for assistance.

mod filter;
mod input;
mod mutation;
mod object;
mod query;

pub use filter::{AssistanceRequestFilter, AssistanceRequestListFilter};
pub use mutation::AssistanceRequestMutation;
pub use object::{AssistanceRequest, AssistanceRequestConnection};
pub use query::{
    AssistanceRequestOrder, AssistanceRequestQuery, Columns, ExternalIdInput, OrderDirection, find, node_fields,
    request_paging,
};
