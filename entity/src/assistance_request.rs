//! A country's request for assistance.

use sea_orm::entity::prelude::*;

use crate::enums::{Locale, Priority, RequestStatus};

/// One request; what it asks for stands in its items.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assistance_request")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `ISO3-YEAR-NNNNNN`, minted at creation.
    #[sea_orm(unique)]
    pub reference: String,
    /// The country that asks.
    pub country_code: String,
    /// One line.
    pub title: String,
    /// `title`, folded.
    pub title_folded: String,
    /// The whole story.
    pub description: Option<String>,
    /// Title and description, folded, for matching.
    pub text_folded: String,
    /// The different words of title and description, folded, for search.
    pub words_folded: String,
    /// Language of title and description.
    pub language: Locale,
    /// How urgent.
    pub priority: Priority,
    /// Where it stands.
    pub status: RequestStatus,
    /// Why it stands there.
    pub status_reason: Option<String>,
    /// Persons.
    pub people_in_need: Option<i32>,
    /// The day by which it is needed.
    pub needed_by: Option<Date>,
    /// Whom to ask: name.
    pub contact_name: Option<String>,
    /// Whom to ask: function.
    pub contact_role: Option<String>,
    /// Whom to ask: e-mail address.
    pub contact_email: Option<String>,
    /// Whom to ask: telephone number.
    pub contact_phone: Option<String>,
    /// System of record it came from.
    pub source: Option<String>,
    /// `source`, folded.
    pub source_folded: Option<String>,
    /// `external_id`, folded.
    pub external_id_folded: Option<String>,
    /// Where it can be read there.
    pub source_url: Option<String>,
    /// Its id there.
    pub external_id: Option<String>,
    /// When the country last said that the need still stands.
    pub confirmed_at: DateTimeUtc,
    /// Principal that created it.
    pub created_by: String,
    /// Principal that last submitted it.
    pub submitted_by: Option<String>,
    /// Counts the changes of its own and its items' entered fields, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When its own or its items' entered fields last changed.
    pub updated_at: DateTimeUtc,
    /// When it was last submitted.
    pub submitted_at: Option<DateTimeUtc>,
    /// When it was first verified; from then on everybody may see it.
    pub verified_at: Option<DateTimeUtc>,
    /// When it was closed.
    pub closed_at: Option<DateTimeUtc>,
    /// What it asks for.
    #[sea_orm(has_many)]
    pub items: HasMany<super::request_item::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
