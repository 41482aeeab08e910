//! Moments of which all is known. A change is known from the moment at which it was placed in the ledger; whoever asks what was
//! known at a moment waits for what is being placed with that moment or an earlier one, so that the answer stays what it is.

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait};

use crate::error::Error;
use crate::store::{Store, change, fault};

/// Waits until nothing is placed any more with `moment`, which has come, or an earlier one. Where that was seen before, nothing
/// is asked. Another server may still place something that it began to place some milliseconds before `moment`.
///
/// # Errors
/// The database's; `UNAVAILABLE` where SQLite's one writer takes too long.
pub(in crate::store) async fn wait(store: &Store, moment: DateTime<Utc>) -> Result<(), Error> {
    if moment < store.0.settled.last() {
        return Ok(());
    }
    let settle = || async {
        match store.backend() {
            DbBackend::Postgres => {
                let now = store.now();
                // This server places one after the other.
                change::settle(store).await?;
                Ok(now)
            }
            _ => as_writer(store).await.map_err(fault::error),
        }
    };
    store.0.settled.ask(settle).await.map(drop)
}

/// SQLite has one writer, which places what it writes with the moment at which it began: while it is this one, no other is under
/// way, in whichever process.
async fn as_writer(store: &Store) -> Result<DateTime<Utc>, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let tx = store.0.write.begin_with_options(options).await?;
    let now = store.now();
    tx.rollback().await?;
    Ok(now)
}
