//! How much a filter may test, and that what is within the bounds is answered.

use std::fmt::Write;

use entity::enums::Role;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{ADMIN, Backend, TestApp, run_with};
use crate::live::client::{Events, ask};
use crate::live::feed::from_now;
use crate::on_both;
use crate::support::{draft, named, people};

const COUNT: &str = "query($f: AssistanceRequestFilter) { assistanceRequests(filter: $f) { totalCount } }";

/// The code of the error, or how many there are.
async fn told(app: &TestApp, query: &str, variables: Value) -> Value {
    let (_, answer) = app.post(None, query, variables).await;
    match &answer["errors"] {
        Value::Null => {
            let (_, list) = answer["data"].as_object().unwrap().iter().next().unwrap();
            list["totalCount"].clone()
        }
        errors => {
            assert_eq!(answer.get("data"), None, "refused before it is executed: {answer:#}");
            errors[0]["extensions"]["code"].clone()
        }
    }
}

async fn requests(app: &TestApp, filter: Value) -> Value {
    told(app, COUNT, json!({ "f": filter })).await
}

/// A VERIFIED request of as many items as one may have, no two of them alike.
async fn large(app: &TestApp) {
    let people = people(app).await;
    let mut input = draft();
    let item = |number: i32| json!({ "commodity": "GLOVES_EXAM", "quantity": (10 + number).to_string() });
    input["items"] = (0..200).map(item).collect();
    input["submit"] = true.into();
    let select = "assistanceRequest { id version items { id } } userErrors { code field }";
    let created = app
        .mutate(&people.focal, "createAssistanceRequest", input, select)
        .await;
    assert_eq!(created["userErrors"], json!([]));
    let request = named(&created["assistanceRequest"]);
    let verified = app
        .mutate(&people.coordinator, "verifyAssistanceRequest", request, select)
        .await;
    let item = &verified["assistanceRequest"]["items"][199]["id"];
    let input = json!({ "item": item, "organization": "WHO", "quantity": "1", "status": "COMMITTED" });
    let given = app
        .mutate(&people.responder, "createContribution", input, "userErrors { code }")
        .await;
    assert_eq!(given["userErrors"], json!([]));
}

