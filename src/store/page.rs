//! Pages by keyset: page 10,000 costs what page 1 costs. Forwards, backwards, with several order keys and nulls last in
//! both directions, for SQL and for reference data in memory alike.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::QueryResult;
use sea_orm::sea_query::{
    Alias, Expr, ExprTrait, Func, NullOrdering, Order, OverStatement, Query, SelectStatement, WindowStatement,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Error;
use crate::store::{Reader, fault};

/// Bytes of the checksum at the end of a cursor.
const CHECKSUM: usize = 8;

/// The arguments of a connection, as the client gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Rows from the start.
    pub first: Option<i32>,
    /// Only what comes after this cursor.
    pub after: Option<String>,
    /// Rows from the end.
    pub last: Option<i32>,
    /// Only what comes before this cursor.
    pub before: Option<String>,
}

/// A page as it is asked for: within bounds, its cursors genuine and of this very order and filter.
#[derive(Clone, Debug)]
pub struct Paging {
    limit: usize,
    backwards: bool,
    after: Option<Vec<KeyValue>>,
    before: Option<Vec<KeyValue>>,
    fingerprint: [u8; 32],
}

/// One page.
#[derive(Clone, Debug)]
pub struct Page<R> {
    /// Its rows, each with the cursor that names its place.
    pub rows: Vec<(R, String)>,
    /// Whether a row comes after it.
    pub has_next: bool,
    /// Whether a row comes before it.
    pub has_previous: bool,
    /// Rows of all pages together, where it was asked for.
    pub total: Option<u64>,
}

impl<R> Default for Page<R> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            has_next: false,
            has_previous: false,
            total: None,
        }
    }
}

/// The value of one order key in one row.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyValue {
    /// Nothing; it comes last in both directions.
    Null,
    /// A whole number.
    Int(i64),
    /// A text, ordered by its bytes.
    Text(String),
    /// A moment.
    Time(DateTime<Utc>),
    /// A day.
    Date(NaiveDate),
    /// An id.
    Id(Uuid),
}

/// What kind of value a key's column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    SmallInt,
    Int,
    BigInt,
    Text,
    Time,
    Date,
    Id,
}

/// One order key in SQL.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub expr: Expr,
    pub kind: KeyKind,
    pub nullable: bool,
    pub descending: bool,
}

impl Paging {
    /// Checks the arguments. `noun`, `order` and `filter` are what a cursor is good for.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a page that can't be, `BAD_CURSOR` for a cursor that was altered or is of another order or
    /// filter.
    pub fn new(
        arguments: &Arguments,
        default: u32,
        most: u32,
        noun: &str,
        order: &str,
        filter: &str,
    ) -> Result<Self, Error> {
        let Arguments {
            first,
            after,
            last,
            before,
        } = arguments;
        let (asked, name, backwards) = match (first, last) {
            (Some(_), Some(_)) => {
                return Err(Error::BadUserInput("Give first or last, not both.".into()));
            }
            (None, Some(last)) => (Some(*last), "last", true),
            (first, None) => (*first, "first", false),
        };
        let limit = match asked {
            None => default,
            Some(asked) => u32::try_from(asked)
                .ok()
                .filter(|asked| *asked <= most)
                .ok_or_else(|| Error::BadUserInput(format!("{name} is {asked}; it must be from 0 to {most}.")))?,
        };
        let fingerprint: [u8; 32] = Sha256::digest(format!("{noun}\u{0}{order}\u{0}{filter}")).into();
        let read = |cursor: &Option<String>, argument: &str| {
            cursor
                .as_deref()
                .map(|cursor| decode(cursor, &fingerprint, argument))
                .transpose()
        };
        Ok(Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            backwards,
            after: read(after, "after")?,
            before: read(before, "before")?,
            fingerprint,
        })
    }

    /// Rows of a page, at most.
    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// Whether the page is read from its end.
    pub(crate) const fn is_backwards(&self) -> bool {
        self.backwards
    }

    /// The key values of the row after which it begins, and of the one before which it ends.
    pub fn bounds(&self) -> [Option<&[KeyValue]>; 2] {
        [self.after.as_deref(), self.before.as_deref()]
    }

    /// The cursor of a row with these key values.
    pub fn cursor(&self, values: &[KeyValue]) -> String {
        encode(values, &self.fingerprint)
    }

    /// Cuts a page out of rows that came in the page's direction, at most one more than it holds.
    pub(crate) fn cut<R>(&self, mut rows: Vec<(R, String)>) -> Page<R> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let (before, after) = (self.after.is_some(), self.before.is_some());
        if self.backwards {
            rows.reverse();
            Page {
                rows,
                has_next: after,
                has_previous: more,
                total: None,
            }
        } else {
            Page {
                rows,
                has_next: more,
                has_previous: before,
                total: None,
            }
        }
    }

    /// A page of rows in memory. `keys` gives a row's key values, its id last; `descending` the direction of each.
    pub fn of_memory<R: Clone>(
        &self,
        rows: impl Iterator<Item = R>,
        descending: &[bool],
        keys: impl Fn(&R) -> Vec<KeyValue>,
    ) -> Page<R> {
        let mut keyed: Vec<(Vec<KeyValue>, R)> = rows.map(|row| (keys(&row), row)).collect();
        keyed.sort_by(|(a, _), (b, _)| compare(a, b, descending));
        let total = u64::try_from(keyed.len()).unwrap_or(u64::MAX);
        if let Some(after) = &self.after {
            keyed.retain(|(key, _)| compare(key, after, descending) == Ordering::Greater);
        }
        if let Some(before) = &self.before {
            keyed.retain(|(key, _)| compare(key, before, descending) == Ordering::Less);
        }
        if self.backwards {
            keyed.reverse();
        }
        keyed.truncate(self.limit.saturating_add(1));
        let rows = keyed
            .into_iter()
            .map(|(key, row)| (row, encode(&key, &self.fingerprint)))
            .collect();
        Page {
            total: Some(total),
            ..self.cut(rows)
        }
    }
}

