//! What moved between two places in the ledger: the difference between the sums there. Requests that no write touched are
//! the same in both, so only those that one did are read.

use std::collections::{BTreeSet, HashMap};

use entity::enums::{Priority, RequestStatus, Seen};
use entity::{assistance_request as ar, change, movement as mo, request_history as rh, request_item as ri};
use sea_orm::sea_query::{
    Alias, DynIden, Expr, ExprTrait, Func, IntoIden, JoinType, Order, Query, SelectStatement, WindowStatement,
};
use sea_orm::{ActiveEnum, DbBackend, DbErr, QueryResult};
use uuid::Uuid;

use crate::domain::totals::Sums;
use crate::error::Error;
use crate::store::condition::one_of_ids;
use crate::store::needs::source::FIGURES;
use crate::store::needs::summary::cells::{Cell, Cells, Count, Node, Place, State, counts};
use crate::store::needs::summary::codes::{Codes, Id};
use crate::store::{Reader, fault};

/// Changes that are read one by one; after more of them, rows are added up as if there were no summary.
const CHANGES: u64 = 20_000;

/// From the state after one ticket to that after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Every write up to this ticket has ended and is in the state before.
    pub after: i64,
    /// The last write that counts; none: all that the reader sees.
    pub upto: Option<i64>,
}

/// What a span changed.
#[derive(Debug)]
pub(super) enum Moved {
    /// This difference.
    By(Cells),
    /// More than is worth telling, or something that differences can't tell: an item's price.
    Beyond,
}

/// The difference that a span makes: one statement, and another one where anything was written in it.
pub(super) async fn moved(reader: &Reader, codes: &Codes, span: Span) -> Result<Moved, Error> {
    let Some((requests, repriced)) = touched(reader, span).await? else {
        return Ok(Moved::Beyond);
    };
    if requests.is_empty() {
        return Ok(Moved::By(Cells::default()));
    }
    let rows = reader.all(&items(reader.backend(), &requests, span)).await?;
    let mut cells = Cells::default();
    let mut by_request: HashMap<Uuid, Both> = HashMap::new();
    for row in rows {
        let row = Row::read(&row).map_err(fault::error)?;
        let placed = codes
            .country(&row.country)
            .zip(codes.category(&row.category))
            .zip(codes.unit(&row.unit));
        let Some(((country, category), unit)) = placed else {
            return Ok(Moved::Beyond);
        };
        if row.was.is_some() && repriced.contains(&row.request) {
            return Ok(Moved::Beyond);
        }
        let place = |state| Place {
            country,
            category,
            unit,
            state: Some(state),
        };
        if let Some(was) = &row.was {
            cells.add_items(place(was.state), row.cell(row.before).negated());
        }
        if let Some(is) = &row.is {
            cells.add_items(place(is.state), row.cell(row.after));
        }
        let both = by_request.entry(row.request).or_insert_with(|| Both {
            country,
            was: row.was,
            is: row.is,
            nodes: BTreeSet::new(),
        });
        both.nodes.extend(codes.nodes_of(category));
    }
    for both in by_request.into_values() {
        both.add_to(&mut cells);
    }
    Ok(Moved::By(cells))
}

/// What is known of a request that counts.
#[derive(Clone, Copy, Debug)]
struct Known {
    state: State,
    people: i128,
}

/// A request in both states.
struct Both {
    country: Id,
    was: Option<Known>,
    is: Option<Known>,
    nodes: BTreeSet<Id>,
}

impl Both {
    fn add_to(self, cells: &mut Cells) {
        for node in self.nodes {
            for (known, sign) in [(self.was, -1), (self.is, 1)] {
                let Some(known) = known else { continue };
                let node = Node {
                    country: self.country,
                    node,
                    state: Some(known.state),
                };
                let count = Count {
                    requests: sign,
                    people: sign * known.people,
                };
                cells.add_requests(node, count);
            }
        }
    }
}

