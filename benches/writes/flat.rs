//! The same rows by plain SQL, one transaction a write, through the same driver and pool as the server's: what a program
//! would cost that did nothing but write them. Rows are copied from those that the server wrote, so that none is forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::postgres::{PgPool, Postgres};
use sqlx::{AssertSqlSafe, Row, Transaction};
use tokio::sync::Mutex;
use uuid::Uuid;

/// How much of the ledger is written too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ledger {
    None,
    /// The changes, without places.
    Changes,
    /// The changes, and their places in the same transaction, under one lock.
    Inside,
    /// The changes, and their places just after, for all that wait together: as the server does.
    After,
}

/// An INSERT of rows like those that are there.
pub struct Like {
    sql: String,
    columns: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
}

impl Like {
    /// Rows of a table that a condition chooses, in an order.
    pub async fn of(pool: &PgPool, table: &str, which: &str) -> Self {
        let sql = "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute
            WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum";
        let found: Vec<(String, String)> = sqlx::query_as(sql).bind(table).fetch_all(pool).await.unwrap();
        let texts: Vec<String> = found.iter().map(|(name, _)| format!("{name}::text")).collect();
        let sql = format!("SELECT {} FROM {table} WHERE {which}", texts.join(", "));
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
        assert!(!rows.is_empty(), "no row of {table} is like that");
        let rows: Vec<Vec<Option<String>>> = rows
            .iter()
            .map(|row| (0..row.len()).map(|at| row.get(at)).collect())
            .collect();
        let mut number = 0;
        let values = rows.iter().map(|_| {
            let row = found.iter().map(|(_, kind)| {
                number += 1;
                format!("${number}::text::{kind}")
            });
            format!("({})", row.collect::<Vec<_>>().join(", "))
        });
        let values = values.collect::<Vec<_>>().join(", ");
        let columns: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
        let sql = format!("INSERT INTO {table} ({}) VALUES {values}", columns.join(", "));
        Self { sql, columns, rows }
    }

    /// Inserts them, but for what `other` gives for a column of a row.
    pub async fn insert(&self, tx: &mut Transaction<'_, Postgres>, other: impl Fn(usize, &str) -> Option<String>) {
        let mut query = sqlx::query(AssertSqlSafe(self.sql.as_str()));
        for (number, row) in self.rows.iter().enumerate() {
            for (column, value) in self.columns.iter().zip(row) {
                query = query.bind(other(number, column).or_else(|| value.clone()));
            }
        }
        query.execute(&mut **tx).await.unwrap();
    }
}

/// Gives places as the server does: one asks for all that wait.
#[derive(Default)]
struct Waiting {
    asked: AtomicU64,
    answered: Mutex<u64>,
}

pub struct Flat {
    pub pool: PgPool,
    pub request: Like,
    pub items: Like,
    pub created: Like,
    pub movement: Like,
    pub committed: Like,
    waiting: Waiting,
}

impl Flat {
    pub fn new(pool: PgPool, [request, items, created, movement, committed]: [Like; 5]) -> Arc<Self> {
        Arc::new(Self {
            pool,
            request,
            items,
            created,
            movement,
            committed,
            waiting: Waiting::default(),
        })
    }

    /// A request with its items.
    pub async fn create(&self, ledger: Ledger) {
        let mut tx = self.pool.begin().await.unwrap();
        let number: i64 = sqlx::query_scalar("SELECT nextval('assistance_request_reference')")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        let id = Uuid::now_v7().to_string();
        let items: Vec<String> = self.items.rows.iter().map(|_| Uuid::now_v7().to_string()).collect();
        let request = |_, column: &str| match column {
            "id" => Some(id.clone()),
            "reference" => Some(format!("BGD-2026-{number:06}")),
            _ => None,
        };
        self.request.insert(&mut tx, request).await;
        let item = |row: usize, column: &str| match column {
            "id" => Some(items[row].clone()),
            "request_id" => Some(id.clone()),
            _ => None,
        };
        self.items.insert(&mut tx, item).await;
        self.end(tx, ledger, &self.created).await;
    }

    /// Commits a pledge of a thousandth of an item.
    pub async fn commit(&self, ledger: Ledger, [item, contribution]: [Uuid; 2]) {
        let mut tx = self.pool.begin().await.unwrap();
        let sql = "UPDATE contribution SET status = 'COMMITTED', committed_on = current_date, version = version + 1,
            updated_at = now() WHERE id = $1 AND status = 'PLEDGED'";
        let done = sqlx::query(sql).bind(contribution).execute(&mut *tx).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "a pledge");
        let sql = "UPDATE request_item SET pledged_milli = pledged_milli - 1, committed_milli = committed_milli + 1,
            uncovered_milli = uncovered_milli - 1, uncovered_value_e7 = (uncovered_milli - 1) * unit_cost_e4
            WHERE id = $1 AND pledged_milli >= 1 AND uncovered_milli >= 1";
        let done = sqlx::query(sql).bind(item).execute(&mut *tx).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "an item");
        let movement = |_, column: &str| match column {
            "id" => Some(Uuid::now_v7().to_string()),
            "item_id" => Some(item.to_string()),
            "contribution_id" => Some(contribution.to_string()),
            _ => None,
        };
        self.movement.insert(&mut tx, movement).await;
        self.end(tx, ledger, &self.committed).await;
    }

    /// Writes the changes, commits, and gives them their places.
    async fn end(&self, mut tx: Transaction<'_, Postgres>, ledger: Ledger, changes: &Like) {
        if ledger == Ledger::Inside {
            // Before the ticket: whoever drew one and still waited for the lock would be passed over for ever.
            let lock = "SELECT pg_advisory_xact_lock(x'4e414d434841494e'::bigint)";
            sqlx::query(lock).execute(&mut *tx).await.unwrap();
        }
        if ledger != Ledger::None {
            let ticket: i64 = sqlx::query_scalar("SELECT nextval('change_ticket')")
                .fetch_one(&mut *tx)
                .await
                .unwrap();
            // All else stays: a change that its digest does not fit would break the chain.
            let change = |_, column: &str| (column == "ticket").then(|| ticket.to_string());
            changes.insert(&mut tx, change).await;
        }
        if ledger == Ledger::Inside {
            number(&mut *tx).await;
        }
        tx.commit().await.unwrap();
        if ledger == Ledger::After {
            let mine = self.waiting.asked.fetch_add(1, Ordering::SeqCst) + 1;
            let mut answered = self.waiting.answered.lock().await;
            if *answered < mine {
                let all = self.waiting.asked.load(Ordering::SeqCst);
                number(&self.pool).await;
                *answered = all;
            }
        }
    }
}

/// Gives places to all changes that wait for one.
pub async fn number<'e>(by: impl sqlx::Executor<'e, Database = Postgres>) {
    sqlx::query("SELECT change_number(now())").execute(by).await.unwrap();
}
