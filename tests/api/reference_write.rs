//! What administrators do to the reference data.

use entity::enums::Role;
use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::on_both;
use crate::support::{codes, named_with};

const COUNTRY: &str =
    "country { id code version name fr: name(locale: FR) officialName population latitude currency namStatus
    namStatus2020 createdAt updatedAt } userErrors { code field params { name value } }";
const CATEGORY: &str =
    "needCategory { id code version name active sortOrder domain parent { code } children { code } updatedAt }
    userErrors { code field params { name value } }";
const COMMODITY: &str =
    "commodity { id code version name active category { code } unit { code } indicativeUnitPriceUsd }
    userErrors { code field }";
const ORGANIZATION: &str =
    "organization { id code version name kind country { code } url active } userErrors { code field }";

/// One object by its code, with id and version.
async fn find(app: &TestApp, noun: &str, code: &str) -> Value {
    let answer = app
        .ask(
            None,
            &format!("{{ {noun}(code: \"{code}\") {{ id version }} }}"),
            json!({}),
        )
        .await;
    answer[noun].clone()
}

async fn change(app: &TestApp, noun: &str, code: &str, more: Value) -> Value {
    let (mutation, selection) = match noun {
        "country" => ("updateCountry", COUNTRY),
        "needCategory" => ("updateNeedCategory", CATEGORY),
        "commodity" => ("updateCommodity", COMMODITY),
        _ => ("updateOrganization", ORGANIZATION),
    };
    let input = named_with(&find(app, noun, code).await, more);
    app.mutate(ADMIN, mutation, input, selection).await
}

/// Codes of the user errors with their fields.
fn wrong(payload: &Value) -> Vec<(String, String)> {
    let errors = payload["userErrors"].as_array().unwrap().iter();
    errors
        .map(|error| {
            let field = error["field"].as_array().map(|path| {
                let path: Vec<&str> = path.iter().map(|part| part.as_str().unwrap()).collect();
                path.join(".")
            });
            (error["code"].as_str().unwrap().into(), field.unwrap_or_default())
        })
        .collect()
}

fn expected<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(code, field)| (code.into(), field.into())).into()
}

fn kosovo() -> Value {
    json!({ "code": "XKX", "iso2": "XK", "m49": "412", "name": "Kosovo", "names": [{ "locale": "FR", "name": "Le Kosovo" }],
        "population": 1_500_000, "latitude": 42.5, "currency": "EUR", "namStatus": "MEMBER", "namJoinedYear": 2019 })
}

