//! Writes a second at full durability on PostgreSQL: the server's mutations, the same rows by plain SQL, and what the parts
//! of the ledger cost. Starts a database and a server of its own; all variants take turns, round by round.
//!
//! ```sh
//! cargo bench --bench writes              # CLIENTS=16 SECONDS=4 ROUNDS=5 POOL=8 change what is tried
//! ```
//! By `cargo test` each variant has a moment only: that checks that all of it works, not how fast.
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
mod flat;

use std::sync::Arc;
use std::time::Duration;

use nam_needs::graphql::node::GlobalId;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::Mutex;
use uuid::Uuid;

use common::cluster::Cluster;
use common::load::Sample;
use common::server::{ADMIN, Client, Server};
use common::{audit, database, measures, setting};
use flat::{Flat, Ledger, Like};

const CREATE: &str = "mutation($input: CreateAssistanceRequestInput!) { createAssistanceRequest(input: $input) {
    assistanceRequest { id version items { id } } userErrors { code message } } }";
const VERIFY: &str = "mutation($input: VerifyAssistanceRequestInput!) { verifyAssistanceRequest(input: $input) {
    assistanceRequest { id } userErrors { code message } } }";
const PLEDGE: &str = "mutation($input: CreateContributionInput!) { createContribution(input: $input) {
    contribution { id version } userErrors { code message } } }";
const COMMIT: &str = "mutation($input: ContributionStepInput!) { commitContribution(input: $input) {
    contribution { id status } userErrors { code message } } }";
const KEY: &str =
    "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret userErrors { code message } } }";

/// The server, or plain SQL with so much of the ledger.
const VARIANTS: [(&str, Option<Ledger>); 5] = [
    ("plain SQL, no ledger", Some(Ledger::None)),
    ("… with changes, no order", Some(Ledger::Changes)),
    ("… placed in the transaction, under one lock", Some(Ledger::Inside)),
    ("… placed after it, for all that wait", Some(Ledger::After)),
    ("the server, by GraphQL", None),
];

fn main() {
    common::run(bench);
}

struct Bench {
    clients: usize,
    time: Duration,
    rounds: usize,
    flat: Arc<Flat>,
    address: String,
    /// A verified request and an item of it for each client.
    own: Vec<[Uuid; 2]>,
    pledge: Uuid,
}

/// How plain SQL connects: by the owner, whom the policies that ask the server's role who writes are lifted for. What they
/// cost is part of what is measured of the server.
async fn past_the_wall(owner_url: &str) -> PgConnectOptions {
    let mut owner = PgConnection::connect(owner_url).await.unwrap();
    let lift = "DO $$ DECLARE walled regclass; BEGIN
        FOR walled IN SELECT oid FROM pg_class WHERE relforcerowsecurity LOOP
            EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', walled);
        END LOOP;
    END $$";
    owner.execute(lift).await.unwrap();
    let options: PgConnectOptions = owner_url.parse().unwrap();
    options.options([
        ("nam.kind", "system"),
        ("nam.principal", "system"),
        ("nam.roles", "ADMIN"),
    ])
}

async fn bench(cluster: &Cluster) {
    let [url, migrate_url] = database(cluster).await;
    let (clients, pool_size) = (setting("CLIENTS", 16), setting("POOL", 8));
    let server = Server::start(&url, &migrate_url, pool_size, &[]).await;
    let pool = PgPoolOptions::new()
        .max_connections(pool_size)
        .test_before_acquire(false)
        .connect_with(past_the_wall(&migrate_url).await)
        .await
        .unwrap();
    let bench = prepare(&server, pool, clients).await;
    println!(
        "{clients} clients, {pool_size} connections that write, {} rounds of {:.1} s each, {} processors",
        bench.rounds,
        bench.time.as_secs_f64(),
        std::thread::available_parallelism().unwrap()
    );
    bench.create().await;
    bench.commit().await;
    audit(&url, &migrate_url);
}

