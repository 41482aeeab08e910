//! Filters and scopes as SQL. Countries, categories, commodities and organizations are evaluated in memory and arrive
//! here as codes, so that a filter's SQL holds requests and items only.

pub(crate) mod resolve;
mod share;
mod visible;

use std::sync::atomic::{AtomicUsize, Ordering};

use entity::enums::{Fulfilment, RequestStatus};
use entity::{assistance_request as ar, contribution as co, request_item as ri};
use futures_util::future::BoxFuture;
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{Alias, DynIden, Expr, ExprTrait, Func, IntoIden, Query, SelectStatement, SimpleExpr, Value};
use sea_orm::{ActiveEnum, DbBackend};

use crate::domain::filter::{
    Choice, CommodityField, ContributionField, CountryField, Filter, ItemField, Ordered, OrganizationField, Quantifier,
    Related, RequestField, Text,
};
use crate::domain::text::{findable, fold};
use crate::error::Error;
use crate::store::{Reader, fault};

pub(crate) use visible::{Visible, visible_request};

/// Gives every table of a statement a name of its own, since one filter may pass the same table twice.
#[derive(Debug, Default)]
pub(crate) struct Aliases(AtomicUsize);

impl Aliases {
    pub(crate) fn next(&self, stem: &str) -> DynIden {
        Alias::new(format!("{stem}{}", self.0.fetch_add(1, Ordering::Relaxed))).into_iden()
    }
}

/// A test that all rows pass, or none. In the text rather than a parameter, so that a plan that is kept needn't ask it of each row.
pub(crate) fn always(holds: bool) -> Expr {
    Expr::cust(if holds { "TRUE" } else { "FALSE" })
}

/// `expr` is one of `values`, as one parameter whatever their number, so that the statement's text stays the same.
pub(crate) fn one_of_texts(backend: DbBackend, expr: Expr, values: Vec<String>) -> Expr {
    let values: Vec<String> = values.iter().map(|value| findable(value).into_owned()).collect();
    match backend {
        DbBackend::Postgres => expr.eq(PgFunc::any(Expr::val(values))),
        _ => {
            let json = serde_json::Value::from(values).to_string();
            Expr::cust_with_exprs("? IN (SELECT value FROM json_each(?))", [expr, Expr::val(json)])
        }
    }
}

/// Ids that PostgreSQL takes any array for when it makes one plan for all. A shorter one seems cheaper to it than that plan,
/// and is planned anew at each execution, which costs more than reading the rows.
pub(crate) const USUAL: usize = 10;

/// The same for ids, but for a single one, which has a text of its own: of one id every planner knows that few rows have it, also
/// in a table that was never analyzed.
pub(crate) fn one_of_ids(backend: DbBackend, expr: Expr, values: &[uuid::Uuid]) -> Expr {
    if let [id] = values {
        return expr.eq(*id);
    }
    match backend {
        DbBackend::Postgres => {
            let mut values = values.to_vec();
            if let Some(last) = values.last().copied() {
                // The same id again finds nothing more.
                values.resize(values.len().max(USUAL), last);
            }
            expr.eq(PgFunc::any(Expr::val(values)))
        }
        _ => {
            let json = serde_json::Value::from_iter(values.iter().map(|id| id.simple().to_string())).to_string();
            Expr::cust_with_exprs("? IN (SELECT unhex(value) FROM json_each(?))", [expr, Expr::val(json)])
        }
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
        RequestField::Text(words) => fold(words).split_whitespace().fold(always(true), |all, word| {
            all.and(contains(backend, column(ar::Column::TextFolded), word))
        }),
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
            let mut holds = item(reader, aliases, &item_table, &related.filter);
            if related.quantifier == Quantifier::Every {
                holds = holds.not();
            }
            let select = Query::select()
                .expr(Expr::val(1))
                .from_as(ri::Entity, item_table.clone())
                .and_where(Expr::col((item_table, ri::Column::RequestId)).equals((table.clone(), ar::Column::Id)))
                .and_where(holds)
                .take();
            exists(select, related.quantifier)
        }
        RequestField::Fulfilment(test) => fulfilment(aliases, table, test),
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
            exists(select, Quantifier::Some)
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
            exists(select, Quantifier::Some)
        }
        ContributionField::Item(filter) => {
            let item_table = aliases.next("i");
            let select = Query::select()
                .expr(Expr::val(1))
                .from_as(ri::Entity, item_table.clone())
                .and_where(Expr::col((item_table.clone(), ri::Column::Id)).equals((table.clone(), co::Column::ItemId)))
                .and_where(item(reader, aliases, &item_table, filter))
                .take();
            exists(select, Quantifier::Some)
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
    let mut holds = contribution(reader, aliases, &table, &related.filter);
    if related.quantifier == Quantifier::Every {
        holds = holds.not();
    }
    let select = Query::select()
        .expr(Expr::val(1))
        .from_as(co::Entity, table.clone())
        .and_where(Expr::col((table, key)).equals(of))
        .and_where(holds)
        .take();
    exists(select, related.quantifier)
}