on_both! {
    async fn only_administrators_write(app) {
        let coordinator = app.key(Role::Coordinator, None, None).await;
        let category = json!({ "code": "MED.NEW", "domain": "MEDICAL", "name": "New" });
        let id = find(app, "organization", "WHO").await;
        for (mutation, input) in [
            ("createCountry", kosovo()),
            ("createNeedCategory", category),
            ("updateOrganization", id),
        ] {
            assert_eq!(app.refused(None, mutation, input.clone()).await, "UNAUTHENTICATED", "{mutation}");
            assert_eq!(app.refused(Some(&coordinator), mutation, input).await, "FORBIDDEN", "{mutation}");
        }
    }

    async fn a_country_is_created_once(app) {
        let made = app.mutate(ADMIN, "createCountry", kosovo(), COUNTRY).await;
        assert_eq!(made["userErrors"], json!([]));
        let country = &made["country"];
        assert_eq!((&country["code"], &country["version"]), (&json!("XKX"), &json!(1)));
        assert_eq!((&country["fr"], &country["namStatus2020"]), (&json!("Le Kosovo"), &json!("MEMBER")));
        assert_eq!(find(app, "country", "XK").await["id"], country["id"], "at once to be found");
        let again = app.mutate(ADMIN, "createCountry", kosovo(), COUNTRY).await;
        assert_eq!(again["country"], Value::Null);
        assert_eq!(wrong(&again), expected([("DUPLICATE", "code"), ("DUPLICATE", "iso2"), ("DUPLICATE", "m49")]));
        let mut bad = kosovo();
        (bad["code"], bad["iso2"], bad["population"], bad["name"]) = (json!("XK"), json!("xk"), json!(-1), json!(" "));
        bad["names"] = json!([{ "locale": "FR", "name": "" }, { "locale": "FR", "name": "x" }]);
        let refused = app.mutate(ADMIN, "createCountry", bad, COUNTRY).await;
        assert_eq!(wrong(&refused), expected([
            ("INVALID", "code"), ("INVALID", "iso2"), ("DUPLICATE", "m49"), ("BLANK", "name"), ("BLANK", "names.0.name"),
            ("DUPLICATE", "names.1.locale"), ("OUT_OF_RANGE", "population"),
        ]));
    }

    async fn an_update_changes_what_it_names_and_counts(app) {
        app.pass_days(1);
        let changed = change(app, "country", "BGD", json!({ "population": null, "names": [{ "locale": "ES", "name": "Bangla" }], "officialName": " Formal " })).await;
        assert_eq!(changed["userErrors"], json!([]));
        let country = &changed["country"];
        assert_eq!(country["version"], 2);
        assert_eq!((&country["population"], &country["officialName"]), (&Value::Null, &json!("Formal")));
        assert_eq!((&country["fr"], &country["currency"]), (&json!("Bangladesh"), &json!("BDT")), "French falls back; the currency stays");
        assert!(country["updatedAt"].as_str() > country["createdAt"].as_str());
    }

    async fn an_update_that_changes_nothing_writes_nothing(app) {
        app.pass_days(1);
        let same = change(app, "country", "BGD", json!({ "name": "Bangladesh", "currency": "BDT" })).await;
        assert_eq!((same["userErrors"].clone(), &same["country"]["version"]), (json!([]), &json!(1)));
        assert_eq!(same["country"]["updatedAt"], same["country"]["createdAt"]);
        let empty = change(app, "needCategory", "MED.PPE", json!({})).await;
        assert_eq!((empty["userErrors"].clone(), &empty["needCategory"]["version"]), (json!([]), &json!(1)));
    }

    async fn a_stale_version_is_refused_with_the_object_as_it_is(app) {
        let seen = find(app, "organization", "WHO").await;
        let first = app.mutate(ADMIN, "updateOrganization", named_with(&seen, json!({ "url": null })), ORGANIZATION).await;
        assert_eq!((&first["organization"]["version"], &first["organization"]["url"]), (&json!(2), &Value::Null));
        let selection = "organization { version url } userErrors { code field params { name value } }";
        let late = app.mutate(ADMIN, "updateOrganization", named_with(&seen, json!({ "name": "Late" })), selection).await;
        assert_eq!(late["organization"], json!({ "version": 2, "url": null }));
        assert_eq!(late["userErrors"], json!([{ "code": "STALE_VERSION", "field": ["version"], "params": [{ "name": "current", "value": "2" }] }]));
    }

    async fn an_id_of_nothing_is_not_found(app) {
        let who = find(app, "organization", "WHO").await;
        for id in [json!("nonsense"), who["id"].clone(), json!("")] {
            let refused = app.mutate(ADMIN, "updateCountry", json!({ "id": id, "version": 1 }), COUNTRY).await;
            assert_eq!((&refused["country"], wrong(&refused)), (&Value::Null, expected([("NOT_FOUND", "id")])), "{id}");
        }
    }

    async fn an_explicit_null_is_refused_where_something_must_be(app) {
        let refused = change(app, "needCategory", "MED.PPE", json!({ "name": null, "sortOrder": null, "active": null })).await;
        assert_eq!(wrong(&refused), expected([("REQUIRED", "name"), ("REQUIRED", "sortOrder"), ("REQUIRED", "active")]));
        assert_eq!(refused["needCategory"]["version"], 1, "the payload has the object all the same");
        let refused = change(app, "commodity", "GLOVES_EXAM", json!({ "category": null, "name": null })).await;
        assert_eq!(wrong(&refused), expected([("REQUIRED", "name"), ("REQUIRED", "category")]));
    }

    async fn a_category_grows_moves_and_retires_within_the_rules(app) {
        let create = async |input: Value| app.mutate(ADMIN, "createNeedCategory", input, CATEGORY).await;
        let made = create(json!({ "code": "X.NEW", "parent": "MED.PPE", "domain": "MEDICAL", "name": "New" })).await;
        assert_eq!(made["userErrors"], json!([]));
        assert_eq!(made["needCategory"]["parent"], json!({ "code": "MED.PPE" }));
        let siblings = app.ask(None, r#"{ needCategory(code: "MED.PPE") { children { code } } }"#, json!({})).await;
        assert_eq!(siblings["needCategory"]["children"].as_array().unwrap().last(), Some(&json!({ "code": "X.NEW" })));
        let below = create(json!({ "code": "X.BELOW", "parent": "X.NEW", "domain": "MEDICAL", "name": "Below" })).await;
        assert_eq!(below["userErrors"], json!([]));
        let alien = create(json!({ "code": "X.ALIEN", "parent": "X.NEW", "domain": "SOCIAL", "name": "Alien" })).await;
        assert_eq!(wrong(&alien), expected([("CONFLICT", "domain")]));
        let orphan = create(json!({ "code": "x", "parent": "NOPE", "domain": "SOCIAL", "name": "" })).await;
        assert_eq!(wrong(&orphan), expected([("INVALID", "code"), ("BLANK", "name"), ("NOT_FOUND", "parent")]));

        for (parent, code) in [("X.BELOW", "CYCLE"), ("X.NEW", "CYCLE"), ("SOC", "CONFLICT"), ("NOPE", "NOT_FOUND")] {
            let moved = change(app, "needCategory", "X.NEW", json!({ "parent": parent })).await;
            assert_eq!(wrong(&moved), expected([(code, "parent")]), "{parent}");
            assert_eq!(moved["needCategory"]["parent"], json!({ "code": "MED.PPE" }));
        }
        let root = change(app, "needCategory", "X.NEW", json!({ "parent": null })).await;
        assert_eq!((root["userErrors"].clone(), &root["needCategory"]["parent"]), (json!([]), &Value::Null));
        let under = app.ask(None, r#"{ needCategories(filter: { under: "X.NEW" }) { nodes { code } } }"#, json!({})).await;
        assert_eq!(under["needCategories"]["nodes"].as_array().unwrap().len(), 2);

        let in_use = change(app, "needCategory", "X.NEW", json!({ "active": false })).await;
        assert_eq!(wrong(&in_use), expected([("IN_USE", "active")]));
        assert_eq!(in_use["userErrors"][0]["params"], json!([{ "name": "children", "value": "1" }, { "name": "commodities", "value": "0" }]));
        assert_eq!(codes(&change(app, "needCategory", "X.BELOW", json!({ "active": false })).await), Vec::<String>::new());
        assert_eq!(codes(&change(app, "needCategory", "X.NEW", json!({ "active": false })).await), Vec::<String>::new());
        let late = create(json!({ "code": "X.LATE", "parent": "X.NEW", "domain": "MEDICAL", "name": "Late" })).await;
        assert_eq!(wrong(&late), expected([("INACTIVE", "parent")]));
        let back = change(app, "needCategory", "X.BELOW", json!({ "active": true })).await;
        assert_eq!(wrong(&back), expected([("INACTIVE", "active")]));
    }

    async fn a_commodity_lives_in_a_category_in_use(app) {
        let create = async |input: Value| app.mutate(ADMIN, "createCommodity", input, COMMODITY).await;
        let input = json!({ "code": "GOWN_X", "category": "MED.PPE.MASK", "name": "Gown", "unit": "PIECE", "indicativeUnitPriceUsd": "1.2500" });
        let made = create(input.clone()).await;
        assert_eq!(made["userErrors"], json!([]));
        assert_eq!((&made["commodity"]["indicativeUnitPriceUsd"], &made["commodity"]["unit"]["code"]), (&json!("1.25"), &json!("PIECE")));
        assert_eq!(wrong(&create(input).await), expected([("DUPLICATE", "code")]));
        let bad = json!({ "code": "A-B", "category": "NOPE", "name": "", "unit": "H87", "indicativeUnitPriceUsd": "0.00001" });
        assert_eq!(wrong(&create(bad).await), expected([
            ("INVALID", "code"), ("NOT_FOUND", "unit"), ("BLANK", "name"), ("NOT_FOUND", "category"), ("INVALID", "indicativeUnitPriceUsd"),
        ]));
        let price = change(app, "commodity", "GOWN_X", json!({ "indicativeUnitPriceUsd": "1000000000.1" })).await;
        assert_eq!(wrong(&price), expected([("OUT_OF_RANGE", "indicativeUnitPriceUsd")]));
        let moved = change(app, "commodity", "GOWN_X", json!({ "category": "MED.PPE", "indicativeUnitPriceUsd": null, "active": false })).await;
        assert_eq!((moved["userErrors"].clone(), &moved["commodity"]["category"]["code"]), (json!([]), &json!("MED.PPE")));
        assert_eq!((&moved["commodity"]["active"], &moved["commodity"]["version"]), (&json!(false), &json!(2)));
        // A retired commodity can't be asked for any more.
        let focal = app.key(Role::FocalPoint, Some("BGD"), None).await;
        let request = json!({ "country": "BGD", "title": "Gowns", "priority": "LOW", "items": [{ "commodity": "GOWN_X", "quantity": 1 }] });
        let refused = app.mutate(&focal, "createAssistanceRequest", request, "userErrors { code field }").await;
        assert_eq!(codes(&refused), ["INACTIVE"]);
    }

    async fn an_organization_is_created_moved_and_retired(app) {
        let input = json!({ "code": "RED.X", "name": "Red X", "kind": "NGO", "country": "BD", "url": "https://example.org" });
        let made = app.mutate(ADMIN, "createOrganization", input.clone(), ORGANIZATION).await;
        assert_eq!((made["userErrors"].clone(), &made["organization"]["country"]["code"]), (json!([]), &json!("BGD")));
        assert_eq!(wrong(&app.mutate(ADMIN, "createOrganization", input, ORGANIZATION).await), expected([("DUPLICATE", "code")]));
        let bad = change(app, "organization", "RED.X", json!({ "country": "ZZZ", "url": "ftp://example.org", "kind": null })).await;
        assert_eq!(wrong(&bad), expected([("REQUIRED", "kind"), ("NOT_FOUND", "country"), ("INVALID", "url")]));
        let retired = change(app, "organization", "RED.X", json!({ "country": null, "active": false })).await;
        assert_eq!((&retired["organization"]["country"], &retired["organization"]["active"]), (&Value::Null, &json!(false)));
    }

    async fn two_moves_at_once_never_close_a_circle(app) {
        for code in ["A", "B"] {
            let input = json!({ "code": code, "parent": "MED", "domain": "MEDICAL", "name": code });
            app.mutate(ADMIN, "createNeedCategory", input, CATEGORY).await;
        }
        let (left, right) = futures_util::join!(
            change(app, "needCategory", "A", json!({ "parent": "B" })),
            change(app, "needCategory", "B", json!({ "parent": "A" })),
        );
        let mut both = [codes(&left), codes(&right)].concat();
        assert_eq!(both.pop().as_deref(), Some("CYCLE"), "{left} {right}");
        assert_eq!(both, Vec::<String>::new());
    }

    async fn many_changes_at_once_leave_the_last_one_in_memory(app) {
        let seen = find(app, "country", "BGD").await;
        let writes = (0..12).map(|number| {
            let input = named_with(&seen, json!({ "population": number }));
            app.mutate(ADMIN, "updateCountry", input, COUNTRY)
        });
        let answers = futures_util::future::join_all(writes).await;
        let stale = answers.iter().filter(|answer| codes(answer) == ["STALE_VERSION"]).count();
        assert_eq!(stale, 11, "one of twelve that have seen the same version");
        assert!(answers.iter().all(|answer| answer["country"]["version"] == 2), "each is told the present state");
        let new = (0..8).map(|number| {
            let input = json!({ "code": format!("ORG_{number}"), "name": "New", "kind": "NGO" });
            app.mutate(ADMIN, "createOrganization", input, ORGANIZATION)
        });
        futures_util::future::join_all(new).await;
        let total = app.ask(None, "{ organizations { totalCount } }", json!({})).await;
        assert_eq!(total["organizations"]["totalCount"], 55 + 8);
    }
}
