//! Connections that stay open: `graphql-transport-ws` over a WebSocket, and server-sent events. What they carry goes the
//! way of every other operation, `call`; here stands only how long, for whom and how fast.
//!
//! A subscription is asked for its next answer when the one before has been sent, never earlier. So a client that reads
//! slowly slows its own subscriptions down, and holds no more than one answer of each in memory.

mod close;
mod connection;
mod credential;
pub mod events;
mod feed;
mod flow;
mod frames;
mod message;
mod seat;
pub mod socket;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::domain::limits::LiveLimits;

use self::seat::Hall;

/// What all connections that stay open have in common.
pub struct House {
    hall: Arc<Hall>,
    closing: watch::Sender<bool>,
}

impl House {
    /// A house without guests.
    pub fn new(limits: &LiveLimits) -> Self {
        Self {
            hall: Arc::new(Hall::new(limits)),
            closing: watch::Sender::new(false),
        }
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        self.hall.open()
    }

    /// Tells everybody to leave.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Waits until everybody is told to leave.
    async fn closed(&self) {
        // The sender is ours: it can't be gone.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }
}

const fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
