//! What rows a reader asks for: filters as values, the same for SQL and for reference data in memory.
//!
//! Truth has two values. A comparison with nothing is false, and `Not` turns it round; so `Ne` and `NotIn` hold for
//! nothing. A filter and its negation together always give every row.

use std::borrow::Cow;

use crate::domain::text::fold;

mod field;

pub use field::{
    CategoryField, CommodityField, ContributionField, CountryField, ItemField, OrganizationField, RequestField,
};

/// A tree of tests on the fields `F` of a noun.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter<F> {
    /// Every one holds; true where there is none.
    All(Vec<Filter<F>>),
    /// At least one holds; false where there is none.
    Any(Vec<Filter<F>>),
    /// It does not hold.
    Not(Box<Filter<F>>),
    /// This field passes its test.
    Is(F),
}

impl<F> Default for Filter<F> {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl<F> Filter<F> {
    /// What no row passes.
    pub const fn nothing() -> Self {
        Self::Any(Vec::new())
    }

    /// Whether it lets everything pass, as far as can be told without a row.
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::All(all) if all.iter().all(Self::is_everything))
    }
}

/// A test on a text. `Contains` and `StartsWith` fold case and accents, and hold a text that is folded already; the rest compare
/// exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// The same text.
    Eq(String),
    /// Another text, or none.
    Ne(String),
    /// One of these.
    In(Vec<String>),
    /// None of these.
    NotIn(Vec<String>),
    /// It has this within; `%` and `_` are plain characters.
    Contains(String),
    /// It begins so.
    StartsWith(String),
    /// It is absent, or is not.
    IsNull(bool),
}

/// A test on one of a set of known values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice<T> {
    /// This one.
    Eq(T),
    /// Another, or none.
    Ne(T),
    /// One of these.
    In(Vec<T>),
    /// None of these.
    NotIn(Vec<T>),
    /// It is absent, or is not.
    IsNull(bool),
}

/// A test on something with an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ordered<T> {
    /// The same.
    Eq(T),
    /// Another, or none.
    Ne(T),
    /// One of these.
    In(Vec<T>),
    /// More, or later.
    Gt(T),
    /// At least this.
    Gte(T),
    /// Less, or earlier.
    Lt(T),
    /// At most this.
    Lte(T),
    /// It is absent, or is not.
    IsNull(bool),
}

/// How many of the related rows must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// At least one.
    Some,
    /// Not one.
    None,
    /// All; true where there is none.
    Every,
}

/// A test on related rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Related<F> {
    /// How many must pass.
    pub quantifier: Quantifier,
    /// What they must pass.
    pub filter: Box<Filter<F>>,
}

impl Text {
    /// Texts that have this within.
    pub fn containing(part: &str) -> Self {
        Self::Contains(fold(part))
    }

    /// Texts that begin so.
    pub fn starting_with(part: &str) -> Self {
        Self::StartsWith(fold(part))
    }

    /// Whether `value` passes. `folded` folds a text, which takes long enough to do it once for many tests.
    pub fn holds<'a>(&self, value: Option<&'a str>, folded: &impl Fn(&'a str) -> Cow<'a, str>) -> bool {
        self.holds_any(value.into_iter(), folded)
    }

    /// Whether any of several names of one thing passes, or for negations, every one.
    pub fn holds_any<'a>(
        &self,
        mut values: impl Iterator<Item = &'a str>,
        folded: &impl Fn(&'a str) -> Cow<'a, str>,
    ) -> bool {
        match self {
            Self::Eq(this) => values.any(|value| value == this),
            Self::Ne(this) => values.all(|value| value != this),
            Self::In(these) => values.any(|value| these.iter().any(|this| this == value)),
            Self::NotIn(these) => values.all(|value| these.iter().all(|this| this != value)),
            Self::Contains(part) => values.any(|value| folded(value).contains(part)),
            Self::StartsWith(part) => values.any(|value| folded(value).starts_with(part)),
            Self::IsNull(null) => values.next().is_none() == *null,
        }
    }
}

