//! Totals, analysis and timeline against plain recomputation, on SQLite and, where `TEST_POSTGRES_URL` is set, on
//! PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails says so by panicking"
)]

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use entity::enums::{
    ItemKind, Locale, NamStatus, NeedDomain, OrganizationKind, Priority, RequestStatus, Role, WhoRegion,
};
use entity::{
    assistance_request as ar, commodity, contribution, country, delivery, need_category, organization,
    request_item as ri, unit,
};
use migration::{Migrator, MigratorTrait};
use nam_needs::domain::actor::{Actor, Principal};
use nam_needs::domain::assistance_request::{Contact, NewItem, NewRequest};
use nam_needs::domain::contribution::{ContributionStep, NewContribution};
use nam_needs::domain::filter::{Choice, Filter, RequestField};
use nam_needs::domain::limits::Limits;
use nam_needs::domain::reference::{Reference, Rows};
use nam_needs::domain::step::Step;
use nam_needs::domain::timeline::Interval;
use nam_needs::domain::totals::{Sums, Totals};
use nam_needs::store::assistance_request::{self as requests, StepInput};
use nam_needs::store::contribution as contributions;
use nam_needs::store::needs::{Analysis, Asked, Dimension, GroupRow, Of, Span, analysis, timeline, totals_of};
use nam_needs::store::page::{Arguments, Paging};
use nam_needs::store::{Clock, Connect, Consistency, Reader, Rules, Store, open};
use sea_orm::{
    ColumnTrait, ConnectionTrait, Database, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use uuid::Uuid;

struct World {
    store: Store,
    db: DatabaseConnection,
    clock: Clock,
}

fn at(day: u64) -> DateTime<Utc> {
    on(day).and_hms_opt(12, 0, 0).unwrap().and_utc()
}

fn on(day: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2020, 4, 30).unwrap() + Days::new(day)
}

fn author() -> Arc<Actor> {
    Arc::new(Actor::system())
}

fn checker() -> Arc<Actor> {
    Arc::new(Actor {
        principal: Principal::Key(Uuid::from_u128(7)),
        roles: vec![Role::Admin],
        ..Actor::system()
    })
}

