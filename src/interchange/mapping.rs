//! Which column says what. A mapping is a TOML file, so that a new source needs no code; a file with our own headers
//! or hashtags needs none at all. The files beside the bundled figures show how.

use std::collections::HashMap;

use serde::Deserialize;

use crate::interchange::bound::{Bound, Condition, Part, templates};
use crate::interchange::field::Field;
use crate::interchange::table::Table;
use crate::interchange::template::{Lists, Template};

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
    #[error("the columns do not fit: {field}: {reason}")]
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

impl MappingError {
    pub(super) fn misfit(field: &str, reason: String) -> Self {
        Self::Field {
            field: field.to_owned(),
            reason,
        }
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

    /// Finds its columns in a table. `fill` says, as templates, what is said of a field where the file says nothing.
    ///
    /// # Errors
    /// The first key that names a column or a list that there is not.
    pub fn bind(self, table: &Table, fill: &[(Field, String)]) -> Result<Bound, MappingError> {
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
        let template = |text: &str, key: &str| {
            Template::parse(text, table, &lists).map_err(|reason| MappingError::misfit(key, reason))
        };
        let of_map = |fields: &HashMap<Field, String>| templates(fields.iter(), table, &lists);
        let cases = cases
            .iter()
            .map(|case| {
                let condition = Condition::new(&case.column, &case.is, table, "case")?;
                Ok((condition, of_map(&case.fields)?))
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
        let bound = Bound {
            fields: of_map(&fields)?,
            fill: templates(fill.iter().map(|(field, text)| (field, text)), table, &lists)?,
            cases,
            lists,
            group,
            decimal_comma,
            report_only,
            repeated,
            part,
            unread: Vec::new(),
        };
        Ok(bound.with_unread(table))
    }
}
