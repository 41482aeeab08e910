//! Whom a read is for, and the snapshot it sees.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{DbBackend, DbErr, QueryResult, Statement};
use tokio::sync::Mutex;

use crate::domain::actor::Actor;
use crate::domain::reference::Reference;
use crate::error::Error;
use crate::store::lanes::Lane;
use crate::store::leash::Leashed;
use crate::store::needs::Folded;
use crate::store::{Store, Ways, fault};

/// How many statements a read will take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// One, which is a snapshot by itself.
    Statement,
    /// Several, which must all see the same state.
    Snapshot,
}

impl Consistency {
    /// What a read needs that is told by its row alone, or is not.
    pub const fn of_row(alone: bool) -> Self {
        match alone {
            true => Self::Statement,
            false => Self::Snapshot,
        }
    }
}

/// What every read takes: the actor it is for, the reference data, the time, and the state of the database that all
/// its statements share.
#[derive(Debug)]
pub struct Reader {
    store: Store,
    actor: Arc<Actor>,
    reference: Arc<Reference>,
    now: DateTime<Utc>,
    /// Taken before the snapshot begins, so that the snapshot has all that is folded.
    summary: Option<Arc<Folded>>,
    snapshot: Option<Mutex<Option<Session>>>,
}

/// A transaction in which a reader reads. It ends with the reader.
#[derive(Debug)]
enum Session {
    Postgres(Lane),
    Sqlite(Leashed),
}

impl Store {
    /// A reader for `actor`. Nothing is sent to the database before the first read.
    pub fn reader(&self, actor: Arc<Actor>, consistency: Consistency) -> Reader {
        Reader {
            actor,
            reference: self.reference(),
            now: self.now(),
            summary: self.0.summary.folded(self.feed().era()),
            snapshot: (consistency == Consistency::Snapshot).then(Mutex::default),
            store: self.clone(),
        }
    }
}

impl Reader {
    /// Whom it reads for.
    pub const fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }

    /// The reference data it reads by.
    pub const fn reference(&self) -> &Arc<Reference> {
        &self.reference
    }

    /// The moment at which it reads.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The moment before which a request must have been confirmed to be stale: decided once a UTC day.
    pub fn stale_before(&self) -> DateTime<Utc> {
        let today = self.now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
        today - chrono::TimeDelta::days(i64::from(self.store.rules().confirm_every_days))
    }

    /// Whether each of its statements is a snapshot by itself, which others may share.
    pub(in crate::store) const fn is_alone(&self) -> bool {
        self.snapshot.is_none()
    }

    /// The store that it reads.
    pub(in crate::store) const fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.store.backend()
    }

    /// The sums that were in memory when it was made, if there were any: all that it is asked for is of one state.
    pub(in crate::store) const fn summary(&self) -> Option<&Arc<Folded>> {
        self.summary.as_ref()
    }

    /// Lets the statements of its snapshot take any time, and whoever reads what they gave as well.
    ///
    /// # Errors
    /// The database's.
    pub async fn unhurried(&self) -> Result<(), Error> {
        let Some(snapshot) = &self.snapshot else {
            return Ok(());
        };
        let mut session = self.begin().await.map_err(fault::error)?;
        match &mut session {
            Session::Sqlite(lane) => lane.unhurried(),
            Session::Postgres(lane) => {
                for setting in ["statement_timeout", "idle_in_transaction_session_timeout"] {
                    let set = format!("SET LOCAL {setting} = 0");
                    let set = Statement::from_string(DbBackend::Postgres, set);
                    lane.all(set).await.map_err(fault::error)?;
                }
            }
        }
        *snapshot.lock().await = Some(session);
        Ok(())
    }

    /// All rows of a statement.
    pub(crate) async fn all(&self, statement: &SelectStatement) -> Result<Vec<QueryResult>, Error> {
        self.rows(|| self.backend().build(statement)).await
    }

    /// The same for a statement that is best read in one way whatever its values are, the last of which is a limit. Without knowing the
    /// limit PostgreSQL would not keep its plan, and planning takes longer than reading a page.
    pub(crate) async fn all_by_one_plan(&self, statement: &SelectStatement) -> Result<Vec<QueryResult>, Error> {
        self.rows(|| with_limit(self.backend().build(statement))).await
    }

    async fn rows(&self, built: impl Fn() -> Statement) -> Result<Vec<QueryResult>, Error> {
        let rows = match &self.snapshot {
            None => self.alone(built).await,
            Some(snapshot) => self.together(&mut *snapshot.lock().await, built()).await,
        };
        rows.map_err(fault::error)
    }

    /// Each row of a statement of a snapshot as it comes, where there may be more than should be held at once.
    pub(crate) async fn each(
        &self,
        statement: &SelectStatement,
        mut row: impl FnMut(&QueryResult) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let Some(snapshot) = &self.snapshot else {
            return self.all(statement).await?.iter().try_for_each(row);
        };
        let mut refused = Ok(());
        let read = |read: &QueryResult| {
            if refused.is_ok() {
                refused = row(read);
            }
        };
        let mut snapshot = snapshot.lock().await;
        let session = match snapshot.take() {
            Some(session) => session,
            None => self.begin().await.map_err(fault::error)?,
        };
        let read = snapshot.insert(session).each(self.backend().build(statement), read);
        read.await.map_err(fault::error)?;
        refused
    }

    async fn alone(&self, statement: impl Fn() -> Statement) -> Result<Vec<QueryResult>, DbErr> {
        match &self.store.0.ways {
            Ways::Postgres { reading, .. } => reading.all(statement).await,
            Ways::Sqlite(leashes) => leashes.lane().await?.all(statement()).await,
        }
    }

    async fn together(&self, snapshot: &mut Option<Session>, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let session = match snapshot.take() {
            Some(session) => session,
            None => self.begin().await?,
        };
        snapshot.insert(session).all(statement).await
    }

    async fn begin(&self) -> Result<Session, DbErr> {
        match &self.store.0.ways {
            Ways::Postgres { reading, .. } => reading.begin().await.map(Session::Postgres),
            Ways::Sqlite(leashes) => leashes.begin().await.map(Session::Sqlite),
        }
    }
}

