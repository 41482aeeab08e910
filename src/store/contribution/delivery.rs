//! Recording what was received, and taking back a record made by mistake.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use entity::enums::ContributionStatus;
use entity::{contribution, delivery, movement};
use sea_orm::{ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QueryTrait, Set};
use uuid::Uuid;

use crate::domain::contribution::{ContributionStep, check_on, difference};
use crate::domain::figures::Figures;
use crate::domain::number::{QUANTITY_SCALE, from_fixed, plain};
use crate::domain::problem::{Path, Problem, ProblemCode, Problems};
use crate::domain::text::{self, TEXT_MAX};
use crate::store::change::Part;
use crate::store::contribution::hold::Named;
use crate::store::contribution::update::last_delivery;
use crate::store::contribution::write;
use crate::store::movement::{Cause, record as record_moves};
use crate::store::{Author, Outcome, Refused, Store, Write};

/// A part that was received.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// The contribution's id; none where the client's id is none of a contribution.
    pub contribution: Option<Uuid>,
    /// The contribution's version last seen.
    pub version: i32,
    /// Accepted, in thousandths of the item's unit.
    pub accepted_milli: i64,
    /// Refused, in thousandths of the item's unit.
    pub rejected_milli: i64,
    /// Why it was refused.
    pub reject_reason: Option<String>,
    /// The day on which it was received.
    pub on: NaiveDate,
    /// What else there is to say.
    pub note: Option<String>,
}

/// Records a part. The last one, with which accepted and rejected make up the quantity, moves the contribution to
/// DELIVERED. Gives the contribution's id.
///
/// # Errors
/// NOT_FOUND, `FORBIDDEN`, STALE_VERSION, INVALID_TRANSITION, OUT_OF_RANGE for the day or for more than is open.
pub async fn record_delivery(store: &Store, author: impl Into<Author>, new: NewDelivery) -> Outcome<Uuid> {
    let new = Arc::new(new);
    let author = author.into().promising(new.contribution.as_ref());
    store
        .write(author, move |w| {
            let new = Arc::clone(&new);
            Box::pin(async move { record(w, &new).await })
        })
        .await
}

async fn record(w: &Write, new: &NewDelivery) -> Outcome<Uuid> {
    let row = write::load(
        w,
        new.contribution.map(Named::Contribution),
        new.version,
        ContributionStep::RecordDelivery,
    )
    .await?;
    let before = write::holding(&row);
    let mut problems = Problems::default();
    let open = before.quantity - before.accepted - before.rejected;
    if new.accepted_milli + new.rejected_milli > open {
        let open = plain(from_fixed(open, QUANTITY_SCALE));
        let message = format!("Only {open} of this contribution are still to be received.");
        problems.push(
            Problem::new(ProblemCode::OutOfRange, message)
                .at("acceptedQuantity")
                .with("max", open),
        );
    }
    if let Err(problem) = check_on(Some(new.on), w.now.date_naive(), write::earliest(w, &row).await?) {
        problems.push(problem);
    }
    w.sound(problems)?;
    let part = delivery::ActiveModel {
        id: Set(Uuid::now_v7()),
        contribution_id: Set(row.id),
        delivered_on: Set(new.on),
        accepted_milli: Set(new.accepted_milli),
        rejected_milli: Set(new.rejected_milli),
        reject_reason: Set(new.reject_reason.clone()),
        note: Set(new.note.clone()),
        voided: Set(false),
        void_reason: Set(None),
        created_at: Set(w.now),
    };
    let part = part.insert(&w.tx).await?;
    w.journal.created(&Part(&part, &row));
    let after = before.received(new.accepted_milli, new.rejected_milli);
    let cause = Cause {
        item: row.item_id,
        contribution: Some(row.id),
        on: new.on,
    };
    write::shift(w, cause, before, after, "id").await?;
    let mut change: contribution::ActiveModel = Default::default();
    write::set_holding(&mut change, after);
    if after.status == ContributionStatus::Delivered {
        change.delivered_on = Set(last_delivery(w, row.id).await?);
    }
    let verb = match after.status {
        ContributionStatus::Delivered => "delivered",
        _ => ContributionStep::RecordDelivery.action(),
    };
    write::save(w, &row, verb, change).await?;
    Ok(row.id)
}

