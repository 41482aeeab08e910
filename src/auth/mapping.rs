//! From what a token claims to what its holder may do here.

use std::collections::HashMap;

use entity::enums::Role;
use serde_json::{Map, Value};

use crate::auth::token::Refused;
use crate::domain::actor::{Actor, Principal};
use crate::domain::reference::Reference;
use crate::domain::text::{self, NAME_MAX};
use crate::store::api_key;

/// Where the claims stand, and what they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) roles: Place,
    pub(super) country: Place,
    pub(super) organization: Place,
    pub(super) name: Place,
    /// What the issuer's names of roles mean. Where it is empty, our own names mean themselves.
    pub(super) meanings: HashMap<String, Role>,
}

/// The place of a claim: its name, or its way through objects, with points between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place(pub(super) String);

impl Place {
    /// A claim of exactly this name comes first: names of claims may be URLs, with points of their own.
    fn find<'c>(&self, claims: &'c Map<String, Value>) -> Option<&'c Value> {
        claims.get(&self.0).or_else(|| {
            let mut steps = self.0.split('.');
            let first = claims.get(steps.next()?)?;
            steps.try_fold(first, |value, step| value.as_object()?.get(step))
        })
    }

    /// A text that stands there alone, or alone in a list, as issuers write attributes that can have several values.
    fn text<'c>(&self, claims: &'c Map<String, Value>) -> Option<&'c str> {
        match self.find(claims)? {
            Value::Array(all) if all.len() == 1 => all.first()?.as_str(),
            one => one.as_str(),
        }
    }
}

impl Mapping {
    /// The actor. A role that we don't know gives no right, nor does FOCAL_POINT without a country that we know, nor
    /// RESPONDER without an organization that we know.
    ///
    /// # Errors
    /// Where the roles are no list of texts.
    pub(super) fn actor(
        &self,
        claims: &Map<String, Value>,
        principal: Principal,
        reference: &Reference,
    ) -> Result<Actor, Refused> {
        let country = self.country.text(claims).and_then(|code| reference.country(code));
        let organization = self.organization.text(claims);
        let organization = organization.and_then(|code| reference.organizations.get(code));
        let mut actor = Actor {
            principal,
            name: self.name.text(claims).and_then(shown),
            roles: self.roles(claims)?,
            country: country.map(|country| country.row.code.clone()),
            organization: organization.map(|organization| organization.row.code.clone()),
        };
        let (country, organization) = (actor.country.is_some(), actor.organization.is_some());
        actor.roles.retain(|role| match role {
            Role::FocalPoint => country,
            Role::Responder => organization,
            _ => true,
        });
        Ok(actor)
    }

    fn roles(&self, claims: &Map<String, Value>) -> Result<Vec<Role>, Refused> {
        const MALFORMED: Refused = "The token's roles are no list of texts.";
        let names: Vec<&str> = match self.roles.find(claims) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(names)) => names.split_whitespace().collect(),
            Some(Value::Array(names)) => names
                .iter()
                .map(|name| name.as_str().ok_or(MALFORMED))
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(MALFORMED),
        };
        let mut roles: Vec<Role> = names.into_iter().filter_map(|name| self.role(name)).collect();
        roles.sort_unstable();
        roles.dedup();
        Ok(roles)
    }

    fn role(&self, name: &str) -> Option<Role> {
        if self.meanings.is_empty() {
            api_key::role(name)
        } else {
            self.meanings.get(name).copied()
        }
    }
}

