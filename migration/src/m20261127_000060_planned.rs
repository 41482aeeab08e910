//! The function that gives changes their places keeps one plan for each of its statements. Its few parameters made PostgreSQL
//! think each time that a plan of its own would be cheaper, and planning took longer than all the rest: half of the call.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        alter(manager, "SET plan_cache_mode = force_generic_plan").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        alter(manager, "RESET plan_cache_mode").await
    }
}

async fn alter(manager: &SchemaManager<'_>, how: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        let alter = format!("ALTER FUNCTION change_number(timestamptz) {how}");
        manager.get_connection().execute_unprepared(&alter).await?;
    }
    Ok(())
}
