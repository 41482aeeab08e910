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
mod tests;
