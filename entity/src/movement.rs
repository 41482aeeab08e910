//! A change of an item's figures: append-only.

use sea_orm::entity::prelude::*;

/// Signed differences of an item's figures, in thousandths of its unit. The figures are the running sums.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "movement")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose figures.
    pub item_id: Uuid,
    /// What moved them; none where it was the request.
    pub contribution_id: Option<Uuid>,
    /// The day on which it happened.
    pub happened_on: Date,
    /// The write that recorded it, as `change.ticket`.
    pub ticket: i64,
    /// When it was recorded.
    pub recorded_at: DateTimeUtc,
    /// Of the base.
    pub requested_milli: i64,
    /// Of the open pledges.
    pub pledged_milli: i64,
    /// Of what is committed and not yet shipped.
    pub committed_milli: i64,
    /// Of what is shipped and not yet received.
    pub in_transit_milli: i64,
    /// Of what was received and accepted.
    pub delivered_milli: i64,
    /// Of what a donor can still take.
    pub uncovered_milli: i64,
    /// Of what is not yet in hands.
    pub unmet_milli: i64,
}

impl ActiveModelBehavior for ActiveModel {}