on_both! {
    async fn no_text_of_a_filter_is_too_long_to_be_survived(app) {
        for (words, expected) in [(127, json!(0)), (129, json!("BAD_USER_INPUT")), (40_000, json!("BAD_USER_INPUT"))] {
            assert_eq!(requests(app, json!({ "text": "a ".repeat(words) })).await, expected, "{words} words");
        }
        // Each word is a test, wherever the text stands.
        let words = (0..64).fold(String::new(), |text, word| text + &format!("{word} "));
        let texts = |many: usize| -> Value { (0..many).map(|_| json!({ "text": words })).collect() };
        assert_eq!(requests(app, json!({ "or": texts(10) })).await, 0);
        assert_eq!(requests(app, json!({ "or": texts(11) })).await, "BAD_USER_INPUT");
        let of_variable = "query($t: String) { assistanceRequests(filter: { or: [".to_owned() + &"{ text: $t } ".repeat(11) + "] }) { totalCount } }";
        assert_eq!(told(app, &of_variable, json!({ "t": words })).await, "BAD_USER_INPUT");
        assert_eq!(told(app, &of_variable, json!({ "t": "one two" })).await, 0);
        let long = "b".repeat(200_000);
        assert_eq!(requests(app, json!({ "title": { "contains": &long[..255] } })).await, 0);
        assert_eq!(requests(app, json!({ "title": { "contains": &long[..256] } })).await, "BAD_USER_INPUT");
        let countries = "query($t: String) { countries(filter: { or: [{ name: { contains: $t } }, { name: { startsWith: $t } }] }) { totalCount } }";
        assert_eq!(told(app, countries, json!({ "t": long })).await, "BAD_USER_INPUT");
        assert_eq!(told(app, countries, json!({ "t": "ÎLES" })).await, 2, "whatever case and accents");
        // By GET, too, and where it stands in the document.
        let document = format!("{{ assistanceRequests(filter: {{ text: \"{}\" }}) {{ totalCount }} }}", "a ".repeat(3_000));
        assert_eq!(told(app, &document, json!({})).await, "BAD_USER_INPUT");
        let url = reqwest::Url::parse_with_params(&format!("{}/graphql", app.url), [("query", &document)]).unwrap();
        let answer: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    }

    async fn many_tests_within_the_bound_are_answered_and_more_are_refused(app) {
        large(app).await;
        let test = |number: i32| json!({ "peopleInNeed": { "gt": number } });
        let tests = |count: i32| -> Value { (0..count).map(test).collect() };
        // Fields and values of a test: three; and what holds them.
        assert_eq!(requests(app, json!({ "and": [{ "or": tests(190) }, { "and": tests(190) }, { "or": tests(190) }, { "or": tests(90) }] })).await, 1);
        assert_eq!(requests(app, json!({ "and": [{ "or": tests(190) }, { "or": tests(190) }, { "or": tests(190) }, { "or": tests(120) }] })).await, "BAD_USER_INPUT");
        let values: Value = (0..200).collect();
        let lists = |count: usize| -> Value { (0..count).map(|_| json!({ "peopleInNeed": { "in": values } })).collect() };
        assert_eq!(requests(app, json!({ "or": lists(9) })).await, 0);
        assert_eq!(requests(app, json!({ "or": lists(170) })).await, "BAD_USER_INPUT");
        // One variable stands for all that it holds, wherever it stands.
        let mut document = "query($v: [Int!]) { assistanceRequests(filter: { or: [".to_owned();
        for _ in 0..170 {
            document.write_str("{ peopleInNeed: { in: $v } }").unwrap();
        }
        document.push_str("] }) { totalCount } }");
        assert_eq!(told(app, &document, json!({ "v": values })).await, "BAD_USER_INPUT");
        assert_eq!(told(app, &document, json!({ "v": [120_000] })).await, 1);
        // So do the root fields together.
        let each = |many: usize| {
            let field = |number| format!("a{number}: assistanceRequests(filter: {{ or: [{{ peopleInNeed: {{ in: $v }} }}, {{ peopleInNeed: {{ in: $v }} }}] }}) {{ totalCount }}");
            format!("query($v: [Int!]) {{ {} }}", (0..many).map(field).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(told(app, &each(4), json!({ "v": values })).await, 0);
        assert_eq!(told(app, &each(5), json!({ "v": values })).await, "BAD_USER_INPUT");
    }

    async fn tests_on_related_rows_of_the_largest_request_are_answered_in_time(app) {
        large(app).await;
        let some = |quantity: &str| json!({ "items": { "some": { "quantity": { "gt": quantity } } } });
        let five: Value = ["9", "10", "11", "12", "1000000"].iter().map(|quantity| some(quantity)).collect();
        assert_eq!(requests(app, json!({ "and": five })).await, 0);
        for (many, expected) in [(19, json!(1)), (20, json!("BAD_USER_INPUT"))] {
            let tests: Value = (0..many).map(|_| some("1")).collect();
            assert_eq!(requests(app, json!({ "or": tests })).await, expected, "{many}");
            assert_eq!(requests(app, json!({ "and": tests })).await, expected, "{many}");
            let given: Value = (0..many).map(|_| json!({ "contributions": { "some": { "quantity": { "gt": "0" } } } })).collect();
            assert_eq!(requests(app, json!({ "and": given })).await, expected, "{many}");
        }
        // For each row of one, those of the other are asked.
        let some = |within: Value| json!({ "items": { "some": within } });
        let leads = some(json!({ "contributions": { "some": { "quantity": { "gt": "0" } } } }));
        for (many, expected) in [(6, json!(1)), (7, json!("BAD_USER_INPUT"))] {
            let tests: Value = (0..many).map(|_| leads.clone()).collect();
            assert_eq!(requests(app, json!({ "and": tests })).await, expected, "{many}");
        }
        let three = some(json!({ "request": some(json!({ "quantity": { "gt": "1" } })) }));
        assert_eq!(requests(app, three.clone()).await, 1);
        assert_eq!(requests(app, some(json!({ "request": three }))).await, "BAD_USER_INPUT");
        let every = ["UNMET", "COMMITTED", "DELIVERED", "PARTLY_COMMITTED", "PARTLY_DELIVERED"];
        let often: Value = every.iter().cycle().take(200).map(|value| json!(value)).collect();
        let tests = |many: usize, how: &str| -> Value { (0..many).map(|_| json!({ "fulfilment": { how: often } })).collect() };
        assert_eq!(requests(app, json!({ "or": tests(6, "notIn") })).await, 0);
        assert_eq!(requests(app, json!({ "and": tests(6, "in") })).await, 1);
        let items = "query($f: RequestItemFilter) { requestItems(filter: $f) { totalCount } }";
        for (fulfilment, expected) in [("PARTLY_COMMITTED", 200), ("PARTLY_DELIVERED", 0), ("UNMET", 0), ("COMMITTED", 0), ("DELIVERED", 0)] {
            let filter = json!({ "f": { "request": { "fulfilment": { "eq": fulfilment } } } });
            assert_eq!(told(app, items, filter).await, expected, "{fulfilment}");
            let analysis = format!("{{ needsAnalysis(groupBy: [COUNTRY], filter: {{ fulfilment: {{ eq: {fulfilment} }} }}) {{ totalCount }} }}");
            assert_eq!(told(app, &analysis, json!({})).await, i32::from(expected > 0), "{fulfilment}");
        }
    }

    async fn a_key_of_an_order_counts_once(app) {
        large(app).await;
        let page = "query($o: [AssistanceRequestOrder!], $a: String) { assistanceRequests(orderBy: $o, first: 2, after: $a) { totalCount pageInfo { endCursor } nodes { title } } }";
        let order: Value = (0..200).map(|number| json!({ "field": "PRIORITY", "direction": if number % 2 == 0 { "ASC" } else { "DESC" } })).collect();
        let first = app.ask(None, page, json!({ "o": order })).await;
        let after = &first["assistanceRequests"]["pageInfo"]["endCursor"];
        let second = app.ask(None, page, json!({ "o": order, "a": after })).await;
        assert_eq!(second["assistanceRequests"]["nodes"], json!([]));
    }

    async fn what_no_text_of_ours_has_is_found_nowhere(app) {
        for actions in [json!(["\u{0}"]), json!(["a\u{0}b", "nothing.done"])] {
            let changes = app.ask(None, "query($a: [String!]) { changes(filter: { actions: $a }) { nodes { id } } }", json!({ "a": actions })).await;
            assert_eq!(changes["changes"]["nodes"], json!([]));
        }
    }
}

on_both! {
    async fn lists_within_lists_make_no_answer_without_bound(app) {
        large(app).await;
        // 200 items, each with its request, each with its 200 items: 40,000 are told, 8,000,000 are not.
        let two = "{ assistanceRequests(first: 1) { nodes { items { request { items { id } } } } } }";
        let (status, answer) = app.post(None, two, json!({})).await;
        assert_eq!((status, &answer["errors"]), (200, &Value::Null));
        let items = answer["data"]["assistanceRequests"]["nodes"][0]["items"].as_array().unwrap();
        assert_eq!(items.iter().map(|item| item["request"]["items"].as_array().unwrap().len()).sum::<usize>(), 40_000);
        let three = "{ assistanceRequests(first: 1) { nodes { items { request { items { request { items { id } } } } } } } }";
        // Written as it is read, and as a tree, because it is selected twice.
        let twice = "{ assistanceRequests(first: 1) { nodes { id } nodes { items { request { items { request { items { id } } } } } } } }";
        for query in [three, twice] {
            let (_, answer) = app.post(None, query, json!({})).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX", "{query}");
            assert_eq!(answer["data"]["assistanceRequests"], Value::Null, "{query}");
        }
        let wide = two.replace("items { id }", "items { id externalId description quantity approvedQuantity uncoveredQuantity unmetQuantity }");
        let twenty: String = (0..20).map(|number| format!("a{number}: {}", &wide[2..wide.len() - 2])).collect();
        let (_, answer) = app.post(None, &format!("{{ {twenty} }}"), json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX");
    }

    async fn each_answer_of_a_subscription_has_its_bound(app) {
        let after = from_now(app).await;
        large(app).await;
        let items = "items { request { items { request { items { id } } } } }";
        let deeper = "items { request { items { request { items { request { items { quantity } } } } } } }";
        for (selection, is_told) in [
            ("items { request { items { id } } }", true),
            (items, false),
            (&format!("{items} items {{ id }}"), false),
            // A condition keeps it from being made one selection.
            (&format!("{items} ... @include(if: true) {{ items {{ id }} }}"), false),
            (&format!("{deeper} ... @include(if: true) {{ items {{ id request {{ id items {{ id }} }} }} }}"), false),
        ] {
            let follow = format!(
                "subscription($after: String) {{ changes(after: $after, filter: {{ subjectTypes: [\"AssistanceRequest\"] }}) \
                 {{ cursor node {{ subject {{ ... on AssistanceRequest {{ {selection} }} }} }} }} }}"
            );
            // The request was made and verified: what was told at one change counts for no other.
            let mut events = Events::new(ask(app, Some(ADMIN), &follow, after.clone()).await);
            for _ in 0..2 {
                let (_, answer) = events.next().await.unwrap();
                let code = &answer["errors"][0]["extensions"]["code"];
                assert_eq!(code, &if is_told { Value::Null } else { json!("QUERY_TOO_COMPLEX") }, "{selection}");
            }
        }
    }
}

#[test]
fn large_answers_that_nobody_takes_leave_room_for_small_ones() {
    run_with(Backend::Sqlite, &["--timeout-ms=60000"], async |app| {
        large(app).await;
        let names: String = (0..6)
            .map(|number| format!("a{number}: id b{number}: quantity "))
            .collect();
        // Some 20 MB.
        let query = format!(
            "{{ assistanceRequests(first: 1) {{ nodes {{ items {{ request {{ items {{ {names} }} }} }} }} }} }}"
        );
        let address = app.url.strip_prefix("http://").unwrap();
        let body = json!({ "query": query }).to_string();
        let ask = async |key: &str| {
            let posted = format!(
                "POST /graphql HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let mut socket = TcpStream::connect(address).await.unwrap();
            socket.write_all(posted.as_bytes()).await.unwrap();
            let mut begin = [0; 12];
            socket.read_exact(&mut begin).await.unwrap();
            match &begin {
                b"HTTP/1.1 200" => Some(socket),
                begin => {
                    assert_eq!(begin, b"HTTP/1.1 503");
                    None
                }
            }
        };
        let (mut waiting, mut clients) = (Vec::new(), 0);
        loop {
            let key = app.key(Role::Reader, None, None).await;
            let before = waiting.len();
            while let Some(socket) = ask(&key).await {
                waiting.push(socket);
                assert!(waiting.len() < 20, "nothing bounds them");
            }
            if waiting.len() == before {
                break;
            }
            // The first one's share is far less than the room.
            clients += 1;
        }
        assert!(clients > 2, "{clients} took it all");
        assert!(waiting.len() > 2, "a few are no harm");
        let (status, small) = app
            .post(None, "{ assistanceRequests(first: 1) { nodes { id } } }", json!({}))
            .await;
        assert_eq!((status, &small["errors"]), (200, &Value::Null));
        let (_, again) = app.post(None, &query, json!({})).await;
        assert_eq!(again["errors"][0]["extensions"]["code"], "UNAVAILABLE");
        // What is written is written, and said to be.
        let write = json!({ "country": "BGD", "title": "Beside", "priority": "HIGH", "items": [] });
        let select = format!(
            "userErrors {{ code }} assistanceRequest {{ country {{ assistanceRequests(first: 1, filter: {{ title: {{ startsWith: \"Oxygen\" }} }}) {{ nodes {{ items {{ request {{ items {{ {names} }} }} }} }} }} }} }}"
        );
        let mutation = format!(
            "mutation($input: CreateAssistanceRequestInput!) {{ createAssistanceRequest(input: $input) {{ {select} }} }}"
        );
        let (_, done) = app.post(Some(ADMIN), &mutation, json!({ "input": write })).await;
        let why = &done["errors"][0];
        assert_eq!(why["extensions"]["code"], "UNAVAILABLE", "{why}");
        assert!(why["message"].as_str().unwrap().starts_with("It was done"), "{why}");
        assert_eq!(requests_of(app, "Beside").await, 1);
        // Those who take theirs get the whole, and make room.
        let mut first = waiting.pop().unwrap();
        let mut rest = Vec::new();
        while !rest.ends_with(b"}}") {
            assert!(first.read_buf(&mut rest).await.unwrap() > 0, "{} bytes", rest.len());
        }
        assert!(rest.len() > 10_000_000, "{}", rest.len());
        let (status, again) = app.post(None, &query, json!({})).await;
        assert_eq!((status, &again["errors"]), (200, &Value::Null));
    });
}

/// How many there are of this title.
async fn requests_of(app: &TestApp, title: &str) -> Value {
    let query = "query($t: String) { assistanceRequests(filter: { title: { eq: $t } }) { totalCount } }";
    let seen = app.ask(Some(ADMIN), query, json!({ "t": title })).await;
    seen["assistanceRequests"]["totalCount"].clone()
}
