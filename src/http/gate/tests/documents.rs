//! Syntax, validation, the choice of an operation, introspection, and the form that is executed.

use async_graphql::parser::parse_query;

use super::*;

const STANDARD: &str = include_str!("introspection.graphql");

#[test]
fn syntax_errors_tell_where() {
    let desk = Desk::new();
    let place = |document: &str| {
        let problem = desk.refuse(document).problems.remove(0);
        assert_eq!(problem.error.code(), "GRAPHQL_PARSE_FAILED", "{document}: {problem:?}");
        assert!(problem.error.message().starts_with("Syntax Error: "), "{problem:?}");
        problem.locations[0]
    };
    assert_eq!(place(""), (1, 1));
    assert_eq!(place("  # nothing\n"), (2, 1));
    assert_eq!(place("{ service { name }"), (1, 19));
    assert_eq!(place("{\r\n  service { é } }"), (2, 13));
    assert_eq!(place("{ search(query: \"a\nb\") { totalCount } }"), (1, 17));
    assert_eq!(place("{ search(query: \"\"\"a"), (1, 17));
    assert_eq!(place("{ search(query: \"\\q\") { totalCount } }"), (1, 17));
    assert_eq!(place("{ a .. b }"), (1, 5));
    assert_eq!(place("{ a(b: 01) }"), (1, 8));
    assert_eq!(place("{ a ? }"), (1, 5));
    place("query");
    place("}");
    place("{}");
    place("{ service { } }");
    place("hello world");
}

#[test]
fn what_the_parser_forgives_is_refused() {
    let desk = Desk::new();
    for document in [
        "{ countries(first) { totalCount } }",
        "{ countries(filter: { name }) { totalCount } }",
        "query Q() { service { name } }",
        "query Q($a) { service { name } }",
        "query Q($a: Int =) { service { name } }",
        "{ countries() { totalCount } }",
        "{ service @include() { name } }",
        "{ node(id: 1) { ... on { id } } }",
        "fragment on on Node { id } { node(id: 1) { id } }",
        "{ node(id: 1) { a: } }",
    ] {
        assert_eq!(desk.code(document), "GRAPHQL_PARSE_FAILED", "{document}");
    }
}

#[test]
fn validation_errors_are_short_and_tell_where() {
    let desk = Desk::new();
    let refusal = desk.refuse("{\n  servise { name }\n  country(code: \"BGD\") { nam, id: code, id }\n}");
    let told: Vec<_> = refusal
        .problems
        .iter()
        .map(|one| (one.error.message(), one.locations[0]))
        .collect();
    assert_eq!(
        told[0],
        ("Cannot query field \"servise\" on type \"Query\".".into(), (2, 3))
    );
    assert_eq!(
        told[1],
        ("Cannot query field \"nam\" on type \"Country\".".into(), (3, 26))
    );
    assert!(told[2].0.starts_with("Fields \"id\" conflict"), "{told:?}");
    for document in [
        "{ service }",
        "{ service { name { x } } }",
        "{ country { id } }",
        "{ country(code: \"BGD\", kode: 1) { id } }",
        "{ service { name @uppercase } }",
        "{ service { name @defer } }",
        "query A { service { name } } query A { service { name } }",
        "{ service { name } } { service { name } }",
        "{ node(id: 1) { ...F } }",
        "{ service { name } } fragment F on Service { name }",
        "query($a: Int) { service { name } }",
        "{ countries(first: $a) { totalCount } }",
        "subscription { a: assistanceRequestChanged { id } b: assistanceRequestChanged { id } }",
        "subscription { __typename }",
        "subscription { assistanceRequestChanged { id } assistanceRequestChanged { id } }",
        "subscription { ...F b: assistanceRequestChanged { id } } fragment F on Subscription { a: assistanceRequestChanged { id } }",
        "type Query { a: Int }",
        "{ country(code: \"BGD\") { name(locale: null) } }",
        "{ countries(first: 3000000000) { totalCount } }",
        "{ countries(first: \"3\") { totalCount } }",
        "query($f: String) { countries(first: $f) { totalCount } }",
    ] {
        assert_eq!(desk.code(document), "GRAPHQL_VALIDATION_FAILED", "{document}");
    }
}

