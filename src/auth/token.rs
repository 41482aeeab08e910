//! A token as it comes in: form and signature. Nothing in it is believed before its signature has been checked, and
//! nothing in it says where a key is: `jku`, `x5u`, `jwk` and `x5c` are never looked at.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::auth::key::{Algorithm, Key};

/// Bytes of a token, at most.
const MOST: usize = 16 * 1024;

/// Why a token is refused, in words for whoever sent it.
pub(super) type Refused = &'static str;

/// A token whose signature nobody has checked.
#[derive(Debug)]
pub(super) struct Token<'a> {
    message: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
    header: Header,
    algorithm: Algorithm,
}

/// The header, as far as it matters here; a field that stands twice makes it none.
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    cty: Option<IgnoredAny>,
    crit: Option<IgnoredAny>,
    enc: Option<IgnoredAny>,
    zip: Option<IgnoredAny>,
}

impl<'a> Token<'a> {
    /// # Errors
    /// Where it is malformed, or asks for what isn't done here.
    pub(super) fn read(text: &'a str) -> Result<Self, Refused> {
        const MALFORMED: Refused = "The token is malformed.";
        if text.len() > MOST {
            return Err("The token is too long.");
        }
        let (message, signature) = text.rsplit_once('.').ok_or(MALFORMED)?;
        let (header, claims) = message.split_once('.').ok_or(MALFORMED)?;
        let header: Header = serde_json::from_slice(&decoded(header).ok_or(MALFORMED)?).map_err(|_| MALFORMED)?;
        let algorithm = Algorithm::named(&header.alg).ok_or("The token must be signed by RS256, ES256 or EdDSA.")?;
        if header.crit.is_some() || header.enc.is_some() || header.zip.is_some() || header.cty.is_some() {
            return Err("The token asks for an extension that is not taken here.");
        }
        if !header.typ.as_deref().is_none_or(is_access_token) {
            return Err("The token is not of the type of access tokens.");
        }
        Ok(Self {
            message,
            claims,
            signature: decoded(signature).ok_or(MALFORMED)?,
            header,
            algorithm,
        })
    }

    pub(super) fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What it claims, where one of these keys signed it.
    ///
    /// # Errors
    /// Where none did, or the claims are malformed.
    pub(super) fn claims(&self, keys: &[&Key]) -> Result<Map<String, Value>, Refused> {
        let message = self.message.as_bytes();
        let signed = keys
            .iter()
            .any(|key| key.algorithm() == self.algorithm && key.signed(message, &self.signature));
        if !signed {
            return Err("The token's signature is not good.");
        }
        decoded(self.claims)
            .and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or("The token's claims are malformed.")
    }
}

/// Base64url in its one canonical form, without padding.
fn decoded(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

/// `JWT`, or what RFC 9068 calls access tokens. Others are for other ends, like logout or proofs of possession.
fn is_access_token(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str) -> String {
        format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn the_header_says_which_algorithm_and_which_key() {
        for (header, algorithm, id) in [
            (r#"{"alg":"RS256","kid":"1","typ":"JWT"}"#, Algorithm::Rs256, Some("1")),
            (r#"{"alg":"ES256","typ":"at+jwt"}"#, Algorithm::Es256, None),
            (
                r#"{"alg":"EdDSA","typ":"application/at+JWT","jku":"http://x"}"#,
                Algorithm::EdDsa,
                None,
            ),
        ] {
            let text = token(header);
            let token = Token::read(&text).unwrap();
            assert_eq!((token.algorithm(), token.key_id()), (algorithm, id));
        }
    }

    #[test]
    fn what_asks_for_more_than_a_signature_is_refused() {
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"nOnE"}"#,
            r#"{"alg":""}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"RS512"}"#,
            r#"{"alg":"rs256"}"#,
            r#"{"alg":"ES256K"}"#,
            r#"{"alg":["RS256"]}"#,
            r#"{"alg":"none","alg":"RS256"}"#,
            r#"{"alg":"RS256","kid":1}"#,
            r#"{"alg":"RS256","kid":"a","kid":"b"}"#,
            r#"{"alg":"RS256","crit":["exp"]}"#,
            r#"{"alg":"RS256","crit":[]}"#,
            r#"{"alg":"RS256","cty":"JWT"}"#,
            r#"{"alg":"RS256","zip":"DEF"}"#,
            r#"{"alg":"RS256","enc":"A128GCM"}"#,
            r#"{"alg":"RS256","typ":"logout+jwt"}"#,
            r#"{"alg":"RS256","typ":"dpop+jwt"}"#,
            r#"{"kid":"1"}"#,
            "[]",
            "",
        ] {
            assert!(Token::read(&token(header)).is_err(), "{header}");
        }
        assert!(Token::read(&token(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "x".repeat(MOST)))).is_err());
    }

    #[test]
    fn base64_has_one_form() {
        assert_eq!(decoded("YQ").as_deref(), Some(&b"a"[..]));
        for bad in ["YR", "YQ==", "Y", "+/8", "Y Q"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
