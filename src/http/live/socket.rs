//! From a request to a WebSocket: who may open one.

use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::guard::GuardContext;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest, HttpResponse, rt, web};
use actix_ws::{MessageStream, Session};

use super::close::Close;
use super::connection::Connection;
use super::credential::Credential;
use super::flow::Flow;
use super::frames::Frames;
use super::seat::{Guest, Seat};
use crate::domain::actor::Actor;
use crate::error::Error;
use crate::http::accept::Media;
use crate::http::answer::Answer;
use crate::http::call::form;
use crate::http::trace::request_id;
use crate::http::{Edge, client, cors, operation, single};

/// The protocol that is spoken.
const PROTOCOL: &str = "graphql-transport-ws";

/// Whether a request asks for a WebSocket.
pub fn is_asked_for(context: &GuardContext<'_>) -> bool {
    let upgrade = context.head().headers().get(header::UPGRADE);
    upgrade.is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Opens a WebSocket.
pub async fn open(request: HttpRequest, payload: web::Payload, edge: web::Data<Edge>) -> HttpResponse {
    let Entry {
        authorization,
        seat,
        address,
    } = match admit(&request, &edge).await {
        Ok(admitted) => admitted,
        Err(refused) => return operation::respond(&request, refused),
    };
    match upgrade(&request, payload, &edge).await {
        Ok((response, session, messages)) => {
            let flow = Flow::new(seat);
            let spoken = response.headers().contains_key(header::SEC_WEBSOCKET_PROTOCOL);
            let connection = Connection {
                request_id: request_id(&request),
                authorization,
                client: client::of_headers(request.headers()),
                address,
                flow: flow.clone(),
                session,
                messages: messages
                    .max_frame_size(edge.rules.limits.body_bytes)
                    .aggregate_continuations()
                    .max_continuation_size(edge.rules.limits.body_bytes),
                edge,
            };
            rt::spawn(async move {
                if spoken {
                    connection.run().await;
                } else {
                    connection.refuse(Close::other_protocol()).await;
                }
            });
            response.map_body(|_, body| flow.body(body))
        }
        Err(error) => HttpResponse::from_error(error),
    }
}

async fn upgrade(
    request: &HttpRequest,
    payload: web::Payload,
    edge: &Edge,
) -> Result<(HttpResponse, Session, MessageStream), actix_web::Error> {
    let mut bounded: Payload = Frames::new(payload.into_inner(), edge.rules.limits.body_bytes).into_payload();
    let payload = web::Payload::from_request(request, &mut bounded).await?;
    actix_ws::handle_with_protocols(request, payload, &[PROTOCOL])
}

/// What is known of whoever may open one.
struct Entry {
    /// The header `Authorization`.
    authorization: Option<String>,
    seat: Seat,
    address: Option<IpAddr>,
}

async fn admit(request: &HttpRequest, edge: &web::Data<Edge>) -> Result<Entry, Answer> {
    let id = request_id(request);
    let visitor = operation::enter(request, edge, Media::Json)?;
    let form = form(Media::Json, &id, edge);
    if edge.house.is_closing() {
        let error = "The server is shutting down: try again in a moment.";
        return Err(form.refused(Error::Unavailable(error.into())));
    }
    if !is_known(request.headers(), &edge.rules.allowed_origins) {
        let error = "Pages of this origin may not connect: ALLOWED_ORIGINS names those that may.";
        return Err(form.refused_as(StatusCode::FORBIDDEN, Error::Forbidden(error.into())));
    }
    let Ok(authorization) = single(request, &header::AUTHORIZATION) else {
        let error = "The header Authorization stands twice or is no text.";
        return Err(form.refused(Error::Unauthenticated(error.into())));
    };
    let authorization = authorization.map(str::to_owned);
    let actor = match &authorization {
        Some(_) => {
            let read = Credential::read(edge, authorization.clone(), &visitor).await;
            read.map_err(|error| form.refused(error))?.actor
        }
        None => Actor::anonymous(),
    };
    let guest = Guest::new(&actor, visitor.address);
    let seat = edge.house.hall.sit(guest).map_err(|error| form.refused(error))?;
    Ok(Entry {
        authorization,
        seat,
        address: visitor.address,
    })
}

/// Whether whoever connects is a program, a page of ours, or one whose origin is named. A browser asks nobody before it
/// opens a WebSocket to a foreign server, so that the server has to look itself.
fn is_known(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let own = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    own.is_some_and(|(_, own)| own.eq_ignore_ascii_case(host)) || cors::permission(allowed, Some(origin)).is_some()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn known(origin: Option<&'static str>, allowed: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        let mut set = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
        set(header::HOST, "needs.example:8000");
        if let Some(origin) = origin {
            set(header::ORIGIN, origin);
        }
        let allowed: Vec<_> = allowed.iter().map(|&one| one.to_owned()).collect();
        is_known(&headers, &allowed)
    }

    #[test]
    fn programs_our_own_pages_and_named_origins_connect() {
        assert!(known(None, &[]));
        assert!(known(Some("http://needs.example:8000"), &[]));
        assert!(known(Some("https://Needs.example:8000"), &[]));
        assert!(known(Some("https://a.example"), &["https://a.example"]));
        assert!(known(Some("https://b.example"), &["*"]));
        for foreign in [
            "https://b.example",
            "http://needs.example",
            "http://needs.example:80",
            "http://evil.example/needs.example:8000",
            "null",
            "",
        ] {
            assert!(!known(Some(foreign), &["https://a.example"]), "{foreign}");
        }
    }
}
