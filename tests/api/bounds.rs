//! Each limit of one request: just below it is answered, just above it is refused with its code, by default and as the
//! operator sets it; and `service` tells it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{ADMIN, Backend, TestApp, on_each, run_with};
use crate::support::{draft, people};

/// A limit that a document or its variables can pass.
struct Bound {
    /// The setting.
    flag: &'static str,
    /// The field of `service { limits }`.
    field: &'static str,
    default: usize,
    /// Another value, smaller.
    smaller: usize,
    code: &'static str,
    /// A request that uses so much of it, and of no other limit too much.
    uses: fn(usize) -> Value,
}

fn query(text: impl Into<String>) -> Value {
    json!({ "query": text.into() })
}

fn times(text: &str, count: usize) -> String {
    text.repeat(count)
}

fn aliased(field: &str, count: usize) -> String {
    (0..count).map(|number| format!("a{number}: {field} ")).collect()
}

/// A document of exactly so many tokens.
fn tokens(count: usize) -> String {
    let rest = count - 5;
    let (long, short) = (rest / 8, rest % 8);
    let fields = times("__typename @include(if: true) ", long) + &times("roles ", short);
    format!("{{ viewer {{ {fields} }} }}")
}

/// `and` in `and`, so many levels.
fn filter(levels: usize) -> String {
    let innermost = "{ code: { eq: \"BGD\" } }".to_owned();
    (0..levels).fold(innermost, |inner, _| format!("{{ and: [{inner}] }}"))
}

const BOUNDS: &[Bound] = &[
    Bound {
        flag: "--max-tokens",
        field: "maxTokens",
        default: 5_000,
        smaller: 40,
        code: "QUERY_TOO_COMPLEX",
        uses: |count| query(tokens(count)),
    },
    Bound {
        flag: "--max-nesting",
        field: "maxNesting",
        default: 64,
        smaller: 12,
        code: "BAD_USER_INPUT",
        // The body and the variables are two levels by themselves.
        uses: |levels| {
            let innermost = json!([]);
            let nested = (0..levels - 3).fold(innermost, |inner, _| json!([inner]));
            json!({ "query": "{ __typename }", "variables": { "unused": nested } })
        },
    },
    Bound {
        flag: "--max-depth",
        field: "maxDepth",
        default: 12,
        smaller: 4,
        code: "QUERY_TOO_DEEP",
        uses: |levels| {
            let parents = times("parent { ", levels - 2) + "code " + &times("} ", levels - 2);
            query(format!("{{ needCategory(code: \"MED\") {{ {parents} }} }}"))
        },
    },
    Bound {
        flag: "--max-fields",
        field: "maxFields",
        default: 2_000,
        smaller: 30,
        code: "QUERY_TOO_COMPLEX",
        uses: |count| query(format!("{{ viewer {{ {} }} }}", times("roles ", count - 1))),
    },
    Bound {
        flag: "--max-aliases",
        field: "maxAliases",
        default: 30,
        smaller: 3,
        code: "QUERY_TOO_COMPLEX",
        uses: |count| query(format!("{{ viewer {{ {} }} }}", aliased("roles", count))),
    },
    Bound {
        flag: "--max-root-fields",
        field: "maxRootFields",
        default: 20,
        smaller: 2,
        code: "QUERY_TOO_COMPLEX",
        uses: |count| query(format!("{{ {} }}", aliased("__typename", count))),
    },
    Bound {
        flag: "--max-filter-depth",
        field: "maxFilterDepth",
        default: 5,
        smaller: 2,
        code: "BAD_USER_INPUT",
        uses: |levels| query(format!("{{ countries(filter: {}) {{ totalCount }} }}", filter(levels))),
    },
    Bound {
        flag: "--max-list-values",
        field: "maxListValues",
        default: 200,
        smaller: 4,
        code: "BAD_USER_INPUT",
        uses: |count| {
            let document = "query($in: [CountryCode!]) { countries(filter: { code: { in: $in } }) { totalCount } }";
            json!({ "query": document, "variables": { "in": vec!["BGD"; count] } })
        },
    },
    Bound {
        flag: "--max-filter-tests",
        field: "maxFilterTests",
        default: 2_000,
        smaller: 60,
        code: "BAD_USER_INPUT",
        // Of each list its field, its comparison, itself and its values, and what holds the lists.
        uses: |count| {
            let document = "query($or: [CountryFilter!]) { countries(filter: { or: $or }) { totalCount } }";
            let lists = (count - 2).div_ceil(199);
            let values = count - 2 - 3 * lists;
            let list = |index| vec![1; values / lists + usize::from(index < values % lists)];
            let tests: Vec<_> = (0..lists)
                .map(|index| json!({ "population": { "in": list(index) } }))
                .collect();
            json!({ "query": document, "variables": { "or": tests } })
        },
    },
    Bound {
        flag: "--max-nodes",
        field: "maxNodes",
        default: 100,
        smaller: 3,
        code: "BAD_USER_INPUT",
        uses: |count| {
            let document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
            json!({ "query": document, "variables": { "ids": vec!["bm93aGVyZQ"; count] } })
        },
    },
    Bound {
        flag: "--max-page-size",
        field: "maxPageSize",
        default: 100,
        smaller: 7,
        code: "BAD_USER_INPUT",
        uses: |rows| query(format!("{{ requestItems(first: {rows}) {{ totalCount }} }}")),
    },
    Bound {
        flag: "--max-reference-page-size",
        field: "maxReferencePageSize",
        default: 300,
        smaller: 7,
        code: "BAD_USER_INPUT",
        uses: |rows| query(format!("{{ countries(last: {rows}) {{ totalCount }} }}")),
    },
    Bound {
        flag: "--max-cost-anonymous",
        field: "maxCost",
        default: 5_000,
        smaller: 251,
        code: "QUERY_TOO_COMPLEX",
        uses: |cost| {
            let page = |rows| format!("countries(first: {rows}) {{ nodes {{ code }} }} ");
            let full = (0..cost / 250).map(|number| format!("a{number}: {}", page(250)));
            let rest = (cost % 250 > 0).then(|| format!("rest: {}", page(cost % 250)));
            query(format!("{{ {} }}", full.chain(rest).collect::<String>()))
        },
    },
];

