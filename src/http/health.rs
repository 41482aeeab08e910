//! Whether the process lives, and whether it can do its work.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::error::Error;
use crate::http::Edge;

/// The process lives. It says nothing of the database: a server must not be restarted for that.
pub async fn alive() -> HttpResponse {
    told(HttpResponse::Ok(), &json!({"alive": true}))
}

/// Requests can be answered: the database does, with all migrations; the reference data are loaded; nobody has told the
/// server to stop.
pub async fn ready(edge: web::Data<Edge>) -> HttpResponse {
    let checked = edge.clone();
    let outcome = edge
        .runner
        .look(edge.time(), |_| async move { checked.check().await })
        .await;
    match outcome.unwrap_or_else(Err) {
        Ok(()) => told(HttpResponse::Ok(), &json!({"ready": true})),
        Err(error) => {
            tracing::warn!(cause = ?error, "not ready");
            let why = error.message();
            told(HttpResponse::ServiceUnavailable(), &json!({"ready": false, "why": why}))
        }
    }
}

impl Edge {
    async fn check(&self) -> Result<(), Error> {
        let not_yet = |why: &str| Err(Error::Unavailable(why.into()));
        if !self.is_ready() {
            return not_yet("The server is starting or stopping.");
        }
        self.store.check().await?;
        // It may have more: those of a later version, which leave this one able to serve.
        let applied = self.store.applied_steps().await?;
        if !self.steps.iter().all(|step| applied.contains(step)) {
            return not_yet("The database lacks migrations.");
        }
        Ok(())
    }
}

fn told(mut response: actix_web::HttpResponseBuilder, body: &serde_json::Value) -> HttpResponse {
    response
        .content_type("application/json; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body.to_string())
}
