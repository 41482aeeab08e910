//! The life of a contribution: from the pledge to the last delivery, and what each step moves.

use chrono::NaiveDate;
use entity::enums::ContributionStatus;
use rust_decimal::Decimal;

use crate::domain::actor::Actor;
use crate::domain::assistance_request::{Origin, check_origin, check_quantity, fixed};
use crate::domain::figures::Figures;
use crate::domain::number::{MAX_VALUE_E7, UNIT_COST_SCALE};
use crate::domain::problem::{Path, Problem, ProblemCode, Problems};
use crate::domain::reference::Reference;
use crate::domain::rights::{Operation, scope};
use crate::domain::text::{self, TEXT_MAX};

/// A step that people take with a contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContributionStep {
    /// Change entered fields; no change of status.
    Update,
    /// Promise what was pledged.
    Commit,
    /// Send what was committed.
    Ship,
    /// Call off.
    Cancel,
    /// Record a part that was received.
    RecordDelivery,
    /// Take back a record made by mistake.
    VoidDelivery,
}

impl ContributionStep {
    /// Every step, in the order in which clients are shown them.
    pub const ALL: [Self; 6] = [
        Self::Update,
        Self::Commit,
        Self::Ship,
        Self::Cancel,
        Self::RecordDelivery,
        Self::VoidDelivery,
    ];

    /// The mutation that takes the step.
    pub const fn mutation(self) -> &'static str {
        match self {
            Self::Update => "updateContribution",
            Self::Commit => "commitContribution",
            Self::Ship => "shipContribution",
            Self::Cancel => "cancelContribution",
            Self::RecordDelivery => "recordDelivery",
            Self::VoidDelivery => "voidDelivery",
        }
    }

    /// The past participle under which the change is recorded. The last delivery is recorded as `delivered`.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Update => "updated",
            Self::Commit => "committed",
            Self::Ship => "shipped",
            Self::Cancel => "cancelled",
            Self::RecordDelivery => "partlyDelivered",
            Self::VoidDelivery => "deliveryVoided",
        }
    }

    /// The right that the step needs.
    pub const fn operation(self) -> Operation {
        match self {
            Self::Update | Self::Commit | Self::Ship | Self::Cancel => Operation::WriteContribution,
            Self::RecordDelivery | Self::VoidDelivery => Operation::RecordDelivery,
        }
    }

    /// Whether the step is open: `received` is what was accepted or refused so far.
    pub const fn is_open(self, status: ContributionStatus, received: i64) -> bool {
        use ContributionStatus as S;
        match (self, status) {
            (Self::Update, S::Pledged | S::Committed | S::InTransit) => true,
            (Self::Commit, S::Pledged) => true,
            (Self::Ship, S::Committed) => true,
            (Self::Cancel, S::Pledged | S::Committed | S::InTransit) => received == 0,
            (Self::RecordDelivery, S::Committed | S::InTransit) => true,
            (Self::VoidDelivery, S::InTransit | S::Delivered) => received > 0,
            _ => false,
        }
    }
}

/// Whether `actor` has the right to take `step`, whatever the status.
pub fn may(actor: &Actor, step: ContributionStep, country: &str, organization: &str) -> bool {
    scope(actor, step.operation()).holds(Some(country), Some(organization))
}

/// The mutations open to `actor` now. While its request has ended, nothing of a contribution changes.
pub fn available(
    actor: &Actor,
    country: &str,
    organization: &str,
    status: ContributionStatus,
    received: i64,
) -> Vec<&'static str> {
    ContributionStep::ALL
        .into_iter()
        .filter(|step| step.is_open(status, received) && may(actor, *step, country, organization))
        .map(ContributionStep::mutation)
        .collect()
}

/// The mutations that are open in `status` to whoever has the right.
pub fn open_in(status: ContributionStatus, received: i64) -> Vec<&'static str> {
    ContributionStep::ALL
        .into_iter()
        .filter(|step| step.is_open(status, received))
        .map(ContributionStep::mutation)
        .collect()
}

/// What a contribution holds, in thousandths of the item's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Where it stands.
    pub status: ContributionStatus,
    /// How much in all.
    pub quantity: i64,
    /// Received and accepted.
    pub accepted: i64,
    /// Received and refused.
    pub rejected: i64,
}

impl Holding {
    /// What the contribution adds to the figures of its item.
    pub const fn figures(self) -> Figures {
        let open = self.quantity - self.accepted - self.rejected;
        let mut figures = Figures::ZERO;
        match self.status {
            ContributionStatus::Pledged => figures.pledged = self.quantity,
            ContributionStatus::Committed => figures.committed = open,
            ContributionStatus::InTransit | ContributionStatus::Delivered => figures.in_transit = open,
            ContributionStatus::Cancelled => {}
        }
        if !matches!(self.status, ContributionStatus::Pledged | ContributionStatus::Cancelled) {
            figures.delivered = self.accepted;
        }
        figures.uncovered = -(figures.committed + figures.in_transit + figures.delivered);
        figures.unmet = -figures.delivered;
        figures
    }

    /// The holding after a part was received: IN_TRANSIT, or DELIVERED with the last part.
    #[must_use]
    pub const fn received(self, accepted: i64, rejected: i64) -> Self {
        let accepted = self.accepted + accepted;
        let rejected = self.rejected + rejected;
        let all = accepted + rejected == self.quantity;
        let status = if all {
            ContributionStatus::Delivered
        } else {
            ContributionStatus::InTransit
        };
        Self {
            status,
            quantity: self.quantity,
            accepted,
            rejected,
        }
    }

