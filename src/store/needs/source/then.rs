//! Requests and items as they were known at a moment: what `asOf` adds to the rows that are added up.

use chrono::{DateTime, Utc};
use entity::{
    assistance_request as ar, change_position as cp, movement as mo, request_history as rh, request_item as ri,
};
use sea_orm::DbBackend;
use sea_orm::sea_query::{
    Alias, DynIden, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, WindowStatement,
};

use crate::store::needs::source::FIGURES;

/// Whether the write of a ticket had its place in the ledger at a moment. Up to the floor of the last place then every
/// write had; of the few beyond it some may have come to theirs later.
fn was_known(ticket: Expr, moment: DateTime<Utc>) -> Expr {
    let last = |column: cp::Column| {
        Query::select()
            .column(column)
            .from(cp::Entity)
            .and_where(Expr::col(cp::Column::At).lte(moment))
            .order_by(cp::Column::At, Order::Desc)
            .order_by(cp::Column::Sequence, Order::Desc)
            .limit(1)
            .take()
    };
    let floor = || Func::coalesce([Expr::from(last(cp::Column::Floor)), Expr::val(0_i64)]);
    let beyond = Query::select()
        .column(cp::Column::Ticket)
        .from(cp::Entity)
        .and_where(Expr::col(cp::Column::Ticket).gt(floor()))
        .and_where(Expr::col(cp::Column::Sequence).lte(Expr::from(last(cp::Column::Sequence))))
        .take();
    ticket.clone().lte(floor()).or(ticket.in_subquery(beyond))
}

/// What was known of requests at a moment: a request that was not yet verified then falls out.
pub(super) fn join_known_then(select: &mut SelectStatement, request: &DynIden, was: &DynIden, moment: DateTime<Utc>) {
    let place = Alias::new("place");
    let window = WindowStatement::partition_by(rh::Column::RequestId)
        .order_by(rh::Column::Ticket, Order::Desc)
        .order_by(rh::Column::Id, Order::Desc)
        .take();
    let known = Query::select()
        .columns([
            rh::Column::RequestId,
            rh::Column::Status,
            rh::Column::Priority,
            rh::Column::PeopleInNeed,
        ])
        .expr_window_as(Func::cust("ROW_NUMBER"), window, place.clone())
        .from(rh::Entity)
        .and_where(was_known(Expr::col(rh::Column::Ticket), moment))
        .take();
    let on = Expr::col((was.clone(), rh::Column::RequestId))
        .equals((request.clone(), ar::Column::Id))
        .and(Expr::col((was.clone(), place)).eq(1_i64));
    select.join_subquery(JoinType::InnerJoin, known, was.clone(), on);
}

/// The figures of items as they were known at a moment. Each fits 64 bits again.
pub(super) fn join_figures_then(
    select: &mut SelectStatement,
    backend: DbBackend,
    item: &DynIden,
    figures: &DynIden,
    moment: DateTime<Utc>,
) {
    let mut known = Query::select();
    known
        .column(mo::Column::ItemId)
        .from(mo::Entity)
        .and_where(was_known(Expr::col(mo::Column::Ticket), moment))
        .group_by_col(mo::Column::ItemId);
    for column in FIGURES {
        let sum = Expr::from(Func::sum(Expr::col(column)));
        let sum = match backend {
            DbBackend::Postgres => sum.cast_as("bigint"),
            _ => sum,
        };
        known.expr_as(sum, column);
    }
    let on = Expr::col((figures.clone(), mo::Column::ItemId)).equals((item.clone(), ri::Column::Id));
    select.join_subquery(JoinType::InnerJoin, known, figures.clone(), on);
}