impl<T: PartialEq> Choice<T> {
    /// Whether `value` passes.
    pub fn holds(&self, value: Option<&T>) -> bool {
        match self {
            Self::Eq(this) => value == Some(this),
            Self::Ne(this) => value != Some(this),
            Self::In(these) => value.is_some_and(|value| these.contains(value)),
            Self::NotIn(these) => value.is_none_or(|value| !these.contains(value)),
            Self::IsNull(null) => value.is_none() == *null,
        }
    }
}

impl<T: PartialOrd> Ordered<T> {
    /// Whether `value` passes.
    pub fn holds(&self, value: Option<&T>) -> bool {
        match self {
            Self::Eq(this) => value == Some(this),
            Self::Ne(this) => value != Some(this),
            Self::In(these) => value.is_some_and(|value| these.contains(value)),
            Self::Gt(this) => value.is_some_and(|value| value > this),
            Self::Gte(this) => value.is_some_and(|value| value >= this),
            Self::Lt(this) => value.is_some_and(|value| value < this),
            Self::Lte(this) => value.is_some_and(|value| value <= this),
            Self::IsNull(null) => value.is_none() == *null,
        }
    }
}

impl<F> Filter<F> {
    /// Whether the tree holds, `leaf` saying what a field's test gives.
    pub fn holds(&self, leaf: &mut impl FnMut(&F) -> bool) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(leaf)),
            Self::Any(any) => any.iter().any(|one| one.holds(leaf)),
            Self::Not(not) => !not.holds(leaf),
            Self::Is(field) => leaf(field),
        }
    }
}

/// Whether a tree has a leaf that `test` finds.
pub fn any_leaf<F>(filter: &Filter<F>, test: &dyn Fn(&F) -> bool) -> bool {
    match filter {
        Filter::All(several) | Filter::Any(several) => several.iter().any(|one| any_leaf(one, test)),
        Filter::Not(not) => any_leaf(not, test),
        Filter::Is(field) => test(field),
    }
}

impl Filter<RequestField> {
    /// Whether it tests the request's status, however deep: by its items and contributions too, which lead back to the
    /// same request. Other requests of its country are not it.
    pub fn mentions_status(&self) -> bool {
        any_leaf(self, &|field| match field {
            RequestField::Status(_) => true,
            RequestField::Items(related) => related.filter.mentions_status(),
            RequestField::Contributions(related) => related.filter.mentions_status(),
            _ => false,
        })
    }

    /// The argument with the first test that can only be asked of the present, if there is one. Status, priority and
    /// persons are remembered; reference data is taken as it is now.
    pub fn present_only(&self) -> Option<&'static str> {
        first_leaf(self, &|field| match field {
            RequestField::Status(_) | RequestField::Priority(_) | RequestField::PeopleInNeed(_) => None,
            RequestField::Country(filter) => first_leaf(filter, &|field| {
                matches!(field, CountryField::AssistanceRequests(_)).then_some("filter")
            }),
            _ => Some("filter"),
        })
    }
}

impl Filter<ItemField> {
    /// Whether it tests the status of the item's request, however deep.
    pub fn mentions_status(&self) -> bool {
        any_leaf(self, &|field| match field {
            ItemField::Request(filter) => filter.mentions_status(),
            ItemField::Contributions(related) => related.filter.mentions_status(),
            _ => false,
        })
    }

    /// The first test that can only be asked of the present, if there is one.
    pub fn present_only(&self) -> Option<&'static str> {
        first_leaf(self, &|field| match field {
            ItemField::Kind(_) | ItemField::Category(_) | ItemField::Commodity(_) => None,
            ItemField::Request(filter) => filter.present_only(),
            _ => Some("itemFilter"),
        })
    }
}

impl Filter<ContributionField> {
    /// Whether it tests the status of the request that the contribution is made to, however deep.
    pub fn mentions_status(&self) -> bool {
        any_leaf(self, &|field| match field {
            ContributionField::Request(filter) => filter.mentions_status(),
            ContributionField::Item(filter) => filter.mentions_status(),
            _ => false,
        })
    }
}

fn first_leaf<F>(filter: &Filter<F>, test: &dyn Fn(&F) -> Option<&'static str>) -> Option<&'static str> {
    match filter {
        Filter::All(several) | Filter::Any(several) => several.iter().find_map(|one| first_leaf(one, test)),
        Filter::Not(not) => first_leaf(not, test),
        Filter::Is(field) => test(field),
    }
}

#[cfg(test)]
mod tests;
