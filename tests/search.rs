//! Search gives the same answers on both databases: words in four languages, prefixes, accents, whatever is typed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

use std::path::PathBuf;
use std::sync::Arc;

use entity::enums::{Locale, Priority, Role};
use migration::{Migrator, MigratorTrait};
use nam_needs::domain::actor::Actor;
use nam_needs::domain::assistance_request::{Contact, NewRequest};
use nam_needs::domain::limits::Limits;
use nam_needs::domain::search::{Kind, Query};
use nam_needs::graphql::context::Request;
use nam_needs::store::assistance_request::{RequestPatch, create, update};
use nam_needs::store::page::{Arguments, Page, Paging};
use nam_needs::store::search::{Hit, Node, Wanted, search};
use nam_needs::store::{Clock, Consistency, Reader, Store, open};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use uuid::Uuid;

#[path = "common/opening.rs"]
mod opening;

use opening::{RULES, connect};

/// A database of its own, on either engine.
struct Engine {
    name: &'static str,
    store: Store,
    db: DatabaseConnection,
    file: Option<PathBuf>,
}

impl Drop for Engine {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            if let Some(file) = &self.file {
                // What is left in the system's own folder for such files does no harm.
                let _ = std::fs::remove_file(format!("{}{end}", file.display()));
            }
        }
    }
}

/// The same with an administrator named for the whole connection, since PostgreSQL asks who writes.
fn as_administrator(url: &str) -> String {
    if url.starts_with("sqlite") {
        return url.into();
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options[nam.kind]=system&options[nam.principal]=system&options[nam.roles]=ADMIN")
}

async fn engines() -> Vec<Engine> {
    let unique = Uuid::now_v7().simple().to_string();
    let file = std::env::temp_dir().join(format!("nam-needs-search-{unique}.sqlite"));
    let mut urls = vec![("SQLite", format!("sqlite://{}?mode=rwc", file.display()))];
    let url = std::env::var("TEST_POSTGRES_URL")
        .expect("TEST_POSTGRES_URL is not set: run the tests by scripts/test, which starts PostgreSQL for them");
    let admin = Database::connect(&url).await.expect("PostgreSQL");
    let name = format!("search_{unique}");
    admin
        .execute_unprepared(&format!("CREATE DATABASE {name}"))
        .await
        .expect("a database");
    let (server, _) = url.rsplit_once('/').expect("a database in the URL");
    urls.push(("PostgreSQL", format!("{server}/{name}")));
    let mut engines = Vec::new();
    for (name, url) in urls {
        let db = Database::connect(as_administrator(&url)).await.expect(name);
        Migrator::up(&db, None).await.expect("migrations");
        db.execute_unprepared(
            "INSERT INTO country (code, iso2, m49, name, nam_status, nam_status_2020, active, edited, from_file,
             version, created_at, updated_at) VALUES ('BGD', 'BD', '050', 'Bangladesh', 'MEMBER', 'MEMBER', TRUE,
             FALSE, TRUE, 1, '2020-05-04 00:00:00+00:00', '2020-05-04 00:00:00+00:00')",
        )
        .await
        .expect("a country");
        let clock = Clock::fixed("2020-05-04T12:00:00Z".parse().expect("a time"));
        let store = open(&connect(&url), clock, RULES).await.expect(name);
        let file = (name == "SQLite").then(|| file.clone());
        engines.push(Engine { name, store, db, file });
    }
    engines
}

const REQUESTS: [(&str, &str); 8] = [
    ("Surgical masks", "For COVID-19 wards: 40,000 masks a month."),
    (
        "Oxygen concentrators",
        "Masks with reservoir are needed too, see https://example.org/o2-list?x=1.",
    ),
    (
        "Masques chirurgicaux et oxygène médical",
        "Pour l’hôpital de référence à N’Djaména.",
    ),
    (
        "Agua potable para niños",
        "Potabilización; 3.5 litros por día, año 2020.",
    ),
    ("أقنعة طبية للمستشفيات", "نحتاج الأدوية والأكسجين"),
    ("Rice (NOT wheat) & \"oil\"", "AND OR NEAR/3 'quoted' title:rice -- * ^"),
    ("ΣΊΤΟΣ straße Łódź", "ﬁne ½ ㎏ 1e5 0x1F v2.0 a.b@c.org"),
    ("!!! ???", "Маска"),
];

fn texts(title: &str, description: &str) -> NewRequest {
    NewRequest {
        country: "BGD".into(),
        title: title.into(),
        description: Some(description.into()),
        language: Locale::En,
        priority: Priority::Medium,
        people_in_need: None,
        needed_by: None,
        contact: Contact::default(),
        origin: None,
        source_url: None,
        items: Vec::new(),
    }
}

async fn fill(engine: &Engine) -> Vec<Uuid> {
    let actor = Arc::new(Actor::system());
    let mut ids = Vec::new();
    for (title, description) in REQUESTS {
        let id = create(&engine.store, Arc::clone(&actor), texts(title, description), false).await;
        ids.push(id.expect(title));
    }
    ids
}

