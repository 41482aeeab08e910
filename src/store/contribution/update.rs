//! Changing what was entered of a contribution.

use chrono::NaiveDate;
use entity::enums::ContributionStatus;
use entity::{contribution, delivery, request_item as ri};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use uuid::Uuid;

use crate::domain::contribution::{ContributionStep, Holding};
use crate::domain::number::{QUANTITY_SCALE, from_fixed, plain};
use crate::domain::problem::{Problem, ProblemCode, Problems};
use crate::store::contribution::hold::Named;
use crate::store::contribution::write;
use crate::store::movement::Cause;
use crate::store::{Author, Outcome, Refused, Store, Write};

/// Changes of a contribution. What is absent stays; `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct ContributionPatch {
    /// In thousandths of the item's unit.
    pub quantity_milli: Option<i64>,
    /// What it costs the contributor, in ten-thousandths of a US dollar.
    pub value_usd_e4: Option<Option<i64>>,
    /// The day on which it is expected.
    pub expected_on: Option<Option<NaiveDate>>,
    /// How to follow the shipment.
    pub tracking_reference: Option<Option<String>>,
    /// What else there is to say.
    pub note: Option<Option<String>>,
}

/// Changes what was entered, in PLEDGED, COMMITTED and IN_TRANSIT. Gives the contribution's id.
///
/// # Errors
/// NOT_FOUND, `FORBIDDEN`, STALE_VERSION, INVALID_TRANSITION; BELOW_RECEIVED, OVER_COMMITTED or OUT_OF_RANGE for the
/// quantity.
pub async fn update(
    store: &Store,
    author: impl Into<Author>,
    id: Option<Uuid>,
    version: i32,
    patch: ContributionPatch,
) -> Outcome<Uuid> {
    let author = author.into().promising(id.as_ref());
    store
        .write(author, move |w| {
            let patch = patch.clone();
            Box::pin(async move { apply(w, id, version, &patch).await })
        })
        .await
}

async fn apply(w: &Write, id: Option<Uuid>, version: i32, patch: &ContributionPatch) -> Outcome<Uuid> {
    let row = write::load(w, id.map(Named::Contribution), version, ContributionStep::Update).await?;
    let mut change: contribution::ActiveModel = Default::default();
    let mut changed = false;
    let mut problems = Problems::default();
    if let Some(quantity) = patch.quantity_milli.filter(|quantity| *quantity != row.quantity_milli) {
        match resize(w, &row, quantity, &mut change).await {
            Err(Refused::Problems(more)) => problems = more,
            resized => resized?,
        }
        changed = true;
    }
    w.sound(problems)?;
    if let Some(value) = patch.value_usd_e4.filter(|value| *value != row.value_usd_e4) {
        change.value_usd_e4 = Set(value);
        changed = true;
    }
    if let Some(day) = patch.expected_on.filter(|day| *day != row.expected_on) {
        change.expected_on = Set(day);
        changed = true;
    }
    if let Some(tracking) = patch
        .tracking_reference
        .as_ref()
        .filter(|text| **text != row.tracking_reference)
    {
        change.tracking_reference = Set(tracking.clone());
        changed = true;
    }
    if let Some(note) = patch.note.as_ref().filter(|note| **note != row.note) {
        change.note = Set(note.clone());
        changed = true;
    }
    if changed {
        write::save(w, &row, ContributionStep::Update.action(), change).await?;
    }
    Ok(row.id)
}

/// Changes the quantity: never below what was received; down to that, the contribution is DELIVERED.
async fn resize(
    w: &Write,
    row: &contribution::Model,
    quantity: i64,
    change: &mut contribution::ActiveModel,
) -> Outcome<()> {
    let before = write::holding(row);
    let received = before.accepted + before.rejected;
    if quantity < received {
        let received = plain(from_fixed(received, QUANTITY_SCALE));
        let message = format!("{received} were received already: the quantity can't be lower.");
        let problem = Problem::new(ProblemCode::BelowReceived, message)
            .at("quantity")
            .with("received", received);
        return Err(problem.into());
    }
    let status = if received > 0 && quantity == received {
        ContributionStatus::Delivered
    } else {
        before.status
    };
    let after = Holding {
        status,
        quantity,
        ..before
    };
    if before.status == ContributionStatus::Pledged
        && let Some(item) = ri::Entity::find_by_id(row.item_id).one(&w.tx).await?
    {
        write::check_pledge(quantity, &item)?;
    }
    let cause = Cause {
        item: row.item_id,
        contribution: Some(row.id),
        on: w.now.date_naive(),
    };
    write::shift(w, cause, before, after, "quantity").await?;
    write::set_holding(change, after);
    change.resized_on = Set(Some(w.now.date_naive()));
    if status == ContributionStatus::Delivered {
        change.delivered_on = Set(last_delivery(w, row.id).await?);
    }
    Ok(())
}

/// The day of the last part that was received.
pub(super) async fn last_delivery(w: &Write, contribution: Uuid) -> Outcome<Option<NaiveDate>> {
    let last = delivery::Entity::find()
        .filter(delivery::Column::ContributionId.eq(contribution))
        .filter(delivery::Column::Voided.eq(false))
        .order_by_desc(delivery::Column::DeliveredOn)
        .one(&w.tx)
        .await?;
    Ok(last.map(|delivery| delivery.delivered_on))
}
