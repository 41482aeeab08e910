//! A country as an administrator enters it.

use entity::country::Model;
use entity::enums::{IncomeGroup, NamStatus, WhoRegion};

use crate::domain::form::{Given, LocalName, Names, put, put_names, put_number, put_optional_text, put_text, taken};
use crate::domain::problem::{Path, ProblemCode, Problems};
use crate::domain::reference::Reference;
use crate::domain::text::{NAME_MAX, canonical};

/// The year in which the Movement was founded.
const FOUNDED: i32 = 1961;
/// The year in which the Movement's working group on COVID-19 was founded.
const WORKING_GROUP: i32 = 2020;

/// The codes of a new country, given once.
#[derive(Clone, Debug)]
pub struct CountryCodes {
    /// ISO 3166-1 alpha-3.
    pub code: String,
    /// ISO 3166-1 alpha-2.
    pub iso2: String,
    /// UN M49.
    pub m49: String,
}

/// What an administrator enters of a country: all of a new one, or what changes.
#[derive(Clone, Debug, Default)]
pub struct CountryForm {
    /// Short English name.
    pub name: Given<String>,
    /// Formal English name.
    pub official_name: Given<String>,
    /// Names in other languages, all of them.
    pub names: Given<Vec<LocalName>>,
    /// Capital, in English.
    pub capital: Given<String>,
    /// UN M49 region.
    pub un_region: Given<String>,
    /// UN M49 subregion.
    pub un_subregion: Given<String>,
    /// WHO region.
    pub who_region: Given<WhoRegion>,
    /// World Bank income group.
    pub income_group: Given<IncomeGroup>,
    /// Persons.
    pub population: Given<i32>,
    /// Year of the population.
    pub population_year: Given<i32>,
    /// Degrees north.
    pub latitude: Given<f64>,
    /// Degrees east.
    pub longitude: Given<f64>,
    /// ISO 4217 code.
    pub currency: Given<String>,
    /// Standing in the Movement.
    pub nam_status: Given<NamStatus>,
    /// Year of joining it.
    pub nam_joined_year: Given<i32>,
}

impl CountryCodes {
    /// Checks the form of the codes, and that no country has one of them.
    pub fn check(&self, reference: &Reference, problems: &mut Problems) -> Option<Self> {
        let code = shaped(
            &self.code,
            is_capitals::<3>,
            "three capital letters: BGD",
            "code",
            problems,
        );
        let iso2 = shaped(
            &self.iso2,
            is_capitals::<2>,
            "two capital letters: BD",
            "iso2",
            problems,
        );
        let m49 = shaped(&self.m49, is_m49, "three digits: 050", "m49", problems);
        for (key, field) in [(&code, "code"), (&iso2, "iso2"), (&m49, "m49")] {
            if let Some(other) = key.as_deref().and_then(|key| reference.country(key)) {
                problems.push(taken("country", field, &other.row.code, &Path::Root.field(field)));
            }
        }
        Some(Self {
            code: code?,
            iso2: iso2?,
            m49: m49?,
        })
    }
}

impl CountryForm {
    /// Puts into the row what is given, and notes everything that is wrong.
    pub fn apply(&self, row: &mut Model, problems: &mut Problems) {
        let Self {
            name,
            official_name,
            names,
            capital,
            un_region,
            un_subregion,
            who_region,
            income_group,
            population,
            population_year,
            latitude,
            longitude,
            currency,
            nam_status,
            nam_joined_year,
        } = self;
        let at = Path::Root;
        put_text(name, &mut row.name, NAME_MAX, &at.field("name"), problems);
        let others = Names {
            fr: &mut row.name_fr,
            es: &mut row.name_es,
            ar: &mut row.name_ar,
        };
        put_names(names, &row.name, others, &at.field("names"), problems);
        for (given, field, path) in [
            (official_name, &mut row.official_name, "officialName"),
            (capital, &mut row.capital, "capital"),
            (un_region, &mut row.un_region, "unRegion"),
            (un_subregion, &mut row.un_subregion, "unSubregion"),
        ] {
            put_optional_text(given, field, NAME_MAX, &at.field(path), problems);
        }
        row.who_region = who_region.unwrap_or(row.who_region);
        row.income_group = income_group.unwrap_or(row.income_group);
        for (given, field, bounds, path) in [
            (population, &mut row.population, (0, i32::MAX), "population"),
            (
                population_year,
                &mut row.population_year,
                (1900, 2100),
                "populationYear",
            ),
            (
                nam_joined_year,
                &mut row.nam_joined_year,
                (FOUNDED, 2100),
                "namJoinedYear",
            ),
        ] {
            put_number(*given, field, bounds, &at.field(path), problems);
        }
        put_number(
            *latitude,
            &mut row.latitude,
            (-90.0, 90.0),
            &at.field("latitude"),
            problems,
        );
        put_number(
            *longitude,
            &mut row.longitude,
            (-180.0, 180.0),
            &at.field("longitude"),
            problems,
        );
        put_currency(currency, &mut row.currency, problems);
        put(*nam_status, &mut row.nam_status, &at.field("namStatus"), problems);
    }
}

/// Where a country that is entered now stood in May 2020, as far as its year of joining tells.
pub fn status_in_2020(status: NamStatus, joined: Option<i32>) -> NamStatus {
    match (status, joined) {
        (NamStatus::Member, Some(year)) if year <= WORKING_GROUP => NamStatus::Member,
        _ => NamStatus::None,
    }
}

fn put_currency(given: &Given<String>, field: &mut Option<String>, problems: &mut Problems) {
    match given {
        None => {}
        Some(None) => *field = None,
        Some(Some(code)) => {
            let what = "the three capital letters of ISO 4217: BDT";
            if let Some(code) = shaped(code, is_capitals::<3>, what, "currency", problems) {
                *field = Some(code);
            }
        }
    }
}

fn is_capitals<const LENGTH: usize>(code: &str) -> bool {
    code.len() == LENGTH && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_m49(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// A code of a form that is known elsewhere; `what` says the form.
fn shaped(code: &str, holds: fn(&str) -> bool, what: &str, field: &str, problems: &mut Problems) -> Option<String> {
    let code = canonical(code);
    if holds(&code) {
        return Some(code);
    }
    let message = format!("{code:?} is no such code, which is {what}.");
    problems.add(&Path::Root.field(field), ProblemCode::Invalid, message);
    None
}

#[cfg(test)]
mod tests {
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
        assert!(checked.is_some() || !problems.is_empty());
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
}
