//! The schema, one file a noun: object, query, input, mutation. Its resolvers translate and nothing else: rules stand
//! in `domain`, SQL in `store`.
//!
//! Law of the room: `http` is never named here, nor SeaORM's entity and active-model traits.

use async_graphql::{MergedObject, MergedSubscription, Schema, SchemaBuilder, ValidationMode};

pub mod among;
pub mod analysis;
pub mod api_key;
pub mod assistance_request;
pub mod change;
pub mod commodity;
pub mod context;
pub mod contribution;
pub mod country;
pub mod fault;
pub mod filter;
pub mod idempotency;
pub mod input;
pub mod known;
pub mod level;
pub mod need_category;
pub mod node;
pub mod nodes;
pub mod organization;
pub mod page;
pub mod payload;
pub mod request_item;
pub mod scalar;
pub mod search;
pub mod totals;
pub mod unit;
mod viewer;
pub mod written;

/// Every root field of a query.
#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
pub struct Query(
    nodes::NodeQuery,
    viewer::ViewerQuery,
    country::CountryQuery,
    need_category::NeedCategoryQuery,
    commodity::CommodityQuery,
    unit::UnitQuery,
    organization::OrganizationQuery,
    assistance_request::AssistanceRequestQuery,
    request_item::RequestItemQuery,
    contribution::ContributionQuery,
    search::SearchQuery,
    analysis::AnalysisQuery,
    change::ChangeQuery,
    api_key::ApiKeyQuery,
);

/// Every mutation.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub struct Mutation(
    assistance_request::AssistanceRequestMutation,
    country::CountryMutation,
    need_category::NeedCategoryMutation,
    commodity::CommodityMutation,
    organization::OrganizationMutation,
    contribution::ContributionMutation,
    api_key::ApiKeyMutation,
);

/// Whatever can be subscribed to.
#[derive(MergedSubscription, Default)]
#[graphql(name = "Subscription")]
pub struct Subscription(change::ChangeSubscription);

/// The schema that the server serves.
pub type NeedsSchema = Schema<Query, Mutation, Subscription>;

/// Builds the schema. What a request brings (viewer, store, limits) is its data: `context::Request`.
pub fn schema() -> NeedsSchema {
    build().finish()
}

/// The same for documents that are known to be valid, and ask for nothing of the schema itself: it checks none. It says that it is
/// part of a federation, whose fields no valid document has: else async-graphql looks for one through all types (`has_entities`) at
/// each root field of a query, a twentieth of what a lookup costs.
pub fn checked_schema() -> NeedsSchema {
    build()
        .validation_mode(ValidationMode::Fast)
        .enable_federation()
        .finish()
}

fn build() -> SchemaBuilder<Query, Mutation, Subscription> {
    // The document gate has measured every document before it comes here, and its bounds are the operator's.
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .disable_suggestions()
        .limit_recursive_depth(usize::MAX)
}

/// The schema as text, as `schema.graphql` holds it.
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new()
        .sorted_fields()
        .sorted_enum_items()
        .sorted_arguments();
    let mut sdl = schema().sdl_with_options(options);
    sdl.truncate(sdl.trim_end().len());
    sdl.push('\n');
    sdl
}
