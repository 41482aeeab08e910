//! A request as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use entity::enums::{Fulfilment, Locale, Priority, RequestStatus};
use futures_util::FutureExt;
use macros::{Leaves, leaves};
use uuid::Uuid;

use crate::domain::rights::{Operation, scope};
use crate::domain::step::{Subject, available};
use crate::error::Error;
use crate::graphql::change::{ChangeConnection, nested_history};
use crate::graphql::contribution::{self, ContributionConnection, ContributionFilter, ContributionOrder, nested};
use crate::graphql::country::Country;
use crate::graphql::fault::{Fallible, Nullable, nullable};
use crate::graphql::level::{Entry, Level};
use crate::graphql::node::GlobalId;
use crate::graphql::page::{arguments, connection};
use crate::graphql::request_item::{self, RequestItem};
use crate::graphql::scalar::{Date, DateTime};
use crate::graphql::totals::{self, NeedsTotals};
use crate::graphql::written::{One, Rows};
use crate::store::assistance_request::RequestRow;
use crate::store::contribution::{Owner, Owners};
use crate::store::needs::{Asked, Of};
use crate::store::request_item::ItemRow;
use crate::store::{self, Map, Reader};

/// A request for assistance.
#[derive(Clone)]
pub struct AssistanceRequest(pub Entry<RequestRow>);

connection!(
    /// A page of requests that the viewer may see.
    AssistanceRequestConnection,
    /// A request and its place in the list.
    AssistanceRequestEdge,
    AssistanceRequest
);

/// Whom to ask about a request.
#[derive(SimpleObject, Leaves, Clone)]
pub struct Contact {
    /// Name.
    name: Option<String>,
    /// Function.
    role: Option<String>,
    /// E-mail address.
    email: Option<String>,
    /// Telephone number.
    phone: Option<String>,
}

/// The items of all requests of a level.
struct Items {
    level: Arc<Level<ItemRow>>,
    of_request: Map<Uuid, Vec<usize>>,
}

impl Items {
    fn new(reader: &Arc<Reader>, read: impl IntoIterator<Item = (Uuid, ItemRow)>) -> Self {
        let mut of_request: Map<Uuid, Vec<usize>> = Map::default();
        let mut rows = Vec::new();
        for (index, (request, row)) in read.into_iter().enumerate() {
            of_request.entry(request).or_default().push(index);
            rows.push(row);
        }
        Self {
            level: Level::new(Arc::clone(reader), rows),
            of_request,
        }
    }
}

impl AssistanceRequest {
    /// One request, with all that will be asked of its items.
    ///
    /// # Errors
    /// `INTERNAL` where its id was not read, which can't be.
    pub fn with_items(reader: Arc<Reader>, row: RequestRow, items: Vec<ItemRow>) -> Result<Self, Error> {
        let id = *row.id()?;
        let items = Items::new(&reader, items.into_iter().map(|item| (id, item)));
        Ok(Self(Entry::new(Level::with(reader, vec![row], items), 0)))
    }

    /// The ids of all requests of its level.
    fn ids(&self) -> Result<Vec<Uuid>, Error> {
        self.0.level().rows.iter().map(|row| row.id().copied()).collect()
    }

    async fn load_items(&self, columns: Vec<entity::request_item::Column>) -> Fallible<Items> {
        let level = self.0.level();
        let ids = level
            .rows
            .iter()
            .map(|row| row.id().copied())
            .collect::<Result<Vec<_>, _>>()?;
        let read = store::request_item::of_requests(&level.reader, &ids, &columns).await?;
        Ok(Items::new(&level.reader, read))
    }

