//! What several wait under at the same time, held for as long as anyone does.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Values by key. The last one who shares a value takes it away, also where it went away in the middle.
#[derive(Debug)]
pub(super) struct Shared<K, V>(Mutex<HashMap<K, Arc<V>>>);

/// One who shares the value under a key.
pub(super) struct Share<'a, K: Eq + Hash, V> {
    // Comes before the place, and so is dropped before it.
    value: Arc<V>,
    _place: Place<'a, K, V>,
}

struct Place<'a, K: Eq + Hash, V> {
    shared: &'a Shared<K, V>,
    key: K,
}

impl<K, V> Default for Shared<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, V: Default> Shared<K, V> {
    /// The value under `key`: that of the others who share it now, or a new one.
    pub fn share(&self, key: K) -> Share<'_, K, V> {
        let value = Arc::clone(self.all().entry(key.clone()).or_default());
        let _place = Place { shared: self, key };
        Share { value, _place }
    }
}

impl<K, V> Shared<K, V> {
    fn all(&self) -> MutexGuard<'_, HashMap<K, Arc<V>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.all().len()
    }
}

impl<K: Eq + Hash, V> Deref for Share<'_, K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<K: Eq + Hash, V> Drop for Place<'_, K, V> {
    fn drop(&mut self) {
        let mut all = self.shared.all();
        // Whoever leaves has let go of it before: of two who leave at once, one finds that nobody but the map has it.
        if all.get(&self.key).is_some_and(|left| Arc::strong_count(left) == 1) {
            all.remove(&self.key);
        }
    }
}
