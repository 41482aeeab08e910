//! Creating a request.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Utc};
use entity::enums::RequestStatus;
use entity::{assistance_request as ar, request_item as ri};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Select, Set, TryIntoModel};
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::assistance_request::{NewRequest, Origin};
use crate::domain::problem::{Problem, ProblemCode, Problems};
use crate::domain::rights::{Operation, scope};
use crate::domain::text::fold;
use crate::error::Error;
use crate::store::assistance_request::write;
use crate::store::wall::Opening;
use crate::store::{Author, Outcome, Store, Write, fault, movement};

/// Creates a request as DRAFT, or hands it in at once. Gives its id.
///
/// # Errors
/// `FORBIDDEN` for a country that the actor does not speak for; DUPLICATE where its source and external id are taken;
/// NO_ITEMS where an empty one is to be handed in.
pub async fn create(store: &Store, author: impl Into<Author>, new: NewRequest, submit: bool) -> Outcome<Uuid> {
    let (new, id) = (Arc::new(new), Uuid::now_v7());
    let author = author.into().promising(Some(&id));
    store
        .write_from(author, Opening::Number, move |w| {
            let new = Arc::clone(&new);
            Box::pin(async move {
                let begin = if submit { Begin::Submitted } else { Begin::Draft };
                let (request, items) = insert(w, id, &new, begin, w.now).await?;
                w.leaves_request(&request, Some(&items));
                Ok(id)
            })
        })
        .await
}

/// The status in which a request begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    Draft,
    Submitted,
    /// The operator's import lands verified, at this moment.
    Verified(DateTime<Utc>),
}

/// That `actor` writes requests of this country.
///
/// # Errors
/// `FORBIDDEN`.
pub fn check_country(actor: &Actor, country: &str) -> Result<(), Error> {
    if scope(actor, Operation::WriteRequest).holds(Some(country), None) {
        return Ok(());
    }
    Err(Error::Forbidden(format!(
        "You may not write requests of {country}: you speak for another country."
    )))
}

/// Inserts a request and its items. Gives the rows.
pub(super) async fn insert(
    w: &Write,
    id: Uuid,
    new: &NewRequest,
    begin: Begin,
    confirmed_at: DateTime<Utc>,
) -> Outcome<(ar::Model, Vec<ri::Model>)> {
    check_country(&w.actor, &new.country)?;
    let mut problems = Problems::default();
    if begin != Begin::Draft && new.items.is_empty() && w.is_whole() {
        problems.push(no_items());
    }
    // The insert tells it, which is not come to where anything else is wrong.
    if !w.is_sound(&problems)
        && let Some(origin) = &new.origin
        && of_origin(origin).one(&w.tx).await?.is_some()
    {
        problems.push(duplicate_origin());
    }
    w.sound(problems)?;
    let number = write::next_reference_number(w).await?;
    let principal = w.actor.principal_text();
    let NewRequest {
        country,
        title,
        description,
        language,
        priority,
        people_in_need,
        needed_by,
        contact,
        origin,
        source_url,
        items,
    } = new;
    let (source, external_id) = match origin {
        Some(Origin { source, external_id }) => (Some(source.as_str()), Some(external_id.as_str())),
        None => (None, None),
    };
    let (status, submitted_at, verified_at) = match begin {
        Begin::Draft => (RequestStatus::Draft, None, None),
        Begin::Submitted => (RequestStatus::Submitted, Some(w.now), None),
        Begin::Verified(at) => (RequestStatus::Verified, Some(at), Some(at)),
    };
    let mut row = ar::ActiveModel {
        id: Set(id),
        reference: Set(format!("{country}-{}-{number:06}", w.now.year())),
        country_code: Set(country.clone()),
        language: Set(*language),
        priority: Set(*priority),
        status: Set(status),
        status_reason: Set(None),
        people_in_need: Set(*people_in_need),
        needed_by: Set(*needed_by),
        source: Set(source.map(Into::into)),
        external_id: Set(external_id.map(Into::into)),
        source_folded: Set(source.map(fold)),
        external_id_folded: Set(external_id.map(fold)),
        source_url: Set(source_url.clone()),
        confirmed_at: Set(confirmed_at),
        created_by: Set(principal.clone()),
        submitted_by: Set(submitted_at.map(|_| principal)),
        version: Set(1),
        created_at: Set(w.now),
        updated_at: Set(w.now),
        submitted_at: Set(submitted_at),
        verified_at: Set(verified_at),
        closed_at: Set(None),
        ..Default::default()
    };
    write::set_texts(&mut row, title, description.as_deref());
    write::set_contact(&mut row, contact);
    let made = row.clone().try_into_model()?;
    match ar::Entity::insert(row).exec_without_returning(&w.tx).await {
        Ok(_) => w.journal.created_request(&made),
        // The reference is our own and never taken, so it is the source's id.
        Err(failed) if fault::duplicate(&failed).is_some() => return Err(duplicate_origin().into()),
        Err(failed) => return Err(failed.into()),
    }
    let verified_on = verified_at.map(|at| at.date_naive());
    let items = write::insert_items(w, id, 0, items, verified_on).await?;
    if let Some(on) = verified_on {
        movement::remember(w, id, status, *priority, *people_in_need, on);
    }
    Ok((made, items))
}

/// The request of a source and an external id.
pub(in crate::store) fn of_origin(origin: &Origin) -> Select<ar::Entity> {
    ar::Entity::find()
        .filter(ar::Column::Source.eq(origin.source.as_str()))
        .filter(ar::Column::ExternalId.eq(origin.external_id.as_str()))
}

/// That a request without items can't be handed in.
pub fn no_items() -> Problem {
    let message = "A request is handed in with at least one item.";
    Problem::new(ProblemCode::NoItems, message).at("items")
}

pub(super) fn duplicate_origin() -> Problem {
    Problem::new(
        ProblemCode::Duplicate,
        "Another request has this source and externalId.",
    )
    .at("externalId")
}
