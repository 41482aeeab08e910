//! Connections that read an SQLite file, each on a leash: a statement ends when its time is over, or as soon as nobody waits for it any
//! more. SQLite ends none by itself, and a few long ones would keep everybody else from reading.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use sea_orm::{DbErr, QueryResult, RuntimeErr, Statement};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Connection, Executor, Sqlite};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::sent::Limits;
use crate::store::site::Site;
use crate::store::statements::Statements;
use crate::store::{fault, sent};

/// Steps of SQLite's machine after which it looks whether the leash still holds: a few tenths of a millisecond.
const STEPS: i32 = 10_000;

/// Until when the statement of a connection may go on.
#[derive(Debug)]
struct Leash {
    since: Instant,
    /// Microseconds since then; all of them where it has no end, and none where it is to end now.
    ends: AtomicU64,
}

impl Leash {
    const NEVER: u64 = u64::MAX;
    const NOW: u64 = 0;

    fn set(&self, limit: Option<Duration>) {
        let ends = limit.map(|limit| micros(self.since.elapsed().saturating_add(limit)));
        self.ends.store(ends.unwrap_or(Self::NEVER), Ordering::Relaxed);
    }

    fn cut(&self) {
        self.ends.store(Self::NOW, Ordering::Relaxed);
    }

    fn holds(&self) -> bool {
        match self.ends.load(Ordering::Relaxed) {
            Self::NEVER => true,
            ends => micros(self.since.elapsed()) < ends,
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(Leash::NEVER)
}

/// The connections, as many at once as the pool has.
#[derive(Debug)]
pub(super) struct Leashes {
    pool: SqlitePool,
    /// One for each connection that may be used.
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Held>>,
    limits: Limits,
    /// Where the file stands; none where nobody else could touch it.
    site: Option<Site>,
    statements: Arc<Statements>,
    /// Where what dropped requests leave is put in order: it outlives the workers that answer.
    runtime: Handle,
}

/// A connection that is open, with the leash that it looks at.
#[derive(Debug)]
struct Held {
    connection: PoolConnection<Sqlite>,
    leash: Arc<Leash>,
}

/// A connection for one piece of work. It comes back when it is dropped.
#[derive(Debug)]
pub(super) struct Leashed {
    leashes: Arc<Leashes>,
    /// None once it is broken.
    held: Option<Held>,
    /// Time of each of its statements.
    limit: Option<Duration>,
    in_transaction: bool,
    /// Whether a statement was sent whose end has not been seen.
    is_busy: bool,
    permit: Option<OwnedSemaphorePermit>,
}

impl Leashes {
    /// Over the connections of a pool that nobody else uses up.
    pub(super) fn new(pool: SqlitePool, limits: Limits, site: Option<Site>, statements: Arc<Statements>) -> Arc<Self> {
        let size = usize::try_from(pool.options().get_max_connections()).unwrap_or(usize::MAX);
        Arc::new(Self {
            pool,
            free: Arc::new(Semaphore::new(size.min(Semaphore::MAX_PERMITS))),
            idle: Mutex::default(),
            limits,
            site,
            statements,
            runtime: Handle::current(),
        })
    }

    /// That the file that was opened is the one that everybody else finds.
    ///
    /// # Errors
    /// Where it was moved, replaced or deleted.
    pub(super) fn look(&self) -> Result<(), DbErr> {
        self.site.as_ref().map_or(Ok(()), Site::look)
    }

    /// A connection, as soon as one is free.
    ///
    /// # Errors
    /// Where none gets free in time, or the file can't be opened or is no longer the one that everybody else finds.
    pub(super) async fn lane(self: &Arc<Self>) -> Result<Leashed, DbErr> {
        self.site.as_ref().map_or(Ok(()), Site::glance)?;
        let permit = tokio::time::timeout(self.limits.patience, Arc::clone(&self.free).acquire_owned()).await;
        let permit = permit.map_err(|_| fault::acquiring(sqlx::Error::PoolTimedOut))?;
        let permit = permit.map_err(|_| fault::acquiring(sqlx::Error::PoolClosed))?;
        let rested = self.idle().pop();
        let held = match rested {
            Some(held) => held,
            // Boxed: it is seldom needed, and every read would carry it along.
            None => Box::pin(self.open()).await.map_err(fault::acquiring)?,
        };
        Ok(Leashed {
            leashes: Arc::clone(self),
            held: Some(held),
            limit: self.limits.statement,
            in_transaction: false,
            is_busy: false,
            permit: Some(permit),
        })
    }

    /// A connection with a transaction begun, which ends with it.
    ///
    /// # Errors
    /// Where none gets free in time, or the database's.
    pub(super) async fn begin(self: &Arc<Self>) -> Result<Leashed, DbErr> {
        let mut lane = self.lane().await?;
        lane.begin().await?;
        Ok(lane)
    }

    async fn open(&self) -> Result<Held, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        let leash = Arc::new(Leash {
            since: Instant::now(),
            ends: AtomicU64::new(Leash::NEVER),
        });
        let looked_at = Arc::clone(&leash);
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(STEPS, move || looked_at.holds());
        drop(handle);
        Ok(Held { connection, leash })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Held>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes back a connection that is in the middle of nothing, or about to be.
    fn keep(&self, held: Held) {
        let mut idle = self.idle();
        // Asked while nobody can close: what is closed must not get any more.
        match self.free.is_closed() {
            false => idle.push(held),
            true => held.close(),
        }
    }

    /// Connections that are open, and how many of those nobody uses.
    pub(super) fn count(&self) -> (u32, usize) {
        (self.pool.size(), self.idle().len() + self.pool.num_idle())
    }

    /// Ends all connections, after what they are doing.
    pub(super) async fn close(&self) {
        self.free.close();
        self.idle().clear();
        self.pool.close().await;
    }
}

/// Who drops the last handle may have no runtime any more, which the pool would need for what rests.
impl Drop for Leashes {
    fn drop(&mut self) {
        self.idle().drain(..).for_each(Held::close);
    }
}

impl Held {
    /// Puts the end of its transaction in line before whatever comes next, and waits for nothing. False where that can't be.
    fn sends_rollback(&mut self) -> bool {
        !matches!(self.connection.execute("ROLLBACK").now_or_never(), Some(Err(_)))
    }

    /// Closes it without the pool, which would do it in a task.
    fn close(self) {
        drop(self.connection.detach());
    }
}

impl Leashed {
    /// Lets its statements take any time.
    pub(super) const fn unhurried(&mut self) {
        self.limit = None;
    }

    async fn begin(&mut self) -> Result<(), DbErr> {
        let held = self.held.as_mut().ok_or_else(fault::broken)?;
        (self.in_transaction, self.is_busy) = (true, true);
        let begun = held.connection.execute("BEGIN").await;
        self.ended(begun).map(drop)
    }

    /// All rows of a statement.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let held = self.held.as_mut().ok_or_else(fault::broken)?;
        self.is_busy = true;
        held.leash.set(self.limit);
        let Leashes { limits, statements, .. } = &*self.leashes;
        let rows = sent::all::<Sqlite>(&mut held.connection, statement, *limits, statements).await;
        self.ended(rows)
    }

    /// Each row of a statement as it comes.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn each(
        &mut self,
        statement: Statement,
        row: impl FnMut(&QueryResult) + Send,
    ) -> Result<(), DbErr> {
        let held = self.held.as_mut().ok_or_else(fault::broken)?;
        self.is_busy = true;
        held.leash.set(self.limit);
        let read = sent::each::<Sqlite>(&mut held.connection, statement, &self.leashes.statements, row).await;
        self.ended(read)
    }

