//! Reads a second on PostgreSQL or SQLite: a server that keeps no answers, asked by each client for itself and by all for the same,
//! one that keeps them, and for some the same by plain SQL alone and by a server that writes what it reads by handwritten SQL straight
//! to JSON. Starts a database and servers of its own, fills it, checks that the answers are right, and lets all variants take turns.
//!
//! ```sh
//! cargo bench --bench reads               # REQUESTS=200000 CLIENTS=16 SECONDS=4 ROUNDS=3 POOL=8 ONLY=Q2 change what is tried
//! (cd benches/peers && npm ci)            # and beside them servers of others:
//! (cd benches/peers/seaography && cargo build --release)
//! PEERS="mercurius yoga apollo postgraphile seaography" cargo bench --bench reads
//! CLIENTS="1 16 64" ANONYMOUS=1 cargo bench --bench reads
//! DATABASE=sqlite cargo bench --bench reads       # the server alone, over the same rows in an SQLite file
//! ```
//! Beside rates and times it tells what 1,000 requests cost of processor: the process that answers, and all of the database's
//! together; and what the process that answers holds of memory after the last round.
//!
//! By `cargo test` each variant has a moment only, over few rows: that checks that all of it works, not how fast.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    missing_docs
)]

#[path = "../common/mod.rs"]
mod common;
mod embedded;
mod flat;
mod told;
mod workloads;

use std::sync::Arc;
use std::time::{Duration, Instant};

use nam_needs::graphql::node::GlobalId;
use serde_json::{Value, json};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::sync::Mutex;
use uuid::Uuid;

use common::cluster::Cluster;
use common::load::Sample;
use common::peer::{FLAT, Peer};
use common::process::{memory, processor, processor_of_all};
use common::server::{ADMIN, Client, Server};
use common::{audit, database, measures, setting};
use embedded::Embedded;
use workloads::{WORKLOADS, Workload, cursor_of};

/// That of the server: the other server that this program can be is to be as quick.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Public ids of requests that the first query and its SQL choose from.
const IDS: usize = 5_000;

/// Milliseconds of processor that servers and a database spend in a second when nobody asks them anything, at most.
const IDLE: f64 = 50.0;

/// Who answers.
#[derive(Clone, Copy)]
enum Variant {
    Sql,
    Server,
    /// The same, where all who ask at the same time ask the same, as they ask the peers.
    Together,
    Again,
    /// By its place among those that were started.
    Peer(usize),
}

/// Processor time of all runs of a variant, in milliseconds.
#[derive(Clone, Default)]
struct Cost {
    server: f64,
    database: f64,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next() {
        Some(first) if first == FLAT => flat::serve(&arguments.next().unwrap(), setting("POOL", 8)),
        _ => common::run(bench),
    }
}

struct Bench<'a> {
    cluster: &'a Cluster,
    /// Who asks the server: an administrator, or nobody.
    key: &'static str,
    time: Duration,
    rounds: usize,
    pool: PgPool,
    ids: Arc<Vec<Uuid>>,
    servers: [Server; 2],
    peers: Vec<Peer>,
    /// Where the deep page begins, as each of the servers names it.
    deep: Value,
    places: Vec<Value>,
    /// The database, where it is not PostgreSQL. It goes last, when nobody reads it any more.
    embedded: Option<Embedded>,
}

