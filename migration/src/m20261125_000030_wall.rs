//! The second wall: PostgreSQL asks of every row that is written whether its writer may, whatever the program thinks. Who
//! that is, the store says at the beginning of each transaction, by settings that end with it; where nobody is named,
//! nothing can be written. Reads are not restricted here: the store scopes them.
//!
//! The rules are those of `src/domain/rights.rs`, as far as one row tells them. SQLite has no such thing.
//!
//! Rows are locked before it is known whether they may be changed, and a lock asks the policy for changes, so USING lets
//! all rows be locked, and CHECK asks of the row as it would become. That a row can't be made one's own first is the part
//! of the triggers: what a row belongs to never changes.

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
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let db = manager.get_connection();
        for sql in [ACTOR, RIGHTS, GUARDS] {
            db.execute_unprepared(sql).await?;
        }
        for (table, policies) in POLICIES {
            db.execute_unprepared(&enable(table)).await?;
            for (number, policy) in policies.iter().enumerate() {
                let sql = format!("CREATE POLICY {table}_{number} ON {table} {policy}");
                db.execute_unprepared(&sql).await?;
            }
        }
        db.execute_unprepared(NUMBERING).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let db = manager.get_connection();
        db.execute_unprepared(NUMBERING_DOWN).await?;
        for (table, policies) in POLICIES {
            for number in 0..policies.len() {
                db.execute_unprepared(&format!("DROP POLICY {table}_{number} ON {table}"))
                    .await?;
            }
            db.execute_unprepared(&disable(table)).await?;
        }
        for sql in [GUARDS_DOWN, RIGHTS_DOWN, ACTOR_DOWN] {
            db.execute_unprepared(sql).await?;
        }
        Ok(())
    }
}

fn enable(table: &str) -> String {
    format!(
        "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
         ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
         CREATE POLICY {table}_read ON {table} FOR SELECT USING (true)"
    )
}

fn disable(table: &str) -> String {
    format!(
        "DROP POLICY {table}_read ON {table};
         ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
         ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
    )
}

