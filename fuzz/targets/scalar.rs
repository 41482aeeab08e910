//! Decimals exact to the last digit, and the other scalars: what is taken is what was written, and is taken again as it
//! is printed.

use async_graphql::{ScalarType, Value};
use nam_needs::domain::number::{
    MAX_QUANTITY_MILLI, NotFixed, QUANTITY_SCALE, UNIT_COST_SCALE, ceil, floor, from_fixed, plain, to_fixed, value_e7,
};
use nam_needs::graphql::scalar::{CountryCode, Date, DateTime, Decimal};
use rust_decimal::Decimal as Exact;

pub const WORDS: &[&str] = &[
    "0",
    "9",
    "-",
    "+",
    ".",
    "e",
    "E",
    "_",
    " ",
    ",",
    "000000000000",
    "999999999999",
    "79228162514264337593543950335",
    "0.001",
    "1000000000000",
    "9223372036854775807",
    "NaN",
    "\u{661}",
    "-0",
    "T",
    "Z",
    ":",
    "23:59:60",
    "+14:00",
    "-23:59",
    "2020-02-29",
    "9999-12-31",
    "0000-01-01",
    ".9999999",
];

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Decimal::parse(Value::String(text.into())) {
        Ok(decimal) => is_exact(text, decimal.0),
        // 28 digits always fit.
        Err(_) => assert!(canonical(text).is_none() || digits(text) > 28, "refused"),
    }
    is_taken_as_printed::<Decimal>(text);
    is_taken_as_printed::<Date>(text);
    is_taken_as_printed::<DateTime>(text);
    is_taken_as_printed::<CountryCode>(text);
    if let Ok(date) = Date::parse(Value::String(text.into())) {
        assert_eq!(
            date.to_value(),
            Value::String(text.into()),
            "one day is written in one way"
        );
    }
}

fn is_taken_as_printed<S: ScalarType + PartialEq>(text: &str) {
    let value = Value::String(text.into());
    assert_eq!(S::is_valid(&value), S::parse(value.clone()).is_ok());
    let Ok(read) = S::parse(value) else {
        return;
    };
    let printed = read.to_value();
    let again = S::parse(printed.clone()).unwrap_or_else(|_| panic!("printed as {printed}, it is refused"));
    assert_eq!(again.to_value(), printed);
}

/// The number in one way of writing, by its text alone; none where it is none.
fn canonical(text: &str) -> Option<String> {
    let (sign, number) = match text.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", text),
    };
    let (whole, part) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some(both) => both,
        None => (number, ""),
    };
    if whole.is_empty() || ![whole, part].concat().bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(match (whole, part) {
        ("0", "") => "0".into(),
        (whole, "") => format!("{sign}{whole}"),
        (whole, part) => format!("{sign}{whole}.{part}"),
    })
}

fn digits(text: &str) -> usize {
    text.trim_start_matches(['-', '0'])
        .bytes()
        .filter(u8::is_ascii_digit)
        .count()
        .max(text.len() - text.find('.').unwrap_or(text.len()))
}

fn is_exact(text: &str, value: Exact) {
    assert_eq!(Some(plain(value)), canonical(text));
    for scale in [0, QUANTITY_SCALE, UNIT_COST_SCALE, 7] {
        let fixed = to_fixed(value, scale, i64::MIN, i64::MAX);
        let (down, up) = (floor(value, scale), ceil(value, scale));
        assert!(down <= up, "{down} {up}");
        match fixed {
            Ok(fixed) => {
                assert_eq!(from_fixed(fixed, scale), value.normalize());
                assert_eq!((down, up), (fixed, fixed));
            }
            Err(NotFixed::Decimals) => assert!(value.normalize().scale() > scale),
            Err(NotFixed::Range) => assert!(down == up && [i64::MIN, i64::MAX].contains(&up), "{down} {up}"),
        }
        // Both are next to it, where they are no bound.
        let next = |integer: i64| {
            integer == i64::MIN
                || integer == i64::MAX
                || (from_fixed(integer, scale) - value).abs() < from_fixed(1, scale)
        };
        assert!(next(down) && next(up), "{down} {up}");
        assert!(
            down == i64::MAX || down == i64::MIN || from_fixed(down, scale) <= value,
            "{down}"
        );
        assert!(
            up == i64::MAX || up == i64::MIN || from_fixed(up, scale) >= value,
            "{up}"
        );
    }
    if let Ok(quantity) = to_fixed(value, QUANTITY_SCALE, 0, MAX_QUANTITY_MILLI)
        && let Some(worth) = value_e7(quantity, 12_345)
    {
        assert_eq!(
            from_fixed(worth, 7),
            (value * from_fixed(12_345, UNIT_COST_SCALE)).normalize()
        );
    }
}
