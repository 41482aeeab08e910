//! Totals as clients see them, and those of many parents at once.

use std::sync::Arc;

use async_graphql::{Context, Lookahead, SimpleObject};
use futures_util::FutureExt;
use macros::Leaves;

use crate::domain::number::{QUANTITY_SCALE, VALUE_SCALE, sum_from_fixed};
use crate::domain::reference::Reference;
use crate::domain::totals::{Sums, Totals};
use crate::error::Error;
use crate::graphql::assistance_request::AssistanceRequestFilter;
use crate::graphql::fault::Fallible;
use crate::graphql::level::Level;
use crate::graphql::request_item::RequestItemFilter;
use crate::graphql::scalar::{BigInt, Decimal};
use crate::graphql::unit::Unit;
use crate::graphql::written::{One, Rows};
use crate::store::Map;
use crate::store::needs::{Asked, Of, totals_of};

/// Totals over request items: of VERIFIED and CLOSED requests unless the filter names a status. Values are quantity ×
/// unit cost; items without a unit cost count in `itemCount` and `unpricedItemCount`. A CLOSED request has nothing
/// uncovered or unmet.
#[derive(SimpleObject, Leaves, Clone)]
pub struct NeedsTotals {
    /// Requests that have such an item.
    request_count: i32,
    /// Items.
    item_count: i32,
    /// Items without a unit cost, which no value can count.
    unpriced_item_count: i32,
    /// Countries that have such a request.
    country_count: i32,
    /// What is requested, in US dollars: as approved, before verification as asked for.
    requested_value_usd: Decimal,
    /// Open pledges, in US dollars; they reserve nothing.
    pledged_value_usd: Decimal,
    /// Committed and not yet shipped, in US dollars.
    committed_value_usd: Decimal,
    /// Shipped and not yet received, in US dollars.
    in_transit_value_usd: Decimal,
    /// Received and accepted, in US dollars.
    delivered_value_usd: Decimal,
    /// What a donor can still take, in US dollars.
    uncovered_value_usd: Decimal,
    /// What is not yet in hands, in US dollars.
    unmet_value_usd: Decimal,
    /// (committed + in transit + delivered) / requested, of the values: 0 to 1, on days of a timeline
    /// seldom more (see there); null where nothing is priced.
    coverage: Option<f64>,
    /// Persons, summed over requests; one country's requests may speak of the same people.
    people_in_need: BigInt,
    /// The same in units, one row a unit, so that unlike units are never added together.
    quantities: Rows<'static, QuantityTotals>,
}

/// Totals of the items that are counted in one unit.
#[derive(SimpleObject, Leaves, Clone)]
pub struct QuantityTotals {
    /// The unit of every quantity here.
    unit: One<Unit>,
    /// What is requested: as approved, before verification as asked for.
    requested: Decimal,
    /// Open pledges; they reserve nothing.
    pledged: Decimal,
    /// Committed and not yet shipped.
    committed: Decimal,
    /// Shipped and not yet received.
    in_transit: Decimal,
    /// Received and accepted.
    delivered: Decimal,
    /// What a donor can still take.
    uncovered: Decimal,
    /// What is not yet in hands.
    unmet: Decimal,
}

fn decimal(sum: i128, scale: u32) -> Fallible<Decimal> {
    let decimal = sum_from_fixed(sum, scale);
    Ok(decimal
        .map(Decimal)
        .ok_or_else(|| Error::internal(format!("the sum {sum} has too many digits")))?)
}

fn count(count: i128) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

impl NeedsTotals {
    /// The totals of the store.
    ///
    /// # Errors
    /// `INTERNAL` for a sum of more than 28 digits, or a unit that is not known.
    pub fn new(reference: &Reference, totals: &Totals) -> Fallible<Self> {
        let values = &totals.values;
        let usd = |sum| decimal(sum, VALUE_SCALE);
        Ok(Self {
            request_count: count(totals.requests),
            item_count: count(totals.items),
            unpriced_item_count: count(totals.unpriced_items),
            country_count: count(totals.countries),
            requested_value_usd: usd(values.requested)?,
            pledged_value_usd: usd(values.pledged)?,
            committed_value_usd: usd(values.committed)?,
            in_transit_value_usd: usd(values.in_transit)?,
            delivered_value_usd: usd(values.delivered)?,
            uncovered_value_usd: usd(values.uncovered)?,
            unmet_value_usd: usd(values.unmet)?,
            coverage: totals.coverage(),
            people_in_need: BigInt(totals.people),
            quantities: totals
                .quantities
                .iter()
                .map(|(unit, sums)| QuantityTotals::new(reference, unit, sums))
                .collect::<Fallible<Vec<_>>>()?
                .into(),
        })
    }
}

impl QuantityTotals {
    fn new(reference: &Reference, unit: &str, sums: &Sums) -> Fallible<Self> {
        let known = reference.units.get(unit);
        let known = known.ok_or_else(|| Error::internal(format!("no unit {unit}")))?;
        let units = |sum| decimal(sum, QUANTITY_SCALE);
        Ok(Self {
            unit: One(Unit(Arc::clone(known))),
            requested: units(sums.requested)?,
            pledged: units(sums.pledged)?,
            committed: units(sums.committed)?,
            in_transit: units(sums.in_transit)?,
            delivered: units(sums.delivered)?,
            uncovered: units(sums.uncovered)?,
            unmet: units(sums.unmet)?,
        })
    }
}

/// Whether these totals select `quantities`, which cost a statement of their own.
pub fn wants_quantities(totals: &Lookahead<'_>) -> bool {
    totals.field("quantities").exists()
}

/// What the two filters ask for.
///
/// # Errors
/// `BAD_USER_INPUT` for a code that is not known.
pub fn asked(
    reference: &Reference,
    filter: Option<Box<AssistanceRequestFilter>>,
    item_filter: Option<Box<RequestItemFilter>>,
) -> Fallible<Asked> {
    let requests = filter.map(|filter| filter.parse(reference)).transpose()?;
    let items = item_filter.map(|filter| filter.parse(reference)).transpose()?;
    Ok(Asked {
        requests: requests.unwrap_or_default(),
        items: items.unwrap_or_default(),
        ..Asked::default()
    })
}

/// The totals of one row of a level, read with those of all its rows; `key` is the row's code or id.
///
/// # Errors
/// The database's.
pub async fn nested<R: Send + Sync>(
    ctx: &Context<'_>,
    level: &Level<R>,
    of: impl FnOnce() -> Fallible<Of>,
    key: &str,
    asked: impl FnOnce() -> Fallible<Asked>,
) -> Fallible<One<NeedsTotals>> {
    let begin = || {
        let (of, asked, quantities) = (of()?, asked()?, wants_quantities(&ctx.look_ahead()));
        let load = async move {
            let totals: Map<String, Totals> = totals_of(&level.reader, &of, &asked, quantities).await?;
            Ok(totals)
        };
        Ok((format!("totals {quantities}"), load.boxed()))
    };
    let totals = level.children(ctx, begin).await?;
    let nothing = Totals::default();
    let totals = NeedsTotals::new(level.reader.reference(), totals.get(key).unwrap_or(&nothing))?;
    Ok(One(totals))
}
