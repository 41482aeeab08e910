//! Changes as they happen. A stream reads on only when it is asked to, so whoever reads slowly holds one answer in
//! memory, and where it is far behind the next few changes.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use async_graphql::{Context, Subscription};
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use tokio::sync::{OwnedSemaphorePermit, watch};
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::filter::{Filter, RequestField};
use crate::error::Error;
use crate::graphql::assistance_request::{AssistanceRequest, AssistanceRequestFilter, Columns};
use crate::graphql::change::filter::ChangeFilter;
use crate::graphql::change::object::{ChangeEdge, Shown};
use crate::graphql::context::{begun, reader, request};
use crate::graphql::fault::{Fallible, Fault};
use crate::graphql::level::Entry;
use crate::graphql::written::One;
use crate::store::{Consistency, Reader, Store, assistance_request, change};

/// Requests that one filter may match when it is subscribed to.
const MATCHES: usize = 50_000;

/// What a subscriber is given, one after the other.
type Live<T> = BoxStream<'static, Fallible<T>>;

/// What can be subscribed to.
#[derive(Default)]
pub struct ChangeSubscription;

/// Where a subscriber stands in the ledger.
struct Place {
    store: Store,
    actor: Arc<Actor>,
    head: watch::Receiver<change::Head>,
    era: u64,
    sequence: i64,
    waiting: VecDeque<Arc<change::Edge>>,
    /// How many changes to read next, where the database has to be asked.
    most: u64,
}

impl Place {
    /// From the place of a cursor; without one, from what the reader sees on.
    async fn new(ctx: &Context<'_>, reader: &Reader, after: Option<&str>) -> Fallible<Self> {
        let request = request(ctx)?;
        let (head, most) = (request.store.feed().head(), request.store.feed().few());
        let era = head.borrow().era;
        let sequence = match after {
            Some(after) => change::position_of(reader, after).await?,
            None => change::head(reader).await?.0,
        };
        Ok(Self {
            store: request.store.clone(),
            actor: Arc::clone(&request.actor),
            head,
            era,
            sequence,
            waiting: VecDeque::new(),
            most,
        })
    }