/// The requests that were written to in a span, and those of them whose items' prices were; none for too many.
async fn touched(reader: &Reader, span: Span) -> Result<Option<(BTreeSet<Uuid>, BTreeSet<Uuid>)>, Error> {
    let column = |column| Expr::col(column);
    let repriced = column(change::Column::SubjectType)
        .eq("RequestItem")
        .and(column(change::Column::Diff).like("%\"unitCostUsd\"%"));
    // What was never verified, and so never public, counts in neither state.
    let public = |seen| column(seen).eq(Seen::Public.to_value());
    let counted = public(change::Column::SeenBefore).or(public(change::Column::SeenAfter));
    let mut select = Query::select();
    select
        .column(change::Column::RequestId)
        .expr(Expr::case(repriced, 1_i64).finally(0_i64))
        .expr(Expr::case(counted, 1_i64).finally(0_i64))
        .from(change::Entity)
        .and_where(column(change::Column::Ticket).gt(span.after))
        // The end of the index, whatever a plan made for any parameter would think of it.
        .order_by(change::Column::Ticket, Order::Desc)
        .order_by(change::Column::Ordinal, Order::Desc)
        .limit(CHANGES + 1);
    if let Some(upto) = span.upto {
        select.and_where(column(change::Column::Ticket).lte(upto));
    }
    let rows = reader.all(&select).await?;
    if u64::try_from(rows.len()).unwrap_or(u64::MAX) > CHANGES {
        return Ok(None);
    }
    let (mut requests, mut repriced) = (BTreeSet::new(), BTreeSet::new());
    for row in rows {
        let request: Option<Uuid> = row.try_get_by_index(0).map_err(fault::error)?;
        let price: i64 = row.try_get_by_index(1).map_err(fault::error)?;
        let counted: i64 = row.try_get_by_index(2).map_err(fault::error)?;
        let request = request.filter(|_| counted != 0);
        requests.extend(request);
        repriced.extend(request.filter(|_| price != 0));
    }
    Ok(Some((requests, repriced)))
}

/// The items of these requests with what was known of them before and after the span.
fn items(backend: DbBackend, requests: &BTreeSet<Uuid>, span: Span) -> SelectStatement {
    let ids: Vec<Uuid> = requests.iter().copied().collect();
    let [item, request, was, is, figures] = ["i", "r", "b", "a", "f"].map(|name| Alias::new(name).into_iden());
    let of = |table: &DynIden, column: ri::Column| Expr::col((table.clone(), column));
    let mut select = Query::select();
    select
        .expr(of(&item, ri::Column::RequestId))
        .expr(Expr::col((request.clone(), ar::Column::CountryCode)))
        .expr(of(&item, ri::Column::CategoryCode))
        .expr(of(&item, ri::Column::UnitCode))
        .expr(of(&item, ri::Column::UnitCostE4));
    for known in [&was, &is] {
        for column in [rh::Column::Status, rh::Column::Priority, rh::Column::PeopleInNeed] {
            select.expr(Expr::col((known.clone(), column)));
        }
    }
    for side in [BEFORE, AFTER] {
        for column in FIGURES {
            select.expr(Expr::col((figures.clone(), figure(side, column))));
        }
    }
    let of_request = |table: &DynIden| {
        let row = Expr::col((table.clone(), rh::Column::RequestId)).equals((item.clone(), ri::Column::RequestId));
        row.and(Expr::col((table.clone(), Alias::new(NEWEST))).eq(1_i64))
    };
    let of_item = Expr::col((figures.clone(), mo::Column::ItemId)).equals((item.clone(), ri::Column::Id));
    let own = Expr::col((request.clone(), ar::Column::Id)).equals((item.clone(), ri::Column::RequestId));
    select
        .from_as(ri::Entity, item.clone())
        .join_as(JoinType::InnerJoin, ar::Entity, request, own)
        .join_subquery(
            JoinType::LeftJoin,
            known(backend, &ids, Some(span.after)),
            was.clone(),
            of_request(&was),
        )
        .join_subquery(
            JoinType::LeftJoin,
            known(backend, &ids, span.upto),
            is.clone(),
            of_request(&is),
        )
        .join_subquery(JoinType::LeftJoin, sums(backend, &ids, span), figures, of_item)
        .and_where(one_of_ids(backend, of(&item, ri::Column::RequestId), &ids));
    select
}

const NEWEST: &str = "newest";
const BEFORE: &str = "before";
const AFTER: &str = "after";

