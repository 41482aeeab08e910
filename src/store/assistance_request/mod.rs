//! Requests: reading them within a reader's rights, and the transactions of their life.

mod create;
mod end;
mod find;
mod import;
mod read;
mod step;
mod update;
mod write;

pub(in crate::store) use create::of_origin;
pub use create::{check_country, create, no_items};
pub(in crate::store) use find::Lookup;
pub use find::{By, find, find_with_items, goes_with_items};
pub use import::import;
pub use read::{OrderBy, OrderField, RequestRow, by_ids, matching, page, pages_of_countries, statement};
pub use step::{Approval, StepInput, take, verify};
pub use update::{ItemPatch, RequestPatch, update};