async fn bench(cluster: &Cluster) {
    let pool_size = setting("POOL", 8);
    let requests: u32 = setting("REQUESTS", if measures() { 200_000 } else { 2_000 });
    let [url, migrate_url] = database(cluster).await;
    // Migrates, and loads the reference data.
    drop(Server::start(&url, &migrate_url, pool_size, &[]).await);
    fill(&migrate_url, requests).await;
    let head = audit(&url, &migrate_url);
    let embedded = match std::env::var("DATABASE").as_deref() {
        Err(_) | Ok("postgres") => None,
        Ok("sqlite") => Some(Embedded::copy_of(&migrate_url).await),
        Ok(other) => panic!("DATABASE is postgres or sqlite, not {other}"),
    };
    let urls = match &embedded {
        Some(embedded) => [&embedded.url, &embedded.url],
        None => [&url, &migrate_url],
    };
    if embedded.is_some() {
        assert_eq!(audit(urls[0], urls[1]), head);
    }
    let plain = Server::start(urls[0], urls[1], pool_size, &["--answer-cache-mib=0"]).await;
    let keeping = Server::start(urls[0], urls[1], pool_size, &[]).await;
    let options = PgPoolOptions::new()
        .max_connections(pool_size)
        .test_before_acquire(false)
        // Many clients wait long for a few connections that read all rows.
        .acquire_timeout(Duration::from_secs(600));
    let pool = options.connect(&migrate_url).await.unwrap();
    let ids = "SELECT id FROM assistance_request WHERE verified_at IS NOT NULL ORDER BY md5(id::text) LIMIT $1";
    let ids = sqlx::query_scalar(ids)
        .bind(i64::try_from(IDS).unwrap())
        .fetch_all(&pool)
        .await
        .unwrap();
    let mut peers = Vec::new();
    if embedded.is_none() {
        peers.push(Peer::start(FLAT, &migrate_url, pool_size));
    }
    for kind in words("PEERS", "") {
        assert!(embedded.is_none(), "the servers of others read PostgreSQL");
        peers.push(Peer::start(&kind, &migrate_url, pool_size));
    }
    let mut bench = Bench {
        cluster,
        key: if setting("ANONYMOUS", 0) == 0 { ADMIN } else { "" },
        time: Duration::from_secs_f64(setting("SECONDS", if measures() { 4.0 } else { 0.1 })),
        rounds: setting("ROUNDS", if measures() { 3 } else { 1 }),
        ids: Arc::new(ids),
        servers: [plain, keeping],
        peers,
        deep: Value::Null,
        places: Vec::new(),
        pool,
        embedded,
    };
    bench.settle().await;
    bench.deep = json!({
        "after": bench.deep("").await,
        "later": bench.deep("orderBy: [{ field: NEEDED_BY, direction: DESC }]").await,
    });
    for peer in &bench.peers {
        bench.places.push(bench.place(peer).await);
    }
    bench.check().await;
    if bench.embedded.is_some() {
        bench
            .compare(&Server::start(&url, &migrate_url, pool_size, &[]).await)
            .await;
    }
    println!(
        "{requests} requests in {}, {pool_size} connections that read, {} rounds of {:.1} s each, {} processors",
        if bench.embedded.is_some() {
            "SQLite"
        } else {
            "PostgreSQL"
        },
        bench.rounds,
        bench.time.as_secs_f64(),
        std::thread::available_parallelism().unwrap()
    );
    let only = std::env::var("ONLY").unwrap_or_default();
    for clients in words("CLIENTS", "16") {
        let clients = clients.parse().expect("CLIENTS are numbers");
        for workload in WORKLOADS.iter().filter(|workload| workload.name.starts_with(&only)) {
            bench.measure(workload, clients).await;
        }
    }
}

/// Whether a query names one request, each time another.
fn names_one(query: &str) -> bool {
    query.contains("$id:") || query.contains("$raw:")
}

/// Fills the database, and has it look at what is there, as it does by itself in time.
async fn fill(url: &str, requests: u32) {
    let sql = include_str!("../fill.sql").replace("$REQUESTS", &requests.to_string());
    let began = Instant::now();
    let mut connection = PgConnection::connect(url).await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    transaction.execute(AssertSqlSafe(sql)).await.unwrap();
    transaction.commit().await.unwrap();
    connection.execute("VACUUM ANALYZE").await.unwrap();
    println!("filled in {:.1?}", began.elapsed());
}

/// The words of an environment variable.
fn words(name: &str, default: &str) -> Vec<String> {
    let text = std::env::var(name).unwrap_or_else(|_| default.to_owned());
    text.split_whitespace().map(str::to_owned).collect()
}

