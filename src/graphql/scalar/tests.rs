use async_graphql::Number;
use proptest::prelude::*;

use super::*;

/// What a scalar makes of a value, as it is printed again; nothing where it refuses it, in both of its ways.
fn read<T: ScalarType>(value: impl Into<Value>) -> Option<String> {
    let value = value.into();
    let read = T::parse(value.clone()).ok();
    assert_eq!(T::is_valid(&value), read.is_some(), "{value}");
    read.map(|read| match read.to_value() {
        Value::String(text) => text,
        other => format!("no string: {other}"),
    })
}

/// Values of other kinds than a text, none of them a number.
fn neither_texts_nor_numbers() -> [Value; 4] {
    let list = Value::List(vec!["2020-05-04".into()]);
    [
        Value::Null,
        Value::Boolean(true),
        list,
        Value::Enum(async_graphql::Name::new("BGD")),
    ]
}

fn refuses<T: ScalarType>(texts: &[&str], others: &[Value]) {
    for text in texts {
        assert_eq!(read::<T>(*text), None, "{text}");
    }
    for value in others.iter().cloned().chain(neither_texts_nor_numbers()) {
        assert_eq!(read::<T>(value.clone()), None, "{value}");
    }
}

#[test]
fn a_day_has_four_digits_of_a_year_and_two_of_month_and_day() {
    for day in ["2020-02-29", "0001-01-01", "9999-12-31"] {
        assert_eq!(read::<Date>(day).as_deref(), Some(day));
    }
    let texts = [
        "",
        "2021-02-29",
        "2020-13-01",
        "2020-04-31",
        " 020-02-29",
        "+999-05-04",
        "-999-05-04",
        "2020- 2- 9",
        "2020-2-029",
        "2020-5-4",
        "+12020-02-29",
        "-0999-05-04",
        "2020-05-04T00:00:00Z",
        "04.05.2020",
    ];
    refuses::<Date>(&texts, &[20_200_504.into()]);
}

#[test]
fn a_moment_is_read_with_any_offset_and_written_in_utc_to_the_microsecond() {
    for (text, expected) in [
        ("2020-05-04T12:00:00Z", "2020-05-04T12:00:00.000000Z"),
        ("2020-05-04T12:00:00.123456Z", "2020-05-04T12:00:00.123456Z"),
        ("2020-05-04T14:00:00.5+02:00", "2020-05-04T12:00:00.500000Z"),
        ("2020-01-01T01:30:00+05:30", "2019-12-31T20:00:00.000000Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z"),
        ("2016-12-31T23:59:60.5Z", "2016-12-31T23:59:60.500000Z"),
    ] {
        assert_eq!(read::<DateTime>(text).as_deref(), Some(expected), "{text}");
    }
    let texts = [
        "",
        "2020-05-04",
        "2020-05-04T12:00:00",
        "2021-02-29T12:00:00Z",
        "2020-05-04T25:00:00Z",
        // Their offset takes them out of the years of four digits.
        "9999-12-31T23:59:59-00:01",
        "0000-01-01T00:00:00+00:01",
    ];
    refuses::<DateTime>(&texts, &[1_588_593_600.into()]);
}

#[test]
fn a_decimal_is_a_plain_text_or_a_whole_number_and_never_a_float() {
    for (value, expected) in [
        (Value::from("1250.5"), "1250.5"),
        ("1250.50".into(), "1250.5"),
        ("007".into(), "7"),
        ("0.000".into(), "0"),
        ("-0".into(), "0"),
        ("-0.25".into(), "-0.25"),
        ("1000".into(), "1000"),
        (
            "7922816251426433759354395033.5".into(),
            "7922816251426433759354395033.5",
        ),
        (12.into(), "12"),
        ((-3).into(), "-3"),
        (i64::MAX.into(), "9223372036854775807"),
    ] {
        assert_eq!(read::<Decimal>(value.clone()).as_deref(), Some(expected), "{value}");
    }
    let texts = [
        "",
        "-",
        ".",
        "+1",
        "--1",
        "1.",
        ".5",
        "-.5",
        "1.-5",
        "1.2.3",
        "1e3",
        "1_000",
        "1,5",
        " 1",
        "1 ",
        "NaN",
        "٣",
        // More digits than are held exactly.
        "0.00000000000000000000000000001",
        "79228162514264337593543950336",
    ];
    let float = Value::Number(Number::from_f64(1.5).unwrap());
    let whole_float = Value::Number(Number::from_f64(2.0).unwrap());
    refuses::<Decimal>(&texts, &[float, whole_float, u64::MAX.into()]);
}

