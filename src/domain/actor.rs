//! Who acts: a principal with roles, and whom it speaks for.

use entity::enums::Role;
use uuid::Uuid;

/// What identifies an actor from one request to the next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// Nobody in particular.
    Anonymous,
    /// The holder of an API key.
    Key(Uuid),
    /// The person or program that an issuer of tokens knows by this subject.
    Token {
        /// The issuer's URL, which has no `#`.
        issuer: String,
        /// What the issuer calls it, and nobody else.
        subject: String,
    },
    /// The operator's import of a source.
    Import(String),
    /// The server itself or its operator at the command line.
    System,
}

/// A principal with its roles and whom it speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What identifies it.
    pub principal: Principal,
    /// What people call it.
    pub name: Option<String>,
    /// What it may do; rights add up.
    pub roles: Vec<Role>,
    /// The country that a focal point speaks for, by code.
    pub country: Option<String>,
    /// The organization that a responder speaks for, by code.
    pub organization: Option<String>,
}

impl Actor {
    /// Whoever sends no credential.
    pub const fn anonymous() -> Self {
        Self {
            principal: Principal::Anonymous,
            name: None,
            roles: Vec::new(),
            country: None,
            organization: None,
        }
    }

    /// The server itself or its operator, who may do everything.
    pub fn system() -> Self {
        Self {
            principal: Principal::System,
            name: Some("system".into()),
            roles: vec![Role::Admin],
            country: None,
            organization: None,
        }
    }

    /// The operator's import of `source`.
    pub fn import(source: &str) -> Self {
        Self {
            principal: Principal::Import(source.into()),
            name: Some(format!("import:{source}")),
            ..Self::system()
        }
    }

    /// Whether a credential was given.
    pub const fn is_signed_in(&self) -> bool {
        !matches!(self.principal, Principal::Anonymous)
    }

    /// The text under which rows remember this principal.
    pub fn principal_text(&self) -> String {
        match &self.principal {
            Principal::Anonymous => "anonymous".into(),
            Principal::Key(id) => format!("key:{id}"),
            Principal::Token { issuer, subject } => format!("jwt:{issuer}#{subject}"),
            Principal::Import(source) => format!("import:{source}"),
            Principal::System => "system".into(),
        }
    }
}

#[cfg(test)]
mod tests;
