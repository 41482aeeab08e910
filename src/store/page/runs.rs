//! The statement of a page. Where the first key of its order can be absent, an index gives the rows that have it and those
//! that lack it as two runs, so each is read in the order of the index, and the second only where the first is too short.

use sea_orm::sea_query::{Alias, CommonTableExpression, Expr, ExprTrait, Query, SelectStatement, UnionType};

use crate::error::Error;
use crate::store::condition::always;
use crate::store::page::Paging;
use crate::store::page::cursor::KeyValue;
use crate::store::page::keyset::{Keyset, beyond};

/// Rows of a list by their first key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All; it can't be absent.
    Whole,
    /// Those that have it.
    Present,
    /// Those that lack it.
    Absent,
}

impl Keyset {
    /// The statement that reads a page of what `select` gives.
    ///
    /// # Errors
    /// `BAD_CURSOR` for a cursor that can't be of this order.
    pub(crate) fn statement(&self, select: SelectStatement, paging: &Paging) -> Result<SelectStatement, Error> {
        let (first, second) = match self.parts(paging) {
            (part, None) => return self.part(select, paging, part),
            (first, Some(second)) => (first, second),
        };
        let mut rest = self.part(select.clone(), paging, second)?;
        let run = Alias::new("first_run");
        let count = Query::select().expr(Expr::cust("COUNT(*)")).from(run.clone()).take();
        rest.and_where(Expr::from(count).lte(paging.most()));
        let all = |from: Alias| Query::select().expr(Expr::cust("*")).from(from).take();
        let rest = Query::select()
            .expr(Expr::cust("*"))
            .from_subquery(rest, Alias::new("second_run"))
            .take();
        let both = all(run.clone()).union(UnionType::All, rest).take();
        let mut page = Query::select()
            .expr(Expr::cust("*"))
            .from_subquery(both, Alias::new("page"))
            .take();
        for (index, key) in self.keys.iter().enumerate() {
            key.put(Expr::col(Alias::new(format!("k{index}"))), paging, &mut page);
        }
        let first = self.part(select, paging, first)?;
        page.limit(paging.most().saturating_add(1))
            .with_cte(CommonTableExpression::new().table_name(run).query(first).to_owned());
        Ok(page)
    }

    /// Whether a page lies in one run.
    pub(super) fn is_one_run(&self, paging: &Paging) -> bool {
        self.parts(paging).1.is_none()
    }

    /// The runs in which a page can lie, in its order.
    fn parts(&self, paging: &Paging) -> (Part, Option<Part>) {
        let absent = |place: &Option<Vec<KeyValue>>| Some(place.as_ref()?.first()? == &KeyValue::Null);
        match self.keys.first() {
            Some(key) if key.nullable => {}
            _ => return (Part::Whole, None),
        }
        if absent(&paging.after) == Some(true) {
            (Part::Absent, None)
        } else if absent(&paging.before) == Some(false) {
            (Part::Present, None)
        } else if paging.backwards {
            (Part::Absent, Some(Part::Present))
        } else {
            (Part::Present, Some(Part::Absent))
        }
    }

