//! Items of requests: pages of them, and all of any number of requests at once.

use entity::{assistance_request as ar, request_item as ri};
use sea_orm::sea_query::{CaseStatement, DynIden, Expr, ExprTrait, Func, Order, Query, SelectStatement};
use uuid::Uuid;

use crate::domain::figures::Progress;
use crate::domain::filter::{Filter, ItemField};
use crate::error::Error;
use crate::store::condition::{self, Aliases, ItemFigures, always, one_of_ids, resolve, visible_request};
use crate::store::page::{Key, KeyKind, Keyset, Page, Paging, Plan};
use crate::store::row::{Cell, row};
use crate::store::{Map, Reader, fault};

row! {
    /// An item, as far as it was read.
    ItemRow (ItemCells) of ri {
        /// Its id.
        id / Id: Uuid,
        /// Its request.
        request_id / RequestId: Uuid,
        /// Its place in the request, from 0.
        position / Position: i32,
        /// Its id in the request's source.
        external_id / ExternalId: Option<String>,
        /// What kind of help.
        kind / Kind: entity::enums::ItemKind,
        /// Code of its category.
        category_code / CategoryCode: String,
        /// Code of its commodity.
        commodity_code / CommodityCode: Option<String>,
        /// What the codes don't say.
        description / Description: Option<String>,
        /// Code of its unit.
        unit_code / UnitCode: String,
        /// Requested, in thousandths.
        quantity_milli / QuantityMilli: i64,
        /// Approved, in thousandths.
        approved_milli / ApprovedMilli: Option<i64>,
        /// Why it is not the requested quantity.
        approval_note / ApprovalNote: Option<String>,
        /// In ten-thousandths of a US dollar.
        unit_cost_e4 / UnitCostE4: Option<i64>,
        /// Open pledges, in thousandths.
        pledged_milli / PledgedMilli: i64,
        /// Committed and not yet shipped, in thousandths.
        committed_milli / CommittedMilli: i64,
        /// Shipped and not yet received, in thousandths.
        in_transit_milli / InTransitMilli: i64,
        /// Received and accepted, in thousandths.
        delivered_milli / DeliveredMilli: i64,
        /// What a donor can still take, in thousandths.
        uncovered_milli / UncoveredMilli: i64,
        /// What is not yet in hands, in thousandths.
        unmet_milli / UnmetMilli: i64,
    }
}

/// What a page of items can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderField {
    /// Requested quantity, whatever the unit.
    Quantity,
    /// What a donor can still take, whatever the unit.
    UncoveredQuantity,
    /// What is not yet in hands, whatever the unit.
    UnmetQuantity,
    /// What a donor can still take, in US dollars; items without a unit cost last.
    UncoveredValue,
    /// The request's day.
    NeededBy,
    /// The request's urgency.
    Priority,
}

/// One order key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// By what.
    pub field: OrderField,
    /// Largest first.
    pub descending: bool,
}

/// The tables of one statement on items.
struct Tables {
    item: DynIden,
    request: DynIden,
    aliases: Aliases,
}

impl Tables {
    fn new() -> Self {
        let aliases = Aliases::default();
        Self {
            item: aliases.next("i"),
            request: aliases.next("r"),
            aliases,
        }
    }

    /// Items of requests that the reader may see.
    fn select(&self, reader: &Reader) -> SelectStatement {
        Query::select()
            .from_as(ri::Entity, self.item.clone())
            .join_as(
                sea_orm::JoinType::InnerJoin,
                ar::Entity,
                self.request.clone(),
                Expr::col((self.request.clone(), ar::Column::Id)).equals((self.item.clone(), ri::Column::RequestId)),
            )
            .and_where(visible_request(reader.actor(), &self.request))
            .take()
    }

    fn filter(&self, reader: &Reader, filter: &Filter<ItemField>) -> Expr {
        condition::item(reader, &self.aliases, &self.item, filter)
    }

    fn keyset(&self, order: &[OrderBy]) -> Keyset {
        let mut keys: Vec<Key> = order
            .iter()
            .map(|by| {
                let item = |column| Expr::col((self.item.clone(), column));
                let request = |column| Expr::col((self.request.clone(), column));
                let (expr, kind, nullable) = match by.field {
                    OrderField::Quantity => (item(ri::Column::QuantityMilli), KeyKind::BigInt, false),
                    OrderField::UncoveredQuantity => (item(ri::Column::UncoveredMilli), KeyKind::BigInt, false),
                    OrderField::UnmetQuantity => (item(ri::Column::UnmetMilli), KeyKind::BigInt, false),
                    OrderField::UncoveredValue => (item(ri::Column::UncoveredValueE7), KeyKind::BigInt, true),
                    OrderField::NeededBy => (request(ar::Column::NeededBy), KeyKind::Date, true),
                    OrderField::Priority => (request(ar::Column::Priority), KeyKind::SmallInt, false),
                };
                Key {
                    expr,
                    kind,
                    nullable,
                    descending: by.descending,
                }
            })
            .collect();
        // Where only the request orders, its items stay together: an index of requests then serves the page.
        let by_request = |by: &OrderBy| matches!(by.field, OrderField::NeededBy | OrderField::Priority);
        if let Some(first) = order.first().filter(|_| order.iter().all(by_request)) {
            keys.push(Key {
                expr: Expr::col((self.request.clone(), ar::Column::Id)),
                kind: KeyKind::Id,
                nullable: false,
                descending: first.descending,
            });
        }
        Keyset::new(keys, Expr::col((self.item.clone(), ri::Column::Id)))
    }
}

