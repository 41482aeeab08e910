//! `nam-needs import` and `nam-needs export`

use std::process::Stdio;

use serde_json::{Value, json};

use crate::common::Ground;
use crate::{Served, TestFile, done, ended, run};

const HEADER: &str = "source,externalId,country,title,description,language,priority,peopleInNeed,neededBy,contactEmail,\
    itemExternalId,kind,category,commodity,quantity,unit,unitCostUsd\n";
const GOOD: &str = "MIN,1,BGD,\"Oxygen, and gloves\",For Cox's Bazar.,EN,HIGH,120000,2027-01-31,a@example.org,a,GOODS,,O2_CONCENTRATOR,100,PIECE,588\n\
    MIN,1,BGD,\"Oxygen, and gloves\",For Cox's Bazar.,EN,HIGH,120000,2027-01-31,a@example.org,b,GOODS,,GLOVES_EXAM,2500.5,PAIR,0.1\n\
    MIN,2,CUB,=Médicos,,ES,CRITICAL,,,,,FUNDING,HUM.MULTI,,1000000,USD,1\n";

const ALL: &str = "{ assistanceRequests(first: 100, orderBy: [{ field: CREATED_AT, direction: ASC }]) { totalCount nodes {
    source externalId country { code } title description language priority peopleInNeed neededBy status contact { email }
    items { externalId kind category { code } commodity { code } quantity unit { code } unitCostUsd } } } }";

/// Every request, by its id in the source.
async fn requests(ground: &Ground) -> Vec<Value> {
    let key = done(ground, &["key", "create", "--name=x", "--role=ADMIN"]);
    let served = Served::start(ground, &[]);
    let mut all = served.ask(Some(key.trim()), ALL).await["assistanceRequests"]["nodes"]
        .as_array()
        .unwrap()
        .clone();
    all.sort_by_key(|one| one["externalId"].to_string());
    served.end();
    all
}

