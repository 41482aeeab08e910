//! Opening the database: two pools, set up so that nothing acknowledged is lost.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use log::LevelFilter;
use sea_orm::{DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor};

use crate::store::lanes::Lanes;
use crate::store::leash::Leashes;
use crate::store::loss::Loss;
use crate::store::sent::Limits;
use crate::store::site::Site;
use crate::store::statements::{Statements, is_counted};
use crate::store::{Clock, Rules, Store, Ways};

/// Connections for what the server does by itself, besides those of requests.
const BESIDE: u32 = 2;

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct Connect {
    /// `sqlite://FILE` or `postgres://…`.
    pub url: String,
    /// Connections that read; PostgreSQL gets as many again that write, and a few for the server itself.
    pub pool_size: u32,
    /// Time of a statement, in milliseconds.
    pub statement_timeout_ms: u64,
    /// Time to wait for a connection or a lock, in milliseconds.
    pub lock_timeout_ms: u64,
    /// Time from which on a statement is logged as slow, in milliseconds.
    pub slow_query_ms: u64,
}

impl Connect {
    fn limits(&self) -> Limits {
        Limits {
            statement: Some(Duration::from_millis(self.statement_timeout_ms)),
            patience: Duration::from_millis(self.lock_timeout_ms),
            slow: Duration::from_millis(self.slow_query_ms),
        }
    }

    /// Logs a statement by its text, which has no values in it: those are bound.
    fn watched<O: ConnectOptions>(&self, options: O) -> O {
        options.log_slow_statements(LevelFilter::Warn, Duration::from_millis(self.slow_query_ms))
    }
}

/// Why the database can't be opened; the text names what is wrong and never holds the password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL is of no database that is known here.
    #[error("DATABASE_URL must begin with sqlite: or postgres:, and this does not")]
    Scheme,
    /// The URL is malformed.
    #[error("DATABASE_URL can't be read: {0}")]
    Url(String),
    /// The database refuses.
    #[error("the database can't be opened: {0}")]
    Refused(String),
    /// SQLite runs, but would lose acknowledged writes.
    #[error("SQLite did not take the setting {0}, without which acknowledged writes could be lost")]
    Unsafe(&'static str),
}

impl From<sqlx::Error> for ConnectError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Configuration(cause) => Self::Url(cause.to_string()),
            other => Self::Refused(other.to_string()),
        }
    }
}

/// Opens the pools. Makes an SQLite file where there is none; changes nothing else.
///
/// # Errors
/// Where the URL is malformed, the database refuses, or it can't be made safe.
pub async fn open(connect: &Connect, clock: Clock, rules: Rules) -> Result<Store, ConnectError> {
    let statements = Arc::new(Statements::default());
    let loss = Arc::new(Loss::default());
    let (mut pools, ways) = match connect.url.split_once(':') {
        Some(("sqlite", _)) => open_sqlite(connect, &statements).await?,
        Some(("postgres" | "postgresql", _)) => open_postgres(connect, &loss, &statements).await?,
        _ => return Err(ConnectError::Scheme),
    };
    for pool in &mut pools {
        let statements = Arc::clone(&statements);
        pool.set_metric_callback(move |sent| {
            if is_counted() {
                statements.add(sent.elapsed);
            }
        });
    }
    Ok(Store::new(pools, ways, loss, statements, clock, rules))
}

/// What tells a database from every other: the file of SQLite; of PostgreSQL its server, by when that was started, and its name
/// and schema there.
///
/// # Errors
/// Where the URL is malformed, or the database refuses.
pub async fn place(url: &str) -> Result<String, ConnectError> {
    match url.split_once(':') {
        Some(("sqlite", _)) => {
            let options = SqliteConnectOptions::from_str(url)?;
            let file = options.get_filename();
            let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
            let file = file.canonicalize().unwrap_or(file);
            Ok(file.display().to_string())
        }
        Some(("postgres" | "postgresql", _)) => {
            let mut connection = PgConnectOptions::from_str(url)?.connect().await?;
            let place = "SELECT concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()), current_database(), current_schema())";
            let (place,): (String,) = sqlx::query_as(place).fetch_one(&mut connection).await?;
            connection.close().await?;
            Ok(place)
        }
        _ => Err(ConnectError::Scheme),
    }
}

/// A PostgreSQL that is never reached: what only writes statements for one is tried by it. Within a runtime.
pub fn unreached(clock: Clock, rules: Rules) -> Store {
    let (loss, statements) = (Arc::default(), Arc::default());
    let nowhere = || PgPoolOptions::new().connect_lazy_with(PgConnectOptions::new_without_pgpass().port(1));
    let limits = Limits {
        statement: None,
        patience: Duration::ZERO,
        slow: Duration::MAX,
    };
    let lanes = || Lanes::new(nowhere(), limits, Arc::clone(&loss), Arc::clone(&statements));
    let ways = Ways::Postgres {
        reading: lanes(),
        numbering: lanes(),
    };
    let pools = [nowhere(), nowhere()].map(SqlxPostgresConnector::from_sqlx_postgres_pool);
    Store::new(pools, ways, Arc::clone(&loss), Arc::clone(&statements), clock, rules)
}

/// Two pools, one for what the server reads by itself and one that writes, and what readers read by.
type Opened = ([DatabaseConnection; 2], Ways);

