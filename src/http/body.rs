//! Reading a body: up to its limit, and only as long as one may take to send it.

use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, web};
use futures_util::StreamExt;

use crate::error::Error;
use crate::http::single;

/// That the body is JSON, which no form of a foreign page can send.
///
/// # Errors
/// 415 for anything else.
pub fn check_type(request: &HttpRequest) -> Result<(), (StatusCode, Error)> {
    let refused = |why: &str| Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, Error::BadUserInput(why.into())));
    match single(request, &header::CONTENT_ENCODING) {
        Ok(None) => {}
        Ok(Some(encoding)) if encoding.eq_ignore_ascii_case("identity") => {}
        _ => return refused("Compressed bodies are not read."),
    }
    match single(request, &header::CONTENT_TYPE) {
        Ok(Some(kind)) if is_json(kind) => Ok(()),
        _ => refused("POST takes Content-Type: application/json, in UTF-8."),
    }
}

fn is_json(kind: &str) -> bool {
    let mut parts = kind.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case("application/json")
        && parts.all(|parameter| {
            parameter.is_empty()
                || parameter.split_once('=').is_some_and(|(name, value)| {
                    name.trim().eq_ignore_ascii_case("charset")
                        && value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
                })
        })
}

/// The bytes of the body.
///
/// # Errors
/// 413 where there are more than `most`, 408 where they take longer than `within`, 400 where they never end properly.
pub async fn read(
    request: &HttpRequest,
    payload: web::Payload,
    most: usize,
    within: Duration,
) -> Result<Vec<u8>, (StatusCode, Error)> {
    let announced = single(request, &header::CONTENT_LENGTH)
        .ok()
        .flatten()
        .and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, too_large(most)));
    }
    match tokio::time::timeout(within, collect(payload, most, announced.unwrap_or_default())).await {
        Ok(outcome) => outcome,
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, too_slow(within))),
    }
}

async fn collect(mut payload: web::Payload, most: usize, announced: usize) -> Result<Vec<u8>, (StatusCode, Error)> {
    let mut body = Vec::with_capacity(announced);
    while let Some(chunk) = payload.next().await {
        let broken = |_| {
            let error = Error::BadUserInput("The body ends too early or is not properly sent.".into());
            (StatusCode::BAD_REQUEST, error)
        };
        let chunk = chunk.map_err(broken)?;
        if body.len() + chunk.len() > most {
            return Err((StatusCode::PAYLOAD_TOO_LARGE, too_large(most)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// No TIMEOUT, after which a write may have happened: here nothing was even read.
fn too_slow(within: Duration) -> Error {
    Error::BadUserInput(format!(
        "The body did not come within {} s. Nothing was done.",
        within.as_secs_f64()
    ))
}

/// The error of a body with more bytes than this.
pub fn too_large(most: usize) -> Error {
    Error::PayloadTooLarge(format!("The body is larger than {most} bytes."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_utf_8_is_taken_and_nothing_else() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/graphql",
            "application/json; charset=latin1",
            "application/json; boundary=x",
            "application/jsonx",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=application/json",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
