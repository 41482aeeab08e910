//! The real figures that the binary carries: the requirements of response plans, and the forecast of protective
//! equipment. Where they come from stands in `data/real/SOURCES.md` and in each request's source and description.

use crate::domain::import::ImportOptions;
use crate::domain::reference::Reference;
use crate::interchange::import::{Plan, plan};
use crate::interchange::land::{Landing, land};
use crate::interchange::mapping::{Mapping, MappingError};
use crate::interchange::table::{Table, TableError};
use crate::store::Store;

/// A bundled file with its mapping.
#[derive(Debug)]
pub struct Figures {
    /// What it is called in messages.
    pub name: &'static str,
    csv: &'static [u8],
    mapping: &'static str,
}

/// Requirements of response plans as published by OCHA FTS on 21 October 2020.
pub const PLANS: Figures = Figures {
    name: "requirements of response plans",
    csv: include_bytes!("../../data/real/ghrp_country_plan_requirements_2020-10-21.csv"),
    mapping: include_str!("../../data/real/ghrp_country_plan_requirements_2020-10-21.mapping.toml"),
};

/// A forecast of 30 days of protective equipment, computed from WHO's tool.
pub const FORECAST: Figures = Figures {
    name: "forecast of protective equipment",
    csv: include_bytes!("../../data/real/derived_nam_ppe_needs_30d.csv"),
    mapping: include_str!("../../data/real/derived_nam_ppe_needs_30d.mapping.toml"),
};

/// People in need per plan, 2022: read and reported, never loaded.
pub const PEOPLE_IN_NEED: Figures = Figures {
    name: "people in need per plan",
    csv: include_bytes!("../../data/real/interagency_response_plans_2022_pin_hxl.csv"),
    mapping: include_str!("../../data/real/interagency_response_plans_2022_pin_hxl.mapping.toml"),
};

/// Why bundled figures were not loaded.
#[derive(Debug, thiserror::Error)]
pub enum FiguresError {
    /// The file can't be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Its mapping does not fit.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The store refused some.
    #[error("{name}: {failed} requests were refused, {not_tried} not tried. {why}")]
    Incomplete {
        /// Which figures.
        name: &'static str,
        /// How many the store refused.
        failed: usize,
        /// How many were not tried.
        not_tried: usize,
        /// What stopped it, or what was wrong with the first one.
        why: String,
    },
}

impl Figures {
    /// What the file comes to; pure.
    ///
    /// # Errors
    /// None as long as file and mapping are the ones that were tested.
    pub fn plan(&self, reference: &Reference, most_items: usize) -> Result<Plan, FiguresError> {
        let table = Table::of_bytes(self.csv)?;
        let bound = Mapping::parse(self.mapping)?.bind(&table, &[])?;
        Ok(plan(&table, &bound, reference, most_items))
    }
}

/// Loads plans and forecast as VERIFIED requests of their sources. Loading them again changes nothing.
///
/// # Errors
/// Where any request did not land; the others did.
pub async fn load(store: &Store) -> Result<Vec<Landing>, FiguresError> {
    let options = ImportOptions {
        verified: true,
        ..ImportOptions::default()
    };
    let mut landings = Vec::new();
    for figures in [&PLANS, &FORECAST] {
        let plan = figures.plan(&store.reference(), store.rules().items)?;
        let landing = land(store, &plan.rows, options, &mut |_| {}).await;
        if !landing.is_complete() {
            let first = landing.failed.first().and_then(|failed| failed.faults.first());
            let why = landing.stopped.clone().or(first.map(|(_, fault)| fault.to_string()));
            return Err(FiguresError::Incomplete {
                name: figures.name,
                failed: landing.failed.len(),
                not_tried: landing.not_tried,
                why: why.unwrap_or_default(),
            });
        }
        landings.push(landing);
    }
    Ok(landings)
}
