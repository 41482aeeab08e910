//! What the ledger records of each noun: its fields as clients know them. Folded texts and whoever wrote a row are left
//! out, because the one follows from other fields and the other is the actor of a change.

mod reference;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use entity::enums::Priority;
use entity::{api_key, assistance_request as ar, contribution, delivery, request_item as ri};
use sea_orm::ActiveEnum;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::change::Field;
use crate::domain::number::{QUANTITY_SCALE, UNIT_COST_SCALE, from_fixed, plain};

/// To whom a subject belongs, which decides who sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Reference data: to everybody.
    Reference,
    /// An API key: to whoever manages them.
    Key,
    /// A request, or what is part of one.
    Request {
        request: Uuid,
        organization: Option<String>,
    },
}

/// A row whose changes the ledger records.
pub(crate) trait Recorded {
    /// Its GraphQL type.
    const TYPE: &'static str;

    /// Its key: a code, or a UUID.
    fn key(&self) -> String;
    /// To whom it belongs.
    fn place(&self) -> Place;
    /// Its fields, always the same in the same order.
    fn fields(&self) -> Vec<Field>;
}

fn time(at: DateTime<Utc>) -> Value {
    at.to_rfc3339_opts(SecondsFormat::Micros, true).into()
}

fn maybe_time(at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, time)
}

fn date(on: Option<NaiveDate>) -> Value {
    on.map_or(Value::Null, |on| on.to_string().into())
}

fn fixed(value: i64, scale: u32) -> Value {
    plain(from_fixed(value, scale)).into()
}

fn quantity(milli: i64) -> Value {
    fixed(milli, QUANTITY_SCALE)
}

fn money(e4: Option<i64>) -> Value {
    e4.map_or(Value::Null, |e4| fixed(e4, UNIT_COST_SCALE))
}

fn name_of<E: ActiveEnum<Value = String>>(choice: &E) -> Value {
    choice.to_value().into()
}

fn maybe_name_of<E: ActiveEnum<Value = String>>(choice: Option<&E>) -> Value {
    choice.map_or(Value::Null, name_of)
}

/// Priorities are numbers in the database.
fn priority(priority: Priority) -> Value {
    let name = match priority {
        Priority::Low => "LOW",
        Priority::Medium => "MEDIUM",
        Priority::High => "HIGH",
        Priority::Critical => "CRITICAL",
    };
    name.into()
}

fn id(id: Uuid) -> Value {
    id.to_string().into()
}

impl Recorded for ar::Model {
    const TYPE: &'static str = "AssistanceRequest";

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn place(&self) -> Place {
        Place::Request {
            request: self.id,
            organization: None,
        }
    }

    fn fields(&self) -> Vec<Field> {
        let contact = [
            &self.contact_name,
            &self.contact_role,
            &self.contact_email,
            &self.contact_phone,
        ];
        let contact = if contact.iter().all(|part| part.is_none()) {
            Value::Null
        } else {
            json!(contact)
        };
        vec![
            Field::new("reference", self.reference.clone()),
            Field::new("country", self.country_code.clone()),
            Field::new("title", self.title.clone()),
            Field::new("description", self.description.clone()),
            Field::new("language", name_of(&self.language)),
            Field::new("priority", priority(self.priority)),
            Field::new("status", name_of(&self.status)),
            Field::new("statusReason", self.status_reason.clone()),
            Field::new("peopleInNeed", self.people_in_need),
            Field::new("neededBy", date(self.needed_by)),
            Field::secret("contact", contact),
            Field::new("source", self.source.clone()),
            Field::new("sourceUrl", self.source_url.clone()),
            Field::new("externalId", self.external_id.clone()),
            Field::new("confirmedAt", time(self.confirmed_at)),
            Field::new("version", self.version),
            Field::new("createdAt", time(self.created_at)),
            Field::new("updatedAt", time(self.updated_at)),
            Field::new("submittedAt", maybe_time(self.submitted_at)),
            Field::new("verifiedAt", maybe_time(self.verified_at)),
            Field::new("closedAt", maybe_time(self.closed_at)),
        ]
    }
}

impl Recorded for ri::Model {
    const TYPE: &'static str = "RequestItem";

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn place(&self) -> Place {
        Place::Request {
            request: self.request_id,
            organization: None,
        }
    }

