//! What the database's failures mean to a caller.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

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
                // Statement or lock time-out.
                Some("57014" | "55P03") => Error::Timeout,
                // Shutting down, starting up, too many connections, or a failed disk.
                Some("57P01" | "57P02" | "57P03" | "53300" | "53100" | "08006" | "08003" | "25006") => {
                    unavailable(&fault)
                }
                // SQLite: busy, locked, disk full, cannot open, I/O.
                Some("5" | "6" | "13" | "14" | "10" | "261" | "517" | "778" | "522" | "4874") => unavailable(&fault),
                _ => Error::internal(format!("{fault:?}")),
            },
            _ => Error::internal(format!("{fault:?}")),
        },
        _ => Error::internal(format!("{fault:?}")),
    }
}

fn unavailable(fault: &DbErr) -> Error {
    tracing::warn!(cause = ?fault, "the database does not answer");
    Error::Unavailable("The database does not answer just now. Nothing was changed; try again in a moment.".into())
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

fn code(fault: &DbErr) -> Option<String> {
    match fault {
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => match &**inner {
            sqlx::Error::Database(inner) => inner.code().map(|code| code.into_owned()),
            _ => None,
        },
        _ => None,
    }
}
