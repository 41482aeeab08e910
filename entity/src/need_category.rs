//! A category of needs: reference data, a tree by `parent_code`.

use sea_orm::entity::prelude::*;

use crate::enums::NeedDomain;

/// One category. Its place is its parent, whatever the dots in its code suggest.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "need_category")]
pub struct Model {
    /// Given once, never changed.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// The category above; none for a root.
    pub parent_code: Option<String>,
    /// The kind of need; the same as the parent's.
    pub domain: NeedDomain,
    /// English name.
    pub name: String,
    /// French name.
    pub name_fr: Option<String>,
    /// Spanish name.
    pub name_es: Option<String>,
    /// Arabic name.
    pub name_ar: Option<String>,
    /// What falls under it, in English.
    pub description: Option<String>,
    /// IASC / HXL sector code.
    pub iasc_sector: Option<String>,
    /// Pillar of WHO's COVID-19 response plan, 1 to 10.
    pub who_pillar: Option<i32>,
    /// Place among its siblings.
    pub sort_order: i32,
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
