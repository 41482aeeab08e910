//! A bounded memory of what was found before, in two generations: what is asked for moves to the young one, and when
//! that is full the old one is forgotten. Half the room may be lost at once, but nothing is ever sorted or scanned.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The hash of a text, and of whatever else the finding depends on.
pub(super) type Key = [u8; 32];

pub(super) struct Cache<T> {
    generations: Mutex<Generations<T>>,
    entries: usize,
    bytes: usize,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// How a memory does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// How often something was found.
    pub hits: u64,
    /// How often nothing was.
    pub misses: u64,
    /// What is remembered now.
    pub entries: usize,
    /// Bytes that it takes, about.
    pub bytes: usize,
}

/// Values with the bytes they take.
type Entries<T> = HashMap<Key, (Arc<T>, usize)>;

struct Generations<T> {
    young: Entries<T>,
    old: Entries<T>,
    young_bytes: usize,
    old_bytes: usize,
}

impl<T> Cache<T> {
    /// A cache of at most so many entries, and of entries that take about so many bytes.
    pub(super) fn new(entries: usize, bytes: usize) -> Self {
        let generations = Generations {
            young: HashMap::new(),
            old: HashMap::new(),
            young_bytes: 0,
            old_bytes: 0,
        };
        Self {
            generations: Mutex::new(generations),
            entries: entries / 2,
            bytes: bytes / 2,
            hits: AtomicU64::default(),
            misses: AtomicU64::default(),
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<T>> {
        let found = self.find(key);
        let count = if found.is_some() { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub(super) fn memory(&self) -> Memory {
        let generations = self.lock();
        Memory {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            entries: generations.young.len() + generations.old.len(),
            bytes: generations.young_bytes + generations.old_bytes,
        }
    }

    /// The same, without counting: for whoever asks twice.
    pub(super) fn find(&self, key: &Key) -> Option<Arc<T>> {
        let mut generations = self.lock();
        if let Some((found, _)) = generations.young.get(key) {
            return Some(found.clone());
        }
        let (found, bytes) = generations.old.remove(key)?;
        generations.old_bytes -= bytes;
        let forgotten = self.put(&mut generations, *key, found.clone(), bytes);
        drop(generations);
        drop(forgotten);
        Some(found)
    }

    pub(super) fn insert(&self, key: Key, value: Arc<T>, bytes: usize) {
        let mut generations = self.lock();
        if let Some((_, before)) = generations.old.remove(&key) {
            generations.old_bytes -= before;
        }
        let forgotten = self.put(&mut generations, key, value, bytes);
        drop(generations);
        drop(forgotten);
    }

    fn lock(&self) -> MutexGuard<'_, Generations<T>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an entry into the young generation and answers the one that is forgotten for it. To free a generation takes
    /// milliseconds, for which nobody should hold the lock.
    fn put(&self, generations: &mut Generations<T>, key: Key, value: Arc<T>, bytes: usize) -> Entries<T> {
        let mut forgotten = Entries::new();
        // Alone larger than a generation: it would only push out the others.
        if bytes > self.bytes {
            return forgotten;
        }
        if generations.young.len() >= self.entries || generations.young_bytes + bytes > self.bytes {
            let young = std::mem::take(&mut generations.young);
            forgotten = std::mem::replace(&mut generations.old, young);
            generations.old_bytes = std::mem::take(&mut generations.young_bytes);
        }
        if let Some((_, before)) = generations.young.insert(key, (value, bytes)) {
            generations.young_bytes -= before;
        }
        generations.young_bytes += bytes;
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Key {
        [number; 32]
    }

    #[test]
    fn what_is_asked_for_outlives_what_is_not() {
        let cache = Cache::new(4, 1_000);
        for number in 0..40 {
            cache.insert(key(number), Arc::new(number), 1);
            assert_eq!(cache.get(&key(0)).as_deref(), Some(&0));
        }
        assert!(cache.get(&key(1)).is_none());
        assert!(cache.get(&key(39)).is_some());
    }

    #[test]
    fn bytes_bound_it_too() {
        let cache = Cache::new(1_000, 100);
        for number in 0..40 {
            cache.insert(key(number), Arc::new(number), 20);
        }
        let kept = (0..40).filter(|number| cache.get(&key(*number)).is_some()).count();
        assert!(kept <= 5, "{kept} are kept");
        cache.insert(key(50), Arc::new(50), 51);
        assert!(
            cache.get(&key(50)).is_none(),
            "one that is larger than a generation is not kept"
        );
    }

    #[test]
    fn the_same_key_weighs_once() {
        let cache = Cache::new(100, 100);
        for number in 0..40 {
            cache.insert(key(0), Arc::new(number), 50);
        }
        assert_eq!(cache.get(&key(0)).as_deref(), Some(&39));
    }
}
