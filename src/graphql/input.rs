//! What the inputs of several nouns share: what updates ask of a field, and names in several languages.

use async_graphql::{InputObject, MaybeUndefined};
use entity::enums::Locale;

use crate::domain::form::{self, Given, LocalName};
use crate::domain::problem::{Path, Problems};

/// None to leave the field alone, `Some(None)` to clear it.
pub fn change<T>(value: MaybeUndefined<T>) -> Given<T> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

/// The same for a field that can't be cleared: REQUIRED where it is to be.
pub fn replacement<T>(value: MaybeUndefined<T>, at: &Path<'_>, problems: &mut Problems) -> Option<T> {
    form::replacement(change(value), at, problems)
}

/// What a field of something new asks: nothing, or a value.
pub fn given<T>(value: Option<T>) -> Given<T> {
    value.map(Some)
}

/// A name in one language.
#[derive(InputObject, Clone, Debug)]
pub struct LocalizedName {
    /// The language. The English name stands in the field `name`; here it may only be repeated.
    locale: Locale,
    /// The name in this language; 1 to 200 characters.
    name: String,
}

/// The names as the domain takes them.
pub fn names(names: Vec<LocalizedName>) -> Vec<LocalName> {
    names
        .into_iter()
        .map(|LocalizedName { locale, name }| (locale, name))
        .collect()
}
