//! What a write has changed so far. It becomes rows of the ledger at the end of the transaction, once all locks are held.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use entity::enums::{RequestStatus, Seen};
use entity::{assistance_request as ar, movement, request_history};
use uuid::Uuid;

use crate::domain::change::{Field, diff, seen};
use crate::store::change::recorded::{Place, Recorded};

/// What an object was before the write and what it is now.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub kind: &'static str,
    pub key: String,
    pub place: Place,
    pub verb: &'static str,
    pub before: Option<Vec<Field>>,
    pub after: Option<Vec<Field>>,
}

/// Whose a request is, and who could and can see it and what belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub country: String,
    pub before: Seen,
    pub after: Seen,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    pub entries: Vec<Entry>,
    pub places: HashMap<(&'static str, String), usize>,
    pub standings: HashMap<Uuid, Standing>,
    pub movements: Vec<movement::ActiveModel>,
    pub history: Vec<request_history::ActiveModel>,
}

/// The journal of one write.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Book>);

impl Journal {
    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anything differs from before.
    pub(crate) fn holds_changes(&self) -> bool {
        let book = self.book();
        let differs = |entry: &Entry| !diff(entry.before.as_deref(), entry.after.as_deref()).is_empty();
        book.entries.iter().any(differs)
    }

    /// A request that something else of the write belongs to.
    pub(crate) fn saw(&self, request: Uuid, country: &str, status: RequestStatus, verified_at: Option<DateTime<Utc>>) {
        let now = seen(status, verified_at.is_some());
        let standing = Standing {
            country: country.into(),
            before: now,
            after: now,
        };
        self.book().standings.entry(request).or_insert(standing);
    }

    /// The same, of a whole row.
    pub(crate) fn saw_request(&self, request: &ar::Model) {
        self.saw(request.id, &request.country_code, request.status, request.verified_at);
    }

    /// A new object.
    pub(crate) fn created<R: Recorded>(&self, row: &R) {
        self.note("created", None::<&R>, Some(row));
    }

    /// A new request.
    pub(crate) fn created_request(&self, row: &ar::Model) {
        self.saw_request(row);
        if let Some(standing) = self.book().standings.get_mut(&row.id) {
            standing.before = Seen::Nobody;
        }
        self.created(row);
    }

    /// An object that was changed; `verb` is the past participle of what was done.
    pub(crate) fn changed<R: Recorded>(&self, verb: &'static str, before: &R, after: &R) {
        self.note(verb, Some(before), Some(after));
    }

    /// A request that was changed.
    pub(crate) fn changed_request(&self, verb: &'static str, before: &ar::Model, after: &ar::Model) {
        self.saw_request(before);
        if let Some(standing) = self.book().standings.get_mut(&after.id) {
            standing.after = seen(after.status, after.verified_at.is_some());
        }
        self.changed(verb, before, after);
    }

    /// An object that is no more.
    pub(crate) fn removed<R: Recorded>(&self, row: &R) {
        self.note("removed", Some(row), None);
    }

    fn note<R: Recorded>(&self, verb: &'static str, before: Option<&R>, after: Option<&R>) {
        let Some(row) = after.or(before) else { return };
        self.book().add(Entry {
            kind: R::TYPE,
            key: row.key(),
            place: row.place(),
            verb,
            before: before.map(Recorded::fields),
            after: after.map(Recorded::fields),
        });
    }

    /// Movements of figures; the ledger's ticket is written to them.
    pub(crate) fn moved(&self, movements: impl IntoIterator<Item = movement::ActiveModel>) {
        self.book().movements.extend(movements);
    }

    /// What a request is from a day on.
    pub(crate) fn remembered(&self, row: request_history::ActiveModel) {
        self.book().history.push(row);
    }

    /// Takes over what a savepoint did that is kept.
    pub(crate) fn absorb(&self, savepoint: Self) {
        let other = savepoint.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut book = self.book();
        for entry in other.entries {
            book.add(entry);
        }
        for (request, standing) in other.standings {
            match book.standings.get_mut(&request) {
                Some(known) => known.after = standing.after,
                None => {
                    book.standings.insert(request, standing);
                }
            }
        }
        book.movements.extend(other.movements);
        book.history.extend(other.history);
    }
}

impl Book {
    /// One entry an object: what it was first, what it is last, and what was done that says most.
    pub(super) fn add(&mut self, entry: Entry) {
        let place = (entry.kind, entry.key.clone());
        if let Some(known) = self.places.get(&place).and_then(|index| self.entries.get_mut(*index)) {
            known.after = entry.after;
            if known.before.is_some() && entry.verb != "updated" {
                known.verb = entry.verb;
            }
            return;
        }
        self.places.insert(place, self.entries.len());
        self.entries.push(entry);
    }
}
