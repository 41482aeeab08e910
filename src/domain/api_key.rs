//! Rules of API keys: what a secret looks like, and whom a key may speak for.

use chrono::{DateTime, Utc};
use entity::enums::Role;

use crate::domain::problem::{Path, ProblemCode, Problems};
use crate::domain::reference::Reference;
use crate::domain::text::{self, NAME_MAX};
use crate::domain::{assistance_request, contribution};

/// What every secret begins with, so that a leaked one is recognised for what it is.
pub const SECRET_PREFIX: &str = "nam_";
/// Characters of a secret that are kept in the clear, to tell keys apart.
pub const PREFIX_LENGTH: usize = 10;

/// Whether a text has the form of a secret: `nam_` and 32 to 128 of `A-Z a-z 0-9 _ -`.
pub fn is_secret(text: &str) -> bool {
    text.strip_prefix(SECRET_PREFIX).is_some_and(|rest| {
        (32..=128).contains(&rest.len())
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    })
}

/// A key as it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiKeyDraft {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub roles: Vec<Role>,
    /// The country it speaks for, by any of its codes.
    pub country: Option<String>,
    /// The organization it speaks for, by code.
    pub organization: Option<String>,
    /// When it stops to work.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key that may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiKey {
    /// What it is for.
    pub name: String,
    /// What it may do, each role once.
    pub roles: Vec<Role>,
    /// The country it speaks for, by alpha-3 code.
    pub country: Option<String>,
    /// The organization it speaks for, by code.
    pub organization: Option<String>,
    /// When it stops to work.
    pub expires_at: Option<DateTime<Utc>>,
}

impl ApiKeyDraft {
    /// The key that may be made of this, by the reference data as they are.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(self, reference: &Reference, now: DateTime<Utc>) -> Result<NewApiKey, Problems> {
        let Self {
            name,
            mut roles,
            country,
            organization,
            expires_at,
        } = self;
        let mut problems = Problems::default();
        let root = Path::Root;
        roles.sort_unstable();
        roles.dedup();
        if roles.is_empty() {
            let message = "A key needs at least one role.";
            problems.add(&root.field("roles"), ProblemCode::Required, message);
        }
        let name = text::required(&name, NAME_MAX, &root.field("name"), &mut problems);
        let country = check_country(country, &roles, reference, &mut problems);
        let organization = check_organization(organization, &roles, reference, &mut problems);
        if expires_at.is_some_and(|at| at <= now) {
            let message = "This moment has passed: a key can only expire in the future.";
            problems.add(&root.field("expiresAt"), ProblemCode::OutOfRange, message);
        }
        let key = name.map(|name| NewApiKey {
            name,
            roles,
            country,
            organization,
            expires_at,
        });
        problems.or_else(key)
    }
}

fn check_country(
    code: Option<String>,
    roles: &[Role],
    reference: &Reference,
    problems: &mut Problems,
) -> Option<String> {
    let at = Path::Root.field("country");
    let Some(code) = code else {
        if roles.contains(&Role::FocalPoint) {
            let message = "A FOCAL_POINT speaks for a country: name it.";
            problems.add(&at, ProblemCode::Required, message);
        }
        return None;
    };
    assistance_request::check_country(&code, reference, &at, problems)
}

fn check_organization(
    code: Option<String>,
    roles: &[Role],
    reference: &Reference,
    problems: &mut Problems,
) -> Option<String> {
    let at = Path::Root.field("organization");
    let Some(code) = code else {
        if roles.contains(&Role::Responder) {
            let message = "A RESPONDER speaks for an organization: name it.";
            problems.add(&at, ProblemCode::Required, message);
        }
        return None;
    };
    contribution::check_organization(&code, reference, &at, problems)
}

#[cfg(test)]
mod tests;
