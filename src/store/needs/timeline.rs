//! The same totals as a cumulative time series: sums over movements by the days on which things happened, of requests
//! as they were from day to day.
//!
//! What is remembered of a request holds from its day to the day of the next; of several of one day the last recorded
//! holds, the others have no day of their own. Such a stretch that passes the filter adds what happened before and in it
//! when it begins, and takes it away again when it ends, so that every statement gives differences by day.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use entity::{assistance_request as ar, movement as mo, request_history as rh, request_item as ri};
use sea_orm::sea_query::{
    Alias, DynIden, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, UnionType, WindowStatement,
};

use crate::domain::timeline::Interval;
use crate::domain::totals::{Sums, Totals};
use crate::error::Error;
use crate::store::condition::Aliases;
use crate::store::exact::{ExactSums, Term};
use crate::store::needs::Asked;
use crate::store::needs::source::{FIGURES, asked_of};
use crate::store::{Reader, fault};

const BEGINS: &str = "begins";
const ENDS: &str = "ends";
const DAY: &str = "day";
const SIGN: &str = "sign";
const UNIT: &str = "unit";
const COST: &str = "cost";
const COUNTRY: &str = "country";
const PEOPLE: &str = "people";
const REQUEST: &str = "request";

/// From when to when, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// What lies between two points.
    pub interval: Interval,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
}

/// The state at the end of each interval, in three statements whatever the number of points.
///
/// # Errors
/// The database's, and `BAD_USER_INPUT` for too many points or a `to` before `from`.
pub async fn timeline(
    reader: &Reader,
    span: Span,
    asked: &Asked,
    quantities: bool,
) -> Result<Vec<(NaiveDate, Totals)>, Error> {
    let points = span.interval.ends(span.from, span.to)?;
    let asked = asked.resolved(reader).await?;
    let stretches = Stretches::new(reader, span, &asked);
    let mut state = State::default();
    let mut changes: BTreeMap<NaiveDate, Vec<Change>> = BTreeMap::new();
    for (day, change) in stretches.figures(reader, quantities).await? {
        changes.entry(day).or_default().push(change);
    }
    for (day, change) in stretches.items(reader, quantities).await? {
        changes.entry(day).or_default().push(change);
    }
    for (day, change) in stretches.requests(reader).await? {
        changes.entry(day).or_default().push(change);
    }
    let mut changes = changes.into_iter().peekable();
    Ok(points
        .into_iter()
        .map(|point| {
            while let Some((_, of_day)) = changes.next_if(|(day, _)| *day <= point) {
                of_day.into_iter().for_each(|change| state.apply(change));
            }
            (point, state.totals(quantities))
        })
        .collect())
}

/// What changes on a day.
enum Change {
    Figures {
        unit: Option<String>,
        values: Sums,
        quantities: Sums,
    },
    Items {
        unit: Option<String>,
        items: i128,
        unpriced: i128,
    },
    Requests {
        country: String,
        requests: i128,
        people: i128,
    },
}

/// The state so far.
#[derive(Default)]
struct State {
    totals: Totals,
    items_of_unit: HashMap<String, i128>,
    requests_of_country: HashMap<String, i128>,
}

impl State {
    fn apply(&mut self, change: Change) {
        let totals = &mut self.totals;
        match change {
            Change::Figures {
                unit,
                values,
                quantities,
            } => {
                totals.values = totals.values.plus(values);
                if let Some(unit) = unit {
                    let sums = totals.quantities.entry(unit).or_default();
                    *sums = sums.plus(quantities);
                }
            }
            Change::Items { unit, items, unpriced } => {
                totals.items += items;
                totals.unpriced_items += unpriced;
                if let Some(unit) = unit {
                    *self.items_of_unit.entry(unit).or_default() += items;
                }
            }
            Change::Requests {
                country,
                requests,
                people,
            } => {
                totals.requests += requests;
                totals.people += people;
                *self.requests_of_country.entry(country).or_default() += requests;
            }
        }
    }

    fn totals(&self, quantities: bool) -> Totals {
        let countries = self
            .requests_of_country
            .values()
            .filter(|requests| **requests > 0)
            .count();
        let mut totals = self.totals.clone();
        totals.countries = i128::try_from(countries).unwrap_or(i128::MAX);
        // A unit whose items have all left is not told.
        totals
            .quantities
            .retain(|unit, _| quantities && self.items_of_unit.get(unit).is_some_and(|items| *items > 0));
        totals
    }
}

/// The stretches of time through which requests pass the filter, with their items.
struct Stretches {
    span: Span,
    item: DynIden,
    request: DynIden,
    was: DynIden,
    movement: DynIden,
    select: SelectStatement,
}

