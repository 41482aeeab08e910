//! What holds for every document.

use apollo_compiler::ast;
use apollo_compiler::executable::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::parser::parse_query;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::measure::{Measure, sizes};
use super::*;

const SEEDS: &[&str] = &[
    "query Q($n: Int = 3, $ids: [ID!]!, $d: Boolean! = true) { countries(first: $n, filter: {and: [{name: {in: [\"a\", \"b\"]}}, {not: {code: {eq: \"BGD\"}}}]}) { nodes @include(if: $d) { id ...F } } nodes(ids: $ids) { id ... on Country { code } } } fragment F on Country { name(locale: FR) needs { requestCount } }",
    "mutation { createAssistanceRequest(input: {country: \"BGD\", title: \"a\\n\\u00e9\", description: \"\"\"block \\\"\"\" \"\"\", priority: HIGH, items: [{quantity: 1}, {quantity: \"1.5\"}]}) { assistanceRequest { id } userErrors { field } } }",
    "# comment\n{ service { name, version } __schema { types { name fields { type { ofType { name } } } } } }",
    "subscription { assistanceRequestChanged(filter: {items: {some: {quantity: {gt: 5}}}}) { id items { quantity } } }",
];

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ":",
    "...",
    "$",
    "@",
    "!",
    "=",
    "\"",
    "\"\"\"",
    "\\",
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
    "on",
    "fragment",
    "query",
    "id",
    "$n",
    "@include(if: true)",
    "...F",
    "country",
    "F",
    "|",
    "&",
    "\u{0}",
];

fn any_answer(text: &str) -> Result<Admitted, Refusal> {
    thread_local! {
        static DESK: Desk = Desk::new();
    }
    DESK.with(|desk| desk.ask(text, json!({"ids": ["a"]})))
}

/// The size of an operation by expanding every fragment.
fn expanded(document: &ExecutableDocument, set: &SelectionSet, depth: usize, size: &mut Measure) {
    for selection in &set.selections {
        match selection {
            Selection::Field(field) => {
                size.fields += 1;
                size.aliases += usize::from(field.alias.is_some());
                size.depth = size.depth.max(depth);
                size.width += usize::from(depth == 1);
                expanded(document, &field.selection_set, depth + 1, size);
            }
            Selection::InlineFragment(inline) => expanded(document, &inline.selection_set, depth, size),
            Selection::FragmentSpread(spread) => {
                let fragment = spread.fragment_def(document).expect("a valid document");
                expanded(document, &fragment.selection_set, depth, size);
            }
        }
    }
}

/// Selections on a country that may spread the fragments from `from` on, so that they make no circle.
fn selections(from: usize) -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("id".to_owned()),
        Just("a: code".to_owned()),
        (from..6_usize).prop_map(|fragment| format!("...F{fragment}")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_map(|one| format!("assistanceRequests {{ nodes {{ country {{ {one} }} }} }}")),
            inner.clone().prop_map(|one| format!("... on Country {{ {one} }}")),
            (inner.clone(), inner).prop_map(|(one, other)| format!("{one} {other}")),
        ]
    })
}

fn documents() -> impl Strategy<Value = String> {
    let parts = (
        selections(0),
        [
            selections(1),
            selections(2),
            selections(3),
            selections(4),
            selections(5),
        ],
    );
    parts.prop_map(|(root, fragments)| {
        let mut text = format!("{{ country(code: \"BGD\") {{ {root} ...F0 ...F1 ...F2 ...F3 ...F4 ...F5 }} }} fragment F5 on Country {{ id }}");
        for (number, fragment) in fragments.iter().enumerate() {
            text += &format!(" fragment F{number} on Country {{ {fragment} }}");
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gets_an_answer(text in "\\PC{0,60}") {
        let _ = any_answer(&text);
    }

    #[test]
    fn any_pieces_get_an_answer(pieces in proptest::collection::vec(select(PIECES), 0..40)) {
        let _ = any_answer(&pieces.join(" "));
        let _ = any_answer(&pieces.concat());
    }

    #[test]
    fn changed_documents_get_an_answer_that_the_executors_parser_shares(
        seed in select(SEEDS),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0..6_usize, select(PIECES)), 1..4),
    ) {
        let mut text: Vec<char> = seed.chars().collect();
        for (at, cut, piece) in changes {
            let start = at.index(text.len() + 1);
            let end = (start + cut).min(text.len());
            text.splice(start..end, piece.chars());
        }
        let text: String = text.into_iter().collect();
        if any_answer(&text).is_ok() {
            prop_assert!(parse_query(&text).is_ok(), "admitted, but no GraphQL: {}", text);
        }
    }

    #[test]
    fn measuring_is_expanding(text in documents()) {
        let tree = ast::Document::parse(text.clone(), "document.graphql").expect("syntax");
        let desk = Desk::new();
        let document = tree.to_executable(&desk.gate.rules.schema).expect("types");
        let operation = document.operations.get(None).expect("one operation").clone();
        let mut naive = Measure::default();
        expanded(&document, &operation.selection_set, 1, &mut naive);
        let measured = sizes(&tree).expect("no circle")[0];
        let numbers = |size: Measure| (size.depth, size.fields, size.aliases, size.width);
        prop_assert_eq!(numbers(measured), numbers(naive));
        if desk.ask(&text, json!({})).is_ok() {
            prop_assert!(naive.depth <= desk.limits.depth && naive.fields <= desk.limits.fields && naive.aliases <= desk.limits.aliases);
        }
    }
}
