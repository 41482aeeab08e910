//! What the operator says of tokens, and whether it makes sense.

use std::collections::HashMap;
use std::path::PathBuf;

use entity::enums::Role;
use hyper::Uri;

use crate::auth::claims::Expected;
use crate::auth::mapping::{Mapping, Place};
use crate::store::api_key;

/// Characters of an issuer's URL, at most: it stands in every row that its people write.
const ISSUER_MAX: usize = 255;

/// The settings of signing in by tokens, as they were given.
#[derive(Clone, Debug, Default)]
pub struct TokenSettings {
    /// The issuer's URL; none where no tokens are taken.
    pub issuer: Option<String>,
    /// A token must be for one of them.
    pub audiences: Vec<String>,
    /// File or URL of the issuer's keys; none where the issuer itself says where they are.
    pub jwks: Option<String>,
    /// Claim that names the roles.
    pub roles_claim: String,
    /// What names of roles mean, `NAME=ROLE` each.
    pub roles: Vec<String>,
    /// Claim that names the country.
    pub country_claim: String,
    /// Claim that names the organization.
    pub organization_claim: String,
    /// Claim that names the person.
    pub name_claim: String,
    /// By how much the issuer's clock and ours may differ.
    pub leeway_seconds: u32,
    /// After how long the keys are fetched anew.
    pub refresh_seconds: u32,
}

/// Where an issuer's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// In a file.
    File(PathBuf),
    /// At this address.
    Url(Uri),
    /// Where the document at this address says.
    Discovery { issuer: String, document: Uri },
}

impl TokenSettings {
    /// The settings that mean nothing without an issuer, and are there.
    pub(super) fn check_absent(&self) -> Result<(), String> {
        for (name, given) in [
            ("JWT_AUDIENCE", !self.audiences.is_empty()),
            ("JWT_JWKS", self.jwks.is_some()),
            ("JWT_ROLES", !self.roles.is_empty()),
        ] {
            if given {
                return Err(format!(
                    "{name} is given, but JWT_ISSUER is not: no tokens would be taken"
                ));
            }
        }
        Ok(())
    }

    /// Which tokens of this issuer are taken.
    pub(super) fn expected(&self, issuer: &str) -> Result<Expected, String> {
        address("JWT_ISSUER", issuer)?;
        if issuer.chars().count() > ISSUER_MAX || issuer.contains(['?', '#']) {
            return Err(format!(
                "JWT_ISSUER must have at most {ISSUER_MAX} characters, and neither ? nor #"
            ));
        }
        let audiences = self.audiences.iter().map(|one| one.trim());
        let audiences: Vec<String> = audiences.filter(|one| !one.is_empty()).map(Into::into).collect();
        if audiences.is_empty() {
            return Err(
                "JWT_AUDIENCE must be given with JWT_ISSUER: it says which of its tokens are for this server".into(),
            );
        }
        Ok(Expected {
            issuer: issuer.into(),
            audiences,
            leeway_seconds: self.leeway_seconds.into(),
        })
    }

    /// Where the keys of this issuer are.
    pub(super) fn source(&self, issuer: &str) -> Result<Source, String> {
        match self.jwks.as_deref() {
            Some(url) if url.starts_with("https://") || url.starts_with("http://") => {
                address("JWT_JWKS", url).map(Source::Url)
            }
            Some(file) => Ok(Source::File(file.into())),
            None => {
                let document = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
                Ok(Source::Discovery {
                    issuer: issuer.into(),
                    document: address("JWT_ISSUER", &document)?,
                })
            }
        }
    }

    /// What the claims mean.
    pub(super) fn mapping(&self) -> Result<Mapping, String> {
        let place = |name: &str, claim: &str| {
            if claim.trim().is_empty() {
                return Err(format!("{name} must name a claim"));
            }
            Ok(Place(claim.trim().into()))
        };
        Ok(Mapping {
            roles: place("JWT_ROLES_CLAIM", &self.roles_claim)?,
            country: place("JWT_COUNTRY_CLAIM", &self.country_claim)?,
            organization: place("JWT_ORGANIZATION_CLAIM", &self.organization_claim)?,
            name: place("JWT_NAME_CLAIM", &self.name_claim)?,
            meanings: self.meanings()?,
        })
    }