/// How far a request is met, as `domain::figures::Progress` says it.
fn fulfilment(aliases: &Aliases, request: &DynIden, test: &Choice<Fulfilment>) -> Expr {
    let any = |holds: &dyn Fn(&ItemFigures) -> Expr| {
        let table = aliases.next("i");
        let figures = ItemFigures::of(&table);
        let select = Query::select()
            .expr(Expr::val(1))
            .from_as(ri::Entity, table.clone())
            .and_where(Expr::col((table, ri::Column::RequestId)).equals((request.clone(), ar::Column::Id)))
            .and_where(figures.base().gt(0))
            .and_where(holds(&figures))
            .take();
        Expr::exists(select)
    };
    let is = |value: Fulfilment| {
        let unmet = any(&ItemFigures::is_unmet);
        let delivered = any(&ItemFigures::is_delivered);
        let uncovered = any(&ItemFigures::is_uncovered);
        let committed = any(&ItemFigures::is_committed);
        let asks = any(&|_| always(true));
        match value {
            Fulfilment::Delivered => asks.and(unmet.not()),
            Fulfilment::PartlyDelivered => unmet.and(delivered),
            Fulfilment::Committed => unmet.and(delivered.not()).and(uncovered.not()),
            Fulfilment::PartlyCommitted => uncovered.and(delivered.not()).and(committed),
            Fulfilment::Unmet => asks.not().or(uncovered.and(delivered.not()).and(committed.not())),
        }
    };
    let any_of = |values: &[Fulfilment]| values.iter().copied().map(is).reduce(Expr::or).unwrap_or(always(false));
    match test {
        Choice::Eq(this) => is(*this),
        Choice::Ne(this) => is(*this).not(),
        Choice::In(these) => any_of(these),
        Choice::NotIn(these) => any_of(these).not(),
        Choice::IsNull(null) => Expr::val(!null),
    }
}

/// The figures of an item's row in SQL.
pub(crate) struct ItemFigures(DynIden);

impl ItemFigures {
    pub(crate) fn of(table: &DynIden) -> Self {
        Self(table.clone())
    }

    pub(crate) fn column(&self, column: ri::Column) -> Expr {
        Expr::col((self.0.clone(), column))
    }

    /// What was approved, before it what was requested.
    pub(crate) fn base(&self) -> Expr {
        Func::coalesce([
            self.column(ri::Column::ApprovedMilli),
            self.column(ri::Column::QuantityMilli),
        ])
        .into()
    }

    fn covered(&self) -> Expr {
        self.column(ri::Column::CommittedMilli)
            .add(self.column(ri::Column::InTransitMilli))
            .add(self.column(ri::Column::DeliveredMilli))
    }

    pub(crate) fn is_unmet(&self) -> Expr {
        self.column(ri::Column::DeliveredMilli).lt(self.base())
    }

    pub(crate) fn is_uncovered(&self) -> Expr {
        self.covered().lt(self.base())
    }

    pub(crate) fn is_delivered(&self) -> Expr {
        self.column(ri::Column::DeliveredMilli).gt(0)
    }