/// Who writes. Their bodies are bound to what they name when they are made, so that no search path leads them astray.
const ACTOR: &str = "
CREATE FUNCTION actor_kind() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT nullif(current_setting('nam.kind', true), '');
END;
CREATE FUNCTION actor_principal() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT nullif(current_setting('nam.principal', true), '');
END;
CREATE FUNCTION actor_country() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT nullif(current_setting('nam.country', true), '');
END;
CREATE FUNCTION actor_organization() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT nullif(current_setting('nam.organization', true), '');
END;
CREATE FUNCTION actor_is(role text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(role = ANY (string_to_array(current_setting('nam.roles', true), ',')), false);
END";

const ACTOR_DOWN: &str = "
DROP FUNCTION actor_is(text);
DROP FUNCTION actor_organization();
DROP FUNCTION actor_country();
DROP FUNCTION actor_principal();
DROP FUNCTION actor_kind()";

/// What the actor may do: one function for each operation that writes.
const RIGHTS: &str = "
CREATE FUNCTION may_review() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT actor_is('ADMIN') OR actor_is('COORDINATOR');
END;
CREATE FUNCTION may_write_request(country text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT may_review() OR coalesce(actor_is('FOCAL_POINT') AND country = actor_country(), false);
END;
CREATE FUNCTION may_write_contribution(organization text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT may_review() OR coalesce(actor_is('RESPONDER') AND organization = actor_organization(), false);
END;
CREATE FUNCTION may_record_delivery(country text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT may_review() OR coalesce(actor_is('FOCAL_POINT') AND country = actor_country(), false);
END;
CREATE FUNCTION may_write_reference() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT actor_is('ADMIN');
END;
CREATE FUNCTION may_manage_keys() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT actor_is('ADMIN');
END;
CREATE FUNCTION country_of_request(request uuid) RETURNS text LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT r.country_code FROM assistance_request r WHERE r.id = request;
END;
CREATE FUNCTION country_of_item(item uuid) RETURNS text LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT country_of_request(i.request_id) FROM request_item i WHERE i.id = item;
END;
CREATE FUNCTION country_of_contribution(contribution uuid) RETURNS text LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT country_of_request(c.request_id) FROM contribution c WHERE c.id = contribution;
END;
CREATE FUNCTION organization_of_contribution(contribution uuid) RETURNS text LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT c.organization_code FROM contribution c WHERE c.id = contribution;
END;
CREATE FUNCTION takes_contributions(request uuid) RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM assistance_request r WHERE r.id = request AND r.status = 'VERIFIED');
END";

const RIGHTS_DOWN: &str = "
DROP FUNCTION takes_contributions(uuid);
DROP FUNCTION organization_of_contribution(uuid);
DROP FUNCTION country_of_contribution(uuid);
DROP FUNCTION country_of_item(uuid);
DROP FUNCTION country_of_request(uuid);
DROP FUNCTION may_manage_keys();
DROP FUNCTION may_write_reference();
DROP FUNCTION may_record_delivery(text);
DROP FUNCTION may_write_contribution(text);
DROP FUNCTION may_write_request(text);
DROP FUNCTION may_review()";

/// Tables and who may insert, update and delete their rows. The ledger's and the figures' are append-only, and where
/// nothing is said of DELETE nobody deletes.
const POLICIES: [(&str, &[&str]); 15] = [
    ("country", &[INSERT_REFERENCE, UPDATE_REFERENCE]),
    ("need_category", &[INSERT_REFERENCE, UPDATE_REFERENCE]),
    ("unit", &[INSERT_REFERENCE, UPDATE_REFERENCE]),
    ("commodity", &[INSERT_REFERENCE, UPDATE_REFERENCE]),
    ("organization", &[INSERT_REFERENCE, UPDATE_REFERENCE]),
    (
        "api_key",
        &[
            "FOR INSERT WITH CHECK (may_manage_keys())",
            "FOR UPDATE USING (true) WITH CHECK (may_manage_keys())",
        ],
    ),
    ("milestone", &["FOR INSERT WITH CHECK (actor_kind() = 'system')"]),
    (
        "assistance_request",
        &[
            // The operator's import alone vouches for what it brings.
            "FOR INSERT WITH CHECK (may_write_request(country_code) AND created_by = actor_principal()
                AND (status IN ('DRAFT', 'SUBMITTED') OR actor_kind() = 'import'))",
            "FOR UPDATE USING (true) WITH CHECK (may_write_request(country_code))",
        ],
    ),
    (
        "request_item",
        &[
            "FOR INSERT WITH CHECK (may_write_request(country_of_request(request_id)))",
            // Whoever gives or receives moves the figures of an item.
            "FOR UPDATE USING (true) WITH CHECK (may_write_request(country_of_request(request_id))
                OR (actor_is('RESPONDER') AND takes_contributions(request_id)))",
            "FOR DELETE USING (may_write_request(country_of_request(request_id)))",
        ],
    ),
    (
        "contribution",
        &[
            "FOR INSERT WITH CHECK (may_write_contribution(organization_code) AND created_by = actor_principal())",
            // Who receives records it, and the end of a request cancels what was pledged.
            "FOR UPDATE USING (true) WITH CHECK (may_write_contribution(organization_code)
                OR may_record_delivery(country_of_request(request_id)))",
        ],
    ),
    (
        "delivery",
        &[
            "FOR INSERT WITH CHECK (may_record_delivery(country_of_contribution(contribution_id)))",
            "FOR UPDATE USING (true) WITH CHECK (may_record_delivery(country_of_contribution(contribution_id)))",
        ],
    ),
    (
        "movement",
        &["FOR INSERT WITH CHECK (may_write_request(country_of_item(item_id))
            OR may_write_contribution(organization_of_contribution(contribution_id)))"],
    ),
    (
        "request_history",
        &["FOR INSERT WITH CHECK (may_write_request(country_of_request(request_id)))"],
    ),
    ("change", &["FOR INSERT WITH CHECK (actor = actor_principal())"]),
    (
        "idempotency",
        &[
            "FOR INSERT WITH CHECK (principal = actor_principal())",
            "FOR UPDATE USING (true) WITH CHECK (principal = actor_principal())",
            // Old keys are swept away by the server itself.
            "FOR DELETE USING (principal = actor_principal() OR actor_kind() = 'system')",
        ],
    ),
];

const INSERT_REFERENCE: &str = "FOR INSERT WITH CHECK (may_write_reference())";
const UPDATE_REFERENCE: &str = "FOR UPDATE USING (true) WITH CHECK (may_write_reference())";

