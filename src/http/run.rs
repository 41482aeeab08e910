//! Operations run on a runtime of their own: actix's workers only do the talking, and what computes next to nothing, so that
//! one that computes never holds up the sockets of others.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, JoinError, JoinHandle};

use crate::error::Error;

/// Everything under way at once, what waits for news included: as many as a semaphore counts easily.
const ALL: u32 = 10_000_000;

/// Runs operations, and knows when none is under way.
#[derive(Clone, Debug)]
pub struct Runner {
    runtime: Handle,
    /// One for each that is under way.
    permits: Arc<Semaphore>,
    /// One for each operation that may still begin.
    room: Arc<Semaphore>,
}

/// Whether an operation still ends with its client.
#[derive(Clone, Debug, Default)]
pub struct Fate(Arc<AtomicU8>);

const OPEN: u8 = 0;
const KEPT: u8 = 1;
const ENDED: u8 = 2;

impl Fate {
    /// From here on the operation goes on whatever becomes of its client. False where the client was faster: then
    /// nothing may be begun.
    #[must_use]
    pub fn keep(&self) -> bool {
        self.0
            .compare_exchange(OPEN, KEPT, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    fn end(&self) -> bool {
        self.0
            .compare_exchange(OPEN, ENDED, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

/// Ends an operation when whoever waits for it goes away, unless it has to go on.
struct Leash {
    task: AbortHandle,
    fate: Fate,
}

impl Drop for Leash {
    fn drop(&mut self) {
        if self.fate.end() {
            self.task.abort();
        }
    }
}

impl Runner {
    /// A runner on this runtime. `operations` is how many may be under way at once: each holds what its client sent and what
    /// it has read so far, so that without a bound a database that is slow would fill the memory.
    pub fn new(runtime: Handle, operations: usize) -> Self {
        let permits = usize::try_from(ALL).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            runtime,
            permits: Arc::new(Semaphore::new(permits)),
            room: Arc::new(Semaphore::new(operations)),
        }
    }

    /// What `work` gives within this time. It ends with the time and with the caller, unless it was told to go on.
    ///
    /// # Errors
    /// `TIMEOUT`; `INTERNAL` where the work panicked; `UNAVAILABLE` where the server is shutting down, or too much is under
    /// way: then the work is not begun.
    pub async fn run<T, W>(&self, within: Duration, work: impl FnOnce(Fate) -> W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| busy())?;
        // The work keeps its place also when nobody waits for it any more.
        self.look(within, |fate| hold(room, Box::pin(work(fate)))).await
    }

    /// The same for what computes next to nothing: it runs where it is called, on the worker that talks to the client, and
    /// no thread has to wake another one for it. It ends with the time and with the caller.
    ///
    /// # Errors
    /// `TIMEOUT`; `INTERNAL` where the work panicked; `UNAVAILABLE` where the server is shutting down, or too much is under
    /// way: then the work is not begun.
    pub async fn here<T>(&self, within: Duration, work: Pin<Box<impl Future<Output = T>>>) -> Result<T, Error> {
        let _room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| busy())?;
        let _permit = Arc::clone(&self.permits).try_acquire_owned().map_err(|_| closing())?;
        let work = AssertUnwindSafe(work).catch_unwind();
        match tokio::time::timeout(within, work).await {
            Ok(done) => done.map_err(|payload| panicked(&*payload)),
            Err(_) => Err(Error::Timeout),
        }
    }

    /// The same for a short look that is not to be refused because others are busy.
    ///
    /// # Errors
    /// `TIMEOUT`; `INTERNAL` where the work panicked; `UNAVAILABLE` where the server is shutting down.
    pub async fn look<T, W>(&self, within: Duration, work: impl FnOnce(Fate) -> W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let (task, _leash) = self.begin(work)?;
        match tokio::time::timeout(within, task).await {
            Ok(done) => done.map_err(fault),
            Err(_) => Err(Error::Timeout),
        }
    }

    /// The same with all the time in the world: for what waits until there is something new. It ends with the caller.
    ///
    /// # Errors
    /// `INTERNAL` where the work panicked; `UNAVAILABLE` where the server is shutting down.
    pub async fn wait<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let (task, _leash) = self.begin(|_| work)?;
        task.await.map_err(fault)
    }

    fn begin<T, W>(&self, work: impl FnOnce(Fate) -> W) -> Result<(JoinHandle<T>, Leash), Error>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).try_acquire_owned().map_err(|_| closing())?;
        let fate = Fate::default();
        // Boxed, because a future that holds another one has room for it twice, and this one is moved a few times.
        let work = Box::pin(work(fate.clone()));
        let task = self.runtime.spawn(hold(permit, work));
        let leash = Leash {
            task: task.abort_handle(),
            fate,
        };
        Ok((task, leash))
    }

    /// Waits until no operation is under way, and lets none begin after that.
    pub async fn drain(&self) {
        if let Ok(all) = self.permits.acquire_many(ALL).await {
            all.forget();
            self.permits.close();
        }
    }
}

