//! Statements on their way to a connection of either database, counted and timed, and their rows.

use std::future::ready;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use sea_orm::{QueryResult, Statement, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Database, Executor, IntoArguments};

use crate::store::statements::{Statements, is_counted};
use crate::store::unseen;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Time of a statement; none where it may take any.
    pub statement: Option<Duration>,
    /// Time to wait for a connection.
    pub patience: Duration,
    /// Time from which on a statement is logged as slow.
    pub slow: Duration,
}

/// All rows of a statement.
///
/// # Errors
/// The database's.
pub(super) async fn all<DB: Database>(
    connection: &mut DB::Connection,
    statement: Statement,
    limits: Limits,
    statements: &Statements,
) -> Result<Vec<QueryResult>, sqlx::Error>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    SqlxValues: IntoArguments<DB>,
    QueryResult: From<DB::Row>,
{
    let sent = Instant::now();
    let rows = query::<DB>(statement).fetch_all(connection);
    let rows = unseen::begun(limits.slow, rows).await;
    if is_counted() {
        statements.add(sent.elapsed());
    }
    Ok(rows?.into_iter().map(QueryResult::from).collect())
}

/// Each row of a statement as it comes.
///
/// # Errors
/// The database's.
pub(super) async fn each<DB: Database>(
    connection: &mut DB::Connection,
    statement: Statement,
    statements: &Statements,
    mut row: impl FnMut(&QueryResult) + Send,
) -> Result<(), sqlx::Error>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    SqlxValues: IntoArguments<DB>,
    QueryResult: From<DB::Row>,
{
    let sent = Instant::now();
    let rows = query::<DB>(statement).fetch(connection);
    let read = rows.try_for_each(|read| {
        row(&QueryResult::from(read));
        ready(Ok(()))
    });
    let read = read.await;
    if is_counted() {
        statements.add(sent.elapsed());
    }
    read
}

fn query<DB: Database>(statement: Statement) -> Query<'static, DB, SqlxValues>
where
    SqlxValues: IntoArguments<DB>,
{
    let values = SqlxValues(statement.values.unwrap_or(Values(Vec::new())));
    sqlx::query_with(AssertSqlSafe(statement.sql), values)
}
