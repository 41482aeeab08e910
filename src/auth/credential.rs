//! What the header holds, told by its form alone.

use crate::auth::refused;
use crate::domain::api_key::is_secret;
use crate::error::Error;

/// What a header can hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Credential<'a> {
    ApiKey(&'a str),
    Jwt(&'a str),
}

impl<'a> Credential<'a> {
    /// # Errors
    /// `UNAUTHENTICATED` where it holds neither.
    pub(super) fn read(header: &'a str) -> Result<Self, Error> {
        let malformed = || refused("The credential is malformed: send it as Authorization: Bearer KEY.");
        let (scheme, token) = header.trim().split_once(' ').ok_or_else(malformed)?;
        let token = token.trim_start();
        if !scheme.eq_ignore_ascii_case("bearer") {
            Err(malformed())
        } else if is_secret(token) {
            Ok(Self::ApiKey(token))
        } else if is_jwt(token) {
            Ok(Self::Jwt(token))
        } else {
            Err(malformed())
        }
    }
}

/// Three parts of base64url, joined by points.
fn is_jwt(token: &str) -> bool {
    let base64 = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    token.split('.').count() == 3 && token.split('.').all(base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Result<Credential<'_>, &'static str> {
        Credential::read(header).map_err(|error| error.code())
    }

    #[test]
    fn a_header_is_a_key_a_token_or_refused() {
        let key = format!("nam_{}", "x".repeat(32));
        assert_eq!(read(&format!("Bearer {key}")), Ok(Credential::ApiKey(&key)));
        assert_eq!(read(&format!("bearer  {key} ")), Ok(Credential::ApiKey(&key)));
        assert_eq!(read("Bearer eyJh.eyJz.c2ln"), Ok(Credential::Jwt("eyJh.eyJz.c2ln")));
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            "Basic dTpw",
            &key,
            "Bearer nam_short",
            "Bearer a.b",
            "Bearer a.b.c.d.e",
            "Bearer a.b.c=",
            "Bearer a.b.ü",
        ] {
            assert_eq!(read(bad), Err("UNAUTHENTICATED"), "{bad}");
        }
    }
}
