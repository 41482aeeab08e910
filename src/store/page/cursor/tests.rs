use proptest::prelude::*;
use sea_orm::sea_query::{Query, SqliteQueryBuilder};

use super::*;

const THIS_LIST: [u8; 32] = [7; 32];
const ANOTHER_LIST: [u8; 32] = [8; 32];

/// Values that a row can have, times to the microsecond as they are kept.
fn value() -> impl Strategy<Value = KeyValue> {
    let moment = |micros| KeyValue::Time(DateTime::from_timestamp_micros(micros).unwrap());
    let day = |days| KeyValue::Date(NaiveDate::from_num_days_from_ce_opt(days).unwrap());
    prop_oneof![
        Just(KeyValue::Null),
        any::<i64>().prop_map(KeyValue::Int),
        any::<String>().prop_map(|text| KeyValue::Text(text.into())),
        (-62_135_596_800_000_000..253_402_300_800_000_000_i64).prop_map(moment),
        (1..3_652_059).prop_map(day),
        any::<u128>().prop_map(|id| KeyValue::Id(Uuid::from_u128(id))),
    ]
}

fn refused(cursor: &str) -> bool {
    matches!(decode(cursor, &THIS_LIST, "after"), Err(Error::BadCursor(message)) if message.contains("after"))
}

proptest! {
    #[test]
    fn a_cursor_is_read_again_in_its_own_list_alone(values in prop::collection::vec(value(), 0..4)) {
        let cursor = Cursor::new(values.clone(), THIS_LIST).text();
        prop_assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
        prop_assert_eq!(decode(&cursor, &THIS_LIST, "after").ok(), Some(values));
        prop_assert_eq!(decode(&cursor, &ANOTHER_LIST, "after").map_err(|error| error.code()), Err("BAD_CURSOR"));
    }

    #[test]
    fn a_cursor_that_was_altered_is_refused(
        values in prop::collection::vec(value(), 1..4),
        place in any::<prop::sample::Index>(),
        other in "[A-Za-z0-9_=+ -]",
        rest in "[A-Za-z0-9_-]{1,8}",
    ) {
        let cursor = Cursor::new(values, THIS_LIST).text();
        let place = place.index(cursor.len());
        let (before, after) = cursor.split_at(place);
        let altered = format!("{before}{other}{}", &after[1..]);
        prop_assert!(altered == cursor || refused(&altered), "{}", altered);
        prop_assert!(refused(before), "{}", before);
        prop_assert!(refused(&format!("{cursor}{rest}")), "{}{}", cursor, rest);
        prop_assert!(refused(&format!("{rest}{cursor}")), "{}{}", rest, cursor);
    }
}

#[test]
fn a_cursor_that_bears_its_checksum_but_no_key_values_is_refused() {
    let forged = |payload: &str| {
        let mut bytes = payload.as_bytes().to_vec();
        bytes.extend(checksum(payload.as_bytes(), &THIS_LIST));
        URL_SAFE_NO_PAD.encode(bytes)
    };
    assert_eq!(
        decode(&forged(r#"[null,-5,{"s":"a"}]"#), &THIS_LIST, "after").ok(),
        Some(vec![KeyValue::Null, KeyValue::Int(-5), KeyValue::Text("a".into())])
    );
    for payload in [
        "",
        "no JSON",
        "{}",
        "[{}]",
        "[true]",
        "[\"a\"]",
        "[[1]]",
        "[1.5]",
        "[9223372036854775808]",
        r#"[{"s":1}]"#,
        r#"[{"t":"2020-05-04"}]"#,
        r#"[{"t":9223372036854775807}]"#,
        r#"[{"d":"2021-02-29"}]"#,
        r#"[{"d":7}]"#,
        r#"[{"i":"7"}]"#,
        r#"[{"i":null}]"#,
        r#"[{"x":"a"}]"#,
        r#"[1,{"x":"a"}]"#,
    ] {
        assert!(refused(&forged(payload)), "{payload}");
    }
    assert!(refused("") && refused("AAAA") && refused("é"));
}

#[test]
fn a_place_that_a_client_names_is_shown_as_it_was_named() {
    assert_eq!(Cursor::given("17:ab".into()).text(), "17:ab");
}

#[test]
fn a_key_value_is_asked_of_a_database_as_what_it_is() {
    for (value, expected) in [
        (KeyValue::Null, None),
        (KeyValue::Int(-5), Some("SELECT -5")),
        (KeyValue::Text("it's".into()), Some("SELECT 'it''s'")),
        (
            KeyValue::Time(DateTime::from_timestamp_micros(1_588_593_600_000_001).unwrap()),
            Some("SELECT '2020-05-04 12:00:00.000001 +00:00'"),
        ),
        (
            KeyValue::Date(NaiveDate::from_ymd_opt(2020, 5, 4).unwrap()),
            Some("SELECT '2020-05-04'"),
        ),
        (
            KeyValue::Id(Uuid::from_u128(7)),
            Some("SELECT '00000000-0000-0000-0000-000000000007'"),
        ),
    ] {
        let asked = value.to_expr();
        let asked = asked.map(|value| Query::select().expr(value).to_string(SqliteQueryBuilder));
        assert_eq!(asked.as_deref(), expected, "{value:?}");
    }
}
