//! Connections of PostgreSQL that are kept between statements. The library's pool asks each connection that comes back
//! whether it is still good, and can't know whether a dropped request left a transaction on it: that is two round trips
//! more for each statement. Here a connection comes back as it is known to be: at the end of a snapshot its ROLLBACK is on the
//! way, and only one whose request went away in the middle, or was refused something, is put in order first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use sea_orm::{DbErr, QueryResult, RuntimeErr, Statement};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgDatabaseError, PgPool, PgSeverity};
use sqlx::{Connection, Executor, Postgres};
use tokio::runtime::{Handle, Id};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::loss::Loss;
use crate::store::sent::Limits;
use crate::store::statements::Statements;
use crate::store::{fault, sent};

/// Time after which a connection is closed and a new one opened.
const KEPT: Duration = Duration::from_secs(600);

/// Time after which a connection that was not used at home is opened anew where it is used.
const MOVES: Duration = Duration::from_secs(2);

/// Time for the end of what a dropped request left under way, and for an answer of one that rested. After it the
/// connection is closed, at which the database ends the statement too (`client_connection_check_interval`).
const LEFT: Duration = Duration::from_millis(100);

/// The connections, as many at once as the pool has.
#[derive(Debug)]
pub(super) struct Lanes {
    pool: PgPool,
    /// One for each connection that may be used.
    free: Arc<Semaphore>,
    /// One for each connection that may be open.
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Kept>>,
    /// PostgreSQL itself ends a statement whose time is over.
    limits: Limits,
    loss: Arc<Loss>,
    statements: Arc<Statements>,
    /// Where what dropped requests leave is put in order: it outlives the workers that answer.
    runtime: Handle,
}

/// A connection that rests.
#[derive(Debug)]
struct Kept {
    held: Held,
    since: Instant,
}

/// A connection that is open.
#[derive(Debug)]
struct Held {
    connection: PoolConnection<Postgres>,
    taken: Instant,
    /// The runtime that is told by the system when the database has answered. Whoever waits on another one has to be
    /// woken from there, which costs more than the rest of a short statement.
    home: Id,
    /// When it was last taken there.
    at_home: Instant,
    place: OwnedSemaphorePermit,
}

/// A connection for one piece of work. It comes back when it is dropped.
#[derive(Debug)]
pub(super) struct Lane {
    lanes: Arc<Lanes>,
    /// None once it is broken.
    held: Option<Held>,
    in_transaction: bool,
    /// Whether a statement was sent whose end has not been seen.
    is_busy: bool,
    /// Whether the database refused a statement, after which it is ready again a little later.
    was_refused: bool,
    permit: Option<OwnedSemaphorePermit>,
}

impl Lanes {
    /// Over the connections of a pool that nobody else uses up.
    pub(super) fn new(pool: PgPool, limits: Limits, loss: Arc<Loss>, statements: Arc<Statements>) -> Arc<Self> {
        let size = usize::try_from(pool.options().get_max_connections()).unwrap_or(usize::MAX);
        Arc::new(Self {
            pool,
            free: Arc::new(Semaphore::new(size)),
            places: Arc::new(Semaphore::new(size)),
            idle: Mutex::default(),
            limits,
            loss,
            statements,
            runtime: Handle::current(),
        })
    }

    /// All rows of a statement that may be sent twice: where its connection is lost, it is sent again over another.
    ///
    /// # Errors
    /// Where none gets free in time, or the database's.
    pub(super) async fn all(self: &Arc<Self>, statement: impl Fn() -> Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut lane = self.lane().await?;
        match lane.all(statement()).await {
            Err(_) if lane.is_lost() => {
                drop(lane);
                self.lane().await?.all(statement()).await
            }
            rows => rows,
        }
    }

    /// A connection with a transaction begun, which ends with it; what it wrote is gone then.
    ///
    /// # Errors
    /// Where none gets free in time, or the database's.
    pub(super) async fn begin(self: &Arc<Self>) -> Result<Lane, DbErr> {
        let mut lane = self.lane().await?;
        match lane.begin().await {
            Err(_) if lane.is_lost() => {
                drop(lane);
                let mut lane = self.lane().await?;
                lane.begin().await?;
                Ok(lane)
            }
            begun => begun.map(|()| lane),
        }
    }

    /// A connection, as soon as one is free.
    ///
    /// # Errors
    /// Where none gets free in time, or the database can't be reached.
    pub(super) async fn lane(self: &Arc<Self>) -> Result<Lane, DbErr> {
        let permit = tokio::time::timeout(self.limits.patience, Arc::clone(&self.free).acquire_owned()).await;
        let permit = permit.map_err(|_| fault::acquiring(sqlx::Error::PoolTimedOut))?;
        let permit = permit.map_err(|_| fault::acquiring(sqlx::Error::PoolClosed))?;
        let mut lane = Lane {
            lanes: Arc::clone(self),
            held: None,
            in_transaction: false,
            is_busy: false,
            was_refused: false,
            permit: Some(permit),
        };
        loop {
            match self.next(Handle::current().id()) {
                Next::Rested(Kept { held, since }) => {
                    lane.held = Some(held);
                    if !self.loss.doubts(since.elapsed()) || lane.is_good().await {
                        return Ok(lane);
                    }
                }
                Next::Place(place) => {
                    // Boxed: it is seldom needed, takes 14 KiB, and every read would carry it along.
                    let connection = Box::pin(self.pool.acquire()).await.map_err(fault::acquiring)?;
                    let now = Instant::now();
                    lane.held = Some(Held {
                        connection,
                        taken: now,
                        home: Handle::current().id(),
                        at_home: now,
                        place,
                    });
                    return Ok(lane);
                }
                // All are open and none rests: one is just being closed.
                Next::Nothing => tokio::task::yield_now().await,
            }
        }
    }