#[test]
fn a_whole_number_beyond_32_bits_is_written_in_digits() {
    for (value, expected) in [
        (Value::from("7800000000"), "7800000000"),
        ("-5".into(), "-5"),
        (
            "170141183460469231731687303715884105727".into(),
            "170141183460469231731687303715884105727",
        ),
        (7_800_000_000_i64.into(), "7800000000"),
    ] {
        assert_eq!(read::<BigInt>(value.clone()).as_deref(), Some(expected), "{value}");
    }
    let texts = ["", "1.0", "1e3", " 1", "170141183460469231731687303715884105728"];
    let float = Value::Number(Number::from_f64(1.5).unwrap());
    refuses::<BigInt>(&texts, &[float, u64::MAX.into()]);
}

#[test]
fn a_country_is_named_by_two_or_three_capitals_or_three_digits() {
    for code in ["BGD", "BD", "050"] {
        assert_eq!(read::<CountryCode>(code).as_deref(), Some(code));
    }
    let texts = [
        "", "B", "BGDX", "bgd", "Bd", "05", "0500", "5", "B50", "B5", "ÄÖ", "Ä", "B D", "05 ",
    ];
    refuses::<CountryCode>(&texts, &[50.into(), 186.into()]);
}

#[test]
fn a_refusal_tells_the_value_and_what_is_expected() {
    let told =
        |value: Value| <Date as ScalarType>::parse(value).map_err(|error| error.into_server_error(Default::default()));
    let message = told("2021-02-29".into()).unwrap_err().message;
    assert!(message.contains("\"2021-02-29\" is no value of it"), "{message}");
    assert!(
        message.contains("a calendar date like \"2020-05-04\" is expected"),
        "{message}"
    );
}

proptest! {
    #[test]
    fn any_day_and_moment_is_read_as_it_was_written(micros in -62_135_596_800_000_000..253_402_300_800_000_000_i64) {
        let moment = DateTime(chrono::DateTime::from_timestamp_micros(micros).unwrap());
        prop_assert_eq!(<DateTime as ScalarType>::parse(ScalarType::to_value(&moment)).ok(), Some(moment));
        let by_library = moment.0.to_rfc3339_opts(SecondsFormat::Micros, true);
        prop_assert_eq!(ScalarType::to_value(&moment), Value::String(by_library));
        let day = Date(moment.0.date_naive());
        prop_assert_eq!(ScalarType::to_value(&day), Value::String(day.0.format("%Y-%m-%d").to_string()));
        prop_assert_eq!(<Date as ScalarType>::parse(ScalarType::to_value(&day)).ok(), Some(day));
    }

    #[test]
    fn any_number_is_read_as_it_was_written(
        digits in -79_228_162_514_264_337_593_543_950_335_i128..=79_228_162_514_264_337_593_543_950_335,
        scale in 0_u32..=28,
    ) {
        let exact = Decimal(Exact::from_i128_with_scale(digits, scale));
        prop_assert_eq!(<Decimal as ScalarType>::parse(ScalarType::to_value(&exact)).ok(), Some(exact));
        prop_assert_eq!(<BigInt as ScalarType>::parse(ScalarType::to_value(&BigInt(digits))).ok(), Some(BigInt(digits)));
    }
}
