//! Which foreign pages may call the server: those of the origins that the operator names. No cookies are used, so a page
//! that is not named can do nothing in its visitor's name; it just can't read the answers.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, web};

use crate::http::{Edge, client};

/// Seconds for which a browser may remember the permission.
const REMEMBER: &str = "600";

/// The value of `Access-Control-Allow-Origin` for this origin; none where it is not allowed.
pub(super) fn permission(allowed: &[String], origin: Option<&HeaderValue>) -> Option<HeaderValue> {
    let origin = origin?;
    if allowed.iter().any(|one| one == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    let text = origin.to_str().ok()?;
    let known = allowed.iter().any(|one| one.eq_ignore_ascii_case(text));
    known.then(|| origin.clone())
}

/// Answers preflights, and marks answers that a foreign page may read.
///
/// # Errors
/// What the handler fails with.
pub async fn allow(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let allowed = match request.app_data::<web::Data<Edge>>() {
        Some(edge) => edge.rules.allowed_origins.as_slice(),
        None => &[],
    };
    let permission = permission(allowed, request.headers().get(header::ORIGIN));
    let depends = !allowed.is_empty();
    let asks =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &permission {
        Some(_) if asks => request.into_response(preflight()).map_into_right_body(),
        _ => next.call(request).await?.map_into_left_body(),
    };
    mark(response.headers_mut(), permission, depends);
    Ok(response)
}

fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"))
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            format!(
                "authorization, content-type, accept, x-request-id, {}, {}",
                client::NAMES.join(", "),
                client::VERSIONS.join(", ")
            ),
        ))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, REMEMBER))
        .finish()
}

fn mark(headers: &mut HeaderMap, permission: Option<HeaderValue>, depends: bool) {
    if depends {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    if let Some(permission) = permission {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, permission);
        let exposed =
            HeaderValue::from_static("ratelimit, ratelimit-policy, retry-after, www-authenticate, x-request-id");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_that_are_named_are_let_in() {
        let named = ["https://example.org".to_owned()];
        let of = |allowed: &[String], origin| {
            let permission = permission(allowed, Some(&HeaderValue::from_static(origin)));
            permission.map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(
            of(&named, "https://example.org").as_deref(),
            Some("https://example.org")
        );
        for foreign in [
            "https://example.com",
            "http://example.org",
            "https://example.org:444",
            "null",
        ] {
            assert_eq!(of(&named, foreign), None);
        }
        assert_eq!(of(&["*".into()], "https://example.com").as_deref(), Some("*"));
        assert_eq!(of(&[], "https://example.com"), None);
        assert_eq!(permission_without_origin(&named), None);
    }

    fn permission_without_origin(allowed: &[String]) -> Option<HeaderValue> {
        permission(allowed, None)
    }
}
