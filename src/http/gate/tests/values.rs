//! Variables and literals: what is taken, and what is told of the rest.

use async_graphql::Value as Given;

use super::*;

/// What becomes of a value given for a variable of this type; `[field]` is any root field that takes it.
fn coerced(ty: &str, root: &str, value: &Value) -> Result<Value, String> {
    let document = format!("query($v: {ty}) {{ {root} }}");
    let admitted = Desk::new().ask(&document, json!({"v": value}));
    let admitted = admitted.map_err(|refusal| {
        assert_eq!(refusal.problems[0].error.code(), "BAD_USER_INPUT", "{refusal:?}");
        refusal.message()
    })?;
    Ok(admitted
        .variables
        .get("v")
        .cloned()
        .unwrap_or(Given::Null)
        .into_json()
        .unwrap())
}

#[test]
fn variables_are_coerced_by_their_types() {
    let int = "countries(first: $v) { totalCount }";
    let float = "near(latitude: $v) { id }";
    let string = "countries(after: $v) { totalCount }";
    let boolean = "near(live: $v) { id }";
    let id = "node(id: $v) { id }";
    let big = "near(population: $v) { id }";
    let date = "needsTimeline(interval: DAY, from: $v, to: \"2020-05-04\") { date }";
    let ids = "nodes(ids: $v) { id }";
    let names = "countries(filter: {name: {in: $v}}) { totalCount }";
    let locale = "country(code: \"BGD\") { name(locale: $v) }";
    let order = "countries(orderBy: $v) { totalCount }";
    let decimal = "assistanceRequests(filter: {items: {some: {quantity: {eq: $v}}}}) { totalCount }";
    let good = [
        ("Int", int, json!(3), json!(3)),
        ("Int", int, json!(-2_147_483_648), json!(-2_147_483_648)),
        ("Int", int, json!(null), json!(null)),
        ("Float", float, json!(3), json!(3)),
        ("Float", float, json!(3.5), json!(3.5)),
        ("String", string, json!("x"), json!("x")),
        ("Boolean", boolean, json!(true), json!(true)),
        ("ID!", id, json!("x"), json!("x")),
        ("ID!", id, json!(42), json!("42")),
        (
            "BigInt",
            big,
            json!(9_007_199_254_740_993_u64),
            json!(9_007_199_254_740_993_u64),
        ),
        (
            "BigInt",
            big,
            json!("90071992547409930000"),
            json!("90071992547409930000"),
        ),
        ("Decimal", decimal, json!("1250.5"), json!("1250.5")),
        ("Decimal", decimal, json!(12), json!(12)),
        ("Date!", date, json!("2020-05-04"), json!("2020-05-04")),
        ("[ID!]!", ids, json!(["a", 1]), json!(["a", "1"])),
        ("[ID!]!", ids, json!("a"), json!(["a"])),
        ("[String!]", names, json!(null), json!(null)),
        ("Locale!", locale, json!("FR"), json!("FR")),
        (
            "[CountryOrder!]",
            order,
            json!({"field": "CODE"}),
            json!([{"field": "CODE"}]),
        ),
    ];
    for (ty, root, value, expected) in good {
        assert_eq!(coerced(ty, root, &value), Ok(expected), "{ty} from {value}");
    }
    let bad = [
        (
            "Int",
            int,
            json!(3.0),
            "\"v\": Int expects a whole number of 32 bits, found 3.0",
        ),
        ("Int", int, json!(2_147_483_648_u32), "found 2147483648"),
        ("Int", int, json!("3"), "Int expects a whole number, found \"3\""),
        ("Int", int, json!([3]), "found a list"),
        ("Float", float, json!("3"), "Float expects a number"),
        ("String", string, json!(3), "String expects a string, found 3"),
        ("Boolean", boolean, json!("true"), "Boolean expects true or false"),
        ("ID!", id, json!(1.5), "ID expects a string"),
        (
            "ID!",
            id,
            json!(null),
            "Variable \"$v\" of type \"ID!\" must not be null",
        ),
        ("BigInt", big, json!(1.5), "BigInt expects a whole number"),
        (
            "Decimal",
            decimal,
            json!(1.5),
            "Decimal expects a decimal number as a string",
        ),
        ("Decimal", decimal, json!(true), "found true"),
        ("Date!", date, json!(20_200_504), "Date expects a date as a string"),
        (
            "Date!",
            date,
            json!("31/12/2026"),
            "Variable \"$v\" got an invalid value at \"v\": Date expects a date as a string (\"2020-05-04\"), found \"31/12/2026\"",
        ),
        (
            "Decimal",
            decimal,
            json!("1,000"),
            "Decimal expects a decimal number as a string (\"1250.5\") or a whole number, found \"1,000\"",
        ),
        ("BigInt", big, json!("1e3"), "found \"1e3\""),
        (
            "[ID!]!",
            ids,
            json!(["a", null]),
            "at \"v[1]\": expected a value of type \"ID!\", found null",
        ),
        (
            "[String!]",
            names,
            json!(["a", [1]]),
            "at \"v[1]\": String expects a string, found a list",
        ),
        (
            "Locale!",
            locale,
            json!("DE"),
            "Locale expects one of EN, FR, ES, AR, found \"DE\"",
        ),
        ("Locale!", locale, json!(1), "found 1"),
        (
            "[CountryOrder!]",
            order,
            json!([{"field": "CODE", "way": 1}]),
            "at \"v[0]\": field \"way\" is not defined by type \"CountryOrder\"",
        ),
        (
            "[CountryOrder!]",
            order,
            json!([{}]),
            "at \"v[0]\": field \"field\" of required type \"CountryOrderField!\" was not provided",
        ),
        (
            "[CountryOrder!]",
            order,
            json!([{"field": "CODE", "direction": null}]),
            "at \"v[0].direction\": expected a value of type \"OrderDirection!\", found null",
        ),
        (
            "[CountryOrder!]",
            order,
            json!([3]),
            "CountryOrder expects an object, found 3",
        ),
    ];
    for (ty, root, value, expected) in bad {
        let message = coerced(ty, root, &value).expect_err(expected);
        assert!(message.contains(expected), "{ty} from {value}: {message}");
        assert!(message.starts_with("Variable \"$v\""), "{message}");
    }
}

