//! The feed: every change once and in order, to whoever may see it, and of it what they may read.

use nam_needs::store::change::Feed;
use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::on_both;
use crate::support::{draft, named, named_with, people, verified};

const FEED: &str = "query($first: Int, $after: String, $filter: ChangeFilter) { changes(first: $first, after: $after, filter: $filter) {
    edges { cursor node { id sequence action subjectType subjectId subject { id } actor diff { field before after } } }
    pageInfo { hasNextPage endCursor } } }";
const CREATED: &str = "assistanceRequest { id version items { id } } userErrors { code message }";

/// Everything that a viewer sees from a cursor on, page by page, and the cursor after it.
async fn follow(app: &TestApp, key: Option<&str>, mut after: Value, first: i32, filter: Value) -> (Vec<Value>, Value) {
    let mut all = Vec::new();
    loop {
        let page = app
            .ask(key, FEED, json!({ "first": first, "after": after, "filter": filter }))
            .await["changes"]
            .clone();
        all.extend(
            page["edges"]
                .as_array()
                .unwrap()
                .iter()
                .map(|edge| edge["node"].clone()),
        );
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            return (all, after);
        }
    }
}

async fn cursor(app: &TestApp) -> Value {
    app.ask(None, "{ service { changeCursor } }", json!({})).await["service"]["changeCursor"].clone()
}

fn actions(changes: &[Value]) -> Vec<&str> {
    changes
        .iter()
        .map(|change| change["action"].as_str().unwrap())
        .collect()
}

