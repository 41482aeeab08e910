//! What one cell says: nothing, a text, a number, a day or a name of a list. And how a text is written so that a
//! spreadsheet doesn't run it.

use chrono::NaiveDate;
use entity::enums::{ItemKind, Locale, Priority};
use rust_decimal::Decimal;

/// What people write where there is nothing. `NA` is not among them: it is Namibia's code.
const ABSENT: [&str; 6] = ["-", "\u{2013}", "\u{2014}", "N/A", "#N/A", "n.a."];

/// Priorities by the names that clients see.
pub const PRIORITIES: [(&str, Priority); 4] = [
    ("LOW", Priority::Low),
    ("MEDIUM", Priority::Medium),
    ("HIGH", Priority::High),
    ("CRITICAL", Priority::Critical),
];
/// Languages by the names that clients see.
pub const LANGUAGES: [(&str, Locale); 4] = [
    ("EN", Locale::En),
    ("FR", Locale::Fr),
    ("ES", Locale::Es),
    ("AR", Locale::Ar),
];
/// Kinds of help by the names that clients see.
pub const KINDS: [(&str, ItemKind); 4] = [
    ("GOODS", ItemKind::Goods),
    ("FUNDING", ItemKind::Funding),
    ("PERSONNEL", ItemKind::Personnel),
    ("SERVICE", ItemKind::Service),
];

/// A cell without the blanks around it; none where it is empty, `-` or `N/A`.
pub fn present(cell: &str) -> Option<&str> {
    let cell = cell.trim();
    (!cell.is_empty() && !is_absent(cell)).then_some(cell)
}

fn is_absent(text: &str) -> bool {
    ABSENT.iter().any(|absent| absent.eq_ignore_ascii_case(text))
}

/// Whether a spreadsheet would run a text, or this reader take it for nothing.
fn is_charged(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r']) || is_absent(text)
}

/// A text as it is written into a cell: behind an apostrophe where a spreadsheet would take it for a formula, or a
/// reader for nothing. [`discharge`] takes exactly that apostrophe away again.
pub fn charge(text: &str) -> String {
    if is_charged(text.trim_start_matches('\'')) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// A text as it was before [`charge`].
pub fn discharge(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_charged(text.trim_start_matches('\'')) => text,
        _ => cell,
    }
}

/// A number: digits with a decimal point, and thousands separated by commas, blanks or apostrophes, in groups of three
/// or as in 12,34,567. `decimal_comma` swaps comma and point.
///
/// # Errors
/// Why the text is no such number. Nothing is guessed: `1,5` may be one and a half or a slip of the hand.
pub fn number(text: &str, decimal_comma: bool) -> Result<Decimal, String> {
    if let Some(share) = text.strip_suffix('%') {
        let share = share.trim();
        return Err(format!("{share}% is a share, not a number"));
    }
    let (point, comma) = if decimal_comma { (',', '.') } else { ('.', ',') };
    let refused = || {
        let mark = if decimal_comma { "comma" } else { "point" };
        format!("{text} is no number with a decimal {mark}")
    };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, part) = digits.split_once(point).unwrap_or((digits, ""));
    let is_separator = |c: char| c == comma || c == '\'' || c == '\u{2019}' || c.is_whitespace();
    let separator = whole.chars().find(|c| is_separator(*c));
    let groups: Vec<&str> = match separator {
        Some(separator) => whole.split(separator).collect(),
        None => vec![whole],
    };
    let whole = groups.concat();
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let dangling = digits.ends_with(point);
    if !is_grouped(&groups) || whole.is_empty() || dangling || !plain(&whole) || !plain(part) {
        return Err(refused());
    }
    let exact = if part.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{part}")
    };
    Decimal::from_str_exact(&exact)
        .map(|number| number.normalize())
        .map_err(|_| format!("{text} has more digits than are kept"))
}

/// Whether digits stand in groups of thousands: two or three a group, three in the last.
fn is_grouped(groups: &[&str]) -> bool {
    match groups {
        [_] => true,
        [first, middle @ .., last] => {
            (1..=3).contains(&first.len()) && middle.iter().all(|group| matches!(group.len(), 2 | 3)) && last.len() == 3
        }
        [] => false,
    }
}

