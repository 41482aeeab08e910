//! Turns at a request. PostgreSQL lets whoever shares a row past those who wait for it alone, so a stream of contributions
//! would keep a review out for ever; its advisory locks are given in the order in which they were asked for. SQLite has
//! one writer anyway.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use uuid::Uuid;

use crate::store::Write;
use crate::store::wall::Opening;

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
