//! Texts as people write them: made canonical, bounded, and folded for matching.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::domain::problem::{Path, ProblemCode, Problems};

/// Characters of a title or a name.
pub const NAME_MAX: usize = 200;
/// Characters of a code.
pub const CODE_MAX: usize = 64;
/// Characters of a source, an external id, a reference or a key of idempotency.
pub const KEY_MAX: usize = 255;
/// Characters of a URL.
pub const URL_MAX: usize = 2_000;
/// Characters of a field of a contact.
pub const CONTACT_MAX: usize = 320;
/// Characters of any other text.
pub const TEXT_MAX: usize = 10_000;

/// A text without case and accents, the same on both databases and in all scripts: what is folded alike matches.
pub fn fold(text: &str) -> String {
    text.nfkd()
        .filter(|character| !is_combining_mark(*character))
        .flat_map(char::to_lowercase)
        .flat_map(|character| Expansion::of(character).chars())
        .collect::<String>()
        .nfkc()
        .collect()
}

/// Letters that no decomposition takes apart, and that people type without.
enum Expansion {
    Itself(char),
    As(&'static str),
}

impl Expansion {
    const fn of(character: char) -> Self {
        match character {
            'ß' => Self::As("ss"),
            'æ' => Self::As("ae"),
            'œ' => Self::As("oe"),
            'ø' => Self::As("o"),
            'đ' => Self::As("d"),
            'ð' => Self::As("d"),
            'þ' => Self::As("th"),
            'ł' => Self::As("l"),
            'ı' => Self::As("i"),
            'ς' => Self::As("σ"),
            'ـ' => Self::As(""),
            '’' | 'ʼ' | '‘' => Self::As("'"),
            _ => Self::Itself(character),
        }
    }

    fn chars(self) -> impl Iterator<Item = char> {
        let (one, many) = match self {
            Self::Itself(character) => (Some(character), ""),
            Self::As(text) => (None, text),
        };
        one.into_iter().chain(many.chars())
    }
}

/// The text as a database can be asked for it. PostgreSQL takes no NUL; another control character finds the same,
/// which is nothing, since no text that is kept has one.
pub fn findable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{1}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A character that nobody sees: white space, and what Unicode calls ignorable by default.
const fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || matches!(character,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{2800}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E007F}')
}

/// A text in NFC and trimmed, as it is kept.
pub fn canonical(text: &str) -> String {
    text.trim().nfc().collect()
}

/// A text that must be there: canonical, not blank, without control characters but newline and tab, and at most
/// `max` characters. Notes what is wrong at `path`.
pub fn required(text: &str, max: usize, path: &Path<'_>, problems: &mut Problems) -> Option<String> {
    let text = canonical(text);
    if text.chars().all(is_invisible) {
        problems.add(path, ProblemCode::Blank, "This must not be blank.");
        return None;
    }
    if let Some(control) = text
        .chars()
        .find(|character| character.is_control() && !matches!(character, '\n' | '\t'))
    {
        let message = format!(
            "This has the control character U+{:04X}; only newline and tab are allowed.",
            u32::from(control)
        );
        problems.add(path, ProblemCode::Invalid, message);
        return None;
    }
    let length = text.chars().count();
    if length > max {
        let message = format!("This has {length} characters; at most {max} are kept.");
        problems.push(
            crate::domain::problem::Problem::new(ProblemCode::TooLong, message)
                .at_path(path)
                .with("max", max)
                .with("actual", length),
        );
        return None;
    }
    Some(text)
}

/// The same for a text that may be absent. A blank one is refused, not taken for absent.
pub fn optional(text: Option<&str>, max: usize, path: &Path<'_>, problems: &mut Problems) -> Option<String> {
    text.and_then(|text| required(text, max, path, problems))
}

/// A code to be given to something new: 1 to 64 of `A-Z 0-9 _ .`.
pub fn code(text: &str, path: &Path<'_>, problems: &mut Problems) -> Option<String> {
    let text = required(text, CODE_MAX, path, problems)?;
    if text
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.'))
    {
        return Some(text);
    }
    problems.add(
        path,
        ProblemCode::Invalid,
        "A code has only the characters A-Z, 0-9, _ and .",
    );
    None
}

/// A web address: http or https.
pub fn url(text: Option<&str>, path: &Path<'_>, problems: &mut Problems) -> Option<String> {
    let text = optional(text, URL_MAX, path, problems)?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace)) {
        return Some(text);
    }
    problems.add(
        path,
        ProblemCode::Invalid,
        "This is no web address: it must begin with https:// or http://.",
    );
    None
}

#[cfg(test)]
mod tests;
