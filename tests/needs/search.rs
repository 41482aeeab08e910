//! Search over everything that can be found: the same answers in the same order on both databases.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::{Backend, TestApp, run};
use crate::world::World;

const QUERIES: [&str; 16] = [
    "oxygen",
    "Oxygène",
    "food",
    "world",
    "kenya",
    "KEN",
    "health",
    "gloves exam",
    "united nations",
    "asked for",
    "water",
    "الصحة",
    "niños",
    "MED.PPE",
    "bangladesh health",
    "no such word anywhere",
];
const SEARCH: &str = "query($query: String!, $types: [SearchType!], $first: Int, $after: String) {
    search(query: $query, types: $types, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } edges { score snippet node { __typename
        ... on AssistanceRequest { reference } ... on NeedCategory { category: code } ... on Commodity { commodity: code } ... on Country { country: code } ... on Organization { organization: code } } } } }";

/// All matches, page by page.
async fn ask(app: &TestApp, query: &str, types: &Value, first: usize) -> Vec<Value> {
    let (mut found, mut after) = (Vec::new(), Value::Null);
    loop {
        let variables = json!({ "query": query, "types": types, "first": first, "after": after });
        let page = app.ask(None, SEARCH, variables).await["search"].clone();
        found.extend(page["edges"].as_array().unwrap().clone());
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(page["totalCount"], found.len(), "{query} {types}");
            return found;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

async fn answers(app: &TestApp) -> Vec<(String, Vec<Value>)> {
    let world = World::new(app).await;
    for (country, people) in [("BGD", 1), ("KEN", 2), ("PER", 3)] {
        let items = json!([{ "commodity": "GLOVES_EXAM", "quantity": "10" }]);
        world.verified(country, "HIGH", Some(people), items).await;
    }
    let mut all = Vec::new();
    let kinds = [
        "ASSISTANCE_REQUEST",
        "COMMODITY",
        "COUNTRY",
        "NEED_CATEGORY",
        "ORGANIZATION",
    ];
    for query in QUERIES {
        let whole = ask(app, query, &Value::Null, 100).await;
        assert_eq!(ask(app, query, &Value::Null, 3).await, whole, "{query}: page by page");
        let mut parts = 0;
        for kind in kinds {
            let part = ask(app, query, &json!([kind]), 100).await;
            let name = kind.replace('_', "").to_lowercase();
            let of_kind = |edge: &&Value| edge["node"]["__typename"].as_str().unwrap().to_lowercase() == name;
            assert_eq!(
                part.iter().collect::<Vec<_>>(),
                whole.iter().filter(of_kind).collect::<Vec<_>>(),
                "{query}: {kind} alone"
            );
            parts += part.len();
        }
        assert_eq!(parts, whole.len(), "{query}");
        all.push((query.to_owned(), whole));
    }
    all
}

#[test]
fn all_five_kinds_are_found_alike_on_both_databases() {
    let both = [Backend::Sqlite, Backend::Postgres].map(|backend| {
        let found = RefCell::new(Vec::new());
        run(backend, async |app| drop(found.replace(answers(app).await)));
        found.into_inner()
    });
    let kinds: BTreeSet<&str> = both[0]
        .iter()
        .flat_map(|(_, edges)| edges)
        .map(|edge| edge["node"]["__typename"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    for (one, other) in both[0].iter().zip(&both[1]) {
        assert_eq!(one, other);
    }
}
