//! One caller asks the database for all that wait.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Mutex, watch};

use super::shared::Shared;
use crate::error::Error;

/// A question that many ask at once. Each gets an answer that was asked for after it came.
#[derive(Debug, Default)]
pub(super) struct Together<T> {
    asked: AtomicU64,
    /// How many of those who asked have their answer, and the last answer. All who wait hear of it at once: told from one to the
    /// next, each would have to wake another thread.
    answered: watch::Sender<(u64, T)>,
    /// Held by who puts the question.
    turn: Mutex<()>,
}

impl<T: Clone> Together<T> {
    /// The last answer; the default before the first.
    pub fn last(&self) -> T {
        self.answered.borrow().1.clone()
    }

    /// Takes a larger answer that nobody asked for.
    pub fn raise(&self, answer: T)
    where
        T: PartialOrd,
    {
        self.answered.send_if_modified(|(_, last)| {
            if answer > *last {
                *last = answer;
            }
            // Whoever waits has asked for one that comes later.
            false
        });
    }

    /// The answer to a question that `ask` puts, unless another caller puts it.
    ///
    /// # Errors
    /// Those of `ask`: whoever waits then asks again.
    pub async fn ask<F>(&self, ask: impl FnOnce() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mine = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let is_answered = |(count, _): &(u64, T)| *count >= mine;
        let mut answers = self.answered.subscribe();
        let turn = tokio::select! {
            biased;
            Ok(answer) = async { answers.wait_for(is_answered).await.map(|answered| answered.1.clone()) } => return Ok(answer),
            turn = self.turn.lock() => turn,
        };
        let all = self.asked.load(Ordering::SeqCst);
        let answer = ask().await?;
        self.answered.send_replace((all, answer.clone()));
        drop(turn);
        Ok(answer)
    }
}

/// Questions that are asked at once by many, each under its own key.
#[derive(Debug)]
pub(super) struct Apart<T>(Shared<Question, Together<T>>);

/// The hash of what is asked.
pub(super) type Question = [u8; 32];

impl<T> Default for Apart<T> {
    fn default() -> Self {
        Self(Shared::default())
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
        self.0.share(key).ask(ask).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicI64;
    use std::time::Duration;

    use futures_util::FutureExt;
    use futures_util::future::join_all;
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

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn nobody_is_told_what_was_asked_before_they_came_and_all_are_told() {
        let (together, clock) = (Arc::new(Together::default()), Arc::new(AtomicI64::new(0)));
        let askers = (0..16).map(|asker| {
            let (together, clock) = (Arc::clone(&together), Arc::clone(&clock));
            tokio::spawn(async move {
                let question = || async {
                    let now = clock.load(Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    Ok(now)
                };
                for number in 0..2_000 {
                    let came = clock.fetch_add(1, Ordering::SeqCst) + 1;
                    // Some go away in the middle, also while they ask for all.
                    if (asker + number) % 5 == 0 {
                        drop(together.ask(question).now_or_never());
                    } else {
                        assert!(together.ask(question).await.ok() >= Some(came));
                    }
                }
            })
        });
        let asked = tokio::time::timeout(Duration::from_secs(60), join_all(askers.collect::<Vec<_>>()));
        for asker in asked.await.expect("all have their answers") {
            asker.unwrap();
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
        assert_eq!(apart.0.len(), 3);
        gone.abort();
        assert!(gone.await.is_err());
        gate.notify_waiters();
        assert_eq!((short.await.unwrap(), long.await.unwrap()), (Some(3), Some(5)));
        assert_eq!(apart.0.len(), 0);
    }
}
