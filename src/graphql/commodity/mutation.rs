//! What administrators enter of commodities.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};

use crate::domain::commodity::{CommodityForm, CommodityKey};
use crate::graphql::commodity::object::Commodity;
use crate::graphql::commodity::query::find;
use crate::graphql::context::mutation;
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::idempotency::Idempotency;
use crate::graphql::input::{LocalizedName, change, given, names};
use crate::graphql::node::commodity_code;
use crate::graphql::payload::{payload, settle};
use crate::graphql::scalar::Decimal;
use crate::store::{Outcome, commodity};

/// Mutations of commodities.
#[derive(Default)]
pub struct CommodityMutation;

payload!(
    /// What a mutation of a commodity answers.
    CommodityPayload,
    /// The commodity as it now is, also where userErrors says why it was not changed; null where there is none.
    commodity: Commodity
);

/// A new commodity.
#[derive(InputObject, Clone, Debug)]
pub struct CreateCommodityInput {
    /// Its code, 1 to 64 of A-Z, 0-9, _ and . Given once; no other commodity has it.
    code: String,
    /// Code of its category, which is in use.
    category: String,
    /// English name; 1 to 200 characters.
    name: String,
    /// Names in other languages.
    names: Option<Vec<LocalizedName>>,
    /// What it must be, in English; up to 10,000 characters.
    specification: Option<String>,
    /// Code of the unit in which it is counted: "PIECE". Given once, since items are counted in it.
    unit: String,
    /// United Nations Standard Products and Services Code.
    unspsc: Option<String>,
    /// Where WHO lists it; up to 255 characters.
    who_reference: Option<String>,
    /// Indicative price of one unit in US dollars, 0 to 1000000000, up to 4 decimals.
    indicative_unit_price_usd: Option<Decimal>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// Changes of a commodity. Absent fields stay as they are; an explicit null clears a nullable one.
#[derive(InputObject, Clone, Debug)]
pub struct UpdateCommodityInput {
    /// Which commodity.
    id: ID,
    /// The version last seen; STALE_VERSION where it is not the present one.
    version: i32,
    /// English name; 1 to 200 characters.
    name: MaybeUndefined<String>,
    /// Names in other languages, all of them: a language left out has none any more.
    names: MaybeUndefined<Vec<LocalizedName>>,
    /// Code of its category, which is in use. Items that ask for it already keep theirs.
    category: MaybeUndefined<String>,
    /// What it must be, in English; up to 10,000 characters.
    specification: MaybeUndefined<String>,
    /// United Nations Standard Products and Services Code.
    unspsc: MaybeUndefined<String>,
    /// Where WHO lists it; up to 255 characters.
    who_reference: MaybeUndefined<String>,
    /// Indicative price of one unit in US dollars, 0 to 1000000000, up to 4 decimals.
    indicative_unit_price_usd: MaybeUndefined<Decimal>,
    /// False retires it: new requests can't name it. True brings it back.
    active: MaybeUndefined<bool>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

impl CreateCommodityInput {
    fn form(self) -> (CommodityKey, CommodityForm) {
        let Self {
            code,
            category,
            name,
            names: local_names,
            specification,
            unit,
            unspsc,
            who_reference,
            indicative_unit_price_usd,
            idempotency: _,
        } = self;
        let form = CommodityForm {
            name: given(Some(name)),
            names: given(local_names.map(names)),
            category: given(Some(category)),
            specification: given(specification),
            unspsc: given(unspsc),
            who_reference: given(who_reference),
            indicative_unit_price_usd: given(indicative_unit_price_usd.map(|price| price.0)),
            active: None,
        };
        (CommodityKey { code, unit }, form)
    }
}

impl UpdateCommodityInput {
    fn form(self) -> CommodityForm {
        let Self {
            id: _,
            version: _,
            name,
            names: local_names,
            category,
            specification,
            unspsc,
            who_reference,
            indicative_unit_price_usd,
            active,
            idempotency: _,
        } = self;
        CommodityForm {
            name: change(name),
            names: change(local_names.map_value(names)),
            category: change(category),
            specification: change(specification),
            unspsc: change(unspsc),
            who_reference: change(who_reference),
            indicative_unit_price_usd: change(indicative_unit_price_usd.map_value(|price| price.0)),
            active: change(active),
        }
    }
}

/// The payload of a write: the commodity as it is after it.
fn answer(ctx: &Context<'_>, outcome: Outcome<String>, named: Option<String>) -> Fallible<CommodityPayload> {
    let (code, user_errors) = match settle(outcome)? {
        Ok(code) => (Some(code), Vec::new()),
        Err(user_errors) => (named, user_errors),
    };
    let commodity = match code {
        Some(code) => find(ctx, &code)?,
        None => None,
    };
    Ok(CommodityPayload { commodity, user_errors })
}

async fn create(ctx: &Context<'_>, input: CreateCommodityInput) -> Fallible<CommodityPayload> {
    let call = mutation(ctx, "createCommodity", &input, &input.idempotency)?;
    let (store, (key, form)) = (&call.request.store, input.form());
    let outcome = call.write(|author| commodity::create(store, author, key, form)).await;
    answer(ctx, outcome, None)
}

async fn update(ctx: &Context<'_>, input: UpdateCommodityInput) -> Fallible<CommodityPayload> {
    let call = mutation(ctx, "updateCommodity", &input, &input.idempotency)?;
    let (named, version) = (commodity_code(&input.id), input.version);
    let (store, code, form) = (&call.request.store, named.clone(), input.form());
    let outcome = call
        .write(|author| commodity::update(store, author, code, version, form))
        .await;
    answer(ctx, outcome, named)
}

#[Object]
impl CommodityMutation {
    /// Adds a commodity. For administrators.
    async fn create_commodity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The commodity.")] input: CreateCommodityInput,
    ) -> Nullable<CommodityPayload> {
        Some(create(ctx, input).await)
    }

    /// Changes or retires a commodity. From then on the server's own file of commodities no longer overwrites it. For
    /// administrators.
    async fn update_commodity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The changes.")] input: UpdateCommodityInput,
    ) -> Nullable<CommodityPayload> {
        Some(update(ctx, input).await)
    }
}
