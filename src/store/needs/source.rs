//! The rows that are added up, and adding them up by any keys.

use std::collections::HashMap;

use entity::enums::RequestStatus;
use entity::{assistance_request as ar, movement as mo, request_item as ri};
use sea_orm::sea_query::{Alias, DynIden, Expr, ExprTrait, Func, JoinType, Query, SelectStatement};
use sea_orm::{ActiveEnum, DbBackend, DbErr, QueryResult};
use uuid::Uuid;

use crate::domain::totals::{Sums, Totals};
use crate::error::Error;
use crate::store::condition::{self, Aliases, ItemFigures, visible_request};
use crate::store::exact::{ExactSums, Term};
use crate::store::needs::Asked;
use crate::store::{Reader, fault};

mod then;

use self::then::{join_figures_then, join_known_then};

/// The columns of movements that make the figures, in the order of `Sums`.
pub(super) const FIGURES: [mo::Column; Sums::COUNT] = [
    mo::Column::RequestedMilli,
    mo::Column::PledgedMilli,
    mo::Column::CommittedMilli,
    mo::Column::InTransitMilli,
    mo::Column::DeliveredMilli,
    mo::Column::UncoveredMilli,
    mo::Column::UnmetMilli,
];

/// Items with their requests, of a reader and of what is asked.
pub(super) struct Source {
    pub item: DynIden,
    pub request: DynIden,
    /// Where status, priority and persons stand: the request's own table, or what is remembered of a moment.
    pub was: DynIden,
    /// Where figures stand: the item's own table, or the sums of the movements up to a moment.
    figures: DynIden,
    pub aliases: Aliases,
    select: SelectStatement,
}

/// A column by which rows are grouped.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub expr: Expr,
    pub kind: KeyKind,
}

/// What a key's column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Text,
    SmallInt,
    Id,
}

/// The keys of a group as texts.
pub(super) type GroupKey = Vec<Option<String>>;

impl Source {
    /// Everything that is asked and that the reader may see. The filters need no more SQL.
    pub(super) fn new(reader: &Reader, asked: &Asked) -> Self {
        let aliases = Aliases::default();
        let (item, request) = (aliases.next("i"), aliases.next("r"));
        let mut select = Query::select();
        select.from_as(ri::Entity, item.clone()).join_as(
            JoinType::InnerJoin,
            ar::Entity,
            request.clone(),
            Expr::col((request.clone(), ar::Column::Id)).equals((item.clone(), ri::Column::RequestId)),
        );
        let (was, figures) = match asked.as_of {
            None => (request.clone(), item.clone()),
            Some(moment) => {
                let (was, figures) = (aliases.next("h"), aliases.next("f"));
                join_known_then(&mut select, &request, &was, moment);
                join_figures_then(&mut select, reader.backend(), &item, &figures, moment);
                (was, figures)
            }
        };
        select.and_where(asked_of(reader, &aliases, &item, &request, &was, asked));
        Self {
            item,
            request,
            was,
            figures,
            aliases,
            select,
        }
    }

    /// A column of the item.
    pub(super) fn item(&self, column: ri::Column) -> Expr {
        Expr::col((self.item.clone(), column))
    }

    /// A column of the request.
    pub(super) fn request(&self, column: ar::Column) -> Expr {
        Expr::col((self.request.clone(), column))
    }

    /// A column that is remembered: status, priority, persons.
    pub(super) fn was(&self, column: ar::Column) -> Expr {
        Expr::col((self.was.clone(), column))
    }

    /// Only rows for which this holds.
    pub(super) fn restrict(&mut self, holds: Expr) {
        self.select.and_where(holds);
    }

