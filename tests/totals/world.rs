//! A small world whose figures can be added up by hand.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use entity::enums::{
    ItemKind, Locale, NamStatus, NeedDomain, OrganizationKind, Priority, RequestStatus, Role, WhoRegion,
};
use entity::{
    assistance_request as ar, commodity, contribution, country, need_category, organization, request_item as ri, unit,
};
use migration::{Migrator, MigratorTrait};
use nam_needs::domain::actor::{Actor, Principal};
use nam_needs::domain::assistance_request::{Contact, ItemForm, LeftOut, NewItem, NewRequest, RequestForm};
use nam_needs::domain::contribution::{ContributionStep, NewContribution};
use nam_needs::domain::import::ImportForm;
use nam_needs::domain::reference::{Reference, Rows};
use nam_needs::domain::step::Step;
use nam_needs::domain::timeline::Interval;
use nam_needs::domain::totals::{Sums, Totals};
use nam_needs::store::assistance_request::{self as requests, StepInput};
use nam_needs::store::contribution as contributions;
use nam_needs::store::needs::{Analysis, Asked, Dimension, GroupRow, Span, analysis, timeline};
use nam_needs::store::page::{Arguments, Paging};
use nam_needs::store::{Clock, Connect, Consistency, Reader, Store, open};
use rust_decimal::Decimal;
use sea_orm::{
    ColumnTrait, ConnectionTrait, Database, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::opening::{RULES, connect};

pub struct World {
    pub store: Store,
    pub db: DatabaseConnection,
    pub clock: Clock,
    pub connect: Connect,
}

pub fn at(day: u64) -> DateTime<Utc> {
    on(day).and_hms_opt(12, 0, 0).unwrap().and_utc()
}

pub fn on(day: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2020, 4, 30).unwrap() + Days::new(day)
}

pub fn author() -> Arc<Actor> {
    Arc::new(Actor::system())
}

pub fn checker() -> Arc<Actor> {
    Arc::new(Actor {
        principal: Principal::Key(Uuid::from_u128(7)),
        roles: vec![Role::Admin],
        ..Actor::system()
    })
}

