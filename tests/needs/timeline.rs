//! The timeline: the state at the end of each day, week or month, by the days on which things are said to have happened.

use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::invariants::Tables;
use crate::invariants::figures::{Row, Totals, selection};
use crate::invariants::tables::{Contribution, Item, Request, of};
use crate::on_both;
use crate::support::named_with;
use crate::world::{GIVEN, World, day};

/// Pledged, committed, in transit and delivered at the end of a day.
fn held(tables: &Tables, id: &str, one: &Contribution, day: &str) -> [i64; 4] {
    let by = |on: &Option<String>| on.as_deref().is_some_and(|on| on <= day);
    let [pledged, committed, shipped, _, cancelled] = &one.days;
    if by(cancelled) || !by(pledged) {
        return [0; 4];
    }
    if !by(committed) {
        return [one.quantity, 0, 0, 0];
    }
    let parts = of(&tables.deliveries, id).iter();
    let parts: Vec<_> = parts.filter(|part| !part.voided && part.on.as_str() <= day).collect();
    let accepted: i64 = parts.iter().map(|part| part.accepted).sum();
    let open = one.quantity - accepted - parts.iter().map(|part| part.rejected).sum::<i64>();
    if by(shipped) || !parts.is_empty() {
        [0, 0, open, accepted]
    } else {
        [0, open, 0, accepted]
    }
}