    /// Maps `code` by `pairs` of (key, code), which is one parameter whatever their number. A code may have several
    /// keys; a row without any falls out. Gives the key.
    pub(super) fn map(&mut self, reader: &Reader, code: Expr, pairs: &[(String, String)]) -> Expr {
        let (table, entry) = (self.aliases.next("m"), self.aliases.next("e"));
        let (key, mapped) = (Alias::new("map_key"), Alias::new("map_code"));
        let json = serde_json::Value::from_iter(pairs.iter().map(|(key, code)| vec![key.as_str(), code.as_str()]));
        let json = Expr::val(json.to_string());
        let function = match reader.backend() {
            DbBackend::Postgres => Func::cust("json_array_elements").arg(json.cast_as("json")),
            _ => Func::cust("json_each").arg(json),
        };
        let part = |index: u8| Expr::cust(format!("\"{entry}\".\"value\" ->> {index}"));
        // DISTINCT has SQLite read the parameter once, not for every row.
        let select = Query::select()
            .distinct()
            .expr_as(part(0), key.clone())
            .expr_as(part(1), mapped.clone())
            .from_function(function, entry.clone())
            .take();
        let on = Expr::col((table.clone(), mapped)).eq(code);
        self.select
            .join_subquery(JoinType::InnerJoin, select, table.clone(), on);
        Expr::col((table, key))
    }

    /// The figures of an item, in the order of `Sums`.
    fn figures(&self) -> [Expr; Sums::COUNT] {
        FIGURES.map(|column| match column {
            mo::Column::RequestedMilli if self.figures.inner() == self.item.inner() => {
                ItemFigures::of(&self.item).base()
            }
            column => Expr::col((self.figures.clone(), column)),
        })
    }

    /// Totals by these keys, in three statements, or two without `quantities`. Groups without rows are absent.
    /// At most `most` groups.
    ///
    /// # Errors
    /// The database's, and `BAD_USER_INPUT` for more groups.
    pub(super) async fn totals(
        &self,
        reader: &Reader,
        keys: &[Key],
        quantities: bool,
        most: u64,
    ) -> Result<HashMap<GroupKey, Totals>, Error> {
        let mut totals = self.values(reader, keys, most).await?;
        if usize::try_from(most).is_ok_and(|most| totals.len() > most) {
            let message = format!("There are more than {most} groups: group by less, or filter.");
            return Err(Error::BadUserInput(message));
        }
        self.add_requests(reader, keys, &mut totals).await?;
        if quantities {
            self.add_quantities(reader, keys, &mut totals).await?;
        }
        Ok(totals)
    }

    /// Items and their values, and nothing else of the totals. One group more than `most` where there are more.
    pub(super) async fn values(
        &self,
        reader: &Reader,
        keys: &[Key],
        most: u64,
    ) -> Result<HashMap<GroupKey, Totals>, Error> {
        let mut totals = HashMap::new();
        let insert = |key, of_group| {
            totals.insert(key, of_group);
            Ok(())
        };
        self.each_values(reader, keys, most, insert).await?;
        Ok(totals)
    }

    /// The same, each group as it comes: there may be many, and none of them is held.
    pub(super) async fn each_values(
        &self,
        reader: &Reader,
        keys: &[Key],
        most: u64,
        mut group: impl FnMut(GroupKey, Totals) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let cost = self.item(ri::Column::UnitCostE4);
        let mut select = self.grouped(keys);
        select.limit(most.saturating_add(1));
        let one = Expr::val(1_i64);
        let mut terms = vec![
            Term::Whole(one),
            Term::Whole(Expr::case(cost.clone().is_null(), 1_i64).finally(0_i64).into()),
        ];
        for (column, figure) in FIGURES.into_iter().zip(self.figures()) {
            terms.push(match column {
                // Pledges reserve nothing: many together may be worth more than any item.
                mo::Column::PledgedMilli => Term::Product(figure, cost.clone()),
                _ => Term::Whole(figure.mul(cost.clone())),
            });
        }
        let sums = ExactSums::select(reader.backend(), &mut select, keys.len(), terms);
        let row = |row: &QueryResult| {
            let (key, sums) = read(row, keys, &sums).map_err(fault::error)?;
            let [items, unpriced_items, figures @ ..]: [i128; Sums::COUNT + 2] = sums;
            let values = Sums::of(figures);
            let of_group = Totals {
                items,
                unpriced_items,
                values,
                ..Totals::default()
            };
            group(key, of_group)
        };
        reader.each(&select, row).await
    }

