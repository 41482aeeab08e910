//! How far a request is met, by the figures of its items.

use entity::enums::Fulfilment;
use entity::{assistance_request as ar, request_item as ri};
use sea_orm::sea_query::{DynIden, Expr, ExprTrait, Func, Query};
use sea_orm::{DbBackend, Iterable};

use super::{Aliases, always, any as any_holds, there_is};
use crate::domain::filter::Choice;

/// How far a request is met, as `domain::figures::Progress` says it.
pub(super) fn fulfilment(backend: DbBackend, aliases: &Aliases, request: &DynIden, test: &Choice<Fulfilment>) -> Expr {
    let any = |holds: &dyn Fn(&ItemFigures) -> Expr| {
        let table = aliases.next("i");
        let figures = ItemFigures::of(&table);
        let select = Query::select()
            .expr(Expr::val(1))
            .from_as(ri::Entity, table.clone())
            .and_where(Expr::col((table, ri::Column::RequestId)).equals((request.clone(), ar::Column::Id)))
            .and_where(figures.base().gt(0))
            .and_where(holds(&figures))
            .take();
        there_is(backend, select)
    };
    let is = |value: Fulfilment| {
        let unmet = any(&ItemFigures::is_unmet);
        let delivered = any(&ItemFigures::is_delivered);
        let uncovered = any(&ItemFigures::is_uncovered);
        let committed = any(&ItemFigures::is_committed);
        let asks = any(&|_| always(true));
        match value {
            Fulfilment::Delivered => asks.and(unmet.not()),
            Fulfilment::PartlyDelivered => unmet.and(delivered),
            Fulfilment::Committed => unmet.and(delivered.not()).and(uncovered.not()),
            Fulfilment::PartlyCommitted => uncovered.and(delivered.not()).and(committed),
            Fulfilment::Unmet => asks.not().or(uncovered.and(delivered.not()).and(committed.not())),
        }
    };
    // Each once, however often it was named.
    let any_of = |values: &[Fulfilment]| any_holds(Fulfilment::iter().filter(|value| values.contains(value)).map(is));
    match test {
        Choice::Eq(this) => is(*this),
        Choice::Ne(this) => is(*this).not(),
        Choice::In(these) => any_of(these),
        Choice::NotIn(these) => any_of(these).not(),
        Choice::IsNull(null) => Expr::val(!null),
    }
}

/// The figures of an item's row in SQL.
pub(crate) struct ItemFigures(DynIden);

impl ItemFigures {
    pub(crate) fn of(table: &DynIden) -> Self {
        Self(table.clone())
    }

    pub(crate) fn column(&self, column: ri::Column) -> Expr {
        Expr::col((self.0.clone(), column))
    }

    /// What was approved, before it what was requested.
    pub(crate) fn base(&self) -> Expr {
        Func::coalesce([
            self.column(ri::Column::ApprovedMilli),
            self.column(ri::Column::QuantityMilli),
        ])
        .into()
    }

    fn covered(&self) -> Expr {
        self.column(ri::Column::CommittedMilli)
            .add(self.column(ri::Column::InTransitMilli))
            .add(self.column(ri::Column::DeliveredMilli))
    }

    pub(crate) fn is_unmet(&self) -> Expr {
        self.column(ri::Column::DeliveredMilli).lt(self.base())
    }

    pub(crate) fn is_uncovered(&self) -> Expr {
        self.covered().lt(self.base())
    }

    pub(crate) fn is_delivered(&self) -> Expr {
        self.column(ri::Column::DeliveredMilli).gt(0)
    }

    pub(crate) fn is_committed(&self) -> Expr {
        self.column(ri::Column::CommittedMilli)
            .add(self.column(ri::Column::InTransitMilli))
            .gt(0)
    }
}
