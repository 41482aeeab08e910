//! GraphQL over HTTP at /graphql: the way of a request from its bytes to its answer.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use async_graphql::Request;

use crate::domain::actor::Actor;
use crate::domain::rights::{Operation, scope};
use crate::error::Error;
use crate::graphql::context;
use crate::http::accept::{Media, negotiate};
use crate::http::answer::{Answer, Cost, Form};
use crate::http::gate::{Admitted, Incoming, OperationKind};
use crate::http::params::Params;
use crate::http::run::Fate;
use crate::http::trace::{Note, request_id};
use crate::http::{Edge, body, explorer, single};
use crate::store::counted;

/// The methods of /graphql.
const METHODS: &str = "GET, POST";
/// The one mutation whose body may be large.
const IMPORT: &str = "importAssistanceRequests";
/// What everybody may select where anonymous viewers may not read.
const OPEN_ROOTS: [&str; 5] = ["__schema", "__type", "__typename", "service", "viewer"];

/// How the parameters came in.
enum Source {
    QueryString(String),
    Body(Vec<u8>),
}

impl Source {
    fn read(&self, nesting: usize) -> Result<Params, Error> {
        match self {
            Self::QueryString(text) => Params::of_query_string(text, nesting),
            Self::Body(bytes) => Params::of_body(bytes, nesting),
        }
    }

    const fn bytes(&self) -> usize {
        match self {
            Self::QueryString(text) => text.len(),
            Self::Body(bytes) => bytes.len(),
        }
    }
}

/// A request that is well-formed as far as HTTP is concerned.
struct Call {
    edge: web::Data<Edge>,
    media: Media,
    request_id: String,
    authorization: Option<String>,
    source: Source,
}

/// A query in the query string, or a person with a browser.
pub async fn get(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    let offered = [Media::Json, Media::GraphqlResponse, Media::Html];
    match negotiate(accept(&request).as_deref(), &offered) {
        Some(Media::Html) => explorer::page(),
        Some(media) => {
            let source = Source::QueryString(request.query_string().to_owned());
            respond(answer(&request, edge, media, source).await)
        }
        None => not_acceptable(&request),
    }
}

/// An operation in a JSON body.
pub async fn post(request: HttpRequest, payload: web::Payload, edge: web::Data<Edge>) -> HttpResponse {
    let Some(media) = negotiate(accept(&request).as_deref(), &[Media::Json, Media::GraphqlResponse]) else {
        return not_acceptable(&request);
    };
    // Who may import is only known once the credential is; until then nobody without one sends more.
    let limits = &edge.rules.limits;
    let most = if request.headers().contains_key(header::AUTHORIZATION) {
        limits.import_body_bytes
    } else {
        limits.body_bytes
    };
    let bytes = match body::check_type(&request) {
        Ok(()) => body::read(&request, payload, most, edge.time()).await,
        Err(refused) => Err(refused),
    };
    match bytes {
        Ok(bytes) => respond(answer(&request, edge, media, Source::Body(bytes)).await),
        Err((status, error)) => respond(form(media, &request_id(&request), &edge).refused_as(status, error)),
    }
}

/// Any other method.
pub async fn other(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    let error = Error::BadUserInput("GraphQL is answered to GET, for queries, and POST.".into());
    let mut answer = form(Media::Json, &request_id(&request), &edge).refused_as(StatusCode::METHOD_NOT_ALLOWED, error);
    answer.allow = Some(METHODS);
    respond(answer)
}

fn accept(request: &HttpRequest) -> Option<String> {
    let values: Vec<&str> = request
        .headers()
        .get_all(header::ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn not_acceptable(request: &HttpRequest) -> HttpResponse {
    let error = Error::BadUserInput("Accept must allow application/graphql-response+json or application/json.".into());
    let form = Form {
        media: Media::Json,
        request_id: &request_id(request),
        errors: 1,
    };
    respond(form.refused_as(StatusCode::NOT_ACCEPTABLE, error))
}

fn form<'a>(media: Media, request_id: &'a str, edge: &Edge) -> Form<'a> {
    Form {
        media,
        request_id,
        errors: edge.rules.limits.errors,
    }
}

fn respond(answer: Answer) -> HttpResponse {
    let mut response = HttpResponse::build(answer.status);
    response
        .content_type(answer.media.content_type())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .append_header((header::VARY, "Accept"));
    if answer.status == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    if let Some(methods) = answer.allow {
        response.insert_header((header::ALLOW, methods));
    }
    if let Some(seconds) = answer.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    response.body(answer.body)
}

