//! `nam-needs key`

use serde_json::json;

use crate::{Served, done, run};

over_both! {
    async fn a_made_key_works_is_listed_without_its_secret_and_ends_when_revoked(ground) {
        let served = Served::start(ground, &[]);
        let made = done(ground, &["key", "create", "--name=Ministry of Health", "--role=FOCAL_POINT", "--country=BGD"]);
        let secret = made.trim_end();
        assert_eq!(made, format!("{secret}\n"), "the secret alone");
        let who = "{ viewer { name roles country { code } } }";
        let expected = json!({ "name": "Ministry of Health", "roles": ["FOCAL_POINT"], "country": { "code": "BGD" } });
        assert_eq!(served.ask(Some(secret), who).await["viewer"], expected);

        let listed = done(ground, &["key", "list"]);
        assert!(!listed.contains(secret), "{listed}");
        let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!(lines.len(), 2, "the first one and this: {listed}");
        let line = lines.iter().find(|line| line[6] == "Ministry of Health").unwrap();
        assert!(secret.starts_with(line[1]) && line[1].len() < secret.len() / 2, "{line:?}");
        assert_eq!(line[2..5], ["active", "FOCAL_POINT", "BGD"]);

        let revoked = done(ground, &["key", "revoke", line[0]]);
        assert_eq!(revoked.split('\t').nth(2), Some("revoked"), "{revoked}");
        // Told to the running server by the ledger, or by its look at the credential: the next request is refused.
        let (status, answer) = served.post(Some(secret), who).await;
        assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (401, &json!("UNAUTHENTICATED")), "{answer:#}");
        assert_eq!(done(ground, &["key", "list"]).matches("\trevoked\t").count(), 1);
        served.end();
    }

    async fn a_key_that_breaks_a_rule_is_not_made(ground) {
        for (arguments, status, why) in [
            (&["--name=x", "--role=FOCAL_POINT"][..], 1, "country"),
            (&["--name=x", "--role=FOCAL_POINT", "--country=XXX"], 1, "country"),
            (&["--name= ", "--role=READER"], 1, "name"),
            (&["--name=x", "--role=EMPEROR"], 2, "EMPEROR"),
            (&["--name=x"], 2, "--role"),
        ] {
            let ended = run(ground, &[&["key", "create"], arguments].concat());
            assert!(ended.status == status && ended.out.is_empty() && ended.told.contains(why), "{arguments:?}: {ended:#?}");
        }
        let ended = run(ground, &["key", "revoke", "0193a6f2-1c3e-7c51-9d0e-3f5b6a7c8d9e"]);
        assert!(ended.status == 1 && ended.out.is_empty() && !ended.told.is_empty(), "{ended:#?}");
        assert_eq!(done(ground, &["key", "list"]), "");
    }
}
