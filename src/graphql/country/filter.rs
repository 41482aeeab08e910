//! Filters of countries.

use async_graphql::InputObject;

use crate::domain::filter::{CountryField, Filter};
use crate::domain::reference::Reference;
use crate::graphql::assistance_request::AssistanceRequestListFilter;
use crate::graphql::fault::Fallible;
use crate::graphql::filter::{
    CountryCodeFilter, Fields, IncomeGroupFilter, IntFilter, NamStatusFilter, StringFilter, WhoRegionFilter, each,
};

/// Which countries. All tests that are given must pass.
#[derive(InputObject, Clone, Debug, Default)]
pub struct CountryFilter {
    /// All of these pass.
    and: Option<Vec<CountryFilter>>,
    /// At least one of these passes.
    or: Option<Vec<CountryFilter>>,
    /// This does not pass.
    not: Option<Box<CountryFilter>>,
    /// Its code.
    code: Option<CountryCodeFilter>,
    /// Its short name, in any language.
    name: Option<StringFilter>,
    /// Its WHO region.
    who_region: Option<WhoRegionFilter>,
    /// Its region by the UN's M49.
    un_region: Option<StringFilter>,
    /// Its subregion by the UN's M49.
    un_subregion: Option<StringFilter>,
    /// Its income group.
    income_group: Option<IncomeGroupFilter>,
    /// Its standing in the Non-Aligned Movement now.
    nam_status: Option<NamStatusFilter>,
    /// Its population, in persons.
    population: Option<IntFilter>,
    /// Its requests, of those that the viewer may see.
    assistance_requests: Option<Box<AssistanceRequestListFilter>>,
}

impl CountryFilter {
    /// The filter as a value.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a code that is not known.
    pub fn parse(self, reference: &Reference) -> Fallible<Filter<CountryField>> {
        let Self {
            and,
            or,
            not,
            code,
            name,
            who_region,
            un_region,
            un_subregion,
            income_group,
            nam_status,
            population,
            assistance_requests,
        } = self;
        let mut fields = Fields::default();
        fields.add(
            code.map(|test| test.tests(reference)).transpose()?.unwrap_or_default(),
            CountryField::Code,
        );
        fields.add(name.map(StringFilter::tests).unwrap_or_default(), CountryField::Name);
        fields.add(
            who_region.map(WhoRegionFilter::tests).unwrap_or_default(),
            CountryField::WhoRegion,
        );
        fields.add(
            un_region.map(StringFilter::tests).unwrap_or_default(),
            CountryField::UnRegion,
        );
        fields.add(
            un_subregion.map(StringFilter::tests).unwrap_or_default(),
            CountryField::UnSubregion,
        );
        fields.add(
            income_group.map(IncomeGroupFilter::tests).unwrap_or_default(),
            CountryField::IncomeGroup,
        );
        fields.add(
            nam_status.map(NamStatusFilter::tests).unwrap_or_default(),
            CountryField::NamStatus,
        );
        fields.add(
            population.map(IntFilter::tests).unwrap_or_default(),
            CountryField::Population,
        );
        let requests = assistance_requests
            .map(|filter| filter.parse(reference))
            .transpose()?
            .unwrap_or_default();
        fields.add(requests, CountryField::AssistanceRequests);
        let parse = |filter: Self| filter.parse(reference);
        Ok(fields.with(
            each(and, parse)?,
            each(or, parse)?,
            not.map(|not| parse(*not)).transpose()?,
        ))
    }
}
