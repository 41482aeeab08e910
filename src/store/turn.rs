//! Turns at a request. PostgreSQL lets whoever shares a row past those who wait for it alone, so a stream of contributions
//! would keep a review out for ever; its advisory locks are given in the order in which they were asked for. SQLite has
//! one writer anyway.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use uuid::Uuid;

use crate::store::Write;

/// Waits for whoever has the request alone, and keeps it from them until the transaction ends.
pub(crate) async fn share(w: &Write, request: Uuid) -> Result<(), DbErr> {
    wait(w, "SELECT pg_advisory_xact_lock_shared($1)", request).await
}

/// Waits for everybody who has the request, and keeps it from them until the transaction ends.
pub(crate) async fn take(w: &Write, request: Uuid) -> Result<(), DbErr> {
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
