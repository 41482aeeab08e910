//! Reading the ledger within a reader's rights, in the order of all changes.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::enums::Seen;
use entity::{change as ch, change_position as cp};
use sea_orm::sea_query::{
    Alias, Condition, Expr, ExprTrait, Func, IntoIden, JoinType, Order, Query, SelectStatement, WindowStatement,
};
use sea_orm::{ActiveEnum, ConnectionTrait, DbBackend, DbErr, QueryResult};
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::change::{Change, FieldChange};
use crate::domain::rights::{Operation, scope};
use crate::error::Error;
use crate::store::condition::one_of_ids;
use crate::store::page::{Arguments, Cursor, KeyValue, Page, Paging};
use crate::store::reader::with_limit;
use crate::store::{Reader, Store, Ways, fault};

/// Bytes of a hash that a cursor carries, so that one of another history is recognised.
const HASH_IN_CURSOR: usize = 8;

/// Which changes; what is none asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// GraphQL types of the subjects.
    pub subject_types: Option<Vec<String>>,
    /// One subject, by type and key.
    pub subject: Option<(String, String)>,
    /// The country that subjects belong to.
    pub country: Option<String>,
    /// What was done.
    pub actions: Option<Vec<String>>,
    /// Not before this moment.
    pub since: Option<DateTime<Utc>>,
}

impl ChangeFilter {
    /// Whether a change passes.
    pub fn holds(&self, change: &Change) -> bool {
        let among = |list: &Option<Vec<String>>, value: &String| list.as_ref().is_none_or(|list| list.contains(value));
        among(&self.subject_types, &change.subject_type)
            && among(&self.actions, &change.action)
            && self
                .subject
                .as_ref()
                .is_none_or(|(kind, key)| (kind, key) == (&change.subject_type, &change.subject_key))
            && self
                .country
                .as_ref()
                .is_none_or(|country| change.country.as_ref() == Some(country))
            && self.since.is_none_or(|since| change.at >= since)
    }
}

/// Whose changes.
#[derive(Clone, Debug)]
pub enum Of {
    /// All that pass.
    All(ChangeFilter),
    /// These requests', their items', contributions' and deliveries'.
    Requests(Vec<Uuid>),
}

/// A change with the cursor that names its place in the feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// The change.
    pub change: Arc<Change>,
    /// Good for `changes` as a query and as a subscription, whatever the filter.
    pub cursor: Cursor,
}

/// The place of the last change and its cursor; 0 where there is none.
///
/// # Errors
/// The database's.
pub async fn head(reader: &Reader) -> Result<(i64, String), Error> {
    let select = Query::select()
        .columns([cp::Column::Sequence, cp::Column::Hash])
        .from(cp::Entity)
        .order_by(cp::Column::Sequence, Order::Desc)
        .limit(1)
        .take();
    let rows = reader.all(&select).await?;
    let (sequence, hash) = match rows.first() {
        Some(row) => (
            row.try_get_by_index(0).map_err(fault::error)?,
            row.try_get_by_index::<Vec<u8>>(1).map_err(fault::error)?,
        ),
        None => (0, Vec::new()),
    };
    Ok((sequence, cursor_of(sequence, &hash)?.text()))
}

/// The cursor of a place in the ledger.
///
/// # Errors
/// None that can be: the arguments are our own.
pub fn cursor_of(sequence: i64, hash: &[u8]) -> Result<Cursor, Error> {
    Ok(paging(&Arguments::default(), 1, 1)?.cursor(keys(sequence, hash)))
}

/// The place that a cursor names, where this ledger has it.
///
/// # Errors
/// `BAD_CURSOR` for what is no cursor of the feed, and for one of a history that is not this ledger's; the database's.
pub async fn position_of(reader: &Reader, after: &str) -> Result<i64, Error> {
    let arguments = Arguments {
        after: Some(after.to_owned()),
        ..Default::default()
    };
    let [after, _] = places(reader, &paging(&arguments, 1, 1)?).await?;
    after.ok_or_else(|| Error::internal("a cursor without its place"))
}