async fn hold<T>(permit: OwnedSemaphorePermit, work: impl Future<Output = T>) -> T {
    let done = work.await;
    drop(permit);
    done
}

fn closing() -> Error {
    Error::Unavailable("The server is shutting down. Nothing was changed; try again in a moment.".into())
}

fn busy() -> Error {
    Error::Unavailable("The server is too busy. Nothing was changed; try again in a moment.".into())
}

fn fault(failed: JoinError) -> Error {
    if !failed.is_panic() {
        return closing();
    }
    panicked(&*failed.into_panic())
}

fn panicked(payload: &(dyn Any + Send)) -> Error {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    Error::internal(format!("panic: {}", text.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    const SOON: Duration = Duration::from_millis(30);
    const LATER: Duration = Duration::from_millis(90);

    fn runner() -> Runner {
        Runner::new(Handle::current(), 2)
    }

    /// Sets a flag after a while, if it is allowed to.
    async fn slow(flag: Arc<AtomicBool>) {
        tokio::time::sleep(LATER).await;
        flag.store(true, Ordering::SeqCst);
    }

    #[tokio::test]
    async fn what_reads_ends_with_its_time() {
        let flag = Arc::new(AtomicBool::new(false));
        let outcome = runner().run(SOON, |_| slow(Arc::clone(&flag))).await;
        assert!(matches!(outcome, Err(Error::Timeout)));
        tokio::time::sleep(LATER * 2).await;
        assert!(!flag.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn what_writes_goes_on_and_is_waited_for_at_the_end() {
        let (runner, flag) = (runner(), Arc::new(AtomicBool::new(false)));
        let written = Arc::clone(&flag);
        let outcome = runner
            .run(SOON, |fate| async move {
                assert!(fate.keep());
                slow(written).await;
            })
            .await;
        assert!(matches!(outcome, Err(Error::Timeout)));
        runner.drain().await;
        assert!(flag.load(Ordering::SeqCst));
        assert!(matches!(
            runner.run(SOON, |_| async {}).await,
            Err(Error::Unavailable(_))
        ));
    }

    #[tokio::test]
    async fn what_ended_never_begins_to_write() {
        let fate = Fate::default();
        assert!(fate.end());
        assert!(!fate.keep());
    }

    #[tokio::test]
    async fn one_too_many_is_not_begun_and_a_look_is() {
        let (runner, flag) = (runner(), Arc::new(AtomicBool::new(false)));
        let work = |_| slow(Arc::clone(&flag));
        let (one, two, three, look) = tokio::join!(
            runner.run(LATER * 20, work),
            runner.run(LATER * 20, work),
            runner.run(LATER * 20, |_| async {}),
            runner.look(LATER * 20, |_| async {}),
        );
        assert!(one.is_ok() && two.is_ok() && look.is_ok());
        assert!(matches!(three, Err(Error::Unavailable(_))));
        assert!(runner.run(LATER * 20, |_| async {}).await.is_ok());
    }

    #[tokio::test]
    async fn a_write_that_nobody_waits_for_keeps_its_place() {
        let runner = Runner::new(Handle::current(), 1);
        let flag = Arc::new(AtomicBool::new(false));
        let written = Arc::clone(&flag);
        let write = runner.run(SOON, |fate| async move {
            assert!(fate.keep());
            slow(written).await;
        });
        assert!(matches!(write.await, Err(Error::Timeout)));
        assert!(matches!(
            runner.run(SOON, |_| async {}).await,
            Err(Error::Unavailable(_))
        ));
        runner.drain().await;
        assert!(flag.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn what_runs_here_keeps_to_its_time_and_the_room_there_is() {
        let (runner, flag) = (Runner::new(Handle::current(), 1), Arc::new(AtomicBool::new(false)));
        let outcome = runner.here(SOON, Box::pin(slow(Arc::clone(&flag)))).await;
        assert!(matches!(outcome, Err(Error::Timeout)));
        let (long, refused) = tokio::join!(
            runner.here(LATER * 20, Box::pin(slow(Arc::clone(&flag)))),
            runner.here(LATER * 20, Box::pin(async {})),
        );
        assert!(long.is_ok() && matches!(refused, Err(Error::Unavailable(_))));
        let outcome = runner.here(LATER, Box::pin(async { panic!("inside") })).await;
        assert!(matches!(outcome, Err(Error::Internal(cause)) if &*cause == "panic: inside"));
        runner.drain().await;
        let outcome = runner.here(LATER, Box::pin(async {})).await;
        assert!(
            matches!(outcome, Err(Error::Unavailable(_))),
            "nothing begins after that"
        );
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_fault() {
        let outcome = runner().run(SOON, |_| async { panic!("inside") }).await;
        let Err(Error::Internal(cause)) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(&*cause, "panic: inside");
    }
}
