//! How many SQL statements an answer takes: as many, however much is in it.

use nam_needs::interchange::figures;
use serde_json::{Value, json};

use crate::common::{TestApp, data};
use crate::on_both;
use crate::support::{people, up_to_date, verified};

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
