//! A file with comma-separated values and a line of column names, read cell by cell. Whatever is wrong is told with
//! file, line and column.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::str::FromStr;

use csv::StringRecord;
use sea_orm::ActiveEnum;

use crate::domain::text::canonical;
use crate::error::Error;

/// One line of a file.
#[derive(Debug)]
pub(super) struct Line<'a> {
    file: &'a str,
    number: u64,
    columns: &'a HashMap<String, usize>,
    cells: StringRecord,
}

/// Reads every line of `text` into what `read` makes of it.
///
/// # Errors
/// `INTERNAL` with the place of what is wrong.
pub(super) fn lines<T>(
    file: &str,
    text: &str,
    mut read: impl FnMut(&Line<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let broken = |error: csv::Error| Error::internal(format!("{file}: {error}"));
    let columns = reader.headers().map_err(broken)?;
    let columns = columns.iter().enumerate();
    let columns = columns.map(|(index, name)| (name.trim().to_owned(), index)).collect();
    let mut all = Vec::new();
    for cells in reader.records() {
        let cells = cells.map_err(broken)?;
        let number = cells.position().map_or(0, csv::Position::line);
        all.push(read(&Line {
            file,
            number,
            columns: &columns,
            cells,
        })?);
    }
    Ok(all)
}

impl Line<'_> {
    /// What is wrong in a column of this line.
    pub(super) fn wrong(&self, column: &str, what: impl Display) -> Error {
        Error::internal(format!("{}, line {}, column {column}: {what}", self.file, self.number))
    }

    /// The text of a column; none where it is blank.
    pub(super) fn optional(&self, column: &str) -> Result<Option<String>, Error> {
        let index = self
            .columns
            .get(column)
            .ok_or_else(|| self.wrong(column, "no such column"))?;
        let text = canonical(self.cells.get(*index).unwrap_or_default());
        Ok((!text.is_empty()).then_some(text))
    }

    /// The text of a column that is never blank.
    pub(super) fn text(&self, column: &str) -> Result<String, Error> {
        self.optional(column)?.ok_or_else(|| self.wrong(column, "blank"))
    }

    /// The text of a column that is never blank and stands in no other line.
    pub(super) fn key(&self, column: &str, seen: &mut HashSet<String>) -> Result<String, Error> {
        let key = self.text(column)?;
        if seen.insert(key.clone()) {
            Ok(key)
        } else {
            Err(self.wrong(column, format!("{key} stands twice")))
        }
    }

    /// A column that names what another line has.
    pub(super) fn known(&self, column: &str, is_known: impl Fn(&str) -> bool) -> Result<Option<String>, Error> {
        match self.optional(column)? {
            Some(code) if !is_known(&code) => Err(self.wrong(column, format!("{code} stands nowhere"))),
            code => Ok(code),
        }
    }

    /// The number, or whatever else has a text, of a column; none where it is blank.
    pub(super) fn parsed<T: FromStr>(&self, column: &str) -> Result<Option<T>, Error>
    where
        T::Err: Display,
    {
        self.optional(column)?
            .map(|text| {
                text.parse()
                    .map_err(|error| self.wrong(column, format!("{text}: {error}")))
            })
            .transpose()
    }

    /// The choice of a column, by the name it has in the database; none where it is blank.
    pub(super) fn choice<T: ActiveEnum<Value = String>>(&self, column: &str) -> Result<Option<T>, Error> {
        self.optional(column)?
            .map(|name| T::try_from_value(&name).map_err(|_| self.wrong(column, format!("{name} is no choice"))))
            .transpose()
    }

    /// What must be there.
    pub(super) fn needed<T>(&self, column: &str, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| self.wrong(column, "blank"))
    }
}