    async fn add_requests(
        &self,
        reader: &Reader,
        keys: &[Key],
        totals: &mut HashMap<GroupKey, Totals>,
    ) -> Result<(), Error> {
        for (key, of_requests) in self.requests(reader, keys).await? {
            if let Some(of_group) = totals.get_mut(&key) {
                of_group.requests = of_requests.requests;
                of_group.people = of_requests.people;
                of_group.countries = of_requests.countries;
            }
        }
        Ok(())
    }

    /// Requests, countries and persons, and nothing else of the totals: each request once in a group, however many of
    /// its items are in it.
    pub(super) async fn requests(&self, reader: &Reader, keys: &[Key]) -> Result<HashMap<GroupKey, Totals>, Error> {
        let country = Alias::new("country");
        let mut each = self.each(keys);
        each.distinct()
            .expr_as(self.request(ar::Column::Id), Alias::new("id"))
            .expr_as(self.request(ar::Column::CountryCode), country.clone());
        let mut select = Query::select();
        select.expr(Func::count_distinct(Expr::col(country)));
        let mut totals = HashMap::new();
        let insert = |row: &QueryResult, key, of_group| {
            let countries: i64 = row.try_get_by_index(0).map_err(fault::error)?;
            let of_group = Totals {
                countries: countries.into(),
                ..of_group
            };
            totals.insert(key, of_group);
            Ok(())
        };
        add_up(reader, keys, select, each, insert).await?;
        Ok(totals)
    }

    /// Requests and persons by these keys and by the categories of a request's items, joined by commas: each request once.
    /// There are about as many groups as requests of different kinds, far fewer than requests in different sets of
    /// categories that one might count them in. Each group as it comes.
    pub(super) async fn each_requests_by_categories(
        &self,
        reader: &Reader,
        keys: &[Key],
        mut group: impl FnMut(GroupKey, String, Totals) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let joined = match reader.backend() {
            DbBackend::Postgres => "string_agg(DISTINCT $1, ',')",
            _ => "group_concat(DISTINCT ?)",
        };
        let joined = Expr::cust_with_exprs(joined, [self.item(ri::Column::CategoryCode)]);
        let categories = Alias::new("categories");
        let mut each = self.each(keys);
        each.expr_as(joined, categories.clone())
            .add_group_by(keys.iter().map(|key| key.expr.clone()))
            .add_group_by([self.request(ar::Column::Id), self.was(ar::Column::PeopleInNeed)]);
        let mut select = Query::select();
        select.column(categories.clone()).group_by_col(categories);
        let row = |row: &QueryResult, key, of_group| {
            let categories = row.try_get_by_index(0).map_err(fault::error)?;
            group(key, categories, of_group)
        };
        add_up(reader, keys, select, each, row).await
    }

    /// The keys of each row, and its persons.
    fn each(&self, keys: &[Key]) -> SelectStatement {
        let mut each = self.select.clone();
        for (key, name) in keys.iter().zip(names(keys)) {
            each.expr_as(key.expr.clone(), name);
        }
        each.expr_as(self.was(ar::Column::PeopleInNeed), Alias::new(PEOPLE));
        each
    }

    /// Adds the sums of quantities to the groups, by unit.
    async fn add_quantities(
        &self,
        reader: &Reader,
        keys: &[Key],
        totals: &mut HashMap<GroupKey, Totals>,
    ) -> Result<(), Error> {
        let add = |key, unit, quantities| {
            if let Some(of_group) = totals.get_mut(&key) {
                of_group.quantities.insert(unit, quantities);
            }
            Ok(())
        };
        self.each_quantities(reader, keys, add).await
    }

