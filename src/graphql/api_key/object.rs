//! A key as clients see it: everything but its secret.

use async_graphql::{Context, ID, Object};
use entity::enums::Role;
use macros::leaves;

use crate::error::Error;
use crate::graphql::among::among;
use crate::graphql::country::Country;
use crate::graphql::fault::{Fallible, Nullable, nullable};
use crate::graphql::level::Entry;
use crate::graphql::node::GlobalId;
use crate::graphql::organization::Organization;
use crate::graphql::page::connection;
use crate::graphql::scalar::DateTime;
use crate::graphql::written::One;
use crate::store::api_key;

/// A key that programs and people sign in with.
#[derive(Clone)]
pub struct ApiKey(pub Entry<api_key::ApiKey>);

connection!(
    /// A page of API keys.
    ApiKeyConnection,
    /// An API key and its place in the list.
    ApiKeyEdge,
    ApiKey
);

/// A key that programs and people sign in with: `Authorization: Bearer SECRET`.
#[leaves]
#[Object]
impl ApiKey {
    /// Opaque and stable; `node(id:)` finds it again.
    pub async fn id(&self) -> Fallible<ID> {
        Ok(GlobalId::ApiKey(self.0.row()?.id).encode())
    }

    /// What it is for.
    async fn name(&self) -> Fallible<&str> {
        Ok(&self.0.row()?.name)
    }

    /// What whoever holds it may do; rights add up.
    async fn roles(&self) -> Fallible<&[Role]> {
        Ok(&self.0.row()?.roles)
    }

    /// The country that a FOCAL_POINT speaks for.
    async fn country(&self, ctx: &Context<'_>) -> Nullable<One<Country>> {
        let country = among(ctx, &self.0, country_code, |all| &all.countries);
        nullable(country.map(|found| found.map(Country).map(One)))
    }

    /// The organization that a RESPONDER speaks for.
    async fn organization(&self, ctx: &Context<'_>) -> Nullable<One<Organization>> {
        let found = among(ctx, &self.0, organization_code, |all| &all.organizations);
        nullable(found.map(|found| found.map(Organization).map(One)))
    }

    /// The first characters of its secret, to tell keys apart.
    async fn prefix(&self) -> Fallible<&str> {
        Ok(&self.0.row()?.prefix)
    }

    /// When it was made.
    async fn created_at(&self) -> Fallible<DateTime> {
        Ok(DateTime(self.0.row()?.created_at))
    }

    /// When it stops to work; null where it never does.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.row().ok()?.expires_at.map(DateTime)
    }

    /// When it was last used, to the minute.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.row().ok()?.last_used_at.map(DateTime)
    }

    /// When it was revoked; from then on it is refused.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.row().ok()?.revoked_at.map(DateTime)
    }
}

fn country_code(row: &api_key::ApiKey) -> Result<Option<&str>, Error> {
    Ok(row.country.as_deref())
}

fn organization_code(row: &api_key::ApiKey) -> Result<Option<&str>, Error> {
    Ok(row.organization.as_deref())
}
