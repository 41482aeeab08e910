//! Reads a second on PostgreSQL: a server that keeps no answers, one that does, and for some the same by plain SQL. Starts a
//! database and servers of its own, fills it, checks that the answers are right, and lets all variants take turns.
//!
//! ```sh
//! cargo bench --bench reads               # REQUESTS=200000 CLIENTS=16 SECONDS=4 ROUNDS=3 POOL=8 ONLY=Q2 change what is tried
//! ```
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
use common::server::{ADMIN, Client, Server};
use common::{audit, database, measures, setting};

/// A query, and the plain SQL that reads the same rows.
struct Workload {
    name: &'static str,
    query: &'static str,
    sql: Option<&'static str>,
}

/// Public ids of requests that the first query and its SQL choose from.
const IDS: usize = 5_000;

const WORKLOADS: [Workload; 8] = [
    Workload {
        name: "Q1 one request with its country",
        query: "query($id: ID!) { assistanceRequest(by: { id: $id }) { id reference title status priority neededBy peopleInNeed country { code name } } }",
        sql: Some("SELECT id, reference, title, status, priority, needed_by, people_in_need, country_code
            FROM assistance_request WHERE id = $1 AND verified_at IS NOT NULL"),
    },
    Workload {
        name: "Q2 page of 50, three levels",
        query: "{ assistanceRequests(first: 50) { nodes { id title country { name } items { quantity category { name }
            commodity { name } committedQuantity uncoveredQuantity contributions(first: 2) { nodes { status quantity } } } } } }",
        sql: None,
    },
    Workload {
        name: "Q3 filter, order, totalCount",
        query: "{ assistanceRequests(first: 50, filter: { status: { eq: VERIFIED }, priority: { eq: CRITICAL },
            country: { whoRegion: { eq: AFRO } } }, orderBy: [{ field: NEEDED_BY }]) { totalCount nodes { id title neededBy } } }",
        sql: Some("SELECT id, title, needed_by, count(*) OVER () FROM assistance_request r JOIN country c ON c.code = r.country_code
            WHERE r.status = 'VERIFIED' AND r.priority = 4 AND c.who_region = 'AFRO' ORDER BY needed_by NULLS LAST, id LIMIT 50"),
    },
    Workload {
        name: "Q4 worldwide analysis",
        query: "{ needsAnalysis(groupBy: [CATEGORY, WHO_REGION], categoryDepth: 1, first: 100) { nodes { category { code } whoRegion
            totals { requestCount itemCount requestedValueUsd deliveredValueUsd uncoveredValueUsd coverage } } } }",
        sql: Some("SELECT c.who_region, split_part(i.category_code, '.', 1), count(*), count(DISTINCT r.id),
            sum(i.approved_milli::numeric * i.unit_cost_e4)::text, sum(i.delivered_milli::numeric * i.unit_cost_e4)::text,
            sum(i.uncovered_milli::numeric * i.unit_cost_e4)::text
            FROM request_item i JOIN assistance_request r ON r.id = i.request_id JOIN country c ON c.code = r.country_code
            WHERE r.status IN ('VERIFIED', 'CLOSED') GROUP BY 1, 2"),
    },
    Workload {
        name: "Q5 195 countries, 12 fields",
        query: "{ countries(first: 195) { nodes { code iso2 m49 name officialName capital whoRegion unSubregion incomeGroup
            population namStatus currency } } }",
        sql: Some("SELECT code, iso2, m49, name, official_name, capital, who_region, un_subregion, income_group, population,
            nam_status, currency FROM country ORDER BY name"),
    },
    Workload {
        name: "Q6 195 countries with their totals",
        query: "{ countries(first: 195) { nodes { code needs { requestCount requestedValueUsd uncoveredValueUsd } } } }",
        sql: Some("SELECT r.country_code, count(DISTINCT r.id), sum(i.approved_milli::numeric * i.unit_cost_e4)::text,
            sum(i.uncovered_milli::numeric * i.unit_cost_e4)::text
            FROM request_item i JOIN assistance_request r ON r.id = i.request_id
            WHERE r.status IN ('VERIFIED', 'CLOSED') GROUP BY 1"),
    },
    Workload {
        name: "D page of 50, three quarters down",
        query: "query($after: String) { assistanceRequests(first: 50, after: $after) { nodes { id title createdAt } } }",
        sql: None,
    },
    Workload {
        name: "D by a date that can be absent",
        query: "query($later: String) { assistanceRequests(first: 50, after: $later, orderBy: [{ field: NEEDED_BY, direction: DESC }]) {
            nodes { id title createdAt } } }",
        sql: None,
    },
];

/// Who answers.
const VARIANTS: [&str; 3] = ["plain SQL", "the server", "the server, asked again"];

fn main() {
    common::run(bench);
}

struct Bench {
    clients: usize,
    time: Duration,
    rounds: usize,
    pool: PgPool,
    ids: Arc<Vec<Uuid>>,
    servers: [Server; 2],
}