/// Answers a request on the runtime for operations, within its time.
async fn answer(request: &HttpRequest, edge: web::Data<Edge>, media: Media, source: Source) -> Answer {
    let request_id = request_id(request);
    let Ok(authorization) = single(request, &header::AUTHORIZATION) else {
        let error = Error::Unauthenticated("The header Authorization stands twice or is no text.".into());
        return form(media, &request_id, &edge).refused(error);
    };
    let call = Call {
        edge: edge.clone(),
        media,
        request_id: request_id.clone(),
        authorization: authorization.map(str::to_owned),
        source,
    };
    match edge.runner.run(edge.time(), |fate| call.answer(fate)).await {
        Ok((answer, note)) => {
            note.leave(request);
            answer
        }
        Err(error) => form(media, &request_id, &edge).refused(error),
    }
}

impl Call {
    fn form(&self) -> Form<'_> {
        form(self.media, &self.request_id, &self.edge)
    }

    async fn answer(self, fate: Fate) -> (Answer, Note) {
        let mut note = Note::default();
        let (answer, statements) = counted(async {
            match self.admit(&mut note).await {
                Ok((actor, admitted)) => self.execute(actor, admitted, &fate).await,
                Err(refused) => refused,
            }
        })
        .await;
        note.statements = statements;
        (answer, note)
    }

    /// Who asks, and what was asked for, where it may be executed.
    async fn admit(&self, note: &mut Note) -> Result<(Actor, Admitted), Answer> {
        let (edge, form) = (&self.edge, self.form());
        let limits = &*edge.rules.limits;
        let actor = edge
            .auth
            .authenticate(&edge.store, self.authorization.as_deref())
            .await
            .map_err(|error| form.refused(error))?;
        if self.source.bytes() > limits.body(&actor) {
            return Err(form.refused(body::too_large(limits.body(&actor))));
        }
        let params = self
            .source
            .read(limits.nesting)
            .map_err(|error| form.refused_as(StatusCode::BAD_REQUEST, error))?;
        let incoming = Incoming {
            document: &params.query,
            operation_name: params.operation_name.as_deref(),
            variables: params.variables,
            limits,
            max_cost: limits.cost(&actor),
            introspection: edge.rules.introspection,
        };
        let admitted = edge
            .gate
            .admit(&incoming)
            .map_err(|refusal| form.refusal(&refusal.problems))?;
        note.roots.clone_from(&admitted.roots);
        self.check(&actor, &admitted).map(|()| (actor, admitted))
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
        if admitted.kind == OperationKind::Subscription {
            let error = Error::BadUserInput("A subscription needs a transport that streams.".into());
            return Err(form.refused_as(StatusCode::BAD_REQUEST, error));
        }
        if self.source.bytes() > rules.limits.body_bytes && admitted.roots != [IMPORT] {
            return Err(form.refused(body::too_large(rules.limits.body_bytes)));
        }
        let is_open = |root: &String| OPEN_ROOTS.contains(&root.as_str());
        let reads = admitted.kind == OperationKind::Query && !admitted.roots.iter().all(is_open);
        if reads && !rules.anonymous_read && scope(actor, Operation::ReadPublic).is_nothing() {
            return Err(form.refused(if actor.is_signed_in() {
                Error::Forbidden("Your credential gives you no role here, so that you may read nothing.".into())
            } else {
                let why = "This server answers to nobody without a credential: send it as Authorization: Bearer KEY.";
                Error::Unauthenticated(why.into())
            }));
        }
        Ok(())
    }

    async fn execute(&self, actor: Actor, admitted: Admitted, fate: &Fate) -> Answer {
        let (edge, form) = (&self.edge, self.form());
        // A write is never cut short: its client may be gone, what it did must be whole.
        if admitted.kind == OperationKind::Mutation && !fate.keep() {
            return form.refused(Error::Timeout);
        }
        let limits = &edge.rules.limits;
        let cost = Cost {
            requested: admitted.cost,
            limit: limits.cost(&actor),
        };
        let mut request = Request::new("").variables(admitted.variables).data(context::Request {
            actor: actor.into(),
            store: edge.store.clone(),
            limits: limits.clone(),
        });
        request.operation_name = admitted.operation_name;
        request.set_parsed_query(std::sync::Arc::unwrap_or_clone(admitted.document));
        form.executed(&edge.schema.execute(request).await, cost)
    }
}
