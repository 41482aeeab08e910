//! Looking requests up and listing them.

use async_graphql::{Context, Enum, ID, InputObject, Object, OneofObject, SelectionField};
use entity::assistance_request::Column;
use entity::request_item as ri;

use crate::domain::assistance_request::Origin;
use crate::domain::filter::{Filter, RequestField, any_leaf};
use crate::domain::text::canonical;
use crate::graphql::assistance_request::filter::AssistanceRequestFilter;
use crate::graphql::assistance_request::object::{AssistanceRequest, AssistanceRequestConnection, Contact};
use crate::graphql::context::{reader, request};
use crate::graphql::country::Country;
use crate::graphql::fault::{Fallible, Nullable, nullable};
use crate::graphql::level::Entry;
use crate::graphql::node::request_id;
use crate::graphql::page::{arguments, wants_total};
use crate::graphql::request_item::{self, is_of_item};
use crate::graphql::written::{One, is_of_row};
use crate::store::Consistency;
use crate::store::assistance_request::{self, By, OrderBy, OrderField, RequestRow};
use crate::store::page::{Arguments, Paging};
use crate::store::request_item::ItemRow;

/// Root fields of requests.
#[derive(Default)]
pub struct AssistanceRequestQuery;

/// What names one request: exactly one of these.
#[derive(OneofObject, Clone, Debug)]
pub enum AssistanceRequestBy {
    /// Its id.
    Id(ID),
    /// Its reference: "BGD-2020-000042".
    Reference(String),
    /// Its id in the system it came from.
    ExternalId(ExternalIdInput),
}

/// The id of something in another system.
#[derive(InputObject, Clone, Debug)]
pub struct ExternalIdInput {
    /// The system of record.
    pub source: String,
    /// The id there.
    pub external_id: String,
}

/// In which direction. Nulls come last in both.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OrderDirection {
    /// Smallest, earliest, least urgent first.
    #[default]
    Asc,
    /// Largest, latest, most urgent first.
    Desc,
}

/// What requests can be ordered by. Ties break on the id.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "OrderField")]
pub enum AssistanceRequestOrderField {
    /// By reference, as a text.
    Reference,
    /// By when it was made.
    CreatedAt,
    /// By when it was last changed.
    UpdatedAt,
    /// By when it was last handed in.
    SubmittedAt,
    /// By when it was verified.
    VerifiedAt,
    /// By the day on which it is needed.
    NeededBy,
    /// By urgency, LOW to CRITICAL.
    Priority,
    /// By the number of persons.
    PeopleInNeed,
}

/// One order key of a list of requests; the first given is the most important.
#[derive(InputObject, Clone, Debug)]
pub struct AssistanceRequestOrder {
    /// By what.
    field: AssistanceRequestOrderField,
    /// In which direction.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

/// The columns that a selection of a request's fields needs, each once, the id always among them.
#[derive(Clone, Debug)]
pub struct Columns(pub Vec<Column>);

impl Columns {
    /// What these selected fields need.
    pub fn of<'a>(fields: impl Iterator<Item = SelectionField<'a>>) -> Self {
        Self::of_names(fields.map(|field| field.name()))
    }

    /// What the fields of these names need.
    pub fn of_names<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut columns = vec![Column::Id];
        for name in names {
            columns.extend_from_slice(columns_of(name));
        }
        columns.sort_unstable_by_key(|column| *column as u8);
        columns.dedup_by_key(|column| *column as u8);
        Self(columns)
    }

    /// What the nodes of a connection need, whether they are selected as `nodes` or within `edges`.
    pub fn of_nodes(ctx: &Context<'_>) -> Self {
        Self::of(node_fields(ctx).into_iter())
    }
}

/// The fields selected of a connection's nodes.
pub fn node_fields<'a>(ctx: &'a Context<'_>) -> Vec<SelectionField<'a>> {
    let mut fields = Vec::new();
    for field in ctx.field().selection_set() {
        match field.name() {
            "nodes" => fields.extend(field.selection_set()),
            "edges" => {
                for node in field.selection_set().filter(|field| field.name() == "node") {
                    fields.extend(node.selection_set());
                }
            }
            _ => {}
        }
    }
    fields
}

