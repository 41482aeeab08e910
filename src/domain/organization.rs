//! An organization as an administrator enters it.

use entity::enums::OrganizationKind;
use entity::organization::Model;

use crate::domain::form::{self, Given, put, put_text, taken};
use crate::domain::problem::{Path, Problems};
use crate::domain::reference::Reference;
use crate::domain::text::{self, NAME_MAX};

/// What an administrator enters of an organization: all of a new one, or what changes.
#[derive(Clone, Debug, Default)]
pub struct OrganizationForm {
    /// Its own name.
    pub name: Given<String>,
    /// What it is.
    pub kind: Given<OrganizationKind>,
    /// Alpha-3, alpha-2 or M49 code of where its headquarters are.
    pub country: Given<String>,
    /// Its web site.
    pub url: Given<String>,
    /// Not retired.
    pub active: Given<bool>,
}

/// The code of a new organization, where it has the form of one and none has it.
pub fn check_code(code: &str, reference: &Reference, problems: &mut Problems) -> Option<String> {
    let at = Path::Root.field("code");
    let code = text::code(code, &at, problems)?;
    if reference.organizations.contains_key(&code) {
        problems.push(taken("organization", "code", &code, &at));
        return None;
    }
    Some(code)
}

impl OrganizationForm {
    /// Puts into the row what is given, and notes everything that is wrong.
    pub fn apply(&self, row: &mut Model, reference: &Reference, problems: &mut Problems) {
        let Self {
            name,
            kind,
            country,
            url,
            active,
        } = self;
        let at = Path::Root;
        put_text(name, &mut row.name, NAME_MAX, &at.field("name"), problems);
        put(*kind, &mut row.kind, &at.field("kind"), problems);
        if let Some(country) = country {
            let before = row.country_code.as_deref();
            let known = country
                .as_deref()
                .and_then(|code| form::country(code, before, reference, &at.field("country"), problems));
            row.country_code = known;
        }
        if let Some(url) = url {
            row.url = text::url(url.as_deref(), &at.field("url"), problems);
        }
        put(*active, &mut row.active, &at.field("active"), problems);
    }
}
