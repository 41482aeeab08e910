//! The feed and the history of a request.

use async_graphql::{Context, Object};
use futures_util::FutureExt;
use uuid::Uuid;

use crate::graphql::change::filter::ChangeFilter;
use crate::graphql::change::object::{ChangeConnection, shown};
use crate::graphql::context::{reader, request};
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::level::{Entry, Level};
use crate::graphql::page::arguments;
use crate::graphql::written::One;
use crate::store::page::Arguments;
use crate::store::{Consistency, change};

/// Root fields of changes.
#[derive(Default)]
pub struct ChangeQuery;

async fn feed(ctx: &Context<'_>, filter: Option<ChangeFilter>, arguments: &Arguments) -> Fallible<ChangeConnection> {
    let limits = &request(ctx)?.limits;
    let reader = reader(ctx, Consistency::Snapshot)?;
    let filter = ChangeFilter::parse(filter, reader.reference())?;
    let of = change::Of::All(filter);
    let page = change::page(&reader, &of, arguments, limits.default_page, limits.page).await?;
    let page = Entry::page(&reader, shown(&reader, page));
    Ok(ChangeConnection::new(page, arguments.after.as_ref()))
}

/// The history of one request among those of a level: all are read together.
///
/// # Errors
/// `BAD_USER_INPUT` or `BAD_CURSOR` for a page that can't be; the database's.
pub async fn nested_history<R: Send + Sync + 'static>(
    ctx: &Context<'_>,
    level: &Level<R>,
    ids: Vec<Uuid>,
    of: Uuid,
    arguments: Arguments,
) -> Fallible<One<ChangeConnection>> {
    let limits = &request(ctx)?.limits;
    let reader = &level.reader;
    let load = async {
        let pages = change::pages_of_requests(reader, &ids, &arguments, limits.default_page, limits.page).await?;
        let pages = pages.into_iter().map(|(request, page)| (request, shown(reader, page)));
        Ok(Entry::pages(reader, pages.collect()))
    };
    let pages = level.children(ctx, || Ok((String::new(), load.boxed()))).await?;
    let page = pages.get(&of).cloned().unwrap_or_default();
    Ok(One(ChangeConnection::new(page, arguments.after.as_ref())))
}

#[Object]
impl ChangeQuery {
    /// The change feed: every committed change that the viewer may see, in the order of commits, none missed. Go on with
    /// `after: endCursor`, or subscribe to `changes(after:)`; an empty page repeats `after`. Begin a mirror with
    /// `service { changeCursor }`, page through the objects, then follow from that cursor.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these.")] filter: Option<ChangeFilter>,
        #[graphql(desc = "Rows from the start, 0 to 100; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only changes after this cursor; from the first change on without it.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only changes before this cursor.")] before: Option<String>,
    ) -> Nullable<ChangeConnection> {
        Some(feed(ctx, filter, &arguments(first, after, last, before)).await)
    }
}