    fn subject(&self) -> Result<Subject<'_>, Error> {
        let row = self.0.row()?;
        Ok(Subject {
            country: row.country_code()?,
            status: *row.status()?,
            created_by: row.created_by()?,
            submitted_by: row.submitted_by()?.as_deref(),
        })
    }

    fn contact_of(&self) -> Result<Option<Contact>, Error> {
        let row = self.0.row()?;
        let actor = self.0.level().reader.actor();
        if !scope(actor, Operation::ReadContact).holds(Some(row.country_code()?), None) {
            return Ok(None);
        }
        let contact = Contact {
            name: row.contact_name()?.clone(),
            role: row.contact_role()?.clone(),
            email: row.contact_email()?.clone(),
            phone: row.contact_phone()?.clone(),
        };
        let Contact {
            name,
            role,
            email,
            phone,
        } = &contact;
        let is_empty = [name, role, email, phone].into_iter().all(Option::is_none);
        Ok((!is_empty).then_some(contact))
    }

    fn is_stale(&self) -> Result<bool, Error> {
        let row = self.0.row()?;
        let verified = *row.status()? == RequestStatus::Verified;
        Ok(verified && *row.confirmed_at()? < self.0.level().reader.stale_before())
    }
}

/// A country's request for assistance, from its draft to its end. What it asks for stands in `items`.
#[leaves]
#[Object]
impl AssistanceRequest {
    /// Opaque and stable; `node(id:)` finds it again.
    pub async fn id(&self) -> Fallible<ID> {
        Ok(GlobalId::AssistanceRequest(*self.0.row()?.id()?).encode())
    }

    /// Minted at creation, unique, for people to speak of: "BGD-2020-000042".
    async fn reference(&self) -> Fallible<&str> {
        Ok(self.0.row()?.reference()?)
    }

    /// The country that asks.
    async fn country(&self, ctx: &Context<'_>) -> Fallible<One<Country>> {
        let country = Country::among(ctx, &self.0, |row| Ok(Some(row.country_code()?)));
        Ok(One(country?))
    }

    /// One line that says what is needed.
    async fn title(&self) -> Fallible<&str> {
        Ok(self.0.row()?.title()?)
    }

    /// The whole story.
    async fn description(&self) -> Nullable<&String> {
        nullable(self.0.row().and_then(|row| Ok(row.description()?.as_ref())))
    }

    /// Language of title and description.
    async fn language(&self) -> Fallible<Locale> {
        Ok(*self.0.row()?.language()?)
    }

    /// How urgent.
    async fn priority(&self) -> Fallible<Priority> {
        Ok(*self.0.row()?.priority()?)
    }

    /// Where it stands in the workflow.
    async fn status(&self) -> Fallible<RequestStatus> {
        Ok(*self.0.row()?.status()?)
    }

