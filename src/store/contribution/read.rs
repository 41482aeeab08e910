//! Reading contributions and deliveries.

use chrono::{DateTime, NaiveDate, Utc};
use entity::enums::ContributionStatus;
use entity::{assistance_request as ar, contribution as co, delivery as de};
use sea_orm::JoinType;
use sea_orm::sea_query::{DynIden, Expr, ExprTrait, Func, Order, Query, SelectStatement};
use uuid::Uuid;

use crate::domain::assistance_request::Origin;
use crate::domain::filter::{ContributionField, Filter};
use crate::domain::text::findable;
use crate::error::Error;
use crate::store::condition::{self, Aliases, one_of_ids, resolve, visible_request};
use crate::store::contribution::{Owner, Owners};
use crate::store::page::{Key, KeyKind, Keyset, Name, Page, Paging, Parents, Plan};
use crate::store::row::{Cell, row};
use crate::store::{Map, Reader, fault};

row! {
    /// A contribution, as far as it was read.
    ContributionRow (ContributionCells) of co {
        /// Its id.
        id / Id: Uuid,
        /// Its item's request.
        request_id / RequestId: Uuid,
        /// What it is given towards.
        item_id / ItemId: Uuid,
        /// Who gives.
        organization_code / OrganizationCode: String,
        /// Where it stands.
        status / Status: ContributionStatus,
        /// How much, in thousandths.
        quantity_milli / QuantityMilli: i64,
        /// Received and accepted, in thousandths.
        accepted_milli / AcceptedMilli: i64,
        /// Received and refused, in thousandths.
        rejected_milli / RejectedMilli: i64,
        /// In ten-thousandths of a US dollar.
        value_usd_e4 / ValueUsdE4: Option<i64>,
        /// The day on which it is expected.
        expected_on / ExpectedOn: Option<NaiveDate>,
        /// The day on which it was committed.
        committed_on / CommittedOn: Option<NaiveDate>,
        /// The day on which it was shipped.
        shipped_on / ShippedOn: Option<NaiveDate>,
        /// The day on which the last part was received.
        delivered_on / DeliveredOn: Option<NaiveDate>,
        /// The day on which it was cancelled.
        cancelled_on / CancelledOn: Option<NaiveDate>,
        /// How to follow the shipment.
        tracking_reference / TrackingReference: Option<String>,
        /// What else there is to say.
        note / Note: Option<String>,
        /// System of record.
        source / Source: Option<String>,
        /// Its id there.
        external_id / ExternalId: Option<String>,
        /// Counts the changes.
        version / Version: i32,
        /// When it was made.
        created_at / CreatedAt: DateTime<Utc>,
        /// When it was last changed.
        updated_at / UpdatedAt: DateTime<Utc>,
    }
}

row! {
    /// A delivery, as far as it was read.
    DeliveryRow (DeliveryCells) of de {
        /// Its id.
        id / Id: Uuid,
        /// The contribution that it is a part of.
        contribution_id / ContributionId: Uuid,
        /// The day on which it was received.
        delivered_on / DeliveredOn: NaiveDate,
        /// Accepted, in thousandths.
        accepted_milli / AcceptedMilli: i64,
        /// Refused, in thousandths.
        rejected_milli / RejectedMilli: i64,
        /// Why it was refused.
        reject_reason / RejectReason: Option<String>,
        /// What else there is to say.
        note / Note: Option<String>,
        /// It was recorded by mistake.
        voided / Voided: bool,
        /// What the mistake was.
        void_reason / VoidReason: Option<String>,
        /// When it was recorded.
        created_at / CreatedAt: DateTime<Utc>,
    }
}

/// What a page of contributions can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderField {
    /// When it was made.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
    /// The day on which it is expected.
    ExpectedOn,
    /// The day on which the last part was received.
    DeliveredOn,
    /// How much, whatever the unit.
    Quantity,
}

/// One order key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// By what.
    pub field: OrderField,
    /// Largest or latest first.
    pub descending: bool,
}

/// What names one contribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Its id.
    Id(Uuid),
    /// Its id in its source.
    Origin(Origin),
}

/// The tables of one statement on contributions.
struct Tables {
    contribution: DynIden,
    request: DynIden,
    aliases: Aliases,
}

impl Tables {
    fn new() -> Self {
        let aliases = Aliases::default();
        Self {
            contribution: aliases.next("c"),
            request: aliases.next("r"),
            aliases,
        }
    }

