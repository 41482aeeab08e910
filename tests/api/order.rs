//! Orders and pages, compared with what Rust makes of the same rows.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::on_both;
use crate::reading::{compare, ids, samples, world};

/// Each list that can be ordered by more than names: what Rust reads of its rows, and its keys.
const LISTS: [(&str, &str, &[&str]); 3] = [
    (
        "assistanceRequests",
        "id priority peopleInNeed neededBy createdAt updatedAt submittedAt verifiedAt reference",
        &[
            "PRIORITY",
            "PEOPLE_IN_NEED",
            "NEEDED_BY",
            "CREATED_AT",
            "UPDATED_AT",
            "SUBMITTED_AT",
            "VERIFIED_AT",
            "REFERENCE",
        ],
    ),
    (
        "requestItems",
        "id quantity uncoveredQuantity unmetQuantity unitCostUsd request { priority neededBy }",
        &[
            "QUANTITY",
            "UNCOVERED_QUANTITY",
            "UNCOVERED_VALUE",
            "UNMET_QUANTITY",
            "PRIORITY",
            "NEEDED_BY",
        ],
    ),
    (
        "contributions",
        "id quantity expectedOn deliveredOn createdAt updatedAt",
        &["QUANTITY", "EXPECTED_ON", "DELIVERED_ON", "CREATED_AT", "UPDATED_AT"],
    ),
];

/// The rows of a list, page by page.
async fn pages(app: &TestApp, list: &str, order: &Value, size: usize, backwards: bool) -> Vec<String> {
    let (count, cursor) = if backwards {
        ("last", "before")
    } else {
        ("first", "after")
    };
    let order_type = format!("{}Order", list[..1].to_uppercase() + list[1..].trim_end_matches('s'));
    let query = format!(
        "query($order: [{order_type}!], $cursor: String) {{ it: {list}(orderBy: $order, {count}: {size}, {cursor}: $cursor) {{
            totalCount nodes {{ id }} edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
    );
    let (mut all, mut at) = (Vec::new(), Value::Null);
    loop {
        let page = app
            .ask(Some(ADMIN), &query, json!({ "order": order, "cursor": at }))
            .await["it"]
            .clone();
        let info = &page["pageInfo"];
        let mut rows = ids(&page);
        let edges = page["edges"].as_array().unwrap();
        assert_eq!(
            edges
                .iter()
                .map(|edge| edge["node"]["id"].as_str().unwrap())
                .collect::<Vec<_>>(),
            rows
        );
        assert_eq!(
            info["startCursor"],
            edges.first().map_or(Value::Null, |edge| edge["cursor"].clone())
        );
        assert_eq!(
            info["endCursor"],
            edges.last().map_or(Value::Null, |edge| edge["cursor"].clone())
        );
        let (more, behind) = if backwards {
            ("hasPreviousPage", "hasNextPage")
        } else {
            ("hasNextPage", "hasPreviousPage")
        };
        assert_eq!(info[behind], json!(!all.is_empty()), "{list} {order} {size} {info:#}");
        if backwards {
            rows.extend(all);
            all = rows;
        } else {
            all.extend(rows);
        }
        if info[more] == json!(false) {
            assert_eq!(page["totalCount"], all.len());
            return all;
        }
        at = info[if backwards { "startCursor" } else { "endCursor" }].clone();
    }
}

/// What a row is ordered by under a key, as it can be compared; null comes last in either direction.
fn key(row: &Value, field: &str) -> Value {
    // An item's urgency and day are its request's.
    let told = |name: &str| row.get(name).unwrap_or_else(|| &row["request"][name]).clone();
    let number = |name: &str| row[name].as_str().map(|text| text.parse::<f64>().unwrap());
    match field {
        "PRIORITY" => {
            let place = ["LOW", "MEDIUM", "HIGH", "CRITICAL"]
                .iter()
                .position(|one| told("priority") == **one);
            json!(place.unwrap())
        }
        "UNCOVERED_VALUE" => json!(number("unitCostUsd").map(|cost| cost * number("uncoveredQuantity").unwrap())),
        field => {
            let mut words = field.split('_').map(str::to_lowercase);
            let first = words.next().unwrap();
            told(&words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..]))
        }
    }
}

