//! A credential of a program or a person.

use sea_orm::entity::prelude::*;

/// One API key; of its secret only a hash is kept.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// The first characters of the secret, to tell keys apart.
    pub prefix: String,
    /// SHA-256 of the secret, in hexadecimal digits.
    #[sea_orm(unique)]
    pub secret_hash: String,
    /// Names of the roles, joined by commas.
    pub roles: String,
    /// The country a focal point speaks for.
    pub country_code: Option<String>,
    /// The organization a responder speaks for.
    pub organization_code: Option<String>,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it stops to work.
    pub expires_at: Option<DateTimeUtc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTimeUtc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
