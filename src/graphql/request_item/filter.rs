//! Filters of items.

use async_graphql::InputObject;

use crate::domain::filter::{Filter, ItemField, Quantifier, Related};
use crate::domain::number::{QUANTITY_SCALE, UNIT_COST_SCALE};
use crate::domain::reference::Reference;
use crate::graphql::assistance_request::AssistanceRequestFilter;
use crate::graphql::commodity::CommodityFilter;
use crate::graphql::contribution::ContributionListFilter;
use crate::graphql::fault::Fallible;
use crate::graphql::filter::{DecimalFilter, Fields, ItemKindFilter, each};
use crate::graphql::need_category::NeedCategoryFilter;

/// Which items. All tests that are given must pass.
#[derive(InputObject, Clone, Debug, Default)]
pub struct RequestItemFilter {
    /// All of these pass.
    and: Option<Vec<RequestItemFilter>>,
    /// At least one of these passes.
    or: Option<Vec<RequestItemFilter>>,
    /// This does not pass.
    not: Option<Box<RequestItemFilter>>,
    /// The request it belongs to.
    request: Option<Box<AssistanceRequestFilter>>,
    /// Contributions to it.
    contributions: Option<Box<ContributionListFilter>>,
    /// What kind of help.
    kind: Option<ItemKindFilter>,
    /// Its category.
    category: Option<NeedCategoryFilter>,
    /// Its commodity; an item without one passes no test on it.
    commodity: Option<CommodityFilter>,
    /// How much is requested, in units.
    quantity: Option<DecimalFilter>,
    /// What a donor can still take, in units.
    uncovered_quantity: Option<DecimalFilter>,
    /// What is not yet in hands, in units.
    unmet_quantity: Option<DecimalFilter>,
    /// What one unit costs, in US dollars.
    unit_cost_usd: Option<DecimalFilter>,
}

/// Tests on the items of a request.
#[derive(InputObject, Clone, Debug, Default)]
pub struct RequestItemListFilter {
    /// At least one passes.
    some: Option<Box<RequestItemFilter>>,
    /// Not one passes.
    none: Option<Box<RequestItemFilter>>,
    /// All pass; true where there is none.
    every: Option<Box<RequestItemFilter>>,
}

impl RequestItemFilter {
    /// The filter as a value.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a code that is not known.
    pub fn parse(self, reference: &Reference) -> Fallible<Filter<ItemField>> {
        let Self {
            and,
            or,
            not,
            request,
            contributions,
            kind,
            category,
            commodity,
            quantity,
            uncovered_quantity,
            unmet_quantity,
            unit_cost_usd,
        } = self;
        let mut fields = Fields::default();
        fields.add(
            request.map(|filter| filter.parse(reference)).transpose()?,
            ItemField::Request,
        );
        fields.add(kind.map(ItemKindFilter::tests).unwrap_or_default(), ItemField::Kind);
        fields.add(
            category.map(|filter| filter.parse(reference)).transpose()?,
            ItemField::Category,
        );
        fields.add(
            commodity.map(|filter| filter.parse(reference)).transpose()?,
            ItemField::Commodity,
        );
        fields.add(
            quantity.map(|test| test.tests(QUANTITY_SCALE)).unwrap_or_default(),
            ItemField::Quantity,
        );
        fields.add(
            unit_cost_usd
                .map(|test| test.tests(UNIT_COST_SCALE))
                .unwrap_or_default(),
            ItemField::UnitCost,
        );
        let contributions = contributions
            .map(|filter| filter.parse(reference))
            .transpose()?
            .unwrap_or_default();
        fields.add(contributions, ItemField::Contributions);
        fields.add(
            uncovered_quantity
                .map(|test| test.tests(QUANTITY_SCALE))
                .unwrap_or_default(),
            ItemField::Uncovered,
        );
        fields.add(
            unmet_quantity
                .map(|test| test.tests(QUANTITY_SCALE))
                .unwrap_or_default(),
            ItemField::Unmet,
        );
        let parse = |filter: Self| filter.parse(reference);
        Ok(fields.with(
            each(and, parse)?,
            each(or, parse)?,
            not.map(|not| parse(*not)).transpose()?,
        ))
    }
}

impl RequestItemListFilter {
    /// The tests that were given.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a code that is not known.
    pub fn parse(self, reference: &Reference) -> Fallible<Vec<Related<ItemField>>> {
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
