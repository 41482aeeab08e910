//! Credentials, and what the server remembers of itself.

use sea_orm_migration::prelude::*;

use crate::column::{Columns, references, time, time_not_null, uuid_key};

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
                    .table("api_key")
                    .col(uuid_key("id"))
                    .col(c.text_not_null("name"))
                    .col(c.text_not_null("prefix"))
                    .col(c.text_not_null("secret_hash").unique_key())
                    .col(c.text_not_null("roles"))
                    .col(c.text("country_code"))
                    .col(c.text("organization_code"))
                    .col(time_not_null("created_at"))
                    .col(time("expires_at"))
                    .col(time("last_used_at"))
                    .col(time("revoked_at"))
                    .foreign_key(&mut references("api_key", "country_code", "country", "code"))
                    .foreign_key(&mut references("api_key", "organization_code", "organization", "code"))
                    .take(),
            )
            .await?;
        // What is done once in a database's life (bundled figures loaded, say), with when it was.
        manager
            .create_table(
                Table::create()
                    .table("milestone")
                    .col(c.text_key("name"))
                    .col(time_not_null("reached_at"))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["milestone", "api_key"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
