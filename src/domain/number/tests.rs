use proptest::prelude::*;

use super::*;

fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

#[test]
fn the_bounds_are_those_of_the_contract() {
    assert_eq!(from_fixed(MAX_QUANTITY_MILLI, 3), decimal("1000000000000"));
    assert_eq!(from_fixed(MAX_UNIT_COST_E4, 4), decimal("1000000000"));
    assert_eq!(VALUE_SCALE, 7);
    assert_eq!(from_fixed(MAX_VALUE_E7, 7), decimal("500000000000"));
    assert_eq!(from_fixed(ONE_USD_E4, 4), decimal("1"));
}

#[test]
fn a_decimal_becomes_a_fixed_point_number_or_is_refused_and_is_never_rounded() {
    use NotFixed::{Decimals, Range};
    for (text, least, most, expected) in [
        ("0", 0, 9_000, Ok(0)),
        ("1.5", 0, 9_000, Ok(1_500)),
        ("0.001", 1, 9_000, Ok(1)),
        ("9", 1, 9_000, Ok(9_000)),
        ("-0.25", -9_000, 9_000, Ok(-250)),
        // Zeros at the end say nothing.
        ("1.500000", 0, 9_000, Ok(1_500)),
        ("0.0005", 0, 9_000, Err(Decimals)),
        ("9999999.0001", 0, 9_000, Err(Decimals)),
        ("0", 1, 9_000, Err(Range)),
        ("9.001", 1, 9_000, Err(Range)),
        ("-1", 0, 9_000, Err(Range)),
        // Beyond 64 bits once it is multiplied, and beyond them before.
        ("9223372036854775.807", 0, i64::MAX, Ok(i64::MAX)),
        ("9223372036854775.808", 0, i64::MAX, Err(Range)),
        ("-9223372036854775.808", i64::MIN, i64::MAX, Ok(i64::MIN)),
        ("79228162514264337593543950335", 0, i64::MAX, Err(Range)),
    ] {
        assert_eq!(to_fixed(decimal(text), 3, least, most), expected, "{text}");
    }
}

#[test]
fn a_fixed_point_number_becomes_the_decimal_that_people_write() {
    for (value, scale, text) in [
        (0, 3, "0"),
        (1, 3, "0.001"),
        (1_500, 3, "1.5"),
        (-2_000, 3, "-2"),
        (12_345, 4, "1.2345"),
        (12_345, 0, "12345"),
    ] {
        assert_eq!(from_fixed(value, scale).to_string(), text);
        assert_eq!(sum_from_fixed(value.into(), scale).unwrap().to_string(), text);
    }
}

#[test]
fn a_sum_of_more_digits_than_an_exact_decimal_holds_is_none() {
    let most = 79_228_162_514_264_337_593_543_950_335;
    assert_eq!(sum_from_fixed(most, 0), Some(Decimal::MAX));
    assert_eq!(
        sum_from_fixed(most, 7).unwrap().to_string(),
        "7922816251426433759354.3950335"
    );
    assert_eq!(sum_from_fixed(most + 1, 7), None);
}

#[test]
fn an_item_is_worth_quantity_times_unit_cost_up_to_the_largest_value() {
    for (quantity_milli, unit_cost_e4, value) in [
        (1, 1, Some(1)),
        (2_500, 30_000, Some(75_000_000)),
        (7_000, 0, Some(0)),
        (500_000_000_000_000, 10_000, Some(5_000_000_000_000_000_000)),
        (500_000_000_000_001, 10_000, None),
        // Beyond 64 bits.
        (1_000_000_000_000_000, 10_000_000_000_000, None),
    ] {
        assert_eq!(
            value_e7(quantity_milli, unit_cost_e4),
            value,
            "{quantity_milli} × {unit_cost_e4}"
        );
    }
}

#[test]
fn a_decimal_is_printed_plainly() {
    for (decimal, text) in [
        (decimal("1.500"), "1.5"),
        (decimal("-20.0"), "-20"),
        (decimal("1000000000000"), "1000000000000"),
        (decimal("0.0000001"), "0.0000001"),
        (decimal("0.000"), "0"),
        (-decimal("0.0"), "0"),
        (decimal("18446744073709551615.0"), "18446744073709551615"),
        (decimal("-1.8446744073709551615"), "-1.8446744073709551615"),
        (decimal("18446744073709551616.0"), "18446744073709551616"),
        (
            decimal("-0.0000000000000000000000000010"),
            "-0.000000000000000000000000001",
        ),
    ] {
        assert_eq!(plain(decimal), text);
    }
}

#[test]
fn numbers_are_rounded_down_and_up_and_stay_at_the_ends_of_64_bits() {
    for (text, down, up) in [
        ("0", 0, 0),
        ("1.5", 1_500, 1_500),
        ("0.0001", 0, 1),
        ("-0.0001", -1, 0),
        ("2.0009", 2_000, 2_001),
        ("9223372036854775.807", i64::MAX, i64::MAX),
        ("9223372036854775.8071", i64::MAX, i64::MAX),
        ("-9223372036854775.808", i64::MIN, i64::MIN),
        ("-9223372036854775.8081", i64::MIN, i64::MIN),
        // Once multiplied they are more than a decimal holds.
        ("79228162514264337593543950335", i64::MAX, i64::MAX),
        ("-79228162514264337593543950335", i64::MIN, i64::MIN),
    ] {
        let value = decimal(text);
        assert_eq!((floor(value, 3), ceil(value, 3)), (down, up), "{text}");
    }
}

/// The most digits that an exact decimal holds.
const MANTISSA: i128 = 79_228_162_514_264_337_593_543_950_335;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_fixed_point_number_comes_back_as_it_was(value: i64, scale in 0_u32..=7) {
        let decimal = from_fixed(value, scale);
        prop_assert_eq!(to_fixed(decimal, scale, i64::MIN, i64::MAX), Ok(value));
        prop_assert_eq!((floor(decimal, scale), ceil(decimal, scale)), (value, value));
        prop_assert_eq!(sum_from_fixed(value.into(), scale), Some(decimal));
        prop_assert_eq!(plain(decimal).parse::<Decimal>(), Ok(decimal));
    }

    #[test]
    fn a_decimal_is_printed_as_its_library_prints_it_without_trailing_zeros(
        mantissa in prop_oneof![any::<i64>().prop_map(i128::from), -MANTISSA..=MANTISSA],
        scale in 0_u32..=28,
        zeros in 0_u32..=6,
    ) {
        let mantissa = mantissa / 10_i128.pow(zeros) * 10_i128.pow(zeros);
        let decimal = Decimal::from_i128_with_scale(mantissa, scale);
        prop_assert_eq!(plain(decimal), decimal.normalize().to_string());
    }

    #[test]
    fn a_decimal_lies_between_the_numbers_that_it_is_rounded_to(
        mantissa in -1_000_000_000_000_000_000_i64..1_000_000_000_000_000_000,
        decimals in 7_u32..=18,
        scale in 0_u32..=7,
    ) {
        let value = Decimal::new(mantissa, decimals);
        let (down, up) = (floor(value, scale), ceil(value, scale));
        prop_assert!(from_fixed(down, scale) <= value && value <= from_fixed(up, scale));
        prop_assert_eq!(up - down, i64::from(to_fixed(value, scale, i64::MIN, i64::MAX).is_err()));
    }
}
