//! Pages by keyset: page 10,000 costs what page 1 costs. Forwards, backwards, with several order keys and nulls last in
//! both directions, for SQL and for reference data in memory alike.

mod cursor;
mod keyset;
mod nested;
mod runs;

use std::cmp::Ordering;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::store::page::cursor::{Keys, altered, decode};

pub use cursor::{Cursor, KeyValue};
pub(crate) use keyset::{Key, KeyKind, Keyset, Plan};
pub(crate) use nested::{Are, Name, Parents};

/// The arguments of a connection, as the client gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Rows from the start.
    pub first: Option<i32>,
    /// Only what comes after this cursor.
    pub after: Option<String>,
    /// Rows from the end.
    pub last: Option<i32>,
    /// Only what comes before this cursor.
    pub before: Option<String>,
}

/// A page as it is asked for: within bounds, its cursors genuine and of this very order and filter.
#[derive(Clone, Debug)]
pub struct Paging {
    limit: usize,
    backwards: bool,
    after: Option<Vec<KeyValue>>,
    before: Option<Vec<KeyValue>>,
    fingerprint: [u8; 32],
}

/// One page.
#[derive(Clone, Debug)]
pub struct Page<R> {
    /// Its rows, each with the cursor that names its place.
    pub rows: Vec<(R, Cursor)>,
    /// Whether a row comes after it.
    pub has_next: bool,
    /// Whether a row comes before it.
    pub has_previous: bool,
    /// Rows of all pages together, where it was asked for.
    pub total: Option<u64>,
}

impl<R> Default for Page<R> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            has_next: false,
            has_previous: false,
            total: None,
        }
    }
}

