//! What clients enter of requests, parsed into domain forms.

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::enums::{ItemKind, Locale, Priority};

use crate::domain::assistance_request::{ContactForm, ItemForm, RequestForm, check_people};
use crate::domain::problem::{Path, Problems};
use crate::domain::text::{self, NAME_MAX, TEXT_MAX};
use crate::graphql::idempotency::Idempotency;
use crate::graphql::input::{change, replacement};
use crate::graphql::node::{item_id, request_id};
use crate::graphql::scalar::{CountryCode, Date, Decimal};
use crate::store::assistance_request::{Approval, ItemPatch, RequestPatch, StepInput};

mod import;

pub use import::{ImportAssistanceRequestRow, ImportAssistanceRequestsInput};

/// A new request.
#[derive(InputObject, Clone, Debug)]
pub struct CreateAssistanceRequestInput {
    /// The country that asks.
    country: CountryCode,
    /// One line that says what is needed; 1 to 200 characters.
    title: String,
    /// The whole story; up to 10,000 characters.
    description: Option<String>,
    /// How urgent.
    priority: Priority,
    /// How many persons are in need, 0 or more.
    people_in_need: Option<i32>,
    /// The day by which it is needed.
    needed_by: Option<Date>,
    /// Whom to ask; shown to focal points of the country, responders and coordinators only.
    contact: Option<ContactInput>,
    /// System of record that the request comes from; together with externalId.
    source: Option<String>,
    /// Where it can be read there.
    source_url: Option<String>,
    /// Its id there; unique within the source.
    external_id: Option<String>,
    /// What is asked for; up to 200 items, at least one before it is handed in.
    pub items: Vec<RequestItemInput>,
    /// Language of title and description.
    #[graphql(default_with = "Locale::En")]
    language: Locale,
    /// Create and hand in, in one step.
    #[graphql(default = false)]
    pub submit: bool,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// Whom to ask. Every field up to 320 characters.
#[derive(InputObject, Clone, Debug)]
pub struct ContactInput {
    /// Name.
    name: Option<String>,
    /// Function.
    role: Option<String>,
    /// E-mail address.
    email: Option<String>,
    /// Telephone number.
    phone: Option<String>,
}

/// One thing to ask for.
#[derive(InputObject, Clone, Debug)]
pub struct RequestItemInput {
    /// Its id in the request's source; unique within the request.
    external_id: Option<String>,
    /// What kind of help. FUNDING is counted in USD.
    #[graphql(default_with = "ItemKind::Goods")]
    kind: ItemKind,
    /// Code of a category; may be left out where commodity is given.
    category: Option<String>,
    /// Code of a commodity.
    commodity: Option<String>,
    /// What the codes don't say.
    description: Option<String>,
    /// How much, in units: more than 0, at most 1000000000000, up to 3 decimals.
    quantity: Decimal,
    /// Code of the unit; the commodity's where left out, and no other than that.
    unit: Option<String>,
    /// What one unit costs in US dollars, 0 to 1000000000, up to 4 decimals; the commodity's indicative price where
    /// left out.
    unit_cost_usd: Option<Decimal>,
}

/// Changes of a request. Absent fields stay as they are; an explicit null clears a nullable one.
#[derive(InputObject, Clone, Debug)]
pub struct UpdateAssistanceRequestInput {
    /// Which request.
    pub id: ID,
    /// The version last seen; STALE_VERSION where it is not the present one.
    pub version: i32,
    /// One line that says what is needed.
    title: MaybeUndefined<String>,
    /// The whole story.
    description: MaybeUndefined<String>,
    /// How urgent.
    priority: MaybeUndefined<Priority>,
    /// How many persons are in need.
    people_in_need: MaybeUndefined<i32>,
    /// The day by which it is needed.
    needed_by: MaybeUndefined<Date>,
    /// Whom to ask, as a whole.
    contact: MaybeUndefined<ContactInput>,
    /// Items to append.
    add_items: Option<Vec<RequestItemInput>>,
    /// Items to change.
    update_items: Option<Vec<UpdateRequestItemInput>>,
    /// Items to take out, by id.
    remove_items: Option<Vec<ID>>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// Changes of an item. Absent fields stay as they are; an explicit null clears a nullable one.
#[derive(InputObject, Clone, Debug)]
pub struct UpdateRequestItemInput {
    /// Which item.
    id: ID,
    /// Its id in the request's source.
    external_id: MaybeUndefined<String>,
    /// What the codes don't say.
    description: MaybeUndefined<String>,
    /// How much, in units.
    quantity: MaybeUndefined<Decimal>,
    /// What one unit costs, in US dollars.
    unit_cost_usd: MaybeUndefined<Decimal>,
}

/// A verification. Items left out are approved as requested; on a VERIFIED request only those named change.
#[derive(InputObject, Clone, Debug)]
pub struct VerifyAssistanceRequestInput {
    /// Which request.
    id: ID,
    /// The version last seen; STALE_VERSION where it is not the present one.
    version: i32,
    /// What is approved of which item.
    approvals: Option<Vec<ItemApprovalInput>>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// What is approved of one item.
#[derive(InputObject, Clone, Debug)]
pub struct ItemApprovalInput {
    /// Which item, by id.
    item: ID,
    /// From 0 to the requested quantity.
    approved_quantity: Decimal,
    /// Why; required where it is less than was requested.
    note: Option<String>,
}

/// A step of a request's life.
#[derive(InputObject, Clone, Debug)]
pub struct RequestStepInput {
    /// Which request.
    id: ID,
    /// The version last seen; STALE_VERSION where it is not the present one.
    version: i32,
    /// Why; the steps that need it say so.
    reason: Option<String>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

impl CreateAssistanceRequestInput {
    /// The form to be checked.
    pub fn form(self) -> RequestForm {
        let Self {
            country,
            title,
            description,
            priority,
            people_in_need,
            needed_by,
            contact,
            source,
            source_url,
            external_id,
            items,
            language,
            submit: _,
            idempotency: _,
        } = self;
        RequestForm {
            country: country.0,
            title,
            description,
            language,
            priority,
            people_in_need,
            needed_by: needed_by.map(|date| date.0),
            contact: contact.map(ContactInput::form),
            source,
            source_url,
            external_id,
            items: items.into_iter().map(RequestItemInput::form).collect(),
        }
    }
}

impl ContactInput {
    fn form(self) -> ContactForm {
        let Self {
            name,
            role,
            email,
            phone,
        } = self;
        ContactForm {
            name,
            role,
            email,
            phone,
        }
    }
}

impl RequestItemInput {
    fn form(self) -> ItemForm {
        let Self {
            external_id,
            kind,
            category,
            commodity,
            description,
            quantity,
            unit,
            unit_cost_usd,
        } = self;
        ItemForm {
            external_id,
            kind,
            category,
            commodity,
            description,
            quantity: quantity.0,
            unit,
            unit_cost_usd: unit_cost_usd.map(|cost| cost.0),
        }
    }
}

impl UpdateAssistanceRequestInput {
    /// The patch, as far as it can be read without the request, and what is wrong with it.
    pub fn patch(self) -> (RequestPatch, Problems) {
        let Self {
            id: _,
            version: _,
            title,
            description,
            priority,
            people_in_need,
            needed_by,
            contact,
            add_items,
            update_items,
            remove_items,
            idempotency: _,
        } = self;
        let mut problems = Problems::default();
        let root = Path::Root;
        let title = replacement(title, &root.field("title"), &mut problems)
            .and_then(|title| text::required(&title, NAME_MAX, &root.field("title"), &mut problems));
        let description = change(description).map(|description| {
            text::optional(
                description.as_deref(),
                TEXT_MAX,
                &root.field("description"),
                &mut problems,
            )
        });
        let priority = replacement(priority, &root.field("priority"), &mut problems);
        let people_in_need =
            change(people_in_need).map(|people| check_people(people, &root.field("peopleInNeed"), &mut problems));
        let contact = change(contact)
            .map(|contact| contact.map(ContactInput::form).unwrap_or_default())
            .map(|contact| contact.check(&root.field("contact"), &mut problems));
        let list = root.field("updateItems");
        let update_items = update_items
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, item)| item.patch(&list.index(index), &mut problems))
            .collect();
        let patch = RequestPatch {
            title,
            description,
            priority,
            people_in_need,
            needed_by: change(needed_by).map(|day| day.map(|day| day.0)),
            contact,
            add_items: add_items.into_iter().flatten().map(RequestItemInput::form).collect(),
            update_items,
            remove_items: remove_items.into_iter().flatten().map(|id| item_id(&id)).collect(),
        };
        (patch, problems)
    }
}

impl UpdateRequestItemInput {
    fn patch(self, at: &Path<'_>, problems: &mut Problems) -> ItemPatch {
        let Self {
            id,
            external_id,
            description,
            quantity,
            unit_cost_usd,
        } = self;
        ItemPatch {
            id: item_id(&id),
            external_id: change(external_id),
            description: change(description),
            quantity: replacement(quantity, &at.field("quantity"), problems).map(|quantity| quantity.0),
            unit_cost_usd: change(unit_cost_usd).map(|cost| cost.map(|cost| cost.0)),
        }
    }
}

impl RequestStepInput {
    /// The step as the store takes it.
    pub fn step(self) -> StepInput {
        let Self {
            id,
            version,
            reason,
            idempotency: _,
        } = self;
        StepInput {
            id: request_id(&id),
            version,
            reason,
        }
    }
}

impl VerifyAssistanceRequestInput {
    /// The step and the approvals as the store takes them.
    pub fn step(self) -> (StepInput, Vec<Approval>) {
        let Self {
            id,
            version,
            approvals,
            idempotency: _,
        } = self;
        let approvals = approvals
            .into_iter()
            .flatten()
            .map(
                |ItemApprovalInput {
                     item,
                     approved_quantity,
                     note,
                 }| Approval {
                    item: item_id(&item),
                    quantity: approved_quantity.0,
                    note,
                },
            )
            .collect();
        (
            StepInput {
                id: request_id(&id),
                version,
                reason: None,
            },
            approvals,
        )
    }
}
