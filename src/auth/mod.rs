//! From the `Authorization` header to the actor. A credential that is not good is an error, never a silent anonymous
//! viewer.
//!
//! Law of the room: async-graphql is never named here.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::domain::actor::{Actor, Principal};
use crate::error::Error;
use crate::store::{Store, api_key};

mod claims;
mod credential;
mod fetch;
mod issuer;
mod key;
mod keyring;
mod mapping;
mod settings;
mod token;

use self::credential::Credential;
use self::issuer::Issuer;
pub use self::settings::TokenSettings;

/// Who may sign in, and how. Cheap to clone: all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Auth {
    issuer: Option<Arc<Issuer>>,
}

impl Auth {
    /// Signing in by API keys, and by tokens where an issuer is named.
    ///
    /// # Errors
    /// A text that names the setting that is wrong.
    pub fn new(settings: &TokenSettings) -> Result<Self, String> {
        let issuer = Issuer::new(settings)?.map(Arc::new);
        Ok(Self { issuer })
    }

    /// Begins to fetch the issuer's keys and to keep them fresh, for as long as this runtime lives.
    pub fn begin(&self, runtime: &Handle) {
        if let Some(issuer) = &self.issuer {
            issuer.begin(runtime);
        }
    }

    /// Who sends this header. An API key that is revoked stops to work at once, on every server. A
    /// token is good until it expires, so whoever keeps a connection asks again.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` where the credential is malformed, unknown, revoked or expired; `UNAVAILABLE` where the issuer
    /// of tokens has never told its keys; the database's.
    pub async fn authenticate(&self, store: &Store, header: Option<&str>) -> Result<Actor, Error> {
        let Some(header) = header else {
            return Ok(Actor::anonymous());
        };
        match (Credential::read(header)?, &self.issuer) {
            (Credential::ApiKey(secret), _) => by_api_key(store, secret).await,
            (Credential::Jwt(token), Some(issuer)) => issuer.actor(token, &store.reference(), store.now()).await,
            (Credential::Jwt(_), None) => Err(refused("No tokens are taken here: send an API key.")),
        }
    }
}

async fn by_api_key(store: &Store, secret: &str) -> Result<Actor, Error> {
    let Some(known) = api_key::by_secret(store, secret).await? else {
        return Err(refused("The API key is unknown."));
    };
    let key = &known.key;
    if key.revoked_at.is_some() {
        return Err(refused("The API key was revoked."));
    }
    if key.expires_at.is_some_and(|at| at <= store.now()) {
        return Err(refused("The API key has expired."));
    }
    api_key::used(store, &known);
    Ok(Actor {
        principal: Principal::Key(key.id),
        name: Some(key.name.clone()),
        roles: key.roles.clone(),
        country: key.country.clone(),
        organization: key.organization.clone(),
    })
}

fn refused(why: &str) -> Error {
    Error::Unauthenticated(why.into())
}
