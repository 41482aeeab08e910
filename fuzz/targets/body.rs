//! The body of a request: read as `serde_json` reads it, but for the two things that we refuse, a key that stands twice
//! and deep nesting; and the parameters in it the same by POST and by GET.

use nam_needs::domain::limits::Limits;
use nam_needs::http::json;
use nam_needs::http::params::Params;
use serde_json::Value;

pub const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud83d\\ude00",
    "\\ud800",
    "null",
    "true",
    "1e400",
    "-0",
    "0.1",
    "18446744073709551616",
    "\"query\":",
    "\"variables\":",
    "\"operationName\":",
    "\"extensions\":",
    "\"documentId\":",
    "\"persistedQuery\":{\"version\":1,\"sha256Hash\":\"00\"}",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "\u{FEFF}",
    "é",
    "&query=",
    "%7B",
    "%",
    "+",
];

pub fn run(bytes: &[u8]) {
    let nesting = Limits::default().nesting;
    let reference = serde_json::from_slice::<Value>(bytes);
    match (json::parse(bytes, nesting), reference) {
        (Ok(ours), Ok(reference)) => assert_eq!(ours, reference),
        (Ok(_), Err(error)) => panic!("taken, though: {error}"),
        (Err(why), Ok(reference)) if why.contains("nests deeper") => assert!(depth(&reference) > nesting, "{why}"),
        (Err(why), Ok(reference)) if why.contains("stands twice") => {
            assert!(colons(bytes) > keys(&reference), "no key stands twice");
        }
        (Err(why), Ok(_)) => panic!("refused: {why}"),
        (Err(why), Err(_)) => assert!(!why.is_empty()),
    }
    match Params::of_body(bytes, nesting) {
        Ok(params) => {
            // serde_json may read a float of 17 digits as its neighbour, so that it moves each time it is printed.
            let params = without_floats(params);
            let body = body(&params);
            let again = Params::of_body(body.to_string().as_bytes(), nesting);
            assert_eq!(again.map_err(|error| error.message()).as_ref(), Ok(&params));
            let again = Params::of_query_string(&query_string(&body), nesting);
            let again = again.map_err(|error| error.message());
            // A query string says "" where a body may say nothing.
            let without_name = |params: &Params| Params {
                operation_name: params.operation_name.clone().filter(|name| !name.is_empty()),
                ..params.clone()
            };
            assert_eq!(again.as_ref().map(without_name), Ok(without_name(&params)));
        }
        Err(error) => assert_eq!(error.code(), "BAD_USER_INPUT"),
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Err(error) = Params::of_query_string(text, nesting)
    {
        assert_eq!(error.code(), "BAD_USER_INPUT");
    }
}

fn without_floats(mut params: Params) -> Params {
    fn clear(value: &mut Value) {
        match value {
            Value::Number(number) if number.is_f64() => *value = Value::Null,
            Value::Array(all) => all.iter_mut().for_each(clear),
            Value::Object(all) => all.values_mut().for_each(clear),
            _ => {}
        }
    }
    params.variables.values_mut().for_each(clear);
    params.extensions.values_mut().for_each(clear);
    params
}

/// A body with these parameters.
fn body(params: &Params) -> Value {
    let mut object = serde_json::Map::new();
    for (name, text) in [
        ("query", &params.query),
        ("documentId", &params.document_id),
        ("operationName", &params.operation_name),
    ] {
        if let Some(text) = text {
            object.insert(name.into(), text.clone().into());
        }
    }
    object.insert("variables".into(), params.variables.clone().into());
    object.insert("extensions".into(), params.extensions.clone().into());
    object.into()
}

fn query_string(body: &Value) -> String {
    let pairs = body.as_object().unwrap().iter().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("{name}={encoded}")
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(all) => 1 + all.iter().map(depth).max().unwrap_or(0),
        Value::Object(all) => 1 + all.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn keys(value: &Value) -> usize {
    match value {
        Value::Array(all) => all.iter().map(keys).sum(),
        Value::Object(all) => all.len() + all.values().map(keys).sum::<usize>(),
        _ => 0,
    }
}

/// How many keys a JSON text names, those that stand twice too: colons outside of strings.
fn colons(bytes: &[u8]) -> usize {
    let (mut quoted, mut escaped, mut count) = (false, false, 0);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b':' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}
