//! Filters and scopes as SQL. Countries, categories, commodities and organizations are evaluated in memory and arrive
//! here as codes, so that a filter's SQL holds requests and items only.

mod column;
mod fulfilment;
pub(crate) mod resolve;
mod share;
mod visible;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use entity::enums::RequestStatus;
use entity::{assistance_request as ar, contribution as co, request_item as ri};
use futures_util::future::BoxFuture;
use sea_orm::sea_query::{Alias, DynIden, Expr, ExprTrait, Func, IntoIden, Query, SelectStatement};
use sea_orm::{ActiveEnum, DbBackend};

use crate::domain::filter::{
    Choice, CommodityField, ContributionField, CountryField, Filter, ItemField, OrganizationField, Quantifier, Related,
    RequestField,
};
use crate::domain::text::fold;
use crate::error::Error;
use crate::store::{Reader, fault};

pub(crate) use column::{USUAL, always, one_of_ids, one_of_texts};
use column::{choice, contains, ordered, text};
pub(crate) use fulfilment::ItemFigures;
use fulfilment::fulfilment;
pub(crate) use visible::{Visible, visible_request};

/// Gives every table of a statement a name of its own, since one filter may pass the same table twice.
#[derive(Debug, Default)]
pub(crate) struct Aliases(AtomicUsize);

impl Aliases {
    pub(crate) fn next(&self, stem: &str) -> DynIden {
        Alias::new(format!("{stem}{}", self.0.fetch_add(1, Ordering::Relaxed))).into_iden()
    }
}

/// How many rows a statement without columns gives.
pub(crate) async fn count(reader: &Reader, select: &SelectStatement) -> Result<u64, Error> {
    let mut select = select.clone();
    select.expr(Func::count(Expr::cust("*")));
    let rows = reader.all(&select).await?;
    let count: i64 = match rows.first() {
        Some(row) => row.try_get_by_index(0).map_err(fault::error)?,
        None => 0,
    };
    Ok(u64::try_from(count).unwrap_or_default())
}

/// A resolved filter of requests as SQL.
pub(crate) fn request(reader: &Reader, aliases: &Aliases, table: &DynIden, filter: &Filter<RequestField>) -> Expr {
    request_as(reader, aliases, table, table, filter)
}

/// The same with status, priority and persons as another table of the statement, `was`, remembers them.
pub(crate) fn request_as(
    reader: &Reader,
    aliases: &Aliases,
    table: &DynIden,
    was: &DynIden,
    filter: &Filter<RequestField>,
) -> Expr {
    let column = |column: ar::Column| Expr::col((table.clone(), column));
    let was = |column: ar::Column| Expr::col((was.clone(), column));
    let backend = reader.backend();
    tree(filter, &|field| match field {
        RequestField::Reference(test) => text(
            backend,
            column(ar::Column::Reference),
            Func::lower(column(ar::Column::Reference)).into(),
            test,
        ),
        RequestField::Title(test) => text(
            backend,
            column(ar::Column::Title),
            column(ar::Column::TitleFolded),
            test,
        ),
        RequestField::Text(words) => {
            let words = fold(words);
            let each: BTreeSet<&str> = words.split_whitespace().collect();
            let contains = |word| contains(backend, column(ar::Column::TextFolded), word);
            all(each.into_iter().map(contains))
        }
        RequestField::Status(test) => {
            let holds = choice(was(ar::Column::Status), test);
            share::passed_by(backend, share::of_status(test), holds)
        }
        RequestField::Priority(test) => {
            let holds = choice(was(ar::Column::Priority), test);
            share::passed_by(backend, share::of_priority(test), holds)
        }
        RequestField::Stale(stale) => {
            let holds = column(ar::Column::Status)
                .eq(RequestStatus::Verified.to_value())
                .and(column(ar::Column::ConfirmedAt).lt(reader.stale_before()));
            if *stale { holds } else { holds.not() }
        }
        RequestField::Country(filter) => {
            let codes = reader.reference().country_codes(filter);
            let share = share::of_countries(codes.len(), reader.reference().countries.len());
            let holds = one_of_texts(backend, column(ar::Column::CountryCode), codes);
            share::passed_by(backend, share, holds)
        }
        RequestField::Items(related) => {
            let item_table = aliases.next("i");
            let holds = item(reader, aliases, &item_table, &related.filter);
            let select = Query::select()
                .expr(Expr::val(1))
                .from_as(ri::Entity, item_table.clone())
                .and_where(Expr::col((item_table, ri::Column::RequestId)).equals((table.clone(), ar::Column::Id)))
                .and_where(sought(holds, related.quantifier))
                .take();
            exists(backend, select, related.quantifier)
        }
        RequestField::Fulfilment(test) => fulfilment(backend, aliases, table, test),
        RequestField::Contributions(related) => contributions(
            reader,
            aliases,
            co::Column::RequestId,
            (table.clone(), ar::Column::Id),
            related,
        ),
        RequestField::NeededBy(test) => ordered(column(ar::Column::NeededBy), test),
        RequestField::PeopleInNeed(test) => ordered(was(ar::Column::PeopleInNeed), test),
        RequestField::Source(test) => text(
            backend,
            column(ar::Column::Source),
            column(ar::Column::SourceFolded),
            test,
        ),
        RequestField::ExternalId(test) => text(
            backend,
            column(ar::Column::ExternalId),
            column(ar::Column::ExternalIdFolded),
            test,
        ),
        RequestField::CreatedAt(test) => ordered(column(ar::Column::CreatedAt), test),
        RequestField::UpdatedAt(test) => ordered(column(ar::Column::UpdatedAt), test),
        RequestField::SubmittedAt(test) => ordered(column(ar::Column::SubmittedAt), test),
        RequestField::VerifiedAt(test) => ordered(column(ar::Column::VerifiedAt), test),
    })
}