fn in_order(one: &Value, other: &Value, order: &Value) -> Ordering {
    order.as_array().unwrap().iter().fold(Ordering::Equal, |so_far, by| {
        let [one, other] = [one, other].map(|row| key(row, by["field"].as_str().unwrap()));
        so_far.then_with(|| match (one.is_null(), other.is_null()) {
            (false, false) if by["direction"] == "DESC" => compare(&other, &one),
            (false, false) => compare(&one, &other),
            (one, other) => one.cmp(&other),
        })
    })
}

/// Each key alone in both directions, and some of two and of three keys, whichever way.
fn orders(fields: &'static [&'static str]) -> Vec<Value> {
    let by = |field: &str, direction: &str| json!({ "field": field, "direction": direction });
    let alone = fields
        .iter()
        .flat_map(|field| ["ASC", "DESC"].map(|direction| json!([by(field, direction)])));
    let keys = proptest::sample::subsequence(fields, 2..4).prop_shuffle();
    let directions = proptest::collection::vec(proptest::sample::select(vec!["ASC", "DESC"]), 3);
    let several = (keys, directions).prop_map(move |(keys, directions)| {
        keys.into_iter()
            .zip(directions)
            .map(|(key, way)| by(key, way))
            .collect::<Value>()
    });
    alone.chain(samples(&several, 12)).collect()
}

