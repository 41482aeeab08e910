//! Fills a migrated PostgreSQL database with made-up requests for measuring: see `benches/fill.sql`.
//!
//! ```sh
//! DATABASE_URL=postgres://… cargo run --release -- migrate up
//! DATABASE_URL=postgres://… cargo run --release --example bench_fill -- 200000
//! ```
//! Everything is one transaction. The reference data must be there: start the server once, or run any command.

use std::time::Instant;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

type Fault = Box<dyn std::error::Error>;

fn main() -> Result<(), Fault> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(fill())
}

async fn fill() -> Result<(), Fault> {
    let url = std::env::var("DATABASE_URL").map_err(|_| "DATABASE_URL names the PostgreSQL database to fill")?;
    let requests: u32 = match std::env::args().nth(1) {
        Some(number) => number.parse().map_err(|_| "the argument is a number of requests")?,
        None => 200_000,
    };
    let sql = include_str!("../benches/fill.sql").replace("$REQUESTS", &requests.to_string());
    let began = Instant::now();
    let mut connection = PgConnection::connect(&url).await?;
    let mut transaction = connection.begin().await?;
    transaction.execute(AssertSqlSafe(sql)).await?;
    transaction.commit().await?;
    println!(
        "{requests} requests with their items, contributions and movements in {:.1?}",
        began.elapsed()
    );
    for table in [
        "assistance_request",
        "request_item",
        "contribution",
        "delivery",
        "movement",
        "request_history",
        "change",
        "change_position",
    ] {
        let sql = format!("SELECT count(*), pg_total_relation_size('{table}') FROM {table}");
        let (count, bytes): (i64, i64) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut connection).await?;
        println!("{table}: {count} rows, {} MiB with indexes", bytes / 1_048_576);
    }
    Ok(())
}
