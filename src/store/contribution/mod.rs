//! Contributions and their deliveries: reading them within a reader's rights, and the transactions of their life.

mod create;
mod delivery;
mod hold;
mod import;
mod owners;
mod read;
mod step;
mod update;
mod write;

pub use create::create;
pub use delivery::{NewDelivery, record_delivery, void_delivery};
pub use import::{Delivered, DeliveredOutcome, import_delivered};
pub use owners::{Owner, Owners};
pub use read::{
    By, ContributionRow, DeliveryRow, OrderBy, OrderField, by_ids, deliveries_by_ids, deliveries_of, find, page,
    pages_of,
};
pub use step::{StepInput, take};
pub use update::{ContributionPatch, update};
