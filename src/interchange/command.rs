//! What the commands `import` and `export` do. The command line only reads arguments and chooses the exit status.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::domain::filter::Filter;
use crate::domain::import::ImportOptions;
use crate::interchange::bound::Bound;
use crate::interchange::export::{self, ExportError, Sheet};
use crate::interchange::field::{FIELDS, Field};
use crate::interchange::import::{Plan, plan};
use crate::interchange::land::{Landing, land};
use crate::interchange::mapping::{Mapping, MappingError};
use crate::interchange::report::Report;
use crate::interchange::table::{MOST_BYTES, Table, TableError};
use crate::store::{Reader, Store};

/// An import as it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// The file; `-` for standard input.
    pub file: PathBuf,
    /// The mapping file; without one the columns must be named or tagged as the export's.
    pub mapping: Option<PathBuf>,
    /// What is said of a field where the file says nothing; templates.
    pub fill: Vec<(Field, String)>,
    /// How it lands.
    pub options: ImportOptions,
    /// Report as JSON.
    pub json: bool,
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A file can't be opened or read, or the report not be written.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// The file is no table.
    #[error("{0}: {1}")]
    Table(String, TableError),
    /// The mapping is none, or of another file.
    #[error("{0}: {1}")]
    Mapping(String, MappingError),
    /// The export ended before its end.
    #[error("{0}")]
    Export(String),
}

impl From<ExportError> for CommandError {
    fn from(error: ExportError) -> Self {
        Self::Export(match error {
            ExportError::Store(error) => error.message(),
            ExportError::Write(error) => error.to_string(),
        })
    }
}

/// What an import comes to, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// Nothing was changed.
    pub dry_run: bool,
    /// What the file holds.
    pub report: Report,
    /// What became of it in the store; none where the mapping wants a report only.
    pub landing: Option<Landing>,
}

impl Imported {
    /// Whether every line was loaded, or left out by a rule of the mapping: otherwise the exit status is 1.
    pub fn is_complete(&self) -> bool {
        let landed = self.landing.as_ref().is_none_or(Landing::is_complete);
        self.report.totals.refused == 0 && landed
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        self.report.write(out)?;
        let Some(landing) = &self.landing else {
            return writeln!(out, "report only: nothing is loaded from this file");
        };
        for failed in &landing.failed {
            let id = failed.external_id.as_deref().unwrap_or_default();
            for (line, fault) in &failed.faults {
                writeln!(out, "line {line} ({id}): failed: {fault}")?;
            }
        }
        let Landing {
            created,
            updated,
            unchanged,
            failed,
            not_tried,
            stopped,
        } = landing;
        let would = if self.dry_run {
            "dry run, nothing was changed; would be "
        } else {
            ""
        };
        let failed = failed.len();
        writeln!(
            out,
            "{would}created {created}, updated {updated}, unchanged {unchanged}, failed {failed}"
        )?;
        match stopped {
            Some(why) => writeln!(
                out,
                "stopped with {not_tried} requests not tried: {why} The same import goes on from there."
            ),
            None => Ok(()),
        }
    }
}

/// Reads `FIELD=TEXT`, as `--fill` takes it.
///
/// # Errors
/// The fields that there are.
pub fn fill(text: &str) -> Result<(Field, String), String> {
    let known = text
        .split_once('=')
        .and_then(|(field, text)| Some((Field::of_header(field)?, text.to_owned())));
    known.ok_or_else(|| {
        let fields: Vec<&str> = FIELDS.iter().map(|named| named.header).collect();
        format!("write FIELD=TEXT, where FIELD is one of {}", fields.join(", "))
    })
}

/// Imports a file. The report goes to `out`, how far it is to `progress`.
///
/// # Errors
/// Where the whole file or its mapping is of no use; what is wrong with a line is in the report.
pub async fn import(
    store: &Store,
    import: &Import,
    out: &mut impl Write,
    progress: &mut (impl Write + Send),
) -> Result<Imported, CommandError> {
    let name = import.file.display().to_string();
    let table = read(&import.file).map_err(|error| CommandError::Table(name.clone(), error))?;
    let bound = bound(import, &table)?;
    let Plan { rows, report } = plan(&table, &bound, &store.reference(), store.rules().items);
    let all = rows.len();
    let landing = if bound.report_only {
        None
    } else {
        let mut told = |done| {
            // Nobody misses an import because nobody watches it.
            let _ = writeln!(progress, "{done} of {all} requests");
        };
        Some(land(store, &rows, import.options, &mut told).await)
    };
    let imported = Imported {
        dry_run: import.options.dry_run,
        report,
        landing,
    };
    let written = if import.json {
        serde_json::to_writer_pretty(&mut *out, &imported)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        imported.write(out)
    };
    written.map_err(|error| CommandError::File("the report".into(), error))?;
    Ok(imported)
}

fn read(file: &Path) -> Result<Table, TableError> {
    if file == Path::new("-") {
        return Table::read(io::stdin().lock());
    }
    let file = std::fs::File::open(file)?;
    if file.metadata()?.len() > MOST_BYTES {
        return Err(TableError::TooLarge);
    }
    Table::read(file)
}

fn bound(import: &Import, table: &Table) -> Result<Bound, CommandError> {
    let Some(path) = &import.mapping else {
        let name = import.file.display().to_string();
        return Bound::own(table, &import.fill).map_err(|error| CommandError::Mapping(name, error));
    };
    let name = path.display().to_string();
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|mut file| file.read_to_string(&mut text))
        .map_err(|error| CommandError::File(name.clone(), error))?;
    Mapping::parse(&text)
        .and_then(|mapping| mapping.bind(table, &import.fill))
        .map_err(|error| CommandError::Mapping(name, error))
}

/// Exports what the reader may see. The file goes to `out`, how far it is to `progress`; gives the number of requests.
///
/// # Errors
/// The store's or the writer's.
pub async fn export(
    reader: &Reader,
    hxl: bool,
    out: impl Write + Send,
    progress: &mut (impl Write + Send),
) -> Result<usize, CommandError> {
    let mut sheet = Sheet::new(out, hxl)?;
    let mut told = |done| {
        let _ = writeln!(progress, "{done} requests");
    };
    Ok(export::export(reader, &Filter::default(), &mut sheet, &mut told).await?)
}
