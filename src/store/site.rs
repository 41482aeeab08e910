//! Where the file of an SQLite database stands. Whoever moves, replaces or deletes it under a server leaves that with a file that
//! nobody finds again: what it would acknowledge would be lost, and what is revoked in the file of that name it would not know.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use sea_orm::{DbErr, RuntimeErr};

/// Milliseconds between two looks of those who read.
const SELDOM: u64 = 200;

/// A file, by its name and by what stands there.
#[derive(Debug)]
pub(super) struct Site {
    path: PathBuf,
    mark: Option<Mark>,
    begun: Instant,
    /// Milliseconds from then to the last look.
    looked: AtomicU64,
    is_lost: AtomicBool,
}

/// What tells a file from every other: its device and its number there.
type Mark = (u64, u64);

#[cfg(unix)]
fn mark(path: &Path) -> Option<Mark> {
    use std::os::unix::fs::MetadataExt;
    let about = fs::metadata(path).ok()?;
    Some((about.dev(), about.ino()))
}

/// Elsewhere a file that is open can't be moved or deleted.
#[cfg(not(unix))]
fn mark(path: &Path) -> Option<Mark> {
    fs::metadata(path).ok().map(|_| (0, 0))
}

impl Site {
    /// The file that stands there now.
    pub(super) fn new(path: &Path) -> Self {
        // Whatever becomes of the working directory.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        Self {
            mark: mark(&path),
            path,
            begun: Instant::now(),
            looked: AtomicU64::new(0),
            is_lost: AtomicBool::new(false),
        }
    }

    /// That it still stands there; looks at it each time.
    ///
    /// # Errors
    /// Where it does not.
    pub(super) fn look(&self) -> Result<(), DbErr> {
        let is_lost = mark(&self.path) != self.mark;
        if is_lost != self.is_lost.swap(is_lost, Ordering::Relaxed) {
            match is_lost {
                true => tracing::error!(
                    file = %self.path.display(),
                    "the file of the database was moved, replaced or deleted: nothing is read of it or written any more; put it back, or stop \
                     this server and start it anew"
                ),
                false => tracing::warn!(file = %self.path.display(), "the file of the database is there again"),
            }
        }
        match is_lost {
            true => Err(DbErr::Conn(RuntimeErr::Internal(
                "the file of the database is gone".into(),
            ))),
            false => Ok(()),
        }
    }

    /// The same by what was seen a moment ago.
    ///
    /// # Errors
    /// Where it did not stand there then.
    pub(super) fn glance(&self) -> Result<(), DbErr> {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let looked = self.looked.load(Ordering::Relaxed);
        if now.saturating_sub(looked) < SELDOM && !self.is_lost.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.looked.store(now, Ordering::Relaxed);
        self.look()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_moved_is_missed_and_one_that_comes_back_is_known() {
        let folder = std::env::temp_dir().join(format!("nam-needs-site-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let [here, there] = ["here", "there"].map(|name| folder.join(name));
        fs::write(&here, "1").unwrap();
        let site = Site::new(&here);
        fs::write(&here, "another text").unwrap();
        assert!(site.look().is_ok(), "the same file");
        fs::rename(&here, &there).unwrap();
        assert!(site.look().is_err());
        assert!(site.glance().is_err());
        fs::write(&here, "1").unwrap();
        assert!(site.look().is_err(), "another of that name");
        fs::rename(&there, &here).unwrap();
        assert!(site.glance().is_ok());
        fs::remove_dir_all(&folder).unwrap();
    }
}
