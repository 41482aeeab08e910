//! From what a client sends in place of a document to its text: trusted documents, which the operator registers, and
//! automatic persisted queries, which clients register by sending them once.

mod library;
mod manifest;

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use sha2::{Digest, Sha256};

pub use self::library::Library;
use self::library::Registered;
use crate::error::Error;
use crate::http::cache::{Cache, Key};
use crate::http::params::Params;

/// Documents that clients register, at most.
const REMEMBERED: usize = 20_000;
/// Bytes that one takes beside its text.
const OVERHEAD: usize = 128;

/// What the operator decides of documents.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is registered.
    pub library: Arc<Library>,
    /// Whether nothing else is executed.
    pub only: bool,
    /// Bytes that the documents may take which clients register; 0 where they may not.
    pub persisted_bytes: usize,
}

/// All documents that a client can name without sending them.
pub struct Documents {
    settings: Settings,
    persisted: Cache<String>,
}

/// The document that a client asks for.
pub struct Found<'a> {
    /// Its text.
    pub text: Cow<'a, str>,
    /// Under which name it is registered, where the operator did.
    pub trusted: Option<Trusted>,
    /// Under which hash it is to be remembered, once it is known to be good.
    hash: Option<Key>,
}

/// A document that is to be remembered under its hash.
pub struct Fresh {
    hash: Key,
    text: String,
}

impl Found<'_> {
    /// The document, where its client wants it to be remembered.
    pub fn fresh(&self) -> Option<Fresh> {
        let text = || self.text.clone().into_owned();
        self.hash.map(|hash| Fresh { hash, text: text() })
    }
}

/// The name of a document that the operator registered: a text of the operator's, never the client's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// For which client, where each has its own.
    pub client: Option<Arc<str>>,
    /// Its id.
    pub id: Arc<str>,
}

impl Display for Trusted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.client {
            Some(client) => write!(f, "{client}~{}", self.id),
            None => f.write_str(&self.id),
        }
    }
}

impl Documents {
    /// Documents by these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            persisted: Cache::new(REMEMBERED, settings.persisted_bytes),
            settings,
        }
    }

    /// Whether only registered documents are executed.
    pub const fn only_trusted(&self) -> bool {
        self.settings.only
    }

    /// The document that `client` asks for.
    ///
    /// # Errors
    /// `PERSISTED_QUERY_NOT_FOUND` where it is named and not known, `PERSISTED_QUERY_REQUIRED` where it is sent and only
    /// registered ones are executed, `BAD_USER_INPUT` where text and name do not belong together.
    pub fn find<'a>(&'a self, client: Option<&str>, params: &'a Params) -> Result<Found<'a>, Error> {
        match (&params.query, &params.document_id, &params.hash) {
            (Some(_), Some(_), _) => {
                let why = "Send the document as query, or its id as documentId, and not both.";
                Err(Error::BadUserInput(why.into()))
            }
            (None, Some(name), _) | (None, None, Some(name)) => self.named(client, name),
            (Some(text), None, hash) => self.sent(client, text, hash.as_deref()),
            (None, None, None) => Err(Error::BadUserInput("No document is asked for.".into())),
        }
    }

    fn named(&self, client: Option<&str>, name: &str) -> Result<Found<'_>, Error> {
        if let Some(registered) = self.settings.library.find(client, name) {
            return Ok(trusted(registered));
        }
        let hex = name.strip_prefix("sha256:").unwrap_or(name);
        let known = sha256(hex)
            .filter(|_| !self.settings.only)
            .and_then(|hash| self.persisted.get(&hash));
        let text = known.ok_or(Error::PersistedQueryNotFound)?;
        Ok(Found {
            text: Cow::Owned(String::clone(&text)),
            trusted: None,
            hash: None,
        })
    }

    fn sent<'a>(&'a self, client: Option<&str>, text: &'a str, hash: Option<&str>) -> Result<Found<'a>, Error> {
        let registered = hash.and_then(|hash| self.settings.library.find(client, hash));
        if let Some(registered) = registered.filter(|registered| registered.text == text) {
            return Ok(trusted(registered));
        }
        if self.settings.only {
            return Err(Error::PersistedQueryRequired);
        }
        let hash = match hash {
            Some(given) => Some(own_hash(given, text)?),
            None => None,
        };
        Ok(Found {
            text: Cow::Borrowed(text),
            trusted: None,
            hash,
        })
    }

    /// Remembers a document that was found good.
    pub fn keep(&self, fresh: Fresh) {
        let Fresh { hash, text } = fresh;
        if self.persisted.get(&hash).is_none() {
            let bytes = text.len().saturating_add(OVERHEAD);
            self.persisted.insert(hash, Arc::new(text), bytes);
        }
    }
}

fn trusted(registered: &Registered) -> Found<'_> {
    Found {
        text: Cow::Borrowed(&registered.text),
        trusted: Some(registered.name.clone()),
        hash: None,
    }
}

/// The hash of a document that came with it, where it is its own: whoever could register a document under the hash of
/// another would have others execute it.
fn own_hash(given: &str, text: &str) -> Result<Key, Error> {
    let own: Key = Sha256::digest(text).into();
    if sha256(given) == Some(own) {
        Ok(own)
    } else {
        let why = "extensions.persistedQuery.sha256Hash is not the SHA-256 of query in lower-case hexadecimal digits.";
        Err(Error::BadUserInput(why.into()))
    }
}

/// 64 lower-case hexadecimal digits as bytes.
fn sha256(hex: &str) -> Option<Key> {
    let mut key: Key = [0; 32];
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if pairs.len() != key.len() || !rest.is_empty() || hex.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    for (byte, [high, low]) in key.iter_mut().zip(pairs) {
        let digit = |digit: u8| {
            char::from(digit)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        *byte = digit(*high)? * 16 + digit(*low)?;
    }
    Some(key)
}

#[cfg(test)]
mod tests;
