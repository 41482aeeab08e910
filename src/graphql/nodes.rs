//! `node` and `nodes`: any object by its id alone.
#![allow(
    missing_docs,
    reason = "the derive of Interface makes a method that nobody can document"
)]

use std::hash::Hash;
use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object};
use uuid::Uuid;

use crate::error::Error;
use crate::graphql::api_key::ApiKey;
use crate::graphql::assistance_request::{AssistanceRequest, Columns};
use crate::graphql::change::{Change, Shown};
use crate::graphql::commodity::Commodity;
use crate::graphql::context::{reader, request};
use crate::graphql::contribution::{self, Contribution, Delivery, delivery_columns};
use crate::graphql::country::Country;
use crate::graphql::fault::{Fallible, Nullable, nullable};
use crate::graphql::level::{Entry, Level};
use crate::graphql::need_category::NeedCategory;
use crate::graphql::node::GlobalId;
use crate::graphql::organization::Organization;
use crate::graphql::request_item::{self, RequestItem};
use crate::store::{self, Consistency, Map, Reader};

/// Root fields that find anything.
#[derive(Default)]
pub struct NodeQuery;

/// Whatever has an id of its own.
#[derive(Interface, Clone)]
#[graphql(field(
    name = "id",
    ty = "Fallible<ID>",
    desc = "Opaque and stable; node(id:) finds it again."
))]
pub enum Node {
    /// A country.
    Country(Country),
    /// A category.
    NeedCategory(NeedCategory),
    /// A commodity.
    Commodity(Commodity),
    /// An organization.
    Organization(Organization),
    /// A request.
    AssistanceRequest(AssistanceRequest),
    /// An item of a request.
    RequestItem(RequestItem),
    /// A contribution.
    Contribution(Contribution),
    /// A delivery.
    Delivery(Delivery),
    /// An API key.
    ApiKey(ApiKey),
    /// A change.
    Change(Change),
}

/// What was found of one noun, as one level.
struct Found<K, R> {
    level: Arc<Level<R>>,
    places: Map<K, usize>,
}

impl<K: Eq + Hash, R> Found<K, R> {
    fn new(reader: &Arc<Reader>, read: impl IntoIterator<Item = (K, R)>) -> Self {
        let (keys, rows): (Vec<K>, Vec<R>) = read.into_iter().unzip();
        let places = keys.into_iter().enumerate().map(|(place, key)| (key, place)).collect();
        Self {
            level: Level::new(Arc::clone(reader), rows),
            places,
        }
    }

    fn entry(&self, key: &K) -> Option<Entry<R>> {
        self.places
            .get(key)
            .map(|place| Entry::new(Arc::clone(&self.level), *place))
    }
}

/// The keys of one noun among ids.
fn keys<K>(ids: &[Option<GlobalId>], pick: impl Fn(&GlobalId) -> Option<K>) -> Vec<K> {
    ids.iter().flatten().filter_map(pick).collect()
}

macro_rules! uuids {
    ($ids:expr, $variant:ident) => {
        keys($ids, |id| match id {
            GlobalId::$variant(key) => Some(*key),
            _ => None,
        })
    };
}

macro_rules! known {
    ($reader:expr, $ids:expr, $variant:ident, $table:ident) => {{
        let codes = keys($ids, |id| match id {
            GlobalId::$variant(code) => Some(code.clone()),
            _ => None,
        });
        let table = &$reader.reference().$table;
        Found::new(
            $reader,
            codes
                .into_iter()
                .filter_map(|code| table.get(&code).map(|row| (code, Arc::clone(row)))),
        )
    }};
}

