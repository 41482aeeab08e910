//! An item as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SelectionField};
use entity::enums::ItemKind;
use entity::request_item::Column;
use futures_util::FutureExt;
use macros::leaves;

use crate::domain::number::{QUANTITY_SCALE, UNIT_COST_SCALE, from_fixed};
use crate::error::Error;
use crate::graphql::among::{among, surely_among};
use crate::graphql::assistance_request::{AssistanceRequest, Columns};
use crate::graphql::commodity::Commodity;
use crate::graphql::contribution::{Asked, ContributionConnection, ContributionFilter, ContributionOrder, nested};
use crate::graphql::fault::{Fallible, Nullable, nullable};
use crate::graphql::level::{Entry, Parents, distinct};
use crate::graphql::need_category::NeedCategory;
use crate::graphql::node::GlobalId;
use crate::graphql::page::{arguments, connection};
use crate::graphql::scalar::Decimal;
use crate::graphql::unit::Unit;
use crate::graphql::written::{One, is_of_row};
use crate::store;
use crate::store::contribution::{Owner, Owners};
use crate::store::request_item::ItemRow;

/// An item of a request.
#[derive(Clone)]
pub struct RequestItem(pub Entry<ItemRow>);

connection!(
    /// A page of items of requests that the viewer may see.
    RequestItemConnection,
    /// An item and its place in the list.
    RequestItemEdge,
    RequestItem
);

/// The columns that these selected fields of an item need, each once, its id always among them.
pub fn columns<'a>(fields: impl Iterator<Item = SelectionField<'a>>) -> Vec<Column> {
    let mut columns = vec![Column::Id];
    for field in fields {
        columns.extend_from_slice(columns_of(field.name()));
    }
    columns.sort_unstable_by_key(|column| *column as u8);
    columns.dedup_by_key(|column| *column as u8);
    columns
}

/// Whether a field of an item is told by its row, and by what is in memory of what the row names.
pub fn is_of_item(field: &SelectionField<'_>) -> bool {
    let mut fields = field.selection_set();
    match field.name() {
        "category" => fields.all(|field| is_of_row::<NeedCategory>(&field)),
        "commodity" => fields.all(|field| is_of_row::<Commodity>(&field)),
        "unit" => fields.all(|field| is_of_row::<Unit>(&field)),
        _ => is_of_row::<RequestItem>(field),
    }
}

/// The columns behind one field. A field that is not named needs everything: too much is slow, too little is wrong.
fn columns_of(field: &str) -> &'static [Column] {
    use Column as C;
    match field {
        "id" | "__typename" => &[],
        "request" => &[C::RequestId],
        "externalId" => &[C::ExternalId],
        "kind" => &[C::Kind],
        "category" => &[C::CategoryCode],
        "commodity" => &[C::CommodityCode],
        "description" => &[C::Description],
        "unit" => &[C::UnitCode],
        "quantity" => &[C::QuantityMilli],
        "approvedQuantity" => &[C::ApprovedMilli],
        "approvalNote" => &[C::ApprovalNote],
        "unitCostUsd" => &[C::UnitCostE4],
        "pledgedQuantity" => &[C::PledgedMilli],
        "committedQuantity" => &[C::CommittedMilli],
        "inTransitQuantity" => &[C::InTransitMilli],
        "deliveredQuantity" => &[C::DeliveredMilli],
        "uncoveredQuantity" => &[C::UncoveredMilli],
        "unmetQuantity" => &[C::UnmetMilli],
        "contributions" => &[],
        _ => ItemRow::COLUMNS,
    }
}

/// One thing that a request asks for.
#[leaves]
#[Object]
impl RequestItem {
    /// Opaque and stable; `node(id:)` finds it again.
    pub async fn id(&self) -> Fallible<ID> {
        Ok(GlobalId::RequestItem(*self.0.row()?.id()?).encode())
    }

    /// The request it belongs to.
    #[children]
    async fn request(&self, ctx: &Context<'_>) -> Fallible<One<AssistanceRequest>> {
        let level = self.0.level();
        let begin = || {
            let columns = Columns::of(ctx.field().selection_set());
            let key = format!("{columns:?}");
            let load = async move {
                let ids = distinct(level.rows.iter().map(|row| row.request_id().copied()))?;
                let read = store::assistance_request::by_ids(&level.reader, &ids, &columns.0).await?;
                Ok(Parents::new(&level.reader, read))
            };
            Ok((key, load.boxed()))
        };
        let requests = level.children(ctx, begin).await?;
        Ok(One(AssistanceRequest(requests.entry(self.0.row()?.request_id()?)?)))
    }

