//! What can go wrong with a whole operation or with one field of it, named by every room.
//!
//! What a user can mend in an input is not here: that is a `domain::Problem`, answered as a `userErrors` row.

use std::sync::Arc;

/// A failure with the code that clients see in `extensions.code`.
///
/// It has no `Display` on purpose: async-graphql turns whatever has one into an error without a code and with the
/// inner text, by a mere `?`.
#[derive(Clone, Debug)]
pub enum Error {
    /// The document is no GraphQL.
    ParseFailed(String),
    /// The document is GraphQL that this schema can't answer.
    ValidationFailed(String),
    /// No operation, or more than one and no name to choose by.
    OperationResolution(String),
    /// A value that its scalar, a range or a rule of arguments refuses.
    BadUserInput(String),
    /// A cursor that was altered, or that belongs to another order or filter.
    BadCursor(String),
    /// No credential where one is needed, or one that is malformed, expired, revoked or unknown.
    Unauthenticated(String),
    /// The viewer may see the thing but not do this to it.
    Forbidden(String),
    /// The query costs more than the viewer may spend on one operation.
    TooComplex(String),
    /// The query nests deeper than is answered.
    TooDeep(String),
    /// The schema can't be read by introspection here.
    IntrospectionDisabled,
    /// Too much in too short a time; the number is the seconds to wait.
    RateLimited(u64),
    /// The body is larger than is read.
    PayloadTooLarge(String),
    /// A hash or an id of a document that the server does not know.
    PersistedQueryNotFound,
    /// Only registered documents are answered here.
    PersistedQueryRequired,
    /// The time allowed for one request has passed.
    Timeout,
    /// The database can't be reached or is too busy; trying again later may help.
    Unavailable(String),
    /// A fault of ours. The cause is for the log, never for the client.
    Internal(Arc<str>),
}

impl Error {
    /// An internal fault with a cause that is logged where the error leaves the server.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::Internal(Arc::from(cause.into()))
    }

    /// The stable name that programs read, from the contract's list.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ParseFailed(_) => "GRAPHQL_PARSE_FAILED",
            Self::ValidationFailed(_) => "GRAPHQL_VALIDATION_FAILED",
            Self::OperationResolution(_) => "OPERATION_RESOLUTION_FAILURE",
            Self::BadUserInput(_) => "BAD_USER_INPUT",
            Self::BadCursor(_) => "BAD_CURSOR",
            Self::Unauthenticated(_) => "UNAUTHENTICATED",
            Self::Forbidden(_) => "FORBIDDEN",
            Self::TooComplex(_) => "QUERY_TOO_COMPLEX",
            Self::TooDeep(_) => "QUERY_TOO_DEEP",
            Self::IntrospectionDisabled => "INTROSPECTION_DISABLED",
            Self::RateLimited(_) => "RATE_LIMITED",
            Self::PayloadTooLarge(_) => "PAYLOAD_TOO_LARGE",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::PersistedQueryRequired => "PERSISTED_QUERY_REQUIRED",
            Self::Timeout => "TIMEOUT",
            Self::Unavailable(_) => "UNAVAILABLE",
            Self::Internal(_) => "INTERNAL",
        }
    }

    /// What a person reads; nothing of the inside shows in it.
    pub fn message(&self) -> String {
        match self {
            Self::ParseFailed(text)
            | Self::ValidationFailed(text)
            | Self::OperationResolution(text)
            | Self::BadUserInput(text)
            | Self::BadCursor(text)
            | Self::Unauthenticated(text)
            | Self::Forbidden(text)
            | Self::TooComplex(text)
            | Self::TooDeep(text)
            | Self::PayloadTooLarge(text)
            | Self::Unavailable(text) => text.clone(),
            Self::IntrospectionDisabled => {
                "Introspection is switched off here; the schema is served at /schema.graphql.".into()
            }
            Self::RateLimited(seconds) => format!("Too many requests: try again in {seconds} s."),
            // Clients of Apollo's protocol know it by this very text, and send the document with its hash then.
            Self::PersistedQueryNotFound => "PersistedQueryNotFound".into(),
            Self::PersistedQueryRequired => {
                "Only registered documents are answered here: send the id of one as documentId.".into()
            }
            Self::Timeout => {
                "The time allowed for one request has passed. Where it was a mutation, it may have happened all the same: the same again with its idempotencyKey tells; without a key, look before you try again.".into()
            }
            Self::Internal(_) => "Something went wrong on our side. The request id helps us to find it.".into(),
        }
    }
}

#[cfg(test)]
mod tests;
