//! Ranked search over everything that has a text.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::parser::types::{Field, FragmentDefinition, Selection, SelectionSet, TypeCondition};
use async_graphql::{Context, Enum, Name, Object, Positioned, SimpleObject, Union};

use crate::domain::search::{Kind, Query};
use crate::error::Error;
use crate::graphql::assistance_request::{AssistanceRequest, Columns};
use crate::graphql::commodity::Commodity;
use crate::graphql::context::{reader, request};
use crate::graphql::country::Country;
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::level::{Entry, Level};
use crate::graphql::need_category::NeedCategory;
use crate::graphql::organization::Organization;
use crate::graphql::page::{PageInfo, arguments, wants_total};
use crate::store::page::{Arguments, Cursor, Page, Paging};
use crate::store::search::{Hit, Node, Wanted, search};
use crate::store::{Consistency, Reader};

/// Root fields of search.
#[derive(Default)]
pub struct SearchQuery;

/// What can be searched. More may come: keep a default branch.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Kind")]
pub enum SearchType {
    /// Requests that the viewer may see, by title, description and reference.
    AssistanceRequest,
    /// Categories, by their names in all languages, code and description.
    NeedCategory,
    /// Commodities, by their names in all languages, code and specification.
    Commodity,
    /// Countries, by their names in all languages and their codes.
    Country,
    /// Organizations, by name and code.
    Organization,
}

/// What a search finds.
#[derive(Union, Clone)]
pub enum SearchNode {
    /// A request.
    AssistanceRequest(AssistanceRequest),
    /// A category.
    NeedCategory(NeedCategory),
    /// A commodity.
    Commodity(Commodity),
    /// A country.
    Country(Country),
    /// An organization.
    Organization(Organization),
}

/// A match and its place in the list.
#[derive(SimpleObject, Clone)]
pub struct SearchEdge {
    /// Names the place of this match: give it as `after` of the same query and types.
    cursor: Cursor,
    /// What matches.
    node: SearchNode,
    /// How well, from 0 to 1: 1 is called just as the query. Compare scores within one search only.
    score: f64,
    /// The part that matches best: `<mark>` around the words that match, everything else HTML-escaped.
    snippet: Option<String>,
}

/// A page of matches, the best first.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct SearchConnection {
    /// The matches, each with the cursor that names its place.
    edges: Vec<SearchEdge>,
    /// Where this page stands.
    page_info: PageInfo,
    #[graphql(skip)]
    total: Option<u64>,
}

#[async_graphql::ComplexObject]
impl SearchConnection {
    /// What matches alone.
    async fn nodes(&self) -> Vec<SearchNode> {
        self.edges.iter().map(|edge| edge.node.clone()).collect()
    }

    /// How many matches there are that the viewer may see. Counted only where selected.
    async fn total_count(&self) -> Fallible<i32> {
        let total = self.total.ok_or_else(|| Error::internal("a total was not counted"))?;
        Ok(i32::try_from(total).unwrap_or(i32::MAX))
    }
}

impl SearchConnection {
    fn new(reader: &Arc<Reader>, page: Page<Hit>) -> Self {
        let nodes = nodes(reader, &page);
        let page_info = PageInfo::of(&page);
        let edges = page.rows.into_iter().zip(nodes);
        let edges = edges.map(|((hit, cursor), node)| SearchEdge {
            cursor,
            node,
            score: hit.score,
            snippet: hit.snippet,
        });
        Self {
            edges: edges.collect(),
            page_info,
            total: page.total,
        }
    }
}

/// The matches as objects, those of one type as one level, so that the children of all are read at once.
fn nodes(reader: &Arc<Reader>, page: &Page<Hit>) -> Vec<SearchNode> {
    macro_rules! level {
        ($kind:ident) => {{
            let rows = page.rows.iter().filter_map(|(hit, _)| match &hit.node {
                Node::$kind(row) => Some(row.clone()),
                _ => None,
            });
            let level = Level::new(Arc::clone(reader), rows.collect());
            (0..).map(move |index| SearchNode::$kind($kind(Entry::new(Arc::clone(&level), index))))
        }};
    }
    let mut requests = level!(AssistanceRequest);
    let mut categories = level!(NeedCategory);
    let mut commodities = level!(Commodity);
    let mut countries = level!(Country);
    let mut organizations = level!(Organization);
    let next = |(hit, _): &(Hit, Cursor)| match &hit.node {
        Node::AssistanceRequest(_) => requests.next(),
        Node::NeedCategory(_) => categories.next(),
        Node::Commodity(_) => commodities.next(),
        Node::Country(_) => countries.next(),
        Node::Organization(_) => organizations.next(),
    };
    page.rows.iter().filter_map(next).collect()
}

