//! Whatever way a viewer takes through the schema, they get what the contract's table lets them see, and nothing else: an
//! administrator's answer to the same document, without what is hidden from them.

mod cover;
mod feed;
mod hidden;
mod paths;
mod world;
mod written;

use std::sync::Arc;

use nam_needs::domain::actor::{Actor, Principal};
use nam_needs::interchange::command::export;
use nam_needs::store::Consistency;
use serde_json::{Value, json};

use self::paths::{INTROSPECTION, Schema, named};
use self::world::{WORD, World};
use crate::common::{ADMIN, Backend, TestApp, run};
use crate::table::{Row, VIEWERS, Viewer, viewer};
use crate::{on_both, on_both_with};

/// Nothing is too dear here, so that each document shows all there is.
const NO_LIMITS: [&str; 4] = [
    "--max-cost-anonymous=1000000000000",
    "--max-cost-signed-in=1000000000000",
    "--max-tokens=100000",
    "--max-depth=40",
];

/// Objects along a way, after that of the root field.
const DEPTH: u32 = 2;

/// All viewers, each with a key of its own; the last is the administrator.
async fn viewers(app: &TestApp) -> Vec<(Viewer, Option<String>)> {
    let mut all = Vec::new();
    for (roles, country, organization) in VIEWERS {
        let key = match roles {
            [] => None,
            [entity::enums::Role::Admin] => Some(ADMIN.to_owned()),
            roles => Some(app.key_of(roles, country, organization).await),
        };
        all.push((viewer((roles, country, organization)), key));
    }
    all
}

async fn schema(app: &TestApp) -> Schema {
    Schema::of(&app.ask(Some(ADMIN), INTROSPECTION, json!({})).await)
}

/// The root fields of queries with the arguments that lead somewhere. One that is not here fails the test.
fn roots(world: &World) -> Vec<(&'static str, Vec<String>)> {
    let of = |object: &Value| object["id"].as_str().unwrap().to_owned();
    let some = |list: &[Value]| -> Vec<String> { list.iter().map(|one| format!("(id: \"{}\")", of(one))).collect() };
    let requests: Vec<String> = world
        .requests
        .iter()
        .zip([0, 1, 2].into_iter().cycle())
        .map(|(request, way)| match way {
            0 => format!("(by: {{ id: \"{}\" }})", of(request)),
            1 => format!("(by: {{ reference: {} }})", request["reference"]),
            _ => format!(
                "(by: {{ externalId: {{ source: \"vault\", externalId: {} }} }})",
                request["externalId"]
            ),
        })
        .collect();
    let contributions = world.contributions.iter();
    let mut ids: Vec<String> = world.objects.keys().cloned().collect();
    ids.sort();
    ids.push(world.first_key.clone());
    let delivery = some(std::slice::from_ref(&world.contributions[0]["deliveries"][0]));
    let one = |arguments: &str| vec![arguments.to_owned()];
    vec![
        ("apiKeys", one("(first: 100)")),
        ("assistanceRequest", requests),
        ("assistanceRequests", one("(first: 100)")),
        ("changes", vec![]),
        ("commodities", one("(first: 3)")),
        ("commodity", one("(code: \"GLOVES_EXAM\")")),
        (
            "contribution",
            contributions
                .map(|one| format!("(by: {{ id: \"{}\" }})", of(one)))
                .collect(),
        ),
        ("contributions", one("(first: 100)")),
        ("countries", one("(filter: { code: { in: [\"BGD\", \"KEN\"] } })")),
        ("country", one("(code: \"BGD\")")),
        ("needCategories", one("(first: 3)")),
        ("needCategory", one("(code: \"HUM.MULTI\")")),
        ("needsAnalysis", vec![]),
        (
            "needsTimeline",
            one("(from: \"2026-11-22\", to: \"2026-11-23\", interval: DAY)"),
        ),
        (
            "node",
            [
                some(&world.requests[..8]),
                some(&world.contributions[..1]),
                delivery,
                vec![format!("(id: \"{}\")", world.first_key)],
            ]
            .concat(),
        ),
        ("nodes", one(&format!("(ids: {})", json!(ids)))),
        ("organization", one("(code: \"WHO\")")),
        (
            "organizations",
            one("(filter: { code: { in: [\"WHO\", \"UNICEF\"] } })"),
        ),
        ("requestItems", one("(first: 100)")),
        ("search", one(&format!("(query: \"{WORD}\", first: 100)"))),
        // Of the server and of the viewer, not of anybody's objects.
        ("service", vec![]),
        ("units", one("")),
        ("viewer", vec![]),
    ]
}

