//! What a write leaves of the object that it was about. Where an answer asks for nothing else, it is not read again: the rows are
//! those that were committed, seen by whoever wrote them.

use std::sync::{Arc, Mutex, PoisonError};

use entity::{assistance_request as ar, contribution as co, request_item as ri};

use crate::store::Write;
use crate::store::assistance_request::RequestRow;
use crate::store::condition::Visible;
use crate::store::contribution::ContributionRow;
use crate::store::request_item::ItemRow;

/// What was left, if anything was. Nothing is where the write was done before, under the same key.
#[derive(Clone, Debug, Default)]
pub struct Left(Arc<Mutex<Option<Object>>>);

/// An object as its write left it.
#[derive(Clone, Debug)]
pub enum Object {
    /// A request, and its items where all of them were written too.
    Request(RequestRow, Option<Vec<ItemRow>>),
    /// A contribution.
    Contribution(ContributionRow),
}

impl Left {
    /// Takes it. It only counts where the write succeeded.
    pub fn take(&self) -> Option<Object> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, object: Option<Object>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = object;
    }
}

impl Write {
    /// Leaves a request as it was written, where its writer still sees it; with all of its items, where they are known.
    pub(in crate::store) fn leaves_request(&self, row: &ar::Model, items: Option<&[ri::Model]>) {
        let Some(left) = &self.left else { return };
        let is_seen = Visible::to(&self.actor).sees(row);
        let items = items.map(|items| items.iter().map(ItemRow::from).collect());
        left.put(is_seen.then(|| Object::Request(row.into(), items)));
    }

    /// Leaves a contribution as it was written, to a request that its writer sees.
    pub(in crate::store) fn leaves_contribution(&self, row: &co::Model) {
        if let Some(left) = &self.left {
            left.put(Some(Object::Contribution(row.into())));
        }
    }
}