/// What takes the row before and the row after to judge. 42501 is PostgreSQL's own code for what is not allowed.
const GUARDS: &str = "
CREATE FUNCTION guard_refuse(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is not for this actor', what USING ERRCODE = '42501';
END $$;

CREATE FUNCTION guard_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (old.id, old.country_code, old.reference, old.created_by)
        IS DISTINCT FROM (new.id, new.country_code, new.reference, new.created_by) THEN
        PERFORM guard_refuse('what a request belongs to');
    END IF;
    IF old.submitted_by IS DISTINCT FROM new.submitted_by AND new.submitted_by IS DISTINCT FROM actor_principal() THEN
        PERFORM guard_refuse('submitting in another name');
    END IF;
    IF old.status <> new.status AND new.status IN ('VERIFIED', 'RETURNED', 'REJECTED')
        AND (NOT may_review() OR old.created_by = actor_principal()
             OR coalesce(old.submitted_by = actor_principal(), false)) THEN
        PERFORM guard_refuse('a review');
    END IF;
    IF old.status = 'VERIFIED' AND NOT may_review()
        AND (old.title, old.priority, old.people_in_need)
            IS DISTINCT FROM (new.title, new.priority, new.people_in_need) THEN
        PERFORM guard_refuse('what was verified');
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER assistance_request_guard BEFORE UPDATE ON assistance_request
    FOR EACH ROW EXECUTE FUNCTION guard_request();

CREATE FUNCTION guard_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (old.id, old.request_id) IS DISTINCT FROM (new.id, new.request_id) THEN
        PERFORM guard_refuse('what an item belongs to');
    END IF;
    IF (old.approved_milli, old.approval_note) IS DISTINCT FROM (new.approved_milli, new.approval_note)
        AND NOT may_review() THEN
        PERFORM guard_refuse('an approval');
    END IF;
    IF (old.position, old.external_id, old.kind, old.category_code, old.commodity_code, old.description, old.unit_code,
            old.quantity_milli, old.unit_cost_e4)
        IS DISTINCT FROM (new.position, new.external_id, new.kind, new.category_code, new.commodity_code,
            new.description, new.unit_code, new.quantity_milli, new.unit_cost_e4)
        AND NOT may_write_request(country_of_request(new.request_id)) THEN
        PERFORM guard_refuse('what was entered of an item');
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER request_item_guard BEFORE UPDATE ON request_item
    FOR EACH ROW EXECUTE FUNCTION guard_item();

CREATE FUNCTION guard_contribution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (old.id, old.request_id, old.item_id, old.organization_code, old.created_by)
        IS DISTINCT FROM (new.id, new.request_id, new.item_id, new.organization_code, new.created_by) THEN
        PERFORM guard_refuse('what a contribution belongs to');
    END IF;
    IF (old.quantity_milli, old.value_usd_e4, old.expected_on, old.pledged_on, old.resized_on, old.committed_on,
            old.shipped_on, old.tracking_reference, old.note, old.source, old.external_id)
        IS DISTINCT FROM (new.quantity_milli, new.value_usd_e4, new.expected_on, new.pledged_on, new.resized_on,
            new.committed_on, new.shipped_on, new.tracking_reference, new.note, new.source, new.external_id)
        AND NOT may_write_contribution(new.organization_code) THEN
        PERFORM guard_refuse('what was entered of a contribution');
    END IF;
    -- The end of a request cancels its open pledges, and nothing else of others.
    IF old.status <> new.status AND new.status = 'CANCELLED' AND old.status <> 'PLEDGED'
        AND NOT may_write_contribution(new.organization_code) THEN
        PERFORM guard_refuse('cancelling');
    END IF;
    IF (old.accepted_milli, old.rejected_milli) IS DISTINCT FROM (new.accepted_milli, new.rejected_milli)
        AND NOT may_record_delivery(country_of_request(new.request_id)) THEN
        PERFORM guard_refuse('what was received');
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER contribution_guard BEFORE UPDATE ON contribution
    FOR EACH ROW EXECUTE FUNCTION guard_contribution();

CREATE FUNCTION guard_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (old.id, old.contribution_id, old.delivered_on, old.accepted_milli, old.rejected_milli, old.created_at)
        IS DISTINCT FROM (new.id, new.contribution_id, new.delivered_on, new.accepted_milli, new.rejected_milli,
            new.created_at) THEN
        PERFORM guard_refuse('what a delivery was');
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER delivery_guard BEFORE UPDATE ON delivery
    FOR EACH ROW EXECUTE FUNCTION guard_delivery()";

const GUARDS_DOWN: &str = "
DROP TRIGGER delivery_guard ON delivery;
DROP TRIGGER contribution_guard ON contribution;
DROP TRIGGER request_item_guard ON request_item;
DROP TRIGGER assistance_request_guard ON assistance_request;
DROP FUNCTION guard_delivery();
DROP FUNCTION guard_contribution();
DROP FUNCTION guard_item();
DROP FUNCTION guard_request();
DROP FUNCTION guard_refuse(text)";

/// Places in the ledger are given by the owner's function alone: the role that serves calls it, and can't write them.
pub(crate) const NUMBERING: &str = "
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION change_number(timestamptz) SECURITY DEFINER SET search_path = %I, pg_temp',
        current_schema());
END $$;
REVOKE EXECUTE ON FUNCTION change_number(timestamptz) FROM PUBLIC";

const NUMBERING_DOWN: &str = "
ALTER FUNCTION change_number(timestamptz) SECURITY INVOKER RESET search_path;
GRANT EXECUTE ON FUNCTION change_number(timestamptz) TO PUBLIC";
