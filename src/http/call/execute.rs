//! Executing what was admitted, or giving again what was answered before.

use std::sync::Arc;

use async_graphql::{Request, Response, Value};

use crate::domain::actor::Actor;
use crate::error::Error;
use crate::graphql::context;
use crate::http::answer::{Answer, Cost, Form, Keeping};
use crate::http::call::Call;
use crate::http::gate::{Admitted, OperationKind, asks_for_schema};
use crate::http::remembered::Question;
use crate::http::room::Client;
use crate::http::run::Fate;
use crate::store::inherited;

/// Cost of an operation up to which it is executed on the worker that talks to its client: it computes for about half a
/// millisecond, as long as the rest of a request takes for a few.
const LIGHT: u64 = 300;

/// Bytes of an answer up to which it has a validator: to make one, all of it is hashed on the worker that talks to its client.
const MARKED: usize = 1024 * 1024;

/// What filters test up to which an operation is light: reference data is tested row by row here, where the rest is the database's.
const FEW: u64 = 50;

/// Whether its price does not tell what it computes: groups without number, months, lists of lists, or filters of many tests.
fn is_open(admitted: &Admitted) -> bool {
    let sums = |root: &String| matches!(root.as_str(), "needsAnalysis" | "needsTimeline");
    admitted.lists > 1 || admitted.tests > FEW || admitted.roots.iter().any(sums)
}

impl Call {
    /// What an operation answers. By its fate a mutation goes on whatever becomes of its client; what is light has none.
    pub(super) async fn execute(&self, actor: Actor, admitted: Admitted, fate: Option<&Fate>) -> Answer {
        let (edge, form) = (&self.edge, self.form());
        // A write is never cut short: its client may be gone, what it did must be whole.
        if admitted.kind == OperationKind::Mutation && !fate.is_some_and(Fate::keep) {
            return form.refused(Error::Timeout);
        }
        let cost = self.cost(&actor, admitted.cost);
        let is_signed_in = actor.is_signed_in();
        let writes = admitted.kind == OperationKind::Mutation;
        let client = Client::new(&actor, self.visitor.address);
        let is_apart = fate.is_none() && (admitted.cost > LIGHT || is_open(&admitted));
        let answer = match Question::new(&actor, &admitted, edge.store.now().date_naive()) {
            Some(question) => self.remembered(actor, admitted, question, cost, is_apart).await,
            None => match self.run(actor, admitted, is_apart).await {
                Ok(response) => form.executed(&response, cost),
                Err(error) => form.refused_at(error, Some(cost)),
            },
        };
        let seat = edge.room.seat(client, answer.body.len());
        let answer = form.seated(answer, seat, writes, cost);
        let keeping = match is_signed_in {
            true => Keeping::Private,
            false => Keeping::Public,
        };
        Answer {
            standing: self.visitor.standing,
            keeping: Some(keeping).filter(|_| self.is_by_get() && answer.is_whole && answer.body.len() <= MARKED),
            ..answer
        }
    }

    /// The answer that is kept, or a new one, which is kept if it can be.
    async fn remembered(
        &self,
        actor: Actor,
        admitted: Admitted,
        question: Question,
        cost: Cost,
        is_apart: bool,
    ) -> Answer {
        let (edge, form) = (&self.edge, self.form());
        if let Some(kept) = edge.remembered.find(&edge.store, question).await {
            return form.with_data(&kept.data, cost);
        }
        let flight = edge.remembered.begin(&edge.store, question);
        let response = match self.run(actor, admitted, is_apart).await {
            Ok(response) => response,
            Err(error) => return form.refused_at(error, Some(cost)),
        };
        match Form::data(&response) {
            Some(data) => form.with_data(&flight.land(data).data, cost),
            None => form.executed(&response, cost),
        }
    }

    /// Executes it, here or apart on the runtime for operations. The executor checks a document once; after that only those
    /// whose variables it has to look into, and those that ask for the schema.
    ///
    /// # Errors
    /// Where it is apart and fails as a whole.
    async fn run(&self, actor: Actor, admitted: Admitted, is_apart: bool) -> Result<Response, Error> {
        let (edge, form) = (self.edge.clone(), Arc::clone(&admitted.form));
        let asks_for_schema = asks_for_schema(&admitted.roots);
        let request = self.request(actor, admitted, context::Written::default());
        let work = async move {
            let schema = match form.is_sound() && !asks_for_schema {
                true => &edge.checked_schema,
                false => &edge.schema,
            };
            let response = schema.execute(request).await;
            // Whatever was refused has no data.
            if response.data != Value::Null {
                form.checked();
            }
            response
        };
        match is_apart {
            true => self.edge.runner.wait(Box::pin(inherited(work))).await,
            false => Ok(work.await),
        }
    }

    /// The request for the executor, which finds the document read already.
    pub(super) fn request(&self, actor: Actor, admitted: Admitted, written: context::Written) -> Request {
        let mut request = Request::new("").variables(admitted.variables).data(context::Request {
            actor: actor.into(),
            store: self.edge.store.clone(),
            limits: self.edge.rules.limits.clone(),
            merges: admitted.merges,
            written,
        });
        request.operation_name = admitted.operation_name;
        request.set_parsed_query(admitted.form.document.clone());
        request
    }
}
