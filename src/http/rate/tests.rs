use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::*;

/// 10 points a second, 60 at once, for strangers; 100 and 600 for those who are signed in.
struct Case {
    rates: Rates,
    clock: Clock,
}

fn case() -> Case {
    let at: DateTime<Utc> = "2026-11-23T12:00:00Z".parse().unwrap();
    let clock = Clock::fixed(at);
    let limits = RateLimits {
        anonymous: 10,
        signed_in: 100,
        burst_seconds: 6,
    };
    let exempt = "198.51.100.0/24".parse().unwrap();
    Case {
        rates: Rates::new(&limits, exempt, &clock),
        clock,
    }
}

fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

fn key(number: u128) -> Actor {
    Actor {
        principal: Principal::Key(Uuid::from_u128(number)),
        ..Actor::anonymous()
    }
}

fn remaining(visitor: &Visitor) -> u32 {
    visitor.standing.unwrap().remaining
}

impl Case {
    fn pass_ms(&self, ms: i64) {
        self.clock.set(self.clock.now() + TimeDelta::milliseconds(ms));
    }

    /// A whole request without a credential.
    fn ask(&self, from: &str, bytes: usize, price: u64) -> Result<u32, Dry> {
        let mut visitor = self.rates.enter(address(from), false)?;
        self.rates.bring(&mut visitor, &Actor::anonymous(), bytes)?;
        self.rates.spend(&mut visitor, &Actor::anonymous(), price)?;
        Ok(remaining(&visitor))
    }
}

#[test]
fn a_request_costs_its_door_its_bytes_and_its_price() {
    let case = case();
    assert_eq!(case.ask("192.0.2.1", 1_023, 0), Ok(59));
    assert_eq!(case.ask("192.0.2.1", 2_048, 5), Ok(51));
    assert_eq!(
        case.ask("192.0.2.2", 0, 0),
        Ok(59),
        "another address has a purse of its own"
    );
}

#[test]
fn who_has_spent_all_waits_until_it_has_come_back() {
    let case = case();
    assert_eq!(case.ask("192.0.2.1", 0, 54), Ok(5));
    let dry = case.ask("192.0.2.1", 0, 30).unwrap_err();
    assert_eq!(
        (dry.seconds, dry.standing.remaining),
        (3, 4),
        "26 points are missing, and the door was paid"
    );
    assert_eq!(dry.standing.reset_s(), 6);
    case.pass_ms(2_600);
    assert_eq!(case.ask("192.0.2.1", 0, 29), Ok(0));
    assert_eq!(case.rates.enter(address("192.0.2.1"), false).unwrap_err().seconds, 1);
    case.pass_ms(60_000);
    assert_eq!(
        case.ask("192.0.2.1", 0, 0),
        Ok(59),
        "no more than the burst ever comes back"
    );
}

#[test]
fn an_operation_that_costs_more_than_the_burst_takes_a_full_purse() {
    let case = case();
    let mut visitor = case.rates.enter(address("192.0.2.1"), true).unwrap();
    let actor = key(1);
    case.rates.spend(&mut visitor, &actor, 20_000).unwrap();
    assert_eq!(remaining(&visitor), 0);
    assert!(case.rates.spend(&mut visitor, &actor, 1).is_err());
    case.pass_ms(6_000);
    case.rates.spend(&mut visitor, &actor, u64::MAX).unwrap();
}

#[test]
fn the_addresses_of_one_customer_share_a_purse() {
    let case = case();
    case.ask("2001:db8:1:2::1", 0, 50).unwrap();
    assert!(case.ask("2001:db8:1:2:ffff::1", 0, 50).is_err());
    assert!(case.ask("2001:db8:1:3::1", 0, 50).is_ok());
    case.ask("192.0.2.1", 0, 50).unwrap();
    assert!(case.ask("::ffff:192.0.2.1", 0, 50).is_err());
}

#[test]
fn principals_pay_for_themselves_wherever_they_come_from() {
    let case = case();
    for (from, left) in [("192.0.2.1", 549), ("192.0.2.2", 498)] {
        let mut visitor = case.rates.enter(address(from), true).unwrap();
        assert_eq!(
            visitor.standing, None,
            "nothing is told of an address to whoever signs in"
        );
        case.rates.bring(&mut visitor, &key(1), 0).unwrap();
        case.rates.spend(&mut visitor, &key(1), 50).unwrap();
        assert_eq!(remaining(&visitor), left);
    }
    let mut other = case.rates.enter(address("192.0.2.1"), true).unwrap();
    case.rates.spend(&mut other, &key(2), 50).unwrap();
    assert_eq!(remaining(&other), 550);
}

#[test]
fn bad_credentials_shut_the_door_to_credentials_and_to_nobody_else() {
    let case = case();
    let from = address("192.0.2.1");
    let visitor = case.rates.enter(from, true).unwrap();
    case.rates.distrust(&visitor);
    assert!(
        case.rates.enter(from, true).is_err(),
        "all was spent, though less was left than it costs"
    );
    assert!(case.rates.enter(from, false).is_ok());
    assert!(case.rates.enter(address("192.0.2.2"), true).is_ok());
    case.pass_ms(100);
    assert!(case.rates.enter(from, true).is_ok());
}

#[test]
fn readers_behind_an_address_do_not_shut_out_those_who_sign_in() {
    let case = case();
    case.ask("192.0.2.1", 0, 59).unwrap();
    assert!(case.ask("192.0.2.1", 0, 0).is_err());
    assert!(case.rates.enter(address("192.0.2.1"), true).is_ok());
}

#[test]
fn whoever_is_exempt_has_always_spent_nothing() {
    let case = case();
    for _ in 0..100 {
        assert_eq!(case.ask("198.51.100.7", 10_000, 50), Ok(60));
    }
}

#[test]
fn a_rate_of_nothing_counts_nothing() {
    let limits = RateLimits {
        anonymous: 0,
        signed_in: 0,
        burst_seconds: 6,
    };
    let rates = Rates::new(&limits, Networks::default(), &Clock::System);
    for _ in 0..100 {
        let mut visitor = rates.enter(None, false).unwrap();
        rates.spend(&mut visitor, &Actor::anonymous(), 5_000).unwrap();
        assert_eq!(visitor.standing, None);
    }
}
