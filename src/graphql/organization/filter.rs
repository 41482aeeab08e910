//! Filters of organizations.

use async_graphql::InputObject;

use crate::domain::filter::{Filter, OrganizationField};
use crate::domain::reference::Reference;
use crate::graphql::country::CountryFilter;
use crate::graphql::fault::Fallible;
use crate::graphql::filter::{Fields, OrganizationKindFilter, StringFilter, each};

/// Which organizations. All tests that are given must pass.
#[derive(InputObject, Clone, Debug, Default)]
pub struct OrganizationFilter {
    /// All of these pass.
    and: Option<Vec<OrganizationFilter>>,
    /// At least one of these passes.
    or: Option<Vec<OrganizationFilter>>,
    /// This does not pass.
    not: Option<Box<OrganizationFilter>>,
    /// Its code.
    code: Option<StringFilter>,
    /// Its name.
    name: Option<StringFilter>,
    /// What it is.
    kind: Option<OrganizationKindFilter>,
    /// Where its headquarters are; one without passes no test on it.
    country: Option<CountryFilter>,
    /// It is in use (true), or retired (false).
    active: Option<bool>,
}

impl OrganizationFilter {
    /// The filter as a value.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a code that is not known.
    pub fn parse(self, reference: &Reference) -> Fallible<Filter<OrganizationField>> {
        let Self {
            and,
            or,
            not,
            code,
            name,
            kind,
            country,
            active,
        } = self;
        let is_known = |code: &str| reference.organizations.contains_key(code);
        let mut fields = Fields::default();
        let code = code.map(|test| test.code_tests("organization", is_known)).transpose()?;
        fields.add(code.unwrap_or_default(), OrganizationField::Code);
        fields.add(
            name.map(StringFilter::tests).unwrap_or_default(),
            OrganizationField::Name,
        );
        fields.add(
            kind.map(OrganizationKindFilter::tests).unwrap_or_default(),
            OrganizationField::Kind,
        );
        fields.add(
            country.map(|filter| filter.parse(reference)).transpose()?,
            OrganizationField::Country,
        );
        fields.add(active, OrganizationField::Active);
        let parse = |filter: Self| filter.parse(reference);
        Ok(fields.with(
            each(and, parse)?,
            each(or, parse)?,
            not.map(|not| parse(*not)).transpose()?,
        ))
    }
}
