//! The timeline as clients see it.

use async_graphql::{Context, Enum, SimpleObject};
use macros::Leaves;

use crate::domain::timeline::Interval;
use crate::graphql::assistance_request::AssistanceRequestFilter;
use crate::graphql::context::reader;
use crate::graphql::fault::Fallible;
use crate::graphql::request_item::RequestItemFilter;
use crate::graphql::scalar::Date;
use crate::graphql::totals::{NeedsTotals, asked, wants_quantities};
use crate::graphql::written::One;
use crate::store::Consistency;
use crate::store::needs::{Span, timeline};

/// What lies between two points of a timeline.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Interval")]
pub enum TimelineInterval {
    /// A day.
    Day,
    /// An ISO week, Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

/// The state at the end of an interval.
#[derive(SimpleObject, Leaves, Clone)]
pub struct NeedsTimelinePoint {
    /// The last day of the interval.
    date: Date,
    /// What stood at the end of that day, as it is known by now. Where a step was recorded with an earlier day than another one
    /// that had made room for it, more may be covered than is requested on the days between: then uncovered is below 0 and
    /// coverage above 1.
    totals: One<NeedsTotals>,
}

/// The points of a timeline.
///
/// # Errors
/// `BAD_USER_INPUT` for too many points, a `to` before `from` or an unknown code, and the database's.
pub async fn points(
    ctx: &Context<'_>,
    span: Span,
    filter: Option<Box<AssistanceRequestFilter>>,
    item_filter: Option<Box<RequestItemFilter>>,
) -> Fallible<Vec<NeedsTimelinePoint>> {
    let reader = reader(ctx, Consistency::Snapshot)?;
    let asked = asked(reader.reference(), filter, item_filter)?;
    let quantities = wants_quantities(&ctx.look_ahead().field("totals"));
    let points = timeline(&reader, span, &asked, quantities).await?;
    points
        .into_iter()
        .map(|(date, totals)| {
            Ok(NeedsTimelinePoint {
                date: Date(date),
                totals: One(NeedsTotals::new(reader.reference(), &totals)?),
            })
        })
        .collect()
}
