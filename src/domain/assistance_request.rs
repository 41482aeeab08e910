//! A request as somebody enters it, checked against the rules and the reference data. The mutations and the import of
//! files read the same form, so that both refuse the same things with the same words.

mod item;

use chrono::NaiveDate;
use entity::enums::{Locale, Priority};

use crate::domain::problem::{Path, ProblemCode, Problems};
use crate::domain::reference::Reference;
pub use item::{ItemForm, LeftOut, NewItem, check_items, check_quantity, check_unit_cost, check_value, fixed};

use crate::domain::text::{self, CONTACT_MAX, KEY_MAX, NAME_MAX, TEXT_MAX};

/// The unit of FUNDING.
pub const USD: &str = "USD";

/// A request as it comes in.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestForm {
    /// Alpha-3, alpha-2 or M49 code.
    pub country: String,
    /// One line.
    pub title: String,
    /// The whole story.
    pub description: Option<String>,
    /// Language of title and description.
    pub language: Locale,
    /// How urgent.
    pub priority: Priority,
    /// Persons.
    pub people_in_need: Option<i32>,
    /// Day by which it is needed.
    pub needed_by: Option<NaiveDate>,
    /// Whom to ask.
    pub contact: Option<ContactForm>,
    /// System of record.
    pub source: Option<String>,
    /// Where it can be read there.
    pub source_url: Option<String>,
    /// Its id there.
    pub external_id: Option<String>,
    /// What it asks for.
    pub items: Vec<ItemForm>,
}

/// A contact as it comes in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactForm {
    /// Name.
    pub name: Option<String>,
    /// Function.
    pub role: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
}

/// A request that keeps every rule but those of its country's rights and of uniqueness, which only the store knows.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRequest {
    /// Alpha-3 code.
    pub country: String,
    /// One line.
    pub title: String,
    /// The whole story.
    pub description: Option<String>,
    /// Language of title and description.
    pub language: Locale,
    /// How urgent.
    pub priority: Priority,
    /// Persons.
    pub people_in_need: Option<i32>,
    /// Day by which it is needed.
    pub needed_by: Option<NaiveDate>,
    /// Whom to ask.
    pub contact: Contact,
    /// Where it comes from.
    pub origin: Option<Origin>,
    /// Where it can be read at its source.
    pub source_url: Option<String>,
    /// What it asks for.
    pub items: Vec<NewItem>,
}

/// The id of something in another system.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The system of record.
    pub source: String,
    /// The id there.
    pub external_id: String,
}

/// A contact that keeps the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Name.
    pub name: Option<String>,
    /// Function.
    pub role: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
}

impl RequestForm {
    /// Checks everything at once; `at` is the form's place in the input, `most_items` the bound of its items.
    pub fn check(
        &self,
        reference: &Reference,
        most_items: usize,
        at: &Path<'_>,
        problems: &mut Problems,
    ) -> Option<NewRequest> {
        let country = check_country(&self.country, reference, &at.field("country"), problems);
        let title = text::required(&self.title, NAME_MAX, &at.field("title"), problems);
        let description = text::optional(
            self.description.as_deref(),
            TEXT_MAX,
            &at.field("description"),
            problems,
        );
        let people_in_need = check_people(self.people_in_need, &at.field("peopleInNeed"), problems);
        let contact = self
            .contact
            .as_ref()
            .map(|form| form.check(&at.field("contact"), problems))
            .unwrap_or_default();
        let origin = check_origin(self.source.as_deref(), self.external_id.as_deref(), at, problems);
        let source_url = text::url(self.source_url.as_deref(), &at.field("sourceUrl"), problems);
        let items = check_items(&self.items, reference, most_items, &at.field("items"), problems);
        Some(NewRequest {
            country: country?,
            title: title?,
            description,
            language: self.language,
            priority: self.priority,
            people_in_need,
            needed_by: self.needed_by,
            contact,
            origin,
            source_url,
            items,
        })
    }
}

impl ContactForm {
    /// Checks every field at once.
    pub fn check(&self, at: &Path<'_>, problems: &mut Problems) -> Contact {
        let Self {
            name,
            role,
            email,
            phone,
        } = self;
        let mut field = |value: &Option<String>, field: &str| {
            text::optional(value.as_deref(), CONTACT_MAX, &at.field(field), problems)
        };
        Contact {
            name: field(name, "name"),
            role: field(role, "role"),
            email: field(email, "email"),
            phone: field(phone, "phone"),
        }
    }
}

/// The alpha-3 code of a country that is known and in use.
pub fn check_country(code: &str, reference: &Reference, at: &Path<'_>, problems: &mut Problems) -> Option<String> {
    match reference.country(code) {
        Some(country) if country.row.active => Some(country.row.code.clone()),
        Some(_) => {
            problems.add(at, ProblemCode::Inactive, format!("The country {code} is retired."));
            None
        }
        None => {
            problems.add(at, ProblemCode::NotFound, format!("No country has the code {code}."));
            None
        }
    }
}

/// A number of persons, 0 or more.
pub fn check_people(people: Option<i32>, at: &Path<'_>, problems: &mut Problems) -> Option<i32> {
    if people.is_some_and(|people| people < 0) {
        problems.add(at, ProblemCode::OutOfRange, "People in need are 0 or more.");
        return None;
    }
    people
}

/// Source and external id, which come together or not at all.
pub fn check_origin(
    source: Option<&str>,
    external_id: Option<&str>,
    at: &Path<'_>,
    problems: &mut Problems,
) -> Option<Origin> {
    let source_at = at.field("source");
    let external_at = at.field("externalId");
    match (source, external_id) {
        (None, None) => None,
        (Some(_), None) => {
            problems.add(
                &external_at,
                ProblemCode::Required,
                "source and externalId come together.",
            );
            None
        }
        (None, Some(_)) => {
            problems.add(
                &source_at,
                ProblemCode::Required,
                "source and externalId come together.",
            );
            None
        }
        (Some(source), Some(external_id)) => {
            let source = text::required(source, KEY_MAX, &source_at, problems);
            let external_id = text::required(external_id, KEY_MAX, &external_at, problems);
            Some(Origin {
                source: source?,
                external_id: external_id?,
            })
        }
    }
}

#[cfg(test)]
mod tests;
