//! Countries, categories, units, commodities and organizations.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::column::{Columns, bigint, boolean, index, int, int_not_null, references, time_not_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// What every noun of reference data has: whether it is in use, who keeps it, and its version.
fn kept(table: &mut TableCreateStatement) {
    table
        .col(boolean("active"))
        .col(boolean("edited"))
        .col(boolean("from_file"))
        .col(int_not_null("version"))
        .col(time_not_null("created_at"))
        .col(time_not_null("updated_at"));
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let c = Columns::of(manager);

        let mut country = Table::create();
        country
            .table("country")
            .col(c.text_key("code"))
            .col(c.text_not_null("iso2").unique_key())
            .col(c.text_not_null("m49").unique_key())
            .col(c.text_not_null("name"))
            .col(c.text("name_fr"))
            .col(c.text("name_es"))
            .col(c.text("name_ar"))
            .col(c.text("official_name"))
            .col(c.text("capital"))
            .col(c.text("un_region"))
            .col(c.text("un_subregion"))
            .col(c.text("who_region"))
            .col(c.text("income_group"))
            .col(int("population"))
            .col(int("population_year"))
            .col(ColumnDef::new("latitude").double())
            .col(ColumnDef::new("longitude").double())
            .col(c.text("currency"))
            .col(c.text_not_null("nam_status"))
            .col(c.text_not_null("nam_status_2020"))
            .col(int("nam_joined_year"));
        kept(&mut country);
        manager.create_table(country).await?;

        let mut category = Table::create();
        category
            .table("need_category")
            .col(c.text_key("code"))
            .col(c.text("parent_code"))
            .col(c.text_not_null("domain"))
            .col(c.text_not_null("name"))
            .col(c.text("name_fr"))
            .col(c.text("name_es"))
            .col(c.text("name_ar"))
            .col(c.text("description"))
            .col(c.text("iasc_sector"))
            .col(int("who_pillar"))
            .col(int_not_null("sort_order"))
            .foreign_key(&mut references("need_category", "parent_code", "need_category", "code"));
        kept(&mut category);
        manager.create_table(category).await?;

        let unit = Table::create()
            .table("unit")
            .col(c.text_key("code"))
            .col(c.text("unece"))
            .col(c.text_not_null("label"))
            .col(c.text("label_fr"))
            .col(c.text("label_es"))
            .col(c.text("label_ar"))
            .take();
        manager.create_table(unit).await?;

        let mut commodity = Table::create();
        commodity
            .table("commodity")
            .col(c.text_key("code"))
            .col(c.text_not_null("category_code"))
            .col(c.text_not_null("name"))
            .col(c.text("name_fr"))
            .col(c.text("name_es"))
            .col(c.text("name_ar"))
            .col(c.text("specification"))
            .col(c.text_not_null("unit_code"))
            .col(c.text("unspsc"))
            .col(c.text("who_reference"))
            .col(bigint("indicative_unit_price_e4"))
            .foreign_key(&mut references("commodity", "category_code", "need_category", "code"))
            .foreign_key(&mut references("commodity", "unit_code", "unit", "code"))
            .check(Expr::col("indicative_unit_price_e4").between(0_i64, 10_000_000_000_000_i64));
        kept(&mut commodity);
        manager.create_table(commodity).await?;
        manager.create_index(index("commodity", &["category_code"])).await?;

        let mut organization = Table::create();
        organization
            .table("organization")
            .col(c.text_key("code"))
            .col(c.text_not_null("name"))
            .col(c.text_not_null("kind"))
            .col(c.text("country_code"))
            .col(c.text("url"))
            .foreign_key(&mut references("organization", "country_code", "country", "code"));
        kept(&mut organization);
        manager.create_table(organization).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            // It deletes the rows of a table that is dropped one by one, and a category is named by those below it.
            let alone = "UPDATE need_category SET parent_code = NULL";
            manager.get_connection().execute_unprepared(alone).await?;
        }
        for table in ["organization", "commodity", "unit", "need_category", "country"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