/// What the ids stand for, in their order, one statement a noun.
pub(crate) async fn find(
    ctx: &Context<'_>,
    reader: &Arc<Reader>,
    ids: &[Option<GlobalId>],
) -> Fallible<Vec<Option<Node>>> {
    let field = ctx.field();
    let fields = || field.selection_set();
    let request_ids: Vec<Uuid> = uuids!(ids, AssistanceRequest);
    let item_ids: Vec<Uuid> = uuids!(ids, RequestItem);
    let contribution_ids: Vec<Uuid> = uuids!(ids, Contribution);
    let delivery_ids: Vec<Uuid> = uuids!(ids, Delivery);
    let columns = Columns::of(fields());
    let requests = match request_ids.is_empty() {
        true => Map::default(),
        false => store::assistance_request::by_ids(reader, &request_ids, &columns.0).await?,
    };
    let requests = Found::new(reader, requests);
    let items = match item_ids.is_empty() {
        true => Map::default(),
        false => store::request_item::by_ids(reader, &item_ids, &request_item::columns(fields())).await?,
    };
    let items = Found::new(reader, items);
    let contributions = match contribution_ids.is_empty() {
        true => Map::default(),
        false => store::contribution::by_ids(reader, &contribution_ids, &contribution::columns(fields())).await?,
    };
    let contributions = Found::new(reader, contributions);
    let deliveries = match delivery_ids.is_empty() {
        true => Map::default(),
        false => store::contribution::deliveries_by_ids(reader, &delivery_ids, &delivery_columns(fields())).await?,
    };
    let deliveries = Found::new(reader, deliveries);
    let key_ids: Vec<Uuid> = uuids!(ids, ApiKey);
    let api_keys = match key_ids.is_empty() {
        true => Map::default(),
        false => store::api_key::by_ids(reader, &key_ids).await?,
    };
    let api_keys = Found::new(reader, api_keys);
    let places = keys(ids, |id| match id {
        GlobalId::Change(sequence) => Some(*sequence),
        _ => None,
    });
    let changes = match places.is_empty() {
        true => Vec::new(),
        false => store::change::by_sequences(reader, &places).await?,
    };
    let changes = changes.into_iter().filter_map(|change| Shown::to(reader, change));
    let changes = Found::new(reader, changes.map(|shown| (shown.sequence(), shown)));
    let countries = known!(reader, ids, Country, countries);
    let categories = known!(reader, ids, NeedCategory, categories);
    let commodities = known!(reader, ids, Commodity, commodities);
    let organizations = known!(reader, ids, Organization, organizations);
    let node = |id: &GlobalId| match id {
        GlobalId::Country(code) => countries.entry(code).map(Country).map(Node::Country),
        GlobalId::NeedCategory(code) => categories.entry(code).map(NeedCategory).map(Node::NeedCategory),
        GlobalId::Commodity(code) => commodities.entry(code).map(Commodity).map(Node::Commodity),
        GlobalId::Organization(code) => organizations.entry(code).map(Organization).map(Node::Organization),
        GlobalId::AssistanceRequest(id) => requests.entry(id).map(AssistanceRequest).map(Node::AssistanceRequest),
        GlobalId::RequestItem(id) => items.entry(id).map(RequestItem).map(Node::RequestItem),
        GlobalId::Contribution(id) => contributions.entry(id).map(Contribution).map(Node::Contribution),
        GlobalId::Delivery(id) => deliveries.entry(id).map(Delivery).map(Node::Delivery),
        GlobalId::ApiKey(id) => api_keys.entry(id).map(ApiKey).map(Node::ApiKey),
        GlobalId::Change(sequence) => changes.entry(sequence).map(Change).map(Node::Change),
        GlobalId::Unit(_) => None,
    };
    Ok(ids.iter().map(|id| node(id.as_ref()?)).collect())
}

#[Object]
impl NodeQuery {
    /// Any object by its id. Null where there is none that the viewer may see.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "An id as another field gave it.")] id: ID,
    ) -> Nullable<Node> {
        let found = async {
            let reader = reader(ctx, Consistency::Snapshot)?;
            Ok::<_, crate::graphql::fault::Fault>(find(ctx, &reader, &[GlobalId::decode(&id)]).await?.pop().flatten())
        };
        nullable(found.await)
    }

    /// Any objects by their ids, at most 100, in the order of the ids; null in the place of each that the viewer may not
    /// see.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Ids as other fields gave them.")] ids: Vec<ID>,
    ) -> Nullable<Vec<Option<Node>>> {
        let found = async {
            let most = request(ctx)?.limits.nodes;
            if ids.len() > most {
                let message = format!("ids has {} values; at most {most} are answered.", ids.len());
                return Err(Error::BadUserInput(message).into());
            }
            let ids: Vec<_> = ids.iter().map(|id| GlobalId::decode(id)).collect();
            find(ctx, &reader(ctx, Consistency::Snapshot)?, &ids).await
        };
        Some(found.await)
    }
}