/// Takes back a record made by mistake: everything moves back, as of the day on which it was said to have happened.
/// Gives the contribution's id.
///
/// # Errors
/// NOT_FOUND, `FORBIDDEN`, STALE_VERSION, INVALID_TRANSITION, and OVER_COMMITTED where others have taken since what the
/// refusal had opened.
pub async fn void_delivery(
    store: &Store,
    author: impl Into<Author>,
    id: Option<Uuid>,
    version: i32,
    reason: String,
) -> Outcome<Uuid> {
    store
        .write(author, move |w| {
            let reason = reason.clone();
            Box::pin(async move { void(w, id, version, &reason).await })
        })
        .await
}

async fn void(w: &Write, id: Option<Uuid>, version: i32, reason: &str) -> Outcome<Uuid> {
    let unknown = || Problem::new(ProblemCode::NotFound, "No delivery has this id.").at("id");
    let id = id.ok_or_else(unknown)?;
    let step = ContributionStep::VoidDelivery;
    let row = write::load(w, Some(Named::Delivery(id)), version, step).await?;
    // Read under the contribution's lock.
    let part = delivery::Entity::find_by_id(id).one(&w.tx).await?.ok_or_else(unknown)?;
    if part.voided {
        let message = "This delivery was voided already.";
        return Err(Problem::new(ProblemCode::InvalidTransition, message).at("id").into());
    }
    let mut problems = Problems::default();
    let reason = text::required(reason, TEXT_MAX, &Path::Root.field("reason"), &mut problems);
    let before = write::holding(&row);
    let after = before.voided(part.accepted_milli, part.rejected_milli, row.shipped_on.is_some());
    let cause = Cause {
        item: row.item_id,
        contribution: Some(row.id),
        on: part.delivered_on,
    };
    // Whatever else is wrong, so that it is told too.
    match write::shift(w, cause, before, after, "id").await {
        Err(Refused::Problems(more)) => problems.0.extend(more.0),
        shifted => shifted?,
    }
    w.sound(problems)?;
    let reason = reason.unwrap_or_default();
    let voided = delivery::ActiveModel {
        id: ActiveValue::Unchanged(id),
        voided: Set(true),
        void_reason: Set(Some(reason)),
        ..Default::default()
    };
    let voided = voided.update(&w.tx).await?;
    w.journal.changed("voided", &Part(&part, &row), &Part(&voided, &row));
    if row.shipped_on.is_none() {
        depart_later(w, &row, cause, difference(before, after).in_transit).await?;
    }
    let mut change = contribution::ActiveModel {
        delivered_on: Set(None),
        ..Default::default()
    };
    write::set_holding(&mut change, after);
    write::save(w, &row, step.action(), change).await?;
    Ok(row.id)
}

/// What was not shipped went into transit with its first part. Where that one is voided (`cause`, by which `moved` more is in
/// transit), all of it went with the first of those that stand, if any does: until then it was committed. All days are looked
/// at, because an earlier version of this program left what it voided in transit.
async fn depart_later(w: &Write, row: &contribution::Model, cause: Cause, moved: i64) -> Outcome<()> {
    let first = delivery::Entity::find()
        .filter(delivery::Column::ContributionId.eq(row.id))
        .filter(delivery::Column::Voided.eq(false))
        .order_by_asc(delivery::Column::DeliveredOn)
        .one(&w.tx)
        .await?
        .map(|part| part.delivered_on);
    if first.is_some_and(|first| first <= cause.on) {
        return Ok(());
    }
    let until_then = movement::Entity::find()
        .filter(movement::Column::ContributionId.eq(row.id))
        .apply_if(first, |movements, first| {
            movements.filter(movement::Column::HappenedOn.lt(first))
        })
        .all(&w.tx)
        .await?;
    let mut by_day = BTreeMap::from([(cause.on, moved)]);
    for movement in until_then {
        *by_day.entry(movement.happened_on).or_default() += movement.in_transit_milli;
    }
    // Where none stands, nothing is in transit any more.
    if let Some(first) = first {
        let whole: i64 = by_day.values().sum();
        by_day.insert(first, -whole);
    }
    let back = |(on, in_transit): (NaiveDate, i64)| {
        let stays = Figures {
            committed: in_transit,
            in_transit: -in_transit,
            ..Figures::ZERO
        };
        (Cause { on, ..cause }, stays)
    };
    let moves: Vec<_> = by_day.into_iter().filter(|(_, moved)| *moved != 0).map(back).collect();
    record_moves(w, &moves);
    Ok(())
}
