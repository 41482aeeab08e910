//! An organization as clients see it.

use async_graphql::{Context, ID, Object};
use entity::enums::OrganizationKind;
use entity::organization::Model;

use crate::error::Error;
use crate::graphql::among::{Known, among};
use crate::graphql::country::Country;
use crate::graphql::fault::{Fallible, Fault, Nullable, nullable};
use crate::graphql::level::Entry;
use crate::graphql::node::GlobalId;
use crate::graphql::page::connection;
use crate::graphql::scalar::DateTime;

/// An organization.
#[derive(Clone)]
pub struct Organization(pub Entry<Known<Model>>);

connection!(
    /// A page of organizations.
    OrganizationConnection,
    /// An organization and its place in the list.
    OrganizationEdge,
    Organization
);

impl Organization {
    fn row(&self) -> Fallible<&Model> {
        Ok(&self.0.row()?.row)
    }
}

/// An organization that gives assistance.
#[Object]
impl Organization {
    /// Opaque and stable; `node(id:)` finds it again.
    pub async fn id(&self) -> Fallible<ID> {
        Ok(GlobalId::Organization(self.row()?.code.clone()).encode())
    }

    /// Code, given once: "UNICEF".
    async fn code(&self) -> Fallible<&str> {
        Ok(&self.row()?.code)
    }

    /// Its own name.
    async fn name(&self) -> Fallible<&str> {
        Ok(&self.row()?.name)
    }

    /// What it is.
    async fn kind(&self) -> Fallible<OrganizationKind> {
        Ok(self.row()?.kind)
    }

    /// Where its headquarters are; null where it has no seat of its own.
    async fn country(&self, ctx: &Context<'_>) -> Nullable<Country> {
        let found = async {
            let Some(code) = &self.row()?.country_code else {
                return Ok(None);
            };
            let country = among(ctx, self.0.level(), code, country_code, |all| &all.countries).await?;
            Ok::<_, Fault>(country.map(Country))
        };
        nullable(found.await)
    }

    /// Its web site.
    async fn url(&self) -> Option<&String> {
        self.row().ok()?.url.as_ref()
    }

    /// Whether new contributions may name it; false once it is retired.
    async fn active(&self) -> Fallible<bool> {
        Ok(self.row()?.active)
    }

    /// Counts the changes. Name it in a mutation.
    async fn version(&self) -> Fallible<i32> {
        Ok(self.row()?.version)
    }

    /// When it was made.
    async fn created_at(&self) -> Fallible<DateTime> {
        Ok(DateTime(self.row()?.created_at))
    }

    /// When it was last changed.
    async fn updated_at(&self) -> Fallible<DateTime> {
        Ok(DateTime(self.row()?.updated_at))
    }
}

fn country_code(row: &Known<Model>) -> Result<Option<&str>, Error> {
    Ok(row.row.country_code.as_deref())
}