fn figure(side: &str, column: mo::Column) -> Alias {
    use sea_orm::Iden;
    Alias::new(format!("{side}_{}", column.unquoted()))
}

/// What was remembered of requests after a ticket, the newest row of each marked with 1.
fn known(backend: DbBackend, requests: &[Uuid], upto: Option<i64>) -> SelectStatement {
    let window = WindowStatement::partition_by(rh::Column::RequestId)
        .order_by(rh::Column::Ticket, Order::Desc)
        .order_by(rh::Column::Id, Order::Desc)
        .take();
    let mut select = Query::select();
    select
        .columns([
            rh::Column::RequestId,
            rh::Column::Status,
            rh::Column::Priority,
            rh::Column::PeopleInNeed,
        ])
        .expr_window_as(Func::cust("ROW_NUMBER"), window, Alias::new(NEWEST))
        .from(rh::Entity)
        .and_where(one_of_ids(backend, Expr::col(rh::Column::RequestId), requests));
    if let Some(upto) = upto {
        select.and_where(Expr::col(rh::Column::Ticket).lte(upto));
    }
    select
}

/// The figures of the items of requests before and after a span, each of which fits 64 bits.
fn sums(backend: DbBackend, requests: &[Uuid], span: Span) -> SelectStatement {
    let items = Query::select()
        .column(ri::Column::Id)
        .from(ri::Entity)
        .and_where(one_of_ids(backend, Expr::col(ri::Column::RequestId), requests))
        .take();
    let mut select = Query::select();
    select
        .column(mo::Column::ItemId)
        .from(mo::Entity)
        .and_where(Expr::col(mo::Column::ItemId).in_subquery(items))
        .group_by_col(mo::Column::ItemId);
    for (side, upto) in [(BEFORE, Some(span.after)), (AFTER, span.upto)] {
        for column in FIGURES {
            let value = match upto {
                Some(upto) => Expr::case(Expr::col(mo::Column::Ticket).lte(upto), Expr::col(column))
                    .finally(0_i64)
                    .into(),
                None => Expr::col(column),
            };
            let sum: Expr = Func::sum(value).into();
            let sum = match backend {
                DbBackend::Postgres => sum.cast_as("bigint"),
                _ => sum,
            };
            select.expr_as(sum, figure(side, column));
        }
    }
    select
}

/// One item of a request that was touched.
struct Row {
    request: Uuid,
    country: String,
    category: String,
    unit: String,
    unit_cost_e4: Option<i64>,
    was: Option<Known>,
    is: Option<Known>,
    before: Sums,
    after: Sums,
}

impl Row {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            request: row.try_get_by_index(0)?,
            country: row.try_get_by_index(1)?,
            category: row.try_get_by_index(2)?,
            unit: row.try_get_by_index(3)?,
            unit_cost_e4: row.try_get_by_index(4)?,
            was: known_at(row, 5)?,
            is: known_at(row, 8)?,
            before: sums_at(row, 11)?,
            after: sums_at(row, 11 + Sums::COUNT)?,
        })
    }

    fn cell(&self, quantities: Sums) -> Cell {
        Cell {
            items: 1,
            unpriced: i128::from(self.unit_cost_e4.is_none()),
            values: quantities.times(self.unit_cost_e4.unwrap_or(0).into()),
            quantities,
        }
    }
}

/// None for a request that does not count: not yet verified, or withdrawn.
fn known_at(row: &QueryResult, index: usize) -> Result<Option<Known>, DbErr> {
    let status: Option<RequestStatus> = row.try_get_by_index(index)?;
    let priority: Option<Priority> = row.try_get_by_index(index + 1)?;
    let people: Option<i32> = row.try_get_by_index(index + 2)?;
    Ok(status
        .filter(|status| counts(*status))
        .zip(priority)
        .map(|(status, priority)| Known {
            state: State { status, priority },
            people: people.unwrap_or(0).into(),
        }))
}

fn sums_at(row: &QueryResult, from: usize) -> Result<Sums, DbErr> {
    let mut sums = [0; Sums::COUNT];
    for (sum, index) in sums.iter_mut().zip(from..) {
        *sum = row.try_get_by_index::<Option<i64>>(index)?.unwrap_or(0).into();
    }
    Ok(Sums::of(sums))
}
