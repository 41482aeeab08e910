//! The second wall. PostgreSQL's own policies (`migration`, step `wall`) ask who writes; here they are told, in the first
//! statement of every transaction that writes and until its end. What else a write must begin with goes into the same
//! statement, so that naming the actor costs no round trip. SQLite is a file of the server's own and has no such wall.

use std::sync::atomic::{AtomicI64, Ordering};

use sea_orm::{ActiveEnum, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement};

use crate::domain::actor::{Actor, Principal};

/// What a write begins with, beside the name of its actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Nothing.
    Plain,
    /// Waiting for this advisory lock, alone.
    Lock(i64),
    /// Drawing the number of a reference.
    Number,
}

/// What an opening gave.
#[derive(Debug)]
pub(crate) struct Opened {
    opening: Opening,
    /// Numbers are from 1; 0 is none, or one that was taken.
    number: AtomicI64,
}

impl Opened {
    /// Whether this advisory lock is held since the beginning.
    pub(crate) fn holds(&self, lock: i64) -> bool {
        self.opening == Opening::Lock(lock)
    }

    /// The number that was drawn, once.
    pub(crate) fn take_number(&self) -> Option<i64> {
        Some(self.number.swap(0, Ordering::Relaxed)).filter(|number| *number > 0)
    }

    /// What a savepoint knows of it: the lock, and no number.
    pub(crate) const fn within(&self) -> Self {
        Self {
            opening: self.opening,
            number: AtomicI64::new(0),
        }
    }
}

/// Names the actor to the database for this transaction, and does what the write begins with.
///
/// # Errors
/// The database's.
pub(crate) async fn open(tx: &DatabaseTransaction, actor: &Actor, opening: Opening) -> Result<Opened, DbErr> {
    let number = match tx.get_database_backend() {
        DbBackend::Postgres => name(tx, actor, opening).await?,
        _ => 0,
    };
    Ok(Opened {
        opening,
        number: AtomicI64::new(number),
    })
}

async fn name(tx: &DatabaseTransaction, actor: &Actor, opening: Opening) -> Result<i64, DbErr> {
    let mut sql = "SELECT set_config('nam.kind', $1, true), set_config('nam.principal', $2, true), \
                   set_config('nam.roles', $3, true), set_config('nam.country', $4, true), \
                   set_config('nam.organization', $5, true)"
        .to_owned();
    let roles: Vec<String> = actor.roles.iter().map(ActiveEnum::to_value).collect();
    let mut values = vec![
        kind(&actor.principal).into(),
        actor.principal_text().into(),
        roles.join(",").into(),
        actor.country.clone().unwrap_or_default().into(),
        actor.organization.clone().unwrap_or_default().into(),
    ];
    match opening {
        Opening::Plain => {}
        Opening::Lock(lock) => {
            sql.push_str(", pg_advisory_xact_lock($6)");
            values.push(lock.into());
        }
        Opening::Number => sql.push_str(", nextval('assistance_request_reference')"),
    }
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    let row = tx.query_one_raw(statement).await?;
    match (row, opening) {
        (Some(row), Opening::Number) => row.try_get_by_index(5),
        _ => Ok(0),
    }
}

/// By what the policies tell the operator's own work from that of people.
const fn kind(principal: &Principal) -> &'static str {
    match principal {
        Principal::Anonymous => "anonymous",
        Principal::Key(_) => "key",
        Principal::Token { .. } => "token",
        Principal::Import(_) => "import",
        Principal::System => "system",
    }
}
