//! Keys that were looked up, in memory: good for as long as it is known that none was revoked since.
//!
//! A server knows that from following the ledger. It uses what it knows for [`LEASE`] after it has last asked for the
//! ledger's end, and whoever revokes a key is answered only after as long: by then every server has either read of the
//! revocation, or looks each key up again. So no request needs a statement for its key, and a key that was revoked works
//! nowhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::error::Error;
use crate::store::api_key::{ApiKey, Digest};
use crate::store::change::Feed;
use crate::store::together::Apart;

/// Time for which a key is not looked up again although nothing is known to have changed: for whoever alters the table by
/// hand, which the ledger does not tell.
const KEPT: Duration = Duration::from_secs(10);

/// A key as it was looked up.
#[derive(Debug)]
pub struct Known {
    /// The key.
    pub key: ApiKey,
    /// The minute of its last use that was noted, in seconds since 1970.
    noted: AtomicI64,
    at: Instant,
    /// How often keys had changed before it was looked up.
    changes: u64,
}

/// What came of looking a key up, for all who asked for it: a failure too, so that they do not fail one after the other.
type Looked = Result<Option<Arc<Known>>, Error>;

/// The keys that were looked up, by the hash of their secret, and those that are being looked up. Only keys that there
/// are: nobody can fill it with others.
#[derive(Debug, Default)]
pub(in crate::store) struct Keys {
    known: RwLock<HashMap<Digest, Arc<Known>>>,
    asked: Apart<Option<Looked>>,
}

impl Known {
    /// Whether its use in this minute is still to be noted; whoever is told so notes it.
    pub(super) fn is_new_use(&self, minute: DateTime<Utc>) -> bool {
        let minute = minute.timestamp();
        self.noted.fetch_max(minute, Ordering::Relaxed) < minute
    }
}

impl Keys {
    /// The key of this hash, which `look` looks up unless it is known.
    ///
    /// # Errors
    /// Those of `look`.
    pub(super) async fn find<F>(&self, feed: &Feed, digest: Digest, look: impl FnOnce() -> F) -> Looked
    where
        F: Future<Output = Result<Option<ApiKey>, Error>>,
    {
        if let Some(known) = self.known(feed, &digest) {
            return Ok(Some(known));
        }
        let ask = || async {
            // Before it is looked up: what changes meanwhile counts as later.
            let (at, changes) = (Instant::now(), feed.key_changes());
            let looked = look().await.map(|found| {
                let known = found.map(|key| {
                    let noted = key.last_used_at.map_or(i64::MIN, |at| at.timestamp()).into();
                    Arc::new(Known {
                        key,
                        noted,
                        at,
                        changes,
                    })
                });
                if let Some(known) = &known {
                    let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
                    all.insert(digest, Arc::clone(known));
                }
                known
            });
            Ok(Some(looked))
        };
        let looked = self.asked.ask(digest, ask).await?;
        looked.unwrap_or_else(|| Err(Error::internal("a key that nobody looked up")))
    }

    fn known(&self, feed: &Feed, digest: &Digest) -> Option<Arc<Known>> {
        if !feed.is_fresh() {
            return None;
        }
        let all = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(digest)?;
        let is_good = known.changes == feed.key_changes() && known.at.elapsed() < KEPT;
        is_good.then(|| Arc::clone(known))
    }
}