async fn bench(cluster: &Cluster) {
    let (clients, pool_size) = (setting("CLIENTS", 16), setting("POOL", 8));
    let requests: u32 = setting("REQUESTS", if measures() { 200_000 } else { 2_000 });
    let [url, migrate_url] = database(cluster).await;
    // Migrates, and loads the reference data.
    drop(Server::start(&url, &migrate_url, pool_size, &[]).await);
    fill(&migrate_url, requests).await;
    audit(&url, &migrate_url);
    let plain = Server::start(&url, &migrate_url, pool_size, &["--answer-cache-mib=0"]).await;
    let keeping = Server::start(&url, &migrate_url, pool_size, &[]).await;
    let options = PgPoolOptions::new()
        .max_connections(pool_size)
        .test_before_acquire(false);
    let pool = options.connect(&migrate_url).await.unwrap();
    let ids = "SELECT id FROM assistance_request WHERE verified_at IS NOT NULL ORDER BY md5(id::text) LIMIT $1";
    let ids = sqlx::query_scalar(ids)
        .bind(i64::try_from(IDS).unwrap())
        .fetch_all(&pool)
        .await
        .unwrap();
    let bench = Bench {
        clients,
        time: Duration::from_secs_f64(setting("SECONDS", if measures() { 4.0 } else { 0.1 })),
        rounds: setting("ROUNDS", if measures() { 3 } else { 1 }),
        ids: Arc::new(ids),
        servers: [plain, keeping],
        pool,
    };
    let deep = json!({ "after": bench.deep("").await, "later": bench.deep("orderBy: [{ field: NEEDED_BY, direction: DESC }]").await });
    bench.check().await;
    println!(
        "{requests} requests, {clients} clients, {pool_size} connections that read, {} rounds of {:.1} s each, {} processors",
        bench.rounds,
        bench.time.as_secs_f64(),
        std::thread::available_parallelism().unwrap()
    );
    let only = std::env::var("ONLY").unwrap_or_default();
    for workload in WORKLOADS.iter().filter(|workload| workload.name.starts_with(&only)) {
        bench.measure(workload, &deep).await;
    }
}

/// Fills the database, and waits until every server that starts has its sums at once.
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

async fn connect(server: &Server, clients: usize) -> Arc<Vec<Mutex<Client>>> {
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(Mutex::new(Client::connect(&server.address).await.unwrap()));
    }
    Arc::new(connections)
}

impl Bench {
    async fn ask(&self, server: usize, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let mut client = Client::connect(&self.servers[server].address).await.unwrap();
        let (_, answer) = client.send("POST", "/graphql", ADMIN, &body).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].clone()
    }

    /// A cursor three quarters down the list of requests in an order, walked to: only the server makes cursors.
    async fn deep(&self, order: &str) -> Value {
        let query = format!(
            "query($after: String) {{ assistanceRequests(first: 100, after: $after {order}) {{ pageInfo {{ endCursor }} }} }}"
        );
        let rows: i64 = self.count("SELECT count(*) FROM assistance_request").await;
        let mut after = Value::Null;
        for _ in 0..rows * 3 / 4 / 100 {
            let page = self.ask(0, &query, json!({ "after": after })).await;
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
            let analysis = self.ask(server, WORKLOADS[3].query, Value::Null).await;
            let groups = analysis["needsAnalysis"]["nodes"].as_array().unwrap().clone();
            let sum: i64 = groups
                .iter()
                .map(|group| group["totals"]["itemCount"].as_i64().unwrap())
                .sum();
            assert_eq!(sum, items);
            let page = self.ask(server, WORKLOADS[2].query, Value::Null).await;
            assert_eq!(page["assistanceRequests"]["totalCount"], critical);
        }
    }

    async fn measure(&self, workload: &'static Workload, deep: &Value) {
        let mut samples: [Sample; VARIANTS.len()] = Default::default();
        for round in 0..self.rounds {
            for turn in 0..VARIANTS.len() {
                let variant = (round + turn) % VARIANTS.len();
                match (variant, workload.sql) {
                    (0, None) => {}
                    (0, Some(sql)) => self.plain(sql, &mut samples[0]).await,
                    _ => {
                        self.served(variant - 1, workload.query, deep, &mut samples[variant])
                            .await
                    }
                }
            }
        }
        println!("\n{:<40} | a second | p50 ms | p99 ms | of plain SQL", workload.name);
        for (name, sample) in VARIANTS
            .iter()
            .zip(&samples)
            .filter(|(_, sample)| !sample.rates.is_empty())
        {
            let ratio = match samples[0].rates.is_empty() {
                true => String::new(),
                false => format!("{:.2}", sample.ratio(&samples[0])),
            };
            println!(
                "{name:<40} | {:>8.1} | {:>6.1} | {:>6.1} | {ratio:>6}",
                sample.rate(),
                sample.percentile(50),
                sample.percentile(99),
            );
        }
    }

    /// The server that keeps answers is asked the same each time, the other one for whatever there is.
    async fn served(&self, server: usize, query: &'static str, deep: &Value, sample: &mut Sample) {
        // A server lets no connection wait for long that has not asked anything yet.
        let connections = connect(&self.servers[server], self.clients).await;
        let (ids, places) = (Arc::clone(&self.ids), deep.clone());
        let operation = move |client: usize, turn: usize| {
            let (connections, ids) = (Arc::clone(&connections), Arc::clone(&ids));
            let mut variables = places.clone();
            async move {
                let id = match server {
                    0 => ids[(client * 997 + turn * 31) % ids.len()],
                    _ => ids[0],
                };
                variables["id"] = GlobalId::AssistanceRequest(id).encode().to_string().into();
                // The same asked at the same time is answered once: not here, where each answer is to be found anew.
                let text = match server {
                    0 => format!("{query} # {client}"),
                    _ => query.to_owned(),
                };
                let body = json!({ "query": text, "variables": variables }).to_string();
                let (status, answer) = connections[client]
                    .lock()
                    .await
                    .send("POST", "/graphql", ADMIN, &body)
                    .await
                    .unwrap();
                assert!(
                    status == 200 && answer.starts_with(b"{\"data\""),
                    "{status} {}",
                    String::from_utf8_lossy(&answer)
                );
                true
            }
        };
        sample.run(self.clients, self.time, operation).await;
    }

    async fn plain(&self, sql: &'static str, sample: &mut Sample) {
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
        sample.run(self.clients, self.time, operation).await;
    }
}