on_both! {
    async fn pages_of_any_size_in_any_order_make_the_whole_list_as_rust_orders_it(app) {
        world(app).await;
        for (list, selection, fields) in LISTS {
            let query = format!("{{ it: {list}(first: 100) {{ nodes {{ {selection} }} }} }}");
            let rows = app.ask(Some(ADMIN), &query, json!({})).await["it"]["nodes"].as_array().unwrap().clone();
            let row = |id: &String| rows.iter().find(|row| row["id"] == **id).unwrap();
            for field in fields {
                let values: BTreeSet<String> = rows.iter().map(|row| key(row, field).to_string()).collect();
                assert!(values.len() > 1, "{list} has nothing to order by {field}: {values:?}");
            }
            let orders = orders(fields);
            let sizes = samples(&(1_usize..12), orders.len());
            for (order, size) in orders.iter().zip(sizes) {
                let whole = pages(app, list, order, 100, false).await;
                assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), rows.len());
                for pair in whole.windows(2) {
                    assert!(in_order(row(&pair[0]), row(&pair[1]), order).is_le(), "{list} {order}: {pair:?}");
                }
                for backwards in [false, true] {
                    assert_eq!(pages(app, list, order, size, backwards).await, whole, "{list} {order} {size} {backwards}");
                }
            }
        }
    }

    // However short a page is, and so by whichever statement it is read.
    async fn contributions_of_each_owner_come_as_they_do_in_the_whole_list(app) {
        let (people, requests) = world(app).await;
        let item = &requests[5]["items"][0]["id"];
        for n in 0..13 {
            app.clock.set(app.clock.now() + chrono::TimeDelta::seconds(n % 2));
            let input = json!({
                "item": item, "organization": if n % 2 == 0 { "WHO" } else { "UNICEF" }, "quantity": n * 7 % 5 + 1,
                "expectedOn": if n % 4 == 0 { Value::Null } else { json!(format!("2027-0{}-01", n * 3 % 4 + 1)) },
            });
            app.mutate(&people.coordinator, "createContribution", input, "userErrors { code }").await;
        }
        let sizes = samples(&proptest::sample::subsequence(vec![0, 1, 2, 5, 9, 10, 11, 12, 15, 20], 3), 40);
        for (order, sizes) in orders(LISTS[2].2).iter().zip(sizes) {
            let query = "query($order: [ContributionOrder!]) { it: contributions(first: 100, orderBy: $order) {
                nodes { id item { id } request { id } organization { code } } } }";
            let whole = app.ask(Some(ADMIN), query, json!({ "order": order })).await["it"]["nodes"].clone();
            let whole = whole.as_array().unwrap();
            let of = |owner: &str, name: &Value| -> Vec<&Value> {
                whole.iter().filter(|row| row.pointer(owner) == Some(name)).map(|row| &row["id"]).collect()
            };
            assert!(of("/item/id", item).len() > 12);
            for size in sizes {
                for (count, cursor) in [("first", "after"), ("last", "before")] {
                    let page = format!("contributions({count}: {size}, {cursor}: $cursor, orderBy: $order) {{
                        nodes {{ id }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} totalCount }}");
                    let query = format!("query($order: [ContributionOrder!], $cursor: String) {{
                        assistanceRequests(first: 20) {{ nodes {{ id {page} items {{ id {page} }} }} }}
                        organizations(first: 60) {{ nodes {{ code {page} }} }} }}");
                    let ask = async || {
                        let told = app.ask(Some(ADMIN), &query, json!({ "order": order })).await;
                        let requests = told["assistanceRequests"]["nodes"].as_array().unwrap();
                        let items = requests.iter().flat_map(|request| request["items"].as_array().unwrap());
                        let organizations = told["organizations"]["nodes"].as_array().unwrap();
                        let owned = |owner, name: &str, of: &Value| (owner, of[name].clone(), of["contributions"].clone());
                        let all = requests.iter().map(|of| owned("/request/id", "id", of));
                        let all = all.chain(items.map(|of| owned("/item/id", "id", of)));
                        all.chain(organizations.iter().map(|of| owned("/organization/code", "code", of))).collect::<Vec<_>>()
                    };
                    let short = |all: &[&Value]| -> Vec<Value> {
                        let from = if count == "first" { 0 } else { all.len().saturating_sub(size) };
                        all.iter().skip(from).take(size).map(|id| (*id).clone()).collect()
                    };
                    let mut next = Value::Null;
                    for (owner, name, page) in ask().await {
                        let all = of(owner, &name);
                        let told: Vec<&Value> = page["nodes"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
                        let context = format!("{order} {count} {size} {owner} {name}");
                        assert_eq!(told, short(&all).iter().collect::<Vec<_>>(), "{context}");
                        assert_eq!(page["totalCount"], all.len(), "{context}");
                        let info = &page["pageInfo"];
                        let (more, end) = match count {
                            "first" => (&info["hasNextPage"], &info["endCursor"]),
                            _ => (&info["hasPreviousPage"], &info["startCursor"]),
                        };
                        assert_eq!(*more, json!(all.len() > size), "{context}");
                        if name == *item {
                            next = end.clone();
                        }
                    }
                    if next.is_null() {
                        continue;
                    }
                    // A cursor is of the list of its parent, which is asked for alone.
                    let query = format!("query($order: [ContributionOrder!], $cursor: String) {{
                        nodes(ids: [{item}]) {{ ... on RequestItem {{ {page} }} }} }}");
                    let told = app.ask(Some(ADMIN), &query, json!({ "order": order, "cursor": next })).await;
                    let page = &told["nodes"][0]["contributions"];
                    let all = of("/item/id", item);
                    let left = match count {
                        "first" => &all[size.min(all.len())..],
                        _ => &all[..all.len().saturating_sub(size)],
                    };
                    let told: Vec<&Value> = page["nodes"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
                    assert_eq!(told, short(left).iter().collect::<Vec<_>>(), "{order} {count} {size} after the first");
                }
            }
        }
    }

    async fn pages_of_organizations_backwards_are_those_forwards(app) {
        for field in ["NAME", "CODE"] {
            for direction in ["ASC", "DESC"] {
                let order = json!([{ "field": field, "direction": direction }]);
                let whole = pages(app, "organizations", &order, 100, false).await;
                for backwards in [false, true] {
                    assert_eq!(pages(app, "organizations", &order, 7, backwards).await, whole, "{order} {backwards}");
                }
            }
        }
    }
}

