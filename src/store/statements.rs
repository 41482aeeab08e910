//! Counting statements: those of the whole process, and those of one piece of work.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tracing::Instrument;

/// What was sent to the database in the life of the process.
#[derive(Debug, Default)]
pub struct Statements {
    count: AtomicU64,
    micros: AtomicU64,
}

impl Statements {
    /// Notes one more that took so long, here and with the present work.
    pub(crate) fn add(&self, took: Duration) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
        note();
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// How long they took together.
    pub(crate) fn time(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }
}

tokio::task_local! {
    static OF_WORK: Arc<AtomicU64>;
    static IN_BACKGROUND: ();
}

/// Work that nobody asked for: its statements come whenever they come, and are not counted.
pub(crate) fn in_background<F: Future>(work: F) -> impl Future<Output = F::Output> {
    IN_BACKGROUND.scope((), work)
}

/// Whether the present work is counted.
pub(crate) fn is_counted() -> bool {
    IN_BACKGROUND.try_with(|()| ()).is_err()
}

/// Notes that the present work sent one more.
fn note() {
    // Work that nobody counts, at start say, has no counter.
    let _ = OF_WORK.try_with(|count| count.fetch_add(1, Ordering::Relaxed));
}

/// What `work` gives, and how many statements it sent; those that begin and end transactions are not counted.
pub async fn counted<T>(work: impl Future<Output = T>) -> (T, u64) {
    let count = Arc::new(AtomicU64::new(0));
    // Boxed, because a future that wraps another one has room for it twice.
    let done = OF_WORK.scope(Arc::clone(&count), Box::pin(work)).await;
    (done, count.load(Ordering::Relaxed))
}

/// The same work in a task of its own goes on counting for whoever began it, or not at all.
pub(crate) fn inherited<F: Future + Send + 'static>(work: F) -> impl Future<Output = F::Output> + Send + 'static {
    let count = OF_WORK.try_with(Arc::clone).unwrap_or_default();
    let is_counted = is_counted();
    // Its lines in the log go on having the request's id.
    let work = work.in_current_span();
    async move {
        let work = OF_WORK.scope(count, Box::pin(work));
        if is_counted {
            work.await
        } else {
            in_background(work).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_work_counts_its_own_in_all_its_tasks() {
        let work = |more: bool| async move {
            note();
            if more {
                tokio::spawn(inherited(async { note() })).await.unwrap();
                tokio::spawn(async { note() }).await.unwrap();
            }
        };
        let (((), one), ((), two)) = tokio::join!(counted(work(false)), counted(work(true)));
        assert_eq!((one, two), (1, 2));
    }
}
