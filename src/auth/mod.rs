//! From the `Authorization` header to the actor. A credential that is not good is an error, never a silent anonymous
//! viewer.
//!
//! Law of the room: async-graphql is never named here.

use crate::domain::actor::{Actor, Principal};
use crate::domain::api_key::is_secret;
use crate::error::Error;
use crate::store::{Store, api_key};

/// Who sends this header. One lookup a request and no cache: a key that is revoked stops to work at once.
///
/// # Errors
/// `UNAUTHENTICATED` where the credential is malformed, unknown, revoked or expired; the database's.
pub async fn authenticate(store: &Store, header: Option<&str>) -> Result<Actor, Error> {
    let Some(header) = header else {
        return Ok(Actor::anonymous());
    };
    match Credential::read(header)? {
        Credential::ApiKey(secret) => by_api_key(store, secret).await,
        // Tokens of an OpenID Connect issuer are checked here, once one can be configured.
        Credential::Jwt => Err(refused("JWT is not configured: send an API key.")),
    }
}

/// What a header can hold.
#[derive(Debug, PartialEq, Eq)]
enum Credential<'a> {
    ApiKey(&'a str),
    Jwt,
}

impl<'a> Credential<'a> {
    fn read(header: &'a str) -> Result<Self, Error> {
        let malformed = || refused("The credential is malformed: send it as Authorization: Bearer KEY.");
        let (scheme, token) = header.trim().split_once(' ').ok_or_else(malformed)?;
        let token = token.trim_start();
        if !scheme.eq_ignore_ascii_case("bearer") {
            Err(malformed())
        } else if is_secret(token) {
            Ok(Self::ApiKey(token))
        } else if is_jwt(token) {
            Ok(Self::Jwt)
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

async fn by_api_key(store: &Store, secret: &str) -> Result<Actor, Error> {
    let Some(key) = api_key::by_secret(store, secret).await? else {
        return Err(refused("The API key is unknown."));
    };
    if key.revoked_at.is_some() {
        return Err(refused("The API key was revoked."));
    }
    if key.expires_at.is_some_and(|at| at <= store.now()) {
        return Err(refused("The API key has expired."));
    }
    api_key::used(store, &key);
    Ok(Actor {
        principal: Principal::Key(key.id),
        name: Some(key.name),
        roles: key.roles,
        country: key.country,
        organization: key.organization,
    })
}

fn refused(why: &str) -> Error {
    Error::Unauthenticated(why.into())
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
        assert_eq!(read("Bearer eyJh.eyJz.c2ln"), Ok(Credential::Jwt));
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            "Basic dTpw",
            &key,
            "Bearer nam_short",
            "Bearer a.b",
            "Bearer a.b.ü",
        ] {
            assert_eq!(read(bad), Err("UNAUTHENTICATED"), "{bad}");
        }
    }
}
