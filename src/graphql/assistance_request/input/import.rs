//! What an import of requests is given.

use async_graphql::InputObject;
use entity::enums::{Locale, Priority};

use crate::domain::assistance_request::RequestForm;
use crate::domain::import::ImportForm;
use crate::graphql::assistance_request::input::{ContactInput, RequestItemInput};
use crate::graphql::idempotency::Idempotency;
use crate::graphql::scalar::{CountryCode, Date};

/// Many requests of one source.
#[derive(InputObject, Clone, Debug)]
pub struct ImportAssistanceRequestsInput {
    /// System of record that they come from.
    pub source: String,
    /// Up to 2,000 requests.
    pub rows: Vec<ImportAssistanceRequestRow>,
    /// Hand in what is new, or still being edited.
    #[graphql(default = false)]
    pub submit: bool,
    /// Tell what would happen, and change nothing.
    #[graphql(default = false)]
    pub dry_run: bool,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// One request of an import: all that its source says of it. What a row leaves out is cleared on a request that is there
/// already, where it may still be changed; the contact alone stays.
#[derive(InputObject, Clone, Debug)]
pub struct ImportAssistanceRequestRow {
    /// Its id in the source: what makes it new or known.
    external_id: String,
    /// Where it can be read there.
    source_url: Option<String>,
    /// Day on which the source last said that the need stands; today where left out.
    confirmed_on: Option<Date>,
    /// Language of title and description.
    #[graphql(default_with = "Locale::En")]
    language: Locale,
    /// The country that asks.
    country: CountryCode,
    /// One line that says what is needed.
    title: String,
    /// The whole story.
    description: Option<String>,
    /// How urgent.
    priority: Priority,
    /// How many persons are in need.
    people_in_need: Option<i32>,
    /// The day by which it is needed.
    needed_by: Option<Date>,
    /// Whom to ask; where left out, whoever was named before.
    contact: Option<ContactInput>,
    /// What is asked for. On a request still being edited, matched by externalId, else replaced.
    items: Vec<RequestItemInput>,
}

impl ImportAssistanceRequestRow {
    /// The form to be checked, as one of `source`.
    pub fn form(self, source: &str) -> ImportForm {
        let Self {
            external_id,
            source_url,
            confirmed_on,
            language,
            country,
            title,
            description,
            priority,
            people_in_need,
            needed_by,
            contact,
            items,
        } = self;
        ImportForm {
            form: RequestForm {
                country: country.0,
                title,
                description,
                language,
                priority,
                people_in_need,
                needed_by: needed_by.map(|date| date.0),
                contact: contact.map(ContactInput::form),
                source: Some(source.into()),
                source_url,
                external_id: Some(external_id),
                items: items.into_iter().map(RequestItemInput::form).collect(),
            },
            confirmed_on: confirmed_on.map(|date| date.0),
            verified_on: None,
        }
    }
}
