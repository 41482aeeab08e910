//! Quantities, unit costs and values: exact, as fixed-point integers. Bounds are the contract's.

use std::fmt;

use rust_decimal::Decimal;

/// Decimals of a quantity.
pub const QUANTITY_SCALE: u32 = 3;
/// Decimals of a unit cost.
pub const UNIT_COST_SCALE: u32 = 4;
/// Decimals of a value, the product of the two.
pub const VALUE_SCALE: u32 = QUANTITY_SCALE + UNIT_COST_SCALE;
/// The largest quantity, in thousandths.
pub const MAX_QUANTITY_MILLI: i64 = 1_000_000_000_000 * 1_000;
/// The largest unit cost, in ten-thousandths of a US dollar.
pub const MAX_UNIT_COST_E4: i64 = 1_000_000_000 * 10_000;
/// The largest value of one item: 500,000,000,000 US dollars, in 7 decimals; it fits 64 bits.
pub const MAX_VALUE_E7: i64 = 500_000_000_000 * 10_000_000;
/// One US dollar as a unit cost: what a unit of FUNDING costs.
pub const ONE_USD_E4: i64 = 10_000;

/// Why a decimal is not the fixed-point number that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFixed {
    /// It has more decimals than are kept.
    Decimals,
    /// It is outside the bounds.
    Range,
}

/// `value` as an integer of `scale` decimals, between `least` and `most`; nothing is rounded.
///
/// # Errors
/// `Decimals` where digits would be lost, `Range` where the number is outside the bounds.
pub fn to_fixed(value: Decimal, scale: u32, least: i64, most: i64) -> Result<i64, NotFixed> {
    let value = value.normalize();
    if value.scale() > scale {
        return Err(NotFixed::Decimals);
    }
    let factor = 10_i128.pow(scale - value.scale());
    let fixed = value
        .mantissa()
        .checked_mul(factor)
        .and_then(|number| i64::try_from(number).ok());
    fixed
        .filter(|number| (least..=most).contains(number))
        .ok_or(NotFixed::Range)
}

/// An integer of `scale` decimals as a decimal.
pub fn from_fixed(value: i64, scale: u32) -> Decimal {
    let (digits, scale) = shortened(value.unsigned_abs(), scale);
    let sign = i128::from(value.signum());
    Decimal::from_i128_with_scale(i128::from(digits) * sign, scale)
}

/// A sum of such integers as a decimal.
///
/// # Errors
/// None where the sum has more than the 28 digits that an exact decimal holds.
pub fn sum_from_fixed(sum: i128, scale: u32) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(sum, scale)
        .ok()
        .map(|decimal| decimal.normalize())
}

/// Quantity × unit cost, in 7 decimals of a US dollar; none past the largest value of an item.
pub fn value_e7(quantity_milli: i64, unit_cost_e4: i64) -> Option<i64> {
    quantity_milli
        .checked_mul(unit_cost_e4)
        .filter(|value| *value <= MAX_VALUE_E7)
}

/// A decimal plainly printed: no exponent, no trailing zeros.
pub fn plain(value: Decimal) -> String {
    let mut text = String::new();
    // A text takes all that is written to it.
    let _ = print(value, &mut text);
    text
}

/// The same, written to `out`.
///
/// # Errors
/// Those of `out`.
pub fn print(value: Decimal, out: &mut impl fmt::Write) -> fmt::Result {
    // All that is kept and most sums fit 64 bits, with which a processor counts by itself: pages have thousands of them.
    let (Ok(digits), scale @ 0..=19) = (u64::try_from(value.mantissa().unsigned_abs()), value.scale()) else {
        return write!(out, "{}", value.normalize());
    };
    let (mut digits, scale) = shortened(digits, scale);
    // Up to 20 digits, a point and a sign, from the last to the first.
    let mut text = [0; 24];
    let mut room = text.iter_mut().rev();
    let mut put = |byte| {
        if let Some(place) = room.next() {
            *place = byte;
        }
    };
    let mut places = 0;
    while digits > 0 || places <= scale {
        if places == scale && scale > 0 {
            put(b'.');
        }
        put(last_digit(digits));
        digits /= 10;
        places += 1;
    }
    if value.mantissa() < 0 {
        put(b'-');
    }
    let free = room.len();
    let text = std::str::from_utf8(text.get(free..).unwrap_or_default());
    out.write_str(text.map_err(|_| fmt::Error)?)
}

/// The last digit of a number, as it is written.
pub fn last_digit(number: u64) -> u8 {
    b'0'.saturating_add(u8::try_from(number % 10).unwrap_or_default())
}

/// The same number with the fewest decimals.
const fn shortened(mut digits: u64, mut scale: u32) -> (u64, u32) {
    while scale > 0 && digits.is_multiple_of(10) {
        digits /= 10;
        scale -= 1;
    }
    (digits, scale)
}

/// `value` in integers of `scale` decimals, rounded down; numbers beyond 64 bits stay at the last one.
pub fn floor(value: Decimal, scale: u32) -> i64 {
    scaled(value, scale, Decimal::floor)
}

/// `value` in integers of `scale` decimals, rounded up; numbers beyond 64 bits stay at the last one.
pub fn ceil(value: Decimal, scale: u32) -> i64 {
    scaled(value, scale, Decimal::ceil)
}

fn scaled(value: Decimal, scale: u32, round: impl Fn(&Decimal) -> Decimal) -> i64 {
    let limit = if value.is_sign_negative() { i64::MIN } else { i64::MAX };
    let scaled = value.checked_mul(Decimal::from(10_i64.pow(scale)));
    scaled
        .and_then(|scaled| i64::try_from(round(&scaled).mantissa()).ok())
        .unwrap_or(limit)
}

#[cfg(test)]
mod tests;
