//! Room for large answers that wait for their clients. What it costs to make an answer is bounded before it is made; how long its
//! bytes are held is up to whoever reads them, so all that wait are bounded together, and each has its time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use crate::domain::actor::{Actor, Principal};
use crate::domain::network::block;

/// Bytes from which on an answer is large.
const LARGE: usize = 64 * 1024;
/// Bytes of all large answers that wait, at most.
const ALL: usize = 128 * 1024 * 1024;
/// Bytes from which on an answer is huge.
const HUGE: usize = 1024 * 1024;
/// Bytes of all huge ones, at most: a few that take them slowly must not keep all pages from everybody.
const ALL_HUGE: usize = ALL / 4 * 3;
/// Bytes of one client's, at most, besides a single answer: so few keep the room from everybody.
const SHARE: usize = ALL / 4;
/// Bytes that a connection is given at once.
const PIECE: usize = 64 * 1024;
/// Time that a client may take whatever it takes in it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes a second that a client takes at least besides.
const LEAST: u32 = 32 * 1024;

/// The room of a server.
#[derive(Clone, Debug, Default)]
pub(super) struct Room(Arc<Mutex<Taken>>);

/// Bytes that are taken of it.
#[derive(Debug, Default)]
struct Taken {
    all: usize,
    huge: usize,
    by: HashMap<Client, usize>,
}

/// Whose answers wait: the holder of a credential, or else whoever comes from an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Client {
    Principal(Principal),
    Address(Option<IpAddr>),
}

impl Client {
    pub(super) fn new(actor: &Actor, address: Option<IpAddr>) -> Self {
        match actor.is_signed_in() {
            true => Self::Principal(actor.principal.clone()),
            false => Self::Address(address.map(block)),
        }
    }
}

/// The place of an answer, free again when the last one who has it lets go. Small answers need none.
#[derive(Clone, Debug, Default)]
pub(super) struct Seated {
    _seat: Option<Arc<Seat>>,
}

#[derive(Debug)]
struct Seat {
    room: Room,
    client: Client,
    bytes: usize,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.room.taken();
        taken.all -= self.bytes;
        if self.bytes > HUGE {
            taken.huge -= self.bytes;
        }
        if let Entry::Occupied(mut own) = taken.by.entry(self.client.clone()) {
            *own.get_mut() -= self.bytes;
            if *own.get() == 0 {
                own.remove();
            }
        }
    }
}

impl Room {
    /// A place for an answer of so many bytes; none where too many wait.
    pub(super) fn seat(&self, client: Client, bytes: usize) -> Option<Seated> {
        if bytes <= LARGE {
            return Some(Seated::default());
        }
        let mut taken = self.taken();
        let own = taken.by.get(&client).copied().unwrap_or_default();
        let fits = taken.all + bytes <= ALL
            && (bytes <= HUGE || taken.huge + bytes <= ALL_HUGE)
            && (own == 0 || own + bytes <= SHARE);
        if !fits {
            return None;
        }
        taken.all += bytes;
        if bytes > HUGE {
            taken.huge += bytes;
        }
        taken.by.insert(client.clone(), own + bytes);
        drop(taken);
        let seat = Seat {
            room: self.clone(),
            client,
            bytes,
        };
        Some(Seated {
            _seat: Some(Arc::new(seat)),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn address(last: u8) -> Client {
        Client::Address(Some([10, 0, 0, last].into()))
    }

    #[test]
    fn all_that_wait_together_have_so_much_room_and_each_gives_its_own_back() {
        let room = Room::default();
        let seats: Vec<_> = (0..3).map(|n| room.seat(address(n), ALL_HUGE / 3).unwrap()).collect();
        assert!(room.seat(address(3), HUGE + 1).is_none());
        let pages: Vec<_> = (0..ALL / 4 / HUGE)
            .map(|_| room.seat(address(3), HUGE).unwrap())
            .collect();
        assert!(room.seat(address(4), LARGE + 1).is_none());
        assert!(room.seat(address(4), LARGE).is_some(), "what is small needs none");
        let waits = seats[0].clone().body(vec![b' '; LARGE + 1]);
        drop((seats, pages));
        assert!(room.seat(address(5), ALL_HUGE).is_none(), "one of them is on its way");
        drop(waits);
        assert!(room.seat(address(5), ALL_HUGE).is_some());
        assert!(room.taken().by.is_empty() && room.taken().all == 0);
    }

    #[test]
    fn no_client_takes_the_room_of_the_others() {
        let room = Room::default();
        let key = || Client::Principal(Principal::Key(uuid::Uuid::from_u128(1)));
        let pages: Vec<_> = (0..SHARE / HUGE)
            .map(|_| room.seat(address(1), HUGE).unwrap())
            .collect();
        assert!(room.seat(address(1), LARGE + 1).is_none());
        let others = [address(2), key()].map(|client| room.seat(client, SHARE + HUGE).unwrap());
        assert!(
            room.seat(key(), LARGE + 1).is_none(),
            "one may be larger than a share, and then no more"
        );
        drop((pages, others));
        assert!(room.seat(address(1), SHARE).is_some());
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
