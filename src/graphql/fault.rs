//! Errors on their way to the client. `Fault` has no `Display`: async-graphql would turn whatever has one into an error
//! without a code and with the inner text.

use async_graphql::ErrorExtensionValues;

use crate::error::Error;

/// What a resolver fails with.
#[derive(Clone, Debug)]
pub struct Fault(pub Error);

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<Fault> for async_graphql::Error {
    fn from(Fault(error): Fault) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", error.code());
        // The edge finds the cause here, logs it with the request's id and never sends it.
        let source: Option<std::sync::Arc<dyn std::any::Any + Send + Sync>> = match &error {
            Error::Internal(cause) => Some(std::sync::Arc::new(std::sync::Arc::clone(cause))),
            _ => None,
        };
        Self {
            message: error.message(),
            source,
            extensions: Some(extensions),
        }
    }
}

/// What a resolver of a nullable field gives.
pub type Fallible<T> = Result<T, Fault>;

/// The answer of a nullable field: a failure nulls this field alone. `Result<Option<T>>` would null the parent.
pub type Nullable<T> = Option<Fallible<T>>;

/// A nullable field's answer from what was found, or why it was not.
pub fn nullable<T, E: Into<Fault>>(found: Result<Option<T>, E>) -> Nullable<T> {
    found.map_err(Into::into).transpose()
}