    /// The connection to use: one that is at home here, or else a new one, or where no more may be open any that rests.
    /// Such a one that has not been used at home for a while is closed and a new one opened in its place, so that in time they
    /// are where they are used.
    fn next(&self, home: Id) -> Next {
        let mut idle = self.idle();
        if let Some(own) = idle.iter().rposition(|kept| kept.held.home == home) {
            let mut own = idle.remove(own);
            own.held.at_home = Instant::now();
            return Next::Rested(own);
        }
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Next::Place(place);
        }
        match idle.pop() {
            Some(kept) if kept.held.at_home.elapsed() > MOVES => Next::Place(kept.held.close()),
            Some(kept) => Next::Rested(kept),
            None => Next::Nothing,
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes back a connection that is in the middle of nothing, or about to be.
    fn keep(&self, held: Held) {
        let mut idle = self.idle();
        // Asked while nobody can close: what is closed must not get any more.
        if held.taken.elapsed() < KEPT && !self.free.is_closed() {
            let since = Instant::now();
            idle.push(Kept { held, since });
        } else {
            drop(held.close());
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
impl Drop for Lanes {
    fn drop(&mut self) {
        for Kept { held, .. } in self.idle().drain(..) {
            drop(held.close());
        }
    }
}

/// Where the next connection comes from.
enum Next {
    Rested(Kept),
    Place(OwnedSemaphorePermit),
    Nothing,
}

impl Held {
    /// Closes it, and gives its place. By its socket alone: the pool would do it in a task, and there may be no runtime any more
    /// where a worker ends with a request under way.
    fn close(self) -> OwnedSemaphorePermit {
        drop(self.connection.detach());
        self.place
    }

    /// Sends the end of its transaction and waits for nothing: whoever uses the connection next reads the answer before anything
    /// else. The database must be ready for a statement, else none is sent. False where it did not leave.
    fn sends_rollback(&mut self) -> bool {
        let ended = self.connection.execute("ROLLBACK").now_or_never();
        !matches!(ended, Some(Err(_))) && !self.connection.should_flush()
    }
}

impl Lane {
    async fn begin(&mut self) -> Result<(), DbErr> {
        let held = self.held.as_mut().ok_or_else(fault::broken)?;
        (self.in_transaction, self.is_busy) = (true, true);
        let begun = held.connection.execute("BEGIN").await;
        self.ended(begun).map(drop)
    }

    /// Whether its connection died under it.
    const fn is_lost(&self) -> bool {
        self.held.is_none()
    }

    /// Whether a connection that rested still answers. One that does not is closed.
    async fn is_good(&mut self) -> bool {
        let Some(held) = self.held.as_mut() else {
            return false;
        };
        self.is_busy = true;
        if let Ok(Ok(())) = tokio::time::timeout(LEFT, held.connection.ping()).await {
            self.is_busy = false;
            return true;
        }
        if let Some(held) = self.held.take() {
            drop(held.close());
        }
        self.lanes.loss.seen();
        self.is_busy = false;
        false
    }

    /// All rows of a statement.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let held = self.held.as_mut().ok_or_else(fault::broken)?;
        self.is_busy = true;
        let Lanes { limits, statements, .. } = &*self.lanes;
        let rows = sent::all::<Postgres>(&mut held.connection, statement, *limits, statements).await;
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
        let read = sent::each::<Postgres>(&mut held.connection, statement, &self.lanes.statements, row).await;
        self.ended(read)
    }

    /// What came of a statement. After anything but a refusal the connection is good for nothing.
    fn ended<T>(&mut self, outcome: Result<T, sqlx::Error>) -> Result<T, DbErr> {
        self.is_busy = false;
        outcome.map_err(|error| {
            let refusal = error.as_database_error().and_then(|error| error.try_downcast_ref());
            let is_refusal = refusal.is_some_and(|error: &PgDatabaseError| error.severity() == PgSeverity::Error);
            self.was_refused |= is_refusal;
            if !is_refusal && let Some(held) = self.held.take() {
                drop(held.close());
                self.lanes.loss.seen();
            }
            DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
        })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let Some(mut held) = self.held.take() else {
            return;
        };
        let (lanes, in_transaction) = (Arc::clone(&self.lanes), self.in_transaction);
        if !self.is_busy && !in_transaction {
            return lanes.keep(held);
        }
        if !self.is_busy && !self.was_refused {
            return match held.sends_rollback() {
                true => lanes.keep(held),
                false => drop(held.close()),
            };
        }
        let patience = if self.is_busy { LEFT } else { lanes.limits.patience };
        let permit = self.permit.take();
        let runtime = lanes.runtime.clone();
        runtime.spawn(async move {
            let connection = &mut held.connection;
            // Both wait for the end of what is under way.
            let ended = async {
                match in_transaction {
                    true => connection.execute("ROLLBACK").await.map(drop),
                    false => connection.ping().await,
                }
            };
            match tokio::time::timeout(patience, ended).await {
                Ok(Ok(())) => lanes.keep(held),
                _ => drop(held.close()),
            }
            drop(permit);
        });
    }
}
