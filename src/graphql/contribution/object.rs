//! A contribution as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SelectionField};
use entity::contribution::Column;
use entity::delivery::Column as DeliveryColumn;
use entity::enums::{ContributionStatus, RequestStatus};
use futures_util::FutureExt;
use macros::leaves;
use uuid::Uuid;

use crate::domain::contribution::available;
use crate::domain::number::{QUANTITY_SCALE, UNIT_COST_SCALE, from_fixed};
use crate::domain::rights::{Operation, scope};
use crate::error::Error;
use crate::graphql::among::surely_among;
use crate::graphql::assistance_request::{AssistanceRequest, Columns};
use crate::graphql::contribution::delivery::{Delivery, delivery_columns};
use crate::graphql::fault::{Fallible, Fault, Nullable, nullable};
use crate::graphql::level::{Entry, Level, Parents, distinct};
use crate::graphql::node::GlobalId;
use crate::graphql::organization::Organization;
use crate::graphql::page::connection;
use crate::graphql::request_item::{self, RequestItem};
use crate::graphql::scalar::{Date, DateTime, Decimal};
use crate::graphql::written::{One, Rows};
use crate::store::assistance_request::RequestRow;
use crate::store::contribution::{ContributionRow, DeliveryRow};
use crate::store::request_item::ItemRow;
use crate::store::{self, Map};

/// A contribution.
#[derive(Clone)]
pub struct Contribution(pub Entry<ContributionRow>);

connection!(
    /// A page of contributions that the viewer may see.
    ContributionConnection,
    /// A contribution and its place in the list.
    ContributionEdge,
    Contribution
);

/// The columns that these selected fields of a contribution need, each once, its id always among them.
pub fn columns<'a>(fields: impl Iterator<Item = SelectionField<'a>>) -> Vec<Column> {
    let mut columns = vec![Column::Id];
    for field in fields {
        columns.extend_from_slice(columns_of(field.name()));
    }
    columns.sort_unstable_by_key(|column| *column as u8);
    columns.dedup_by_key(|column| *column as u8);
    columns
}

/// The columns behind one field. A field that is not named needs everything: too much is slow, too little is wrong.
fn columns_of(field: &str) -> &'static [Column] {
    use Column as C;
    match field {
        "id" | "deliveries" | "__typename" => &[],
        "request" => &[C::RequestId],
        "item" => &[C::ItemId],
        "organization" => &[C::OrganizationCode],
        "status" => &[C::Status],
        "availableSteps" => &[
            C::RequestId,
            C::OrganizationCode,
            C::Status,
            C::AcceptedMilli,
            C::RejectedMilli,
        ],
        "quantity" => &[C::QuantityMilli],
        "deliveredQuantity" => &[C::AcceptedMilli],
        "rejectedQuantity" => &[C::RejectedMilli],
        "valueUsd" => &[C::ValueUsdE4],
        "expectedOn" => &[C::ExpectedOn],
        "committedOn" => &[C::CommittedOn],
        "shippedOn" => &[C::ShippedOn],
        "deliveredOn" => &[C::DeliveredOn],
        "cancelledOn" => &[C::CancelledOn],
        "trackingReference" => &[C::RequestId, C::OrganizationCode, C::TrackingReference],
        "note" => &[C::RequestId, C::OrganizationCode, C::Note],
        "source" => &[C::Source],
        "externalId" => &[C::ExternalId],
        "version" => &[C::Version],
        "createdAt" => &[C::CreatedAt],
        "updatedAt" => &[C::UpdatedAt],
        _ => ContributionRow::COLUMNS,
    }
}

/// The deliveries of all contributions of a level.
struct Deliveries {
    level: Arc<Level<DeliveryRow>>,
    of_contribution: Map<Uuid, Vec<usize>>,
}

impl Contribution {
    async fn requests(
        &self,
        ctx: &Context<'_>,
        columns: impl FnOnce() -> Columns,
    ) -> Fallible<Arc<Parents<RequestRow>>> {
        let level = self.0.level();
        let begin = || {
            let columns = columns();
            let key = format!("{columns:?}");
            let load = async move {
                let ids = distinct(level.rows.iter().map(|row| row.request_id().copied()))?;
                let read = store::assistance_request::by_ids(&level.reader, &ids, &columns.0).await?;
                Ok(Parents::new(&level.reader, read))
            };
            Ok((key, load.boxed()))
        };
        level.children(ctx, begin).await
    }

