//! What every resolver has at hand: who asks, the store, and the limits.

use std::sync::Arc;

use crate::domain::actor::Actor;
use crate::domain::limits::Limits;
use crate::domain::rights::{MUTATIONS, Operation, scope};
use crate::error::Error;
use crate::graphql::fault::Fault;
use crate::store::{Consistency, Reader, Store};

/// The data of one request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub actor: Arc<Actor>,
    /// The database.
    pub store: Store,
    /// What one request may ask for.
    pub limits: Arc<Limits>,
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

/// The request, where its actor may call `mutation` on something at all.
///
/// # Errors
/// `UNAUTHENTICATED` without a credential, `FORBIDDEN` where none of the actor's roles has the operation.
pub fn mutation<'a>(ctx: &async_graphql::Context<'a>, mutation: &str) -> Result<&'a Request, Fault> {
    let request = request(ctx)?;
    let operation = MUTATIONS
        .iter()
        .find(|(name, _)| *name == mutation)
        .map(|(_, operation)| *operation);
    let operation =
        operation.ok_or_else(|| Fault(Error::internal(format!("{mutation} stands in no table of rights"))))?;
    require(&request.actor, operation, mutation)?;
    Ok(request)
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
