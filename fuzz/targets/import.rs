//! CSV and HXL: no line is lost, every refused one says why and where, and what is counted adds up; with the file's own
//! columns and with the mappings of the bundled figures.

use std::sync::LazyLock;

use nam_needs::domain::reference::Reference;
use nam_needs::interchange::bound::Bound;
use nam_needs::interchange::field::Field;
use nam_needs::interchange::import::{Plan, plan};
use nam_needs::interchange::mapping::Mapping;
use nam_needs::interchange::report::Outcome;
use nam_needs::interchange::table::Table;

use super::world::reference;

pub const WORDS: &[&str] = &[
    ",",
    ";",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\"",
    "\"\"",
    "\u{FEFF}",
    "#country+code",
    "#inneed",
    "#value+usd",
    "#",
    "+",
    "{",
    "}",
    "source",
    "externalId",
    "country",
    "title",
    "priority",
    "kind",
    "quantity",
    "unit",
    "commodity",
    "GOODS",
    "FUNDING",
    "HIGH",
    "BGD",
    "REGIONAL",
    "PIECE",
    "1,000.5",
    "1.000,5",
    "-1",
    "0",
    "1e9",
    "99999999999999999999999999999",
    "2020-13-01",
    " ",
    "=1+1",
    "\u{0}",
    "N/A",
    "Y",
    "é",
];

const ITEMS: usize = 50;

static REFERENCE: LazyLock<Reference> = LazyLock::new(reference);

static MAPPINGS: LazyLock<Vec<Mapping>> = LazyLock::new(|| {
    let files = [
        include_str!("../../data/real/derived_nam_ppe_needs_30d.mapping.toml"),
        include_str!("../../data/real/ghrp_country_plan_requirements_2020-10-21.mapping.toml"),
        include_str!("../../data/real/interagency_response_plans_2022_pin_hxl.mapping.toml"),
    ];
    files.iter().map(|text| Mapping::parse(text).unwrap()).collect()
});

pub fn run(bytes: &[u8]) {
    let table = match Table::of_bytes(bytes) {
        Ok(table) => table,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    holds_every_line(bytes, &table);
    let fill = [
        (Field::Source, "S".to_owned()),
        (Field::Kind, "GOODS".to_owned()),
        (Field::Priority, "LOW".to_owned()),
    ];
    for fill in [&fill[..], &[]] {
        match Bound::own(&table, fill) {
            Ok(bound) => adds_up(&table, &plan(&table, &bound, &REFERENCE, ITEMS), true),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    for mapping in MAPPINGS.iter() {
        if let Ok(bound) = mapping.clone().bind(&table, &[]) {
            adds_up(&table, &plan(&table, &bound, &REFERENCE, ITEMS), false);
        }
    }
}

/// Whatever has a letter or a digit, below the header, is a record by its own line number. Where cells are quoted a line
/// of the file is not a line of the table: those files are told by their order alone.
fn holds_every_line(bytes: &[u8], table: &Table) {
    let lines: Vec<u64> = table.records.iter().map(|record| record.line).collect();
    assert!(lines.is_sorted_by(|one, next| one < next), "{lines:?}");
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let ends: Vec<&str> = text.split(['\r', '\n']).collect();
    assert!(
        lines.iter().all(|line| (1..=ends.len() as u64).contains(line)),
        "{lines:?}"
    );
    if bytes.contains(&b'"') {
        return;
    }
    let said: Vec<u64> = (1..)
        .zip(ends)
        .filter(|(_, line)| line.bytes().any(|byte| byte.is_ascii_alphanumeric()))
        .map(|(number, _)| number)
        .collect();
    let tagged = table.columns.iter().any(|column| column.tag.is_some());
    // The header, and what stands above the hashtags, are no records.
    let first = if tagged {
        lines.first().copied()
    } else {
        said.get(1).copied()
    };
    let missing: Vec<_> = said
        .iter()
        .filter(|line| first.is_some_and(|first| **line >= first) && !lines.contains(line))
        .collect();
    assert!(missing.is_empty(), "lines {missing:?} are lost, there are {lines:?}");
}

fn adds_up(table: &Table, plan: &Plan, own: bool) {
    let report = &plan.report;
    let mut told: Vec<u64> = report.lines.iter().map(|line| line.line).collect();
    told.sort_unstable();
    let records: Vec<u64> = table.records.iter().map(|record| record.line).collect();
    assert_eq!(told, records, "every line is told once");
    let mut items: Vec<u64> = plan.rows.iter().flat_map(|row| row.item_lines.clone()).collect();
    // The export writes a request that has no items yet as a line that says nothing of one; and of a plan whose part is all of
    // it the line of the total has none.
    items.extend(plan.rows.iter().map(|row| row.line));
    items.sort_unstable();
    items.dedup();
    let mut loaded = Vec::new();
    for line in &report.lines {
        match &line.outcome {
            Outcome::Loaded | Outcome::Merged(_) => loaded.push(line.line),
            Outcome::Refused(faults) => {
                assert!(
                    !faults.is_empty() && faults.iter().all(|fault| !fault.reason.is_empty()),
                    "{line:?}"
                );
            }
            Outcome::Skipped(reason) => assert!(!reason.is_empty(), "{line:?}"),
            Outcome::Read(_) => {}
        }
    }
    loaded.sort_unstable();
    assert_eq!(loaded, items, "what is loaded is in a request, and nothing else");
    let totals = &report.totals;
    assert_eq!(
        totals.rows,
        totals.loaded + totals.skipped + totals.refused + totals.read
    );
    assert_eq!((totals.rows, totals.requests), (records.len(), plan.rows.len()));
    if own {
        let without = plan.rows.iter().filter(|row| row.item_lines.is_empty()).count();
        assert_eq!(totals.items + without, totals.loaded, "a line is an item");
    }
    report.write(&mut std::io::sink()).unwrap();
    serde_json::to_string(report).unwrap();
}
