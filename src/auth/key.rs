//! The issuer's public keys. Each checks signatures of the one algorithm that it is made for, so that no token can
//! choose another for it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Keys that an issuer may have at once: more than any has.
const MOST: usize = 100;
/// Bytes of an RSA modulus: 2,048 to 8,192 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1_024;

/// The algorithms that are taken. None is symmetric: whoever can check a token must not be able to make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
}

impl Algorithm {
    /// The one of exactly this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// A key that checks signatures.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key {
    id: Option<String>,
    material: Material,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.algorithm(), self.id)
    }
}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Key {
    pub(super) const fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256(_) => Algorithm::Es256,
            Material::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    /// Whether this key's owner signed the message.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let checked = match &self.material {
            Material::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            Material::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
            Material::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
        };
        checked.is_ok()
    }
}

/// All keys of an issuer, as it told them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// The usable keys of a JSON Web Key Set. What is for another use or algorithm is passed over: an issuer may have
    /// such keys beside.
    ///
    /// # Errors
    /// A text where it is none, or has no usable key.
    pub(super) fn read(json: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Told {
            keys: Vec<Value>,
        }
        let Told { keys } =
            serde_json::from_slice(json).map_err(|error| format!("it is no JSON Web Key Set: {error}"))?;
        if keys.len() > MOST {
            return Err(format!("it has {} keys; at most {MOST} are taken", keys.len()));
        }
        let usable: Vec<Key> = keys
            .into_iter()
            .filter_map(|key| serde_json::from_value::<Jwk>(key).ok()?.key())
            .collect();
        if usable.is_empty() {
            return Err("it has no key for RS256, ES256 or EdDSA".into());
        }
        Ok(Self(usable))
    }

    /// The keys that a token can mean by this id. One without an id means the only key of its algorithm.
    pub(super) fn meant(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<&Key> {
        let fit = self.0.iter().filter(|key| key.algorithm() == algorithm);
        match id {
            Some(id) => fit.filter(|key| key.id.as_deref() == Some(id)).collect(),
            None => {
                let fit: Vec<_> = fit.collect();
                if fit.len() == 1 { fit } else { Vec::new() }
            }
        }
    }

    /// Whether some key has this id, for whichever algorithm.
    pub(super) fn has(&self, id: Option<&str>) -> bool {
        id.is_some() && self.0.iter().any(|key| key.id.as_deref() == id)
    }
}

/// A JSON Web Key, as far as it matters here.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<IgnoredAny>,
}

impl Jwk {
    /// The key, where it is a public one for signatures by one of our algorithms.
    fn key(self) -> Option<Key> {
        let verifies = self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self
                .key_ops
                .as_ref()
                .is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if self.d.is_some() {
            tracing::warn!(kid = self.kid, "the issuer shows a private key, which is passed over");
            return None;
        }
        let material = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let (n, e) = (bytes(self.n.as_ref())?, bytes(self.e.as_ref())?);
                (MODULUS.contains(&n.len()) && e.len() <= 8).then_some(Material::Rsa { n, e })?
            }
            ("EC", Some("P-256")) => {
                {
                    // An uncompressed point begins with 4.
                    let (x, y) = (point(self.x.as_ref())?, point(self.y.as_ref())?);
                    Material::P256([vec![4], x, y].concat())
                }
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519(point(self.x.as_ref())?),
            _ => return None,
        };
        let key = Key { id: self.kid, material };
        // An Ed25519 key's algorithm has two names: of RFC 8037 and of RFC 9864.
        let fits = self.alg.is_none_or(|name| {
            Algorithm::named(&name) == Some(key.algorithm())
                || (name == "Ed25519" && key.algorithm() == Algorithm::EdDsa)
        });
        (verifies && fits).then_some(key)
    }
}

/// A number without the zeros before it.
fn bytes(text: Option<&String>) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text?).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Some(bytes[zeros..].to_vec())
}

