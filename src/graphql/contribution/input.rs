//! What clients enter of contributions, parsed into domain forms.

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::enums::ContributionStatus;

use crate::domain::assistance_request::{check_quantity, fixed};
use crate::domain::contribution::{ContributionForm, check_value_usd};
use crate::domain::number::{MAX_QUANTITY_MILLI, QUANTITY_SCALE};
use crate::domain::problem::{Path, ProblemCode, Problems};
use crate::domain::text::{self, KEY_MAX, TEXT_MAX};
use crate::graphql::idempotency::Idempotency;
use crate::graphql::input::{change, replacement};
use crate::graphql::node::contribution_id;
use crate::graphql::scalar::{Date, Decimal};
use crate::store::contribution::{ContributionPatch, NewDelivery, StepInput};

/// A new contribution.
#[derive(InputObject, Clone, Debug)]
pub struct CreateContributionInput {
    /// What it is given towards: an item of a VERIFIED request.
    pub item: ID,
    /// Code of the organization that gives.
    organization: String,
    /// How much, in the item's unit: more than 0, up to 3 decimals. A pledge is at most the item's base; a commitment at
    /// most what is uncovered.
    quantity: Decimal,
    /// PLEDGED, which reserves nothing, or COMMITTED, which does.
    #[graphql(default_with = "ContributionStatus::Pledged")]
    status: ContributionStatus,
    /// What it costs the contributor, in US dollars.
    value_usd: Option<Decimal>,
    /// The day on which it is expected.
    expected_on: Option<Date>,
    /// What else there is to say; shown to the organization, the receiving country and coordinators only.
    note: Option<String>,
    /// System of record that it comes from; together with externalId.
    source: Option<String>,
    /// Its id there; unique within the source.
    external_id: Option<String>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// Changes of a contribution. Absent fields stay as they are; an explicit null clears a nullable one.
#[derive(InputObject, Clone, Debug)]
pub struct UpdateContributionInput {
    /// Which contribution.
    pub id: ID,
    /// The version last seen; STALE_VERSION where it is not the present one.
    pub version: i32,
    /// How much, in the item's unit; never below what was received.
    quantity: MaybeUndefined<Decimal>,
    /// What it costs the contributor, in US dollars.
    value_usd: MaybeUndefined<Decimal>,
    /// The day on which it is expected.
    expected_on: MaybeUndefined<Date>,
    /// How to follow the shipment.
    tracking_reference: MaybeUndefined<String>,
    /// What else there is to say.
    note: MaybeUndefined<String>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// A step of a contribution's life.
#[derive(InputObject, Clone, Debug)]
pub struct ContributionStepInput {
    /// Which contribution.
    id: ID,
    /// The version last seen; STALE_VERSION where it is not the present one.
    version: i32,
    /// The day on which it happened; today where left out, never in the future, never before the step before it.
    on: Option<Date>,
    /// How to follow the shipment.
    tracking_reference: Option<String>,
    /// Why; cancelling needs it.
    reason: Option<String>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// A part of a contribution that was received.
#[derive(InputObject, Clone, Debug)]
pub struct RecordDeliveryInput {
    /// Which contribution.
    id: ID,
    /// The contribution's version last seen; STALE_VERSION where it is not the present one.
    version: i32,
    /// How much was accepted, in the item's unit.
    accepted_quantity: Decimal,
    /// How much was refused, in the item's unit; the need is open again for as much.
    #[graphql(default_with = "Decimal(Default::default())")]
    rejected_quantity: Decimal,
    /// Why it was refused.
    reject_reason: Option<String>,
    /// The day on which it was received; never in the future, never before the step before it.
    on: Date,
    /// What else there is to say.
    note: Option<String>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// A delivery recorded by mistake.
#[derive(InputObject, Clone, Debug)]
pub struct VoidDeliveryInput {
    /// Which delivery.
    pub id: ID,
    /// The contribution's version last seen; STALE_VERSION where it is not the present one.
    pub version: i32,
    /// What the mistake was.
    pub reason: String,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

impl CreateContributionInput {
    /// The form to be checked.
    pub fn form(self) -> ContributionForm {
        let Self {
            item: _,
            organization,
            quantity,
            status,
            value_usd,
            expected_on,
            note,
            source,
            external_id,
            idempotency: _,
        } = self;
        ContributionForm {
            organization,
            quantity: quantity.0,
            status,
            value_usd: value_usd.map(|value| value.0),
            expected_on: expected_on.map(|date| date.0),
            note,
            source,
            external_id,
        }
    }
}

impl UpdateContributionInput {
    /// The patch, as far as it can be read without the contribution, and what is wrong with it.
    pub fn patch(self) -> (ContributionPatch, Problems) {
        let Self {
            id: _,
            version: _,
            quantity,
            value_usd,
            expected_on,
            tracking_reference,
            note,
            idempotency: _,
        } = self;
        let mut problems = Problems::default();
        let root = Path::Root;
        let quantity_at = root.field("quantity");
        let quantity_milli = replacement(quantity, &quantity_at, &mut problems)
            .and_then(|quantity| check_quantity(quantity.0, &quantity_at, &mut problems));
        let value_usd_e4 = change(value_usd)
            .map(|value| check_value_usd(value.map(|value| value.0), &root.field("valueUsd"), &mut problems));
        let tracking_reference = change(tracking_reference).map(|text| {
            text::optional(
                text.as_deref(),
                KEY_MAX,
                &root.field("trackingReference"),
                &mut problems,
            )
        });
        let note =
            change(note).map(|note| text::optional(note.as_deref(), TEXT_MAX, &root.field("note"), &mut problems));
        let patch = ContributionPatch {
            quantity_milli,
            value_usd_e4,
            expected_on: change(expected_on).map(|day| day.map(|day| day.0)),
            tracking_reference,
            note,
        };
        (patch, problems)
    }
}

impl ContributionStepInput {
    /// The step as the store takes it.
    pub fn step(self) -> StepInput {
        let Self {
            id,
            version,
            on,
            tracking_reference,
            reason,
            idempotency: _,
        } = self;
        StepInput {
            id: contribution_id(&id),
            version,
            on: on.map(|date| date.0),
            tracking_reference,
            reason,
        }
    }
}

impl RecordDeliveryInput {
    /// The id that was named.
    pub const fn id(&self) -> &ID {
        &self.id
    }

