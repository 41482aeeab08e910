//! A table as requests: pure, so that a dry run and a load read the same.

use rust_decimal::Decimal;

use crate::domain::import::ImportForm;
use crate::domain::number::{VALUE_SCALE, sum_from_fixed, value_e7};
use crate::domain::problem::{Path, Problems};
use crate::domain::reference::Reference;
use crate::interchange::bound::Bound;
use crate::interchange::group::{families, join_lines, join_parts, skip_repeated_lines, skip_repeated_totals};
use crate::interchange::report::{Line, Outcome, Report};
use crate::interchange::row::{self, Row, State};
use crate::interchange::table::Table;

/// A request to be loaded, with the lines it is made of.
#[derive(Clone, Debug)]
pub struct ImportRow {
    /// The request, with source and external id.
    pub import: ImportForm,
    /// Its first line.
    pub line: u64,
    /// The line of each of its items.
    pub item_lines: Vec<u64>,
}

/// What a file comes to.
#[derive(Debug)]
pub struct Plan {
    /// What is to be loaded, in the order of the file.
    pub rows: Vec<ImportRow>,
    /// What became of every line.
    pub report: Report,
}

/// Reads every record by its mapping, checks it against the rules and the reference data, and joins the lines that are
/// one request. `most_items` is the bound of a request's items.
pub fn plan(table: &Table, bound: &Bound, reference: &Reference, most_items: usize) -> Plan {
    let mut rows: Vec<Row<'_>> = table
        .records
        .iter()
        .map(|record| row::read(record, bound, reference))
        .collect();
    skip_repeated_totals(&mut rows, bound);
    skip_repeated_lines(&mut rows, bound);
    join_parts(&mut rows, bound);
    for lines in families(&rows) {
        join_lines(&mut rows, &lines, bound, most_items);
    }
    let mut lines = Vec::with_capacity(rows.len());
    let mut imports = Vec::new();
    for row in rows {
        let (line, outcome) = (row.line(), finish(row.state, row.record.line, &mut imports));
        lines.push(Line {
            line,
            external_id: row.external_id,
            title: row.title,
            outcome,
        });
    }
    let mut report = Report::new(lines, bound.unread.clone());
    report.totals.requests = imports.len();
    report.totals.items = imports.iter().map(|row| row.import.form.items.len()).sum();
    report.totals.value_usd = value_usd(&imports, reference);
    Plan { rows: imports, report }
}

fn finish(state: State, line: u64, imports: &mut Vec<ImportRow>) -> Outcome {
    match state {
        State::Done(outcome) => outcome,
        State::Ready(draft) => {
            let mut import = draft.import;
            let (items, item_lines) = draft.items.into_iter().unzip();
            import.form.items = items;
            imports.push(ImportRow {
                import,
                line,
                item_lines,
            });
            Outcome::Loaded
        }
    }
}

/// What all items are worth, exactly.
fn value_usd(rows: &[ImportRow], reference: &Reference) -> Decimal {
    let items = rows.iter().flat_map(|row| &row.import.form.items);
    let values = items.filter_map(|item| {
        let item = item.check(reference, &Path::Root, &mut Problems::default())?;
        value_e7(item.quantity_milli, item.unit_cost_e4?)
    });
    sum_from_fixed(values.map(i128::from).sum(), VALUE_SCALE).unwrap_or(Decimal::MAX)
}

#[cfg(test)]
mod tests;