over_both! {
    async fn a_dry_run_writes_nothing_and_a_repeat_changes_nothing(ground) {
        let file = TestFile::new(&format!("{HEADER}{GOOD}"));
        done(ground, &["migrate", "up"]);
        done(ground, &["key", "list"]);
        let before = ground.row_counts().await;
        let told = done(ground, &["import", "--dry-run", file.path()]);
        assert!(told.contains("dry run, nothing was changed; would be created 2, updated 0, unchanged 0, failed 0"), "{told}");
        assert_eq!(ground.row_counts().await, before);

        let told = done(ground, &["import", file.path()]);
        assert!(told.contains("3 rows: 3 to load, 0 skipped, 0 refused"), "{told}");
        assert!(told.contains("\ncreated 2, updated 0, unchanged 0, failed 0"), "{told}");
        let after = ground.row_counts().await;
        let more = |table: &str| after[table] - before[table];
        assert_eq!((more("assistance_request"), more("request_item")), (2, 3));
        assert!(more("change") >= 5);

        let told = done(ground, &["import", file.path()]);
        assert!(told.contains("\ncreated 0, updated 0, unchanged 2, failed 0"), "{told}");
        assert_eq!(ground.row_counts().await, after);
        let all = requests(ground).await;
        let told: Vec<_> = all.iter().map(|one| (&one["title"], &one["status"], &one["peopleInNeed"])).collect();
        let draft = json!("DRAFT");
        assert_eq!(told, [
            (&json!("Oxygen, and gloves"), &draft, &json!(120_000)),
            (&json!("=Médicos"), &draft, &Value::Null),
        ]);
        assert_eq!(all[0]["items"][1], json!({ "externalId": "b", "kind": "GOODS", "category": { "code": "MED.PPE.GLOVE" },
            "commodity": { "code": "GLOVES_EXAM" }, "quantity": "2500.5", "unit": { "code": "PAIR" }, "unitCostUsd": "0.1" }));
    }

    async fn a_bad_line_is_told_with_its_column_and_reason_and_fails_the_run(ground) {
        let bad = "MIN,3,XXX,Beds,,EN,HIGH,,,,,GOODS,,O2_CONCENTRATOR,1,PIECE,\n\
            MIN,4,BGD,Beds,,EN,HIGH,many,,,,GOODS,,O2_CONCENTRATOR,0,PIECE,\n";
        let file = TestFile::new(&format!("{HEADER}{GOOD}{bad}"));
        for arguments in [&["import", "--dry-run", file.path()][..], &["import", file.path()]] {
            let ended = run(ground, arguments);
            assert_eq!(ended.status, 1, "{ended:#?}");
            let line = |number: u32| {
                let begins = format!("line {number} ");
                ended.out.lines().find(|line| line.starts_with(&begins)).unwrap_or_else(|| panic!("{number}: {ended:#?}"))
            };
            assert!(line(5).contains("column country: ") && line(5).contains("XXX"), "{ended:#?}");
            assert!(line(6).contains("column peopleInNeed: ") && line(6).contains("column quantity: "), "{ended:#?}");
            assert!(ended.out.contains("created 2, updated 0, unchanged 0, failed 0"), "the good ones land: {ended:#?}");
            assert!(ended.told.contains("some lines were not loaded"), "{ended:#?}");
        }
        assert_eq!(requests(ground).await.len(), 2);
        let nowhere = run(ground, &["import", "/nowhere.csv"]);
        assert!(nowhere.status == 1 && nowhere.told.contains("/nowhere.csv"), "{nowhere:#?}");
    }

    async fn what_waits_for_a_review_does_not_land_verified_and_the_report_says_so(ground) {
        let file = TestFile::new(&format!("{HEADER}{GOOD}"));
        for (options, status) in [(&[][..], "DRAFT"), (&["--submit"], "SUBMITTED")] {
            done(ground, &[&["import"], options, &[file.path()]].concat());
            let vouched = run(ground, &["import", "--verified", file.path()]);
            assert_eq!(vouched.status, 1, "{vouched:#?}");
            assert!(vouched.out.contains("created 0, updated 0, unchanged 0, failed 2"), "{vouched:#?}");
            assert!(vouched.out.contains(&format!("The request is {status}: only a new one lands VERIFIED.")), "{vouched:#?}");
            let there = requests(ground).await;
            assert!(there.iter().all(|one| one["status"] == status), "{there:#?}");
        }
        let other = Ground::new(ground.backend()).await;
        for told in ["created 2, updated 0, unchanged 0", "created 0, updated 0, unchanged 2"] {
            let printed = done(&other, &["import", "--verified", file.path()]);
            assert!(printed.contains(told), "{printed}");
        }
        assert_eq!(done(&other, &["export"]).lines().count(), 1 + 3);
        other.remove().await;
    }

    async fn what_is_exported_another_database_imports_as_the_same(ground) {
        let file = TestFile::new(&format!("{HEADER}{GOOD}"));
        done(ground, &["import", "--submit", file.path()]);
        let public = done(ground, &["export"]);
        assert_eq!(public.lines().count(), 1, "nothing is public yet: {public}");
        let there = TestFile::new("");
        done(ground, &["export", "--all", "--hxl", "--output", there.path()]);
        let text = std::fs::read_to_string(there.path()).unwrap();
        assert_eq!(text.lines().count(), 2 + 3, "{text}");
        assert!(text.contains("'=Médicos"), "no formula for a spreadsheet: {text}");

        let other = Ground::new(ground.backend()).await;
        let mut import = other.command(&["import", "--submit", "-"]);
        import.stdin(Stdio::from(std::fs::File::open(there.path()).unwrap()));
        let imported = ended(import);
        assert_eq!(imported.status, 0, "{imported:#?}");
        assert!(imported.out.contains("created 2, updated 0, unchanged 0, failed 0"), "{imported:#?}");
        let (these, those) = (requests(ground).await, requests(&other).await);
        assert_eq!(these, those);
        assert_eq!((these.len(), &these[0]["status"]), (2, &json!("SUBMITTED")));
        assert_eq!(these[0]["contact"]["email"], "a@example.org");
        assert_eq!(done(ground, &["export", "--all"]), done(&other, &["export", "--all"]));
        other.remove().await;
    }
}
