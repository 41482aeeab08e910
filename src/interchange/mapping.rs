//! Which column says what. A mapping is a TOML file, so that a new source needs no code; a file with our own headers
//! or hashtags needs none at all. `docs` and the files beside the bundled figures show one.

use std::collections::HashMap;

use serde::Deserialize;

use crate::interchange::field::{FIELDS, Field};
use crate::interchange::hxl::Tag;
use crate::interchange::report::Fault;
use crate::interchange::table::{Record, Table};
use crate::interchange::template::{Lists, Template, find, label};

/// A mapping as it is written. Keys are camelCase; those of `fields` are the headers of the export.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mapping {
    /// A template for each field that the file, or the mapping, says something of.
    pub fields: HashMap<Field, String>,
    /// Lists that cells are looked up in: `{unit|units}`.
    #[serde(default)]
    pub lists: Lists,
    /// Lines with the same external id are items of one request; otherwise the second one is refused.
    #[serde(default)]
    pub group: bool,
    /// Numbers are written 1.234,5.
    #[serde(default)]
    pub decimal_comma: bool,
    /// The file holds figures but no requests: it is read and reported, and nothing is loaded.
    #[serde(default)]
    pub report_only: bool,
    /// Other templates for some lines; the first case that has one wins.
    #[serde(default, rename = "case")]
    pub cases: Vec<Case>,
    /// Totals that stand under each of several countries.
    pub repeated_total: Option<RepeatedTotal>,
    /// Lines that are part of another line.
    pub part_of_total: Option<PartOfTotal>,
}

/// Templates for the lines on which a column says one thing.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// The column.
    pub column: String,
    /// What it says.
    pub is: String,
    /// The templates.
    pub fields: HashMap<Field, String>,
}

/// On the lines where `column` says `is`, a quantity that stands beside the same text under two or more countries is
/// the whole, repeated, and no country's part: all of them are skipped.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RepeatedTotal {
    /// The column.
    pub column: String,
    /// What it says.
    pub is: String,
    /// Template of the text.
    pub same: String,
}

/// A line where `column` says `total` includes those of the same text where it says `part`. They become one request,
/// with the parts as items and the rest as the last one.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PartOfTotal {
    /// The column.
    pub column: String,
    /// What it says on a part.
    pub part: String,
    /// What it says on a total.
    pub total: String,
    /// Template of the text.
    pub same: String,
    /// Description of an item that is a part.
    pub part_description: String,
    /// Description of the item that is the rest.
    pub rest_description: String,
}

/// Why a mapping is of no use for a file.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// It is no mapping.
    #[error("the mapping can't be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// It does not fit the file.
    #[error("the mapping does not fit the file: {field}: {reason}")]
    Field {
        /// The key of the mapping.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// No mapping was given, and the file's own names don't tell enough.
    #[error(
        "the columns don't say what these fields are: {missing}. Name or tag the columns as the export does, set the \
         field, or give a mapping file. The file has {found}"
    )]
    Missing {
        /// The fields.
        missing: String,
        /// The columns.
        found: String,
    },
}

/// A mapping whose columns were found in a table.
#[derive(Debug)]
pub struct Bound {
    fields: HashMap<Field, Template>,
    cases: Vec<(Condition, HashMap<Field, Template>)>,
    lists: Lists,
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

/// [`PartOfTotal`] with its columns found.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) part: Condition,
    pub(super) total: Condition,
    pub(super) same: Template,
    pub(super) part_description: String,
    pub(super) rest_description: String,
}

impl Condition {
    fn new(column: &str, is: &str, table: &Table, key: &str) -> Result<Self, MappingError> {
        Ok(Self {
            column: find(column, table).map_err(|reason| misfit(key, reason))?,
            is: is.to_owned(),
        })
    }

    pub(super) fn holds(&self, record: &Record) -> bool {
        record.cell(self.column) == Some(self.is.as_str())
    }
}

