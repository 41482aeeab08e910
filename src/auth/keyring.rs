//! The issuer's keys as they are known here: fetched in the background, and where a token is signed by one that nobody
//! has seen. Keys that are known stay good while the issuer can't be asked; once it answers, only those that it tells.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::auth::fetch::Fetcher;
use crate::auth::key::KeySet;
use crate::auth::settings::Source;

/// Time between two attempts, at least: tokens with invented keys must not become requests to the issuer.
const SPACING: Duration = Duration::from_secs(5);
/// Time between two attempts while the issuer does not answer, at most.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Keyring {
    source: Source,
    fetcher: Fetcher,
    every: Duration,
    known: ArcSwapOption<KeySet>,
    /// When the last attempt ended; held while one is under way.
    attempted_at: Mutex<Option<Instant>>,
}

impl Keyring {
    /// A ring without keys, or with those of the file.
    ///
    /// # Errors
    /// A text that names the setting, where there is no such file or it has no keys.
    pub(super) fn new(source: Source, every: Duration) -> Result<Self, String> {
        let known = match &source {
            Source::File(path) => Some(read(path).map_err(|why| format!("JWT_JWKS: {}: {why}", path.display()))?),
            Source::Url(_) | Source::Discovery { .. } => None,
        };
        Ok(Self {
            source,
            fetcher: Fetcher::new()?,
            every,
            known: ArcSwapOption::new(known.map(Arc::new)),
            attempted_at: Mutex::default(),
        })
    }

    /// The keys, where they have ever been fetched.
    pub(super) fn known(&self) -> Option<Arc<KeySet>> {
        self.known.load_full()
    }

    /// Fetches the keys unless that was tried a moment ago, and waits for whoever is at it already. The attempt goes on
    /// where the caller goes away.
    pub(super) async fn renew(self: &Arc<Self>) {
        let ring = Arc::clone(self);
        let attempt = tokio::spawn(async move {
            let mut attempted_at = ring.attempted_at.lock().await;
            if attempted_at.is_none_or(|at| at.elapsed() >= SPACING) {
                ring.attempt(&mut attempted_at).await;
            }
        });
        // It fails only where the server is shutting down.
        let _ = attempt.await;
    }

    /// Fetches the keys again and again, for ever.
    pub(super) async fn keep_fresh(self: Arc<Self>) {
        if let Source::Url(url) | Source::Discovery { document: url, .. } = &self.source
            && url.scheme_str() == Some("http")
        {
            tracing::warn!(%url, "the keys of the issuer of tokens are fetched without TLS: whoever is on the way can sign in as anybody");
        }
        let mut wait = Duration::from_secs(1);
        loop {
            let fetched = self.attempt(&mut *self.attempted_at.lock().await).await;
            if fetched {
                wait = Duration::from_secs(1);
                tokio::time::sleep(self.every).await;
            } else {
                tokio::time::sleep(wait.min(self.every)).await;
                wait = (wait * 2).min(PATIENCE);
            }
        }
    }

    /// Whether the keys could be fetched.
    async fn attempt(&self, attempted_at: &mut Option<Instant>) -> bool {
        let fetched = match &self.source {
            Source::File(path) => read(path),
            Source::Url(url) => self.fetcher.keys(url).await,
            Source::Discovery { issuer, document } => self.fetcher.discovered_keys(issuer, document).await,
        };
        *attempted_at = Some(Instant::now());
        let keys = match fetched {
            Ok(keys) => Arc::new(keys),
            Err(why) => {
                let known = self.known().is_some();
                tracing::warn!(why, known, "the keys of the issuer of tokens can't be fetched");
                return false;
            }
        };
        let before = self.known.swap(Some(Arc::clone(&keys)));
        if before.as_ref() != Some(&keys) {
            tracing::info!(?keys, "keys of the issuer of tokens");
        }
        true
    }
}

fn read(path: &Path) -> Result<KeySet, String> {
    let json = std::fs::read(path).map_err(|error| error.to_string())?;
    KeySet::read(&json)
}
