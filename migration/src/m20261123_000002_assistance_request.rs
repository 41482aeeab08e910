//! Requests for assistance and their items.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{
    Columns, bigint, bigint_not_null, index, int, int_not_null, references, time, time_not_null, unique, uuid_key,
    uuid_not_null,
};

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
                    .table("assistance_request")
                    .col(uuid_key("id"))
                    .col(c.text_not_null("reference").unique_key())
                    .col(c.text_not_null("country_code"))
                    .col(c.text_not_null("title"))
                    .col(c.text_not_null("title_folded"))
                    .col(c.text("description"))
                    .col(c.text_not_null("text_folded"))
                    .col(c.text_not_null("language"))
                    .col(ColumnDef::new("priority").small_integer().not_null())
                    .col(c.text_not_null("status"))
                    .col(c.text("status_reason"))
                    .col(int("people_in_need"))
                    .col(ColumnDef::new("needed_by").date())
                    .col(c.text("contact_name"))
                    .col(c.text("contact_role"))
                    .col(c.text("contact_email"))
                    .col(c.text("contact_phone"))
                    .col(c.text("source"))
                    .col(c.text("source_folded"))
                    .col(c.text("external_id_folded"))
                    .col(c.text("source_url"))
                    .col(c.text("external_id"))
                    .col(time_not_null("confirmed_at"))
                    .col(c.text_not_null("created_by"))
                    .col(c.text("submitted_by"))
                    .col(int_not_null("version"))
                    .col(time_not_null("created_at"))
                    .col(time_not_null("updated_at"))
                    .col(time("submitted_at"))
                    .col(time("verified_at"))
                    .col(time("closed_at"))
                    .foreign_key(&mut references("assistance_request", "country_code", "country", "code"))
                    .check(Expr::col("people_in_need").gte(0))
                    .check(Expr::col("priority").between(1, 4))
                    .check(
                        Expr::col("source")
                            .is_null()
                            .and(Expr::col("external_id").is_null())
                            .or(Expr::col("source")
                                .is_not_null()
                                .and(Expr::col("external_id").is_not_null())),
                    )
                    .take(),
            )
            .await?;
        manager
            .create_index(unique("assistance_request", &["source", "external_id"]))
            .await?;
        // Every order of the page ends on the id; so do the indexes.
        for column in [
            "country_code",
            "status",
            "created_at",
            "updated_at",
            "submitted_at",
            "verified_at",
            "needed_by",
            "priority",
            "people_in_need",
        ] {
            manager
                .create_index(index("assistance_request", &[column, "id"]))
                .await?;
        }

        manager
            .create_table(
                Table::create()
                    .table("request_item")
                    .col(uuid_key("id"))
                    .col(uuid_not_null("request_id"))
                    .col(int_not_null("position"))
                    .col(c.text("external_id"))
                    .col(c.text_not_null("kind"))
                    .col(c.text_not_null("category_code"))
                    .col(c.text("commodity_code"))
                    .col(c.text("description"))
                    .col(c.text_not_null("unit_code"))
                    .col(bigint_not_null("quantity_milli"))
                    .col(bigint("approved_milli"))
                    .col(c.text("approval_note"))
                    .col(bigint("unit_cost_e4"))
                    .foreign_key(&mut references(
                        "request_item",
                        "request_id",
                        "assistance_request",
                        "id",
                    ))
                    .foreign_key(&mut references(
                        "request_item",
                        "category_code",
                        "need_category",
                        "code",
                    ))
                    .foreign_key(&mut references("request_item", "commodity_code", "commodity", "code"))
                    .foreign_key(&mut references("request_item", "unit_code", "unit", "code"))
                    .check(Expr::col("quantity_milli").between(1_i64, 1_000_000_000_000_000_i64))
                    .check(Expr::col("approved_milli").gte(0_i64))
                    .check(Expr::col("approved_milli").lte(Expr::col("quantity_milli")))
                    .check(Expr::col("unit_cost_e4").between(0_i64, 10_000_000_000_000_i64))
                    .take(),
            )
            .await?;
        manager
            .create_index(index("request_item", &["request_id", "position"]))
            .await?;
        manager
            .create_index(unique("request_item", &["request_id", "external_id"]))
            .await?;
        for column in ["category_code", "commodity_code", "quantity_milli"] {
            manager.create_index(index("request_item", &[column, "id"])).await?;
        }

        // The number within `reference`. SQLite has no sequences.
        let db = manager.get_connection();
        match manager.get_database_backend() {
            DbBackend::Postgres => {
                db.execute_unprepared("CREATE SEQUENCE assistance_request_reference")
                    .await?
            }
            _ => {
                db.execute_unprepared(
                    "CREATE TABLE assistance_request_reference (value INTEGER NOT NULL);
                     INSERT INTO assistance_request_reference VALUES (0)",
                )
                .await?
            }
        };
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        match manager.get_database_backend() {
            DbBackend::Postgres => {
                db.execute_unprepared("DROP SEQUENCE assistance_request_reference")
                    .await?
            }
            _ => db.execute_unprepared("DROP TABLE assistance_request_reference").await?,
        };
        for table in ["request_item", "assistance_request"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
