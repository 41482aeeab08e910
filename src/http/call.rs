//! One operation, whichever way it came in: who asks, whether it may be executed, and what becomes of it. HTTP and the
//! transports that stream share it, so that none of them lets through what another would refuse.

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::web;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::domain::actor::Actor;
use crate::domain::rights::{Operation, scope};
use crate::error::Error;
use crate::graphql::context::{Beginning, Written};
use crate::http::accept::Media;
use crate::http::answer::{Answer, Cost, Form};
use crate::http::documents::Fresh;
use crate::http::gate::{Admitted, Incoming, OperationKind};
use crate::http::params::Params;
use crate::http::rate::{Dry, Standing, Visitor};
use crate::http::room::Client;
use crate::http::run::Fate;
use crate::http::trace::{Note, TrustedOperation};
use crate::http::{Edge, body};
use crate::store::counted;

mod execute;

/// The one mutation whose body may be large.
const IMPORT: &str = "importAssistanceRequests";
/// What everybody may select where anonymous viewers may not read.
const OPEN_ROOTS: [&str; 5] = ["__schema", "__type", "__typename", "service", "viewer"];

/// Bytes of a request that is looked at on the worker that talks to its client.
const SMALL: usize = 8 * 1024;

/// How the parameters came in.
pub enum Source {
    /// By GET.
    QueryString(String),
    /// By POST.
    Body(Vec<u8>),
    /// In a message of so many bytes, which were bounded and read before.
    Message(usize),
}

impl Source {
    fn read(&self, nesting: usize) -> Result<Params, Error> {
        match self {
            Self::QueryString(text) => Params::of_query_string(text, nesting),
            Self::Body(bytes) => Params::of_body(bytes, nesting),
            Self::Message(_) => Err(Error::internal("a message that nobody read")),
        }
    }

    /// How many bytes came in.
    const fn bytes(&self) -> usize {
        match self {
            Self::QueryString(text) => text.len(),
            Self::Body(bytes) => bytes.len(),
            Self::Message(bytes) => *bytes,
        }
    }
}

/// A request that is well-formed as far as its transport is concerned.
pub struct Call {
    /// Before whom.
    pub edge: web::Data<Edge>,
    /// In what form it is answered.
    pub media: Media,
    /// Whether more than one answer can be given.
    pub streams: bool,
    /// Its id, or that of the connection it came by.
    pub request_id: String,
    /// The header `Authorization`, or what stands for it.
    pub authorization: Option<String>,
    /// Who pays for it, as far as that is known.
    pub visitor: Visitor,
    /// What the client calls itself.
    pub client: Option<String>,
    /// What it asks.
    pub source: Source,
    /// The same, where it was read already.
    pub params: Option<Params>,
}

/// What becomes of an operation.
pub enum Outcome {
    /// One answer.
    Answer(Answer),
    /// Answers from now on.
    Answers(Answers),
}

/// What a subscription answers. Nothing is read before it is asked for.
pub struct Answers {
    /// For whom.
    pub actor: Actor,
    /// Where they stand with their rate.
    pub standing: Option<Standing>,
    /// One after the other.
    pub stream: BoxStream<'static, Answer>,
    /// Ends once the subscription has begun, or will not: from then on it misses nothing. It begins when it is asked for its
    /// first answer.
    pub begun: oneshot::Receiver<()>,
}

/// A subscription that is counted until it is dropped.
struct Following(web::Data<Edge>);

impl Following {
    fn new(edge: &web::Data<Edge>) -> Self {
        edge.metrics.subscriptions.inc();
        Self(edge.clone())
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.0.metrics.subscriptions.dec();
    }
}

/// The hash by which a slow document is told: its text may have values of a client's own in it.
fn hash(document: &str) -> String {
    Sha256::digest(document)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The form of answers at this edge.
pub fn form<'a>(media: Media, request_id: &'a str, edge: &Edge) -> Form<'a> {
    Form {
        media,
        request_id,
        errors: edge.rules.limits.errors,
    }
}

