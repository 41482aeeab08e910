//! The scalars: what is no value of theirs never reaches a resolver.

use std::fmt;
use std::ops::Range;

use async_graphql::{Description, InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{Datelike, NaiveDate, SecondsFormat, Timelike, Utc};
use rust_decimal::Decimal as Exact;

use crate::domain::number;

/// ISO 8601 calendar date without a zone: `2020-05-04`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Description)]
pub struct Date(pub NaiveDate);

/// RFC 3339 moment in UTC to the microsecond: `2020-05-04T12:00:00.000000Z`. Input may have any offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Description)]
pub struct DateTime(pub chrono::DateTime<Utc>);

/// Exact decimal as a JSON string, plainly printed, without exponent or trailing zeros: `"1250.5"`. Input is such a
/// string or an integer, never a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Description)]
pub struct Decimal(pub Exact);

/// Whole number beyond 32 bits as a JSON string of digits: `"7800000000"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Description)]
pub struct BigInt(pub i128);

/// ISO 3166-1 alpha-3 code of a country in capitals: `"BGD"`. Input may be the alpha-2 code or the three M49 digits
/// too.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct CountryCode(pub String);

/// A scalar that is written as a text without escapes. Pages have thousands of them, so it needs no text of its own to be written.
pub trait Print {
    /// Writes it.
    ///
    /// # Errors
    /// Those of `out`.
    fn print(&self, out: &mut impl fmt::Write) -> fmt::Result;
}

fn text(value: &impl Print) -> String {
    let mut text = String::new();
    // A text takes all that is written to it.
    let _ = value.print(&mut text);
    text
}

impl Print for Date {
    fn print(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let mut text = *b"0000-00-00";
        match put_day(&mut text, self.0) {
            true => write_ascii(&text, out),
            false => write!(out, "{}", self.0.format("%Y-%m-%d")),
        }
    }
}

impl Print for DateTime {
    fn print(&self, out: &mut impl fmt::Write) -> fmt::Result {
        // What is in UTC has no offset to add.
        let moment = self.0.naive_utc();
        let (time, micros) = (moment.time(), moment.and_utc().timestamp_subsec_micros());
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        // Within a leap second there are more of them.
        if micros >= 1_000_000 || !put_day(&mut text, moment.date()) {
            return out.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true));
        }
        put(&mut text, 11..13, time.hour());
        put(&mut text, 14..16, time.minute());
        put(&mut text, 17..19, time.second());
        put(&mut text, 20..26, micros);
        write_ascii(&text, out)
    }
}

impl Print for Decimal {
    fn print(&self, out: &mut impl fmt::Write) -> fmt::Result {
        number::print(self.0, out)
    }
}

impl Print for BigInt {
    fn print(&self, out: &mut impl fmt::Write) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

/// Puts a day into the first ten bytes, as chrono does it by a format, which it reads anew each time. False where its year takes
/// more.
fn put_day(text: &mut [u8], day: NaiveDate) -> bool {
    let Ok(year @ 0..=9999) = u32::try_from(day.year()) else {
        return false;
    };
    put(text, 0..4, year);
    put(text, 5..7, day.month());
    put(text, 8..10, day.day());
    true
}

/// Puts the last digits of a number, as many as there is room for.
fn put(text: &mut [u8], room: Range<usize>, number: u32) {
    let mut rest = u64::from(number);
    for digit in text.get_mut(room).unwrap_or_default().iter_mut().rev() {
        *digit = number::last_digit(rest);
        rest /= 10;
    }
}

fn write_ascii(text: &[u8], out: &mut impl fmt::Write) -> fmt::Result {
    out.write_str(std::str::from_utf8(text).map_err(|_| fmt::Error)?)
}

fn expected<T: ScalarType + InputType>(value: &Value, what: &str) -> InputValueError<T> {
    InputValueError::custom(format!("{value} is no value of it; {what}"))
}

/// Whether this is a value of the scalar of this name; of others than ours anything is.
pub fn takes(scalar: &str, value: &Value) -> bool {
    match scalar {
        "Date" => is_value::<Date>(value),
        "DateTime" => is_value::<DateTime>(value),
        "Decimal" => is_value::<Decimal>(value),
        "BigInt" => is_value::<BigInt>(value),
        "CountryCode" => is_value::<CountryCode>(value),
        _ => true,
    }
}

/// Asked before anything is executed, so that what is no value of its scalar fails the request and not a field.
fn is_value<T: ScalarType>(value: &Value) -> bool {
    T::parse(value.clone()).is_ok()
}

#[Scalar(
    name = "Date",
    use_type_description = true,
    specified_by_url = "https://scalars.graphql.org/andimarek/local-date"
)]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let what = "a calendar date like \"2020-05-04\" is expected.";
        match &value {
            // chrono takes signs and blanks for digits too: what it reads must be what was written.
            Value::String(text) if text.len() == 10 => NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()
                .map(Date)
                .filter(|date| ScalarType::to_value(date) == value)
                .ok_or_else(|| expected(&value, what)),
            _ => Err(expected(&value, what)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        is_value::<Self>(value)
    }

    fn to_value(&self) -> Value {
        Value::String(text(self))
    }
}