on_both! {
    async fn a_cursor_is_of_the_list_of_its_parent(app) {
        let people = crate::support::people(app).await;
        for (key, country) in [(&people.focal, "BGD"), (&people.stranger, "KEN")] {
            for _ in 0..3 {
                let mut input = crate::support::draft();
                input["country"] = country.into();
                app.mutate(key, "createAssistanceRequest", input, "userErrors { code }").await;
            }
        }
        let of = |code: &str| format!(
            "query($after: String, $before: String) {{ country(code: \"{code}\") {{ assistanceRequests(first: 1, after: $after, before: $before) {{
                edges {{ cursor node {{ reference }} }} pageInfo {{ endCursor hasNextPage }} }} }} }}"
        );
        let first = app.ask(Some(ADMIN), &of("BGD"), json!({})).await;
        let list = &first["country"]["assistanceRequests"];
        let cursor = &list["edges"][0]["cursor"];
        assert_eq!(list["pageInfo"]["endCursor"], *cursor);
        // As it came in the page of many parents, it is good for the one.
        let all = "{ countries(filter: { code: { in: [BGD, KEN] } }) { nodes { code assistanceRequests(first: 1) { edges { cursor } } } } }";
        let all = app.ask(Some(ADMIN), &all.replace("BGD, KEN", "\"BGD\", \"KEN\""), json!({})).await;
        assert_eq!(all["countries"]["nodes"][0]["assistanceRequests"]["edges"][0]["cursor"], *cursor);
        let second = app.ask(Some(ADMIN), &of("BGD"), json!({ "after": cursor })).await;
        let second = &second["country"]["assistanceRequests"]["edges"][0];
        assert_ne!(second["node"], list["edges"][0]["node"]);
        let back = app.ask(Some(ADMIN), &of("BGD"), json!({ "before": second["cursor"] })).await;
        assert_eq!(back["country"]["assistanceRequests"]["edges"][0]["cursor"], *cursor);
        let root = "query($after: String, $before: String) { assistanceRequests(first: 1, after: $after, before: $before) { edges { cursor } } }";
        let of_root = app.ask(Some(ADMIN), root, json!({})).await["assistanceRequests"]["edges"][0]["cursor"].clone();
        let many = "query($after: String, $before: String) { countries(filter: { code: { in: [\"BGD\", \"KEN\"] } }) { nodes { assistanceRequests(first: 1, after: $after, before: $before) { nodes { id } } } } }";
        for (query, cursor) in [(&of("KEN"), cursor), (&of("BGD"), &of_root), (&root.to_owned(), cursor), (&many.to_owned(), cursor)] {
            for argument in ["after", "before"] {
                let (_, answer) = app.post(Some(ADMIN), query, json!({ argument: cursor })).await;
                assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_CURSOR", "{argument} in {query}\n{answer:#}");
            }
        }
    }

    async fn after_what_lacks_a_day_nothing_comes_before_what_has_one(app) {
        let people = crate::support::people(app).await;
        for day in [json!("2027-01-01"), json!("2027-01-02"), json!(null), json!(null)] {
            let mut input = crate::support::draft();
            input["neededBy"] = day;
            app.mutate(&people.focal, "createAssistanceRequest", input, "userErrors { code }").await;
        }
        let query = "query($after: String, $before: String) { assistanceRequests(orderBy: [{ field: NEEDED_BY }], after: $after, before: $before) { edges { cursor } } }";
        let all = app.ask(Some(ADMIN), query, json!({})).await;
        let cursor = |index: usize| all["assistanceRequests"]["edges"][index]["cursor"].clone();
        for (after, before, expected) in [(0, 3, 2), (2, 1, 0), (2, 3, 0), (3, 0, 0), (0, 2, 1)] {
            let page = app.ask(Some(ADMIN), query, json!({ "after": cursor(after), "before": cursor(before) })).await;
            assert_eq!(page["assistanceRequests"]["edges"].as_array().unwrap().len(), expected, "after {after} before {before}");
        }
    }
}
