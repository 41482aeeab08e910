//! Moments of which all is known. A change is known from the moment at which it was placed in the ledger; whoever asks what was
//! known at a moment waits for what is being placed with that moment or an earlier one, so that the answer stays what it is.

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, DbErr};

use crate::error::Error;
use crate::store::{Store, change, fault, inherited};

/// Waits until nothing is placed any more with `moment`, which has come, or an earlier one. Where that is known, nothing is asked.
/// Another server may still place something with a moment that it read some milliseconds before.
///
/// # Errors
/// The database's; `UNAVAILABLE` where another process keeps writing to SQLite for too long.
pub(in crate::store) async fn wait(store: &Store, moment: DateTime<Utc>) -> Result<(), Error> {
    let last = store.0.settled.last();
    // Unless the clock has gone back: then anything may be placed there.
    if moment < last && last <= store.now() {
        return Ok(());
    }
    let store = store.clone();
    // Whoever asks may go away: what was begun is not to be begun again beside it, nor to stay on the one connection that writes.
    let asked = tokio::spawn(inherited(async move {
        let settle = || async {
            match store.backend() {
                DbBackend::Postgres => change::settle(&store).await,
                _ => as_writer(&store).await.map_err(fault::error),
            }?;
            Ok(store.0.settled.last())
        };
        store.0.settled.ask(settle).await.map(drop)
    }));
    asked
        .await
        .unwrap_or_else(|panic| Err(Error::internal(format!("a question ended: {panic}"))))
}

/// Notes that nothing is placed any more with an earlier moment.
pub(in crate::store) fn reached(store: &Store, moment: DateTime<Utc>) {
    store.0.settled.raise(moment);
}

/// SQLite has one writer, which places what it writes with the moment at which it began: while it is this one, no other is under
/// way, in whichever process.
async fn as_writer(store: &Store) -> Result<(), DbErr> {
    let tx = store.begin_write().await?;
    reached(store, store.now());
    tx.rollback().await
}
