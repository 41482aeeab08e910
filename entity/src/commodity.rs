//! A commodity: reference data, what an item can ask for by code.

use sea_orm::entity::prelude::*;

/// One commodity.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "commodity")]
pub struct Model {
    /// Given once, never changed.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// The category it belongs to.
    pub category_code: String,
    /// English name.
    pub name: String,
    /// French name.
    pub name_fr: Option<String>,
    /// Spanish name.
    pub name_es: Option<String>,
    /// Arabic name.
    pub name_ar: Option<String>,
    /// What it must be, in English.
    pub specification: Option<String>,
    /// The unit in which it is counted; an item's unit is its commodity's.
    pub unit_code: String,
    /// United Nations Standard Products and Services Code.
    pub unspsc: Option<String>,
    /// Where WHO lists it.
    pub who_reference: Option<String>,
    /// Indicative price of one unit, in ten-thousandths of a US dollar.
    pub indicative_unit_price_e4: Option<i64>,
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