    /// What came of a statement. After anything but a refusal the connection is good for nothing.
    fn ended<T>(&mut self, outcome: Result<T, sqlx::Error>) -> Result<T, DbErr> {
        self.is_busy = false;
        if let Some(held) = &self.held {
            held.leash.set(None);
        }
        outcome.map_err(|error| {
            if error.as_database_error().is_none()
                && let Some(held) = self.held.take()
            {
                held.close();
            }
            DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
        })
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        let Some(mut held) = self.held.take() else {
            return;
        };
        let (leashes, in_transaction) = (Arc::clone(&self.leashes), self.in_transaction);
        let keep = move |leashes: Arc<Leashes>, mut held: Held| match !in_transaction || held.sends_rollback() {
            true => leashes.keep(held),
            false => held.close(),
        };
        if !self.is_busy {
            return keep(leashes, held);
        }
        held.leash.cut();
        let permit = self.permit.take();
        let runtime = leashes.runtime.clone();
        runtime.spawn(async move {
            // Comes back once what was under way has ended.
            match held.connection.ping().await {
                Ok(()) => {
                    held.leash.set(None);
                    keep(leashes, held);
                }
                Err(_) => held.close(),
            }
            drop(permit);
        });
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::DbBackend;
    use sqlx::sqlite::SqlitePoolOptions;

    use super::*;
    use crate::error::Error;

    const ENDLESS: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n";

    /// One connection, over which a statement may take so long.
    async fn leashes(statement: Option<Duration>) -> Arc<Leashes> {
        let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:");
        let limits = Limits {
            statement,
            patience: Duration::from_secs(60),
            slow: Duration::from_secs(60),
        };
        Leashes::new(pool.await.unwrap(), limits, None, Arc::default())
    }

    fn sql(text: &str) -> Statement {
        Statement::from_string(DbBackend::Sqlite, text)
    }

    async fn is_well(lane: &mut Leashed) {
        // More steps than there are between two looks.
        let counted =
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 50000) SELECT count(*) FROM n";
        let rows = lane.all(sql(counted)).await.unwrap();
        assert_eq!(rows[0].try_get_by_index::<i64>(0).unwrap(), 50_000);
    }

