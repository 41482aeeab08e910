//! How many SQL statements an answer takes: as many, however much is in it.

use std::sync::Arc;

use entity::enums::{Priority, RequestStatus};
use nam_needs::domain::actor::Actor;
use nam_needs::domain::filter::{Choice, Filter, RequestField};
use nam_needs::interchange::figures;
use nam_needs::store::Consistency;
use nam_needs::store::assistance_request::{OrderBy, OrderField, statement};
use nam_needs::store::page::{Arguments, Paging};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use crate::common::{Backend, TestApp, data, run};
use crate::on_both;
use crate::support::{STATE, people, up_to_date, verified};

/// The answer to a document that was not asked before, and the statements that it took.
async fn asked(app: &TestApp, query: &str) -> (Value, u64) {
    // Else whether the answer of before is still good would be asked too.
    app.store.feed().caught_up(&app.store).await.unwrap();
    let before = app.store.statements();
    let answer = app.ask(None, query, Value::Null).await;
    (answer, app.store.statements() - before)
}

on_both! {
    async fn a_page_of_fifty_requests_costs_the_same_statements_whatever_it_holds(app) {
        let people = people(app).await;
        let query = "{ assistanceRequests(first: 50) { totalCount nodes { title country { name } contributions(first: 2) { nodes { quantity organization { name } } }
            items { quantity category { name } commodity { name unit { code } } unit { code } contributions(first: 2) { nodes { status } } } } } }";
        verified(app, &people).await;
        let (answer, of_one) = asked(app, query).await;
        assert_eq!(answer["assistanceRequests"]["nodes"].as_array().unwrap().len(), 1);
        figures::load(&app.store).await.unwrap();
        figures::load_funding(&app.store).await.unwrap();
        let (answer, of_fifty) = asked(app, query).await;
        let requests = answer["assistanceRequests"]["nodes"].as_array().unwrap();
        let count = |of: &dyn Fn(&Value) -> usize| requests.iter().map(of).sum::<usize>();
        let length = |list: &Value| list.as_array().unwrap().len();
        assert_eq!(requests.len(), 50);
        assert!(count(&|request| length(&request["items"])) >= 50);
        assert!(count(&|request| length(&request["contributions"]["nodes"])) > 0, "contributions too");
        assert_eq!((of_one, of_fifty), (5, 5), "count, requests, contributions of requests, items, contributions of items");
    }

    async fn totals_of_every_country_cost_the_same_statements_as_those_of_one(app) {
        figures::load(&app.store).await.unwrap();
        figures::load_funding(&app.store).await.unwrap();
        up_to_date(app).await;
        for filter in ["", "(itemFilter: { kind: { eq: FUNDING } })"] {
            let query = |first: usize| format!("{{ countries(first: {first}) {{ nodes {{ code needs{filter} {{ requestCount requestedValueUsd coverage }} }} }} }}");
            let (_, of_one) = asked(app, &query(1)).await;
            let countries = data::rows("reference/countries.csv").len();
            let (answer, of_all) = asked(app, &query(countries)).await;
            let nodes = answer["countries"]["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), 195);
            let sum: i64 = nodes.iter().map(|node| node["needs"]["requestCount"].as_i64().unwrap()).sum();
            let plans = data::plans();
            let expected = plans.requests + if filter.is_empty() { data::forecast_counts().0 } else { 0 };
            assert_eq!(json!(sum), json!(expected), "each request is of one country");
            assert_eq!(of_one, of_all, "{filter}");
            assert!(of_all <= 3, "{filter}: {of_all}");
        }
    }
}