fn misfit(field: &str, reason: String) -> MappingError {
    MappingError::Field {
        field: field.to_owned(),
        reason,
    }
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// Its line, and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        Ok(toml::from_str(text)?)
    }

    /// The same mapping with other templates for some fields.
    pub fn with(mut self, set: &[(Field, String)]) -> Self {
        self.fields.extend(set.iter().cloned());
        self
    }

    /// Finds its columns in a table.
    ///
    /// # Errors
    /// The first key that names a column or a list that there is not.
    pub fn bind(self, table: &Table) -> Result<Bound, MappingError> {
        let Self {
            fields,
            lists,
            group,
            decimal_comma,
            report_only,
            cases,
            repeated_total,
            part_of_total,
        } = self;
        let template =
            |text: &str, key: &str| Template::parse(text, table, &lists).map_err(|reason| misfit(key, reason));
        let templates = |fields: &HashMap<Field, String>| {
            fields
                .iter()
                .map(|(field, text)| Ok((*field, template(text, field.header())?)))
                .collect::<Result<HashMap<_, _>, MappingError>>()
        };
        let cases = cases
            .iter()
            .map(|case| {
                let condition = Condition::new(&case.column, &case.is, table, "case")?;
                Ok((condition, templates(&case.fields)?))
            })
            .collect::<Result<Vec<_>, MappingError>>()?;
        let repeated = repeated_total
            .map(|rule| {
                let condition = Condition::new(&rule.column, &rule.is, table, "repeatedTotal")?;
                Ok::<_, MappingError>((condition, template(&rule.same, "repeatedTotal")?))
            })
            .transpose()?;
        let part = part_of_total
            .map(|rule| {
                Ok::<_, MappingError>(Part {
                    part: Condition::new(&rule.column, &rule.part, table, "partOfTotal")?,
                    total: Condition::new(&rule.column, &rule.total, table, "partOfTotal")?,
                    same: template(&rule.same, "partOfTotal")?,
                    part_description: rule.part_description,
                    rest_description: rule.rest_description,
                })
            })
            .transpose()?;
        let mut bound = Bound {
            fields: templates(&fields)?,
            cases,
            lists,
            group,
            decimal_comma,
            report_only,
            repeated,
            part,
            unread: Vec::new(),
        };
        bound.unread = bound.unread_columns(table);
        Ok(bound)
    }
}

impl Bound {
    /// The mapping of a file that names or tags its columns as the export does: one line an item, the request's columns
    /// repeated. `set` says, as templates, what its columns don't, or say wrongly.
    ///
    /// # Errors
    /// Fields that every request and item must have, and that neither a column nor `set` says.
    pub fn own(table: &Table, set: &[(Field, String)]) -> Result<Self, MappingError> {
        let mut fields = own_columns(table);
        for (field, text) in set {
            let template =
                Template::parse(text, table, &Lists::new()).map_err(|reason| misfit(field.header(), reason))?;
            fields.insert(*field, template);
        }
        // Tagged money without quantities is funding: an amount in US dollars.
        if !fields.contains_key(&Field::Quantity)
            && let Some(amount) = fields.remove(&Field::ValueUsd)
        {
            fields.insert(Field::Quantity, amount);
            fields.entry(Field::Kind).or_insert_with(|| Template::plain("FUNDING"));
        }
        let needed = [
            Field::Source,
            Field::ExternalId,
            Field::Country,
            Field::Title,
            Field::Priority,
            Field::Kind,
            Field::Quantity,
        ];
        let missing: Vec<&str> = needed
            .iter()
            .filter(|field| !fields.contains_key(field))
            .map(|field| field.header())
            .collect();
        if !missing.is_empty() {
            return Err(MappingError::Missing {
                missing: missing.join(", "),
                found: labels(table, |_| true).join(", "),
            });
        }
        let mut bound = Self {
            fields,
            cases: Vec::new(),
            lists: Lists::new(),
            group: true,
            decimal_comma: false,
            report_only: false,
            repeated: None,
            part: None,
            unread: Vec::new(),
        };
        bound.unread = bound.unread_columns(table);
        Ok(bound)
    }

    /// What a record says of a field.
    ///
    /// # Errors
    /// A cell that its list doesn't have.
    pub(super) fn text(&self, field: Field, record: &Record) -> Result<Option<String>, Fault> {
        match self.template(field, record) {
            Some(template) => template.text(record, &self.lists),
            None => Ok(None),
        }
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

    fn unread_columns(&self, table: &Table) -> Vec<String> {
        let of_cases = self.cases.iter().flat_map(|(_, fields)| fields.values());
        let of_rules = [
            self.repeated.as_ref().map(|(_, same)| same),
            self.part.as_ref().map(|part| &part.same),
        ];
        let templates = self
            .fields
            .values()
            .chain(of_cases)
            .chain(of_rules.into_iter().flatten());
        let mut read: Vec<usize> = templates.flat_map(Template::columns).collect();
        read.extend(self.cases.iter().map(|(condition, _)| condition.column));
        read.extend(self.repeated.as_ref().map(|(condition, _)| condition.column));
        read.extend(self.part.as_ref().map(|part| part.total.column));
        labels(table, |column| !read.contains(&column))
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
