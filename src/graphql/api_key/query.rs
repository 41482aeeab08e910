//! Listing keys.

use async_graphql::{Context, Object};

use crate::domain::rights::Operation;
use crate::graphql::api_key::object::{ApiKey, ApiKeyConnection};
use crate::graphql::context::{reader, request, require};
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::level::Entry;
use crate::graphql::page::{arguments, wants_total};
use crate::store::page::Arguments;
use crate::store::{Consistency, api_key};

/// Root fields of keys.
#[derive(Default)]
pub struct ApiKeyQuery;

async fn key_page(ctx: &Context<'_>, arguments: &Arguments) -> Fallible<ApiKeyConnection> {
    let request = request(ctx)?;
    require(&request.actor, Operation::ManageKeys, "apiKeys")?;
    let limits = &request.limits;
    let reader = reader(ctx, Consistency::Snapshot)?;
    let page = api_key::page(&reader, arguments, limits.default_page, limits.page, wants_total(ctx)).await?;
    Ok(ApiKeyConnection::new(Entry::page(&reader, page).map(ApiKey)))
}

#[Object]
impl ApiKeyQuery {
    /// All API keys, revoked and expired ones too, the latest first. For ADMIN only.
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the start, 0 to 100; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Nullable<ApiKeyConnection> {
        Some(key_page(ctx, &arguments(first, after, last, before)).await)
    }
}
