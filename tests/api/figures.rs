//! The real figures as clients see them, against sums taken from the file alone.

use std::collections::HashMap;

use nam_needs::interchange::{examples, figures, funding};
use serde_json::{Value, json};

use crate::common::{ADMIN, data};
use crate::on_both;
use crate::support::named_with;

const TOTALS: &str =
    "query($kind: ItemKind!) { needsAnalysis(groupBy: [KIND], itemFilter: { kind: { eq: $kind } }) { nodes { totals {
    requestCount itemCount requestedValueUsd deliveredValueUsd uncoveredValueUsd } } } contributions { totalCount } }";

on_both! {
    async fn what_plans_require_and_had_received_is_what_the_file_says(app) {
        figures::load(&app.store).await.unwrap();
        let funded = figures::load_funding(&app.store).await.unwrap();
        assert_eq!((funded.created, funded.unchanged), (95, 0));
        assert!(funded.excess.is_empty() && funded.failed.is_empty(), "{funded:?}");
        let again = figures::load_funding(&app.store).await.unwrap();
        assert_eq!((again.created, again.unchanged), (0, 95), "loading again changes nothing");
        let data::Plans { requests, required, funded: received, items, .. } = data::plans();
        assert_eq!((requests, required, items), (71, 36_502_086_397, 95));
        let seen = app.ask(None, TOTALS, json!({ "kind": "FUNDING" })).await;
        let totals = &seen["needsAnalysis"]["nodes"][0]["totals"];
        assert_eq!(totals["requestCount"], 71);
        assert_eq!(totals["itemCount"], 95);
        assert_eq!(totals["requestedValueUsd"], required.to_string());
        assert_eq!(totals["deliveredValueUsd"], received.to_string());
        assert_eq!(totals["uncoveredValueUsd"], (required - received).to_string());
        let query = "{ contributions(first: 100) { nodes { status organization { code } source deliveredOn } } }";
        let seen = app.ask(None, query, Value::Null).await;
        for one in seen["contributions"]["nodes"].as_array().unwrap() {
            assert_eq!(*one, json!({ "status": "DELIVERED", "organization": { "code": "FTS_DONORS" },
                "source": "OCHA-FTS-2020-10-21", "deliveredOn": "2020-10-21" }));
        }
    }

    async fn several_that_load_the_funding_at_once_load_it_once(app) {
        figures::load(&app.store).await.unwrap();
        let load = || async { figures::load_funding(&app.store).await.unwrap().created };
        let created = futures_util::future::join_all((0..4).map(|_| load())).await;
        assert_eq!(created.iter().sum::<usize>(), 95, "{created:?}");
        let data::Plans { funded: received, .. } = data::plans();
        let seen = app.ask(None, TOTALS, json!({ "kind": "FUNDING" })).await;
        assert_eq!(seen["needsAnalysis"]["nodes"][0]["totals"]["deliveredValueUsd"], received.to_string());
    }

    async fn more_funding_than_is_required_is_capped_and_told(app) {
        figures::load(&app.store).await.unwrap();
        let plan = figures::PLANS.plan(&app.store.reference(), 200).unwrap();
        let mut rows = figures::PLANS.funding(&plan).unwrap();
        rows.truncate(1);
        let required = plan.rows[0].import.form.items[0].quantity;
        let item = rows[0].item.clone();
        rows[0].contribution.quantity_milli = i64::try_from(required.mantissa()).unwrap() * 1_000 + 5_000;
        let funded = funding::land(&app.store, "OCHA-FTS-2020-10-21", rows).await.unwrap();
        assert_eq!(funded.excess, [(item, 5.into())]);
        let seen = app.ask(None, "{ contributions { nodes { quantity item { quantity uncoveredQuantity } request { fulfilment } } } }", Value::Null).await;
        let one = &seen["contributions"]["nodes"][0];
        assert_eq!(one["quantity"], one["item"]["quantity"]);
        assert_eq!(one["item"]["uncoveredQuantity"], "0");
    }

    async fn weeks_and_months_end_where_they_end(app) {
        figures::load(&app.store).await.unwrap();
        // The plans were verified on Wednesday 21 October 2020; a week ends on Sunday, and what is cut ends where asked.
        for (interval, from, to, expected) in [
            ("WEEK", "2020-10-12", "2020-10-27", vec![("2020-10-18", 0), ("2020-10-25", 71), ("2020-10-27", 71)]),
            ("MONTH", "2020-09-15", "2020-11-10", vec![("2020-09-30", 0), ("2020-10-31", 71), ("2020-11-10", 71)]),
            ("DAY", "2020-10-20", "2020-10-21", vec![("2020-10-20", 0), ("2020-10-21", 71)]),
        ] {
            let query = format!("{{ needsTimeline(interval: {interval}, from: \"{from}\", to: \"{to}\") {{ date totals {{ requestCount }} }} }}");
            let seen = app.ask(None, &query, Value::Null).await;
            let points: Vec<Value> = expected.iter().map(|(date, count)| json!({ "date": date, "totals": { "requestCount": count } })).collect();
            assert_eq!(seen["needsTimeline"], json!(points), "{interval}");
        }
    }

    async fn an_analysis_is_read_on_by_its_cursor(app) {
        figures::load(&app.store).await.unwrap();
        let query = "query($first: Int, $after: String) { needsAnalysis(groupBy: [COUNTRY], first: $first, after: $after) {
            totalCount nodes { country { code } } pageInfo { hasNextPage endCursor } } }";
        let (mut seen, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = app.ask(None, query, json!({ "first": 50, "after": after })).await["needsAnalysis"].clone();
            seen.extend(page["nodes"].as_array().unwrap().iter().map(|row| row["country"]["code"].as_str().unwrap().to_owned()));
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                assert_eq!(page["totalCount"], seen.len());
                break;
            }
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count, "no country twice");
        assert!(count > 120, "{count}");
    }

    async fn examples_are_few_plainly_marked_and_made_once(app) {
        figures::load(&app.store).await.unwrap();
        assert_eq!(examples::load(&app.store).await.unwrap(), 8);
        assert_eq!(examples::load(&app.store).await.unwrap(), 0);
        let seen = app.ask(None, "{ contributions { nodes { source status } } }", Value::Null).await;
        let all = seen["contributions"]["nodes"].as_array().unwrap();
        assert!(all.iter().all(|one| one["source"] == examples::SOURCE), "{all:?}");
        for status in ["PLEDGED", "COMMITTED", "IN_TRANSIT", "DELIVERED"] {
            assert!(all.iter().any(|one| one["status"] == status), "an example that is {status}");
        }
    }

    async fn who_needs_gloves_in_africa_is_what_the_files_say_most_urgent_and_largest_first(app) {
        figures::load(&app.store).await.unwrap();
        let asked = |row: &&HashMap<String, String>| row["nam_status"] == "MEMBER" && row["who_region"] == "AFRO";
        let countries = data::rows("reference/countries.csv");
        let members: HashMap<&str, &str> = countries.iter().filter(asked).map(|row| (row["iso3"].as_str(), row["name"].as_str())).collect();
        let lines = data::forecast();
        let mut expected: Vec<(u8, i64, &str)> = lines.iter()
            .filter(|line| line["item"] == "Gloves, examination" && members.contains_key(line["iso3"].as_str()))
            .map(|line| (0, line["quantity_needed"].parse().unwrap(), line["iso3"].as_str()))
            .collect();
        assert!(expected.len() > 40, "{}", expected.len());
        let ranks = ["MEDIUM", "HIGH", "CRITICAL"];
        for urgent in [&[][..], &[("NAM", 2), ("COM", 1), ("GHA", 2), ("ZAF", 1)]] {
            for &(country, rank) in urgent {
                let by = json!({ "by": { "externalId": { "source": "WHO-ESFT-2022.1-30D", "externalId": country } } });
                let found = app.ask(Some(ADMIN), "query($by: AssistanceRequestBy!) { assistanceRequest(by: $by) { id version } }", by).await;
                let input = named_with(&found["assistanceRequest"], json!({ "priority": ranks[rank] }));
                let changed = app.mutate(ADMIN, "updateAssistanceRequest", input, "userErrors { code }").await;
                assert_eq!(changed["userErrors"], json!([]));
                let line = expected.iter_mut().find(|line| line.2 == country).unwrap();
                line.0 = u8::try_from(rank).unwrap();
            }
            expected.sort_unstable_by(|one, other| other.cmp(one));
            let query = "{ requestItems(
                filter: { commodity: { code: { eq: \"GLOVES_EXAM\" } }, request: { country: { namStatus: { eq: MEMBER }, whoRegion: { eq: AFRO } } } }
                orderBy: [{ field: PRIORITY, direction: DESC }, { field: QUANTITY, direction: DESC }], first: 100)
                { totalCount nodes { quantity unit { code } request { priority country { code name } } } } }";
            let seen = app.ask(None, query, Value::Null).await;
            let rows: Vec<Value> = expected.iter().map(|(rank, quantity, country)| json!({
                "quantity": quantity.to_string(), "unit": { "code": "PAIR" },
                "request": { "priority": ranks[usize::from(*rank)], "country": { "code": country, "name": members[country] } },
            })).collect();
            assert_eq!(seen["requestItems"], json!({ "totalCount": rows.len(), "nodes": rows }));
        }
    }
}
