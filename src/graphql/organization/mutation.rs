//! What administrators enter of organizations.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use entity::enums::OrganizationKind;

use crate::domain::organization::OrganizationForm;
use crate::graphql::context::mutation;
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::idempotency::Idempotency;
use crate::graphql::input::{change, given};
use crate::graphql::node::organization_code;
use crate::graphql::organization::object::Organization;
use crate::graphql::organization::query::find;
use crate::graphql::payload::{payload, settle};
use crate::graphql::scalar::CountryCode;
use crate::store::{Outcome, organization};

/// Mutations of organizations.
#[derive(Default)]
pub struct OrganizationMutation;

payload!(
    /// What a mutation of an organization answers.
    OrganizationPayload,
    /// The organization as it now is, also where userErrors says why it was not changed; null where there is none.
    organization: Organization
);

/// A new organization.
#[derive(InputObject, Clone, Debug)]
pub struct CreateOrganizationInput {
    /// Its code, 1 to 64 of A-Z, 0-9, _ and . Given once; no other organization has it.
    code: String,
    /// Its own name; 1 to 200 characters.
    name: String,
    /// What it is.
    kind: OrganizationKind,
    /// Where its headquarters are.
    country: Option<CountryCode>,
    /// Its web site: http or https, up to 2,000 characters.
    url: Option<String>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// Changes of an organization. Absent fields stay as they are; an explicit null clears a nullable one.
#[derive(InputObject, Clone, Debug)]
pub struct UpdateOrganizationInput {
    /// Which organization.
    id: ID,
    /// The version last seen; STALE_VERSION where it is not the present one.
    version: i32,
    /// Its own name; 1 to 200 characters.
    name: MaybeUndefined<String>,
    /// What it is.
    kind: MaybeUndefined<OrganizationKind>,
    /// Where its headquarters are.
    country: MaybeUndefined<CountryCode>,
    /// Its web site: http or https, up to 2,000 characters.
    url: MaybeUndefined<String>,
    /// False retires it: new contributions can't name it. True brings it back.
    active: MaybeUndefined<bool>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

impl CreateOrganizationInput {
    fn form(self) -> (String, OrganizationForm) {
        let Self {
            code,
            name,
            kind,
            country,
            url,
            idempotency: _,
        } = self;
        let form = OrganizationForm {
            name: given(Some(name)),
            kind: given(Some(kind)),
            country: given(country.map(|country| country.0)),
            url: given(url),
            active: None,
        };
        (code, form)
    }
}

impl UpdateOrganizationInput {
    fn form(self) -> OrganizationForm {
        let Self {
            id: _,
            version: _,
            name,
            kind,
            country,
            url,
            active,
            idempotency: _,
        } = self;
        OrganizationForm {
            name: change(name),
            kind: change(kind),
            country: change(country.map_value(|country| country.0)),
            url: change(url),
            active: change(active),
        }
    }
}

/// The payload of a write: the organization as it is after it.
fn answer(ctx: &Context<'_>, outcome: Outcome<String>, named: Option<String>) -> Fallible<OrganizationPayload> {
    let (code, user_errors) = match settle(outcome)? {
        Ok(code) => (Some(code), Vec::new()),
        Err(user_errors) => (named, user_errors),
    };
    let organization = match code {
        Some(code) => find(ctx, &code)?,
        None => None,
    };
    Ok(OrganizationPayload {
        organization,
        user_errors,
    })
}

async fn create(ctx: &Context<'_>, input: CreateOrganizationInput) -> Fallible<OrganizationPayload> {
    let call = mutation(ctx, "createOrganization", &input, &input.idempotency)?;
    let (store, (code, form)) = (&call.request.store, input.form());
    let outcome = call
        .write(|author| organization::create(store, author, code, form))
        .await;
    answer(ctx, outcome, None)
}

async fn update(ctx: &Context<'_>, input: UpdateOrganizationInput) -> Fallible<OrganizationPayload> {
    let call = mutation(ctx, "updateOrganization", &input, &input.idempotency)?;
    let (named, version) = (organization_code(&input.id), input.version);
    let (store, code, form) = (&call.request.store, named.clone(), input.form());
    let outcome = call
        .write(|author| organization::update(store, author, code, version, form))
        .await;
    answer(ctx, outcome, named)
}

#[Object]
impl OrganizationMutation {
    /// Adds an organization. For administrators.
    async fn create_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organization.")] input: CreateOrganizationInput,
    ) -> Nullable<OrganizationPayload> {
        Some(create(ctx, input).await)
    }

    /// Changes or retires an organization. From then on the server's own file of organizations no longer overwrites
    /// it. For administrators.
    async fn update_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The changes.")] input: UpdateOrganizationInput,
    ) -> Nullable<OrganizationPayload> {
        Some(update(ctx, input).await)
    }
}
