//! The issuer whose tokens are taken.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;

use crate::auth::claims::Expected;
use crate::auth::key::KeySet;
use crate::auth::keyring::Keyring;
use crate::auth::mapping::Mapping;
use crate::auth::refused;
use crate::auth::settings::TokenSettings;
use crate::auth::token::Token;
use crate::domain::actor::{Actor, Principal};
use crate::domain::reference::Reference;
use crate::error::Error;

#[derive(Debug)]
pub(super) struct Issuer {
    expected: Expected,
    mapping: Mapping,
    keys: Arc<Keyring>,
}

impl Issuer {
    /// The issuer that the settings name, if they name one.
    ///
    /// # Errors
    /// A text that names the setting that is wrong. An issuer that is away at the moment is none.
    pub(super) fn new(settings: &TokenSettings) -> Result<Option<Self>, String> {
        let Some(issuer) = settings.issuer.as_deref() else {
            settings.check_absent()?;
            return Ok(None);
        };
        let every = Duration::from_secs(settings.refresh_seconds.into());
        Ok(Some(Self {
            expected: settings.expected(issuer)?,
            mapping: settings.mapping()?,
            keys: Arc::new(Keyring::new(settings.source(issuer)?, every)?),
        }))
    }

    pub(super) fn begin(&self, runtime: &Handle) {
        runtime.spawn(Arc::clone(&self.keys).keep_fresh());
    }

    /// Who holds this token.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` where it is not good; `UNAVAILABLE` where no key of the issuer was ever known.
    pub(super) async fn actor(&self, text: &str, reference: &Reference, now: DateTime<Utc>) -> Result<Actor, Error> {
        let token = Token::read(text).map_err(refused)?;
        let keys = self.keys_for(&token).await?;
        let meant = keys.meant(token.key_id(), token.algorithm());
        if meant.is_empty() {
            return Err(refused("The token is signed by a key that is not the issuer's."));
        }
        let claims = token.claims(&meant).map_err(refused)?;
        let subject = self.expected.subject(&claims, now).map_err(refused)?;
        let principal = Principal::Token {
            issuer: self.expected.issuer.clone(),
            subject,
        };
        self.mapping.actor(&claims, principal, reference).map_err(refused)
    }

    /// The issuer's keys, asked for anew where this token is signed by one that nobody has seen.
    async fn keys_for(&self, token: &Token<'_>) -> Result<Arc<KeySet>, Error> {
        let is_known =
            |keys: &KeySet| keys.has(token.key_id()) || !keys.meant(token.key_id(), token.algorithm()).is_empty();
        if let Some(keys) = self.keys.known()
            && is_known(&keys)
        {
            return Ok(keys);
        }
        self.keys.renew().await;
        self.keys.known().ok_or_else(|| {
            let why = "The issuer of tokens can't be reached, so that none can be checked: try again in a moment.";
            Error::Unavailable(why.into())
        })
    }
}
