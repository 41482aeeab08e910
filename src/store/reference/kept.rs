//! What every noun of reference data has beside its own columns.

use crate::store::change::Recorded;
use chrono::{DateTime, Utc};
use entity::{commodity, country, need_category, organization};
use sea_orm::{ActiveModelBehavior, ActiveModelTrait, IntoActiveModel, ModelTrait};

/// Whether a row is in use, who keeps it, and its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Keeping {
    /// Not retired.
    pub active: bool,
    /// An administrator keeps it, and no longer the file.
    pub edited: bool,
    /// It came from the file.
    pub from_file: bool,
    /// Counts the changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl Keeping {
    /// A new row of the file.
    pub const fn of_file(now: DateTime<Utc>) -> Self {
        Self {
            active: true,
            edited: false,
            from_file: true,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// A new row of an administrator.
    pub const fn of_administrator(now: DateTime<Utc>) -> Self {
        Self {
            edited: true,
            from_file: false,
            ..Self::of_file(now)
        }
    }

    /// The same after one more change.
    pub const fn changed(self, now: DateTime<Utc>) -> Self {
        Self {
            version: self.version + 1,
            updated_at: now,
            ..self
        }
    }
}

/// A row of reference data.
pub(in crate::store) trait Kept: ModelTrait + PartialEq + Sync + Recorded {
    /// The row on its way into the table.
    type Active: ActiveModelTrait<Entity = Self::Entity> + ActiveModelBehavior + Send;

    /// Every column, to be written.
    fn whole(self) -> Self::Active;
    /// Its key.
    fn code(&self) -> &str;
    /// Who keeps it, and its version.
    fn keeping(&self) -> Keeping;
    /// The same row, kept so.
    fn kept(self, keeping: Keeping) -> Self;
}

macro_rules! kept {
    ($($noun:ident),*) => {
        $(impl Kept for $noun::Model {
            type Active = $noun::ActiveModel;

            fn whole(self) -> Self::Active {
                self.into_active_model().reset_all()
            }

            fn code(&self) -> &str {
                &self.code
            }

            fn keeping(&self) -> Keeping {
                Keeping {
                    active: self.active,
                    edited: self.edited,
                    from_file: self.from_file,
                    version: self.version,
                    created_at: self.created_at,
                    updated_at: self.updated_at,
                }
            }

            fn kept(self, keeping: Keeping) -> Self {
                let Keeping { active, edited, from_file, version, created_at, updated_at } = keeping;
                Self { active, edited, from_file, version, created_at, updated_at, ..self }
            }
        })*
    };
}
kept!(country, need_category, commodity, organization);
