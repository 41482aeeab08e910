//! Countries, categories, commodities, units and organizations: looked up, listed, filtered, ordered, paged.

use serde_json::{Value, json};

use crate::common::TestApp;
use crate::on_both;

/// The codes of a list's nodes.
async fn codes(app: &TestApp, list: &str) -> Vec<String> {
    let (field, _) = list.split_once(['(', ' ']).unwrap_or((list, ""));
    let answer = app
        .ask(None, &format!("{{ {list} {{ nodes {{ code }} }} }}"), json!({}))
        .await;
    let nodes = answer[field]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["code"].as_str().unwrap().into()).collect()
}

async fn count(app: &TestApp, list: &str) -> i64 {
    let (field, _) = list.split_once(['(', ' ']).unwrap_or((list, ""));
    let answer = app
        .ask(None, &format!("{{ {list} {{ totalCount }} }}"), json!({}))
        .await;
    answer[field]["totalCount"].as_i64().unwrap()
}

/// The code and message of the only error, which left the field null.
async fn error(app: &TestApp, query: &str) -> (String, String) {
    let (_, answer) = app.post(None, query, json!({})).await;
    let errors = answer["errors"]
        .as_array()
        .unwrap_or_else(|| panic!("no error: {answer:#}"));
    assert_eq!(errors.len(), 1, "{answer:#}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&errors[0]["extensions"]["code"]), text(&errors[0]["message"]))
}

on_both! {
    async fn everything_of_the_files_can_be_read(app) {
        let query = r#"{
            countries { totalCount } needCategories { totalCount } commodities { totalCount } organizations { totalCount }
            units { code unece label(locale: FR) }
            country(code: BGD) { code iso2 m49 name fr: name(locale: FR) ar: name(locale: AR) officialName capital unRegion
                unSubregion whoRegion incomeGroup population populationYear latitude longitude currency namStatus
                namStatus2020 namJoinedYear version }
            needCategory(code: "MED.PPE.MASK") { code name name_ar: name(locale: AR) domain iascSector whoPillar active
                parent { code } ancestors { code } children { code } commodities(first: 2) { totalCount nodes { code unit { code unece } } } }
            commodity(code: "RESPIRATOR_PARTICULATE") { name specification category { code } unit { code label } unspsc whoReference
                indicativeUnitPriceUsd active }
            organization(code: "WHO") { name kind country { code } url active version }
        }"#;
        let query = query.replace("BGD", "\"BGD\"");
        let answer = app.ask(None, &query, json!({})).await;
        for (list, total) in [("countries", 195), ("needCategories", 72), ("commodities", 120), ("organizations", 55)] {
            assert_eq!(answer[list]["totalCount"], total, "{list}");
        }
        let units = answer["units"].as_array().unwrap();
        assert_eq!(units.len(), 35);
        assert_eq!(units[0], json!({ "code": "AMPOULE", "unece": "XAM", "label": "ampoule" }));
        assert!(units.contains(&json!({ "code": "USD", "unece": null, "label": "US dollar" })));
        assert_eq!(answer["country"], json!({
            "code": "BGD", "iso2": "BD", "m49": "050", "name": "Bangladesh", "fr": "Bangladesh", "ar": "بنغلاديش",
            "officialName": "People's Republic of Bangladesh", "capital": "Dhaka", "unRegion": "Asia",
            "unSubregion": "Southern Asia", "whoRegion": "SEARO", "incomeGroup": "LOWER_MIDDLE", "population": 173_562_364,
            "populationYear": 2024, "latitude": answer["country"]["latitude"], "longitude": answer["country"]["longitude"],
            "currency": "BDT", "namStatus": "MEMBER", "namStatus2020": "MEMBER", "namJoinedYear": 1973, "version": 1,
        }));
        let category = &answer["needCategory"];
        assert_eq!(category["name"], category["name_ar"], "names fall back to English");
        assert_eq!(category["parent"], json!({ "code": "MED.PPE" }));
        assert_eq!(category["ancestors"], json!([{ "code": "MED" }, { "code": "MED.PPE" }]));
        assert_eq!(category["children"], json!([]));
        assert_eq!(category["commodities"]["nodes"][0], json!({ "code": "MASK_MEDICAL_HCW", "unit": { "code": "PIECE", "unece": "H87" } }));
        assert_eq!(answer["commodity"]["indicativeUnitPriceUsd"], "0.335");
        assert_eq!(answer["organization"], json!({ "name": "World Health Organization", "kind": "UN_AGENCY",
            "country": { "code": "CHE" }, "url": "https://www.who.int", "active": true, "version": 1 }));
    }

    async fn a_country_is_found_by_each_of_its_codes(app) {
        let query = r#"{ a: country(code: "NAM") { code } b: country(code: "NA") { code } c: country(code: "516") { code } }"#;
        let namibia = json!({ "code": "NAM" });
        assert_eq!(app.ask(None, query, json!({})).await, json!({ "a": namibia, "b": namibia, "c": namibia }));
        assert_eq!(codes(app, r#"countries(filter: { code: { in: ["NA", "516", "BGD"] } })"#).await, ["BGD", "NAM"]);
    }

    async fn an_unknown_code_is_an_error_that_names_it(app) {
        for (query, named) in [
            (r#"{ country(code: "XYZ") { code } }"#, "XYZ"),
            (r#"{ needCategory(code: "MED.NOPE") { code } }"#, "MED.NOPE"),
            (r#"{ commodity(code: "NOPE") { code } }"#, "NOPE"),
            (r#"{ organization(code: "who") { code } }"#, "who"),
            (r#"{ countries(filter: { code: { eq: "XYZ" } }) { totalCount } }"#, "XYZ"),
            (r#"{ countries(filter: { not: { code: { notIn: ["BGD", "XX"] } } }) { totalCount } }"#, "XX"),
            (r#"{ needCategories(filter: { under: "med" }) { totalCount } }"#, "med"),
            (r#"{ needCategories(filter: { parent: "NOPE" }) { totalCount } }"#, "NOPE"),
            (r#"{ needCategories(filter: { or: [{ code: { ne: "NOPE" } }] }) { totalCount } }"#, "NOPE"),
            (r#"{ commodities(filter: { category: { under: "NOPE" } }) { totalCount } }"#, "NOPE"),
            (r#"{ commodities(filter: { code: { in: ["GLOVES_EXAM", "NOPE"] } }) { totalCount } }"#, "NOPE"),
            (r#"{ organizations(filter: { code: { eq: "NOPE" } }) { totalCount } }"#, "NOPE"),
            (r#"{ organizations(filter: { country: { code: { eq: "XX" } } }) { totalCount } }"#, "XX"),
        ] {
            let (code, message) = error(app, query).await;
            assert_eq!(code, "BAD_USER_INPUT", "{query}");
            assert!(message.contains(&format!("\"{named}\"")), "{query}: {message}");
        }
        // Part of a code need not be known.
        assert_eq!(count(app, r#"needCategories(filter: { code: { startsWith: "nope" } })"#).await, 0);
    }

    async fn a_failing_root_field_leaves_its_siblings_alone(app) {
        let query = r#"{ a: country(code: "XYZ") { code } b: country(code: "BGD") { code } }"#;
        let (_, answer) = app.post(None, query, json!({})).await;
        assert_eq!(answer["data"], json!({ "a": null, "b": { "code": "BGD" } }));
        assert_eq!(answer["errors"][0]["path"], json!(["a"]));
    }

    async fn filters_narrow_and_their_negations_give_the_rest(app) {
        for (list, total) in [
            (r#"countries(filter: { namStatus: { eq: MEMBER } })"#, 121),
            (r#"countries(filter: { not: { namStatus: { eq: MEMBER } } })"#, 74),
            (r#"countries(filter: { whoRegion: { isNull: true } })"#, 2),
            (r#"countries(filter: { whoRegion: { ne: AFRO } })"#, 148),
            (r#"countries(filter: { incomeGroup: { in: [LOW, LOWER_MIDDLE] } })"#, 75),
            (r#"countries(filter: { incomeGroup: { notIn: [LOW, LOWER_MIDDLE, UPPER_MIDDLE, HIGH] } })"#, 3),
            (r#"countries(filter: { unRegion: { eq: "Africa" }, namStatus: { eq: MEMBER } })"#, 54),
            (r#"countries(filter: { or: [{ unRegion: { eq: "Africa" } }, { unRegion: { eq: "Asia" } }] })"#, 102),
            (r#"countries(filter: { or: [] })"#, 0),
            (r#"countries(filter: { and: [] })"#, 195),
            (r#"countries(filter: { population: { gte: 1000000000 } })"#, 2),
            (r#"countries(filter: { name: { contains: "COTE D'IV" } })"#, 1),
            (r#"countries(filter: { name: { contains: "allemagne" } })"#, 1),
            (r#"countries(filter: { name: { startsWith: "%" } })"#, 0),
            (r#"needCategories(filter: { isRoot: true })"#, 3),
            (r#"needCategories(filter: { under: "MED" })"#, 37),
            (r#"needCategories(filter: { not: { under: "MED" } })"#, 35),
            (r#"needCategories(filter: { domain: { eq: SOCIAL }, active: true })"#, 15),
            (r#"needCategories(filter: { iascSector: { eq: "HEA" } })"#, 37),
            (r#"commodities(filter: { category: { under: "MED.PPE" }, active: false })"#, 0),
            (r#"organizations(filter: { kind: { eq: FUND } })"#, 7),
            (r#"organizations(filter: { country: { code: { eq: "CHE" } }, kind: { ne: UN_AGENCY } })"#, 8),
            (r#"organizations(filter: { not: { country: {} } })"#, 2),
            (r#"organizations(filter: { name: { contains: "medecins" } })"#, 1),
        ] {
            assert_eq!(count(app, list).await, total, "{list}");
        }
        let roots = codes(app, "needCategories(filter: { isRoot: true })").await;
        assert_eq!(roots, ["MED", "SOC", "HUM"], "in the order of the tree");
        let below = codes(app, r#"needCategories(first: 300, filter: { parent: "MED.PPE" })"#).await;
        let query = r#"{ needCategory(code: "MED.PPE") { children { code } } }"#;
        let children = app.ask(None, query, json!({})).await["needCategory"]["children"].clone();
        assert_eq!(children, Value::from_iter(below.iter().map(|code| json!({ "code": code }))));
    }

    async fn orders_are_the_same_in_both_directions(app) {
        let by = |field: &str, direction: &str| format!("countries(first: 300, orderBy: [{{ field: {field}, direction: {direction} }}])");
        for field in ["CODE", "NAME", "POPULATION"] {
            let up = codes(app, &by(field, "ASC")).await;
            let mut down = codes(app, &by(field, "DESC")).await;
            down.reverse();
            assert_eq!(up.len(), 195);
            assert_eq!(up, down, "{field}");
        }
        let names = codes(app, &by("NAME", "ASC")).await;
        let place = |code: &str| names.iter().position(|other| other == code).unwrap();
        // Côte d'Ivoire stands between Costa Rica and Croatia, Türkiye after Tunisia.
        assert!(place("CRI") < place("CIV") && place("CIV") < place("HRV"));
        assert_eq!(&codes(app, "countries(first: 1, orderBy: [{ field: POPULATION, direction: DESC }])").await, &["IND"]);
        assert_eq!(&codes(app, "commodities(last: 1)").await, &[codes(app, "commodities(first: 1, orderBy: [{ field: CODE, direction: DESC }])").await[0].clone()]);
    }

    async fn nulls_come_last_in_both_directions(app) {
        let admin = crate::common::ADMIN;
        let country = app.ask(None, r#"{ country(code: "FJI") { id version } }"#, json!({})).await["country"].clone();
        let input = json!({ "id": country["id"], "version": country["version"], "population": null });
        app.mutate(admin, "updateCountry", input, "userErrors { code }").await;
        for direction in ["ASC", "DESC"] {
            let list = format!("countries(first: 300, orderBy: [{{ field: POPULATION, direction: {direction} }}])");
            assert_eq!(codes(app, &list).await.last().unwrap(), "FJI", "{direction}");
        }
    }

    async fn pages_meet_without_a_gap_forwards_and_backwards(app) {
        let query = "query($first: Int, $after: String, $last: Int, $before: String) { countries(first: $first, after: $after,
            last: $last, before: $before, orderBy: [{ field: NAME, direction: DESC }]) { nodes { code }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }";
        let whole = codes(app, "countries(first: 300, orderBy: [{ field: NAME, direction: DESC }])").await;
        for (count, cursor, more, from) in [("first", "after", "hasNextPage", "endCursor"), ("last", "before", "hasPreviousPage", "startCursor")] {
            let mut seen: Vec<Vec<String>> = Vec::new();
            let mut variables = json!({ count: 40 });
            loop {
                let page = app.ask(None, query, variables.clone()).await["countries"].clone();
                assert_eq!(page["totalCount"], 195);
                seen.push(page["nodes"].as_array().unwrap().iter().map(|node| node["code"].as_str().unwrap().into()).collect());
                if page["pageInfo"][more] == false {
                    break;
                }
                variables[cursor] = page["pageInfo"][from].clone();
            }
            if count == "last" {
                seen.reverse();
            }
            assert_eq!(seen.len(), 5, "{count}");
            assert_eq!(seen.concat(), whole, "{count}");
        }
    }

    async fn a_page_that_can_not_be_is_refused(app) {
        let cursor = app.ask(None, "{ countries(first: 1) { pageInfo { endCursor } } }", json!({})).await;
        let cursor = cursor["countries"]["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
        for (list, expected) in [
            ("countries(first: 301) { totalCount }".to_owned(), "BAD_USER_INPUT"),
            ("countries(first: -1) { totalCount }".to_owned(), "BAD_USER_INPUT"),
            ("countries(first: 1, last: 1) { totalCount }".to_owned(), "BAD_USER_INPUT"),
            (format!("countries(after: \"{cursor}x\") {{ totalCount }}"), "BAD_CURSOR"),
            (format!("countries(after: \"{cursor}\", filter: {{ unRegion: {{ eq: \"Asia\" }} }}) {{ totalCount }}"), "BAD_CURSOR"),
            (format!("countries(after: \"{cursor}\", orderBy: [{{ field: NAME }}]) {{ totalCount }}"), "BAD_CURSOR"),
            (format!("commodities(after: \"{cursor}\") {{ totalCount }}"), "BAD_CURSOR"),
        ] {
            assert_eq!(error(app, &format!("{{ {list} }}")).await.0, expected, "{list}");
        }
        assert_eq!(codes(app, "countries").await.len(), 25);
        assert_eq!(codes(app, "countries(first: 0)").await.len(), 0);
    }

    async fn lists_cost_no_sql(app) {
        let before = app.store.statements();
        let query = "{ countries(first: 195) { totalCount nodes { code name } }
            commodities(first: 20) { nodes { unit { code } category { code parent { code ancestors { code } } } } }
            organizations(filter: { country: { unRegion: { eq: \"Europe\" } } }) { nodes { country { name } } } }";
        app.ask(Some(crate::common::ADMIN), query, json!({})).await;
        let spent = app.store.statements() - before;
        // What remains looks the key up.
        assert!(spent <= 2, "{spent} statements");
    }
}
