//! Running the steps: all of a run in one transaction, under a lock, so that several servers that start at once take
//! turns and a run that fails leaves nothing behind.

use std::str::FromStr;
use std::time::{Duration, Instant};

use sea_orm_migration::sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sea_orm_migration::sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
};
use sea_orm_migration::sea_orm::sqlx::{self, Connection};
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr, SqliteTransactionMode,
    SqlxPostgresConnector, SqlxSqliteConnector, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{MigratorTrait, SchemaManager};

use crate::Migrator;
use crate::grant::grants;

/// Names the lock among all advisory locks of the database.
const LOCK: i64 = 0x6e61_6d20_6d69_6772;
/// Time to wait for another run to end.
const PATIENCE: Duration = Duration::from_secs(120);
/// Time before it is asked again for what can't be waited for.
const PAUSE: Duration = Duration::from_millis(5);

/// Where the steps are run, and for whom.
#[derive(Clone, Debug)]
pub struct Target {
    /// The database, with a role that owns its tables.
    pub url: String,
    /// The database as the server uses it: its role is granted what serving needs, where it is another.
    pub serving_url: String,
}

/// Why a run failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The URL is of no database that is known here.
    #[error("the URL must begin with sqlite: or postgres:, and this does not")]
    Scheme,
    /// The database refused.
    #[error("{}", plain(.0))]
    Database(#[from] DbErr),
    /// A later version has been here, and only it knows how to take its steps back.
    #[error("the database has steps of a later version ({0}): take them back with that version first")]
    Later(String),
    /// The database has a step that none of ours is and that comes before our last one.
    #[error("the database has a step that this program does not have ({0}): it was migrated by another program")]
    Foreign(String),
}

impl RunError {
    /// Whether the role may not do it.
    pub fn is_of_rights(&self) -> bool {
        let Self::Database(DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) =
            self
        else {
            return false;
        };
        error.as_database_error().and_then(|error| error.code()).as_deref() == Some("42501")
    }
}

/// Which way, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// All steps that are not applied yet.
    Up,
    /// So many of the applied steps back, the last first.
    Down(u32),
}

/// A step and how the database stands to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name, which begins with its date and number.
    pub name: String,
    /// Whether the database has it.
    pub state: State,
}

/// How the database stands to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has it.
    Applied,
    /// It does not have it yet.
    Pending,
    /// It has it from a later version of this program.
    Later,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The steps that were run, in their order.
    pub steps: Vec<String>,
    /// Steps that the database has from a later version: then nothing is run. Each version's steps leave the version
    /// before able to serve, so that both can during an upgrade.
    pub later: Vec<String>,
}

impl Target {
    /// Runs the steps in one direction. Where a later version has run its own already, there is nothing to do upwards.
    ///
    /// # Errors
    /// Where the database can't be reached, refuses, or was migrated by another program; nothing was changed then.
    pub async fn run(&self, direction: Direction) -> Result<Ran, RunError> {
        let database = self.open().await?;
        let outcome = self.run_on(&database, direction).await;
        // Nothing can be done any more about a pool that won't close.
        let _ = database.close().await;
        outcome
    }

    /// Every step with its state. Changes nothing.
    ///
    /// # Errors
    /// Where the database can't be reached or refuses.
    pub async fn status(&self) -> Result<Vec<Step>, RunError> {
        let database = self.open().await?;
        let steps = steps(&SchemaManager::new(&database)).await;
        let _ = database.close().await;
        steps
    }

    async fn run_on(&self, database: &DatabaseConnection, direction: Direction) -> Result<Ran, RunError> {
        let tx = lock(database).await?;
        let before = steps(&SchemaManager::new(&tx)).await?;
        let later = names(&before, State::Later);
        if !later.is_empty() {
            let is_whole = names(&before, State::Pending).is_empty();
            if direction == Direction::Up && is_whole {
                // Its rights were granted by the later version, which knows of tables that this one does not.
                let steps = Vec::new();
                return Ok(Ran { steps, later });
            }
            return Err(RunError::Later(later.join(", ")));
        }
        match direction {
            // Where nothing is left to do, a role that may only serve can say so; the library would ask for more.
            Direction::Up if names(&before, State::Pending).is_empty() => {}
            Direction::Up => Migrator::up(&tx, None).await?,
            Direction::Down(steps) => Migrator::down(&tx, Some(steps)).await?,
        }
        let after = steps(&SchemaManager::new(&tx)).await?;
        self.grant(&tx).await?;
        tx.commit().await?;
        let changed = before.into_iter().zip(after);
        let changed = changed.filter(|(before, after)| before.state != after.state);
        Ok(Ran {
            steps: changed.map(|(step, _)| step.name).collect(),
            later,
        })
    }