/// A resolved filter of items as SQL.
pub(crate) fn item(reader: &Reader, aliases: &Aliases, table: &DynIden, filter: &Filter<ItemField>) -> Expr {
    item_as(reader, aliases, table, None, filter)
}

/// The same where the item's request is in the statement already: its table, and the one that remembers its status,
/// priority and persons.
pub(crate) fn item_as(
    reader: &Reader,
    aliases: &Aliases,
    table: &DynIden,
    joined: Option<(&DynIden, &DynIden)>,
    filter: &Filter<ItemField>,
) -> Expr {
    let column = |column: ri::Column| Expr::col((table.clone(), column));
    let backend = reader.backend();
    tree(filter, &|field| match field {
        ItemField::Request(filter) => {
            if let Some((request, was)) = joined {
                return request_as(reader, aliases, request, was, filter);
            }
            let request_table = aliases.next("r");
            let select = Query::select()
                .expr(Expr::val(1))
                .from_as(ar::Entity, request_table.clone())
                .and_where(
                    Expr::col((request_table.clone(), ar::Column::Id)).equals((table.clone(), ri::Column::RequestId)),
                )
                .and_where(request(reader, aliases, &request_table, filter))
                .take();
            exists(backend, select, Quantifier::Some)
        }
        ItemField::Kind(test) => choice(column(ri::Column::Kind), test),
        ItemField::Category(filter) => one_of_texts(
            backend,
            column(ri::Column::CategoryCode),
            reader.reference().category_codes(filter),
        ),
        ItemField::Commodity(filter) => commodity(reader, column(ri::Column::CommodityCode), filter),
        ItemField::Quantity(test) => ordered(column(ri::Column::QuantityMilli), test),
        ItemField::Uncovered(test) => ordered(column(ri::Column::UncoveredMilli), test),
        ItemField::Unmet(test) => ordered(column(ri::Column::UnmetMilli), test),
        ItemField::Contributions(related) => contributions(
            reader,
            aliases,
            co::Column::ItemId,
            (table.clone(), ri::Column::Id),
            related,
        ),
        ItemField::UnitCost(test) => ordered(column(ri::Column::UnitCostE4), test),
    })
}

/// A resolved filter of contributions as SQL.
pub(crate) fn contribution(
    reader: &Reader,
    aliases: &Aliases,
    table: &DynIden,
    filter: &Filter<ContributionField>,
) -> Expr {
    let column = |column: co::Column| Expr::col((table.clone(), column));
    let backend = reader.backend();
    tree(filter, &|field| match field {
        ContributionField::Source(test) => text(
            backend,
            column(co::Column::Source),
            column(co::Column::SourceFolded),
            test,
        ),
        ContributionField::ExternalId(test) => text(
            backend,
            column(co::Column::ExternalId),
            column(co::Column::ExternalIdFolded),
            test,
        ),
        ContributionField::Status(test) => choice(column(co::Column::Status), test),
        ContributionField::Organization(filter) => {
            let codes = reader.reference().organization_codes(filter);
            one_of_texts(backend, column(co::Column::OrganizationCode), codes)
        }
        ContributionField::Request(filter) => {
            let request_table = aliases.next("r");
            let select = Query::select()
                .expr(Expr::val(1))
                .from_as(ar::Entity, request_table.clone())
                .and_where(
                    Expr::col((request_table.clone(), ar::Column::Id)).equals((table.clone(), co::Column::RequestId)),
                )
                .and_where(request(reader, aliases, &request_table, filter))
                .take();
            exists(backend, select, Quantifier::Some)
        }
        ContributionField::Item(filter) => {
            let item_table = aliases.next("i");
            let select = Query::select()
                .expr(Expr::val(1))
                .from_as(ri::Entity, item_table.clone())
                .and_where(Expr::col((item_table.clone(), ri::Column::Id)).equals((table.clone(), co::Column::ItemId)))
                .and_where(item(reader, aliases, &item_table, filter))
                .take();
            exists(backend, select, Quantifier::Some)
        }
        ContributionField::Quantity(test) => ordered(column(co::Column::QuantityMilli), test),
        ContributionField::ExpectedOn(test) => ordered(column(co::Column::ExpectedOn), test),
        ContributionField::DeliveredOn(test) => ordered(column(co::Column::DeliveredOn), test),
        ContributionField::UpdatedAt(test) => ordered(column(co::Column::UpdatedAt), test),
    })
}

