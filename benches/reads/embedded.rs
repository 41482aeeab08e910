//! The same rows in an SQLite file, which the server embeds.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::query_builder::Separated;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Connection, PgConnection, QueryBuilder, Row, Sqlite, TypeInfo};
use uuid::Uuid;

/// Values that SQLite takes in one statement, about.
const VALUES: usize = 30_000;

/// An SQLite file in a folder of its own, which goes with it.
pub struct Embedded {
    folder: PathBuf,
    pub url: String,
}

impl Embedded {
    /// Has the server make the tables, and copies all rows of a PostgreSQL database into them.
    pub async fn copy_of(postgres_url: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("nam-needs-sqlite-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let file = folder.join("bench.sqlite");
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let embedded = Self { folder, url };
        migrate(&embedded.url);
        let began = Instant::now();
        let mut from = PgConnection::connect(postgres_url).await.unwrap();
        // References are looked at in the end, when all is there; and if this stops halfway, nobody wants the file.
        let options = SqliteConnectOptions::new()
            .filename(file)
            .foreign_keys(false)
            .synchronous(SqliteSynchronous::Off);
        let mut to = options.connect().await.unwrap();
        copy(&mut from, &mut to).await;
        let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_optional(&mut to).await;
        assert!(dangling.unwrap().is_none(), "a row refers to one that is not there");
        // The last connection writes its log into the file.
        to.close().await.unwrap();
        println!("copied into SQLite in {:.1?}", began.elapsed());
        embedded
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Makes the tables alone: a server that starts would fill in reference data, and tell the ledger of it.
fn migrate(url: &str) {
    let made = Command::new(env!("CARGO_BIN_EXE_nam-needs"))
        .args(["migrate", "up"])
        .arg(format!("--database-url={url}"))
        .arg(format!("--migrate-database-url={url}"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

async fn copy(from: &mut PgConnection, to: &mut SqliteConnection) {
    // The index for search is filled by triggers; its tables, and the number of the last reference, are SQLite's own.
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'seaql_migrations'
        AND name NOT LIKE 'assistance_request_%' ORDER BY name";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *to).await.unwrap();
    let theirs =
        "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'seaql_migrations'
        ORDER BY tablename";
    let theirs: Vec<String> = sqlx::query_scalar(theirs).fetch_all(&mut *from).await.unwrap();
    assert_eq!(tables, theirs);
    let mut transaction = to.begin().await.unwrap();
    for table in &tables {
        rows(table, from, &mut transaction).await;
    }
    let last: i64 = sqlx::query_scalar("SELECT last_value FROM assistance_request_reference")
        .fetch_one(from)
        .await
        .unwrap();
    sqlx::query("UPDATE assistance_request_reference SET value = ?")
        .bind(last)
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
}

/// Copies a table, in the order in which its rows lie.
async fn rows(table: &str, from: &mut PgConnection, to: &mut SqliteConnection) {
    let columns = "SELECT name FROM pragma_table_info(?) ORDER BY cid";
    let columns: Vec<String> = sqlx::query_scalar(columns)
        .bind(table)
        .fetch_all(&mut *to)
        .await
        .unwrap();
    let generated = "SELECT column_name::text, is_generated = 'ALWAYS' FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = $1";
    let generated: Vec<(String, bool)> = sqlx::query_as(generated)
        .bind(table)
        .fetch_all(&mut *from)
        .await
        .unwrap();
    let generated: HashMap<String, bool> = generated.into_iter().collect();
    let left = generated
        .iter()
        .filter(|(name, _)| !columns.contains(name))
        .all(|(_, generated)| *generated);
    assert!(left, "{table} has columns that SQLite has no place for");
    let columns = columns.join(", ");
    let insert = format!("INSERT INTO {table} ({columns}) ");
    let select = sqlx::query(AssertSqlSafe(format!("SELECT {columns} FROM {table}")));
    let mut rows = select
        .fetch(from)
        .try_chunks(VALUES / (columns.matches(',').count() + 1));
    while let Some(chunk) = rows.try_next().await.unwrap() {
        let mut insert = QueryBuilder::<Sqlite>::new(insert.as_str());
        insert.push_values(&chunk, |mut values, row| {
            (0..row.len()).for_each(|place| bind(&mut values, row, place));
        });
        insert.build().execute(&mut *to).await.unwrap();
    }
}

/// Binds a value of a row of PostgreSQL as the server binds one of its type.
fn bind(values: &mut Separated<'_, Sqlite, &'static str>, row: &PgRow, place: usize) {
    match row.column(place).type_info().name() {
        "BOOL" => values.push_bind(row.get::<Option<bool>, _>(place)),
        "BYTEA" => values.push_bind(row.get::<Option<Vec<u8>>, _>(place)),
        "DATE" => values.push_bind(row.get::<Option<NaiveDate>, _>(place)),
        "FLOAT8" => values.push_bind(row.get::<Option<f64>, _>(place)),
        "INT2" => values.push_bind(row.get::<Option<i16>, _>(place)),
        "INT4" => values.push_bind(row.get::<Option<i32>, _>(place)),
        "INT8" => values.push_bind(row.get::<Option<i64>, _>(place)),
        "TEXT" => values.push_bind(row.get::<Option<String>, _>(place)),
        "TIMESTAMPTZ" => values.push_bind(row.get::<Option<DateTime<Utc>>, _>(place)),
        "UUID" => values.push_bind(row.get::<Option<Uuid>, _>(place)),
        other => panic!("a column of type {other}"),
    };
}
