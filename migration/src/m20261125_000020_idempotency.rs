//! What was done under which key of idempotency.

use sea_orm_migration::prelude::*;

use crate::column::{Columns, index, time_not_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let c = Columns::of(manager);
        manager
            .create_table(
                Table::create()
                    .table("idempotency")
                    .col(c.text_not_null("principal"))
                    .col(c.text_not_null("key"))
                    .col(c.text_not_null("mutation"))
                    .col(ColumnDef::new("input").binary().not_null().take())
                    // As JSON; null only while the write is under way, which nobody else sees.
                    .col(c.text("outcome"))
                    .col(time_not_null("created_at"))
                    .primary_key(Index::create().col("principal").col("key"))
                    .take(),
            )
            .await?;
        // Whatever is old enough is swept away.
        manager.create_index(index("idempotency", &["created_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("idempotency").take()).await
    }
}
