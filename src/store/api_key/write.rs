//! Minting and revoking keys.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use entity::api_key as ak;
use entity::enums::Role;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ActiveModelTrait, ColumnTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Set};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::api_key::{ApiKeyDraft, NewApiKey, PREFIX_LENGTH, SECRET_PREFIX};
use crate::domain::problem::{Problem, ProblemCode};
use crate::domain::rights::{Operation, scope};
use crate::error::Error;
use crate::store::api_key::{ApiKey, Known, by_ids, digest, hash, role_names};
use crate::store::change::{self, LEASE};
use crate::store::statements::in_background;
use crate::store::wall::Opening;
use crate::store::{Author, Consistency, Outcome, Store, Write};

/// Names the lock under which the first key is minted, among all advisory locks of the database.
const FIRST_KEY_LOCK: i64 = 0x6e61_6d20_6b65_7973;

/// What is remembered of a write: the id alone, and nothing of a secret.
#[derive(Serialize, Deserialize)]
struct Written {
    id: Uuid,
    /// The key as the write left it; none where the write is only remembered.
    #[serde(skip)]
    fresh: Option<ApiKey>,
}

impl From<ApiKey> for Written {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            fresh: Some(key),
        }
    }
}

impl Written {
    /// The key as it is now.
    async fn key(self, store: &Store, actor: Arc<Actor>) -> Outcome<ApiKey> {
        if let Some(key) = self.fresh {
            return Ok(key);
        }
        let reader = store.reader(actor, Consistency::Statement);
        let found = by_ids(&reader, &[self.id]).await?.remove(&self.id);
        Ok(found.ok_or_else(|| Error::internal("a key that was remembered is gone"))?)
    }
}

/// Mints a key. The secret is told this once: none where the key was minted before, under the same idempotency key.
///
/// # Errors
/// Problems of the draft; `FORBIDDEN` for whoever does not manage keys; the database's.
pub async fn create(
    store: &Store,
    author: impl Into<Author>,
    draft: ApiKeyDraft,
) -> Outcome<(ApiKey, Option<SecretString>)> {
    let author = author.into();
    let actor = Arc::clone(&author.actor);
    let secret = mint()?;
    let told = secret.clone();
    let written: Written = store
        .write(author, move |w| {
            let (draft, secret) = (draft.clone(), secret.clone());
            Box::pin(async move {
                check_right(&w.actor)?;
                let new = draft.check(&w.reference, w.now)?;
                Ok(insert(w, new, &secret).await?.into())
            })
        })
        .await?;
    let told = written.fresh.is_some().then_some(told);
    Ok((written.key(store, actor).await?, told))
}

/// Revokes a key: once this is answered, it is no credential anywhere. Revoking it again changes nothing.
///
/// # Errors
/// `NOT_FOUND` where there is no such key; `FORBIDDEN` for whoever does not manage keys; the database's.
pub async fn revoke(store: &Store, author: impl Into<Author>, id: Option<Uuid>) -> Outcome<ApiKey> {
    let author = author.into();
    let actor = Arc::clone(&author.actor);
    let written: Written = store
        .write(author, move |w| {
            Box::pin(async move {
                check_right(&w.actor)?;
                let found = match id {
                    Some(id) => {
                        let query = ak::Entity::find_by_id(id);
                        match w.backend() {
                            DbBackend::Postgres => query.lock_exclusive().one(&w.tx).await?,
                            _ => query.one(&w.tx).await?,
                        }
                    }
                    None => None,
                };
                let Some(key) = found else {
                    return Err(Problem::new(ProblemCode::NotFound, "No key has this id.")
                        .at("id")
                        .into());
                };
                if key.revoked_at.is_some() {
                    return Ok(ApiKey::from(key).into());
                }
                let mut row = key.clone().into_active_model();
                row.revoked_at = Set(Some(w.now));
                let revoked = row.update(&w.tx).await?;
                w.journal.changed("revoked", &key, &revoked);
                Ok(ApiKey::from(revoked).into())
            })
        })
        .await?;
    // Another may have revoked it a moment ago, whose change has no place yet.
    change::settle(store).await?;
    // Until then a server may go on without asking. A little longer, because no two clocks run alike.
    tokio::time::sleep(LEASE + LEASE / 10).await;
    written.key(store, actor).await
}