    /// The delivery, as far as it can be read without the contribution, and what is wrong with it.
    pub fn delivery(self) -> (NewDelivery, Problems) {
        let Self {
            id,
            version,
            accepted_quantity,
            rejected_quantity,
            reject_reason,
            on,
            note,
            idempotency: _,
        } = self;
        let mut problems = Problems::default();
        let root = Path::Root;
        let rule = "This is 0 to 1000000000000, with up to 3 decimals.";
        let accepted_at = root.field("acceptedQuantity");
        let rejected_at = root.field("rejectedQuantity");
        let most = MAX_QUANTITY_MILLI;
        let accepted = fixed(
            accepted_quantity.0,
            QUANTITY_SCALE,
            0,
            most,
            &accepted_at,
            &mut problems,
            rule,
        );
        let rejected = fixed(
            rejected_quantity.0,
            QUANTITY_SCALE,
            0,
            most,
            &rejected_at,
            &mut problems,
            rule,
        );
        if accepted == Some(0) && rejected == Some(0) {
            problems.add(
                &accepted_at,
                ProblemCode::OutOfRange,
                "A delivery has something accepted or refused.",
            );
        }
        let reason_at = root.field("rejectReason");
        let reject_reason = text::optional(reject_reason.as_deref(), TEXT_MAX, &reason_at, &mut problems);
        let note = text::optional(note.as_deref(), TEXT_MAX, &root.field("note"), &mut problems);
        let delivery = NewDelivery {
            contribution: contribution_id(&id),
            version,
            accepted_milli: accepted.unwrap_or_default(),
            rejected_milli: rejected.unwrap_or_default(),
            reject_reason,
            on: on.0,
            note,
        };
        (delivery, problems)
    }
}
