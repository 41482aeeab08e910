//! What the database's failures mean to a caller.

use std::sync::Arc;

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr};

use crate::error::Error;

/// The error that a client is told. The inner text goes to the log only.
pub(crate) fn error(fault: DbErr) -> Error {
    match &fault {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => unavailable(&fault),
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => match &**inner {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => unavailable(&fault),
            sqlx::Error::Database(inner) => match inner.code().as_deref() {
                // Time-out of a statement, a lock, or between statements; SQLite: a statement that was ended.
                Some("57014" | "55P03" | "25P03" | "9") => Error::Timeout,
                // Shutting down, starting up, too many connections, no memory, a full or failed disk.
                Some(
                    "57P01" | "57P02" | "57P03" | "53300" | "53200" | "53100" | "58030" | "08006" | "08003" | "25006",
                ) => unavailable(&fault),
                // A quota or the largest size of a file: PostgreSQL has no code for them.
                Some("XX000") if inner.message().starts_with("could not extend file") => unavailable(&fault),
                // SQLite: busy, locked, disk full, cannot open, I/O.
                Some("5" | "6" | "13" | "14" | "10" | "261" | "517" | "778" | "522" | "4874") => unavailable(&fault),
                code => Error::internal(told(code, &**inner)),
            },
            _ => Error::internal(format!("{fault:?}")),
        },
        _ => Error::internal(format!("{fault:?}")),
    }
}

/// A fault of the database for the log, without its details: those tell the values of the row that failed.
fn told(code: Option<&str>, fault: &dyn sqlx::error::DatabaseError) -> String {
    let code = code.unwrap_or("none");
    // Of class 22 (data exceptions) the message itself has the value.
    let message = if code.starts_with("22") {
        "a value was refused"
    } else {
        fault.message()
    };
    format!(
        "the database refused with {code}, constraint {:?}: {message}",
        fault.constraint()
    )
}

/// Said to whoever reads, which is also how a mutation's answer is made once it is done.
fn unavailable(fault: &DbErr) -> Error {
    tracing::warn!(cause = ?fault, "the database does not answer");
    let message = "The database does not answer just now: try again in a moment. Where it was a mutation, it may have happened all the same: the same again with its idempotencyKey tells; without a key, look before you try again.";
    Error::Unavailable(message.into())
}

/// The error of a write that was not committed.
pub(crate) fn undone(fault: DbErr) -> Error {
    let is_full = matches!(code(&fault).as_deref(), Some(FULL | "53100"));
    match error(fault) {
        Error::Unavailable(_) if is_full => {
            let message = "There is no room on the disk of the database. Nothing was changed; try again once there is.";
            Error::Unavailable(message.into())
        }
        Error::Unavailable(_) => {
            let message = "The database does not answer just now. Nothing was changed; try again in a moment.";
            Error::Unavailable(message.into())
        }
        other => other,
    }
}

/// The error of a write that the database was told to commit when it failed: nobody knows what became of it, so the
/// client must not be told that it may write again.
pub(crate) fn unsure(cause: &impl std::fmt::Debug) -> Error {
    tracing::warn!(?cause, "a write may be done or not");
    let message = "The database went away in the middle of this. It may have happened or not: the same again with its idempotencyKey tells; without a key, look before you try again.";
    Error::Unavailable(message.into())
}

/// SQLite's code for a disk without room.
const FULL: &str = "13";

/// Whether SQLite had no room to commit. What it could not write whole it does not find again, so nothing was changed.
pub(crate) fn is_full(fault: &DbErr) -> bool {
    code(fault).as_deref() == Some(FULL)
}

/// Whether the connection was lost, and with it what its transaction did, unless it was being committed.
pub(crate) fn is_lost(fault: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner))) = fault else {
        return false;
    };
    match &**inner {
        sqlx::Error::Io(_) => true,
        // An administrator's command or the end of a process that crashed.
        sqlx::Error::Database(inner) => matches!(inner.code().as_deref(), Some("57P01" | "57P02")),
        _ => false,
    }
}

/// Whether the same transaction may well succeed when tried again: a deadlock or a serialization failure.
pub(crate) fn is_transient(fault: &DbErr) -> bool {
    code(fault).is_some_and(|code| matches!(code.as_str(), "40001" | "40P01"))
}

/// The constraint or columns that a write would have made double; none for any other failure.
pub(crate) fn duplicate(fault: &DbErr) -> Option<String> {
    match fault.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(text)) => Some(text),
        _ => None,
    }
}

/// The failure of getting a connection.
pub(super) fn acquiring(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        other => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(other))),
    }
}

/// The failure of using a connection that failed before.
pub(super) fn broken() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("a connection that broke before".into()))
}

fn code(fault: &DbErr) -> Option<String> {
    match fault {
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => match &**inner {
            sqlx::Error::Database(inner) => inner.code().map(|code| code.into_owned()),
            _ => None,
        },
        _ => None,
    }
}
