//! Who asks, and what answers.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use entity::enums::Role;

use crate::domain::rights::permissions;
use crate::graphql::context::{reader, request};
use crate::graphql::country::Country;
use crate::graphql::fault::Fallible;
use crate::graphql::level::Entry;
use crate::graphql::organization::Organization;
use crate::graphql::scalar::BigInt;
use crate::store::{Consistency, change};

#[derive(Default)]
pub struct ViewerQuery;

/// Who asks, as the server sees the credential that came with the request.
#[derive(SimpleObject)]
pub struct Viewer {
    /// What the credential is called; null for an anonymous viewer, and for a token that tells no name.
    name: Option<String>,
    /// The viewer's roles; their rights add up.
    roles: Vec<Role>,
    /// The country that a FOCAL_POINT speaks for.
    country: Option<Country>,
    /// The organization that a RESPONDER speaks for.
    organization: Option<Organization>,
    /// Names of the mutations that the viewer may call on something.
    permissions: Vec<String>,
}

/// What answers, and within which limits.
#[derive(SimpleObject)]
pub struct Service {
    /// Name of the software.
    name: String,
    /// Version of the software.
    version: String,
    /// Place of the last change in the feed; "0" where there is none.
    sequence: BigInt,
    /// Cursor of the last change in the feed. A mirror reads it first, then all objects, and then follows
    /// `changes(after:)`.
    change_cursor: String,
    /// What one request of this viewer may ask for.
    limits: ViewerLimits,
}

/// What one request of this viewer may ask for. More is refused with a message that names the limit.
#[derive(SimpleObject)]
#[graphql(name = "Limits")]
pub struct ViewerLimits {
    /// Rows of a page.
    max_page_size: i32,
    /// Levels of fields.
    max_depth: i32,
    /// Cost of an operation: an object 1, a connection its page size times its child, a mutation 10.
    max_cost: i32,
    /// Lexical tokens of a document.
    max_tokens: i32,
    /// Bytes of a request's body.
    max_body_bytes: i32,
    /// Items of an assistance request.
    max_items_per_request: i32,
    /// Rows of an import.
    max_import_rows: i32,
    /// Rows of a page where `first` and `last` are left out.
    default_page_size: i32,
    /// Rows of a page of countries, categories, commodities or organizations.
    max_reference_page_size: i32,
    /// Ids that `nodes` takes.
    max_nodes: i32,
    /// Brackets of any kind open at once in a document or a body.
    max_nesting: i32,
    /// Fields of an operation, fragments expanded.
    max_fields: i32,
    /// Fields with an alias, fragments expanded.
    max_aliases: i32,
    /// Root fields of an operation.
    max_root_fields: i32,
    /// Levels of `and`, `or`, `not` and of relations in a filter.
    max_filter_depth: i32,
    /// Values of a list in an input.
    max_list_values: i32,
    /// Fields and values of all filters of an operation; each `some`, `every`, `none`, `request`, `item` and `fulfilment` counts as
    /// 100, twice as much within another, each word of `text` as 3.
    max_filter_tests: i32,
    /// Errors told in one answer.
    max_errors: i32,
    /// Cost of an introspection, which has a budget of its own.
    max_introspection_cost: i32,
    /// Time of a request, in milliseconds.
    timeout_ms: i32,
}

#[Object]
impl ViewerQuery {
    /// Who asks: roles, and the mutations open to them. Answered to everybody.
    async fn viewer(&self, ctx: &Context<'_>) -> Fallible<Viewer> {
        let actor = &request(ctx)?.actor;
        let reader = reader(ctx, Consistency::Snapshot)?;
        let known = reader.reference();
        let country = actor.country.as_deref().and_then(|code| known.countries.get(code));
        let organization = actor
            .organization
            .as_deref()
            .and_then(|code| known.organizations.get(code));
        Ok(Viewer {
            country: country.map(|row| Country(Entry::alone(Arc::clone(&reader), Arc::clone(row)))),
            organization: organization.map(|row| Organization(Entry::alone(Arc::clone(&reader), Arc::clone(row)))),
            name: actor.name.clone(),
            roles: actor.roles.clone(),
            permissions: permissions(actor).into_iter().map(Into::into).collect(),
        })
    }

    /// What answers, and within which limits. Answered to everybody.
    async fn service(&self, ctx: &Context<'_>) -> Fallible<Service> {
        let request = request(ctx)?;
        let limits = &request.limits;
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        let cost = limits.cost(&request.actor);
        let asks = |field| ctx.look_ahead().field(field).exists();
        let (sequence, change_cursor) = if asks("sequence") || asks("changeCursor") {
            let head = change::head(&*reader(ctx, Consistency::Statement)?).await?;
            request.store.feed().reached(head.0).await?;
            head
        } else {
            (0, String::new())
        };
        Ok(Service {
            sequence: BigInt(sequence.into()),
            change_cursor,
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            limits: ViewerLimits {
                max_page_size: i32::try_from(limits.page).unwrap_or(i32::MAX),
                max_depth: count(limits.depth),
                max_cost: i32::try_from(cost).unwrap_or(i32::MAX),
                max_tokens: count(limits.tokens),
                max_body_bytes: count(limits.body(&request.actor)),
                max_items_per_request: count(limits.items),
                max_import_rows: count(limits.import_rows),
                default_page_size: i32::try_from(limits.default_page).unwrap_or(i32::MAX),
                max_reference_page_size: i32::try_from(limits.reference_page).unwrap_or(i32::MAX),
                max_nodes: count(limits.nodes),
                max_nesting: count(limits.nesting),
                max_fields: count(limits.fields),
                max_aliases: count(limits.aliases),
                max_root_fields: count(limits.root_fields),
                max_filter_depth: count(limits.filter_depth),
                max_list_values: count(limits.list_values),
                max_filter_tests: count(limits.filter_tests),
                max_errors: count(limits.errors),
                max_introspection_cost: i32::try_from(limits.introspection_cost).unwrap_or(i32::MAX),
                timeout_ms: i32::try_from(limits.time_ms).unwrap_or(i32::MAX),
            },
        })
    }
}
