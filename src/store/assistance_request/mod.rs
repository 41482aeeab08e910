//! Requests: reading them within a reader's rights, and the transactions of their life.

mod create;
mod end;
mod import;
mod read;
mod step;
mod update;
mod write;

pub use create::create;
pub use import::import;
pub(in crate::store) use read::Lookup;
pub use read::{By, OrderBy, OrderField, RequestRow, by_ids, find, matching, page, pages_of_countries, statement};
pub use step::{Approval, StepInput, take, verify};
pub use update::{ItemPatch, RequestPatch, update};
