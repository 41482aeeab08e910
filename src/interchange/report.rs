//! What became of every line of a file, for people and for programs.

use std::io::{self, Write};

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::domain::number::plain;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The column, where it is one.
    pub column: Option<String>,
    /// What is wrong, and where it helps what would be right.
    pub reason: String,
}

impl Fault {
    /// Something wrong with the whole line.
    pub fn whole(reason: impl Into<String>) -> Self {
        Self {
            column: None,
            reason: reason.into(),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.column {
            Some(column) => write!(f, "column {column}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It is a request, or an item of one.
    Loaded,
    /// It is an item of another line's request, whose external id this is.
    Merged(String),
    /// A rule of the mapping leaves it out, for this reason.
    Skipped(String),
    /// It can't be loaded.
    Refused(Vec<Fault>),
    /// It was read and shown, as the mapping wants, and not loaded; the number is of people in need.
    Read(Option<i32>),
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Its number, from 1.
    pub line: u64,
    /// Its request's id in the source, as far as it could be read.
    pub external_id: Option<String>,
    /// Its request's title, as far as it could be read.
    pub title: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// Sums over a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Lines of data.
    pub rows: usize,
    /// Lines that are in a request.
    pub loaded: usize,
    /// Lines that a rule leaves out.
    pub skipped: usize,
    /// Lines that can't be loaded.
    pub refused: usize,
    /// Lines that were only read.
    pub read: usize,
    /// Requests.
    pub requests: usize,
    /// Items of these requests.
    pub items: usize,
    /// US dollars that these items are worth, exactly; items without a unit cost count nothing.
    #[serde(serialize_with = "decimal")]
    pub value_usd: Decimal,
    /// Persons in lines that were only read.
    pub people_in_need: i64,
}

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Sums.
    pub totals: Totals,
    /// Columns that nothing reads.
    pub unread_columns: Vec<String>,
    /// Every line, from the top.
    pub lines: Vec<Line>,
}

fn decimal<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&plain(*value))
}

impl Report {
    /// The report of these lines: puts them in order and counts them. What the requests hold is counted by who makes
    /// them.
    pub fn new(mut lines: Vec<Line>, unread_columns: Vec<String>) -> Self {
        lines.sort_by_key(|line| line.line);
        let mut totals = Totals {
            rows: lines.len(),
            ..Totals::default()
        };
        for line in &lines {
            match &line.outcome {
                Outcome::Loaded | Outcome::Merged(_) => totals.loaded += 1,
                Outcome::Skipped(_) => totals.skipped += 1,
                Outcome::Refused(_) => totals.refused += 1,
                Outcome::Read(people) => {
                    totals.read += 1;
                    totals.people_in_need += i64::from(people.unwrap_or(0));
                }
            }
        }
        Self {
            totals,
            unread_columns,
            lines,
        }
    }

    /// Writes it for people: the sums, and each line that is not simply loaded.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Totals {
            rows,
            loaded,
            skipped,
            refused,
            read,
            requests,
            items,
            value_usd,
            people_in_need,
        } = &self.totals;
        writeln!(
            out,
            "{rows} rows: {loaded} to load, {skipped} skipped, {refused} refused, {read} only read"
        )?;
        if *read > 0 {
            writeln!(out, "{people_in_need} people in need in the rows read")?;
        } else {
            writeln!(out, "{requests} requests, {items} items, {} USD", plain(*value_usd))?;
        }
        if !self.unread_columns.is_empty() {
            writeln!(out, "columns that nothing reads: {}", self.unread_columns.join(", "))?;
        }
        self.lines.iter().try_for_each(|line| line.write(out))
    }
}

impl Line {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let what = match &self.outcome {
            Outcome::Loaded | Outcome::Merged(_) => return Ok(()),
            Outcome::Skipped(reason) => format!("skipped: {reason}"),
            Outcome::Read(Some(people)) => format!("read: {people} people in need"),
            Outcome::Read(None) => "read".into(),
            Outcome::Refused(faults) => {
                let faults: Vec<String> = faults.iter().map(Fault::to_string).collect();
                format!("refused: {}", faults.join("; "))
            }
        };
        match self.title.as_ref().or(self.external_id.as_ref()) {
            Some(name) => writeln!(out, "line {} ({name}): {what}", self.line),
            None => writeln!(out, "line {}: {what}", self.line),
        }
    }
}
