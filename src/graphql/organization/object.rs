//! An organization as clients see it.

use async_graphql::{Context, ID, Object};
use entity::enums::OrganizationKind;
use entity::organization::Model;
use macros::leaves;

use crate::error::Error;
use crate::graphql::among::{Known, among};
use crate::graphql::contribution::{Asked, ContributionConnection, ContributionFilter, ContributionOrder, nested};
use crate::graphql::country::Country;
use crate::graphql::fault::{Fallible, Nullable, nullable};
use crate::graphql::level::Entry;
use crate::graphql::node::GlobalId;
use crate::graphql::page::{arguments, connection};
use crate::graphql::scalar::DateTime;
use crate::graphql::written::One;
use crate::store::contribution::{Owner, Owners};

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

/// An organization that gives or coordinates assistance.
#[leaves]
#[Object]
impl Organization {
    /// Opaque and stable; `node(id:)` finds it again.
    pub async fn id(&self) -> Fallible<ID> {
        Ok(GlobalId::Organization(self.row()?.code.clone()).encode())
    }

    /// Code, given once: "WHO".
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

    /// Where its headquarters are.
    async fn country(&self, ctx: &Context<'_>) -> Nullable<One<Country>> {
        let country = among(ctx, &self.0, country_code, |all| &all.countries);
        nullable(country.map(|found| found.map(Country).map(One)))
    }

    /// Its web site.
    async fn url(&self) -> Option<&String> {
        self.row().ok()?.url.as_ref()
    }

    /// Whether new contributions may name it; false once it is retired.
    async fn active(&self) -> Fallible<bool> {
        Ok(self.row()?.active)
    }

    /// Its contributions to requests that the viewer may see. Without an order, oldest first.
    #[children]
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn contributions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these.")] filter: Option<Box<ContributionFilter>>,
        #[graphql(desc = "The most important key first.")] order_by: Option<Vec<ContributionOrder>>,
        #[graphql(desc = "Rows from the start, 0 to 100; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Fallible<One<ContributionConnection>> {
        let level = self.0.level();
        let asked = Asked {
            filter,
            order_by,
            arguments: arguments(first, after, last, before),
        };
        let owner = Owner::Code(self.row()?.code.clone());
        let parents = || {
            let codes = level.rows.iter().map(|row| row.row.code.clone());
            Ok(Owners::organizations(codes.collect()))
        };
        nested(ctx, level, parents, &owner, asked).await
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
