//! PostgreSQL's own copies under the server: back to a point in time, and over to a standby.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::client::{Fate, client, names, post, readiness, write, write_well};
use crate::common::between::between;
use crate::common::cluster::Cluster;
use crate::common::{ADMIN, Ground};

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// As docs/operations.md tells operators to do it.
#[test]
fn postgres_goes_back_to_a_point_in_time_with_all_before_it_and_nothing_after() {
    actix_web::rt::System::new().block_on(async {
        let cluster = Cluster::start();
        let archive = cluster.folder("archive");
        cluster.set("archive_mode", "on");
        cluster.set(
            "archive_command",
            &format!("test ! -f {archive}/%f && cp %p {archive}/%f"),
        );
        cluster.stop("fast");
        cluster.begin();
        let ground = Ground::in_cluster(&cluster).await;
        let servers = ground.serve(1).await;
        let (client, url) = (client(), servers[0].url.clone());
        let batch = async |name: &str| {
            join_all((0..20).map(async |number| write_well(&client, &url, &format!("{name} {number}")).await)).await;
        };
        batch("before").await;
        let copy = cluster.copy(&[]);
        batch("between").await;
        let head = servers[0].run(&["audit", "verify"]);
        cluster.psql("SELECT pg_create_restore_point('accident')");
        batch("after").await;
        let service = json!({ "query": "{ service { changeCursor } }" });
        let late = post(&client, &url, &service).await.unwrap().1["data"]["service"]["changeCursor"].clone();
        let last = cluster.psql("SELECT pg_walfile_name(pg_switch_wal())");
        let archived = format!(
            "SELECT COALESCE(last_archived_wal >= '{}', false) FROM pg_stat_archiver",
            last.trim()
        );
        until("the log is archived", async || cluster.psql(&archived).trim() == "t").await;
        drop(servers);

        copy.set("restore_command", &format!("cp {archive}/%f %p"));
        copy.set("recovery_target_name", "accident");
        copy.set("recovery_target_action", "promote");
        copy.set("archive_mode", "off");
        copy.signal("recovery.signal");
        copy.begin();
        until("the copy takes writes", async || {
            copy.psql("SELECT pg_is_in_recovery()").trim() == "f"
        })
        .await;
        let restored = ground.through(copy.port);
        let servers = restored.serve(1).await;
        let there = names(&client, &servers[0].url).await;
        assert_eq!(there.len(), 40, "{there:?}");
        assert!(!there.iter().any(|name| name.starts_with("after")), "{there:?}");
        assert_eq!(servers[0].run(&["audit", "verify"]), head);
        let query = "query($after: String) { changes(after: $after) { nodes { sequence } } }";
        let body = json!({ "query": query, "variables": { "after": late } });
        let (_, refused) = post(&client, &servers[0].url, &body).await.unwrap();
        assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_CURSOR", "{refused:#}");
        write_well(&client, &servers[0].url, "goes on").await;
        drop(servers);
        restored
            .inspect(async |app| drop(crate::invariants::hold(app).await))
            .await;
    });
}

/// What stands before the database and its standby, as a proxy or a virtual address does; gives where it listens.
async fn switch(database: &Arc<Mutex<SocketAddr>>) -> u16 {
    let database = Arc::clone(database);
    let relay = move |mut server: TcpStream| {
        let to = *database.lock().unwrap();
        async move {
            if let Ok(mut database) = TcpStream::connect(to).await {
                drop(tokio::io::copy_bidirectional(&mut server, &mut database).await);
            }
        }
    };
    between(relay).await.port()
}

#[test]
fn a_standby_takes_over_with_all_that_was_acknowledged_and_the_server_finds_it_by_itself() {
    actix_web::rt::System::new().block_on(async {
        let cluster = Cluster::start();
        let ground = Ground::in_cluster(&cluster).await;
        let standby = cluster.copy(&["--write-recovery-conf"]);
        standby.begin();
        // From here on a write is acknowledged once both have it.
        cluster.set("synchronous_standby_names", "*");
        cluster.psql("SELECT pg_reload_conf()");
        let state = "SELECT COALESCE(max(sync_state), '') FROM pg_stat_replication";
        until("the standby follows", async || cluster.psql(state).trim() == "sync").await;
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let database = Arc::new(Mutex::new(address(cluster.port)));
        let server = ground.through(switch(&database).await).serve(1).await.remove(0);

        let (client, stop) = (client(), Cell::new(false));
        let (acknowledged, refused) = (RefCell::new(Vec::new()), Cell::new(0));
        let writer = async |writer: usize| {
            let mut number = 0;
            while !stop.get() {
                let name = format!("{writer}-{number}");
                match write(&client, &server.url, &name).await {
                    Fate::Acknowledged => acknowledged.borrow_mut().push(name),
                    Fate::Refused(code) => {
                        assert!(["UNAVAILABLE", "TIMEOUT"].contains(&code.as_str()), "{code}");
                        refused.set(refused.get() + 1);
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    Fate::Cut => panic!("{name}: no answer"),
                }
                number += 1;
            }
        };
        let fail_over = async {
            until("writes", async || acknowledged.borrow().len() > 100).await;
            cluster.stop("immediate");
            until("not ready", async || readiness(&client, &server.url).await == Some(503)).await;
            standby.psql("SELECT pg_promote()");
            let before = acknowledged.borrow().len();
            let began = Instant::now();
            *database.lock().unwrap() = address(standby.port);
            until("writes again", async || acknowledged.borrow().len() > before).await;
            println!("the first write after {:?}", began.elapsed());
            until("ready again", async || {
                readiness(&client, &server.url).await == Some(200)
            })
            .await;
            until("more writes", async || acknowledged.borrow().len() > before + 50).await;
            stop.set(true);
        };
        tokio::join!(fail_over, join_all((0..8).map(writer)));
        let there = names(&client, &server.url).await;
        let acknowledged = acknowledged.into_inner();
        assert!(
            acknowledged.iter().all(|name| there.contains(name)),
            "acknowledged and gone"
        );
        println!(
            "{} acknowledged, {} refused, {} there",
            acknowledged.len(),
            refused.get(),
            there.len()
        );
        drop(server);
        ground
            .through(standby.port)
            .inspect(async |app| drop(crate::invariants::hold(app).await))
            .await;
    });
}

const WORLD: &str = "{ commodity(code: \"O2_CONCENTRATOR\") { name } needsAnalysis(groupBy: [COUNTRY]) { nodes {
    country { code } totals { itemCount requestedValueUsd } } } }";