/// What the rows that hold add up to at the end of a day, from the days that they tell. Approvals and quantities are
/// taken as they are now.
fn at_end_of(tables: &Tables, day: &str, holds: impl Fn(Row<'_>) -> bool) -> Totals {
    let mut then: Vec<(&str, Item, Request)> = Vec::new();
    for Row { id, item, request } in tables.rows() {
        let mut history = of(&tables.history, &item.request).iter();
        let Some(was) = history.rfind(|row| row.on.as_str() <= day) else {
            continue;
        };
        let base = item.approved.unwrap();
        let mut sums = [0; 4];
        for (other, one) in tables.contributions.iter().filter(|(_, one)| one.item == id) {
            for (sum, part) in sums.iter_mut().zip(held(tables, other, one, day)) {
                *sum += part;
            }
        }
        let [pledged, committed, in_transit, delivered] = sums;
        let open = match was.status.as_str() {
            "VERIFIED" => [base - committed - in_transit - delivered, base - delivered],
            "CLOSED" => [0, 0],
            _ => continue,
        };
        let buckets = [pledged, committed, in_transit, delivered, open[0], open[1]];
        let request = Request {
            status: was.status.clone(),
            people: was.people,
            ..request.clone()
        };
        then.push((
            id,
            Item {
                buckets,
                ..item.clone()
            },
            request,
        ));
    }
    let rows = then.iter().map(|(id, item, request)| Row { id, item, request });
    tables.totals(rows.filter(|row| holds(*row)))
}

async fn points(app: &TestApp, interval: &str, arguments: &str) -> Vec<(String, Totals)> {
    let query = format!(
        "{{ needsTimeline(interval: {interval}, from: \"{}\", to: \"{}\", {arguments}) {{ date totals {{ {} }} }} }}",
        day(-1),
        day(12),
        selection()
    );
    let answer = app.ask(Some(ADMIN), &query, Value::Null).await;
    let points = answer["needsTimeline"].as_array().unwrap().iter();
    let point = |point: &Value| {
        (
            point["date"].as_str().unwrap().to_owned(),
            Totals::read(&point["totals"]),
        )
    };
    points.map(point).collect()
}

/// Thirteen days in which everything happens that a timeline must tell.
async fn live(app: &TestApp) {
    let world = World::new(app).await;
    let gloves =
        |quantity: &str, cost: &str| json!({ "commodity": "GLOVES_EXAM", "quantity": quantity, "unitCostUsd": cost });
    let surge = json!({ "commodity": "HEALTH_WORKER_SURGE", "kind": "PERSONNEL", "quantity": "12.5" });
    // Monday, day 0.
    let a = world
        .verified("BGD", "CRITICAL", Some(100), json!([gloves("1000", "0.1"), surge]))
        .await;
    let who = world.give(&a["items"][0], "WHO", "300", "PLEDGED").await;
    app.pass_days(1);
    let who = world.step(&who, "commitContribution").await;
    let unicef = world.give(&a["items"][0], "UNICEF", "200", "COMMITTED").await;
    let b = world.verified("KEN", "LOW", None, json!([gloves("50", "2")])).await;
    let late = world.give(&b["items"][0], "WFP", "10", "COMMITTED").await;
    app.pass_days(1);
    let who = world.step(&who, "shipContribution").await;
    let unicef = world.receive(&unicef, "50", "30").await;
    let c = world.verified("VAT", "HIGH", Some(7), json!([gloves("1", "9")])).await;
    world.give(&c["items"][0], "WHO", "1", "PLEDGED").await;
    app.pass_days(1);
    // All of it was received, and most of it refused.
    world.receive(&who, "100", "200").await;
    let off = world.give(&b["items"][0], "UNICEF", "20", "COMMITTED").await;
    app.pass_days(1);
    let wrong = world.give(&a["items"][0], "WFP", "100", "COMMITTED").await;
    let wrong = world.receive(&wrong, "60", "0").await;
    app.pass_days(1);
    let wrong = world.void(&wrong, 0).await;
    let off = world.step(&off, "shipContribution").await;
    app.pass_days(1);
    world.step(&off, "cancelContribution").await;
    // Recorded two days after it happened.
    let input = json!({ "acceptedQuantity": "5", "on": day(4) });
    let part = app
        .mutate(ADMIN, "recordDelivery", named_with(&late, input), GIVEN)
        .await;
    assert_eq!(part["userErrors"], json!([]));
    app.pass_days(1);
    world.take(&c, "withdraw").await;
    app.pass_days(1);
    world.receive(&unicef, "120", "0").await;
    world.step(&wrong, "cancelContribution").await;
    app.pass_days(1);
    world.take(&a, "close").await;
    app.pass_days(4);
}

on_both! {
    async fn each_point_is_what_stood_at_the_end_of_its_interval(app) {
        live(app).await;
        let tables = Tables::read(app).await;
        type View = (&'static str, fn(Row<'_>) -> bool);
        let views: [View; 5] = [
            ("", |_| true),
            ("filter: { status: { eq: VERIFIED } }", |row| row.request.status == "VERIFIED"),
            ("filter: { status: { eq: CLOSED } }", |row| row.request.status == "CLOSED"),
            ("filter: { country: { code: { in: [\"KEN\", \"VAT\"] } } }", |row| row.request.country != "BGD"),
            ("itemFilter: { kind: { eq: PERSONNEL } }", |row| row.item.kind == "PERSONNEL"),
        ];
        for (arguments, holds) in views {
            for (interval, ends) in [("DAY", (-1..=12).collect()), ("WEEK", vec![-1, 6, 12]), ("MONTH", vec![7, 12])] {
                let answered = points(app, interval, arguments).await;
                let dates: Vec<&str> = answered.iter().map(|(date, _)| date.as_str()).collect();
                assert_eq!(dates, ends.iter().map(|end| day(*end)).collect::<Vec<_>>(), "{interval}");
                for (date, totals) in &answered {
                    assert_eq!(totals, &at_end_of(&tables, date, holds), "{interval} {date} ({arguments})");
                }
            }
        }
    }

    async fn what_was_refused_voided_cancelled_and_closed_is_told_day_by_day(app) {
        live(app).await;
        // Requests, then pairs of gloves: requested, pledged, committed, in transit, delivered, uncovered, unmet.
        let expected: [(i128, [i128; 7]); 14] = [
            (0, [0, 0, 0, 0, 0, 0, 0]),
            (1, [1000, 300, 0, 0, 0, 1000, 1000]),
            (2, [1050, 0, 510, 0, 0, 540, 1050]),
            // 50 of 80 were accepted; the need for 30 is open again.
            (3, [1051, 1, 10, 420, 50, 571, 1001]),
            (3, [1051, 1, 30, 120, 150, 751, 901]),
            // The delivery of this day was voided on the next; another was told of two days later.
            (3, [1051, 1, 120, 125, 155, 651, 896]),
            (3, [1051, 1, 100, 145, 155, 651, 896]),
            (3, [1051, 1, 100, 125, 155, 671, 896]),
            (2, [1050, 0, 100, 125, 155, 670, 895]),
            (2, [1050, 0, 0, 5, 275, 770, 775]),
            (2, [1050, 0, 0, 5, 275, 40, 45]),
            (2, [1050, 0, 0, 5, 275, 40, 45]),
            (2, [1050, 0, 0, 5, 275, 40, 45]),
            (2, [1050, 0, 0, 5, 275, 40, 45]),
        ];
        for ((date, totals), (requests, pairs)) in points(app, "DAY", "").await.iter().zip(expected) {
            let seen = totals.quantities.get("PAIR").copied().unwrap_or_default();
            assert_eq!((totals.requests, seen), (requests, pairs.map(|pairs| pairs * 1000)), "{date}");
        }
    }
}
