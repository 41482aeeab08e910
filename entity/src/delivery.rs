//! A part of a contribution that was received.

use sea_orm::entity::prelude::*;

/// One delivery.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The contribution that it is a part of.
    pub contribution_id: Uuid,
    /// The day on which it was received.
    pub delivered_on: Date,
    /// Accepted, in thousandths of the item's unit.
    pub accepted_milli: i64,
    /// Refused, in thousandths of the item's unit.
    pub rejected_milli: i64,
    /// Why it was refused.
    pub reject_reason: Option<String>,
    /// What else there is to say.
    pub note: Option<String>,
    /// It was recorded by mistake.
    pub voided: bool,
    /// What the mistake was.
    pub void_reason: Option<String>,
    /// When it was recorded.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
