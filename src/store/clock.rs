//! The one clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// Tells the time, to the microsecond: what databases keep.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// One that tests set, in microseconds since 1970.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands still at `at` until it is set again.
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::Set(Arc::new(AtomicI64::new(at.timestamp_micros())))
    }

    /// Sets a clock that can be set.
    pub fn set(&self, at: DateTime<Utc>) {
        if let Self::Set(micros) = self {
            micros.store(at.timestamp_micros(), Ordering::SeqCst);
        }
    }

    /// The present moment.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match self {
            Self::System => Utc::now(),
            Self::Set(micros) => DateTime::from_timestamp_micros(micros.load(Ordering::SeqCst)).unwrap_or_default(),
        };
        now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
    }
}
