//! Which inputs are the same.

use async_graphql::{ID, InputObject, InputType, MaybeUndefined, Name, Value};
use entity::enums::{ItemKind, Locale, Priority};
use proptest::prelude::*;

use super::*;
use crate::graphql::scalar::{CountryCode, Decimal};

/// An input with what inputs are made of.
#[derive(InputObject)]
struct New {
    country: CountryCode,
    title: String,
    description: Option<String>,
    priority: Priority,
    items: Vec<Item>,
    latitude: Option<f64>,
    #[graphql(default_with = "Locale::En")]
    language: Locale,
    #[graphql(default = false)]
    submit: bool,
    #[graphql(flatten)]
    idempotency: Idempotency,
}

#[derive(InputObject)]
struct Item {
    #[graphql(default_with = "ItemKind::Goods")]
    kind: ItemKind,
    category: Option<String>,
    commodity: Option<String>,
    quantity: Decimal,
}

/// One whose fields may be cleared.
#[derive(InputObject)]
struct Change {
    id: ID,
    version: i32,
    description: MaybeUndefined<String>,
    update_items: Option<Vec<ItemChange>>,
    #[graphql(default_with = "Decimal(Default::default())")]
    rejected_quantity: Decimal,
    #[graphql(flatten)]
    idempotency: Idempotency,
}

#[derive(InputObject)]
struct ItemChange {
    id: ID,
    external_id: MaybeUndefined<String>,
}

/// The hash of an input as it comes from a document.
fn hashed<T: InputType>(written: &str) -> [u8; 32] {
    let document = async_graphql::parser::parse_query(format!("{{ field(input: {written}) }}")).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    let async_graphql::parser::types::Selection::Field(field) = &operation.node.selection_set.node.items[0].node else {
        panic!("a field");
    };
    hashed_value::<T>(field.node.arguments[0].1.node.clone().into_const().unwrap())
}

fn hashed_value<T: InputType>(value: Value) -> [u8; 32] {
    let Ok(input) = T::parse(Some(value.clone())) else {
        panic!("{value}");
    };
    hash(&input, Some(&value))
}

/// The same input as variables bring it.
fn hashed_json<T: InputType>(json: serde_json::Value) -> [u8; 32] {
    hashed_value::<T>(Value::from_json(json).unwrap())
}

const REQUEST: &str = r#"{ country: "BGD", title: "x", priority: HIGH, items: [{ commodity: "A", quantity: "2.5" }] }"#;

#[test]
fn what_is_written_in_another_way_is_the_same() {
    let same = hashed::<New>(REQUEST);
    for other in [
        r#"{ priority: HIGH, items: [{ quantity: "2.5", commodity: "A" }], title: "x", country: "BGD" }"#,
        r#"{ country: "BGD", title: "x", priority: HIGH, items: { commodity: "A", quantity: "2.5" } }"#,
        r#"{ country: "BGD", title: "x", priority: HIGH, submit: false, language: EN, items: [{ commodity: "A", quantity: "2.50", kind: GOODS }] }"#,
        r#"{ idempotencyKey: "k", country: "BGD", title: """x""", priority: HIGH, items: [{ commodity: "A", quantity: "2.5" }] }"#,
    ] {
        assert_eq!(hashed::<New>(other), same, "{other}");
    }
    let json = serde_json::json!({
        "country": "BGD", "title": "x", "priority": "HIGH", "items": [{ "commodity": "A", "quantity": "2.5" }],
    });
    assert_eq!(hashed_json::<New>(json), same);
    let changes = [
        r#"{ id: 7, version: 1 }"#,
        r#"{ id: "7", version: 1, rejectedQuantity: 0 }"#,
        r#"{ id: "7", version: 1, rejectedQuantity: "0.0", idempotencyKey: null }"#,
    ];
    for change in changes {
        assert_eq!(hashed::<Change>(change), hashed::<Change>(changes[0]), "{change}");
    }
    let at = |latitude: &str| {
        let written = format!(r#"{{ country: "BGD", title: "x", priority: LOW, items: [], latitude: {latitude} }}"#);
        hashed::<New>(&written)
    };
    assert_eq!(at("1"), at("1.0"));
    assert_ne!(at("1"), at("1.5"));
}

#[test]
fn what_says_another_thing_is_another() {
    let mut seen = vec![hashed::<New>(REQUEST)];
    for other in [
        r#"{ country: "BGD", title: "X", priority: HIGH, items: [{ commodity: "A", quantity: "2.5" }] }"#,
        r#"{ country: "BGD", title: "x", priority: LOW, items: [{ commodity: "A", quantity: "2.5" }] }"#,
        r#"{ country: "BGD", title: "x", priority: HIGH, submit: true, items: [{ commodity: "A", quantity: "2.5" }] }"#,
        r#"{ country: "BGD", title: "x", priority: HIGH, items: [{ commodity: "A", quantity: "2.51" }] }"#,
        r#"{ country: "BGD", title: "x", priority: HIGH, items: [{ category: "A", quantity: "2.5" }] }"#,
        r#"{ country: "BGD", title: "x", priority: HIGH, items: [] }"#,
        r#"{ country: "BGD", title: "x", priority: HIGH, items: [{ commodity: "A", quantity: "2.5" }, { commodity: "A", quantity: "2.5" }] }"#,
        r#"{ country: "BGD", title: "x", description: "", priority: HIGH, items: [{ commodity: "A", quantity: "2.5" }] }"#,
    ] {
        let hash = hashed::<New>(other);
        assert!(!seen.contains(&hash), "{other}");
        seen.push(hash);
    }
}

#[test]
fn an_explicit_null_is_not_nothing() {
    let absent = hashed::<Change>(r#"{ id: "a", version: 1 }"#);
    let null = hashed::<Change>(r#"{ id: "a", version: 1, description: null }"#);
    assert_ne!(absent, null);
    let deep = |field: &str| {
        let written = format!(r#"{{ id: "a", version: 1, updateItems: [{{ id: "b" {field} }}] }}"#);
        hashed::<Change>(&written)
    };
    assert_ne!(deep(""), deep("externalId: null"));
}

/// Any value that an input may have.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            prop::collection::vec(("[a-z]{1,3}", inner), 0..6).prop_map(|fields| Value::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (Name::new(name), value))
                    .collect()
            )),
        ]
    })
}

fn reversed(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .rev()
                .map(|(name, value)| (name, reversed(value)))
                .collect(),
        ),
        Value::List(values) => Value::List(values.into_iter().map(reversed).collect()),
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing of a value is lost, and nothing of its order kept: so two texts are the same where two values are.
    #[test]
    fn the_text_that_is_hashed_is_the_value_as_json(value in any_value()) {
        let (mut text, mut other) = (String::new(), String::new());
        write(&value, &mut text);
        write(&reversed(value.clone()), &mut other);
        prop_assert_eq!(&text, &other);
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read, value.into_json().unwrap());
    }
}
