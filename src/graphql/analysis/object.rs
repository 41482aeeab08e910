//! A group of an analysis as clients see it.

use async_graphql::{Context, Object};
use entity::enums::{IncomeGroup, ItemKind, NeedDomain, Priority, RequestStatus, WhoRegion};
use macros::leaves;

use crate::graphql::among::among;
use crate::graphql::commodity::Commodity;
use crate::graphql::country::Country;
use crate::graphql::fault::{Fallible, Nullable, nullable};
use crate::graphql::level::Entry;
use crate::graphql::need_category::NeedCategory;
use crate::graphql::page::connection;
use crate::graphql::scalar::Date;
use crate::graphql::totals::NeedsTotals;
use crate::graphql::written::One;
use crate::store::needs::GroupRow;

/// A group of needs.
#[derive(Clone)]
pub struct NeedsAnalysisRow(pub Entry<GroupRow>);

connection!(
    /// A page of groups.
    NeedsAnalysisConnection,
    /// A group and its place in the list.
    NeedsAnalysisEdge,
    NeedsAnalysisRow
);

/// A group of needs and its totals. Null is what it was not grouped by, and what has no such property: a country
/// without a WHO region, say.
#[leaves]
#[Object]
impl NeedsAnalysisRow {
    /// The country that asks.
    async fn country(&self, ctx: &Context<'_>) -> Nullable<One<Country>> {
        let entry = among(ctx, &self.0, |row| Ok(row.country.as_deref()), |all| &all.countries);
        nullable(entry.map(|found| found.map(Country).map(One)))
    }

    /// The country's WHO region.
    async fn who_region(&self) -> Nullable<WhoRegion> {
        nullable(self.0.row().map(|row| row.who_region))
    }

    /// The country's subregion by the UN's M49.
    async fn un_subregion(&self) -> Nullable<&String> {
        nullable(self.0.row().map(|row| row.un_subregion.as_ref()))
    }

    /// The country's income group.
    async fn income_group(&self) -> Nullable<IncomeGroup> {
        nullable(self.0.row().map(|row| row.income_group))
    }

    /// The domain of the items' categories.
    async fn domain(&self) -> Nullable<NeedDomain> {
        nullable(self.0.row().map(|row| row.domain))
    }

    /// The items' category, or the one above it at `categoryDepth`.
    async fn category(&self, ctx: &Context<'_>) -> Nullable<One<NeedCategory>> {
        let entry = among(ctx, &self.0, |row| Ok(row.category.as_deref()), |all| &all.categories);
        nullable(entry.map(|found| found.map(NeedCategory).map(One)))
    }

    /// The items' commodity.
    async fn commodity(&self, ctx: &Context<'_>) -> Nullable<One<Commodity>> {
        let entry = among(ctx, &self.0, |row| Ok(row.commodity.as_deref()), |all| &all.commodities);
        nullable(entry.map(|found| found.map(Commodity).map(One)))
    }

    /// The requests' urgency.
    async fn priority(&self) -> Nullable<Priority> {
        nullable(self.0.row().map(|row| row.priority))
    }

    /// The requests' place in the workflow.
    async fn status(&self) -> Nullable<RequestStatus> {
        nullable(self.0.row().map(|row| row.status))
    }

    /// The items' kind of help.
    async fn kind(&self) -> Nullable<ItemKind> {
        nullable(self.0.row().map(|row| row.kind))
    }

    /// First day of the month, in UTC, in which the requests were verified.
    async fn month(&self) -> Nullable<Date> {
        nullable(self.0.row().map(|row| row.month.map(Date)))
    }

    /// What the group adds up to.
    async fn totals(&self) -> Fallible<One<NeedsTotals>> {
        let totals = NeedsTotals::new(self.0.level().reader.reference(), &self.0.row()?.totals)?;
        Ok(One(totals))
    }
}
