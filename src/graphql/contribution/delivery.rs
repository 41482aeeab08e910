//! A delivery as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SelectionField};
use entity::contribution::Column;
use entity::delivery::Column as DeliveryColumn;
use futures_util::FutureExt;
use macros::leaves;

use crate::domain::number::{QUANTITY_SCALE, from_fixed};
use crate::graphql::contribution::object::{Contribution, columns};
use crate::graphql::fault::{Fallible, Fault, Nullable, nullable};
use crate::graphql::level::{Entry, Parents, distinct};
use crate::graphql::node::GlobalId;
use crate::graphql::scalar::{Date, DateTime, Decimal};
use crate::graphql::written::One;
use crate::store;
use crate::store::contribution::{ContributionRow, DeliveryRow};

/// A delivery.
#[derive(Clone)]
pub struct Delivery(pub Entry<DeliveryRow>);

/// The columns that these selected fields of a delivery need, each once, ids always among them.
pub fn delivery_columns<'a>(fields: impl Iterator<Item = SelectionField<'a>>) -> Vec<DeliveryColumn> {
    use DeliveryColumn as C;
    let mut columns = vec![C::Id, C::ContributionId];
    for field in fields {
        let behind: &[DeliveryColumn] = match field.name() {
            "id" | "contribution" | "__typename" => &[],
            "on" => &[C::DeliveredOn],
            "acceptedQuantity" => &[C::AcceptedMilli],
            "rejectedQuantity" => &[C::RejectedMilli],
            "rejectReason" => &[C::RejectReason],
            "note" => &[C::Note],
            "voided" => &[C::Voided],
            "voidReason" => &[C::VoidReason],
            "createdAt" => &[C::CreatedAt],
            _ => DeliveryRow::COLUMNS,
        };
        columns.extend_from_slice(behind);
    }
    columns.sort_unstable_by_key(|column| *column as u8);
    columns.dedup_by_key(|column| *column as u8);
    columns
}

impl Delivery {
    async fn contributions(
        &self,
        ctx: &Context<'_>,
        columns: impl FnOnce() -> Vec<Column>,
    ) -> Fallible<Arc<Parents<ContributionRow>>> {
        let level = self.0.level();
        let begin = || {
            let columns = columns();
            let key = format!("{columns:?}");
            let load = async move {
                let ids = distinct(level.rows.iter().map(|row| row.contribution_id().copied()))?;
                let read = store::contribution::by_ids(&level.reader, &ids, &columns).await?;
                Ok(Parents::new(&level.reader, read))
            };
            Ok((key, load.boxed()))
        };
        level.children(ctx, begin).await
    }

    async fn confidential<'a>(&'a self, ctx: &Context<'_>, value: &'a Option<String>) -> Fallible<Option<&'a String>> {
        if value.is_none() {
            return Ok(None);
        }
        let columns = || vec![Column::Id, Column::RequestId, Column::OrganizationCode];
        let contributions = self.contributions(ctx, columns).await?;
        let contribution = Contribution(contributions.entry(self.0.row()?.contribution_id()?)?);
        let sees = contribution.confidential(ctx, value).await?.is_some();
        Ok(value.as_ref().filter(|_| sees))
    }
}

/// A part of a contribution that was received.
#[leaves]
#[Object]
impl Delivery {
    /// Opaque and stable; `node(id:)` finds it again.
    pub async fn id(&self) -> Fallible<ID> {
        Ok(GlobalId::Delivery(*self.0.row()?.id()?).encode())
    }

    /// The contribution that it is a part of.
    async fn contribution(&self, ctx: &Context<'_>) -> Fallible<One<Contribution>> {
        let columns = || columns(ctx.field().selection_set());
        let contributions = self.contributions(ctx, columns).await?;
        Ok(One(Contribution(
            contributions.entry(self.0.row()?.contribution_id()?)?,
        )))
    }

    /// The day on which it was received.
    async fn on(&self) -> Fallible<Date> {
        Ok(Date(*self.0.row()?.delivered_on()?))
    }

    /// How much was accepted, in the item's unit.
    async fn accepted_quantity(&self) -> Fallible<Decimal> {
        Ok(Decimal(from_fixed(*self.0.row()?.accepted_milli()?, QUANTITY_SCALE)))
    }

    /// How much was refused, in the item's unit.
    async fn rejected_quantity(&self) -> Fallible<Decimal> {
        Ok(Decimal(from_fixed(*self.0.row()?.rejected_milli()?, QUANTITY_SCALE)))
    }

    /// Why it was refused; null where the viewer may not see it.
    async fn reject_reason(&self, ctx: &Context<'_>) -> Nullable<&String> {
        let found = async { self.confidential(ctx, self.0.row()?.reject_reason()?).await };
        nullable::<_, Fault>(found.await)
    }

    /// What else there is to say; null where the viewer may not see it.
    async fn note(&self, ctx: &Context<'_>) -> Nullable<&String> {
        let found = async { self.confidential(ctx, self.0.row()?.note()?).await };
        nullable::<_, Fault>(found.await)
    }

    /// It was recorded by mistake, and counts nowhere.
    async fn voided(&self) -> Fallible<bool> {
        Ok(*self.0.row()?.voided()?)
    }

    /// What the mistake was.
    async fn void_reason(&self) -> Nullable<&String> {
        nullable(self.0.row().and_then(|row| Ok(row.void_reason()?.as_ref())))
    }

    /// When it was recorded.
    async fn created_at(&self) -> Fallible<DateTime> {
        Ok(DateTime(*self.0.row()?.created_at()?))
    }
}
