//! A change as a viewer is told it.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use futures_util::FutureExt;
use macros::{Leaves, leaves};
use serde_json::Value;
use uuid::Uuid;

use crate::domain::change::{self, Told};
use crate::graphql::fault::{Fallible, Nullable, nullable};
use crate::graphql::level::Entry;
use crate::graphql::node::GlobalId;
use crate::graphql::nodes::{Node, find};
use crate::graphql::page::PageInfo;
use crate::graphql::scalar::{BigInt, DateTime};
use crate::graphql::written::{One, Rows};
use crate::store::Reader;
use crate::store::page::{Cursor, Page};

/// A change and what its reader is told of it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Shared by all who are told of it.
    change: Arc<change::Change>,
    told: Told,
}

impl Shown {
    /// None where the change does not exist for the reader.
    pub fn to(reader: &Reader, change: impl Into<Arc<change::Change>>) -> Option<Self> {
        let change = change.into();
        let told = change.tell(reader.actor())?;
        Some(Self { change, told })
    }

    /// Its place in the order of all changes.
    pub fn sequence(&self) -> i64 {
        self.change.sequence
    }
}

/// What one committed write changed of one object.
#[derive(Clone)]
pub struct Change(pub Entry<Shown>);

/// A change of one field.
#[derive(SimpleObject, Leaves, Clone)]
pub struct FieldChange {
    /// Name of the field.
    field: String,
    /// Its value before as JSON text; null where there was none, or where it is not told.
    before: Option<String>,
    /// Its value after as JSON text; null where there is none, or where it is not told.
    after: Option<String>,
}

/// A change and its place in the feed.
#[derive(SimpleObject, Leaves, Clone)]
pub struct ChangeEdge {
    /// Names the place of this change: give it as `after` of `changes`, as a query or a subscription, with any filter.
    cursor: Cursor,
    /// The change.
    node: One<Change>,
}

/// A page of changes, the earliest first.
#[derive(SimpleObject, Leaves, Clone)]
#[graphql(complex)]
pub struct ChangeConnection {
    /// The changes, each with the cursor that names its place.
    edges: Rows<'static, ChangeEdge>,
    /// Where this page stands. The endCursor of an empty page is the cursor that was given as `after`.
    page_info: One<PageInfo>,
}

#[async_graphql::ComplexObject]
impl ChangeConnection {
    /// The changes alone.
    async fn nodes(&self) -> Rows<'_, Change> {
        let nodes = self.edges.0.iter().map(|edge| edge.node.0.clone());
        nodes.collect::<Vec<_>>().into()
    }
}

impl ChangeConnection {
    /// A page of changes; an empty one ends where it began.
    pub fn new(page: Page<Entry<Shown>>, after: Option<&String>) -> Self {
        let mut page_info = PageInfo::of(&page);
        if page.rows.is_empty() {
            page_info.end_cursor = after.cloned().map(Cursor::given);
        }
        let edges = page.rows.into_iter();
        let edges = edges.map(|(entry, cursor)| ChangeEdge::new(entry, cursor));
        Self {
            edges: edges.collect::<Vec<_>>().into(),
            page_info: One(page_info),
        }
    }
}

/// What the reader is told of a page of the store, which holds only what exists for them.
pub fn shown(reader: &Reader, page: Page<change::Change>) -> Page<Shown> {
    let Page {
        rows,
        has_next,
        has_previous,
        total,
    } = page;
    let rows = rows.into_iter();
    let rows = rows.filter_map(|(change, cursor)| Some((Shown::to(reader, change)?, cursor)));
    Page {
        rows: rows.collect(),
        has_next,
        has_previous,
        total,
    }
}

impl ChangeEdge {
    /// A change at its place.
    pub const fn new(entry: Entry<Shown>, cursor: Cursor) -> Self {
        Self {
            cursor,
            node: One(Change(entry)),
        }
    }
}

impl Shown {
    fn subject(&self) -> Option<GlobalId> {
        GlobalId::of_subject(&self.change.subject_type, &self.change.subject_key)
    }
}

