//! Rows as the tables have them, read without the server's own code.

use std::collections::BTreeMap;

use crate::common::{Backend, TestApp};

/// The columns that keep an item's running sums, and those of a movement after its `requested_milli`.
const BUCKETS: [&str; 6] = ["pledged", "committed", "in_transit", "delivered", "uncovered", "unmet"];

pub struct Country {
    pub who_region: Option<String>,
    pub un_subregion: Option<String>,
    pub income_group: Option<String>,
}

pub struct Category {
    pub parent: Option<String>,
    pub domain: String,
}

#[derive(Clone)]
pub struct Request {
    pub reference: String,
    pub country: String,
    pub status: String,
    pub priority: i64,
    pub people: Option<i64>,
    pub version: i64,
    pub verified_at: Option<String>,
    pub external_id: Option<String>,
}

impl Request {
    pub const fn was_verified(&self) -> bool {
        self.verified_at.is_some()
    }
}

#[derive(Clone)]
pub struct Item {
    pub request: String,
    pub kind: String,
    pub category: String,
    pub commodity: Option<String>,
    pub unit: String,
    pub external_id: Option<String>,
    pub quantity: i64,
    pub approved: Option<i64>,
    pub unit_cost: Option<i64>,
    pub buckets: [i64; 6],
    pub uncovered_value: Option<i64>,
}

pub struct Contribution {
    pub request: String,
    pub item: String,
    pub organization: String,
    pub external_id: Option<String>,
    pub status: String,
    pub quantity: i64,
    pub accepted: i64,
    pub rejected: i64,
    pub version: i64,
    pub cancel_reason: Option<String>,
    /// Pledged, committed, shipped, delivered, cancelled.
    pub days: [Option<String>; 5],
}

pub struct Delivery {
    pub on: String,
    pub accepted: i64,
    pub rejected: i64,
    pub voided: bool,
}

pub struct Movement {
    pub contribution: Option<String>,
    /// The write that recorded it.
    pub ticket: i64,
    pub on: String,
    pub requested: i64,
    pub buckets: [i64; 6],
}

pub struct Remembered {
    pub status: String,
    pub priority: i64,
    pub people: Option<i64>,
    pub on: String,
}

/// Rows of a contribution, an item or a request, in the order in which they were written.
pub type Lists<T> = BTreeMap<String, Vec<T>>;

/// All rows, by their ids in hexadecimal digits, or by the id of what they belong to.
pub struct Tables {
    /// By their codes.
    pub countries: BTreeMap<String, Country>,
    /// By their codes.
    pub categories: BTreeMap<String, Category>,
    pub requests: BTreeMap<String, Request>,
    pub items: BTreeMap<String, Item>,
    pub contributions: BTreeMap<String, Contribution>,
    pub deliveries: Lists<Delivery>,
    pub movements: Lists<Movement>,
    pub history: Lists<Remembered>,
}

/// Columns of a row, taken one after the other.
struct Cells(std::vec::IntoIter<Option<String>>);

impl Cells {
    fn next(&mut self) -> Option<String> {
        self.0.next().expect("a column")
    }

    fn text(&mut self) -> String {
        self.next().expect("a value")
    }

    fn number(&mut self) -> Option<i64> {
        self.next().map(|text| text.parse().expect("a number"))
    }

    fn count(&mut self) -> i64 {
        self.number().expect("a number")
    }
}

/// Reads a table in the order of its ids, or of its codes; a column with a `#` is an id.
async fn table(app: &TestApp, name: &str, columns: &str) -> Vec<Cells> {
    let columns: Vec<String> = columns
        .split_whitespace()
        .map(|column| match (column.strip_prefix('#'), app.backend) {
            (Some(id), Backend::Sqlite) => format!("CASE WHEN {id} IS NOT NULL THEN hex({id}) END"),
            (Some(id), Backend::Postgres) => format!("upper(replace(CAST({id} AS TEXT), '-', ''))"),
            (None, _) => format!("CAST({column} AS TEXT)"),
        })
        .collect();
    let order = if columns[0].contains("code") { "code" } else { "id" };
    let sql = format!("SELECT {} FROM {name} ORDER BY {order}", columns.join(", "));
    let rows = app.rows(&sql).await;
    rows.into_iter().map(|row| Cells(row.into_iter())).collect()
}

/// Rows by their first column.
fn lists<T>(rows: Vec<Cells>, read: impl Fn(&mut Cells) -> T) -> Lists<T> {
    let mut lists = Lists::new();
    for mut row in rows {
        let key = row.text();
        lists.entry(key).or_insert_with(Vec::new).push(read(&mut row));
    }
    lists
}

pub fn of<'a, T>(lists: &'a Lists<T>, id: &str) -> &'a [T] {
    lists.get(id).map_or(&[], Vec::as_slice)
}

fn buckets(cells: &mut Cells) -> [i64; 6] {
    std::array::from_fn(|_| cells.count())
}

