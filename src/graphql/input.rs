//! What the inputs of several nouns share.

use async_graphql::{InputObject, MaybeUndefined};
use entity::enums::Locale;

use crate::domain::form::{Given, LocalName};

/// A name in one language.
#[derive(InputObject, Clone, Debug)]
pub struct LocalizedName {
    /// The language. English names stand in the field `name`; here one may only be repeated.
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

/// What a field of an update asks: nothing, to be cleared, or a value.
pub fn change<T>(value: MaybeUndefined<T>) -> Given<T> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

/// What a field of something new asks: nothing, or a value.
pub fn given<T>(value: Option<T>) -> Given<T> {
    value.map(Some)
}
