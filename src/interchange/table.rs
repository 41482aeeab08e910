//! Bytes of a CSV file as a table: columns with header and hashtag, and records that know their line.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder, StringRecord};

use crate::interchange::cell;
use crate::interchange::hxl::{self, Tag};
use crate::interchange::report::Fault;

/// Bytes of the largest file that is read. A whole file is held in memory, because its rules look across lines.
pub const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// Records of the longest file that is read.
pub const MOST_RECORDS: usize = 500_000;
/// Lines above which hashtags are looked for, as the HXL standard says.
const HASHTAGS_WITHIN: usize = 25;

/// What a file holds.
#[derive(Debug)]
pub struct Table {
    /// Its columns, from the left.
    pub columns: Vec<Column>,
    /// Its records, from the top.
    pub records: Vec<Record>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What stands above it; blank where a file has hashtags only.
    pub header: String,
    /// Its hashtag, in files that have them.
    pub tag: Option<Tag>,
}

/// A row of data.
#[derive(Debug)]
pub struct Record {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Why it is no record of these columns. Its cells are then read as far as they go, because others may hang on it.
    pub fault: Option<Fault>,
    cells: StringRecord,
}

/// Why a whole file can't be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The disk or the pipe fails.
    #[error("the file can't be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is too large.
    #[error("the file has more than {MOST_BYTES} bytes (64 MiB): split it, keeping the header in each part")]
    TooLarge,
    /// It is too long.
    #[error("the file has more than {MOST_RECORDS} records: split it, keeping the header in each part")]
    TooLong,
    /// It is in an encoding that a spreadsheet calls Unicode.
    #[error("the file is UTF-16: save it as CSV UTF-8")]
    Utf16,
    /// It has no header.
    #[error("the file is empty: its first line must name the columns")]
    Empty,
    /// Its header can't be read.
    #[error("the header on line {0} is not UTF-8: save the file as CSV UTF-8")]
    Header(u64),
}

impl Column {
    /// What people call it.
    pub fn label(&self) -> String {
        match &self.tag {
            Some(tag) if self.header.is_empty() => tag.to_string(),
            _ => self.header.clone(),
        }
    }
}

impl Record {
    /// What the cell of a column says; none where it says that there is nothing.
    pub fn cell(&self, column: usize) -> Option<&str> {
        cell::present(self.cells.get(column)?)
    }

    /// What all its cells say.
    pub fn said(&self) -> impl Iterator<Item = Option<&str>> {
        self.cells.iter().map(cell::present)
    }
}

impl Table {
    /// Reads a file of at most [`MOST_BYTES`].
    ///
    /// # Errors
    /// Where the whole file is of no use. A line that can't be read is a record with its fault.
    pub fn read(file: impl Read) -> Result<Self, TableError> {
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
        Self::of_bytes(&bytes)
    }

    /// The same for a file that is in memory.
    ///
    /// # Errors
    /// The same.
    pub fn of_bytes(bytes: &[u8]) -> Result<Self, TableError> {
        if bytes.len() as u64 > MOST_BYTES {
            return Err(TableError::TooLarge);
        }
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return Err(TableError::Utf16);
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut rows = rows(bytes)?;
        let columns = columns(&mut rows)?;
        let records = rows.into_iter().filter_map(|row| record(row, &columns)).collect();
        Ok(Self { columns, records })
    }

    /// The column that a mapping calls `name`: a `#hashtag`, or a header in any case. Of several tagged columns the
    /// one with the fewest attributes beyond those asked for.
    pub fn column(&self, name: &str) -> Option<usize> {
        let name = name.trim();
        let by_header = || {
            let mut headers = self.columns.iter();
            headers.position(|column| column.header.to_lowercase() == name.to_lowercase())
        };
        let Some(tag) = Tag::parse(name) else {
            return by_header();
        };
        let tagged = self.columns.iter().enumerate().filter_map(|(index, column)| {
            let found = column.tag.as_ref().filter(|found| tag.asks_for(found))?;
            Some((found.attributes(), index))
        });
        tagged.min().map(|(_, index)| index).or_else(by_header)
    }
}

/// A row as the parser gives it.
struct Row {
    line: u64,
    cells: ByteRecord,
    /// It ends within a quoted cell.
    open: bool,
}

fn rows(bytes: &[u8]) -> Result<Vec<Row>, TableError> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(bytes))
        .from_reader(bytes);
    let mut rows = Vec::new();
    let mut cells = ByteRecord::new();
    let mut lines = Lines::of(bytes);
    while reader
        .read_byte_record(&mut cells)
        .map_err(|error| TableError::Io(error.into()))?
    {
        if rows.len() > MOST_RECORDS {
            return Err(TableError::TooLong);
        }
        let begin = cells.position().map_or(0, csv::Position::byte);
        rows.push(Row {
            line: lines.of_record(usize::try_from(begin).unwrap_or(0)),
            cells: std::mem::take(&mut cells),
            open: false,
        });
    }
    if let Some(last) = rows.last_mut() {
        let begin = last.cells.position().map_or(0, csv::Position::byte);
        let begin = usize::try_from(begin).unwrap_or(0);
        last.open = ends_open(bytes.get(begin..).unwrap_or_default());
    }
    Ok(rows)
}