fn bucket_columns() -> String {
    BUCKETS.map(|name| format!("{name}_milli")).join(" ")
}

impl Tables {
    pub async fn read(app: &TestApp) -> Self {
        Self {
            countries: Self::countries(app).await,
            categories: Self::categories(app).await,
            requests: Self::requests(app).await,
            items: Self::items(app).await,
            contributions: Self::contributions(app).await,
            deliveries: Self::deliveries(app).await,
            movements: Self::movements(app).await,
            history: Self::history(app).await,
        }
    }

    async fn countries(app: &TestApp) -> BTreeMap<String, Country> {
        let rows = table(app, "country", "code who_region un_subregion income_group").await;
        let row = |mut row: Cells| {
            let code = row.text();
            let country = Country {
                who_region: row.next(),
                un_subregion: row.next(),
                income_group: row.next(),
            };
            (code, country)
        };
        rows.into_iter().map(row).collect()
    }

    async fn categories(app: &TestApp) -> BTreeMap<String, Category> {
        let rows = table(app, "need_category", "code parent_code domain").await;
        let row = |mut row: Cells| {
            let code = row.text();
            let category = Category {
                parent: row.next(),
                domain: row.text(),
            };
            (code, category)
        };
        rows.into_iter().map(row).collect()
    }

    async fn requests(app: &TestApp) -> BTreeMap<String, Request> {
        let columns = "#id reference country_code status priority people_in_need version verified_at external_id";
        let rows = table(app, "assistance_request", columns).await.into_iter();
        rows.map(|mut row| {
            let id = row.text();
            let request = Request {
                reference: row.text(),
                country: row.text(),
                status: row.text(),
                priority: row.count(),
                people: row.number(),
                version: row.count(),
                verified_at: row.next(),
                external_id: row.next(),
            };
            (id, request)
        })
        .collect()
    }

    async fn items(app: &TestApp) -> BTreeMap<String, Item> {
        let columns =
            "#id #request_id kind category_code commodity_code unit_code external_id quantity_milli approved_milli
            unit_cost_e4";
        let columns = format!("{columns} {} uncovered_value_e7", bucket_columns());
        let rows = table(app, "request_item", &columns).await.into_iter();
        rows.map(|mut row| {
            let id = row.text();
            let item = Item {
                request: row.text(),
                kind: row.text(),
                category: row.text(),
                commodity: row.next(),
                unit: row.text(),
                external_id: row.next(),
                quantity: row.count(),
                approved: row.number(),
                unit_cost: row.number(),
                buckets: buckets(&mut row),
                uncovered_value: row.number(),
            };
            (id, item)
        })
        .collect()
    }

    async fn contributions(app: &TestApp) -> BTreeMap<String, Contribution> {
        let columns = "#id #request_id #item_id organization_code external_id status quantity_milli accepted_milli rejected_milli version
            cancel_reason pledged_on committed_on shipped_on delivered_on cancelled_on";
        let rows = table(app, "contribution", columns).await.into_iter();
        rows.map(|mut row| {
            let id = row.text();
            let contribution = Contribution {
                request: row.text(),
                item: row.text(),
                organization: row.text(),
                external_id: row.next(),
                status: row.text(),
                quantity: row.count(),
                accepted: row.count(),
                rejected: row.count(),
                version: row.count(),
                cancel_reason: row.next(),
                days: std::array::from_fn(|_| row.next()),
            };
            (id, contribution)
        })
        .collect()
    }

    async fn deliveries(app: &TestApp) -> Lists<Delivery> {
        let columns = "#contribution_id delivered_on accepted_milli rejected_milli voided";
        lists(table(app, "delivery", columns).await, |row| Delivery {
            on: row.text(),
            accepted: row.count(),
            rejected: row.count(),
            voided: ["1", "true"].contains(&row.text().as_str()),
        })
    }

    async fn movements(app: &TestApp) -> Lists<Movement> {
        let columns = format!(
            "#item_id #contribution_id ticket happened_on requested_milli {}",
            bucket_columns()
        );
        lists(table(app, "movement", &columns).await, |row| Movement {
            contribution: row.next(),
            ticket: row.count(),
            on: row.text(),
            requested: row.count(),
            buckets: buckets(row),
        })
    }

    async fn history(app: &TestApp) -> Lists<Remembered> {
        let columns = "#request_id status priority people_in_need happened_on";
        lists(table(app, "request_history", columns).await, |row| Remembered {
            status: row.text(),
            priority: row.count(),
            people: row.number(),
            on: row.text(),
        })
    }

    /// The one item with this external id.
    pub fn item(&self, external_id: &str) -> &Item {
        let mut found = self
            .items
            .values()
            .filter(|item| item.external_id.as_deref() == Some(external_id));
        let item = found.next().expect(external_id);
        assert!(found.next().is_none(), "{external_id} stands twice");
        item
    }
}