/// Mints the first ADMIN key where there is no key at all; of several servers that start at once one does. `given` is
/// its secret, where the operator chose it.
///
/// # Errors
/// The database's.
pub async fn first(store: &Store, given: Option<&SecretString>) -> Outcome<Option<SecretString>> {
    let secret = match given {
        Some(secret) => secret.clone(),
        None => mint()?,
    };
    let told = secret.clone();
    let minted = store
        .write_from(Arc::new(Actor::system()), Opening::Lock(FIRST_KEY_LOCK), move |w| {
            let secret = secret.clone();
            Box::pin(async move {
                if ak::Entity::find().one(&w.tx).await?.is_some() {
                    return Ok(false);
                }
                let new = NewApiKey {
                    name: "first administrator".into(),
                    roles: vec![Role::Admin],
                    country: None,
                    organization: None,
                    expires_at: None,
                };
                insert(w, new, &secret).await?;
                Ok(true)
            })
        })
        .await?;
    Ok(minted.then_some(told))
}

/// Notes that a key was used, to the minute, in the background: nobody waits for it, and where it fails, the next
/// use does after the key was looked up again.
pub fn used(store: &Store, known: &Known) {
    let now = store.now();
    let minute = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
    if !known.is_new_use(minute) {
        return;
    }
    let (store, id) = (store.clone(), known.key.id);
    let runtime = store.0.runtime.clone();
    runtime.spawn(in_background(async move {
        let noted = store
            .write(Arc::new(Actor::system()), move |w| Box::pin(note_use(w, id, minute)))
            .await;
        if let Err(refused) = noted {
            tracing::warn!(cause = ?refused, "the use of a key was not noted");
        }
    }));
}

async fn note_use(w: &Write, id: Uuid, minute: DateTime<Utc>) -> Outcome<()> {
    ak::Entity::update_many()
        .col_expr(ak::Column::LastUsedAt, sea_orm::sea_query::Expr::val(minute))
        .filter(ak::Column::Id.eq(id))
        .filter(ak::Column::LastUsedAt.is_null().or(ak::Column::LastUsedAt.lt(minute)))
        .exec(&w.tx)
        .await?;
    Ok(())
}

fn check_right(actor: &Actor) -> Result<(), Error> {
    if scope(actor, Operation::ManageKeys).everything {
        return Ok(());
    }
    Err(Error::Forbidden("None of your roles manages API keys.".into()))
}

async fn insert(w: &Write, new: NewApiKey, secret: &SecretString) -> Outcome<ApiKey> {
    let NewApiKey {
        name,
        roles,
        country,
        organization,
        expires_at,
    } = new;
    let secret = secret.expose_secret();
    let model = ak::Model {
        id: Uuid::now_v7(),
        name,
        prefix: secret.chars().take(PREFIX_LENGTH).collect(),
        secret_hash: hash(digest(secret)),
        roles: role_names(&roles).join(","),
        country_code: country,
        organization_code: organization,
        created_at: w.now,
        expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    ak::Entity::insert(model.clone().into_active_model().reset_all())
        .exec_without_returning(&w.tx)
        .await?;
    w.journal.created(&model);
    Ok(model.into())
}

/// A fresh secret of 256 random bits.
fn mint() -> Result<SecretString, Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|cause| Error::internal(format!("no random bits: {cause}")))?;
    Ok(SecretString::from(format!(
        "{SECRET_PREFIX}{}",
        URL_SAFE_NO_PAD.encode(bytes)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::api_key::is_secret;

    #[test]
    fn a_minted_secret_has_the_form_of_one_and_is_never_the_same() {
        let (one, other) = (mint().unwrap(), mint().unwrap());
        assert!(is_secret(one.expose_secret()));
        assert_ne!(one.expose_secret(), other.expose_secret());
    }
}