    fn meanings(&self) -> Result<HashMap<String, Role>, String> {
        let mut meanings = HashMap::new();
        for pair in &self.roles {
            let wrong = || {
                format!("JWT_ROLES: {pair:?} is no NAME=ROLE with ADMIN, COORDINATOR, FOCAL_POINT, RESPONDER or READER")
            };
            let (name, role) = pair.rsplit_once('=').ok_or_else(wrong)?;
            let (name, role) = (name.trim(), api_key::role(role.trim()).ok_or_else(wrong)?);
            if name.is_empty() {
                return Err(wrong());
            }
            if meanings.insert(name.to_owned(), role).is_some() {
                return Err(format!("JWT_ROLES names {name:?} twice"));
            }
        }
        Ok(meanings)
    }
}

/// A URL that keys can be fetched from.
fn address(setting: &str, url: &str) -> Result<Uri, String> {
    let uri: Uri = url.parse().map_err(|_| format!("{setting} is no URL"))?;
    let web = matches!(uri.scheme_str(), Some("https" | "http"));
    if !web || uri.host().is_none_or(str::is_empty) {
        return Err(format!("{setting} must be a URL that begins with https:// or http://"));
    }
    if uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err(format!("{setting} must have no user name or password in it"));
    }
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://id.example/realms/nam";

    fn settings() -> TokenSettings {
        TokenSettings {
            issuer: Some(ISSUER.into()),
            audiences: vec![" needs ".into(), String::new()],
            roles_claim: "realm_access.roles".into(),
            country_claim: "country".into(),
            organization_claim: "organization".into(),
            name_claim: "name".into(),
            ..TokenSettings::default()
        }
    }

    #[test]
    fn keys_are_where_the_operator_or_the_issuer_says() {
        let source = |jwks: Option<&str>| {
            let jwks = jwks.map(Into::into);
            TokenSettings { jwks, ..settings() }.source(ISSUER).unwrap()
        };
        assert_eq!(source(Some("keys.json")), Source::File("keys.json".into()));
        assert_eq!(
            source(Some("http://id/certs")),
            Source::Url(Uri::from_static("http://id/certs"))
        );
        let document = Uri::from_static("https://id.example/realms/nam/.well-known/openid-configuration");
        let issuer = ISSUER.to_owned();
        assert_eq!(source(None), Source::Discovery { issuer, document });
    }

    #[test]
    fn what_is_wrong_is_named() {
        for issuer in [
            "id.example",
            "ftp://id.example",
            "https://",
            "https://u:p@id.example",
            "https://id.example/#a",
            "https://id.example/?a",
        ] {
            assert!(
                settings().expected(issuer).unwrap_err().contains("JWT_ISSUER"),
                "{issuer}"
            );
        }
        assert_eq!(settings().expected(ISSUER).unwrap().audiences, ["needs"]);
        let none = TokenSettings {
            audiences: vec![],
            ..settings()
        };
        assert!(none.expected(ISSUER).unwrap_err().contains("JWT_AUDIENCE"));
        let blank = TokenSettings {
            country_claim: " ".into(),
            ..settings()
        };
        assert!(blank.mapping().unwrap_err().contains("JWT_COUNTRY_CLAIM"));
        assert!(settings().check_absent().unwrap_err().contains("JWT_AUDIENCE"));
    }

    #[test]
    fn names_of_roles_are_translated_to_ours() {
        let with = |pairs: &[&str]| {
            let roles = pairs.iter().map(|pair| (*pair).to_owned()).collect();
            TokenSettings { roles, ..settings() }.meanings()
        };
        let meanings = with(&["a=b=ADMIN", " desk = READER "]).unwrap();
        assert_eq!((meanings["a=b"], meanings["desk"]), (Role::Admin, Role::Reader));
        for bad in [&["ADMIN"][..], &["x=EMPEROR"], &["=ADMIN"], &["x=ADMIN", "x=READER"]] {
            assert!(with(bad).unwrap_err().contains("JWT_ROLES"), "{bad:?}");
        }
    }
}
