//! The place of each change in the one order: on SQLite given by the write itself, on PostgreSQL just after its commit, for
//! all that wait together, by the database's own function `change_number`.

use chrono::{DateTime, Utc};
use entity::{change, change_position as cp};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryOrder, Set, Statement};

use crate::domain::change::{GENESIS, link};
use crate::error::Error;
use crate::store::{Store, Write, fault};

/// Rows of one INSERT.
const ROWS: usize = 1_000;

/// The ticket of a write. On SQLite its changes get their places here: it is the only writer.
pub(super) async fn draw(w: &Write, rows: &[change::ActiveModel]) -> Result<i64, DbErr> {
    if w.backend() == DbBackend::Postgres {
        let sql = "SELECT nextval('change_ticket')";
        let row =
            w.tx.query_one_raw(Statement::from_string(DbBackend::Postgres, sql))
                .await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("the tickets of changes".into()))?;
        return row.try_get_by_index(0);
    }
    let last = cp::Entity::find()
        .order_by_desc(cp::Column::Sequence)
        .one(&w.tx)
        .await?;
    let (mut sequence, mut hash, at) = match last {
        Some(last) => (last.sequence, last.hash, w.now.max(last.at)),
        None => (0, GENESIS.to_vec(), w.now),
    };
    let ticket = sequence + 1;
    let mut places = Vec::with_capacity(rows.len());
    for row in rows {
        let digest = match &row.digest {
            Set(digest) => digest.as_slice(),
            _ => return Err(DbErr::Custom("a change without its digest".into())),
        };
        sequence += 1;
        hash = link(&hash, sequence, at, digest).to_vec();
        places.push(cp::ActiveModel {
            sequence: Set(sequence),
            ticket: Set(ticket),
            ordinal: row.ordinal.clone(),
            at: Set(at),
            hash: Set(hash.clone()),
            floor: Set(Some(ticket)),
            drawn: Set(None),
            drawn_by: Set(None),
        });
    }
    for chunk in places.chunks(ROWS) {
        cp::Entity::insert_many(chunk.to_vec())
            .exec_without_returning(&w.tx)
            .await?;
    }
    Ok(ticket)
}

/// Waits until everything committed so far has its place: whoever has an answer finds the change in the feed. One caller
/// asks the database for all that wait.
///
/// # Errors
/// The database's: then the write may well be done, and its place is given later.
pub(crate) async fn settle(store: &Store) -> Result<(), Error> {
    if store.backend() == DbBackend::Postgres {
        store.0.waiting.ask(|| number(store, store.now())).await?;
    }
    store.0.feed.wake();
    Ok(())
}

/// Gives everything committed its place. Tells the last one.
///
/// # Errors
/// The database's.
pub(super) async fn number(store: &Store, now: DateTime<Utc>) -> Result<i64, Error> {
    let sql = "SELECT change_number($1)";
    let statement = || Statement::from_sql_and_values(DbBackend::Postgres, sql, [now.into()]);
    let rows = match &store.0.lanes {
        Some([_, numbering]) => numbering.all(statement).await,
        None => store.0.write.query_all_raw(statement()).await,
    };
    let rows = rows.map_err(fault::error)?;
    let row = rows
        .first()
        .ok_or_else(|| Error::internal("no place of the last change"))?;
    row.try_get_by_index(0).map_err(fault::error)
}
