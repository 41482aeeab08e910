//! What a request that has been verified was from a day on: append-only.

use sea_orm::entity::prelude::*;

use crate::enums::{Priority, RequestStatus};

/// The state of a request from a day on, until the next row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "request_history")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Which request.
    pub request_id: Uuid,
    /// The day on which it became so.
    pub happened_on: Date,
    /// The write that recorded it, as `change.ticket`.
    pub ticket: i64,
    /// When that was recorded.
    pub recorded_at: DateTimeUtc,
    /// Its status from then on.
    pub status: RequestStatus,
    /// Its urgency from then on.
    pub priority: Priority,
    /// Persons, from then on.
    pub people_in_need: Option<i32>,
}

impl ActiveModelBehavior for ActiveModel {}
