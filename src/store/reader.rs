//! Whom a read is for, and the snapshot it sees.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult, Statement, TransactionTrait};
use tokio::sync::Mutex;

use crate::domain::actor::Actor;
use crate::domain::reference::Reference;
use crate::error::Error;
use crate::store::lanes::Lane;
use crate::store::needs::Folded;
use crate::store::{Inner, Store, fault};

/// How many statements a read will take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// One, which is a snapshot by itself.
    Statement,
    /// Several, which must all see the same state.
    Snapshot,
}

impl Consistency {
    /// What a read needs that is told by its row alone, or is not.
    pub const fn of_row(alone: bool) -> Self {
        match alone {
            true => Self::Statement,
            false => Self::Snapshot,
        }
    }
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
    snapshot: Option<Mutex<Option<Session>>>,
}

/// A transaction in which a reader reads. It ends with the reader.
#[derive(Debug)]
enum Session {
    Plain(DatabaseTransaction),
    Lane(Lane),
}

impl Store {
    /// A reader for `actor`. Nothing is sent to the database before the first read.
    pub fn reader(&self, actor: Arc<Actor>, consistency: Consistency) -> Reader {
        Reader {
            actor,
            reference: self.reference(),
            now: self.now(),
            summary: self.0.summary.folded(self.feed().era()),
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
                let mut session = self.begin().await.map_err(fault::error)?;
                let set = Statement::from_string(DbBackend::Postgres, "SET LOCAL statement_timeout = 0");
                session.all(set).await.map_err(fault::error)?;
                *snapshot.lock().await = Some(session);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// All rows of a statement.
    pub(crate) async fn all(&self, statement: &SelectStatement) -> Result<Vec<QueryResult>, Error> {
        let built = || self.backend().build(statement);
        let rows = match &self.snapshot {
            None => self.alone(built).await,
            Some(snapshot) => self.together(&mut *snapshot.lock().await, built()).await,
        };
        rows.map_err(fault::error)
    }

    async fn alone(&self, statement: impl Fn() -> Statement) -> Result<Vec<QueryResult>, DbErr> {
        let Inner { read, lanes, .. } = &*self.store.0;
        match lanes {
            Some([reading, _]) => reading.all(statement).await,
            None => read.query_all_raw(statement()).await,
        }
    }

    async fn together(&self, snapshot: &mut Option<Session>, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let session = match snapshot.take() {
            Some(session) => session,
            None => self.begin().await?,
        };
        snapshot.insert(session).all(statement).await
    }

    async fn begin(&self) -> Result<Session, DbErr> {
        let Inner { read, lanes, .. } = &*self.store.0;
        match lanes {
            Some([reading, _]) => reading.begin().await.map(Session::Lane),
            None => read.begin().await.map(Session::Plain),
        }
    }
}

impl Session {
    async fn all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Plain(transaction) => transaction.query_all_raw(statement).await,
            Self::Lane(lane) => lane.all(statement).await,
        }
    }
}
