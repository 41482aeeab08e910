//! The only SQL. Exports scoped reads, which all take a `Reader` and so the actor, and whole transactions: load, rule on
//! the fresh row, write, change record, commit. No unscoped select is public.
//!
//! Law of the room: async-graphql, actix and config are never named here.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, watch};

use crate::domain::actor::Actor;
use crate::domain::reference::Reference;
use crate::error::Error;
use crate::store::api_key::Keys;
use crate::store::assistance_request::{Lookup, RequestRow};
use crate::store::change::Feed;
use crate::store::gather::Gather;
use crate::store::lanes::Lanes;
use crate::store::leash::Leashes;
use crate::store::loss::Loss;
use crate::store::needs::Summary;
use crate::store::together::Together;

pub mod api_key;
pub mod assistance_request;
pub mod backup;
pub mod change;
mod clock;
pub mod commodity;
mod condition;
mod connect;
pub mod contribution;
pub mod country;
mod exact;
mod fault;
mod gather;
mod idempotency;
mod lanes;
mod leash;
mod left;
mod loss;
mod map;
pub mod milestone;
mod movement;
pub mod need_category;
pub mod needs;
pub mod organization;
pub mod page;
mod reader;
pub mod reference;
pub mod request_item;
mod row;
pub mod search;
mod sent;
mod settled;
mod shared;
mod site;
mod statements;
mod together;
mod turn;
mod unseen;
mod wall;
mod write;

pub use clock::Clock;
pub use connect::{Connect, ConnectError, open, place, unreached};
pub use idempotency::{Author, Once, sweep};
pub use left::{Left, Object};
pub use map::Map;
pub use reader::{Consistency, Reader};
use statements::Statements;
pub use statements::counted;
pub(crate) use statements::inherited;
pub use write::{Outcome, Refused, Write};

/// The database, and what of it is kept in memory. Cheap to clone: all clones are one.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// For what the server reads by itself.
    read: DatabaseConnection,
    write: DatabaseConnection,
    ways: Ways,
    loss: Arc<Loss>,
    clock: Clock,
    reference: ArcSwap<Reference>,
    refreshing: Mutex<()>,
    /// The writes that wait for their places.
    waiting: Together<i64>,
    /// The moment of which, and of all before it, all is known.
    settled: Together<DateTime<Utc>>,
    /// Requests that are looked up by their ids.
    requests: Gather<Lookup, RequestRow>,
    keys: Keys,
    feed: Feed,
    summary: Summary,
    statements: Arc<Statements>,
    rules: Rules,
    /// Where work goes on that nobody waits for: whoever asked may be on another, which ends before this one.
    runtime: Handle,
}

/// What readers read by.
#[derive(Debug)]
enum Ways {
    Postgres {
        reading: Arc<Lanes>,
        /// What gives changes their places, and follows them.
        numbering: Arc<Lanes>,
    },
    Sqlite(Arc<Leashes>),
}

/// What the operator decides of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Days after which a verified request that nobody confirmed is stale.
    pub confirm_every_days: u32,
    /// Items of a request, at most.
    pub items: usize,
    /// Rows of an import, at most.
    pub import_rows: usize,
}

impl Store {
    fn new(
        [read, write]: [DatabaseConnection; 2],
        ways: Ways,
        loss: Arc<Loss>,
        statements: Arc<Statements>,
        clock: Clock,
        rules: Rules,
    ) -> Self {
        let reference = ArcSwap::from_pointee(Reference::default());
        Self(Arc::new(Inner {
            read,
            write,
            ways,
            loss,
            clock,
            reference,
            refreshing: Mutex::default(),
            waiting: Together::default(),
            settled: Together::default(),
            requests: Gather::default(),
            keys: Keys::default(),
            feed: Feed::default(),
            summary: Summary::default(),
            statements,
            rules,
            runtime: Handle::current(),
        }))
    }

    /// The reference data as they are now.
    pub fn reference(&self) -> Arc<Reference> {
        self.0.reference.load_full()
    }

