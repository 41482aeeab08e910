//! Cursors: the order keys of a row as an opaque text.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::Expr;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Error;

/// Bytes of the checksum at the end of a cursor.
const CHECKSUM: usize = 8;

/// The value of one order key in one row.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyValue {
    /// Nothing; it comes last in both directions.
    Null,
    /// A whole number.
    Int(i64),
    /// A text, ordered by its bytes.
    Text(Arc<str>),
    /// A moment.
    Time(DateTime<Utc>),
    /// A day.
    Date(NaiveDate),
    /// An id.
    Id(Uuid),
}

impl KeyValue {
    pub(super) fn to_expr(&self) -> Option<Expr> {
        match self {
            Self::Null => None,
            Self::Int(value) => Some(Expr::val(*value)),
            Self::Text(value) => Some(Expr::val(&**value)),
            Self::Time(value) => Some(Expr::val(*value)),
            Self::Date(value) => Some(Expr::val(*value)),
            Self::Id(value) => Some(Expr::val(*value)),
        }
    }

    fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Int(value) => serde_json::json!(value),
            Self::Text(value) => serde_json::json!({ "s": &**value }),
            Self::Time(value) => serde_json::json!({ "t": value.timestamp_micros() }),
            Self::Date(value) => serde_json::json!({ "d": value.to_string() }),
            Self::Id(value) => serde_json::json!({ "i": value.simple().to_string() }),
        }
    }

    fn from_json(json: &serde_json::Value) -> Option<Self> {
        match json {
            serde_json::Value::Null => Some(Self::Null),
            serde_json::Value::Number(number) => number.as_i64().map(Self::Int),
            serde_json::Value::Object(map) => {
                let (kind, value) = map.iter().next()?;
                match (kind.as_str(), value) {
                    ("s", value) => value.as_str().map(|text| Self::Text(text.into())),
                    ("t", value) => value.as_i64().and_then(DateTime::from_timestamp_micros).map(Self::Time),
                    ("d", value) => value.as_str()?.parse().ok().map(Self::Date),
                    ("i", value) => Uuid::parse_str(value.as_str()?).ok().map(Self::Id),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The place of a row in a list. Its text is made where somebody asks for it: most rows of a page are never asked.
#[derive(Clone, Debug)]
pub struct Cursor(Place);

#[derive(Clone, Debug)]
enum Place {
    /// Of a row with these key values, by its index.
    Row(Arc<Keys>, usize),
    /// As a client gave it.
    Given(Box<str>),
}

/// The key values of rows that were read together, held once for the cursors of all of them.
#[derive(Debug)]
pub(super) struct Keys {
    /// Those of one row after those of the other.
    values: Vec<KeyValue>,
    of_one: usize,
    fingerprint: [u8; 32],
}

impl Keys {
    /// `of_one` of these values are a row's.
    pub(super) fn new(values: Vec<KeyValue>, of_one: usize, fingerprint: [u8; 32]) -> Arc<Self> {
        Arc::new(Self {
            values,
            of_one,
            fingerprint,
        })
    }

    /// Those of one row.
    pub(super) fn of(&self, index: usize) -> &[KeyValue] {
        let from = index * self.of_one;
        self.values.get(from..from + self.of_one).unwrap_or_default()
    }

    /// The cursor of one row.
    pub(super) fn cursor(self: &Arc<Self>, index: usize) -> Cursor {
        Cursor(Place::Row(Arc::clone(self), index))
    }
}

impl Cursor {
    pub(super) fn new(values: Vec<KeyValue>, fingerprint: [u8; 32]) -> Self {
        let of_one = values.len();
        Keys::new(values, of_one, fingerprint).cursor(0)
    }

    /// The place that a client names already.
    pub fn given(text: String) -> Self {
        Self(Place::Given(text.into()))
    }

    /// What clients know it as.
    pub fn text(&self) -> String {
        match &self.0 {
            Place::Row(keys, index) => encode(keys.of(*index), &keys.fingerprint),
            Place::Given(text) => text.to_string(),
        }
    }
}

/// Those that clients know as the same.
impl PartialEq for Cursor {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

/// The key values of a row as an opaque text. The checksum ties it to its noun, order and filter; it protects from
/// mistakes, not from forgery, and need not: a cursor gives no rights.
fn encode(values: &[KeyValue], fingerprint: &[u8; 32]) -> String {
    let mut bytes = serde_json::Value::from_iter(values.iter().map(KeyValue::to_json))
        .to_string()
        .into_bytes();
    let checksum = checksum(&bytes, fingerprint);
    bytes.extend(checksum);
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn decode(cursor: &str, fingerprint: &[u8; 32], argument: &str) -> Result<Vec<KeyValue>, Error> {
    let parse = || {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (payload, given) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
        if checksum(payload, fingerprint) != given {
            return None;
        }
        let json: Vec<serde_json::Value> = serde_json::from_slice(payload).ok()?;
        json.iter().map(KeyValue::from_json).collect()
    };
    parse().ok_or_else(|| altered(argument))
}

pub(super) fn altered(argument: &str) -> Error {
    Error::BadCursor(format!(
        "The cursor in {argument} was altered, or belongs to another list, order or filter: take cursors as they come, and start again without one where the list changes."
    ))
}

fn checksum(payload: &[u8], fingerprint: &[u8; 32]) -> [u8; CHECKSUM] {
    let digest = Sha256::new().chain_update(fingerprint).chain_update(payload).finalize();
    std::array::from_fn(|index| digest.get(index).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests;
