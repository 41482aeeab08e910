//! The order of a list in SQL, and reading a page of it.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::QueryResult;
use sea_orm::sea_query::{Expr, ExprTrait, NullOrdering, Order, SelectStatement};
use uuid::Uuid;

use crate::domain::filter::Filter;
use crate::error::Error;
use crate::store::condition::always;
use crate::store::page::cursor::{KeyValue, Keys, altered};
use crate::store::page::{Page, Paging};
use crate::store::row::Cell;
use crate::store::{Reader, fault};

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

/// Whether the database plans a page each time that it is read, or once for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// What is best hangs on the values of a filter.
    Anew,
    /// The index of the order is best, whatever the cursor.
    Kept,
}

impl Plan {
    /// The plan of a page of what passes a filter.
    pub(crate) fn by<F>(filter: &Filter<F>) -> Self {
        match filter.is_everything() {
            true => Self::Kept,
            false => Self::Anew,
        }
    }
}

/// What the sizes of pages are multiples of whose plan is kept: as people choose them.
pub(super) const ROUND: usize = 5;

/// The order of a list in SQL: its keys, and the id on which ties break, in the direction of the first key, so that an
/// index on (key, id) serves it both ways.
pub(crate) struct Keyset {
    pub(super) keys: Vec<Key>,
}

impl Keyset {
    /// By these keys; one that was named before decides nothing, and would only make the statement longer.
    pub(crate) fn new(named: Vec<Key>, id: Expr) -> Self {
        let mut keys: Vec<Key> = Vec::with_capacity(named.len() + 1);
        for key in named {
            if keys.iter().all(|before| before.expr != key.expr) {
                keys.push(key);
            }
        }
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
        select: SelectStatement,
        columns: usize,
        paging: &Paging,
        plan: Plan,
        read: impl Fn(&QueryResult) -> Result<R, sea_orm::DbErr>,
    ) -> Result<Page<R>, Error> {
        let statement = self.statement(select, paging)?;
        let rows = match plan {
            // Each size is a statement of its own, of which a connection keeps a few only.
            Plan::Kept if self.is_one_run(paging) && paging.limit.is_multiple_of(ROUND) => {
                reader.all_by_one_plan(&statement).await?
            }
            _ => reader.all(&statement).await?,
        };
        let keys = self.keys(&rows, columns, paging).map_err(fault::error)?;
        let rows = rows.iter().enumerate();
        let rows = rows.map(|(index, row)| Ok((read(row)?, keys.cursor(index))));
        Ok(paging.cut(rows.collect::<Result<_, sea_orm::DbErr>>().map_err(fault::error)?))
    }

    pub(super) fn restrict(&self, select: &mut SelectStatement, paging: &Paging) -> Result<(), Error> {
        for (place, argument, before) in [(&paging.after, "after", false), (&paging.before, "before", true)] {
            if let Some(values) = place {
                self.fits(values, argument)?;
                select.and_where(beyond(&self.keys, values, before));
            }
        }
        Ok(())
    }

    /// Whether the key values can be those of a row. Anybody can make up a cursor with a right checksum, and PostgreSQL
    /// fails where it is to compare a number with a text.
    pub(super) fn fits(&self, values: &[KeyValue], argument: &str) -> Result<(), Error> {
        let fit = values.len() == self.keys.len() && self.keys.iter().zip(values).all(|(key, value)| key.fits(value));
        if fit { Ok(()) } else { Err(altered(argument)) }
    }

    /// The key values of rows, which stand in each from this column on.
    fn keys(&self, rows: &[QueryResult], from: usize, paging: &Paging) -> Result<Arc<Keys>, sea_orm::DbErr> {
        let mut values = Vec::with_capacity(rows.len() * self.keys.len());
        for row in rows {
            self.read_keys(row, from, &mut values)?;
        }
        Ok(paging.keys(values, self.keys.len()))
    }

    /// The key values of one row, added to those of others.
    pub(super) fn read_keys(
        &self,
        row: &QueryResult,
        from: usize,
        values: &mut Vec<KeyValue>,
    ) -> Result<(), sea_orm::DbErr> {
        for (index, key) in self.keys.iter().enumerate() {
            values.push(key.kind.read(row, from + index)?);
        }
        Ok(())
    }
}

/// What comes strictly after these key values in the order, or before them.
pub(super) fn beyond(keys: &[Key], values: &[KeyValue], before: bool) -> Expr {
    let mut any = always(false);
    let mut same: Option<Expr> = None;
    for (key, value) in keys.iter().zip(values) {
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
    match (keys.first(), values.first()) {
        (Some(key), Some(value)) if !key.nullable => key.from(value, before).and(any),
        _ => any,
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

    pub(super) fn order(&self, backwards: bool) -> (Order, Option<NullOrdering>) {
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

    /// Orders by it.
    pub(super) fn put(&self, expr: Expr, paging: &Paging, select: &mut SelectStatement) {
        match self.order(paging.backwards) {
            (order, Some(nulls)) => select.order_by_expr_with_nulls(expr, order, nulls),
            (order, None) => select.order_by_expr(expr, order),
        };
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
                always(false)
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
            None => always(true),
        }
    }
}

impl KeyKind {
    fn read(self, row: &QueryResult, index: usize) -> Result<KeyValue, sea_orm::DbErr> {
        fn or_null<T>(value: Option<T>, make: impl Fn(T) -> KeyValue) -> KeyValue {
            value.map_or(KeyValue::Null, make)
        }
        Ok(match self {
            Self::SmallInt => or_null(Option::<i16>::of(row, index)?, |value| KeyValue::Int(value.into())),
            Self::Int => or_null(Option::<i32>::of(row, index)?, |value| KeyValue::Int(value.into())),
            Self::BigInt => or_null(Option::<i64>::of(row, index)?, KeyValue::Int),
            Self::Text => or_null(Option::<String>::of(row, index)?, |text| KeyValue::Text(text.into())),
            Self::Time => or_null(Option::<DateTime<Utc>>::of(row, index)?, KeyValue::Time),
            Self::Date => or_null(Option::<NaiveDate>::of(row, index)?, KeyValue::Date),
            Self::Id => or_null(Option::<Uuid>::of(row, index)?, KeyValue::Id),
        })
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{Alias, Query};
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::store::page::{Arguments, Cursor};

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
        let cursor = Cursor::new(values.clone(), Sha256::digest("a\u{0}b\u{0}c").into()).text();
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
