//! GraphQL over HTTP at /graphql: the way of a request from its bytes to its call, and of the answer back.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::error::Error;
use crate::http::accept::{Media, negotiate};
use crate::http::answer::{Answer, Form, Keeping};
use crate::http::call::{Call, Outcome, Source, form};
use crate::http::live::events;
use crate::http::rate::Visitor;
use crate::http::trace::{Note, request_id};
use crate::http::{Edge, address, body, client, explorer, single, validator};

/// The methods of /graphql.
const METHODS: &str = "GET, POST";
/// A query in the query string, or a person with a browser.
pub async fn get(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    let mut offered = vec![Media::Json, Media::GraphqlResponse, Media::EventStream];
    // Nothing that one writes in the explorer would be executed where only registered documents are.
    if !edge.documents.only_trusted() {
        offered.push(Media::Html);
    }
    match negotiate(accept(&request).as_deref(), &offered) {
        Some(Media::Html) => explorer::page(),
        Some(media) => match enter(&request, &edge, media) {
            Ok(visitor) => {
                let source = Source::QueryString(request.query_string().to_owned());
                give(&request, edge, media, visitor, source).await
            }
            Err(refused) => respond(&request, refused),
        },
        None => not_acceptable(&request),
    }
}

/// An operation in a JSON body.
pub async fn post(request: HttpRequest, payload: web::Payload, edge: web::Data<Edge>) -> HttpResponse {
    let offered = [Media::Json, Media::GraphqlResponse, Media::EventStream];
    let Some(media) = negotiate(accept(&request).as_deref(), &offered) else {
        return not_acceptable(&request);
    };
    let visitor = match enter(&request, &edge, media) {
        Ok(visitor) => visitor,
        Err(refused) => return respond(&request, refused),
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
        Ok(bytes) => give(&request, edge, media, visitor, Source::Body(bytes)).await,
        Err((status, error)) => {
            let refused = form(media, &request_id(&request), &edge).refused_as(status, error);
            let standing = visitor.standing;
            respond(&request, Answer { standing, ..refused })
        }
    }
}

/// Lets a request in, as far as the rate of its address allows.
///
/// # Errors
/// The refusal, before anything of the request was read.
pub fn enter(request: &HttpRequest, edge: &Edge, media: Media) -> Result<Visitor, Answer> {
    let signs_in = request.headers().contains_key(header::AUTHORIZATION);
    let address = address::client(request, &edge.rules.trusted_proxies);
    edge.rates.enter(address, signs_in).map_err(|dry| Answer {
        standing: Some(dry.standing).filter(|_| !signs_in),
        ..form(media, &request_id(request), edge).refused(dry.into())
    })
}

async fn give(
    request: &HttpRequest,
    edge: web::Data<Edge>,
    media: Media,
    visitor: Visitor,
    source: Source,
) -> HttpResponse {
    match call(request, &edge, media, visitor, source) {
        Ok(call) if media == Media::EventStream => events::answer(request, edge, call).await,
        Ok(call) => respond(request, answer(request, edge, call).await),
        Err(refused) => respond(request, refused),
    }
}

/// Any other method.
pub async fn other(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    let error = Error::BadUserInput("GraphQL is answered to GET, for queries, and POST.".into());
    let mut answer = form(Media::Json, &request_id(&request), &edge).refused_as(StatusCode::METHOD_NOT_ALLOWED, error);
    answer.allow = Some(METHODS);
    respond(&request, answer)
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
    let error = "Accept must allow application/graphql-response+json, application/json or text/event-stream.";
    let error = Error::BadUserInput(error.into());
    let form = Form {
        media: Media::Json,
        request_id: &request_id(request),
        errors: 1,
    };
    respond(request, form.refused_as(StatusCode::NOT_ACCEPTABLE, error))
}

/// An answer that is given at once. Whoever asked for events is told by plain JSON that there are none.
pub fn respond(request: &HttpRequest, answer: Answer) -> HttpResponse {
    Note::tell(request, &answer);
    let media = match answer.media {
        Media::EventStream => Media::Json,
        media => media,
    };
    let validator = answer.keeping.map(|_| validator::of(&answer.body, media));
    let known = validator.as_deref().filter(|tag| validator::is_known(request, tag));
    let mut response = HttpResponse::build(known.map_or(answer.status, |_| StatusCode::NOT_MODIFIED));
    response
        .content_type(media.content_type())
        .insert_header((header::CACHE_CONTROL, cache_control(answer.keeping)))
        .append_header((header::VARY, "Accept"));
    if let Some(tag) = &validator {
        response
            .insert_header((header::ETAG, tag.as_str()))
            .append_header((header::VARY, "Authorization"));
    }
    if answer.status == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, challenge(request)));
    }
    if let Some(methods) = answer.allow {
        response.insert_header((header::ALLOW, methods));
    }
    if let Some(seconds) = answer.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    if let Some(standing) = answer.standing {
        standing.tell(&mut response);
    }
    match known {
        Some(_) => response.finish(),
        None => response.body(answer.seated.body(answer.body)),
    }
}

/// Whoever keeps an answer asks each time whether it still holds.
const fn cache_control(keeping: Option<Keeping>) -> &'static str {
    match keeping {
        Some(Keeping::Public) => "public, no-cache",
        Some(Keeping::Private) => "private, no-cache",
        None => "no-store",
    }
}

/// What a 401 says of the credential, by RFC 6750, section 3: nothing where none of the kind was given.
fn challenge(request: &HttpRequest) -> &'static str {
    let is_bearer = |value: &str| {
        let scheme = value.split_ascii_whitespace().next();
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"))
    };
    match single(request, &header::AUTHORIZATION) {
        Ok(None) => "Bearer",
        Ok(Some(value)) if !is_bearer(value) => "Bearer",
        _ => r#"Bearer error="invalid_token""#,
    }
}

/// Answers a request within its time: on the runtime for operations, or here where it is light.
async fn answer(request: &HttpRequest, edge: web::Data<Edge>, mut call: Call) -> Answer {
    let media = call.media;
    let done = match call.is_light() {
        true => edge.runner.here(edge.time(), Box::pin(call.answer(None))).await,
        false => edge.runner.run(edge.time(), |fate| call.answer(Some(fate))).await,
    };
    match done {
        Ok((Outcome::Answer(answer), note)) => {
            note.leave(request);
            answer
        }
        Ok((Outcome::Answers(_), _)) => {
            let error = Error::internal("many answers to a request for one");
            form(media, &request_id(request), &edge).refused(error)
        }
        Err(error) => form(media, &request_id(request), &edge).refused(error),
    }
}

/// The call that a request makes.
fn call(
    request: &HttpRequest,
    edge: &web::Data<Edge>,
    media: Media,
    visitor: Visitor,
    source: Source,
) -> Result<Call, Answer> {
    let request_id = request_id(request);
    let Ok(authorization) = single(request, &header::AUTHORIZATION) else {
        let error = Error::Unauthenticated("The header Authorization stands twice or is no text.".into());
        return Err(form(media, &request_id, edge).refused(error));
    };
    Ok(Call {
        edge: edge.clone(),
        media,
        streams: media == Media::EventStream,
        authorization: authorization.map(str::to_owned),
        visitor,
        request_id,
        client: client::of_headers(request.headers()),
        source,
        params: None,
    })
}
