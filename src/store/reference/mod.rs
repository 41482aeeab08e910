//! Reference data: the snapshot in memory that every read uses, the files it begins with, and what every write of it
//! shares. Each noun's own transactions stand in its file: `country`, `need_category`, `commodity`, `organization`.

mod file;
mod kept;
mod load;
mod sync;
mod table;
mod write;

pub use file::Files;
pub use load::load;
pub use sync::{Counts, SyncReport, sync, sync_files};

pub(super) use kept::Keeping;
pub(super) use write::{at_version, insert, save, write};
