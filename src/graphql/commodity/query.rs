//! Looking commodities up and listing them.

use std::sync::Arc;

use async_graphql::{Context, Enum, Object};
use entity::commodity::Model;

use crate::graphql::among::Known;
use crate::graphql::assistance_request::OrderDirection;
use crate::graphql::commodity::filter::CommodityFilter;
use crate::graphql::commodity::object::{Commodity, CommodityConnection};
use crate::graphql::context::reader;
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::filter::known_code;
use crate::graphql::known::{Listing, order};
use crate::graphql::level::Entry;
use crate::graphql::page::arguments;
use crate::graphql::written::One;
use crate::store::Consistency;
use crate::store::page::{Arguments, KeyValue};

/// Root fields of commodities.
#[derive(Default)]
pub struct CommodityQuery;

/// What commodities can be ordered by. Ties break on the code.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommodityOrderField {
    /// By code.
    Code,
    /// By English name, whatever the case and accents.
    Name,
}

order!(
    /// One order key of a list of commodities; the first given is the most important.
    CommodityOrder by CommodityOrderField
);

/// How lists of commodities are ordered.
pub const LISTING: Listing<Model, CommodityOrderField> = Listing {
    noun: "Commodity",
    default: CommodityOrderField::Code,
    tie: CommodityOrderField::Code,
    key,
};

fn key(row: &Known<Model>, field: CommodityOrderField) -> KeyValue {
    KeyValue::Text(match field {
        CommodityOrderField::Code => Arc::clone(&row.code_key),
        CommodityOrderField::Name => Arc::clone(&row.name_key),
    })
}

/// One commodity as an object.
///
/// # Errors
/// Those of a request without its data.
pub fn find(ctx: &Context<'_>, code: &str) -> Fallible<Option<Commodity>> {
    let reader = reader(ctx, Consistency::Snapshot)?;
    let row = reader.reference().commodities.get(code).map(Arc::clone);
    Ok(row.map(|row| Commodity(Entry::alone(reader, row))))
}

fn find_known(ctx: &Context<'_>, code: &str) -> Fallible<Option<Commodity>> {
    let found = find(ctx, code)?;
    known_code("commodity", code, |_| found.is_some())?;
    Ok(found)
}

fn list_page(
    ctx: &Context<'_>,
    filter: Option<Box<CommodityFilter>>,
    order_by: Option<Vec<CommodityOrder>>,
    arguments: &Arguments,
) -> Fallible<CommodityConnection> {
    let reader = reader(ctx, Consistency::Snapshot)?;
    let reference = Arc::clone(reader.reference());
    let filter = filter.map(|filter| filter.parse(&reference)).transpose()?;
    let filter = filter.unwrap_or_default();
    let rows = reference.commodities.values();
    let rows = rows
        .filter(|one| reference.commodity_holds(&one.row, &filter))
        .map(Arc::clone);
    let order = CommodityOrder::parse(order_by);
    let page = LISTING.page(ctx, &reader, arguments, order, &filter, rows)?;
    Ok(CommodityConnection::new(page.map(Commodity)))
}

#[Object]
impl CommodityQuery {
    /// One commodity, by its code, retired or not. A code that no commodity has is an error, BAD_USER_INPUT.
    async fn commodity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its code: \"GLOVES_EXAM\".")] code: String,
    ) -> Nullable<One<Commodity>> {
        find_known(ctx, &code).map(|found| found.map(One)).transpose()
    }

    /// The commodities, retired ones too unless the filter says `active: true`. Without an order, by code.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn commodities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these.")] filter: Option<Box<CommodityFilter>>,
        #[graphql(desc = "The most important key first.")] order_by: Option<Vec<CommodityOrder>>,
        #[graphql(desc = "Rows from the start, 0 to 300; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 300.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Nullable<CommodityConnection> {
        Some(list_page(ctx, filter, order_by, &arguments(first, after, last, before)))
    }
}
