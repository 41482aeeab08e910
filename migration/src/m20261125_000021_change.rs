//! The ledger: what was changed, and in which place of one order without gaps.
//!
//! A write on PostgreSQL inserts its changes under a ticket; their places are given just after its commit, in batches, by
//! one caller of `change_number` at a time. A chain inside each write's own transaction would let one commit wait for the
//! flush of every other. SQLite has one writer, which gives the places itself.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{Columns, append_only, bigint, bigint_not_null, index, int_not_null, time_not_null, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Tables whose rows say which write made them.
const TICKETED: [&str; 2] = ["movement", "request_history"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        changes(manager).await?;
        positions(manager).await?;
        for table in TICKETED {
            // What was there before the ledger was known from its beginning on.
            let ticket = bigint_not_null("ticket").default(0_i64).take();
            manager
                .alter_table(Table::alter().table(table).add_column(ticket).take())
                .await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            let db = manager.get_connection();
            db.execute_unprepared("CREATE SEQUENCE change_ticket").await?;
            db.execute_unprepared(&number("CREATE", "")).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            let db = manager.get_connection();
            db.execute_unprepared("DROP FUNCTION change_number(timestamptz)")
                .await?;
            db.execute_unprepared("DROP SEQUENCE change_ticket").await?;
        }
        for table in TICKETED {
            manager
                .alter_table(Table::alter().table(table).drop_column("ticket").take())
                .await?;
        }
        for table in ["change_position", "change"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

async fn changes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let c = Columns::of(manager);
    manager
        .create_table(
            Table::create()
                .table("change")
                .col(bigint_not_null("ticket"))
                .col(int_not_null("ordinal"))
                .col(time_not_null("at"))
                .col(c.text_not_null("actor"))
                .col(c.text_not_null("action"))
                .col(c.text_not_null("subject_type"))
                .col(c.text_not_null("subject_key"))
                .col(c.text("country_code"))
                .col(c.text("organization_code"))
                .col(ColumnDef::new("request_id").uuid())
                .col(c.text_not_null("seen_before"))
                .col(c.text_not_null("seen_after"))
                .col(c.text_not_null("diff"))
                .col(c.text("whole"))
                .col(ColumnDef::new("digest").blob().not_null())
                .primary_key(Index::create().col("ticket").col("ordinal"))
                .take(),
        )
        .await?;
    manager
        .create_index(index("change", &["subject_type", "subject_key"]))
        .await?;
    manager.create_index(index("change", &["request_id"])).await?;
    append_only(manager, "change").await
}

/// `floor`: every write with a ticket up to it has ended, and what it changed has its place. `drawn` and `drawn_by`: every
/// ticket up to `drawn` belongs to a transaction older than `drawn_by`. The last row of a batch has the three.
async fn positions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("change_position")
                .col(bigint_not_null("sequence").primary_key().take())
                .col(bigint_not_null("ticket"))
                .col(int_not_null("ordinal"))
                .col(time_not_null("at"))
                .col(ColumnDef::new("hash").blob().not_null())
                .col(bigint("floor"))
                .col(bigint("drawn"))
                .col(bigint("drawn_by"))
                .take(),
        )
        .await?;
    manager
        .create_index(unique("change_position", &["ticket", "ordinal"]))
        .await?;
    manager.create_index(index("change_position", &["at"])).await?;
    append_only(manager, "change_position").await
}

/// The statement that makes the function `change_number`; `quiet` is what a later step has it do for the last change of a batch.
pub(crate) fn number(create: &str, quiet: &str) -> String {
    format!("{create} {}", NUMBER.replace("/* quiet */", quiet))
}

/// Gives every committed change its place and tells the last one. Holding the lock until its own commit, a caller sees
/// all that earlier callers did. What a change depends on was committed before the change drew its ticket, so the order
/// of tickets within a batch, and of batches, never puts a change before what it depends on.
///
/// `drawn` is read before this transaction has a number of its own: whoever drew such a ticket has a lower one. So whoever draws
/// one must have written before, and this must be a transaction by itself.
///
/// The few changes that wait stand at the end of a large table. A planner that has no statistics yet, or old ones, takes
/// them for a third of it and reads all of it at each commit, so it is left no way but the indexes; and whatever it then
/// thinks of the cost, compiling the plan takes longer than running it.
const NUMBER: &str = "
FUNCTION change_number(moment timestamptz) RETURNS bigint LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
    SET jit = off AS $$
DECLARE
    last change_position%ROWTYPE;
    one record;
    drawn_now bigint;
    oldest_running bigint;
    own bigint;
    place bigint;
    link bytea;
    stamp timestamptz;
    done bigint;
    told bigint;
    told_by bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(x'4e414d434841494e'::bigint);
    SELECT * INTO last FROM change_position ORDER BY sequence DESC LIMIT 1;
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO drawn_now FROM change_ticket;
    oldest_running := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    place := coalesce(last.sequence, 0);
    link := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
    stamp := greatest(moment, last.at);
    FOR one IN
        SELECT c.ticket, c.ordinal, c.digest, count(*) OVER () AS total, row_number() OVER (ORDER BY c.ticket, c.ordinal) AS number
          FROM change c
         WHERE c.ticket > coalesce(last.floor, 0)
           AND NOT EXISTS (SELECT 1 FROM change_position p WHERE p.ticket = c.ticket AND p.ordinal = c.ordinal)
         ORDER BY c.ticket, c.ordinal
    LOOP
        place := place + 1;
        link := sha256(link || int8send(place) || int8send((extract(epoch FROM stamp) * 1000000)::bigint) || one.digest);
        IF one.number = one.total THEN
            own := pg_current_xact_id()::text::bigint;
            done := coalesce(last.floor, 0);
            told := last.drawn;
            told_by := last.drawn_by;
            IF told_by <= oldest_running THEN
                done := told;
                told := NULL;
            END IF;
            /* quiet */
            -- None yet, or of another cluster that this one was restored from.
            IF told IS NULL OR told_by > own THEN
                told := drawn_now;
                told_by := own;
            END IF;
        END IF;
        INSERT INTO change_position (sequence, ticket, ordinal, at, hash, floor, drawn, drawn_by)
        VALUES (place, one.ticket, one.ordinal, stamp, link, done, told, told_by);
    END LOOP;
    IF place > coalesce(last.sequence, 0) THEN
        PERFORM pg_notify('change', place::text);
    END IF;
    RETURN place;
END $$";
