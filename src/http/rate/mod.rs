//! How much each client may ask for in a time, in points of cost. Whoever asks without a credential is known by its
//! address, and everybody else by its principal.
//!
//! A request costs 1 at the door, before anything of it is read; 1 for each KiB that it brings, before that is parsed; and
//! an operation its price, before it is executed. So whoever sends what is refused pays for it too. A request that brings
//! a credential pays the door in another purse of its address than one that brings none: neighbours behind the same
//! address who only read can't shut the door on those who sign in. A bad credential is dear, since to look at it is.
//!
//! Each server counts by itself.

mod header;
mod purse;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::middleware::StateInformationMiddleware;
use governor::{Quota, RateLimiter};

use self::purse::Purses;
use crate::domain::actor::{Actor, Principal};
use crate::domain::limits::RateLimits;
use crate::domain::network::{Networks, block};
use crate::error::Error;
use crate::store::Clock;

/// Points of a request at the door.
const DOOR: u64 = 1;
/// Bytes of a request for one point.
const BYTES: usize = 1024;
/// Points of a credential that is not good.
const BAD_CREDENTIAL: u64 = 100;
/// Clients that are remembered of each kind; about 100 bytes each.
const REMEMBERED: usize = 200_000;

/// Who pays.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Payer {
    /// Whoever comes from there without a credential.
    Address(Option<IpAddr>),
    /// Whoever comes from there with one, as long as it has not been looked at.
    Unknown(Option<IpAddr>),
    /// The holder of a credential.
    Principal(Principal),
}

/// Where a payer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Points that it may spend at once.
    pub quota: u32,
    /// Seconds in which as many come back.
    pub window_s: u32,
    /// Points that are left.
    pub remaining: u32,
}

/// Too little is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dry {
    /// Seconds until there is enough, at least 1.
    pub seconds: u64,
    /// How much is left.
    pub standing: Standing,
}

impl From<Dry> for Error {
    fn from(dry: Dry) -> Self {
        Self::RateLimited(dry.seconds)
    }
}

/// A client that has come through the door.
#[derive(Clone, Copy, Debug)]
pub struct Visitor {
    /// Where it comes from.
    pub address: Option<IpAddr>,
    /// Where it stands. None where nothing is counted.
    pub standing: Option<Standing>,
}

/// All rates.
pub struct Rates {
    addresses: Option<Purse>,
    principals: Option<Purse>,
    exempt: Networks,
}

impl Standing {
    /// Seconds until nothing is spent, rounded up.
    pub fn reset_s(&self) -> u64 {
        let spent = u64::from(self.quota.saturating_sub(self.remaining));
        (spent * u64::from(self.window_s)).div_ceil(u64::from(self.quota.max(1)))
    }
}

impl Rates {
    /// Rates with nothing spent.
    pub fn new(limits: &RateLimits, exempt: Networks, clock: &Clock) -> Self {
        let purse = |per_second| Purse::new(per_second, limits.burst_seconds, clock.clone());
        Self {
            addresses: purse(limits.anonymous),
            principals: purse(limits.signed_in),
            exempt,
        }
    }

    /// Lets a request in, `signs_in` where it brings a credential.
    ///
    /// # Errors
    /// Where too little is left at its address.
    pub fn enter(&self, address: Option<IpAddr>, signs_in: bool) -> Result<Visitor, Dry> {
        let door = if signs_in {
            Payer::Unknown(address.map(block))
        } else {
            Payer::Address(address.map(block))
        };
        let standing = self.debit(door, address, DOOR)?;
        Ok(Visitor {
            address,
            standing: standing.filter(|_| !signs_in),
        })
    }

    /// Debits what the request brought, now that its payer is known.
    ///
    /// # Errors
    /// Where too little is left.
    pub fn bring(&self, visitor: &mut Visitor, actor: &Actor, bytes: usize) -> Result<(), Dry> {
        let points = u64::try_from(bytes / BYTES).unwrap_or(u64::MAX);
        let door = if actor.is_signed_in() { DOOR } else { 0 };
        self.spend(visitor, actor, points.saturating_add(door))
    }