/// The documents that follow one root field everywhere.
fn documents(schema: &Schema, root: &Value, arguments: &str) -> Vec<String> {
    let (name, kind) = (root["name"].as_str().unwrap(), named(&root["type"]));
    let around = |selection: String| format!("{{ {name}{arguments} {selection} }}");
    if !schema.possible(kind).is_empty() {
        let kinds = schema.possible(kind).into_iter();
        return kinds.map(|one| around(schema.select_one(one, DEPTH))).collect();
    }
    if !kind.ends_with("Connection") {
        return vec![around(schema.select(kind, DEPTH))];
    }
    let node = schema.node_of(kind);
    let page = |nodes: String, edges: &str| {
        around(format!(
            "{{ __typename totalCount nodes {nodes} edges {{ {edges} node {{ __typename ... on Node {{ id }} }} }} }}"
        ))
    };
    if schema.possible(node).is_empty() {
        return vec![page(schema.select(node, DEPTH), "")];
    }
    let kinds = schema.possible(node).into_iter();
    kinds
        .map(|one| page(schema.select_one(one, DEPTH), "snippet"))
        .collect()
}

on_both_with! { &NO_LIMITS,
    async fn every_way_through_the_schema_shows_what_the_contract_lets_each_viewer_see(app) {
        let world = World::make(app).await;
        let schema = schema(app).await;
        let viewers = viewers(app).await;
        let roots = roots(&world);
        for root in schema.fields("Query") {
            let name = root["name"].as_str().unwrap();
            let (_, calls) = roots.iter().find(|(known, _)| *known == name)
                .unwrap_or_else(|| panic!("Query.{name} is new: say in `roots` how it is asked"));
            for arguments in calls {
                for document in documents(&schema, root, arguments) {
                    let (status, whole) = app.post(Some(ADMIN), &document, json!({})).await;
                    assert!(status == 200 && whole.get("errors").is_none(), "{document}\n{whole:#}");
                    let whole = &whole["data"][name];
                    for (viewer, key) in &viewers {
                        let (_, seen) = app.post(key.as_deref(), &document, json!({})).await;
                        let told = || format!("{} asks {document}", viewer.called());
                        if name == "apiKeys" && !viewer.may(Row::Administer, None, None) {
                            assert!(seen["data"][name].is_null() && seen["errors"].is_array(), "{}", told());
                            continue;
                        }
                        assert!(seen.get("errors").is_none(), "{}\n{seen:#}", told());
                        let should = match (name, whole) {
                            // A list of its own kind: what is hidden is null in its place.
                            ("nodes", Value::Array(nodes)) => nodes.iter().map(|one| world.left(viewer, one).unwrap_or_default()).collect(),
                            _ => world.left(viewer, whole).unwrap_or_default(),
                        };
                        // What the viewer got is read with the same eyes, to leave the feed out.
                        let administrator = &viewers.last().unwrap().0;
                        let is = match &seen["data"][name] {
                            Value::Array(nodes) => nodes.iter().map(|one| world.left(administrator, one).unwrap_or_default()).collect(),
                            one => world.left(administrator, one).unwrap_or_default(),
                        };
                        assert!(is == should, "{}\nis {is:#}\nshould be {should:#}", told());
                    }
                }
            }
        }
    }
}