impl Stretches {
    fn new(reader: &Reader, span: Span, asked: &Asked) -> Self {
        let aliases = Aliases::default();
        let [was, request, item, movement] = ["h", "r", "i", "m"].map(|stem| aliases.next(stem));
        let begins = || Expr::col((was.clone(), Alias::new(BEGINS)));
        let ends = || Expr::col((was.clone(), Alias::new(ENDS)));
        let mut select = Query::select();
        select
            .from_subquery(remembered(), was.clone())
            .join_as(
                JoinType::InnerJoin,
                ar::Entity,
                request.clone(),
                Expr::col((request.clone(), ar::Column::Id)).equals((was.clone(), rh::Column::RequestId)),
            )
            .join_as(
                JoinType::InnerJoin,
                ri::Entity,
                item.clone(),
                Expr::col((item.clone(), ri::Column::RequestId)).equals((request.clone(), ar::Column::Id)),
            )
            .and_where(ends().is_null().or(begins().lt(ends())))
            .and_where(begins().lte(span.to))
            .and_where(asked_of(reader, &aliases, &item, &request, &was, asked));
        Self {
            span,
            item,
            request,
            was,
            movement,
            select,
        }
    }

    /// The first day that is told and on which the stretch, and what happened, had begun.
    fn begins(&self, happened_on: Option<Expr>) -> Expr {
        let own = Expr::col((self.was.clone(), Alias::new(BEGINS)));
        let days = [own].into_iter().chain(happened_on).chain([Expr::val(self.span.from)]);
        Func::greatest(days).into()
    }

    /// The first day after it that is told; NULL where it is not over by the last one.
    fn ends(&self) -> Expr {
        let own = || Expr::col((self.was.clone(), Alias::new(ENDS)));
        let told = Func::greatest([own(), Expr::val(self.span.from)]);
        Expr::case(own().lte(self.span.to), Expr::from(told)).into()
    }

    /// Movements, by day, and by unit with `quantities`.
    async fn figures(&self, reader: &Reader, quantities: bool) -> Result<Vec<(NaiveDate, Change)>, Error> {
        let movement = |column| Expr::col((self.movement.clone(), column));
        let happened_on = movement(mo::Column::HappenedOn);
        let ends = Expr::col((self.was.clone(), Alias::new(ENDS)));
        let mut rows = self.select.clone();
        rows.join_as(
            JoinType::InnerJoin,
            mo::Entity,
            self.movement.clone(),
            movement(mo::Column::ItemId).equals((self.item.clone(), ri::Column::Id)),
        )
        .and_where(happened_on.clone().lte(self.span.to))
        .and_where(ends.clone().is_null().or(happened_on.clone().lt(ends)))
        .expr_as(self.begins(Some(happened_on)), Alias::new(BEGINS))
        .expr_as(self.ends(), Alias::new(ENDS))
        .expr_as(self.unit(), Alias::new(UNIT))
        .expr_as(self.cost(), Alias::new(COST))
        .columns(FIGURES.map(|column| (self.movement.clone(), column)));
        let mut select = signed(rows, UNIT, quantities);
        let signed = |column| Expr::col(Alias::new(SIGN)).mul(Expr::col(column));
        let terms = FIGURES
            .map(|column| Term::Whole(signed(column).mul(Expr::col(Alias::new(COST)))))
            .into_iter()
            .chain(FIGURES.map(|column| Term::Whole(signed(column))))
            .collect();
        let sums = ExactSums::select(reader.backend(), &mut select, 2, terms);
        let rows = reader.all(&select).await?;
        rows.iter()
            .map(|row| {
                let all = sums.read_array::<{ 2 * Sums::COUNT }>(row)?;
                let (mut values, mut quantities) = ([0; Sums::COUNT], [0; Sums::COUNT]);
                values.copy_from_slice(&all[..Sums::COUNT]);
                quantities.copy_from_slice(&all[Sums::COUNT..]);
                let change = Change::Figures {
                    unit: row.try_get_by_index(1)?,
                    values: Sums::of(values),
                    quantities: Sums::of(quantities),
                };
                Ok((row.try_get_by_index(0)?, change))
            })
            .collect::<Result<_, sea_orm::DbErr>>()
            .map_err(fault::error)
    }

    /// Items that come and go, by day, and by unit with `quantities`.
    async fn items(&self, reader: &Reader, quantities: bool) -> Result<Vec<(NaiveDate, Change)>, Error> {
        let mut rows = self.select.clone();
        rows.expr_as(self.begins(None), Alias::new(BEGINS))
            .expr_as(self.ends(), Alias::new(ENDS))
            .expr_as(self.unit(), Alias::new(UNIT))
            .expr_as(self.cost(), Alias::new(COST));
        let mut select = signed(rows, UNIT, quantities);
        let sign = || Expr::col(Alias::new(SIGN));
        let unpriced = Expr::case(Expr::col(Alias::new(COST)).is_null(), sign());
        let terms = vec![Term::Whole(sign()), Term::Whole(unpriced.into())];
        let sums = ExactSums::select(reader.backend(), &mut select, 2, terms);
        let rows = reader.all(&select).await?;
        rows.iter()
            .map(|row| {
                let [items, unpriced] = sums.read_array(row)?;
                let change = Change::Items {
                    unit: row.try_get_by_index(1)?,
                    items,
                    unpriced,
                };
                Ok((row.try_get_by_index(0)?, change))
            })
            .collect::<Result<_, sea_orm::DbErr>>()
            .map_err(fault::error)
    }

