//! Ranked search over requests and reference data.
//!
//! The databases tell which requests match; how well is decided here, from their folded titles, so that both give the
//! same answer. Of requests the newest `CANDIDATES` that match are ranked and paged; those beyond are counted only.

use std::sync::Arc;

use entity::{assistance_request as ar, commodity, country, need_category, organization};
use sea_orm::sea_query::extension::postgres::PgExpr;
use sea_orm::sea_query::{DynIden, Expr, ExprTrait, Order, Query as Select, SelectStatement};
use sea_orm::{DbBackend, QueryResult};
use uuid::Uuid;

use crate::domain::reference::{Named, Reference};
use crate::domain::search::{Found, Kind, Query, Rank, snippet, split, words};
use crate::error::Error;
use crate::store::assistance_request::{self, RequestRow};
use crate::store::condition::{self, Aliases, visible_request};
use crate::store::page::{KeyValue, Page, Paging};
use crate::store::{Map, Reader, fault};

/// Requests that are ranked, at most.
pub const CANDIDATES: usize = 1_000;

/// What is wanted of a search.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// What is searched.
    pub kinds: &'a [Kind],
    /// The columns of the requests on the page.
    pub columns: &'a [ar::Column],
    /// How many matches there are in all.
    pub total: bool,
    /// The part of each that matches best.
    pub snippets: bool,
}

/// A match.
#[derive(Clone, Debug)]
pub struct Hit {
    /// What matches.
    pub node: Node,
    /// How well: from 0 to 1.
    pub score: f64,
    /// Its part that matches best, as HTML; only where wanted.
    pub snippet: Option<String>,
}

/// What a search finds.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a page has few of them, and most are requests")]
pub enum Node {
    /// A request.
    AssistanceRequest(RequestRow),
    /// A category.
    NeedCategory(Arc<Named<need_category::Model>>),
    /// A commodity.
    Commodity(Arc<Named<commodity::Model>>),
    /// A country.
    Country(Arc<Named<country::Model>>),
    /// An organization.
    Organization(Arc<Named<organization::Model>>),
}

/// A match before its row is read.
#[derive(Clone, Debug)]
enum Place {
    Request(Uuid, Rank),
    Known(Found),
}

impl Place {
    const fn rank(&self) -> Rank {
        match self {
            Self::Request(_, rank) => *rank,
            Self::Known(found) => found.rank,
        }
    }

    /// Best first; equals by kind, then by id or code.
    fn keys(&self) -> [KeyValue; 3] {
        let (kind, id) = match self {
            Self::Request(id, _) => (Kind::AssistanceRequest, KeyValue::Id(*id)),
            Self::Known(found) => (found.kind, KeyValue::Text(found.code.as_str().into())),
        };
        [KeyValue::Int(self.rank().points), KeyValue::Int(kind as i64), id]
    }
}

/// The direction of each of the keys.
const DESCENDING: [bool; 3] = [true, false, false];

/// One page of what matches `query` and the reader may see. At most three statements: the candidates, how many there
/// are where they are too many, and the requests of the page.
///
/// # Errors
/// The database's.
pub async fn search(reader: &Reader, query: &Query, paging: &Paging, wanted: &Wanted<'_>) -> Result<Page<Hit>, Error> {
    let known = reader.reference().searchable().search(query, wanted.kinds);
    let mut places: Vec<Place> = known.into_iter().map(Place::Known).collect();
    let mut beyond = 0;
    if wanted.kinds.contains(&Kind::AssistanceRequest) {
        let requests = Matching::new(reader, query);
        let mut candidates = requests.candidates(query).await?;
        if candidates.len() > CANDIDATES {
            candidates.truncate(CANDIDATES);
            if wanted.total {
                let all = condition::count(reader, &requests.select).await?;
                beyond = all.saturating_sub(u64::try_from(CANDIDATES).unwrap_or(u64::MAX));
            }
        }
        places.extend(candidates.into_iter().map(|(id, rank)| Place::Request(id, rank)));
    }
    let page = paging.of_memory(places.into_iter(), &DESCENDING, |place, values| {
        values.extend(place.keys());
    });
    let total = page.total.filter(|_| wanted.total).map(|total| total + beyond);
    let hits = read(reader, query, page, wanted).await?;
    Ok(Page { total, ..hits })
}

/// The requests that match and the reader may see.
struct Matching<'a> {
    reader: &'a Reader,
    table: DynIden,
    select: SelectStatement,
}

impl<'a> Matching<'a> {
    fn new(reader: &'a Reader, query: &Query) -> Self {
        let table = Aliases::default().next("r");
        let select = Select::select()
            .from_as(ar::Entity, table.clone())
            .and_where(visible_request(reader.actor(), &table))
            .and_where(matches(reader.backend(), &table, query))
            .take();
        Self { reader, table, select }
    }