on_both! {
    async fn counts_and_sums_are_of_what_the_viewer_sees(app) {
        let world = World::make(app).await;
        let document = "{
            needsAnalysis(groupBy: [COUNTRY, STATUS], first: 100, filter: { status: { in: [DRAFT, SUBMITTED, VERIFIED, RETURNED, REJECTED, CLOSED, WITHDRAWN] } }) {
                totalCount nodes { country { code } status totals { requestCount itemCount } }
            }
            countries(filter: { code: { in: [\"BGD\", \"KEN\"] } }) {
                nodes { code needs(filter: { status: { in: [DRAFT, SUBMITTED, VERIFIED, RETURNED, REJECTED, CLOSED, WITHDRAWN] } }) { requestCount } }
            }
            assistanceRequests { totalCount }
            requestItems { totalCount }
            contributions { totalCount }
            drafts: countries(filter: { assistanceRequests: { some: { status: { eq: DRAFT } } } }) { totalCount }
            search(query: \"Quinquereme\") { totalCount }
        }";
        for (viewer, key) in viewers(app).await {
            let seen = app.ask(key.as_deref(), document, json!({})).await;
            let visible = |country: &str| {
                let requests = world.requests.iter().map(|request| world.of(&request["id"]));
                let of = requests.filter(|belongs| belongs.country == country);
                of.filter(|belongs| World::sees(&viewer, belongs.sight, belongs)).count()
            };
            let (bgd, ken) = (visible("BGD"), visible("KEN"));
            let told = format!("{}: {seen:#}", viewer.called());
            for (country, count) in [("BGD", bgd), ("KEN", ken)] {
                let sums = seen["needsAnalysis"]["nodes"].as_array().unwrap().iter();
                let sums = sums.filter(|row| row["country"]["code"] == country).map(|row| &row["totals"]);
                let [requests, items] = ["requestCount", "itemCount"].map(|name| sums.clone().map(|sum| sum[name].as_u64().unwrap()).sum::<u64>());
                assert_eq!((requests, items), (count as u64, 2 * count as u64), "{country} {told}");
                let needs = seen["countries"]["nodes"].as_array().unwrap().iter().find(|one| one["code"] == country).unwrap();
                assert_eq!(needs["needs"]["requestCount"], json!(count), "{country} {told}");
            }
            assert_eq!(seen["assistanceRequests"]["totalCount"], json!(bgd + ken), "{told}");
            assert_eq!(seen["search"]["totalCount"], json!(bgd + ken), "{told}");
            assert_eq!(seen["requestItems"]["totalCount"], json!(2 * (bgd + ken)), "{told}");
            assert_eq!(seen["contributions"]["totalCount"], json!(4), "{told}");
            let drafts = ["BGD", "KEN"].iter().filter(|country| viewer.may(Row::Draft, Some(country), None)).count();
            assert_eq!(seen["drafts"]["totalCount"], json!(drafts), "{told}");
        }
    }

    async fn a_cursor_of_another_viewer_leads_to_ones_own_rows(app) {
        World::make(app).await;
        let page = |field: &str, after: &str| format!("{{ it: {field}(first: 100 {after}) {{ nodes {{ id }} edges {{ cursor }} }} }}");
        for field in ["assistanceRequests", "requestItems", "contributions"] {
            let all = app.ask(Some(ADMIN), &page(field, ""), json!({})).await;
            let ids: Vec<&Value> = all["it"]["nodes"].as_array().unwrap().iter().map(|node| &node["id"]).collect();
            for (viewer, key) in viewers(app).await {
                let own = app.ask(key.as_deref(), &page(field, ""), json!({})).await;
                let own: Vec<&Value> = own["it"]["nodes"].as_array().unwrap().iter().map(|node| &node["id"]).collect();
                for place in [0, ids.len() / 2] {
                    let after = format!(", after: {}", all["it"]["edges"][place]["cursor"]);
                    let seen = app.ask(key.as_deref(), &page(field, &after), json!({})).await;
                    let seen: Vec<&Value> = seen["it"]["nodes"].as_array().unwrap().iter().map(|node| &node["id"]).collect();
                    let should: Vec<&Value> = ids[place + 1..].iter().filter(|id| own.contains(id)).copied().collect();
                    assert_eq!(seen, should, "{field} after {place} by {}", viewer.called());
                }
            }
        }
    }

    async fn an_export_holds_what_its_reader_sees(app) {
        let world = World::make(app).await;
        for (viewer, _) in viewers(app).await {
            let actor = Actor {
                principal: if viewer.roles.is_empty() { Principal::Anonymous } else { Principal::System },
                name: None,
                roles: viewer.roles.clone(),
                country: viewer.country.map(Into::into),
                organization: viewer.organization.map(Into::into),
            };
            let reader = app.store.reader(Arc::new(actor), Consistency::Snapshot);
            let mut sheet = Vec::new();
            export(&reader, false, &mut sheet, &mut std::io::sink()).await.unwrap();
            let sheet = String::from_utf8(sheet).unwrap();
            for request in &world.requests {
                let belongs = world.of(&request["id"]);
                let external_id = request["externalId"].as_str().unwrap();
                let lines: Vec<&str> = sheet.lines().filter(|line| line.contains(external_id)).collect();
                let sees = World::sees(&viewer, belongs.sight, belongs);
                assert_eq!(lines.len(), if sees { 2 } else { 0 }, "{external_id} for {}", viewer.called());
                let contact = sees && viewer.may(Row::Contact, Some(&belongs.country), None);
                let told = lines.iter().any(|line| line.contains("focal@example.org"));
                assert_eq!(told, contact, "the contact of {external_id} for {}", viewer.called());
            }
            for secret in ["hush", "AWB 1", "broken", "wet"] {
                assert!(!sheet.contains(secret), "{secret} for {}", viewer.called());
            }
        }
    }
}

#[test]
fn every_field_of_the_schema_has_a_row_that_says_who_may_read_it() {
    run(Backend::Sqlite, async |app| {
        let told = cover::differences(&schema(app).await);
        assert!(told.is_empty(), "{}", told.join("\n"));
    });
}
