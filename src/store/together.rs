//! One caller asks the database for all that wait.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::sync::Mutex;

use crate::error::Error;

/// A question that many ask at once. Each gets an answer that was asked for after it came.
#[derive(Debug, Default)]
pub(super) struct Together<T> {
    asked: AtomicU64,
    /// How many of those who asked have their answer, and the last answer.
    answered: Mutex<(u64, T)>,
}

impl<T: Clone> Together<T> {
    /// The answer to a question that `ask` puts, unless another caller puts it.
    ///
    /// # Errors
    /// Those of `ask`: whoever waits then asks again.
    pub async fn ask<F>(&self, ask: impl FnOnce() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mine = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut answered = self.answered.lock().await;
        if answered.0 < mine {
            let all = self.asked.load(Ordering::SeqCst);
            *answered = (all, ask().await?);
        }
        Ok(answered.1.clone())
    }
}

/// Questions that are asked at once by many, each under its own key.
#[derive(Debug)]
pub(super) struct Apart<T>(Waiting<T>);

/// The hash of what is asked.
pub(super) type Question = [u8; 32];

type Waiting<T> = std::sync::Mutex<HashMap<Question, Arc<Together<T>>>>;

/// One who waits: the last one takes the question away, also where nobody waits for the answer any more.
struct Place<'a, T> {
    apart: &'a Apart<T>,
    key: Question,
}

impl<T> Default for Apart<T> {
    fn default() -> Self {
        Self(std::sync::Mutex::default())
    }
}

impl<T: Clone + Default> Apart<T> {
    /// The answer to the question under `key` that `ask` puts, unless another caller puts the same.
    ///
    /// # Errors
    /// Those of `ask`.
    pub async fn ask<F>(&self, key: Question, ask: impl FnOnce() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let place = Place { apart: self, key };
        // Comes after the place, and so is dropped before it.
        let together = Arc::clone(self.waiting().entry(place.key).or_default());
        together.ask(ask).await
    }
}

impl<T> Apart<T> {
    fn waiting(&self) -> MutexGuard<'_, HashMap<Question, Arc<Together<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Place<'_, T> {
    fn drop(&mut self) {
        let mut waiting = self.apart.waiting();
        // Whoever leaves has let go of it before: of two who leave at once, one finds that nobody but the map has it.
        if waiting.get(&self.key).is_some_and(|left| Arc::strong_count(left) == 1) {
            waiting.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn many_who_wait_are_answered_by_one_question() {
        let (together, questions, gate) = (
            Arc::new(Together::default()),
            Arc::new(AtomicI64::new(0)),
            Arc::new(Notify::new()),
        );
        let ask = || {
            let (together, questions, gate) = (Arc::clone(&together), Arc::clone(&questions), Arc::clone(&gate));
            tokio::spawn(async move {
                let question = || async {
                    gate.notified().await;
                    Ok(questions.fetch_add(1, Ordering::SeqCst) + 1)
                };
                together.ask(question).await.ok()
            })
        };
        let first = ask();
        tokio::task::yield_now().await;
        let others: Vec<_> = (0..20).map(|_| ask()).collect();
        tokio::task::yield_now().await;
        gate.notify_one();
        assert_eq!(first.await.unwrap(), Some(1), "whoever came first");
        gate.notify_one();
        for other in others {
            assert_eq!(
                other.await.unwrap(),
                Some(2),
                "who came meanwhile is not told what was known before"
            );
        }
    }

    #[tokio::test]
    async fn each_question_has_its_own_answer_and_leaves_nothing_behind() {
        let (apart, gate) = (Arc::new(Apart::default()), Arc::new(Notify::new()));
        let ask = |key: u8| {
            let (apart, gate) = (Arc::clone(&apart), Arc::clone(&gate));
            tokio::spawn(async move {
                let question = || async {
                    gate.notified().await;
                    Ok(key)
                };
                apart.ask([key; 32], question).await.ok()
            })
        };
        let (short, long, gone) = (ask(3), ask(5), ask(7));
        tokio::task::yield_now().await;
        assert_eq!(apart.waiting().len(), 3);
        gone.abort();
        assert!(gone.await.is_err());
        gate.notify_waiters();
        assert_eq!((short.await.unwrap(), long.await.unwrap()), (Some(3), Some(5)));
        assert!(apart.waiting().is_empty());
    }
}
