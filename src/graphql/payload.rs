//! What a mutation answers: the object as it now is, and what the user can mend.

use async_graphql::{Context, Enum, SelectionField, SimpleObject};

use crate::domain::problem::{Problem, ProblemCode, Problems};
use crate::graphql::fault::{Fallible, Fault};
use crate::store::{Outcome, Refused};

/// The fields selected of the payload's object.
pub fn selected<'a>(ctx: &'a Context<'_>, field: &str) -> Vec<SelectionField<'a>> {
    let mut selected = Vec::new();
    for object in ctx.field().selection_set().filter(|one| one.name() == field) {
        selected.extend(object.selection_set());
    }
    selected
}

/// What is wrong with an input, for programs. The list may grow: keep a default branch.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "ProblemCode")]
pub enum UserErrorCode {
    /// A text without a visible character.
    Blank,
    /// Something that must be given is not.
    Required,
    /// A text with more characters than are kept; `params` has `max` and `actual`.
    TooLong,
    /// A list with more elements than are taken; `params` has `max`.
    TooMany,
    /// A value that breaks a rule of form, too many decimals for one.
    Invalid,
    /// A number or a date beyond its bounds.
    OutOfRange,
    /// A code or an id of nothing that you can see.
    NotFound,
    /// The key is taken.
    Duplicate,
    /// Two values that don't go together.
    Conflict,
    /// The parent stands below the category itself.
    Cycle,
    /// Something active still hangs on it.
    InUse,
    /// A retired code: choose another.
    Inactive,
    /// The step is not open in the present status; `params` may have `status`, and `open`, the steps that are.
    InvalidTransition,
    /// The step needs a reason.
    ReasonRequired,
    /// The object has changed since the version that you named: look at it as it is now, and decide again.
    StaleVersion,
    /// More than is still uncovered; `params` has `available`.
    OverCommitted,
    /// Less than is already committed; `params` has `committed`.
    BelowCommitted,
    /// Less than was already received; `params` has `received`.
    BelowReceived,
    /// The request has no items.
    NoItems,
    /// The idempotency key was used before with another input or mutation.
    IdempotencyMismatch,
}

/// Something in the input that you can mend. Nothing was changed.
#[derive(SimpleObject, Clone)]
pub struct UserError {
    /// What is wrong, for programs.
    code: UserErrorCode,
    /// What is wrong and what would be right, in English.
    message: String,
    /// Path into the input, `["items", "2", "quantity"]`; null where it is about the whole.
    field: Option<Vec<String>>,
    /// What the message says, for programs.
    params: Vec<ErrorParam>,
}

/// One value that an error's message speaks of.
#[derive(SimpleObject, Clone)]
pub struct ErrorParam {
    /// What the value is: `max`, `available`.
    name: String,
    /// The value as text.
    value: String,
}

impl From<Problem> for UserError {
    fn from(problem: Problem) -> Self {
        let Problem {
            code,
            message,
            path,
            params,
        } = problem;
        Self {
            code: code.into(),
            message,
            field: (!path.is_empty()).then_some(path),
            params: params
                .into_iter()
                .map(|(name, value)| ErrorParam {
                    name: name.into_owned(),
                    value,
                })
                .collect(),
        }
    }
}

/// The rows of `userErrors`.
pub fn user_errors(problems: Problems) -> Vec<UserError> {
    problems.0.into_iter().map(UserError::from).collect()
}

/// Tells what a write gave from what the user can mend; anything else fails the field.
///
/// # Errors
/// What is no matter of the input.
pub fn settle<T>(outcome: Outcome<T>) -> Fallible<Result<T, Vec<UserError>>> {
    match outcome {
        Ok(done) => Ok(Ok(done)),
        Err(Refused::Problems(problems)) => Ok(Err(user_errors(problems))),
        Err(Refused::Error(error)) => Err(Fault(error)),
        Err(Refused::Fault(fault)) => Err(Fault(crate::error::Error::internal(format!("{fault:?}")))),
    }
}

/// Declares a payload: the object under its own name, and the user errors.
macro_rules! payload {
    ($(#[$doc:meta])* $payload:ident, $(#[$field_doc:meta])* $field:ident: $object:ty) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $payload {
            $(#[$field_doc])*
            pub $field: Option<$object>,
            /// What is wrong with the input, all of it together; empty where the mutation did its work.
            pub user_errors: Vec<$crate::graphql::payload::UserError>,
        }
    };
}
pub(crate) use payload;
