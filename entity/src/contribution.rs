//! What an organization gives towards an item.

use sea_orm::entity::prelude::*;

use crate::enums::ContributionStatus;

/// One contribution.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contribution")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The request of the item.
    pub request_id: Uuid,
    /// What it is given towards.
    pub item_id: Uuid,
    /// Who gives.
    pub organization_code: String,
    /// Where it stands.
    pub status: ContributionStatus,
    /// How much, in thousandths of the item's unit.
    pub quantity_milli: i64,
    /// Received and accepted, in thousandths.
    pub accepted_milli: i64,
    /// Received and refused, in thousandths.
    pub rejected_milli: i64,
    /// What it costs the contributor, in ten-thousandths of a US dollar.
    pub value_usd_e4: Option<i64>,
    /// The day on which it is expected.
    pub expected_on: Option<Date>,
    /// The day on which it was pledged, or committed without a pledge.
    pub pledged_on: Date,
    /// The day on which its quantity last changed.
    pub resized_on: Option<Date>,
    /// The day on which it was committed.
    pub committed_on: Option<Date>,
    /// The day on which it was shipped.
    pub shipped_on: Option<Date>,
    /// The day on which the last part was received.
    pub delivered_on: Option<Date>,
    /// The day on which it was cancelled.
    pub cancelled_on: Option<Date>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
    /// How to follow the shipment.
    pub tracking_reference: Option<String>,
    /// What else there is to say.
    pub note: Option<String>,
    /// System of record it came from.
    pub source: Option<String>,
    /// Its id there.
    pub external_id: Option<String>,
    /// `source`, folded.
    pub source_folded: Option<String>,
    /// `external_id`, folded.
    pub external_id_folded: Option<String>,
    /// Principal that created it.
    pub created_by: String,
    /// Counts the changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it was last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
