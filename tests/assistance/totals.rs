//! Every total and every grouping of the analysis adds up to what the rows say.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::invariants::Tables;

const VALUES: [&str; 7] = [
    "requested",
    "pledged",
    "committed",
    "inTransit",
    "delivered",
    "uncovered",
    "unmet",
];
const GROUPINGS: [&[&str]; 6] = [
    &["COUNTRY"],
    &["CATEGORY", "KIND"],
    &["WHO_REGION", "PRIORITY", "STATUS"],
    &["COMMODITY", "MONTH", "DOMAIN", "INCOME_GROUP"],
    &["UN_SUBREGION"],
    &["STATUS", "KIND"],
];

/// US dollars of an answer, in ten-millionths.
fn e7(text: &str) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<7}").parse().unwrap()
}

/// The values of VERIFIED and CLOSED requests, added up from the rows, and how many requests and items they are of.
fn of_rows(tables: &Tables) -> ([i128; 7], usize, usize) {
    let (mut sums, mut requests, mut items) = ([0; 7], BTreeSet::new(), 0);
    for item in tables.items.values() {
        if !["VERIFIED", "CLOSED"].contains(&tables.requests[&item.request].status.as_str()) {
            continue;
        }
        items += 1;
        requests.insert(&item.request);
        let cost = i128::from(item.unit_cost.unwrap_or(0));
        let base = item.approved.unwrap_or(item.quantity);
        for (sum, milli) in sums.iter_mut().zip([base].into_iter().chain(item.buckets)) {
            *sum += i128::from(milli) * cost;
        }
    }
    (sums, requests.len(), items)
}

fn add(sums: &mut [i128; 7], totals: &Value) {
    for (sum, name) in sums.iter_mut().zip(VALUES) {
        *sum += e7(totals[format!("{name}ValueUsd")].as_str().unwrap());
    }
}

/// Fails where a total, an analysis, its present moment or the last point of a timeline is not what the rows say.
pub async fn agree(app: &TestApp, tables: &Tables) {
    let (expected, requests, items) = of_rows(tables);
    let fields: Vec<String> = VALUES.iter().map(|name| format!("{name}ValueUsd")).collect();
    let totals = format!("requestCount itemCount {}", fields.join(" "));
    let query = format!(
        "query($by: [NeedsDimension!]!) {{ needsAnalysis(groupBy: $by, first: 100) {{ totalCount nodes {{ totals {{ {totals} }} }} }} }}"
    );
    for by in GROUPINGS {
        let seen = app.ask(Some(ADMIN), &query, json!({ "by": by })).await;
        let (mut sums, mut count) = ([0; 7], 0);
        for row in seen["needsAnalysis"]["nodes"].as_array().unwrap() {
            add(&mut sums, &row["totals"]);
            count += row["totals"]["itemCount"].as_u64().unwrap();
        }
        assert_eq!(
            seen["needsAnalysis"]["totalCount"],
            seen["needsAnalysis"]["nodes"].as_array().unwrap().len()
        );
        assert_eq!((sums, count), (expected, items as u64), "{by:?}");
    }
    let today = app.clock.now().date_naive();
    let query = format!(
        "{{ country(code: \"BGD\") {{ needs {{ {totals} }} }} needsTimeline(interval: DAY, from: \"{today}\", to: \"{today}\") {{ totals {{ {totals} }} }} }}"
    );
    let seen = app.ask(Some(ADMIN), &query, Value::Null).await;
    for totals in [&seen["country"]["needs"], &seen["needsTimeline"][0]["totals"]] {
        let mut sums = [0; 7];
        add(&mut sums, totals);
        assert_eq!(sums, expected);
        assert_eq!(
            (&totals["requestCount"], &totals["itemCount"]),
            (&json!(requests), &json!(items))
        );
    }
}
