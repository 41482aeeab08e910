//! What the ledger says of a change, and how much of it a viewer is told.

use chrono::{DateTime, Utc};
use entity::enums::{RequestStatus, Seen};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::rights::{Operation, scope};

/// A field of an object under the name that clients know, and its value as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Name in the schema.
    pub name: &'static str,
    /// Value as JSON; null where there is none.
    pub value: Value,
    /// The ledger says that it changed, and never to what.
    pub is_secret: bool,
}

impl Field {
    /// A field whose values the ledger holds.
    pub fn new(name: &'static str, value: impl Into<Value>) -> Self {
        Self {
            name,
            value: value.into(),
            is_secret: false,
        }
    }

    /// A field whose values the ledger never holds.
    pub fn secret(name: &'static str, value: impl Into<Value>) -> Self {
        Self {
            is_secret: true,
            ..Self::new(name, value)
        }
    }
}

/// A change of one field as the ledger holds it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct FieldChange(pub String, pub Value, pub Value);

/// What differs between two states of an object, each with the same fields in the same order; either may be absent.
pub fn diff(before: Option<&[Field]>, after: Option<&[Field]>) -> Vec<FieldChange> {
    let names = after.or(before).unwrap_or_default();
    let value = |side: Option<&[Field]>, index: usize| {
        let field = side.and_then(|fields| fields.get(index));
        field.map_or(Value::Null, |field| field.value.clone())
    };
    let changes = names.iter().enumerate().filter_map(|(index, field)| {
        let (was, is) = (value(before, index), value(after, index));
        if was == is {
            return None;
        }
        let name = field.name.to_owned();
        Some(if field.is_secret {
            FieldChange(name, Value::Null, Value::Null)
        } else {
            FieldChange(name, was, is)
        })
    });
    changes.collect()
}

/// A whole object as changes of its fields from nothing.
pub fn whole(after: &[Field]) -> Vec<FieldChange> {
    diff(None, Some(after))
}

/// Who sees a request, its items and what is contributed to them.
pub const fn seen(status: RequestStatus, was_verified: bool) -> Seen {
    match status {
        _ if was_verified => Seen::Public,
        RequestStatus::Submitted => Seen::Submitted,
        _ => Seen::Draft,
    }
}

/// Whether `actor` is among those who see something of this country. Whether anonymous viewers read at all is asked
/// before anything is read.
pub fn sees(actor: &Actor, seen: Seen, country: Option<&str>) -> bool {
    let may = |operation| scope(actor, operation).holds(country, None);
    match seen {
        Seen::Nobody => false,
        Seen::Keys => scope(actor, Operation::ManageKeys).everything,
        Seen::Draft => may(Operation::ReadDraft),
        Seen::Submitted => may(Operation::ReadSubmitted) || may(Operation::ReadDraft),
        Seen::Public => true,
    }
}

/// What a change is about and to whom it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its place in the order of all changes, from 1.
    pub sequence: i64,
    /// When it came to its place.
    pub at: DateTime<Utc>,
    /// Principal that wrote.
    pub actor: String,
    /// What was done, `contribution.committed`.
    pub action: String,
    /// GraphQL type of the object.
    pub subject_type: String,
    /// Its key: a code, or a UUID.
    pub subject_key: String,
    /// The country it belongs to.
    pub country: Option<String>,
    /// The organization it belongs to.
    pub organization: Option<String>,
    /// The request it is or belongs to.
    pub request: Option<Uuid>,
    /// Who could see it before.
    pub seen_before: Seen,
    /// Who can see it after.
    pub seen_after: Seen,
    /// What changed.
    pub diff: Vec<FieldChange>,
    /// The whole object after, where others see it than before.
    pub whole: Option<Vec<FieldChange>>,
}