#[test]
fn an_unknown_field_is_not_told_twice() {
    let desk = Desk::new();
    let text = "query($n: Int) { service { nam } countrys(first: $n) { ...F } } fragment F on Country { id }";
    let refusal = desk.refuse(text);
    let told: Vec<_> = refusal.problems.iter().map(|one| one.error.message()).collect();
    assert_eq!(
        told,
        [
            "Cannot query field \"nam\" on type \"Service\".",
            "Cannot query field \"countrys\" on type \"Query\"."
        ]
    );
    assert!(
        desk.refuse("{ service }")
            .message()
            .contains("must have a selection of subfields")
    );
}

#[test]
fn the_operation_is_chosen_by_name() {
    let desk = Desk::new();
    let two = "query A { service { name } } mutation B($i: UpdateAssistanceRequestInput!) { updateAssistanceRequest(input: $i) { userErrors { message } } }";
    let a = desk.named(two, Some("A"), json!({})).unwrap();
    assert_eq!(
        (a.kind, a.operation_name.as_deref(), a.roots),
        (OperationKind::Query, Some("A"), vec!["service".to_owned()])
    );
    let b = desk
        .named(two, Some("B"), json!({"i": {"id": 1, "version": 1}}))
        .unwrap();
    assert_eq!(
        (b.kind, b.roots),
        (OperationKind::Mutation, vec!["updateAssistanceRequest".to_owned()])
    );
    for (document, name) in [
        (two, None),
        (two, Some("C")),
        (two, Some("")),
        ("{ service { name } }", Some("A")),
    ] {
        let refusal = desk.named(document, name, json!({})).map(|_| ()).unwrap_err();
        assert_eq!(refusal.problems[0].error.code(), "OPERATION_RESOLUTION_FAILURE");
    }
    assert_eq!(
        desk.admit("subscription { assistanceRequestChanged { id } }").kind,
        OperationKind::Subscription
    );
}

#[test]
fn roots_are_those_of_fragments_too() {
    let admitted = Desk::new().admit("{ z: service { name } ...F ... { __typename } } fragment F on Query { country(code: 50) { id } service { version } }");
    assert_eq!(admitted.roots, ["__typename", "country", "service"]);
}

#[test]
fn the_introspection_of_tools_passes() {
    let mut desk = Desk::new();
    desk.max_cost = 0;
    let admitted = desk.admit(STANDARD);
    assert_eq!(admitted.roots, ["__schema"]);
    assert!(admitted.cost > 100, "{}", admitted.cost);
    desk.max_cost = 1;
    desk.introspection = false;
    assert_eq!(desk.code(STANDARD), "INTROSPECTION_DISABLED");
    assert_eq!(
        desk.code("{ ...F } fragment F on Query { t: __type(name: \"Query\") { name } }"),
        "INTROSPECTION_DISABLED"
    );
    desk.admit("{ __typename service { __typename } }");
}

#[test]
fn an_introspection_can_not_explode() {
    let mut desk = Desk::new();
    assert_eq!(
        desk.code("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"),
        "QUERY_TOO_DEEP"
    );
    assert_eq!(desk.code("{ __schema { types { ...A } } } fragment A on __Type { fields { type { ...B } } } fragment B on __Type { possibleTypes { interfaces { name } } }"), "QUERY_TOO_DEEP");
    let deep = format!(
        "{{ __type(name: \"Query\") {{ {} name {} }} }}",
        "ofType { ".repeat(20),
        "}".repeat(20)
    );
    assert_eq!(desk.code(&deep), "QUERY_TOO_DEEP");
    let many = (0..20).fold(String::new(), |all, n| all + &format!("a{n}: __schema {{ ...S }} "));
    let many = format!(
        "{{ {many} }} fragment S on __Schema {{ types {{ fields {{ args {{ type {{ inputFields {{ type {{ enumValues {{ name }} }} }} }} }} }} }} }}"
    );
    assert_eq!(desk.code(&many), "QUERY_TOO_COMPLEX");
    desk.limits.introspection_cost = 10;
    assert_eq!(desk.code(STANDARD), "QUERY_TOO_COMPLEX");
}

