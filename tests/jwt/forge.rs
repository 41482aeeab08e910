//! Makes tokens, good ones and others.

use std::process::Command;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

use crate::AUDIENCE;
use crate::common::start_of_tests;

/// Who the good tokens are from.
pub const ISSUER: &str = "https://issuer.example/realms/nam";

/// A key for each algorithm.
pub struct Forger {
    name: &'static str,
    rsa: RsaKeyPair,
    /// The public RSA key as JWK, and as text that programs keep it in.
    pub rsa_jwk: Value,
    pub rsa_pem: String,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

/// The issuer's own keys.
pub fn issuer() -> &'static Forger {
    static KEYS: OnceLock<Forger> = OnceLock::new();
    KEYS.get_or_init(|| Forger::new("issuer"))
}

/// Keys of somebody who would like to be the issuer, under the same ids.
pub fn thief() -> &'static Forger {
    static KEYS: OnceLock<Forger> = OnceLock::new();
    KEYS.get_or_init(|| Forger::new("thief"))
}

/// ring makes no RSA keys; Node.js does.
const RSA: &str = "
    const { privateKey, publicKey } = require('node:crypto').generateKeyPairSync('rsa', { modulusLength: 2048 });
    console.log(JSON.stringify({
        private: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
        pem: publicKey.export({ type: 'spki', format: 'pem' }),
        jwk: publicKey.export({ format: 'jwk' }),
    }))";

pub fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Now, in seconds, as the server takes it.
pub fn now() -> i64 {
    start_of_tests().timestamp()
}

/// Claims that are good.
pub fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": now() + 600, "iat": now(), "name": "Ada", "roles": ["READER"] })
}

/// The same with one of them otherwise.
pub fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

impl Forger {
    fn new(name: &'static str) -> Self {
        let made = Command::new("node").args(["-e", RSA]).output();
        let made = made.expect("the tests need Node.js on the path");
        let made: Value = serde_json::from_slice(&made.stdout).expect("an RSA key");
        let random = SystemRandom::new();
        let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let rsa = STANDARD.decode(made["private"].as_str().unwrap()).unwrap();
        Self {
            name,
            rsa: RsaKeyPair::from_pkcs8(&rsa).unwrap(),
            rsa_jwk: made["jwk"].clone(),
            rsa_pem: made["pem"].as_str().unwrap().to_owned(),
            ec: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, ec.as_ref(), &random).unwrap(),
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap(),
        }
    }

    /// The public keys, by the ids `rsa`, `ec` and `ed`.
    pub fn jwks(&self) -> Value {
        let mut rsa = self.rsa_jwk.clone();
        rsa["kid"] = "rsa".into();
        let point = self.ec.public_key().as_ref();
        json!({ "keys": [
            rsa,
            { "kty": "EC", "crv": "P-256", "kid": "ec", "x": encoded(&point[1..33]), "y": encoded(&point[33..]) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": encoded(self.ed.public_key()) },
        ] })
    }

    /// A file with the public keys, for `JWT_JWKS`.
    pub fn file(&self) -> String {
        let name = format!("nam-needs-{}-{}.jwks.json", std::process::id(), self.name);
        let path = std::env::temp_dir().join(name);
        // Tests run side by side: one must not read what another has half written.
        static ONCE: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _alone = ONCE.lock().unwrap();
        if !path.is_file() {
            std::fs::write(&path, self.jwks().to_string()).unwrap();
        }
        path.display().to_string()
    }

    /// The settings of a server that takes this one's tokens.
    pub fn settings(&self) -> Vec<String> {
        vec![
            format!("--jwt-issuer={ISSUER}"),
            format!("--jwt-audience={AUDIENCE}"),
            format!("--jwt-jwks={}", self.file()),
        ]
    }

    /// Signs by the key of this id.
    pub fn signature(&self, id: &str, message: &str) -> Vec<u8> {
        let (random, message) = (SystemRandom::new(), message.as_bytes());
        match id {
            "rsa" => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa
                    .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            "ec" => self.ec.sign(&random, message).unwrap().as_ref().to_vec(),
            "ed" => self.ed.sign(message).as_ref().to_vec(),
            _ => panic!("no key {id}"),
        }
    }

    /// A token with this header and these claims, as texts, signed by the key of this id.
    pub fn text(&self, id: &str, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encoded(header), encoded(claims));
        let signature = self.signature(id, &message);
        format!("{message}.{}", encoded(signature))
    }

    /// A token with the header that belongs to the key.
    pub fn token(&self, id: &str, claims: &Value) -> String {
        self.text(id, &header(id).to_string(), &claims.to_string())
    }

    /// A token with more in its header.
    pub fn token_with(&self, id: &str, name: &str, value: Value) -> String {
        let mut header = header(id);
        header[name] = value;
        self.text(id, &header.to_string(), &claims().to_string())
    }
}

/// The header that belongs to the key of this id.
pub fn header(id: &str) -> Value {
    let algorithm = match id {
        "rsa" => "RS256",
        "ec" => "ES256",
        _ => "EdDSA",
    };
    json!({ "alg": algorithm, "kid": id, "typ": "JWT" })
}
