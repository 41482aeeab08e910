//! The one task that follows the ledger for a server.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use sea_orm::DbBackend;
use sqlx::postgres::{PgListener, PgPoolOptions};

use crate::domain::actor::Actor;
use crate::error::Error;
use crate::store::change::feed::{BATCH, PATIENCE};
use crate::store::change::number::number;
use crate::store::change::read::{Edge, following, head, position_of};
use crate::store::statements::in_background;
use crate::store::{Consistency, Reader, Store, fault, reference};

/// The end of what a follower knows.
#[derive(Debug)]
struct Known {
    sequence: i64,
    cursor: String,
    /// The connections that had died when it was last seen in the database: another database may have taken its place.
    losses: u64,
    /// What comes after it did not follow on it.
    is_doubted: bool,
    /// When changes that had no place yet were last given theirs.
    looked: Instant,
}

impl Known {
    /// What comes after it, of changes from its own place on; none where another stands there, or nothing.
    fn continued_by(&self, mut edges: Vec<Edge>) -> Option<Vec<Edge>> {
        if self.sequence > 0 {
            let first = edges.first()?;
            if first.change.sequence != self.sequence || first.cursor.text() != self.cursor {
                return None;
            }
            edges.remove(0);
        }
        Some(edges)
    }
}

/// Follows the ledger until `stop`: brings what other servers wrote into memory, and tells whoever waits.
pub async fn follow(store: Store, stop: impl Future<Output = ()>) {
    let follow = in_background(async {
        let mut listener = None;
        let mut known: Option<Known> = None;
        loop {
            let due = match catch_up(&store, &mut known).await {
                Ok(()) => known.as_ref().map(|known| known.looked + PATIENCE),
                // Nothing is lost: what was missed is read when the database answers again.
                Err(error) => {
                    tracing::warn!(?error, "the ledger can't be followed just now");
                    None
                }
            };
            let due = due.unwrap_or_else(|| Instant::now() + PATIENCE);
            let end = known.as_ref().map_or(0, |known| known.sequence);
            wait(&store, &mut listener, end, due).await;
        }
    });
    tokio::select! {
        () = follow => {}
        () = stop => {}
    }
}

/// Reads everything after the place that is known.
async fn catch_up(store: &Store, known: &mut Option<Known>) -> Result<(), Error> {
    for _ in 0..2 {
        if read_on(store, known).await? {
            return Ok(());
        }
        if let Some(known) = known {
            known.is_doubted = true;
        }
    }
    Err(Error::internal("the ledger does not go on from where it was read to"))
}

/// The same, unless what the database has does not follow on what is known.
async fn read_on(store: &Store, known: &mut Option<Known>) -> Result<bool, Error> {
    let feed = &store.0.feed;
    let asked = Instant::now();
    let losses = store.0.loss.count();
    let is_trusted = |known: &Known| !known.is_doubted && known.losses == losses && known.looked.elapsed() < PATIENCE;
    let (known, last) = match known {
        Some(known) if is_trusted(known) => (known, None),
        known => {
            let last = look(store, known, losses).await?;
            let Some(known) = known else { return Ok(true) };
            (known, Some(last))
        }
    };
    while last.is_none_or(|last| known.sequence < last) {
        // Its own place too: what has come after it in another history is not what comes next.
        let edges = following(store, known.sequence, BATCH + 1).await?;
        let Some(edges) = known.continued_by(edges) else {
            return Ok(false);
        };
        let Some(end) = edges.last() else {
            break;
        };
        let (end, cursor) = (end.change.sequence, end.cursor.text());
        let is_all = u64::try_from(edges.len()).unwrap_or(BATCH) < BATCH;
        let of = |kinds: &[&str]| {
            edges
                .iter()
                .any(|edge| kinds.contains(&edge.change.subject_type.as_str()))
        };
        if of(&["Country", "NeedCategory", "Commodity", "Unit", "Organization"]) {
            reference::load(store).await?;
            feed.reference.store(end, Ordering::SeqCst);
        }
        if of(&["ApiKey"]) {
            feed.keys.send_modify(|count| *count += 1);
        }
        feed.keep(edges);
        (known.sequence, known.cursor) = (end, cursor);
        feed.head.send_modify(|head| head.sequence = end);
        if is_all {
            break;
        }
    }
    if last.is_none_or(|last| known.sequence >= last) {
        *feed.asked.write().unwrap_or_else(PoisonError::into_inner) = Some(asked);
    }
    Ok(true)
}

/// Gives places to what has none, because a server may have ended before it did so, and sees whether the database still has what
/// is known. Tells the end of it.
async fn look(store: &Store, known: &mut Option<Known>, losses: u64) -> Result<i64, Error> {
    let feed = &store.0.feed;
    let looked = Instant::now();
    let reader = store.reader(Arc::new(Actor::system()), Consistency::Statement);
    let last = match store.backend() {
        DbBackend::Postgres => number(store).await?,
        _ => head(&reader).await?.0,
    };
    let is_doubted = |known: &Known| known.is_doubted || known.losses != losses || last < known.sequence;
    let known = match known {
        Some(known) if !is_doubted(known) || is_there(&reader, &known.cursor).await? => known,
        known => {
            // Whatever came before is in the database; what comes from here on is told.
            let (sequence, cursor) = head(&reader).await?;
            reference::load(store).await?;
            match known {
                None => {
                    feed.reference.store(sequence, Ordering::SeqCst);
                    // A key may have been looked up before, and revoked since.
                    feed.keys.send_modify(|count| *count += 1);
                    feed.head.send_modify(|head| head.sequence = sequence);
                }
                Some(lost) => {
                    tracing::error!(
                        lost = lost.sequence,
                        found = sequence,
                        "the database has lost changes that were acknowledged: it is another, or an older copy"
                    );
                    feed.begin_anew(sequence);
                }
            }
            known.insert(Known {
                sequence,
                cursor,
                losses,
                is_doubted: false,
                looked,
            })
        }
    };
    (known.losses, known.is_doubted, known.looked) = (losses, false, looked);
    Ok(last)
}

