//! The least that a server can do: one handwritten statement a level over as many connections, its rows written straight to
//! JSON. No schema, rights, keys or limits; it knows the workloads by their names. In a process of its own, as the others. Each of
//! its threads keeps connections of its own, as a library's pool asks each one that comes back whether it is still good.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::rc::Rc;

use actix_web::{App, HttpResponse, HttpServer, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde_json::Value;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Connection, Row, query};
use tokio::sync::Semaphore;
use uuid::Uuid;

#[derive(Deserialize)]
struct Asked {
    query: String,
    variables: Variables,
}

#[derive(Deserialize)]
struct Variables {
    raw: Option<Uuid>,
    place: Option<Uuid>,
}

/// The connections of one thread.
struct Connections {
    url: String,
    free: Semaphore,
    idle: RefCell<Vec<PgConnection>>,
}

impl Connections {
    fn new(url: &str, most: usize) -> Rc<Self> {
        Rc::new(Self {
            url: url.to_owned(),
            free: Semaphore::new(most),
            idle: RefCell::default(),
        })
    }

    async fn all(&self, sql: &'static str, bind: Option<Ids<'_>>) -> Vec<PgRow> {
        let _permit = self.free.acquire().await.unwrap();
        let rested = self.idle.borrow_mut().pop();
        let mut connection = match rested {
            Some(connection) => connection,
            None => PgConnection::connect(&self.url).await.unwrap(),
        };
        let query = match bind {
            None => query(sql),
            Some(Ids::One(id)) => query(sql).bind(id),
            Some(Ids::All(ids)) => query(sql).bind(ids),
        };
        let rows = query.fetch_all(&mut connection).await.unwrap();
        self.idle.borrow_mut().push(connection);
        rows
    }
}

/// What a statement is told.
enum Ids<'i> {
    One(Uuid),
    All(&'i [Uuid]),
}

/// Serves the database of this URL until its input ends. Prints its address.
pub fn serve(url: &str, pool_size: usize) {
    std::thread::spawn(|| {
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        std::process::exit(0);
    });
    let workers = std::thread::available_parallelism().unwrap().get();
    let most = pool_size.div_ceil(workers);
    let url = url.to_owned();
    let serving = async {
        let app = move || {
            App::new()
                .app_data(web::Data::new(Connections::new(&url, most)))
                .route("/graphql", web::post().to(answer))
        };
        let server = HttpServer::new(app).workers(workers).bind("127.0.0.1:0").unwrap();
        println!("{}", server.addrs()[0]);
        std::io::stdout().flush().unwrap();
        server.run().await.unwrap();
    };
    actix_web::rt::System::new().block_on(serving);
}

async fn answer(connections: web::Data<Rc<Connections>>, asked: web::Json<Asked>) -> HttpResponse {
    let mut json = String::with_capacity(4_096);
    json.push_str("{\"data\":{\"it\":");
    let Asked { query, variables } = asked.into_inner();
    match query.split('(').next().unwrap() {
        "Q1" => one(&connections, variables.raw.unwrap(), &mut json).await,
        "Q2" => page(&connections, &mut json).await,
        "Q3" => urgent(&connections, &mut json).await,
        "Q5" => countries(&connections, &mut json).await,
        "D" => deep(&connections, variables.place.unwrap(), &mut json).await,
        other => panic!("{other} is none of the workloads"),
    }
    json.push_str("}}");
    HttpResponse::Ok().content_type("application/json").body(json)
}

/// A field and its text, or null.
fn text(json: &mut String, name: &str, value: Option<&str>) {
    write!(json, "\"{name}\":").unwrap();
    match value {
        Some(value) => json.push_str(&serde_json::to_string(value).unwrap()),
        None => json.push_str("null"),
    }
}

/// A quantity, which is kept in thousandths.
fn quantity(json: &mut String, name: &str, milli: i64) {
    let (whole, rest) = (milli / 1_000, milli % 1_000);
    write!(json, "\"{name}\":\"{whole}").unwrap();
    if rest > 0 {
        json.push_str(format!(".{rest:03}").trim_end_matches('0'));
    }
    json.push('"');
}

fn date(row: &PgRow, column: usize) -> Option<String> {
    row.get::<Option<NaiveDate>, _>(column).map(|date| date.to_string())
}

/// The rows as a list.
fn list<'r>(json: &mut String, rows: impl IntoIterator<Item = &'r PgRow>, mut write: impl FnMut(&mut String, &PgRow)) {
    json.push('[');
    for (place, row) in rows.into_iter().enumerate() {
        if place > 0 {
            json.push(',');
        }
        json.push('{');
        write(json, row);
        json.push('}');
    }
    json.push(']');
}

async fn one(connections: &Connections, id: Uuid, json: &mut String) {
    let sql = "SELECT r.id, r.reference, r.title, r.status, r.priority, r.needed_by, r.people_in_need, c.code, c.name
        FROM assistance_request r JOIN country c ON c.code = r.country_code WHERE r.id = $1 AND r.verified_at IS NOT NULL";
    let row = connections.all(sql, Some(Ids::One(id))).await.remove(0);
    write!(json, "{{\"id\":\"{}\",", row.get::<Uuid, _>(0)).unwrap();
    for (column, name) in [(1, "reference"), (2, "title"), (3, "status")] {
        text(json, name, row.get(column));
        json.push(',');
    }
    write!(json, "\"priority\":{},", row.get::<i16, _>(4)).unwrap();
    text(json, "neededBy", date(&row, 5).as_deref());
    match row.get::<Option<i32>, _>(6) {
        Some(people) => write!(json, ",\"peopleInNeed\":{people},").unwrap(),
        None => json.push_str(",\"peopleInNeed\":null,"),
    }
    json.push_str("\"country\":{");
    text(json, "code", row.get(7));
    json.push(',');
    text(json, "name", row.get(8));
    json.push_str("}}");
}

