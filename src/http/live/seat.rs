//! How many connections stay open at once: in all, for one credential, and from one address without any.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::actor::{Actor, Principal};
use crate::domain::limits::LiveLimits;
use crate::domain::network::block;
use crate::error::Error;

/// Seconds after which it may be tried again.
const LATER_S: u64 = 30;

/// Who takes a seat.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Guest {
    /// Whoever comes from there without a credential.
    Address(Option<IpAddr>),
    /// The holder of a credential.
    Principal(Principal),
}

impl Guest {
    /// Who that is.
    pub(super) fn new(actor: &Actor, address: Option<IpAddr>) -> Self {
        if actor.is_signed_in() {
            Self::Principal(actor.principal.clone())
        } else {
            Self::Address(address.map(block))
        }
    }
}

/// All seats.
pub(super) struct Hall {
    connections: usize,
    per_key: usize,
    per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by: HashMap<Guest, usize>,
}

impl Hall {
    pub(super) fn new(limits: &LiveLimits) -> Self {
        Self {
            connections: limits.connections,
            per_key: limits.per_key,
            per_address: limits.per_address,
            taken: Mutex::default(),
        }
    }

    /// A seat, which is free again when it is dropped.
    pub(super) fn sit(self: &Arc<Self>, guest: Guest) -> Result<Seat, Error> {
        let mut taken = self.taken();
        if taken.all >= self.connections {
            return Err(Error::Unavailable(
                "So many connections are open that there is no room for more: try again later.".into(),
            ));
        }
        self.enter(&mut taken, &guest)?;
        taken.all += 1;
        let hall = Arc::clone(self);
        Ok(Seat { hall, guest })
    }

    fn enter(&self, taken: &mut Taken, guest: &Guest) -> Result<(), Error> {
        let most = match guest {
            Guest::Address(_) => self.per_address,
            Guest::Principal(_) => self.per_key,
        };
        let open = taken.by.get(guest).copied().unwrap_or_default();
        if open >= most {
            return Err(Error::RateLimited(LATER_S));
        }
        taken.by.insert(guest.clone(), open + 1);
        Ok(())
    }

    /// Seats that are taken.
    pub(super) fn open(&self) -> usize {
        self.taken().all
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn leave(&mut self, guest: &Guest) {
        if let Some(open) = self.by.get_mut(guest) {
            *open -= 1;
            if *open == 0 {
                self.by.remove(guest);
            }
        }
    }
}

/// One open connection.
pub(super) struct Seat {
    hall: Arc<Hall>,
    guest: Guest,
}

impl Seat {
    /// Keeps the seat for another guest, whom the one who came turned out to be.
    pub(super) fn pass_to(&mut self, guest: Guest) -> Result<(), Error> {
        if guest != self.guest {
            let mut taken = self.hall.taken();
            self.hall.enter(&mut taken, &guest)?;
            taken.leave(&self.guest);
            drop(taken);
            self.guest = guest;
        }
        Ok(())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.hall.taken();
        taken.all -= 1;
        taken.leave(&self.guest);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn hall() -> Arc<Hall> {
        Arc::new(Hall::new(&LiveLimits {
            connections: 3,
            per_key: 2,
            per_address: 1,
            ..LiveLimits::default()
        }))
    }

    fn here() -> Guest {
        Guest::Address(None)
    }

    fn key(number: u128) -> Guest {
        Guest::Principal(Principal::Key(Uuid::from_u128(number)))
    }

    fn code(seat: Result<Seat, Error>) -> &'static str {
        seat.err().map_or("", |error| error.code())
    }

    #[test]
    fn seats_are_counted_by_guest_and_in_all() {
        let hall = hall();
        let first = hall.sit(here()).unwrap();
        assert_eq!(code(hall.sit(here())), "RATE_LIMITED");
        let _second = hall.sit(key(1)).unwrap();
        let third = hall.sit(key(1)).unwrap();
        assert_eq!(code(hall.sit(key(2))), "UNAVAILABLE");
        drop(third);
        drop(first);
        hall.sit(here()).unwrap();
        assert_eq!(hall.taken().by.len(), 1);
    }

    #[test]
    fn a_seat_is_passed_on() {
        let hall = hall();
        let mut one = hall.sit(here()).unwrap();
        one.pass_to(key(1)).unwrap();
        let mut two = hall.sit(here()).unwrap();
        two.pass_to(key(1)).unwrap();
        let mut three = hall.sit(here()).unwrap();
        assert!(three.pass_to(key(1)).is_err());
        drop(three);
        assert_eq!(hall.taken().all, 2);
        assert_eq!(hall.taken().by.get(&here()), None);
    }
}
