//! Looking contributions up and listing them.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, OneofObject, SelectionField};
use futures_util::FutureExt;

use crate::domain::assistance_request::Origin;
use crate::domain::filter::{ContributionField, Filter, any_leaf};
use crate::domain::text::canonical;
use crate::error::Error;
use crate::graphql::assistance_request::{ExternalIdInput, OrderDirection, node_fields};
use crate::graphql::context::{reader, request};
use crate::graphql::contribution::filter::ContributionFilter;
use crate::graphql::contribution::object::{Contribution, ContributionConnection, columns};
use crate::graphql::fault::{Fallible, Nullable, nullable};
use crate::graphql::level::{Entry, Level};
use crate::graphql::node::contribution_id;
use crate::graphql::organization::Organization;
use crate::graphql::page::{arguments, wants_total};
use crate::graphql::written::{One, is_of_row};
use crate::store::contribution::{self, By, ContributionRow, OrderBy, OrderField, Owner, Owners};
use crate::store::page::{Arguments, Page, Paging};
use crate::store::{Consistency, Map, Reader};

/// Root fields of contributions.
#[derive(Default)]
pub struct ContributionQuery;

/// What names one contribution: exactly one of these.
#[derive(OneofObject, Clone, Debug)]
pub enum ContributionBy {
    /// Its id.
    Id(ID),
    /// Its id in the system it came from.
    ExternalId(ExternalIdInput),
}

/// What contributions can be ordered by. Ties break on the id.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "OrderField")]
pub enum ContributionOrderField {
    /// By when it was made.
    CreatedAt,
    /// By when it was last changed.
    UpdatedAt,
    /// By the day on which it is expected.
    ExpectedOn,
    /// By the day on which the last part was received.
    DeliveredOn,
    /// By how much, whatever the unit.
    Quantity,
}

/// One order key of a list of contributions; the first given is the most important.
#[derive(InputObject, Clone, Debug)]
pub struct ContributionOrder {
    /// By what.
    field: ContributionOrderField,
    /// In which direction.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

/// The arguments of a connection of contributions.
pub struct Asked {
    /// Only these.
    pub filter: Option<Box<ContributionFilter>>,
    /// The most important key first.
    pub order_by: Option<Vec<ContributionOrder>>,
    /// Which page.
    pub arguments: Arguments,
}

impl Asked {
    fn parse(self, ctx: &Context<'_>) -> Fallible<(Filter<ContributionField>, Vec<OrderBy>, Paging)> {
        let Self {
            filter,
            order_by,
            arguments,
        } = self;
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
            &arguments,
            limits.default_page,
            limits.page,
            "Contribution",
            &order_text,
            &filter_text,
        )?;
        Ok((filter, order, paging))
    }
}

/// The page of one owner's contributions, read with those of all rows of its level.
///
/// # Errors
/// The arguments' and the database's.
pub async fn nested<R: Send + Sync>(
    ctx: &Context<'_>,
    level: &Level<R>,
    parents: impl Fn() -> Result<Owners, Error> + Send,
    owner: &Owner,
    asked: Asked,
) -> Fallible<One<ContributionConnection>> {
    let begin = || {
        let count = wants_total(ctx);
        let (filter, order, paging) = asked.parse(ctx)?;
        let columns = columns(node_fields(ctx).into_iter());
        let key = format!("{columns:?} {count}");
        let load = async move {
            let read =
                contribution::pages_of(&level.reader, &parents()?, &filter, &order, &paging, &columns, count).await?;
            Ok(Entry::pages(&level.reader, read))
        };
        Ok((key, load.boxed()))
    };
    let pages: Arc<Map<Owner, Page<Entry<ContributionRow>>>> = level.children(ctx, begin).await?;
    let page = pages.get(owner).cloned().unwrap_or_default();
    Ok(One(ContributionConnection::new(page.map(Contribution))))
}

/// What a contribution needs to be read with, where these fields of it are selected: leaves are read with it, and what is in
/// memory of its organization is too.
pub(super) fn consistency<'a>(mut fields: impl Iterator<Item = &'a SelectionField<'a>>) -> Consistency {
    Consistency::of_row(fields.all(|field| match field.name() {
        "organization" => field.selection_set().all(|field| is_of_row::<Organization>(&field)),
        _ => is_of_row::<Contribution>(field),
    }))
}

async fn page(ctx: &Context<'_>, asked: Asked) -> Fallible<ContributionConnection> {
    let (filter, order, paging) = asked.parse(ctx)?;
    let columns = columns(node_fields(ctx).into_iter());
    let count = wants_total(ctx);
    // What leads from contributions to other rows is looked up by statements of its own.
    let leads = any_leaf(&filter, &|field| {
        use ContributionField::{Item, Organization, Request};
        matches!(field, Item(_) | Organization(_) | Request(_))
    });
    let consistency = match count || leads {
        true => Consistency::Snapshot,
        false => consistency(node_fields(ctx).iter()),
    };
    let reader = reader(ctx, consistency)?;
    let page = contribution::page(&reader, &filter, &order, &paging, &columns, count).await?;
    Ok(ContributionConnection::new(
        Entry::page(&reader, page).map(Contribution),
    ))
}

/// One contribution as an object, where the reader may see it.
///
/// # Errors
/// The database's.
pub async fn find(
    reader: Arc<Reader>,
    by: &By,
    columns: &[entity::contribution::Column],
) -> Fallible<Option<Contribution>> {
    let row = contribution::find(&reader, by, columns).await?;
    Ok(row.map(|row| Contribution(Entry::alone(reader, row))))
}

#[Object]
impl ContributionQuery {
    /// One contribution, by its id or its id in the system it came from. Null where there is none that the viewer may
    /// see.
    async fn contribution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What names the contribution.")] by: ContributionBy,
    ) -> Nullable<One<Contribution>> {
        let found = async {
            let by = match by {
                ContributionBy::Id(id) => match contribution_id(&id) {
                    Some(id) => By::Id(id),
                    None => return Ok(None),
                },
                ContributionBy::ExternalId(ExternalIdInput { source, external_id }) => By::Origin(Origin {
                    source: canonical(&source),
                    external_id: canonical(&external_id),
                }),
            };
            let fields: Vec<_> = ctx.field().selection_set().collect();
            let reader = reader(ctx, consistency(fields.iter()))?;
            find(reader, &by, &columns(fields.into_iter())).await
        };
        nullable(found.await.map(|found| found.map(One)))
    }

    /// The contributions to requests that the viewer may see. Without an order, oldest first.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn contributions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these.")] filter: Option<Box<ContributionFilter>>,
        #[graphql(desc = "The most important key first.")] order_by: Option<Vec<ContributionOrder>>,
        #[graphql(desc = "Rows from the start, 0 to 100; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Nullable<ContributionConnection> {
        let asked = Asked {
            filter,
            order_by,
            arguments: arguments(first, after, last, before),
        };
        Some(page(ctx, asked).await)
    }
}
