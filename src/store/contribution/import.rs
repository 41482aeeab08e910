//! Deliveries that a source reports as done: the operator's import, by (source, external id).

use std::sync::Arc;

use chrono::NaiveDate;
use entity::enums::{ContributionStatus, RequestStatus};
use entity::{contribution, delivery, request_item as ri};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::assistance_request::Origin;
use crate::domain::contribution::{Holding, NewContribution};
use crate::domain::problem::{Problem, ProblemCode};
use crate::store::change::Part;
use crate::store::contribution::create::{insert_row, of_origin};
use crate::store::contribution::hold::hold_request;
use crate::store::contribution::write;
use crate::store::movement::Cause;
use crate::store::{Author, Outcome, Refused, Store, Write, assistance_request, turn};

/// Something a source reports as delivered to an item of an imported request.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// The request.
    pub request: Origin,
    /// The item's external id within the request.
    pub item: String,
    /// What was delivered, who gave it, and its own id in the source.
    pub contribution: NewContribution,
    /// The day as of which the source reports it.
    pub on: NaiveDate,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveredOutcome {
    /// A new contribution; the number is what was left out because it is more than is needed, in thousandths.
    Created(i64),
    /// It was there already.
    Unchanged,
    /// Nothing, for this reason.
    Failed(Problem),
}

/// Lands deliveries as contributions that are DELIVERED. More than the item needs is capped at the need.
///
/// # Errors
/// The database's; then nothing landed.
pub async fn import_delivered(
    store: &Store,
    author: impl Into<Author>,
    rows: Vec<Delivered>,
) -> Outcome<Vec<DeliveredOutcome>> {
    let rows = Arc::new(rows);
    store
        .write(author, move |w| {
            let rows = Arc::clone(&rows);
            Box::pin(async move {
                let sources = rows.iter().filter_map(|row| row.contribution.origin.as_ref());
                turn::of_sources(w, sources.map(|origin| origin.source.as_str())).await?;
                let mut outcomes = Vec::with_capacity(rows.len());
                for row in rows.iter() {
                    outcomes.push(land_alone(w, row).await?);
                }
                Ok(outcomes)
            })
        })
        .await
}

/// Lands a row, or nothing of it.
async fn land_alone(w: &Write, row: &Delivered) -> Outcome<DeliveredOutcome> {
    let point = w.savepoint().await?;
    match land(&point, row).await {
        Ok(outcome) => {
            w.keep(point).await?;
            Ok(outcome)
        }
        Err(Refused::Problems(mut problems)) if !problems.0.is_empty() => {
            point.tx.rollback().await?;
            Ok(DeliveredOutcome::Failed(problems.0.swap_remove(0)))
        }
        Err(other) => Err(other),
    }
}

async fn land(w: &Write, row: &Delivered) -> Outcome<DeliveredOutcome> {
    let Some(origin) = &row.contribution.origin else {
        return Err(Problem::new(ProblemCode::Required, "A delivery of an import has an externalId.").into());
    };
    if of_origin(origin).one(&w.tx).await?.is_some() {
        return Ok(DeliveredOutcome::Unchanged);
    }
    let item = find_item(w, &row.request, &row.item).await?;
    let asked = row.contribution.quantity_milli;
    let quantity = asked.min(item.uncovered_milli);
    if quantity == 0 {
        let message = "Nothing of the item is uncovered any more.";
        return Err(Problem::new(ProblemCode::OverCommitted, message).into());
    }
    deliver(
        w,
        &item,
        &NewContribution {
            quantity_milli: quantity,
            ..row.contribution.clone()
        },
        row.on,
    )
    .await?;
    Ok(DeliveredOutcome::Created(asked - quantity))
}

async fn find_item(w: &Write, request: &Origin, item: &str) -> Outcome<ri::Model> {
    let unknown = || Problem::new(ProblemCode::NotFound, "No VERIFIED request has such an item.");
    let found = assistance_request::of_origin(request)
        .one(&w.tx)
        .await?
        .ok_or_else(unknown)?;
    let held = hold_request(w, found.id).await?.ok_or_else(unknown)?;
    if held.status != RequestStatus::Verified {
        return Err(unknown().into());
    }
    let found = ri::Entity::find()
        .filter(ri::Column::RequestId.eq(held.id))
        .filter(ri::Column::ExternalId.eq(item))
        .one(&w.tx)
        .await?;
    Ok(found.ok_or_else(unknown)?)
}

async fn deliver(w: &Write, item: &ri::Model, new: &NewContribution, on: NaiveDate) -> Outcome<()> {
    let id = Uuid::now_v7();
    let created = insert_row(w, id, item, new).await?;
    let nothing = Holding {
        status: ContributionStatus::Cancelled,
        quantity: 0,
        accepted: 0,
        rejected: 0,
    };
    let quantity = new.quantity_milli;
    let holding = Holding {
        status: ContributionStatus::Delivered,
        quantity,
        accepted: quantity,
        rejected: 0,
    };
    write::shift(
        w,
        Cause {
            item: item.id,
            contribution: Some(id),
            on,
        },
        nothing,
        holding,
        "quantity",
    )
    .await?;
    let mut change = contribution::ActiveModel {
        id: sea_orm::ActiveValue::Unchanged(id),
        pledged_on: Set(on),
        committed_on: Set(Some(on)),
        delivered_on: Set(Some(on)),
        ..Default::default()
    };
    write::set_holding(&mut change, holding);
    let delivered = change.update(&w.tx).await?;
    w.journal.changed("delivered", &created, &delivered);
    let part = delivery::ActiveModel {
        id: Set(Uuid::now_v7()),
        contribution_id: Set(id),
        delivered_on: Set(on),
        accepted_milli: Set(quantity),
        rejected_milli: Set(0),
        reject_reason: Set(None),
        note: Set(None),
        voided: Set(false),
        void_reason: Set(None),
        created_at: Set(w.now),
    };
    let part = part.insert(&w.tx).await?;
    w.journal.created(&Part(&part, &delivered));
    Ok(())
}
