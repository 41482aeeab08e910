//! Minting and revoking keys.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::enums::Role;
use secrecy::ExposeSecret;

use crate::domain::api_key::ApiKeyDraft;
use crate::graphql::api_key::object::ApiKey;
use crate::graphql::context::{mutation, reader};
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::idempotency::Idempotency;
use crate::graphql::level::Entry;
use crate::graphql::node::api_key_id;
use crate::graphql::payload::{UserError, payload, settle};
use crate::graphql::scalar::{CountryCode, DateTime};
use crate::store::{Consistency, api_key};

/// Mutations of keys.
#[derive(Default)]
pub struct ApiKeyMutation;

/// A key to be minted.
#[derive(InputObject)]
pub struct CreateApiKeyInput {
    /// What it is for, 1 to 200 characters.
    name: String,
    /// What whoever holds it may do; at least one.
    roles: Vec<Role>,
    /// The country it speaks for; a FOCAL_POINT needs one.
    country: Option<CountryCode>,
    /// Code of the organization it speaks for; a RESPONDER needs one.
    organization: Option<String>,
    /// When it stops to work; never where left out.
    expires_at: Option<DateTime>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// A key to be revoked.
#[derive(InputObject)]
pub struct RevokeApiKeyInput {
    /// Its id.
    id: ID,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// What minting a key answers.
#[derive(SimpleObject)]
pub struct CreateApiKeyPayload {
    /// The key; null where userErrors says why there is none.
    api_key: Option<ApiKey>,
    /// Its secret, told this once: send it as `Authorization: Bearer SECRET`. Null where the same was done before under
    /// this idempotencyKey: whoever lost the first answer revokes the key and mints another.
    secret: Option<String>,
    /// What is wrong with the input, all of it together; empty where the mutation did its work.
    user_errors: Vec<UserError>,
}

payload!(
    /// What a mutation of a key answers.
    ApiKeyPayload,
    /// The key as it now is; null where there is none.
    api_key: ApiKey
);

impl CreateApiKeyInput {
    fn draft(self) -> ApiKeyDraft {
        let Self {
            name,
            roles,
            country,
            organization,
            expires_at,
            idempotency: _,
        } = self;
        ApiKeyDraft {
            name,
            roles,
            country: country.map(|CountryCode(code)| code),
            organization,
            expires_at: expires_at.map(|DateTime(at)| at),
        }
    }
}

fn object(ctx: &Context<'_>, key: api_key::ApiKey) -> Fallible<ApiKey> {
    Ok(ApiKey(Entry::alone(reader(ctx, Consistency::Snapshot)?, key)))
}

async fn create(ctx: &Context<'_>, input: CreateApiKeyInput) -> Fallible<CreateApiKeyPayload> {
    let call = mutation(ctx, "createApiKey", &input, &input.idempotency)?;
    let (store, draft) = (&call.request.store, input.draft());
    let outcome = call.write(|author| api_key::create(store, author, draft)).await;
    Ok(match settle(outcome)? {
        Ok((key, secret)) => CreateApiKeyPayload {
            api_key: Some(object(ctx, key)?),
            secret: secret.map(|secret| secret.expose_secret().to_owned()),
            user_errors: Vec::new(),
        },
        Err(user_errors) => CreateApiKeyPayload {
            api_key: None,
            secret: None,
            user_errors,
        },
    })
}

async fn revoke(ctx: &Context<'_>, input: RevokeApiKeyInput) -> Fallible<ApiKeyPayload> {
    let call = mutation(ctx, "revokeApiKey", &input, &input.idempotency)?;
    let RevokeApiKeyInput { id, idempotency: _ } = input;
    let (store, id) = (&call.request.store, api_key_id(&id));
    let outcome = call.write(|author| api_key::revoke(store, author, id)).await;
    Ok(match settle(outcome)? {
        Ok(key) => ApiKeyPayload {
            api_key: Some(object(ctx, key)?),
            user_errors: Vec::new(),
        },
        Err(user_errors) => ApiKeyPayload {
            api_key: None,
            user_errors,
        },
    })
}

#[Object]
impl ApiKeyMutation {
    /// Mints an API key and tells its secret, this once. For ADMIN only.
    async fn create_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key.")] input: CreateApiKeyInput,
    ) -> Nullable<CreateApiKeyPayload> {
        Some(create(ctx, input).await)
    }

    /// Revokes an API key: once this is answered, which takes a second, every server refuses it. For ADMIN only.
    async fn revoke_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: RevokeApiKeyInput,
    ) -> Nullable<ApiKeyPayload> {
        Some(revoke(ctx, input).await)
    }
}
