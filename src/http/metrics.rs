//! What is counted, in the text format of Prometheus and OpenMetrics. No label has a value of a client's own: an
//! operation has its name only where its document is trusted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::http::{Edge, single};
use crate::store::Store;

/// What an operation is called whose document is not trusted.
pub const OTHER: &str = "other";
/// Seconds that are told apart.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Time that the database has to say where the ledger ends.
const PATIENCE: Duration = Duration::from_secs(1);

/// By what an operation came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// A request with one answer.
    Http,
    /// Server-sent events.
    Events,
    /// An operation on a WebSocket.
    WebSocket,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: String,
    protocol: &'static str,
    status: u16,
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct By {
    protocol: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pool {
    pool: &'static str,
    state: &'static str,
}

impl Protocol {
    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Events => "events",
            Self::WebSocket => "websocket",
        }
    }
}

/// All that is counted.
pub struct Metrics {
    registry: Registry,
    answered: Family<Answered, Counter>,
    seconds: Family<By, Histogram>,
    /// Points that operations cost.
    pub cost: Counter,
    /// Subscriptions that are followed now.
    pub subscriptions: Gauge,
    statements: Counter,
    statement_seconds: Counter<f64, AtomicU64>,
    pool: Family<Pool, Gauge>,
    cache_hits: Counter,
    cache_misses: Counter,
    cache_entries: Gauge,
    cache_bytes: Gauge,
    connections: Gauge,
    ledger_last: Gauge,
    ledger_here: Gauge,
    ledger_lag: Gauge,
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new(store: &Store) -> Self {
        let mut registry = Registry::with_prefix("nam_needs");
        let metrics = Self {
            answered: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            cost: Counter::default(),
            subscriptions: Gauge::default(),
            statements: Counter::default(),
            statement_seconds: Counter::default(),
            pool: Family::default(),
            cache_hits: Counter::default(),
            cache_misses: Counter::default(),
            cache_entries: Gauge::default(),
            cache_bytes: Gauge::default(),
            connections: Gauge::default(),
            ledger_last: Gauge::default(),
            ledger_here: Gauge::default(),
            ledger_lag: Gauge::default(),
            registry: Registry::default(),
        };
        metrics.register(&mut registry);
        let started: Gauge = Gauge::default();
        started.set(store.now().timestamp());
        registry.register("start_time_seconds", "When the process began, since 1970", started);
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "What runs", build);
        Self { registry, ..metrics }
    }

    fn register(&self, registry: &mut Registry) {
        registry.register(
            "requests",
            "Operations answered, by the status and the code of their first error",
            self.answered.clone(),
        );
        registry.register("request_seconds", "Time to answer", self.seconds.clone());
        registry.register(
            "cost_points",
            "Points of cost of the operations admitted",
            self.cost.clone(),
        );
        registry.register("sql_statements", "SQL statements sent", self.statements.clone());
        registry.register("sql_seconds", "Time of SQL statements", self.statement_seconds.clone());
        registry.register("pool_connections", "Connections to the database", self.pool.clone());
        registry.register(
            "document_cache_hits",
            "Documents found in memory",
            self.cache_hits.clone(),
        );
        registry.register(
            "document_cache_misses",
            "Documents read anew",
            self.cache_misses.clone(),
        );
        registry.register(
            "document_cache_entries",
            "Documents in memory",
            self.cache_entries.clone(),
        );
        registry.register(
            "document_cache_bytes",
            "Memory of documents, about",
            self.cache_bytes.clone(),
        );
        registry.register(
            "live_connections",
            "Connections that stay open",
            self.connections.clone(),
        );
        registry.register(
            "subscriptions",
            "Subscriptions that are followed",
            self.subscriptions.clone(),
        );
        registry.register(
            "ledger_sequence",
            "Place of the last change in the database",
            self.ledger_last.clone(),
        );
        registry.register(
            "ledger_follower",
            "Place of the last change known here",
            self.ledger_here.clone(),
        );
        registry.register("ledger_lag", "Changes not yet known here", self.ledger_lag.clone());
    }

    /// Notes an answer.
    pub fn answered(&self, protocol: Protocol, operation: Option<&str>, status: u16, code: &str, took: Duration) {
        let protocol = protocol.name();
        let answered = Answered {
            operation: operation.unwrap_or(OTHER).into(),
            protocol,
            status,
            code: if code.is_empty() { "none".into() } else { code.into() },
        };
        self.answered.get_or_create(&answered).inc();
        self.seconds.get_or_create(&By { protocol }).observe(took.as_secs_f64());
    }

    /// Takes over what others count.
    fn look(&self, edge: &Edge) {
        let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.statements
            .inner()
            .store(edge.store.statements(), Ordering::Relaxed);
        let seconds = edge.store.statement_time().as_secs_f64();
        self.statement_seconds
            .inner()
            .store(seconds.to_bits(), Ordering::Relaxed);
        for (pool, open, idle) in edge.store.pools() {
            for (state, count) in [("idle", idle), ("busy", open.saturating_sub(idle))] {
                self.pool.get_or_create(&Pool { pool, state }).set(signed(count));
            }
        }
        let cache = edge.gate.memory();
        self.cache_hits.inner().store(cache.hits, Ordering::Relaxed);
        self.cache_misses.inner().store(cache.misses, Ordering::Relaxed);
        self.cache_entries.set(signed(cache.entries));
        self.cache_bytes.set(signed(cache.bytes));
        self.connections.set(signed(edge.house.connections()));
    }

    /// Looks where the ledger ends. Where the database does not say so, what was known before stands.
    async fn follow(&self, edge: &web::Data<Edge>) {
        let here = edge.store.feed().head().borrow().sequence;
        self.ledger_here.set(here);
        let store = edge.store.clone();
        let last = edge
            .runner
            .run(PATIENCE, |_| async move { store.last_sequence().await })
            .await;
        if let Ok(Ok(last)) = last {
            self.ledger_last.set(last);
            self.ledger_lag.set((last - here).max(0));
        }
    }
}

/// Tells all of it.
pub async fn tell(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    if !is_welcome(&request, &edge) {
        return HttpResponse::Unauthorized()
            .insert_header((header::WWW_AUTHENTICATE, "Bearer"))
            .content_type("text/plain; charset=utf-8")
            .body("METRICS_TOKEN is needed, as Authorization: Bearer TOKEN.\n");
    }
    let metrics = &edge.metrics;
    metrics.look(&edge);
    metrics.follow(&edge).await;
    let mut text = String::new();
    if let Err(cause) = encode(&mut text, &metrics.registry) {
        tracing::error!(%cause, "the metrics can't be told");
        return HttpResponse::InternalServerError().finish();
    }
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text)
}

/// Whether whoever asks brings the operator's token, where there is one.
fn is_welcome(request: &HttpRequest, edge: &Edge) -> bool {
    let Some(token) = &edge.rules.metrics_token else {
        return true;
    };
    let given = single(request, &header::AUTHORIZATION).ok().flatten();
    let given = given.and_then(|given| given.split_once(' '));
    let given = given
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token);
    given.is_some_and(|given| given.as_bytes().ct_eq(token.expose_secret().as_bytes()).into())
}