    /// One run of a page.
    fn part(&self, mut select: SelectStatement, paging: &Paging, part: Part) -> Result<SelectStatement, Error> {
        let mut keys = self.keys.clone();
        let Some(first) = keys.first_mut() else {
            return Err(Error::internal("an order without keys"));
        };
        // In a run all rows have it or none: without a word on absent values an index serves both directions.
        first.nullable = false;
        match part {
            Part::Whole => {}
            Part::Present => drop(select.and_where(first.expr.clone().is_not_null())),
            Part::Absent => drop(select.and_where(first.expr.clone().is_null())),
        }
        let others = keys.get(1..).unwrap_or_default();
        for (place, argument, before) in [(&paging.after, "after", false), (&paging.before, "before", true)] {
            let Some(values) = place else { continue };
            self.fits(values, argument)?;
            match (part, values.split_first()) {
                // Those that lack the first key differ in the others; those that have it come all before.
                (Part::Absent, Some((KeyValue::Null, values))) => select.and_where(beyond(others, values, before)),
                // All that lack it come after any that has it.
                (Part::Absent, _) if before => select.and_where(always(false)),
                (Part::Absent, _) | (Part::Present, Some((KeyValue::Null, _))) => continue,
                _ => select.and_where(beyond(&keys, values, before)),
            };
        }
        for (index, key) in keys.iter().enumerate() {
            select.expr_as(key.expr.clone(), Alias::new(format!("k{index}")));
            key.put(key.expr.clone(), paging, &mut select);
        }
        select.limit(paging.most().saturating_add(1));
        Ok(select)
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::SqliteQueryBuilder;
    use sha2::{Digest, Sha256};
    use sqlx::{AssertSqlSafe, Connection, Executor, Row, SqliteConnection};
    use uuid::Uuid;

    use super::*;
    use crate::store::page::Arguments;
    use crate::store::page::cursor::Cursor;
    use crate::store::page::keyset::{Key, KeyKind};

    /// However deep a page lies, each run of it is sought in the index from the place of its cursor on, in its order.
    #[tokio::test]
    async fn a_page_begins_in_the_index_where_its_cursor_stands() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let table = "CREATE TABLE t (k INTEGER, id BLOB NOT NULL); CREATE INDEX t_k ON t (k, id)";
        connection.execute(table).await.unwrap();
        let some = vec![KeyValue::Int(7), KeyValue::Id(Uuid::nil())];
        let none = vec![KeyValue::Null, KeyValue::Id(Uuid::nil())];
        let (present, between, absent, rest) = ("(k>?)", "(k>? AND k<?)", "(k=?)", "(k=? AND id>?)");
        for (after, last, descending, expected) in [
            (None, false, false, vec![present, absent]),
            (None, false, true, vec![present, absent]),
            (None, true, false, vec![absent, present]),
            (Some(&some), false, false, vec![present, absent]),
            (Some(&some), false, true, vec![between, absent]),
            (Some(&none), false, false, vec![rest]),
            (Some(&none), false, true, vec!["(k=? AND id<?)"]),
            // Backwards, before this place.
            (Some(&some), true, false, vec![between]),
            (Some(&some), true, true, vec![present]),
            (Some(&none), true, false, vec!["(k=? AND id<?)", present]),
        ] {
            let fingerprint = Sha256::digest("a\u{0}b\u{0}c").into();
            let place = after.map(|values| Cursor::new(values.clone(), fingerprint).text());
            let count = Some(10);
            let arguments = match last {
                true => Arguments {
                    last: count,
                    before: place,
                    ..Arguments::default()
                },
                false => Arguments {
                    first: count,
                    after: place,
                    ..Arguments::default()
                },
            };
            let paging = Paging::new(&arguments, 50, 100, "a", "b", "c").unwrap();
            let keyset = Keyset::new(
                vec![Key {
                    expr: Expr::col(Alias::new("k")),
                    kind: KeyKind::Int,
                    nullable: true,
                    descending,
                }],
                Expr::col(Alias::new("id")),
            );
            let all = Query::select().column(Alias::new("id")).from(Alias::new("t")).take();
            let sql = keyset.statement(all, &paging).unwrap().to_string(SqliteQueryBuilder);
            let rows = connection
                .fetch_all(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                .await
                .unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get::<String, _>(3)).collect();
            let sought: Vec<&str> = plan
                .iter()
                .filter_map(|step| step.strip_prefix("SEARCH t USING COVERING INDEX t_k "))
                .collect();
            assert_eq!(sought, expected, "{sql}\n{plan:#?}");
            // What is sorted is the few rows of the page, never a run.
            let sorted = |pair: &[String]| pair[0].starts_with("SEARCH t ") && pair[1].contains("TEMP B-TREE");
            assert!(!plan.windows(2).any(sorted), "{sql}\n{plan:#?}");
            assert!(!plan.iter().any(|step| step.starts_with("SCAN t")), "{sql}\n{plan:#?}");
        }
    }
}