    /// What decides of rights: the request's country and status, and whose the contribution is.
    async fn belongings(&self, ctx: &Context<'_>) -> Fallible<(String, RequestStatus)> {
        use entity::assistance_request::Column as R;
        let columns = || Columns(vec![R::Id, R::CountryCode, R::Status]);
        let request = self.requests(ctx, columns).await?.entry(self.0.row()?.request_id()?)?;
        let row = request.row()?;
        Ok((row.country_code()?.clone(), *row.status()?))
    }

    /// A field that the giving organization, the receiving country and coordinators see.
    pub(super) async fn confidential<'a>(
        &'a self,
        ctx: &Context<'_>,
        value: &'a Option<String>,
    ) -> Fallible<Option<&'a String>> {
        if value.is_none() {
            return Ok(None);
        }
        let (country, _) = self.belongings(ctx).await?;
        let organization = self.0.row()?.organization_code()?;
        let sees =
            scope(self.0.level().reader.actor(), Operation::ReadConfidential).holds(Some(&country), Some(organization));
        Ok(value.as_ref().filter(|_| sees))
    }

    async fn load_deliveries(&self, columns: Vec<DeliveryColumn>) -> Fallible<Deliveries> {
        let level = self.0.level();
        let ids = level
            .rows
            .iter()
            .map(|row| row.id().copied())
            .collect::<Result<Vec<_>, _>>()?;
        let read = store::contribution::deliveries_of(&level.reader, &ids, &columns).await?;
        let mut of_contribution: Map<Uuid, Vec<usize>> = Map::default();
        let mut rows = Vec::with_capacity(read.len());
        for (contribution, row) in read {
            of_contribution.entry(contribution).or_default().push(rows.len());
            rows.push(row);
        }
        Ok(Deliveries {
            level: Level::new(Arc::clone(&level.reader), rows),
            of_contribution,
        })
    }
}

/// What an organization gives towards an item: pledged, committed, shipped, delivered.
#[leaves]
#[Object]
impl Contribution {
    /// Opaque and stable; `node(id:)` finds it again.
    pub async fn id(&self) -> Fallible<ID> {
        Ok(GlobalId::Contribution(*self.0.row()?.id()?).encode())
    }

    /// The request of its item.
    #[children]
    async fn request(&self, ctx: &Context<'_>) -> Fallible<One<AssistanceRequest>> {
        let columns = || Columns::of(ctx.field().selection_set());
        let requests = self.requests(ctx, columns).await?;
        Ok(One(AssistanceRequest(requests.entry(self.0.row()?.request_id()?)?)))
    }

    /// What it is given towards.
    #[children]
    async fn item(&self, ctx: &Context<'_>) -> Fallible<One<RequestItem>> {
        let level = self.0.level();
        let begin = || {
            let columns = request_item::columns(ctx.field().selection_set());
            let key = format!("{columns:?}");
            let load = async move {
                let ids = distinct(level.rows.iter().map(|row| row.item_id().copied()))?;
                let read: Map<Uuid, ItemRow> = store::request_item::by_ids(&level.reader, &ids, &columns).await?;
                Ok(Parents::new(&level.reader, read))
            };
            Ok((key, load.boxed()))
        };
        let items = level.children(ctx, begin).await?;
        Ok(One(RequestItem(items.entry(self.0.row()?.item_id()?)?)))
    }

    /// Who gives.
    async fn organization(&self, ctx: &Context<'_>) -> Fallible<One<Organization>> {
        let entry = surely_among(ctx, &self.0, organization_code, |all| &all.organizations)?;
        Ok(One(Organization(entry)))
    }

    /// Where it stands.
    async fn status(&self) -> Fallible<ContributionStatus> {
        Ok(*self.0.row()?.status()?)
    }