pub fn rows() -> Rows {
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
pub async fn world(url: &str) -> World {
    let clock = Clock::fixed(at(1));
    let connect = connect(url);
    let store = open(&connect, clock.clone(), RULES).await.unwrap();
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
    World {
        store,
        db,
        clock,
        connect,
    }
}

/// One of each database.
pub async fn worlds(name: &str) -> Vec<World> {
    let file = std::env::temp_dir().join(format!("totals-{name}-{}.db", Uuid::now_v7()));
    let mut worlds = vec![world(&format!("sqlite://{}?mode=rwc", file.display())).await];
    let url = std::env::var("TEST_POSTGRES_URL")
        .expect("TEST_POSTGRES_URL is not set: run the tests by scripts/test, which starts PostgreSQL for them");
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
    worlds
}

pub fn item(category: &str, commodity: Option<&str>, unit: &str, quantity: i64, cost_e4: Option<i64>) -> NewItem {
    NewItem {
        external_id: None,
        kind: ItemKind::Goods,
        category: category.into(),
        commodity: commodity.map(Into::into),
        description: None,
        unit: unit.into(),
        quantity_milli: quantity,
        unit_cost_e4: cost_e4,
        left_out: LeftOut::default(),
    }
}

impl World {
    pub fn day(&self, day: u64) {
        self.clock.set(at(day));
    }

    pub fn reader(&self) -> Reader {
        self.store.reader(Arc::new(Actor::anonymous()), Consistency::Snapshot)
    }

    pub async fn submit(&self, country: &str, people: Option<i32>, priority: Priority, items: Vec<NewItem>) -> Uuid {
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

    pub async fn verified(&self, country: &str, people: Option<i32>, priority: Priority, items: Vec<NewItem>) -> Uuid {
        let id = self.submit(country, people, priority, items).await;
        requests::verify(&self.store, checker(), self.step(id, None).await, Vec::new())
            .await
            .unwrap();
        id
    }

    pub async fn step(&self, id: Uuid, reason: Option<&str>) -> StepInput {
        let version = ar::Entity::find_by_id(id).one(&self.db).await.unwrap().unwrap().version;
        StepInput {
            id: Some(id),
            version,
            reason: reason.map(Into::into),
        }
    }

    pub async fn take(&self, id: Uuid, step: Step) {
        let input = self.step(id, Some("It ended.")).await;
        requests::take(&self.store, checker(), step, input).await.unwrap();
    }

    pub async fn items(&self, request: Uuid) -> Vec<Uuid> {
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

    /// The same database behind a store of its own.
    pub async fn another_store(&self) -> Store {
        let store = open(&self.connect, self.clock.clone(), self.store.rules())
            .await
            .unwrap();
        store.set_reference(Reference::new(rows()));
        store
    }

    pub async fn give(&self, item: Uuid, milli: i64, committed: bool) -> Uuid {
        self.try_give(item, milli, committed).await.unwrap()
    }

    pub async fn try_give(&self, item: Uuid, milli: i64, committed: bool) -> Option<Uuid> {
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
            .ok()
    }

    pub async fn version(&self, contribution: Uuid) -> i32 {
        contribution::Entity::find_by_id(contribution)
            .one(&self.db)
            .await
            .unwrap()
            .unwrap()
            .version
    }

    pub async fn move_on(&self, id: Uuid, step: ContributionStep) {
        assert!(self.try_move_on(id, step).await);
    }

    pub async fn try_move_on(&self, id: Uuid, step: ContributionStep) -> bool {
        let input = contributions::StepInput {
            id: Some(id),
            version: self.version(id).await,
            on: None,
            tracking_reference: None,
            reason: Some("So.".into()),
        };
        contributions::take(&self.store, checker(), step, input).await.is_ok()
    }

    pub async fn receive(&self, id: Uuid, day: u64, accepted: i64, rejected: i64) {
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
    pub async fn plain(&self, holds: impl Fn(&ar::Model, &ri::Model) -> bool) -> Totals {
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

    pub async fn groups(&self, by: &[Dimension], depth: Option<i32>, asked: Asked) -> Vec<GroupRow> {
        let reader = self.reader();
        let asked = Analysis::new(by, depth, asked, reader.now()).unwrap();
        let paging = Paging::new(&Arguments::default(), 100, 100, "a", "b", "c").unwrap();
        let page = analysis(&reader, &asked, &[], &paging, true).await.unwrap();
        assert_eq!(page.total, Some(u64::try_from(page.rows.len()).unwrap()));
        page.rows.into_iter().map(|(row, _)| row).collect()
    }

    pub async fn points(&self, from: u64, to: u64, asked: &Asked) -> Vec<Totals> {
        let span = Span {
            interval: Interval::Day,
            from: on(from),
            to: on(to),
        };
        let points = timeline(&self.reader(), span, asked, true).await.unwrap();
        points.into_iter().map(|(_, totals)| totals).collect()
    }
}

pub fn counted(request: &ar::Model) -> bool {
    matches!(request.status, RequestStatus::Verified | RequestStatus::Closed)
}

pub const BIG: i64 = 500_000_000_000_000_000;

/// Requests of all countries and many states; sums beyond 64 bits.
pub async fn fill(w: &World) {
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

/// A row of an import: ten pieces of a category.
pub fn requested(country: &str, category: &str, cost: &str) -> ImportForm {
    ImportForm {
        form: RequestForm {
            country: country.into(),
            title: "Masks".into(),
            description: None,
            language: Locale::En,
            priority: Priority::High,
            people_in_need: None,
            needed_by: None,
            contact: None,
            source: Some("HERE".into()),
            source_url: None,
            external_id: Some("1".into()),
            items: vec![ItemForm {
                external_id: None,
                kind: ItemKind::Goods,
                category: Some(category.into()),
                commodity: None,
                description: None,
                quantity: Decimal::from(10),
                unit: Some("PIECE".into()),
                unit_cost_usd: Some(cost.parse().unwrap()),
            }],
        },
        confirmed_on: None,
        verified_on: None,
    }
}
