//! Full-text search of requests: PostgreSQL's `tsvector` under a GIN index, SQLite's FTS5.
//!
//! Both index the same words. The store writes them into `words_folded`, folded and parted by spaces, and neither
//! database's own parser has a say: PostgreSQL's would take `-19` of `covid-19` for a number, and FTS5's `unicode61`
//! knows no letter that is younger than 2012. The words of the reference are added here.

use std::collections::HashSet;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::Columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Characters of a word that are indexed.
const WORD_MAX: usize = 64;

/// Folded texts are given their words this many at a time.
const BATCH: u64 = 500;

const POSTGRES: &str = "
    ALTER TABLE assistance_request ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS (
        array_to_tsvector(array_remove(string_to_array(
            lower(replace(reference, '-', ' ')) || ' ' || words_folded, ' '), ''))
    ) STORED;
    CREATE INDEX assistance_request_search_idx ON assistance_request USING gin (search)";

const POSTGRES_DOWN: &str = "
    DROP INDEX assistance_request_search_idx;
    ALTER TABLE assistance_request DROP COLUMN search";

// The index names rows by a key of its own, because VACUUM may give a table without an integer key other rowids. Its
// tokenizer `ascii` parts at spaces only, and `detail=none` leaves out places, which no query asks for.
const SQLITE: &str = "
    CREATE TABLE assistance_request_search_key (
        key INTEGER NOT NULL PRIMARY KEY,
        id BLOB NOT NULL UNIQUE
    );
    CREATE VIRTUAL TABLE assistance_request_search USING fts5(
        words, content='', contentless_delete=1, detail=none, tokenize='ascii'
    );
    INSERT INTO assistance_request_search_key (id) SELECT id FROM assistance_request ORDER BY id;
    INSERT INTO assistance_request_search (rowid, words)
        SELECT k.key, lower(replace(r.reference, '-', ' ')) || ' ' || r.words_folded
        FROM assistance_request r JOIN assistance_request_search_key k ON k.id = r.id;
    CREATE TRIGGER assistance_request_search_insert AFTER INSERT ON assistance_request BEGIN
        INSERT INTO assistance_request_search_key (id) VALUES (new.id);
        INSERT INTO assistance_request_search (rowid, words)
            SELECT key, lower(replace(new.reference, '-', ' ')) || ' ' || new.words_folded
            FROM assistance_request_search_key WHERE id = new.id;
    END;
    CREATE TRIGGER assistance_request_search_update AFTER UPDATE OF id, reference, words_folded ON assistance_request BEGIN
        DELETE FROM assistance_request_search
            WHERE rowid = (SELECT key FROM assistance_request_search_key WHERE id = old.id);
        UPDATE assistance_request_search_key SET id = new.id WHERE id = old.id;
        INSERT INTO assistance_request_search (rowid, words)
            SELECT key, lower(replace(new.reference, '-', ' ')) || ' ' || new.words_folded
            FROM assistance_request_search_key WHERE id = new.id;
    END;
    CREATE TRIGGER assistance_request_search_delete AFTER DELETE ON assistance_request BEGIN
        DELETE FROM assistance_request_search
            WHERE rowid = (SELECT key FROM assistance_request_search_key WHERE id = old.id);
        DELETE FROM assistance_request_search_key WHERE id = old.id;
    END";

const SQLITE_DOWN: &str = "
    DROP TRIGGER assistance_request_search_delete;
    DROP TRIGGER assistance_request_search_update;
    DROP TRIGGER assistance_request_search_insert;
    DROP TABLE assistance_request_search;
    DROP TABLE assistance_request_search_key";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut words = Columns::of(manager).text_not_null("words_folded");
        let add = Table::alter()
            .table("assistance_request")
            .add_column(words.default(""))
            .take();
        manager.alter_table(add).await?;
        fill(manager).await?;
        let sql = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES,
            _ => SQLITE,
        };
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES_DOWN,
            _ => SQLITE_DOWN,
        };
        manager.get_connection().execute_unprepared(sql).await?;
        let drop = Table::alter()
            .table("assistance_request")
            .drop_column("words_folded")
            .take();
        manager.alter_table(drop).await
    }
}

/// Gives the requests that are there already their words, as the store gave them when this step was made.
async fn fill(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let mut last = String::new();
    loop {
        let select = Query::select()
            .columns(["reference", "text_folded"])
            .from("assistance_request")
            .and_where(Expr::col("reference").gt(last.as_str()))
            .order_by("reference", Order::Asc)
            .limit(BATCH)
            .take();
        let rows = db.query_all(&select).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            last = row.try_get_by_index(0)?;
            let folded: String = row.try_get_by_index(1)?;
            let update = Query::update()
                .table("assistance_request")
                .value("words_folded", words(&folded))
                .and_where(Expr::col("reference").eq(last.as_str()))
                .take();
            db.execute(&update).await?;
        }
    }
}

fn words(folded: &str) -> String {
    let mut seen = HashSet::new();
    let words = folded
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(WORD_MAX).collect::<String>())
        .filter(|word| seen.insert(word.clone()));
    words.collect::<Vec<_>>().join(" ")
}
