//! Whatever changes an item's figures goes through here: a guarded UPDATE of the running sums, and the movement that
//! says what changed and on which day. Totals of any day or moment are sums over the movements.

use chrono::NaiveDate;
use entity::enums::{Priority, RequestStatus};
use entity::{movement, request_history, request_item as ri};
use sea_orm::ActiveValue::NotSet;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

use crate::domain::figures::Figures;
use crate::store::Write;

/// What moves the figures, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cause {
    pub item: Uuid,
    pub contribution: Option<Uuid>,
    pub on: NaiveDate,
}

/// Moves an item's figures by `delta` and records it. False, and nothing done, where a figure would fall below 0 (more
/// is committed than is uncovered, say) or is larger than a database can tell. Many at once take their turns at the row.
pub(crate) async fn apply(w: &Write, cause: Cause, delta: Figures) -> Result<bool, DbErr> {
    let mut update = ri::Entity::update_many().filter(ri::Column::Id.eq(cause.item));
    for (column, change) in columns(&delta).into_iter().filter(|(_, change)| *change != 0) {
        update = update.col_expr(column, Expr::col(column).add(change));
        update = match change {
            ..0 => update.filter(Expr::col(column).gte(-change)),
            // Pledges reserve nothing, so that there may be any number of them.
            _ => update.filter(Expr::col(column).lte(i64::MAX - change)),
        };
    }
    let value = Expr::col(ri::Column::UncoveredMilli)
        .add(delta.uncovered)
        .mul(Expr::col(ri::Column::UnitCostE4));
    update = update.col_expr(ri::Column::UncoveredValueE7, value);
    let moved = update.exec_with_returning(&w.tx).await?;
    let Some(after) = moved.first() else {
        return Ok(false);
    };
    w.journal.changed("updated", &before(after, delta), after);
    record(w, &[(cause, delta)]);
    Ok(true)
}

/// The item as it was before its figures moved.
fn before(after: &ri::Model, delta: Figures) -> ri::Model {
    ri::Model {
        pledged_milli: after.pledged_milli - delta.pledged,
        committed_milli: after.committed_milli - delta.committed,
        in_transit_milli: after.in_transit_milli - delta.in_transit,
        delivered_milli: after.delivered_milli - delta.delivered,
        uncovered_milli: after.uncovered_milli - delta.uncovered,
        unmet_milli: after.unmet_milli - delta.unmet,
        ..after.clone()
    }
}

/// Records movements of figures that were set otherwise: of new items.
pub(crate) fn record(w: &Write, movements: &[(Cause, Figures)]) {
    let rows = movements.iter().map(|(cause, delta)| {
        let Figures {
            requested,
            pledged,
            committed,
            in_transit,
            delivered,
            uncovered,
            unmet,
        } = *delta;
        movement::ActiveModel {
            id: Set(Uuid::now_v7()),
            item_id: Set(cause.item),
            contribution_id: Set(cause.contribution),
            happened_on: Set(cause.on),
            ticket: NotSet,
            recorded_at: Set(w.now),
            requested_milli: Set(requested),
            pledged_milli: Set(pledged),
            committed_milli: Set(committed),
            in_transit_milli: Set(in_transit),
            delivered_milli: Set(delivered),
            uncovered_milli: Set(uncovered),
            unmet_milli: Set(unmet),
        }
    });
    w.journal.moved(rows);
}

/// The columns that keep the running sums. What is requested is the item's base, which its approval sets.
fn columns(delta: &Figures) -> [(ri::Column, i64); 6] {
    [
        (ri::Column::PledgedMilli, delta.pledged),
        (ri::Column::CommittedMilli, delta.committed),
        (ri::Column::InTransitMilli, delta.in_transit),
        (ri::Column::DeliveredMilli, delta.delivered),
        (ri::Column::UncoveredMilli, delta.uncovered),
        (ri::Column::UnmetMilli, delta.unmet),
    ]
}

/// An item's figures as they stand.
pub(crate) fn figures(item: &ri::Model) -> Figures {
    Figures {
        requested: item.approved_milli.unwrap_or(item.quantity_milli),
        pledged: item.pledged_milli,
        committed: item.committed_milli,
        in_transit: item.in_transit_milli,
        delivered: item.delivered_milli,
        uncovered: item.uncovered_milli,
        unmet: item.unmet_milli,
    }
}

/// What a verified request is from `on` on.
pub(crate) fn remember(
    w: &Write,
    request: Uuid,
    status: RequestStatus,
    priority: Priority,
    people_in_need: Option<i32>,
    on: NaiveDate,
) {
    let row = request_history::ActiveModel {
        id: Set(Uuid::now_v7()),
        request_id: Set(request),
        happened_on: Set(on),
        ticket: NotSet,
        recorded_at: Set(w.now),
        status: Set(status),
        priority: Set(priority),
        people_in_need: Set(people_in_need),
    };
    w.journal.remembered(row);
}
