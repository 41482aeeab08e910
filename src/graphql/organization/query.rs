//! Looking organizations up and listing them.

use std::sync::Arc;

use async_graphql::{Context, Enum, Object};
use entity::organization::Model;

use crate::graphql::among::Known;
use crate::graphql::assistance_request::OrderDirection;
use crate::graphql::context::reader;
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::filter::known_code;
use crate::graphql::known::{Listing, order};
use crate::graphql::level::Entry;
use crate::graphql::organization::filter::OrganizationFilter;
use crate::graphql::organization::object::{Organization, OrganizationConnection};
use crate::graphql::page::arguments;
use crate::graphql::written::One;
use crate::store::page::{Arguments, KeyValue};
use crate::store::{Consistency, organization};

/// Root fields of organizations.
#[derive(Default)]
pub struct OrganizationQuery;

/// What organizations can be ordered by. Ties break on the code.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrganizationOrderField {
    /// By code.
    Code,
    /// By name, whatever the case and accents.
    Name,
}

order!(
    /// One order key of a list of organizations; the first given is the most important.
    OrganizationOrder by OrganizationOrderField
);

const LISTING: Listing<Model, OrganizationOrderField> = Listing {
    noun: "Organization",
    default: OrganizationOrderField::Code,
    tie: OrganizationOrderField::Code,
    key,
};

fn key(row: &Known<Model>, field: OrganizationOrderField) -> KeyValue {
    KeyValue::Text(match field {
        OrganizationOrderField::Code => Arc::clone(&row.code_key),
        OrganizationOrderField::Name => Arc::clone(&row.name_key),
    })
}

/// One organization as an object.
///
/// # Errors
/// Those of a request without its data.
pub fn find(ctx: &Context<'_>, code: &str) -> Fallible<Option<Organization>> {
    let reader = reader(ctx, Consistency::Snapshot)?;
    let row = reader.reference().organizations.get(code).map(Arc::clone);
    Ok(row.map(|row| Organization(Entry::alone(reader, row))))
}

fn find_known(ctx: &Context<'_>, code: &str) -> Fallible<Option<Organization>> {
    let found = find(ctx, code)?;
    known_code("organization", code, |_| found.is_some())?;
    Ok(found)
}

async fn organization_page(
    ctx: &Context<'_>,
    filter: Option<Box<OrganizationFilter>>,
    order_by: Option<Vec<OrganizationOrder>>,
    arguments: &Arguments,
) -> Fallible<OrganizationConnection> {
    let reader = reader(ctx, Consistency::Snapshot)?;
    let filter = filter.map(|filter| filter.parse(reader.reference())).transpose()?;
    let filter = filter.unwrap_or_default();
    let rows = organization::list(&reader, &filter).await?;
    let order = OrganizationOrder::parse(order_by);
    let page = LISTING.page(ctx, &reader, arguments, order, &filter, rows.into_iter())?;
    Ok(OrganizationConnection::new(page.map(Organization)))
}

#[Object]
impl OrganizationQuery {
    /// One organization, by its code, retired or not. A code that no organization has is an error, BAD_USER_INPUT.
    async fn organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its code: \"UNICEF\".")] code: String,
    ) -> Nullable<One<Organization>> {
        find_known(ctx, &code).map(|found| found.map(One)).transpose()
    }

    /// The organizations, retired ones too unless the filter says `active: true`. Without an order, by code.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn organizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these.")] filter: Option<Box<OrganizationFilter>>,
        #[graphql(desc = "The most important key first.")] order_by: Option<Vec<OrganizationOrder>>,
        #[graphql(desc = "Rows from the start, 0 to 300; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 300.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Nullable<OrganizationConnection> {
        Some(organization_page(ctx, filter, order_by, &arguments(first, after, last, before)).await)
    }
}
