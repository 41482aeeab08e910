use proptest::prelude::*;

use super::*;
use crate::domain::problem::Problem;

/// The text as it is kept, or what is wrong with it.
fn checked(check: impl Fn(&Path<'_>, &mut Problems) -> Option<String>) -> Result<String, ProblemCode> {
    let mut problems = Problems::default();
    let kept = check(&Path::Root.field("field"), &mut problems);
    if let Some(problem) = problems.0.first() {
        assert_eq!((kept, problem.path.as_slice()), (None, &["field".to_owned()][..]));
        assert_eq!(problems.0.len(), 1);
        return Err(problem.code);
    }
    Ok(kept.unwrap())
}

#[test]
fn what_is_folded_alike_matches_without_case_and_accents_in_all_scripts() {
    for (texts, folded) in [
        (&["Élan VITAL", "elan vital", "E\u{301}lan vital"][..], "elan vital"),
        (&["STRASSE", "Straße"], "strasse"),
        (&["Ærø", "aero"], "aero"),
        (&["Œuvre"], "oeuvre"),
        (&["Đorđe", "DORDE"], "dorde"),
        (&["Borðeyri"], "bordeyri"),
        (&["Þór"], "thor"),
        (&["Łódź"], "lodz"),
        (&["İstanbul", "ISTANBUL", "ıstanbul"], "istanbul"),
        (&["ΟΔΌΣ", "οδός", "οδόσ"], "οδοσ"),
        // Arabic: the bar that stretches a word, and vowel marks, which few people type.
        (&["مُحَمَّد", "محـــمد"], "محمد"),
        (
            &["Côte d’Ivoire", "Cote dʼIvoire", "COTE D‘IVOIRE", "cote d'ivoire"],
            "cote d'ivoire",
        ),
        // Forms of compatibility.
        (&["ﬁlter", "Ｆｉｌｔｅｒ"], "filter"),
        (&["Йод", "ЙОД"], "иод"),
        (&["한국", "\u{1112}\u{1161}\u{11AB}\u{1100}\u{116E}\u{11A8}"], "한국"),
        (&[""], ""),
    ] {
        for text in texts {
            assert_eq!(fold(text), folded, "{text}");
        }
    }
}

#[test]
fn every_character_is_folded_as_far_as_it_goes() {
    // The planes that have letters; each takes its time.
    for character in '\0'..='\u{1FFFF}' {
        let folded = fold(&character.to_string());
        assert_eq!(fold(&folded), folded, "{character:?}");
    }
}

#[test]
fn a_nul_is_asked_for_as_another_character_that_no_text_has() {
    assert_eq!(findable("mask"), "mask");
    assert_eq!(findable("a\0b\0"), "a\u{1}b\u{1}");
}

#[test]
fn a_text_is_kept_canonical_or_refused_with_what_is_wrong() {
    use ProblemCode::{Blank, Invalid, TooLong};
    for (text, expected) in [
        ("abcde", Ok("abcde")),
        ("  \n abc \t", Ok("abc")),
        ("a\n\tb", Ok("a\n\tb")),
        // As many characters as are kept, however many bytes, and counted when composed.
        ("éèêëē", Ok("éèêëē")),
        ("e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}", Ok("ééééé")),
        ("abcdef", Err(TooLong)),
        ("", Err(Blank)),
        (" \n\t ", Err(Blank)),
        // Nobody sees these either.
        ("\u{200B}\u{FEFF}\u{AD}", Err(Blank)),
        ("\u{200B}a", Ok("\u{200B}a")),
        ("a\0", Err(Invalid)),
        ("a\rb", Err(Invalid)),
        ("a\u{85}b", Err(Invalid)),
    ] {
        let found = checked(|path, problems| required(text, 5, path, problems));
        assert_eq!(found, expected.map(str::to_owned), "{text:?}");
        let found = checked(|path, problems| optional(Some(text), 5, path, problems));
        assert_eq!(found, expected.map(str::to_owned), "{text:?}");
    }
    let mut problems = Problems::default();
    assert_eq!(optional(None, 5, &Path::Root, &mut problems), None);
    assert!(problems.is_empty());
}

#[test]
fn a_text_too_long_is_refused_with_both_numbers_for_programs() {
    let mut problems = Problems::default();
    required("abcdefg", 5, &Path::Root.field("title"), &mut problems);
    let expected = Problem::new(ProblemCode::TooLong, "This has 7 characters; at most 5 are kept.");
    assert_eq!(problems.0, [expected.at("title").with("max", 5).with("actual", 7)]);
}

#[test]
fn a_code_is_of_capitals_digits_underscores_and_dots() {
    use ProblemCode::{Blank, Invalid, TooLong};
    let longest = "A".repeat(64);
    let longer = "A".repeat(65);
    for (text, expected) in [
        ("MED.PPE_2", Ok("MED.PPE_2")),
        (" A ", Ok("A")),
        (&longest, Ok(longest.as_str())),
        (&longer, Err(TooLong)),
        (" ", Err(Blank)),
        ("med", Err(Invalid)),
        ("A B", Err(Invalid)),
        ("A-B", Err(Invalid)),
        ("É", Err(Invalid)),
    ] {
        let found = checked(|path, problems| code(text, path, problems));
        assert_eq!(found, expected.map(str::to_owned), "{text:?}");
    }
}

#[test]
fn a_web_address_begins_with_http_or_https_and_has_no_space() {
    use ProblemCode::{Blank, Invalid, TooLong};
    let longest = format!("https://{}", "a".repeat(1_992));
    let longer = format!("{longest}a");
    for (text, expected) in [
        ("https://example.org/a?b=c", Ok("https://example.org/a?b=c")),
        (" http://example.org ", Ok("http://example.org")),
        (&longest, Ok(longest.as_str())),
        (&longer, Err(TooLong)),
        ("", Err(Blank)),
        ("https://", Err(Invalid)),
        ("https://a b", Err(Invalid)),
        ("ftp://example.org", Err(Invalid)),
        ("example.org", Err(Invalid)),
        ("javascript:alert(1)//https://", Err(Invalid)),
    ] {
        let found = checked(|path, problems| url(Some(text), path, problems));
        assert_eq!(found, expected.map(str::to_owned), "{text:?}");
    }
    let mut problems = Problems::default();
    assert_eq!(url(None, &Path::Root, &mut problems), None);
    assert!(problems.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_kept_as_it_is_a_second_time(text in "\\PC{0,20}") {
        let mut problems = Problems::default();
        if let Some(kept) = required(&text, 100, &Path::Root, &mut problems) {
            prop_assert_eq!(required(&kept, 100, &Path::Root, &mut problems), Some(kept));
        }
    }
}
