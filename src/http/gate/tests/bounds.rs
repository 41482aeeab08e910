//! Hostile documents: refused at once, whatever they are made of.

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::*;

/// Long enough for a slow machine that does other things too, short enough for nothing that grows faster than a document.
const AT_ONCE: Duration = Duration::from_millis(1_500);

fn refused_at_once(document: &str) -> Refusal {
    let desk = Desk::new();
    let start = Instant::now();
    let refusal = desk.refuse(document);
    let took = start.elapsed();
    assert!(took < AT_ONCE, "{} bytes took {took:?}", document.len());
    assert!(refusal.problems.len() <= desk.limits.errors);
    refusal
}

fn code(document: &str) -> &'static str {
    refused_at_once(document).problems[0].error.code()
}

fn fragment_bomb(levels: usize) -> String {
    let mut bomb = String::from("{ countries { nodes { ...F0 } } }");
    for level in 0..levels {
        write!(
            bomb,
            " fragment F{level} on Country {{ ...F{next} ...F{next} }}",
            next = level + 1
        )
        .unwrap();
    }
    bomb + &format!(" fragment F{levels} on Country {{ id }}")
}

#[test]
fn nested_brackets_never_reach_a_parser() {
    for bracket in ["[", "{a:", "{a{", "(", "{ a(b: [", "... {", "[{a:["] {
        let deep = format!("{{ a(b: {}", bracket.repeat(2_000));
        assert_eq!(code(&deep), "QUERY_TOO_DEEP", "{bracket}");
        assert!(
            ["QUERY_TOO_DEEP", "QUERY_TOO_COMPLEX"].contains(&code(&format!("{{ a(b: {}", bracket.repeat(60_000))))
        );
    }
    assert_eq!(
        code(&format!("query(${{a:{}Int{}) {{a}}", "[".repeat(200), "]".repeat(200))),
        "QUERY_TOO_DEEP"
    );
}