/// A name as people can be shown it, where it can.
fn shown(name: &str) -> Option<String> {
    let name = text::canonical(name);
    let fits = !name.is_empty() && name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control);
    fits.then_some(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::fixture::reference;

    fn mapping(roles: &str, meanings: &[(&str, Role)]) -> Mapping {
        let place = |name: &str| Place(name.into());
        Mapping {
            roles: place(roles),
            country: place("country"),
            organization: place("organization"),
            name: place("name"),
            meanings: meanings
                .iter()
                .map(|(name, role)| ((*name).to_owned(), *role))
                .collect(),
        }
    }

    fn actor(mapping: &Mapping, claims: &Value) -> Result<Actor, Refused> {
        mapping.actor(claims.as_object().unwrap(), Principal::Anonymous, &reference())
    }

    fn roles(mapping: &Mapping, claims: &Value) -> Result<Vec<Role>, Refused> {
        actor(mapping, claims).map(|actor| actor.roles)
    }

    #[test]
    fn roles_are_a_text_or_a_list_somewhere() {
        for (place, claims) in [
            ("roles", json!({ "roles": ["READER", "ADMIN", "READER"] })),
            ("roles", json!({ "roles": "ADMIN READER" })),
            (
                "realm_access.roles",
                json!({ "realm_access": { "roles": ["ADMIN", "READER", "EMPEROR"] } }),
            ),
            (
                "https://needs.example/roles",
                json!({ "https://needs.example/roles": ["ADMIN", "READER"] }),
            ),
        ] {
            let outcome = roles(&mapping(place, &[]), &claims);
            assert_eq!(outcome, Ok(vec![Role::Admin, Role::Reader]), "{claims}");
        }
        for claims in [
            json!({}),
            json!({ "roles": null }),
            json!({ "roles": [] }),
            json!({ "roles": ["admin", "Admin", "ADMIN ", "ＡＤＭＩＮ", "ADMIN\u{200b}"] }),
            json!({ "roles": "ADMIN,READER" }),
        ] {
            assert_eq!(roles(&mapping("roles", &[]), &claims), Ok(vec![]), "{claims}");
        }
        for claims in [
            json!({ "roles": { "ADMIN": true } }),
            json!({ "roles": [1] }),
            json!({ "roles": true }),
        ] {
            assert!(roles(&mapping("roles", &[]), &claims).is_err(), "{claims}");
        }
        let through = json!({ "realm_access": ["roles"] });
        assert_eq!(roles(&mapping("realm_access.roles", &[]), &through), Ok(vec![]));
    }

    #[test]
    fn where_roles_are_translated_ours_mean_nothing() {
        let mapping = mapping("roles", &[("nam-desk", Role::Coordinator)]);
        let claims = json!({ "roles": ["ADMIN", "COORDINATOR", "nam-desk"] });
        assert_eq!(roles(&mapping, &claims), Ok(vec![Role::Coordinator]));
    }

    #[test]
    fn who_speaks_for_nobody_that_we_know_has_no_right_from_it() {
        let both = json!(["FOCAL_POINT", "RESPONDER", "READER"]);
        for country in [json!("BGD"), json!("BD"), json!(["050"])] {
            let actor = actor(&mapping("roles", &[]), &json!({ "roles": both, "country": country })).unwrap();
            assert_eq!(actor.country.as_deref(), Some("BGD"));
            assert_eq!(actor.roles, [Role::FocalPoint, Role::Reader]);
        }
        for country in [
            json!("XXX"),
            json!(""),
            json!(["BGD", "KEN"]),
            json!({ "code": "BGD" }),
            json!(50),
        ] {
            let actor = actor(&mapping("roles", &[]), &json!({ "roles": both, "country": country })).unwrap();
            assert_eq!((actor.country, actor.roles), (None, vec![Role::Reader]), "{country}");
        }
    }

    #[test]
    fn a_name_is_one_that_can_be_shown() {
        for (name, outcome) in [
            (json!(" Ada "), Some("Ada")),
            (json!(""), None),
            (json!("a\u{7}"), None),
            (json!("x".repeat(201)), None),
            (json!(1), None),
        ] {
            let actor = actor(&mapping("roles", &[]), &json!({ "name": name })).unwrap();
            assert_eq!(actor.name.as_deref(), outcome, "{name}");
        }
    }
}