    /// Swaps the reference data; `reference::load` says in which order.
    pub fn set_reference(&self, reference: Reference) {
        self.0.reference.store(Arc::new(reference));
    }

    /// The operator's rules.
    pub fn rules(&self) -> Rules {
        self.0.rules
    }

    /// The present moment by the clock that tests can set, to the microsecond.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// The clock itself.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The end of the ledger, as it moves.
    pub fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// Moves whenever an API key was made or revoked, on any server.
    pub fn keys_changed(&self) -> watch::Receiver<u64> {
        self.0.feed.keys()
    }

    /// SQL statements sent so far, those that begin and end transactions not counted.
    pub fn statements(&self) -> u64 {
        self.0.statements.count()
    }

    /// Time that they took together.
    pub fn statement_time(&self) -> Duration {
        self.0.statements.time()
    }

    /// Each pool with its connections, and how many of those are idle.
    pub fn pools(&self) -> [(&'static str, usize, usize); 2] {
        let reading = match &self.0.ways {
            Ways::Postgres { reading, .. } => reading.count(),
            Ways::Sqlite(leashes) => leashes.count(),
        };
        let writing = match self.backend() {
            DbBackend::Postgres => {
                let pool = self.0.write.get_postgres_connection_pool();
                (pool.size(), pool.num_idle())
            }
            _ => {
                let pool = self.0.write.get_sqlite_connection_pool();
                (pool.size(), pool.num_idle())
            }
        };
        [("read", reading), ("write", writing)]
            .map(|(name, (open, idle))| (name, usize::try_from(open).unwrap_or(usize::MAX), idle))
    }

    /// The place of the last change in the database, whoever wrote it.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_sequence(&self) -> Result<i64, Error> {
        let reader = self.reader(Arc::new(Actor::system()), Consistency::Statement);
        change::head(&reader).await.map(|(sequence, _)| sequence)
    }

    /// That the database answers, for reading and for writing.
    ///
    /// # Errors
    /// `UNAVAILABLE` where it does not.
    pub async fn check(&self) -> Result<(), Error> {
        for pool in [&self.0.read, &self.0.write] {
            pool.ping().await.map_err(fault::error)?;
        }
        match &self.0.ways {
            Ways::Postgres { reading, numbering } => {
                for lanes in [reading, numbering] {
                    lanes.lane().await.map_err(fault::error)?;
                }
            }
            Ways::Sqlite(leashes) => {
                leashes.look().map_err(fault::error)?;
                leashes.lane().await.map_err(fault::error)?;
            }
        }
        Ok(())
    }

    /// The names of the steps of migration that the database has had.
    ///
    /// # Errors
    /// `UNAVAILABLE` where it does not answer; `INTERNAL` where it never had one.
    pub async fn applied_steps(&self) -> Result<HashSet<String>, Error> {
        let names = "SELECT version FROM seaql_migrations";
        let names = sea_orm::Statement::from_string(self.backend(), names);
        let rows = self.0.read.query_all_raw(names).await.map_err(fault::error)?;
        let names = rows.iter().map(|row| row.try_get_by_index(0));
        names.collect::<Result<_, _>>().map_err(fault::error)
    }

    /// Closes both pools, after what they are doing.
    pub async fn close(&self) {
        match &self.0.ways {
            Ways::Postgres { reading, numbering } => {
                reading.close().await;
                numbering.close().await;
            }
            Ways::Sqlite(leashes) => leashes.close().await,
        }
        // Nothing can be done any more about a pool that won't close.
        let _ = self.0.read.close_by_ref().await;
        let _ = self.0.write.close_by_ref().await;
    }

    /// Waits so long where others can't write meanwhile: whoever writes to SQLite one transaction after the other would hardly leave them a
    /// gap. They look for one every 100 ms at least.
    pub async fn give_way(&self, time: Duration) {
        if self.backend() == DbBackend::Sqlite {
            tokio::time::sleep(time).await;
        }
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.0.read.get_database_backend()
    }
}
