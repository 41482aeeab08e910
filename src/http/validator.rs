//! Validators: what a client that kept an answer to GET shows, to be told that it still holds. They are strong, so each
//! coding of the same answer has its own.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest};
use sha2::{Digest, Sha256};

use crate::http::accept::Media;

/// Codings that an answer may be compressed by.
const CODINGS: [&str; 4] = ["br", "deflate", "gzip", "zstd"];
/// Bytes of the hash that tell answers apart.
const BYTES: usize = 16;

/// The validator of these bytes, not compressed. The same bytes as another media type are another answer.
pub fn of(body: &[u8], media: Media) -> String {
    let mut hash = Sha256::new();
    hash.update(media.content_type());
    hash.update([0]);
    hash.update(body);
    let hash = hash.finalize();
    let digits: String = hash.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

/// Whether the client has such an answer, in whatever coding. RFC 9110, 13.1.2: the weak comparison.
pub fn is_known(request: &HttpRequest, tag: &str) -> bool {
    let shown = request.headers().get_all(header::IF_NONE_MATCH);
    let mut shown = shown
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    shown.any(|shown| {
        let shown = shown.trim();
        shown == "*" || plain(shown.strip_prefix("W/").unwrap_or(shown)) == plain(tag)
    })
}

/// What of a validator is the same for all codings.
fn plain(tag: &str) -> &str {
    let inner = tag.trim_matches('"');
    match inner.rsplit_once('-') {
        Some((plain, coding)) if CODINGS.contains(&coding) => plain,
        _ => inner,
    }
}

/// Tells the coding of a compressed answer in its validator.
pub async fn of_coding<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers();
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let coded = text(header::ETAG)
        .zip(text(header::CONTENT_ENCODING))
        .map(|(tag, coding)| format!("\"{}-{coding}\"", plain(tag)));
    if let Some(tag) = coded.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn an_answer_that_was_kept_is_known_again() {
        let tag = of(b"{}", Media::Json);
        let digits = tag.trim_matches('"');
        let shown = |value: String| {
            TestRequest::get()
                .insert_header((header::IF_NONE_MATCH, value))
                .to_http_request()
        };
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"{digits}-br\""),
            format!("\"other\", {tag}"),
            "*".into(),
        ] {
            assert!(is_known(&shown(known.clone()), &tag), "{known}");
        }
        for other in [
            of(b"{}", Media::GraphqlResponse),
            of(b"{ }", Media::Json),
            format!("\"{digits}-xz\""),
            String::new(),
        ] {
            assert!(!is_known(&shown(other.clone()), &tag), "{other}");
        }
    }
}
