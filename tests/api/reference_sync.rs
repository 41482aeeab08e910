//! The files of reference data, brought into the tables by key.

use nam_needs::error::Error;
use nam_needs::store::Refused;
use nam_needs::store::reference::{Counts, Files, SyncReport, sync, sync_files};
use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::on_both;

const fn unchanged(unchanged: usize) -> Counts {
    Counts {
        inserted: 0,
        updated: 0,
        kept: 0,
        retired: 0,
        unchanged,
    }
}

/// What a second sync of the bundled files reports.
const NOTHING: SyncReport = SyncReport {
    countries: unchanged(195),
    need_categories: unchanged(72),
    units: unchanged(35),
    commodities: unchanged(120),
    organizations: unchanged(55),
};

async fn organization(app: &TestApp, code: &str) -> Value {
    let query = format!("{{ organization(code: \"{code}\") {{ id name url active version updatedAt }} }}");
    app.ask(None, &query, json!({})).await["organization"].clone()
}

/// The bundled organizations without the lines of these codes.
fn without(codes: &[&str]) -> String {
    let lines = Files::BUNDLED.organizations.lines();
    let kept = lines.filter(|line| !codes.iter().any(|code| line.starts_with(&format!("{code},"))));
    kept.collect::<Vec<_>>().join("\n")
}

/// Each noun with one of its codes that no other file names, and the number of its rows.
const NOUNS: [(&str, &str, usize); 4] = [
    ("country", "ALB", 195),
    ("needCategory", "HUM.MULTI", 72),
    ("commodity", "CHLORINE_HTH_70", 120),
    ("organization", "WHO", 55),
];

/// The row of a noun as everybody sees it.
async fn row(app: &TestApp, noun: &str, code: &str) -> Value {
    let query = format!("{{ it: {noun}(code: \"{code}\") {{ id name active version }} }}");
    app.ask(None, &query, json!({})).await["it"].clone()
}

fn counts_of(noun: &str, report: &SyncReport) -> Counts {
    match noun {
        "country" => report.countries,
        "needCategory" => report.need_categories,
        "commodity" => report.commodities,
        _ => report.organizations,
    }
}

/// Syncs the bundled files with another one for this noun, and says what became of its rows.
async fn sync_report(app: &TestApp, noun: &str, change: impl Fn(&str) -> String) -> Counts {
    let mut files = Files::BUNDLED;
    let place = match noun {
        "country" => &mut files.countries,
        "needCategory" => &mut files.need_categories,
        "commodity" => &mut files.commodities,
        _ => &mut files.organizations,
    };
    let text = change(place);
    *place = &text;
    counts_of(noun, &sync_files(&app.store, files).await.unwrap())
}

/// A file without the line of a code, which is among the first two columns of each file.
fn without_line(text: &str, code: &str) -> String {
    let is = |line: &&str| !line.split(',').take(2).any(|cell| cell == code);
    let kept: Vec<&str> = text.lines().filter(is).collect();
    assert_eq!(kept.len() + 1, text.lines().count(), "{code}");
    kept.join("\n")
}

async fn sync_organizations(app: &TestApp, organizations: &str) -> SyncReport {
    let files = Files {
        organizations,
        ..Files::BUNDLED
    };
    sync_files(&app.store, files).await.unwrap()
}