    /// Names of the mutations that are open to this viewer for this request now.
    async fn available_steps(&self) -> Fallible<Vec<&'static str>> {
        Ok(available(self.0.level().reader.actor(), &self.subject()?))
    }

    /// Why it is RETURNED, REJECTED, CLOSED or WITHDRAWN; null in any other status.
    async fn status_reason(&self) -> Nullable<&String> {
        nullable(self.0.row().and_then(|row| Ok(row.status_reason()?.as_ref())))
    }

    /// How far it is met, by the quantities of its items; nobody sets it.
    #[children]
    async fn fulfilment(&self, ctx: &Context<'_>) -> Fallible<Fulfilment> {
        let level = self.0.level();
        let begin = || {
            let load = async { Ok(store::request_item::progress_of(&level.reader, &self.ids()?).await?) };
            Ok((String::new(), load.boxed()))
        };
        let progress = level.children(ctx, begin).await?;
        Ok(progress
            .get(self.0.row()?.id()?)
            .copied()
            .unwrap_or_default()
            .fulfilment())
    }

    /// How many persons are in need.
    async fn people_in_need(&self) -> Nullable<i32> {
        nullable(self.0.row().and_then(|row| Ok(*row.people_in_need()?)))
    }

    /// The day by which it is needed.
    async fn needed_by(&self) -> Nullable<Date> {
        nullable(self.0.row().and_then(|row| Ok(row.needed_by()?.map(Date))))
    }

    /// Whom to ask; null where there is nobody, or the viewer may not see it.
    async fn contact(&self) -> Nullable<One<Contact>> {
        nullable(self.contact_of().map(|contact| contact.map(One)))
    }

    /// System of record that the request came from; null where it was entered here.
    async fn source(&self) -> Nullable<&String> {
        nullable(self.0.row().and_then(|row| Ok(row.source()?.as_ref())))
    }

    /// Where it can be read at its source.
    async fn source_url(&self) -> Nullable<&String> {
        nullable(self.0.row().and_then(|row| Ok(row.source_url()?.as_ref())))
    }

    /// Its id in its source.
    async fn external_id(&self) -> Nullable<&String> {
        nullable(self.0.row().and_then(|row| Ok(row.external_id()?.as_ref())))
    }

    /// When the country, or the source, last said that the need still stands.
    async fn confirmed_at(&self) -> Fallible<DateTime> {
        Ok(DateTime(*self.0.row()?.confirmed_at()?))
    }

    /// VERIFIED, and not confirmed for so long that somebody should ask again. Decided once a UTC day.
    async fn stale(&self) -> Fallible<bool> {
        Ok(self.is_stale()?)
    }

    /// What it asks for, in the order in which it was entered.
    #[children]
    async fn items(&self, ctx: &Context<'_>) -> Fallible<Rows<'static, RequestItem>> {
        let begin = || {
            let columns = request_item::columns(ctx.field().selection_set());
            Ok((format!("{columns:?}"), self.load_items(columns).boxed()))
        };
        let items = match self.0.level().given::<Items>() {
            Some(items) => items,
            None => self.0.level().children(ctx, begin).await?,
        };
        let mine = items.of_request.get(self.0.row()?.id()?);
        let mine = mine.into_iter().flatten();
        let mine = mine.map(|index| RequestItem(Entry::new(Arc::clone(&items.level), *index)));
        Ok(mine.collect::<Vec<_>>().into())
    }

    /// What its items add up to, in whatever status it is.
    #[children]
    async fn totals(&self, ctx: &Context<'_>) -> Fallible<One<NeedsTotals>> {
        let of = || Ok(Of::Requests(self.ids()?));
        let asked = || {
            Ok(Asked {
                any_status: true,
                ..Asked::default()
            })
        };
        let key = self.0.row()?.id()?.to_string();
        totals::nested(ctx, self.0.level(), of, &key, asked).await
    }

    /// The contributions to its items. Without an order, oldest first.
    #[children]
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn contributions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these.")] filter: Option<Box<ContributionFilter>>,
        #[graphql(desc = "The most important key first.")] order_by: Option<Vec<ContributionOrder>>,
        #[graphql(desc = "Rows from the start, 0 to 100; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Fallible<One<ContributionConnection>> {
        let asked = contribution::Asked {
            filter,
            order_by,
            arguments: arguments(first, after, last, before),
        };
        let level = self.0.level();
        let owner = Owner::Id(*self.0.row()?.id()?);
        nested(ctx, level, || Owners::requests(&level.rows), &owner, asked).await
    }

    /// Every change of it, its items, contributions and deliveries that the viewer may see, the earliest first.
    #[children]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the start, 0 to 100; 25 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Fallible<One<ChangeConnection>> {
        let arguments = arguments(first, after, last, before);
        nested_history(ctx, self.0.level(), self.ids()?, *self.0.row()?.id()?, arguments).await
    }

    /// Counts the changes of its own and its items' entered fields. Name it in a mutation, so that nobody's change is
    /// overwritten unseen.
    async fn version(&self) -> Fallible<i32> {
        Ok(*self.0.row()?.version()?)
    }

    /// When it was made.
    async fn created_at(&self) -> Fallible<DateTime> {
        Ok(DateTime(*self.0.row()?.created_at()?))
    }

    /// When its own or its items' entered fields last changed.
    async fn updated_at(&self) -> Fallible<DateTime> {
        Ok(DateTime(*self.0.row()?.updated_at()?))
    }

    /// When it was last handed in.
    async fn submitted_at(&self) -> Nullable<DateTime> {
        nullable(self.0.row().and_then(|row| Ok(row.submitted_at()?.map(DateTime))))
    }

    /// When it was verified.
    async fn verified_at(&self) -> Nullable<DateTime> {
        nullable(self.0.row().and_then(|row| Ok(row.verified_at()?.map(DateTime))))
    }

    /// When it was closed.
    async fn closed_at(&self) -> Nullable<DateTime> {
        nullable(self.0.row().and_then(|row| Ok(row.closed_at()?.map(DateTime))))
    }
}
