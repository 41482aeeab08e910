//! Contributions, deliveries, movements, and what items and requests keep of them.

use sea_orm_migration::prelude::*;

use crate::column::{
    Columns, append_only, bigint, bigint_not_null, boolean, index, int, int_not_null, references, time_not_null,
    unique, uuid_key, uuid_not_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The figures of an item, in thousandths of its unit; `uncovered_value_e7` is in ten-millionths of a US dollar.
const BUCKETS: [&str; 6] = [
    "pledged_milli",
    "committed_milli",
    "in_transit_milli",
    "delivered_milli",
    "uncovered_milli",
    "unmet_milli",
];

fn date(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).date().take()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        items(manager).await?;
        contributions(manager).await?;
        deliveries(manager).await?;
        movements(manager).await?;
        history(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["request_history", "movement", "delivery", "contribution"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        for name in [
            "request_item_uncovered_value_e7_id_idx",
            "request_item_uncovered_milli_id_idx",
            "request_item_unmet_milli_id_idx",
        ] {
            manager
                .drop_index(Index::drop().name(name).table("request_item").to_owned())
                .await?;
        }
        let columns = BUCKETS.into_iter().chain(["uncovered_value_e7"]);
        for column in columns.rev() {
            manager
                .alter_table(Table::alter().table("request_item").drop_column(column).take())
                .await?;
        }
        Ok(())
    }
}

/// Running sums of the movements, kept in their transaction. That commitments never pass the base is the database's own
/// check too: uncovered is what is left of the base, and never below 0.
async fn items(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    for column in BUCKETS {
        let sql =
            format!("ALTER TABLE request_item ADD COLUMN {column} BIGINT NOT NULL DEFAULT 0 CHECK ({column} >= 0)");
        db.execute_unprepared(&sql).await?;
    }
    manager
        .alter_table(
            Table::alter()
                .table("request_item")
                .add_column(bigint("uncovered_value_e7"))
                .take(),
        )
        .await?;
    db.execute_unprepared(
        "UPDATE request_item SET uncovered_milli = COALESCE(approved_milli, quantity_milli),
                                 unmet_milli = COALESCE(approved_milli, quantity_milli),
                                 uncovered_value_e7 = COALESCE(approved_milli, quantity_milli) * unit_cost_e4
          WHERE request_id IN (SELECT id FROM assistance_request
                                WHERE status NOT IN ('CLOSED', 'WITHDRAWN', 'REJECTED'))",
    )
    .await?;
    for column in ["uncovered_value_e7", "uncovered_milli", "unmet_milli"] {
        manager.create_index(index("request_item", &[column, "id"])).await?;
    }
    Ok(())
}

async fn contributions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let c = Columns::of(manager);
    manager
        .create_table(
            Table::create()
                .table("contribution")
                .col(uuid_key("id"))
                .col(uuid_not_null("request_id"))
                .col(uuid_not_null("item_id"))
                .col(c.text_not_null("organization_code"))
                .col(c.text_not_null("status"))
                .col(bigint_not_null("quantity_milli"))
                .col(bigint_not_null("accepted_milli"))
                .col(bigint_not_null("rejected_milli"))
                .col(bigint("value_usd_e4"))
                .col(date("expected_on"))
                .col(date("pledged_on").not_null().take())
                .col(date("resized_on"))
                .col(date("committed_on"))
                .col(date("shipped_on"))
                .col(date("delivered_on"))
                .col(date("cancelled_on"))
                .col(c.text("cancel_reason"))
                .col(c.text("tracking_reference"))
                .col(c.text("note"))
                .col(c.text("source"))
                .col(c.text("external_id"))
                .col(c.text("source_folded"))
                .col(c.text("external_id_folded"))
                .col(c.text_not_null("created_by"))
                .col(int_not_null("version"))
                .col(time_not_null("created_at"))
                .col(time_not_null("updated_at"))
                .foreign_key(&mut references(
                    "contribution",
                    "request_id",
                    "assistance_request",
                    "id",
                ))
                .foreign_key(&mut references("contribution", "item_id", "request_item", "id"))
                .foreign_key(&mut references(
                    "contribution",
                    "organization_code",
                    "organization",
                    "code",
                ))
                .check(Expr::col("quantity_milli").between(1_i64, 1_000_000_000_000_000_i64))
                .check(Expr::col("accepted_milli").gte(0_i64))
                .check(Expr::col("rejected_milli").gte(0_i64))
                .check(
                    Expr::col("accepted_milli")
                        .add(Expr::col("rejected_milli"))
                        .lte(Expr::col("quantity_milli")),
                )
                .check(Expr::col("value_usd_e4").gte(0_i64))
                .take(),
        )
        .await?;
    manager
        .create_index(unique("contribution", &["source", "external_id"]))
        .await?;
    for column in [
        "item_id",
        "request_id",
        "organization_code",
        "created_at",
        "updated_at",
        "expected_on",
        "delivered_on",
        "quantity_milli",
    ] {
        manager.create_index(index("contribution", &[column, "id"])).await?;
    }
    Ok(())
}

