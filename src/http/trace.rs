//! What surrounds every request: an id of ours, and one line in the log.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, web};
use uuid::Uuid;

use crate::http::accept::Media;
use crate::http::answer::Answer;
use crate::http::documents::Trusted;
use crate::http::metrics::Protocol;
use crate::http::{Edge, single};

/// The header that tells a request's id. A client may choose it.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Where operations are answered.
const GRAPHQL: &str = "/graphql";
/// What the log says in place of a status where the client went away.
const GONE: u16 = 499;

#[derive(Clone)]
struct RequestId(String);

/// What a handler tells of an operation, for the log.
#[derive(Clone, Debug, Default)]
pub struct Note {
    /// The root fields: names of ours, where an operation's name would be the client's text.
    pub roots: Vec<String>,
    /// The document, until it is known whether it was slow.
    pub document: String,
    /// Statements that it took.
    pub statements: u64,
    /// The operation, where its document is trusted: then its name is the operator's text, and one of so many.
    pub trusted: Option<TrustedOperation>,
    /// The code of the first error; empty where there is none.
    pub code: String,
    /// Whether it was answered by events.
    pub events: bool,
}

/// An operation of a document that the operator registered.
#[derive(Clone, Debug)]
pub struct TrustedOperation {
    /// Which document.
    pub document: Trusted,
    /// Its name, if it has one.
    pub name: Option<String>,
}

impl TrustedOperation {
    /// What people call it: its name, or else its document's.
    pub fn label(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.document.to_string())
    }
}

impl Note {
    /// Leaves the note with the request.
    pub fn leave(self, request: &HttpRequest) {
        request.extensions_mut().insert(self);
    }

    /// What the operation is called, where its document is trusted.
    pub fn operation(&self) -> Option<String> {
        self.trusted.as_ref().map(TrustedOperation::label)
    }

    /// Adds to the note of a request what became of it.
    pub fn tell(request: &HttpRequest, answer: &Answer) {
        let mut extensions = request.extensions_mut();
        let mut note = extensions.get::<Self>().cloned().unwrap_or_default();
        note.code.clone_from(&answer.code);
        note.events = answer.media == Media::EventStream;
        extensions.insert(note);
    }
}

/// The id that a client sends, where it is one: up to 64 of `A-Z a-z 0-9 - _`, and none of our keys.
fn chosen(request: &HttpRequest) -> Option<&str> {
    let id = single(request, &REQUEST_ID).ok().flatten()?;
    let is_id = (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && !id.starts_with("nam_");
    is_id.then_some(id)
}

/// The id of a request.
pub fn request_id(request: &HttpRequest) -> String {
    request
        .extensions()
        .get::<RequestId>()
        .map(|RequestId(id)| id.clone())
        .unwrap_or_default()
}

/// The log's line on one request, written at its end, whichever it is.
struct Line {
    id: String,
    method: String,
    path: String,
    begun: Instant,
    status: u16,
    note: Note,
}

impl Drop for Line {
    fn drop(&mut self) {
        let micros = self.begun.elapsed().as_micros();
        tracing::info!(
            target: "nam_needs::request",
            id = self.id,
            method = self.method,
            path = self.path,
            status = self.status,
            ms = format!("{}.{:03}", micros / 1_000, micros % 1_000),
            code = self.note.code,
            roots = self.note.roots.join(","),
            statements = self.note.statements,
            operation = self.note.trusted.as_ref().map(TrustedOperation::label),
            document = self.note.trusted.as_ref().map(|trusted| trusted.document.to_string()),
            "request"
        );
    }
}

/// Gives a request its id, and writes its line.
///
/// # Errors
/// What the handler fails with.
pub async fn follow(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let id = chosen(request.request()).map_or_else(|| Uuid::now_v7().simple().to_string(), str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    let header = HeaderValue::from_str(&id);
    let mut line = Line {
        id,
        // Bounded, for both are the client's.
        method: request.method().as_str().chars().take(16).collect(),
        path: request.path().chars().take(128).collect(),
        begun: Instant::now(),
        status: GONE,
        note: Note::default(),
    };
    let mut response = next.call(request).await?;
    line.status = response.status().as_u16();
    if let Some(note) = response.request().extensions().get::<Note>() {
        line.note.clone_from(note);
    }
    if line.path == GRAPHQL
        && line.status != StatusCode::SWITCHING_PROTOCOLS.as_u16()
        && let Some(edge) = response.request().app_data::<web::Data<Edge>>()
    {
        let protocol = if line.note.events {
            Protocol::Events
        } else {
            Protocol::Http
        };
        let operation = line.note.operation();
        edge.metrics.answered(
            protocol,
            operation.as_deref(),
            line.status,
            &line.note.code,
            line.begun.elapsed(),
        );
    }
    if let Ok(header) = header {
        response.headers_mut().insert(REQUEST_ID, header);
    }
    Ok(response)
}