/// What one committed write changed of one object. Changes stand in the order in which they were committed, and never
/// change themselves.
#[leaves]
#[Object]
impl Change {
    /// Opaque and stable; `node(id:)` finds it again.
    pub async fn id(&self) -> Fallible<ID> {
        Ok(GlobalId::Change(self.0.row()?.change.sequence).encode())
    }

    /// Its place among all changes: 1, 2, 3 … without gaps. Changes that the viewer may not see leave gaps.
    async fn sequence(&self) -> Fallible<BigInt> {
        Ok(BigInt(self.0.row()?.change.sequence.into()))
    }

    /// When it came into the feed: never earlier than the change before it.
    async fn at(&self) -> Fallible<DateTime> {
        Ok(DateTime(self.0.row()?.change.at))
    }

    /// What was done: the noun and a past participle, `assistanceRequest.verified`, `contribution.delivered`. More may
    /// come: keep a default branch.
    async fn action(&self) -> Fallible<&str> {
        Ok(&self.0.row()?.change.action)
    }

    /// GraphQL type of the object.
    async fn subject_type(&self) -> Fallible<&str> {
        Ok(&self.0.row()?.change.subject_type)
    }

    /// Id of the object.
    async fn subject_id(&self) -> Fallible<ID> {
        let subject = self.0.row()?.subject();
        Ok(subject.map_or_else(|| ID(String::new()), |id| id.encode()))
    }

    /// The object as it is now; null where it is gone, the viewer can't see it any more, or it is a Unit, which is no Node.
    async fn subject(&self, ctx: &Context<'_>) -> Nullable<Node> {
        let found = async {
            let level = self.0.level();
            let begin = || {
                let load = async {
                    let ids = level
                        .rows
                        .iter()
                        .map(|row| row.subject().filter(|_| row.told.is_visible));
                    find(ctx, &level.reader, &ids.collect::<Vec<_>>()).await
                };
                // Each place selects its own fields of what is found.
                Ok((format!("{:?}", ctx.item.pos), load.boxed()))
            };
            let nodes = level.children(ctx, begin).await?;
            Ok::<_, crate::graphql::fault::Fault>(nodes.get(self.0.index()).cloned().flatten())
        };
        nullable(found.await)
    }

    /// Who did it: `key:` with the UUID of an API key, as `nam-needs key list` shows it, `jwt:` with the issuer and the subject of a token
    /// (`jwt:https://id.example.org#u1`), `import:` with a source, or `system`. Null where the viewer may not know.
    async fn actor(&self) -> Nullable<&str> {
        let found = self.0.row();
        nullable(found.map(|row| row.told.shows_actor.then_some(row.change.actor.as_str())))
    }

    /// What changed, of the fields that the viewer may read. The change that first shows an object to the viewer has the
    /// whole of it, with `before` null. Empty where an object moved with its request and nothing of it changed that is told.
    async fn diff(&self) -> Fallible<Rows<'static, FieldChange>> {
        let row = self.0.row()?;
        Ok(row.told.diff.iter().map(field_change).collect::<Vec<_>>().into())
    }
}

fn field_change(change: &change::FieldChange) -> FieldChange {
    let change::FieldChange(field, before, after) = change;
    let text = |value: &Value| match value {
        Value::Null => None,
        value => Some(reference(field, value).to_string()),
    };
    FieldChange {
        field: field.clone(),
        before: text(before),
        after: text(after),
    }
}

/// What names another object by its key is told as the id that clients know.
fn reference(field: &str, value: &Value) -> Value {
    let key = value.as_str().and_then(|text| Uuid::parse_str(text).ok());
    let id = match (field, key) {
        ("request", Some(key)) => GlobalId::AssistanceRequest(key),
        ("item", Some(key)) => GlobalId::RequestItem(key),
        ("contribution", Some(key)) => GlobalId::Contribution(key),
        _ => return value.clone(),
    };
    id.encode().to_string().into()
}
