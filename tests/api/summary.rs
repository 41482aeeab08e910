//! The worldwide figures come from the sums in memory, on a server as it runs: by the role that only serves.

use serde_json::{Value, json};

use crate::common::ADMIN;
use crate::on_both;
use crate::support::{STATE, draft, named, people, up_to_date, verified};

const ANALYSIS: &str =
    "{ needsAnalysis(groupBy: [WHO_REGION]) { nodes { whoRegion totals { itemCount requestCount } } } }";

on_both! {
    async fn a_server_answers_worldwide_figures_without_reading_their_rows(app) {
        verified(app, &people(app).await).await;
        up_to_date(app).await;
        let before = app.store.statements();
        let answer = app.ask(None, ANALYSIS, Value::Null).await;
        assert_eq!(app.store.statements() - before, 1, "what was written beyond the sums: nothing");
        let totals = &answer["needsAnalysis"]["nodes"][0]["totals"];
        assert_eq!((&totals["itemCount"], &totals["requestCount"]), (&3.into(), &1.into()), "{answer:#}");
    }

    async fn figures_are_cut_anew_when_a_country_changes_its_region(app) {
        verified(app, &people(app).await).await;
        up_to_date(app).await;
        // The same is asked before and after: only what the country is has changed.
        let of_region = "{ needsAnalysis(groupBy: [PRIORITY], filter: { country: { whoRegion: { eq: SEARO } } }) { nodes { totals { itemCount } } } }";
        for _ in 0..2 {
            let answer = app.ask(None, of_region, Value::Null).await;
            assert_eq!(answer["needsAnalysis"]["nodes"], json!([{ "totals": { "itemCount": 3 } }]));
        }
        let country = app.ask(None, "{ country(code: \"BGD\") { id version } }", Value::Null).await["country"].clone();
        let input = json!({ "id": country["id"], "version": country["version"], "whoRegion": "EMRO" });
        let changed = app.mutate(ADMIN, "updateCountry", input, "userErrors { code message }").await;
        assert_eq!(changed["userErrors"], json!([]), "{changed:#}");
        for _ in 0..2 {
            let answer = app.ask(None, of_region, Value::Null).await;
            assert_eq!(answer["needsAnalysis"]["nodes"], json!([]));
        }
    }

    async fn a_count_from_the_sums_is_the_number_of_rows(app) {
        let people = people(app).await;
        let mut number = 0;
        // Twice: what is in the sums by then, and what was written beyond them.
        for _ in 0..2 {
            for (country, priority, step) in [
                ("BGD", "CRITICAL", None), ("KEN", "CRITICAL", None), ("KEN", "LOW", Some("close")), ("NGA", "CRITICAL", Some("close")),
                ("NGA", "HIGH", Some("withdraw")), ("BGD", "CRITICAL", Some("return")), ("KEN", "MEDIUM", Some("none")),
            ] {
                number += 1;
                let mut input = draft();
                input["country"] = country.into();
                input["priority"] = priority.into();
                input["title"] = format!("Request {number}").into();
                input["submit"] = true.into();
                let created = app.mutate(ADMIN, "createAssistanceRequest", input, STATE).await;
                let mut request = created["assistanceRequest"].clone();
                let steps: &[&str] = match step {
                    None => &["verify"],
                    Some("close") => &["verify", "close"],
                    Some("withdraw") => &["verify", "withdraw"],
                    Some("return") => &["return"],
                    _ => &[],
                };
                for step in steps {
                    let mut input = named(&request);
                    if *step != "verify" {
                        input["reason"] = "Because.".into();
                    }
                    let done = app.mutate(&people.coordinator, &format!("{step}AssistanceRequest"), input, STATE).await;
                    assert_eq!(done["userErrors"], json!([]), "{done:#}");
                    request = done["assistanceRequest"].clone();
                }
            }
            let statuses = ["{ eq: VERIFIED }", "{ in: [VERIFIED, CLOSED] }", "{ in: [VERIFIED, WITHDRAWN] }", "{ notIn: [VERIFIED] }"];
            let others = ["", "priority: { eq: CRITICAL }", "priority: { in: [HIGH, CRITICAL] }, country: { whoRegion: { eq: AFRO } }",
                "not: { country: { code: { eq: \"KEN\" } } }",
                "country: { assistanceRequests: { some: { priority: { eq: LOW } } } }", "not: { country: { assistanceRequests: { some: { priority: { eq: LOW } } } } }", "or: [{ priority: { eq: LOW } }, { country: { code: { eq: \"BGD\" } } }]",
                "title: { startsWith: \"Request 1\" }"];
            let mut counted = 0;
            for status in statuses {
                for other in others {
                    for key in [None, Some(people.reader.as_str()), Some(people.focal.as_str())] {
                        let query = format!("{{ assistanceRequests(first: 100, filter: {{ status: {status} {other} }}) {{ totalCount nodes {{ id }} }} }}");
                        let (_, answer) = app.post(key, &query, json!({})).await;
                        let list = &answer["data"]["assistanceRequests"];
                        let nodes = list["nodes"].as_array().unwrap_or_else(|| panic!("{query}: {answer:#}"));
                        assert_eq!(list["totalCount"], nodes.len(), "{query}");
                        counted += nodes.len();
                    }
                }
            }
            assert!(counted > 50, "{counted}");
            up_to_date(app).await;
        }
    }
}