#[test]
fn paths_lead_to_what_is_wrong_and_all_of_it_is_told() {
    let desk = Desk::new();
    let document = "mutation($input: CreateAssistanceRequestInput!) { createAssistanceRequest(input: $input) { userErrors { message } } }";
    let items = json!([{"quantity": "1"}, {"quantity": 2}, {"quantity": 2.5}, {"quantity": "x", "colour": 1}, {}]);
    let refusal = desk.ask(
        document,
        json!({"input": {"country": "BGD", "title": "t", "priority": "MIDDLE", "items": items}}),
    );
    let messages: Vec<_> = refusal
        .unwrap_err()
        .problems
        .iter()
        .map(|one| one.error.message())
        .collect();
    assert_eq!(
        messages,
        [
            "Variable \"$input\" got an invalid value at \"input.priority\": Priority expects one of LOW, HIGH, found \"MIDDLE\".",
            "Variable \"$input\" got an invalid value at \"input.items[2].quantity\": Decimal expects a decimal number as a string (\"1250.5\") or a whole number, found 2.5.",
            "Variable \"$input\" got an invalid value at \"input.items[3]\": field \"colour\" is not defined by type \"RequestItemInput\".",
            "Variable \"$input\" got an invalid value at \"input.items[3].quantity\": Decimal expects a decimal number as a string (\"1250.5\") or a whole number, found \"x\".",
            "Variable \"$input\" got an invalid value at \"input.items[4]\": field \"quantity\" of required type \"Decimal!\" was not provided.",
        ]
    );
    let items: Vec<_> = (0..1_000).map(|_| json!({})).collect();
    let refusal = desk
        .ask(
            document,
            json!({"input": {"country": "BGD", "title": "t", "priority": "LOW", "items": items}}),
        )
        .unwrap_err();
    assert_eq!(refusal.problems.len(), 10);
    assert_eq!(
        refusal.problems[9].error.message(),
        "There are 991 more problems that are not listed here."
    );
    assert_eq!(refusal.problems[9].error.code(), "BAD_USER_INPUT");
}

#[test]
fn absent_null_and_default_differ() {
    let desk = Desk::new();
    let document = "query($a: Int, $b: Int = 7, $c: Int!) { x: countries(first: $a) { totalCount } y: countries(first: $b) { totalCount } z: countries(first: $c) { totalCount } }";
    let admitted = desk.ask(document, json!({"c": 1, "unknown": {"x": 1}})).unwrap();
    let names: Vec<_> = admitted
        .variables
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(names, ["b=7", "c=1"]);
    let null = desk.ask(document, json!({"a": null, "b": null, "c": 1})).unwrap();
    assert_eq!(null.variables.len(), 3);
    let missing = desk.ask(document, json!({})).unwrap_err();
    assert_eq!(
        missing.message(),
        "Variable \"$c\" of required type \"Int!\" was not provided."
    );
    assert_eq!(missing.problems[0].locations, [(1, 29)]);
    let nullable = "query($l: Locale = EN) { country(code: \"BGD\") { name(locale: $l) } }";
    desk.ask(nullable, json!({})).unwrap();
    assert!(
        desk.ask(nullable, json!({"l": null}))
            .unwrap_err()
            .message()
            .contains("must not be null")
    );
}