impl Call {
    /// Whether it may be begun on the worker that talks to the client: a query in few bytes, by a document that was
    /// admitted before. What costs more than a little is executed elsewhere all the same (`execute`).
    pub fn is_light(&mut self) -> bool {
        let (edge, limits) = (&self.edge, &*self.edge.rules.limits);
        if self.source.bytes() > SMALL.min(limits.body_bytes) {
            return false;
        }
        let Ok(params) = self.source.read(limits.nesting) else {
            return false;
        };
        let found = edge.documents.find(self.client.as_deref(), &params);
        let name = params.operation_name.as_deref();
        let is_known = found.is_ok_and(|found| edge.gate.knows_query(&found.text, name, limits));
        self.params = Some(params);
        is_known
    }

    /// What becomes of it, with what the log tells of it. On the runtime for operations, by which it has a fate; one
    /// without is light, and on the worker that talks to the client.
    pub async fn answer(self, fate: Option<Fate>) -> (Outcome, Note) {
        // Every line that is logged for it has its id.
        let span = tracing::error_span!("request", id = self.request_id);
        self.work(fate).instrument(span).await
    }

    async fn work(mut self, fate: Option<Fate>) -> (Outcome, Note) {
        let begun = Instant::now();
        let mut note = Note::default();
        let slow = Duration::from_millis(self.edge.rules.slow_operation_ms);
        let (outcome, statements) = counted(async {
            match self.admit(&mut note).await {
                Ok((actor, admitted)) if admitted.kind == OperationKind::Subscription => self.follow(actor, admitted),
                Ok((actor, admitted)) => Outcome::Answer(self.execute(actor, admitted, fate.as_ref()).await),
                Err(refused) => Outcome::Answer(Answer {
                    standing: self.visitor.standing,
                    ..refused
                }),
            }
        })
        .await;
        note.statements = statements;
        let (took, document) = (begun.elapsed(), std::mem::take(&mut note.document));
        if took >= slow {
            let ms = took.as_millis();
            // None where it was refused before its document was read.
            let document = (!document.is_empty()).then(|| hash(&document));
            let roots = note.roots.join(",");
            tracing::warn!(target: "nam_needs::slow", ms, roots, document, statements, "slow operation");
        }
        (outcome, note)
    }

