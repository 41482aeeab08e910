//! Columns as every step declares them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The columns of one step, on one of the two databases.
pub(crate) struct Columns(DbBackend);

impl Columns {
    pub(crate) fn of(manager: &SchemaManager<'_>) -> Self {
        Self(manager.get_database_backend())
    }

    /// Text compared and ordered by its bytes, so that both databases agree; PostgreSQL would otherwise ask the
    /// locale of whoever made the cluster.
    pub(crate) fn text(&self, name: &'static str) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        column.text();
        if self.0 == DbBackend::Postgres {
            column.extra("COLLATE \"C\"");
        }
        column
    }

    /// A text that is there.
    pub(crate) fn text_not_null(&self, name: &'static str) -> ColumnDef {
        self.text(name).not_null().take()
    }

    /// A text that is the table's key.
    pub(crate) fn text_key(&self, name: &'static str) -> ColumnDef {
        self.text(name).not_null().primary_key().take()
    }
}

/// A time in UTC.
pub(crate) fn time(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().take()
}

/// A time that is there.
pub(crate) fn time_not_null(name: &'static str) -> ColumnDef {
    time(name).not_null().take()
}

/// A 32-bit number.
pub(crate) fn int(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).integer().take()
}

/// A 32-bit number that is there.
pub(crate) fn int_not_null(name: &'static str) -> ColumnDef {
    int(name).not_null().take()
}

/// A 64-bit number.
pub(crate) fn bigint(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().take()
}

/// A 64-bit number that is there.
pub(crate) fn bigint_not_null(name: &'static str) -> ColumnDef {
    bigint(name).not_null().take()
}

/// True or false.
pub(crate) fn boolean(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().take()
}

/// A UUID that is the table's key.
pub(crate) fn uuid_key(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().primary_key().take()
}

/// A UUID that is there.
pub(crate) fn uuid_not_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().take()
}

/// A reference from `table.column` to the key of `parent`.
pub(crate) fn references(
    table: &'static str,
    column: &'static str,
    parent: &'static str,
    key: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_{column}_fkey"))
        .from(table, column)
        .to(parent, key)
        .on_delete(ForeignKeyAction::Restrict)
        .on_update(ForeignKeyAction::Restrict)
        .take()
}

/// An index named after its table and columns.
pub(crate) fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{table}_{}_idx", columns.join("_"))).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}

/// An index that also keeps its columns unique together.
pub(crate) fn unique(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    index(table, columns).unique().take()
}

/// The database itself refuses to change or delete what was written.
pub(crate) async fn append_only(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    if manager.get_database_backend() == DbBackend::Postgres {
        db.execute_unprepared(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
        )
        .await?;
        let sql = format!(
            "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
             FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        );
        db.execute_unprepared(&sql).await?;
        return Ok(());
    }
    for event in ["UPDATE", "DELETE"] {
        let sql = format!(
            "CREATE TRIGGER {table}_no_{event} BEFORE {event} ON {table}
             BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        );
        db.execute_unprepared(&sql).await?;
    }
    Ok(())
}
