//! What the end of a request does to its items and to what was pledged for them.

use entity::enums::ContributionStatus;
use entity::{assistance_request as ar, contribution, request_item as ri};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};

use crate::domain::figures::Figures;
use crate::domain::problem::{Problem, ProblemCode};
use crate::domain::step::Step;
use crate::store::assistance_request::write;
use crate::store::movement::{self, Cause};
use crate::store::{Outcome, Write};

/// A request that was never verified: it stands in no total, so its items have nothing open any more, and that is all.
pub(super) async fn of_unverified(w: &Write, row: &ar::Model) -> Outcome<()> {
    let before = write::items(w, row.id).await?;
    let after = ri::Entity::update_many()
        .col_expr(ri::Column::UncoveredMilli, Expr::value(0_i64))
        .col_expr(ri::Column::UnmetMilli, Expr::value(0_i64))
        .col_expr(ri::Column::UncoveredValueE7, Expr::cust("unit_cost_e4 * 0"))
        .filter(ri::Column::RequestId.eq(row.id))
        .exec_with_returning(&w.tx)
        .await?;
    for item in &before {
        if let Some(after) = after.iter().find(|after| after.id == item.id) {
            w.journal.changed("updated", item, after);
        }
    }
    Ok(())
}

/// The contributions to a request, in the order in which they are locked.
pub(super) async fn contributions(w: &Write, row: &ar::Model) -> Outcome<Vec<contribution::Model>> {
    let all = contribution::Entity::find()
        .filter(contribution::Column::RequestId.eq(row.id))
        .order_by_asc(contribution::Column::Id);
    Ok(all.all(&w.tx).await?)
}

/// That nothing of them is committed or on its way.
pub(super) fn check_idle(contributions: &[contribution::Model], step: Step) -> Result<(), Problem> {
    let under_way = |one: &&contribution::Model| {
        matches!(
            one.status,
            ContributionStatus::Committed | ContributionStatus::InTransit
        )
    };
    let under_way = contributions.iter().filter(under_way).count();
    if under_way == 0 {
        return Ok(());
    }
    let message = format!(
        "{under_way} contributions are committed or in transit: {} is open once they are delivered or cancelled.",
        step.mutation()
    );
    Err(Problem::new(ProblemCode::InUse, message)
        .at("id")
        .with("contributions", under_way))
}

/// A VERIFIED request is closed or withdrawn: not while something is committed or on its way; open pledges are
/// cancelled with it. A closed one stays in the totals with nothing uncovered; a withdrawn one leaves them.
pub(super) async fn of_verified(w: &Write, row: &ar::Model, step: Step, reason: Option<&str>) -> Outcome<()> {
    let contributions = contributions(w, row).await?;
    check_idle(&contributions, step)?;
    for pledge in contributions
        .iter()
        .filter(|one| one.status == ContributionStatus::Pledged)
    {
        cancel(w, pledge, reason).await?;
    }
    let on = w.now.date_naive();
    for item in write::items(w, row.id).await? {
        let figures = movement::figures(&item);
        let cause = Cause {
            item: item.id,
            contribution: None,
            on,
        };
        let open = Figures {
            uncovered: -figures.uncovered,
            unmet: -figures.unmet,
            ..Figures::ZERO
        };
        movement::apply(w, cause, open).await?;
        if step == Step::Withdraw {
            // The item keeps what was delivered; the totals no longer know of it.
            let gone = Figures {
                requested: -figures.requested,
                delivered: -figures.delivered,
                ..Figures::ZERO
            };
            movement::record(w, &[(cause, gone)]);
        }
    }
    Ok(())
}

async fn cancel(w: &Write, pledge: &contribution::Model, reason: Option<&str>) -> Outcome<()> {
    let on = w.now.date_naive();
    let cause = Cause {
        item: pledge.item_id,
        contribution: Some(pledge.id),
        on,
    };
    movement::apply(
        w,
        cause,
        Figures {
            pledged: -pledge.quantity_milli,
            ..Figures::ZERO
        },
    )
    .await?;
    let change = contribution::ActiveModel {
        id: ActiveValue::Unchanged(pledge.id),
        status: Set(ContributionStatus::Cancelled),
        cancelled_on: Set(Some(on)),
        cancel_reason: Set(Some(reason.unwrap_or("The request was closed.").into())),
        version: Set(pledge.version + 1),
        updated_at: Set(w.now),
        ..Default::default()
    };
    let after = change.update(&w.tx).await?;
    w.journal.changed("cancelled", pledge, &after);
    Ok(())
}
