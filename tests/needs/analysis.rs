//! The analysis: whatever it is cut by it adds up to the same, in the order that is asked for, now and as it was known.

use std::cmp::Ordering;

use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::invariants::Tables;
use crate::invariants::figures::{DIMENSIONS, Key, Totals, counts, key_of, key_selection, selection};
use crate::on_both;
use crate::world::World;

const DELIVERED: usize = 4;
const UNCOVERED: usize = 5;
const UNMET: usize = 6;
const FIELDS: [&str; 6] = [
    "COVERAGE",
    "DELIVERED_VALUE",
    "REQUESTED_VALUE",
    "REQUEST_COUNT",
    "UNCOVERED_VALUE",
    "UNMET_VALUE",
];

/// All groups in the order of the answers, page by page.
async fn ask(app: &TestApp, by: &[&str], more: Value, first: usize) -> Vec<(Key, Totals)> {
    let query = format!(
        "query($by: [NeedsDimension!]!, $order: [NeedsAnalysisOrder!], $asOf: DateTime, $first: Int, $after: String) {{
            needsAnalysis(groupBy: $by, orderBy: $order, asOf: $asOf, first: $first, after: $after) {{
                totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ {} totals {{ {} }} }} }} }}",
        key_selection(),
        selection()
    );
    let (mut groups, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut variables = json!({ "by": by, "first": first, "after": after });
        for (name, value) in more.as_object().into_iter().flatten() {
            variables[name] = value.clone();
        }
        let answer = app.ask(Some(ADMIN), &query, variables).await["needsAnalysis"].clone();
        let rows = answer["nodes"].as_array().unwrap().iter();
        groups.extend(rows.map(|row| (key_of(row, by), Totals::read(&row["totals"]))));
        if answer["pageInfo"]["hasNextPage"] == false {
            assert_eq!(answer["totalCount"], groups.len(), "{by:?}");
            return groups;
        }
        after = answer["pageInfo"]["endCursor"].clone();
    }
}

/// Every set of one to four dimensions.
fn sets() -> Vec<Vec<&'static str>> {
    let all = 1_u32..1 << DIMENSIONS.len();
    let of = |set: u32| {
        DIMENSIONS
            .iter()
            .enumerate()
            .filter(move |(index, _)| set >> index & 1 == 1)
    };
    let sets = all.filter(|set| set.count_ones() <= 4);
    sets.map(|set| of(set).map(|(_, (name, _))| *name).collect()).collect()
}

/// How one group stands to another by one key; nulls come last whatever the direction.
fn compare(field: &str, descending: bool, one: &Totals, other: &Totals) -> Ordering {
    let value = |totals: &Totals| match field {
        "DELIVERED_VALUE" => totals.values[DELIVERED],
        "REQUESTED_VALUE" => totals.values[0],
        "REQUEST_COUNT" => totals.requests,
        "UNCOVERED_VALUE" => totals.values[UNCOVERED],
        _ => totals.values[UNMET],
    };
    let order = match (field, one.coverage(), other.coverage()) {
        ("COVERAGE", None, None) => return Ordering::Equal,
        ("COVERAGE", None, _) => return Ordering::Greater,
        ("COVERAGE", _, None) => return Ordering::Less,
        ("COVERAGE", Some((one, of_one)), Some((other, of_other))) => (one * of_other).cmp(&(other * of_one)),
        _ => value(one).cmp(&value(other)),
    };
    if descending { order.reverse() } else { order }
}

