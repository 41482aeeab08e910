//! What updates ask of a field: nothing, to be cleared, or a value.

use async_graphql::MaybeUndefined;

use crate::domain::problem::{Path, ProblemCode, Problems};

/// None to leave the field alone, `Some(None)` to clear it.
pub fn change<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

/// The same for a field that can't be cleared: REQUIRED where it is to be.
pub fn replacement<T>(value: MaybeUndefined<T>, at: &Path<'_>, problems: &mut Problems) -> Option<T> {
    match change(value) {
        None => None,
        Some(None) => {
            problems.add(
                at,
                ProblemCode::Required,
                "This can't be cleared: leave it out, or give a value.",
            );
            None
        }
        Some(Some(value)) => Some(value),
    }
}