fn compare(a: &[KeyValue], b: &[KeyValue], descending: &[bool]) -> Ordering {
    for (index, (a, b)) in a.iter().zip(b).enumerate() {
        let order = match (a, b) {
            (KeyValue::Null, KeyValue::Null) => Ordering::Equal,
            (KeyValue::Null, _) => return Ordering::Greater,
            (_, KeyValue::Null) => return Ordering::Less,
            (KeyValue::Int(a), KeyValue::Int(b)) => a.cmp(b),
            (KeyValue::Text(a), KeyValue::Text(b)) => a.cmp(b),
            (KeyValue::Time(a), KeyValue::Time(b)) => a.cmp(b),
            (KeyValue::Date(a), KeyValue::Date(b)) => a.cmp(b),
            (KeyValue::Id(a), KeyValue::Id(b)) => a.cmp(b),
            _ => Ordering::Equal,
        };
        if order != Ordering::Equal {
            return if descending.get(index).copied().unwrap_or(false) {
                order.reverse()
            } else {
                order
            };
        }
    }
    Ordering::Equal
}

/// The order of a list in SQL: its keys, and the id on which ties break, in the direction of the first key, so that an
/// index on (key, id) serves it both ways.
pub(crate) struct Keyset {
    keys: Vec<Key>,
}

impl Keyset {
    pub(crate) fn new(mut keys: Vec<Key>, id: Expr) -> Self {
        let descending = keys.first().is_some_and(|key| key.descending);
        keys.push(Key {
            expr: id,
            kind: KeyKind::Id,
            nullable: false,
            descending,
        });
        Self { keys }
    }

    /// Reads one page: `select` brings its columns, tables and conditions; `read` reads a row of them.
    pub(crate) async fn page<R>(
        &self,
        reader: &Reader,
        mut select: SelectStatement,
        columns: usize,
        paging: &Paging,
        read: impl Fn(&QueryResult) -> Result<R, sea_orm::DbErr>,
    ) -> Result<Page<R>, Error> {
        self.restrict(&mut select, paging)?;
        for (index, key) in self.keys.iter().enumerate() {
            select.expr_as(key.expr.clone(), Alias::new(format!("k{index}")));
            let (order, nulls) = key.order(paging.backwards);
            match nulls {
                Some(nulls) => select.order_by_expr_with_nulls(key.expr.clone(), order, nulls),
                None => select.order_by_expr(key.expr.clone(), order),
            };
        }
        select.limit(u64::try_from(paging.limit).unwrap_or(u64::MAX).saturating_add(1));
        let rows = reader.all(&select).await?;
        let rows = rows
            .iter()
            .map(|row| Ok((read(row)?, encode(&self.values(row, columns)?, &paging.fingerprint))))
            .collect::<Result<_, sea_orm::DbErr>>()
            .map_err(fault::error)?;
        Ok(paging.cut(rows))
    }

