//! A commodity as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entity::commodity::Model;
use entity::enums::Locale;
use macros::leaves;

use crate::domain::number::{UNIT_COST_SCALE, from_fixed};
use crate::domain::reference::localized;
use crate::error::Error;
use crate::graphql::among::{Known, surely_among};
use crate::graphql::assistance_request::AssistanceRequestFilter;
use crate::graphql::commodity::query::LISTING;
use crate::graphql::fault::Fallible;
use crate::graphql::level::Entry;
use crate::graphql::need_category::NeedCategory;
use crate::graphql::node::GlobalId;
use crate::graphql::page::connection;
use crate::graphql::request_item::RequestItemFilter;
use crate::graphql::scalar::{DateTime, Decimal};
use crate::graphql::totals::{self, NeedsTotals, asked};
use crate::graphql::unit::Unit;
use crate::graphql::written::One;
use crate::store::Reader;
use crate::store::needs::Of;
use crate::store::page::{Arguments, Page};

/// A commodity.
#[derive(Clone)]
pub struct Commodity(pub Entry<Known<Model>>);

connection!(
    /// A page of commodities.
    CommodityConnection,
    /// A commodity and its place in the list.
    CommodityEdge,
    Commodity
);

/// A page of the active commodities of one category, by code.
///
/// # Errors
/// The arguments'.
pub fn commodity_page(
    ctx: &Context<'_>,
    reader: &Arc<Reader>,
    arguments: &Arguments,
    category: &str,
) -> Fallible<Page<Entry<Known<Model>>>> {
    let rows = reader.reference().commodities.values();
    let rows = rows
        .filter(|row| row.row.category_code == category && row.row.active)
        .map(Arc::clone);
    LISTING.page(ctx, reader, arguments, Vec::new(), &("active of", category), rows)
}

impl Commodity {
    fn row(&self) -> Fallible<&Model> {
        Ok(&self.0.row()?.row)
    }
}

/// A commodity that an item can ask for by code.
#[leaves]
#[Object]
impl Commodity {
    /// Opaque and stable; `node(id:)` finds it again.
    pub async fn id(&self) -> Fallible<ID> {
        Ok(GlobalId::Commodity(self.row()?.code.clone()).encode())
    }

    /// Code, given once: "GLOVES_EXAM".
    async fn code(&self) -> Fallible<&str> {
        Ok(&self.row()?.code)
    }

    /// Name; the English one where there is none in that language.
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

    /// What it must be, in English.
    async fn specification(&self) -> Option<&String> {
        self.row().ok()?.specification.as_ref()
    }

    /// Its category.
    async fn category(&self, ctx: &Context<'_>) -> Fallible<One<NeedCategory>> {
        let entry = surely_among(ctx, &self.0, category_code, |all| &all.categories)?;
        Ok(One(NeedCategory(entry)))
    }

    /// The unit in which it is counted; every item of it is counted so.
    async fn unit(&self) -> Fallible<One<Unit>> {
        let code = &self.row()?.unit_code;
        let unit = self.0.level().reader.reference().units.get(code);
        unit.map(|unit| One(Unit(Arc::clone(unit))))
            .ok_or_else(|| Error::internal(format!("no unit {code}")).into())
    }

    /// United Nations Standard Products and Services Code.
    async fn unspsc(&self) -> Option<&String> {
        self.row().ok()?.unspsc.as_ref()
    }

    /// Where WHO lists it.
    async fn who_reference(&self) -> Option<&String> {
        self.row().ok()?.who_reference.as_ref()
    }

    /// Indicative price of one unit, in US dollars: what an item of it costs where no unit cost is given.
    async fn indicative_unit_price_usd(&self) -> Option<Decimal> {
        let price = self.row().ok()?.indicative_unit_price_e4?;
        Some(Decimal(from_fixed(price, UNIT_COST_SCALE)))
    }

    /// Whether new requests may name it; false once it is retired.
    async fn active(&self) -> Fallible<bool> {
        Ok(self.row()?.active)
    }

    /// What the items that ask for it add up to, of requests that the viewer may see.
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
            Ok(Of::Commodities(
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

fn category_code(row: &Known<Model>) -> Result<Option<&str>, Error> {
    Ok(Some(&row.row.category_code))
}
