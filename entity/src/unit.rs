//! A unit of measure: reference data, keyed by a code of our own.

use sea_orm::entity::prelude::*;

/// One unit.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "unit")]
pub struct Model {
    /// Our own code, unique: UNECE codes are shared by unlike things.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// UNECE Recommendation 20 or 21 code, where there is one.
    pub unece: Option<String>,
    /// English label.
    pub label: String,
    /// French label.
    pub label_fr: Option<String>,
    /// Spanish label.
    pub label_es: Option<String>,
    /// Arabic label.
    pub label_ar: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