#[test]
fn one_of_takes_exactly_one() {
    let desk = Desk::new();
    let literal = |by: &str| {
        format!("query($i: ID, $r: ID!) {{ a: node(id: $r) {{ id }} assistanceRequest(by: {by}) {{ id }} x: countries(after: \"\") {{ totalCount }} n: near(live: true) {{ id }} ... {{ c: countries(filter: {{name: {{eq: \"x\"}}}}) {{ nodes {{ id }} }} }} i: assistanceRequest(by: {{id: $r}}) {{ id }} }}").replace("$i: ID, ", if by.contains("$i") { "$i: ID, " } else { "" })
    };
    let ask = |by: &str| desk.ask(&literal(by), json!({"r": "1", "i": "2"}));
    for good in [
        "{id: 1}",
        "{id: \"1\"}",
        "{reference: \"BGD-2020-000001\"}",
        "{id: $r}",
        "{externalId: {source: \"a\", externalId: \"b\"}}",
    ] {
        ask(good).unwrap_or_else(|refusal| panic!("{good}: {refusal:?}"));
    }
    for bad in [
        "{}",
        "{id: null}",
        "{id: 1, reference: \"x\"}",
        "{id: 1, reference: null}",
        "{id: 1, id: 2}",
        "{id: $i}",
    ] {
        assert_eq!(
            ask(bad).unwrap_err().problems[0].error.code(),
            "GRAPHQL_VALIDATION_FAILED",
            "{bad}"
        );
    }
    let by = "query($by: AssistanceRequestBy!) { assistanceRequest(by: $by) { id } }";
    desk.ask(by, json!({"by": {"id": 1}})).unwrap();
    for bad in [
        json!({}),
        json!({"id": null}),
        json!({"id": "1", "reference": "x"}),
        json!({"id": "1", "reference": null}),
    ] {
        let refusal = desk.ask(by, json!({"by": bad})).unwrap_err();
        assert!(
            refusal
                .message()
                .contains("exactly one field of \"AssistanceRequestBy\""),
            "{refusal:?}"
        );
    }
}

#[test]
fn literals_are_checked_beyond_validation() {
    let desk = Desk::new();
    let items = |quantity: &str| {
        format!(
            "mutation {{ createAssistanceRequest(input: {{country: \"BGD\", title: \"t\", priority: LOW, items: [{{quantity: {quantity}}}]}}) {{ userErrors {{ message }} }} }}"
        )
    };
    for good in ["1", "\"1.5\"", "123456789012345678901234567890"] {
        desk.admit(&items(good));
    }
    for bad in ["1.5", "1e3", "true", "MANY", "[1]", "{a: 1}"] {
        let refusal = desk.refuse(&items(bad));
        assert_eq!(refusal.problems[0].error.code(), "BAD_USER_INPUT", "{bad}: {refusal:?}");
        assert!(
            refusal
                .message()
                .contains("\"input.items[0].quantity\": Decimal expects"),
            "{}",
            refusal.message()
        );
    }
    let repeated = desk.refuse("{ countries(filter: {name: {eq: \"a\", eq: \"b\"}}) { totalCount } }");
    assert_eq!(repeated.message(), "There can be only one input field named \"eq\".");
    assert_eq!(repeated.problems[0].locations, [(1, 42)]);
    assert_eq!(
        desk.code("query($f: CountryFilter = {name: {eq: \"a\", eq: \"b\"}}) { countries(filter: $f) { totalCount } }"),
        "GRAPHQL_VALIDATION_FAILED"
    );
}

#[test]
fn variables_within_literals_must_fit_too() {
    let desk = Desk::new();
    let fits = |ty: &str, filter: &str| {
        desk.ask(
            &format!("query($v: {ty}) {{ countries(filter: {filter}) {{ totalCount }} }}"),
            json!({"v": []}),
        )
    };
    fits("[String!]", "{name: {in: $v}}").unwrap();
    for (ty, filter) in [
        ("String", "{name: {in: $v}}"),
        ("[String]", "{name: {in: $v}}"),
        ("String", "{name: {in: [$v]}}"),
        ("[String!]", "{name: {eq: $v}}"),
        ("[CountryFilter]", "{and: $v}"),
        ("CountryFilter", "{and: [$v]}"),
    ] {
        let refusal = fits(ty, filter).unwrap_err();
        assert_eq!(
            refusal.problems[0].error.code(),
            "GRAPHQL_VALIDATION_FAILED",
            "{ty} {filter}"
        );
    }
    let nullable = "query($l: Locale = null) { country(code: \"BGD\") { name(locale: $l) } }";
    desk.admit(nullable);
    let order = "query($f: CountryOrderField) { countries(orderBy: {field: $f}) { totalCount } }";
    assert!(
        desk.refuse(order)
            .message()
            .contains("used in position expecting type \"CountryOrderField!\"")
    );
    desk.ask(
        "query($d: OrderDirection) { countries(orderBy: {field: CODE, direction: $d}) { totalCount } }",
        json!({}),
    )
    .unwrap();
}