async fn deliveries(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let c = Columns::of(manager);
    manager
        .create_table(
            Table::create()
                .table("delivery")
                .col(uuid_key("id"))
                .col(uuid_not_null("contribution_id"))
                .col(date("delivered_on").not_null().take())
                .col(bigint_not_null("accepted_milli"))
                .col(bigint_not_null("rejected_milli"))
                .col(c.text("reject_reason"))
                .col(c.text("note"))
                .col(boolean("voided"))
                .col(c.text("void_reason"))
                .col(time_not_null("created_at"))
                .foreign_key(&mut references("delivery", "contribution_id", "contribution", "id"))
                .check(Expr::col("accepted_milli").gte(0_i64))
                .check(Expr::col("rejected_milli").gte(0_i64))
                .check(Expr::col("accepted_milli").add(Expr::col("rejected_milli")).gt(0_i64))
                .take(),
        )
        .await?;
    manager
        .create_index(index("delivery", &["contribution_id", "id"]))
        .await
}

/// One row for each change of an item's figures: signed differences, the day on which it happened, and when it was
/// recorded. Every total of a past day or moment is a sum over it.
async fn movements(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = Table::create();
    table
        .table("movement")
        .col(uuid_key("id"))
        .col(uuid_not_null("item_id"))
        .col(ColumnDef::new("contribution_id").uuid())
        .col(date("happened_on").not_null().take())
        .col(time_not_null("recorded_at"))
        .col(bigint_not_null("requested_milli"));
    for column in BUCKETS {
        table.col(bigint_not_null(column));
    }
    table
        .foreign_key(&mut references("movement", "item_id", "request_item", "id"))
        .foreign_key(&mut references("movement", "contribution_id", "contribution", "id"));
    manager.create_table(table).await?;
    manager
        .create_index(index("movement", &["item_id", "happened_on"]))
        .await?;
    manager.create_index(index("movement", &["contribution_id"])).await?;
    append_only(manager, "movement").await
}

/// What a request that has been verified was from a day on: figures of past days are told by it.
async fn history(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let c = Columns::of(manager);
    manager
        .create_table(
            Table::create()
                .table("request_history")
                .col(uuid_key("id"))
                .col(uuid_not_null("request_id"))
                .col(date("happened_on").not_null().take())
                .col(time_not_null("recorded_at"))
                .col(c.text_not_null("status"))
                .col(ColumnDef::new("priority").small_integer().not_null())
                .col(int("people_in_need"))
                .foreign_key(&mut references(
                    "request_history",
                    "request_id",
                    "assistance_request",
                    "id",
                ))
                .take(),
        )
        .await?;
    manager
        .create_index(index("request_history", &["request_id", "happened_on"]))
        .await?;
    append_only(manager, "request_history").await
}