fn request() -> Value {
    json!({
        "country": "BGD", "title": "Oxygen for Cox's Bazar", "priority": "CRITICAL", "peopleInNeed": 120_000,
        "description": "Concentrators for four field hospitals.", "neededBy": "2030-01-31",
        "items": [
            { "commodity": "O2_CONCENTRATOR", "quantity": "1000000000", "unitCostUsd": "1" },
            { "commodity": "GLOVES_EXAM", "quantity": "2500.5", "unitCostUsd": "0.1" },
            { "kind": "FUNDING", "category": "HUM.MULTI", "quantity": "1000000" },
        ],
    })
}

/// The UUID behind an id of the API.
fn key(id: &Value) -> Uuid {
    match GlobalId::decode(id.as_str().unwrap()) {
        Some(GlobalId::AssistanceRequest(key) | GlobalId::RequestItem(key) | GlobalId::Contribution(key)) => key,
        _ => panic!("{id} is no id"),
    }
}

/// A request, a contribution and its commitment by the server, whose rows plain SQL writes again.
async fn prepare(server: &Server, pool: PgPool, clients: usize) -> Bench {
    let mut client = Client::connect(&server.address).await.unwrap();
    let input = json!({ "name": "reviewer", "roles": ["COORDINATOR"] });
    let reviewer = client.mutate(ADMIN, KEY, &input).await["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut input = request();
    let draft = client.mutate(ADMIN, CREATE, &input).await["assistanceRequest"].clone();
    input["submit"] = true.into();
    let (mut own, mut items) = (Vec::new(), Vec::new());
    for _ in 0..clients {
        let made = client.mutate(ADMIN, CREATE, &input).await["assistanceRequest"].clone();
        client
            .mutate(
                &reviewer,
                VERIFY,
                &json!({ "id": made["id"], "version": made["version"] }),
            )
            .await;
        own.push([key(&made["id"]), key(&made["items"][0]["id"])]);
        items.push(made["items"][0]["id"].clone());
    }
    let pledge = |item: &Value| json!({ "item": item, "organization": "WHO", "quantity": "0.001" });
    let kept = client.mutate(ADMIN, PLEDGE, &pledge(&items[0])).await["contribution"].clone();
    let given = client.mutate(ADMIN, PLEDGE, &pledge(&items[0])).await["contribution"].clone();
    client
        .mutate(
            ADMIN,
            COMMIT,
            &json!({ "id": given["id"], "version": given["version"] }),
        )
        .await;
    let (draft, given) = (key(&draft["id"]), key(&given["id"]));
    let last_ticket = "ticket = (SELECT max(ticket) FROM change)";
    let rows = [
        Like::of(&pool, "assistance_request", &format!("id = '{draft}'")).await,
        Like::of(
            &pool,
            "request_item",
            &format!("request_id = '{draft}' ORDER BY position"),
        )
        .await,
        Like::of(&pool, "change", &format!("request_id = '{draft}' ORDER BY ordinal")).await,
        Like::of(
            &pool,
            "movement",
            &format!("contribution_id = '{given}' AND committed_milli > 0"),
        )
        .await,
        Like::of(&pool, "change", &format!("{last_ticket} ORDER BY ordinal")).await,
    ];
    Bench {
        clients,
        time: Duration::from_secs_f64(setting("SECONDS", if measures() { 4.0 } else { 0.2 })),
        rounds: setting("ROUNDS", if measures() { 5 } else { 1 }),
        flat: Flat::new(pool, rows),
        address: server.address.clone(),
        own,
        pledge: key(&kept["id"]),
    }
}

impl Bench {
    async fn create(&self) {
        let mut samples: [Sample; VARIANTS.len()] = Default::default();
        for round in 0..self.rounds {
            for turn in 0..VARIANTS.len() {
                let variant = (round + turn) % VARIANTS.len();
                let (flat, connections) = (Arc::clone(&self.flat), self.connections().await);
                let ledger = VARIANTS[variant].1;
                let operation = move |client: usize, _| {
                    let (flat, connections) = (Arc::clone(&flat), Arc::clone(&connections));
                    async move {
                        match ledger {
                            Some(ledger) => flat.create(ledger).await,
                            None => drop(connections[client].lock().await.mutate(ADMIN, CREATE, &request()).await),
                        }
                        true
                    }
                };
                samples[variant].run(self.clients, self.time, operation).await;
                self.settle().await;
            }
        }
        tell("createAssistanceRequest with 3 items", &samples);
    }

    async fn commit(&self) {
        let mut samples: [Sample; VARIANTS.len()] = Default::default();
        for round in 0..self.rounds {
            for turn in 0..VARIANTS.len() {
                let variant = (round + turn) % VARIANTS.len();
                let pledges = Arc::new(self.pledges().await);
                let (flat, connections) = (Arc::clone(&self.flat), self.connections().await);
                let ledger = VARIANTS[variant].1;
                let operation = move |client: usize, turn: usize| {
                    let (flat, connections) = (Arc::clone(&flat), Arc::clone(&connections));
                    let pledge = pledges[client].get(turn).copied();
                    async move {
                        let Some(names) = pledge else { return false };
                        match ledger {
                            Some(ledger) => flat.commit(ledger, names).await,
                            None => {
                                let input = json!({ "id": GlobalId::Contribution(names[1]).encode().to_string(), "version": 1 });
                                connections[client].lock().await.mutate(ADMIN, COMMIT, &input).await;
                            }
                        }
                        true
                    }
                };
                samples[variant].run(self.clients, self.time, operation).await;
                self.settle().await;
            }
        }
        tell("commitContribution", &samples);
    }

    /// One new connection to the server for each client: one that nobody used for a while would be closed.
    async fn connections(&self) -> Arc<Vec<Mutex<Client>>> {
        let mut connections = Vec::new();
        for _ in 0..self.clients {
            connections.push(Mutex::new(Client::connect(&self.address).await.unwrap()));
        }
        Arc::new(connections)
    }

    /// Pledges for one run, more than it can commit: item and contribution, for each client.
    async fn pledges(&self) -> Vec<Vec<[Uuid; 2]>> {
        let count = i32::try_from(self.time.as_millis()).unwrap() * 10 / i32::try_from(self.clients).unwrap() + 1;
        let mut all = Vec::new();
        for [request, item] in &self.own {
            let sql = "INSERT INTO contribution SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(),
                'request_id', $1::uuid, 'item_id', $2::uuid))).* FROM contribution c, generate_series(1, $3) WHERE c.id = $4
                RETURNING id";
            let ids: Vec<Uuid> = sqlx::query_scalar(sql)
                .bind(request)
                .bind(item)
                .bind(count)
                .bind(self.pledge)
                .fetch_all(&self.flat.pool)
                .await
                .unwrap();
            let sql = "UPDATE request_item SET pledged_milli = pledged_milli + $2 WHERE id = $1";
            sqlx::query(sql)
                .bind(item)
                .bind(i64::from(count))
                .execute(&self.flat.pool)
                .await
                .unwrap();
            all.push(ids.into_iter().map(|id| [*item, id]).collect());
        }
        all
    }

    /// Leaves nothing of one run to the next: changes without a place, and pages that a checkpoint would write.
    async fn settle(&self) {
        flat::number(&self.flat.pool).await;
    }
}

fn tell(what: &str, samples: &[Sample]) {
    println!("\n{what:<46} | a second | p50 ms | p99 ms | of plain SQL");
    for ((name, _), sample) in VARIANTS.iter().zip(samples) {
        println!(
            "{name:<46} | {:>8.0} | {:>6.1} | {:>6.1} | {:>6.2}",
            sample.rate(),
            sample.percentile(50),
            sample.percentile(99),
            sample.ratio(&samples[0])
        );
    }
}
