//! API keys: minting, listing and revoking them, and finding the one that a secret belongs to. Of a secret only its
//! hash is kept.

mod known;
mod read;
mod write;

pub(in crate::store) use known::Keys;
pub use known::Known;

pub use read::{by_ids, by_secret, list, page};
pub use write::{create, first, revoke, used};

use chrono::{DateTime, Utc};
use entity::api_key as ak;
use entity::enums::Role;
use sea_orm::{ActiveEnum, DbErr, Iterable, QueryResult};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// A key as everybody but its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub roles: Vec<Role>,
    /// The country it speaks for, by code.
    pub country: Option<String>,
    /// The organization it speaks for, by code.
    pub organization: Option<String>,
    /// The first characters of its secret.
    pub prefix: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stops to work.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// What is selected to read one.
    const COLUMNS: [ak::Column; 10] = [
        ak::Column::Id,
        ak::Column::Name,
        ak::Column::Roles,
        ak::Column::CountryCode,
        ak::Column::OrganizationCode,
        ak::Column::Prefix,
        ak::Column::CreatedAt,
        ak::Column::ExpiresAt,
        ak::Column::LastUsedAt,
        ak::Column::RevokedAt,
    ];

    /// Reads a row whose first columns are those.
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get_by_index(0)?,
            name: row.try_get_by_index(1)?,
            roles: roles_of(&row.try_get_by_index::<String>(2)?),
            country: row.try_get_by_index(3)?,
            organization: row.try_get_by_index(4)?,
            prefix: row.try_get_by_index(5)?,
            created_at: row.try_get_by_index(6)?,
            expires_at: row.try_get_by_index(7)?,
            last_used_at: row.try_get_by_index(8)?,
            revoked_at: row.try_get_by_index(9)?,
        })
    }
}

impl From<ak::Model> for ApiKey {
    fn from(model: ak::Model) -> Self {
        Self {
            id: model.id,
            roles: roles_of(&model.roles),
            name: model.name,
            country: model.country_code,
            organization: model.organization_code,
            prefix: model.prefix,
            created_at: model.created_at,
            expires_at: model.expires_at,
            last_used_at: model.last_used_at,
            revoked_at: model.revoked_at,
        }
    }
}

/// The role of this name, as clients and the database write it.
pub fn role(name: &str) -> Option<Role> {
    Role::iter().find(|role| role.to_value() == name)
}

/// The names of these roles.
pub fn role_names(roles: &[Role]) -> Vec<String> {
    roles.iter().map(ActiveEnum::to_value).collect()
}

/// A name that no role has gives no right.
fn roles_of(names: &str) -> Vec<Role> {
    names.split(',').filter_map(role).collect()
}

/// The hash of a secret.
type Digest = [u8; 32];

/// The hash of a secret. It has 256 random bits, so that a plain hash is enough and one lookup finds it.
fn digest(secret: &str) -> Digest {
    Sha256::digest(secret).into()
}

/// What is kept of a secret.
fn hash(digest: Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_survive_their_column() {
        let all: Vec<Role> = Role::iter().collect();
        assert_eq!(roles_of(&role_names(&all).join(",")), all);
        assert_eq!(roles_of("EMPEROR,READER"), [Role::Reader]);
        assert_eq!(role("admin"), None);
    }

    #[test]
    fn a_hash_is_sha_256_in_hexadecimal_digits() {
        assert_eq!(
            hash(digest("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