fn paging(arguments: &Arguments, query: &Query) -> Paging {
    Paging::new(arguments, 25, 100, "Search", "rank", &format!("{query:?}")).expect("a page")
}

async fn find(reader: &Reader, query: &str, arguments: &Arguments) -> Page<Hit> {
    let query = Query::parse(query).expect(query);
    let wanted = Wanted {
        kinds: &Kind::ALL,
        columns: &[entity::assistance_request::Column::Id],
        total: true,
        snippets: true,
    };
    search(reader, &query, &paging(arguments, &query), &wanted)
        .await
        .expect("an answer")
}

fn reader(engine: &Engine, actor: Actor) -> Reader {
    engine.store.reader(Arc::new(actor), Consistency::Snapshot)
}

/// The places in `REQUESTS` of what was found.
fn places(page: &Page<Hit>, ids: &[Uuid]) -> Vec<usize> {
    let of = |hit: &Hit| match &hit.node {
        Node::AssistanceRequest(row) => ids.iter().position(|id| id == row.id().expect("an id")),
        _ => None,
    };
    page.rows.iter().map(|(hit, _)| of(hit).expect("a request")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_give_the_same_answers_in_the_same_order() {
    let cases: &[(&str, &[usize])] = &[
        ("masks", &[0, 1]),
        ("MASK", &[0, 1]),
        ("mas", &[0, 2, 1]),
        ("surgical masks", &[0]),
        ("masks surg", &[0]),
        ("asks", &[]),
        ("masks gloves", &[]),
        ("covid-19", &[0]),
        ("covid19", &[]),
        ("19", &[0]),
        ("40,000", &[0]),
        ("oxyg", &[1, 2]),
        ("OXYGENE medical", &[2]),
        ("oxygène", &[2]),
        ("hôpital", &[2]),
        ("l'hopital ndjamena", &[]),
        ("l'hopital n'djam", &[2]),
        ("ninos agua", &[3]),
        ("NIÑOS", &[3]),
        ("potabilizacion", &[3]),
        ("3.5", &[3]),
        ("اقنعة", &[4]),
        ("أقنعة طبيّة", &[4]),
        ("الادوية", &[4]),
        ("маск", &[7]),
        ("σίτος", &[6]),
        ("STRASSE lodz", &[6]),
        ("fine kg", &[6]),
        ("1e5", &[6]),
        ("0x1f v2", &[6]),
        ("a.b@c.org v2", &[6]),
        ("example.org", &[1]),
        ("o2-list", &[1]),
        ("bgd-2020-000003", &[2]),
        ("BGD 000005", &[4]),
        ("\"rice\" AND NOT wheat", &[5]),
        ("rice NEAR wheat", &[5]),
        ("rice OR masks", &[]),
        ("title:rice", &[5]),
        ("mask*", &[0, 1]),
        ("rice & !wheat | oil", &[5]),
        ("rice:* <-> (wheat", &[5]),
        ("'rice' \\", &[5]),
        ("^rice + -wheat {oil}", &[5]),
        ("rice'; DROP TABLE assistance_request; --", &[]),
    ];
    for engine in engines().await {
        let ids = fill(&engine).await;
        for (query, expected) in cases {
            let before = engine.store.statements();
            let page = find(&reader(&engine, Actor::system()), query, &Arguments::default()).await;
            assert_eq!(places(&page, &ids), *expected, "{query} on {}", engine.name);
            assert_eq!(page.total, Some(expected.len() as u64), "{query} on {}", engine.name);
            assert!(engine.store.statements() - before <= 2, "{query} on {}", engine.name);
            let marked = |(hit, _): &(Hit, nam_needs::store::page::Cursor)| {
                hit.snippet.as_ref().is_some_and(|snippet| snippet.contains("<mark>"))
            };
            assert!(page.rows.iter().all(marked), "{query} on {}", engine.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_what_they_may_not_see() {
    let focal_point = Actor {
        roles: vec![Role::FocalPoint],
        country: Some("BGD".into()),
        ..Actor::system()
    };
    let other = Actor {
        country: Some("NPL".into()),
        ..focal_point.clone()
    };
    for engine in engines().await {
        let ids = fill(&engine).await;
        for (actor, expected) in [
            (Actor::anonymous(), &[][..]),
            (other.clone(), &[]),
            (focal_point.clone(), &[0, 1]),
        ] {
            let page = find(&reader(&engine, actor), "masks", &Arguments::default()).await;
            assert_eq!(places(&page, &ids), expected, "{}", engine.name);
            assert_eq!(page.total, Some(expected.len() as u64), "{}", engine.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_is_found_by_its_new_words_and_gone_is_gone() {
    for engine in engines().await {
        let ids = fill(&engine).await;
        let patch = RequestPatch {
            title: Some("Ventilators".into()),
            ..Default::default()
        };
        update(&engine.store, Arc::new(Actor::system()), ids.first().copied(), 1, patch)
            .await
            .expect("an update");
        let found = async |query| {
            let page = find(&reader(&engine, Actor::system()), query, &Arguments::default()).await;
            places(&page, &ids)
        };
        assert_eq!(found("ventilator").await, [0], "{}", engine.name);
        assert_eq!(found("surgical").await, [0; 0], "{}", engine.name);
        assert_eq!(found("bgd").await, [0, 1, 2, 3, 4, 5, 6, 7], "{}", engine.name);
        if engine.name == "PostgreSQL" {
            // No request is ever deleted; this owner does.
            let open = "ALTER TABLE assistance_request DISABLE ROW LEVEL SECURITY";
            engine.db.execute_unprepared(open).await.expect("open");
        }
        engine
            .db
            .execute_unprepared("DELETE FROM assistance_request WHERE title = 'Ventilators'")
            .await
            .expect("gone");
        assert_eq!(found("ventilator").await, [0; 0], "{}", engine.name);
        assert_eq!(found("masks").await, [1], "{}", engine.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another_and_more_than_can_be_ranked_are_counted() {
    for engine in engines().await {
        fill(&engine).await;
        let copy = copies(engine.name);
        engine.db.execute_unprepared(&copy).await.expect("copies");
        let reader = reader(&engine, Actor::system());
        let (mut after, mut seen, mut last) = (None, std::collections::HashSet::new(), f64::INFINITY);
        loop {
            let arguments = Arguments {
                first: Some(100),
                after,
                ..Default::default()
            };
            let before = engine.store.statements();
            let page = find(&reader, "masks", &arguments).await;
            assert_eq!(engine.store.statements() - before, 3, "{}", engine.name);
            assert_eq!(page.total, Some(1_202), "{}", engine.name);
            for (hit, _) in &page.rows {
                let Node::AssistanceRequest(row) = &hit.node else {
                    panic!("no request")
                };
                assert!(seen.insert(*row.id().expect("an id")) && hit.score <= last);
                last = hit.score;
            }
            after = page.rows.last().map(|(_, cursor)| cursor.text());
            if !page.has_next {
                break;
            }
        }
        assert_eq!(seen.len(), 1_000, "{}", engine.name);
    }
}

/// 1,200 more requests for masks, as SQL.
fn copies(engine: &str) -> String {
    let columns = "country_code, title, title_folded, description, text_folded, words_folded, language, priority,
        status, confirmed_at, created_by, version, created_at, updated_at";
    let (id, series) = match engine {
        "PostgreSQL" => ("gen_random_uuid()", "generate_series(1, 1200) AS s(n)".to_owned()),
        _ => (
            "randomblob(16)",
            "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1200) SELECT n FROM s) AS s"
                .into(),
        ),
    };
    format!(
        "INSERT INTO assistance_request (id, reference, {columns})
         SELECT {id}, 'COPY-' || s.n, {columns} FROM assistance_request, {series} WHERE title = 'Surgical masks'"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_step_can_be_taken_back_and_again_with_requests_there() {
    for engine in engines().await {
        let ids = fill(&engine).await;
        Migrator::down(&engine.db, Some(1)).await.expect("down");
        Migrator::up(&engine.db, None).await.expect("up");
        let page = find(
            &reader(&engine, Actor::system()),
            "covid 19 mask",
            &Arguments::default(),
        )
        .await;
        assert_eq!(places(&page, &ids), [0], "{}", engine.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_answers_with_members_scores_and_snippets() {
    let engines = engines().await;
    let engine = engines.first().expect("SQLite");
    fill(engine).await;
    let document = r#"{
        search(query: "masks", first: 1) {
            totalCount
            pageInfo { hasNextPage endCursor }
            edges { score snippet node { __typename ... on Country { name } ...request } }
            nodes { ... on AssistanceRequest { status } }
        }
        wordless: search(query: "*") { totalCount }
        altered: search(query: "masks", after: "x") { totalCount }
    }
    fragment request on AssistanceRequest { title items { id } }"#;
    let request = async_graphql::Request::new(document).data(Request {
        actor: Arc::new(Actor::system()),
        store: engine.store.clone(),
        limits: Arc::new(Limits::default()),
        // The answer is looked at as a tree.
        merges: true,
        written: Default::default(),
    });
    let answer = nam_needs::graphql::schema().execute(request).await;
    let json = serde_json::to_value(&answer).expect("JSON");
    let search = &json["data"]["search"];
    assert_eq!(search["totalCount"], 2, "{json}");
    assert_eq!(search["pageInfo"]["hasNextPage"], true);
    let edge = &search["edges"][0];
    assert_eq!(edge["score"], 0.75);
    assert_eq!(edge["snippet"], "Surgical <mark>masks</mark>");
    assert_eq!(edge["node"]["title"], "Surgical masks");
    assert_eq!(search["nodes"][0]["status"], "DRAFT");
    let codes: Vec<_> = answer
        .errors
        .iter()
        .map(|error| error.extensions.as_ref().and_then(|all| all.get("code")).cloned())
        .collect();
    assert_eq!(codes, [Some("BAD_USER_INPUT".into()), Some("BAD_CURSOR".into())]);
}
