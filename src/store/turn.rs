//! Turns at a request. PostgreSQL lets whoever shares a row past those who wait for it alone, so a stream of contributions
//! would keep a review out for ever; its advisory locks are given in the order in which they were asked for. SQLite has
//! one writer anyway.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use uuid::Uuid;

use crate::domain::text::canonical;
use crate::store::Write;
use crate::store::wall::Opening;

/// The kind of PostgreSQL's advisory lock that an import holds for its source: "NAMI" as a number.
const SOURCE: i32 = 0x4e41_4d49;

/// Imports of one source take turns until the transaction ends: each locks many requests, in the order of its rows, and two with
/// other orders would wait for each other.
pub(crate) async fn of_sources<'a>(w: &Write, sources: impl Iterator<Item = &'a str>) -> Result<(), DbErr> {
    if w.backend() != DbBackend::Postgres {
        return Ok(());
    }
    let sources: BTreeSet<String> = sources.map(canonical).collect();
    for source in sources {
        let sql = "SELECT pg_advisory_xact_lock($1, hashtext($2))";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [SOURCE.into(), source.into()]);
        w.tx.execute_raw(statement).await?;
    }
    Ok(())
}

/// The opening of a write of this request, which waits for its turn at once; none where the client's id names none.
pub(crate) fn opening(request: Option<Uuid>) -> Opening {
    request.map_or(Opening::Plain, |request| Opening::Lock(key(request)))
}

/// The request's turn within a SELECT that finds the request: PostgreSQL takes it for the rows that are found.
pub(crate) fn shared_by(column: &str) -> String {
    format!("pg_advisory_xact_lock_shared(('x' || right(replace({column}::text, '-', ''), 16))::bit(64)::bigint)")
}

/// Waits for whoever has the request alone, and keeps it from them until the transaction ends.
pub(crate) async fn share(w: &Write, request: Uuid) -> Result<(), DbErr> {
    wait(w, "SELECT pg_advisory_xact_lock_shared($1)", request).await
}

/// Waits for everybody who has the request, and keeps it from them until the transaction ends.
pub(crate) async fn take(w: &Write, request: Uuid) -> Result<(), DbErr> {
    if w.opened.holds(key(request)) {
        return Ok(());
    }
    wait(w, "SELECT pg_advisory_xact_lock($1)", request).await
}

async fn wait(w: &Write, sql: &str, request: Uuid) -> Result<(), DbErr> {
    if w.backend() != DbBackend::Postgres {
        return Ok(());
    }
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [key(request).into()]);
    w.tx.execute_raw(statement).await?;
    Ok(())
}

/// The random bits of a UUID. Two requests with the same key would wait for each other now and then, and no more.
fn key(request: Uuid) -> i64 {
    let (_, low) = request.as_u64_pair();
    low.cast_signed()
}