fn rows() -> Rows {
    let now = at(1);
    let country = |code: &str, who_region| country::Model {
        code: code.into(),
        iso2: code[..2].into(),
        m49: code.into(),
        name: code.into(),
        name_fr: None,
        name_es: None,
        name_ar: None,
        official_name: None,
        capital: None,
        un_region: None,
        un_subregion: None,
        who_region,
        income_group: None,
        population: None,
        population_year: None,
        latitude: None,
        longitude: None,
        currency: None,
        nam_status: NamStatus::Member,
        nam_status_2020: NamStatus::Member,
        nam_joined_year: None,
        active: true,
        edited: false,
        from_file: true,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let category = |code: &str, parent: Option<&str>, domain| need_category::Model {
        code: code.into(),
        parent_code: parent.map(Into::into),
        domain,
        name: code.into(),
        name_fr: None,
        name_es: None,
        name_ar: None,
        description: None,
        iasc_sector: None,
        who_pillar: None,
        sort_order: 0,
        active: true,
        edited: false,
        from_file: true,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let unit = |code: &str| unit::Model {
        code: code.into(),
        unece: None,
        label: code.into(),
        label_fr: None,
        label_es: None,
        label_ar: None,
    };
    Rows {
        countries: vec![
            country("AAA", Some(WhoRegion::Afro)),
            country("BBB", Some(WhoRegion::Afro)),
            country("CCC", None),
        ],
        categories: vec![
            category("MED", None, NeedDomain::Medical),
            category("PPE", Some("MED"), NeedDomain::Medical),
            category("MASK", Some("PPE"), NeedDomain::Medical),
            category("SOC", None, NeedDomain::Social),
        ],
        units: vec![unit("PIECE"), unit("HOUR")],
        commodities: vec![commodity::Model {
            code: "N95".into(),
            category_code: "MASK".into(),
            name: "N95".into(),
            name_fr: None,
            name_es: None,
            name_ar: None,
            specification: None,
            unit_code: "PIECE".into(),
            unspsc: None,
            who_reference: None,
            indicative_unit_price_e4: None,
            active: true,
            edited: false,
            from_file: true,
            version: 1,
            created_at: now,
            updated_at: now,
        }],
        organizations: vec![organization::Model {
            code: "ORG".into(),
            name: "Org".into(),
            kind: OrganizationKind::Ngo,
            country_code: None,
            url: None,
            active: true,
            edited: false,
            from_file: true,
            version: 1,
            created_at: now,
            updated_at: now,
        }],
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

/// Opens an empty store with the reference rows.
async fn world(url: &str) -> World {
    let clock = Clock::fixed(at(1));
    let connect = Connect {
        url: url.into(),
        pool_size: 4,
        statement_timeout_ms: 20_000,
        lock_timeout_ms: 20_000,
        slow_query_ms: 500,
    };
    let rules = Rules {
        confirm_every_days: 90,
        items: 200,
        import_rows: 2_000,
    };
    let store = open(&connect, clock.clone(), rules).await.unwrap();
    let db = Database::connect(as_administrator(url)).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    macro_rules! insert {
        ($($entity:ident: $rows:expr),*) => {$(for row in $rows {
            $entity::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(&db).await.unwrap();
        })*};
    }
    use sea_orm::ActiveModelTrait;
    let all = rows();
    insert!(country: all.countries, need_category: all.categories, unit: all.units, commodity: all.commodities, organization: all.organizations);
    store.set_reference(Reference::new(rows()));
    World { store, db, clock }
}

/// The databases there are.
async fn worlds(name: &str) -> Vec<World> {
    let file = std::env::temp_dir().join(format!("totals-{name}-{}.db", Uuid::now_v7()));
    let mut worlds = vec![world(&format!("sqlite://{}?mode=rwc", file.display())).await];
    if let Ok(url) = std::env::var("TEST_POSTGRES_URL") {
        let database = format!("totals_{}", Uuid::now_v7().simple());
        let db = Database::connect(&url).await.unwrap();
        db.execute_unprepared(&format!("CREATE DATABASE {database}"))
            .await
            .unwrap();
        let (base, rest) = url.rsplit_once('/').unwrap();
        let options = rest
            .split_once('?')
            .map(|(_, options)| format!("?{options}"))
            .unwrap_or_default();
        worlds.push(world(&format!("{base}/{database}{options}")).await);
    }
    worlds
}

fn item(category: &str, commodity: Option<&str>, unit: &str, quantity: i64, cost_e4: Option<i64>) -> NewItem {
    NewItem {
        external_id: None,
        kind: ItemKind::Goods,
        category: category.into(),
        commodity: commodity.map(Into::into),
        description: None,
        unit: unit.into(),
        quantity_milli: quantity,
        unit_cost_e4: cost_e4,
    }
}

impl World {
    fn day(&self, day: u64) {
        self.clock.set(at(day));
    }

    fn reader(&self) -> Reader {
        self.store.reader(Arc::new(Actor::anonymous()), Consistency::Snapshot)
    }

    async fn submit(&self, country: &str, people: Option<i32>, priority: Priority, items: Vec<NewItem>) -> Uuid {
        let new = NewRequest {
            country: country.into(),
            title: "Masks".into(),
            description: None,
            language: Locale::En,
            priority,
            people_in_need: people,
            needed_by: None,
            contact: Contact::default(),
            origin: None,
            source_url: None,
            items,
        };
        requests::create(&self.store, author(), new, true).await.unwrap()
    }

    async fn verified(&self, country: &str, people: Option<i32>, priority: Priority, items: Vec<NewItem>) -> Uuid {
        let id = self.submit(country, people, priority, items).await;
        requests::verify(&self.store, checker(), self.step(id, None).await, Vec::new())
            .await
            .unwrap();
        id
    }

    async fn step(&self, id: Uuid, reason: Option<&str>) -> StepInput {
        let version = ar::Entity::find_by_id(id).one(&self.db).await.unwrap().unwrap().version;
        StepInput {
            id: Some(id),
            version,
            reason: reason.map(Into::into),
        }
    }

    async fn take(&self, id: Uuid, step: Step) {
        let input = self.step(id, Some("It ended.")).await;
        requests::take(&self.store, checker(), step, input).await.unwrap();
    }

    async fn items(&self, request: Uuid) -> Vec<Uuid> {
        let items = ri::Entity::find()
            .filter(ri::Column::RequestId.eq(request))
            .order_by_asc(ri::Column::Position);
        items
            .all(&self.db)
            .await
            .unwrap()
            .into_iter()
            .map(|item| item.id)
            .collect()
    }

    async fn give(&self, item: Uuid, milli: i64, committed: bool) -> Uuid {
        let new = NewContribution {
            organization: "ORG".into(),
            quantity_milli: milli,
            committed,
            value_usd_e4: None,
            expected_on: None,
            note: None,
            origin: None,
        };
        contributions::create(&self.store, checker(), Some(item), new)
            .await
            .unwrap()
    }

    async fn version(&self, contribution: Uuid) -> i32 {
        contribution::Entity::find_by_id(contribution)
            .one(&self.db)
            .await
            .unwrap()
            .unwrap()
            .version
    }

    async fn move_on(&self, id: Uuid, step: ContributionStep) {
        let input = contributions::StepInput {
            id: Some(id),
            version: self.version(id).await,
            on: None,
            tracking_reference: None,
            reason: Some("So.".into()),
        };
        contributions::take(&self.store, checker(), step, input).await.unwrap();
    }

    async fn receive(&self, id: Uuid, day: u64, accepted: i64, rejected: i64) {
        let new = contributions::NewDelivery {
            contribution: Some(id),
            version: self.version(id).await,
            accepted_milli: accepted,
            rejected_milli: rejected,
            reject_reason: None,
            on: on(day),
            note: None,
        };
        contributions::record_delivery(&self.store, checker(), new)
            .await
            .unwrap();
    }

    /// Totals by plain addition over the rows of which `holds`.
    async fn plain(&self, holds: impl Fn(&ar::Model, &ri::Model) -> bool) -> Totals {
        let requests = ar::Entity::find().all(&self.db).await.unwrap();
        let requests: BTreeMap<Uuid, ar::Model> = requests.into_iter().map(|row| (row.id, row)).collect();
        let mut totals = Totals::default();
        let (mut seen, mut countries) = (HashSet::new(), HashSet::new());
        for item in ri::Entity::find().all(&self.db).await.unwrap() {
            let request = &requests[&item.request_id];
            if !holds(request, &item) {
                continue;
            }
            let figures = [
                item.approved_milli.unwrap_or(item.quantity_milli),
                item.pledged_milli,
                item.committed_milli,
                item.in_transit_milli,
                item.delivered_milli,
                item.uncovered_milli,
                item.unmet_milli,
            ]
            .map(i128::from);
            totals.items += 1;
            match item.unit_cost_e4 {
                None => totals.unpriced_items += 1,
                Some(cost) => {
                    totals.values = totals
                        .values
                        .plus(Sums::of(figures.map(|milli| milli * i128::from(cost))))
                }
            }
            let unit = totals.quantities.entry(item.unit_code).or_default();
            *unit = unit.plus(Sums::of(figures));
            if seen.insert(request.id) {
                totals.requests += 1;
                totals.people += i128::from(request.people_in_need.unwrap_or(0));
            }
            countries.insert(request.country_code.clone());
        }
        totals.countries = i128::try_from(countries.len()).unwrap();
        totals
    }

    async fn groups(&self, by: &[Dimension], depth: Option<i32>, asked: Asked) -> Vec<GroupRow> {
        let reader = self.reader();
        let asked = Analysis::new(by, depth, asked, reader.now()).unwrap();
        let paging = Paging::new(&Arguments::default(), 100, 100, "a", "b", "c").unwrap();
        let page = analysis(&reader, &asked, &[], &paging, true).await.unwrap();
        assert_eq!(page.total, Some(u64::try_from(page.rows.len()).unwrap()));
        page.rows.into_iter().map(|(row, _)| row).collect()
    }

    async fn points(&self, from: u64, to: u64, asked: &Asked) -> Vec<Totals> {
        let span = Span {
            interval: Interval::Day,
            from: on(from),
            to: on(to),
        };
        let points = timeline(&self.reader(), span, asked, true).await.unwrap();
        points.into_iter().map(|(_, totals)| totals).collect()
    }
}

fn counted(request: &ar::Model) -> bool {
    matches!(request.status, RequestStatus::Verified | RequestStatus::Closed)
}

const BIG: i64 = 500_000_000_000_000_000;

/// Requests of all countries and many states; sums beyond 64 bits.
async fn fill(w: &World) {
    use ContributionStep::{Commit, Ship};
    let a = w
        .verified(
            "AAA",
            Some(100),
            Priority::High,
            vec![
                item("MASK", Some("N95"), "PIECE", 10_000, Some(20_000)),
                item("PPE", None, "HOUR", 3_500, None),
                item("SOC", None, "PIECE", 1_000_000_000_000_000, Some(5_000)),
            ],
        )
        .await;
    let items = w.items(a).await;
    // Pledges reserve nothing: many of them are worth more than 64 bits hold.
    for _ in 0..5 {
        w.give(items[2], 1_000_000_000_000_000, false).await;
    }
    w.give(items[2], BIG / 1_000, true).await;
    w.give(items[0], 2_001, true).await;
    w.day(2);
    let b = w
        .verified(
            "BBB",
            None,
            Priority::Low,
            vec![
                item("MASK", Some("N95"), "PIECE", 7_777, Some(33_333)),
                item("MED", None, "PIECE", 5, Some(0)),
            ],
        )
        .await;
    let items_b = w.items(b).await;
    let gift = w.give(items_b[0], 5_000, false).await;
    w.move_on(gift, Commit).await;
    w.move_on(gift, Ship).await;
    w.receive(gift, 2, 2_000, 1_000).await;
    w.day(3);
    w.verified(
        "CCC",
        Some(7),
        Priority::Critical,
        vec![item("SOC", None, "PIECE", 1_000_000_000_000_000, Some(5_000))],
    )
    .await;
    w.verified(
        "CCC",
        Some(8),
        Priority::Critical,
        vec![item("SOC", None, "PIECE", 1_000_000_000_000_000, Some(5_000))],
    )
    .await;
    w.submit(
        "AAA",
        Some(1_000),
        Priority::Low,
        vec![item("MED", None, "PIECE", 1_000, Some(1))],
    )
    .await;
    let closed = w
        .verified(
            "BBB",
            Some(20),
            Priority::Medium,
            vec![item("PPE", None, "PIECE", 4_000, Some(10_000))],
        )
        .await;
    let gift = w.give(w.items(closed).await[0], 1_000, true).await;
    w.receive(gift, 3, 1_000, 0).await;
    let withdrawn = w
        .verified(
            "CCC",
            Some(40),
            Priority::Medium,
            vec![item("PPE", None, "HOUR", 4_000, Some(10_000))],
        )
        .await;
    w.day(4);
    w.take(closed, Step::Close).await;
    w.take(withdrawn, Step::Withdraw).await;
}

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
