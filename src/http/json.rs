//! JSON taken strictly: bounded in nesting before it is parsed, and with each key of an object once.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A JSON value; an object that names a key twice is none.
struct Strict(Value);

/// Parses a JSON text.
///
/// # Errors
/// A text that says what is wrong with it.
pub fn parse(bytes: &[u8], nesting: usize) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    if depth(text) > nesting {
        return Err(format!("it nests deeper than {nesting} levels"));
    }
    serde_json::from_str(text)
        .map(|Strict(value)| value)
        .map_err(|error| error.to_string())
}

/// Brackets open at once, at most; those within strings don't count.
fn depth(text: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                open += 1;
                most = most.max(open);
            }
            b']' | b'}' if !quoted => open = open.saturating_sub(1),
            _ => {}
        }
    }
    most
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                let shown: String = key.chars().take(40).collect();
                return Err(A::Error::custom(format_args!("the key {shown:?} stands twice")));
            }
            let Strict(value) = entries.next_value()?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_good_is_taken_as_it_is() {
        let text = r#" {"a":[1,-2,1.5,true,null,"x\"[[["],"b":{"a":{}}} "#;
        let value = json!({"a": [1, -2, 1.5, true, null, "x\"[[["], "b": {"a": {}}});
        assert_eq!(parse(text.as_bytes(), 3), Ok(value));
    }

    #[test]
    fn what_is_not_is_refused() {
        for (text, why) in [
            (&b"{\"a\":1,\"a\":1}"[..], "twice"),
            (b"{\"v\":{\"a\":1,\"a\":1}}", "twice"),
            (b"[[[[1]]]]", "nests"),
            (b"{\"a\": 1} x", "trailing"),
            (b"{\"a\": 1e400}", "out of range"),
            (b"{\"a\": \"\\ud800\"}", "hex escape"),
            (b"\"\xff\"", "UTF-8"),
            (b"", "EOF"),
        ] {
            let told = parse(text, 3).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }
}
