//! Pages by the latest or the largest of what can be absent: absent values come last in both directions, and an index of
//! PostgreSQL has them at its end only when read forwards. SQLite takes absent for smallest, so its indexes serve already.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Tables and the columns that can be absent and ordered by.
const ORDERS: [(&str, &str); 7] = [
    ("assistance_request", "submitted_at"),
    ("assistance_request", "verified_at"),
    ("assistance_request", "needed_by"),
    ("assistance_request", "people_in_need"),
    ("request_item", "uncovered_value_e7"),
    ("contribution", "expected_on"),
    ("contribution", "delivered_on"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        remove(manager).await
    }
}

/// Makes the indexes.
pub(crate) async fn create(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    each(manager, |table, column| {
        format!("CREATE INDEX {table}_{column}_desc_idx ON {table} ({column} DESC NULLS LAST, id DESC)")
    })
    .await
}

/// Removes them.
pub(crate) async fn remove(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    each(manager, |table, column| format!("DROP INDEX {table}_{column}_desc_idx")).await
}

async fn each(manager: &SchemaManager<'_>, sql: impl Fn(&str, &str) -> String) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        for (table, column) in ORDERS {
            manager.get_connection().execute_unprepared(&sql(table, column)).await?;
        }
    }
    Ok(())
}
