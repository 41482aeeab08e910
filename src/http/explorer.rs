//! The explorer: a page to try the API with, served from the binary.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use include_dir::{Dir, include_dir};

/// What `npm run build` wrote.
static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/explorer/dist");

/// Characters of the hash in a file's name.
const HASH_LENGTH: usize = 8;

/// The page loads nothing from anywhere else, and no other page can frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page itself.
pub fn page() -> HttpResponse {
    let Some(page) = FILES.get_file("index.html") else {
        return HttpResponse::NotFound().finish();
    };
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .append_header((header::VARY, "Accept"))
        .body(page.contents())
}

/// One of its files.
pub async fn file(name: web::Path<String>) -> HttpResponse {
    let file = FILES.get_file(name.as_str()).filter(|_| name.as_str() != "index.html");
    let Some(file) = file else {
        return HttpResponse::NotFound().finish();
    };
    let caching = if is_hashed(&name) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    HttpResponse::Ok()
        .content_type(content_type(&name))
        .insert_header((header::CACHE_CONTROL, caching))
        .body(file.contents())
}

/// From the root to where everything is.
pub async fn home() -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, "/graphql"))
        .finish()
}

/// Whether a name ends in the hash of its content: `index-BiMAXsN2.js`.
fn is_hashed(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let hash_from = stem.len().checked_sub(HASH_LENGTH + 1);
    hash_from
        .and_then(|from| stem.get(from..))
        .is_some_and(|hash| hash.starts_with('-'))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("ttf") => "font/ttf",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_hashed_or_known_not_to_be() {
        for file in FILES.files() {
            let name = file.path().to_str().unwrap();
            let plain = ["index.html", "LICENSES.txt"].contains(&name);
            assert_eq!(is_hashed(name), !plain, "{name}");
            assert!(
                name == "index.html" || content_type(name) != "application/octet-stream",
                "{name}"
            );
        }
    }

    #[test]
    fn the_page_names_only_files_that_are_there() {
        let page = FILES.get_file("index.html").unwrap().contents_utf8().unwrap();
        let named: Vec<&str> = page
            .split("\"/explorer/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(named.len() >= 3);
        for name in named {
            assert!(FILES.get_file(name).is_some(), "{name}");
        }
    }
}