    /// Reads the same page of every parent, in one statement. A parent is named by a column, which comes with what reads
    /// it.
    pub(crate) async fn pages<R, P: Eq + Hash>(
        &self,
        reader: &Reader,
        mut select: SelectStatement,
        columns: usize,
        (parent, read_parent): (Expr, impl Fn(&QueryResult, usize) -> Result<P, sea_orm::DbErr>),
        paging: &Paging,
        read: impl Fn(&QueryResult) -> Result<R, sea_orm::DbErr>,
    ) -> Result<HashMap<P, Page<R>>, Error> {
        self.restrict(&mut select, paging)?;
        let mut window = WindowStatement::new();
        window.add_partition_by(parent.clone());
        for (index, key) in self.keys.iter().enumerate() {
            select.expr_as(key.expr.clone(), Alias::new(format!("k{index}")));
            let (order, nulls) = key.order(paging.backwards);
            match nulls {
                Some(nulls) => window.order_by_expr_with_nulls(key.expr.clone(), order, nulls),
                None => window.order_by_expr(key.expr.clone(), order),
            };
        }
        select.expr_as(parent, Alias::new("parent"));
        select.expr_window_as(Func::cust("ROW_NUMBER"), window, Alias::new("n"));
        let most = i64::try_from(paging.limit).unwrap_or(i64::MAX).saturating_add(1);
        let outer = Query::select()
            .expr(Expr::cust("*"))
            .from_subquery(select, Alias::new("numbered"))
            .and_where(Expr::col(Alias::new("n")).lte(most))
            .order_by(Alias::new("n"), Order::Asc)
            .take();
        let rows = reader.all(&outer).await?;
        let mut pages: HashMap<P, Vec<(R, String)>> = HashMap::new();
        for row in &rows {
            let read = || -> Result<_, sea_orm::DbErr> {
                let parent = read_parent(row, columns + self.keys.len())?;
                Ok((
                    parent,
                    read(row)?,
                    encode(&self.values(row, columns)?, &paging.fingerprint),
                ))
            };
            let (parent, row, cursor) = read().map_err(fault::error)?;
            pages.entry(parent).or_default().push((row, cursor));
        }
        Ok(pages
            .into_iter()
            .map(|(parent, rows)| (parent, paging.cut(rows)))
            .collect())
    }

    fn restrict(&self, select: &mut SelectStatement, paging: &Paging) -> Result<(), Error> {
        if let Some(after) = &paging.after {
            self.fits(after, "after")?;
            select.and_where(self.beyond(after, false));
        }
        if let Some(before) = &paging.before {
            self.fits(before, "before")?;
            select.and_where(self.beyond(before, true));
        }
        Ok(())
    }

    /// Whether the key values can be those of a row. Anybody can make up a cursor with a right checksum, and PostgreSQL
    /// fails where it is to compare a number with a text.
    fn fits(&self, values: &[KeyValue], argument: &str) -> Result<(), Error> {
        let fit = values.len() == self.keys.len() && self.keys.iter().zip(values).all(|(key, value)| key.fits(value));
        if fit { Ok(()) } else { Err(altered(argument)) }
    }

    /// What comes strictly after these key values in the order, or before them.
    fn beyond(&self, values: &[KeyValue], before: bool) -> Expr {
        let mut any = Expr::val(false);
        let mut same: Option<Expr> = None;
        for (key, value) in self.keys.iter().zip(values) {
            let past = key.past(value, before);
            let past = match &same {
                Some(same) => same.clone().and(past),
                None => past,
            };
            any = any.or(past);
            let equal = key.equals(value);
            same = Some(match same {
                Some(same) => same.and(equal),
                None => equal,
            });
        }
        // The same bound on the first key alone, which an index can start from.
        match (self.keys.first(), values.first()) {
            (Some(key), Some(value)) if !key.nullable => key.from(value, before).and(any),
            _ => any,
        }
    }

