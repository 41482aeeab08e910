//! Committing, shipping and cancelling.

use chrono::NaiveDate;
use entity::contribution;
use entity::enums::ContributionStatus;
use sea_orm::Set;
use uuid::Uuid;

use crate::domain::contribution::{ContributionStep, Holding, check_on};
use crate::domain::problem::{Path, Problem, ProblemCode, Problems};
use crate::domain::text::{self, KEY_MAX, TEXT_MAX};
use crate::store::contribution::hold::Named;
use crate::store::contribution::write;
use crate::store::movement::Cause;
use crate::store::{Author, Outcome, Refused, Store, Write};

/// What names a step: the contribution as it was last seen, when it happened, and why.
#[derive(Clone, Debug)]
pub struct StepInput {
    /// Its id; none where the client's id is none of a contribution.
    pub id: Option<Uuid>,
    /// The version last seen.
    pub version: i32,
    /// The day on which it happened; today where absent.
    pub on: Option<NaiveDate>,
    /// How to follow the shipment.
    pub tracking_reference: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Commits, ships or cancels. Gives the contribution's id.
///
/// # Errors
/// NOT_FOUND, `FORBIDDEN`, STALE_VERSION, INVALID_TRANSITION, OUT_OF_RANGE for the day, REASON_REQUIRED, and
/// OVER_COMMITTED for a commitment beyond what is uncovered.
pub async fn take(store: &Store, author: impl Into<Author>, step: ContributionStep, input: StepInput) -> Outcome<Uuid> {
    let author = author.into().promising(input.id.as_ref());
    store
        .write(author, move |w| {
            let input = input.clone();
            Box::pin(async move { take_in(w, step, &input).await })
        })
        .await
}

async fn take_in(w: &Write, step: ContributionStep, input: &StepInput) -> Outcome<Uuid> {
    let row = write::load(w, input.id.map(Named::Contribution), input.version, step).await?;
    let mut problems = Problems::default();
    let root = Path::Root;
    let tracking = input.tracking_reference.as_deref();
    let tracking = text::optional(tracking, KEY_MAX, &root.field("trackingReference"), &mut problems);
    let reason = text::optional(input.reason.as_deref(), TEXT_MAX, &root.field("reason"), &mut problems);
    if step == ContributionStep::Cancel && input.reason.is_none() {
        let message = "cancelContribution needs a reason: the country counts on it.";
        problems.push(Problem::new(ProblemCode::ReasonRequired, message).at("reason"));
    }
    let status = match step {
        ContributionStep::Commit => ContributionStatus::Committed,
        ContributionStep::Ship => ContributionStatus::InTransit,
        _ => ContributionStatus::Cancelled,
    };
    let before = write::holding(&row);
    let after = Holding { status, ..before };
    let today = w.now.date_naive();
    let on = match check_on(input.on, today, write::earliest(w, &row).await?) {
        Ok(on) => on,
        Err(problem) => {
            problems.push(problem);
            today
        }
    };
    let cause = Cause {
        item: row.item_id,
        contribution: Some(row.id),
        on,
    };
    // Whatever else is wrong, so that it is told too.
    match write::shift(w, cause, before, after, "id").await {
        Err(Refused::Problems(more)) => problems.0.extend(more.0),
        shifted => shifted?,
    }
    problems.or_else(Some(()))?;
    let mut change: contribution::ActiveModel = Default::default();
    match step {
        ContributionStep::Commit => change.committed_on = Set(Some(on)),
        ContributionStep::Ship => change.shipped_on = Set(Some(on)),
        _ => {
            change.cancelled_on = Set(Some(on));
            change.cancel_reason = Set(reason);
        }
    }
    write::set_holding(&mut change, after);
    if let Some(tracking) = tracking {
        change.tracking_reference = Set(Some(tracking));
    }
    write::save(w, &row, step.action(), change).await?;
    Ok(row.id)
}