on_both! {
    async fn whatever_needs_are_cut_by_they_add_up_to_the_same(app) {
        World::new(app).await.fill().await;
        let tables = Tables::read(app).await;
        let rows = || tables.rows().filter(|row| counts(row.request));
        let all = tables.totals(rows());
        let sets = sets();
        assert_eq!(sets.len(), 11 + 55 + 165 + 330);
        for by in sets {
            let groups = ask(app, &by, Value::Null, 100).await;
            let mut sum = Totals::default();
            for (_, totals) in &groups {
                sum.add(totals);
            }
            assert_eq!((sum.items, sum.unpriced, sum.values, &sum.quantities), (all.items, all.unpriced, all.values, &all.quantities), "{by:?}");
            assert_eq!(groups.into_iter().collect::<std::collections::BTreeMap<_, _>>(), tables.groups(&by, rows()), "{by:?}");
        }
    }

    async fn groups_come_in_the_order_that_is_asked_for(app) {
        World::new(app).await.fill().await;
        let tables = Tables::read(app).await;
        let groups: Vec<(Key, Totals)> = tables.groups(&["COUNTRY"], tables.rows().filter(|row| counts(row.request))).into_iter().collect();
        let (mut ties, mut nulls) = (0, 0);
        let directions = [("ASC", false), ("DESC", true)];
        let key = |field: &'static str| directions.map(|(name, descending)| (field, name, descending));
        let keys: Vec<_> = FIELDS.into_iter().flat_map(key).collect();
        let orders = keys.iter().map(|key| vec![*key]);
        let pairs = keys.iter().flat_map(|one| keys.iter().filter(move |other| other.0 != one.0).map(move |other| vec![*one, *other]));
        for order in orders.chain(pairs) {
            let mut expected = groups.clone();
            // A stable sort: what ties stays in the order of the codes.
            expected.sort_by(|(_, one), (_, other)| {
                order.iter().fold(Ordering::Equal, |known, (field, _, descending)| known.then(compare(field, *descending, one, other)))
            });
            ties += expected.windows(2).filter(|pair| order.iter().all(|(field, ..)| compare(field, false, &pair[0].1, &pair[1].1).is_eq())).count();
            nulls += usize::from(order[0].0 == "COVERAGE" && expected.last().unwrap().1.coverage().is_none());
            let by: Vec<Value> = order.iter().map(|(field, direction, _)| json!({ "field": field, "direction": direction })).collect();
            for first in [3, 100] {
                let answered = ask(app, &["COUNTRY"], json!({ "order": by }), first).await;
                let codes = |groups: &[(Key, Totals)]| groups.iter().map(|(key, _)| key[0].clone().unwrap()).collect::<Vec<_>>();
                assert_eq!(codes(&answered), codes(&expected), "{order:?}, {first} a page");
            }
        }
        assert!(ties > 50 && nulls > 10, "{ties} ties and {nulls} times nothing is priced");
    }

    async fn what_was_known_at_a_moment_is_what_was_answered_then(app) {
        let world = World::new(app).await;
        let groupings: [&[&str]; 5] = [&["COUNTRY"], &["CATEGORY", "KIND"], &["STATUS", "PRIORITY"], &["COMMODITY", "WHO_REGION", "MONTH"], &["DOMAIN", "INCOME_GROUP", "UN_SUBREGION"]];
        let filters = [
            "", "filter: { status: { eq: VERIFIED } }", "filter: { country: { code: { in: [\"BGD\", \"VEN\"] } } }",
            "filter: { priority: { in: [HIGH, CRITICAL] }, peopleInNeed: { gte: 10 } }", "itemFilter: { category: { under: \"MED.PPE\" } }",
            "itemFilter: { not: { kind: { eq: GOODS } } }", "filter: { status: { eq: CLOSED } }, itemFilter: { commodity: { code: { eq: \"GLOVES_EXAM\" } } }",
        ];
        let answers = async |as_of: Option<String>| {
            let mut all = Vec::new();
            for by in groupings {
                for filter in filters {
                    let as_of = as_of.as_ref().map(|moment| format!("asOf: \"{moment}\"")).unwrap_or_default();
                    let query = format!("{{ needsAnalysis(groupBy: [{}], first: 100, {as_of} {filter}) {{ totalCount nodes {{ {} totals {{ {} }} }} }} }}", by.join(", "), key_selection(), selection());
                    all.push(app.ask(Some(ADMIN), &query, Value::Null).await);
                }
            }
            all
        };
        let mut known = Vec::new();
        let mut remember = async || {
            known.push((app.clock.now().to_rfc3339_opts(SecondsFormat::Micros, true), answers(None).await));
            app.clock.set(app.clock.now() + TimeDelta::milliseconds(1));
        };
        remember().await;
        world.fill().await;
        remember().await;
        app.pass_days(20);
        let request = world.verified("BGD", "HIGH", Some(44), json!([{ "commodity": "GLOVES_EXAM", "quantity": "80", "unitCostUsd": "3" }])).await;
        let given = world.give(&request["items"][0], "WHO", "30", "IN_TRANSIT").await;
        let given = world.receive(&given, "10", "5").await;
        remember().await;
        // What is said later of an earlier day was not known before.
        let given = world.void(&given, 0).await;
        let input = json!({ "id": request["id"], "version": request["version"], "priority": "LOW", "peopleInNeed": 3 });
        let changed = app.mutate(&world.coordinator, "updateAssistanceRequest", input, "assistanceRequest { id version } userErrors { code }").await;
        remember().await;
        world.step(&given, "cancelContribution").await;
        world.take(&changed["assistanceRequest"], "close").await;
        remember().await;
        app.pass_days(1);
        assert!(known.windows(2).all(|pair| pair[0].1 != pair[1].1), "each moment knew something else");
        for (moment, then) in known {
            assert_eq!(answers(Some(moment.clone())).await, then, "{moment}");
        }
    }
}
