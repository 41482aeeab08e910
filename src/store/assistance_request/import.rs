//! Requests in bulk: one transaction, a savepoint a row, so that each lands or fails on its own.

mod items;

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use entity::assistance_request as ar;
use entity::enums::RequestStatus;
use sea_orm::sea_query::IntoIden;
use sea_orm::{ActiveEnum, DbBackend, EntityTrait, QueryFilter, QuerySelect, Set};
use uuid::Uuid;

use crate::domain::assistance_request::{Contact, NewRequest, Origin};
use crate::domain::import::{ImportForm, ImportOptions, RowOutcome};
use crate::domain::problem::{Path, Problem, ProblemCode, Problems};
use crate::domain::rights::{Operation, scope};
use crate::domain::step::Step;
use crate::store::assistance_request::create::{Begin, duplicate_origin, insert, of_origin};
use crate::store::assistance_request::import::items::{replace_items, same_items, say_the_same, vouch_items};
use crate::store::assistance_request::step::advance;
use crate::store::assistance_request::update::{RequestPatch, entered};
use crate::store::assistance_request::write;
use crate::store::condition::visible_request;
use crate::store::{Author, Outcome, Refused, Store, Write, turn};

/// Lands rows by (source, external id), in their order.
///
/// # Errors
/// TOO_MANY rows, or the database's failure; then nothing landed. What is wrong with a row is its own outcome.
pub async fn import(
    store: &Store,
    author: impl Into<Author>,
    rows: Vec<ImportForm>,
    options: ImportOptions,
) -> Outcome<Vec<RowOutcome>> {
    let most = store.rules().import_rows;
    if rows.len() > most {
        let message = format!("There are {} rows; an import takes at most {most}.", rows.len());
        return Err(Problem::new(ProblemCode::TooMany, message)
            .at("rows")
            .with("max", most)
            .into());
    }
    let rows = Arc::new(rows);
    let tried = Arc::new(Mutex::new(None));
    let would = Arc::clone(&tried);
    let landed = store
        .write(author, move |w| {
            let (rows, would) = (Arc::clone(&rows), Arc::clone(&would));
            Box::pin(async move {
                let outcomes = land_all(w, &rows, options).await?;
                if options.dry_run {
                    *would.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcomes);
                    return Err(Problems::default().into());
                }
                Ok(outcomes)
            })
        })
        .await;
    // A dry run refuses itself, which rolls everything back, and leaves what it saw.
    let seen = tried.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (landed, seen) {
        (Err(Refused::Problems(_)), Some(outcomes)) => Ok(outcomes),
        (landed, _) => landed,
    }
}