/// The columns behind one field. A field that is not named needs everything: too much is slow, too little is wrong.
fn columns_of(field: &str) -> &'static [Column] {
    use Column as C;
    match field {
        "id" | "items" | "contributions" | "fulfilment" | "totals" | "__typename" => &[],
        "reference" => &[C::Reference],
        "country" => &[C::CountryCode],
        "title" => &[C::Title],
        "description" => &[C::Description],
        "language" => &[C::Language],
        "priority" => &[C::Priority],
        "status" => &[C::Status],
        "availableSteps" => &[C::CountryCode, C::Status, C::CreatedBy, C::SubmittedBy],
        "statusReason" => &[C::StatusReason],
        "peopleInNeed" => &[C::PeopleInNeed],
        "neededBy" => &[C::NeededBy],
        "contact" => &[
            C::CountryCode,
            C::ContactName,
            C::ContactRole,
            C::ContactEmail,
            C::ContactPhone,
        ],
        "source" => &[C::Source],
        "sourceUrl" => &[C::SourceUrl],
        "externalId" => &[C::ExternalId],
        "confirmedAt" => &[C::ConfirmedAt],
        "stale" => &[C::Status, C::ConfirmedAt],
        "version" => &[C::Version],
        "createdAt" => &[C::CreatedAt],
        "updatedAt" => &[C::UpdatedAt],
        "submittedAt" => &[C::SubmittedAt],
        "verifiedAt" => &[C::VerifiedAt],
        "closedAt" => &[C::ClosedAt],
        _ => RequestRow::COLUMNS,
    }
}

/// What a request needs to be read with, where these fields of it are selected: leaves are read with it, and what is in
/// memory of its country is too.
pub(super) fn consistency<'a>(mut fields: impl Iterator<Item = SelectionField<'a>>) -> Consistency {
    Consistency::of_row(fields.all(|field| match field.name() {
        "country" => field.selection_set().all(|field| is_of_row::<Country>(&field)),
        "contact" => field.selection_set().all(|field| is_of_row::<Contact>(&field)),
        _ => is_of_row::<AssistanceRequest>(&field),
    }))
}

fn order(order_by: Option<Vec<AssistanceRequestOrder>>) -> Vec<OrderBy> {
    order_by
        .into_iter()
        .flatten()
        .map(|by| OrderBy {
            field: by.field.into(),
            descending: by.direction == OrderDirection::Desc,
        })
        .collect()
}

/// The page of requests that a connection's arguments ask for, its filter and its order.
///
/// # Errors
/// `BAD_USER_INPUT` and `BAD_CURSOR`, as the arguments deserve.
pub fn request_paging(
    ctx: &Context<'_>,
    filter: Option<Box<AssistanceRequestFilter>>,
    order_by: Option<Vec<AssistanceRequestOrder>>,
    arguments: &Arguments,
) -> Fallible<(Filter<RequestField>, Vec<OrderBy>, Paging)> {
    let request = request(ctx)?;
    let filter = filter
        .map(|filter| filter.parse(&request.store.reference()))
        .transpose()?
        .unwrap_or_default();
    let order = order(order_by);
    let limits = &request.limits;
    let paging = Paging::new(
        arguments,
        limits.default_page,
        limits.page,
        "AssistanceRequest",
        &format!("{order:?}"),
        &format!("{filter:?}"),
    )?;
    Ok((filter, order, paging))
}

/// A page of requests as a connection.
///
/// # Errors
/// The arguments' and the database's.
pub async fn request_page(
    ctx: &Context<'_>,
    filter: Option<Box<AssistanceRequestFilter>>,
    order_by: Option<Vec<AssistanceRequestOrder>>,
    arguments: &Arguments,
) -> Fallible<AssistanceRequestConnection> {
    let (filter, order, paging) = request_paging(ctx, filter, order_by, arguments)?;
    let columns = Columns::of_nodes(ctx);
    let count = wants_total(ctx);
    // What leads from requests to other rows is looked up by statements of its own.
    let leads = any_leaf(&filter, &|field| {
        use RequestField::{Contributions, Country, Items};
        matches!(field, Country(_) | Items(_) | Contributions(_))
    });
    let consistency = match count || leads {
        true => Consistency::Snapshot,
        false => consistency(node_fields(ctx).into_iter()),
    };
    let reader = reader(ctx, consistency)?;
    let page = assistance_request::page(&reader, &filter, &order, &paging, &columns.0, count).await?;
    Ok(AssistanceRequestConnection::new(
        Entry::page(&reader, page).map(AssistanceRequest),
    ))
}

