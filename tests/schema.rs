//! The schema is a file, and every element of it is described.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use serde_json::Value;

#[test]
fn the_committed_schema_is_the_one_that_is_served() {
    let committed = include_str!("../schema.graphql");
    assert!(
        nam_needs::graphql::sdl() == committed,
        "schema.graphql is not what is served: write it anew with `cargo run -- schema > schema.graphql`, and read the difference"
    );
}

const ALL: &str = "{ __schema { types { name description kind
    fields(includeDeprecated: true) { name description args { name description } }
    inputFields { name description } enumValues(includeDeprecated: true) { name description } } } }";

fn undescribed(parent: &str, elements: &Value, missing: &mut Vec<String>) {
    for element in elements.as_array().into_iter().flatten() {
        let name = format!("{parent}.{}", element["name"].as_str().unwrap());
        if element["description"].as_str().unwrap_or_default().trim().is_empty() {
            missing.push(name.clone());
        }
        undescribed(&name, &element["args"], missing);
    }
}

#[test]
fn every_element_has_a_description() {
    let schema = nam_needs::graphql::schema();
    let answer = tokio::runtime::Runtime::new().unwrap().block_on(schema.execute(ALL));
    let types = serde_json::to_value(answer.data).unwrap()["__schema"]["types"].clone();
    let mut missing = Vec::new();
    for one in types.as_array().unwrap() {
        let name = one["name"].as_str().unwrap();
        if name.starts_with("__") || ["Boolean", "Float", "ID", "Int", "String"].contains(&name) {
            continue;
        }
        if one["description"].as_str().unwrap_or_default().trim().is_empty() {
            missing.push(name.to_owned());
        }
        for elements in ["fields", "inputFields", "enumValues"] {
            undescribed(name, &one[elements], &mut missing);
        }
    }
    // Roots are merged from many files, and the derive gives them no place for a text of their own.
    missing.retain(|name| name != "Query" && name != "Mutation");
    assert!(missing.is_empty(), "not described: {missing:#?}");
}

/// The leaves of a type are found by its resolvers' names; one that is no field of it would never be written.
#[test]
fn every_leaf_is_a_field_of_its_type() {
    use async_graphql::OutputType;
    use nam_needs::graphql::written::Leaves;
    use nam_needs::graphql::{
        api_key, assistance_request, change, commodity, contribution, country, need_category, organization, page,
        request_item, totals, unit,
    };

    fn check<T: Leaves + OutputType>(sdl: &str) {
        let name = T::type_name();
        let begin = sdl
            .find(&format!("\ntype {name} "))
            .unwrap_or_else(|| panic!("no type {name}"));
        let fields = sdl[begin..].split("\n}").next().unwrap();
        assert!(!T::LEAVES.is_empty(), "{name} has no leaf");
        for leaf in T::LEAVES {
            let is_field = |line: &str| {
                line.strip_prefix(&format!("\t{leaf}"))
                    .is_some_and(|rest| rest.starts_with([':', '(']))
            };
            assert!(fields.lines().any(is_field), "{name}.{leaf} is no field");
            assert!(T::leaf(leaf).is_some());
        }
        assert!(T::leaf("nothing").is_none());
    }

    let sdl = nam_needs::graphql::sdl();
    check::<api_key::ApiKey>(&sdl);
    check::<assistance_request::AssistanceRequest>(&sdl);
    check::<assistance_request::AssistanceRequestConnection>(&sdl);
    check::<change::Change>(&sdl);
    check::<commodity::Commodity>(&sdl);
    check::<contribution::Contribution>(&sdl);
    check::<contribution::Delivery>(&sdl);
    check::<country::Country>(&sdl);
    check::<need_category::NeedCategory>(&sdl);
    check::<organization::Organization>(&sdl);
    check::<page::PageInfo>(&sdl);
    check::<request_item::RequestItem>(&sdl);
    check::<totals::NeedsTotals>(&sdl);
    check::<totals::QuantityTotals>(&sdl);
    check::<unit::Unit>(&sdl);
}