#[test]
fn the_executed_form_is_what_the_executors_own_parser_makes() {
    let desk = Desk::new();
    let documents = [
        "{ service { name } }",
        "query Q { a: country(code: \"BGD\") { id, x: name(locale: FR) } }",
        "query Q($n: Int = 3, $ids: [ID!]!, $d: Boolean! = true) { countries(first: $n) { nodes @include(if: $d) { id } } nodes(ids: $ids) { id ... on Country { code } ... @skip(if: $d) { __typename } } }",
        "mutation { createAssistanceRequest(input: {country: \"BGD\", title: \"a\\n\\u00e9 \\\"b\\\"\", description: \"\"\"\n    one\n      two\n  \"\"\", priority: HIGH, peopleInNeed: 5, items: [{quantity: 18446744073709551615, description: null}, {quantity: \"-1\"}]}) { assistanceRequest { id } userErrors { field } } }",
        "\u{FEFF}{ near(latitude: -1.5e3, live: false) { ...F } } fragment F on Country { name }",
    ];
    for text in documents {
        let variables = json!({"ids": ["x"]});
        let made = desk
            .ask(text, variables)
            .unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"))
            .form;
        let read = parse_query(text).unwrap();
        assert_eq!(
            without_places(&format!("{:?}", made.document)),
            without_places(&format!("{read:?}")),
            "{text}"
        );
    }
}

#[test]
fn what_is_selected_of_one_object_in_several_places_is_made_one() {
    let desk = Desk::new();
    for (text, expected) in [
        (
            "{ country(code: \"BGD\") { name } service { name } country(code: \"BGD\") { code ... on Country { name id } } }",
            "{ country(code: \"BGD\") { name code id } service { name } }",
        ),
        (
            "query Q($f: Int = 2) { countries(first: $f) { nodes { ...A ...B } } } fragment A on Country { needs { requestCount } ...C }
             fragment B on Country { ...C needs { quantities { requested } } } fragment C on Node { id __typename }",
            "query Q($f: Int = 2) { countries(first: $f) { nodes { needs { requestCount quantities { requested } } id __typename } } }",
        ),
        // Each of the types that it may be.
        (
            "{ node(id: 1) { ... on Country { name needs { requestCount } } id ... on Country { needs { requestCount } code } } service { name } service { name } }",
            "{ node(id: 1) { ... on Country { name needs { requestCount } id code } ... on AssistanceRequest { id } ... on RequestItem { id } } service { name } }",
        ),
        (
            "subscription { assistanceRequestChanged { items { id } items { quantity id } } }",
            "subscription { assistanceRequestChanged { items { id quantity } } }",
        ),
    ] {
        let admitted = desk.admit(text);
        assert!(!admitted.merges, "{text}");
        let read = parse_query(expected).unwrap();
        assert_eq!(
            without_places(&format!("{:?}", admitted.form.document)),
            without_places(&format!("{read:?}")),
            "{text}"
        );
    }
}

#[test]
fn what_a_condition_decides_or_would_be_larger_is_merged_by_the_executor() {
    let desk = Desk::new();
    for text in [
        "{ service { name } service { version @skip(if: false) } }".to_owned(),
        "{ service { name } ... @include(if: true) { service { version } } }".to_owned(),
        // Far more than its tokens, once the fragment stands wherever it is spread.
        format!(
            "{{ service {{ name }} service {{ version }} {} }} fragment F on Country {{ {} }}",
            (0..17)
                .map(|n| format!("a{n}: country(code: \"BGD\") {{ ...F }} "))
                .collect::<String>(),
            "id code name population needs { requestCount quantities { requested } } assistanceRequests(first: 1) { pageInfo { hasNextPage endCursor }
                nodes { id reference title country { id code name population needs { requestCount } } items { id quantity request { id title reference } } } }",
        ),
    ] {
        assert!(desk.admit(&text).merges, "{text}");
    }
}

