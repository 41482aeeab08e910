//! The steps of a request's life.

use entity::assistance_request as ar;
use entity::enums::RequestStatus;
use entity::request_item as ri;
use rust_decimal::Decimal;
use sea_orm::{ActiveModelTrait, ActiveValue, Set};
use std::collections::HashSet;
use uuid::Uuid;

use crate::domain::assistance_request::fixed;
use crate::domain::figures::Figures;
use crate::domain::number::{MAX_QUANTITY_MILLI, QUANTITY_SCALE, from_fixed, plain};
use crate::domain::problem::{Path, Problem, ProblemCode, Problems};
use crate::domain::step::Step;
use crate::domain::text::{self, TEXT_MAX};
use crate::store::assistance_request::{end, write};
use crate::store::movement::{self, Cause};
use crate::store::{Author, Outcome, Refused, Store, Write, turn};

/// What names a step: the request as it was last seen, and why.
#[derive(Clone, Debug)]
pub struct StepInput {
    /// Its id; none where the client's id is none of a request.
    pub id: Option<Uuid>,
    /// The version last seen.
    pub version: i32,
    /// Why.
    pub reason: Option<String>,
}

/// What is approved of one item, in a verification.
#[derive(Clone, Debug)]
pub struct Approval {
    /// Its id; none where the client's id is none of an item.
    pub item: Option<Uuid>,
    /// From 0 to the requested quantity.
    pub quantity: Decimal,
    /// Why it is less.
    pub note: Option<String>,
}

/// Takes a step other than verifying and updating. Gives the request's id.
///
/// # Errors
/// NOT_FOUND, `FORBIDDEN`, STALE_VERSION, INVALID_TRANSITION, REASON_REQUIRED, and NO_ITEMS or INACTIVE at submission.
pub async fn take(store: &Store, author: impl Into<Author>, step: Step, input: StepInput) -> Outcome<Uuid> {
    let author = author.into().promising(input.id.as_ref());
    store
        .write_from(author, turn::opening(input.id), move |w| {
            let input = input.clone();
            Box::pin(async move { take_in(w, step, input).await })
        })
        .await
}

async fn take_in(w: &Write, step: Step, input: StepInput) -> Outcome<Uuid> {
    let row = write::load(w, input.id, input.version, step).await?;
    let mut problems = Problems::default();
    let reason = text::optional(
        input.reason.as_deref(),
        TEXT_MAX,
        &Path::Root.field("reason"),
        &mut problems,
    );
    if problems.is_empty() && reason.is_none() && needs_reason(w, step, row.id).await? {
        let message = format!("{} needs a reason: others will ask for it.", step.mutation());
        problems.push(Problem::new(ProblemCode::ReasonRequired, message).at("reason"));
    }
    if !problems.is_empty() {
        // Whatever else stands in the way, so that it is told too.
        problems.0.extend(obstacles(w, &row, step).await?);
        return Err(problems.into());
    }
    advance(w, &row, step, reason).await?;
    Ok(row.id)
}

/// What of the request itself a step is refused for.
async fn obstacles(w: &Write, row: &ar::Model, step: Step) -> Outcome<Vec<Problem>> {
    Ok(match step {
        Step::Submit => {
            let items = write::items(w, row.id).await?;
            write::check_submittable(w, row, &items).err().unwrap_or_default()
        }
        Step::Close | Step::Withdraw if row.status == RequestStatus::Verified => {
            let contributions = end::contributions(w, row).await?;
            end::check_idle(&contributions, step).err().into_iter().collect()
        }
        _ => Vec::new(),
    })
}

/// Whether a step is refused without a reason. Closing is, unless all is delivered.
async fn needs_reason(w: &Write, step: Step, request: Uuid) -> Outcome<bool> {
    Ok(match step {
        Step::Withdraw | Step::Return | Step::Reject => true,
        Step::Close => write::items(w, request).await?.iter().any(|item| item.unmet_milli > 0),
        Step::Update | Step::Submit | Step::Confirm | Step::Verify => false,
    })
}

