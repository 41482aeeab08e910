//! Fields of a form that changes a row: absent ones stay, an explicit nothing clears, a value is checked and put in.
//! What is wrong is noted at its path, and the row keeps what it had, so that the rest is checked all the same.

use std::fmt::Display;

use entity::enums::Locale;

use crate::domain::problem::{Path, Problem, ProblemCode, Problems};
use crate::domain::reference::Reference;
use crate::domain::text::{self, NAME_MAX};

/// What a form says of a field: nothing, that it be cleared, or a value.
pub type Given<T> = Option<Option<T>>;

/// A name in a language.
pub type LocalName = (Locale, String);

/// The value of a field that can't be cleared, where the form gives one.
pub fn replacement<T>(given: Given<T>, at: &Path<'_>, problems: &mut Problems) -> Option<T> {
    let given = given?;
    if given.is_none() {
        let message = "This can't be cleared: leave it out, or give a value.";
        problems.add(at, ProblemCode::Required, message);
    }
    given
}

/// Puts in a value that needs no check and can't be cleared.
pub fn put<T: Copy>(given: Given<T>, field: &mut T, at: &Path<'_>, problems: &mut Problems) {
    if let Some(value) = replacement(given, at, problems) {
        *field = value;
    }
}

/// Puts in a text that must be there, of at most `max` characters.
pub fn put_text(given: &Given<String>, field: &mut String, max: usize, at: &Path<'_>, problems: &mut Problems) {
    let given = given.as_ref().map(Option::as_deref);
    let text = replacement(given, at, problems).and_then(|value| text::required(value, max, at, problems));
    if let Some(text) = text {
        *field = text;
    }
}

/// Puts in a text that may be absent, of at most `max` characters.
pub fn put_optional_text(
    given: &Given<String>,
    field: &mut Option<String>,
    max: usize,
    at: &Path<'_>,
    problems: &mut Problems,
) {
    if let Some(given) = given {
        *field = text::optional(given.as_deref(), max, at, problems);
    }
}

/// Puts in a number that may be absent, from `least` to `most`.
pub fn put_number<T: Copy + PartialOrd + Display>(
    given: Given<T>,
    field: &mut Option<T>,
    (least, most): (T, T),
    at: &Path<'_>,
    problems: &mut Problems,
) {
    match given {
        None => {}
        Some(Some(value)) if !(value >= least && value <= most) => problems.push(
            Problem::new(
                ProblemCode::OutOfRange,
                format!("This is {value}; it is from {least} to {most}."),
            )
            .at_path(at)
            .with("min", least)
            .with("max", most)
            .with("actual", value),
        ),
        Some(value) => *field = value,
    }
}

/// The names of a row beside its English one.
#[derive(Debug)]
pub struct Names<'a> {
    /// French.
    pub fr: &'a mut Option<String>,
    /// Spanish.
    pub es: &'a mut Option<String>,
    /// Arabic.
    pub ar: &'a mut Option<String>,
}

/// Puts in the names in other languages, all of them: a language that is not given has none any more. The English
/// name has a field of its own; here it may only be repeated.
pub fn put_names(
    given: &Given<Vec<LocalName>>,
    english: &str,
    Names {
        fr: into_fr,
        es: into_es,
        ar: into_ar,
    }: Names<'_>,
    at: &Path<'_>,
    problems: &mut Problems,
) {
    let Some(given) = given else { return };
    let (mut fr, mut es, mut ar) = (None, None, None);
    let mut seen = Vec::new();
    for (index, (locale, name)) in given.iter().flatten().enumerate() {
        let at = at.index(index);
        if seen.contains(locale) {
            let message = "Another name is given in this language.";
            problems.add(&at.field("locale"), ProblemCode::Duplicate, message);
        }
        seen.push(*locale);
        let name = text::required(name, NAME_MAX, &at.field("name"), problems);
        match locale {
            Locale::En => {
                if name.is_some_and(|name| name != english) {
                    let message = "The English name stands in the field name.";
                    problems.add(&at.field("name"), ProblemCode::Conflict, message);
                }
            }
            Locale::Fr => fr = name,
            Locale::Es => es = name,
            Locale::Ar => ar = name,
        }
    }
    (*into_fr, *into_es, *into_ar) = (fr, es, ar);
}

/// The country of an alpha-3, alpha-2 or M49 code, where it is known, and in use or named before: its alpha-3 code.
pub fn country(
    code: &str,
    before: Option<&str>,
    reference: &Reference,
    at: &Path<'_>,
    problems: &mut Problems,
) -> Option<String> {
    let found = reference.country(code);
    let found = found.map(|one| (one.row.code.as_str(), one.row.active));
    in_use("country", code, found, before, at, problems)
}

/// The category of a code, where it is known, and in use or named before.
pub fn category(
    code: &str,
    before: Option<&str>,
    reference: &Reference,
    at: &Path<'_>,
    problems: &mut Problems,
) -> Option<String> {
    let found = reference.categories.get(code);
    let found = found.map(|one| (one.row.code.as_str(), one.row.active));
    in_use("category", code, found, before, at, problems)
}

/// What a row names already it may go on naming; anything else must be in use.
fn in_use(
    noun: &str,
    code: &str,
    found: Option<(&str, bool)>,
    before: Option<&str>,
    at: &Path<'_>,
    problems: &mut Problems,
) -> Option<String> {
    match found {
        Some((code, active)) if active || before == Some(code) => Some(code.to_owned()),
        Some(_) => {
            let message = format!("The {noun} {code} is retired: choose another.");
            problems.add(at, ProblemCode::Inactive, message);
            None
        }
        None => {
            problems.add(at, ProblemCode::NotFound, format!("No {noun} has the code {code}."));
            None
        }
    }
}

/// The problem of a key that is taken.
pub fn taken(noun: &str, key: &str, by: &str, at: &Path<'_>) -> Problem {
    Problem::new(ProblemCode::Duplicate, format!("The {noun} {by} has this {key}.")).at_path(at)
}

#[cfg(test)]
mod tests;
