//! Looking countries up and listing them.

use std::sync::Arc;

use async_graphql::{Context, Enum, Object};
use entity::country::Model;

use crate::graphql::among::Known;
use crate::graphql::assistance_request::OrderDirection;
use crate::graphql::context::reader;
use crate::graphql::country::filter::CountryFilter;
use crate::graphql::country::object::{Country, CountryConnection};
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::filter::country_code;
use crate::graphql::known::{Listing, order};
use crate::graphql::level::Entry;
use crate::graphql::page::arguments;
use crate::graphql::scalar::CountryCode;
use crate::graphql::written::One;
use crate::store::page::{Arguments, KeyValue};
use crate::store::{Consistency, country};

/// Root fields of countries.
#[derive(Default)]
pub struct CountryQuery;

/// What countries can be ordered by. Ties break on the code.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountryOrderField {
    /// By alpha-3 code.
    Code,
    /// By English name, whatever the case and accents.
    Name,
    /// By population; those without a figure come last in both directions.
    Population,
}

order!(
    /// One order key of a list of countries; the first given is the most important.
    CountryOrder by CountryOrderField
);

const LISTING: Listing<Model, CountryOrderField> = Listing {
    noun: "Country",
    default: CountryOrderField::Code,
    tie: CountryOrderField::Code,
    key,
};

fn key(row: &Known<Model>, field: CountryOrderField) -> KeyValue {
    match field {
        CountryOrderField::Code => KeyValue::Text(Arc::clone(&row.code_key)),
        CountryOrderField::Name => KeyValue::Text(Arc::clone(&row.name_key)),
        CountryOrderField::Population => row
            .row
            .population
            .map_or(KeyValue::Null, |persons| KeyValue::Int(persons.into())),
    }
}

/// One country as an object.
///
/// # Errors
/// Those of a request without its data.
pub fn find(ctx: &Context<'_>, code: &str) -> Fallible<Option<Country>> {
    let reader = reader(ctx, Consistency::Snapshot)?;
    let row = reader.reference().countries.get(code).map(Arc::clone);
    Ok(row.map(|row| Country(Entry::alone(reader, row))))
}

fn find_known(ctx: &Context<'_>, code: &CountryCode) -> Fallible<Option<Country>> {
    let reader = reader(ctx, Consistency::Snapshot)?;
    let code = country_code(reader.reference(), code)?;
    find(ctx, &code)
}

async fn country_page(
    ctx: &Context<'_>,
    filter: Option<Box<CountryFilter>>,
    order_by: Option<Vec<CountryOrder>>,
    arguments: &Arguments,
) -> Fallible<CountryConnection> {
    let reader = reader(ctx, Consistency::Snapshot)?;
    let filter = filter.map(|filter| filter.parse(reader.reference())).transpose()?;
    let filter = filter.unwrap_or_default();
    let rows = country::list(&reader, &filter).await?;
    let order = CountryOrder::parse(order_by);
    let page = LISTING.page(ctx, &reader, arguments, order, &filter, rows.into_iter())?;
    Ok(CountryConnection::new(page.map(Country)))
}

#[Object]
impl CountryQuery {
    /// One country, by its code. A code that no country has is an error, BAD_USER_INPUT.
    async fn country(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Alpha-3, alpha-2 or M49 code: \"BGD\", \"BD\" or \"050\".")] code: CountryCode,
    ) -> Nullable<One<Country>> {
        find_known(ctx, &code).map(|found| found.map(One)).transpose()
    }

    /// The countries: 193 members of the United Nations, the Holy See and the State of Palestine, and any that an
    /// administrator has added. Without an order, by code.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn countries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these.")] filter: Option<Box<CountryFilter>>,
        #[graphql(desc = "The most important key first.")] order_by: Option<Vec<CountryOrder>>,
        #[graphql(desc = "Rows from the start, 0 to 300; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 300.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Nullable<CountryConnection> {
        Some(country_page(ctx, filter, order_by, &arguments(first, after, last, before)).await)
    }
}
