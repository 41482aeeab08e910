//! What a mapping says of a field: a text with columns in it. `{iso3}/{plan_name|slug}`, `{#country+code}`,
//! `{unit|units}` where `units` is a list of the mapping. Braces that are meant are doubled.

use std::collections::BTreeMap;

use crate::domain::text::fold;
use crate::interchange::cell;
use crate::interchange::report::Fault;
use crate::interchange::table::{Record, Table};

/// Lists of a mapping: what a cell says, and what is said instead. The key `*` stands for every other cell, an empty
/// value for nothing.
pub type Lists = BTreeMap<String, BTreeMap<String, String>>;

/// A template whose columns were found in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Cell {
        column: usize,
        label: String,
        filters: Vec<Filter>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Filter {
    Slug,
    List(String),
}

impl Template {
    /// A column as it is.
    pub fn column(column: usize, table: &Table) -> Self {
        Self(vec![Piece::Cell {
            column,
            label: label(column, table),
            filters: Vec::new(),
        }])
    }

    /// A text without columns.
    pub fn plain(text: &str) -> Self {
        Self(vec![Piece::Text(text.to_owned())])
    }

    /// Reads a template and finds its columns.
    ///
    /// # Errors
    /// A column or a list that there is not, or a brace without its other half.
    pub fn parse(text: &str, table: &Table, lists: &Lists) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = after.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = after.strip_prefix("}}") {
                plain.push('}');
                rest = after;
            } else {
                let (inner, after) = after
                    .strip_prefix('{')
                    .and_then(|after| after.split_once('}'))
                    .ok_or_else(|| format!("a brace of {text:?} has no other half"))?;
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(piece(inner, table, lists)?);
                rest = after;
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// What it says of a record; nothing where one of its columns says nothing.
    ///
    /// # Errors
    /// A cell that its list doesn't have.
    pub fn text(&self, record: &Record, lists: &Lists) -> Result<Option<String>, Fault> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Cell { column, label, filters } => {
                    let Some(cell) = record.cell(*column) else {
                        return Ok(None);
                    };
                    let mut said = cell::discharge(cell).to_owned();
                    for filter in filters {
                        said = filter.apply(&said, lists).map_err(|reason| Fault {
                            column: Some(label.clone()),
                            reason,
                        })?;
                    }
                    if said.is_empty() {
                        return Ok(None);
                    }
                    text.push_str(&said);
                }
            }
        }
        Ok((!text.is_empty()).then_some(text))
    }

    /// The indexes of its columns.
    pub fn columns(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Cell { column, .. } => Some(*column),
            Piece::Text(_) => None,
        })
    }

    /// What people call its first column.
    pub fn label(&self) -> Option<&str> {
        self.0.iter().find_map(|piece| match piece {
            Piece::Cell { label, .. } => Some(label.as_str()),
            Piece::Text(_) => None,
        })
    }
}

impl Filter {
    fn apply(&self, text: &str, lists: &Lists) -> Result<String, String> {
        match self {
            Self::Slug => Ok(slug(text)),
            Self::List(name) => lists
                .get(name)
                .and_then(|list| list.get(text).or_else(|| list.get("*")))
                .cloned()
                .ok_or_else(|| format!("the mapping's list {name} has no {text:?}")),
        }
    }
}

fn piece(inner: &str, table: &Table, lists: &Lists) -> Result<Piece, String> {
    let mut parts = inner.split('|').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let column = find(name, table)?;
    let filters = parts
        .map(|filter| match filter {
            "slug" => Ok(Filter::Slug),
            list if lists.contains_key(list) => Ok(Filter::List(list.to_owned())),
            other => Err(format!(
                "there is no list {other:?} in the mapping, and slug is the only other filter"
            )),
        })
        .collect::<Result<_, _>>()?;
    Ok(Piece::Cell {
        column,
        label: label(column, table),
        filters,
    })
}

/// The index of a column.
///
/// # Errors
/// The columns that there are.
pub fn find(name: &str, table: &Table) -> Result<usize, String> {
    table.column(name).ok_or_else(|| {
        let labels: Vec<String> = (0..table.columns.len()).map(|column| label(column, table)).collect();
        format!("the file has no column {name:?}; it has {}", labels.join(", "))
    })
}

/// What people call a column.
pub fn label(column: usize, table: &Table) -> String {
    match table.columns.get(column).map(super::table::Column::label) {
        Some(label) if !label.is_empty() => label,
        _ => format!("column {}", column + 1),
    }
}

/// A name as a part of an id: `Côte d'Ivoire COVID-19 (2020)` → `cote-d-ivoire-covid-19-2020`.
pub fn slug(text: &str) -> String {
    let folded = fold(text);
    let words = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn table() -> Table {
        Table::of_bytes(b"iso3,plan name,unit\nAFG , Venezuela Regional (total),Lt\nXXX,-,Dozen\n").unwrap()
    }

    fn lists() -> Lists {
        let units = [("Lt", "LITRE"), ("Each", "PIECE")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        Lists::from([
            ("units".to_owned(), BTreeMap::from(units)),
            ("none".to_owned(), BTreeMap::from([("*".to_owned(), String::new())])),
        ])
    }

    fn say(template: &str, record: usize) -> Result<Option<String>, Fault> {
        let table = table();
        let template = Template::parse(template, &table, &lists()).unwrap();
        template.text(&table.records[record], &lists())
    }

    #[test]
    fn columns_and_filters_are_filled_in() {
        assert_eq!(
            say("{ISO3}/{{x}}/{plan name|slug}", 0).unwrap().unwrap(),
            "AFG/{x}/venezuela-regional-total"
        );
        assert_eq!(say("{unit|units}", 0).unwrap().unwrap(), "LITRE");
        assert_eq!(say("constant", 1).unwrap().unwrap(), "constant");
    }

    #[test]
    fn an_absent_cell_makes_the_whole_absent() {
        assert_eq!(say("of {plan name}", 1).unwrap(), None);
        assert_eq!(say("of {unit|none}", 1).unwrap(), None);
    }

    #[test]
    fn a_cell_that_a_list_lacks_is_refused_by_column() {
        let fault = say("{unit|units}", 1).unwrap_err();
        assert_eq!(fault.column.as_deref(), Some("unit"));
        assert!(fault.reason.contains("\"Dozen\""));
    }

    #[test]
    fn mistakes_in_a_template_are_told() {
        for (wrong, why) in [
            ("{iso2}", "no column \"iso2\"; it has iso3, plan name, unit"),
            ("{unit|dozens}", "no list \"dozens\""),
            ("{unit", "no other half"),
            ("unit}", "no other half"),
        ] {
            let told = Template::parse(wrong, &table(), &lists()).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }
}
