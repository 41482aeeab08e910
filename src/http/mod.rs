//! The edge: routes and what surrounds them, the same for the server and for tests. It only translates: what is allowed
//! stands in `domain`, what is known in `store`.
//!
//! Law of the room: SeaORM and config are never named here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::guard::fn_guard;
use actix_web::http::header;
use actix_web::middleware::{Compress, DefaultHeaders, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;

use crate::auth::Auth;
use crate::domain::limits::{Limits, LiveLimits, RateLimits};
use crate::domain::network::Networks;
use crate::graphql::{self, NeedsSchema};
use crate::store::Store;

pub mod accept;
mod address;
mod answer;
mod body;
mod cache;
mod call;
mod client;
mod cors;
pub mod documents;
mod explorer;
pub mod gate;
mod health;
pub mod json;
mod live;
mod metrics;
mod operation;
pub mod params;
mod rate;
mod remembered;
mod room;
pub mod run;
mod trace;
mod unread;
mod validator;

use self::documents::Documents;
use self::gate::Gate;
use self::live::{House, socket};
use self::metrics::Metrics;
use self::rate::Rates;
use self::remembered::Remembered;
use self::room::Room;
use self::run::Runner;

/// What the operator decides of the edge.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How much one request may ask for.
    pub limits: Arc<Limits>,
    /// Whether what is public is answered without a credential.
    pub anonymous_read: bool,
    /// Whether the schema can be read by introspection.
    pub introspection: bool,
    /// Web origins whose pages may call the server; `*` for all.
    pub allowed_origins: Vec<String>,
    /// How much connections that stay open may ask for.
    pub live: LiveLimits,
    /// How much each client may ask for in a time.
    pub rates: RateLimits,
    /// Bytes of answers that are kept to be given again.
    pub answer_bytes: usize,
    /// Whose requests no rate counts.
    pub rate_exempt: Networks,
    /// Whose word on a client's address is taken.
    pub trusted_proxies: Networks,
    /// What documents clients can name without sending them.
    pub documents: documents::Settings,
    /// Time from which on an operation is logged as slow, in milliseconds.
    pub slow_operation_ms: u64,
    /// What `/metrics` is told for; none where it is told to everybody.
    pub metrics_token: Option<SecretString>,
}

/// Everything that answers requests, shared by all workers.
pub struct Edge {
    store: Store,
    auth: Auth,
    schema: NeedsSchema,
    /// The same for documents that it has checked before.
    checked_schema: NeedsSchema,
    sdl: String,
    gate: Gate,
    documents: Documents,
    rules: Rules,
    runner: Runner,
    steps: Vec<String>,
    ready: AtomicBool,
    house: House,
    rates: Rates,
    metrics: Metrics,
    remembered: Remembered,
    room: Room,
}

impl Edge {
    /// An edge before this store. `steps` are the migrations that the database must have.
    ///
    /// # Errors
    /// A text where the schema itself is not valid.
    pub fn new(store: Store, auth: Auth, rules: Rules, runner: Runner, steps: Vec<String>) -> Result<Self, String> {
        let sdl = graphql::sdl();
        Ok(Self {
            gate: Gate::new(&sdl)?,
            documents: Documents::new(rules.documents.clone()),
            auth,
            schema: graphql::schema(),
            checked_schema: graphql::checked_schema(),
            sdl,
            house: House::new(&rules.live),
            metrics: Metrics::new(&store),
            remembered: Remembered::new(rules.answer_bytes),
            room: Room::default(),
            rates: Rates::new(&rules.rates, rules.rate_exempt.clone(), store.clock()),
            store,
            rules,
            runner,
            steps,
            ready: AtomicBool::new(false),
        })
    }

    /// Says whether `/readyz` may call the server ready, as far as the server itself is concerned.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::SeqCst);
    }

    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst)
    }

    /// Ends every connection that stays open, and lets none begin any more.
    pub fn end_live(&self) {
        self.house.close();
    }

    /// Time of one request.
    fn time(&self) -> Duration {
        Duration::from_millis(self.rules.limits.time_ms)
    }
}

/// All routes, with what surrounds each of them. The outermost counts and logs every request.
pub fn routes(edge: &web::Data<Edge>) -> impl FnOnce(&mut ServiceConfig) + use<> {
    let edge = edge.clone();
    move |config| {
        config.app_data(edge);
        let all = web::scope("")
            .wrap(from_fn(cors::allow))
            .wrap(Compress::default())
            .wrap(from_fn(validator::of_coding))
            .wrap(DefaultHeaders::new().add((header::X_CONTENT_TYPE_OPTIONS, "nosniff")))
            .wrap(from_fn(trace::follow))
            .wrap(from_fn(unread::hold))
            .service(
                web::resource("/graphql")
                    .route(web::get().guard(fn_guard(socket::is_asked_for)).to(socket::open))
                    .route(web::get().to(operation::get))
                    .route(web::post().to(operation::post))
                    .default_service(web::to(operation::other)),
            )
            .service(readable(
                "/",
                web::get().to(explorer::home),
                web::head().to(explorer::home),
            ))
            .service(readable(
                "/explorer/{file}",
                web::get().to(explorer::file),
                web::head().to(explorer::file),
            ))
            .service(readable("/schema.graphql", web::get().to(sdl), web::head().to(sdl)))
            .service(readable(
                "/metrics",
                web::get().to(metrics::tell),
                web::head().to(metrics::tell),
            ))
            .service(readable(
                "/healthz",
                web::get().to(health::alive),
                web::head().to(health::alive),
            ))
            .service(readable(
                "/readyz",
                web::get().to(health::ready),
                web::head().to(health::ready),
            ))
            .default_service(web::to(nothing));
        config.service(all);
    }
}

/// A resource that can be read, and nothing else.
fn readable(path: &str, get: actix_web::Route, head: actix_web::Route) -> actix_web::Resource {
    web::resource(path)
        .route(get)
        .route(head)
        .default_service(web::to(|| async {
            HttpResponse::MethodNotAllowed()
                .insert_header((header::ALLOW, "GET, HEAD"))
                .finish()
        }))
}

/// The schema as text.
async fn sdl(edge: web::Data<Edge>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(edge.sdl.clone())
}

async fn nothing() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type("text/plain; charset=utf-8")
        .body("There is nothing here. GraphQL is answered at /graphql.\n")
}

/// The value of a header that stands once. None where it is absent, an error where it stands twice or is no text.
fn single<'r>(request: &'r HttpRequest, name: &header::HeaderName) -> Result<Option<&'r str>, ()> {
    let mut values = request.headers().get_all(name);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}