/// Status and, of the first error, the code.
async fn outcome(app: &TestApp, body: &Value) -> (u16, String) {
    let request = app.request(Method::POST, "/graphql").json(body);
    let answer = request.header("accept", "application/graphql-response+json");
    let answer = answer.send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (
        status,
        body["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    )
}

async fn is_kept(app: &TestApp, bound: &Bound, most: usize) {
    let told = app.ask(None, "{ service { limits { __typename } } }", json!({})).await;
    assert_eq!(told["service"]["limits"]["__typename"], "Limits");
    let field = bound.field;
    let told = app
        .ask(None, &format!("{{ service {{ limits {{ {field} }} }} }}"), json!({}))
        .await;
    assert_eq!(told["service"]["limits"][field], most, "{field}");
    let below = outcome(app, &(bound.uses)(most)).await;
    assert_eq!(below, (200, String::new()), "{field}: {most}");
    let (status, code) = outcome(app, &(bound.uses)(most + 1)).await;
    assert_eq!(code, bound.code, "{field}: {}", most + 1);
    // A page or a list of ids that is too long is a matter of its field, and leaves its siblings alone.
    let of_a_field = ["maxPageSize", "maxReferencePageSize", "maxNodes"].contains(&field) && status == 200;
    assert!(status == 400 || of_a_field, "{field}: {status}");
}

#[test]
fn each_limit_holds_to_one_more_or_less() {
    on_each(&[], async |app| {
        for bound in BOUNDS {
            is_kept(app, bound, bound.default).await;
        }
    });
}

#[test]
fn each_limit_is_the_operators_and_is_told() {
    for bound in BOUNDS {
        let setting = format!("{}={}", bound.flag, bound.smaller);
        // A server for each: on one database, since none of them reaches it.
        run_with(Backend::Sqlite, &[&setting], async |app| {
            is_kept(app, bound, bound.smaller).await;
        });
    }
}

#[test]
fn whoever_signs_in_may_spend_more() {
    on_each(&[], async |app| {
        let of = |rows: usize| {
            format!(
                "{{ countries(first: {rows}) {{ nodes {{ assistanceRequests(first: 99) {{ nodes {{ id }} }} }} }} }}"
            )
        };
        let (status, answer) = app.post(Some(ADMIN), &of(200), json!({})).await;
        assert_eq!(
            (status, &answer["extensions"]["cost"]["requested"]),
            (200, &json!(20_000))
        );
        let (status, answer) = app.post(Some(ADMIN), &of(201), json!({})).await;
        assert_eq!(
            (status, &answer["errors"][0]["extensions"]["code"]),
            (400, &json!("QUERY_TOO_COMPLEX"))
        );
        let cost = &answer["extensions"]["cost"];
        assert_eq!((&cost["requested"], &cost["limit"]), (&json!(20_100), &json!(20_000)));
        let told = app
            .ask(
                Some(ADMIN),
                "{ service { limits { maxCost maxBodyBytes } } }",
                json!({}),
            )
            .await;
        assert_eq!(
            told["service"]["limits"],
            json!({ "maxCost": 20_000, "maxBodyBytes": 2 * 1024 * 1024 })
        );
    });
}

#[test]
fn an_import_may_be_two_mebibytes_and_no_more() {
    on_each(&[], async |app| {
        let import =
            r#"{"query":"mutation { importAssistanceRequests(input: { source: \"x\", rows: [] }) { __typename } }"}"#;
        for (bytes, status) in [(2_097_152, 200), (2_097_153, 413)] {
            let request = app.request(Method::POST, "/graphql").bearer_auth(ADMIN);
            let request = request.header("content-type", "application/json");
            let request = request.header("accept", "application/graphql-response+json");
            let answer = request
                .body(import.to_owned() + &" ".repeat(bytes - import.len()))
                .send()
                .await;
            assert_eq!(answer.unwrap().status(), status, "{bytes}");
        }
    });
}

#[test]
fn items_and_rows_are_bounded_as_the_operator_sets() {
    on_each(&["--max-items=2", "--max-import-rows=1"], async |app| {
        let told = app
            .ask(
                None,
                "{ service { limits { maxItemsPerRequest maxImportRows } } }",
                json!({}),
            )
            .await;
        assert_eq!(
            told["service"]["limits"],
            json!({ "maxItemsPerRequest": 2, "maxImportRows": 1 })
        );
        let people = people(app).await;
        let mut input = draft();
        for (count, codes) in [(2, json!([])), (3, json!([{ "code": "TOO_MANY" }]))] {
            input["items"] = json!(vec![json!({ "commodity": "O2_CONCENTRATOR", "quantity": "1" }); count]);
            let created = app.mutate(
                &people.focal,
                "createAssistanceRequest",
                input.clone(),
                "userErrors { code }",
            );
            assert_eq!(created.await["userErrors"], codes, "{count}");
        }
    });
}

#[test]
fn an_answer_tells_ten_errors_however_many_there_are() {
    on_each(&[], async |app| {
        let directives = "@a".repeat(2_400);
        let unknown: String = (0..1_900).map(|number| format!("f{number} ")).collect();
        let wrong: String = (0..15)
            .map(|number| format!("a{number}: country(code: \"{number}\") {{ code }} "))
            .collect();
        for (query, at_least) in [
            (format!("{{ viewer {{ roles {directives} }} }}"), 1),
            (format!("{{ viewer {{ {unknown} }} }}"), 10),
            (format!("{{ {wrong} }}"), 10),
        ] {
            let (_, answer) = app.post(None, &query, json!({})).await;
            let errors = answer["errors"].as_array().unwrap().len();
            assert!((at_least..=10).contains(&errors), "{errors}: {}", &query[..40]);
            assert!(answer.to_string().len() < 16 * 1024);
        }
    });
    on_each(&["--max-errors=3"], async |app| {
        let (_, answer) = app.post(None, "{ a b c d e }", json!({})).await;
        assert_eq!(answer["errors"].as_array().unwrap().len(), 3);
    });
}

/// Requests that fill a body of 256 KiB with what is dear elsewhere.
fn hostile() -> Vec<(&'static str, Value)> {
    let bomb: String = (0..2_000)
        .map(|number| format!("fragment F{number} on Query {{ ...F{0} ...F{0} }} ", number + 1))
        .collect();
    vec![
        (
            "fragment bomb",
            query(format!("{{ ...F0 }} {bomb} fragment F2000 on Query {{ __typename }}")),
        ),
        (
            "aliases",
            query(format!("{{ viewer {{ {} }} }}", aliased("roles", 15_000))),
        ),
        (
            "directives",
            query(format!("{{ viewer {{ roles {} }} }}", "@a ".repeat(80_000))),
        ),
        ("brackets", query("[".repeat(200_000))),
        ("braces", query("{a".repeat(100_000))),
        (
            "a list written out",
            query(format!("{{ nodes(ids: [{}]) {{ id }} }}", "1 ".repeat(120_000))),
        ),
        (
            "a number",
            query(format!(
                "{{ countries(first: {}) {{ totalCount }} }}",
                "9".repeat(250_000)
            )),
        ),
        (
            "a string",
            query(format!("{{ country(code: \"{}\") {{ code }} }}", "x".repeat(250_000))),
        ),
        ("a comment", query(format!("{{ nothing }} # {}", "x".repeat(250_000)))),
        (
            "values",
            json!({ "query": "query($in: [CountryCode!]) { countries(filter: { code: { in: $in } }) { totalCount } }", "variables": { "in": vec![1; 120_000] } }),
        ),
        (
            "variables",
            json!({ "query": "{ nothing }", "variables": (0..12_000).map(|number| (format!("v{number}"), json!(number))).collect::<serde_json::Map<_, _>>() }),
        ),
    ]
}

#[test]
fn a_hostile_request_gets_a_short_answer() {
    on_each(&[], async |app| {
        for (name, body) in hostile() {
            assert!(
                body.to_string().len() < 262_144,
                "{name} is refused for its bytes alone"
            );
            let request = app.request(Method::POST, "/graphql").json(&body);
            let answer = request.send().await.unwrap();
            assert!(answer.status().is_success() || answer.status() == 400, "{name}");
            let answer = answer.text().await.unwrap();
            assert!(answer.len() < 8 * 1024, "{name}: {} bytes", answer.len());
            let answer: Value = serde_json::from_str(&answer).unwrap();
            let errors = answer["errors"].as_array().map(Vec::len).unwrap_or_default();
            assert!((1..=10).contains(&errors), "{name}: {answer}");
        }
    });
}

/// What was admitted before is executed by the worker that talks to the client, whose stack is a quarter of the others'.
#[test]
fn the_deepest_that_can_be_allowed_is_answered_again_and_again() {
    const DEEPEST: [(&str, usize); 3] = [("--max-nesting", 120), ("--max-depth", 64), ("--max-filter-depth", 20)];
    let settings = DEEPEST.map(|(flag, most)| format!("{flag}={most}"));
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    on_each(&settings, async |app| {
        for (flag, most) in DEEPEST {
            let bound = BOUNDS.iter().find(|bound| bound.flag == flag).unwrap();
            for _ in 0..3 {
                let answered = outcome(app, &(bound.uses)(most)).await;
                assert_eq!(answered, (200, String::new()), "{flag}={most}");
            }
        }
    });
}
