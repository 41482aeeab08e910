use super::*;
use crate::domain::fixture::{reference, wrong};

/// What a field of `before` holds after the form, and what is wrong.
fn put_in<T>(before: T, put: impl FnOnce(&mut T, &Path<'_>, &mut Problems)) -> (T, Vec<ProblemCode>) {
    let mut field = before;
    let mut problems = Problems::default();
    put(&mut field, &Path::Root.field("field"), &mut problems);
    let codes = wrong(problems).into_iter().map(|(path, code)| {
        assert_eq!(path, "field");
        code
    });
    (field, codes.collect())
}

#[test]
fn an_absent_field_stays_a_given_one_is_replaced_and_one_that_must_be_there_is_not_cleared() {
    for (given, after, problems) in [
        (None, 1, vec![]),
        (Some(Some(2)), 2, vec![]),
        (Some(None), 1, vec![ProblemCode::Required]),
    ] {
        let found = put_in(1, |field, at, problems| put(given, field, at, problems));
        assert_eq!(found, (after, problems), "{given:?}");
    }
}

#[test]
fn a_text_that_must_be_there_is_replaced_by_a_good_one_only() {
    use ProblemCode::{Blank, Required, TooLong};
    for (given, after, problems) in [
        (None, "old", vec![]),
        (Some(Some(" new ")), "new", vec![]),
        (Some(None), "old", vec![Required]),
        (Some(Some(" ")), "old", vec![Blank]),
        (Some(Some("newer")), "old", vec![TooLong]),
    ] {
        let given = given.map(|text: Option<&str>| text.map(str::to_owned));
        let found = put_in("old".to_owned(), |field, at, problems| {
            put_text(&given, field, 4, at, problems);
        });
        assert_eq!(found, (after.to_owned(), problems), "{given:?}");
    }
}

#[test]
fn a_text_that_may_be_absent_can_be_cleared() {
    use ProblemCode::{Blank, TooLong};
    for (given, after, problems) in [
        (None, Some("old"), vec![]),
        (Some(Some(" new ")), Some("new"), vec![]),
        (Some(None), None, vec![]),
        // What is refused is never written, so the field may hold anything.
        (Some(Some(" ")), None, vec![Blank]),
        (Some(Some("newer")), None, vec![TooLong]),
    ] {
        let given = given.map(|text: Option<&str>| text.map(str::to_owned));
        let found = put_in(Some("old".to_owned()), |field, at, problems| {
            put_optional_text(&given, field, 4, at, problems);
        });
        assert_eq!(found, (after.map(str::to_owned), problems), "{given:?}");
    }
}

#[test]
fn a_number_that_may_be_absent_is_within_its_bounds() {
    use ProblemCode::OutOfRange;
    for (given, after, problems) in [
        (None, Some(5.0), vec![]),
        (Some(None), None, vec![]),
        (Some(Some(-90.0)), Some(-90.0), vec![]),
        (Some(Some(90.0)), Some(90.0), vec![]),
        (Some(Some(-90.5)), Some(5.0), vec![OutOfRange]),
        (Some(Some(90.5)), Some(5.0), vec![OutOfRange]),
        (Some(Some(f64::NAN)), Some(5.0), vec![OutOfRange]),
    ] {
        let found = put_in(Some(5.0), |field, at, problems| {
            put_number(given, field, (-90.0, 90.0), at, problems);
        });
        assert_eq!(found, (after, problems), "{given:?}");
    }
}

#[test]
fn names_are_given_all_together_and_the_english_one_may_only_be_repeated() {
    use Locale::{Ar, En, Es, Fr};
    use ProblemCode::{Blank, Conflict, Duplicate};
    let at = |path: &str, code| vec![(path.to_owned(), code)];
    // French, Spanish and Arabic were "f", "e", "a"; the form is nothing, a clearance, or names.
    for (given, after, problems) in [
        (None, [Some("f"), Some("e"), Some("a")], vec![]),
        (Some(None), [None, None, None], vec![]),
        (Some(Some(&[][..])), [None, None, None], vec![]),
        (
            Some(Some(&[(Fr, " Népal "), (Ar, "نيبال"), (En, "Nepal"), (Es, "Nepal")])),
            [Some("Népal"), Some("Nepal"), Some("نيبال")],
            vec![],
        ),
        // A language that is not given has none any more.
        (Some(Some(&[(Es, "Nepal")])), [None, Some("Nepal"), None], vec![]),
        (
            Some(Some(&[(Fr, "un"), (En, "Népal")])),
            [Some("un"), None, None],
            at("names.1.name", Conflict),
        ),
        (
            Some(Some(&[(Fr, "un"), (Es, "dos"), (Fr, "deux")])),
            [Some("deux"), Some("dos"), None],
            at("names.2.locale", Duplicate),
        ),
        (
            Some(Some(&[(Es, "dos"), (Ar, " ")])),
            [None, Some("dos"), None],
            at("names.1.name", Blank),
        ),
    ] {
        let owned = |names: &[(Locale, &str)]| -> Vec<LocalName> {
            names
                .iter()
                .map(|(locale, name)| (*locale, (*name).to_owned()))
                .collect()
        };
        let given: Given<Vec<LocalName>> = given.map(|names: Option<&[_]>| names.map(owned));
        let [mut fr, mut es, mut ar] = ["f", "e", "a"].map(|name| Some(name.to_owned()));
        let mut found = Problems::default();
        let names = Names {
            fr: &mut fr,
            es: &mut es,
            ar: &mut ar,
        };
        put_names(&given, "Nepal", names, &Path::Root.field("names"), &mut found);
        assert_eq!([fr.as_deref(), es.as_deref(), ar.as_deref()], after, "{given:?}");
        assert_eq!(wrong(found), problems, "{given:?}");
    }
}

#[test]
fn a_row_goes_on_naming_what_is_retired_and_newly_names_only_what_is_in_use() {
    use ProblemCode::{Inactive, NotFound};
    type Check = fn(&str, Option<&str>, &Reference, &Path<'_>, &mut Problems) -> Option<String>;
    let (country, category): (Check, Check) = (country, category);
    for (check, code, before, expected) in [
        (country, "BGD", None, Ok("BGD")),
        (country, "BD", Some("OLD"), Ok("BGD")),
        (country, "050", None, Ok("BGD")),
        (country, "OLD", None, Err(Inactive)),
        (country, "OLD", Some("BGD"), Err(Inactive)),
        (country, "999", Some("OLD"), Ok("OLD")),
        (country, "XXX", Some("XXX"), Err(NotFound)),
        (category, "PPE", None, Ok("PPE")),
        (category, "GONE", None, Err(Inactive)),
        (category, "GONE", Some("PPE"), Err(Inactive)),
        (category, "GONE", Some("GONE"), Ok("GONE")),
        (category, "BGD", None, Err(NotFound)),
    ] {
        let mut problems = Problems::default();
        let found = check(code, before, &reference(), &Path::Root.field("it"), &mut problems);
        let found = found.ok_or_else(|| wrong(problems));
        let expected = expected
            .map(str::to_owned)
            .map_err(|code| vec![("it".to_owned(), code)]);
        assert_eq!(found, expected, "{code} {before:?}");
    }
}

#[test]
fn a_key_that_is_taken_is_told_with_who_has_it() {
    let problem = taken("country", "M49 code", "BGD", &Path::Root.field("m49"));
    let expected = Problem::new(ProblemCode::Duplicate, "The country BGD has this M49 code.");
    assert_eq!(problem, expected.at("m49"));
}