/// Whether the ledger still has the change of a cursor.
async fn is_there(reader: &Reader, cursor: &str) -> Result<bool, Error> {
    match position_of(reader, cursor).await {
        Ok(_) => Ok(true),
        Err(Error::BadCursor(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Until something was written here or on another server that is not known yet, or it is time to look.
async fn wait(store: &Store, listener: &mut Option<PgListener>, known: i64, due: Instant) {
    let feed = &store.0.feed;
    let patience = pin!(tokio::time::sleep_until(due.into()));
    let is_postgres = store.backend() == DbBackend::Postgres;
    if is_postgres && listener.is_none() {
        // Where no connection is to be had, what is new is found by looking.
        match tokio::time::timeout(PATIENCE, listen(store)).await {
            Ok(Ok(new)) => *listener = Some(new),
            Ok(Err(error)) => tracing::warn!(?error, "no notifications of the database just now"),
            Err(_) => tracing::warn!("no notifications of the database just now: no connection in time"),
        }
    }
    let written_here = async {
        loop {
            feed.new.notified().await;
            // Whoever wrote was told the place, and it may have been read with another's. On SQLite nobody is told.
            if !is_postgres || feed.told.load(Ordering::SeqCst) > known {
                return;
            }
        }
    };
    let called = async {
        match listener {
            Some(listener) => calls(listener, known).await,
            None => std::future::pending().await,
        }
    };
    let called = tokio::select! {
        () = written_here => Ok(()),
        () = patience => Ok(()),
        called = called => called,
    };
    if called.is_err() {
        *listener = None;
        tokio::time::sleep(PATIENCE).await;
    }
}

/// Until the database calls because of a change after this place.
async fn calls(listener: &mut PgListener, known: i64) -> Result<(), sqlx::Error> {
    // Its place is what the call tells. A lost connection is made anew by itself; what was missed meanwhile is found by reading.
    while let Some(call) = listener.try_recv().await? {
        if call.payload().parse().is_ok_and(|place: i64| place > known) {
            break;
        }
    }
    Ok(())
}

async fn listen(store: &Store) -> Result<PgListener, Error> {
    // A connection of its own: it is never given back.
    let options = store.0.write.get_postgres_connection_pool().connect_options();
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with((*options).clone());
    let fault =
        |error: sqlx::Error| fault::error(sea_orm::DbErr::Conn(sea_orm::RuntimeErr::SqlxError(Arc::new(error))));
    let mut listener = PgListener::connect_with(&pool).await.map_err(fault)?;
    listener.listen("change").await.map_err(fault)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use entity::enums::Seen;

    use super::*;
    use crate::domain::change::Change;
    use crate::store::change::read::cursor_of;

    fn edge(sequence: i64, hash: u8) -> Edge {
        let change = Change {
            sequence,
            at: chrono::DateTime::UNIX_EPOCH,
            actor: "system".into(),
            action: "country.updated".into(),
            subject_type: "Country".into(),
            subject_key: "BGD".into(),
            country: None,
            organization: None,
            request: None,
            seen_before: Seen::Public,
            seen_after: Seen::Public,
            diff: Vec::new(),
            whole: None,
        };
        let cursor = cursor_of(sequence, &[hash; 32]).unwrap();
        Edge {
            change: Arc::new(change),
            cursor,
        }
    }

    fn known(edge: &Edge) -> Known {
        Known {
            sequence: edge.change.sequence,
            cursor: edge.cursor.text(),
            losses: 0,
            is_doubted: false,
            looked: Instant::now(),
        }
    }

    #[test]
    fn only_what_follows_on_the_change_that_is_known_comes_next() {
        let known = known(&edge(7, 1));
        let places =
            |edges: Option<Vec<Edge>>| edges.map(|edges| edges.iter().map(|edge| edge.change.sequence).collect());
        let next: Option<Vec<i64>> = places(known.continued_by(vec![edge(7, 1), edge(8, 2), edge(9, 3)]));
        assert_eq!(next, Some(vec![8, 9]));
        assert_eq!(places(known.continued_by(vec![edge(7, 1)])), Some(vec![]));
        // Another history stands at its place, has no such place yet, or has overtaken it.
        for other in [vec![edge(7, 9), edge(8, 2)], vec![], vec![edge(8, 2)]] {
            assert_eq!(places(known.continued_by(other)), None);
        }
    }

    #[test]
    fn all_comes_next_where_nothing_is_known() {
        let none = Known {
            sequence: 0,
            ..known(&edge(1, 1))
        };
        assert_eq!(none.continued_by(vec![edge(1, 1)]).map(|edges| edges.len()), Some(1));
        assert_eq!(none.continued_by(Vec::new()).map(|edges| edges.len()), Some(0));
    }
}
