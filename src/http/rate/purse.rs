//! What each payer has spent, as far as it is remembered: a bounded memory in two generations. Who pays moves to the
//! young one, and when that is full the old one is forgotten; whoever is forgotten has spent nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use governor::nanos::Nanos;
use governor::state::StateStore;

pub(super) struct Purses<K> {
    generations: Mutex<Generations<K>>,
    most: usize,
}

struct Generations<K> {
    young: HashMap<K, Nanos>,
    old: HashMap<K, Nanos>,
}

impl<K> Purses<K> {
    /// Purses of at most so many payers.
    pub(super) fn new(most: usize) -> Self {
        let generations = Generations {
            young: HashMap::new(),
            old: HashMap::new(),
        };
        Self {
            generations: Mutex::new(generations),
            most: most / 2,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Generations<K>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let generations = self.lock();
        generations.young.len() + generations.old.len()
    }
}

impl<K: Eq + Hash + Clone> StateStore for Purses<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut generations = self.lock();
        let spent = generations.young.get(key).or_else(|| generations.old.get(key)).copied();
        let (outcome, spent) = measure(spent)?;
        if let Some(young) = generations.young.get_mut(key) {
            *young = spent;
            return Ok(outcome);
        }
        generations.old.remove(key);
        let mut forgotten = HashMap::new();
        if generations.young.len() >= self.most {
            let young = std::mem::take(&mut generations.young);
            forgotten = std::mem::replace(&mut generations.old, young);
        }
        generations.young.insert(key.clone(), spent);
        // To free a generation takes milliseconds, for which nobody should hold the lock.
        drop(generations);
        drop(forgotten);
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pay(purses: &Purses<u32>, key: u32) -> u64 {
        let paid = purses.measure_and_replace(&key, |before| {
            let now = before.map_or(0, Nanos::as_u64) + 1;
            Ok::<_, ()>((now, Nanos::new(now)))
        });
        paid.unwrap()
    }

    #[test]
    fn a_million_payers_take_no_more_room_than_is_allowed() {
        let purses = Purses::new(1_000);
        for key in 0..1_000_000 {
            pay(&purses, key);
            assert!(purses.len() <= 1_000);
        }
    }

    #[test]
    fn whoever_goes_on_paying_is_not_forgotten() {
        let purses = Purses::new(10);
        for round in 1..100 {
            assert_eq!(pay(&purses, 0), u64::from(round));
            pay(&purses, round);
        }
        assert_eq!(pay(&purses, 1), 1, "one that came once is forgotten in time");
    }

    #[test]
    fn who_is_refused_pays_nothing() {
        let purses = Purses::new(10);
        assert_eq!(
            purses.measure_and_replace(&1, |_| Err::<((), Nanos), _>("no")),
            Err("no")
        );
        assert_eq!((purses.len(), pay(&purses, 1)), (0, 1));
    }
}