    fn column(&self, column: co::Column) -> Expr {
        Expr::col((self.contribution.clone(), column))
    }

    /// Contributions, whoever may see them: for parents that the reader was given before.
    fn select_unscoped(&self) -> SelectStatement {
        Query::select().from_as(co::Entity, self.contribution.clone()).take()
    }

    /// Contributions to requests that the reader may see.
    fn select(&self, reader: &Reader) -> SelectStatement {
        let id = Expr::col((self.request.clone(), ar::Column::Id));
        self.select_unscoped()
            .join_as(
                JoinType::InnerJoin,
                ar::Entity,
                self.request.clone(),
                id.equals((self.contribution.clone(), co::Column::RequestId)),
            )
            .and_where(visible_request(reader.actor(), &self.request))
            .take()
    }

    fn add_columns(&self, select: &mut SelectStatement, columns: &[co::Column]) {
        select.columns(columns.iter().map(|column| (self.contribution.clone(), *column)));
    }

    fn keyset(&self, order: &[OrderBy]) -> Keyset {
        let keys = order
            .iter()
            .map(|by| {
                let (column, kind, nullable) = match by.field {
                    OrderField::CreatedAt => (co::Column::CreatedAt, KeyKind::Time, false),
                    OrderField::UpdatedAt => (co::Column::UpdatedAt, KeyKind::Time, false),
                    OrderField::ExpectedOn => (co::Column::ExpectedOn, KeyKind::Date, true),
                    OrderField::DeliveredOn => (co::Column::DeliveredOn, KeyKind::Date, true),
                    OrderField::Quantity => (co::Column::QuantityMilli, KeyKind::BigInt, false),
                };
                Key {
                    expr: self.column(column),
                    kind,
                    nullable,
                    descending: by.descending,
                }
            })
            .collect();
        Keyset::new(keys, self.column(co::Column::Id))
    }
}

/// One page of the contributions that the reader may see; with `count`, how many there are in all.
///
/// # Errors
/// The database's.
pub async fn page(
    reader: &Reader,
    filter: &Filter<ContributionField>,
    order: &[OrderBy],
    paging: &Paging,
    columns: &[co::Column],
    count: bool,
) -> Result<Page<ContributionRow>, Error> {
    let filter = resolve::contribution(reader, filter).await?;
    let tables = Tables::new();
    let mut select = tables.select(reader);
    select.and_where(condition::contribution(
        reader,
        &tables.aliases,
        &tables.contribution,
        &filter,
    ));
    let total = if count {
        Some(condition::count(reader, &select).await?)
    } else {
        None
    };
    tables.add_columns(&mut select, columns);
    let read = |row: &sea_orm::QueryResult| ContributionRow::read(row, columns);
    let page = tables
        .keyset(order)
        .page(reader, select, columns.len(), paging, Plan::by(&filter), read)
        .await?;
    Ok(Page { total, ..page })
}

/// The same page of the contributions of each owner, in one statement, and one more to count. An owner that has none is absent,
/// unless counted.
///
/// # Errors
/// The database's.
pub async fn pages_of(
    reader: &Reader,
    owners: &Owners,
    filter: &Filter<ContributionField>,
    order: &[OrderBy],
    paging: &Paging,
    columns: &[co::Column],
    count: bool,
) -> Result<Map<Owner, Page<ContributionRow>>, Error> {
    let filter = resolve::contribution(reader, filter).await?;
    let tables = Tables::new();
    let key = tables.column(owners.column());
    let mut select = match owners.were_given() {
        true => tables.select_unscoped(),
        false => tables.select(reader),
    };
    select.and_where(condition::contribution(
        reader,
        &tables.aliases,
        &tables.contribution,
        &filter,
    ));
    let mut counting = select.clone();
    tables.add_columns(&mut select, columns);
    let parents = Parents {
        column: key.clone(),
        are: owners.are(reader.backend(), key.clone()),
        read: |row: &sea_orm::QueryResult, index: usize| owners.read(row, index),
        only: owners.only().map(|owner| owner.key()),
    };
    let read = |row: &sea_orm::QueryResult| ContributionRow::read(row, columns);
    let keyset = tables.keyset(order);
    let mut pages = keyset
        .pages(reader, select, columns.len(), parents, paging, read)
        .await?;
    if count {
        counting
            .and_where(owners.hold(reader.backend(), key.clone()))
            .expr(key.clone())
            .expr(Func::count(Expr::cust("*")))
            .add_group_by([key]);
        for row in reader.all(&counting).await? {
            let read = || Ok((owners.read(&row, 0)?, i64::of(&row, 1)?));
            let (owner, total) = read().map_err(fault::error)?;
            pages.entry(owner).or_default().total = Some(u64::try_from(total).unwrap_or_default());
        }
        for owner in owners.each() {
            pages.entry(owner).or_default().total.get_or_insert(0);
        }
    }
    Ok(pages)
}

