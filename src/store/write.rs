//! How everything is written: one function, one transaction, in a task of its own that no client can cancel.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sea_orm::{DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::actor::Actor;
use crate::domain::problem::{Problem, Problems};
use crate::domain::reference::Reference;
use crate::error::Error;
use crate::store::change::{self, Journal};
use crate::store::statements::inherited;
use crate::store::wall::{self, Opened, Opening};
use crate::store::{Author, Left, Store, Ways, fault, idempotency, settled};

/// Times a transaction is tried again after a deadlock or a serialization failure.
const RETRIES: u32 = 5;

/// Why a write did not happen. Whatever it is, nothing was changed.
#[derive(Clone, Debug)]
pub enum Refused {
    /// What the user can mend.
    Problems(Problems),
    /// Anything else.
    Error(Error),
    /// The database failed; told as an error once it is clear that trying again does not help.
    Fault(Arc<DbErr>),
}

/// What a write gives.
pub type Outcome<T> = Result<T, Refused>;

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problems(Problems(vec![problem]))
    }
}

impl From<Problems> for Refused {
    fn from(problems: Problems) -> Self {
        Self::Problems(problems)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<DbErr> for Refused {
    fn from(fault: DbErr) -> Self {
        Self::Fault(Arc::new(fault))
    }
}

/// A write under way: the transaction, who writes and when. Rules are asked on rows read through it.
#[derive(Debug)]
pub struct Write {
    pub(crate) tx: DatabaseTransaction,
    pub(crate) actor: Arc<Actor>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) reference: Arc<Reference>,
    pub(crate) store: Store,
    pub(crate) journal: Journal,
    pub(crate) opened: Opened,
    /// Where its object is left; none where nobody asks for it.
    pub(crate) left: Option<Left>,
    /// Whether all of the input could be read; of what could not, nothing may be written.
    is_whole: bool,
}

impl Write {
    pub(crate) fn backend(&self) -> DbBackend {
        self.store.backend()
    }

    /// Whether anything was changed so far. One that changed nothing is not remembered under its key.
    pub(crate) fn changed(&self) -> bool {
        self.journal.holds_changes()
    }

    /// That nothing is wrong with the input: neither this, nor could any of it not be read. Asked before a row is written of what may be
    /// missing or nothing in it because it could not be read.
    ///
    /// # Errors
    /// The problems; none of its own where all were noted before.
    pub(crate) fn sound(&self, problems: Problems) -> Result<(), Problems> {
        match self.is_sound(&problems) {
            true => Ok(()),
            false => Err(problems),
        }
    }

    /// The same, to ask what else is wrong where something is.
    pub(crate) fn is_sound(&self, problems: &Problems) -> bool {
        problems.is_empty() && self.is_whole
    }

    /// Whether all of the input could be read: what is left out where it could not was given all the same.
    pub(crate) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The same write within a savepoint: it is committed into this one, or rolled back alone.
    pub(crate) async fn savepoint(&self) -> Result<Self, DbErr> {
        Ok(Self {
            tx: self.tx.begin().await?,
            actor: Arc::clone(&self.actor),
            now: self.now,
            reference: Arc::clone(&self.reference),
            store: self.store.clone(),
            journal: Journal::default(),
            opened: self.opened.within(),
            left: None,
            is_whole: true,
        })
    }

    /// Keeps what a savepoint did.
    pub(crate) async fn keep(&self, savepoint: Self) -> Result<(), DbErr> {
        savepoint.tx.commit().await?;
        self.journal.absorb(savepoint.journal);
        Ok(())
    }
}

impl Store {
    /// Runs `work` in one transaction and commits it; what it refuses changes nothing. Where the author's key was used for
    /// it before, it is not run, and what it gave is given again. The task goes on when the caller goes away: a dropped
    /// connection must not leave half a transaction in the pool.
    ///
    /// # Errors
    /// What `work` refused, IDEMPOTENCY_MISMATCH, or the database's failure.
    pub async fn write<T, F>(&self, author: impl Into<Author>, work: F) -> Result<T, Refused>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: for<'w> Fn(&'w Write) -> BoxFuture<'w, Outcome<T>> + Send + Sync + 'static,
    {
        self.write_from(author, Opening::Plain, work).await
    }

    /// The same, with what the write begins with in its first statement.
    ///
    /// # Errors
    /// The same.
    pub(crate) async fn write_from<T, F>(
        &self,
        author: impl Into<Author>,
        opening: Opening,
        work: F,
    ) -> Result<T, Refused>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: for<'w> Fn(&'w Write) -> BoxFuture<'w, Outcome<T>> + Send + Sync + 'static,
    {
        let (store, author) = (self.clone(), author.into());
        let task = tokio::spawn(inherited(async move {
            let (mut tried, mut was_lost) = (0, false);
            loop {
                match store.attempt(&author, opening, &work).await {
                    Err(Refused::Fault(fault)) if tried < RETRIES && fault::is_transient(&fault) => tried += 1,
                    // Whoever takes the next connection tries it first, so that once is enough.
                    Err(Refused::Fault(fault)) if !was_lost && fault::is_lost(&fault) => {
                        store.0.loss.seen();
                        was_lost = true;
                    }
                    Err(Refused::Fault(fault)) => {
                        let fault = Arc::try_unwrap(fault).unwrap_or_else(|fault| DbErr::Custom(format!("{fault:?}")));
                        return Err(Refused::Error(fault::undone(fault)));
                    }
                    other => return other,
                }
            }
        }));
        task.await
            .unwrap_or_else(|panic| Err(Error::internal(format!("a write ended: {panic}")).into()))
    }

    /// A transaction that writes. On SQLite it is the one that does, from here on.
    pub(in crate::store) async fn begin_write(&self) -> Result<DatabaseTransaction, DbErr> {
        if let Ways::Sqlite(leashes) = &self.0.ways {
            leashes.look()?;
        }
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        self.0.write.begin_with_options(options).await
    }

    async fn attempt<T, F>(&self, author: &Author, opening: Opening, work: &F) -> Outcome<T>
    where
        T: Serialize + DeserializeOwned,
        F: for<'w> Fn(&'w Write) -> BoxFuture<'w, Outcome<T>>,
    {
        // What an attempt left that came to nothing.
        drop(author.left.take());
        let tx = self.begin_write().await?;
        let opened = wall::open(&tx, &author.actor, opening).await?;
        let write = Write {
            tx,
            opened,
            actor: Arc::clone(&author.actor),
            now: self.now(),
            reference: self.reference(),
            store: self.clone(),
            journal: Journal::default(),
            left: Some(author.left.clone()),
            is_whole: author.is_whole(),
        };
        if self.backend() == DbBackend::Sqlite {
            // It is the one that writes: whatever began before has ended.
            settled::reached(self, write.now);
        }
        match idempotency::run(&write, author, work).await {
            Ok(done) => {
                let changed = change::flush(&write).await?;
                match write.tx.commit().await {
                    Err(failed) if fault::is_transient(&failed) || fault::is_full(&failed) => return Err(failed.into()),
                    committed => committed.map_err(|failed| fault::unsure(&failed))?,
                }
                if changed || author.once.is_some() {
                    // It is done, and will be in the feed soon; until it is, nobody may be told so. Nor may whoever asks
                    // again under its key, which is free as soon as it is committed.
                    change::settle(self).await.map_err(|failed| fault::unsure(&failed))?;
                }
                Ok(done)
            }
            Err(refused) => {
                write.tx.rollback().await?;
                Err(refused)
            }
        }
    }
}