/// What is selected of the matches.
#[derive(Default)]
struct Fields<'a> {
    of_requests: Vec<&'a str>,
    snippet: bool,
}

impl<'a> Fields<'a> {
    fn of(ctx: &Context<'a>) -> Self {
        let mut fields = Self::default();
        let walk = Walk(&ctx.query_env.fragments);
        walk.each(
            &ctx.item.node.selection_set.node,
            &mut |field| match field.name.node.as_str() {
                "nodes" => fields.add(&walk, &field.selection_set.node),
                "edges" => walk.each(&field.selection_set.node, &mut |field| match field.name.node.as_str() {
                    "node" => fields.add(&walk, &field.selection_set.node),
                    "snippet" => fields.snippet = true,
                    _ => {}
                }),
                _ => {}
            },
        );
        fields
    }

    fn add(&mut self, walk: &Walk<'a>, nodes: &'a SelectionSet) {
        walk.each(nodes, &mut |field| self.of_requests.push(field.name.node.as_str()));
    }
}

/// Walks selections as they stand in the document, since a look-ahead does not tell the members of a union apart:
/// a country's `name` would have every column of the requests read.
struct Walk<'a>(&'a HashMap<Name, Positioned<FragmentDefinition>>);

impl<'a> Walk<'a> {
    /// Every field that is, or may be, one of a request's. What is skipped by a directive is let pass: a column too many
    /// does no harm.
    fn each(&self, set: &'a SelectionSet, visit: &mut dyn FnMut(&'a Field)) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => visit(&field.node),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.0.get(&spread.node.fragment_name.node)
                        && may_be_request(Some(&fragment.node.type_condition.node))
                    {
                        self.each(&fragment.node.selection_set.node, visit);
                    }
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref().map(|condition| &condition.node);
                    if may_be_request(condition) {
                        self.each(&inline.node.selection_set.node, visit);
                    }
                }
            }
        }
    }
}

fn may_be_request(condition: Option<&TypeCondition>) -> bool {
    let others = ["NeedCategory", "Commodity", "Country", "Organization"];
    condition.is_none_or(|condition| !others.contains(&condition.on.node.as_str()))
}

#[Object]
impl SearchQuery {
    /// Ranked full-text search over requests, categories, commodities, countries and organizations. All words must be
    /// found, each whole or as the beginning of a word, whatever their case and accents; a query has at most 255
    /// characters and 16 words, and no syntax. Best matches first; of requests the 1,000 newest matches are ranked and
    /// listed, and all are counted.
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The words that must be found.")] query: String,
        #[graphql(desc = "Only these; all where absent.")] types: Option<Vec<SearchType>>,
        #[graphql(desc = "Rows from the start, 0 to 100; 25 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
    ) -> Nullable<SearchConnection> {
        Some(found(ctx, &query, types, &arguments(first, after, None, None)).await)
    }
}

async fn found(
    ctx: &Context<'_>,
    query: &str,
    types: Option<Vec<SearchType>>,
    arguments: &Arguments,
) -> Fallible<SearchConnection> {
    let query = Query::parse(query)?;
    let mut kinds: Vec<Kind> = match types {
        Some(types) => types.into_iter().map(Into::into).collect(),
        None => Kind::ALL.to_vec(),
    };
    kinds.sort_unstable();
    kinds.dedup();
    let limits = &request(ctx)?.limits;
    let filter = format!("{query:?} {kinds:?}");
    let paging = Paging::new(arguments, limits.default_page, limits.page, "Search", "rank", &filter)?;
    let fields = Fields::of(ctx);
    let reader = reader(ctx, Consistency::Snapshot)?;
    let wanted = Wanted {
        kinds: &kinds,
        columns: &Columns::of_names(fields.of_requests.into_iter()).0,
        total: wants_total(ctx),
        snippets: fields.snippet,
    };
    let page = search(&reader, &query, &paging, &wanted).await?;
    Ok(SearchConnection::new(&reader, page))
}
