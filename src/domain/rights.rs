//! The one table of rights: (role, operation) → how far. Checks, scopes of reads, `availableSteps`,
//! `viewer.permissions` and the test of every role against every operation all read it.

use entity::enums::Role;

use crate::domain::actor::Actor;

/// What can be done, as far as rights tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Reference data; requests that have been verified, their items and contributions.
    ReadPublic,
    /// SUBMITTED requests.
    ReadSubmitted,
    /// DRAFT, RETURNED, REJECTED requests, and those WITHDRAWN before verification.
    ReadDraft,
    /// Contact of a request.
    ReadContact,
    /// Tracking reference, note and reject reason of a contribution; actor of a change.
    ReadConfidential,
    /// Create, update, submit, withdraw, close, confirm, import requests.
    WriteRequest,
    /// Verify, return, reject.
    Review,
    /// Create, update, commit, ship, cancel contributions.
    WriteContribution,
    /// Record and void deliveries.
    RecordDelivery,
    /// Write reference data.
    WriteReference,
    /// Mint, list and revoke API keys.
    ManageKeys,
    /// Read the audit trail whole.
    Audit,
}

impl Operation {
    /// Every operation, for tests that walk the table.
    pub const ALL: [Self; 12] = [
        Self::ReadPublic,
        Self::ReadSubmitted,
        Self::ReadDraft,
        Self::ReadContact,
        Self::ReadConfidential,
        Self::WriteRequest,
        Self::Review,
        Self::WriteContribution,
        Self::RecordDelivery,
        Self::WriteReference,
        Self::ManageKeys,
        Self::Audit,
    ];
}

/// How far one role's right to an operation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Not at all.
    Nothing,
    /// What belongs to the actor's country.
    OwnCountry,
    /// What belongs to the actor's organization.
    OwnOrganization,
    /// Everything.
    Everything,
}

/// The table. Who is signed in reads what is public; whether anonymous viewers do is the operator's setting.
pub const fn reach(role: Role, operation: Operation) -> Reach {
    use Operation as Op;
    use Reach::{Everything, Nothing, OwnCountry, OwnOrganization};
    match (role, operation) {
        (_, Op::ReadPublic) => Everything,
        (Role::Admin, _) => Everything,
        (Role::Coordinator, Op::WriteReference | Op::ManageKeys | Op::Audit) => Nothing,
        (Role::Coordinator, _) => Everything,
        (
            Role::FocalPoint,
            Op::ReadSubmitted
            | Op::ReadDraft
            | Op::ReadContact
            | Op::ReadConfidential
            | Op::WriteRequest
            | Op::RecordDelivery,
        ) => OwnCountry,
        (Role::FocalPoint, _) => Nothing,
        (Role::Responder, Op::ReadSubmitted | Op::ReadContact) => Everything,
        (Role::Responder, Op::ReadConfidential | Op::WriteContribution) => OwnOrganization,
        (Role::Responder, _) => Nothing,
        (Role::Reader, _) => Nothing,
    }
}

/// What an actor's roles together allow for one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Everything, whoever it belongs to.
    pub everything: bool,
    /// What belongs to this country.
    pub country: Option<&'a str>,
    /// What belongs to this organization.
    pub organization: Option<&'a str>,
}

impl Scope<'_> {
    /// Nothing at all, for nobody: the operation is FORBIDDEN whatever it names.
    pub const fn is_nothing(&self) -> bool {
        !self.everything && self.country.is_none() && self.organization.is_none()
    }

    /// Whether the scope holds what belongs to this country and this organization.
    pub fn holds(&self, country: Option<&str>, organization: Option<&str>) -> bool {
        self.everything
            || (country.is_some() && self.country == country)
            || (organization.is_some() && self.organization == organization)
    }
}

/// What `actor` may do of `operation`: the sum of its roles.
pub fn scope(actor: &Actor, operation: Operation) -> Scope<'_> {
    let mut scope = Scope {
        everything: false,
        country: None,
        organization: None,
    };
    for role in &actor.roles {
        match reach(*role, operation) {
            Reach::Nothing => {}
            Reach::OwnCountry => scope.country = actor.country.as_deref(),
            Reach::OwnOrganization => scope.organization = actor.organization.as_deref(),
            Reach::Everything => scope.everything = true,
        }
    }
    scope
}

/// Every mutation of the schema with the operation whose right it needs, in the order of the contract.
pub const MUTATIONS: [(&str, Operation); 27] = [
    ("createAssistanceRequest", Operation::WriteRequest),
    ("updateAssistanceRequest", Operation::WriteRequest),
    ("submitAssistanceRequest", Operation::WriteRequest),
    ("withdrawAssistanceRequest", Operation::WriteRequest),
    ("closeAssistanceRequest", Operation::WriteRequest),
    ("confirmAssistanceRequest", Operation::WriteRequest),
    ("verifyAssistanceRequest", Operation::Review),
    ("returnAssistanceRequest", Operation::Review),
    ("rejectAssistanceRequest", Operation::Review),
    ("importAssistanceRequests", Operation::WriteRequest),
    ("createContribution", Operation::WriteContribution),
    ("updateContribution", Operation::WriteContribution),
    ("commitContribution", Operation::WriteContribution),
    ("shipContribution", Operation::WriteContribution),
    ("cancelContribution", Operation::WriteContribution),
    ("recordDelivery", Operation::RecordDelivery),
    ("voidDelivery", Operation::RecordDelivery),
    ("createCountry", Operation::WriteReference),
    ("updateCountry", Operation::WriteReference),
    ("createNeedCategory", Operation::WriteReference),
    ("updateNeedCategory", Operation::WriteReference),
    ("createCommodity", Operation::WriteReference),
    ("updateCommodity", Operation::WriteReference),
    ("createOrganization", Operation::WriteReference),
    ("updateOrganization", Operation::WriteReference),
    ("createApiKey", Operation::ManageKeys),
    ("revokeApiKey", Operation::ManageKeys),
];

/// The mutations that `actor` may call on something.
pub fn permissions(actor: &Actor) -> Vec<&'static str> {
    MUTATIONS
        .iter()
        .filter(|(_, operation)| !scope(actor, *operation).is_nothing())
        .map(|(name, _)| *name)
        .collect()
}

#[cfg(test)]
mod tests;
