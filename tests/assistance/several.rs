//! Several servers on one database behave as one, and each of them, and the database too, may go and come back at any time.
//! `WRITES` says how many writes (1,000 unless told).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::common::cluster::{Cluster, Mode};
use crate::common::{ADMIN, Backend, Program};
use crate::mirror::{Mirror, insist};
use crate::support::{draft, named, named_with};

/// Clients that write at once.
const WRITERS: usize = 16;
/// Writes from one restart to the next.
const BETWEEN: usize = 150;

/// A write that was acknowledged.
#[derive(Debug)]
struct Done {
    subject: String,
    version: i64,
    began: Instant,
    acknowledged: Instant,
}

struct Writers {
    client: reqwest::Client,
    urls: [String; 2],
    coordinator: String,
    shared_item: Value,
    left: Cell<usize>,
    begun: Cell<usize>,
    done: RefCell<Vec<Done>>,
}

impl Writers {
    /// Writes once, however often it has to be sent, through both servers in turn. None where all writes are done.
    async fn write(&self, key: &str, field: &str, noun: &str, mut input: Value) -> Option<Value> {
        self.left.set(self.left.get().checked_sub(1)?);
        let number = self.begun.replace(self.begun.get() + 1);
        input["idempotencyKey"] = format!("write {number}").into();
        let began = Instant::now();
        let more = if noun == "assistanceRequest" {
            "items { id }"
        } else {
            ""
        };
        let query = format!(
            "mutation($input: {}!) {{ {field}(input: $input) {{ {noun} {{ id version {more} }} userErrors {{ code message }} }} }}",
            crate::common::input_type(field)
        );
        let mut urls = self.urls.clone();
        urls.rotate_left(number % 2);
        let body = json!({ "query": query, "variables": { "input": input } });
        let payload = insist(&self.client, &urls, key, &body).await[field].clone();
        assert_eq!(payload["userErrors"], json!([]), "{body:#}");
        let object = payload[noun].clone();
        self.done.borrow_mut().push(Done {
            subject: object["id"].as_str().unwrap().to_owned(),
            version: object["version"].as_i64().unwrap(),
            began,
            acknowledged: Instant::now(),
        });
        Some(object)
    }

    /// A story of requests, contributions and deliveries, and of an organization, until all writes are done.
    async fn story(&self, writer: usize) -> Option<()> {
        let code = format!("WRITER_{writer}");
        let organization = json!({ "code": code, "name": code, "kind": "NGO" });
        let mut organization = self
            .write(ADMIN, "createOrganization", "organization", organization)
            .await?;
        loop {
            let mut input = draft();
            input["submit"] = true.into();
            let request = self
                .write(ADMIN, "createAssistanceRequest", "assistanceRequest", input)
                .await?;
            let verify = named(&request);
            let request = self
                .write(
                    &self.coordinator,
                    "verifyAssistanceRequest",
                    "assistanceRequest",
                    verify,
                )
                .await?;
            for item in [&request["items"][2]["id"], &self.shared_item] {
                let input = json!({ "item": item, "organization": "WHO", "quantity": "2" });
                let given = self.write(ADMIN, "createContribution", "contribution", input).await?;
                let given = self
                    .write(ADMIN, "commitContribution", "contribution", named(&given))
                    .await?;
                let part = named_with(&given, json!({ "acceptedQuantity": "1.5", "on": today() }));
                self.write(ADMIN, "recordDelivery", "contribution", part).await?;
            }
            let input = named_with(&request, json!({ "description": format!("Known to {writer}.") }));
            self.write(ADMIN, "updateAssistanceRequest", "assistanceRequest", input)
                .await?;
            let input = named_with(
                &organization,
                json!({ "url": format!("https://example.org/{}", self.left.get()) }),
            );
            organization = self.write(ADMIN, "updateOrganization", "organization", input).await?;
        }
    }
}

fn today() -> String {
    chrono::Utc::now().date_naive().to_string()
}

/// Restarts the servers, and the database where it is the test's own, each in its turn, whenever so much was written.
/// Gives the number of restarts.
async fn restart(servers: &mut [Program; 2], cluster: Option<&Cluster>, writers: &Writers, writes: usize) -> usize {
    let mut restarts = 0;
    loop {
        while writers.done.borrow().len() < ((restarts + 1) * BETWEEN).min(writes) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if writers.done.borrow().len() >= writes {
            return restarts;
        }
        let [one, other] = &mut *servers;
        match (restarts % 6, cluster) {
            (0, _) => restart_by_kill(one).await,
            (1, Some(cluster)) => cluster.restart(Mode::Fast).await,
            (2, _) => restart_by_term(other).await,
            (3, Some(cluster)) => cluster.restart(Mode::Immediate).await,
            (4, _) => restart_by_term(one).await,
            _ => restart_by_kill(other).await,
        }
        for server in servers.iter_mut() {
            server.ready().await;
        }
        restarts += 1;
    }
}

async fn restart_by_kill(server: &mut Program) {
    server.kill();
    server.restart().await;
}

async fn restart_by_term(server: &mut Program) {
    server.terminate().await;
    server.restart().await;
}

async fn coordinator(client: &reqwest::Client, urls: &[String]) -> String {
    let query = "mutation { createApiKey(input: { name: \"coordinator\", roles: [COORDINATOR] }) { secret } }";
    let made = insist(client, urls, ADMIN, &json!({ "query": query })).await;
    made["createApiKey"]["secret"].as_str().unwrap().to_owned()
}

