//! A State: reference data, keyed by its ISO 3166-1 alpha-3 code.

use sea_orm::entity::prelude::*;

use crate::enums::{IncomeGroup, NamStatus, WhoRegion};

/// One State.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "country")]
pub struct Model {
    /// ISO 3166-1 alpha-3, in capitals.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// ISO 3166-1 alpha-2, in capitals.
    #[sea_orm(unique)]
    pub iso2: String,
    /// UN M49, three digits.
    #[sea_orm(unique)]
    pub m49: String,
    /// Short English name.
    pub name: String,
    /// Short French name.
    pub name_fr: Option<String>,
    /// Short Spanish name.
    pub name_es: Option<String>,
    /// Short Arabic name.
    pub name_ar: Option<String>,
    /// Formal English name.
    pub official_name: Option<String>,
    /// Capital, in English.
    pub capital: Option<String>,
    /// UN M49 region.
    pub un_region: Option<String>,
    /// UN M49 subregion.
    pub un_subregion: Option<String>,
    /// Region of the World Health Organization; none for States that have none.
    pub who_region: Option<WhoRegion>,
    /// World Bank income group; none where not classified.
    pub income_group: Option<IncomeGroup>,
    /// Persons.
    pub population: Option<i32>,
    /// Year of `population`.
    pub population_year: Option<i32>,
    /// Degrees north of a point within the State.
    pub latitude: Option<f64>,
    /// Degrees east of a point within the State.
    pub longitude: Option<f64>,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// Standing in the Movement now.
    pub nam_status: NamStatus,
    /// Standing in the Movement in May 2020.
    pub nam_status_2020: NamStatus,
    /// Year in which the State joined the Movement.
    pub nam_joined_year: Option<i32>,
    /// Not retired.
    pub active: bool,
    /// An administrator changed it: the file no longer overwrites it.
    pub edited: bool,
    /// It stands in, or came from, the file of reference data.
    pub from_file: bool,
    /// Counts the changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it was last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