    /// Requests that come and go, by day and country: each once, however many of its items are asked for.
    async fn requests(&self, reader: &Reader) -> Result<Vec<(NaiveDate, Change)>, Error> {
        let mut rows = self.select.clone();
        rows.distinct()
            .expr_as(self.begins(None), Alias::new(BEGINS))
            .expr_as(self.ends(), Alias::new(ENDS))
            .expr_as(Expr::col((self.request.clone(), ar::Column::Id)), Alias::new(REQUEST))
            .expr_as(
                Expr::col((self.request.clone(), ar::Column::CountryCode)),
                Alias::new(COUNTRY),
            )
            .expr_as(
                Expr::col((self.was.clone(), rh::Column::PeopleInNeed)),
                Alias::new(PEOPLE),
            );
        let mut select = signed(rows, COUNTRY, true);
        let sign = || Expr::col(Alias::new(SIGN));
        let people = sign().mul(Expr::col(Alias::new(PEOPLE)));
        let terms = vec![Term::Whole(sign()), Term::Whole(people)];
        let sums = ExactSums::select(reader.backend(), &mut select, 2, terms);
        let rows = reader.all(&select).await?;
        rows.iter()
            .map(|row| {
                let [requests, people] = sums.read_array(row)?;
                let change = Change::Requests {
                    country: row.try_get_by_index(1)?,
                    requests,
                    people,
                };
                Ok((row.try_get_by_index(0)?, change))
            })
            .collect::<Result<_, sea_orm::DbErr>>()
            .map_err(fault::error)
    }

    fn unit(&self) -> Expr {
        Expr::col((self.item.clone(), ri::Column::UnitCode))
    }

    fn cost(&self) -> Expr {
        Expr::col((self.item.clone(), ri::Column::UnitCostE4))
    }
}

/// What is remembered of requests, each with the day from which something else holds.
fn remembered() -> SelectStatement {
    let window = WindowStatement::partition_by(rh::Column::RequestId)
        .order_by(rh::Column::HappenedOn, Order::Asc)
        .order_by(rh::Column::RecordedAt, Order::Asc)
        .order_by(rh::Column::Id, Order::Asc)
        .take();
    let next = Func::cust("LEAD").arg(Expr::col(rh::Column::HappenedOn));
    Query::select()
        .columns([
            rh::Column::RequestId,
            rh::Column::Status,
            rh::Column::Priority,
            rh::Column::PeopleInNeed,
        ])
        .expr_as(Expr::col(rh::Column::HappenedOn), Alias::new(BEGINS))
        .expr_window_as(next, window, Alias::new(ENDS))
        .from(rh::Entity)
        .take()
}

/// Every row once with the day on which it comes and sign 1, and where it goes once more with that day and sign -1;
/// grouped by the day and, with `apart`, by a column, which are the first two columns.
fn signed(rows: SelectStatement, by: &'static str, apart: bool) -> SelectStatement {
    let (row, signs, told) = (Alias::new("x"), Alias::new("s"), Alias::new("t"));
    let (sign, day) = (Alias::new(SIGN), Alias::new(DAY));
    let both = Query::select()
        .expr_as(Expr::cust("1"), sign.clone())
        .union(
            UnionType::All,
            Query::select().expr_as(Expr::cust("-1"), sign.clone()).take(),
        )
        .take();
    let comes = Expr::col((signs.clone(), sign)).gt(0_i64);
    let (begins, ends) = (
        Expr::col((row.clone(), Alias::new(BEGINS))),
        Expr::col((row.clone(), Alias::new(ENDS))),
    );
    let each = Query::select()
        .expr(Expr::cust("*"))
        .expr_as(Expr::case(comes.clone(), begins).finally(ends.clone()), day.clone())
        .from_subquery(rows, row)
        .join_subquery(JoinType::InnerJoin, both, signs, comes.or(ends.is_not_null()))
        .take();
    let mut select = Query::select();
    select.column(day.clone()).group_by_col(day).from_subquery(each, told);
    if apart {
        select.column(Alias::new(by)).group_by_col(Alias::new(by));
    } else {
        select.expr(Expr::cust("CAST(NULL AS text)"));
    }
    select
}