    fn fields(&self) -> Vec<Field> {
        vec![
            Field::new("request", id(self.request_id)),
            Field::new("position", self.position),
            Field::new("externalId", self.external_id.clone()),
            Field::new("kind", name_of(&self.kind)),
            Field::new("category", self.category_code.clone()),
            Field::new("commodity", self.commodity_code.clone()),
            Field::new("description", self.description.clone()),
            Field::new("unit", self.unit_code.clone()),
            Field::new("quantity", quantity(self.quantity_milli)),
            Field::new("approvedQuantity", self.approved_milli.map_or(Value::Null, quantity)),
            Field::new("approvalNote", self.approval_note.clone()),
            Field::new("unitCostUsd", money(self.unit_cost_e4)),
            Field::new("pledgedQuantity", quantity(self.pledged_milli)),
            Field::new("committedQuantity", quantity(self.committed_milli)),
            Field::new("inTransitQuantity", quantity(self.in_transit_milli)),
            Field::new("deliveredQuantity", quantity(self.delivered_milli)),
            Field::new("uncoveredQuantity", quantity(self.uncovered_milli)),
            Field::new("unmetQuantity", quantity(self.unmet_milli)),
        ]
    }
}

impl Recorded for contribution::Model {
    const TYPE: &'static str = "Contribution";

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn place(&self) -> Place {
        Place::Request {
            request: self.request_id,
            organization: Some(self.organization_code.clone()),
        }
    }

    fn fields(&self) -> Vec<Field> {
        vec![
            Field::new("request", id(self.request_id)),
            Field::new("item", id(self.item_id)),
            Field::new("organization", self.organization_code.clone()),
            Field::new("status", name_of(&self.status)),
            Field::new("quantity", quantity(self.quantity_milli)),
            Field::new("deliveredQuantity", quantity(self.accepted_milli)),
            Field::new("rejectedQuantity", quantity(self.rejected_milli)),
            Field::new("valueUsd", money(self.value_usd_e4)),
            Field::new("expectedOn", date(self.expected_on)),
            Field::new("pledgedOn", date(Some(self.pledged_on))),
            Field::new("resizedOn", date(self.resized_on)),
            Field::new("committedOn", date(self.committed_on)),
            Field::new("shippedOn", date(self.shipped_on)),
            Field::new("deliveredOn", date(self.delivered_on)),
            Field::new("cancelledOn", date(self.cancelled_on)),
            Field::new("cancelReason", self.cancel_reason.clone()),
            Field::new("trackingReference", self.tracking_reference.clone()),
            Field::new("note", self.note.clone()),
            Field::new("source", self.source.clone()),
            Field::new("externalId", self.external_id.clone()),
            Field::new("version", self.version),
            Field::new("createdAt", time(self.created_at)),
            Field::new("updatedAt", time(self.updated_at)),
        ]
    }
}

/// A delivery, with the contribution that it is a part of.
pub(crate) struct Part<'a>(pub &'a delivery::Model, pub &'a contribution::Model);

impl Recorded for Part<'_> {
    const TYPE: &'static str = "Delivery";

    fn key(&self) -> String {
        self.0.id.to_string()
    }

    fn place(&self) -> Place {
        self.1.place()
    }

    fn fields(&self) -> Vec<Field> {
        let row = self.0;
        vec![
            Field::new("contribution", id(row.contribution_id)),
            Field::new("on", date(Some(row.delivered_on))),
            Field::new("acceptedQuantity", quantity(row.accepted_milli)),
            Field::new("rejectedQuantity", quantity(row.rejected_milli)),
            Field::new("rejectReason", row.reject_reason.clone()),
            Field::new("note", row.note.clone()),
            Field::new("voided", row.voided),
            Field::new("voidReason", row.void_reason.clone()),
            Field::new("createdAt", time(row.created_at)),
        ]
    }
}

impl Recorded for api_key::Model {
    const TYPE: &'static str = "ApiKey";

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn place(&self) -> Place {
        Place::Key
    }

    /// Neither the secret's hash nor the minute of its last use, which is no change that anybody made.
    fn fields(&self) -> Vec<Field> {
        let roles: Vec<&str> = self.roles.split(',').collect();
        vec![
            Field::new("name", self.name.clone()),
            Field::new("roles", json!(roles)),
            Field::new("country", self.country_code.clone()),
            Field::new("organization", self.organization_code.clone()),
            Field::new("prefix", self.prefix.clone()),
            Field::new("createdAt", time(self.created_at)),
            Field::new("expiresAt", maybe_time(self.expires_at)),
            Field::new("revokedAt", maybe_time(self.revoked_at)),
        ]
    }
}
