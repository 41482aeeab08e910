//! What every write of reference data shares: one writer at a time, rules on rows as they are now, and a snapshot in
//! memory that shows the write before it is answered.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sea_orm::{ActiveModelTrait, EntityTrait, ModelTrait};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::problem::{Problem, ProblemCode};
use crate::domain::reference::{ByCode, Reference};
use crate::domain::rights::{Operation, scope};
use crate::error::Error;
use crate::store::reference::kept::{Keeping, Kept};
use crate::store::reference::load::{load, rows};
use crate::store::statements::inherited;
use crate::store::wall::Opening;
use crate::store::{Author, Outcome, Refused, Store, Write, fault};

/// The advisory lock of PostgreSQL that every write of reference data holds: "NAMREF" as a number.
const LOCK: i64 = 0x4e41_4d52_4546;

/// Runs `work` in one transaction that no other write of reference data shares, with the data as they are now; then
/// refreshes the snapshot in memory, also where the write was refused because the snapshot had fallen behind.
///
/// # Errors
/// `FORBIDDEN` for whoever may not write reference data; what `work` refused; the database's failure.
pub(in crate::store) async fn write<T, F>(store: &Store, author: impl Into<Author>, work: F) -> Outcome<T>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    F: for<'w> Fn(&'w Write, &'w Reference) -> BoxFuture<'w, Outcome<T>> + Send + Sync + 'static,
{
    let author = author.into();
    if !scope(&author.actor, Operation::WriteReference).everything {
        let message = "Only administrators write reference data.";
        return Err(Refused::Error(Error::Forbidden(message.into())));
    }
    let store = store.clone();
    let work = Arc::new(work);
    // A task of its own, so that a caller who goes away does not leave a snapshot without the write.
    let task = tokio::spawn(inherited(async move {
        let outcome = store
            .write_from(author, Opening::Lock(LOCK), move |w| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    // No other writer of reference data is under way: as the last one left them.
                    let reference = Reference::new(rows(&w.tx).await?);
                    work(w, &reference).await
                })
            })
            .await;
        match &outcome {
            // Whoever follows the ledger will load it; an answer now would show the data as they were.
            Ok(_) => load(&store).await.map_err(|failed| fault::unsure(&failed))?,
            // What the user saw may be older than what refused the write; else it changes nothing.
            Err(Refused::Problems(_)) => load(&store).await?,
            Err(Refused::Error(_) | Refused::Fault(_)) => {}
        }
        outcome
    }));
    task.await
        .unwrap_or_else(|panic| Err(Error::internal(format!("a write ended: {panic}")).into()))
}

/// The row that a change names, at the version that was last seen.
///
/// # Errors
/// NOT_FOUND, STALE_VERSION.
pub(in crate::store) fn at_version<M: Kept>(
    noun: &str,
    table: &ByCode<M>,
    code: Option<&str>,
    version: i32,
) -> Outcome<M> {
    let found = code.and_then(|code| table.get(code));
    let found = found.ok_or_else(|| Problem::new(ProblemCode::NotFound, format!("No {noun} has this id.")).at("id"))?;
    let current = found.row.keeping().version;
    if current != version {
        let message = format!("The {noun} is at version {current}, not {version}: look at it again.");
        let problem = Problem::new(ProblemCode::StaleVersion, message).at("version");
        return Err(problem.with("current", current).into());
    }
    Ok(found.row.clone())
}

/// Inserts a new row of an administrator.
pub(in crate::store) async fn insert<M: Kept>(w: &Write, row: M) -> Outcome<()> {
    w.journal.created(&row);
    <M as ModelTrait>::Entity::insert(row.whole())
        .exec_without_returning(&w.tx)
        .await?;
    Ok(())
}

/// Saves a row that an administrator changed; where nothing changed, nothing is written and the version stays.
pub(in crate::store) async fn save<M: Kept>(w: &Write, before: &M, row: M) -> Outcome<()> {
    if row == *before {
        return Ok(());
    }
    let keeping = Keeping {
        edited: true,
        ..row.keeping().changed(w.now)
    };
    let row = row.kept(keeping);
    w.journal.changed("updated", before, &row);
    row.whole().update_without_returning(&w.tx).await?;
    Ok(())
}