/// A coordinate of a curve of 256 bits.
fn point(text: Option<&String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok().filter(|bytes| bytes.len() == 32)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(keys: &Value) -> Result<KeySet, String> {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes())
    }

    fn number(length: usize) -> String {
        URL_SAFE_NO_PAD.encode(vec![0xff; length])
    }

    #[test]
    fn each_key_has_the_algorithm_of_its_kind() {
        let keys = set(&json!([
            { "kty": "RSA", "kid": "r", "use": "sig", "n": number(256), "e": "AQAB", "x5c": ["…"] },
            { "kty": "EC", "kid": "e", "alg": "ES256", "crv": "P-256", "x": number(32), "y": number(32) },
            { "kty": "OKP", "kid": "o", "alg": "Ed25519", "crv": "Ed25519", "x": number(32), "key_ops": ["verify"] },
        ]))
        .unwrap();
        for (id, algorithm) in [
            ("r", Algorithm::Rs256),
            ("e", Algorithm::Es256),
            ("o", Algorithm::EdDsa),
        ] {
            for other in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
                let meant = keys.meant(Some(id), other).len();
                assert_eq!(meant, usize::from(other == algorithm), "{id} {other:?}");
            }
        }
        assert_eq!(keys.meant(None, Algorithm::Es256).len(), 1);
        assert!(keys.meant(Some("x"), Algorithm::Rs256).is_empty());
        assert!(keys.has(Some("r")) && !keys.has(Some("x")) && !keys.has(None));
    }

    #[test]
    fn a_token_without_a_key_id_means_the_only_key() {
        let two = set(&json!([
            { "kty": "OKP", "kid": "a", "crv": "Ed25519", "x": number(32) },
            { "kty": "OKP", "kid": "b", "crv": "Ed25519", "x": number(32) },
        ]));
        assert!(two.unwrap().meant(None, Algorithm::EdDsa).is_empty());
    }

    #[test]
    fn what_is_no_key_of_ours_is_passed_over() {
        let good = json!({ "kty": "OKP", "kid": "good", "crv": "Ed25519", "x": number(32) });
        for bad in [
            json!({ "kty": "oct", "k": number(32) }),
            json!({ "kty": "RSA", "n": number(128), "e": "AQAB" }),
            json!({ "kty": "RSA", "n": number(2_000), "e": "AQAB" }),
            json!({ "kty": "RSA", "n": number(256) }),
            json!({ "kty": "RSA", "n": number(256), "e": "AQAB", "alg": "RS512" }),
            json!({ "kty": "RSA", "n": number(256), "e": "AQAB", "alg": "PS256" }),
            json!({ "kty": "RSA", "n": number(256), "e": "AQAB", "alg": "HS256" }),
            json!({ "kty": "RSA", "n": number(256), "e": "AQAB", "use": "enc" }),
            json!({ "kty": "RSA", "n": number(256), "e": "AQAB", "key_ops": ["encrypt"] }),
            json!({ "kty": "RSA", "n": number(256), "e": "AQAB", "d": "AQAB" }),
            json!({ "kty": "RSA", "n": "+/==", "e": "AQAB" }),
            json!({ "kty": "EC", "crv": "P-384", "x": number(48), "y": number(48) }),
            json!({ "kty": "EC", "crv": "P-256", "x": number(31), "y": number(32) }),
            json!({ "kty": "OKP", "crv": "X25519", "x": number(32) }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": number(33) }),
            json!({ "kty": 1 }),
            json!("key"),
        ] {
            assert_eq!(set(&json!([bad, good])).unwrap().0.len(), 1, "{bad}");
            assert!(set(&json!([bad])).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for bad in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]}"#] {
            assert!(KeySet::read(bad.as_bytes()).is_err(), "{bad}");
        }
        let many = vec![json!({ "kty": "OKP", "crv": "Ed25519", "x": number(32) }); MOST + 1];
        assert!(set(&many.into()).is_err());
    }
}
