//! An SQLite database as one file: copied while servers write to it, and put back. PostgreSQL has ways of its own
//! (`docs/operations.md`).
//!
//! A copy is made under another name in the folder where it shall lie, checked, flushed to the disk, and only then given its
//! name: what has the name is whole. For commands only: files are read and written without giving way to other tasks.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, SqlxSqliteConnector, Statement};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::error::Error;
use crate::store::change::{self, Verified};
use crate::store::leash::Leashes;
use crate::store::sent::Limits;
use crate::store::{Clock, Rules, Store, Ways};

/// What SQLite keeps beside a database that is open, or that was not closed.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Why there is no copy. Nothing that was there before was changed.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The database is of another kind.
    #[error(
        "DATABASE_URL names no SQLite file. PostgreSQL has its own tools: pg_basebackup with an archive of its log for any \
         point in time, or pg_dump; docs/operations.md, Backup and restore, says how"
    )]
    NotSqlite,
    /// There is nothing to copy.
    #[error("{0} is no file: there is nothing to copy")]
    Absent(PathBuf),
    /// Something has the name already.
    #[error("{0} is there already, and nothing is overwritten: name another file, or move that one away")]
    Exists(PathBuf),
    /// The file is, or was, a database in use.
    #[error(
        "{0} is there: the database beside it is in use, or was not closed. Stop its servers, and move it away with it"
    )]
    Open(PathBuf),
    /// What should be copied is a database in use, of which a mere copy would be torn.
    #[error("{0} is there: the database beside it is in use, or was not closed. Copy it by nam-needs backup")]
    InUse(PathBuf),
    /// The file can't be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The database can't be copied, or the copy is not what it should be.
    #[error("the copy of {0} is not whole, and was thrown away: {1}")]
    Unsound(PathBuf, String),
}

/// The file of an SQLite database.
///
/// # Errors
/// Where the URL is of another kind of database.
pub fn file(url: &str) -> Result<PathBuf, CopyError> {
    if !url.starts_with("sqlite:") {
        return Err(CopyError::NotSqlite);
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|_| CopyError::NotSqlite)?;
    Ok(options.get_filename().to_owned())
}

/// The same path where a file is there.
///
/// # Errors
/// Where there is none.
pub fn existing(file: &Path) -> Result<PathBuf, CopyError> {
    if file.is_file() {
        return Ok(file.to_owned());
    }
    Err(CopyError::Absent(file.to_owned()))
}

/// Copies the database, whose file is `from`, to `to`, as it is at one moment after this is called. Nobody who reads or writes
/// meanwhile has to wait; what they write stays in the log until the copy is done.
///
/// # Errors
/// Where `to` is there, its folder can't be written, the disk is full, or the copy is not sound.
pub async fn backup(store: &Store, from: &Path, to: &Path) -> Result<Verified, CopyError> {
    let copy = Partial::begin(to)?;
    let unsound = |why: String| CopyError::Unsound(from.to_owned(), why);
    let name = copy.path.to_str();
    let name = name.ok_or_else(|| unsound("the name of its file is not UTF-8".into()))?;
    // It keeps the row numbers, by which the search finds its rows: `VACUUM` alone would not.
    let copied = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [name.into()]);
    let copied = store.0.write.execute_raw(copied).await;
    copied.map_err(|fault| unsound(fault.to_string()))?;
    // Who may not read the database may not read its copy.
    let rights = fs::metadata(from).map_err(|fault| CopyError::File(from.to_owned(), fault))?;
    let set = fs::set_permissions(&copy.path, rights.permissions());
    set.map_err(|fault| CopyError::File(copy.path.clone(), fault))?;
    copy.finish(from, store.rules()).await
}

/// Makes the database `to` from the copy `from`.
///
/// # Errors
/// Where `to` is there or may be in use, `from` is in use or not sound, or the disk is full.
pub async fn restore(from: &Path, to: &Path, rules: Rules) -> Result<Verified, CopyError> {
    existing(from)?;
    if let Some(open) = beside(from) {
        return Err(CopyError::InUse(open));
    }
    if let Some(open) = beside(to) {
        return Err(CopyError::Open(open));
    }
    let copy = Partial::begin(to)?;
    let copied = || {
        let mut source = File::open(from)?;
        let mut target = OpenOptions::new().write(true).open(&copy.path)?;
        io::copy(&mut source, &mut target)
    };
    copied().map_err(|fault| CopyError::File(copy.path.clone(), fault))?;
    copy.finish(from, rules).await
}