/// One page of the items that the reader may see; with `count`, how many there are in all.
///
/// # Errors
/// The database's.
pub async fn page(
    reader: &Reader,
    filter: &Filter<ItemField>,
    order: &[OrderBy],
    paging: &Paging,
    columns: &[ri::Column],
    count: bool,
) -> Result<Page<ItemRow>, Error> {
    let filter = resolve::item(reader, filter).await?;
    let tables = Tables::new();
    let mut select = tables.select(reader).and_where(tables.filter(reader, &filter)).take();
    let total = if count {
        Some(condition::count(reader, &select).await?)
    } else {
        None
    };
    select.columns(columns.iter().map(|column| (tables.item.clone(), *column)));
    let page = tables
        .keyset(order)
        .page(reader, select, columns.len(), paging, Plan::by(&filter), |row| {
            ItemRow::read(row, columns)
        })
        .await?;
    Ok(Page { total, ..page })
}

/// The items with these ids that the reader may see, by id.
///
/// # Errors
/// The database's.
pub async fn by_ids(reader: &Reader, ids: &[Uuid], columns: &[ri::Column]) -> Result<Map<Uuid, ItemRow>, Error> {
    let tables = Tables::new();
    let select = tables
        .select(reader)
        .column((tables.item.clone(), ri::Column::Id))
        .columns(columns.iter().map(|column| (tables.item.clone(), *column)))
        .and_where(one_of_ids(
            reader.backend(),
            Expr::col((tables.item.clone(), ri::Column::Id)),
            ids,
        ))
        .take();
    let rows = reader.all(&select).await?;
    let all: Vec<ri::Column> = [ri::Column::Id].into_iter().chain(columns.iter().copied()).collect();
    rows.iter()
        .map(|row| Ok((Cell::of(row, 0)?, ItemRow::read(row, &all)?)))
        .collect::<Result<_, sea_orm::DbErr>>()
        .map_err(fault::error)
}

/// All items of these requests, which the reader was given before, in their places, in one statement.
///
/// # Errors
/// The database's.
pub async fn of_requests(
    reader: &Reader,
    requests: &[Uuid],
    columns: &[ri::Column],
) -> Result<Vec<(Uuid, ItemRow)>, Error> {
    let tables = Tables::new();
    let request_id = Expr::col((tables.item.clone(), ri::Column::RequestId));
    let select = Query::select()
        .columns(columns.iter().map(|column| (tables.item.clone(), *column)))
        .expr(request_id.clone())
        .from_as(ri::Entity, tables.item.clone())
        .and_where(one_of_ids(reader.backend(), request_id, requests))
        .order_by((tables.item.clone(), ri::Column::Position), Order::Asc)
        .order_by((tables.item.clone(), ri::Column::Id), Order::Asc)
        .take();
    let rows = reader.all(&select).await?;
    rows.iter()
        .map(|row| Ok((Cell::of(row, columns.len())?, ItemRow::read(row, columns)?)))
        .collect::<Result<_, sea_orm::DbErr>>()
        .map_err(fault::error)
}

/// How far each of these requests is met, by its items, in one statement. A request without items is absent.
///
/// # Errors
/// The database's.
pub async fn progress_of(reader: &Reader, requests: &[Uuid]) -> Result<Map<Uuid, Progress>, Error> {
    let tables = Tables::new();
    let figures = ItemFigures::of(&tables.item);
    let request_id = Expr::col((tables.item.clone(), ri::Column::RequestId));
    let any = |holds: Expr| -> Expr {
        let case = CaseStatement::new().case(figures.base().gt(0).and(holds), 1).finally(0);
        Func::max(case).into()
    };
    let select = Query::select()
        .expr(request_id.clone())
        .expr(any(always(true)))
        .expr(any(figures.is_unmet()))
        .expr(any(figures.is_uncovered()))
        .expr(any(figures.is_delivered()))
        .expr(any(figures.is_committed()))
        .from_as(ri::Entity, tables.item.clone())
        .and_where(one_of_ids(reader.backend(), request_id.clone(), requests))
        .add_group_by([request_id])
        .take();
    let rows = reader.all(&select).await?;
    rows.iter()
        .map(|row| {
            let flag = |index| i32::of(row, index).map(|flag| flag == 1);
            let progress = Progress {
                asks: flag(1)?,
                unmet: flag(2)?,
                uncovered: flag(3)?,
                delivered: flag(4)?,
                committed: flag(5)?,
            };
            Ok((Cell::of(row, 0)?, progress))
        })
        .collect::<Result<_, sea_orm::DbErr>>()
        .map_err(fault::error)
}
