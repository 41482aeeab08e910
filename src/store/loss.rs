//! Connections that die while they rest: a restart of the database, or of a firewall, ends many at once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Time after which a connection that rested is tried before it is used. One in steady use is not, because a ping costs as
/// much as a short read.
const IDLE: Duration = Duration::from_secs(1);

/// How many connections were seen to have died, and when the last one was: whatever has rested since before is doubted.
#[derive(Debug, Default)]
pub(super) struct Loss(Mutex<(u64, Option<Instant>)>);

impl Loss {
    /// One has died.
    pub(super) fn seen(&self) {
        let (count, last) = &mut *self.seen_so_far();
        *count += 1;
        *last = Some(Instant::now());
    }

    /// How many have died.
    pub(super) fn count(&self) -> u64 {
        self.seen_so_far().0
    }

    /// Whether a connection that has rested for so long is to be tried before it is used.
    pub(super) fn doubts(&self, rested: Duration) -> bool {
        rested > IDLE || self.seen_so_far().1.is_some_and(|seen| seen.elapsed() <= rested)
    }

    fn seen_so_far(&self) -> MutexGuard<'_, (u64, Option<Instant>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rested_before_a_loss_is_doubted_and_what_came_after_is_not() {
        let loss = Loss::default();
        let second = Duration::from_secs(1);
        assert!(!loss.doubts(Duration::ZERO));
        assert!(!loss.doubts(second / 2));
        assert!(loss.doubts(second * 2), "long rest is doubted without any loss");
        loss.seen();
        assert!(loss.doubts(second / 2), "rested since before the loss");
        let ago = Instant::now().checked_sub(second / 2).unwrap();
        *loss.seen_so_far() = (1, Some(ago));
        assert!(!loss.doubts(second / 4), "used since the loss");
        assert!(loss.doubts(second * 3 / 4));
    }
}