impl Paging {
    /// Checks the arguments. `noun`, `order` and `filter` are what a cursor is good for.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a page that can't be, `BAD_CURSOR` for a cursor that was altered or is of another order or
    /// filter.
    pub fn new(
        arguments: &Arguments,
        default: u32,
        most: u32,
        noun: &str,
        order: &str,
        filter: &str,
    ) -> Result<Self, Error> {
        let Arguments {
            first,
            after,
            last,
            before,
        } = arguments;
        let (asked, name, backwards) = match (first, last) {
            (Some(_), Some(_)) => {
                return Err(Error::BadUserInput("Give first or last, not both.".into()));
            }
            (None, Some(last)) => (Some(*last), "last", true),
            (first, None) => (*first, "first", false),
        };
        let limit = match asked {
            None => default,
            Some(asked) => u32::try_from(asked)
                .ok()
                .filter(|asked| *asked <= most)
                .ok_or_else(|| Error::BadUserInput(format!("{name} is {asked}; it must be from 0 to {most}.")))?,
        };
        let fingerprint: [u8; 32] = Sha256::digest(format!("{noun}\u{0}{order}\u{0}{filter}")).into();
        let read = |cursor: &Option<String>, argument: &str| {
            cursor
                .as_deref()
                .map(|cursor| decode(cursor, &fingerprint, argument))
                .transpose()
        };
        Ok(Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            backwards,
            after: read(after, "after")?,
            before: read(before, "before")?,
            fingerprint,
        })
    }

    /// The same as the database takes it.
    fn most(&self) -> u64 {
        u64::try_from(self.limit).unwrap_or(u64::MAX)
    }

    /// Rows of a page, at most.
    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// Whether the page is read from its end.
    pub(crate) const fn is_backwards(&self) -> bool {
        self.backwards
    }

    /// The key values of the row after which it begins, and of the one before which it ends.
    pub fn bounds(&self) -> [Option<&[KeyValue]>; 2] {
        [self.after.as_deref(), self.before.as_deref()]
    }

    /// The same page of a list within a parent, whose cursors end with their parent's key: `only` is it, where the list of one parent
    /// alone is read.
    ///
    /// # Errors
    /// `BAD_CURSOR` for a cursor of another parent's list, as it is for all but one of several parents.
    fn within(&self, only: Option<&KeyValue>) -> Result<Self, Error> {
        let strip = |place: &Option<Vec<KeyValue>>, argument| match place.as_deref().map(<[_]>::split_last) {
            None => Ok(None),
            Some(Some((parent, values))) if Some(parent) == only => Ok(Some(values.to_vec())),
            Some(_) => Err(altered(argument)),
        };
        Ok(Self {
            after: strip(&self.after, "after")?,
            before: strip(&self.before, "before")?,
            ..*self
        })
    }

    /// The key values of rows that were read together, so many of each.
    fn keys(&self, values: Vec<KeyValue>, of_one: usize) -> Arc<Keys> {
        Keys::new(values, of_one, self.fingerprint)
    }

    /// The cursor of a row with these key values.
    pub fn cursor(&self, values: Vec<KeyValue>) -> Cursor {
        Cursor::new(values, self.fingerprint)
    }

    /// Cuts a page out of rows that came in the page's direction, at most one more than it holds.
    pub(crate) fn cut<R>(&self, mut rows: Vec<(R, Cursor)>) -> Page<R> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let (before, after) = (self.after.is_some(), self.before.is_some());
        if self.backwards {
            rows.reverse();
            Page {
                rows,
                has_next: after,
                has_previous: more,
                total: None,
            }
        } else {
            Page {
                rows,
                has_next: more,
                has_previous: before,
                total: None,
            }
        }
    }

    /// A page of rows in memory. `keys` adds a row's key values, its id last, to those of others; `descending` tells the
    /// direction of each.
    pub fn of_memory<R>(
        &self,
        rows: impl Iterator<Item = R>,
        descending: &[bool],
        keys: impl Fn(&R, &mut Vec<KeyValue>),
    ) -> Page<R> {
        let rows: Vec<R> = rows.collect();
        let mut values = Vec::with_capacity(rows.len() * descending.len());
        rows.iter().for_each(|row| keys(row, &mut values));
        let of_one = values.len().checked_div(rows.len()).unwrap_or_default();
        debug_assert_eq!(values.len(), rows.len() * of_one, "each row has as many keys");
        let keys = self.keys(values, of_one);
        let order = |one: &[KeyValue], other: &[KeyValue]| compare(one, other, descending);
        let mut sorted: Vec<(usize, R)> = rows.into_iter().enumerate().collect();
        sorted.sort_by(|(one, _), (other, _)| order(keys.of(*one), keys.of(*other)));
        let total = u64::try_from(sorted.len()).unwrap_or(u64::MAX);
        if let Some(after) = &self.after {
            sorted.retain(|(index, _)| order(keys.of(*index), after) == Ordering::Greater);
        }
        if let Some(before) = &self.before {
            sorted.retain(|(index, _)| order(keys.of(*index), before) == Ordering::Less);
        }
        if self.backwards {
            sorted.reverse();
        }
        sorted.truncate(self.limit.saturating_add(1));
        let rows = sorted
            .into_iter()
            .map(|(index, row)| (row, keys.cursor(index)))
            .collect();
        Page {
            total: Some(total),
            ..self.cut(rows)
        }
    }
}

fn compare(a: &[KeyValue], b: &[KeyValue], descending: &[bool]) -> Ordering {
    for (index, (a, b)) in a.iter().zip(b).enumerate() {
        let order = match (a, b) {
            (KeyValue::Null, KeyValue::Null) => Ordering::Equal,
            (KeyValue::Null, _) => return Ordering::Greater,
            (_, KeyValue::Null) => return Ordering::Less,
            (KeyValue::Int(a), KeyValue::Int(b)) => a.cmp(b),
            (KeyValue::Text(a), KeyValue::Text(b)) => a.cmp(b),
            (KeyValue::Time(a), KeyValue::Time(b)) => a.cmp(b),
            (KeyValue::Date(a), KeyValue::Date(b)) => a.cmp(b),
            (KeyValue::Id(a), KeyValue::Id(b)) => a.cmp(b),
            _ => Ordering::Equal,
        };
        if order != Ordering::Equal {
            return if descending.get(index).copied().unwrap_or(false) {
                order.reverse()
            } else {
                order
            };
        }
    }
    Ordering::Equal
}

impl<R> Page<R> {
    /// The same page of what each row is made into.
    pub fn map<S>(self, make: impl Fn(R) -> S) -> Page<S> {
        let Self {
            rows,
            has_next,
            has_previous,
            total,
        } = self;
        let rows = rows.into_iter().map(|(row, cursor)| (make(row), cursor)).collect();
        Page {
            rows,
            has_next,
            has_previous,
            total,
        }
    }
}