    fn form(&self) -> Form<'_> {
        form(self.media, &self.request_id, &self.edge)
    }

    /// Who asks, and what was asked for, where it may be executed.
    async fn admit(&mut self, note: &mut Note) -> Result<(Actor, Admitted), Answer> {
        let actor = self.authenticate().await.map_err(|error| self.form().refused(error))?;
        let brought = self.edge.rates.bring(&mut self.visitor, &actor, self.source.bytes());
        brought.map_err(|dry| self.form().refused(dry.into()))?;
        let (admitted, fresh) = self.read(&actor, note)?;
        self.check(&actor, &admitted)?;
        let paid = self.edge.rates.spend(&mut self.visitor, &actor, admitted.cost);
        paid.map_err(|dry: Dry| {
            let cost = self.cost(&actor, admitted.cost);
            self.form().refused_at(dry.into(), Some(cost))
        })?;
        self.edge.metrics.cost.inc_by(admitted.cost);
        if let Some(fresh) = fresh {
            self.edge.documents.keep(fresh);
        }
        Ok((actor, admitted))
    }

    async fn authenticate(&self) -> Result<Actor, Error> {
        let Edge { auth, store, rates, .. } = &**self.edge;
        let looked = auth.authenticate(store, self.authorization.as_deref()).await;
        if matches!(looked, Err(Error::Unauthenticated(_))) {
            rates.distrust(&self.visitor);
        }
        looked
    }

    /// What was asked for, where it is good in itself, with the document that its client wants to be remembered.
    fn read(&mut self, actor: &Actor, note: &mut Note) -> Result<(Admitted, Option<Fresh>), Answer> {
        let params = self.params.take();
        let (edge, form) = (&self.edge, self.form());
        let limits = &*edge.rules.limits;
        if self.source.bytes() > limits.body(actor) {
            return Err(form.refused(body::too_large(limits.body(actor))));
        }
        let params = params.map_or_else(|| self.source.read(limits.nesting), Ok);
        let mut params = params.map_err(|error| form.refused_as(StatusCode::BAD_REQUEST, error))?;
        let variables = std::mem::take(&mut params.variables);
        let found = edge.documents.find(self.client.as_deref(), &params);
        let found = found.map_err(|error| form.refused(error))?;
        let incoming = Incoming {
            document: &found.text,
            operation_name: params.operation_name.as_deref(),
            variables,
            limits,
            max_cost: limits.cost(actor),
            introspection: edge.rules.introspection,
        };
        let admitted = edge.gate.admit(&incoming).map_err(|refusal| {
            let cost = refusal.cost.map(|cost| self.cost(actor, cost));
            form.refusal(&refusal.problems, cost)
        })?;
        note.roots.clone_from(&admitted.roots);
        note.trusted = found.trusted.clone().map(|document| TrustedOperation {
            document,
            name: admitted.operation_name.clone(),
        });
        note.document = found.text.clone().into_owned();
        Ok((admitted, found.fresh()))
    }

    /// What is asked of an operation that is good in itself.
    fn check(&self, actor: &Actor, admitted: &Admitted) -> Result<(), Answer> {
        let (rules, form) = (&self.edge.rules, self.form());
        if admitted.kind == OperationKind::Mutation && matches!(self.source, Source::QueryString(_)) {
            let error = Error::BadUserInput("A mutation is taken by POST only.".into());
            return Err(Answer {
                allow: Some("POST"),
                ..form.refused_as(StatusCode::METHOD_NOT_ALLOWED, error)
            });
        }
        if admitted.kind == OperationKind::Subscription && !self.streams {
            let error = Error::BadUserInput(
                "A subscription needs a transport that streams: a WebSocket, or Accept: text/event-stream.".into(),
            );
            return Err(form.refused_as(StatusCode::BAD_REQUEST, error));
        }
        if self.source.bytes() > rules.limits.body_bytes && admitted.roots != [IMPORT] {
            return Err(form.refused(body::too_large(rules.limits.body_bytes)));
        }
        let is_open = |root: &String| OPEN_ROOTS.contains(&root.as_str());
        let is_closed = !rules.anonymous_read && !admitted.roots.iter().all(is_open);
        // A mutation of somebody who is known is refused by its field, which says what right is missing.
        let reads = !actor.is_signed_in() || admitted.kind != OperationKind::Mutation;
        if is_closed && reads && scope(actor, Operation::ReadPublic).is_nothing() {
            return Err(form.refused(if actor.is_signed_in() {
                Error::Forbidden("Your credential gives you no role here, so that you may read nothing.".into())
            } else {
                let why = "This server answers to nobody without a credential: send it as Authorization: Bearer KEY.";
                Error::Unauthenticated(why.into())
            }));
        }
        Ok(())
    }

    fn follow(self, actor: Actor, admitted: Admitted) -> Outcome {
        let cost = self.cost(&actor, admitted.cost);
        let (beginning, begun) = Beginning::new();
        let written = Written::default();
        let request = self.request(actor.clone(), admitted, written.clone());
        let request = request.data(beginning);
        let standing = self.visitor.standing;
        let responses = self.edge.schema.execute_stream(request);
        let following = Following::new(&self.edge);
        let client = Client::new(&actor, self.visitor.address);
        let stream = responses.map(move |response| {
            let _ = &following;
            // The next answer is made when it is asked for, which is after this one.
            written.begin();
            let answer = self.form().executed(&response, cost);
            let seat = self.edge.room.seat(client.clone(), answer.body.len());
            self.form().seated(answer, seat, false, cost)
        });
        Outcome::Answers(Answers {
            actor,
            standing,
            stream: stream.boxed(),
            begun,
        })
    }

    fn is_by_get(&self) -> bool {
        matches!(self.source, Source::QueryString(_))
    }

    fn cost(&self, actor: &Actor, requested: u64) -> Cost {
        Cost {
            requested,
            limit: self.edge.rules.limits.cost(actor),
            // An answer to GET has a validator, so its bytes tell nothing that passes: the header `RateLimit` does.
            remaining: self
                .visitor
                .standing
                .filter(|_| !self.is_by_get())
                .map(|standing| standing.remaining),
        }
    }
}
