//! What the executor answers, as JSON.

use std::fmt;

use async_graphql::Value;
use serde::Serialize;

use crate::graphql::scalar::Print;

/// Writes a value. [`Value::Binary`] is JSON already.
pub fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(true) => out.extend_from_slice(b"true"),
        Value::Boolean(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => plain(out, number),
        Value::String(string) => text(out, string),
        Value::Enum(name) => text(out, name),
        Value::Binary(json) => out.extend_from_slice(json),
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
    // Nearly no text has any. Looked at as a whole and not up to the first, which the processor does many bytes at a time.
    let escapes = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    if text.bytes().fold(false, |any, byte| any | escapes(byte)) {
        return plain(out, text);
    }
    out.reserve(text.len().saturating_add(2));
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
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
