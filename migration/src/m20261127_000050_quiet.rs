//! The floor of the ledger rises with the last change of a batch where nobody else writes. Before, it rose with the next batch
//! only, and until that came every look for what waits read the whole of the last one again: after an import of a million
//! changes for seconds, twice a second, on each server.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::m20261125_000021_change::number;
use crate::m20261125_000030_wall::NUMBERING;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, QUIET).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, "").await
    }
}

/// A function that is replaced keeps whose it is and who may call it, but not by whose rights it runs.
async fn replace(manager: &SchemaManager<'_>, quiet: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        let db = manager.get_connection();
        db.execute_unprepared(&number("CREATE OR REPLACE", quiet)).await?;
        db.execute_unprepared(NUMBERING).await?;
    }
    Ok(())
}

/// Both are asked of one snapshot, after this transaction has its number. Whoever drew a ticket up to `drawn_now` has a lower
/// one; where the oldest that runs is this one, all of those have ended, and the snapshot shows what they changed.
const QUIET: &str = "IF pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= own AND NOT EXISTS (
                SELECT 1 FROM change c
                 WHERE c.ticket > coalesce(last.floor, 0) AND c.ticket <= drawn_now
                   AND (c.ticket, c.ordinal) <> (one.ticket, one.ordinal)
                   AND NOT EXISTS (SELECT 1 FROM change_position p WHERE p.ticket = c.ticket AND p.ordinal = c.ordinal)
            ) THEN
                done := drawn_now;
                told := NULL;
            END IF;";