/// Moves the request on.
pub(super) async fn advance(w: &Write, row: &ar::Model, step: Step, reason: Option<String>) -> Outcome<()> {
    let mut change: ar::ActiveModel = Default::default();
    match step {
        Step::Submit => {
            let items = write::items(w, row.id).await?;
            write::check_submittable(w, row, &items).map_err(|problems| Refused::Problems(Problems(problems)))?;
            change.submitted_at = Set(Some(w.now));
            change.submitted_by = Set(Some(w.actor.principal_text()));
            change.confirmed_at = Set(w.now);
        }
        Step::Confirm => change.confirmed_at = Set(w.now),
        Step::Close => {
            end::of_verified(w, row, step, reason.as_deref()).await?;
            change.closed_at = Set(Some(w.now));
        }
        Step::Withdraw if row.status == RequestStatus::Verified => {
            end::of_verified(w, row, step, reason.as_deref()).await?;
        }
        Step::Withdraw | Step::Reject => end::of_unverified(w, row).await?,
        Step::Update | Step::Verify | Step::Return => {}
    }
    if let Some(next) = step.next(row.status)
        && next != row.status
    {
        change.status = Set(next);
        // Handing in needs none, and shows none: what was said with the step before it is cleared.
        change.status_reason = Set(reason.filter(|_| step != Step::Submit));
    }
    write::save(w, row, step, change).await
}

/// Verifies a request: sets what is approved of each item, as requested where left out. On a VERIFIED request only the
/// approvals that are named change. Gives the request's id.
///
/// # Errors
/// Those of a step, and NOT_FOUND, DUPLICATE, OUT_OF_RANGE, REQUIRED or INVALID for the approvals.
pub async fn verify(
    store: &Store,
    author: impl Into<Author>,
    input: StepInput,
    approvals: Vec<Approval>,
) -> Outcome<Uuid> {
    let author = author.into().promising(input.id.as_ref());
    store
        .write_from(author, turn::opening(input.id), move |w| {
            let (input, approvals) = (input.clone(), approvals.clone());
            Box::pin(async move { verify_in(w, &input, &approvals).await })
        })
        .await
}

async fn verify_in(w: &Write, input: &StepInput, approvals: &[Approval]) -> Outcome<Uuid> {
    let row = write::load(w, input.id, input.version, Step::Verify).await?;
    let items = write::items(w, row.id).await?;
    let first = row.status == RequestStatus::Submitted;
    let mut problems = Problems::default();
    let approved = check_approvals(&items, approvals, first, &mut problems);
    w.sound(problems)?;
    let mut changed = false;
    for (item, approved) in items.iter().zip(&approved) {
        if item.approved_milli == Some(approved.quantity) && item.approval_note == approved.note {
            continue;
        }
        changed = true;
        approve(w, item, approved).await?;
    }
    if first || changed {
        let mut change = ar::ActiveModel {
            confirmed_at: Set(w.now),
            ..Default::default()
        };
        if first {
            change.status = Set(RequestStatus::Verified);
            change.status_reason = Set(None);
            change.verified_at = Set(Some(w.now));
        }
        write::save(w, &row, Step::Verify, change).await?;
    }
    Ok(row.id)
}

/// Sets the base of an item, and moves its figures by the difference: never below what is committed.
async fn approve(w: &Write, item: &ri::Model, approved: &Approved) -> Outcome<()> {
    let quantity = approved.quantity;
    let cause = Cause {
        item: item.id,
        contribution: None,
        on: w.now.date_naive(),
    };
    let mut change = ri::ActiveModel {
        id: ActiveValue::Unchanged(item.id),
        approved_milli: Set(Some(quantity)),
        approval_note: Set(approved.note.clone()),
        ..Default::default()
    };
    match item.approved_milli {
        None => {
            write::set_base(&mut change, quantity, item.unit_cost_e4);
            movement::record(w, &[(cause, Figures::base(quantity))]);
        }
        Some(before) if before != quantity && !movement::apply(w, cause, Figures::base(quantity - before)).await? => {
            // Somebody has committed since the item was read.
            return Err(below_committed(item, approved.named).into());
        }
        Some(_) => {}
    }
    // After the figures have moved: the database checks them against the base.
    let after = change.update(&w.tx).await?;
    w.journal.changed("approved", item, &after);
    Ok(())
}

