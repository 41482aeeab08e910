//! Pages by what can be absent are read in two runs, those that have it and those that lack it; the plain index serves each
//! run in both directions, and those of step `order` cost each write and serve nobody any more.

use sea_orm_migration::prelude::*;

use crate::m20261123_000011_order::{create, remove};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        remove(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager).await
    }
}
