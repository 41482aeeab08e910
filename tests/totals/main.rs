//! Totals, analysis and timeline against plain recomputation, on SQLite and on PostgreSQL.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails says so by panicking"
)]

#[path = "../common/opening.rs"]
mod opening;
#[allow(dead_code, reason = "what the walks need and the sums do not")]
#[path = "../assistance/random.rs"]
mod random;
mod summary;
mod world;

use std::sync::Arc;

use entity::enums::{Priority, RequestStatus};
use entity::{assistance_request as ar, delivery, movement};
use nam_needs::domain::actor::Actor;
use nam_needs::domain::contribution::ContributionStep;
use nam_needs::domain::filter::{Choice, Filter, RequestField};
use nam_needs::domain::limits::Limits;
use nam_needs::domain::step::Step;
use nam_needs::domain::totals::{Sums, Totals};
use nam_needs::store::Consistency;
use nam_needs::store::contribution as contributions;
use nam_needs::store::needs::{Analysis, Asked, Dimension, Of, totals_of};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder};
use uuid::Uuid;

use crate::world::*;

#[tokio::test]
async fn totals_equal_plain_addition() {
    for w in worlds("totals").await {
        fill(&w).await;
        let asked = Asked::default();
        let reader = w.reader();
        let codes: Vec<String> = ["AAA", "BBB", "CCC"].map(Into::into).into();
        let before = w.store.statements();
        let countries = totals_of(&reader, &Of::Countries(codes.clone()), &asked, true)
            .await
            .unwrap();
        assert_eq!(w.store.statements() - before, 3);
        for code in &codes {
            let plain = w
                .plain(|request, _| counted(request) && request.country_code == *code)
                .await;
            assert_eq!(countries[code], plain, "{code}");
        }
        assert!(countries["AAA"].values.pledged > i128::from(i64::MAX));
        let tops: Vec<String> = ["MED", "PPE", "MASK", "SOC"].map(Into::into).into();
        let categories = totals_of(&reader, &Of::Categories(tops.clone()), &asked, true)
            .await
            .unwrap();
        for top in &tops {
            let below = w.store.reference().descendants(top);
            let plain = w
                .plain(|request, item| counted(request) && below.contains(&item.category_code))
                .await;
            assert_eq!(categories[top], plain, "{top}");
        }
        let n95 = totals_of(&reader, &Of::Commodities(vec!["N95".into()]), &asked, true)
            .await
            .unwrap();
        let plain = w
            .plain(|request, item| counted(request) && item.commodity_code.as_deref() == Some("N95"))
            .await;
        assert_eq!(n95["N95"], plain);
        let any = Asked {
            any_status: true,
            ..Asked::default()
        };
        let all = ar::Entity::find().all(&w.db).await.unwrap();
        let admin = w.store.reader(author(), Consistency::Snapshot);
        let each = totals_of(
            &admin,
            &Of::Requests(all.iter().map(|row| row.id).collect()),
            &any,
            true,
        )
        .await
        .unwrap();
        for row in &all {
            assert_eq!(
                each[&row.id.to_string()],
                w.plain(|request, _| request.id == row.id).await
            );
        }
        let submitted = Filter::Not(Box::new(Filter::All(vec![Filter::Is(RequestField::Status(
            Choice::Ne(RequestStatus::Submitted),
        ))])));
        let asked = Asked {
            requests: submitted,
            ..Asked::default()
        };
        let seen = totals_of(&admin, &Of::Countries(codes.clone()), &asked, false)
            .await
            .unwrap();
        assert_eq!((seen.len(), seen["AAA"].people), (1, 1_000));
        assert!(
            totals_of(&reader, &Of::Countries(codes), &asked, false)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn every_analysis_adds_up_to_the_same() {
    use Dimension as D;
    for w in worlds("analysis").await {
        fill(&w).await;
        let plain = w.plain(|request, _| counted(request)).await;
        let sets: [&[D]; 8] = [
            &[D::Country],
            &[D::WhoRegion],
            &[D::Domain, D::WhoRegion],
            &[D::Category, D::Kind],
            &[D::Commodity],
            &[D::Priority, D::Status, D::Month],
            &[D::IncomeGroup, D::UnSubregion, D::Domain],
            &[D::Country, D::Category, D::Priority, D::Month],
        ];
        for set in sets {
            let asked = Asked {
                as_of: Some(w.reader().now()),
                ..Asked::default()
            };
            for asked in [Asked::default(), asked] {
                let groups = w.groups(set, None, asked).await;
                let sum = groups
                    .iter()
                    .fold(Sums::default(), |sum, row| sum.plus(row.totals.values));
                assert_eq!(sum, plain.values, "{set:?}");
                assert_eq!(groups.iter().map(|row| row.totals.items).sum::<i128>(), plain.items);
                let uncovered: Vec<i128> = groups.iter().map(|row| row.totals.values.uncovered).collect();
                assert!(uncovered.is_sorted_by(|a, b| a >= b), "{uncovered:?}");
            }
        }
        let regions = w.groups(&[D::WhoRegion], None, Asked::default()).await;
        let none = regions.iter().find(|row| row.who_region.is_none()).unwrap();
        assert_eq!(
            none.totals,
            w.plain(|request, _| counted(request) && request.country_code == "CCC")
                .await
        );
        let roots = w.groups(&[D::Category], Some(1), Asked::default()).await;
        let med = roots.iter().find(|row| row.category.as_deref() == Some("MED")).unwrap();
        assert_eq!(
            med.totals,
            w.plain(|request, item| counted(request) && item.category_code != "SOC")
                .await
        );
        assert_eq!(roots.len(), 2);
        let months = w.groups(&[D::Month], None, Asked::default()).await;
        assert_eq!((months.len(), months[0].month), (1, Some(on(1))));
        // Today the timeline says the same, and before anything happened, nothing.
        let points = w.points(0, 9, &Asked::default()).await;
        assert_eq!(points[9], plain);
        assert_eq!(points[0], Totals::default());
        assert_eq!(w.points(9, 9, &Asked::default()).await[0], plain);
    }
}

#[tokio::test]
async fn what_can_not_be_analysed_is_refused() {
    use Dimension as D;
    let refused = |by: &[D], depth, asked| Analysis::new(by, depth, asked, at(1)).is_err();
    let asked = Asked::default;
    assert!(refused(&[], None, asked()) && refused(&[D::Kind, D::Kind], None, asked()));
    assert!(refused(
        &[D::Kind, D::Month, D::Status, D::Domain, D::Country],
        None,
        asked()
    ));
    assert!(refused(&[D::Kind], Some(1), asked()) && refused(&[D::Category], Some(0), asked()));
    assert!(refused(
        &[D::Kind],
        None,
        Asked {
            as_of: Some(at(2)),
            ..asked()
        }
    ));
    let stale = Filter::Is(RequestField::Stale(true));
    assert!(refused(
        &[D::Kind],
        None,
        Asked {
            as_of: Some(at(1)),
            requests: stale,
            ..asked()
        }
    ));
    let high = Filter::Is(RequestField::Priority(Choice::Eq(Priority::High)));
    assert!(!refused(
        &[D::Kind],
        None,
        Asked {
            as_of: Some(at(1)),
            requests: high,
            ..asked()
        }
    ));
}

/// Nothing of it was shipped, so that it went into transit with the first part of those that were not counted by mistake.
#[tokio::test]
async fn a_part_that_was_voided_leaves_no_trace_in_the_days_before_the_next() {
    for first_is_voided_first in [true, false] {
        for w in worlds("voided").await {
            let mask = item("MASK", None, "PIECE", 10_000, None);
            let request = w.verified("AAA", None, Priority::High, vec![mask]).await;
            let gift = w.give(w.items(request).await[0], 4_000, true).await;
            w.day(3);
            w.receive(gift, 3, 1_000, 0).await;
            w.day(4);
            let patch = contributions::ContributionPatch {
                quantity_milli: Some(3_500),
                ..Default::default()
            };
            let version = w.version(gift).await;
            contributions::update(&w.store, checker(), Some(gift), version, patch)
                .await
                .unwrap();
            w.day(5);
            w.receive(gift, 5, 500, 0).await;
            w.receive(gift, 5, 500, 0).await;
            w.day(7);
            // Committed, in transit, delivered, in halves.
            let told = async || -> Vec<[i128; 3]> {
                let points = w.points(2, 8, &Asked::default()).await;
                let of = |point: &Totals| point.quantities["PIECE"];
                let halves = points
                    .iter()
                    .map(of)
                    .map(|all| [all.committed, all.in_transit, all.delivered]);
                halves.map(|all| all.map(|milli| milli / 500)).collect()
            };
            let committed = [8, 0, 0];
            assert_eq!(
                told().await,
                [
                    committed,
                    [0, 6, 2],
                    [0, 5, 2],
                    [0, 3, 4],
                    [0, 3, 4],
                    [0, 3, 4],
                    [0, 3, 4]
                ]
            );
            let parts = delivery::Entity::find().order_by_asc(delivery::Column::DeliveredOn);
            let mut parts = parts.all(&w.db).await.unwrap();
            if !first_is_voided_first {
                parts.reverse();
            }
            for (voided, part) in parts.iter().enumerate() {
                let version = w.version(gift).await;
                contributions::void_delivery(&w.store, checker(), Some(part.id), version, "Miscounted.".into())
                    .await
                    .unwrap();
                // The resizing of day 4 stands.
                let after = |on_3: [i128; 3], on_4: [i128; 3], from_5: [i128; 3]| {
                    [committed, on_3, on_4, from_5, from_5, from_5, from_5].to_vec()
                };
                let expected = match (first_is_voided_first, voided) {
                    (true, 0) => after(committed, [7, 0, 0], [0, 5, 2]),
                    (true, 1) => after(committed, [7, 0, 0], [0, 6, 1]),
                    (false, 0) => after([0, 6, 2], [0, 5, 2], [0, 4, 3]),
                    (false, 1) => after([0, 6, 2], [0, 5, 2], [0, 5, 2]),
                    _ => after(committed, [7, 0, 0], [7, 0, 0]),
                };
                assert_eq!(told().await, expected, "{first_is_voided_first} {voided}");
            }
        }
    }
}

/// As a server of before left them: it did not move what was committed until the next part.
#[tokio::test]
async fn what_was_voided_before_that_was_known_leaves_no_trace_any_more_once_the_rest_is() {
    for w in worlds("voided_before").await {
        let mask = item("MASK", None, "PIECE", 10_000, None);
        let request = w.verified("AAA", None, Priority::High, vec![mask]).await;
        let gift = w.give(w.items(request).await[0], 4_000, true).await;
        for (day, part) in [(3, 1_000), (5, 500)] {
            w.day(day);
            w.receive(gift, day, part, 0).await;
        }
        let parts = delivery::Entity::find().order_by_asc(delivery::Column::DeliveredOn);
        for (day, part) in (7..).zip(parts.all(&w.db).await.unwrap()) {
            w.day(day);
            let version = w.version(gift).await;
            contributions::void_delivery(&w.store, checker(), Some(part.id), version, "Miscounted.".into())
                .await
                .unwrap();
            if day == 7 {
                let all = movement::Entity::find().all(&w.db).await.unwrap();
                let moves =
                    |one: &movement::Model| one.committed_milli != 0 && one.committed_milli == -one.in_transit_milli;
                let moved: Vec<_> = all.into_iter().filter(moves).collect();
                assert_eq!(moved.len(), 2);
                // Nothing of it can be deleted, so it is made undone.
                for one in moved {
                    let undone = movement::Model {
                        id: Uuid::now_v7(),
                        committed_milli: -one.committed_milli,
                        in_transit_milli: -one.in_transit_milli,
                        ..one
                    };
                    let undone = undone.into_active_model().reset_all();
                    movement::Entity::insert(undone)
                        .exec_without_returning(&w.db)
                        .await
                        .unwrap();
                }
            }
        }
        for point in w.points(2, 9, &Asked::default()).await {
            let all = point.quantities["PIECE"];
            assert_eq!([all.committed, all.in_transit, all.delivered], [4_000, 0, 0]);
        }
    }
}

#[tokio::test]
async fn a_timeline_tells_every_day_as_it_was() {
    use ContributionStep::{Cancel, Commit, Ship};
    for w in worlds("timeline").await {
        let a = w
            .verified(
                "AAA",
                Some(100),
                Priority::High,
                vec![item("MASK", None, "PIECE", 10_000, Some(20_000))],
            )
            .await;
        let a_item = w.items(a).await[0];
        let gift = w.give(a_item, 4_000, false).await;
        w.day(2);
        w.move_on(gift, Commit).await;
        let b = w
            .verified(
                "BBB",
                Some(50),
                Priority::Low,
                vec![item("SOC", None, "HOUR", 5_000, None)],
            )
            .await;
        w.day(3);
        w.move_on(gift, Ship).await;
        w.day(4);
        w.take(b, Step::Withdraw).await;
        w.day(5);
        w.receive(gift, 5, 3_000, 1_000).await;
        w.day(6);
        let part = delivery::Entity::find().one(&w.db).await.unwrap().unwrap();
        contributions::void_delivery(
            &w.store,
            checker(),
            Some(part.id),
            w.version(gift).await,
            "Miscounted.".into(),
        )
        .await
        .unwrap();
        w.receive(gift, 6, 4_000, 0).await;
        w.day(7);
        let other = w.give(a_item, 2_000, true).await;
        w.day(8);
        w.move_on(other, Cancel).await;
        w.day(9);
        w.take(a, Step::Close).await;
        // requested, pledged, committed, in transit, delivered, uncovered, unmet; requests, people.
        let expected: [([i128; 7], i128, i128); 11] = [
            ([0, 0, 0, 0, 0, 0, 0], 0, 0),
            ([10, 4, 0, 0, 0, 10, 10], 1, 100),
            ([10, 0, 4, 0, 0, 6, 10], 2, 150),
            ([10, 0, 0, 4, 0, 6, 10], 2, 150),
            ([10, 0, 0, 4, 0, 6, 10], 1, 100),
            // The delivery of this day was voided on the next.
            ([10, 0, 0, 4, 0, 6, 10], 1, 100),
            ([10, 0, 0, 0, 4, 6, 6], 1, 100),
            ([10, 0, 2, 0, 4, 4, 6], 1, 100),
            ([10, 0, 0, 0, 4, 6, 6], 1, 100),
            ([10, 0, 0, 0, 4, 0, 0], 1, 100),
            ([10, 0, 0, 0, 4, 0, 0], 1, 100),
        ];
        let points = w.points(0, 10, &Asked::default()).await;
        for (day, (point, (units, requests, people))) in points.iter().zip(expected).enumerate() {
            let milli = Sums::of(units.map(|units| units * 1_000));
            assert_eq!(
                point.quantities.get("PIECE").copied().unwrap_or_default(),
                milli,
                "day {day}"
            );
            assert_eq!(
                point.values,
                Sums::of(units.map(|units| units * 20_000_000)),
                "day {day}"
            );
            assert_eq!(
                (point.requests, point.countries, point.people),
                (requests, requests, people),
                "day {day}"
            );
            assert_eq!(point.unpriced_items, requests.saturating_sub(1).max(0), "day {day}");
            assert_eq!(point.quantities.contains_key("HOUR"), requests == 2, "day {day}");
        }
        assert_eq!(points[10], w.plain(|request, _| counted(request)).await);
        // A part of it says the same of its days.
        assert_eq!(w.points(5, 7, &Asked::default()).await, points[5..=7]);
        // Only while it was VERIFIED: the closed request leaves.
        let verified = Filter::Is(RequestField::Status(Choice::Eq(RequestStatus::Verified)));
        let only = w
            .points(
                8,
                9,
                &Asked {
                    requests: verified,
                    ..Asked::default()
                },
            )
            .await;
        assert_eq!(only, [points[8].clone(), Totals::default()]);
        // What was known on day 5: the delivery that was voided later.
        let known = w
            .groups(
                &[Dimension::Country],
                None,
                Asked {
                    as_of: Some(at(5)),
                    ..Asked::default()
                },
            )
            .await;
        assert_eq!(known.len(), 1);
        assert_eq!(
            known[0].totals.quantities["PIECE"],
            Sums::of([10_000, 0, 0, 0, 3_000, 7_000, 7_000])
        );
        assert_eq!(known[0].totals.people, 100);
    }
}

#[tokio::test]
async fn the_schema_answers_totals_in_a_fixed_number_of_statements() {
    for w in worlds("schema").await {
        fill(&w).await;
        let document = "{
            needsAnalysis(groupBy: [COUNTRY], first: 2) { totalCount pageInfo { hasNextPage endCursor } nodes {
                country { code needs { requestedValueUsd coverage quantities { unit { code } requested } } } month
                totals { requestCount pledgedValueUsd peopleInNeed } } }
            needsTimeline(interval: MONTH, from: \"2020-03-15\", to: \"2020-05-09\") { date totals { itemCount unmetValueUsd } }
            assistanceRequests { nodes { totals { uncoveredValueUsd } } }
            refused: needsTimeline(interval: DAY, from: \"2000-03-15\", to: \"2020-05-09\") { date }
        }";
        let data = nam_needs::graphql::context::Request {
            actor: Arc::new(Actor::anonymous()),
            store: w.store.clone(),
            limits: Arc::new(Limits::default()),
            // The answer is looked at as a tree.
            merges: true,
            written: Default::default(),
        };
        let before = w.store.statements();
        let answer = nam_needs::graphql::schema()
            .execute(async_graphql::Request::new(document).data(data))
            .await;
        let statements = w.store.statements() - before;
        let json = serde_json::to_value(&answer).unwrap();
        assert_eq!(statements, 2 + 3 + 3 + 1 + 2, "{json:#}");
        assert_eq!(json["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        let analysis = &json["data"]["needsAnalysis"];
        assert_eq!(analysis["totalCount"], 3);
        assert_eq!(analysis["nodes"][0]["country"]["code"], "CCC");
        assert_eq!(analysis["nodes"][0]["totals"]["peopleInNeed"], "15");
        assert_eq!(
            analysis["nodes"][0]["country"]["needs"]["requestedValueUsd"],
            "1000000000000"
        );
        assert_eq!(analysis["nodes"][1]["totals"]["pledgedValueUsd"], "2500000000000");
        let timeline = json["data"]["needsTimeline"].as_array().unwrap();
        let dates: Vec<_> = timeline.iter().map(|point| point["date"].as_str().unwrap()).collect();
        assert_eq!(dates, ["2020-03-31", "2020-04-30", "2020-05-09"]);
        assert_eq!(timeline[2]["totals"]["itemCount"], 8);
    }
}
