use entity::enums::Locale;

use super::*;
use crate::domain::fixture::{country, reference, wrong};

fn codes(code: &str, iso2: &str, m49: &str) -> Vec<(String, ProblemCode)> {
    let mut problems = Problems::default();
    let codes = CountryCodes {
        code: code.into(),
        iso2: iso2.into(),
        m49: m49.into(),
    };
    let checked = codes.check(&reference(), &mut problems);
    let kept = checked.map(|codes| [codes.code, codes.iso2, codes.m49]);
    // Well-formed ones come back as they are kept.
    let trimmed = [code, iso2, m49].map(str::trim).map(str::to_owned);
    assert!(kept.map_or(!problems.is_empty(), |kept| kept == trimmed));
    wrong(problems)
}

fn applied(form: &CountryForm) -> (Model, Vec<(String, ProblemCode)>) {
    let mut row = country("BGD", "BD", "050", true);
    let mut problems = Problems::default();
    form.apply(&mut row, &mut problems);
    (row, wrong(problems))
}

#[test]
fn codes_have_their_forms_and_nobody_elses() {
    use ProblemCode::{Duplicate, Invalid};
    assert_eq!(codes("XKX", "XK", "412"), []);
    assert_eq!(codes(" XKX", "XK\t", " 412 "), []);
    assert_eq!(
        codes("XK", "XKX", "12"),
        [
            ("code".into(), Invalid),
            ("iso2".into(), Invalid),
            ("m49".into(), Invalid)
        ]
    );
    assert_eq!(
        codes("xkx", "ÄÖ", "4 2"),
        [
            ("code".into(), Invalid),
            ("iso2".into(), Invalid),
            ("m49".into(), Invalid)
        ]
    );
    assert_eq!(
        codes("BGD", "BD", "050"),
        [
            ("code".into(), Duplicate),
            ("iso2".into(), Duplicate),
            ("m49".into(), Duplicate)
        ]
    );
    // Also what a retired country has.
    assert_eq!(codes("XKX", "OL", "412"), [("iso2".into(), Duplicate)]);
}

#[test]
fn an_empty_form_changes_nothing() {
    assert_eq!(
        applied(&CountryForm::default()),
        (country("BGD", "BD", "050", true), vec![])
    );
}