/// The executor's parser places a selection set at its bracket, which validated trees do not keep.
fn without_places(debug: &str) -> String {
    let mut text = String::new();
    let mut rest = debug;
    while let Some((before, after)) = rest.split_once("pos: Pos(") {
        text.push_str(before);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    text + rest
}

#[test]
fn fields_keep_their_places() {
    let admitted = Desk::new().admit("{\n  service {\n    v: version } }");
    let debug = format!("{:?}", admitted.form.document);
    for place in ["Pos(1:1)", "Pos(2:3)", "Pos(3:5)", "Pos(3:8)"] {
        assert!(debug.contains(place), "{place} in {debug}");
    }
}

#[test]
fn valid_documents_that_the_executors_parser_refuses_are_executed() {
    let text = "query($ids: [ ID! ] !) { nodes(ids: $ids) { ... on#\nCountry { id } } }";
    assert!(parse_query(text).is_err());
    Desk::new().ask(text, json!({"ids": []})).unwrap();
}

#[test]
fn a_variable_without_a_value_leaves_out_what_it_stands_for() {
    let desk = Desk::new();
    let text = "mutation($id: ID!, $title: String, $n: String, $items: [ID!]) { updateAssistanceRequest(input: {id: $id, version: 1, title: $title, description: $n, removeItems: $items}) { userErrors { message } } }";
    let admitted = desk.ask(text, json!({"id": "x", "n": null})).unwrap();
    let debug = format!("{:?}", admitted.form.document);
    assert!(!debug.contains("title") && !debug.contains("removeItems"), "{debug}");
    assert!(
        debug.contains("Name(\"description\"): Variable(Name(\"n\"))"),
        "{debug}"
    );
    assert_eq!(admitted.variables.get("n"), Some(&async_graphql::Value::Null));
    let all = desk
        .ask(text, json!({"id": "x", "n": null, "title": "t", "items": []}))
        .unwrap();
    assert!(format!("{:?}", all.form.document).contains("title"));
    let plain = desk
        .ask(
            "query($l: [String!], $f: Int) { countries(first: $f, filter: {name: {in: $l}}) { totalCount } }",
            json!({}),
        )
        .unwrap();
    assert!(!format!("{:?}", plain.form.document).contains("first"));
}

#[test]
fn the_same_document_is_made_once() {
    let desk = Desk::new();
    let text = "query($l: Locale! = EN) { country(code: \"BGD\") { name(locale: $l) } }";
    let first = desk.ask(text, json!({})).unwrap();
    let again = desk.ask(text, json!({"l": "FR"})).unwrap();
    assert!(Arc::ptr_eq(&first.form, &again.form));
}

#[test]
fn fields_that_answer_under_one_name_take_the_same_values() {
    let desk = Desk::new();
    let filter = |list: &str| format!("countries(filter: {{name: {{in: [{list}]}}}})");
    for (one, other) in [
        ("\"a\"", "\"a\", \"b\""),
        ("\"a\", \"b\"", "\"a\""),
        ("", "\"a\""),
        ("\"a\"", "\"b\""),
    ] {
        let (one, other) = (filter(one), filter(other));
        for document in [
            format!("{{ {one} {{ totalCount }} {other} {{ totalCount }} }}"),
            format!("{{ ...A ... {{ {other} {{ totalCount }} }} }} fragment A on Query {{ {one} {{ totalCount }} }}"),
        ] {
            let refusal = desk.refuse(&document);
            assert_eq!(refusal.problems[0].error.code(), "GRAPHQL_VALIDATION_FAILED");
            assert!(
                refusal.message().starts_with("Fields \"countries\" conflict"),
                "{}",
                refusal.message()
            );
        }
        desk.admit(&format!(
            "{{ {one} {{ totalCount }} other: {other} {{ totalCount }} {one} {{ nodes {{ id }} }} }}"
        ));
    }
    let requests = |list: &str| format!("assistanceRequests(filter: {{title: {{in: [{list}]}}}}) {{ totalCount }}");
    let (one, two) = (requests("\"a\""), requests("\"a\", \"b\""));
    let nested = format!("{{ country(code: 1) {{ {one} }} country(code: 1) {{ ... on Country {{ {two} }} }} }}");
    assert_eq!(desk.code(&nested), "GRAPHQL_VALIDATION_FAILED");
    // An answer is of one type only, so these never meet.
    desk.admit(&format!(
        "{{ node(id: 1) {{ ... on Country {{ {one} }} ... on AssistanceRequest {{ country {{ {two} }} }} }} }}"
    ));
}

#[test]
fn a_gate_serves_all_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Gate>();
    shared::<Admitted>();
    shared::<Refusal>();
}