on_both! {
    async fn what_is_there_already_is_not_written_again(app) {
        app.pass_days(1);
        let before = app.store.statements();
        assert_eq!(sync(&app.store).await.unwrap(), NOTHING);
        // Five tables read twice, for the comparison and for the snapshot, and one lock.
        assert!(app.store.statements() - before <= 11);
        assert_eq!(organization(app, "WHO").await["version"], 1);
    }

    async fn new_and_changed_lines_come_in(app) {
        app.pass_days(1);
        let old = organization(app, "WHO").await;
        let mut lines = Files::BUNDLED.organizations.replace("https://www.who.int", "https://who.example");
        lines.push_str("NEW_ONE,New one,NGO,BGD,,,\n");
        let report = sync_organizations(app, &lines).await;
        let expected = Counts { inserted: 1, updated: 1, ..unchanged(54) };
        assert_eq!(report, SyncReport { organizations: expected, ..NOTHING });
        let new = organization(app, "WHO").await;
        assert_eq!((&new["version"], &new["url"]), (&json!(2), &json!("https://who.example")));
        assert!(new["updatedAt"].as_str() > old["updatedAt"].as_str());
        assert_eq!(organization(app, "NEW_ONE").await["version"], 1);
    }

    async fn no_key_speaks_for_a_country_that_vanished(app) {
        let report = sync_report(app, "country", |text| without_line(text, "BGD")).await;
        assert_eq!(report.retired, 1);
        let input = json!({ "name": "Ministry", "roles": ["FOCAL_POINT"], "country": "BGD" });
        let refused = app.mutate(ADMIN, "createApiKey", input, "secret userErrors { code field }").await;
        assert_eq!(refused, json!({ "secret": null, "userErrors": [{ "code": "INACTIVE", "field": ["country"] }] }));
    }

    async fn what_vanishes_is_retired_and_comes_back(app) {
        let report = sync_organizations(app, &without(&["WHO", "WFP"])).await;
        let expected = Counts { retired: 2, ..unchanged(53) };
        assert_eq!(report.organizations, expected);
        let gone = organization(app, "WHO").await;
        assert_eq!((&gone["active"], &gone["version"]), (&json!(false), &json!(2)));
        assert_eq!(sync_organizations(app, &without(&["WHO", "WFP"])).await, NOTHING, "retired once");
        let report = sync_organizations(app, &without(&["WFP"])).await;
        assert_eq!(report.organizations, Counts { updated: 1, ..unchanged(54) });
        let back = organization(app, "WHO").await;
        assert_eq!((&back["active"], &back["version"]), (&json!(true), &json!(3)));
    }

    async fn what_an_administrator_has_changed_stays(app) {
        let who = organization(app, "WHO").await;
        let input = json!({ "id": who["id"], "version": 1, "name": "The Organization" });
        app.mutate(ADMIN, "updateOrganization", input, "userErrors { code }").await;
        let wfp = organization(app, "WFP").await;
        let input = json!({ "id": wfp["id"], "version": 1, "active": false });
        app.mutate(ADMIN, "updateOrganization", input, "userErrors { code }").await;
        let input = json!({ "code": "OURS", "name": "Ours", "kind": "NGO" });
        app.mutate(ADMIN, "createOrganization", input, "userErrors { code }").await;

        let report = sync(&app.store).await.unwrap();
        assert_eq!(report.organizations, Counts { kept: 3, ..unchanged(53) });
        let report = sync_organizations(app, &without(&["WHO"])).await;
        assert_eq!(report.organizations, Counts { kept: 3, ..unchanged(53) });
        let who = organization(app, "WHO").await;
        assert_eq!((&who["name"], &who["active"], &who["version"]), (&json!("The Organization"), &json!(true), &json!(2)));
        assert_eq!(organization(app, "WFP").await["active"], false);
        assert_eq!(organization(app, "OURS").await["active"], true);
    }

    async fn a_malformed_file_changes_nothing(app) {
        let countries = Files::BUNDLED.countries.replace(",Kabul,", ",Kaboul,");
        let organizations = Files::BUNDLED.organizations.replace("FTS_DONORS,", "WHO,");
        let files = Files { countries: &countries, organizations: &organizations, ..Files::BUNDLED };
        let failed = sync_files(&app.store, files).await;
        let Err(Refused::Error(Error::Internal(cause))) = failed else { panic!("{failed:?}") };
        assert!(cause.contains("organizations.csv, line 56, column code: WHO stands twice"), "{cause}");
        let kabul = app.ask(None, r#"{ country(code: "AFG") { capital version } }"#, json!({})).await;
        assert_eq!(kabul["country"], json!({ "capital": "Kabul", "version": 1 }));
    }

    async fn a_moved_category_and_a_renamed_unit_come_in(app) {
        let categories = Files::BUNDLED.need_categories.replace("MED.PPE.MASK,MED.PPE,", "MED.PPE.MASK,MED,");
        let commodities = Files::BUNDLED.commodities.replace(",LTR,litre,", ",LTR,liter,");
        let files = Files { need_categories: &categories, commodities: &commodities, ..Files::BUNDLED };
        let report = sync_files(&app.store, files).await.unwrap();
        assert_eq!(report.need_categories, Counts { updated: 1, ..unchanged(71) });
        assert_eq!(report.units, Counts { updated: 1, ..unchanged(34) });
        let query = r#"{ needCategory(code: "MED.PPE.MASK") { parent { code } } units { code label } }"#;
        let answer = app.ask(None, query, json!({})).await;
        assert_eq!(answer["needCategory"]["parent"]["code"], "MED");
        assert!(answer["units"].as_array().unwrap().contains(&json!({ "code": "LITRE", "label": "liter" })));
    }

    async fn of_every_noun_what_vanishes_is_retired_and_comes_back(app) {
        for (noun, code, all) in NOUNS {
            let old = row(app, noun, code).await;
            assert_eq!((&old["active"], &old["version"]), (&json!(true), &json!(1)), "{noun}");
            let gone = sync_report(app, noun, |text| without_line(text, code)).await;
            assert_eq!(gone, Counts { retired: 1, ..unchanged(all - 1) }, "{noun}");
            let retired = row(app, noun, code).await;
            assert_eq!((&retired["active"], &retired["version"], &retired["name"]), (&json!(false), &json!(2), &old["name"]), "{noun}");
            assert_eq!(sync_report(app, noun, |text| without_line(text, code)).await, unchanged(all), "{noun} is retired once");
            let back = sync_report(app, noun, str::to_owned).await;
            assert_eq!(back, Counts { updated: 1, ..unchanged(all - 1) }, "{noun}");
            let back = row(app, noun, code).await;
            assert_eq!((&back["active"], &back["version"]), (&json!(true), &json!(3)), "{noun}");
        }
    }

    async fn of_every_noun_what_an_administrator_has_changed_or_made_stays(app) {
        for (noun, code, all) in NOUNS {
            let capital = format!("{}{}", noun[..1].to_uppercase(), &noun[1..]);
            let old = row(app, noun, code).await;
            let input = json!({ "id": old["id"], "version": 1, "name": "Renamed" });
            let update = app.mutate(ADMIN, &format!("update{capital}"), input, "userErrors { code field }").await;
            assert_eq!(update["userErrors"], json!([]), "{noun}");
            let input = match noun {
                "country" => json!({ "code": "XAA", "iso2": "XA", "m49": "990", "name": "Ours", "namStatus": "NONE" }),
                "needCategory" => json!({ "code": "OURS", "domain": "MEDICAL", "name": "Ours" }),
                "commodity" => json!({ "code": "OURS", "category": "MED.PPE", "name": "Ours", "unit": "PIECE" }),
                _ => json!({ "code": "OURS", "name": "Ours", "kind": "NGO" }),
            };
            let ours = input["code"].as_str().unwrap().to_owned();
            let create = app.mutate(ADMIN, &format!("create{capital}"), input, "userErrors { code field }").await;
            assert_eq!(create["userErrors"], json!([]), "{noun}");
            let kept = Counts { kept: 2, ..unchanged(all - 1) };
            // The file as it is, one that says something else of it, and one that does not know it.
            assert_eq!(counts_of(noun, &sync(&app.store).await.unwrap()), kept, "{noun}");
            let other = |text: &str| text.replace(old["name"].as_str().unwrap(), "Something else");
            assert_ne!(sync_report(app, noun, other).await.kept, 0, "{noun}");
            assert_eq!(counts_of(noun, &sync(&app.store).await.unwrap()).kept, 2, "{noun}");
            assert_eq!(sync_report(app, noun, |text| without_line(text, code)).await, kept, "{noun}");
            let stays = row(app, noun, code).await;
            assert_eq!((&stays["name"], &stays["active"], &stays["version"]), (&json!("Renamed"), &json!(true), &json!(2)), "{noun}");
            let stays = row(app, noun, &ours).await;
            assert_eq!((&stays["name"], &stays["active"], &stays["version"]), (&json!("Ours"), &json!(true), &json!(1)), "{noun}");
        }
    }

    async fn a_unit_that_vanishes_stays_since_items_are_counted_in_it(app) {
        // The only commodity that is counted in kilograms.
        let commodities = without_line(Files::BUNDLED.commodities, "CHLORINE_HTH_70");
        assert!(!commodities.contains(",KILOGRAM,"));
        let files = Files { commodities: &commodities, ..Files::BUNDLED };
        let report = sync_files(&app.store, files).await.unwrap();
        assert_eq!(report, SyncReport { commodities: Counts { retired: 1, ..unchanged(119) }, ..NOTHING });
        let units = app.ask(None, "{ units { code } }", json!({})).await;
        assert!(units["units"].as_array().unwrap().contains(&json!({ "code": "KILOGRAM" })), "{units}");
        // A new one comes in with its commodity.
        let more = format!("{}\nBEDS,MED.PPE,Beds,,BED,XBD,bed,,,,,,OURS", Files::BUNDLED.commodities.trim_end());
        let files = Files { commodities: &more, ..Files::BUNDLED };
        let report = sync_files(&app.store, files).await.unwrap();
        assert_eq!(report.units, Counts { inserted: 1, ..unchanged(35) });
        assert_eq!(report.commodities, Counts { inserted: 1, updated: 1, ..unchanged(119) });
    }
}
