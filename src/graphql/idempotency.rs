//! The idempotency key of an input, and the hash by which the same input is known again.

use std::collections::BTreeMap;

use async_graphql::{InputObject, InputType, Value};
use sha2::{Digest, Sha256};

use crate::domain::problem::{Path, Problems};
use crate::domain::text::{self, KEY_MAX};

/// The name of the key's field.
const FIELD: &str = "idempotencyKey";

/// What every input of a mutation has beside its own fields.
#[derive(InputObject, Clone, Debug, Default)]
pub struct Idempotency {
    /// Makes it safe to send the mutation again. A text of your own, 1 to 255 characters: take a fresh random UUID each
    /// time the user means to do something, and keep it until there is an answer. After a lost connection, TIMEOUT or
    /// UNAVAILABLE send the same input with the same key: what was done is not done again, and the answer shows the same
    /// objects as they are now. A key that did something is kept for 7 days; with another input or mutation it is
    /// IDEMPOTENCY_MISMATCH. What was refused is not kept: mend the input and use the same key, or a new one.
    idempotency_key: Option<String>,
}

impl Idempotency {
    /// The key as it is kept; none where none was given, or where a problem was noted.
    pub fn key(&self, problems: &mut Problems) -> Option<String> {
        let key = self.idempotency_key.as_deref();
        text::optional(key, KEY_MAX, &Path::Root.field(FIELD), problems)
    }
}

/// The hash of an input: of its coerced values, whatever the order and the form in which they were written, without its
/// key. `given` is the argument with its variables put in, which alone tells an explicit null from nothing.
pub fn hash(input: &impl InputType, given: Option<&Value>) -> [u8; 32] {
    let mut text = String::new();
    write(&without_key(coerced(input.to_value(), given)), &mut text);
    Sha256::digest(text).into()
}

/// The values with their defaults, as far as they were given: what is null without being given is absent.
fn coerced(value: Value, given: Option<&Value>) -> Value {
    match (value, given) {
        (Value::Object(fields), given) => {
            let given = match given {
                Some(Value::Object(given)) => Some(given),
                _ => None,
            };
            let fields = fields.into_iter().filter_map(|(name, value)| {
                let given = given.and_then(|given| given.get(&name));
                let absent = value == Value::Null && given.is_none();
                (!absent).then(|| (name, coerced(value, given)))
            });
            Value::Object(fields.collect())
        }
        (Value::List(values), Some(Value::List(given))) => {
            let values = values.into_iter().enumerate();
            Value::List(values.map(|(index, value)| coerced(value, given.get(index))).collect())
        }
        // A single value where a list is expected was made a list of it.
        (Value::List(values), given) => Value::List(values.into_iter().map(|value| coerced(value, given)).collect()),
        (value, _) => value,
    }
}

fn without_key(input: Value) -> Value {
    match input {
        Value::Object(mut fields) => {
            fields.shift_remove(FIELD);
            Value::Object(fields)
        }
        other => other,
    }
}

/// JSON without spaces, the fields of an object in the order of their names.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<&str, &Value> = fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
            out.push('{');
            for (index, (name, value)) in fields.into_iter().enumerate() {
                out.push_str(if index == 0 { "\"" } else { ",\"" });
                // A name of GraphQL has nothing to escape.
                out.push_str(name);
                out.push_str("\":");
                write(value, out);
            }
            out.push('}');
        }
        Value::List(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(value, out);
            }
            out.push(']');
        }
        Value::Enum(name) => out.push_str(&serde_json::Value::from(name.as_str()).to_string()),
        Value::String(text) => out.push_str(&serde_json::Value::from(text.as_str()).to_string()),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::Boolean(flag) => out.push_str(if *flag { "true" } else { "false" }),
        // No scalar of ours is of bytes.
        Value::Null | Value::Binary(_) => out.push_str("null"),
    }
}

#[cfg(test)]
mod tests;
