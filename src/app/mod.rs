//! The server assembled: from its settings to sockets that answer, and to a clean end. The same for the program and for
//! tests.

mod start;
mod sweep;

use std::any::Any;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpServer, web};
use migration::{Migrator, MigratorTrait};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::auth::{Auth, TokenSettings};
use crate::config::Config;
use crate::http::documents::{self, Library};
use crate::http::run::Runner;
use crate::http::{self, Edge};
use crate::store::{self, Clock, Store, change, needs};

pub use start::{StartError, connect, existing, library, open, rules as store_rules, target};

/// Stack of the threads on which operations run: documents nest, and so do the calls that answer them.
const STACK: usize = 8 * 1024 * 1024;
/// How long an idle connection is kept. Longer than usual proxies keep theirs (60 s), so that it is not we who close one
/// at the moment when a mutation is sent by it: its client could not know whether it happened.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Time that requests have to end after the signal to stop.
const GRACE: Duration = Duration::from_secs(5);

/// A server that listens.
pub struct Application {
    address: SocketAddr,
    server: Server,
    handle: ServerHandle,
    edge: web::Data<Edge>,
    store: Store,
    runner: Runner,
    /// Dropped, they end what follows the ledger.
    follows: [oneshot::Sender<()>; 2],
    runtime: Operations,
    /// Time between the signal to stop and the end of listening.
    drain: Duration,
}

/// The runtime for operations. It may be dropped anywhere, where a plain one would panic within another.
struct Operations(Option<Runtime>);

