//! What every resolver has at hand: who asks, the store, and the limits.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::InputType;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::domain::actor::Actor;
use crate::domain::limits::Limits;
use crate::domain::problem::Problems;
use crate::domain::rights::{MUTATIONS, Operation, scope};
use crate::error::Error;
use crate::graphql::fault::Fault;
use crate::graphql::idempotency::{Idempotency, hash};
use crate::store::{Author, Consistency, Left, Once, Outcome, Reader, Store};

/// The data of one request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub actor: Arc<Actor>,
    /// The database.
    pub store: Store,
    /// What one request may ask for.
    pub limits: Arc<Limits>,
    /// Whether its document selects an object more than once under one name, so that what is selected must be merged.
    pub merges: bool,
    /// How much of the answer was written so far. A subscription makes one answer after the other, and begins anew for each.
    pub written: Written,
}

/// Bytes of an answer, at most. Plain lists within each other are priced as if they were short, so that no price bounds them.
pub const ANSWER: usize = 32 * 1024 * 1024;

/// Bytes of objects and lists that were written for one answer. What is written for a list and then put into another counts
/// twice, so that more than an answer has may be counted.
#[derive(Clone, Debug, Default)]
pub struct Written(Arc<AtomicUsize>);

impl Written {
    /// Counts so many bytes. False where they are more than are written for one answer.
    pub fn add(&self, bytes: usize) -> bool {
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        before.saturating_add(bytes) <= ANSWER.saturating_mul(2)
    }

    /// Begins anew, for the next answer.
    pub fn begin(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Tells, by being dropped, that a subscription has fixed the place from which it tells, or never will.
#[derive(Debug)]
pub struct Beginning(Mutex<Option<oneshot::Sender<()>>>);

impl Beginning {
    /// What is waited for at the other end.
    pub fn new() -> (Self, oneshot::Receiver<()>) {
        let (sender, begun) = oneshot::channel();
        (Self(Mutex::new(Some(sender))), begun)
    }
}

/// The subscription misses nothing from now on.
pub fn begun(ctx: &async_graphql::Context<'_>) {
    if let Some(Beginning(sender)) = ctx.data_opt() {
        sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The request that a resolver works for.
pub fn request<'a>(ctx: &async_graphql::Context<'a>) -> Result<&'a Request, Fault> {
    ctx.data_opt::<Request>()
        .ok_or_else(|| Fault(Error::internal("a request without its data")))
}

/// A reader for one root field: a snapshot where the field's selection may take more than one statement.
pub fn reader(ctx: &async_graphql::Context<'_>, consistency: Consistency) -> Result<Arc<Reader>, Fault> {
    let request = request(ctx)?;
    Ok(Arc::new(request.store.reader(Arc::clone(&request.actor), consistency)))
}

/// A mutation that its actor may call on something at all.
#[derive(Debug)]
pub struct Call<'a> {
    /// The request that calls it.
    pub request: &'a Request,
    author: Author,
    problems: Problems,
}

/// The call of `mutation` with this input, and with the key that stands in it.
///
/// # Errors
/// `UNAUTHENTICATED` without a credential, `FORBIDDEN` where none of the actor's roles has the operation.
pub fn mutation<'a>(
    ctx: &async_graphql::Context<'a>,
    mutation: &'static str,
    input: &impl InputType,
    idempotency: &Idempotency,
) -> Result<Call<'a>, Fault> {
    let request = request(ctx)?;
    let operation = MUTATIONS
        .iter()
        .find(|(name, _)| *name == mutation)
        .map(|(_, operation)| *operation);
    let operation =
        operation.ok_or_else(|| Fault(Error::internal(format!("{mutation} stands in no table of rights"))))?;
    require(&request.actor, operation, mutation)?;
    let mut problems = Problems::default();
    let mut once = None;
    if let Some(key) = idempotency.key(&mut problems) {
        let arguments = ctx.field().arguments();
        let arguments = arguments.map_err(|cause| Error::internal(format!("an argument: {}", cause.message)))?;
        let given = arguments
            .iter()
            .find(|(name, _)| name == "input")
            .map(|(_, value)| value);
        once = Some(Once {
            key,
            mutation,
            input: hash(input, given),
        });
    }
    Ok(Call {
        request,
        author: Author::new(Arc::clone(&request.actor), once),
        problems,
    })
}

impl Call<'_> {
    /// Whether nothing is wrong with its key.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// Where the write leaves its object.
    pub fn left(&self) -> Left {
        self.author.left.clone()
    }

    /// Does what was asked for, once under its key.
    ///
    /// # Errors
    /// What is wrong with the key, together with what `write` refuses.
    pub async fn write<T, W>(self, write: impl FnOnce(Author) -> W) -> Outcome<T>
    where
        W: Future<Output = Outcome<T>>,
    {
        write(self.author.noting(self.problems, true)).await
    }

    /// The same with an input that was parsed before, and what is wrong with it. One that is refused by now may have been taken
    /// when its key was used, and then counts as it did.
    ///
    /// # Errors
    /// Everything that is wrong with key and input, together with what `write` refuses, where enough of the input is there to ask it.
    pub async fn write_parsed<N, T, W>(
        self,
        parsed: Option<N>,
        more: Problems,
        write: impl FnOnce(Author, N) -> W,
    ) -> Outcome<T>
    where
        T: DeserializeOwned,
        W: Future<Output = Outcome<T>>,
    {
        let (mut problems, is_whole) = (self.problems, more.is_empty());
        problems.0.extend(more.0);
        match parsed {
            Some(parsed) => write(self.author.noting(problems, is_whole), parsed).await,
            None => self.request.store.recall(&self.author, problems).await,
        }
    }
}

/// That `actor` has some right to `operation`; `what` names it in the message.
///
/// # Errors
/// `UNAUTHENTICATED` without a credential, `FORBIDDEN` where none of the actor's roles has the operation.
pub fn require(actor: &Actor, operation: Operation, what: &str) -> Result<(), Fault> {
    if !actor.is_signed_in() {
        return Err(Fault(Error::Unauthenticated(format!(
            "{what} needs a credential: send it as Authorization: Bearer KEY."
        ))));
    }
    if scope(actor, operation).is_nothing() {
        return Err(Fault(Error::Forbidden(format!("None of your roles may use {what}."))));
    }
    Ok(())
}
