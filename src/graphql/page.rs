//! Relay connections: what every list of rows looks like.

use async_graphql::{Context, SimpleObject};
use macros::Leaves;

use crate::store::page::{Arguments, Cursor, Page};

/// Where a page stands among all pages.
#[derive(SimpleObject, Leaves, Clone, Debug)]
pub struct PageInfo {
    /// Whether a row comes after this page: ask again with `after: endCursor`.
    pub has_next_page: bool,
    /// Whether a row comes before this page: ask again with `before: startCursor`.
    pub has_previous_page: bool,
    /// Cursor of the first row; null on an empty page.
    pub start_cursor: Option<Cursor>,
    /// Cursor of the last row; null on an empty page.
    pub end_cursor: Option<Cursor>,
}

impl PageInfo {
    /// What a page of the store tells of its place.
    pub fn of<R>(page: &Page<R>) -> Self {
        Self {
            has_next_page: page.has_next,
            has_previous_page: page.has_previous,
            start_cursor: page.rows.first().map(|(_, cursor)| cursor.clone()),
            end_cursor: page.rows.last().map(|(_, cursor)| cursor.clone()),
        }
    }
}

/// The paging arguments of a connection.
pub fn arguments(first: Option<i32>, after: Option<String>, last: Option<i32>, before: Option<String>) -> Arguments {
    Arguments {
        first,
        after,
        last,
        before,
    }
}

/// Whether the field that is being resolved selects `totalCount`: it costs a statement of its own.
pub fn wants_total(ctx: &Context<'_>) -> bool {
    ctx.look_ahead().field("totalCount").exists()
}

/// Declares a connection and its edge for a node type that is cheap to clone.
macro_rules! connection {
    ($(#[$doc:meta])* $connection:ident, $(#[$edge_doc:meta])* $edge:ident, $node:ty) => {
        $(#[$edge_doc])*
        #[derive(async_graphql::SimpleObject, macros::Leaves, Clone)]
        pub struct $edge {
            /// Names the place of this row: give it as `after` or `before` of the same list, order and filter.
            cursor: $crate::store::page::Cursor,
            /// The row.
            node: $crate::graphql::written::One<$node>,
        }

        $(#[$doc])*
        #[derive(Clone)]
        pub struct $connection {
            edges: Vec<$edge>,
            page_info: $crate::graphql::page::PageInfo,
            total: Option<u64>,
        }

        impl $connection {
            /// The connection of a page of the store.
            pub fn new(page: $crate::store::page::Page<$node>) -> Self {
                let page_info = $crate::graphql::page::PageInfo::of(&page);
                let total = page.total;
                let edges = page.rows.into_iter().map(|(node, cursor)| {
                    let node = $crate::graphql::written::One(node);
                    $edge { cursor, node }
                }).collect();
                Self { edges, page_info, total }
            }
        }

        $(#[$doc])*
        #[macros::leaves]
        #[async_graphql::Object]
        impl $connection {
            /// The rows, each with the cursor that names its place.
            async fn edges(&self) -> $crate::graphql::written::Rows<'_, $edge> {
                self.edges.as_slice().into()
            }

            /// The rows alone.
            async fn nodes(&self) -> $crate::graphql::written::Rows<'_, $node> {
                self.edges.iter().map(|edge| edge.node.0.clone()).collect::<Vec<_>>().into()
            }

            /// Where this page stands.
            async fn page_info(&self) -> $crate::graphql::written::One<$crate::graphql::page::PageInfo> {
                $crate::graphql::written::One(self.page_info.clone())
            }

            /// How many rows all pages have together, for this viewer and filter. Counted only where selected.
            async fn total_count(&self) -> $crate::graphql::fault::Fallible<i32> {
                let total = self.total.ok_or_else(|| $crate::error::Error::internal("a total was not counted"))?;
                Ok(i32::try_from(total).unwrap_or(i32::MAX))
            }
        }
    };
}
pub(crate) use connection;
