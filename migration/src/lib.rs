//! The steps that build the database, one file a step, each with its way back.
//!
//! Law of the room: a step names tables and columns by their texts, so that it stays what it was when the entities
//! move on; neither `store` nor `graphql` is named here. Reference data are no step: they are files, synced at start.

pub use sea_orm_migration::{MigrationStatus, MigrationTrait, MigratorTrait, sea_orm::DbErr};

mod column;
mod grant;
mod m20261123_000001_reference_data;
mod m20261123_000002_assistance_request;
mod m20261123_000003_api_key;
mod m20261123_000004_contribution;
mod m20261123_000010_search;
mod m20261123_000011_order;
mod m20261125_000020_idempotency;
mod m20261125_000021_change;
mod m20261125_000030_wall;
mod m20261127_000040_runs;
mod m20261127_000050_quiet;
mod m20261127_000060_planned;
mod m20261128_000070_triage;
mod m20261128_000080_replaced;
mod run;

pub use run::{Direction, Ran, RunError, State, Step, Target};

/// All steps, in their order.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_reference_data::Migration),
            Box::new(m20261123_000002_assistance_request::Migration),
            Box::new(m20261123_000003_api_key::Migration),
            Box::new(m20261123_000004_contribution::Migration),
            Box::new(m20261123_000010_search::Migration),
            Box::new(m20261123_000011_order::Migration),
            Box::new(m20261125_000020_idempotency::Migration),
            Box::new(m20261125_000021_change::Migration),
            Box::new(m20261125_000030_wall::Migration),
            Box::new(m20261127_000040_runs::Migration),
            Box::new(m20261127_000050_quiet::Migration),
            Box::new(m20261127_000060_planned::Migration),
            Box::new(m20261128_000070_triage::Migration),
            Box::new(m20261128_000080_replaced::Migration),
        ]
    }
}