    /// The holding after a record was voided. Without anything received it is what it was before the first part.
    #[must_use]
    pub const fn voided(self, accepted: i64, rejected: i64, shipped: bool) -> Self {
        let accepted = self.accepted - accepted;
        let rejected = self.rejected - rejected;
        let status = if accepted + rejected > 0 || shipped {
            ContributionStatus::InTransit
        } else {
            ContributionStatus::Committed
        };
        Self {
            status,
            quantity: self.quantity,
            accepted,
            rejected,
        }
    }
}

/// The difference between two holdings of one contribution.
pub const fn difference(before: Holding, after: Holding) -> Figures {
    after.figures().plus(before.figures().negated())
}

/// A contribution as it comes in.
#[derive(Clone, Debug)]
pub struct ContributionForm {
    /// Code of the organization that gives.
    pub organization: String,
    /// In units.
    pub quantity: Decimal,
    /// PLEDGED or COMMITTED.
    pub status: ContributionStatus,
    /// What it costs the contributor, in US dollars.
    pub value_usd: Option<Decimal>,
    /// The day on which it is expected.
    pub expected_on: Option<NaiveDate>,
    /// What else there is to say.
    pub note: Option<String>,
    /// System of record.
    pub source: Option<String>,
    /// Its id there.
    pub external_id: Option<String>,
}

/// A contribution that keeps every rule but those of its item, which only the store knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewContribution {
    /// Code of the organization that gives.
    pub organization: String,
    /// In thousandths of the item's unit.
    pub quantity_milli: i64,
    /// It is a commitment, not a pledge.
    pub committed: bool,
    /// What it costs the contributor, in ten-thousandths of a US dollar.
    pub value_usd_e4: Option<i64>,
    /// The day on which it is expected.
    pub expected_on: Option<NaiveDate>,
    /// What else there is to say.
    pub note: Option<String>,
    /// Where it comes from.
    pub origin: Option<Origin>,
}

/// What a contribution costs, in ten-thousandths of a US dollar: 0 to 500,000,000,000, up to 4 decimals.
pub fn check_value_usd(value: Option<Decimal>, at: &Path<'_>, problems: &mut Problems) -> Option<i64> {
    let rule = "The value is 0 to 500000000000 US dollars, with up to 4 decimals.";
    fixed(value?, UNIT_COST_SCALE, 0, MAX_VALUE_E7 / 1_000, at, problems, rule)
}

impl ContributionForm {
    /// Checks everything at once. What can't be read is nothing in what it gives, which counts only where no problem was noted; none
    /// where nobody is known to give.
    pub fn check(&self, reference: &Reference, problems: &mut Problems) -> Option<NewContribution> {
        let root = Path::Root;
        let Self {
            organization,
            quantity,
            status,
            value_usd,
            expected_on,
            note,
            source,
            external_id,
        } = self;
        let organization = check_organization(organization, reference, &root.field("organization"), problems);
        let quantity_milli = check_quantity(*quantity, &root.field("quantity"), problems);
        if !matches!(status, ContributionStatus::Pledged | ContributionStatus::Committed) {
            let message = "A contribution begins as PLEDGED or COMMITTED.";
            problems.add(&root.field("status"), ProblemCode::Invalid, message);
        }
        Some(NewContribution {
            value_usd_e4: check_value_usd(*value_usd, &root.field("valueUsd"), problems),
            note: text::optional(note.as_deref(), TEXT_MAX, &root.field("note"), problems),
            origin: check_origin(source.as_deref(), external_id.as_deref(), &root, problems),
            committed: *status == ContributionStatus::Committed,
            expected_on: *expected_on,
            organization: organization?,
            quantity_milli: quantity_milli.unwrap_or_default(),
        })
    }
}

/// The code of an organization that is known and in use.
pub fn check_organization(code: &str, reference: &Reference, at: &Path<'_>, problems: &mut Problems) -> Option<String> {
    match reference.organizations.get(code) {
        Some(found) if found.row.active => Some(found.row.code.clone()),
        Some(_) => {
            problems.add(
                at,
                ProblemCode::Inactive,
                format!("The organization {code} is retired."),
            );
            None
        }
        None => {
            problems.add(
                at,
                ProblemCode::NotFound,
                format!("No organization has the code {code}."),
            );
            None
        }
    }
}

/// The day of a step: today where none is given, never in the future, never before the step before it.
///
/// # Errors
/// OUT_OF_RANGE at `on`.
pub fn check_on(on: Option<NaiveDate>, today: NaiveDate, earliest: NaiveDate) -> Result<NaiveDate, Problem> {
    let day = on.unwrap_or(today);
    if day > today {
        let message = format!("{day} is in the future: today is {today}.");
        return Err(Problem::new(ProblemCode::OutOfRange, message)
            .at("on")
            .with("max", today));
    }
    if day < earliest {
        let message = format!("{day} is before the step before it, which was on {earliest}.");
        return Err(Problem::new(ProblemCode::OutOfRange, message)
            .at("on")
            .with("min", earliest));
    }
    Ok(day)
}

#[cfg(test)]
mod tests;