impl Operations {
    fn new() -> Result<Self, StartError> {
        let runtime = Builder::new_multi_thread()
            .thread_name("operation")
            .thread_stack_size(STACK)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    fn handle(&self) -> Result<tokio::runtime::Handle, StartError> {
        let runtime = self.0.as_ref().map(|runtime| runtime.handle().clone());
        runtime.ok_or_else(|| StartError::Fault("no runtime".into()))
    }
}

impl Drop for Operations {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Application {
    /// Opens and fills the database, mints the first key where there is none, and listens.
    ///
    /// # Errors
    /// Where any of it fails. Whether the address is free is asked first, before anything is written.
    pub async fn build(config: &Config, clock: Clock) -> Result<Self, StartError> {
        let bind = |error| StartError::Bind(config.bind, error);
        let listener = TcpListener::bind(config.bind).map_err(bind)?;
        let auth = Auth::new(&tokens(config)).map_err(StartError::Setting)?;
        let library = start::documents(config)?;
        let runtime = Operations::new()?;
        let handle = runtime.handle()?;
        auth.begin(&handle);
        let store = {
            let config = config.clone();
            let opening = handle.spawn(async move {
                let store = open(&config, clock).await?;
                start::first_key(&store, config.admin_key.as_ref()).await?;
                start::figures(&store, &config).await?;
                // What one transaction can; servers that never live for an hour sweep too.
                store::sweep(&store).await?;
                Ok::<_, StartError>(store)
            });
            opening.await.map_err(|panic| StartError::Fault(panic.to_string()))??
        };
        let (feed, ended) = oneshot::channel();
        handle.spawn(change::follow(store.clone(), async { drop(ended.await) }));
        let (summary, ended) = oneshot::channel();
        handle.spawn(needs::follow(store.clone(), async { drop(ended.await) }));
        let follows = [feed, summary];
        let runner = Runner::new(handle, usize::try_from(config.max_operations).unwrap_or(usize::MAX));
        let steps = Migrator::migrations()
            .iter()
            .map(|step| step.name().to_owned())
            .collect();
        let edge =
            Edge::new(store.clone(), auth, rules(config, library), runner.clone(), steps).map_err(StartError::Fault)?;
        let edge = web::Data::new(edge);
        let address = listener.local_addr()?;
        let server = listen(listener, &edge, patience(config))?;
        edge.set_ready(true);
        Ok(Self {
            address,
            handle: server.handle(),
            server,
            edge,
            store,
            runner,
            follows,
            runtime,
            drain: Duration::from_millis(config.drain_ms),
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The store behind it.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Answers requests until `stop`, lets those under way end within a few seconds, and closes the database.
    ///
    /// # Errors
    /// Where the sockets fail.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        let mut server = tokio::spawn(self.server);
        let sweeping = self.runtime.handle()?.spawn(sweep::hourly(self.store.clone()));
        let ended = tokio::select! {
            ended = &mut server => Some(ended),
            () = stop => None,
        };
        self.edge.set_ready(false);
        if ended.is_none() && !self.drain.is_zero() {
            tracing::info!("not ready any more; stopping soon");
            tokio::time::sleep(self.drain).await;
        }
        sweeping.abort();
        if let Some(ended) = ended {
            ended.map_err(|panic| StartError::Fault(panic.to_string()))??;
            return Err(StartError::Fault("the server stopped by itself".into()));
        }
        tracing::info!("stopping");
        self.edge.end_live();
        let end = async {
            self.handle.stop(true).await;
            self.runner.drain().await;
        };
        if tokio::time::timeout(GRACE, end).await.is_err() {
            tracing::warn!("some requests did not end in time");
        }
        drop(self.follows);
        // What still runs then is cut off by closing its connections.
        let _ = tokio::time::timeout(GRACE, self.store.close()).await;
        drop(self.runtime);
        tracing::info!("stopped");
        Ok(())
    }
}

fn rules(config: &Config, library: Library) -> http::Rules {
    http::Rules {
        limits: Arc::new(config.limits()),
        anonymous_read: config.anonymous_read,
        introspection: config.introspection,
        allowed_origins: config.allowed_origins.clone(),
        live: config.live_limits(),
        rates: config.rate_limits(),
        answer_bytes: usize::try_from(config.answer_cache_mib)
            .map_or(usize::MAX, |mib| mib.saturating_mul(1024 * 1024)),
        rate_exempt: config.rate_exempt.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        documents: documents::Settings {
            library: Arc::new(library),
            only: config.trusted_only,
            persisted_bytes: usize::try_from(config.persisted_queries_bytes).unwrap_or(usize::MAX),
        },
        slow_operation_ms: config.slow_operation_ms,
        metrics_token: config.metrics_token.clone(),
    }
}

fn tokens(config: &Config) -> TokenSettings {
    TokenSettings {
        issuer: config.jwt_issuer.clone(),
        audiences: config.jwt_audience.clone(),
        jwks: config.jwt_jwks.clone(),
        roles_claim: config.jwt_roles_claim.clone(),
        roles: config.jwt_roles.clone(),
        country_claim: config.jwt_country_claim.clone(),
        organization_claim: config.jwt_organization_claim.clone(),
        name_claim: config.jwt_name_claim.clone(),
        leeway_seconds: config.jwt_leeway_seconds,
        refresh_seconds: config.jwt_refresh_seconds,
    }
}

/// How long the system keeps a connection whose client takes no bytes: longer than we wait ourselves, so that a client
/// that reads on after all is told why its subscription ended.
const fn patience(config: &Config) -> Duration {
    Duration::from_millis(config.live_stall_ms.saturating_mul(2))
}

fn listen(listener: TcpListener, edge: &web::Data<Edge>, patience: Duration) -> Result<Server, StartError> {
    let edge = edge.clone();
    let server = HttpServer::new(move || App::new().configure(http::routes(&edge)))
        .on_connect(move |socket, _| bound(socket, patience))
        // A client that closes its side has gone, and its query with it.
        .h1_allow_half_closed(false)
        .client_request_timeout(Duration::from_secs(10))
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(GRACE.as_secs())
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// Has the system end a connection whose client takes nothing for so long: actix would keep it, and what is to be
/// sent by it, for ever.
fn bound(socket: &dyn Any, patience: Duration) {
    #[cfg(target_os = "linux")]
    if let Some(socket) = socket.downcast_ref::<actix_web::rt::net::TcpStream>()
        && let Err(cause) = socket2::SockRef::from(socket).set_tcp_user_timeout(Some(patience))
    {
        tracing::debug!(%cause, "a connection is not bounded in time");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, patience);
}
