//! The place of each change in the one order: on SQLite given by the write itself, on PostgreSQL just after its commit, for
//! all that wait together, by the database's own function `change_number`.

use chrono::{DateTime, Utc};
use entity::{change, change_position as cp};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryOrder, Set, Statement};

use crate::domain::change::{GENESIS, link};
use crate::error::Error;
use crate::store::{Store, Ways, Write, fault, settled};

/// Rows of one INSERT.
const ROWS: usize = 1_000;

/// The ticket of a write, as its rows are given it. Whoever draws one holds all locks of the write, and has written before: the
/// floor of the ledger rises past a ticket once every transaction has ended that had a number when it was drawn.
#[derive(Debug)]
pub(super) enum Ticket {
    /// It is known.
    Known(i64),
    /// The database draws it for the first row that is inserted: a statement of its own would be a round trip more.
    Undrawn,
    /// The database has drawn it.
    Drawn,
}

impl Ticket {
    /// What the next row is given. A database takes the rows of a statement in their order.
    pub(super) fn take(&mut self) -> Expr {
        match *self {
            Self::Known(ticket) => Expr::val(ticket),
            Self::Undrawn => {
                *self = Self::Drawn;
                Expr::cust("nextval('change_ticket')")
            }
            Self::Drawn => Expr::cust("currval('change_ticket')"),
        }
    }
}

/// The ticket of a write, all of whose locks are held. On SQLite its changes get their places here: it is the only writer.
pub(super) async fn ticket(w: &Write, rows: &[change::ActiveModel]) -> Result<Ticket, DbErr> {
    if w.backend() == DbBackend::Postgres {
        return Ok(Ticket::Undrawn);
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
    Ok(Ticket::Known(ticket))
}

/// Waits until everything committed so far has its place: whoever has an answer finds the change in the feed. One caller
/// asks the database for all that wait.
///
/// # Errors
/// The database's: then the write may well be done, and its place is given later.
pub(crate) async fn settle(store: &Store) -> Result<(), Error> {
    let place = match store.backend() {
        DbBackend::Postgres => number(store).await?,
        _ => 0,
    };
    store.0.feed.wake(place);
    Ok(())
}

/// Gives everything committed its place, one call after the other, so that none places with a moment that is earlier than that
/// of one before it. Tells the last place.
///
/// # Errors
/// The database's.
pub(super) async fn number(store: &Store) -> Result<i64, Error> {
    let ask = || async {
        let now = store.now();
        let place = number_at(store, now).await?;
        settled::reached(store, now);
        Ok(place)
    };
    store.0.waiting.ask(ask).await
}

async fn number_at(store: &Store, now: DateTime<Utc>) -> Result<i64, Error> {
    let sql = "SELECT change_number($1)";
    let statement = || Statement::from_sql_and_values(DbBackend::Postgres, sql, [now.into()]);
    let rows = match &store.0.ways {
        Ways::Postgres { numbering, .. } => numbering.all(statement).await,
        Ways::Sqlite(_) => store.0.write.query_all_raw(statement()).await,
    };
    let rows = rows.map_err(fault::error)?;
    let row = rows
        .first()
        .ok_or_else(|| Error::internal("no place of the last change"))?;
    row.try_get_by_index(0).map_err(fault::error)
}
