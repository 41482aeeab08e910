//! Mutations of requests.

/// Mutations of requests.
#[derive(Default)]
pub struct AssistanceRequestMutation;
