//! The filters that all nouns share, parsed into `domain::filter`.

use async_graphql::InputObject;
use chrono::NaiveDate;
use entity::enums::{
    ContributionStatus, Fulfilment, IncomeGroup, ItemKind, NamStatus, NeedDomain, OrganizationKind, Priority,
    RequestStatus, WhoRegion,
};

use crate::domain::filter::{Choice, Filter, Ordered, Text};
use crate::domain::number;
use crate::domain::reference::Reference;
use crate::domain::text::canonical;
use crate::error::Error;
use crate::graphql::fault::Fallible;
use crate::graphql::scalar::{CountryCode, Date, DateTime, Decimal};

/// Tests on a text; all that are given must pass.
#[derive(InputObject, Clone, Debug, Default)]
pub struct StringFilter {
    /// Exactly this text.
    eq: Option<String>,
    /// Another text, or none.
    ne: Option<String>,
    /// One of these texts.
    #[graphql(name = "in")]
    within: Option<Vec<String>>,
    /// None of these texts.
    not_in: Option<Vec<String>>,
    /// Has this within, whatever the case and accents; % and _ are plain characters.
    contains: Option<String>,
    /// Begins with this, whatever the case and accents; % and _ are plain characters.
    starts_with: Option<String>,
    /// Is absent (true) or present (false).
    is_null: Option<bool>,
}

/// Tests on a whole number; all that are given must pass.
#[derive(InputObject, Clone, Debug, Default)]
pub struct IntFilter {
    /// Exactly this.
    eq: Option<i32>,
    /// Another, or none.
    ne: Option<i32>,
    /// One of these.
    #[graphql(name = "in")]
    within: Option<Vec<i32>>,
    /// Greater than this.
    gt: Option<i32>,
    /// At least this.
    gte: Option<i32>,
    /// Less than this.
    lt: Option<i32>,
    /// At most this.
    lte: Option<i32>,
    /// Is absent (true) or present (false).
    is_null: Option<bool>,
}

/// Tests on an exact number; all that are given must pass.
#[derive(InputObject, Clone, Debug, Default)]
pub struct DecimalFilter {
    /// Exactly this.
    eq: Option<Decimal>,
    /// Greater than this.
    gt: Option<Decimal>,
    /// At least this.
    gte: Option<Decimal>,
    /// Less than this.
    lt: Option<Decimal>,
    /// At most this.
    lte: Option<Decimal>,
    /// Is absent (true) or present (false).
    is_null: Option<bool>,
}

/// Tests on a day; all that are given must pass.
#[derive(InputObject, Clone, Debug, Default)]
pub struct DateFilter {
    /// This very day.
    eq: Option<Date>,
    /// After this day.
    gt: Option<Date>,
    /// This day or later.
    gte: Option<Date>,
    /// Before this day.
    lt: Option<Date>,
    /// This day or earlier.
    lte: Option<Date>,
    /// Is absent (true) or present (false).
    is_null: Option<bool>,
}

/// Tests on a moment; all that are given must pass.
#[derive(InputObject, Clone, Debug, Default)]
pub struct DateTimeFilter {
    /// After this moment.
    gt: Option<DateTime>,
    /// At this moment or later.
    gte: Option<DateTime>,
    /// Before this moment.
    lt: Option<DateTime>,
    /// At this moment or earlier.
    lte: Option<DateTime>,
    /// Is absent (true) or present (false).
    is_null: Option<bool>,
}

/// Tests on a country by its code.
#[derive(InputObject, Clone, Debug, Default)]
pub struct CountryCodeFilter {
    /// This country.
    eq: Option<CountryCode>,
    /// One of these countries.
    #[graphql(name = "in")]
    within: Option<Vec<CountryCode>>,
    /// None of these countries.
    not_in: Option<Vec<CountryCode>>,
}