    /// The next change, whoever may see it; waits for it. None once the server ends. BAD_CURSOR where the database has lost
    /// changes that may have been told.
    async fn next(&mut self) -> Option<Result<Arc<change::Edge>, Error>> {
        loop {
            if let Some(edge) = self.waiting.pop_front() {
                self.sequence = edge.change.sequence;
                return Some(Ok(edge));
            }
            let (era, sequence) = (self.era, self.sequence);
            let moved = self.head.wait_for(|head| head.sequence > sequence || head.era != era);
            if moved.await.ok()?.era != era {
                let message = "The database has lost changes that may have been told here. Read everything anew.";
                return Some(Err(Error::BadCursor(message.into())));
            }
            match Box::pin(self.store.feed().after(&self.store, sequence, self.most)).await {
                Ok(batch) => {
                    self.most = batch.next;
                    self.waiting.extend(batch.edges);
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The requests that a subscriber's filter matched when it was last looked at.
struct Matched {
    filter: Filter<RequestField>,
    /// None where everything matches.
    ids: Option<HashSet<Uuid>>,
    /// For as long as they are remembered.
    _room: Option<OwnedSemaphorePermit>,
}

impl Matched {
    /// `reader` sees the state from which the subscriber begins.
    async fn new(feed: &change::Feed, reader: &Reader, filter: Option<Box<AssistanceRequestFilter>>) -> Fallible<Self> {
        let Some(filter) = filter else {
            return Ok(Self {
                filter: Filter::default(),
                ids: None,
                _room: None,
            });
        };
        let filter = filter.parse(reader.reference())?;
        let ids = assistance_request::matching(reader, &filter, None, MATCHES + 1).await?;
        if ids.len() > MATCHES {
            let message = format!(
                "filter: more than {MATCHES} requests match. Narrow it, or leave it out and filter what comes."
            );
            return Err(Error::BadUserInput(message).into());
        }
        let room = feed.room(ids.len())?;
        Ok(Self {
            filter,
            ids: Some(ids.into_iter().collect()),
            _room: Some(room),
        })
    }

    /// The subscriber sees the request no more.
    fn forget(&mut self, request: Uuid) {
        if let Some(ids) = &mut self.ids {
            ids.remove(&request);
        }
    }

    /// Whether the filter matches the request now, or did before.
    async fn holds(&mut self, place: &Place, request: Uuid) -> Result<bool, Error> {
        let Some(ids) = &mut self.ids else { return Ok(true) };
        let reader = place.store.reader(Arc::clone(&place.actor), Consistency::Snapshot);
        let found = assistance_request::matching(&reader, &self.filter, Some(request), 1).await?;
        let before = if found.is_empty() {
            ids.remove(&request)
        } else {
            !ids.insert(request)
        };
        Ok(before || !found.is_empty())
    }
}

#[Subscription]
impl ChangeSubscription {
    /// Every change from `after` on: first what was missed, then live, none twice and none missing. Without `after`, from
    /// now on. After a break, subscribe again with the cursor of the last change that you have.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these.")] filter: Option<ChangeFilter>,
        #[graphql(desc = "A cursor of the feed, or service { changeCursor }.")] after: Option<String>,
    ) -> Result<Live<One<ChangeEdge>>, Fault> {
        let request = request(ctx)?;
        let filter = ChangeFilter::parse(filter, &request.store.reference())?;
        let reader = reader(ctx, Consistency::Snapshot)?;
        // Boxed, here and below, because whoever waits for changes keeps room for all that was ever waited for.
        let place = Box::pin(Place::new(ctx, &reader, after.as_deref())).await?;
        drop(reader);
        begun(ctx);
        Ok(unfold(Some((place, filter)), |state| async {
            let (mut place, filter) = state?;
            loop {
                let edge = match place.next().await? {
                    Ok(edge) => edge,
                    Err(error) => return Some((Err(Fault(error)), None)),
                };
                if !filter.holds(&edge.change) {
                    continue;
                }
                let reader = Arc::new(place.store.reader(Arc::clone(&place.actor), Consistency::Snapshot));
                if let Some(shown) = Shown::to(&reader, Arc::clone(&edge.change)) {
                    let edge = ChangeEdge::new(Entry::alone(reader, shown), edge.cursor.clone());
                    return Some((Ok(One(edge)), Some((place, filter))));
                }
            }
        })
        .boxed())
    }

    /// A request, as it then is, each time that it or its items, contributions or deliveries change, where the filter
    /// matches before or after the change; what you could not see before the change did not match before it. Several changes of one
    /// write come once.
    async fn assistance_request_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these.")] filter: Option<Box<AssistanceRequestFilter>>,
    ) -> Result<Live<One<AssistanceRequest>>, Fault> {
        // One snapshot for both, so that no change falls between them.
        let reader = reader(ctx, Consistency::Snapshot)?;
        let place = Box::pin(Place::new(ctx, &reader, None)).await?;
        let matched = Box::pin(Matched::new(place.store.feed(), &reader, filter)).await?;
        drop(reader);
        begun(ctx);
        let columns = Columns::of(ctx.field().selection_set());
        Ok(unfold(Some((place, matched, columns)), |state| async {
            let (mut place, mut matched, columns) = state?;
            loop {
                let next = next_request(&mut place, &mut matched, &columns).await?;
                match next {
                    Ok(None) => {}
                    Ok(Some(request)) => return Some((Ok(One(request)), Some((place, matched, columns)))),
                    Err(error) => return Some((Err(Fault(error)), None)),
                }
            }
        })
        .boxed())
    }
}

/// The request of the next change, where the subscriber is to be told of it.
async fn next_request(
    place: &mut Place,
    matched: &mut Matched,
    columns: &Columns,
) -> Option<Result<Option<AssistanceRequest>, Error>> {
    let edge = match place.next().await? {
        Ok(edge) => edge,
        Err(error) => return Some(Err(error)),
    };
    let Some(request) = edge.change.request else {
        return Some(Ok(None));
    };
    // What the same write, or the next ones, changed of the same request is in the same answer.
    let mut is_seen = edge.change.is_seen_after(&place.actor);
    while let Some(next) = place
        .waiting
        .front()
        .filter(|next| next.change.request == Some(request))
    {
        place.sequence = next.change.sequence;
        is_seen |= next.change.is_seen_after(&place.actor);
        place.waiting.pop_front();
    }
    // Most changes are of drafts, which the database need not be asked for where nobody here sees them.
    if !is_seen {
        matched.forget(request);
        return Some(Ok(None));
    }
    Some(Box::pin(look(place, matched, columns, request)).await)
}

async fn look(
    place: &Place,
    matched: &mut Matched,
    columns: &Columns,
    request: Uuid,
) -> Result<Option<AssistanceRequest>, Error> {
    if !matched.holds(place, request).await? {
        return Ok(None);
    }
    let reader = Arc::new(place.store.reader(Arc::clone(&place.actor), Consistency::Snapshot));
    let row = assistance_request::find(&reader, &assistance_request::By::Id(request), &columns.0).await?;
    Ok(row.map(|row| AssistanceRequest(Entry::alone(reader, row))))
}
