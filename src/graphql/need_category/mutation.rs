//! What administrators enter of categories.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use entity::enums::NeedDomain;

use crate::domain::need_category::{CategoryForm, CategoryKey};
use crate::graphql::context::mutation;
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::idempotency::Idempotency;
use crate::graphql::input::{LocalizedName, change, given, names};
use crate::graphql::need_category::object::NeedCategory;
use crate::graphql::need_category::query::find;
use crate::graphql::node::category_code;
use crate::graphql::payload::{payload, settle};
use crate::store::{Outcome, need_category};

/// Mutations of categories.
#[derive(Default)]
pub struct NeedCategoryMutation;

payload!(
    /// What a mutation of a category answers.
    NeedCategoryPayload,
    /// The category as it now is, also where userErrors says why it was not changed; null where there is none.
    need_category: NeedCategory
);

/// A new category.
#[derive(InputObject, Clone, Debug)]
pub struct CreateNeedCategoryInput {
    /// Its code, 1 to 64 of A-Z, 0-9, _ and . Given once; no other category has it.
    code: String,
    /// Code of the category above; a root where left out.
    parent: Option<String>,
    /// The kind of need; the parent's, where there is a parent.
    domain: NeedDomain,
    /// English name; 1 to 200 characters.
    name: String,
    /// Names in other languages.
    names: Option<Vec<LocalizedName>>,
    /// What falls under it, in English; up to 10,000 characters.
    description: Option<String>,
    /// IASC / HXL code of the humanitarian sector: "HEA", "WSH".
    iasc_sector: Option<String>,
    /// Pillar of WHO's COVID-19 strategic response plan, 1 to 10.
    who_pillar: Option<i32>,
    /// Place among its siblings; after the last of them where left out.
    sort_order: Option<i32>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// Changes of a category. Absent fields stay as they are; an explicit null clears a nullable one.
#[derive(InputObject, Clone, Debug)]
pub struct UpdateNeedCategoryInput {
    /// Which category.
    id: ID,
    /// The version last seen; STALE_VERSION where it is not the present one.
    version: i32,
    /// English name; 1 to 200 characters.
    name: MaybeUndefined<String>,
    /// Names in other languages, all of them: a language left out has none any more.
    names: MaybeUndefined<Vec<LocalizedName>>,
    /// What falls under it, in English; up to 10,000 characters.
    description: MaybeUndefined<String>,
    /// Code of the category above, of the same domain and not below this one; null makes it a root.
    parent: MaybeUndefined<String>,
    /// IASC / HXL code of the humanitarian sector: "HEA", "WSH".
    iasc_sector: MaybeUndefined<String>,
    /// Pillar of WHO's COVID-19 strategic response plan, 1 to 10.
    who_pillar: MaybeUndefined<i32>,
    /// Place among its siblings.
    sort_order: MaybeUndefined<i32>,
    /// False retires it: IN_USE while active categories or commodities stand below it. True brings it back.
    active: MaybeUndefined<bool>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

impl CreateNeedCategoryInput {
    fn form(self) -> (CategoryKey, CategoryForm) {
        let Self {
            code,
            parent,
            domain,
            name,
            names: local_names,
            description,
            iasc_sector,
            who_pillar,
            sort_order,
            idempotency: _,
        } = self;
        let form = CategoryForm {
            name: given(Some(name)),
            names: given(local_names.map(names)),
            description: given(description),
            parent: given(parent),
            iasc_sector: given(iasc_sector),
            who_pillar: given(who_pillar),
            sort_order: given(sort_order),
            active: None,
        };
        (CategoryKey { code, domain }, form)
    }
}

impl UpdateNeedCategoryInput {
    fn form(self) -> CategoryForm {
        let Self {
            id: _,
            version: _,
            name,
            names: local_names,
            description,
            parent,
            iasc_sector,
            who_pillar,
            sort_order,
            active,
            idempotency: _,
        } = self;
        CategoryForm {
            name: change(name),
            names: change(local_names.map_value(names)),
            description: change(description),
            parent: change(parent),
            iasc_sector: change(iasc_sector),
            who_pillar: change(who_pillar),
            sort_order: change(sort_order),
            active: change(active),
        }
    }
}

/// The payload of a write: the category as it is after it.
fn answer(ctx: &Context<'_>, outcome: Outcome<String>, named: Option<String>) -> Fallible<NeedCategoryPayload> {
    let (code, user_errors) = match settle(outcome)? {
        Ok(code) => (Some(code), Vec::new()),
        Err(user_errors) => (named, user_errors),
    };
    let need_category = match code {
        Some(code) => find(ctx, &code)?,
        None => None,
    };
    Ok(NeedCategoryPayload {
        need_category,
        user_errors,
    })
}

async fn create(ctx: &Context<'_>, input: CreateNeedCategoryInput) -> Fallible<NeedCategoryPayload> {
    let call = mutation(ctx, "createNeedCategory", &input, &input.idempotency)?;
    let (store, (key, form)) = (&call.request.store, input.form());
    let outcome = call
        .write(|author| need_category::create(store, author, key, form))
        .await;
    answer(ctx, outcome, None)
}

async fn update(ctx: &Context<'_>, input: UpdateNeedCategoryInput) -> Fallible<NeedCategoryPayload> {
    let call = mutation(ctx, "updateNeedCategory", &input, &input.idempotency)?;
    let (named, version) = (category_code(&input.id), input.version);
    let (store, code, form) = (&call.request.store, named.clone(), input.form());
    let outcome = call
        .write(|author| need_category::update(store, author, code, version, form))
        .await;
    answer(ctx, outcome, named)
}

#[Object]
impl NeedCategoryMutation {
    /// Adds a category. For administrators.
    async fn create_need_category(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The category.")] input: CreateNeedCategoryInput,
    ) -> Nullable<NeedCategoryPayload> {
        Some(create(ctx, input).await)
    }

    /// Changes, moves (parent) or retires (active) a category. From then on the server's own file of categories no
    /// longer overwrites it. For administrators.
    async fn update_need_category(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The changes.")] input: UpdateNeedCategoryInput,
    ) -> Nullable<NeedCategoryPayload> {
        Some(update(ctx, input).await)
    }
}
