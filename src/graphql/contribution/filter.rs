//! Filters of contributions.

use async_graphql::InputObject;

use crate::domain::filter::{ContributionField, Filter, Quantifier, Related};
use crate::domain::number::QUANTITY_SCALE;
use crate::domain::reference::Reference;
use crate::graphql::assistance_request::AssistanceRequestFilter;
use crate::graphql::fault::Fallible;
use crate::graphql::filter::{
    ContributionStatusFilter, DateFilter, DateTimeFilter, DecimalFilter, Fields, StringFilter, each,
};
use crate::graphql::organization::OrganizationFilter;
use crate::graphql::request_item::RequestItemFilter;

/// Which contributions. All tests that are given must pass.
#[derive(InputObject, Clone, Debug, Default)]
pub struct ContributionFilter {
    /// All of these pass.
    and: Option<Vec<ContributionFilter>>,
    /// At least one of these passes.
    or: Option<Vec<ContributionFilter>>,
    /// This does not pass.
    not: Option<Box<ContributionFilter>>,
    /// The system it came from.
    source: Option<StringFilter>,
    /// Its id there.
    external_id: Option<StringFilter>,
    /// Where it stands.
    status: Option<ContributionStatusFilter>,
    /// Who gives.
    organization: Option<OrganizationFilter>,
    /// The request of its item.
    request: Option<Box<AssistanceRequestFilter>>,
    /// Its item.
    item: Option<Box<RequestItemFilter>>,
    /// How much, in units.
    quantity: Option<DecimalFilter>,
    /// The day on which it is expected.
    expected_on: Option<DateFilter>,
    /// The day on which the last part was received.
    delivered_on: Option<DateFilter>,
    /// When it was last changed.
    updated_at: Option<DateTimeFilter>,
}

/// Tests on the contributions to something.
#[derive(InputObject, Clone, Debug, Default)]
pub struct ContributionListFilter {
    /// At least one passes.
    some: Option<ContributionFilter>,
    /// Not one passes.
    none: Option<ContributionFilter>,
    /// All pass; true where there is none.
    every: Option<ContributionFilter>,
}

impl ContributionFilter {
    /// The filter as a value.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a code that is not known.
    pub fn parse(self, reference: &Reference) -> Fallible<Filter<ContributionField>> {
        let Self {
            and,
            or,
            not,
            source,
            external_id,
            status,
            organization,
            request,
            item,
            quantity,
            expected_on,
            delivered_on,
            updated_at,
        } = self;
        let mut fields = Fields::default();
        fields.add(
            source.map(StringFilter::tests).unwrap_or_default(),
            ContributionField::Source,
        );
        fields.add(
            external_id.map(StringFilter::tests).unwrap_or_default(),
            ContributionField::ExternalId,
        );
        fields.add(
            status.map(ContributionStatusFilter::tests).unwrap_or_default(),
            ContributionField::Status,
        );
        let organization = organization.map(|filter| filter.parse(reference)).transpose()?;
        fields.add(organization, ContributionField::Organization);
        fields.add(
            request.map(|filter| filter.parse(reference)).transpose()?,
            ContributionField::Request,
        );
        fields.add(
            item.map(|filter| filter.parse(reference)).transpose()?,
            ContributionField::Item,
        );
        fields.add(
            quantity.map(|test| test.tests(QUANTITY_SCALE)).unwrap_or_default(),
            ContributionField::Quantity,
        );
        fields.add(
            expected_on.map(DateFilter::tests).unwrap_or_default(),
            ContributionField::ExpectedOn,
        );
        fields.add(
            delivered_on.map(DateFilter::tests).unwrap_or_default(),
            ContributionField::DeliveredOn,
        );
        fields.add(
            updated_at.map(DateTimeFilter::tests).unwrap_or_default(),
            ContributionField::UpdatedAt,
        );
        let parse = |filter: Self| filter.parse(reference);
        Ok(fields.with(
            each(and, parse)?,
            each(or, parse)?,
            not.map(|not| parse(*not)).transpose()?,
        ))
    }
}

impl ContributionListFilter {
    /// The tests that were given.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a code that is not known.
    pub fn parse(self, reference: &Reference) -> Fallible<Vec<Related<ContributionField>>> {
        let Self { some, none, every } = self;
        [
            (Quantifier::Some, some),
            (Quantifier::None, none),
            (Quantifier::Every, every),
        ]
        .into_iter()
        .filter_map(|(quantifier, filter)| Some((quantifier, filter?)))
        .map(|(quantifier, filter)| {
            Ok(Related {
                quantifier,
                filter: Box::new(filter.parse(reference)?),
            })
        })
        .collect()
    }
}
