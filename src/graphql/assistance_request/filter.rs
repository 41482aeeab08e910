//! Filters of requests.

use async_graphql::InputObject;

use crate::domain::filter::{Filter, Quantifier, Related, RequestField};
use crate::domain::reference::Reference;
use crate::graphql::contribution::ContributionListFilter;
use crate::graphql::country::CountryFilter;
use crate::graphql::fault::Fallible;
use crate::graphql::filter::{
    DateFilter, DateTimeFilter, Fields, FulfilmentFilter, IntFilter, PriorityFilter, RequestStatusFilter, StringFilter,
    each,
};
use crate::graphql::request_item::RequestItemListFilter;

/// Which requests. All tests that are given must pass.
#[derive(InputObject, Clone, Debug, Default)]
pub struct AssistanceRequestFilter {
    /// All of these pass.
    and: Option<Vec<AssistanceRequestFilter>>,
    /// At least one of these passes.
    or: Option<Vec<AssistanceRequestFilter>>,
    /// This does not pass.
    not: Option<Box<AssistanceRequestFilter>>,
    /// Its reference.
    reference: Option<StringFilter>,
    /// Its title.
    title: Option<StringFilter>,
    /// Every word of this stands in title or description, whatever the case and accents.
    text: Option<String>,
    /// Its place in the workflow.
    status: Option<RequestStatusFilter>,
    /// Its urgency.
    priority: Option<PriorityFilter>,
    /// How far it is met.
    fulfilment: Option<FulfilmentFilter>,
    /// Whether it is VERIFIED and was not confirmed for long.
    stale: Option<bool>,
    /// The country that asks.
    country: Option<CountryFilter>,
    /// Its items.
    items: Option<RequestItemListFilter>,
    /// The day by which it is needed.
    needed_by: Option<DateFilter>,
    /// The number of persons.
    people_in_need: Option<IntFilter>,
    /// The system it came from.
    source: Option<StringFilter>,
    /// Its id there.
    external_id: Option<StringFilter>,
    /// Contributions to its items.
    contributions: Option<Box<ContributionListFilter>>,
    /// When it was made.
    created_at: Option<DateTimeFilter>,
    /// When it was last changed.
    updated_at: Option<DateTimeFilter>,
    /// When it was last handed in.
    submitted_at: Option<DateTimeFilter>,
    /// When it was verified.
    verified_at: Option<DateTimeFilter>,
}

/// Tests on the requests of something, of those that the viewer may see.
#[derive(InputObject, Clone, Debug, Default)]
pub struct AssistanceRequestListFilter {
    /// At least one passes.
    some: Option<AssistanceRequestFilter>,
    /// Not one passes.
    none: Option<AssistanceRequestFilter>,
    /// All pass; true where there is none.
    every: Option<AssistanceRequestFilter>,
}

impl AssistanceRequestFilter {
    /// The filter as a value.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a code that is not known.
    pub fn parse(self, reference: &Reference) -> Fallible<Filter<RequestField>> {
        let Self {
            and,
            or,
            not,
            reference: by_reference,
            title,
            text,
            status,
            priority,
            fulfilment,
            stale,
            country,
            items,
            needed_by,
            people_in_need,
            source,
            external_id,
            contributions,
            created_at,
            updated_at,
            submitted_at,
            verified_at,
        } = self;
        let mut fields = Fields::default();
        fields.add(
            by_reference.map(StringFilter::tests).unwrap_or_default(),
            RequestField::Reference,
        );
        fields.add(title.map(StringFilter::tests).unwrap_or_default(), RequestField::Title);
        fields.add(text, RequestField::Text);
        fields.add(
            status.map(RequestStatusFilter::tests).unwrap_or_default(),
            RequestField::Status,
        );
        fields.add(
            priority.map(PriorityFilter::tests).unwrap_or_default(),
            RequestField::Priority,
        );
        fields.add(
            fulfilment.map(FulfilmentFilter::tests).unwrap_or_default(),
            RequestField::Fulfilment,
        );
        fields.add(stale, RequestField::Stale);
        fields.add(
            country.map(|filter| filter.parse(reference)).transpose()?,
            RequestField::Country,
        );
        fields.add(
            items
                .map(|filter| filter.parse(reference))
                .transpose()?
                .into_iter()
                .flatten(),
            RequestField::Items,
        );
        fields.add(
            needed_by.map(DateFilter::tests).unwrap_or_default(),
            RequestField::NeededBy,
        );
        fields.add(
            people_in_need.map(IntFilter::tests).unwrap_or_default(),
            RequestField::PeopleInNeed,
        );
        fields.add(
            source.map(StringFilter::tests).unwrap_or_default(),
            RequestField::Source,
        );
        fields.add(
            external_id.map(StringFilter::tests).unwrap_or_default(),
            RequestField::ExternalId,
        );
        fields.add(
            created_at.map(DateTimeFilter::tests).unwrap_or_default(),
            RequestField::CreatedAt,
        );
        fields.add(
            updated_at.map(DateTimeFilter::tests).unwrap_or_default(),
            RequestField::UpdatedAt,
        );
        fields.add(
            submitted_at.map(DateTimeFilter::tests).unwrap_or_default(),
            RequestField::SubmittedAt,
        );
        fields.add(
            verified_at.map(DateTimeFilter::tests).unwrap_or_default(),
            RequestField::VerifiedAt,
        );
        let contributions = contributions
            .map(|filter| filter.parse(reference))
            .transpose()?
            .unwrap_or_default();
        fields.add(contributions, RequestField::Contributions);
        let parse = |filter: Self| filter.parse(reference);
        Ok(fields.with(
            each(and, parse)?,
            each(or, parse)?,
            not.map(|not| parse(*not)).transpose()?,
        ))
    }
}

impl AssistanceRequestListFilter {
    /// The tests that were given.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a code that is not known.
    pub fn parse(self, reference: &Reference) -> Fallible<Vec<Related<RequestField>>> {
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