#[Scalar(
    name = "DateTime",
    use_type_description = true,
    specified_by_url = "https://scalars.graphql.org/andimarek/date-time"
)]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let what = "a moment like \"2020-05-04T12:00:00Z\" is expected.";
        match &value {
            Value::String(text) => chrono::DateTime::parse_from_rfc3339(text)
                .ok()
                .map(|moment| DateTime(moment.with_timezone(&Utc)))
                // Its offset may take a moment out of the years that RFC 3339 can write.
                .filter(|moment| (0..=9999).contains(&moment.0.year()))
                .ok_or_else(|| expected(&value, what)),
            _ => Err(expected(&value, what)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        is_value::<Self>(value)
    }

    fn to_value(&self) -> Value {
        Value::String(text(self))
    }
}

#[Scalar(name = "Decimal", use_type_description = true)]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        let what = "an exact decimal is expected: a string like \"1250.5\", or an integer.";
        match &value {
            Value::String(text) if is_plain_decimal(text) => Exact::from_str_exact(text)
                .map(Decimal)
                .map_err(|_| expected(&value, what)),
            Value::Number(number) => number
                .as_i64()
                .map(|number| Decimal(number.into()))
                .ok_or_else(|| expected(&value, what)),
            _ => Err(expected(&value, what)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        is_value::<Self>(value)
    }

    fn to_value(&self) -> Value {
        Value::String(text(self))
    }
}

/// An optional minus, digits, and at most one point with digits on both sides.
fn is_plain_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    match text.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part),
        None => digits(text),
    }
}

#[Scalar(name = "BigInt", use_type_description = true)]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        let what = "a whole number is expected: a string of digits, or an integer.";
        match &value {
            Value::String(text) => text.parse().map(BigInt).map_err(|_| expected(&value, what)),
            Value::Number(number) => number
                .as_i64()
                .map(|number| BigInt(number.into()))
                .ok_or_else(|| expected(&value, what)),
            _ => Err(expected(&value, what)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        is_value::<Self>(value)
    }

    fn to_value(&self) -> Value {
        Value::String(text(self))
    }
}

#[Scalar(
    name = "CountryCode",
    use_type_description = true,
    specified_by_url = "https://www.iso.org/iso-3166-country-codes.html"
)]
impl ScalarType for CountryCode {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text)
                if (matches!(text.len(), 2 | 3) && text.bytes().all(|byte| byte.is_ascii_uppercase()))
                    || (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit())) =>
            {
                Ok(CountryCode(text.clone()))
            }
            _ => Err(expected(
                &value,
                "an ISO 3166-1 alpha-3 code in capitals like \"BGD\" is expected.",
            )),
        }
    }

    fn is_valid(value: &Value) -> bool {
        is_value::<Self>(value)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

#[cfg(test)]
mod tests;