/// What SQLite keeps beside this database, if anything.
fn beside(database: &Path) -> Option<PathBuf> {
    let mut names = BESIDE.into_iter().map(|end| with_end(database, end));
    names.find(|name| name.exists())
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// A copy that does not have its name yet. Dropped before that, it is removed.
struct Partial {
    path: PathBuf,
    name: PathBuf,
}

impl Drop for Partial {
    fn drop(&mut self) {
        // It has its name now, or nothing can be done about it any more.
        let _ = fs::remove_file(&self.path);
    }
}

impl Partial {
    fn begin(name: &Path) -> Result<Self, CopyError> {
        // An absolute path is never taken for a URL.
        let name = std::path::absolute(name).map_err(|fault| CopyError::File(name.to_owned(), fault))?;
        if fs::symlink_metadata(&name).is_ok() {
            return Err(CopyError::Exists(name));
        }
        let path = with_end(&name, ".partial");
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(_) => Ok(Self { path, name }),
            // Of another run, which may still be at it, or was killed.
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => Err(CopyError::Exists(path)),
            Err(fault) => Err(CopyError::File(path, fault)),
        }
    }

    /// Checks it, flushes it, and gives it its name; `from` is what it is a copy of.
    async fn finish(self, from: &Path, rules: Rules) -> Result<Verified, CopyError> {
        let verified = verify(&self.path, rules).await;
        let verified = verified.map_err(|why| CopyError::Unsound(from.to_owned(), why))?;
        let placed = self.flush().and_then(|()| self.place());
        match placed {
            Ok(()) => Ok(verified),
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => Err(CopyError::Exists(self.name.clone())),
            Err(fault) => Err(CopyError::File(self.name.clone(), fault)),
        }
    }

    fn flush(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn place(&self) -> io::Result<()> {
        match fs::hard_link(&self.path, &self.name) {
            Ok(()) => fs::remove_file(&self.path)?,
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => return Err(fault),
            // A file system without links: what came to have the name in the last moment would be lost.
            Err(_) if fs::symlink_metadata(&self.name).is_ok() => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(&self.path, &self.name)?,
        }
        let folder = self.name.parent().unwrap_or(Path::new("/"));
        File::open(folder)?.sync_all()
    }
}

/// Each page, each reference from row to row, each link of the ledger. Writes nothing, not even beside the file.
async fn verify(file: &Path, rules: Rules) -> Result<Verified, String> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .immutable(true);
    let open = || {
        SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
    };
    let [pool, leashed] = [open().await, open().await].map(|pool| pool.map_err(|fault| fault.to_string()));
    let (pool, leashed) = (pool?, leashed?);
    let sound = check_pages(&pool).await;
    let database = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
    let limits = Limits {
        statement: None,
        patience: Duration::MAX,
        slow: Duration::MAX,
    };
    let ways = Ways::Sqlite(Leashes::new(leashed, limits, None, Arc::default()));
    let pools = [database.clone(), database];
    let store = Store::new(pools, ways, Arc::default(), Arc::default(), Clock::System, rules);
    let verified = match sound {
        Ok(()) => check_ledger(&store).await,
        Err(why) => Err(why),
    };
    store.close().await;
    verified
}

async fn check_pages(pool: &SqlitePool) -> Result<(), String> {
    let fault = |fault: sqlx::Error| fault.to_string();
    let told: Vec<(String,)> = sqlx::query_as("PRAGMA integrity_check(3)")
        .fetch_all(pool)
        .await
        .map_err(fault)?;
    if !matches!(&*told, [(one,)] if one == "ok") {
        let told: Vec<String> = told.into_iter().map(|(one,)| one).collect();
        return Err(told.join("; "));
    }
    let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_optional(pool).await;
    match dangling.map_err(fault)? {
        Some(_) => Err("a row names one that is not there".into()),
        None => Ok(()),
    }
}

async fn check_ledger(store: &Store) -> Result<Verified, String> {
    let fault = |error: Error| match error {
        Error::Internal(cause) => cause.to_string(),
        other => other.message(),
    };
    let steps = store.applied_steps().await;
    steps.map_err(|error| format!("it is no database of NAM Needs: {}", fault(error)))?;
    match change::verify(store, None).await.map_err(fault)? {
        Ok(verified) => Ok(verified),
        Err(broken) => Err(format!(
            "its ledger is broken at change {}: {}",
            broken.sequence, broken.why
        )),
    }
}