#[test]
fn the_sdl_of_the_executor_is_understood() {
    use async_graphql::{
        EmptyMutation, EmptySubscription, Enum, InputObject, Object, OneofObject, SDLExportOptions, Schema,
    };

    #[derive(Enum, Clone, Copy, PartialEq, Eq)]
    enum Choice {
        #[graphql(deprecation = "old")]
        One,
        Two,
    }
    #[derive(OneofObject)]
    enum By {
        Id(String),
        Choice(Choice),
    }
    #[derive(InputObject)]
    struct Input {
        #[graphql(default = 3)]
        number: i32,
        choice: Option<Choice>,
    }
    struct Query;
    /// A "described" type.
    #[Object]
    impl Query {
        #[graphql(deprecation)]
        async fn field(
            &self,
            by: By,
            #[graphql(default_with = "vec![1]")] list: Vec<i32>,
            input: Option<Input>,
        ) -> i32 {
            let by = match by {
                By::Id(id) => id.len(),
                By::Choice(choice) => choice as usize,
            };
            let input = input.map_or(0, |input| input.number + i32::from(input.choice.is_some()));
            i32::try_from(by + list.len()).unwrap() + input
        }
    }
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let options = SDLExportOptions::new()
        .sorted_fields()
        .include_specified_by()
        .prefer_single_line_descriptions();
    for sdl in [schema.sdl(), schema.sdl_with_options(options)] {
        let gate = Gate::new(&sdl).unwrap();
        let desk = Desk { gate, ..Desk::new() };
        desk.admit("{ field(by: {id: \"1\"}, list: [1]) }");
        assert_eq!(
            desk.code("{ field(by: {id: \"1\", choice: ONE}) }"),
            "GRAPHQL_VALIDATION_FAILED"
        );
    }
    assert!(Gate::new("type Query { a: Missing }").is_err());
}

#[test]
fn what_is_absent_takes_the_default_when_executed() {
    use async_graphql::{EmptyMutation, EmptySubscription, MaybeUndefined, Object, Request, Schema};

    struct Query;
    #[Object]
    impl Query {
        async fn told(&self, text: MaybeUndefined<String>, #[graphql(default = 7)] number: i32) -> String {
            format!("{text:?} {number}")
        }
    }
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let desk = Desk {
        gate: Gate::new(&schema.sdl()).unwrap(),
        ..Desk::new()
    };
    let told = |variables: Value| {
        let text = "query Q($t: String, $n: Int) { told(text: $t, number: $n) }";
        let admitted = desk.ask(text, variables).unwrap();
        let mut request = Request::new("").variables(admitted.variables);
        request.operation_name = admitted.operation_name;
        request.set_parsed_query(admitted.form.document.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = runtime.block_on(schema.execute(request));
        assert!(response.errors.is_empty(), "{response:?}");
        response.data.into_json().unwrap()["told"].clone()
    };
    assert_eq!(told(json!({})), "Undefined 7");
    assert_eq!(told(json!({"t": null, "n": 1})), "Null 1");
    assert_eq!(told(json!({"t": "x"})), "Value(\"x\") 7");
}

#[test]
fn a_subscription_has_its_one_field_at_the_root_wherever_it_was_asked_for() {
    use async_graphql::parser::types::{DocumentOperations, Selection};
    let desk = Desk::new();
    let text = "subscription { ... { ...F } }
        fragment F on Subscription { assistanceRequestChanged { id ...G } }
        fragment G on AssistanceRequest { country { ...H } }
        fragment H on Country { code }";
    let admitted = desk.admit(text);
    let DocumentOperations::Single(operation) = &admitted.form.document.operations else {
        panic!("one operation");
    };
    let roots = &operation.node.selection_set.node.items;
    let [root] = roots.as_slice() else {
        panic!("{roots:?}");
    };
    let Selection::Field(field) = &root.node else {
        panic!("{root:?}");
    };
    assert_eq!(field.node.selection_set.node.items.len(), 2);
    // A fragment that nothing spreads any more would not be valid.
    let mut kept: Vec<_> = admitted
        .form
        .document
        .fragments
        .keys()
        .map(|name| name.as_str())
        .collect();
    kept.sort_unstable();
    assert_eq!(kept, ["G", "H"]);
}
