//! The ledger tells everything: replayed from its first change on, it gives what the tables hold.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::recorded::TABLES;
use crate::common::{Backend, TestApp};

type Object = BTreeMap<String, Value>;

/// Waits until each change has its place. A write whose connection is cut while it commits may end after its answer, and on
/// PostgreSQL its place is then given by whoever follows the ledger.
async fn settled(app: &TestApp) {
    let busy = match app.backend {
        Backend::Postgres => {
            "(SELECT COUNT(*) FROM pg_stat_activity
              WHERE datname = current_database() AND backend_type = 'client backend' AND state <> 'idle')"
        }
        Backend::Sqlite => "1",
    };
    let sql = format!(
        "SELECT CAST((SELECT COUNT(*) FROM change) - (SELECT COUNT(*) FROM change_position) AS TEXT), CAST({busy} AS TEXT)"
    );
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let rows = app.rows(&sql).await;
        // The one that is busy is the one that asks.
        if rows[0] == [Some("0".to_owned()), Some("1".to_owned())] {
            return;
        }
        assert!(
            Instant::now() < until,
            "changes without a place, and who is busy: {rows:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Fails with everything in which the tables and the ledger differ, and where the chain is not whole.
pub async fn tells_the_tables(app: &TestApp) {
    settled(app).await;
    let whole = nam_needs::store::change::verify(&app.store, None)
        .await
        .expect("an answer");
    let whole = whole.unwrap_or_else(|broken| panic!("{broken:?}"));
    let count = app.rows("SELECT CAST(COUNT(*) AS TEXT) FROM change").await;
    assert_eq!(
        count[0][0].as_deref(),
        Some(whole.sequence.to_string().as_str()),
        "each change has one place"
    );
    let replayed = replay(app).await;
    let mut wrong = Vec::new();
    for (table, kind, key, columns) in TABLES {
        let rows = rows(app, table, key, columns).await;
        let told = replayed.get(kind);
        assert_eq!(
            rows.len(),
            told.map_or(0, BTreeMap::len),
            "rows of {table} and objects of the ledger"
        );
        for (key, row) in rows {
            let object = told
                .and_then(|objects| objects.get(&key))
                .unwrap_or_else(|| panic!("{kind} {key}"));
            for (field, value) in row {
                let told = object.get(&field).cloned().unwrap_or_default();
                // A whole number of a country may be told with or without its decimals.
                let same = told == value || (told.is_number() && told.as_f64() == value.as_f64());
                if !same {
                    wrong.push(format!(
                        "{kind} {key} {field}: the table has {value}, the ledger tells {told}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Objects by type and key, as the changes made them.
async fn replay(app: &TestApp) -> BTreeMap<String, BTreeMap<String, Object>> {
    let sql = "SELECT c.subject_type, c.subject_key, c.action, c.diff FROM change_position p
        JOIN change c ON c.ticket = p.ticket AND c.ordinal = p.ordinal ORDER BY p.sequence";
    let mut objects: BTreeMap<String, BTreeMap<String, Object>> = BTreeMap::new();
    for row in app.rows(sql).await {
        let [kind, key, action, diff] = row.try_into().unwrap();
        let (kind, key, action) = (kind.unwrap(), key.unwrap(), action.unwrap());
        let of_kind = objects.entry(kind).or_default();
        if action.ends_with(".removed") {
            of_kind.remove(&key).expect("something to remove");
            continue;
        }
        let is_new = action.ends_with(".created");
        assert_eq!(of_kind.contains_key(&key), !is_new, "{action} {key}");
        let object = of_kind.entry(key.clone()).or_default();
        let changes: Vec<(String, Value, Value)> = serde_json::from_str(&diff.unwrap()).unwrap();
        for (field, before, after) in changes {
            let known = object.insert(field.clone(), after).unwrap_or_default();
            assert_eq!(known, before, "{action} {key} {field}: what was there before");
        }
    }
    objects
}

/// The rows of a table by their keys, each column as the ledger writes it.
async fn rows(app: &TestApp, table: &str, key: &str, columns: &[&str]) -> BTreeMap<String, Object> {
    let parts: Vec<[&str; 3]> = columns
        .iter()
        .map(|column| column.split(' ').collect::<Vec<_>>().try_into().unwrap())
        .collect();
    let key = key.strip_prefix('#').map_or_else(|| key.to_owned(), |key| id(app, key));
    let mut selected = vec![key];
    for [how, column, _] in &parts {
        selected.push(if *how == "#" {
            id(app, column)
        } else {
            format!("CAST({column} AS TEXT)")
        });
    }
    let rows = app.rows(&format!("SELECT {} FROM {table}", selected.join(", "))).await;
    rows.into_iter()
        .map(|row| {
            let mut cells = row.into_iter();
            let key = cells.next().unwrap().unwrap();
            let object = parts.iter().zip(cells);
            let object = object
                .map(|([how, _, field], cell)| (field.to_string(), cell.map_or(Value::Null, |cell| value(how, &cell))));
            (key, object.collect())
        })
        .collect()
}

fn id(app: &TestApp, column: &str) -> String {
    match app.backend {
        Backend::Postgres => format!("CAST({column} AS TEXT)"),
        Backend::Sqlite => {
            let hex = format!("lower(hex({column}))");
            let cut = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)];
            let parts = cut.map(|(from, length)| format!("substr({hex}, {from}, {length})"));
            format!("CASE WHEN {column} IS NOT NULL THEN {} END", parts.join(" || '-' || "))
        }
    }
}

fn value(how: &str, cell: &str) -> Value {
    match how {
        "3" => decimal(cell, 3).into(),
        "4" => decimal(cell, 4).into(),
        "n" => cell.parse::<i64>().unwrap().into(),
        "f" => cell.parse::<f64>().unwrap().into(),
        "l" => cell.split(',').collect(),
        "b" => matches!(cell, "1" | "true").into(),
        "p" => ["LOW", "MEDIUM", "HIGH", "CRITICAL"][cell.parse::<usize>().unwrap() - 1].into(),
        "t" => {
            // SQLite keeps RFC 3339, PostgreSQL prints a blank and a short zone.
            let text = cell.replacen(' ', "T", 1);
            let text = if text.ends_with("+00") {
                format!("{text}:00")
            } else {
                text
            };
            let at = chrono::DateTime::parse_from_rfc3339(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            at.to_utc().to_rfc3339_opts(chrono::SecondsFormat::Micros, true).into()
        }
        _ => cell.into(),
    }
}

/// `1250` thousandths as `1.25`.
fn decimal(cell: &str, scale: usize) -> String {
    let padded = format!("{cell:0>width$}", width = scale + 1);
    let (whole, part) = padded.split_at(padded.len() - scale);
    let part = part.trim_end_matches('0');
    if part.is_empty() {
        whole.into()
    } else {
        format!("{whole}.{part}")
    }
}
