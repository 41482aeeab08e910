//! Reading requests.

use chrono::{DateTime, NaiveDate, Utc};
use entity::assistance_request as ar;
use entity::enums::{Locale, Priority, RequestStatus};
use sea_orm::Statement;
use sea_orm::sea_query::{DynIden, Expr, ExprTrait, Func, Query, SelectStatement};
use uuid::Uuid;

use crate::domain::filter::{Filter, RequestField};
use crate::error::Error;
use crate::store::condition::{self, Aliases, one_of_ids, one_of_texts, resolve, visible_request};
use crate::store::page::{Are, Key, KeyKind, Keyset, Name, Page, Paging, Parents, Plan};
use crate::store::row::{Cell, row};
use crate::store::{Map, Reader, fault, needs};

row! {
    /// A request, as far as it was read.
    RequestRow (RequestCells) of ar {
        /// Its id.
        id / Id: Uuid,
        /// `ISO3-YEAR-NNNNNN`.
        reference / Reference: String,
        /// The country that asks.
        country_code / CountryCode: String,
        /// One line.
        title / Title: String,
        /// The whole story.
        description / Description: Option<String>,
        /// Language of title and description.
        language / Language: Locale,
        /// How urgent.
        priority / Priority: Priority,
        /// Where it stands.
        status / Status: RequestStatus,
        /// Why it stands there.
        status_reason / StatusReason: Option<String>,
        /// Persons.
        people_in_need / PeopleInNeed: Option<i32>,
        /// The day by which it is needed.
        needed_by / NeededBy: Option<NaiveDate>,
        /// Whom to ask: name.
        contact_name / ContactName: Option<String>,
        /// Whom to ask: function.
        contact_role / ContactRole: Option<String>,
        /// Whom to ask: e-mail address.
        contact_email / ContactEmail: Option<String>,
        /// Whom to ask: telephone number.
        contact_phone / ContactPhone: Option<String>,
        /// System of record.
        source / Source: Option<String>,
        /// Where it can be read there.
        source_url / SourceUrl: Option<String>,
        /// Its id there.
        external_id / ExternalId: Option<String>,
        /// When the country last said that the need still stands.
        confirmed_at / ConfirmedAt: DateTime<Utc>,
        /// Principal that created it.
        created_by / CreatedBy: String,
        /// Principal that last submitted it.
        submitted_by / SubmittedBy: Option<String>,
        /// Counts the changes.
        version / Version: i32,
        /// When it was made.
        created_at / CreatedAt: DateTime<Utc>,
        /// When it was last changed.
        updated_at / UpdatedAt: DateTime<Utc>,
        /// When it was last submitted.
        submitted_at / SubmittedAt: Option<DateTime<Utc>>,
        /// When it was verified.
        verified_at / VerifiedAt: Option<DateTime<Utc>>,
        /// When it was closed.
        closed_at / ClosedAt: Option<DateTime<Utc>>,
    }
}

/// What a page of requests can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderField {
    /// Reference, by its text.
    Reference,
    /// When it was made.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
    /// When it was last submitted.
    SubmittedAt,
    /// When it was verified.
    VerifiedAt,
    /// Day by which it is needed.
    NeededBy,
    /// Urgency.
    Priority,
    /// Persons.
    PeopleInNeed,
}

/// One order key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// By what.
    pub field: OrderField,
    /// Largest, latest or most urgent first.
    pub descending: bool,
}

/// The table of one statement on requests.
pub(super) struct Requests {
    table: DynIden,
    pub(super) aliases: Aliases,
}

impl Requests {
    pub(super) fn new() -> Self {
        let aliases = Aliases::default();
        Self {
            table: aliases.next("r"),
            aliases,
        }
    }

    pub(super) fn column(&self, column: ar::Column) -> Expr {
        Expr::col((self.table.clone(), column))
    }

    /// Requests that the reader may see.
    pub(super) fn select(&self, reader: &Reader) -> SelectStatement {
        Query::select()
            .from_as(ar::Entity, self.table.clone())
            .and_where(visible_request(reader.actor(), &self.table))
            .take()
    }

    /// Those of them that pass a filter.
    fn passing(&self, reader: &Reader, filter: &Filter<RequestField>) -> SelectStatement {
        let mut select = self.select(reader);
        select.and_where(condition::request(reader, &self.aliases, &self.table, filter));
        select
    }

    pub(super) fn add_columns(&self, select: &mut SelectStatement, columns: &[ar::Column]) {
        select.columns(columns.iter().map(|column| (self.table.clone(), *column)));
    }

    fn keyset(&self, order: &[OrderBy]) -> Keyset {
        let keys = order
            .iter()
            .map(|by| {
                let (column, kind, nullable) = match by.field {
                    OrderField::Reference => (ar::Column::Reference, KeyKind::Text, false),
                    OrderField::CreatedAt => (ar::Column::CreatedAt, KeyKind::Time, false),
                    OrderField::UpdatedAt => (ar::Column::UpdatedAt, KeyKind::Time, false),
                    OrderField::SubmittedAt => (ar::Column::SubmittedAt, KeyKind::Time, true),
                    OrderField::VerifiedAt => (ar::Column::VerifiedAt, KeyKind::Time, true),
                    OrderField::NeededBy => (ar::Column::NeededBy, KeyKind::Date, true),
                    OrderField::Priority => (ar::Column::Priority, KeyKind::SmallInt, false),
                    OrderField::PeopleInNeed => (ar::Column::PeopleInNeed, KeyKind::Int, true),
                };
                Key {
                    expr: self.column(column),
                    kind,
                    nullable,
                    descending: by.descending,
                }
            })
            .collect();
        Keyset::new(keys, self.column(ar::Column::Id))
    }
}