    /// Its id in the request's source.
    async fn external_id(&self) -> Nullable<&String> {
        nullable(self.0.row().and_then(|row| Ok(row.external_id()?.as_ref())))
    }

    /// What kind of help.
    async fn kind(&self) -> Fallible<ItemKind> {
        Ok(*self.0.row()?.kind()?)
    }

    /// Its category.
    async fn category(&self, ctx: &Context<'_>) -> Fallible<One<NeedCategory>> {
        let entry = surely_among(
            ctx,
            &self.0,
            |row| Ok(Some(row.category_code()?)),
            |all| &all.categories,
        )?;
        Ok(One(NeedCategory(entry)))
    }

    /// Its commodity; null where it is none of the list.
    async fn commodity(&self, ctx: &Context<'_>) -> Nullable<One<Commodity>> {
        let entry = among(ctx, &self.0, commodity_code, |all| &all.commodities);
        nullable(entry.map(|found| found.map(Commodity).map(One)))
    }

    /// What the codes don't say.
    async fn description(&self) -> Nullable<&String> {
        nullable(self.0.row().and_then(|row| Ok(row.description()?.as_ref())))
    }

    /// The unit of every quantity of this item.
    async fn unit(&self) -> Fallible<One<Unit>> {
        let code = self.0.row()?.unit_code()?;
        let unit = self.0.level().reader.reference().units.get(code);
        unit.map(|unit| One(Unit(Arc::clone(unit))))
            .ok_or_else(|| Error::internal(format!("no unit {code}")).into())
    }

    /// How much is requested, in units.
    async fn quantity(&self) -> Fallible<Decimal> {
        Ok(Decimal(from_fixed(*self.0.row()?.quantity_milli()?, QUANTITY_SCALE)))
    }

    /// How much was approved at verification, in units; null before it. From then on it is the base of every figure.
    async fn approved_quantity(&self) -> Nullable<Decimal> {
        nullable(self.0.row().and_then(|row| {
            Ok(row
                .approved_milli()?
                .map(|milli| Decimal(from_fixed(milli, QUANTITY_SCALE))))
        }))
    }

    /// Why the approved quantity is not the requested one.
    async fn approval_note(&self) -> Nullable<&String> {
        nullable(self.0.row().and_then(|row| Ok(row.approval_note()?.as_ref())))
    }

    /// What one unit costs, in US dollars; 1 for FUNDING, whose unit is USD; null where unknown.
    async fn unit_cost_usd(&self) -> Nullable<Decimal> {
        nullable(self.0.row().and_then(|row| {
            Ok(row
                .unit_cost_e4()?
                .map(|cost| Decimal(from_fixed(cost, UNIT_COST_SCALE))))
        }))
    }

    /// Open pledges that are not yet committed, in units. They reserve nothing.
    async fn pledged_quantity(&self) -> Fallible<Decimal> {
        Ok(units(*self.0.row()?.pledged_milli()?))
    }

    /// Committed and not yet shipped, in units.
    async fn committed_quantity(&self) -> Fallible<Decimal> {
        Ok(units(*self.0.row()?.committed_milli()?))
    }

    /// Shipped and not yet received, in units.
    async fn in_transit_quantity(&self) -> Fallible<Decimal> {
        Ok(units(*self.0.row()?.in_transit_milli()?))
    }

    /// Received and accepted, in units.
    async fn delivered_quantity(&self) -> Fallible<Decimal> {
        Ok(units(*self.0.row()?.delivered_milli()?))
    }

    /// What a donor can still take, in units: the base less what is committed, in transit or delivered. 0 once the
    /// request has ended.
    async fn uncovered_quantity(&self) -> Fallible<Decimal> {
        Ok(units(*self.0.row()?.uncovered_milli()?))
    }

    /// What is not yet in hands, in units: the base less what is delivered. 0 once the request has ended.
    async fn unmet_quantity(&self) -> Fallible<Decimal> {
        Ok(units(*self.0.row()?.unmet_milli()?))
    }

    /// The contributions to it. Without an order, oldest first.
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
        let owner = Owner::Id(*self.0.row()?.id()?);
        nested(ctx, level, || Owners::items(&level.rows), &owner, asked).await
    }
}

/// A quantity in units.
fn units(milli: i64) -> Decimal {
    Decimal(from_fixed(milli, QUANTITY_SCALE))
}

fn commodity_code(row: &ItemRow) -> Result<Option<&str>, Error> {
    Ok(row.commodity_code()?.as_deref())
}