/// What of a change a viewer is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Whether the viewer could see the object right after it.
    pub is_visible: bool,
    /// Whether the viewer may know who wrote.
    pub shows_actor: bool,
    /// The fields that the viewer may read.
    pub diff: Vec<FieldChange>,
}

impl Change {
    /// Whether `actor` sees after it what it is about.
    pub fn is_seen_after(&self, actor: &Actor) -> bool {
        sees(actor, self.seen_after, self.country.as_deref())
    }

    /// What `actor` is told of it; none where it does not exist for them.
    pub fn tell(&self, actor: &Actor) -> Option<Told> {
        let country = self.country.as_deref();
        let before = sees(actor, self.seen_before, country);
        let after = sees(actor, self.seen_after, country);
        let fields = match (before, after) {
            (false, false) => return None,
            // Gone from this viewer's sight: only where it went.
            (true, false) => {
                let status = self.diff.iter().filter(|change| change.0 == "status").cloned();
                status.collect()
            }
            (false, true) => self.whole.clone().unwrap_or_else(|| self.diff.clone()),
            (true, true) => self.diff.clone(),
        };
        let may = |operation| scope(actor, operation).holds(country, self.organization.as_deref());
        let reads = |change: &FieldChange| needs(&self.subject_type, &change.0).is_none_or(may);
        Some(Told {
            is_visible: after,
            shows_actor: may(Operation::ReadConfidential),
            diff: fields.into_iter().filter(reads).collect(),
        })
    }
}

/// The right that a field needs beyond seeing its object.
fn needs(subject_type: &str, field: &str) -> Option<Operation> {
    match (subject_type, field) {
        ("AssistanceRequest", "contact") => Some(Operation::ReadContact),
        ("Contribution", "trackingReference" | "note" | "cancelReason") | ("Delivery", "rejectReason" | "note") => {
            Some(Operation::ReadConfidential)
        }
        _ => None,
    }
}

/// What the chain protects of a change, each part with its length before it, so that no two changes give the same bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sealed<'a> {
    /// Among the changes of its write, from 0.
    pub ordinal: i32,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Principal that wrote.
    pub actor: &'a str,
    /// What was done.
    pub action: &'a str,
    /// GraphQL type of the object.
    pub subject_type: &'a str,
    /// Its key.
    pub subject_key: &'a str,
    /// The country it belongs to.
    pub country: Option<&'a str>,
    /// The organization it belongs to.
    pub organization: Option<&'a str>,
    /// The request it is or belongs to.
    pub request: Option<Uuid>,
    /// Who could see it before, by the column's text.
    pub seen_before: &'a str,
    /// Who can see it after, by the column's text.
    pub seen_after: &'a str,
    /// The column's text.
    pub diff: &'a str,
    /// The column's text.
    pub whole: Option<&'a str>,
}

impl Sealed<'_> {
    /// SHA-256 of everything.
    pub fn digest(&self) -> [u8; 32] {
        let (ordinal, at) = (self.ordinal.to_string(), self.at.timestamp_micros().to_string());
        let request = self.request.map(|id| id.to_string());
        let parts = [
            Some(ordinal.as_str()),
            Some(at.as_str()),
            Some(self.actor),
            Some(self.action),
            Some(self.subject_type),
            Some(self.subject_key),
            self.country,
            self.organization,
            request.as_deref(),
            Some(self.seen_before),
            Some(self.seen_after),
            Some(self.diff),
            self.whole,
        ];
        let mut hash = Sha256::new();
        for part in parts {
            match part {
                Some(text) => hash.update(format!("{}:{text},", text.len())),
                None => hash.update("-,"),
            }
        }
        hash.finalize().into()
    }
}

/// The hash before the first.
pub const GENESIS: [u8; 32] = [0; 32];

/// The next link of the chain.
pub fn link(before: &[u8], sequence: i64, at: DateTime<Utc>, digest: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(sequence.to_be_bytes());
    hash.update(at.timestamp_micros().to_be_bytes());
    hash.update(digest);
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
