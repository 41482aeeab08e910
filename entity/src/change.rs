//! What a write changed of one object: append-only.

use sea_orm::entity::prelude::*;

use crate::enums::Seen;

/// One object changed by one write. Its place in the order of all changes stands in `change_position`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change")]
pub struct Model {
    /// Of the write: drawn once it holds all its locks.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ticket: i64,
    /// Among the changes of the write, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: i32,
    /// When it was written.
    pub at: DateTimeUtc,
    /// Principal that wrote.
    pub actor: String,
    /// What was done, `contribution.committed`.
    pub action: String,
    /// GraphQL type of the object.
    pub subject_type: String,
    /// Its key: a code, or a UUID.
    pub subject_key: String,
    /// The country it belongs to.
    pub country_code: Option<String>,
    /// The organization it belongs to.
    pub organization_code: Option<String>,
    /// The request it is or belongs to.
    pub request_id: Option<Uuid>,
    /// Who could see it before.
    pub seen_before: Seen,
    /// Who can see it after.
    pub seen_after: Seen,
    /// JSON: `[field, before, after]` of each field that changed.
    pub diff: String,
    /// JSON: `[field, value]` of the whole object after, where others see it than before.
    pub whole: Option<String>,
    /// SHA-256 of all the above but the ticket.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
