//! What response plans had received, from files of every kind.

use nam_needs::domain::import::ImportOptions;
use nam_needs::interchange::funding::{Funded, delivered, land as land_funding};
use nam_needs::interchange::import::plan;
use nam_needs::interchange::land::land;
use nam_needs::interchange::mapping::Mapping;
use nam_needs::interchange::table::Table;
use serde_json::{Value, json};

use crate::common::TestApp;
use crate::on_both;

const MAPPING: &str = include_str!("../../data/real/ghrp_country_plan_requirements_2020-10-21.mapping.toml");

/// Loads a file of plans and what they had received.
async fn load(app: &TestApp, lines: &[&str]) -> Funded {
    let head = "iso3,country,is_nam_member,plan_type,plan_name,required_usd,funded_usd";
    let text = format!("{head}\n{}\n", lines.join("\n"));
    let table = Table::of_bytes(text.as_bytes()).unwrap();
    let bound = Mapping::parse(MAPPING).unwrap().bind(&table, &[]).unwrap();
    let plan = plan(&table, &bound, &app.store.reference(), 200);
    let funding = delivered(&table, &plan);
    let options = ImportOptions {
        verified: true,
        ..ImportOptions::default()
    };
    let landing = land(&app.store, &plan.rows, options, &mut |_| {}).await;
    assert_eq!((plan.rows.is_empty(), landing.is_complete()), (false, true));
    land_funding(&app.store, "OCHA-FTS-2020-10-21", funding).await.unwrap()
}

on_both! {
    async fn a_blank_is_unknown_and_no_contribution(app) {
        let funded = load(app, &[
            "BGD,Bangladesh,Y,HRP,Plan A,1000,", "KEN,Kenya,Y,HRP,Plan B,1000,0", "NGA,Nigeria,Y,HRP,Plan C,1000,250.5",
        ]).await;
        assert_eq!((funded.created, &funded.excess, &funded.failed), (1, &vec![], &vec![]));
        let query = "{ assistanceRequests { nodes { country { code } fulfilment items { deliveredQuantity contributions { totalCount } } } } }";
        let seen = app.ask(None, query, Value::Null).await;
        let one = |code: &str, fulfilment: &str, delivered: &str, count: i32| json!({ "country": { "code": code }, "fulfilment": fulfilment,
            "items": [{ "deliveredQuantity": delivered, "contributions": { "totalCount": count } }] });
        assert_eq!(seen["assistanceRequests"]["nodes"], json!([one("BGD", "UNMET", "0", 0), one("KEN", "UNMET", "0", 0), one("NGA", "PARTLY_DELIVERED", "250.5", 1)]));
    }

    async fn what_is_beyond_the_requirement_is_left_out_and_told(app) {
        let funded = load(app, &["BGD,Bangladesh,Y,HRP,Plan A,1000,1000.001", "KEN,Kenya,Y,HRP,Plan B,1000,1000"]).await;
        assert_eq!((funded.created, funded.excess), (2, vec![("BGD/HRP/plan-a".to_owned(), "0.001".parse().unwrap())]));
        let seen = app.ask(None, "{ contributions { nodes { quantity status request { fulfilment } } } }", Value::Null).await;
        let one = json!({ "quantity": "1000", "status": "DELIVERED", "request": { "fulfilment": "DELIVERED" } });
        assert_eq!(seen["contributions"]["nodes"], json!([one, one]));
    }

    async fn of_a_plan_with_a_part_an_unknown_amount_of_either_makes_no_contribution(app) {
        let both = |total: &str, part: &str, code: &str, name: &str| [format!("{code},{name},Y,HRP,{name} plan,1000,{total}"), format!("{code},{name},Y,HRP-COVID19,{name} COVID,400,{part}")];
        let lines = [both("500", "100", "BGD", "Bangladesh"), both("500", "", "KEN", "Kenya"), both("", "100", "NGA", "Nigeria")].concat();
        let funded = load(app, &lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert_eq!((&funded.excess, &funded.failed), (&vec![], &vec![]));
        let query = "{ contributions { nodes { quantity request { country { code } } item { quantity } } } }";
        let seen = app.ask(None, query, Value::Null).await["contributions"]["nodes"].clone();
        let mut given: Vec<[String; 3]> = seen.as_array().unwrap().iter().map(|one| {
            [&one["request"]["country"]["code"], &one["item"]["quantity"], &one["quantity"]].map(|value| value.as_str().unwrap().to_owned())
        }).collect();
        given.sort();
        // The rest of Kenya's plan is not known either: how much of its 500 went to the part is not.
        assert_eq!(given, [["BGD", "400", "100"], ["BGD", "600", "400"], ["NGA", "400", "100"]]);
    }
}
