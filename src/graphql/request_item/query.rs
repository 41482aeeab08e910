//! Listing items across requests.

use async_graphql::{Context, Enum, InputObject, Object};

use crate::graphql::assistance_request::{OrderDirection, node_fields};
use crate::graphql::context::{reader, request};
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::level::Entry;
use crate::graphql::page::{arguments, wants_total};
use crate::graphql::request_item::filter::RequestItemFilter;
use crate::graphql::request_item::object::{RequestItem, RequestItemConnection, columns};
use crate::store::Consistency;
use crate::store::page::{Arguments, Paging};
use crate::store::request_item::{self, OrderBy, OrderField};

/// Root fields of items.
#[derive(Default)]
pub struct RequestItemQuery;

/// What items can be ordered by. Ties break on the id.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "OrderField")]
pub enum RequestItemOrderField {
    /// By the requested quantity, whatever the unit.
    Quantity,
    /// By what a donor can still take, whatever the unit.
    UncoveredQuantity,
    /// By what is not yet in hands, whatever the unit.
    UnmetQuantity,
    /// By what a donor can still take, in US dollars; items without a unit cost come last.
    UncoveredValue,
    /// By the day on which the request is needed.
    NeededBy,
    /// By the request's urgency, LOW to CRITICAL.
    Priority,
}

/// One order key of a list of items; the first given is the most important.
#[derive(InputObject, Clone, Debug)]
pub struct RequestItemOrder {
    /// By what.
    field: RequestItemOrderField,
    /// In which direction.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

async fn item_page(
    ctx: &Context<'_>,
    filter: Option<Box<RequestItemFilter>>,
    order_by: Option<Vec<RequestItemOrder>>,
    arguments: &Arguments,
) -> Fallible<RequestItemConnection> {
    let request = request(ctx)?;
    let filter = filter
        .map(|filter| filter.parse(&request.store.reference()))
        .transpose()?
        .unwrap_or_default();
    let order: Vec<OrderBy> = order_by
        .into_iter()
        .flatten()
        .map(|by| OrderBy {
            field: by.field.into(),
            descending: by.direction == OrderDirection::Desc,
        })
        .collect();
    let limits = &request.limits;
    let (order_text, filter_text) = (format!("{order:?}"), format!("{filter:?}"));
    let paging = Paging::new(
        arguments,
        limits.default_page,
        limits.page,
        "RequestItem",
        &order_text,
        &filter_text,
    )?;
    let columns = columns(node_fields(ctx).into_iter());
    let reader = reader(ctx, Consistency::Snapshot)?;
    let page = request_item::page(&reader, &filter, &order, &paging, &columns, wants_total(ctx)).await?;
    Ok(RequestItemConnection::new(Entry::page(&reader, page).map(RequestItem)))
}

#[Object]
impl RequestItemQuery {
    /// The items of the requests that the viewer may see, across all of them: "which members need examination gloves,
    /// most urgent and largest first?". Without an order, oldest first.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn request_items(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these.")] filter: Option<Box<RequestItemFilter>>,
        #[graphql(desc = "The most important key first.")] order_by: Option<Vec<RequestItemOrder>>,
        #[graphql(desc = "Rows from the start, 0 to 100; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Nullable<RequestItemConnection> {
        Some(item_page(ctx, filter, order_by, &arguments(first, after, last, before)).await)
    }
}