/// Counts lines as the parser ends records: by a newline, a carriage return, or both. The parser itself counts newlines.
struct Lines<'b> {
    bytes: &'b [u8],
    at: usize,
    line: u64,
}

impl<'b> Lines<'b> {
    const fn of(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, line: 1 }
    }

    /// The line of a record that begins at `begin`, or behind the line ends that stand there: the parser steps over
    /// blank lines. Records are asked for in their order.
    fn of_record(&mut self, begin: usize) -> u64 {
        let mut last = self.at.checked_sub(1).and_then(|at| self.bytes.get(at)).copied();
        while let Some(byte) = self.bytes.get(self.at)
            && (self.at < begin || matches!(byte, b'\r' | b'\n'))
        {
            if *byte == b'\r' || (*byte == b'\n' && last != Some(b'\r')) {
                self.line += 1;
            }
            last = Some(*byte);
            self.at += 1;
        }
        self.line
    }
}

/// Whether a last record runs over several lines with an odd number of quotation marks: one was never closed.
fn ends_open(record: &[u8]) -> bool {
    let quotes = record.iter().filter(|byte| **byte == b'"').count();
    quotes % 2 == 1 && record.trim_ascii().contains(&b'\n')
}

/// What stands most often in the first line that has any of them, outside of quotation marks: a comma, a semicolon or
/// a tab.
fn delimiter(bytes: &[u8]) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in bytes {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted && counts.iter().any(|(_, count)| *count > 0) => break,
            byte if !quoted => {
                if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| delimiter == byte) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
    let [mut best, others @ ..] = counts;
    for other in others {
        if other.1 > best.1 {
            best = other;
        }
    }
    best.0
}

/// Takes the header off the rows: the row of hashtags and the one above it, or else the first.
fn columns(rows: &mut Vec<Row>) -> Result<Vec<Column>, TableError> {
    let tags = rows.iter().take(HASHTAGS_WITHIN).position(|row| tags(row).is_some());
    let (header, end) = match tags {
        Some(at) => (at.checked_sub(1), at + 1),
        None => (Some(0), 1),
    };
    if rows.is_empty() {
        return Err(TableError::Empty);
    }
    let found: Vec<Option<Tag>> = tags
        .and_then(|at| rows.get(at))
        .and_then(self::tags)
        .unwrap_or_default();
    let headers = match header.and_then(|at| rows.get(at)) {
        Some(row) => texts(row)?,
        None => Vec::new(),
    };
    let mut columns: Vec<Column> = (0..headers.len().max(found.len()))
        .map(|at| Column {
            header: headers.get(at).map(|text| text.trim().to_owned()).unwrap_or_default(),
            tag: found.get(at).cloned().flatten(),
        })
        .collect();
    // Columns without header at the right end are what spreadsheets leave behind.
    while columns
        .last()
        .is_some_and(|last| last.header.is_empty() && last.tag.is_none())
    {
        columns.pop();
    }
    rows.drain(..end);
    if columns.is_empty() {
        return Err(TableError::Empty);
    }
    Ok(columns)
}

/// One row as a record; none where all its cells are blank, as spreadsheets leave them.
fn record(row: Row, columns: &[Column]) -> Option<Record> {
    let Row { line, cells, open } = row;
    let (cells, mut fault) = match StringRecord::from_byte_record(cells) {
        Ok(cells) => (cells, None),
        Err(error) => {
            let fault = Fault {
                column: columns.get(error.utf8_error().field()).map(Column::label),
                reason: "this is not UTF-8: save the file as CSV UTF-8".into(),
            };
            let cells = error.into_byte_record();
            let cells = cells.iter().map(String::from_utf8_lossy).collect();
            (cells, Some(fault))
        }
    };
    if cells.iter().all(|cell| cell.trim().is_empty()) {
        return None;
    }
    let width = columns.len();
    let extra = cells.iter().skip(width).any(|cell| !cell.trim().is_empty());
    if cells.len() < width || extra {
        let reason = format!("the line has {} columns, the header {width}", cells.len());
        fault = Some(Fault::whole(reason));
    }
    if open {
        fault = Some(Fault::whole("a quotation mark is opened here and never closed"));
    }
    Some(Record { line, fault, cells })
}

fn tags(row: &Row) -> Option<Vec<Option<Tag>>> {
    hxl::row(texts(row).ok()?.iter().map(String::as_str))
}

fn texts(row: &Row) -> Result<Vec<String>, TableError> {
    row.cells
        .iter()
        .map(|cell| String::from_utf8(cell.to_vec()).map_err(|_| TableError::Header(row.line)))
        .collect()
}

#[cfg(test)]
mod tests;