fn fields(change: &Value) -> Vec<&str> {
    change["diff"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect()
}

fn is_whole(change: &Value) -> bool {
    fields(change).contains(&"reference")
        && change["diff"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["before"].is_null())
}

on_both! {
    async fn an_administrator_sees_each_change_once_and_in_order(app) {
        verified(app, &people(app).await).await;
        let (all, end) = follow(app, Some(ADMIN), Value::Null, 7, Value::Null).await;
        let sequences: Vec<i64> = all.iter().map(|one| one["sequence"].as_str().unwrap().parse().unwrap()).collect();
        let last = i64::try_from(sequences.len()).unwrap();
        assert_eq!(sequences, (1..=last).collect::<Vec<_>>());
        let service = app.ask(None, "{ service { sequence changeCursor } }", json!({})).await["service"].clone();
        assert_eq!(service, json!({ "sequence": last.to_string(), "changeCursor": end }));
        let (none, same) = follow(app, Some(ADMIN), end.clone(), 7, Value::Null).await;
        assert_eq!((none.len(), same), (0, end), "an empty page repeats its cursor");
        let change = all.last().unwrap();
        let node = app.ask(Some(ADMIN), "query($id: ID!) { node(id: $id) { ... on Change { sequence } } }", json!({ "id": change["id"] })).await;
        assert_eq!(node["node"]["sequence"], change["sequence"]);
    }

    async fn a_draft_is_nobody_elses_until_it_shows_itself_whole(app) {
        let people = people(app).await;
        let start = cursor(app).await;
        let created = app.mutate(&people.focal, "createAssistanceRequest", draft(), CREATED).await["assistanceRequest"].clone();
        let renamed = app.mutate(&people.focal, "updateAssistanceRequest", named_with(&created, json!({ "title": "Another" })), CREATED).await;
        let others = [None, Some(people.stranger.as_str()), Some(people.reader.as_str()), Some(people.responder.as_str())];
        for key in others {
            assert!(follow(app, key, start.clone(), 25, Value::Null).await.0.is_empty(), "{key:?}");
        }
        let (own, _) = follow(app, Some(&people.focal), start.clone(), 25, Value::Null).await;
        assert_eq!(actions(&own), ["assistanceRequest.created", "requestItem.created", "requestItem.created", "requestItem.created", "assistanceRequest.updated"]);
        assert!(own[0]["actor"].as_str().unwrap().starts_with("key:"), "{}", own[0]);
        assert_eq!(fields(&own[4]), ["title", "version"]);

        let submitted = app.mutate(&people.focal, "submitAssistanceRequest", named(&renamed["assistanceRequest"]), CREATED).await;
        let (seen, _) = follow(app, Some(&people.responder), start.clone(), 25, Value::Null).await;
        assert_eq!(actions(&seen), ["assistanceRequest.submitted", "requestItem.updated", "requestItem.updated", "requestItem.updated"]);
        assert!(is_whole(&seen[0]) && seen[0]["actor"].is_null(), "{}", seen[0]);
        assert!(fields(&seen[0]).contains(&"contact"), "a responder may read the contact");
        assert!(!seen[0].to_string().contains("Rahman"), "and the feed never tells it");
        assert!(fields(&seen[1]).contains(&"quantity"), "its items come with it");

        app.mutate(&people.coordinator, "returnAssistanceRequest", named_with(&submitted["assistanceRequest"], json!({ "reason": "Which hospitals?" })), CREATED).await;
        let (gone, _) = follow(app, Some(&people.responder), start.clone(), 25, Value::Null).await;
        let last = gone.iter().find(|one| one["action"] == "assistanceRequest.returned").unwrap();
        assert_eq!((fields(last), &last["subject"]), (vec!["status"], &Value::Null));
        for key in &others[..3] {
            assert!(follow(app, *key, start.clone(), 25, Value::Null).await.0.is_empty(), "{key:?}");
        }
    }

    async fn confidential_fields_are_for_whom_they_concern(app) {
        let people = people(app).await;
        let request = verified(app, &people).await;
        let start = cursor(app).await;
        let item = request["items"][0]["id"].clone();
        let given = json!({ "item": item, "organization": "WHO", "quantity": "5", "status": "COMMITTED", "note": "by air" });
        app.mutate(&people.responder, "createContribution", given, "contribution { id }").await;
        let filter = json!({ "subjectTypes": ["Contribution"] });
        for (key, reads) in [(None, false), (Some(&people.stranger), false), (Some(&people.reader), false), (Some(&people.focal), true), (Some(&people.responder), true), (Some(&people.coordinator), true)] {
            let (seen, _) = follow(app, key.map(String::as_str), start.clone(), 25, filter.clone()).await;
            assert_eq!(actions(&seen), ["contribution.created"]);
            assert_eq!((fields(&seen[0]).contains(&"note"), seen[0]["actor"].is_string()), (reads, reads), "{key:?}");
        }
        let (items, _) = follow(app, None, start, 25, json!({ "subjectId": item })).await;
        assert_eq!(actions(&items), ["requestItem.updated"]);
        assert_eq!(fields(&items[0]), ["committedQuantity", "uncoveredQuantity"]);
        let (keys, _) = follow(app, Some(&people.coordinator), Value::Null, 25, json!({ "subjectTypes": ["ApiKey"] })).await;
        assert!(keys.is_empty(), "keys are the administrator's");
        let (keys, _) = follow(app, Some(ADMIN), Value::Null, 25, json!({ "subjectTypes": ["ApiKey"] })).await;
        assert!(!keys.is_empty() && !json!(keys).to_string().contains("secret"));
    }

    async fn a_request_has_its_history(app) {
        let people = people(app).await;
        let one = verified(app, &people).await;
        let other = verified(app, &people).await;
        let query = "{ assistanceRequests(first: 10) { nodes { id history(first: 50) { nodes { action subject { id } } pageInfo { hasNextPage } } } } }";
        // Each place has its own fields of what it shows.
        let both = "{ assistanceRequests(first: 10) { nodes { history(first: 50) { nodes {
            a: subject { ... on AssistanceRequest { title } } b: subject { ... on AssistanceRequest { status } } } } } } }";
        app.ask(Some(&people.focal), both, json!({})).await;
        let before = app.store.statements();
        let answer = app.ask(Some(&people.focal), query, json!({})).await;
        // Requests, their histories, and their subjects: requests and items.
        assert!((4..=5).contains(&(app.store.statements() - before)), "all histories are read together");
        for request in answer["assistanceRequests"]["nodes"].as_array().unwrap() {
            assert!([&one["id"], &other["id"]].contains(&&request["id"]));
            let nodes = request["history"]["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), 8, "created and verified, each with three items: {request:#}");
            assert_eq!(nodes[0], json!({ "action": "assistanceRequest.created", "subject": { "id": request["id"] } }));
        }
    }

    async fn a_cursor_of_another_history_is_refused(app) {
        let start = cursor(app).await;
        let altered = format!("{}A", start.as_str().unwrap());
        for bad in [altered.as_str(), "", "x"] {
            let (_, answer) = app.post(None, FEED, json!({ "after": bad })).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_CURSOR", "{bad}: {answer:#}");
        }
        // A place that this ledger does not have: it was restored to an earlier one.
        let ahead = nam_needs::store::change::cursor_of(1_000_000, &[7; 32]).unwrap().text();
        let forked = nam_needs::store::change::cursor_of(1, &[7; 32]).unwrap().text();
        for lost in [ahead, forked] {
            let (_, answer) = app.post(None, FEED, json!({ "after": lost })).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_CURSOR", "{answer:#}");
        }
        let (_, answer) = app.post(None, FEED, json!({ "filter": { "subjectTypes": ["Ghost"] } })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    }

    async fn what_another_server_writes_is_known_here_too(app) {
        let other = app.beside().await;
        let code = "query { commodity(code: \"O2_CONCENTRATOR\") { id version name } }";
        let before = app.ask(None, code, json!({})).await["commodity"].clone();
        let mutation = "mutation($input: UpdateCommodityInput!) { updateCommodity(input: $input) { commodity { version } userErrors { code } } }";
        let mut head = app.store.feed().head();
        let from = *head.borrow_and_update();
        let input = json!({ "id": before["id"], "version": before["version"], "name": "Oxygen concentrator, 10 L" });
        let answer: Value = reqwest::Client::new()
            .post(format!("{}/graphql", other.url))
            .bearer_auth(ADMIN)
            .json(&json!({ "query": mutation, "variables": { "input": input } }))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(answer["data"]["updateCommodity"]["userErrors"], json!([]), "{answer:#}");
        head.wait_for(|head| *head > from).await.unwrap();
        assert_eq!(app.ask(None, code, json!({})).await["commodity"]["name"], "Oxygen concentrator, 10 L");
        other.stop().await;
    }

    async fn who_copies_the_database_from_a_cursor_on_misses_nothing_that_another_server_wrote(app) {
        let other = app.beside().await;
        let create = "mutation($input: CreateOrganizationInput!) { createOrganization(input: $input) { organization { id } userErrors { code } } }";
        let client = reqwest::Client::new();
        for number in 0..20 {
            let code = format!("ANOTHER_{number}");
            let input = json!({ "code": code, "name": code, "kind": "NGO" });
            let body = json!({ "query": create, "variables": { "input": input } });
            let made = crate::mirror::insist(&client, std::slice::from_ref(&other.url), ADMIN, &body).await;
            cursor(app).await;
            let query = "query($id: ID!) { node(id: $id) { ... on Organization { code } } }";
            let shown = app.ask(None, query, json!({ "id": made["createOrganization"]["organization"]["id"] })).await;
            assert_eq!(shown["node"]["code"], code, "it is before the cursor, so it must be shown");
        }
        other.stop().await;
    }
}

on_both! {
    async fn whoever_is_behind_holds_a_few_changes_at_once_and_misses_none(app) {
        let people = people(app).await;
        let mut input = draft();
        input["description"] = "x".repeat(9_000).into();
        for _ in 0..6 {
            app.mutate(&people.focal, "createAssistanceRequest", input.clone(), "userErrors { code }").await;
        }
        app.store.feed().caught_up(&app.store).await.unwrap();
        let head = app.store.feed().head().borrow().sequence;
        // One that remembers nothing, as after a start.
        let feed = Feed::default();
        let (mut at, mut most, mut steps) = (0, feed.few(), Vec::new());
        while at < head {
            let batch = feed.after(&app.store, at, most).await.unwrap();
            assert_eq!(batch.edges[0].change.sequence, at + 1, "none is passed over");
            steps.push(batch.edges.len());
            (at, most) = (batch.edges.last().unwrap().change.sequence, batch.next);
        }
        assert!(steps.iter().all(|step| *step < 30), "{steps:?}");
        // What memory has is shared by all, and as much as there is.
        let shared = app.store.feed().after(&app.store, head - 6, 1).await.unwrap();
        assert_eq!((shared.edges.len(), shared.next), (6, 1));
    }

    async fn those_who_follow_remember_so_many_requests_together(app) {
        let feed = app.store.feed();
        let most = feed.room(1_000_100).unwrap();
        assert_eq!(feed.room(101).unwrap_err().code(), "UNAVAILABLE");
        assert!(feed.room(100).is_ok(), "a narrow one");
        drop(most);
        assert!(feed.room(101).is_ok());
    }
}
