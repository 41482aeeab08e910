//! Files in and out of a store, on both databases.
#![allow(clippy::unwrap_used, reason = "tests")]

#[macro_use]
mod common;

use std::io::sink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{TestApp, TestFile};
use nam_needs::domain::actor::Actor;
use nam_needs::domain::import::ImportOptions;
use nam_needs::interchange::command::{Import, Imported, export, import};
use nam_needs::interchange::figures;
use nam_needs::interchange::land::Landing;
use nam_needs::store::Consistency;

fn real(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/real").join(file)
}

async fn run(app: &TestApp, command: Import) -> (Imported, String, String) {
    let (mut out, mut progress) = (Vec::new(), Vec::new());
    let imported = import(&app.store, &command, &mut out, &mut progress).await.unwrap();
    (
        imported,
        String::from_utf8(out).unwrap(),
        String::from_utf8(progress).unwrap(),
    )
}

async fn exported(app: &TestApp, actor: Actor) -> String {
    let reader = app.store.reader(Arc::new(actor), Consistency::Snapshot);
    let mut out = Vec::new();
    export(&reader, true, &mut out, &mut sink()).await.unwrap();
    String::from_utf8(out).unwrap()
}

fn counts(landing: &Landing) -> (usize, usize, usize) {
    assert!(landing.is_complete(), "{landing:?}");
    (landing.created, landing.updated, landing.unchanged)
}

fn import_of(file: &TestFile, options: ImportOptions) -> Import {
    Import {
        file: file.path().into(),
        options,
        ..Import::default()
    }
}

const VERIFIED: ImportOptions = ImportOptions {
    submit: false,
    verified: true,
    dry_run: false,
};

on_both! {
    async fn the_figures_are_loaded_once(app) {
        let first: Vec<_> = figures::load(&app.store).await.unwrap().iter().map(counts).collect();
        assert_eq!(first, [(71, 0, 0), (120, 0, 0)]);
        let second: Vec<_> = figures::load(&app.store).await.unwrap().iter().map(counts).collect();
        assert_eq!(second, [(0, 0, 71), (0, 0, 120)]);
        let answer = app.ask(None, "{ assistanceRequests(first: 1, filter: { source: { eq: \"OCHA-FTS-2020-10-21\" }, status: { eq: VERIFIED } }) { totalCount nodes { sourceUrl description confirmedAt verifiedAt } } }", serde_json::json!({})).await;
        let page = &answer["assistanceRequests"];
        assert_eq!(page["totalCount"], 71);
        let request = &page["nodes"][0];
        assert_eq!(request["sourceUrl"], "https://fts.unocha.org");
        assert!(request["description"].as_str().unwrap().starts_with("The plan's requirement as published by OCHA FTS"));
        assert_eq!(request["verifiedAt"], "2020-10-21T00:00:00.000000Z");
        assert_eq!(request["confirmedAt"], "2020-10-21T00:00:00.000000Z");
    }

    async fn a_dry_run_tells_and_changes_nothing(app) {
        let command = Import {
            file: real("ghrp_country_plan_requirements_2020-10-21.csv"),
            mapping: Some(real("ghrp_country_plan_requirements_2020-10-21.mapping.toml")),
            options: ImportOptions { dry_run: true, ..VERIFIED },
            ..Import::default()
        };
        let (imported, told, progress) = run(app, command).await;
        assert_eq!(counts(imported.landing.as_ref().unwrap()), (71, 0, 0));
        assert!(!imported.is_complete());
        assert!(told.contains("113 rows: 95 to load, 16 skipped, 2 refused"), "{told}");
        assert!(told.contains("dry run, nothing was changed; would be created 71"), "{told}");
        assert_eq!(progress, "71 of 71 requests\n");
        assert_eq!(exported(app, Actor::system()).await.lines().count(), 2);
    }

    async fn a_file_for_a_report_loads_nothing(app) {
        let command = Import {
            file: real("interagency_response_plans_2022_pin_hxl.csv"),
            mapping: Some(real("interagency_response_plans_2022_pin_hxl.mapping.toml")),
            json: true,
            ..Import::default()
        };
        let (imported, told, _) = run(app, command).await;
        assert!(imported.is_complete());
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["report"]["totals"]["read"], 28);
        assert_eq!(told["report"]["totals"]["refused"], 14);
        assert_eq!(told["landing"], serde_json::Value::Null);
    }

    async fn what_one_store_exports_another_imports(app) {
        figures::load(&app.store).await.unwrap();
        let text = exported(app, Actor::anonymous()).await;
        assert_eq!(text.lines().count(), 2 + 95 + 1080);
        let (imported, told, _) = run(app, import_of(&TestFile::new(&text), VERIFIED)).await;
        assert!(imported.is_complete(), "{told}");
        assert_eq!(counts(imported.landing.as_ref().unwrap()), (0, 0, 191), "{told}");
    }

    async fn a_changed_line_changes_its_request_alone(app) {
        let text = "source,externalId,country,title,priority,kind,commodity,quantity,itemExternalId\n\
            S,1,NAM,Masks,HIGH,GOODS,MASK_MEDICAL_HCW,10,a\n\
            S,2,AGO,Gloves,LOW,GOODS,GLOVES_EXAM,10,a\n";
        let draft = ImportOptions::default();
        let (imported, ..) = run(app, import_of(&TestFile::new(text), draft)).await;
        assert_eq!(counts(imported.landing.as_ref().unwrap()), (2, 0, 0));
        let changed = text.replace("GLOVES_EXAM,10", "GLOVES_EXAM,11");
        let (imported, ..) = run(app, import_of(&TestFile::new(&changed), draft)).await;
        assert_eq!(counts(imported.landing.as_ref().unwrap()), (0, 1, 1));
        assert!(!exported(app, Actor::anonymous()).await.contains("Gloves"));
        assert!(exported(app, Actor::system()).await.contains(",11,PAIR,"));
    }

    async fn what_the_store_refuses_is_told_by_line_and_column(app) {
        let text = "source,externalId,country,title,priority,kind,commodity,quantity\n\
            S,1,NAM,Masks,HIGH,GOODS,MASK_MEDICAL_HCW,10\n";
        run(app, import_of(&TestFile::new(text), VERIFIED)).await;
        let moved = text.replace("NAM", "AGO");
        let (imported, told, _) = run(app, import_of(&TestFile::new(&moved), VERIFIED)).await;
        assert!(!imported.is_complete());
        assert!(told.contains("line 2 (1): failed: column country: The request of this externalId is one of NAM."), "{told}");
    }
}
