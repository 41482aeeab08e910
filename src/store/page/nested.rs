//! The same page of every parent of a level, in one statement.

use std::hash::Hash;

use sea_orm::sea_query::{
    Alias, Asterisk, Expr, ExprTrait, Func, IntoIden, JoinType, Order, OverStatement, Query, SelectStatement,
    WindowStatement,
};
use sea_orm::{DbBackend, DbErr, QueryResult};
use uuid::Uuid;

use crate::error::Error;
use crate::store::condition::{USUAL, one_of_ids};
use crate::store::page::cursor::KeyValue;
use crate::store::page::keyset::{Keyset, ROUND};
use crate::store::page::{Page, Paging, compare};
use crate::store::{Map, Reader, fault};

/// Parents, and how the rows of a list name theirs.
pub(crate) struct Parents<'p, F> {
    /// What of a row names its parent.
    pub column: Expr,
    /// Which they are.
    pub are: Are<'p>,
    /// Reads the column.
    pub read: F,
    /// The only one, where there are no others.
    pub only: Option<KeyValue>,
}

/// What names a parent.
pub(crate) trait Name {
    /// As cursors of its list hold it.
    fn key(&self) -> KeyValue;
}

impl Name for String {
    fn key(&self) -> KeyValue {
        KeyValue::Text(self.as_str().into())
    }
}

/// Which parents.
pub(crate) enum Are<'p> {
    /// Those with these ids; an index leads from each to its rows.
    Given(&'p [Uuid]),
    /// Those whose rows pass this test.
    Where(Expr),
}

/// Pages of up to so many rows have a statement of their own each, beside those of round sizes.
const SMALL: usize = 10;

impl Keyset {
    /// Reads the same page of every parent, in one statement: `select` brings its columns, tables and conditions, all but the
    /// parents; `read` reads a row of them.
    pub(crate) async fn pages<R, P: Eq + Hash + Name, F>(
        &self,
        reader: &Reader,
        mut select: SelectStatement,
        columns: usize,
        parents: Parents<'_, F>,
        paging: &Paging,
        read: impl Fn(&QueryResult) -> Result<R, DbErr>,
    ) -> Result<Map<P, Page<R>>, Error>
    where
        F: Fn(&QueryResult, usize) -> Result<P, DbErr>,
    {
        let paging = &paging.within(parents.only.as_ref())?;
        self.restrict(&mut select, paging)?;
        for (index, key) in self.keys.iter().enumerate() {
            select.expr_as(key.expr.clone(), Alias::new(format!("k{index}")));
        }
        select.expr_as(parents.column.clone(), Alias::new("parent"));
        let is_short = paging.limit <= SMALL || paging.limit.is_multiple_of(ROUND);
        // In another order, an index of that order can seem better than that of the parent, and is walked from end to end.
        let goes_from_each = self.keys.len() == 1 && is_short && reader.backend() == DbBackend::Postgres;
        let column = parents.column;
        let rows = match parents.are {
            Are::Given(ids) if goes_from_each => {
                reader.all_by_one_plan(&self.each(select, column, ids, paging)).await?
            }
            are => {
                select.and_where(match are {
                    Are::Given(ids) => one_of_ids(reader.backend(), column.clone(), ids),
                    Are::Where(one_of) => one_of,
                });
                reader.all(&self.numbered(select, column, paging)).await?
            }
        };
        let of_one = self.keys.len() + 1;
        let mut values = Vec::with_capacity(rows.len() * of_one);
        let mut of_parents: Map<P, Vec<(R, usize)>> = Map::default();
        for (index, row) in rows.iter().enumerate() {
            let read = || Ok(((parents.read)(row, columns + self.keys.len())?, read(row)?));
            self.read_keys(row, columns, &mut values).map_err(fault::error)?;
            let (parent, row) = read().map_err(fault::error)?;
            values.push(parent.key());
            of_parents.entry(parent).or_default().push((row, index));
        }
        let keys = paging.keys(values, of_one);
        let descending: Vec<bool> = self.keys.iter().map(|key| key.descending).collect();
        let page = |mut rows: Vec<(R, usize)>| {
            // So they come, as far as it is known, but that is not promised.
            rows.sort_by(|(_, one), (_, other)| {
                let order = compare(keys.of(*one), keys.of(*other), &descending);
                if paging.backwards { order.reverse() } else { order }
            });
            let rows = rows.into_iter().map(|(row, index)| (row, keys.cursor(index)));
            paging.cut(rows.collect())
        };
        let pages = of_parents.into_iter().map(|(parent, rows)| (parent, page(rows)));
        Ok(pages.collect())
    }

    /// Goes from each parent to the first of its rows, and no further. Its last value is its limit.
    fn each(&self, mut select: SelectStatement, column: Expr, ids: &[Uuid], paging: &Paging) -> SelectStatement {
        let [parent, page] = ["owner", "page"].map(|name| Alias::new(name).into_iden());
        // A function of single values names its only column as itself.
        select.and_where(column.eq(Expr::col((parent.clone(), parent.clone()))));
        for key in &self.keys {
            key.put(key.expr.clone(), paging, &mut select);
        }
        select.limit(paging.most().saturating_add(1));
        let mut ids = ids.to_vec();
        // Each once: the rows of one that is named twice would come twice.
        ids.sort_unstable();
        ids.dedup();
        // Nobody has this one.
        ids.resize(ids.len().max(USUAL), Uuid::nil());
        Query::select()
            .column((page.clone(), Asterisk))
            .from_function(Func::cust("unnest").arg(Expr::val(ids)), parent)
            .join_lateral(JoinType::InnerJoin, select, page, Expr::cust("TRUE"))
            .take()
    }

    /// Numbers the rows of each parent, and takes the first.
    fn numbered(&self, mut select: SelectStatement, column: Expr, paging: &Paging) -> SelectStatement {
        let mut window = WindowStatement::new();
        window.add_partition_by(column);
        for key in &self.keys {
            match key.order(paging.backwards) {
                (order, Some(nulls)) => window.order_by_expr_with_nulls(key.expr.clone(), order, nulls),
                (order, None) => window.order_by_expr(key.expr.clone(), order),
            };
        }
        let number = || Alias::new("n");
        select.expr_window_as(Func::cust("ROW_NUMBER"), window, number());
        let most = i64::try_from(paging.limit).unwrap_or(i64::MAX).saturating_add(1);
        Query::select()
            .expr(Expr::cust("*"))
            .from_subquery(select, Alias::new("numbered"))
            .and_where(Expr::col(number()).lte(most))
            .order_by(number(), Order::Asc)
            .take()
    }
}