/// A day, as `2020-10-21`; what follows a `T`, as in a time, is left out.
///
/// # Errors
/// Why the text is no such day: 3/4/2020 is two days, depending on who reads it.
pub fn day(text: &str) -> Result<NaiveDate, String> {
    let day = text.split_once('T').map_or(text, |(day, _)| day);
    NaiveDate::parse_from_str(day, "%Y-%m-%d").map_err(|_| format!("{text} is no day like 2020-10-21"))
}

/// One of a list of names, in any case.
///
/// # Errors
/// The names that there are.
pub fn one_of<T: Copy>(text: &str, names: &[(&str, T)]) -> Result<T, String> {
    names
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text))
        .map(|(_, value)| *value)
        .ok_or_else(|| {
            let all: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
            format!("{text} is none of {}", all.join(", "))
        })
}

/// The name of a value of a list.
pub fn name_of<T: PartialEq>(value: &T, names: &[(&'static str, T)]) -> &'static str {
    names
        .iter()
        .find(|(_, named)| named == value)
        .map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn namibia_is_not_nothing() {
        assert_eq!(present(" NA "), Some("NA"));
        for nothing in ["", "  ", "-", "N/A", "n/a ", "#N/A", "\u{2013}", "\u{a0}"] {
            assert_eq!(present(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn thousands_are_separated_in_many_ways() {
        for text in [
            "1234567.5",
            "1,234,567.5",
            "1 234 567.5",
            "1\u{a0}234\u{a0}567.5",
            "1\u{202f}234\u{202f}567.50",
            "1'234'567.5",
            "12,34,567.5",
        ] {
            assert_eq!(number(text, false).unwrap().to_string(), "1234567.5", "{text}");
        }
        assert_eq!(number("1.234.567,5", true).unwrap().to_string(), "1234567.5");
        assert_eq!(number("-3", false).unwrap().to_string(), "-3");
        assert_eq!(number("0.185", false).unwrap().to_string(), "0.185");
    }

    #[test]
    fn what_may_be_two_numbers_is_none() {
        for text in [
            "1,5",
            "1,2345",
            "1,,234",
            "1.5E+06",
            "",
            ".",
            "5.",
            "$5",
            "12 pieces",
            "1,234 567",
            "--1",
            "+1",
            "١",
        ] {
            assert!(number(text, false).is_err(), "{text}");
        }
        assert_eq!(number("45 %", false), Err("45% is a share, not a number".into()));
        assert!(number(&"9".repeat(40), false).unwrap_err().contains("digits"));
    }

    #[test]
    fn a_day_is_written_one_way() {
        assert_eq!(day("2020-10-21").unwrap().to_string(), "2020-10-21");
        assert_eq!(day("2020-10-21T00:00:00Z").unwrap().to_string(), "2020-10-21");
        assert!(day("21/10/2020").is_err());
        assert!(day("2021-02-29").is_err());
    }

    #[test]
    fn a_name_of_a_list_is_read_in_any_case() {
        assert_eq!(one_of("high", &PRIORITIES), Ok(Priority::High));
        assert_eq!(
            one_of("urgent", &PRIORITIES),
            Err("urgent is none of LOW, MEDIUM, HIGH, CRITICAL".into())
        );
        assert_eq!(name_of(&ItemKind::Service, &KINDS), "SERVICE");
    }

    #[test]
    fn formulas_are_defused() {
        for text in ["=1+1", "+41", "-1", "@SUM(A1)", "\tx", "-", "N/A"] {
            assert!(charge(text).starts_with('\''), "{text}");
        }
        assert_eq!(charge("'tis"), "'tis");
        assert_eq!(charge("'=x"), "''=x");
    }

    proptest! {
        #[test]
        fn what_was_charged_comes_back(text in "['=+@\\-]{0,3}[N/A\\-a=]{0,3}\\PC{0,3}") {
            let charged = charge(&text);
            prop_assert_eq!(discharge(&charged), text);
        }

        #[test]
        fn a_plain_number_is_read_as_it_is(number in any::<i64>(), scale in 0_u32..8) {
            let decimal = Decimal::new(number, scale);
            prop_assert_eq!(super::number(&decimal.to_string(), false).unwrap(), decimal);
        }
    }
}