/// The contributions with these ids that the reader may see, by id.
///
/// # Errors
/// The database's.
pub async fn by_ids(
    reader: &Reader,
    ids: &[Uuid],
    columns: &[co::Column],
) -> Result<Map<Uuid, ContributionRow>, Error> {
    let tables = Tables::new();
    let id = tables.column(co::Column::Id);
    let mut select = tables.select(reader);
    select.and_where(one_of_ids(reader.backend(), id.clone(), ids));
    tables.add_columns(&mut select, columns);
    select.expr(id);
    let rows = reader.all(&select).await?;
    rows.iter()
        .map(|row| Ok((Cell::of(row, columns.len())?, ContributionRow::read(row, columns)?)))
        .collect::<Result<_, sea_orm::DbErr>>()
        .map_err(fault::error)
}

/// One contribution, where the reader may see it.
///
/// # Errors
/// The database's.
pub async fn find(reader: &Reader, by: &By, columns: &[co::Column]) -> Result<Option<ContributionRow>, Error> {
    let tables = Tables::new();
    let mut select = tables.select(reader);
    match by {
        By::Id(id) => select.and_where(tables.column(co::Column::Id).eq(*id)),
        By::Origin(Origin { source, external_id }) => select
            .and_where(tables.column(co::Column::Source).eq(&*findable(source)))
            .and_where(tables.column(co::Column::ExternalId).eq(&*findable(external_id))),
    };
    tables.add_columns(&mut select, columns);
    select.expr(tables.column(co::Column::Id));
    let rows = reader.all(&select).await?;
    rows.first()
        .map(|row| ContributionRow::read(row, columns))
        .transpose()
        .map_err(fault::error)
}

/// All deliveries of these contributions, which the reader was given before, in the order of their days, each with the
/// contribution it belongs to.
///
/// # Errors
/// The database's.
pub async fn deliveries_of(
    reader: &Reader,
    contributions: &[Uuid],
    columns: &[de::Column],
) -> Result<Vec<(Uuid, DeliveryRow)>, Error> {
    let table = Aliases::default().next("d");
    let contribution = Expr::col((table.clone(), de::Column::ContributionId));
    let select = Query::select()
        .columns(columns.iter().map(|column| (table.clone(), *column)))
        .expr(contribution.clone())
        .from_as(de::Entity, table.clone())
        .and_where(one_of_ids(reader.backend(), contribution, contributions))
        .order_by((table.clone(), de::Column::DeliveredOn), Order::Asc)
        .order_by((table.clone(), de::Column::Id), Order::Asc)
        .take();
    let rows = reader.all(&select).await?;
    rows.iter()
        .map(|row| Ok((Cell::of(row, columns.len())?, DeliveryRow::read(row, columns)?)))
        .collect::<Result<_, sea_orm::DbErr>>()
        .map_err(fault::error)
}

/// The deliveries with these ids that the reader may see, by id.
///
/// # Errors
/// The database's.
pub async fn deliveries_by_ids(
    reader: &Reader,
    ids: &[Uuid],
    columns: &[de::Column],
) -> Result<Map<Uuid, DeliveryRow>, Error> {
    let tables = Tables::new();
    let table = tables.aliases.next("d");
    let id = Expr::col((table.clone(), de::Column::Id));
    let mut select = tables.select(reader);
    select
        .join_as(
            JoinType::InnerJoin,
            de::Entity,
            table.clone(),
            Expr::col((table.clone(), de::Column::ContributionId))
                .equals((tables.contribution.clone(), co::Column::Id)),
        )
        .columns(columns.iter().map(|column| (table.clone(), *column)))
        .expr(id.clone())
        .and_where(one_of_ids(reader.backend(), id, ids));
    let rows = reader.all(&select).await?;
    rows.iter()
        .map(|row| Ok((Cell::of(row, columns.len())?, DeliveryRow::read(row, columns)?)))
        .collect::<Result<_, sea_orm::DbErr>>()
        .map_err(fault::error)
}
