//! A category as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entity::enums::{Locale, NeedDomain};
use entity::need_category::Model;
use macros::leaves;

use crate::domain::reference::localized;
use crate::error::Error;
use crate::graphql::among::{Known, among};
use crate::graphql::assistance_request::AssistanceRequestFilter;
use crate::graphql::commodity::{Commodity, CommodityConnection, commodity_page};
use crate::graphql::fault::{Fallible, Nullable, nullable};
use crate::graphql::level::{Entry, Level};
use crate::graphql::node::GlobalId;
use crate::graphql::page::{arguments, connection};
use crate::graphql::request_item::RequestItemFilter;
use crate::graphql::scalar::DateTime;
use crate::graphql::totals::{self, NeedsTotals, asked};
use crate::graphql::written::{One, Rows};
use crate::store::needs::Of;

/// A category of needs.
#[derive(Clone)]
pub struct NeedCategory(pub Entry<Known<Model>>);

connection!(
    /// A page of categories.
    NeedCategoryConnection,
    /// A category and its place in the list.
    NeedCategoryEdge,
    NeedCategory
);

impl NeedCategory {
    fn row(&self) -> Fallible<&Model> {
        Ok(&self.0.row()?.row)
    }

    /// Rows of reference data as one level of this reader.
    fn all<'a>(&self, rows: impl Iterator<Item = &'a Known<Model>>) -> Vec<Self> {
        let level = Level::new(Arc::clone(&self.0.level().reader), rows.map(Arc::clone).collect());
        (0..level.rows.len())
            .map(|index| Self(Entry::new(Arc::clone(&level), index)))
            .collect()
    }
}

/// A category of needs: a place in a tree of three domains, MEDICAL, SOCIAL and HUMANITARIAN.
#[leaves]
#[Object]
impl NeedCategory {
    /// Opaque and stable; `node(id:)` finds it again.
    pub async fn id(&self) -> Fallible<ID> {
        Ok(GlobalId::NeedCategory(self.row()?.code.clone()).encode())
    }

    /// Code, given once: "MED.PPE.MASK". Its place is its `parent`, whatever the dots suggest.
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

    /// What falls under it, in English.
    async fn description(&self) -> Option<&String> {
        self.row().ok()?.description.as_ref()
    }

    /// The kind of need at the root of the tree.
    async fn domain(&self) -> Fallible<NeedDomain> {
        Ok(self.row()?.domain)
    }

    /// IASC / HXL code of the humanitarian sector: "HEA", "WSH".
    async fn iasc_sector(&self) -> Option<&String> {
        self.row().ok()?.iasc_sector.as_ref()
    }

    /// Pillar of WHO's COVID-19 strategic response plan, 1 to 10.
    async fn who_pillar(&self) -> Option<i32> {
        self.row().ok()?.who_pillar
    }

    /// The category above; null for a root.
    async fn parent(&self, ctx: &Context<'_>) -> Nullable<One<NeedCategory>> {
        let parent = among(ctx, &self.0, parent_code, |all| &all.categories);
        nullable(parent.map(|found| found.map(Self).map(One)))
    }

    /// The categories above, root first.
    async fn ancestors(&self) -> Fallible<Rows<'static, NeedCategory>> {
        let reference = Arc::clone(self.0.level().reader.reference());
        Ok(self.all(reference.ancestors(&self.row()?.code).into_iter()).into())
    }

    /// The active categories directly below, in sort order.
    async fn children(&self) -> Fallible<Rows<'static, NeedCategory>> {
        let reference = Arc::clone(self.0.level().reader.reference());
        Ok(self
            .all(reference.children(&self.row()?.code).filter(|child| child.row.active))
            .into())
    }

    /// Whether new requests may name it; false once it is retired.
    async fn active(&self) -> Fallible<bool> {
        Ok(self.row()?.active)
    }

    /// Its place among its siblings.
    async fn sort_order(&self) -> Fallible<i32> {
        Ok(self.row()?.sort_order)
    }

    /// The commodities of this very category, by code; those of categories below are theirs.
    async fn commodities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the start, 0 to 300; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 300.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Fallible<One<CommodityConnection>> {
        let code = &self.row()?.code;
        let arguments = arguments(first, after, last, before);
        let page = commodity_page(ctx, &self.0.level().reader, &arguments, code)?;
        Ok(One(CommodityConnection::new(page.map(Commodity))))
    }

    /// What the items of this category and of all below it add up to, of requests that the viewer may see.
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
            Ok(Of::Categories(
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

fn parent_code(row: &Known<Model>) -> Result<Option<&str>, Error> {
    Ok(row.row.parent_code.as_deref())
}