/// A statement whose last value is a limit, with the limit in its text.
pub(super) fn with_limit(mut statement: Statement) -> Statement {
    let values = statement.values.as_mut().map(|values| &mut values.0);
    if let Some(values) = values
        && let Some(sea_orm::Value::BigUnsigned(Some(limit))) = values.last()
        && let Some((before, after)) = statement.sql.rsplit_once(&format!(" LIMIT ${}", values.len()))
    {
        statement.sql = format!("{before} LIMIT {limit}{after}");
        values.pop();
    }
    statement
}

impl Session {
    async fn all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Postgres(lane) => lane.all(statement).await,
            Self::Sqlite(lane) => lane.all(statement).await,
        }
    }

    async fn each(&mut self, statement: Statement, row: impl FnMut(&QueryResult) + Send) -> Result<(), DbErr> {
        match self {
            Self::Postgres(lane) => lane.each(statement, row).await,
            Self::Sqlite(lane) => lane.each(statement, row).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};

    use super::*;

    fn pinned(select: &SelectStatement) -> (String, usize) {
        let statement = with_limit(DbBackend::Postgres.build(select));
        (statement.sql, statement.values.map_or(0, |values| values.0.len()))
    }

    #[test]
    fn a_limit_stands_in_the_text_and_other_values_stay_apart_from_it() {
        let id = || Expr::col(Alias::new("id"));
        let mut select = Query::select()
            .expr(id())
            .from(Alias::new("t"))
            .and_where(id().gt(7_u64))
            .take();
        let whole = r#"SELECT "id" FROM "t" WHERE "id" > $1"#;
        assert_eq!(pinned(&select), (whole.into(), 1), "a number that is no limit");
        select.limit(51);
        assert_eq!(pinned(&select), (format!("{whole} LIMIT 51"), 1));
        let within = Query::select()
            .expr(Expr::cust("*"))
            .from_subquery(select.clone(), Alias::new("page"))
            .take();
        let (text, values) = pinned(&within);
        assert_eq!(
            (text.as_str(), values),
            (&*format!(r#"SELECT * FROM ({whole} LIMIT 51) AS "page""#), 1)
        );
        select.offset(3);
        assert_eq!(pinned(&select).1, 3, "what comes after a limit keeps it where it is");
    }
}
