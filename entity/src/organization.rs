//! An organization: reference data, who gives assistance.

use sea_orm::entity::prelude::*;

use crate::enums::OrganizationKind;

/// One organization.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organization")]
pub struct Model {
    /// Given once, never changed.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Its own name.
    pub name: String,
    /// What it is.
    pub kind: OrganizationKind,
    /// Where its headquarters are.
    pub country_code: Option<String>,
    /// Its web site.
    pub url: Option<String>,
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