    /// The sums of quantities, each group's of each unit as they come.
    pub(super) async fn each_quantities(
        &self,
        reader: &Reader,
        keys: &[Key],
        mut group: impl FnMut(GroupKey, String, Sums) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let unit = self.item(ri::Column::UnitCode);
        let mut select = self.grouped(keys);
        select.expr(unit.clone()).add_group_by([unit]);
        let terms = self.figures().into_iter().map(Term::Whole).collect();
        let sums = ExactSums::select(reader.backend(), &mut select, keys.len() + 1, terms);
        let row = |row: &QueryResult| {
            let (key, figures) = read(row, keys, &sums).map_err(fault::error)?;
            let unit: String = row.try_get_by_index(keys.len()).map_err(fault::error)?;
            group(key, unit, Sums::of(figures))
        };
        reader.each(&select, row).await
    }

    /// The rows grouped by the keys, which come first.
    fn grouped(&self, keys: &[Key]) -> SelectStatement {
        let mut select = self.select.clone();
        for key in keys {
            select.expr(key.expr.clone()).add_group_by([key.expr.clone()]);
        }
        if keys.is_empty() {
            // One group of all rows, but none where there are no rows.
            select.and_having(Expr::from(Func::count(Expr::cust("*"))).gt(0_i64));
        }
        select
    }
}

/// What persons are called in a selection of requests.
const PEOPLE: &str = "people";

/// What keys are called there.
fn names(keys: &[Key]) -> impl Iterator<Item = Alias> {
    (0..keys.len()).map(|index| Alias::new(format!("k{index}")))
}

/// The requests of `each`, and their persons, by its keys. `select` has one column, which comes first in the row of each group.
async fn add_up(
    reader: &Reader,
    keys: &[Key],
    mut select: SelectStatement,
    each: SelectStatement,
    mut group: impl FnMut(&QueryResult, GroupKey, Totals) -> Result<(), Error> + Send,
) -> Result<(), Error> {
    for name in names(keys) {
        select.column(name.clone()).group_by_col(name);
    }
    select.from_subquery(each, Alias::new("requests"));
    let terms = vec![Term::Whole(Expr::val(1_i64)), Term::Whole(Expr::col(PEOPLE))];
    let sums = ExactSums::select(reader.backend(), &mut select, keys.len() + 1, terms);
    let row = |row: &QueryResult| {
        let read = || Ok((read_key(row, keys, 1)?, sums.read_array(row)?));
        let (key, [requests, people]) = read().map_err(fault::error)?;
        let of_group = Totals {
            requests,
            people,
            ..Totals::default()
        };
        group(row, key, of_group)
    };
    reader.each(&select, row).await
}

fn read<const N: usize>(row: &QueryResult, keys: &[Key], sums: &ExactSums) -> Result<(GroupKey, [i128; N]), DbErr> {
    Ok((read_key(row, keys, 0)?, sums.read_array(row)?))
}

/// The key of a group, whose parts stand from this column on.
fn read_key(row: &QueryResult, keys: &[Key], from: usize) -> Result<GroupKey, DbErr> {
    let parts = keys.iter().zip(from..);
    parts.map(|(key, index)| key.kind.read(row, index)).collect()
}

impl KeyKind {
    fn read(self, row: &QueryResult, index: usize) -> Result<Option<String>, DbErr> {
        match self {
            Self::Text => row.try_get_by_index(index),
            Self::SmallInt => Ok(row.try_get_by_index::<Option<i16>>(index)?.map(|key| key.to_string())),
            Self::Id => Ok(row.try_get_by_index::<Option<Uuid>>(index)?.map(|key| key.to_string())),
        }
    }
}

/// That the reader may see the row and asks for it.
pub(super) fn asked_of(
    reader: &Reader,
    aliases: &Aliases,
    item: &DynIden,
    request: &DynIden,
    was: &DynIden,
    asked: &Asked,
) -> Expr {
    let mut holds = visible_request(reader.actor(), request);
    if asked.counts_verified_only() {
        let counted = [RequestStatus::Verified, RequestStatus::Closed].map(|status| status.to_value());
        holds = holds.and(Expr::col((was.clone(), ar::Column::Status)).is_in(counted));
    }
    holds
        .and(condition::request_as(reader, aliases, request, was, &asked.requests))
        .and(condition::item_as(
            reader,
            aliases,
            item,
            Some((request, was)),
            &asked.items,
        ))
}
