//! Answers: what becomes of an operation, as bytes with a status.

use std::sync::Arc;

use actix_web::http::StatusCode;
use async_graphql::{PathSegment, Response, ServerError, Value};
use serde::Serialize;

use crate::error::Error;
use crate::graphql::written::json;
use crate::http::accept::Media;
use crate::http::gate::Problem;
use crate::http::rate::Standing;
use crate::http::room::Seated;

/// An answer on its way out.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Whether it was answered, as far as the form of the answer tells it by the status.
    pub status: StatusCode,
    /// What is in it.
    pub media: Media,
    /// JSON.
    pub body: Vec<u8>,
    /// Whether nothing was executed: there are errors, and no `data`.
    pub refused: bool,
    /// Whether everything was answered, without an error.
    pub is_whole: bool,
    /// Methods that are allowed, where this one is not.
    pub allow: Option<&'static str>,
    /// Seconds to wait before trying again.
    pub retry_after: Option<u64>,
    /// Where the client stands with its rate.
    pub standing: Option<Standing>,
    /// The code of the first error; empty where there is none.
    pub code: String,
    /// Who may keep it, where it is an answer to GET without errors.
    pub keeping: Option<Keeping>,
    /// The room that it takes while it waits for its client.
    pub seated: Seated,
}

/// Who may keep an answer; each asks before it is used again whether it is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// Everybody.
    Public,
    /// Whoever asked with this credential.
    Private,
}

/// What all answers to one request share.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// In what form.
    pub media: Media,
    /// The request's id, told where we failed.
    pub request_id: &'a str,
    /// Errors told in one answer, at most.
    pub errors: usize,
}

/// What an operation costs and may cost.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cost {
    /// What it costs.
    pub requested: u64,
    /// What it may cost.
    pub limit: u64,
    /// Points that are left of the client's rate. None where nothing is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u32>,
}

/// The members of an answer, errors first so that nobody misses them.
struct Body<'a> {
    errors: &'a [Told],
    data: Option<&'a Value>,
    extensions: Option<Extensions>,
}

impl Body<'_> {
    /// # Errors
    /// What can't be: that one of our own types is no JSON.
    fn bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut out = vec![b'{'];
        let member = |name: &str, out: &mut Vec<u8>| {
            if out.len() > 1 {
                out.push(b',');
            }
            json::text(out, name);
            out.push(b':');
        };
        if !self.errors.is_empty() {
            member("errors", &mut out);
            serde_json::to_writer(&mut out, self.errors)?;
        }
        if let Some(data) = self.data {
            member("data", &mut out);
            json::write(&mut out, data);
        }
        if let Some(extensions) = &self.extensions {
            member("extensions", &mut out);
            serde_json::to_writer(&mut out, extensions)?;
        }
        out.push(b'}');
        Ok(out)
    }
}

#[derive(Serialize)]
struct Extensions {
    cost: Cost,
}

/// An error as it is told.
#[derive(Serialize)]
struct Told {
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    path: Vec<PathSegment>,
    extensions: ErrorExtensions,
}

#[derive(Serialize)]
struct Location {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorExtensions {
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// Seconds; what the header `Retry-After` says, for transports without headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl Form<'_> {
    /// The answer to a request that is not executed: errors, and no `data`. With its cost, where that is known.
    pub fn refusal(&self, problems: &[Problem], cost: Option<Cost>) -> Answer {
        let status = problems
            .first()
            .map_or(StatusCode::BAD_REQUEST, |first| status(&first.error, self.media));
        let retry_after = problems.iter().find_map(|problem| retry_after(&problem.error));
        let told = problems.iter().take(self.errors).map(|problem| self.told(problem));
        Answer {
            retry_after,
            ..self.answer(status, told.collect(), None, cost)
        }
    }

    /// The same with one problem.
    pub fn refused(&self, error: Error) -> Answer {
        self.refused_at(error, None)
    }

    /// The same with what the operation costs.
    pub fn refused_at(&self, error: Error, cost: Option<Cost>) -> Answer {
        let problem = Problem {
            error,
            locations: Vec::new(),
        };
        self.refusal(&[problem], cost)
    }

    /// The same with a status of HTTP's own, for a request that is not well-formed.
    pub fn refused_as(&self, status: StatusCode, error: Error) -> Answer {
        Answer {
            status,
            ..self.refused(error)
        }
    }

    /// An answer that waits for its client from now on; where too many large ones do, that it can't be given.
    pub fn seated(&self, answer: Answer, seat: Option<Seated>, writes: bool, cost: Cost) -> Answer {
        if let Some(seated) = seat {
            return Answer { seated, ..answer };
        }
        let why = match writes {
            true => {
                "It was done, but too many large answers wait for their clients just now: ask by a query for what you need of it."
            }
            false => {
                "Too many large answers wait for their clients just now: ask for less at once, or try again in a moment."
            }
        };
        self.refused_at(Error::Unavailable(why.into()), Some(cost))
    }

    /// The answer to a request that was executed, or that the executor refused.
    pub fn executed(&self, response: &Response, cost: Cost) -> Answer {
        // The executor tells a request that it refuses by errors that stand nowhere in the answer's tree.
        let refused = response.data == Value::Null && response.errors.iter().all(|error| error.path.is_empty());
        if refused && !response.errors.is_empty() {
            let problems: Vec<Problem> = response.errors.iter().map(problem).collect();
            return self.refusal(&problems, Some(cost));
        }
        let told = response
            .errors
            .iter()
            .take(self.errors)
            .map(|error| self.told_field(error));
        self.answer(StatusCode::OK, told.collect(), Some(&response.data), Some(cost))
    }