/// One request as an object, of which these fields are selected, where the viewer may see it. What is selected of its items
/// is read with it, as far as one statement can tell all of it.
///
/// # Errors
/// The database's.
pub async fn find(ctx: &Context<'_>, by: &By, fields: &[SelectionField<'_>]) -> Fallible<Option<AssistanceRequest>> {
    let columns = Columns::of(fields.iter().copied());
    let with_items = items_beside_it(fields).filter(|_| assistance_request::goes_with_items(&columns.0));
    if let Some(item_columns) = with_items {
        let reader = reader(ctx, Consistency::Statement)?;
        let found = assistance_request::find_with_items(&reader, by, &columns.0, &item_columns).await?;
        let found = found.map(|(row, items)| AssistanceRequest::with_items(reader, row, items));
        return Ok(found.transpose()?);
    }
    let reader = reader(ctx, consistency(fields.iter().copied()))?;
    let row = assistance_request::find(&reader, by, &columns.0).await?;
    Ok(row.map(|row| AssistanceRequest(Entry::alone(reader, row))))
}

/// The same as its write left it, with its items where they were left too. None where more is selected than that tells.
///
/// # Errors
/// `INTERNAL`, which can't be.
pub(super) fn as_left(
    ctx: &Context<'_>,
    row: RequestRow,
    items: Option<Vec<ItemRow>>,
    fields: &[SelectionField<'_>],
) -> Fallible<Option<AssistanceRequest>> {
    let reader = || reader(ctx, Consistency::Statement);
    Ok(match items {
        Some(items) if items_beside_it(fields).is_some() => Some(AssistanceRequest::with_items(reader()?, row, items)?),
        _ if consistency(fields.iter().copied()) == Consistency::Statement => {
            Some(AssistanceRequest(Entry::alone(reader()?, row)))
        }
        _ => None,
    })
}

/// The columns of the items of a request of which these fields are selected, where its row and theirs tell all of it. None where
/// they don't, or nothing of items is selected.
fn items_beside_it(fields: &[SelectionField<'_>]) -> Option<Vec<ri::Column>> {
    if fields.iter().all(|field| field.name() != "items") {
        return None;
    }
    let (items, others): (Vec<SelectionField<'_>>, Vec<_>) = fields.iter().partition(|field| field.name() == "items");
    let of_items: Vec<_> = items.iter().flat_map(SelectionField::selection_set).collect();
    let is_enough = of_items.iter().all(is_of_item) && consistency(others.into_iter()) == Consistency::Statement;
    is_enough.then(|| request_item::columns(of_items.into_iter()))
}

#[Object]
impl AssistanceRequestQuery {
    /// One request, by its id, its reference or its id in the system it came from. Null where there is none that the
    /// viewer may see.
    async fn assistance_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What names the request.")] by: AssistanceRequestBy,
    ) -> Nullable<One<AssistanceRequest>> {
        let found = async {
            let by = match by {
                AssistanceRequestBy::Id(id) => match request_id(&id) {
                    Some(id) => By::Id(id),
                    None => return Ok(None),
                },
                AssistanceRequestBy::Reference(reference) => By::Reference(reference),
                AssistanceRequestBy::ExternalId(ExternalIdInput { source, external_id }) => By::Origin(Origin {
                    source: canonical(&source),
                    external_id: canonical(&external_id),
                }),
            };
            find(ctx, &by, &ctx.field().selection_set().collect::<Vec<_>>()).await
        };
        nullable(found.await.map(|found| found.map(One)))
    }

    /// The requests that the viewer may see: everybody sees those that have been verified. Without an order, oldest
    /// first.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn assistance_requests(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these.")] filter: Option<Box<AssistanceRequestFilter>>,
        #[graphql(desc = "The most important key first.")] order_by: Option<Vec<AssistanceRequestOrder>>,
        #[graphql(desc = "Rows from the start, 0 to 100; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Nullable<AssistanceRequestConnection> {
        Some(request_page(ctx, filter, order_by, &arguments(first, after, last, before)).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_columns_are_read_that_are_asked_for() {
        let told = |names: &[&str]| {
            let columns = Columns::of_names(names.iter().copied()).0;
            columns.iter().map(|column| format!("{column:?}")).collect::<Vec<_>>()
        };
        assert_eq!(told(&[]), ["Id"]);
        assert_eq!(told(&["title", "items", "__typename"]), ["Id", "Title"]);
        assert_eq!(told(&["stale", "status", "status"]), ["Id", "Status", "ConfirmedAt"]);
        // What is not known here is read in full.
        assert_eq!(told(&["title", "unknown"]).len(), RequestRow::COLUMNS.len());
    }
}
