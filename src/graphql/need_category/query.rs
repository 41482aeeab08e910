//! Looking categories up and listing them.

use std::sync::Arc;

use async_graphql::{Context, Enum, Object};
use entity::need_category::Model;

use crate::graphql::among::Known;
use crate::graphql::assistance_request::OrderDirection;
use crate::graphql::context::reader;
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::filter::known_code;
use crate::graphql::known::{Listing, order};
use crate::graphql::level::Entry;
use crate::graphql::need_category::filter::NeedCategoryFilter;
use crate::graphql::need_category::object::{NeedCategory, NeedCategoryConnection};
use crate::graphql::page::arguments;
use crate::graphql::written::One;
use crate::store::Consistency;
use crate::store::page::{Arguments, KeyValue};

/// Root fields of categories.
#[derive(Default)]
pub struct NeedCategoryQuery;

/// What categories can be ordered by. Ties break on the code.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeedCategoryOrderField {
    /// By the place in the tree.
    SortOrder,
    /// By code.
    Code,
    /// By English name, whatever the case and accents.
    Name,
}

order!(
    /// One order key of a list of categories; the first given is the most important.
    NeedCategoryOrder by NeedCategoryOrderField
);

const LISTING: Listing<Model, NeedCategoryOrderField> = Listing {
    noun: "NeedCategory",
    default: NeedCategoryOrderField::SortOrder,
    tie: NeedCategoryOrderField::Code,
    key,
};

fn key(row: &Known<Model>, field: NeedCategoryOrderField) -> KeyValue {
    match field {
        NeedCategoryOrderField::SortOrder => KeyValue::Int(row.row.sort_order.into()),
        NeedCategoryOrderField::Code => KeyValue::Text(Arc::clone(&row.code_key)),
        NeedCategoryOrderField::Name => KeyValue::Text(Arc::clone(&row.name_key)),
    }
}

/// One category as an object.
///
/// # Errors
/// Those of a request without its data.
pub fn find(ctx: &Context<'_>, code: &str) -> Fallible<Option<NeedCategory>> {
    let reader = reader(ctx, Consistency::Snapshot)?;
    let row = reader.reference().categories.get(code).map(Arc::clone);
    Ok(row.map(|row| NeedCategory(Entry::alone(reader, row))))
}

fn find_known(ctx: &Context<'_>, code: &str) -> Fallible<Option<NeedCategory>> {
    let found = find(ctx, code)?;
    known_code("category", code, |_| found.is_some())?;
    Ok(found)
}

fn category_page(
    ctx: &Context<'_>,
    filter: Option<Box<NeedCategoryFilter>>,
    order_by: Option<Vec<NeedCategoryOrder>>,
    arguments: &Arguments,
) -> Fallible<NeedCategoryConnection> {
    let reader = reader(ctx, Consistency::Snapshot)?;
    let reference = Arc::clone(reader.reference());
    let filter = filter.map(|filter| filter.parse(&reference)).transpose()?;
    let filter = filter.unwrap_or_default();
    let rows = reference.categories.values();
    let rows = rows
        .filter(|one| reference.category_holds(&one.row, &filter))
        .map(Arc::clone);
    let order = NeedCategoryOrder::parse(order_by);
    let page = LISTING.page(ctx, &reader, arguments, order, &filter, rows)?;
    Ok(NeedCategoryConnection::new(page.map(NeedCategory)))
}

#[Object]
impl NeedCategoryQuery {
    /// One category, by its code, retired or not. A code that no category has is an error, BAD_USER_INPUT.
    async fn need_category(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its code: \"MED.PPE.MASK\".")] code: String,
    ) -> Nullable<One<NeedCategory>> {
        find_known(ctx, &code).map(|found| found.map(One)).transpose()
    }

    /// The categories, retired ones too unless the filter says `active: true`. Without an order, in the order of the
    /// tree.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn need_categories(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these.")] filter: Option<Box<NeedCategoryFilter>>,
        #[graphql(desc = "The most important key first.")] order_by: Option<Vec<NeedCategoryOrder>>,
        #[graphql(desc = "Rows from the start, 0 to 300; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 300.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Nullable<NeedCategoryConnection> {
        Some(category_page(
            ctx,
            filter,
            order_by,
            &arguments(first, after, last, before),
        ))
    }
}