fn below_committed(item: &ri::Model, approval: usize) -> Problem {
    let committed = plain(from_fixed(movement::figures(item).covered(), QUANTITY_SCALE));
    let message = format!("{committed} of this item are committed, in transit or delivered already.");
    let list = Path::Root.field("approvals");
    let at = list.index(approval);
    let problem = Problem::new(ProblemCode::BelowCommitted, message).with("committed", committed);
    problem.at_path(&at.field("approvedQuantity"))
}

/// What is approved of an item.
struct Approved {
    /// In thousandths.
    quantity: i64,
    note: Option<String>,
    /// Which of the input's approvals says so; the first where none does.
    named: usize,
}

/// What is approved of every item.
/// What an approval says in itself, of an item of which so much was requested at most.
fn read(approval: &Approval, most: i64, at: &Path<'_>, problems: &mut Problems) -> (Option<i64>, Option<String>) {
    let note = text::optional(approval.note.as_deref(), TEXT_MAX, &at.field("note"), problems);
    let rule = "What is approved is 0 to the requested quantity, with up to 3 decimals.";
    let quantity_at = at.field("approvedQuantity");
    let quantity = fixed(approval.quantity, QUANTITY_SCALE, 0, most, &quantity_at, problems, rule);
    (quantity, note)
}

fn check_approvals(items: &[ri::Model], approvals: &[Approval], first: bool, problems: &mut Problems) -> Vec<Approved> {
    let list = Path::Root.field("approvals");
    let mut approved: Vec<Approved> = items
        .iter()
        .map(|item| Approved {
            quantity: item.approved_milli.unwrap_or(item.quantity_milli),
            note: item.approval_note.clone(),
            named: 0,
        })
        .collect();
    let (mut seen, mut are_read) = (HashSet::new(), true);
    for (index, approval) in approvals.iter().enumerate() {
        let at = list.index(index);
        let place = items.iter().position(|item| Some(item.id) == approval.item);
        let Some((place, item)) = place.and_then(|place| Some((place, items.get(place)?))) else {
            problems.add(
                &at.field("item"),
                ProblemCode::NotFound,
                "No item of this request has this id.",
            );
            are_read = false;
            // Of itself it may be wrong all the same.
            read(approval, MAX_QUANTITY_MILLI, &at, problems);
            continue;
        };
        if !seen.insert(item.id) {
            problems.add(
                &at.field("item"),
                ProblemCode::Duplicate,
                "This item is approved twice.",
            );
            are_read = false;
            // Of itself it may be wrong all the same.
            read(approval, MAX_QUANTITY_MILLI, &at, problems);
            continue;
        }
        let (quantity, note) = read(approval, item.quantity_milli, &at, problems);
        if quantity.is_some_and(|quantity| quantity < item.quantity_milli) && approval.note.is_none() {
            let message = "Less than was requested is approved with a note that says why.";
            problems.add(&at.field("note"), ProblemCode::Required, message);
        }
        if quantity.is_some_and(|quantity| !first && quantity < movement::figures(item).covered()) {
            problems.push(below_committed(item, index));
        }
        are_read &= quantity.is_some();
        if let (Some(quantity), Some(slot)) = (quantity, approved.get_mut(place)) {
            *slot = Approved {
                quantity,
                note,
                named: index,
            };
        }
    }
    if are_read && approved.iter().all(|one| one.quantity == 0) {
        let message = if first {
            "At least one item is approved above 0: reject the request instead."
        } else {
            "At least one item stays approved above 0: close the request instead."
        };
        problems.add(&list, ProblemCode::Invalid, message);
    }
    approved
}