    fn values(&self, row: &QueryResult, from: usize) -> Result<Vec<KeyValue>, sea_orm::DbErr> {
        self.keys
            .iter()
            .enumerate()
            .map(|(index, key)| key.kind.read(row, from + index))
            .collect()
    }
}

impl Key {
    fn fits(&self, value: &KeyValue) -> bool {
        match (self.kind, value) {
            (_, KeyValue::Null) => self.nullable,
            (KeyKind::SmallInt | KeyKind::Int | KeyKind::BigInt, KeyValue::Int(_))
            | (KeyKind::Time, KeyValue::Time(_))
            | (KeyKind::Date, KeyValue::Date(_))
            | (KeyKind::Id, KeyValue::Id(_)) => true,
            // No text that is kept has a NUL, and PostgreSQL takes none.
            (KeyKind::Text, KeyValue::Text(text)) => !text.contains('\0'),
            _ => false,
        }
    }

    fn order(&self, backwards: bool) -> (Order, Option<NullOrdering>) {
        let order = if self.descending == backwards {
            Order::Asc
        } else {
            Order::Desc
        };
        let nulls = if backwards {
            NullOrdering::First
        } else {
            NullOrdering::Last
        };
        (order, self.nullable.then_some(nulls))
    }

    fn equals(&self, value: &KeyValue) -> Expr {
        match value.to_expr() {
            Some(value) => self.expr.clone().eq(value),
            None => self.expr.clone().is_null(),
        }
    }

    fn past(&self, value: &KeyValue, before: bool) -> Expr {
        let Some(value) = value.to_expr() else {
            return if before {
                self.expr.clone().is_not_null()
            } else {
                Expr::val(false)
            };
        };
        let past = if self.descending == before {
            self.expr.clone().gt(value)
        } else {
            self.expr.clone().lt(value)
        };
        if self.nullable && !before {
            past.or(self.expr.clone().is_null())
        } else {
            past
        }
    }

    fn from(&self, value: &KeyValue, before: bool) -> Expr {
        match value.to_expr() {
            Some(value) if self.descending == before => self.expr.clone().gte(value),
            Some(value) => self.expr.clone().lte(value),
            None => Expr::val(true),
        }
    }
}

impl KeyKind {
    fn read(self, row: &QueryResult, index: usize) -> Result<KeyValue, sea_orm::DbErr> {
        fn or_null<T>(value: Option<T>, make: impl Fn(T) -> KeyValue) -> KeyValue {
            value.map_or(KeyValue::Null, make)
        }
        Ok(match self {
            Self::SmallInt => or_null(row.try_get_by_index::<Option<i16>>(index)?, |value| {
                KeyValue::Int(value.into())
            }),
            Self::Int => or_null(row.try_get_by_index::<Option<i32>>(index)?, |value| {
                KeyValue::Int(value.into())
            }),
            Self::BigInt => or_null(row.try_get_by_index::<Option<i64>>(index)?, KeyValue::Int),
            Self::Text => or_null(row.try_get_by_index::<Option<String>>(index)?, KeyValue::Text),
            Self::Time => or_null(row.try_get_by_index::<Option<DateTime<Utc>>>(index)?, KeyValue::Time),
            Self::Date => or_null(row.try_get_by_index::<Option<NaiveDate>>(index)?, KeyValue::Date),
            Self::Id => or_null(row.try_get_by_index::<Option<Uuid>>(index)?, KeyValue::Id),
        })
    }
}

impl KeyValue {
    fn to_expr(&self) -> Option<Expr> {
        match self {
            Self::Null => None,
            Self::Int(value) => Some(Expr::val(*value)),
            Self::Text(value) => Some(Expr::val(value.clone())),
            Self::Time(value) => Some(Expr::val(*value)),
            Self::Date(value) => Some(Expr::val(*value)),
            Self::Id(value) => Some(Expr::val(*value)),
        }
    }

    fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Int(value) => serde_json::json!(value),
            Self::Text(value) => serde_json::json!({ "s": value }),
            Self::Time(value) => serde_json::json!({ "t": value.timestamp_micros() }),
            Self::Date(value) => serde_json::json!({ "d": value.to_string() }),
            Self::Id(value) => serde_json::json!({ "i": value.simple().to_string() }),
        }
    }

    fn from_json(json: &serde_json::Value) -> Option<Self> {
        match json {
            serde_json::Value::Null => Some(Self::Null),
            serde_json::Value::Number(number) => number.as_i64().map(Self::Int),
            serde_json::Value::Object(map) => {
                let (kind, value) = map.iter().next()?;
                match (kind.as_str(), value) {
                    ("s", value) => value.as_str().map(|text| Self::Text(text.into())),
                    ("t", value) => value.as_i64().and_then(DateTime::from_timestamp_micros).map(Self::Time),
                    ("d", value) => value.as_str()?.parse().ok().map(Self::Date),
                    ("i", value) => Uuid::parse_str(value.as_str()?).ok().map(Self::Id),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The key values of a row as an opaque text. The checksum ties it to its noun, order and filter; it protects from
/// mistakes, not from forgery, and need not: a cursor gives no rights.
fn encode(values: &[KeyValue], fingerprint: &[u8; 32]) -> String {
    let mut bytes = serde_json::Value::from_iter(values.iter().map(KeyValue::to_json))
        .to_string()
        .into_bytes();
    let checksum = checksum(&bytes, fingerprint);
    bytes.extend(checksum);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(cursor: &str, fingerprint: &[u8; 32], argument: &str) -> Result<Vec<KeyValue>, Error> {
    let parse = || {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (payload, given) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
        if checksum(payload, fingerprint) != given {
            return None;
        }
        let json: Vec<serde_json::Value> = serde_json::from_slice(payload).ok()?;
        json.iter().map(KeyValue::from_json).collect()
    };
    parse().ok_or_else(|| altered(argument))
}

fn altered(argument: &str) -> Error {
    Error::BadCursor(format!(
        "The cursor in {argument} was altered, or belongs to another list, order or filter: take cursors as they come, and start again without one where the list changes."
    ))
}

fn checksum(payload: &[u8], fingerprint: &[u8; 32]) -> [u8; CHECKSUM] {
    let digest = Sha256::new().chain_update(fingerprint).chain_update(payload).finalize();
    std::array::from_fn(|index| digest.get(index).copied().unwrap_or_default())
}

impl<R> Page<R> {
    /// The same page of what each row is made into.
    pub fn map<S>(self, make: impl Fn(R) -> S) -> Page<S> {
        let Self {
            rows,
            has_next,
            has_previous,
            total,
        } = self;
        let rows = rows.into_iter().map(|(row, cursor)| (make(row), cursor)).collect();
        Page {
            rows,
            has_next,
            has_previous,
            total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyset(kind: KeyKind, nullable: bool) -> Keyset {
        let key = Key {
            expr: Expr::col(Alias::new("k")),
            kind,
            nullable,
            descending: false,
        };
        Keyset::new(vec![key], Expr::col(Alias::new("id")))
    }

    fn is_taken(keyset: &Keyset, values: Vec<KeyValue>) -> bool {
        let cursor = encode(&values, &Sha256::digest("a\u{0}b\u{0}c").into());
        let arguments = Arguments {
            before: Some(cursor),
            ..Arguments::default()
        };
        let paging = Paging::new(&arguments, 1, 1, "a", "b", "c").unwrap();
        match keyset.restrict(&mut Query::select(), &paging) {
            Ok(()) => true,
            Err(error) => {
                assert_eq!(error.code(), "BAD_CURSOR");
                false
            }
        }
    }

    #[test]
    fn a_made_up_cursor_is_taken_only_with_values_that_its_columns_can_hold() {
        let id = || KeyValue::Id(Uuid::nil());
        let text = |text: &str| KeyValue::Text(text.into());
        let texts = keyset(KeyKind::Text, false);
        assert!(is_taken(&texts, vec![text("x"), id()]));
        for values in [
            vec![],
            vec![text("x")],
            vec![text("x"), id(), id()],
            vec![KeyValue::Null, id()],
            vec![KeyValue::Int(1), id()],
            vec![text("\0"), id()],
            vec![text("x"), text("x")],
        ] {
            assert!(!is_taken(&texts, values));
        }
        let numbers = keyset(KeyKind::SmallInt, true);
        assert!(is_taken(&numbers, vec![KeyValue::Int(1), id()]));
        assert!(is_taken(&numbers, vec![KeyValue::Null, id()]));
        assert!(!is_taken(&numbers, vec![text("1"), id()]));
    }
}