async fn land_all(w: &Write, rows: &[ImportForm], options: ImportOptions) -> Outcome<Vec<RowOutcome>> {
    turn::of_sources(w, rows.iter().filter_map(|row| row.form.source.as_deref())).await?;
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        let outcome = match land_alone(w, row, options).await? {
            // Made by somebody else since it was looked for: looked for again, it is there.
            RowOutcome::Failed(problems) if is_taken(&problems) => land_alone(w, row, options).await?,
            outcome => outcome,
        };
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

async fn land_alone(w: &Write, row: &ImportForm, options: ImportOptions) -> Outcome<RowOutcome> {
    let point = w.savepoint().await?;
    match land(&point, row, options).await {
        Ok(outcome) => {
            w.keep(point).await?;
            Ok(outcome)
        }
        Err(Refused::Problems(problems)) => {
            point.tx.rollback().await?;
            Ok(RowOutcome::Failed(problems))
        }
        Err(other) => Err(other),
    }
}

fn is_taken(problems: &Problems) -> bool {
    let taken = duplicate_origin();
    problems
        .0
        .iter()
        .any(|problem| problem.code == taken.code && problem.path == taken.path)
}

async fn land(w: &Write, row: &ImportForm, options: ImportOptions) -> Outcome<RowOutcome> {
    let mut problems = Problems::default();
    let new = row
        .form
        .check(&w.reference, w.store.rules().items, &Path::Root, &mut problems);
    let today = w.now.date_naive();
    for (field, day) in [("confirmedOn", row.confirmed_on), ("verifiedOn", row.verified_on)] {
        if day.is_some_and(|day| day > today) {
            problems.push(Problem::new(ProblemCode::OutOfRange, "This day is in the future.").at(field));
        }
    }
    let new = problems.or_else(new)?;
    if !scope(&w.actor, Operation::WriteRequest).holds(Some(&new.country), None) {
        let message = format!(
            "You may not write requests of {}: you speak for another country.",
            new.country
        );
        return Err(Problem::new(ProblemCode::Invalid, message).at("country").into());
    }
    let Some(origin) = &new.origin else {
        return Err(
            Problem::new(ProblemCode::Required, "A row of an import has an externalId.")
                .at("externalId")
                .into(),
        );
    };
    let confirmed_at = row.confirmed_on.map(start_of_day);
    match find(w, origin).await? {
        Some(found) if !sees(w, found.id).await? => Err(duplicate_origin().into()),
        Some(found) => {
            w.journal.saw_request(&found);
            change(w, &found, &new, confirmed_at, options).await
        }
        None => {
            let begin = if options.verified {
                Begin::Verified(row.verified_on.map_or(w.now, start_of_day))
            } else if options.submit {
                Begin::Submitted
            } else {
                Begin::Draft
            };
            let (made, _) = insert(w, Uuid::now_v7(), &new, begin, confirmed_at.unwrap_or(w.now)).await?;
            Ok(RowOutcome::Created(made.id))
        }
    }
}

fn start_of_day(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

async fn find(w: &Write, origin: &Origin) -> Outcome<Option<ar::Model>> {
    let query = of_origin(origin);
    Ok(match w.backend() {
        DbBackend::Postgres => query.lock_exclusive().one(&w.tx).await?,
        _ => query.one(&w.tx).await?,
    })
}

async fn sees(w: &Write, id: Uuid) -> Outcome<bool> {
    let table = ar::Entity.into_iden();
    let seen = ar::Entity::find_by_id(id)
        .filter(visible_request(&w.actor, &table))
        .one(&w.tx)
        .await?;
    Ok(seen.is_some())
}

/// Brings a request to what its source says now, as far as its status lets it.
async fn change(
    w: &Write,
    row: &ar::Model,
    new: &NewRequest,
    confirmed_at: Option<DateTime<Utc>>,
    options: ImportOptions,
) -> Outcome<RowOutcome> {
    if new.country != row.country_code {
        let message = format!("The request of this externalId is one of {}.", row.country_code);
        return Err(Problem::new(ProblemCode::Conflict, message).at("country").into());
    }
    let editable = matches!(row.status, RequestStatus::Draft | RequestStatus::Returned);
    if options.verified && (editable || row.status == RequestStatus::Submitted) {
        return Err(unreviewed(row.status).into());
    }
    let items = write::items(w, row.id).await?;
    let vouched = options.verified && row.status == RequestStatus::Verified;
    let same_items = if editable {
        same_items(&items, &new.items)
    } else {
        say_the_same(&items, &new.items)
    };
    let (mut change, mut changed) = entered(row, &patch(new));
    if new.source_url != row.source_url {
        change.source_url = Set(new.source_url.clone());
        changed = true;
    }
    if new.language != row.language {
        change.language = Set(new.language);
        changed = true;
    }
    let confirmed = confirmed_at.filter(|at| *at > row.confirmed_at);
    if row.status == RequestStatus::Verified && !vouched {
        check_verified(w, row, new, same_items)?;
    } else if !(editable || vouched) && (changed || !same_items) {
        let mut problem = write::not_open(Step::Update, row.status);
        problem.path = vec!["externalId".into()];
        return Err(problem.into());
    }
    if let Some(at) = confirmed.filter(|_| editable || Step::Confirm.next(row.status).is_some()) {
        change.confirmed_at = Set(at);
        changed = true;
    }
    if !same_items {
        if vouched {
            vouch_items(w, &items, &new.items).await?;
        } else {
            replace_items(w, row.id, &items, &new.items).await?;
        }
        changed = true;
    }
    if changed {
        write::save(w, row, Step::Update, change).await?;
    }
    let submits = editable && options.submit;
    if submits {
        let fresh = ar::Model {
            version: row.version + i32::from(changed),
            ..row.clone()
        };
        advance(w, &fresh, Step::Submit, None).await?;
    }
    Ok(if changed || submits {
        RowOutcome::Updated(row.id)
    } else {
        RowOutcome::Unchanged(row.id)
    })
}

/// Whoever vouches for a source lands what is new as VERIFIED; what is there waits for somebody else to review it.
fn unreviewed(status: RequestStatus) -> Problem {
    let status = status.to_value();
    let message = format!(
        "The request is {status}: only a new one lands VERIFIED. Have this one reviewed (verifyAssistanceRequest), or import it without --verified."
    );
    Problem::new(ProblemCode::InvalidTransition, message)
        .at("externalId")
        .with("status", status)
}

/// What a row says of a request. A row without a contact says nothing of it, so the one that is there stays: exports
/// leave contacts out.
fn patch(new: &NewRequest) -> RequestPatch {
    RequestPatch {
        title: Some(new.title.clone()),
        description: Some(new.description.clone()),
        priority: Some(new.priority),
        people_in_need: Some(new.people_in_need),
        needed_by: Some(new.needed_by),
        contact: (new.contact != Contact::default()).then(|| new.contact.clone()),
        ..Default::default()
    }
}

/// In VERIFIED only what may be edited changes, and items never.
fn check_verified(w: &Write, row: &ar::Model, new: &NewRequest, same_items: bool) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let reviews = scope(&w.actor, Operation::Review).everything;
    let reserved = [
        ("title", new.title != row.title && !reviews),
        ("priority", new.priority != row.priority && !reviews),
        ("peopleInNeed", new.people_in_need != row.people_in_need && !reviews),
        ("language", new.language != row.language),
        ("sourceUrl", new.source_url != row.source_url),
        ("items", !same_items),
    ];
    for (field, _) in reserved.into_iter().filter(|(_, differs)| *differs) {
        let message = format!("The request is VERIFIED: its {field} can no longer change.");
        problems.push(
            Problem::new(ProblemCode::InvalidTransition, message)
                .at(field)
                .with("status", "VERIFIED"),
        );
    }
    problems.or_else(Some(()))
}
