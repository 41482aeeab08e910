//! Running the steps: all of a run in one transaction, under a lock, so that several servers that start at once take
//! turns and a run that fails leaves nothing behind.

use std::str::FromStr;
use std::time::Duration;

use sea_orm_migration::sea_orm::sqlx::Connection;
use sea_orm_migration::sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sea_orm_migration::sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
    SqlxPostgresConnector, SqlxSqliteConnector, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{MigrationStatus, MigratorTrait};

use crate::Migrator;
use crate::grant::grants;

/// Names the lock among all advisory locks of the database.
const LOCK: i64 = 0x6e61_6d20_6d69_6772;
/// Time to wait for another run to end.
const PATIENCE: Duration = Duration::from_secs(120);

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
    /// The database refused; a later database than this program knows is refused too.
    #[error("{}", plain(.0))]
    Database(#[from] DbErr),
}

/// Which way, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// All steps that are not applied yet.
    Up,
    /// So many of the applied steps back, the last first.
    Down(u32),
}

/// A step and whether it is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name, which begins with its date and number.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

impl Target {
    /// Runs the steps in one direction and returns the names of those that were run.
    ///
    /// # Errors
    /// Where the database can't be reached or refuses; nothing was changed then.
    pub async fn run(&self, direction: Direction) -> Result<Vec<String>, RunError> {
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
        let steps = steps(&database).await;
        let _ = database.close().await;
        Ok(steps?)
    }

    async fn run_on(&self, database: &DatabaseConnection, direction: Direction) -> Result<Vec<String>, RunError> {
        let tx = lock(database).await?;
        let before = steps(&tx).await?;
        match direction {
            Direction::Up => Migrator::up(&tx, None).await?,
            Direction::Down(steps) => Migrator::down(&tx, Some(steps)).await?,
        }
        let after = steps(&tx).await?;
        self.grant(&tx).await?;
        tx.commit().await?;
        Ok(before
            .into_iter()
            .zip(after)
            .filter(|(before, after)| before.applied != after.applied)
            .map(|(step, _)| step.name)
            .collect())
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
                let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
                Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.map_err(database)?))
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

async fn steps(database: &impl ConnectionTrait) -> Result<Vec<Step>, DbErr> {
    let steps = Migrator::get_migration_with_status_read_only(database).await?;
    Ok(steps
        .iter()
        .map(|step| Step {
            name: step.name().to_owned(),
            applied: step.status() == MigrationStatus::Applied,
        })
        .collect())
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
fn database(error: sea_orm_migration::sea_orm::sqlx::Error) -> DbErr {
    DbErr::Custom(error.to_string())
}