/// Declares the filter of an enum.
macro_rules! enum_filter {
    ($(#[$doc:meta])* $filter:ident of $choice:ty) => {
        $(#[$doc])*
        #[derive(InputObject, Clone, Debug, Default)]
        pub struct $filter {
            /// This value.
            eq: Option<$choice>,
            /// Another value, or none.
            ne: Option<$choice>,
            /// One of these values.
            #[graphql(name = "in")]
            within: Option<Vec<$choice>>,
            /// None of these values.
            not_in: Option<Vec<$choice>>,
            /// Is absent (true) or present (false).
            is_null: Option<bool>,
        }

        impl $filter {
            /// The tests that were given.
            pub fn tests(self) -> Vec<Choice<$choice>> {
                let Self { eq, ne, within, not_in, is_null } = self;
                [
                    eq.map(Choice::Eq),
                    ne.map(Choice::Ne),
                    within.map(Choice::In),
                    not_in.map(Choice::NotIn),
                    is_null.map(Choice::IsNull),
                ]
                .into_iter()
                .flatten()
                .collect()
            }
        }
    };
}

enum_filter!(
    /// Tests on where a contribution stands.
    ContributionStatusFilter of ContributionStatus
);
enum_filter!(
    /// Tests on how far a request is met.
    FulfilmentFilter of Fulfilment
);
enum_filter!(
    /// Tests on the World Bank's income group.
    IncomeGroupFilter of IncomeGroup
);
enum_filter!(
    /// Tests on the kind of help.
    ItemKindFilter of ItemKind
);
enum_filter!(
    /// Tests on the standing in the Non-Aligned Movement.
    NamStatusFilter of NamStatus
);
enum_filter!(
    /// Tests on the kind of need.
    NeedDomainFilter of NeedDomain
);
enum_filter!(
    /// Tests on the kind of organization.
    OrganizationKindFilter of OrganizationKind
);
enum_filter!(
    /// Tests on the urgency.
    PriorityFilter of Priority
);
enum_filter!(
    /// Tests on the place in the workflow.
    RequestStatusFilter of RequestStatus
);
enum_filter!(
    /// Tests on the region of the World Health Organization.
    WhoRegionFilter of WhoRegion
);

impl StringFilter {
    /// The tests that were given.
    pub fn tests(self) -> Vec<Text> {
        let Self {
            eq,
            ne,
            within,
            not_in,
            contains,
            starts_with,
            is_null,
        } = self;
        // As texts are kept.
        let each = |texts: Vec<String>| texts.iter().map(|text| canonical(text)).collect();
        [
            eq.map(|text| Text::Eq(canonical(&text))),
            ne.map(|text| Text::Ne(canonical(&text))),
            within.map(|texts| Text::In(each(texts))),
            not_in.map(|texts| Text::NotIn(each(texts))),
            contains.map(|part| Text::containing(&part)),
            starts_with.map(|part| Text::starting_with(&part)),
            is_null.map(Text::IsNull),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The same for a code, of which every one that is named whole must be known: a misspelt code would silently
    /// find nothing.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a code that is not known.
    pub fn code_tests(self, noun: &str, is_known: impl Fn(&str) -> bool) -> Fallible<Vec<Text>> {
        let named = [&self.eq, &self.ne].into_iter().flatten();
        let listed = [&self.within, &self.not_in].into_iter().flatten().flatten();
        for code in named.chain(listed) {
            known_code(noun, code, &is_known)?;
        }
        Ok(self.tests())
    }
}

/// That a code in a filter or an argument is known.
///
/// # Errors
/// `BAD_USER_INPUT` where it is not.
pub fn known_code(noun: &str, code: &str, is_known: impl Fn(&str) -> bool) -> Fallible<()> {
    if is_known(code) {
        return Ok(());
    }
    Err(Error::BadUserInput(format!("No {noun} has the code {code:?}.")).into())
}

/// The alpha-3 code of a country named in a filter or an argument.
///
/// # Errors
/// `BAD_USER_INPUT` where no country has the code.
pub fn country_code(reference: &Reference, code: &CountryCode) -> Fallible<String> {
    let country = reference.country(&code.0);
    let country = country.ok_or_else(|| Error::BadUserInput(format!("No country has the code {:?}.", code.0)))?;
    Ok(country.row.code.clone())
}

impl CountryCodeFilter {
    /// The tests that were given.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a code that no country has.
    pub fn tests(self, reference: &Reference) -> Fallible<Vec<Choice<String>>> {
        let Self { eq, within, not_in } = self;
        let each = |codes: Vec<CountryCode>| {
            codes
                .iter()
                .map(|code| country_code(reference, code))
                .collect::<Fallible<Vec<_>>>()
        };
        let mut tests = Vec::new();
        if let Some(code) = eq {
            tests.push(Choice::Eq(country_code(reference, &code)?));
        }
        if let Some(codes) = within {
            tests.push(Choice::In(each(codes)?));
        }
        if let Some(codes) = not_in {
            tests.push(Choice::NotIn(each(codes)?));
        }
        Ok(tests)
    }
}

impl IntFilter {
    /// The tests that were given.
    pub fn tests(self) -> Vec<Ordered<i32>> {
        let Self {
            eq,
            ne,
            within,
            gt,
            gte,
            lt,
            lte,
            is_null,
        } = self;
        [
            eq.map(Ordered::Eq),
            ne.map(Ordered::Ne),
            within.map(Ordered::In),
            gt.map(Ordered::Gt),
            gte.map(Ordered::Gte),
            lt.map(Ordered::Lt),
            lte.map(Ordered::Lte),
            is_null.map(Ordered::IsNull),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl DecimalFilter {
    /// The tests that were given, on integers of `scale` decimals.
    pub fn tests(self, scale: u32) -> Vec<Ordered<i64>> {
        let Self {
            eq,
            gt,
            gte,
            lt,
            lte,
            is_null,
        } = self;
        let floor = |value: Decimal| number::floor(value.0, scale);
        let ceil = |value: Decimal| number::ceil(value.0, scale);
        [
            // A number with more decimals than are kept equals none that is kept.
            eq.map(|value| {
                if floor(value) == ceil(value) {
                    Ordered::Eq(floor(value))
                } else {
                    Ordered::In(Vec::new())
                }
            }),
            gt.map(|value| Ordered::Gt(floor(value))),
            gte.map(|value| Ordered::Gte(ceil(value))),
            lt.map(|value| Ordered::Lt(ceil(value))),
            lte.map(|value| Ordered::Lte(floor(value))),
            is_null.map(Ordered::IsNull),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl DateFilter {
    /// The tests that were given.
    pub fn tests(self) -> Vec<Ordered<NaiveDate>> {
        let Self {
            eq,
            gt,
            gte,
            lt,
            lte,
            is_null,
        } = self;
        [
            eq.map(|date| Ordered::Eq(date.0)),
            gt.map(|date| Ordered::Gt(date.0)),
            gte.map(|date| Ordered::Gte(date.0)),
            lt.map(|date| Ordered::Lt(date.0)),
            lte.map(|date| Ordered::Lte(date.0)),
            is_null.map(Ordered::IsNull),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl DateTimeFilter {
    /// The tests that were given.
    pub fn tests(self) -> Vec<Ordered<chrono::DateTime<chrono::Utc>>> {
        let Self {
            gt,
            gte,
            lt,
            lte,
            is_null,
        } = self;
        [
            gt.map(|moment| Ordered::Gt(moment.0)),
            gte.map(|moment| Ordered::Gte(moment.0)),
            lt.map(|moment| Ordered::Lt(moment.0)),
            lte.map(|moment| Ordered::Lte(moment.0)),
            is_null.map(Ordered::IsNull),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Fields of one filter, collected as they are parsed.
#[derive(Debug)]
pub struct Fields<F>(Vec<Filter<F>>);

impl<F> Default for Fields<F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<F> Fields<F> {
    /// Adds tests of one field.
    pub fn add<T>(&mut self, tests: impl IntoIterator<Item = T>, field: impl Fn(T) -> F) {
        self.0.extend(tests.into_iter().map(|test| Filter::Is(field(test))));
    }

    /// The filter: all fields, and what `and`, `or` and `not` say.
    pub fn with(self, and: Option<Vec<Filter<F>>>, or: Option<Vec<Filter<F>>>, not: Option<Filter<F>>) -> Filter<F> {
        let mut all = self.0;
        all.extend(and.into_iter().flatten());
        all.extend(or.map(Filter::Any));
        all.extend(not.map(|not| Filter::Not(Box::new(not))));
        Filter::All(all)
    }
}

/// Parses each filter of a list; none where there is no list.
///
/// # Errors
/// The first one's.
pub fn each<I, F>(
    filters: Option<Vec<I>>,
    parse: impl Fn(I) -> Fallible<Filter<F>>,
) -> Fallible<Option<Vec<Filter<F>>>> {
    filters
        .map(|filters| filters.into_iter().map(parse).collect())
        .transpose()
}
