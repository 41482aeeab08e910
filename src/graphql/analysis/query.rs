//! Analysing needs by any dimensions, and over time.

use async_graphql::{Context, Enum, InputObject, Object};

use crate::graphql::analysis::object::{NeedsAnalysisConnection, NeedsAnalysisRow};
use crate::graphql::analysis::timeline::{NeedsTimelinePoint, TimelineInterval, points};
use crate::graphql::assistance_request::{AssistanceRequestFilter, OrderDirection};
use crate::graphql::context::{reader, request};
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::level::Entry;
use crate::graphql::page::arguments;
use crate::graphql::request_item::RequestItemFilter;
use crate::graphql::scalar::{Date, DateTime};
use crate::graphql::totals::{asked, wants_quantities};
use crate::graphql::written::Rows;
use crate::store::Consistency;
use crate::store::needs::{Analysis, Asked, Dimension, OrderBy, OrderField, Span, analysis};
use crate::store::page::{Arguments, Paging};

/// Root fields of needs added up.
#[derive(Default)]
pub struct AnalysisQuery;

/// What needs can be grouped by.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Dimension")]
pub enum NeedsDimension {
    /// The country that asks.
    Country,
    /// The country's WHO region.
    WhoRegion,
    /// The country's subregion by the UN's M49.
    UnSubregion,
    /// The country's income group.
    IncomeGroup,
    /// The domain of the item's category.
    Domain,
    /// The item's category, or with `categoryDepth` the one above it.
    Category,
    /// The item's commodity.
    Commodity,
    /// The item's kind of help.
    Kind,
    /// The request's urgency.
    Priority,
    /// The request's place in the workflow.
    Status,
    /// The month, in UTC, in which the request was verified.
    Month,
}

/// What groups can be ordered by. Ties break on the group itself.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "OrderField")]
pub enum NeedsAnalysisOrderField {
    /// By the value that a donor can still take.
    UncoveredValue,
    /// By the value that is not yet in hands.
    UnmetValue,
    /// By the value of what is requested.
    RequestedValue,
    /// By the value of what was delivered.
    DeliveredValue,
    /// By the share that is covered; groups without a price come last.
    Coverage,
    /// By the number of requests.
    RequestCount,
}

/// One order key of an analysis; the first given is the most important.
#[derive(InputObject, Clone, Debug)]
pub struct NeedsAnalysisOrder {
    /// By what.
    field: NeedsAnalysisOrderField,
    /// In which direction.
    #[graphql(default_with = "OrderDirection::Desc")]
    direction: OrderDirection,
}

/// How groups are made.
struct Grouping {
    by: Vec<NeedsDimension>,
    category_depth: Option<i32>,
    as_of: Option<DateTime>,
}

async fn groups(
    ctx: &Context<'_>,
    grouping: Grouping,
    filter: Option<Box<AssistanceRequestFilter>>,
    item_filter: Option<Box<RequestItemFilter>>,
    order_by: Option<Vec<NeedsAnalysisOrder>>,
    arguments: &Arguments,
) -> Fallible<NeedsAnalysisConnection> {
    let limits = &request(ctx)?.limits;
    let reader = reader(ctx, Consistency::Snapshot)?;
    let asked = Asked {
        as_of: grouping.as_of.map(|moment| moment.0),
        ..asked(reader.reference(), filter, item_filter)?
    };
    let by: Vec<Dimension> = grouping.by.into_iter().map(Into::into).collect();
    let asked = Analysis::new(&by, grouping.category_depth, asked, reader.now())?;
    let order: Vec<OrderBy> = order_by
        .into_iter()
        .flatten()
        .map(|by| OrderBy {
            field: by.field.into(),
            descending: by.direction == OrderDirection::Desc,
        })
        .collect();
    let paging = Paging::new(
        arguments,
        limits.default_page,
        limits.page,
        "NeedsAnalysisRow",
        &format!("{order:?}"),
        &format!("{asked:?}"),
    )?;
    let (look, totals) = (ctx.look_ahead(), "totals");
    let quantities = wants_quantities(&look.field("nodes").field(totals))
        || wants_quantities(&look.field("edges").field("node").field(totals));
    let page = analysis(&reader, &asked, &order, &paging, quantities).await?;
    Ok(NeedsAnalysisConnection::new(
        Entry::page(&reader, page).map(NeedsAnalysisRow),
    ))
}

#[Object]
impl AnalysisQuery {
    /// Requested against pledged, committed, delivered and unmet, grouped by any dimensions. Without an order, the
    /// largest uncovered value first.
    #[allow(clippy::too_many_arguments, reason = "the arguments of an analysis")]
    async fn needs_analysis(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "1 to 4 dimensions, each once.")] group_by: Vec<NeedsDimension>,
        #[graphql(
            desc = "Cuts CATEGORY at this depth of the tree, 1 being the roots; a category that is not so deep stands for itself."
        )]
        category_depth: Option<i32>,
        #[graphql(
            desc = "The figures as they were known at this moment; now where absent. Then filters may test country, category, commodity, kind, status, priority and peopleInNeed only; a request is known from its verification on, and has no figures while WITHDRAWN. Reference data and unit costs are as they are now."
        )]
        as_of: Option<DateTime>,
        #[graphql(desc = "Only items of these requests; of VERIFIED and CLOSED ones unless a status is tested.")]
        filter: Option<Box<AssistanceRequestFilter>>,
        #[graphql(desc = "Only these items.")] item_filter: Option<Box<RequestItemFilter>>,
        #[graphql(desc = "The most important key first.")] order_by: Option<Vec<NeedsAnalysisOrder>>,
        #[graphql(desc = "Groups from the start, 0 to 100; 25 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only groups after this cursor.")] after: Option<String>,
    ) -> Nullable<NeedsAnalysisConnection> {
        let grouping = Grouping {
            by: group_by,
            category_depth,
            as_of,
        };
        let arguments = arguments(first, after, None, None);
        // Boxed, as below: all fields of the root share the room that the largest one takes.
        Some(Box::pin(groups(ctx, grouping, filter, item_filter, order_by, &arguments)).await)
    }

    /// The same totals as a cumulative time series: the state at the end of each interval, by the days on which things
    /// happened. At most 400 points, the last at `to`.
    async fn needs_timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What lies between two points.")] interval: TimelineInterval,
        #[graphql(desc = "The first day.")] from: Date,
        #[graphql(desc = "The last day, and the last point.")] to: Date,
        #[graphql(
            desc = "Only items of these requests. Their status, priority and persons are tested as they were, all else as it is now; they are known from their verification on, and have no figures while WITHDRAWN."
        )]
        filter: Option<Box<AssistanceRequestFilter>>,
        #[graphql(desc = "Only these items.")] item_filter: Option<Box<RequestItemFilter>>,
    ) -> Nullable<Rows<'static, NeedsTimelinePoint>> {
        let span = Span {
            interval: interval.into(),
            from: from.0,
            to: to.0,
        };
        Some(Box::pin(points(ctx, span, filter, item_filter)).await.map(Rows::from))
    }
}
