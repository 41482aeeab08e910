//! The sums as they were cut for somebody: the same for whoever asks the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::reference::Reference;
use crate::store::needs::summary::answer::{Group, Sum};

/// Groups that are kept of all ways of cutting the sums, at most: each takes 2 KB, about. A cut without any counts as one.
const GROUPS: usize = 8_000;

/// What was cut of one folding of the sums, by what was asked. It holds as long as the reference data by which it was cut are
/// those of now.
#[derive(Debug, Default)]
pub(super) struct Cuts(Mutex<HashMap<Key, Cut>>);

/// What was asked, as its hash: what clients ask can be as long as they like.
pub(super) type Key = [u8; 32];

#[derive(Debug)]
struct Cut {
    reference: Arc<Reference>,
    groups: Arc<HashMap<Group, Sum>>,
}

impl Cuts {
    pub(super) fn known(&self, key: &Key, reference: &Arc<Reference>) -> Option<Arc<HashMap<Group, Sum>>> {
        let cuts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = cuts.get(key).filter(|cut| Arc::ptr_eq(&cut.reference, reference));
        cut.map(|cut| Arc::clone(&cut.groups))
    }

    pub(super) fn keep(&self, key: Key, reference: &Arc<Reference>, groups: &HashMap<Group, Sum>) {
        if groups.len() > GROUPS {
            return;
        }
        let cut = Cut {
            reference: Arc::clone(reference),
            groups: Arc::new(groups.clone()),
        };
        let mut cuts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody asks by the reference data of before.
        cuts.retain(|_, cut| Arc::ptr_eq(&cut.reference, reference));
        let kept: usize = cuts.values().map(|cut| cut.groups.len().max(1)).sum();
        if kept + groups.len().max(1) > GROUPS {
            cuts.clear();
        }
        cuts.insert(key, cut);
    }
}
