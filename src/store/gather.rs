//! Lookups by id that wait at the same moment go to the database in one statement.
//!
//! Looking one row up costs the database, the driver and two sockets far more than the row does, so under load the rows of
//! all who wait are asked for together: in each runtime that answers (a worker's, or that for operations) one statement of a
//! kind is under way, and whoever comes meanwhile goes with the next one. Nobody is told anything that was read before they
//! asked, and nobody waits long for a statement that hangs.

use std::future::Future;
use std::hash::Hash;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::map::Map;
use super::shared::Shared;
use crate::error::Error;

/// Time after which nobody waits any more for what others asked. A lookup takes a thousandth of it.
const PATIENCE: Duration = Duration::from_millis(200);

/// Lookups under way, of rows `R`; those with an equal `K` may be put in one statement.
#[derive(Debug)]
pub(super) struct Gather<K, R> {
    /// By runtime and kind.
    queues: Shared<(Id, K), Queue<R>>,
    patience: Duration,
}

type Found<R> = Result<Option<R>, Error>;

#[derive(Debug)]
struct Queue<R> {
    waiting: Mutex<Vec<(Uuid, oneshot::Sender<Found<R>>)>>,
    /// Held by the one who asks the database.
    turn: tokio::sync::Mutex<()>,
}

impl<R> Default for Queue<R> {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

impl<R> Queue<R> {
    fn waiting(&self) -> MutexGuard<'_, Vec<(Uuid, oneshot::Sender<Found<R>>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, R> Default for Gather<K, R> {
    fn default() -> Self {
        Self {
            queues: Shared::default(),
            patience: PATIENCE,
        }
    }
}

impl<K: Clone + Eq + Hash, R: Clone> Gather<K, R> {
    /// The row with this id, if `read` finds it, which is given the ids of all who wait.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn find<F>(&self, kind: K, id: Uuid, read: impl Fn(Vec<Uuid>) -> F) -> Found<R>
    where
        F: Future<Output = Result<Map<Uuid, R>, Error>>,
    {
        let queue = self.queues.share((Handle::current().id(), kind));
        let alone = async || Ok(read(vec![id]).await?.remove(&id));
        match queue.find(id, &read, self.patience).await {
            // One row that can't be read is no fault of those that were asked for with it.
            None | Some(Err(Error::Internal(_))) => alone().await,
            Some(found) => found,
        }
    }
}

impl<R: Clone> Queue<R> {
    /// None for who waited too long for what others asked.
    async fn find<F>(&self, id: Uuid, read: &impl Fn(Vec<Uuid>) -> F, patience: Duration) -> Option<Found<R>>
    where
        F: Future<Output = Result<Map<Uuid, R>, Error>>,
    {
        let mut patience = pin!(tokio::time::sleep(patience));
        loop {
            let (tell, mut told) = oneshot::channel();
            self.waiting().push((id, tell));
            let turn = tokio::select! {
                biased;
                answer = &mut told => match answer {
                    Ok(found) => return Some(found),
                    // Whoever asked for all went away in the middle.
                    Err(_) => continue,
                },
                turn = self.turn.lock() => turn,
                () = &mut patience => return None,
            };
            // Whoever else has asked by now is about to come.
            tokio::task::yield_now().await;
            let mut waiting = std::mem::take(&mut *self.waiting());
            waiting.retain(|(_, tell)| !tell.is_closed());
            let read = read(waiting.iter().map(|(id, _)| *id).collect()).await;
            for (id, tell) in waiting {
                let found = read.as_ref().map(|rows| rows.get(&id).cloned());
                // Nobody listens where the client has gone away.
                drop(tell.send(found.map_err(Clone::clone)));
            }
            // Told before the next one has the turn: nobody takes it who has an answer.
            drop(turn);
            if let Ok(found) = told.await {
                return Some(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    const UNREADABLE: u128 = 99;

    /// A table that has the rows with an id below 100, and answers a statement each time that the gate lets one through.
    struct Table {
        gather: Gather<&'static str, u128>,
        statements: AtomicUsize,
        gate: Semaphore,
    }

    impl Table {
        fn new() -> Arc<Self> {
            Self::with(Duration::from_secs(3_600))
        }

        fn with(patience: Duration) -> Arc<Self> {
            let queues = Shared::default();
            Arc::new(Self {
                gather: Gather { queues, patience },
                statements: AtomicUsize::new(0),
                gate: Semaphore::new(0),
            })
        }

        fn look_up(self: &Arc<Self>, kind: &'static str, id: u128) -> tokio::task::JoinHandle<Found<u128>> {
            let table = Arc::clone(self);
            tokio::spawn(async move {
                let table = &table;
                let read = |ids: Vec<Uuid>| async move {
                    table.statements.fetch_add(1, Ordering::SeqCst);
                    table.gate.acquire().await.unwrap().forget();
                    let there = ids.iter().copied().filter(|id| id.as_u128() < 100);
                    match kind {
                        "broken" => Err(Error::Timeout),
                        _ if ids.contains(&Uuid::from_u128(UNREADABLE)) => {
                            Err(Error::internal("a row of a later version"))
                        }
                        _ => Ok(there.map(|id| (id, id.as_u128())).collect()),
                    }
                };
                table.gather.find(kind, Uuid::from_u128(id), read).await
            })
        }

        fn statements(&self) -> usize {
            self.statements.load(Ordering::SeqCst)
        }

        fn is_empty(&self) -> bool {
            self.gather.queues.len() == 0
        }
    }

    /// Lets all tasks go as far as they come.
    async fn settle() {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn whoever_comes_while_one_is_asked_for_goes_with_the_next_statement() {
        let table = Table::new();
        let first = table.look_up("request", 1);
        settle().await;
        let rest: Vec<_> = [2, 3, 2, 1, 200].map(|id| table.look_up("request", id)).into();
        settle().await;
        assert_eq!(table.statements(), 1, "the second one waits for the first");
        table.gate.add_permits(2);
        assert_eq!(first.await.unwrap().unwrap(), Some(1));
        let mut found = Vec::new();
        for one in rest {
            found.push(one.await.unwrap().unwrap());
        }
        assert_eq!(
            found,
            [Some(2), Some(3), Some(2), Some(1), None],
            "each has its own row"
        );
        assert_eq!(table.statements(), 2);
        assert!(table.is_empty());
    }

    #[tokio::test]
    async fn those_who_may_not_share_a_statement_do_not_wait_for_each_other() {
        let table = Table::new();
        let both = [table.look_up("to a reader", 1), table.look_up("to a reviewer", 1)];
        settle().await;
        assert_eq!(table.statements(), 2);
        table.gate.add_permits(2);
        for one in both {
            assert_eq!(one.await.unwrap().unwrap(), Some(1));
        }
    }

    #[tokio::test]
    async fn nobody_is_lost_with_one_who_asked_for_all_and_went_away() {
        let table = Table::new();
        let first = table.look_up("request", 1);
        settle().await;
        let second = table.look_up("request", 2);
        let third = table.look_up("request", 3);
        settle().await;
        table.gate.add_permits(1);
        assert_eq!(first.await.unwrap().unwrap(), Some(1));
        settle().await;
        assert_eq!(table.statements(), 2, "the second asks for the third too");
        second.abort();
        assert!(second.await.is_err());
        table.gate.add_permits(1);
        assert_eq!(third.await.unwrap().unwrap(), Some(3));
        assert_eq!(table.statements(), 3);
        assert!(table.is_empty());
    }

    #[tokio::test]
    async fn nobody_waits_long_for_a_statement_that_hangs() {
        let table = Table::with(Duration::ZERO);
        let first = table.look_up("request", 1);
        settle().await;
        let second = table.look_up("request", 2);
        while table.statements() < 2 {
            // The second asks alone, as soon as the timer has been looked at.
            settle().await;
        }
        table.gate.add_permits(2);
        assert_eq!(second.await.unwrap().unwrap(), Some(2));
        assert_eq!(first.await.unwrap().unwrap(), Some(1));
        assert!(table.is_empty());
    }

    #[tokio::test]
    async fn a_row_that_cannot_be_read_is_no_fault_of_others() {
        let table = Table::new();
        table.gate.add_permits(10);
        let all = [1, UNREADABLE, 3].map(|id| table.look_up("request", id));
        let mut told = Vec::new();
        for one in all {
            told.push(one.await.unwrap().map_err(|error| error.code()));
        }
        assert_eq!(told, [Ok(Some(1)), Err("INTERNAL"), Ok(Some(3))]);
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_whom_it_concerns_and_to_nobody_after_them() {
        let table = Table::new();
        table.gate.add_permits(10);
        let broken = [1, 2, 3].map(|id| table.look_up("broken", id));
        for one in broken {
            assert_eq!(one.await.unwrap().unwrap_err().code(), "TIMEOUT");
        }
        assert_eq!(table.look_up("request", 1).await.unwrap().unwrap(), Some(1));
        assert!(table.is_empty());
    }
}
