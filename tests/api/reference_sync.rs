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
}
