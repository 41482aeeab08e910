//! The end of the ledger in memory: what is new, read once for all who follow it, on whichever server it was written.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use crate::domain::actor::Actor;
use crate::domain::change::{Change, FieldChange};
use crate::error::Error;
use crate::store::change::read::{Edge, after, head};
use crate::store::together::Together;
use crate::store::{Consistency, Store};

mod follow;

pub use follow::follow;

/// Changes that are kept in memory; who is further behind reads the database.
const KEPT: usize = 4_096;
/// Bytes that they may take, about.
const KEPT_BYTES: usize = 16 * 1024 * 1024;
/// Changes read at once.
const BATCH: u64 = 500;
/// Changes that one who is behind reads at first.
const FEW: u64 = 50;
/// Bytes that one who is behind holds of what it read, about: nobody else has them.
const BEHIND_BYTES: usize = 16 * 1024;

/// Requests that the filters of all who follow them may match together when they begin.
const MATCHED: usize = 1_000_000;
/// Requests that a filter may match without a share of these: wide filters of others keep out no narrow one.
const NARROW: usize = 100;
/// Time after which the database is asked although nobody called: a call may be lost, and a server may have ended
/// between a write and its place in the order.
const PATIENCE: Duration = Duration::from_millis(500);

/// Time for which what is known of API keys counts without asking the database: longer than it takes to ask again after
/// [`PATIENCE`], and short enough to wait for with the answer to a revocation.
pub const LEASE: Duration = Duration::from_secs(1);

/// Longest that a reader of the head waits for what others wrote; usually it is known within milliseconds.
const CATCHING_UP: Duration = Duration::from_secs(5);

/// What follows the ledger. The head is told once its changes can be read here and what they say of reference data is
/// in memory.
#[derive(Debug)]
pub struct Feed {
    recent: RwLock<Recent>,
    /// A permit for each request that is remembered as matched by a filter.
    matched: Arc<Semaphore>,
    head: watch::Sender<Head>,
    keys: watch::Sender<u64>,
    /// When the end of the ledger was last asked for, up to which everything is known here.
    asked: RwLock<Option<Instant>>,
    new: Notify,
    /// The furthest place that anybody was told of. One that the database has lost since only makes it read in vain.
    told: AtomicI64,
    /// The place of the last change of reference data.
    reference: AtomicI64,
    end: Together<i64>,
}

/// The last changes, and about how many bytes they take.
#[derive(Debug, Default)]
struct Recent {
    edges: VecDeque<Arc<Edge>>,
    bytes: usize,
}

/// The next changes of one who follows them.
#[derive(Debug)]
pub struct Batch {
    /// In their order.
    pub edges: Vec<Arc<Edge>>,
    /// How many to ask for next time, where the database has to be asked.
    pub next: u64,
}

/// A place in the ledger, of one of the histories that this server has known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// How often the database turned out to have lost what this server knew.
    pub era: u64,
    /// The change, by its place.
    pub sequence: i64,
}

/// What can make an answer another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Touching {
    /// Changes of reference data.
    Reference,
    /// Any change.
    Anything,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            recent: RwLock::default(),
            matched: Arc::new(Semaphore::new(MATCHED)),
            head: watch::Sender::new(Head::default()),
            keys: watch::Sender::new(0),
            asked: RwLock::default(),
            new: Notify::new(),
            told: AtomicI64::new(0),
            reference: AtomicI64::new(0),
            end: Together::default(),
        }
    }
}

impl Feed {
    /// Says that something was written here, which on PostgreSQL has its place by now.
    pub(super) fn wake(&self, place: i64) {
        self.told.fetch_max(place, Ordering::SeqCst);
        self.new.notify_one();
    }

