//! What every write of contributions shares: rows under their locks, always in the same order (request, contribution,
//! item), and the checks that come first.

use chrono::NaiveDate;
use entity::enums::{ContributionStatus, RequestStatus};
use entity::{contribution, request_item as ri};
use sea_orm::{ActiveEnum, ActiveModelTrait, ActiveValue, EntityTrait, Set};

use crate::domain::contribution::{ContributionStep, Holding, difference, may, open_in};
use crate::domain::number::{QUANTITY_SCALE, from_fixed, plain};
use crate::domain::problem::{Problem, ProblemCode};
use crate::error::Error;
use crate::store::contribution::hold::{Held, Named, hold};
use crate::store::contribution::update::last_delivery;
use crate::store::movement::{self, Cause};
use crate::store::{Outcome, Refused, Write};

/// What a row holds.
pub(super) fn holding(row: &contribution::Model) -> Holding {
    Holding {
        status: row.status,
        quantity: row.quantity_milli,
        accepted: row.accepted_milli,
        rejected: row.rejected_milli,
    }
}

/// A contribution for a step: seen, with the right, at the version that was named, in a status where the step is open.
pub(super) async fn load(
    w: &Write,
    named: Option<Named>,
    version: i32,
    step: ContributionStep,
) -> Outcome<contribution::Model> {
    let noun = match named {
        Some(Named::Delivery(_)) => "delivery",
        _ => "contribution",
    };
    let unknown = || Problem::new(ProblemCode::NotFound, format!("No {noun} has this id.")).at("id");
    let (row, request) = hold(w, named.ok_or_else(unknown)?).await?.ok_or_else(unknown)?;
    if !may(&w.actor, step, &request.country_code, &row.organization_code) {
        let message = format!("You may not use {} for this contribution.", step.mutation());
        return Err(Refused::Error(Error::Forbidden(message)));
    }
    if row.version != version {
        let message = format!(
            "The contribution is at version {}, not {version}: look at it again.",
            row.version
        );
        return Err(Problem::new(ProblemCode::StaleVersion, message)
            .at("version")
            .with("current", row.version)
            .into());
    }
    check_open(&row, &request, step)?;
    Ok(row)
}

fn check_open(row: &contribution::Model, request: &Held, step: ContributionStep) -> Result<(), Problem> {
    if request.status != RequestStatus::Verified {
        let status = request.status.to_value();
        let message = format!("The request is {status}: nothing of its contributions changes any more.");
        return Err(Problem::new(ProblemCode::InvalidTransition, message)
            .at("id")
            .with("status", status));
    }
    let received = row.accepted_milli + row.rejected_milli;
    if step.is_open(row.status, received) {
        return Ok(());
    }
    let open = open_in(row.status, received);
    let open = if open.is_empty() {
        "none".to_owned()
    } else {
        open.join(", ")
    };
    let status = row.status.to_value();
    let message = format!(
        "{} is not open while the contribution is {status}; open are: {open}.",
        step.mutation()
    );
    Err(Problem::new(ProblemCode::InvalidTransition, message)
        .at("id")
        .with("status", status)
        .with("open", open))
}

/// Moves the item's figures from one holding to the other.
///
/// # Errors
/// OVER_COMMITTED at `field` where more would be covered than the item's base; OUT_OF_RANGE for pledges beyond 64 bits.
pub(super) async fn shift(w: &Write, cause: Cause, before: Holding, after: Holding, field: &str) -> Outcome<()> {
    let delta = difference(before, after);
    if movement::apply(w, cause, delta).await? {
        return Ok(());
    }
    if after.status == ContributionStatus::Pledged {
        let message = "The pledges to this item add up to more than can be told.";
        return Err(Problem::new(ProblemCode::OutOfRange, message).at(field).into());
    }
    let item = ri::Entity::find_by_id(cause.item).one(&w.tx).await?;
    let covered = match before.status {
        ContributionStatus::Pledged | ContributionStatus::Cancelled => 0,
        _ => before.quantity - before.rejected,
    };
    // The largest quantity that fits: what was refused of the contribution covers nothing, and is free beside it.
    let uncovered = item.map_or(0, |item| item.uncovered_milli);
    Err(over_committed(uncovered + covered + after.rejected).at(field).into())
}

fn over_committed(available: i64) -> Problem {
    let available = plain(from_fixed(available, QUANTITY_SCALE));
    let message = format!("Only {available} of this item can still be taken.");
    Problem::new(ProblemCode::OverCommitted, message).with("available", available)
}

/// A new commitment takes at most what is uncovered. It is asked again when the item's figures move, because others may take of it
/// meanwhile.
pub(super) fn check_uncovered(quantity: i64, item: &ri::Model) -> Result<(), Problem> {
    match quantity <= item.uncovered_milli {
        true => Ok(()),
        false => Err(over_committed(item.uncovered_milli).at("quantity")),
    }
}

/// The day before which no further step can have happened: that of the latest step, or of the latest change of quantity.
/// What was not shipped goes into transit with its first part, so later parts come after that; parts of a shipment may be
/// recorded in any order.
pub(super) async fn earliest(w: &Write, row: &contribution::Model) -> Outcome<NaiveDate> {
    let step = row.shipped_on.or(row.committed_on).unwrap_or(row.pledged_on);
    // Where nothing was received there is no part either: one of nothing is refused.
    let part = match row.shipped_on {
        None if row.accepted_milli + row.rejected_milli > 0 => last_delivery(w, row.id).await?,
        _ => None,
    };
    Ok(step.max(row.resized_on.unwrap_or(step)).max(part.unwrap_or(step)))
}

/// A pledge may be as large as the item's base.
pub(super) fn check_pledge(quantity: i64, item: &ri::Model) -> Result<(), Problem> {
    let base = item.approved_milli.unwrap_or(item.quantity_milli);
    if quantity <= base {
        return Ok(());
    }
    let base = plain(from_fixed(base, QUANTITY_SCALE));
    let message = format!("A pledge is at most what is needed: {base}.");
    Err(Problem::new(ProblemCode::OutOfRange, message)
        .at("quantity")
        .with("max", base))
}

/// Saves what was changed of a contribution, with the next version.
pub(super) async fn save(
    w: &Write,
    row: &contribution::Model,
    verb: &'static str,
    mut change: contribution::ActiveModel,
) -> Outcome<()> {
    change.id = ActiveValue::Unchanged(row.id);
    change.version = Set(row.version + 1);
    change.updated_at = Set(w.now);
    let after = change.update(&w.tx).await?;
    w.journal.changed(verb, row, &after);
    w.leaves_contribution(&after);
    Ok(())
}

/// The columns of a holding.
pub(super) fn set_holding(change: &mut contribution::ActiveModel, holding: Holding) {
    let Holding {
        status,
        quantity,
        accepted,
        rejected,
    } = holding;
    change.status = Set(status);
    change.quantity_milli = Set(quantity);
    change.accepted_milli = Set(accepted);
    change.rejected_milli = Set(rejected);
}