/// The writers, and an item of a verified request to which all of them contribute.
async fn writers(urls: &[String; 2], writes: usize) -> Writers {
    let client = reqwest::Client::new();
    let mut writers = Writers {
        coordinator: coordinator(&client, urls).await,
        client,
        urls: urls.clone(),
        shared_item: Value::Null,
        left: Cell::new(2),
        begun: Cell::new(0),
        done: RefCell::default(),
    };
    let mut input = draft();
    input["submit"] = true.into();
    let request = writers
        .write(ADMIN, "createAssistanceRequest", "assistanceRequest", input)
        .await
        .unwrap();
    let key = writers.coordinator.clone();
    let request = writers
        .write(&key, "verifyAssistanceRequest", "assistanceRequest", named(&request))
        .await
        .unwrap();
    writers.shared_item = request["items"][2]["id"].clone();
    writers.left.set(writes);
    writers.done.borrow_mut().clear();
    writers
}

/// Each write is told once; a write that began after another was acknowledged comes after it.
fn check_order(mirror: &Mirror, done: &[Done]) {
    let sequences: Vec<i64> = mirror.told.iter().map(|told| told.sequence).collect();
    assert!(
        sequences.windows(2).all(|two| two[1] == two[0] + 1),
        "each change once, in order, none missing"
    );
    let mut places = HashMap::new();
    for told in &mirror.told {
        if let Some(version) = told.version {
            let twice = places.insert((told.subject.as_str(), version), told.sequence);
            assert!(twice.is_none(), "twice: {told:?}");
        }
    }
    let place = |one: &Done| {
        let place = places.get(&(one.subject.as_str(), one.version));
        *place.unwrap_or_else(|| panic!("acknowledged and not told: {one:?}"))
    };
    let mut by_end: Vec<(Instant, i64)> = done.iter().map(|one| (one.acknowledged, place(one))).collect();
    by_end.sort();
    let mut by_begin: Vec<(Instant, i64)> = done.iter().map(|one| (one.began, place(one))).collect();
    by_begin.sort();
    let (mut ended, mut highest) = (by_end.into_iter().peekable(), 0);
    for (began, place) in by_begin {
        while let Some((_, before)) = ended.next_if(|(end, _)| *end < began) {
            highest = highest.max(before);
        }
        assert!(
            place > highest,
            "a later write has place {place}, an earlier one {highest}"
        );
    }
}

fn check_equal(one: &Mirror, other: &Mirror, whose: &str) {
    let differ = |key: &&(String, String)| one.objects.get(*key) != other.objects.get(*key);
    let keys: Vec<_> = one.objects.keys().chain(other.objects.keys()).filter(differ).collect();
    for key in keys.iter().take(3) {
        println!("{key:?}\n{:#?}\n{:#?}", one.objects.get(*key), other.objects.get(*key));
    }
    assert!(keys.is_empty(), "{whose}: {} objects differ", keys.len());
}

fn writes() -> usize {
    std::env::var("WRITES").map_or(1_000, |text| text.parse().expect("WRITES is a number"))
}

async fn several(first: Program, cluster: Option<&Cluster>) {
    let began = Instant::now();
    let writes = writes();
    let beside = first.beside().await;
    let mut servers = [first, beside];
    let urls = [servers[0].url.clone(), servers[1].url.clone()];
    let writers = writers(&urls, writes).await;
    let last = RefCell::new(None);
    let is_last = || last.borrow().clone();
    // Goes to the other server whenever it is cut off, and begins while all write.
    let wander = async |urls: &[String]| {
        let mut mirror = Mirror::load(urls).await;
        mirror.follow(urls, is_last).await;
        mirror
    };
    let write = async {
        join_all((0..WRITERS).map(|writer| writers.story(writer))).await;
    };
    // Stays with one server, and begins before the writers, so that it is told each write.
    let mut stays = Mirror::load(&urls).await;
    let ((), restarts, (), wanders, end) = tokio::join!(
        write,
        restart(&mut servers, cluster, &writers, writes),
        stays.follow(&urls[..1], is_last),
        wander(&urls),
        async {
            while writers.done.borrow().len() < writes {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            writers.left.set(1);
            let one = json!({ "code": "LAST", "name": "Last", "kind": "NGO" });
            let one = writers
                .write(ADMIN, "createOrganization", "organization", one)
                .await
                .unwrap();
            *last.borrow_mut() = Some(one["id"].as_str().unwrap().to_owned());
            Mirror::load(&urls).await
        },
    );
    let done = writers.done.into_inner();
    check_order(&stays, &done);
    check_equal(&stays, &end, "the copy that stays");
    check_equal(&wanders, &end, "the copy that wanders");
    println!(
        "several on {}: {} writes through two servers, {restarts} restarts of them and the database; each told once and in \
         order; {} changes; the copies were cut off {} and {} times and equal the database; {:.1} s",
        if cluster.is_some() { "PostgreSQL" } else { "SQLite" },
        done.len(),
        stays.told.len(),
        stays.cuts,
        wanders.cuts,
        began.elapsed().as_secs_f64()
    );
    let [first, other] = servers;
    other.end().await;
    first
        .inspect(async |app| drop(crate::invariants::hold(app).await))
        .await;
}

#[test]
fn copies_follow_two_servers_that_are_restarted_with_their_database() {
    actix_web::rt::System::new().block_on(async {
        let cluster = Cluster::start();
        several(Program::start_in(&cluster).await, Some(&cluster)).await;
        // Nobody finds what matters in a log that each use of a connection fills. One now and then is a reader's who
        // went away just as its snapshot ended.
        let warnings = cluster.log().matches("there is no transaction in progress").count();
        assert!(warnings < writes() / 10, "{warnings} warnings of nothing");
    });
}

#[test]
fn copies_follow_two_servers_that_are_restarted_on_sqlite() {
    actix_web::rt::System::new().block_on(async {
        several(Program::start(Backend::Sqlite).await, None).await;
    });
}
