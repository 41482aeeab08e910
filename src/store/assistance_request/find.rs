//! Looking one request up.

use entity::{assistance_request as ar, request_item as ri};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Order, SelectStatement};
use uuid::Uuid;

use crate::domain::assistance_request::Origin;
use crate::domain::text::findable;
use crate::error::Error;
use crate::store::assistance_request::read::{RequestRow, Requests, by_ids};
use crate::store::condition::Visible;
use crate::store::request_item::ItemRow;
use crate::store::row::Cell;
use crate::store::{Reader, fault};

/// What names one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Its id.
    Id(Uuid),
    /// Its reference.
    Reference(String),
    /// Its id in its source.
    Origin(Origin),
}

/// Lookups of requests that may go in one statement: of whoever sees the same, for the same columns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::store) struct Lookup {
    visible: Visible,
    columns: Vec<u8>,
}

/// The request that is named, where the reader may see it.
fn named(requests: &Requests, reader: &Reader, by: &By) -> SelectStatement {
    let mut select = requests.select(reader);
    match by {
        By::Id(id) => select.and_where(requests.column(ar::Column::Id).eq(*id)),
        By::Reference(reference) => select.and_where(requests.column(ar::Column::Reference).eq(&*findable(reference))),
        By::Origin(Origin { source, external_id }) => select
            .and_where(requests.column(ar::Column::Source).eq(&*findable(source)))
            .and_where(requests.column(ar::Column::ExternalId).eq(&*findable(external_id))),
    };
    select
}

/// Whether a request of these columns can be read with each of its items: what may be long would be sent once for each.
pub fn goes_with_items(columns: &[ar::Column]) -> bool {
    use ar::Column::{Description, SourceUrl, StatusReason};
    !columns
        .iter()
        .any(|column| matches!(column, Description | StatusReason | SourceUrl))
}

/// One request with its items in their places, where the reader may see it, in one statement.
///
/// # Errors
/// The database's.
pub async fn find_with_items(
    reader: &Reader,
    by: &By,
    columns: &[ar::Column],
    item_columns: &[ri::Column],
) -> Result<Option<(RequestRow, Vec<ItemRow>)>, Error> {
    let requests = Requests::new();
    let item = requests.aliases.next("i");
    let of_item = |column| Expr::col((item.clone(), column));
    let mut select = named(&requests, reader, by);
    requests.add_columns(&mut select, columns);
    select
        .columns(item_columns.iter().map(|column| (item.clone(), *column)))
        .expr(of_item(ri::Column::Id))
        .join_as(
            JoinType::LeftJoin,
            ri::Entity,
            item.clone(),
            of_item(ri::Column::RequestId).eq(requests.column(ar::Column::Id)),
        )
        .order_by_expr(of_item(ri::Column::Position), Order::Asc)
        .order_by_expr(of_item(ri::Column::Id), Order::Asc);
    let rows = reader.all(&select).await?;
    let read = || {
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            // One that asks for nothing has a row without an item.
            if Option::<Uuid>::of(row, columns.len() + item_columns.len())?.is_some() {
                items.push(ItemRow::read_after(columns.len(), row, item_columns)?);
            }
        }
        Ok(Some((RequestRow::read(first, columns)?, items)))
    };
    read().map_err(fault::error)
}

/// One request, where the reader may see it.
///
/// # Errors
/// The database's.
pub async fn find(reader: &Reader, by: &By, columns: &[ar::Column]) -> Result<Option<RequestRow>, Error> {
    if let By::Id(id) = by
        && reader.is_alone()
    {
        let kind = Lookup {
            visible: Visible::to(reader.actor()),
            columns: columns.iter().map(|column| *column as u8).collect(),
        };
        let read = |ids: Vec<Uuid>| async move { by_ids(reader, &ids, columns).await };
        return reader.store().0.requests.find(kind, *id, read).await;
    }
    let requests = Requests::new();
    let mut select = named(&requests, reader, by);
    requests.add_columns(&mut select, columns);
    // A statement without columns is none.
    select.expr(requests.column(ar::Column::Id));
    let rows = reader.all(&select).await?;
    rows.first()
        .map(|row| RequestRow::read(row, columns))
        .transpose()
        .map_err(fault::error)
}
