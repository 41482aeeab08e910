//! Whether a token is for us, and now.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::auth::token::Refused;

/// Characters of a subject, at most, by OpenID Connect.
const SUBJECT_MAX: usize = 255;
/// Seconds that a token may still be good for. What says it is good for longer was made by mistake.
const LIFE_MAX: u64 = 366 * 24 * 60 * 60;
/// What Keycloak writes into the claim `typ` of what it signs besides access tokens.
const OTHER_TYPES: [&str; 4] = ["ID", "Refresh", "Offline", "Logout"];

/// Which tokens are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) issuer: String,
    /// A token must be for one of them.
    pub(super) audiences: Vec<String>,
    /// By how much the issuer's clock and ours may differ.
    pub(super) leeway_seconds: u64,
}

impl Expected {
    /// Whom the token is about, where it is good at this moment.
    ///
    /// # Errors
    /// Where it is not.
    pub(super) fn subject(&self, claims: &Map<String, Value>, now: DateTime<Utc>) -> Result<String, Refused> {
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err("The token is of another issuer.");
        }
        if !self.is_meant(claims.get("aud")) {
            return Err("The token is for another audience.");
        }
        self.check_time(claims, now)?;
        if claims
            .get("typ")
            .and_then(Value::as_str)
            .is_some_and(|typ| OTHER_TYPES.contains(&typ))
        {
            return Err("The token is no access token.");
        }
        if claims.contains_key("cnf") {
            return Err("The token is bound to a key, and so no bearer token.");
        }
        claims
            .get("sub")
            .and_then(Value::as_str)
            .filter(|subject| is_subject(subject))
            .map(str::to_owned)
            .ok_or("The token's subject is missing or malformed.")
    }

    fn is_meant(&self, audience: Option<&Value>) -> bool {
        let ours = |value: &Value| {
            value
                .as_str()
                .is_some_and(|one| self.audiences.iter().any(|our| our == one))
        };
        match audience {
            Some(Value::Array(all)) => all.iter().all(Value::is_string) && all.iter().any(ours),
            Some(one) => ours(one),
            None => false,
        }
    }

    fn check_time(&self, claims: &Map<String, Value>, now: DateTime<Utc>) -> Result<(), Refused> {
        let now = u64::try_from(now.timestamp()).unwrap_or_default();
        let late = now.saturating_add(self.leeway_seconds);
        let expires_at = moment(claims, "exp")?.ok_or("The token does not say when it expires.")?;
        if expires_at.saturating_add(self.leeway_seconds) <= now {
            return Err("The token has expired.");
        }
        if expires_at > now.saturating_add(LIFE_MAX) {
            return Err("The token is good for too long.");
        }
        if moment(claims, "nbf")?.is_some_and(|at| at > late) {
            return Err("The token is not good yet.");
        }
        if moment(claims, "iat")?.is_some_and(|at| at > late) {
            return Err("The token was made in the future.");
        }
        Ok(())
    }
}

/// A moment in whole seconds; an issuer that writes anything else is no issuer to trust with time.
fn moment(claims: &Map<String, Value>, name: &str) -> Result<Option<u64>, Refused> {
    let value = claims.get(name);
    value
        .map(|value| value.as_u64().ok_or("The token's times are malformed."))
        .transpose()
}

/// What can stand in the database and in a log.
fn is_subject(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= SUBJECT_MAX && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn outcome(claims: &Value) -> Result<String, Refused> {
        let expected = Expected {
            issuer: "https://id.example".into(),
            audiences: vec!["needs".into(), "other".into()],
            leeway_seconds: 30,
        };
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        expected.subject(claims.as_object().unwrap(), now)
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = json!({ "iss": "https://id.example", "aud": "needs", "sub": "ada", "exp": NOW + 60 });
        claims[name] = value;
        claims
    }

    #[test]
    fn a_good_token_names_its_subject() {
        for (name, value) in [
            ("sub", json!("ada")),
            ("aud", json!(["somebody", "needs"])),
            ("aud", json!(["other"])),
            ("exp", json!(NOW - 29)),
            ("exp", json!(NOW + 365 * 86_400)),
            ("nbf", json!(NOW + 30)),
            ("iat", json!(NOW + 30)),
            ("iat", json!(0)),
            ("typ", json!("Bearer")),
        ] {
            assert_eq!(outcome(&with(name, value.clone())), Ok("ada".into()), "{name} {value}");
        }
    }

    #[test]
    fn what_is_not_for_us_or_not_now_is_refused() {
        for (name, value) in [
            ("iss", json!("https://id.example/")),
            ("iss", json!("https://ID.example")),
            ("iss", json!(["https://id.example"])),
            ("aud", json!("Needs")),
            ("aud", json!([])),
            ("aud", json!(["needs", 1])),
            ("aud", json!({ "needs": true })),
            ("aud", Value::Null),
            ("exp", json!(NOW - 30)),
            ("exp", json!((NOW + 60).to_string())),
            ("exp", json!(1_800_000_060.5)),
            ("exp", json!(-1)),
            ("exp", json!(u64::MAX)),
            ("exp", json!(NOW + 367 * 86_400)),
            ("exp", Value::Null),
            ("nbf", json!(NOW + 31)),
            ("nbf", json!("0")),
            ("iat", json!(NOW + 31)),
            ("iat", json!(u64::MAX)),
            ("sub", json!("")),
            ("sub", json!(" ")),
            ("sub", json!("a\u{0}b")),
            ("sub", json!("x".repeat(256))),
            ("sub", json!(7)),
            ("typ", json!("ID")),
            ("cnf", json!({ "jkt": "…" })),
        ] {
            assert!(outcome(&with(name, value.clone())).is_err(), "{name} {value}");
        }
        for missing in ["iss", "aud", "sub", "exp"] {
            let mut claims = with("sub", json!("ada"));
            claims.as_object_mut().unwrap().remove(missing);
            assert!(outcome(&claims).is_err(), "{missing}");
        }
    }
}
