//! Creating a contribution.

use std::sync::Arc;

use entity::enums::{ContributionStatus, RequestStatus};
use entity::{contribution, request_item as ri};
use sea_orm::{ActiveEnum, ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Select, Set};
use uuid::Uuid;

use crate::domain::assistance_request::Origin;
use crate::domain::contribution::{Holding, NewContribution};
use crate::domain::problem::{Problem, ProblemCode, Problems};
use crate::domain::rights::{Operation, scope};
use crate::domain::text::fold;
use crate::error::Error;
use crate::store::contribution::hold::hold_item;
use crate::store::contribution::write;
use crate::store::movement::Cause;
use crate::store::{Author, Outcome, Refused, Store, Write, fault};

/// Pledges or commits towards an item of a VERIFIED request. Gives the contribution's id.
///
/// # Errors
/// NOT_FOUND at `item`; `FORBIDDEN` for another organization; INVALID_TRANSITION where the request is not VERIFIED;
/// OUT_OF_RANGE for a pledge beyond the need, OVER_COMMITTED for a commitment beyond what is uncovered; DUPLICATE where
/// its source and external id are taken.
pub async fn create(
    store: &Store,
    author: impl Into<Author>,
    item: Option<Uuid>,
    new: NewContribution,
) -> Outcome<Uuid> {
    let (new, id) = (Arc::new(new), Uuid::now_v7());
    let author = author.into().promising(Some(&id));
    store
        .write(author, move |w| {
            let new = Arc::clone(&new);
            Box::pin(async move { insert(w, id, item, &new).await })
        })
        .await
}

pub(super) async fn insert(w: &Write, id: Uuid, item: Option<Uuid>, new: &NewContribution) -> Outcome<Uuid> {
    let unknown = || Problem::new(ProblemCode::NotFound, "No item has this id.").at("item");
    let item = item.ok_or_else(unknown)?;
    let request = hold_item(w, item).await?.ok_or_else(unknown)?;
    if !scope(&w.actor, Operation::WriteContribution).holds(None, Some(&new.organization)) {
        let message = format!(
            "You may not contribute for {}: you speak for another organization.",
            new.organization
        );
        return Err(Refused::Error(Error::Forbidden(message)));
    }
    if request.status != RequestStatus::Verified {
        let status = request.status.to_value();
        let message = format!("Contributions are made to VERIFIED requests; this one is {status}.");
        return Err(Problem::new(ProblemCode::InvalidTransition, message)
            .at("item")
            .with("status", status)
            .into());
    }
    // Read under the request's lock: its base can't change any more before this transaction ends.
    let found = ri::Entity::find_by_id(item).one(&w.tx).await?.ok_or_else(unknown)?;
    let mut problems = Problems::default();
    let checked = match new.committed {
        true => write::check_uncovered(new.quantity_milli, &found),
        false => write::check_pledge(new.quantity_milli, &found),
    };
    if let Err(problem) = checked {
        problems.push(problem);
    }
    // The insert tells it, which is not come to where anything else is wrong.
    if !w.is_sound(&problems)
        && let Some(origin) = &new.origin
        && of_origin(origin).one(&w.tx).await?.is_some()
    {
        problems.push(duplicate_origin());
    }
    w.sound(problems)?;
    let made = insert_row(w, id, &found, new).await?;
    w.leaves_contribution(&made);
    let on = w.now.date_naive();
    let status = if new.committed {
        ContributionStatus::Committed
    } else {
        ContributionStatus::Pledged
    };
    let nothing = Holding {
        status: ContributionStatus::Cancelled,
        quantity: 0,
        accepted: 0,
        rejected: 0,
    };
    let holding = Holding {
        status,
        quantity: new.quantity_milli,
        accepted: 0,
        rejected: 0,
    };
    write::shift(
        w,
        Cause {
            item,
            contribution: Some(id),
            on,
        },
        nothing,
        holding,
        "quantity",
    )
    .await?;
    Ok(id)
}

pub(super) async fn insert_row(
    w: &Write,
    id: Uuid,
    item: &ri::Model,
    new: &NewContribution,
) -> Outcome<contribution::Model> {
    let NewContribution {
        organization,
        quantity_milli,
        committed,
        value_usd_e4,
        expected_on,
        note,
        origin,
    } = new;
    let today = w.now.date_naive();
    let (source, external_id) = match origin {
        Some(Origin { source, external_id }) => (Some(source.as_str()), Some(external_id.as_str())),
        None => (None, None),
    };
    let row = contribution::ActiveModel {
        id: Set(id),
        request_id: Set(item.request_id),
        item_id: Set(item.id),
        organization_code: Set(organization.clone()),
        status: Set(if *committed {
            ContributionStatus::Committed
        } else {
            ContributionStatus::Pledged
        }),
        quantity_milli: Set(*quantity_milli),
        accepted_milli: Set(0),
        rejected_milli: Set(0),
        value_usd_e4: Set(*value_usd_e4),
        expected_on: Set(*expected_on),
        pledged_on: Set(today),
        resized_on: Set(None),
        committed_on: Set(committed.then_some(today)),
        shipped_on: Set(None),
        delivered_on: Set(None),
        cancelled_on: Set(None),
        cancel_reason: Set(None),
        tracking_reference: Set(None),
        note: Set(note.clone()),
        source: Set(source.map(Into::into)),
        external_id: Set(external_id.map(Into::into)),
        source_folded: Set(source.map(fold)),
        external_id_folded: Set(external_id.map(fold)),
        created_by: Set(w.actor.principal_text()),
        version: Set(1),
        created_at: Set(w.now),
        updated_at: Set(w.now),
    };
    match row.insert(&w.tx).await {
        Ok(row) => {
            w.journal.created(&row);
            Ok(row)
        }
        Err(failed) if fault::duplicate(&failed).is_some() => Err(duplicate_origin().into()),
        Err(failed) => Err(failed.into()),
    }
}

/// The contribution of a source and an external id.
pub(super) fn of_origin(origin: &Origin) -> Select<contribution::Entity> {
    contribution::Entity::find()
        .filter(contribution::Column::Source.eq(origin.source.as_str()))
        .filter(contribution::Column::ExternalId.eq(origin.external_id.as_str()))
}

fn duplicate_origin() -> Problem {
    let message = "Another contribution has this source and externalId.";
    Problem::new(ProblemCode::Duplicate, message).at("externalId")
}
