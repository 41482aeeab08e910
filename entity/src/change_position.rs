//! The place of a change in the order of all changes: append-only.

use sea_orm::entity::prelude::*;

/// One link of the chain.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change_position")]
pub struct Model {
    /// 1, 2, 3 … without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// Ticket of the change.
    pub ticket: i64,
    /// Ordinal of the change.
    pub ordinal: i32,
    /// When it came to its place; never earlier than the one before.
    pub at: DateTimeUtc,
    /// SHA-256 of the hash before, the sequence, the time in microseconds and the change's digest.
    pub hash: Vec<u8>,
    /// Every write with a ticket up to this one has ended, and what it changed stands here. On the last row of a batch.
    pub floor: Option<i64>,
    /// The last ticket drawn before the batch, and a number above those of all transactions that had drawn one.
    pub drawn: Option<i64>,
    /// See `drawn`.
    pub drawn_by: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
