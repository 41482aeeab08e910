//! Prices, reckoned by hand.

use super::*;

fn cost(document: &str, variables: Value) -> u64 {
    Desk::new()
        .ask(document, variables)
        .unwrap_or_else(|refusal| panic!("{document}: {refusal:?}"))
        .cost
}

#[test]
fn prices_are_as_the_rules_say() {
    let table = [
        ("{ __typename }", 0),
        ("{ service { name version } }", 1),
        ("{ service { name limits { maxCost } } }", 2),
        ("{ country(code: \"BGD\") { id code name } }", 1),
        // A page costs its size times its row, 25 where none is asked for.
        ("{ countries { nodes { id } } }", 25),
        ("{ countries(first: 10) { nodes { id } } }", 10),
        ("{ countries(last: 10) { edges { cursor node { id } } } }", 10),
        ("{ countries(first: 10) { edges { cursor } } }", 10),
        ("{ countries(first: 10) { nodes { id } edges { node { id } } } }", 20),
        ("{ countries(first: 10) { totalCount } }", 5),
        (
            "{ countries(first: 10) { nodes { id } totalCount pageInfo { hasNextPage } } }",
            16,
        ),
        ("{ countries(first: 0) { nodes { id } } }", 1),
        ("{ countries(first: -5) { nodes { id } } }", 1),
        // Never more rows than are answered: 300 of reference data, 100 of others.
        ("{ countries(first: 2147483647) { nodes { id } } }", 300),
        ("{ assistanceRequests(first: 2147483647) { nodes { id } } }", 100),
        // 10 requests, each with its country and 5 items: 10 × (1 + 1 + 5 × 1).
        (
            "{ assistanceRequests(first: 10) { nodes { id country { code } items { quantity } } } }",
            70,
        ),
        // 10 × (1 + 5 × (1 + 1)), a list's child being an item and its request.
        (
            "{ assistanceRequests(first: 10) { nodes { items { request { id } } } } }",
            110,
        ),
        // 5 countries with 4 requests each: 5 × (1 + 4 × (1 + totals 5)).
        (
            "{ countries(first: 5) { nodes { assistanceRequests(first: 4) { nodes { totals { requestCount } } } } } }",
            125,
        ),
        // totals 5, and a list of quantities with their units: 1 + 5 + 5 × 2.
        (
            "{ country(code: \"BGD\") { needs { requestCount quantities { unit { code } } } } }",
            16,
        ),
        // nodes costs its length: 3 × 1, and 3 × (1 + 1).
        ("{ nodes(ids: [1, 2, 3]) { id } }", 3),
        (
            "{ nodes(ids: [1, 2, 3]) { ... on AssistanceRequest { country { id } } } }",
            6,
        ),
        ("{ nodes(ids: 1) { id } }", 1),
        // 25 + 10 × (row 1 + totals 1); country.needs within it costs in full: + 10 × (1 + 5).
        (
            "{ needsAnalysis(groupBy: COUNTRY, first: 10) { nodes { totals { requestCount } } } }",
            45,
        ),
        (
            "{ needsAnalysis(groupBy: COUNTRY, first: 10) { nodes { totals { requestCount } country { needs { requestCount } } } } }",
            105,
        ),
        // 25 + 5 × (point 1 + totals 1).
        (
            "{ needsTimeline(interval: DAY, from: \"2020-01-01\", to: \"2020-02-01\") { date totals { requestCount } } }",
            35,
        ),
        ("{ search(query: \"x\") { nodes { __typename } } }", 30),
        // 10 + payload 1 + request 1 + 5 errors.
        (
            "mutation { updateAssistanceRequest(input: {id: 1, version: 1}) { assistanceRequest { id } userErrors { message } } }",
            17,
        ),
        ("subscription { assistanceRequestChanged { id country { id } } }", 2),
        // Fragments cost what they hold, each time.
        (
            "{ a: country(code: \"BGD\") { ...F } b: country(code: \"IND\") { ...F ... on Node { id } } } fragment F on Country { needs { requestCount } }",
            12,
        ),
        (
            "{ countries(first: 10) { ...C } } fragment C on CountryConnection { nodes { id } ... { totalCount } }",
            15,
        ),
        (
            "{ ...R } fragment R on Query { search(query: \"x\", first: 1) { nodes { __typename } } }",
            6,
        ),
    ];
    for (document, expected) in table {
        assert_eq!(cost(document, json!({})), expected, "{document}");
    }
}

#[test]
fn variables_decide_what_is_paid() {
    let page = "query($n: Int = 3) { countries(first: $n) { nodes { id } } }";
    assert_eq!(cost(page, json!({})), 3);
    assert_eq!(cost(page, json!({"n": 7})), 7);
    assert_eq!(cost(page, json!({"n": null})), 25);
    assert_eq!(
        cost("query($n: Int) { countries(first: $n) { nodes { id } } }", json!({})),
        25
    );
    let parts = "query($a: Boolean!, $b: Boolean! = false) { countries(first: 10) @include(if: $a) { nodes { id } } service @skip(if: $b) { name } country(code: 1) @skip(if: true) { id } ... @include(if: $b) { c: country(code: 1) { id } } }";
    assert_eq!(cost(parts, json!({"a": true})), 11);
    assert_eq!(cost(parts, json!({"a": false})), 1);
    assert_eq!(cost(parts, json!({"a": false, "b": true})), 1);
    assert_eq!(
        cost(
            "query($i: [ID!]!) { nodes(ids: $i) { id } }",
            json!({"i": ["a", "b", "c", "d"]})
        ),
        4
    );
}

#[test]
fn prices_saturate_and_say_what_would_help() {
    let mut desk = Desk::new();
    let mut document = String::from("id");
    for _ in 0..5 {
        document = format!("country {{ assistanceRequests(first: 2000000000) {{ nodes {{ {document} }} }} }}");
    }
    desk.limits.depth = 40;
    desk.limits.page = u32::MAX;
    let refusal = desk.refuse(&format!(
        "{{ assistanceRequests(first: 2000000000) {{ nodes {{ {document} }} }} }}"
    ));
    assert_eq!(refusal.problems[0].error.code(), "QUERY_TOO_COMPLEX");
    assert!(
        refusal.message().contains("more than can be counted"),
        "{}",
        refusal.message()
    );
    desk.max_cost = 99;
    let refusal = desk.refuse("{ countries(first: 100) { nodes { id } } }");
    assert!(
        refusal
            .message()
            .starts_with("The operation costs 100, at most 99 is answered: ask for shorter pages"),
        "{}",
        refusal.message()
    );
    desk.max_cost = 100;
    desk.admit("{ countries(first: 100) { nodes { id } } }");
}