    /// Names of the mutations that are open to this viewer for this contribution now.
    #[children]
    async fn available_steps(&self, ctx: &Context<'_>) -> Fallible<Vec<&'static str>> {
        let row = self.0.row()?;
        let (country, request_status) = self.belongings(ctx).await?;
        if request_status != RequestStatus::Verified {
            return Ok(Vec::new());
        }
        let received = row.accepted_milli()? + row.rejected_milli()?;
        Ok(available(
            self.0.level().reader.actor(),
            &country,
            row.organization_code()?,
            *row.status()?,
            received,
        ))
    }

    /// How much, in the item's unit.
    async fn quantity(&self) -> Fallible<Decimal> {
        Ok(Decimal(from_fixed(*self.0.row()?.quantity_milli()?, QUANTITY_SCALE)))
    }

    /// How much of it was received and accepted.
    async fn delivered_quantity(&self) -> Fallible<Decimal> {
        Ok(Decimal(from_fixed(*self.0.row()?.accepted_milli()?, QUANTITY_SCALE)))
    }

    /// How much of it was received and refused; the need is open again for as much.
    async fn rejected_quantity(&self) -> Fallible<Decimal> {
        Ok(Decimal(from_fixed(*self.0.row()?.rejected_milli()?, QUANTITY_SCALE)))
    }

    /// What it costs the contributor, in US dollars; it does not enter the need's totals.
    async fn value_usd(&self) -> Nullable<Decimal> {
        let value = self.0.row().and_then(|row| Ok(*row.value_usd_e4()?));
        nullable(value.map(|value| value.map(|value| Decimal(from_fixed(value, UNIT_COST_SCALE)))))
    }

    /// The day on which it is expected.
    async fn expected_on(&self) -> Nullable<Date> {
        nullable(self.0.row().and_then(|row| Ok(row.expected_on()?.map(Date))))
    }

    /// The day on which it was committed.
    async fn committed_on(&self) -> Nullable<Date> {
        nullable(self.0.row().and_then(|row| Ok(row.committed_on()?.map(Date))))
    }

    /// The day on which it was shipped.
    async fn shipped_on(&self) -> Nullable<Date> {
        nullable(self.0.row().and_then(|row| Ok(row.shipped_on()?.map(Date))))
    }

    /// The day on which the last part was received.
    async fn delivered_on(&self) -> Nullable<Date> {
        nullable(self.0.row().and_then(|row| Ok(row.delivered_on()?.map(Date))))
    }

    /// The day on which it was cancelled.
    async fn cancelled_on(&self) -> Nullable<Date> {
        nullable(self.0.row().and_then(|row| Ok(row.cancelled_on()?.map(Date))))
    }

    /// The parts that were received, in the order of their days; voided ones too.
    #[children]
    async fn deliveries(&self, ctx: &Context<'_>) -> Fallible<Rows<'static, Delivery>> {
        let begin = || {
            let columns = delivery_columns(ctx.field().selection_set());
            Ok((format!("{columns:?}"), self.load_deliveries(columns).boxed()))
        };
        let deliveries = self.0.level().children(ctx, begin).await?;
        let mine = deliveries.of_contribution.get(self.0.row()?.id()?);
        let mine = mine.into_iter().flatten();
        let mine = mine.map(|index| Delivery(Entry::new(Arc::clone(&deliveries.level), *index)));
        Ok(mine.collect::<Vec<_>>().into())
    }

    /// How to follow the shipment; null where the viewer may not see it.
    #[children]
    async fn tracking_reference(&self, ctx: &Context<'_>) -> Nullable<&String> {
        let found = async { self.confidential(ctx, self.0.row()?.tracking_reference()?).await };
        nullable::<_, Fault>(found.await)
    }

    /// What else there is to say; null where the viewer may not see it.
    #[children]
    async fn note(&self, ctx: &Context<'_>) -> Nullable<&String> {
        let found = async { self.confidential(ctx, self.0.row()?.note()?).await };
        nullable::<_, Fault>(found.await)
    }

    /// System of record it came from; null where it was entered here.
    async fn source(&self) -> Nullable<&String> {
        nullable(self.0.row().and_then(|row| Ok(row.source()?.as_ref())))
    }

    /// Its id in its source.
    async fn external_id(&self) -> Nullable<&String> {
        nullable(self.0.row().and_then(|row| Ok(row.external_id()?.as_ref())))
    }

    /// Counts the changes. Name it in a mutation.
    async fn version(&self) -> Fallible<i32> {
        Ok(*self.0.row()?.version()?)
    }

    /// When it was made.
    async fn created_at(&self) -> Fallible<DateTime> {
        Ok(DateTime(*self.0.row()?.created_at()?))
    }

    /// When it was last changed.
    async fn updated_at(&self) -> Fallible<DateTime> {
        Ok(DateTime(*self.0.row()?.updated_at()?))
    }
}

fn organization_code(row: &ContributionRow) -> Result<Option<&str>, Error> {
    Ok(Some(row.organization_code()?))
}
