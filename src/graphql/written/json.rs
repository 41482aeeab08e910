//! What the executor answers, as JSON.

use std::fmt;

use async_graphql::Value;
use serde::Serialize;

use crate::graphql::scalar::Print;

/// Bytes that close what is around an object or a list, about.
const CLOSING: usize = 32;

/// Writes a value. [`Value::Binary`] is JSON already.
pub fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(true) => out.extend_from_slice(b"true"),
        Value::Boolean(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => plain(out, number),
        Value::String(string) => text(out, string),
        Value::Enum(name) => text(out, name),
        Value::Binary(json) => {
            // With room for what closes it: what is long would be moved for a bracket.
            out.reserve(json.len().saturating_add(CLOSING));
            out.extend_from_slice(json);
        }
        Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(out, item);
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (index, (name, field)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                text(out, name);
                out.push(b':');
                write(out, field);
            }
            out.push(b'}');
        }
    }
}

/// Writes a text, with its escapes.
pub fn text(out: &mut Vec<u8>, text: &str) {
    // Nearly no text has any.
    if has_escapes(text.as_bytes()) {
        return plain(out, text);
    }
    quoted(out, text);
}

/// Writes a text that needs no escapes: a name of the schema, say.
pub fn quoted(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len().saturating_add(2));
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Whether a byte of it is written otherwise in JSON: a control, a quotation mark or a reverse solidus. Eight at a time, because
/// most texts are short.
fn has_escapes(bytes: &[u8]) -> bool {
    let (eights, rest) = bytes.as_chunks::<8>();
    let mut last = [b' '; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    eights.iter().chain([&last]).any(|eight| is_any_escaped(*eight))
}

/// A byte's highest bit is set in the difference where the byte is below the other, unless it was set before; what differs in
/// nothing is below one. (A borrow may mark the byte after one that is marked rightly, which changes nothing.)
fn is_any_escaped(bytes: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHEST: u64 = u64::from_ne_bytes([0x80; 8]);
    let bytes = u64::from_le_bytes(bytes);
    let below = |bytes: u64, limit: u8| bytes.wrapping_sub(ONES * u64::from(limit)) & !bytes;
    let is = |byte: u8| below(bytes ^ (ONES * u64::from(byte)), 1);
    (below(bytes, b' ') | is(b'"') | is(b'\\')) & HIGHEST != 0
}

/// Writes a scalar whose text needs no escapes.
pub fn printed(out: &mut Vec<u8>, value: &impl Print) {
    out.push(b'"');
    // Memory takes all bytes.
    let _ = value.print(&mut Bytes(out));
    out.push(b'"');
}

/// Takes text as bytes.
struct Bytes<'a>(&'a mut Vec<u8>);

impl fmt::Write for Bytes<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Writes what is JSON by itself: a text, a number, a truth.
pub fn plain(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let begin = out.len();
    // Nothing of the kind can fail: memory takes all bytes, and there are no keys.
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(begin);
        out.extend_from_slice(b"null");
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::value;
    use proptest::prelude::*;

    use super::*;

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        write(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_json_already_stands_as_it_is() {
        let row = Value::Binary(r#"{"a":[1,"é"]}"#.into());
        let value = Value::List(vec![row.clone(), Value::Null, row]);
        assert_eq!(written(&value), r#"[{"a":[1,"é"]},null,{"a":[1,"é"]}]"#);
    }

    proptest! {
        #[test]
        fn a_value_is_written_as_its_library_writes_it(
            texts in prop::collection::vec(prop_oneof![".*", any::<String>(), "[ -~]*", "[\"\\\\\u{0}-\u{7f}é]*"], 0..8),
            number: i64,
            float: f64,
        ) {
            let value = value!({ "texts": texts, "number": number, "float": float, "none": null, "yes": true });
            prop_assert_eq!(written(&value), serde_json::to_string(&value).unwrap());
        }
    }
}