    /// One connection: everything happens in one transaction.
    async fn open(&self) -> Result<DatabaseConnection, RunError> {
        match self.url.split_once(':') {
            Some(("sqlite", _)) => {
                let options = SqliteConnectOptions::from_str(&self.url)
                    .map_err(database)?
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .foreign_keys(true)
                    .busy_timeout(PATIENCE);
                Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(patiently(options).await?))
            }
            Some(("postgres" | "postgresql", _)) => {
                let options = postgres(&self.url)?.application_name("nam-needs migrate");
                // A pool would try again and again, and then not say why.
                let tried = PgConnection::connect_with(&options).await.map_err(database)?;
                tried.close().await.map_err(database)?;
                let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await;
                Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool.map_err(database)?))
            }
            _ => Err(RunError::Scheme),
        }
    }

    /// Lets the role that serves do what serving needs, and nothing else.
    async fn grant(&self, tx: &DatabaseTransaction) -> Result<(), RunError> {
        if tx.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let owner = postgres(&self.url)?.get_username().to_owned();
        let role = postgres(&self.serving_url)?.get_username().to_owned();
        if owner == role {
            return Ok(());
        }
        let schema = Statement::from_string(DbBackend::Postgres, "SELECT current_schema()::text");
        let schema = tx.query_one_raw(schema).await?;
        let schema: String = schema
            .ok_or_else(|| DbErr::Custom("no schema".into()))?
            .try_get_by_index(0)?;
        let there = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";
        let there = tx
            .query_all_raw(Statement::from_string(DbBackend::Postgres, there))
            .await?;
        let there = there
            .iter()
            .map(|row| row.try_get_by_index(0))
            .collect::<Result<Vec<String>, _>>()?;
        let grants = grants(&quoted(&schema), &quoted(&role), &there);
        tx.execute_unprepared(&grants).await?;
        Ok(())
    }
}

/// Opens an SQLite file. One that is new becomes a WAL, and of several who want that at once SQLite tells all but one
/// `SQLITE_BUSY` at once, without the wait that was asked for: who is told so asks again.
async fn patiently(options: SqliteConnectOptions) -> Result<SqlitePool, DbErr> {
    let until = Instant::now() + PATIENCE;
    loop {
        let pool = SqlitePoolOptions::new().max_connections(1);
        match pool.connect_with(options.clone()).await {
            Err(error) if is_busy(&error) && Instant::now() < until => tokio::time::sleep(PAUSE).await,
            outcome => return outcome.map_err(database),
        }
    }
}

/// Whether another connection was in the way: `SQLITE_BUSY`, whatever its extended code says of the reason.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let code = code.and_then(|code| code.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}

/// Begins the transaction of a run, once no other is under way.
async fn lock(database: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let tx = database.begin_with_options(options).await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        let wait = PATIENCE.as_millis();
        tx.execute_unprepared(&format!("SET LOCAL lock_timeout = {wait}"))
            .await?;
        tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})"))
            .await?;
        // Steps may have rows to write, and policies ask the owner too.
        tx.execute_unprepared(
            "SELECT set_config('nam.kind', 'system', true), set_config('nam.principal', 'system', true),
                    set_config('nam.roles', 'ADMIN', true)",
        )
        .await?;
    }
    Ok(tx)
}

/// Every step that this program or the database knows, in their order. Changes nothing.
async fn steps(manager: &SchemaManager<'_>) -> Result<Vec<Step>, RunError> {
    let mut applied = applied(manager).await?;
    let mut steps = Vec::new();
    for ours in Migrator::migrations() {
        let name = ours.name().to_owned();
        let there = applied.iter().position(|one| *one == name);
        let state = there.map_or(State::Pending, |place| {
            applied.remove(place);
            State::Applied
        });
        steps.push(Step { name, state });
    }
    let last = steps.last().map_or("", |step| &step.name);
    if let Some(foreign) = applied.iter().find(|name| name.as_str() < last) {
        return Err(RunError::Foreign(foreign.clone()));
    }
    steps.extend(applied.into_iter().map(|name| Step {
        name,
        state: State::Later,
    }));
    Ok(steps)
}

/// The names of the steps that the database has had.
async fn applied(manager: &SchemaManager<'_>) -> Result<Vec<String>, DbErr> {
    if !manager.has_table("seaql_migrations").await? {
        return Ok(Vec::new());
    }
    let names = "SELECT version FROM seaql_migrations ORDER BY version";
    let names = Statement::from_string(manager.get_database_backend(), names);
    let rows = manager.get_connection().query_all_raw(names).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

fn names(steps: &[Step], state: State) -> Vec<String> {
    let chosen = steps.iter().filter(|step| step.state == state);
    chosen.map(|step| step.name.clone()).collect()
}

/// An identifier as SQL takes it, whatever is in it.
fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

fn postgres(url: &str) -> Result<PgConnectOptions, RunError> {
    Ok(PgConnectOptions::from_str(url).map_err(database)?)
}

/// What went wrong, without the name of the library's variant.
fn plain(error: &DbErr) -> String {
    match error {
        DbErr::Custom(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The text of sqlx's errors never holds the URL's password.
#[expect(clippy::needless_pass_by_value, reason = "map_err gives it away")]
fn database(error: sqlx::Error) -> DbErr {
    DbErr::Custom(error.to_string())
}
