//! The life of a request: which step leads from which status to which.

use entity::enums::RequestStatus;

use crate::domain::actor::Actor;
use crate::domain::rights::{Operation, scope};

/// A step that people take with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Change entered fields; no change of status.
    Update,
    /// Hand in for review.
    Submit,
    /// Take back.
    Withdraw,
    /// Finish.
    Close,
    /// Say that the need still stands; no change of status.
    Confirm,
    /// Approve.
    Verify,
    /// Send back to be mended.
    Return,
    /// Refuse.
    Reject,
}

impl Step {
    /// Every step, in the order in which clients are shown them.
    pub const ALL: [Self; 8] = [
        Self::Update,
        Self::Submit,
        Self::Withdraw,
        Self::Close,
        Self::Confirm,
        Self::Verify,
        Self::Return,
        Self::Reject,
    ];

    /// The mutation that takes the step.
    pub const fn mutation(self) -> &'static str {
        match self {
            Self::Update => "updateAssistanceRequest",
            Self::Submit => "submitAssistanceRequest",
            Self::Withdraw => "withdrawAssistanceRequest",
            Self::Close => "closeAssistanceRequest",
            Self::Confirm => "confirmAssistanceRequest",
            Self::Verify => "verifyAssistanceRequest",
            Self::Return => "returnAssistanceRequest",
            Self::Reject => "rejectAssistanceRequest",
        }
    }

    /// The past participle under which the change is recorded.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Update => "updated",
            Self::Submit => "submitted",
            Self::Withdraw => "withdrawn",
            Self::Close => "closed",
            Self::Confirm => "confirmed",
            Self::Verify => "verified",
            Self::Return => "returned",
            Self::Reject => "rejected",
        }
    }

    /// The right that the step needs.
    pub const fn operation(self) -> Operation {
        match self {
            Self::Update | Self::Submit | Self::Withdraw | Self::Close | Self::Confirm => Operation::WriteRequest,
            Self::Verify | Self::Return | Self::Reject => Operation::Review,
        }
    }

    /// The status after the step, or none where it is not open in `from`.
    pub const fn next(self, from: RequestStatus) -> Option<RequestStatus> {
        use RequestStatus as S;
        match (self, from) {
            (Self::Update, S::Draft | S::Returned | S::Verified) => Some(from),
            (Self::Submit, S::Draft | S::Returned) => Some(S::Submitted),
            (Self::Withdraw, S::Draft | S::Submitted | S::Returned | S::Verified) => Some(S::Withdrawn),
            (Self::Close, S::Verified) => Some(S::Closed),
            (Self::Confirm, S::Submitted | S::Verified) => Some(from),
            (Self::Verify, S::Submitted | S::Verified) => Some(S::Verified),
            (Self::Return, S::Submitted) => Some(S::Returned),
            (Self::Reject, S::Submitted) => Some(S::Rejected),
            _ => None,
        }
    }
}

/// What decides who may take a step with a request.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The country that asks.
    pub country: &'a str,
    /// Where the request stands.
    pub status: RequestStatus,
    /// Principal that created it.
    pub created_by: &'a str,
    /// Principal that last submitted it.
    pub submitted_by: Option<&'a str>,
}

/// Whether `actor` has the right to take `step`, whatever the status: nobody reviews what one created or submitted.
pub fn may(actor: &Actor, step: Step, subject: &Subject<'_>) -> bool {
    if !scope(actor, step.operation()).holds(Some(subject.country), None) {
        return false;
    }
    step.operation() != Operation::Review || !is_own(actor, subject)
}

/// Whether `actor` created or last submitted the request.
pub fn is_own(actor: &Actor, subject: &Subject<'_>) -> bool {
    let principal = actor.principal_text();
    subject.created_by == principal || subject.submitted_by == Some(principal.as_str())
}

/// The mutations open to `actor` now.
pub fn available(actor: &Actor, subject: &Subject<'_>) -> Vec<&'static str> {
    Step::ALL
        .into_iter()
        .filter(|step| step.next(subject.status).is_some() && may(actor, *step, subject))
        .map(Step::mutation)
        .collect()
}

/// The mutations that are open in `status` to whoever has the right.
pub fn open_in(status: RequestStatus) -> Vec<&'static str> {
    Step::ALL
        .into_iter()
        .filter(|step| step.next(status).is_some())
        .map(Step::mutation)
        .collect()
}

#[cfg(test)]
mod tests;