    /// The place of the last change that is known here, as it moves.
    pub fn head(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// How often the database turned out to have lost what this server knew.
    pub fn era(&self) -> u64 {
        self.head.borrow().era
    }

    /// Waits until everything up to a place is known here, reference data in memory too: whoever copies the database takes
    /// a cursor first, and would never be told of what came before it and was not shown yet.
    ///
    /// # Errors
    /// `UNAVAILABLE` where that takes too long.
    pub async fn reached(&self, sequence: i64) -> Result<(), Error> {
        let mut head = self.head();
        if head.borrow().sequence < sequence {
            self.wake(sequence);
        }
        match tokio::time::timeout(CATCHING_UP, head.wait_for(|head| head.sequence >= sequence)).await {
            Ok(Ok(_)) => Ok(()),
            _ => {
                let message = "This server has not read yet what others wrote: try again in a moment.";
                Err(Error::Unavailable(message.into()))
            }
        }
    }

    /// Moves whenever an API key was made or revoked, on any server.
    pub fn keys(&self) -> watch::Receiver<u64> {
        self.keys.subscribe()
    }

    /// How often an API key was made or revoked, on any server, as far as is known here.
    pub(in crate::store) fn key_changes(&self) -> u64 {
        *self.keys.borrow()
    }

    /// Whether everything is known here that was in the ledger a [`LEASE`] ago.
    pub(in crate::store) fn is_fresh(&self) -> bool {
        let asked = *self.asked.read().unwrap_or_else(PoisonError::into_inner);
        asked.is_some_and(|asked| asked.elapsed() < LEASE)
    }

    /// The place of the last change of this kind that is known here.
    pub fn last(&self, touching: Touching) -> Head {
        let head = *self.head.borrow();
        match touching {
            Touching::Reference => Head {
                sequence: self.reference.load(Ordering::SeqCst),
                ..head
            },
            Touching::Anything => head,
        }
    }

    /// Waits until every change is known here whose write was acknowledged, by any server, before this was asked.
    ///
    /// # Errors
    /// The database's; `UNAVAILABLE` where it is not followed just now.
    pub async fn caught_up(&self, store: &Store) -> Result<(), Error> {
        let end = self.end.ask(|| async {
            let reader = store.reader(Arc::new(Actor::system()), Consistency::Statement);
            Ok(head(&reader).await?.0)
        });
        let end = end.await?;
        let mut known = self.head.subscribe();
        if known.borrow().sequence >= end {
            return Ok(());
        }
        self.wake(end);
        let known = known.wait_for(|known| known.sequence >= end);
        match tokio::time::timeout(PATIENCE * 2, known).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Error::Unavailable(
                "The ledger is not followed just now. Try again in a moment.".into(),
            )),
        }
    }

    /// The next changes after a place, whoever may see them, in their order. Where they are not in memory, at most `most` are read,
    /// and as many kept as one may hold for itself.
    ///
    /// # Errors
    /// The database's.
    pub async fn after(&self, store: &Store, sequence: i64, most: u64) -> Result<Batch, Error> {
        if let Some(edges) = self.recent_after(sequence) {
            return Ok(Batch { edges, next: most });
        }
        let reader = store.reader(Arc::new(Actor::system()), Consistency::Statement);
        let mut edges = after(&reader, sequence, most).await?;
        let mut bytes = 0;
        let mut fits = |edge: &Edge| {
            bytes += weight(&edge.change);
            bytes <= BEHIND_BYTES
        };
        let kept = edges.iter().take_while(|edge| fits(edge)).count().max(1);
        edges.truncate(kept);
        Ok(Batch {
            edges: edges.into_iter().map(Arc::new).collect(),
            next: u64::try_from(kept).unwrap_or(BATCH).saturating_mul(2).min(BATCH),
        })
    }

    /// How many changes one who begins to follow asks for.
    pub const fn few(&self) -> u64 {
        FEW
    }

    /// Room to remember so many requests as matched, for as long as it is held.
    ///
    /// # Errors
    /// `UNAVAILABLE` where those who follow remember too many together.
    pub fn room(&self, requests: usize) -> Result<OwnedSemaphorePermit, Error> {
        let many = u32::try_from(requests.saturating_sub(NARROW)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.matched).try_acquire_many_owned(many);
        room.map_err(|_| {
            let message =
                "Too many wide filters are followed just now: narrow yours, or leave it out and filter what comes.";
            Error::Unavailable(message.into())
        })
    }

    /// None where memory does not reach back so far.
    fn recent_after(&self, sequence: i64) -> Option<Vec<Arc<Edge>>> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        let first = recent.edges.front()?.change.sequence;
        let skipped = usize::try_from(sequence.checked_sub(first)?.checked_add(1)?).ok()?;
        let most = usize::try_from(BATCH).unwrap_or(usize::MAX);
        Some(recent.edges.iter().skip(skipped).take(most).map(Arc::clone).collect())
    }

    fn keep(&self, edges: Vec<Edge>) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        for edge in edges {
            recent.bytes += weight(&edge.change);
            recent.edges.push_back(Arc::new(edge));
        }
        while recent.edges.len() > KEPT || (recent.bytes > KEPT_BYTES && recent.edges.len() > 1) {
            let oldest = recent.edges.pop_front();
            recent.bytes -= oldest.map_or(0, |oldest| weight(&oldest.change));
        }
    }

    /// Forgets all that is known, from a place on that another history has too.
    fn begin_anew(&self, sequence: i64) {
        *self.recent.write().unwrap_or_else(PoisonError::into_inner) = Recent::default();
        self.reference.store(sequence, Ordering::SeqCst);
        self.keys.send_modify(|count| *count += 1);
        self.head.send_modify(|head| {
            *head = Head {
                era: head.era + 1,
                sequence,
            }
        });
    }
}

/// Bytes that a change takes in memory, about.
fn weight(change: &Change) -> usize {
    let fields = change.diff.iter().chain(change.whole.iter().flatten());
    let of_fields: usize = fields
        .map(|FieldChange(name, was, is)| 96 + name.len() + of_value(was) + of_value(is))
        .sum();
    512 + of_fields
}

fn of_value(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::String(text) => text.len(),
        serde_json::Value::Array(values) => values.iter().map(|value| 32 + of_value(value)).sum(),
        serde_json::Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| 64 + name.len() + of_value(value))
            .sum(),
        _ => 0,
    }
}
