//! A mapping that has found its columns: what it says of a field of a record.

use std::collections::{HashMap, HashSet};

use crate::interchange::field::{FIELDS, Field};
use crate::interchange::hxl::Tag;
use crate::interchange::mapping::MappingError;
use crate::interchange::report::Fault;
use crate::interchange::table::{Record, Table};
use crate::interchange::template::{Lists, Template, find, label};

/// What a file whose columns name themselves must say, in them or besides.
const NEEDED: [Field; 7] = [
    Field::Source,
    Field::ExternalId,
    Field::Country,
    Field::Title,
    Field::Priority,
    Field::Kind,
    Field::Quantity,
];

/// A mapping whose columns were found in a table.
#[derive(Debug)]
pub struct Bound {
    pub(super) fields: HashMap<Field, Template>,
    /// What is said of a field where the file says nothing.
    pub(super) fill: HashMap<Field, Template>,
    pub(super) cases: Vec<(Condition, HashMap<Field, Template>)>,
    pub(super) lists: Lists,
    pub(super) group: bool,
    pub(super) decimal_comma: bool,
    pub(super) report_only: bool,
    pub(super) repeated: Option<(Condition, Template)>,
    pub(super) part: Option<Part>,
    /// Columns that no template reads.
    pub(super) unread: Vec<String>,
}

/// A column that says one thing.
#[derive(Debug)]
pub(super) struct Condition {
    column: usize,
    is: String,
}

/// The rule of parts and totals, with its columns found.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) part: Condition,
    pub(super) total: Condition,
    pub(super) same: Template,
    pub(super) part_description: String,
    pub(super) rest_description: String,
}

impl Condition {
    pub(super) fn new(column: &str, is: &str, table: &Table, key: &str) -> Result<Self, MappingError> {
        Ok(Self {
            column: find(column, table).map_err(|reason| MappingError::misfit(key, reason))?,
            is: is.to_owned(),
        })
    }

    pub(super) fn holds(&self, record: &Record) -> bool {
        record.cell(self.column) == Some(self.is.as_str())
    }
}

/// Templates with their columns found.
pub(super) fn templates<'a>(
    fields: impl Iterator<Item = (&'a Field, &'a String)>,
    table: &Table,
    lists: &Lists,
) -> Result<HashMap<Field, Template>, MappingError> {
    fields
        .map(|(field, text)| {
            let template = Template::parse(text, table, lists);
            Ok((
                *field,
                template.map_err(|reason| MappingError::misfit(field.header(), reason))?,
            ))
        })
        .collect()
}

impl Bound {
    /// The mapping of a file that names or tags its columns as the export does: one line an item, the request's columns
    /// repeated. `fill` says, as templates, what is said of a field where the file says nothing.
    ///
    /// # Errors
    /// Fields that every request and item must have, and that neither a column nor `fill` says.
    pub fn own(table: &Table, fill: &[(Field, String)]) -> Result<Self, MappingError> {
        let lists = Lists::new();
        for named in &FIELDS {
            let columns = table.columns.iter().enumerate();
            let called = columns.filter(|(_, column)| Field::of_header(&column.header) == Some(named.field));
            let places: Vec<String> = called.map(|(place, _)| (place + 1).to_string()).collect();
            if places.len() > 1 {
                let reason = format!(
                    "columns {} are all called so: leave one, or rename the others",
                    places.join(", ")
                );
                return Err(MappingError::misfit(named.header, reason));
            }
        }
        let mut fields = own_columns(table);
        // Tagged money without quantities is funding: an amount in US dollars.
        if !fields.contains_key(&Field::Quantity)
            && let Some(amount) = fields.remove(&Field::ValueUsd)
        {
            fields.insert(Field::Quantity, amount);
            fields.entry(Field::Kind).or_insert_with(|| Template::plain("FUNDING"));
        }
        let fill = templates(fill.iter().map(|(field, text)| (field, text)), table, &lists)?;
        let missing: Vec<&str> = NEEDED
            .iter()
            .filter(|field| !fields.contains_key(field) && !fill.contains_key(field))
            .map(|field| field.header())
            .collect();
        if !missing.is_empty() {
            return Err(MappingError::Missing {
                missing: missing.join(", "),
                found: labels(table, |_| true).join(", "),
            });
        }
        let bound = Self {
            fields,
            fill,
            cases: Vec::new(),
            lists,
            group: true,
            decimal_comma: false,
            report_only: false,
            repeated: None,
            part: None,
            unread: Vec::new(),
        };
        Ok(bound.with_unread(table))
    }

    /// What a record says of a field; where it says nothing, what is filled in.
    ///
    /// # Errors
    /// A cell that its list doesn't have.
    pub(super) fn text(&self, field: Field, record: &Record) -> Result<Option<String>, Fault> {
        for template in [self.template(field, record), self.fill.get(&field)]
            .into_iter()
            .flatten()
        {
            if let Some(text) = template.text(record, &self.lists)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// What a template of a rule says.
    pub(super) fn said(&self, template: &Template, record: &Record) -> Option<String> {
        template.text(record, &self.lists).ok().flatten()
    }

    /// What people call the column that says a field; the field's own name where no column does.
    pub(super) fn label(&self, field: Field, record: &Record) -> String {
        self.template(field, record)
            .and_then(Template::label)
            .unwrap_or(field.header())
            .to_owned()
    }

    fn template(&self, field: Field, record: &Record) -> Option<&Template> {
        self.cases
            .iter()
            .filter(|(condition, _)| condition.holds(record))
            .find_map(|(_, fields)| fields.get(&field))
            .or_else(|| self.fields.get(&field))
    }

    /// The same, with the columns noted that nothing reads.
    pub(super) fn with_unread(mut self, table: &Table) -> Self {
        let repeated = self.repeated.iter().map(|(condition, same)| (condition.column, same));
        let part = self.part.iter().map(|rule| (rule.total.column, &rule.same));
        let (columns, templates): (Vec<usize>, Vec<&Template>) = repeated.chain(part).unzip();
        let of_cases = self.cases.iter().flat_map(|(_, fields)| fields.values());
        let templates = self
            .fields
            .values()
            .chain(self.fill.values())
            .chain(of_cases)
            .chain(templates);
        let mut read: HashSet<usize> = templates.flat_map(Template::columns).chain(columns).collect();
        read.extend(self.cases.iter().map(|(condition, _)| condition.column));
        self.unread = labels(table, |column| !read.contains(&column));
        self
    }
}

fn labels(table: &Table, wanted: impl Fn(usize) -> bool) -> Vec<String> {
    (0..table.columns.len())
        .filter(|column| wanted(*column))
        .map(|column| label(column, table))
        .collect()
}

/// The columns that are named or tagged as the export does. A tag must be the very one, but for the vocabulary of its
/// codes: `#inneed+f` is not all the people in need.
fn own_columns(table: &Table) -> HashMap<Field, Template> {
    let mut fields = HashMap::new();
    for named in &FIELDS {
        let tag = Tag::parse(named.tag);
        let by_header = |header: &str| Field::of_header(header) == Some(named.field);
        let by_tag = |found: &Tag| tag.as_ref().is_some_and(|tag| tag.is(found));
        let column = table
            .columns
            .iter()
            .position(|column| by_header(&column.header))
            .or_else(|| {
                table
                    .columns
                    .iter()
                    .position(|column| column.tag.as_ref().is_some_and(by_tag))
            });
        if let Some(column) = column {
            fields.insert(named.field, Template::column(column, table));
        }
    }
    fields
}