fn nested(levels: usize) -> String {
    format!("{}name: {{eq: \"x\"}}{}", "not: {".repeat(levels), "}".repeat(levels))
}

fn nested_json(levels: usize) -> Value {
    (0..levels).fold(json!({"name": {"eq": "x"}}), |inner, _| json!({"not": inner}))
}

#[test]
fn filters_nest_as_deep_as_allowed() {
    let desk = Desk::new();
    let literal = |levels| format!("{{ countries(filter: {{{}}}) {{ totalCount }} }}", nested(levels));
    desk.admit(&literal(5));
    let refusal = desk.refuse(&literal(6));
    assert_eq!(refusal.problems[0].error.code(), "BAD_USER_INPUT");
    assert!(
        refusal
            .message()
            .contains("\"filter.not.not.not.not.not.not\": filters nest at most 5 deep"),
        "{}",
        refusal.message()
    );
    let variable = "query($f: CountryFilter) { countries(filter: $f) { totalCount } }";
    desk.ask(variable, json!({"f": nested_json(5)})).unwrap();
    assert!(
        desk.ask(variable, json!({"f": nested_json(6)}))
            .unwrap_err()
            .message()
            .contains("\"f.not.not.not.not.not.not\"")
    );
    let both = "query($f: CountryFilter!) { countries(filter: {or: [{not: $f}]}) { totalCount } }";
    desk.ask(both, json!({"f": nested_json(3)})).unwrap();
    assert_eq!(
        desk.ask(both, json!({"f": nested_json(4)})).unwrap_err().problems[0]
            .error
            .code(),
        "BAD_USER_INPUT"
    );
    let default = |levels| {
        format!(
            "query($f: CountryFilter! = {{{}}}) {{ countries(filter: {{not: $f}}) {{ totalCount }} }}",
            nested(levels)
        )
    };
    desk.admit(&default(4));
    assert_eq!(desk.code(&default(5)), "BAD_USER_INPUT");
    let relations = "{ assistanceRequests(filter: {items: {some: {request: {items: {none: {request: {country: {name: {eq: \"x\"}}}}}}}}}) { totalCount } }";
    desk.admit(relations);
    assert_eq!(
        desk.code(&relations.replace("{name: {eq: \"x\"}}", "{not: {name: {eq: \"x\"}}}")),
        "BAD_USER_INPUT"
    );
}

#[test]
fn lists_hold_as_many_values_as_allowed() {
    let desk = Desk::new();
    let literal = |count: usize| {
        format!(
            "{{ countries(filter: {{name: {{in: [{}]}}}}) {{ totalCount }} }}",
            "\"x\",".repeat(count)
        )
    };
    desk.admit(&literal(200));
    let refusal = desk.refuse(&literal(201));
    assert_eq!(refusal.problems[0].error.code(), "BAD_USER_INPUT");
    assert!(
        refusal
            .message()
            .contains("\"filter.name.in\": at most 200 values are taken, and these are 201"),
        "{}",
        refusal.message()
    );
    for (document, most) in [
        (
            "query($v: [String!]) { countries(filter: {name: {in: $v}}) { totalCount } }",
            200,
        ),
        ("query($v: [ID!]!) { nodes(ids: $v) { id } }", 100),
    ] {
        desk.ask(document, json!({"v": vec!["x"; most]})).unwrap();
        let refusal = desk.ask(document, json!({"v": vec!["x"; most + 1]})).unwrap_err();
        assert!(
            refusal.message().contains(&format!("\"v\": at most {most} values")),
            "{}",
            refusal.message()
        );
    }
    let filter = "query($f: CountryFilter) { countries(filter: $f) { totalCount } }";
    let refusal = desk
        .ask(filter, json!({"f": {"or": vec![json!({}); 201]}}))
        .unwrap_err();
    assert!(
        refusal
            .message()
            .contains("\"f.or\": at most 200 values are taken, and these are 201"),
        "{}",
        refusal.message()
    );
    let items: Vec<_> = (0..500).map(|_| json!({"quantity": "1"})).collect();
    let input =
        "mutation($i: CreateAssistanceRequestInput!) { createAssistanceRequest(input: $i) { userErrors { message } } }";
    desk.ask(
        input,
        json!({"i": {"country": "BGD", "title": "t", "priority": "LOW", "items": items}}),
    )
    .unwrap();
}