/// One connection writes and the others read: SQLite has one writer anyway, and one that queues here never fails with
/// `SQLITE_BUSY`. WAL with `synchronous=FULL`, because NORMAL loses acknowledged writes with the power.
async fn open_sqlite(connect: &Connect, statements: &Arc<Statements>) -> Result<Opened, ConnectError> {
    let options = SqliteConnectOptions::from_str(&connect.url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_millis(connect.lock_timeout_ms));
    let pool = |most| {
        SqlitePoolOptions::new()
            .max_connections(most)
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_millis(connect.lock_timeout_ms))
            .idle_timeout(None)
            .max_lifetime(None)
            .after_release(|connection, _| {
                Box::pin(async move {
                    if connection.is_in_transaction() {
                        // The driver may have rolled back by now, and then there is nothing to roll back.
                        let _ = connection.execute("ROLLBACK").await;
                    }
                    Ok(true)
                })
            })
    };
    let options = connect.watched(options);
    let write = pool(1).connect_with(options.clone()).await?;
    let (journal,): (String,) = sqlx::query_as("PRAGMA journal_mode").fetch_one(&write).await?;
    if !journal.eq_ignore_ascii_case("wal") {
        return Err(ConnectError::Unsafe("journal_mode=WAL"));
    }
    let (synchronous,): (i64,) = sqlx::query_as("PRAGMA synchronous").fetch_one(&write).await?;
    if synchronous != 2 {
        return Err(ConnectError::Unsafe("synchronous=FULL"));
    }
    let site = Site::new(options.get_filename());
    let reading = options.pragma("query_only", "ON");
    let leashed = pool(connect.pool_size).connect_with(reading.clone()).await?;
    let read = pool(BESIDE).connect_lazy_with(reading);
    Ok((
        [read, write].map(SqlxSqliteConnector::from_sqlx_sqlite_pool),
        Ways::Sqlite(Leashes::new(
            leashed,
            connect.limits(),
            Some(site),
            Arc::clone(statements),
        )),
    ))
}

/// Connections that read can't write, and each of their transactions is a snapshot by default, so that a plain `BEGIN`
/// is one round trip. A dropped request must not leave a transaction for the next one: lanes see to that, and what writes
/// runs in a task of its own, which nobody drops (`Store::write`).
async fn open_postgres(
    connect: &Connect,
    loss: &Arc<Loss>,
    statements: &Arc<Statements>,
) -> Result<Opened, ConnectError> {
    let statement_timeout = format!("{}ms", connect.statement_timeout_ms);
    let lock_timeout = format!("{}ms", connect.lock_timeout_ms);
    let options = PgConnectOptions::from_str(&connect.url)?
        .application_name("nam-needs")
        .options([
            ("statement_timeout", statement_timeout.as_str()),
            ("lock_timeout", lock_timeout.as_str()),
            ("idle_in_transaction_session_timeout", statement_timeout.as_str()),
            // Whatever the database's own default: a turn at a row must see what the one before it left.
            ("default_transaction_isolation", "read committed"),
            ("TimeZone", "UTC"),
            // Compiling a statement takes longer than any of ours gains by it; of a wide filter it takes seconds.
            ("jit", "off"),
        ]);
    let patience = Duration::from_millis(connect.lock_timeout_ms);
    let pool = |most| {
        let loss = Arc::clone(loss);
        PgPoolOptions::new()
            .max_connections(most)
            .test_before_acquire(false)
            .before_acquire(move |connection, about| {
                let loss = Arc::clone(&loss);
                Box::pin(async move {
                    if loss.doubts(about.idle_for) {
                        connection.ping().await.inspect_err(|_| loss.seen())?;
                    }
                    Ok(true)
                })
            })
            .acquire_timeout(patience)
    };
    let options = connect.watched(options);
    let write = pool(connect.pool_size).connect_with(options.clone()).await?;
    warn_of_power(&write).await?;
    // What follows the ledger reads the end of it by an index, however long it is, and anew after each write. Its few parameters
    // make the database think that a plan of its own would be cheaper each time, and planning takes longer than reading.
    let numbering = pool(BESIDE).connect_lazy_with(options.clone().options([
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("enable_bitmapscan", "off"),
        ("enable_sort", "off"),
    ]));
    let reading = options.options([
        ("default_transaction_isolation", "repeatable read"),
        ("default_transaction_read_only", "on"),
        // A statement whose client has gone away ends within this.
        ("client_connection_check_interval", "500ms"),
    ]);
    let lanes = |pool| Lanes::new(pool, connect.limits(), Arc::clone(loss), Arc::clone(statements));
    let ways = Ways::Postgres {
        reading: lanes(pool(connect.pool_size).connect_with(reading.clone()).await?),
        numbering: lanes(numbering),
    };
    let read = pool(BESIDE)
        .after_release(|connection, _| {
            Box::pin(async move {
                // Also ends a transaction whose BEGIN was still under way when its work was dropped. ROLLBACK alone would
                // have PostgreSQL warn in its log, each time, that there is nothing to roll back.
                connection.execute("BEGIN; ROLLBACK").await?;
                Ok(true)
            })
        })
        .connect_lazy_with(reading);
    Ok(([read, write].map(SqlxPostgresConnector::from_sqlx_postgres_pool), ways))
}

/// Policies do not hold for a role that is above them: the server then has one wall only, and the operator should know.
async fn warn_of_power(pool: &sqlx::PgPool) -> Result<(), ConnectError> {
    let above = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
    let (above,): (bool,) = sqlx::query_as(above).fetch_one(pool).await?;
    if above {
        tracing::warn!(
            "DATABASE_URL names a superuser, or a role that bypasses row-level security: the database's own check of who \
             may write does not hold for it. Serve with a role of its own (docs/security.md, Two roles)."
        );
    }
    Ok(())
}