    #[tokio::test]
    async fn a_statement_ends_when_its_time_is_over_and_the_next_has_its_own() {
        let leashes = leashes(Some(Duration::from_millis(20))).await;
        let mut lane = leashes.begin().await.unwrap();
        for _ in 0..3 {
            let ended = lane.all(sql(ENDLESS)).await.unwrap_err();
            assert!(matches!(fault::error(ended), Error::Timeout));
        }
        lane.unhurried();
        is_well(&mut lane).await;
        let ended = lane.each(sql(ENDLESS), |_| ());
        tokio::time::timeout(Duration::from_millis(100), ended)
            .await
            .unwrap_err();
        drop(lane);
        let mut next = leashes.lane().await.unwrap();
        next.unhurried();
        is_well(&mut next).await;
    }

    #[tokio::test]
    async fn a_statement_ends_when_nobody_waits_for_it_any_more() {
        let leashes = leashes(None).await;
        for in_transaction in [false, true, false, true] {
            let mut lane = match in_transaction {
                true => leashes.begin().await.unwrap(),
                false => leashes.lane().await.unwrap(),
            };
            let gone = tokio::time::timeout(Duration::from_millis(20), lane.all(sql(ENDLESS))).await;
            assert!(gone.is_err(), "it never ends by itself");
            drop(lane);
            // There is one connection: this waits until it has come back.
            let mut next = leashes.begin().await.unwrap();
            is_well(&mut next).await;
        }
        assert_eq!(leashes.count(), (1, 1));
    }

    #[tokio::test]
    async fn a_connection_comes_back_without_the_transaction_that_it_had() {
        let leashes = leashes(None).await;
        for _ in 0..3 {
            let mut lane = leashes.begin().await.unwrap();
            lane.all(sql("CREATE TABLE t (x)")).await.unwrap();
        }
        leashes.close().await;
        assert!(leashes.lane().await.is_err());
    }
}
