//! Whom a read is for, and the snapshot it sees.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, TransactionTrait};
use tokio::sync::Mutex;

use crate::domain::actor::Actor;
use crate::domain::reference::Reference;
use crate::error::Error;
use crate::store::needs::Folded;
use crate::store::{Store, fault};

/// How many statements a read will take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// One, which is a snapshot by itself.
    Statement,
    /// Several, which must all see the same state.
    Snapshot,
}

/// What every read takes: the actor it is for, the reference data, the time, and the state of the database that all
/// its statements share.
#[derive(Debug)]
pub struct Reader {
    store: Store,
    actor: Arc<Actor>,
    reference: Arc<Reference>,
    now: DateTime<Utc>,
    /// Taken before the snapshot begins, so that the snapshot has all that is folded.
    summary: Option<Arc<Folded>>,
    snapshot: Option<Mutex<Option<DatabaseTransaction>>>,
}

impl Store {
    /// A reader for `actor`. Nothing is sent to the database before the first read.
    pub fn reader(&self, actor: Arc<Actor>, consistency: Consistency) -> Reader {
        Reader {
            actor,
            reference: self.reference(),
            now: self.now(),
            summary: self.0.summary.folded(),
            snapshot: (consistency == Consistency::Snapshot).then(Mutex::default),
            store: self.clone(),
        }
    }
}

impl Reader {
    /// Whom it reads for.
    pub const fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }

    /// The reference data it reads by.
    pub const fn reference(&self) -> &Arc<Reference> {
        &self.reference
    }

    /// The moment at which it reads.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The moment before which a request must have been confirmed to be stale: decided once a UTC day.
    pub fn stale_before(&self) -> DateTime<Utc> {
        let today = self.now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
        today - chrono::TimeDelta::days(i64::from(self.store.rules().confirm_every_days))
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.store.backend()
    }

    /// The sums that were in memory when it was made, if there were any: all that it is asked for is of one state.
    pub(in crate::store) const fn summary(&self) -> Option<&Arc<Folded>> {
        self.summary.as_ref()
    }

    /// Lets the statements of its snapshot take any time.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn unhurried(&self) -> Result<(), Error> {
        match (&self.snapshot, self.backend()) {
            (Some(snapshot), DbBackend::Postgres) => {
                let transaction = self.store.0.read.begin().await.map_err(fault::error)?;
                let set = transaction.execute_unprepared("SET LOCAL statement_timeout = 0");
                set.await.map_err(fault::error)?;
                *snapshot.lock().await = Some(transaction);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// All rows of a statement.
    pub(crate) async fn all(&self, statement: &SelectStatement) -> Result<Vec<QueryResult>, Error> {
        let pool = &self.store.0.read;
        let Some(snapshot) = &self.snapshot else {
            return pool.query_all(statement).await.map_err(fault::error);
        };
        let mut snapshot = snapshot.lock().await;
        let transaction = match snapshot.take() {
            Some(transaction) => transaction,
            None => pool.begin().await.map_err(fault::error)?,
        };
        snapshot
            .insert(transaction)
            .query_all(statement)
            .await
            .map_err(fault::error)
    }
}