#[test]
fn an_explicit_nothing_clears_what_can_be_absent() {
    let form = CountryForm {
        official_name: Some(None),
        names: Some(None),
        population: Some(None),
        population_year: Some(None),
        currency: Some(None),
        nam_joined_year: Some(None),
        ..Default::default()
    };
    let (row, problems) = applied(&form);
    assert_eq!(problems, []);
    assert_eq!((row.official_name, row.name_fr, row.population), (None, None, None));
    assert_eq!(
        (row.population_year, row.currency, row.nam_joined_year),
        (None, None, None)
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    use ProblemCode::{Blank, Conflict, Duplicate, Invalid, OutOfRange, Required, TooLong};
    let form = CountryForm {
        name: Some(None),
        official_name: Some(Some("x".repeat(201))),
        names: Some(Some(vec![
            (Locale::Fr, " ".into()),
            (Locale::Es, "Uno".into()),
            (Locale::Es, "Dos".into()),
            (Locale::En, "Another".into()),
        ])),
        population: Some(Some(-1)),
        population_year: Some(Some(1899)),
        latitude: Some(Some(90.5)),
        longitude: Some(Some(-180.5)),
        currency: Some(Some("Taka".into())),
        nam_status: Some(None),
        nam_joined_year: Some(Some(1960)),
        ..Default::default()
    };
    let expected = [
        ("name", Required),
        ("names.0.name", Blank),
        ("names.2.locale", Duplicate),
        ("names.3.name", Conflict),
        ("officialName", TooLong),
        ("population", OutOfRange),
        ("populationYear", OutOfRange),
        ("namJoinedYear", OutOfRange),
        ("latitude", OutOfRange),
        ("longitude", OutOfRange),
        ("currency", Invalid),
        ("namStatus", Required),
    ];
    let (_, problems) = applied(&form);
    assert_eq!(problems, expected.map(|(path, code)| (path.to_owned(), code)));
}

#[test]
fn names_are_replaced_as_a_whole() {
    let form = CountryForm {
        name: Some(Some("New name".into())),
        names: Some(Some(vec![(Locale::Ar, "اسم".into()), (Locale::En, "New name".into())])),
        ..Default::default()
    };
    let (row, problems) = applied(&form);
    assert_eq!(problems, []);
    assert_eq!(
        (row.name.as_str(), row.name_fr, row.name_ar.as_deref()),
        ("New name", None, Some("اسم"))
    );
}

#[test]
fn who_joined_by_2020_was_a_member_then() {
    use NamStatus::{Member, None as Neither, Observer};
    for (status, joined, then) in [
        (Member, Some(2020), Member),
        (Member, Some(2021), Neither),
        (Member, None, Neither),
        (Observer, Some(1990), Neither),
    ] {
        assert_eq!(status_in_2020(status, joined), then, "{status:?} {joined:?}");
    }
}

/// A form of numbers alone: population, its year, the year of joining, and the place.
fn numbers(people: i32, year: i32, joined: i32, latitude: f64, longitude: f64) -> CountryForm {
    CountryForm {
        population: Some(Some(people)),
        population_year: Some(Some(year)),
        nam_joined_year: Some(Some(joined)),
        latitude: Some(Some(latitude)),
        longitude: Some(Some(longitude)),
        ..Default::default()
    }
}

#[test]
fn numbers_reach_from_bound_to_bound() {
    for form in [
        numbers(0, 1900, 1961, -90.0, -180.0),
        numbers(i32::MAX, 2100, 2100, 90.0, 180.0),
    ] {
        let (row, problems) = applied(&form);
        assert_eq!(problems, []);
        let years = [row.population_year, row.nam_joined_year];
        assert_eq!(Some(row.population), form.population);
        assert_eq!(years.map(Some), [form.population_year, form.nam_joined_year]);
        assert_eq!([row.latitude, row.longitude].map(Some), [form.latitude, form.longitude]);
    }
    let all = ["populationYear", "namJoinedYear", "latitude", "longitude"];
    for form in [
        numbers(0, 1899, 1960, -90.001, -180.001),
        numbers(0, 2101, 2101, 90.001, 180.001),
        numbers(0, 1899, 2101, f64::NAN, f64::INFINITY),
    ] {
        let (row, problems) = applied(&form);
        assert_eq!(problems, all.map(|path| (path.to_owned(), ProblemCode::OutOfRange)));
        assert_eq!(
            (row.population_year, row.latitude),
            (Some(2024), None),
            "what it had stays"
        );
    }
}

#[test]
fn regions_and_groups_are_put_in_and_cleared() {
    let form = CountryForm {
        who_region: Some(Some(WhoRegion::Searo)),
        income_group: Some(Some(IncomeGroup::Low)),
        nam_status: Some(Some(NamStatus::Observer)),
        capital: Some(Some(" Dhaka ".into())),
        currency: Some(Some("INR".into())),
        ..Default::default()
    };
    let (mut row, problems) = applied(&form);
    assert_eq!(problems, []);
    assert_eq!(
        (row.who_region, row.income_group),
        (Some(WhoRegion::Searo), Some(IncomeGroup::Low))
    );
    assert_eq!(
        (row.capital.as_deref(), row.currency.as_deref()),
        (Some("Dhaka"), Some("INR"))
    );
    assert_eq!(row.nam_status, NamStatus::Observer);
    let nothing = CountryForm {
        who_region: Some(None),
        income_group: Some(None),
        ..Default::default()
    };
    nothing.apply(&mut row, &mut Problems::default());
    assert_eq!((row.who_region, row.income_group), (None, None));
}
