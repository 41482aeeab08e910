//! What a client calls itself: a name that says whose ids of trusted documents it means. It gives no right.

use actix_web::http::header::HeaderMap;
use serde_json::{Map, Value};

/// Headers that tell it, and keys of the payload of `connection_init`; the second is what Apollo's clients send.
pub const NAMES: [&str; 2] = ["graphql-client-name", "apollographql-client-name"];

/// Headers that clients send beside it, and that mean nothing here.
pub const VERSIONS: [&str; 2] = ["graphql-client-version", "apollographql-client-version"];

/// The name that a request's headers tell.
pub fn of_headers(headers: &HeaderMap) -> Option<String> {
    let told = NAMES.iter().filter_map(|name| headers.get(*name)?.to_str().ok());
    named(told)
}

/// The name that the payload of `connection_init` tells.
pub fn of_payload(payload: &Map<String, Value>) -> Option<String> {
    let value = |wanted: &&str| {
        let found = payload.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.and_then(|(_, value)| value.as_str())
    };
    named(NAMES.iter().filter_map(value))
}

fn named<'a>(mut told: impl Iterator<Item = &'a str>) -> Option<String> {
    told.find(|name| !name.is_empty()).map(str::to_owned)
}
