//! Room for large answers that wait for their clients. What it costs to make an answer is bounded before it is made; how long its
//! bytes are held is up to whoever reads them, so all that wait are bounded together, and each has its time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Error;

/// Bytes from which on an answer is large.
const LARGE: usize = 64 * 1024;
/// Bytes of all large answers that wait, at most.
const ALL: usize = 128 * 1024 * 1024;
/// Bytes from which on an answer is huge.
const HUGE: usize = 1024 * 1024;
/// Bytes of all huge ones, at most: a few that take them slowly must not keep all pages from everybody.
const ALL_HUGE: usize = ALL / 4 * 3;
/// Bytes of which a permit is for one.
const UNIT: usize = 1024;
/// Bytes that a connection is given at once.
const PIECE: usize = 64 * 1024;
/// Time that a client may take whatever it takes in it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes a second that a client takes at least besides.
const LEAST: u32 = 32 * 1024;

/// The room of a server.
#[derive(Clone, Debug)]
pub(super) struct Room {
    all: Arc<Semaphore>,
    huge: Arc<Semaphore>,
}

/// The place of an answer, free again when it is dropped. Small answers need none.
#[derive(Clone, Debug, Default)]
pub(super) struct Seated {
    _permits: Option<Arc<[Option<OwnedSemaphorePermit>; 2]>>,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(ALL / UNIT)),
            huge: Arc::new(Semaphore::new(ALL_HUGE / UNIT)),
        }
    }
}

impl Room {
    /// A place for an answer of so many bytes.
    ///
    /// # Errors
    /// `UNAVAILABLE` where too many wait.
    pub(super) fn seat(&self, bytes: usize) -> Result<Seated, Error> {
        if bytes <= LARGE {
            return Ok(Seated::default());
        }
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX);
        let take = |room: &Arc<Semaphore>| Arc::clone(room).try_acquire_many_owned(units);
        let huge = (bytes > HUGE).then(|| take(&self.huge)).transpose();
        match huge.and_then(|huge| Ok([Some(take(&self.all)?), huge])) {
            Ok(permits) => Ok(Seated {
                _permits: Some(Arc::new(permits)),
            }),
            Err(_) => Err(Error::Unavailable(
                "Too many large answers wait for their clients just now: ask for less at once, or try again in a moment.".into(),
            )),
        }
    }
}

impl Seated {
    /// The body of an answer, which keeps its place until it was taken.
    pub(super) fn body(self, bytes: Vec<u8>) -> BoxBody {
        match bytes.len() <= LARGE {
            true => BoxBody::new(bytes),
            false => BoxBody::new(Body {
                size: bytes.len(),
                rest: bytes.into(),
                begun: Instant::now(),
                _seated: self,
            }),
        }
    }
}

/// A large answer on its way, piece by piece.
struct Body {
    size: usize,
    rest: Bytes,
    begun: Instant,
    _seated: Seated,
}

/// Time in which so many bytes must have been taken.
fn time(bytes: usize) -> Duration {
    let seconds = u32::try_from(bytes).unwrap_or(u32::MAX) / LEAST;
    PATIENCE.saturating_add(Duration::from_secs(seconds.into()))
}

impl MessageBody for Body {
    type Error = Slow;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.size as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Slow>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if self.begun.elapsed() > time(self.size - self.rest.len()) {
            self.rest = Bytes::new();
            return Poll::Ready(Some(Err(Slow)));
        }
        let piece = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(self.rest.split_to(piece))))
    }
}

/// The client takes too little of its answer.
#[derive(Debug, thiserror::Error)]
#[error("a client took its answer too slowly")]
struct Slow;

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// What a body gives until it ends or fails.
    fn taken(body: &mut Body) -> Result<Vec<usize>, Slow> {
        let mut context = Context::from_waker(Waker::noop());
        let mut pieces = Vec::new();
        while let Poll::Ready(Some(piece)) = Pin::new(&mut *body).poll_next(&mut context) {
            pieces.push(piece?.len());
        }
        Ok(pieces)
    }

    fn body(bytes: usize, since: Duration) -> Body {
        Body {
            size: bytes,
            rest: vec![b' '; bytes].into(),
            begun: Instant::now().checked_sub(since).unwrap(),
            _seated: Seated::default(),
        }
    }

    #[test]
    fn all_that_wait_together_have_so_much_room_and_each_gives_its_own_back() {
        let room = Room::default();
        let seats: Vec<_> = (0..3).map(|_| room.seat(ALL_HUGE / 3).unwrap()).collect();
        assert!(matches!(room.seat(HUGE + UNIT), Err(Error::Unavailable(_))));
        let pages: Vec<_> = (0..ALL / 4 / HUGE).map(|_| room.seat(HUGE).unwrap()).collect();
        assert!(room.seat(LARGE + UNIT).is_err());
        assert!(room.seat(LARGE).is_ok(), "what is small needs none");
        let waits = seats[0].clone().body(vec![b' '; LARGE + 1]);
        drop((seats, pages));
        assert!(room.seat(ALL_HUGE).is_err(), "one of them is on its way");
        drop(waits);
        assert!(room.seat(ALL_HUGE).is_ok());
    }

    #[test]
    fn a_large_answer_is_taken_in_pieces_and_whole() {
        let bytes = 2 * PIECE + 1;
        assert_eq!(taken(&mut body(bytes, Duration::ZERO)).unwrap(), [PIECE, PIECE, 1]);
        assert!(matches!(body(bytes, Duration::ZERO).size(), BodySize::Sized(size) if size == bytes as u64));
    }

    #[test]
    fn whoever_takes_too_little_gets_no_more() {
        let minute = Duration::from_secs(60);
        assert!(taken(&mut body(10 * PIECE, minute - Duration::from_secs(1))).is_ok());
        let mut slow = body(10 * PIECE, 2 * minute);
        assert!(taken(&mut slow).is_err());
        assert_eq!(taken(&mut slow).unwrap(), [0; 0], "nor anything later");
        // Two minutes more are enough for four megabytes.
        let mut fast = body(66 * PIECE, 3 * minute - Duration::from_secs(1));
        drop(fast.rest.split_to(64 * PIECE));
        assert_eq!(taken(&mut fast).unwrap(), [PIECE, PIECE]);
    }
}