    pub(crate) fn is_committed(&self) -> Expr {
        self.column(ri::Column::CommittedMilli)
            .add(self.column(ri::Column::InTransitMilli))
            .gt(0)
    }
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

fn exists(select: SelectStatement, quantifier: Quantifier) -> Expr {
    match quantifier {
        Quantifier::Some => Expr::exists(select),
        Quantifier::None | Quantifier::Every => Expr::exists(select).not(),
    }
}

/// A tree whose leaves are never NULL: `leaf` gives two-valued tests.
fn tree<F>(filter: &Filter<F>, leaf: &dyn Fn(&F) -> Expr) -> Expr {
    match filter {
        Filter::All(all) => all
            .iter()
            .map(|one| tree(one, leaf))
            .reduce(Expr::and)
            .unwrap_or(always(true)),
        Filter::Any(any) => any
            .iter()
            .map(|one| tree(one, leaf))
            .reduce(Expr::or)
            .unwrap_or(always(false)),
        // A comparison with NULL is false here, so that its negation is true.
        Filter::Not(not) => Func::coalesce([tree(not, leaf), always(false)]).into_not(),
        Filter::Is(field) => leaf(field),
    }
}

trait IntoNot {
    fn into_not(self) -> Expr;
}

impl IntoNot for sea_orm::sea_query::FunctionCall {
    fn into_not(self) -> Expr {
        SimpleExpr::from(self).not()
    }
}

fn contains(backend: DbBackend, folded: Expr, folded_part: &str) -> Expr {
    let function = if backend == DbBackend::Postgres {
        "strpos"
    } else {
        "instr"
    };
    Expr::from(Func::cust(function).args([folded, Expr::val(&*findable(folded_part))])).gt(0)
}

fn starts_with(backend: DbBackend, folded: Expr, folded_part: &str) -> Expr {
    let folded_part = &*findable(folded_part);
    match backend {
        DbBackend::Postgres => Func::cust("starts_with").args([folded, Expr::val(folded_part)]).into(),
        _ => Expr::from(Func::cust("substr").args([
            folded,
            Expr::val(1),
            Expr::val(i64::try_from(folded_part.chars().count()).unwrap_or(i64::MAX)),
        ]))
        .eq(folded_part),
    }
}

fn text(backend: DbBackend, exact: Expr, folded: Expr, test: &Text) -> Expr {
    match test {
        Text::Eq(this) => exact.eq(&*findable(this)),
        Text::Ne(this) => exact.clone().ne(&*findable(this)).or(exact.is_null()),
        Text::In(these) => one_of_texts(backend, exact, these.clone()),
        Text::NotIn(these) => one_of_texts(backend, exact.clone(), these.clone())
            .not()
            .or(exact.is_null()),
        Text::Contains(part) => contains(backend, folded, &fold(part)),
        Text::StartsWith(part) => starts_with(backend, folded, &fold(part)),
        Text::IsNull(null) => is_null(exact, *null),
    }
}

fn choice<T: ActiveEnum>(column: Expr, test: &Choice<T>) -> Expr
where
    T::Value: Into<Value>,
{
    let value = |one: &T| -> Value { one.to_value().into() };
    // At most as many values as the enum has: the statement's text hardly varies.
    let list = |these: &[T]| column.clone().is_in(these.iter().map(value));
    match test {
        Choice::Eq(this) => column.clone().eq(value(this)),
        Choice::Ne(this) => column.clone().ne(value(this)).or(column.clone().is_null()),
        Choice::In(these) if these.is_empty() => always(false),
        Choice::NotIn(these) if these.is_empty() => always(true),
        Choice::In(these) => list(these),
        Choice::NotIn(these) => list(these).not().or(column.clone().is_null()),
        Choice::IsNull(null) => is_null(column.clone(), *null),
    }
}

fn ordered<T: Clone + Into<Value>>(column: Expr, test: &Ordered<T>) -> Expr {
    let value = |one: &T| -> Value { one.clone().into() };
    match test {
        Ordered::Eq(this) => column.eq(value(this)),
        Ordered::Ne(this) => column.clone().ne(value(this)).or(column.is_null()),
        Ordered::In(these) if these.is_empty() => always(false),
        Ordered::In(these) => column.is_in(these.iter().map(value)),
        Ordered::Gt(this) => column.gt(value(this)),
        Ordered::Gte(this) => column.gte(value(this)),
        Ordered::Lt(this) => column.lt(value(this)),
        Ordered::Lte(this) => column.lte(value(this)),
        Ordered::IsNull(null) => is_null(column, *null),
    }
}

fn is_null(column: Expr, null: bool) -> Expr {
    if null { column.is_null() } else { column.is_not_null() }
}