    /// Debits the price of an operation.
    ///
    /// # Errors
    /// Where too little is left.
    pub fn spend(&self, visitor: &mut Visitor, actor: &Actor, points: u64) -> Result<(), Dry> {
        if points == 0 {
            return Ok(());
        }
        let payer = if actor.is_signed_in() {
            Payer::Principal(actor.principal.clone())
        } else {
            Payer::Address(visitor.address.map(block))
        };
        let spent = self.debit(payer, visitor.address, points);
        visitor.standing = spent
            .as_ref()
            .map_or_else(|dry| Some(dry.standing), |standing| *standing);
        spent.map(drop)
    }

    /// Notes that a visitor brought a credential that is not good.
    pub fn distrust(&self, visitor: &Visitor) {
        let payer = Payer::Unknown(visitor.address.map(block));
        if let Err(dry) = self.debit(payer.clone(), visitor.address, BAD_CREDENTIAL) {
            // Then what is left.
            let _ = self.debit(payer, visitor.address, dry.standing.remaining.into());
        }
    }

    /// None where nothing is counted.
    fn debit(&self, payer: Payer, address: Option<IpAddr>, points: u64) -> Result<Option<Standing>, Dry> {
        let purse = match payer {
            Payer::Principal(_) => &self.principals,
            Payer::Address(_) | Payer::Unknown(_) => &self.addresses,
        };
        let Some(purse) = purse else { return Ok(None) };
        if address.is_some_and(|address| self.exempt.contain(address)) {
            return Ok(Some(purse.standing(purse.quota.get())));
        }
        purse.debit(&payer, points).map(Some)
    }
}

/// What one kind of payers may spend, and has spent.
struct Purse {
    quota: NonZeroU32,
    window_s: u32,
    /// Points that come back in a second.
    per_second: NonZeroU32,
    limiter: RateLimiter<Payer, Purses<Payer>, Ticks, StateInformationMiddleware>,
}

/// The one clock, as the limiter reads it.
struct Ticks(Clock);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Purse {
    /// None where the rate is 0: then nothing is counted.
    fn new(per_second: u32, window_s: u32, clock: Clock) -> Option<Self> {
        let per_second = NonZeroU32::new(per_second)?;
        let quota = per_second.saturating_mul(NonZeroU32::new(window_s)?);
        let refill = Quota::per_second(per_second).allow_burst(quota);
        Some(Self {
            quota,
            window_s,
            per_second,
            limiter: RateLimiter::new(refill, Purses::new(REMEMBERED), Ticks(clock)),
        })
    }

    /// Debits so many points; where that is more than may ever be spent at once, all of that.
    fn debit(&self, payer: &Payer, points: u64) -> Result<Standing, Dry> {
        let points = NonZeroU32::new(u32::try_from(points).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN);
        let points = points.min(self.quota);
        match self.limiter.check_key_n(payer, points) {
            Ok(Ok(state)) => Ok(self.standing(state.remaining_burst_capacity())),
            Ok(Err(until)) => {
                let wait = until.wait_time_from(governor::clock::Clock::now(self.limiter.clock()));
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Err(Dry {
                    seconds: seconds.max(1),
                    standing: self.standing(points.get().saturating_sub(self.points_in(wait))),
                })
            }
            Err(_) => Ok(self.standing(0)),
        }
    }

    /// Points that come back in this time, rounded up.
    fn points_in(&self, wait: Duration) -> u32 {
        let points = wait
            .as_nanos()
            .saturating_mul(self.per_second.get().into())
            .div_ceil(1_000_000_000);
        u32::try_from(points).unwrap_or(u32::MAX)
    }

    const fn standing(&self, remaining: u32) -> Standing {
        Standing {
            quota: self.quota.get(),
            window_s: self.window_s,
            remaining,
        }
    }
}

#[cfg(test)]
mod tests;
