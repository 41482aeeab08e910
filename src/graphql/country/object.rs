//! A country as clients see it.

use async_graphql::{Context, ID, Object};
use entity::country::Model;
use entity::enums::{IncomeGroup, Locale, NamStatus, WhoRegion};
use futures_util::FutureExt;
use macros::leaves;

use crate::domain::reference::localized;
use crate::error::Error;
use crate::graphql::among::{Known, surely_among};
use crate::graphql::assistance_request::{
    AssistanceRequest, AssistanceRequestConnection, AssistanceRequestFilter, AssistanceRequestOrder, Columns,
    request_paging,
};
use crate::graphql::fault::Fallible;
use crate::graphql::level::Entry;
use crate::graphql::node::GlobalId;
use crate::graphql::page::{arguments, connection, wants_total};
use crate::graphql::request_item::RequestItemFilter;
use crate::graphql::scalar::{CountryCode, DateTime};
use crate::graphql::totals::{self, NeedsTotals, asked};
use crate::graphql::written::One;
use crate::store::assistance_request::pages_of_countries;
use crate::store::needs::Of;
use crate::store::page::Page;

/// A State.
#[derive(Clone)]
pub struct Country(pub Entry<Known<Model>>);

connection!(
    /// A page of countries.
    CountryConnection,
    /// A country and its place in the list.
    CountryEdge,
    Country
);

impl Country {
    /// The country of a row, in one level with the countries of all rows of its level; `code_of` gives a row's.
    ///
    /// # Errors
    /// `INTERNAL` where the code is not known.
    pub fn among<R>(
        ctx: &Context<'_>,
        entry: &Entry<R>,
        code_of: impl Fn(&R) -> Result<Option<&str>, Error>,
    ) -> Fallible<Self> {
        Ok(Self(surely_among(ctx, entry, code_of, |all| &all.countries)?))
    }

    fn row(&self) -> Fallible<&Model> {
        Ok(&self.0.row()?.row)
    }
}

/// A State: 193 members of the United Nations, the Holy See and the State of Palestine.
#[leaves]
#[Object]
impl Country {
    /// Opaque and stable; `node(id:)` finds it again.
    pub async fn id(&self) -> Fallible<ID> {
        Ok(GlobalId::Country(self.row()?.code.clone()).encode())
    }

    /// ISO 3166-1 alpha-3 code.
    async fn code(&self) -> Fallible<CountryCode> {
        Ok(CountryCode(self.row()?.code.clone()))
    }

    /// ISO 3166-1 alpha-2 code.
    async fn iso2(&self) -> Fallible<&str> {
        Ok(&self.row()?.iso2)
    }

    /// UN M49 code, three digits.
    async fn m49(&self) -> Fallible<&str> {
        Ok(&self.row()?.m49)
    }

    /// Short name; the English one where there is none in that language.
    async fn name(
        &self,
        #[graphql(desc = "In which language.", default_with = "Locale::En")] locale: Locale,
    ) -> Fallible<&str> {
        let row = self.row()?;
        Ok(localized(
            locale,
            &row.name,
            row.name_fr.as_deref(),
            row.name_es.as_deref(),
            row.name_ar.as_deref(),
        ))
    }

    /// Formal name, in English.
    async fn official_name(&self) -> Option<&String> {
        self.row().ok()?.official_name.as_ref()
    }

    /// Capital, in English.
    async fn capital(&self) -> Option<&String> {
        self.row().ok()?.capital.as_ref()
    }

    /// Region by the UN's M49: "Africa".
    async fn un_region(&self) -> Option<&String> {
        self.row().ok()?.un_region.as_ref()
    }

    /// Subregion by the UN's M49: "Northern Africa".
    async fn un_subregion(&self) -> Option<&String> {
        self.row().ok()?.un_subregion.as_ref()
    }

    /// Region of the World Health Organization; null where there is none.
    async fn who_region(&self) -> Option<WhoRegion> {
        self.row().ok()?.who_region
    }

    /// Income group of the World Bank; null where it is not classified.
    async fn income_group(&self) -> Option<IncomeGroup> {
        self.row().ok()?.income_group
    }

    /// Population, in persons.
    async fn population(&self) -> Option<i32> {
        self.row().ok()?.population
    }

    /// Year of the population's figure.
    async fn population_year(&self) -> Option<i32> {
        self.row().ok()?.population_year
    }

    /// Latitude of a point within it, in degrees north.
    async fn latitude(&self) -> Option<f64> {
        self.row().ok()?.latitude
    }

    /// Longitude of a point within it, in degrees east.
    async fn longitude(&self) -> Option<f64> {
        self.row().ok()?.longitude
    }

    /// Currency, by its ISO 4217 code.
    async fn currency(&self) -> Option<&String> {
        self.row().ok()?.currency.as_ref()
    }

    /// Standing in the Non-Aligned Movement now.
    async fn nam_status(&self) -> Fallible<NamStatus> {
        Ok(self.row()?.nam_status)
    }

    /// Standing in the Non-Aligned Movement in May 2020, when the Working Group was founded.
    async fn nam_status2020(&self) -> Fallible<NamStatus> {
        Ok(self.row()?.nam_status_2020)
    }

    /// Year in which it joined the Movement; null where it did not.
    async fn nam_joined_year(&self) -> Option<i32> {
        self.row().ok()?.nam_joined_year
    }

    /// Whether new requests may name it; false once it is retired.
    async fn active(&self) -> Fallible<bool> {
        Ok(self.row()?.active)
    }

    /// Its requests that the viewer may see. Without an order, oldest first.
    #[children]
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn assistance_requests(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these.")] filter: Option<Box<AssistanceRequestFilter>>,
        #[graphql(desc = "The most important key first.")] order_by: Option<Vec<AssistanceRequestOrder>>,
        #[graphql(desc = "Rows from the start, 0 to 100; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Fallible<One<AssistanceRequestConnection>> {
        let level = self.0.level();
        let arguments = arguments(first, after, last, before);
        let count = wants_total(ctx);
        let begin = || {
            let (filter, order, paging) = request_paging(ctx, filter, order_by, &arguments)?;
            let columns = Columns::of_nodes(ctx);
            let key = format!("{columns:?} {count}");
            let load = async move {
                let codes = level.rows.iter().map(|row| row.row.code.clone()).collect();
                let pages =
                    pages_of_countries(&level.reader, codes, &filter, &order, &paging, &columns.0, count).await?;
                // All countries' requests are one level, so that their items are read at once too.
                Ok(Entry::pages(&level.reader, pages))
            };
            Ok((key, load.boxed()))
        };
        let pages = level.children(ctx, begin).await?;
        let page: Page<Entry<_>> = match pages.get(&self.row()?.code) {
            Some(page) => page.clone(),
            None => Page {
                total: count.then_some(0),
                ..Default::default()
            },
        };
        Ok(One(AssistanceRequestConnection::new(page.map(AssistanceRequest))))
    }

    /// What its requests add up to, of those that the viewer may see.
    #[children]
    async fn needs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only items of these requests; of VERIFIED and CLOSED ones unless a status is tested.")]
        filter: Option<Box<AssistanceRequestFilter>>,
        #[graphql(desc = "Only these items.")] item_filter: Option<Box<RequestItemFilter>>,
    ) -> Fallible<One<NeedsTotals>> {
        let level = self.0.level();
        let asked = || asked(level.reader.reference(), filter, item_filter);
        let of = || {
            Ok(Of::Countries(
                level.rows.iter().map(|row| row.row.code.clone()).collect(),
            ))
        };
        totals::nested(ctx, level, of, &self.row()?.code, asked).await
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