#[test]
fn as_deep_as_allowed_is_parsed() {
    let list = |levels: usize| format!("{{ a(b: {}{}) }}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(code(&list(62)), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(code(&list(63)), "QUERY_TOO_DEEP");
    let object = format!("{{ a(b: {}1{}) }}", "{a:".repeat(62), "}".repeat(62));
    assert_eq!(code(&object), "GRAPHQL_VALIDATION_FAILED");
}

#[test]
fn as_deep_as_allowed_is_validated() {
    let desk = Desk::new();
    desk.admit(&format!(
        "{{ service {{ {}name{} }} }}",
        "... on Service {".repeat(61),
        "}".repeat(61)
    ));
    assert_eq!(
        code(&format!(
            "{{ service {{ {}name{} }} }}",
            "... {".repeat(63),
            "}".repeat(63)
        )),
        "QUERY_TOO_DEEP"
    );
    let filter = format!("{}name: {{eq: \"x\"}}{}", "not: {".repeat(59), "}".repeat(59));
    assert_eq!(
        code(&format!("{{ countries(filter: {{{filter}}}) {{ totalCount }} }}")),
        "BAD_USER_INPUT"
    );
}

#[test]
fn brackets_in_strings_and_comments_do_not_nest() {
    let brackets = "[{(".repeat(500);
    let desk = Desk::new();
    desk.admit(&format!(
        "# {brackets}\n{{ search(query: \"{brackets} \\\" {brackets}\") {{ nodes {{ __typename }} }} }}"
    ));
    desk.admit(&format!(
        "{{ search(query: \"\"\"{brackets} \\\"\"\" \" \"\" {brackets}\"\"\") {{ nodes {{ __typename }} }} }}"
    ));
}

#[test]
fn tokens_are_counted_before_parsing() {
    assert_eq!(code(&"{a ".repeat(3_000)), "QUERY_TOO_DEEP");
    assert_eq!(code(&format!("{{ {} }}", "a ".repeat(5_000))), "QUERY_TOO_COMPLEX");
    assert_eq!(
        code(&format!("{{ service {{ name }} }} {}", "@a".repeat(100_000))),
        "QUERY_TOO_COMPLEX"
    );
    let numbers = format!("{{ a(b: [{}]) }}", "1-1".repeat(5_000));
    assert_eq!(code(&numbers), "QUERY_TOO_COMPLEX");
}

#[test]
fn many_directives_make_few_errors() {
    let refusal = refused_at_once(&format!("{{ service {{ name {} }} }}", "@a ".repeat(2_400)));
    assert_eq!(refusal.problems.len(), 10);
    assert!(
        refusal.problems[9].error.message().contains("more problems"),
        "{:?}",
        refusal.problems[9]
    );
    let unknown = refused_at_once(&format!(
        "{{ {} }}",
        (0..1_900).fold(String::new(), |all, n| all + &format!("u{n} "))
    ));
    assert_eq!(unknown.problems[0].error.code(), "QUERY_TOO_COMPLEX");
}

#[test]
fn fragment_bombs_are_measured_not_expanded() {
    for levels in [12, 24, 31, 40, 63] {
        assert_eq!(code(&fragment_bomb(levels)), "QUERY_TOO_COMPLEX", "{levels} levels");
    }
    assert_eq!(code(&fragment_bomb(200)), "QUERY_TOO_COMPLEX");
    let deep = (0..100).fold(
        String::from("{ node(id: 1) { ...F0 } } fragment F100 on Node { id }"),
        |all, level| all + &format!(" fragment F{level} on Node {{ ...F{} }}", level + 1),
    );
    assert_eq!(code(&deep), "QUERY_TOO_DEEP");
}

#[test]
fn circles_of_fragments_are_told() {
    for circle in [
        "{ node(id: 1) { ...A } } fragment A on Node { id ...A }",
        "{ node(id: 1) { ...A } } fragment A on Node { ...B } fragment B on Node { ...C } fragment C on Node { ...A }",
        "{ service { name } } fragment A on Country { assistanceRequests { nodes { country { ...A } } } }",
    ] {
        let refusal = refused_at_once(circle);
        assert_eq!(refusal.problems[0].error.code(), "GRAPHQL_VALIDATION_FAILED");
        assert!(
            refusal.message().starts_with("Cannot spread fragment"),
            "{}",
            refusal.message()
        );
    }
    let ring = (0..400).fold(String::from("{ node(id: 1) { ...F0 } }"), |all, n| {
        all + &format!(" fragment F{n} on Node {{ ...F{} }}", (n + 1) % 400)
    });
    assert!(["QUERY_TOO_COMPLEX", "GRAPHQL_VALIDATION_FAILED"].contains(&code(&ring)));
}

#[test]
fn wide_and_deep_operations_are_refused() {
    let aliases = |count: usize| {
        format!(
            "{{ service {{ {} }} }}",
            (0..count).fold(String::new(), |all, n| all + &format!("a{n}: name "))
        )
    };
    Desk::new().admit(&aliases(30));
    assert_eq!(code(&aliases(31)), "QUERY_TOO_COMPLEX");
    let roots = |count: usize| format!("{{ {} }}", "__typename ".repeat(count));
    Desk::new().admit(&roots(20));
    assert_eq!(code(&roots(21)), "QUERY_TOO_COMPLEX");
    let fields = |count: usize| format!("{{ service {{ {} }} }}", "name ".repeat(count - 1));
    Desk::new().admit(&fields(2_000));
    assert_eq!(code(&fields(2_001)), "QUERY_TOO_COMPLEX");
    let deep = |levels: usize| {
        let (half, rest) = (levels / 2 - 1, levels % 2);
        let inner = if rest == 0 { "id" } else { "country { id }" };
        format!(
            "{{ assistanceRequest(by: {{id: 1}}) {{ items {{ {}{}{} }} }} }}",
            "request { items { ".repeat(half - 1),
            "request { country { id } }",
            "} }".repeat(half - 1)
        )
        .replace("country { id }", inner)
    };
    Desk::new().admit(&deep(12));
    assert_eq!(code(&deep(13)), "QUERY_TOO_DEEP");
}

#[test]
fn many_definitions_are_not_multiplied_by_their_fragments() {
    let operations = (0..400).fold(String::new(), |all, n| {
        all + &format!("query Q{n} {{ node(id: 1) {{ ...F }} }} ")
    });
    let document = format!("{operations} fragment F on Node {{ {} }}", "id ".repeat(400));
    assert_eq!(code(&document), "QUERY_TOO_COMPLEX");
    let few = (0..9).fold(String::new(), |all, n| {
        all + &format!("query Q{n} {{ node(id: 1) {{ ...F }} }} ")
    });
    assert_eq!(
        code(&format!("{few} fragment F on Node {{ {} }}", "id ".repeat(1_500))),
        "QUERY_TOO_COMPLEX"
    );
}

#[test]
fn long_ignored_parts_are_cheap() {
    let desk = Desk::new();
    let start = Instant::now();
    desk.admit(&format!("{{ {} service {{ name }} }}", "#\n".repeat(100_000)));
    desk.admit(&format!("{{ {} service {{ name }} }}", ",".repeat(200_000)));
    let spread = "name #\n #\n #\n #\n".repeat(1_000);
    desk.admit(&format!("{{ service {{ {spread} }} }}"));
    assert!(start.elapsed() < 3 * AT_ONCE, "{:?}", start.elapsed());
}

#[test]
fn what_was_refused_is_remembered_with_its_limits() {
    let mut desk = Desk::new();
    let document = "{ country(code: \"BGD\") { assistanceRequests { nodes { id } } } }";
    desk.limits.depth = 3;
    assert_eq!(desk.code(document), "QUERY_TOO_DEEP");
    assert_eq!(desk.code(document), "QUERY_TOO_DEEP");
    desk.limits.depth = 4;
    desk.admit(document);
    desk.limits.depth = 3;
    assert_eq!(desk.code(document), "QUERY_TOO_DEEP");
}