/// One page of the changes that the reader may see.
///
/// # Errors
/// `BAD_USER_INPUT` or `BAD_CURSOR` for a page that can't be; the database's.
pub async fn page(
    reader: &Reader,
    of: &Of,
    arguments: &Arguments,
    default: u32,
    most: u32,
) -> Result<Page<Change>, Error> {
    let paging = paging(arguments, default, most)?;
    let places = places(reader, &paging).await?;
    let mut select = select(reader.actor(), of, reader.backend());
    between(&mut select, places);
    let sequence = || Expr::col((p(), cp::Column::Sequence));
    let order = if paging.is_backwards() { Order::Desc } else { Order::Asc };
    select.order_by_expr(sequence(), order);
    select.limit(u64::try_from(paging.limit()).unwrap_or(u64::MAX).saturating_add(1));
    let rows = reader.all(&select).await?;
    let rows = rows.iter().map(|row| {
        let (change, hash) = read(row)?;
        let cursor = paging.cursor(keys(change.sequence, &hash));
        Ok((change, cursor))
    });
    Ok(paging.cut(rows.collect::<Result<_, DbErr>>().map_err(fault::error)?))
}

/// The same page of the history of each of these requests, in one statement.
///
/// # Errors
/// `BAD_USER_INPUT` or `BAD_CURSOR` for a page that can't be; the database's.
pub async fn pages_of_requests(
    reader: &Reader,
    requests: &[Uuid],
    arguments: &Arguments,
    default: u32,
    most: u32,
) -> Result<HashMap<Uuid, Page<Change>>, Error> {
    let paging = paging(arguments, default, most)?;
    let places = places(reader, &paging).await?;
    let mut select = select(reader.actor(), &Of::Requests(requests.to_vec()), reader.backend());
    between(&mut select, places);
    let sequence = || Expr::col((p(), cp::Column::Sequence));
    let order = if paging.is_backwards() { Order::Desc } else { Order::Asc };
    let window = WindowStatement::partition_by((c(), ch::Column::RequestId))
        .order_by_expr(sequence(), order)
        .take();
    let place = Alias::new("place");
    select.expr_window_as(Func::cust("ROW_NUMBER"), window, place.clone());
    let limit = i64::try_from(paging.limit()).unwrap_or(i64::MAX).saturating_add(1);
    let outer = Query::select()
        .expr(Expr::cust("*"))
        .from_subquery(select, Alias::new("numbered"))
        .and_where(Expr::col(place.clone()).lte(limit))
        .order_by(place, Order::Asc)
        .take();
    let mut pages: HashMap<Uuid, Vec<(Change, Cursor)>> = HashMap::new();
    for row in reader.all(&outer).await? {
        let (change, hash) = read(&row).map_err(fault::error)?;
        let cursor = paging.cursor(keys(change.sequence, &hash));
        if let Some(request) = change.request {
            pages.entry(request).or_default().push((change, cursor));
        }
    }
    let cut = |(request, rows)| (request, paging.cut(rows));
    Ok(pages.into_iter().map(cut).collect())
}

/// The changes after a place, whoever may see them, in their order.
pub(super) async fn after(reader: &Reader, sequence: i64, most: u64) -> Result<Vec<Edge>, Error> {
    edges(&reader.all(&select_after(sequence, most)).await?)
}

/// The same from a place on, that one too, for the one who follows the ledger, after each write: over a connection that keeps its plans.
pub(super) async fn following(store: &Store, sequence: i64, most: u64) -> Result<Vec<Edge>, Error> {
    let select = select_after(sequence - 1, most);
    let rows = match &store.0.ways {
        Ways::Postgres { numbering, .. } => {
            let statement = || with_limit(DbBackend::Postgres.build(&select));
            numbering.all(statement).await
        }
        Ways::Sqlite(_) => store.0.read.query_all(&select).await,
    };
    edges(&rows.map_err(fault::error)?)
}

fn select_after(sequence: i64, most: u64) -> SelectStatement {
    let mut select = columns();
    let place = || Expr::col((p(), cp::Column::Sequence));
    select
        .and_where(place().gt(sequence))
        .order_by_expr(place(), Order::Asc)
        .limit(most);
    select
}