/// The variables that a query declares.
fn used(query: &str, variables: &Value) -> Value {
    let declared = |name: &str| query.contains(&format!("${name}:"));
    let all = variables.as_object().unwrap().iter();
    all.filter(|(name, _)| declared(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Names a request, as each of the servers does.
fn name(variables: &mut Value, id: Uuid) {
    variables["id"] = GlobalId::AssistanceRequest(id).encode().to_string().into();
    variables["raw"] = id.to_string().into();
}

async fn connect(address: &str, clients: usize) -> Arc<Vec<Mutex<Client>>> {
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(Mutex::new(Client::connect(address).await.unwrap()));
    }
    Arc::new(connections)
}

/// What is answered, which must be whole.
async fn ask(address: &str, key: &str, query: &str, variables: &Value) -> Value {
    let mut client = Client::connect(address).await.unwrap();
    let body = json!({ "query": query, "variables": variables }).to_string();
    let (_, answer) = client.send("POST", "/graphql", key, &body).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert!(answer.get("errors").is_none(), "{query}: {answer:#}");
    answer["data"].clone()
}

impl Bench<'_> {
    /// Waits until the servers have their sums, which they add up in the background once they run: until nobody works.
    async fn settle(&self) {
        let spent = || {
            let database = processor_of_all(self.cluster.processes());
            database
                + self
                    .servers
                    .iter()
                    .map(|server| processor(server.process()))
                    .sum::<f64>()
        };
        let (began, mut before) = (Instant::now(), spent());
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = spent();
            if now - before < IDLE {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(3_600), "somebody works for ever");
            before = now;
        }
        println!("settled in {:.1?}", began.elapsed());
    }

    async fn ask(&self, server: usize, query: &str, variables: &Value) -> Value {
        ask(&self.servers[server].address, ADMIN, query, variables).await
    }

    /// A cursor three quarters down the list of requests in an order, walked to: only the server makes cursors.
    async fn deep(&self, order: &str) -> Value {
        let query = format!(
            "query($after: String) {{ assistanceRequests(first: 100, after: $after {order}) {{ pageInfo {{ endCursor }} }} }}"
        );
        let rows: i64 = self.count("SELECT count(*) FROM assistance_request").await;
        let mut after = Value::Null;
        for _ in 0..rows * 3 / 4 / 100 {
            let page = self.ask(0, &query, &json!({ "after": after })).await;
            after = page["assistanceRequests"]["pageInfo"]["endCursor"].clone();
        }
        after
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// The answers are right, by either server and twice: else the rates are worth nothing.
    async fn check(&self) {
        let items = "SELECT count(*) FROM request_item i JOIN assistance_request r ON r.id = i.request_id
            WHERE r.status IN ('VERIFIED', 'CLOSED')";
        let critical = "SELECT count(*) FROM assistance_request r JOIN country c ON c.code = r.country_code
            WHERE r.status = 'VERIFIED' AND r.priority = 4 AND c.who_region = 'AFRO'";
        let (items, critical) = (self.count(items).await, self.count(critical).await);
        for server in [0, 1, 1] {
            let analysis = self.ask(server, WORKLOADS[3].query, &Value::Null).await;
            let groups = analysis["needsAnalysis"]["nodes"].as_array().unwrap().clone();
            let sum: i64 = groups
                .iter()
                .map(|group| group["totals"]["itemCount"].as_i64().unwrap())
                .sum();
            assert_eq!(sum, items);
            let page = self.ask(server, WORKLOADS[2].query, &Value::Null).await;
            assert_eq!(page["assistanceRequests"]["totalCount"], critical);
        }
        for (place, peer) in self.peers.iter().enumerate() {
            for workload in &WORKLOADS {
                let Some(query) = workload.asked_of(&peer.kind) else {
                    continue;
                };
                let mut variables = self.variables(Variant::Peer(place));
                name(&mut variables, self.ids[0]);
                let ours = self.ask(0, workload.query, &used(workload.query, &variables)).await;
                let theirs = ask(&peer.address, "", query, &used(query, &variables)).await;
                told::same(&format!("{}, {}", peer.kind, workload.name), &ours, &theirs);
            }
        }
    }

    /// Another server tells the same of everything that is asked, to the letter.
    async fn compare(&self, other: &Server) {
        let mut variables = self.deep.clone();
        name(&mut variables, self.ids[0]);
        for workload in &WORKLOADS {
            let variables = used(workload.query, &variables);
            let ours = self.ask(0, workload.query, &variables).await;
            let theirs = ask(&other.address, ADMIN, workload.query, &variables).await;
            assert_eq!(ours, theirs, "{}", workload.name);
        }
    }

    /// The last row before the deep page, as a peer names it: most by its id.
    async fn place(&self, peer: &Peer) -> Value {
        let before = self
            .count("SELECT count(*) * 3 / 4 / 100 * 100 - 1 FROM assistance_request")
            .await;
        let place = "SELECT id FROM assistance_request ORDER BY id OFFSET $1 LIMIT 1";
        let place: Uuid = sqlx::query_scalar(place)
            .bind(before)
            .fetch_one(&self.pool)
            .await
            .unwrap();
        match cursor_of(&peer.kind) {
            Some((query, pointer)) => {
                let answer = ask(&peer.address, "", query, &json!({ "before": before })).await;
                answer.pointer(pointer).unwrap_or_else(|| panic!("{answer:#}")).clone()
            }
            None => place.to_string().into(),
        }
    }

    /// What a variant is told beside the id of a request.
    fn variables(&self, variant: Variant) -> Value {
        let mut variables = self.deep.clone();
        if let Variant::Peer(place) = variant {
            variables["place"] = self.places[place].clone();
        }
        variables
    }

    /// The variants that a workload has.
    fn variants(&self, workload: &Workload) -> Vec<(String, Variant)> {
        let mut variants = Vec::new();
        if workload.sql.is_some() && self.embedded.is_none() {
            variants.push(("plain SQL".to_owned(), Variant::Sql));
        }
        variants.push(("the server".into(), Variant::Server));
        if !names_one(workload.query) {
            variants.push(("the server, the same asked by all".into(), Variant::Together));
        }
        variants.push(("the server, asked again".into(), Variant::Again));
        let peers = self.peers.iter().enumerate();
        let peers = peers.filter(|(_, peer)| workload.asked_of(&peer.kind).is_some());
        variants.extend(peers.map(|(place, peer)| (peer.kind.clone(), Variant::Peer(place))));
        variants
    }

    async fn measure(&self, workload: &'static Workload, clients: usize) {
        let variants = self.variants(workload);
        let mut samples: Vec<Sample> = variants.iter().map(|_| Sample::default()).collect();
        let mut costs = vec![Cost::default(); variants.len()];
        for round in 0..self.rounds {
            for turn in 0..variants.len() {
                let place = (round + turn) % variants.len();
                let (variant, sample) = (variants[place].1, &mut samples[place]);
                let before = self.spent(variant);
                match variant {
                    Variant::Sql => self.plain(workload.sql.unwrap(), clients, sample).await,
                    variant => self.served(variant, workload, clients, sample).await,
                }
                let after = self.spent(variant);
                costs[place].server += after.server - before.server;
                costs[place].database += after.database - before.database;
            }
        }
        println!(
            "\n{:<50} |          |        |        |  the server | CPU ms a 1,000",
            ""
        );
        let name = format!("{}, {clients} at once", workload.name);
        println!("{name:<50} | a second | p50 ms | p99 ms |       to it |   own | database |   MiB");
        let server = variants
            .iter()
            .position(|(_, variant)| matches!(variant, Variant::Server))
            .unwrap();
        for (place, (name, variant)) in variants.iter().enumerate() {
            let (sample, cost) = (&samples[place], &costs[place]);
            let thousands = sample.done() as f64 / 1_000.0;
            let [own, held] = match self.process(*variant) {
                Some(id) => [cost.server / thousands, memory(id)].map(|figure| format!("{figure:.0}")),
                None => ["-", "-"].map(str::to_owned),
            };
            let database = match self.embedded {
                Some(_) => "-".to_owned(),
                None => format!("{:.0}", cost.database / thousands),
            };
            println!(
                "{name:<50} | {:>8.1} | {:>6.1} | {:>6.1} | {:>11.2} | {own:>5} | {database:>8} | {held:>5}",
                sample.rate(),
                sample.percentile(50),
                sample.percentile(99),
                samples[server].ratio(sample),
            );
        }
    }

    /// The process that answers; plain SQL has none, because the client is ours.
    fn process(&self, variant: Variant) -> Option<u32> {
        match variant {
            Variant::Sql => None,
            Variant::Server | Variant::Together => Some(self.servers[0].process()),
            Variant::Again => Some(self.servers[1].process()),
            Variant::Peer(place) => Some(self.peers[place].process()),
        }
    }

    /// What was spent of processor so far.
    fn spent(&self, variant: Variant) -> Cost {
        Cost {
            server: self.process(variant).map_or(0.0, processor),
            database: match self.embedded {
                Some(_) => 0.0,
                None => processor_of_all(self.cluster.processes()),
            },
        }
    }

    /// The server that keeps answers is asked the same each time, the others for whatever there is.
    async fn served(&self, variant: Variant, workload: &'static Workload, clients: usize, sample: &mut Sample) {
        let (address, query, key) = match variant {
            Variant::Peer(place) => {
                let peer = &self.peers[place];
                (&peer.address, workload.asked_of(&peer.kind).unwrap(), "")
            }
            Variant::Again => (&self.servers[1].address, workload.query, self.key),
            Variant::Sql | Variant::Server | Variant::Together => (&self.servers[0].address, workload.query, self.key),
        };
        // A server lets no connection wait for long that has not asked anything yet.
        let connections = connect(address, clients).await;
        let bodies = Arc::new(self.bodies(variant, query, clients));
        let operation = move |client: usize, turn: usize| {
            let (connections, bodies) = (Arc::clone(&connections), Arc::clone(&bodies));
            async move {
                // One for each request, or one for each client.
                let place = match bodies.len() > clients {
                    true => client * 997 + turn * 31,
                    false => client,
                };
                let body = &bodies[place % bodies.len()];
                let mut connection = connections[client].lock().await;
                let (status, answer) = connection.send("POST", "/graphql", key, body).await.unwrap();
                assert!(
                    status == 200 && answer.starts_with(b"{\"data\""),
                    "{status} {}",
                    String::from_utf8_lossy(&answer)
                );
                true
            }
        };
        sample.run(clients, self.time, operation).await;
    }

    /// What is asked: of each request, where the query names one; else the same by all, but told apart by a comment where
    /// each answer is to be found anew, because what is asked at the same time is answered once.
    fn bodies(&self, variant: Variant, query: &str, clients: usize) -> Vec<String> {
        let mut variables = self.variables(variant);
        let mut body = |id: Uuid, query: &str| {
            name(&mut variables, id);
            json!({ "query": query, "variables": used(query, &variables) }).to_string()
        };
        match variant {
            Variant::Again => vec![body(self.ids[0], query)],
            _ if names_one(query) => self.ids.iter().map(|id| body(*id, query)).collect(),
            Variant::Server => (0..clients)
                .map(|client| body(self.ids[0], &format!("{query} # {client}")))
                .collect(),
            _ => vec![body(self.ids[0], query)],
        }
    }

    async fn plain(&self, sql: &'static str, clients: usize, sample: &mut Sample) {
        let (pool, ids) = (self.pool.clone(), Arc::clone(&self.ids));
        let operation = move |client: usize, turn: usize| {
            let (pool, ids) = (pool.clone(), Arc::clone(&ids));
            async move {
                let mut query = sqlx::query(AssertSqlSafe(sql));
                if sql.contains("$1") {
                    query = query.bind(ids[(client * 997 + turn * 31) % ids.len()]);
                }
                query.fetch_all(&pool).await.unwrap();
                true
            }
        };
        sample.run(clients, self.time, operation).await;
    }
}