on_both! {
    async fn a_request_and_its_items_come_in_one_statement_where_nothing_else_is_asked(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let empty = json!({ "country": "BGD", "title": "x", "priority": "LOW", "items": [] });
        let empty = app.mutate(&people.focal, "createAssistanceRequest", empty, STATE).await["assistanceRequest"].clone();
        let asked = async |key: &str, id: &Value, fields: &str| {
            let query = format!("{{ assistanceRequest(by: {{ id: {id} }}) {{ {fields}");
            let before = app.store.statements();
            let answer = app.ask(Some(key), &query, Value::Null).await["assistanceRequest"].clone();
            (answer, app.store.statements() - before)
        };
        let items = "items { id quantity commodity { name } category { name } unit { code } } same: items { unmetQuantity }";
        for fields in [
            format!("title country {{ name }} {items} contact {{ name }} }} }}"),
            format!("{items} ...Rest }} }} fragment Rest on AssistanceRequest {{ reference items {{ description }} }}"),
        ] {
            let plain = fields.replacen("items {", "description items {", 1);
            let (answer, at_once) = asked(&people.focal, &request["id"], &fields).await;
            let (mut expected, apart) = asked(&people.focal, &request["id"], &plain).await;
            expected.as_object_mut().unwrap().remove("description");
            assert_eq!(answer, expected, "{fields}");
            assert_eq!(answer["items"].as_array().unwrap().len(), 3, "{answer:#}");
            assert_eq!((at_once, apart), (1, 3), "what may be long is not sent with each item: {fields}");
        }
        let (answer, at_once) = asked(&people.focal, &empty["id"], "title items { id } } }").await;
        assert_eq!((answer, at_once), (json!({ "title": "x", "items": [] }), 1));
        let (answer, _) = asked(&people.responder, &empty["id"], "title items { id } } }").await;
        assert_eq!(answer, Value::Null, "a draft of others");
        let (_, of_children) = asked(&people.focal, &request["id"], "items { id contributions(first: 1) { nodes { id } } } } }").await;
        assert_eq!(of_children, 3, "in one snapshot");
    }
}

/// How SQLite finds the first page of the requests that pass a filter. It keeps no statistics, so it does the same whatever there is.
async fn plan(app: &TestApp, filter: &Filter<RequestField>, field: OrderField) -> String {
    let reader = app.store.reader(Arc::new(Actor::system()), Consistency::Statement);
    let paging = Paging::new(&Arguments::default(), 50, 100, "AssistanceRequest", "", "").unwrap();
    let order = [OrderBy {
        field,
        descending: false,
    }];
    let statement = statement(&reader, filter, &order, &paging).await.unwrap();
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.sql));
    let mut connection = SqliteConnection::connect(&app.database_url()).await.unwrap();
    let steps = sqlx::query(explain).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let mut steps = steps.iter().map(|step| step.get::<String, _>("detail"));
    steps.find(|step| step.contains("assistance_request")).unwrap()
}

#[test]
fn sqlite_walks_the_order_where_most_requests_pass_and_seeks_where_few_do() {
    run(Backend::Sqlite, async |app| {
        let status = |is| Filter::Is(RequestField::Status(Choice::Eq(is)));
        let critical = || Filter::Is(RequestField::Priority(Choice::Eq(Priority::Critical)));
        let both = |one, other| Filter::All(vec![one, other]);
        for (filter, field, found) in [
            (
                status(RequestStatus::Verified),
                OrderField::NeededBy,
                "needed_by_id_idx",
            ),
            (
                status(RequestStatus::Verified),
                OrderField::CreatedAt,
                "created_at_id_idx",
            ),
            (critical(), OrderField::NeededBy, "needed_by_id_idx"),
            (
                both(status(RequestStatus::Verified), critical()),
                OrderField::NeededBy,
                "triage_idx (status=? AND priority=? AND needed_by",
            ),
            (status(RequestStatus::Draft), OrderField::NeededBy, "(status=?)"),
            (
                both(status(RequestStatus::Draft), critical()),
                OrderField::CreatedAt,
                "triage_idx (status=? AND priority=?)",
            ),
        ] {
            let plan = plan(app, &filter, field).await;
            assert!(plan.contains(found), "{filter:?} by {field:?}: {plan}");
        }
    });
}