/// The statement by which a page of the requests that pass a filter is read: its text, and apart from it the values that are
/// bound. For those who look at it, not for those who send it.
///
/// # Errors
/// The database's, where the filter asks a country for its requests.
pub async fn statement(
    reader: &Reader,
    filter: &Filter<RequestField>,
    order: &[OrderBy],
    paging: &Paging,
) -> Result<Statement, Error> {
    let filter = resolve::request(reader, filter).await?;
    let requests = Requests::new();
    let mut select = requests.passing(reader, &filter);
    requests.add_columns(&mut select, &[ar::Column::Id]);
    let page = requests.keyset(order).statement(select, paging)?;
    Ok(reader.backend().build(&page))
}

/// One page of the requests that the reader may see; with `count`, how many there are in all.
///
/// # Errors
/// The database's.
pub async fn page(
    reader: &Reader,
    filter: &Filter<RequestField>,
    order: &[OrderBy],
    paging: &Paging,
    columns: &[ar::Column],
    count: bool,
) -> Result<Page<RequestRow>, Error> {
    let filter = resolve::request(reader, filter).await?;
    let known = match count {
        true => needs::count(reader, &filter).await?,
        false => None,
    };
    let requests = Requests::new();
    let mut select = requests.passing(reader, &filter);
    let total = match known {
        None if count => Some(condition::count(reader, &select).await?),
        known => known,
    };
    requests.add_columns(&mut select, columns);
    let keyset = requests.keyset(order);
    let page = keyset
        .page(reader, select, columns.len(), paging, Plan::by(&filter), |row| {
            RequestRow::read(row, columns)
        })
        .await?;
    Ok(Page { total, ..page })
}

/// The same page of the requests of each of these countries, by code, in one statement, and one more to count. A
/// country that has none is absent.
///
/// # Errors
/// The database's.
pub async fn pages_of_countries(
    reader: &Reader,
    countries: Vec<String>,
    filter: &Filter<RequestField>,
    order: &[OrderBy],
    paging: &Paging,
    columns: &[ar::Column],
    count: bool,
) -> Result<Map<String, Page<RequestRow>>, Error> {
    let filter = resolve::request(reader, filter).await?;
    let requests = Requests::new();
    let country = requests.column(ar::Column::CountryCode);
    let mut select = requests.passing(reader, &filter);
    let one_of = one_of_texts(reader.backend(), country.clone(), countries.clone());
    let mut counting = select.clone();
    requests.add_columns(&mut select, columns);
    let keyset = requests.keyset(order);
    let read = |row: &sea_orm::QueryResult| RequestRow::read(row, columns);
    let parents = Parents {
        column: country.clone(),
        are: Are::Where(one_of.clone()),
        read: |row: &sea_orm::QueryResult, index: usize| String::of(row, index),
        only: match countries.as_slice() {
            [only] => Some(only.key()),
            _ => None,
        },
    };
    let mut pages = keyset
        .pages(reader, select, columns.len(), parents, paging, read)
        .await?;
    if count {
        counting
            .and_where(one_of)
            .expr(country.clone())
            .expr(Func::count(Expr::cust("*")))
            .add_group_by([country]);
        for row in reader.all(&counting).await? {
            let read = || Ok((String::of(&row, 0)?, i64::of(&row, 1)?));
            let (country, total) = read().map_err(fault::error)?;
            pages.entry(country).or_default().total = Some(u64::try_from(total).unwrap_or_default());
        }
        for country in countries {
            pages.entry(country).or_default().total.get_or_insert(0);
        }
    }
    Ok(pages)
}

/// The requests with these ids that the reader may see, by id.
///
/// # Errors
/// The database's.
pub async fn by_ids(reader: &Reader, ids: &[Uuid], columns: &[ar::Column]) -> Result<Map<Uuid, RequestRow>, Error> {
    let requests = Requests::new();
    let id = requests.column(ar::Column::Id);
    let mut select = requests.select(reader);
    select.and_where(one_of_ids(reader.backend(), id.clone(), ids));
    requests.add_columns(&mut select, columns);
    select.expr(id);
    let rows = reader.all(&select).await?;
    rows.iter()
        .map(|row| Ok((Cell::of(row, columns.len())?, RequestRow::read(row, columns)?)))
        .collect::<Result<_, sea_orm::DbErr>>()
        .map_err(fault::error)
}

/// The ids of requests that pass a filter and that the reader may see, of all or of one, at most so many.
///
/// # Errors
/// The database's.
pub async fn matching(
    reader: &Reader,
    filter: &Filter<RequestField>,
    one: Option<Uuid>,
    most: usize,
) -> Result<Vec<Uuid>, Error> {
    let filter = resolve::request(reader, filter).await?;
    let requests = Requests::new();
    let id = requests.column(ar::Column::Id);
    let mut select = requests.passing(reader, &filter);
    if let Some(one) = one {
        select.and_where(id.clone().eq(one));
    }
    select.expr(id).limit(u64::try_from(most).unwrap_or(u64::MAX));
    let rows = reader.all(&select).await?;
    let ids = rows.iter().map(|row| Cell::of(row, 0));
    ids.collect::<Result<_, sea_orm::DbErr>>().map_err(fault::error)
}
