//! `INSERT OR REPLACE` takes a row away without asking whoever guards its deletion, so SQLite refuses a key that is there before it
//! looks at what is to be done about it. PostgreSQL has no such statement: its upsert is an update, which is refused.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The tables that nothing is ever changed in, and each of their keys.
const KEYS: [(&str, &str, &str); 8] = [
    ("change", "key", "ticket = NEW.ticket AND ordinal = NEW.ordinal"),
    ("change_position", "key", "sequence = NEW.sequence"),
    (
        "change_position",
        "change",
        "ticket = NEW.ticket AND ordinal = NEW.ordinal",
    ),
    ("movement", "key", "id = NEW.id"),
    ("request_history", "key", "id = NEW.id"),
    // SQLite numbers the rows of a table without a whole number for its key by itself, and a row can be replaced by that. It is -1
    // where none is given.
    ("change", "row", "rowid = NEW.rowid"),
    ("movement", "row", "rowid = NEW.rowid"),
    ("request_history", "row", "rowid = NEW.rowid"),
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        on_sqlite(manager, |table, name, is_there| {
            format!(
                "CREATE TRIGGER {table}_same_{name} BEFORE INSERT ON {table}
                 WHEN EXISTS (SELECT 1 FROM {table} WHERE {is_there})
                 BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        })
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        on_sqlite(manager, |table, name, _| format!("DROP TRIGGER {table}_same_{name}")).await
    }
}

async fn on_sqlite(manager: &SchemaManager<'_>, sql: impl Fn(&str, &str, &str) -> String) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Sqlite {
        for (table, name, is_there) in KEYS {
            manager
                .get_connection()
                .execute_unprepared(&sql(table, name, is_there))
                .await?;
        }
    }
    Ok(())
}