fn edges(rows: &[QueryResult]) -> Result<Vec<Edge>, Error> {
    let edge = |row| {
        let (change, hash) = read(row).map_err(fault::error)?;
        let cursor = cursor_of(change.sequence, &hash)?;
        Ok(Edge {
            change: Arc::new(change),
            cursor,
        })
    };
    rows.iter().map(edge).collect()
}

/// Changes by their places, those that the reader may see.
///
/// # Errors
/// The database's.
pub async fn by_sequences(reader: &Reader, sequences: &[i64]) -> Result<Vec<Change>, Error> {
    let mut select = select(reader.actor(), &Of::All(ChangeFilter::default()), reader.backend());
    select.and_where(Expr::col((p(), cp::Column::Sequence)).is_in(sequences.iter().copied()));
    let rows = reader.all(&select).await?;
    rows.iter()
        .map(|row| read(row).map(|(change, _)| change))
        .collect::<Result<_, _>>()
        .map_err(fault::error)
}

/// A cursor of the feed is good for every filter: a mirror may begin with the cursor that `service` tells.
fn paging(arguments: &Arguments, default: u32, most: u32) -> Result<Paging, Error> {
    Paging::new(arguments, default, most, "Change", "sequence", "")
}

fn keys(sequence: i64, hash: &[u8]) -> Vec<KeyValue> {
    let hash = hash.iter().take(HASH_IN_CURSOR).map(|byte| format!("{byte:02x}"));
    vec![KeyValue::Int(sequence), KeyValue::Text(hash.collect::<String>().into())]
}

/// The places that a page's cursors name.
async fn places(reader: &Reader, paging: &Paging) -> Result<[Option<i64>; 2], Error> {
    let mut found = [None, None];
    for (bound, place) in paging.bounds().into_iter().zip(&mut found) {
        let Some([KeyValue::Int(sequence), KeyValue::Text(hash)]) = bound else {
            continue;
        };
        let first = *sequence;
        if first > 0 {
            let select = Query::select()
                .column(cp::Column::Hash)
                .from(cp::Entity)
                .and_where(Expr::col(cp::Column::Sequence).eq(first))
                .take();
            let rows = reader.all(&select).await?;
            let known = rows.first().map(|row| row.try_get_by_index::<Vec<u8>>(0)).transpose();
            let known = known.map_err(fault::error)?;
            if known.is_none_or(|known| keys(first, &known) != [KeyValue::Int(first), KeyValue::Text(hash.clone())]) {
                return Err(Error::BadCursor(
                    "The cursor names a place that this ledger does not have: the database was restored, or is another one. Read everything anew, beginning with service { changeCursor }.".into(),
                ));
            }
        }
        *place = Some(first);
    }
    Ok(found)
}

/// Only what comes after the one place and before the other.
fn between(select: &mut SelectStatement, [after, before]: [Option<i64>; 2]) {
    let sequence = || Expr::col((p(), cp::Column::Sequence));
    if let Some(after) = after {
        select.and_where(sequence().gt(after));
    }
    if let Some(before) = before {
        select.and_where(sequence().lt(before));
    }
}

fn c() -> sea_orm::sea_query::DynIden {
    Alias::new("c").into_iden()
}

fn p() -> sea_orm::sea_query::DynIden {
    Alias::new("p").into_iden()
}

/// What a change tells, beside its place and its time.
pub(super) const TOLD: [ch::Column; 11] = [
    ch::Column::Actor,
    ch::Column::Action,
    ch::Column::SubjectType,
    ch::Column::SubjectKey,
    ch::Column::CountryCode,
    ch::Column::OrganizationCode,
    ch::Column::RequestId,
    ch::Column::SeenBefore,
    ch::Column::SeenAfter,
    ch::Column::Diff,
    ch::Column::Whole,
];

