//! Clients that do one thing after the other for a while, and what they took for it.

use std::future::Future;
use std::time::{Duration, Instant};

/// What one or more runs took.
#[derive(Default)]
pub struct Sample {
    /// Of each run, operations a second.
    pub rates: Vec<f64>,
    latencies: Vec<Duration>,
}

impl Sample {
    /// Lets `clients` do `operation` (of client and turn) for a time, or until it has nothing left to do.
    pub async fn run<F>(
        &mut self,
        clients: usize,
        time: Duration,
        operation: impl Fn(usize, usize) -> F + Clone + Send + 'static,
    ) where
        F: Future<Output = bool> + Send,
    {
        let began = Instant::now();
        let tasks = (0..clients).map(|client| {
            let operation = operation.clone();
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                for turn in 0.. {
                    let sent = Instant::now();
                    if turn > 0 && began.elapsed() >= time || !operation(client, turn).await {
                        break;
                    }
                    latencies.push(sent.elapsed());
                }
                latencies
            })
        });
        let (before, tasks) = (self.latencies.len(), tasks.collect::<Vec<_>>());
        for task in tasks {
            self.latencies.extend(task.await.unwrap());
        }
        let done = self.latencies.len() - before;
        self.rates.push(done as f64 / began.elapsed().as_secs_f64());
    }

    /// Operations of all runs.
    pub fn done(&self) -> usize {
        self.latencies.len()
    }

    /// The median of the runs.
    pub fn rate(&self) -> f64 {
        median(self.rates.clone())
    }

    /// In milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort();
        sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1_000.0
    }

    /// The median of what each run is to the run of the same round there.
    pub fn ratio(&self, other: &Self) -> f64 {
        median(
            self.rates
                .iter()
                .zip(&other.rates)
                .map(|(one, other)| one / other)
                .collect(),
        )
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
