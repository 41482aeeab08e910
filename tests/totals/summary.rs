//! Figures from the summary against the same summed from rows, at every moment of a random history.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use entity::enums::{Priority, RequestStatus, WhoRegion};
use nam_needs::domain::actor::Actor;
use nam_needs::domain::contribution::ContributionStep;
use nam_needs::domain::filter::{CategoryField, Choice, CountryField, Filter, ItemField, RequestField, Text};
use nam_needs::domain::reference::Reference;
use nam_needs::domain::step::Step;
use nam_needs::domain::totals::Totals;
use nam_needs::store::assistance_request::{self as requests, RequestPatch};
use nam_needs::store::change;
use nam_needs::store::needs::{Analysis, Asked, Dimension as D, Of, analysis, follow, refresh, totals_of};
use nam_needs::store::page::{Arguments, Paging};
use nam_needs::store::{Consistency, Map, Store};
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use uuid::Uuid;

use crate::random::{Random, rounds};
use crate::world::*;

type Answer = Map<String, Totals>;

/// Waits for the writes of other tests: on PostgreSQL all databases count their transactions together.
async fn up_to_date(store: &Store) {
    for _ in 0..10_000 {
        if refresh(store).await.unwrap() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("something goes on writing");
}

/// Groups of an analysis by their printed dimensions, and the statements it took.
async fn groups(store: &Store, by: &[D], depth: Option<i32>, asked: &Asked) -> (Answer, u64) {
    let reader = store.reader(Arc::new(Actor::anonymous()), Consistency::Snapshot);
    let asked = Analysis::new(by, depth, asked.clone(), reader.now()).unwrap();
    let paging = Paging::new(&Arguments::default(), 100, 100, "a", "b", "c").unwrap();
    let before = store.statements();
    let page = analysis(&reader, &asked, &[], &paging, true).await.unwrap();
    let statements = store.statements() - before;
    let named = page.rows.into_iter().map(|(row, _)| {
        let place = (
            row.country,
            row.who_region,
            row.domain,
            row.category,
            row.priority,
            row.status,
        );
        (format!("{place:?}"), row.totals)
    });
    (named.collect(), statements)
}

async fn totals(store: &Store, of: &Of, asked: &Asked) -> (Answer, u64) {
    let reader = store.reader(Arc::new(Actor::anonymous()), Consistency::Snapshot);
    let before = store.statements();
    let totals = totals_of(&reader, of, asked, true).await.unwrap();
    (totals, store.statements() - before)
}

fn priority(test: Choice<Priority>) -> Filter<RequestField> {
    Filter::Is(RequestField::Priority(test))
}

fn status(test: Choice<RequestStatus>) -> Filter<RequestField> {
    Filter::Is(RequestField::Status(test))
}

fn under(top: &str) -> Filter<ItemField> {
    Filter::Is(ItemField::Category(Filter::Is(CategoryField::Under(top.into()))))
}

/// What the summary answers.
fn answered() -> Vec<Asked> {
    let region = Filter::Is(CountryField::WhoRegion(Choice::Ne(WhoRegion::Afro)));
    let requests = [
        Filter::default(),
        priority(Choice::In(vec![Priority::High, Priority::Critical])),
        status(Choice::Eq(RequestStatus::Verified)),
        status(Choice::In(vec![RequestStatus::Verified, RequestStatus::Closed])),
        Filter::Any(vec![
            Filter::Is(RequestField::Country(region)),
            priority(Choice::Eq(Priority::Low)),
        ]),
    ];
    let items = [
        Filter::default(),
        under("MED"),
        Filter::All(vec![
            under("PPE"),
            Filter::Is(ItemField::Request(priority(Choice::Ne(Priority::Low)))),
        ]),
    ];
    let both = requests.into_iter().flat_map(|requests| {
        items.clone().map(|items| Asked {
            requests: requests.clone(),
            items,
            ..Asked::default()
        })
    });
    both.collect()
}

/// What rows must tell.
fn not_answered() -> Vec<Asked> {
    let of = |requests, items| Asked {
        requests,
        items,
        ..Asked::default()
    };
    vec![
        of(status(Choice::Ne(RequestStatus::Closed)), Filter::default()),
        of(Filter::Is(RequestField::Stale(false)), Filter::default()),
        of(
            Filter::Is(RequestField::Title(Text::Contains("mask".into()))),
            Filter::default(),
        ),
        of(Filter::default(), Filter::Not(Box::new(under("MASK")))),
        of(
            Filter::default(),
            Filter::Is(ItemField::Uncovered(nam_needs::domain::filter::Ordered::Gt(0))),
        ),
    ]
}

const BY: [(&[D], Option<i32>); 9] = [
    (&[D::WhoRegion], None),
    (&[D::Country], None),
    (&[D::Domain], None),
    (&[D::Category], None),
    (&[D::Category, D::WhoRegion], Some(1)),
    (&[D::Category], Some(2)),
    (&[D::Priority, D::Status], None),
    (&[D::Country, D::Category, D::Priority, D::Status], None),
    (&[D::IncomeGroup, D::Domain, D::Status], None),
];

/// The same of everything, by a store with a summary and by one without.
async fn agree(w: &World, plain: &Store, questions: &[Asked]) {
    for asked in questions {
        for (by, depth) in BY {
            let ((mine, _), (rows, statements)) = (
                groups(&w.store, by, depth, asked).await,
                groups(plain, by, depth, asked).await,
            );
            assert_eq!(statements, 3, "rows");
            assert_eq!(mine, rows, "{by:?} {depth:?} {asked:?}");
        }
        let tops = Of::Categories(["MED", "PPE", "MASK", "SOC"].map(Into::into).into());
        let countries = Of::Countries(["AAA", "CCC"].map(Into::into).into());
        for of in [tops, countries] {
            let ((mine, _), (rows, _)) = (totals(&w.store, &of, asked).await, totals(plain, &of, asked).await);
            assert_eq!(mine, rows, "{of:?} {asked:?}");
        }
    }
}

/// One random step of somebody, which may be refused: then nothing is written.
async fn step(w: &World, random: &mut Random, known: &mut Known) {
    match random.between(0, 9) {
        0..=2 => {
            let country = *random.pick(&["AAA", "BBB", "CCC"]).unwrap();
            let priority = *random
                .pick(&[Priority::Low, Priority::High, Priority::Critical])
                .unwrap();
            let people = *random.pick(&[None, Some(10), Some(7_000)]).unwrap();
            let items = (0..random.between(1, 4)).map(|_| {
                let (category, unit) = *random
                    .pick(&[("MED", "PIECE"), ("MASK", "PIECE"), ("PPE", "HOUR"), ("SOC", "PIECE")])
                    .unwrap();
                let cost = *random.pick(&[None, Some(0), Some(12_345), Some(20_000)]).unwrap();
                item(category, None, unit, random.between(1, 9_000), cost)
            });
            let items: Vec<_> = items.collect();
            if random.between(0, 4) == 0 {
                w.submit(country, people, priority, items).await;
            } else {
                let request = w.verified(country, people, priority, items).await;
                known.requests.push(request);
                known.items.extend(w.items(request).await);
            }
        }
        3..=5 => {
            if let Some(item) = random.pick(&known.items).copied() {
                let milli = random.between(1, 3_000);
                let new = w.try_give(item, milli, random.between(0, 1) == 0).await;
                known.contributions.extend(new);
            }
        }
        6 | 7 => {
            if let Some(contribution) = random.pick(&known.contributions).copied() {
                let step = *random
                    .pick(&[
                        ContributionStep::Commit,
                        ContributionStep::Ship,
                        ContributionStep::Cancel,
                    ])
                    .unwrap();
                w.try_move_on(contribution, step).await;
            }
        }
        8 => {
            if let Some(request) = random.pick(&known.requests).copied() {
                let step = *random.pick(&[Step::Close, Step::Withdraw]).unwrap();
                let input = w.step(request, Some("So.")).await;
                let _ = requests::take(&w.store, checker(), step, input).await;
            }
        }
        _ => {
            if let Some(request) = random.pick(&known.requests).copied() {
                let patch = RequestPatch {
                    priority: Some(*random.pick(&[Priority::Low, Priority::Medium]).unwrap()),
                    people_in_need: Some(*random.pick(&[None, Some(99)]).unwrap()),
                    ..RequestPatch::default()
                };
                let version = w.step(request, None).await.version;
                let _ = requests::update(&w.store, checker(), Some(request), version, patch).await;
            }
        }
    }
}

#[derive(Default)]
struct Known {
    requests: Vec<Uuid>,
    items: Vec<Uuid>,
    contributions: Vec<Uuid>,
}

#[tokio::test]
async fn the_summary_says_at_every_moment_what_the_rows_say() {
    for w in worlds("summary").await {
        let plain = w.another_store().await;
        let mut random = Random::new("summary");
        let mut known = Known::default();
        let all: Vec<Asked> = answered().into_iter().chain(not_answered()).collect();
        for round in 0..rounds() {
            step(&w, &mut random, &mut known).await;
            if random.between(0, 3) == 0 {
                refresh(&w.store).await.unwrap();
            }
            if round % 5 == 4 {
                let questions: Vec<Asked> = (0..3).filter_map(|_| random.pick(&all).cloned()).collect();
                agree(&w, &plain, &questions).await;
            }
        }
    }
}

#[tokio::test]
async fn what_the_summary_knows_takes_one_statement_and_what_was_just_written_one_more() {
    for w in worlds("statements").await {
        fill(&w).await;
        let asked = Asked::default();
        let by: (&[D], _) = (&[D::Category, D::WhoRegion], Some(1));
        assert_eq!(
            groups(&w.store, by.0, by.1, &asked).await.1,
            3,
            "rows, where there is no summary"
        );
        up_to_date(&w.store).await;
        for asked in answered() {
            assert_eq!(groups(&w.store, by.0, by.1, &asked).await.1, 1, "{asked:?}");
        }
        for asked in not_answered() {
            let by: &[D] = &[D::Priority, D::Country];
            let (_, statements) = groups(&w.store, by, None, &asked).await;
            assert_eq!(statements, 3, "{asked:?}");
        }
        w.verified("AAA", None, Priority::Low, vec![item("MED", None, "PIECE", 5, Some(1))])
            .await;
        assert_eq!(groups(&w.store, by.0, by.1, &asked).await.1, 2);
        up_to_date(&w.store).await;
        assert_eq!(groups(&w.store, by.0, by.1, &asked).await.1, 1);
    }
}

/// Longer than the pause of what keeps the sums: it folds up to what had ended when it looked before.
const A_PAUSE: Duration = Duration::from_millis(300);

#[tokio::test]
async fn whoever_folds_the_sums_more_slowly_takes_nothing_back() {
    for w in worlds("backwards").await {
        fill(&w).await;
        let keeping = tokio::spawn({
            let store = w.store.clone();
            async move { tokio::join!(change::follow(store.clone(), pending()), follow(store, pending())) }
        });
        up_to_date(&w.store).await;
        for _ in 0..4 {
            for _ in 0..2 {
                w.verified("AAA", None, Priority::Low, vec![item("MED", None, "PIECE", 5, Some(1))])
                    .await;
                up_to_date(&w.store).await;
            }
            let began = Instant::now();
            while began.elapsed() < A_PAUSE {
                let (_, statements) = groups(&w.store, &[D::WhoRegion], None, &Asked::default()).await;
                assert_eq!(statements, 1, "after {:?}", began.elapsed());
            }
        }
        keeping.abort();
    }
}

#[tokio::test]
async fn a_summary_by_another_tree_of_categories_is_not_asked() {
    for w in worlds("tree").await {
        fill(&w).await;
        up_to_date(&w.store).await;
        let plain = w.another_store().await;
        let moved = || {
            let mut rows = rows();
            let masks = rows.categories.iter_mut().filter(|row| row.code == "MASK");
            masks.for_each(|row| row.parent_code = Some("MED".into()));
            Reference::new(rows)
        };
        w.store.set_reference(moved());
        plain.set_reference(moved());
        let (under_ppe, statements) = totals(&w.store, &Of::Categories(vec!["PPE".into()]), &Asked::default()).await;
        assert_eq!(statements, 3, "rows");
        assert!(under_ppe["PPE"].items < 4, "{under_ppe:?}");
        agree(&w, &plain, &[Asked::default()]).await;
        up_to_date(&w.store).await;
        assert_eq!(
            totals(&w.store, &Of::Categories(vec!["PPE".into()]), &Asked::default())
                .await
                .1,
            1
        );
        agree(&w, &plain, &[Asked::default()]).await;
    }
}

#[tokio::test]
async fn a_price_that_was_changed_is_read_from_rows() {
    for w in worlds("price").await {
        let import = |cost: &str| {
            let form = requested("AAA", "MASK", cost);
            let options = nam_needs::domain::import::ImportOptions {
                verified: true,
                ..Default::default()
            };
            requests::import(&w.store, Arc::new(Actor::import("HERE")), vec![form], options)
        };
        import("1.5").await.unwrap();
        up_to_date(&w.store).await;
        let plain = w.another_store().await;
        agree(&w, &plain, &[Asked::default()]).await;
        import("2.5").await.unwrap();
        let (now, statements) = groups(&w.store, &[D::Country], None, &Asked::default()).await;
        assert_eq!(statements, 1 + 1 + 3, "what was written, its rows, and then all rows");
        assert_eq!(
            now.values().map(|totals| totals.values.requested).sum::<i128>(),
            25_000_000 * 10
        );
        agree(&w, &plain, &[Asked::default()]).await;
        up_to_date(&w.store).await;
        assert_eq!(groups(&w.store, &[D::Country], None, &Asked::default()).await.1, 1);
        agree(&w, &plain, &[Asked::default()]).await;
    }
}

/// PostgreSQL alone: SQLite has one writer, and shows nothing of it before it has ended.
#[tokio::test]
async fn a_write_that_is_under_way_is_not_folded_before_it_has_ended() {
    for w in worlds("under_way").await {
        if w.db.get_database_backend() != DbBackend::Postgres {
            continue;
        }
        let item = item("MED", None, "PIECE", 5, Some(1));
        w.verified("AAA", None, Priority::Low, vec![item.clone()]).await;
        up_to_date(&w.store).await;
        let request = w.submit("BBB", Some(3), Priority::High, vec![item]).await;
        let input = w.step(request, None).await;
        // The write draws its ticket, and waits here before it writes what moved.
        let held = w.db.begin().await.unwrap();
        held.execute_unprepared("LOCK TABLE movement IN SHARE MODE")
            .await
            .unwrap();
        let store = w.store.clone();
        let writing = tokio::spawn(async move { requests::verify(&store, checker(), input, Vec::new()).await });
        let waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'movement'::regclass \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let waits = Statement::from_string(DbBackend::Postgres, waits);
        while w.db.query_one_raw(waits.clone()).await.unwrap().is_none() {
            assert!(!writing.is_finished(), "it does not wait");
            tokio::task::yield_now().await;
        }
        for _ in 0..3 {
            assert!(!refresh(&w.store).await.unwrap(), "a write is under way");
        }
        held.rollback().await.unwrap();
        writing.await.unwrap().unwrap();
        let plain = w.another_store().await;
        agree(&w, &plain, &[Asked::default()]).await;
        up_to_date(&w.store).await;
        agree(&w, &plain, &[Asked::default()]).await;
    }
}

#[tokio::test]
async fn a_reader_is_told_of_one_state_whatever_is_folded_meanwhile() {
    for w in worlds("one_state").await {
        let item = item("MED", None, "PIECE", 5, Some(1));
        w.verified("AAA", Some(3), Priority::Low, vec![item.clone()]).await;
        up_to_date(&w.store).await;
        let reader = w.reader();
        let of = Of::Countries(vec!["AAA".into()]);
        let before = totals_of(&reader, &of, &Asked::default(), true).await.unwrap();
        w.verified("AAA", Some(4), Priority::Low, vec![item]).await;
        up_to_date(&w.store).await;
        let again = totals_of(&reader, &of, &Asked::default(), true).await.unwrap();
        assert_eq!(again, before, "its snapshot is from before");
        assert_eq!(totals(&w.store, &of, &Asked::default()).await.0["AAA"].requests, 2);
    }
}
