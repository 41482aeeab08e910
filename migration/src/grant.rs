//! What the role that serves may do to each table: exactly what serving needs. Nobody but the owner defines, truncates, or
//! changes what is append-only.

/// Tables and rights. A table that is not named here can't even be read by the server.
const TABLES: [(&str, &str); 17] = [
    ("seaql_migrations", "SELECT"),
    ("country", "SELECT, INSERT, UPDATE"),
    ("need_category", "SELECT, INSERT, UPDATE"),
    ("unit", "SELECT, INSERT, UPDATE"),
    ("commodity", "SELECT, INSERT, UPDATE"),
    ("organization", "SELECT, INSERT, UPDATE"),
    ("assistance_request", "SELECT, INSERT, UPDATE"),
    ("request_item", "SELECT, INSERT, UPDATE, DELETE"),
    ("contribution", "SELECT, INSERT, UPDATE"),
    ("delivery", "SELECT, INSERT, UPDATE"),
    ("movement", "SELECT, INSERT"),
    ("request_history", "SELECT, INSERT"),
    ("change", "SELECT, INSERT"),
    // Its rows are written by the owner's function `change_number`.
    ("change_position", "SELECT"),
    ("idempotency", "SELECT, INSERT, UPDATE, DELETE"),
    ("api_key", "SELECT, INSERT, UPDATE"),
    ("milestone", "SELECT, INSERT"),
];

/// The statements that give `role`, both identifiers quoted, these rights in `schema` and no others, as far as the
/// tables are there: a database may have been taken back some steps.
pub(crate) fn grants(schema: &str, role: &str, there: &[String]) -> String {
    let mut sql = format!(
        "GRANT USAGE ON SCHEMA {schema} TO {role};
         REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role};
         REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {role};
         GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
         GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role};"
    );
    for (table, rights) in TABLES {
        if there.iter().any(|name| name == table) {
            sql.push_str(&format!("GRANT {rights} ON TABLE {schema}.{table} TO {role};"));
        }
    }
    sql
}
