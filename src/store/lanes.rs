//! Connections of PostgreSQL that are kept between statements. The library's pool asks each connection that comes back
//! whether it is still good, and can't know whether a dropped request left a transaction on it: that is two round trips
//! more for each statement. Here a connection comes back as it is known to be, and only one whose request went away in the
//! middle is put in order first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::{ConnAcquireErr, DbErr, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgDatabaseError, PgPool, PgSeverity};
use sqlx::{AssertSqlSafe, Connection, Executor, Postgres};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::loss::Loss;
use crate::store::statements::{Statements, is_counted};

/// Time after which a connection goes back to the pool, which ends those that are too old.
const KEPT: Duration = Duration::from_secs(600);

/// Time for the end of what a dropped request left under way, and for an answer of one that rested. After it the
/// connection is closed, at which the database ends the statement too (`client_connection_check_interval`).
const LEFT: Duration = Duration::from_millis(100);

/// The connections, as many at once as the pool has.
#[derive(Debug)]
pub(super) struct Lanes {
    pool: PgPool,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Kept>>,
    /// Time to wait for one.
    patience: Duration,
    loss: Arc<Loss>,
    statements: Arc<Statements>,
}

#[derive(Debug)]
struct Kept {
    connection: PoolConnection<Postgres>,
    taken: Instant,
    idle: Instant,
}

/// A connection for one piece of work. It comes back when it is dropped.
#[derive(Debug)]
pub(super) struct Lane {
    lanes: Arc<Lanes>,
    /// None once it is broken.
    connection: Option<PoolConnection<Postgres>>,
    taken: Instant,
    in_transaction: bool,
    /// Whether a statement was sent whose end has not been seen.
    is_busy: bool,
    permit: Option<OwnedSemaphorePermit>,
}

impl Lanes {
    pub(super) fn new(pool: PgPool, patience: Duration, loss: Arc<Loss>, statements: Arc<Statements>) -> Arc<Self> {
        let size = usize::try_from(pool.options().get_max_connections()).unwrap_or(usize::MAX);
        Arc::new(Self {
            pool,
            free: Arc::new(Semaphore::new(size)),
            idle: Mutex::default(),
            patience,
            loss,
            statements,
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
        let permit = tokio::time::timeout(self.patience, Arc::clone(&self.free).acquire_owned()).await;
        let permit = permit.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        let permit = permit.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))?;
        let mut lane = Lane {
            lanes: Arc::clone(self),
            connection: None,
            taken: Instant::now(),
            in_transaction: false,
            is_busy: false,
            permit: Some(permit),
        };
        loop {
            let kept = self.idle().pop();
            let Some(Kept {
                connection,
                taken,
                idle,
            }) = kept
            else {
                lane.connection = Some(self.pool.acquire().await.map_err(acquiring)?);
                lane.taken = Instant::now();
                return Ok(lane);
            };
            (lane.connection, lane.taken) = (Some(connection), taken);
            if !self.loss.doubts(idle.elapsed()) || lane.is_good().await {
                return Ok(lane);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes back a connection that is in the middle of nothing.
    fn keep(&self, connection: PoolConnection<Postgres>, taken: Instant) {
        let mut kept = self.idle();
        // Asked while nobody can close: what is closed must not get any more.
        if taken.elapsed() < KEPT && !self.free.is_closed() {
            let idle = Instant::now();
            kept.push(Kept {
                connection,
                taken,
                idle,
            });
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

impl Lane {
    async fn begin(&mut self) -> Result<(), DbErr> {
        let connection = self.connection.as_mut().ok_or_else(broken)?;
        (self.in_transaction, self.is_busy) = (true, true);
        let begun = connection.execute("BEGIN").await;
        self.ended(begun).map(drop)
    }

    /// Whether its connection died under it.
    const fn is_lost(&self) -> bool {
        self.connection.is_none()
    }

    /// Whether a connection that rested still answers. One that does not is closed.
    async fn is_good(&mut self) -> bool {
        let Some(connection) = self.connection.as_mut() else {
            return false;
        };
        self.is_busy = true;
        if let Ok(Ok(())) = tokio::time::timeout(LEFT, connection.ping()).await {
            self.is_busy = false;
            return true;
        }
        if let Some(mut connection) = self.connection.take() {
            connection.close_on_drop();
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
        let connection = self.connection.as_mut().ok_or_else(broken)?;
        self.is_busy = true;
        let values = SqlxValues(statement.values.unwrap_or(sea_orm::Values(Vec::new())));
        let sent = Instant::now();
        let rows = sqlx::query_with(AssertSqlSafe(statement.sql), values);
        let rows = rows.fetch_all(&mut **connection).await;
        if is_counted() {
            self.lanes.statements.add(sent.elapsed());
        }
        Ok(self.ended(rows)?.into_iter().map(QueryResult::from).collect())
    }

    /// What came of a statement. After anything but a refusal the connection is good for nothing.
    fn ended<T>(&mut self, outcome: Result<T, sqlx::Error>) -> Result<T, DbErr> {
        self.is_busy = false;
        outcome.map_err(|error| {
            let refusal = error.as_database_error().and_then(|error| error.try_downcast_ref());
            let is_refusal = refusal.is_some_and(|error: &PgDatabaseError| error.severity() == PgSeverity::Error);
            if !is_refusal && let Some(mut connection) = self.connection.take() {
                connection.close_on_drop();
                self.lanes.loss.seen();
            }
            DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
        })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let (lanes, taken, in_transaction) = (Arc::clone(&self.lanes), self.taken, self.in_transaction);
        if !in_transaction && !self.is_busy {
            return lanes.keep(connection, taken);
        }
        let patience = if self.is_busy { LEFT } else { lanes.patience };
        let permit = self.permit.take();
        tokio::spawn(async move {
            // Both wait for the end of what is under way.
            let ended = async {
                match in_transaction {
                    true => connection.execute("ROLLBACK").await.map(drop),
                    false => connection.ping().await,
                }
            };
            match tokio::time::timeout(patience, ended).await {
                Ok(Ok(())) => lanes.keep(connection, taken),
                _ => connection.close_on_drop(),
            }
            drop(permit);
        });
    }
}

fn acquiring(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        other => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(other))),
    }
}

fn broken() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("a connection that broke before".into()))
}