const SUBMIT: &str =
    "mutation($name: String!) { importAssistanceRequests(input: { source: \"COPIES\", submit: true, rows: [{
    externalId: $name, country: \"BGD\", title: $name, priority: HIGH,
    items: [{ commodity: \"O2_CONCENTRATOR\", quantity: \"2\", unitCostUsd: \"10\" }] }] }) {
    assistanceRequests { id version } userErrors { message } } }";
const VERIFY: &str =
    "mutation($id: ID!, $version: Int!) { verifyAssistanceRequest(input: { id: $id, version: $version }) {
    userErrors { message } } }";
const RENAME: &str = "mutation($id: ID!, $version: Int!, $name: String!) { updateCommodity(input: { id: $id,
    version: $version, name: $name }) { userErrors { message } } }";
const REVIEWER: &str = "mutation { createApiKey(input: { name: \"Reviewer\", roles: [COORDINATOR] }) { secret
    userErrors { message } } }";

/// Asks a server whose database nobody takes away.
async fn ask(url: &str, key: &str, query: &str, variables: Value) -> Value {
    let body = json!({ "query": query, "variables": variables });
    let request = client().post(format!("{url}/graphql")).bearer_auth(key).json(&body);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["errors"], json!(null), "{answer:#}");
    answer["data"].clone()
}

async fn rename(url: &str, name: &str) {
    let query = "{ commodity(code: \"O2_CONCENTRATOR\") { id version } }";
    let mut variables = ask(url, ADMIN, query, json!({})).await["commodity"].clone();
    variables["name"] = name.into();
    let done = ask(url, ADMIN, RENAME, variables).await;
    assert_eq!(done["updateCommodity"]["userErrors"], json!([]), "{done:#}");
}

/// A verified request with one item.
async fn verified(url: &str, reviewer: &str, name: &str) {
    let submitted = ask(url, ADMIN, SUBMIT, json!({ "name": name })).await;
    let request = &submitted["importAssistanceRequests"]["assistanceRequests"][0];
    let done = ask(url, reviewer, VERIFY, request.clone()).await;
    assert_eq!(done["verifyAssistanceRequest"]["userErrors"], json!([]), "{done:#}");
}

/// A copy that lags behind takes over under a running server: what was acknowledged meanwhile is lost with the first, and
/// nothing of it may stay in the figures, the kept answers, the reference data or the subscriptions.
#[test]
fn what_an_older_copy_never_had_is_forgotten_by_the_server_too() {
    actix_web::rt::System::new().block_on(async {
        let cluster = Cluster::start();
        let ground = Ground::in_cluster(&cluster).await;
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let database = Arc::new(Mutex::new(address(cluster.port)));
        let server = ground.through(switch(&database).await).serve(1).await.remove(0);
        let url = server.url.as_str();
        let made = ask(url, ADMIN, REVIEWER, json!({})).await;
        let reviewer = made["createApiKey"]["secret"].as_str().unwrap();
        let world = async || ask(url, ADMIN, WORLD, json!({})).await;
        rename(url, "As it was").await;
        verified(url, reviewer, "first").await;
        let before = world().await;
        let copy = cluster.copy(&[]);
        rename(url, "As it never was").await;
        verified(url, reviewer, "second").await;
        verified(url, reviewer, "third").await;
        let lost = world().await;
        assert_ne!(before, lost);
        assert_eq!(world().await, lost);
        let follow = json!({ "query": "subscription { changes { node { action } } }" });
        let followed = client().post(format!("{url}/graphql")).bearer_auth(ADMIN).json(&follow);
        let mut followed = followed.header("accept", "text/event-stream").send().await.unwrap();

        cluster.stop("immediate");
        copy.begin();
        *database.lock().unwrap() = address(copy.port);
        let client = client();
        until("the figures of the copy", async || {
            let (_, answer) = post(&client, url, &json!({ "query": WORLD })).await.unwrap();
            answer["data"] == before
        })
        .await;
        let mut told = String::new();
        while let Some(bytes) = followed.chunk().await.unwrap() {
            told.push_str(&String::from_utf8_lossy(&bytes));
        }
        assert!(told.contains("BAD_CURSOR"), "{told}");
        // More changes again than were lost, so that each place in the ledger is taken by another one.
        for (items, name) in [(2, "other second"), (3, "other third"), (4, "other fourth")] {
            verified(url, reviewer, name).await;
            let now = world().await;
            assert_eq!(
                now["needsAnalysis"]["nodes"][0]["totals"]["itemCount"], items,
                "{now:#}"
            );
            assert_eq!(now["commodity"]["name"], "As it was");
        }
        drop(server);
        ground
            .through(copy.port)
            .inspect(async |app| drop(crate::invariants::hold(app).await))
            .await;
    });
}