/// A test on the contributions whose `key` is this row's.
fn contributions<C: IntoIden>(
    reader: &Reader,
    aliases: &Aliases,
    key: co::Column,
    of: (DynIden, C),
    related: &Related<ContributionField>,
) -> Expr {
    let table = aliases.next("c");
    let holds = contribution(reader, aliases, &table, &related.filter);
    let select = Query::select()
        .expr(Expr::val(1))
        .from_as(co::Entity, table.clone())
        .and_where(Expr::col((table, key)).equals(of))
        .and_where(sought(holds, related.quantifier))
        .take();
    exists(reader.backend(), select, related.quantifier)
}

fn commodity(reader: &Reader, column: Expr, filter: &Filter<CommodityField>) -> Expr {
    if filter.is_everything() {
        return column.is_not_null();
    }
    let codes = reader.reference().commodity_codes(filter);
    // An item without a commodity passes no test on it.
    column
        .clone()
        .is_not_null()
        .and(one_of_texts(reader.backend(), column, codes))
}

/// The rows whose existence decides: of `every`, those that do not pass.
fn sought(holds: Expr, quantifier: Quantifier) -> Expr {
    match quantifier {
        Quantifier::Every => fails(holds),
        Quantifier::Some | Quantifier::None => holds,
    }
}

/// A comparison with NULL is false here, so that its negation is true.
fn fails(holds: Expr) -> Expr {
    Expr::from(Func::coalesce([holds, always(false)])).not()
}

fn exists(backend: DbBackend, select: SelectStatement, quantifier: Quantifier) -> Expr {
    let exists = there_is(backend, select);
    match quantifier {
        Quantifier::Some => exists,
        Quantifier::None | Quantifier::Every => exists.not(),
    }
}

/// Whether there is a row. SQLite would make one loop of several such tests of the same row, each within the other, so that the
/// time of all multiplies; it does not where the number of rows is bounded. PostgreSQL must not be told so: it could not choose how
/// to join any more.
fn there_is(backend: DbBackend, mut select: SelectStatement) -> Expr {
    if backend == DbBackend::Sqlite {
        select.limit(1);
    }
    Expr::exists(select)
}

/// All of these, or any of them, as a tree that is as flat as it can be: both databases and what writes the statement go as deep
/// as it is, and a chain of hundreds is too deep.
fn all(tests: impl IntoIterator<Item = Expr>) -> Expr {
    joined(tests.into_iter().collect(), Expr::and).unwrap_or(always(true))
}

fn any(tests: impl IntoIterator<Item = Expr>) -> Expr {
    joined(tests.into_iter().collect(), Expr::or).unwrap_or(always(false))
}

fn joined(mut tests: Vec<Expr>, join: fn(Expr, Expr) -> Expr) -> Option<Expr> {
    while tests.len() > 1 {
        let mut halves = tests.into_iter();
        let mut pairs = Vec::with_capacity(halves.len().div_ceil(2));
        while let Some(one) = halves.next() {
            pairs.push(match halves.next() {
                Some(other) => join(one, other),
                None => one,
            });
        }
        tests = pairs;
    }
    tests.pop()
}

/// A tree of the tests that `leaf` gives. One of a column that holds nothing may be NULL, which is as good as false.
fn tree<F>(filter: &Filter<F>, leaf: &dyn Fn(&F) -> Expr) -> Expr {
    match filter {
        Filter::All(several) => all(several.iter().map(|one| tree(one, leaf))),
        Filter::Any(several) => any(several.iter().map(|one| tree(one, leaf))),
        Filter::Not(not) => fails(tree(not, leaf)),
        Filter::Is(field) => leaf(field),
    }
}