    /// What was answered without an error, up to what each asker is told besides: `{"data":…` without the closing brace.
    /// None where there are errors.
    pub fn data(response: &Response) -> Option<Vec<u8>> {
        if !response.errors.is_empty() {
            return None;
        }
        let mut bytes = br#"{"data":"#.to_vec();
        json::write(&mut bytes, &response.data);
        Some(bytes)
    }

    /// The answer with such data: the same bytes as if it was executed for this asker.
    pub fn with_data(&self, data: &[u8], cost: Cost) -> Answer {
        let mut answer = self.answer(StatusCode::OK, Vec::new(), None, Some(cost));
        // `{"extensions":…}` follows the data.
        let mut body = Vec::with_capacity(data.len() + answer.body.len());
        body.extend_from_slice(data);
        body.push(b',');
        body.extend_from_slice(answer.body.get(1..).unwrap_or_default());
        answer.body = body;
        answer.refused = false;
        answer.is_whole = true;
        answer
    }

    fn answer(&self, status: StatusCode, errors: Vec<Told>, data: Option<&Value>, cost: Option<Cost>) -> Answer {
        let extensions = cost.map(|cost| Extensions { cost });
        let code = errors
            .first()
            .map(|told| told.extensions.code.clone())
            .unwrap_or_default();
        let is_whole = errors.is_empty() && data.is_some();
        let body = Body {
            errors: &errors,
            data,
            extensions,
        };
        let (status, body) = match body.bytes() {
            Ok(bytes) => (status, bytes),
            Err(cause) => {
                tracing::error!(request_id = self.request_id, %cause, "an answer is no JSON");
                (StatusCode::INTERNAL_SERVER_ERROR, Vec::new())
            }
        };
        Answer {
            status,
            media: self.media,
            body,
            refused: data.is_none(),
            is_whole,
            allow: None,
            retry_after: None,
            standing: None,
            code,
            keeping: None,
            seated: Seated::default(),
        }
    }

    /// An error of a field. One of ours brings its code and its text; an internal one, and what the executor says by
    /// itself, is looked at first.
    fn told_field(&self, error: &ServerError) -> Told {
        let mut told = self.told(&problem(error));
        told.path.clone_from(&error.path);
        if let Some(code) = code(error).filter(|code| *code != INTERNAL) {
            code.clone_into(&mut told.extensions.code);
        }
        told
    }

    fn told(&self, problem: &Problem) -> Told {
        let Problem { error, locations } = problem;
        let request_id = match error {
            Error::Internal(cause) => {
                tracing::error!(request_id = self.request_id, %cause, "internal fault");
                Some(self.request_id.to_owned())
            }
            _ => None,
        };
        Told {
            message: bounded(error.message()),
            locations: locations
                .iter()
                .map(|(line, column)| Location {
                    line: *line,
                    column: *column,
                })
                .collect(),
            path: Vec::new(),
            extensions: ErrorExtensions {
                code: error.code().into(),
                request_id,
                retry_after: retry_after(error),
            },
        }
    }
}

const INTERNAL: &str = "INTERNAL";
/// Bytes of a message, about.
const MESSAGE: usize = 1_000;

/// What a client sent may be quoted, but not all of it.
fn bounded(mut message: String) -> String {
    if message.len() > MESSAGE {
        message.truncate(message.floor_char_boundary(MESSAGE));
        message.push('…');
    }
    message
}

/// Seconds to wait before trying again.
const fn retry_after(error: &Error) -> Option<u64> {
    match error {
        Error::RateLimited(seconds) => Some(*seconds),
        // Nobody knows, but most causes are gone by then, and a refusal costs little.
        Error::Unavailable(_) => Some(1),
        _ => None,
    }
}

fn code(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// An error of the executor as one of ours, up to the code. An internal one of ours brings its cause along.
fn problem(error: &ServerError) -> Problem {
    let ours = match code(error) {
        Some(INTERNAL) => Error::internal(error.source::<Arc<str>>().map_or("unknown", |cause| cause)),
        Some(_) => Error::BadUserInput(error.message.clone()),
        None => foreign(error),
    };
    Problem {
        error: ours,
        locations: error.locations.iter().map(|at| (at.line, at.column)).collect(),
    }
}

/// What the executor says by itself: that a value is none of its type, that a document breaks a rule, or something
/// that nobody foresaw.
fn foreign(error: &ServerError) -> Error {
    const VALUES: [&str; 4] = [
        "Invalid value for argument",
        "Failed to parse \"",
        "Expected input type \"",
        "Invalid input",
    ];
    let of_a_value = VALUES.iter().any(|start| error.message.starts_with(start));
    if of_a_value {
        Error::BadUserInput(error.message.clone())
    } else if error.path.is_empty() {
        Error::ValidationFailed(error.message.clone())
    } else {
        Error::internal(error.message.as_str())
    }
}

/// The status of a request that was not executed. In `application/json`, where clients take anything but 200 for the
/// word of some proxy, and in a stream of events, where they take it for a broken connection, it only tells what HTTP
/// has a word for.
fn status(error: &Error, media: Media) -> StatusCode {
    match error {
        Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Error::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Error::PayloadTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        _ if media != Media::GraphqlResponse => StatusCode::OK,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests;
