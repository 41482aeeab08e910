//! What is kept for a time only is swept away in the background.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::error::Error;
use crate::store::{self, Store};

/// From one sweep to the next.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Sweeps once an hour, for as long as it is let. It may be stopped anywhere: each of its writes is whole.
pub(super) async fn hourly(store: Store) {
    let mut hours = interval_at(Instant::now() + EVERY, EVERY);
    hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        hours.tick().await;
        if let Err(error) = sweep_all(&store).await {
            tracing::warn!(cause = ?error, "old idempotency keys were not swept away");
        }
    }
}

async fn sweep_all(store: &Store) -> Result<(), Error> {
    while store::sweep(store).await? {}
    Ok(())
}