    /// The newest of them with their ranks, one more than are used.
    async fn candidates(&self, query: &Query) -> Result<Vec<(Uuid, Rank)>, Error> {
        let mut select = self.select.clone();
        let columns = [ar::Column::Id, ar::Column::Reference, ar::Column::TitleFolded];
        select
            .columns(columns.map(|column| (self.table.clone(), column)))
            .order_by((self.table.clone(), ar::Column::Id), Order::Desc)
            .limit(u64::try_from(CANDIDATES).unwrap_or(u64::MAX).saturating_add(1));
        let rows = self.reader.all(&select).await?;
        rows.iter()
            .filter_map(|row| candidate(row, query).transpose())
            .collect::<Result<_, _>>()
            .map_err(fault::error)
    }
}

fn candidate(row: &QueryResult, query: &Query) -> Result<Option<(Uuid, Rank)>, sea_orm::DbErr> {
    let id = row.try_get_by_index(0)?;
    let reference: String = row.try_get_by_index(1)?;
    let title: String = row.try_get_by_index(2)?;
    let names = [split(&title).map(Into::into).collect(), words(&reference)];
    // The database has found every word: what is not in title and reference is in the description.
    Ok(query.rank(&names, |_| true).map(|rank| (id, rank)))
}

/// Every word of the query is, or begins, an indexed word. Words are letters and digits only, so that nothing in them
/// is syntax; both languages get them quoted all the same. One parameter, whatever the number of words.
fn matches(backend: DbBackend, table: &DynIden, query: &Query) -> Expr {
    let quoted = |quote: &str, star: &str| -> Vec<String> {
        let words = query.words().iter();
        words.map(|word| format!("{quote}{word}{quote}{star}")).collect()
    };
    match backend {
        DbBackend::Postgres => {
            let query = Expr::val(quoted("'", ":*").join(" & ")).cast_as("tsquery");
            Expr::col((table.clone(), "search")).matches(query)
        }
        _ => Expr::cust_with_exprs(
            "? IN (SELECT id FROM assistance_request_search_key WHERE key IN \
             (SELECT rowid FROM assistance_request_search WHERE assistance_request_search MATCH ?))",
            [
                Expr::col((table.clone(), ar::Column::Id)),
                Expr::val(quoted("\"", "*").join(" AND ")),
            ],
        ),
    }
}

/// The rows of a page of places.
async fn read(reader: &Reader, query: &Query, page: Page<Place>, wanted: &Wanted<'_>) -> Result<Page<Hit>, Error> {
    let ids: Vec<Uuid> = page.rows.iter().filter_map(|(place, _)| id_of(place)).collect();
    let mut columns = wanted.columns.to_vec();
    if wanted.snippets {
        for column in [ar::Column::Reference, ar::Column::Title, ar::Column::Description] {
            if !columns.iter().any(|one| *one as u8 == column as u8) {
                columns.push(column);
            }
        }
    }
    let mut requests = if ids.is_empty() {
        Map::default()
    } else {
        assistance_request::by_ids(reader, &ids, &columns).await?
    };
    let reference = reader.reference();
    let mut rows = Vec::with_capacity(page.rows.len());
    for (place, cursor) in page.rows {
        let score = place.rank().score();
        let (node, snippet) = match place {
            Place::Request(id, _) => {
                // Both statements see the same snapshot, where the reader has one.
                let Some(row) = requests.remove(&id) else { continue };
                let snippet = wanted.snippets.then(|| of_request(query, &row)).transpose()?.flatten();
                (Node::AssistanceRequest(row), snippet)
            }
            Place::Known(found) => {
                let snippet = wanted.snippets.then(|| found.snippet(reference, query)).flatten();
                let Some(node) = node_of(reference, &found) else {
                    continue;
                };
                (node, snippet)
            }
        };
        rows.push((Hit { node, score, snippet }, cursor));
    }
    Ok(Page {
        rows,
        has_next: page.has_next,
        has_previous: page.has_previous,
        total: None,
    })
}

const fn id_of(place: &Place) -> Option<Uuid> {
    match place {
        Place::Request(id, _) => Some(*id),
        Place::Known(_) => None,
    }
}

fn of_request(query: &Query, row: &RequestRow) -> Result<Option<String>, Error> {
    let title = Some(row.title()?.as_str());
    let texts = [title, row.description()?.as_deref(), Some(row.reference()?.as_str())];
    Ok(snippet(query, texts.into_iter().flatten()))
}

fn node_of(reference: &Reference, found: &Found) -> Option<Node> {
    let code = found.code.as_str();
    match found.kind {
        Kind::AssistanceRequest => None,
        Kind::NeedCategory => reference.categories.get(code).map(Arc::clone).map(Node::NeedCategory),
        Kind::Commodity => reference.commodities.get(code).map(Arc::clone).map(Node::Commodity),
        Kind::Country => reference.countries.get(code).map(Arc::clone).map(Node::Country),
        Kind::Organization => reference
            .organizations
            .get(code)
            .map(Arc::clone)
            .map(Node::Organization),
    }
}