async fn page(connections: &Connections, json: &mut String) {
    let sql = "SELECT r.id, r.title, c.name FROM assistance_request r JOIN country c ON c.code = r.country_code ORDER BY r.id LIMIT 50";
    let requests = connections.all(sql, None).await;
    let ids: Vec<Uuid> = requests.iter().map(|row| row.get(0)).collect();
    let sql = "SELECT i.request_id, i.id, i.quantity_milli, g.name, m.name, i.committed_milli, i.uncovered_milli
        FROM request_item i JOIN need_category g ON g.code = i.category_code LEFT JOIN commodity m ON m.code = i.commodity_code
        WHERE i.request_id = ANY($1) ORDER BY i.request_id, i.position, i.id";
    let items = connections.all(sql, Some(Ids::All(&ids))).await;
    let ids: Vec<Uuid> = items.iter().map(|row| row.get(1)).collect();
    let sql = "SELECT i.id, c.status, c.quantity_milli FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, place)
        CROSS JOIN LATERAL (SELECT status, quantity_milli, id FROM contribution WHERE item_id = i.id ORDER BY id LIMIT 2) c
        ORDER BY i.place, c.id";
    let contributions = connections.all(sql, Some(Ids::All(&ids))).await;
    let (mut items, mut contributions) = (items.as_slice(), contributions.as_slice());
    json.push_str("{\"nodes\":");
    list(json, &requests, |json, row| {
        let id: Uuid = row.get(0);
        write!(json, "\"id\":\"{id}\",").unwrap();
        text(json, "title", row.get(1));
        json.push_str(",\"country\":{");
        text(json, "name", row.get(2));
        json.push_str("},\"items\":");
        list(json, of(&mut items, id), |json, row| {
            quantity(json, "quantity", row.get(2));
            json.push_str(",\"category\":{");
            text(json, "name", row.get(3));
            json.push_str("},\"commodity\":");
            match row.get::<Option<&str>, _>(4) {
                Some(name) => {
                    json.push('{');
                    text(json, "name", Some(name));
                    json.push_str("},");
                }
                None => json.push_str("null,"),
            }
            quantity(json, "committedQuantity", row.get(5));
            json.push(',');
            quantity(json, "uncoveredQuantity", row.get(6));
            json.push_str(",\"contributions\":");
            list(json, of(&mut contributions, row.get(1)), |json, row| {
                text(json, "status", row.get(1));
                json.push(',');
                quantity(json, "quantity", row.get(2));
            });
        });
    });
    json.push('}');
}

/// The rows at the front whose first column is `id`, taken off.
fn of<'r>(rows: &mut &'r [PgRow], id: Uuid) -> &'r [PgRow] {
    let end = rows.iter().take_while(|row| row.get::<Uuid, _>(0) == id).count();
    let (of, rest) = rows.split_at(end);
    *rows = rest;
    of
}

async fn urgent(connections: &Connections, json: &mut String) {
    let sql = "SELECT r.id, r.title, r.needed_by FROM assistance_request r JOIN country c ON c.code = r.country_code
        WHERE r.status = 'VERIFIED' AND r.priority = 4 AND c.who_region = 'AFRO' ORDER BY r.needed_by NULLS LAST, r.id LIMIT 50";
    let rows = connections.all(sql, None).await;
    let sql = "SELECT count(*) FROM assistance_request r JOIN country c ON c.code = r.country_code
        WHERE r.status = 'VERIFIED' AND r.priority = 4 AND c.who_region = 'AFRO'";
    let count: i64 = connections.all(sql, None).await[0].get(0);
    write!(json, "{{\"totalCount\":{count},\"nodes\":").unwrap();
    list(json, &rows, |json, row| {
        write!(json, "\"id\":\"{}\",", row.get::<Uuid, _>(0)).unwrap();
        text(json, "title", row.get(1));
        json.push(',');
        text(json, "neededBy", date(row, 2).as_deref());
    });
    json.push('}');
}

async fn countries(connections: &Connections, json: &mut String) {
    const TEXTS: [&str; 11] = [
        "code",
        "iso2",
        "m49",
        "name",
        "officialName",
        "capital",
        "whoRegion",
        "unSubregion",
        "incomeGroup",
        "namStatus",
        "currency",
    ];
    let sql =
        "SELECT code, iso2, m49, name, official_name, capital, who_region, un_subregion, income_group, nam_status,
        currency, population FROM country ORDER BY name";
    let rows = connections.all(sql, None).await;
    json.push_str("{\"nodes\":");
    list(json, &rows, |json, row| {
        for (column, name) in TEXTS.iter().enumerate() {
            text(json, name, row.get(column));
            json.push(',');
        }
        let population = row.get::<Option<i32>, _>(TEXTS.len()).map_or(Value::Null, Value::from);
        write!(json, "\"population\":{population}").unwrap();
    });
    json.push('}');
}

async fn deep(connections: &Connections, place: Uuid, json: &mut String) {
    let sql = "SELECT id, title, created_at FROM assistance_request WHERE id > $1 ORDER BY id LIMIT 50";
    let rows = connections.all(sql, Some(Ids::One(place))).await;
    json.push_str("{\"nodes\":");
    list(json, &rows, |json, row| {
        write!(json, "\"id\":\"{}\",", row.get::<Uuid, _>(0)).unwrap();
        text(json, "title", row.get(1));
        write!(
            json,
            ",\"createdAt\":\"{}\"",
            row.get::<DateTime<Utc>, _>(2).to_rfc3339()
        )
        .unwrap();
    });
    json.push('}');
}
