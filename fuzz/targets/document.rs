//! The gate for documents: a verdict on every text; what is refused is told where and why, what is admitted means the
//! same to every parser and printed anew.

use std::sync::LazyLock;

use apollo_compiler::ast;
use async_graphql::parser::parse_query;
use nam_needs::domain::limits::Limits;
use nam_needs::graphql;
use nam_needs::http::gate::{Admitted, Gate, Incoming, Refusal};
use serde_json::json;

pub const WORDS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "...",
    "$",
    "@",
    "!",
    "=",
    "\"",
    "\"\"\"",
    "\\",
    "\\u{1F600}",
    "\\uD83D",
    "#",
    "\n",
    "\r",
    ",",
    "\u{FEFF}",
    "é",
    "0",
    "-",
    "1.5e",
    "null",
    "true",
    " on ",
    "fragment F on Country ",
    "query Q ",
    "mutation ",
    "subscription ",
    "id ",
    "__typename ",
    "$n",
    "@include(if: $d)",
    "@skip(if: true)",
    "...F",
    "...on Country ",
    "country(code: \"BGD\") ",
    "nodes ",
    "filter: {and: [",
    "first: 2147483648",
    "|",
    "&",
    "\u{0}",
    "99999999999999999999",
];

static GATE: LazyLock<Gate> = LazyLock::new(|| Gate::new(&graphql::sdl()).unwrap());

/// What the gate says of a document, with variables that some of the corpus declares.
pub fn verdict(text: &str, limits: &Limits) -> Result<Admitted, Refusal> {
    let serde_json::Value::Object(variables) = json!({"n": 3, "d": true, "ids": ["a"], "code": "BGD"}) else {
        unreachable!()
    };
    GATE.admit(&Incoming {
        document: text,
        operation_name: None,
        variables,
        limits,
        max_cost: limits.signed_in_cost,
        introspection: true,
    })
}

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let limits = Limits::default();
    match verdict(text, &limits) {
        Ok(admitted) => {
            assert!(admitted.cost <= limits.signed_in_cost + limits.introspection_cost);
            assert!(!admitted.roots.is_empty());
        }
        Err(refusal) => is_told(text, &refusal, &limits),
    }
    if GATE.check(text, &limits).is_ok() {
        reads_as_printed(text, &limits);
    }
}

fn reads_as_printed(text: &str, limits: &Limits) {
    let tree = ast::Document::parse(text, "a").unwrap_or_else(|_| panic!("good, but not to the parser"));
    let printed = tree.to_string();
    let again =
        ast::Document::parse(&printed, "b").unwrap_or_else(|bad| panic!("printed, it is refused: {bad}\n{printed}"));
    assert!(tree == again, "printed, it is another document:\n{printed}");
    // The executor gets the document translated: its own parser is a second opinion. It knows no `\u{…}`, and no blank
    // between a type and its `!`, so it is asked for what is printed.
    assert!(
        text.contains("\\u{") || parse_query(&printed).is_ok(),
        "good, but not to another parser:\n{printed}"
    );
    if let Err(refusal) = GATE.check(&printed, limits) {
        panic!("printed, it is refused: {refusal:?}\n{printed}");
    }
}

fn is_told(text: &str, refusal: &Refusal, limits: &Limits) {
    assert!(!refusal.problems.is_empty());
    // The last one may say how many more there are.
    assert!(refusal.problems.len() <= limits.errors + 1, "{refusal:?}");
    let lines = text.replace("\r\n", "\n").split(['\n', '\r']).count();
    for problem in &refusal.problems {
        assert_ne!(problem.error.code(), "INTERNAL", "{problem:?}");
        assert!(!problem.error.message().is_empty(), "{problem:?}");
        for (line, column) in &problem.locations {
            assert!(
                (1..=lines).contains(line) && *column >= 1,
                "{problem:?} of {lines} lines"
            );
        }
    }
}