fn columns() -> SelectStatement {
    Query::select()
        .columns([cp::Column::Sequence, cp::Column::At, cp::Column::Hash].map(|column| (p(), column)))
        .columns(TOLD.map(|column| (c(), column)))
        .from_as(cp::Entity, p())
        .join_as(
            JoinType::InnerJoin,
            ch::Entity,
            c(),
            Condition::all()
                .add(Expr::col((c(), ch::Column::Ticket)).equals((p(), cp::Column::Ticket)))
                .add(Expr::col((c(), ch::Column::Ordinal)).equals((p(), cp::Column::Ordinal))),
        )
        .take()
}

fn read(row: &QueryResult) -> Result<(Change, Vec<u8>), DbErr> {
    let changes = |text: String| -> Result<Vec<FieldChange>, DbErr> {
        serde_json::from_str(&text).map_err(|error| DbErr::Custom(format!("a change that can't be read: {error}")))
    };
    let change = Change {
        sequence: row.try_get_by_index(0)?,
        at: row.try_get_by_index(1)?,
        actor: row.try_get_by_index(3)?,
        action: row.try_get_by_index(4)?,
        subject_type: row.try_get_by_index(5)?,
        subject_key: row.try_get_by_index(6)?,
        country: row.try_get_by_index(7)?,
        organization: row.try_get_by_index(8)?,
        request: row.try_get_by_index(9)?,
        seen_before: row.try_get_by_index(10)?,
        seen_after: row.try_get_by_index(11)?,
        diff: changes(row.try_get_by_index(12)?)?,
        whole: row.try_get_by_index::<Option<String>>(13)?.map(changes).transpose()?,
    };
    Ok((change, row.try_get_by_index(2)?))
}

fn select(actor: &Actor, of: &Of, backend: DbBackend) -> SelectStatement {
    let mut select = columns();
    let visible = visible(actor, ch::Column::SeenBefore).or(visible(actor, ch::Column::SeenAfter));
    select.and_where(visible);
    let column = |column: ch::Column| Expr::col((c(), column));
    match of {
        Of::Requests(requests) => {
            select.and_where(one_of_ids(backend, column(ch::Column::RequestId), requests));
        }
        Of::All(filter) => {
            let ChangeFilter {
                subject_types,
                subject,
                country,
                actions,
                since,
            } = filter;
            if let Some(types) = subject_types {
                select.and_where(column(ch::Column::SubjectType).is_in(types.iter().map(String::as_str)));
            }
            if let Some((kind, key)) = subject {
                select.and_where(column(ch::Column::SubjectType).eq(kind.as_str()));
                select.and_where(column(ch::Column::SubjectKey).eq(key.as_str()));
            }
            if let Some(country) = country {
                select.and_where(column(ch::Column::CountryCode).eq(country.as_str()));
            }
            if let Some(actions) = actions {
                // No action has a NUL, and PostgreSQL takes none.
                let actions = actions
                    .iter()
                    .map(String::as_str)
                    .filter(|action| !action.contains('\0'));
                select.and_where(column(ch::Column::Action).is_in(actions));
            }
            if let Some(since) = since {
                select.and_where(Expr::col((p(), cp::Column::At)).gte(*since));
            }
        }
    }
    select
}

/// `domain::change::sees` as SQL.
fn visible(actor: &Actor, column: ch::Column) -> Expr {
    let seen = |seen: Seen| Expr::col((c(), column)).eq(seen.to_value());
    let drafts = scope(actor, Operation::ReadDraft);
    let submitted = scope(actor, Operation::ReadSubmitted);
    let of = |country: &str| Expr::col((c(), ch::Column::CountryCode)).eq(country);
    let mut visible = seen(Seen::Public);
    if scope(actor, Operation::ManageKeys).everything {
        visible = visible.or(seen(Seen::Keys));
    }
    if drafts.everything {
        visible = visible.or(seen(Seen::Draft));
    } else if let Some(country) = drafts.country {
        visible = visible.or(seen(Seen::Draft).and(of(country)));
    }
    if submitted.everything || drafts.everything {
        visible = visible.or(seen(Seen::Submitted));
    } else {
        for country in [submitted.country, drafts.country].into_iter().flatten() {
            visible = visible.or(seen(Seen::Submitted).and(of(country)));
        }
    }
    visible
}
