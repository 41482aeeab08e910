//! The files of reference data: read into rows, every column checked, so that a mistake in a file is found at its
//! line and column, and never half a file comes in.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::enums::{IncomeGroup, NamStatus, NeedDomain};
use entity::{commodity, country, need_category, organization, unit};
use rust_decimal::Decimal;

use crate::domain::assistance_request::USD;
use crate::domain::number::{MAX_UNIT_COST_E4, UNIT_COST_SCALE, to_fixed};
use crate::domain::reference::Rows;
use crate::error::Error;
use crate::store::reference::kept::Keeping;
use crate::store::reference::table::{Line, lines};

/// The files, as texts with a line of column names first.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// Countries.
    pub countries: &'a str,
    /// Categories of needs, each after its parent.
    pub need_categories: &'a str,
    /// Commodities, and the units they are counted in.
    pub commodities: &'a str,
    /// Organizations.
    pub organizations: &'a str,
}

impl Files<'static> {
    /// The files that are part of the program.
    pub const BUNDLED: Self = Self {
        countries: include_str!("../../../data/reference/countries.csv"),
        need_categories: include_str!("../../../data/reference/need_categories.csv"),
        commodities: include_str!("../../../data/reference/commodities.csv"),
        organizations: include_str!("../../../data/reference/organizations.csv"),
    };
}

impl Files<'_> {
    /// The rows of the files, as they are inserted at `now`.
    ///
    /// # Errors
    /// `INTERNAL` with file, line and column of what is malformed, stands twice, or names what stands nowhere.
    pub fn rows(&self, now: DateTime<Utc>) -> Result<Rows, Error> {
        let new = Keeping::of_file(now);
        let mut seen = HashSet::new();
        let countries = lines("countries.csv", self.countries, |line| country(line, &mut seen, new))?;
        let mut domains = HashMap::new();
        let categories = lines("need_categories.csv", self.need_categories, |line| {
            category(line, &mut domains, new)
        })?;
        let mut units = vec![us_dollar()];
        let mut seen_commodities = HashSet::new();
        let commodities = lines("commodities.csv", self.commodities, |line| {
            let unit_code = unit_of(line, &mut units)?;
            commodity(line, &mut seen_commodities, &domains, unit_code, new)
        })?;
        let mut seen_organizations = HashSet::new();
        let organizations = lines("organizations.csv", self.organizations, |line| {
            organization(line, &mut seen_organizations, &seen, new)
        })?;
        Ok(Rows {
            countries,
            categories,
            units,
            commodities,
            organizations,
        })
    }
}

/// Codes of all three kinds share one set: their forms differ.
fn country(line: &Line<'_>, seen: &mut HashSet<String>, new: Keeping) -> Result<country::Model, Error> {
    let row = country::Model {
        code: line.key("iso3", seen)?,
        iso2: line.key("iso2", seen)?,
        m49: line.key("m49", seen)?,
        name: line.text("name")?,
        name_fr: line.optional("name_fr")?,
        name_es: line.optional("name_es")?,
        name_ar: line.optional("name_ar")?,
        official_name: line.optional("official_name")?,
        capital: line.optional("capital")?,
        un_region: line.optional("un_region")?,
        un_subregion: line.optional("un_subregion")?,
        who_region: line.choice("who_region")?,
        income_group: income_group(line)?,
        population: line.parsed("population")?,
        population_year: line.parsed("population_year")?,
        latitude: line.parsed("latitude")?,
        longitude: line.parsed("longitude")?,
        currency: line.optional("currency")?,
        nam_status: line.needed("nam_status", line.choice("nam_status")?)?,
        nam_status_2020: nam_status_2020(line)?,
        nam_joined_year: line.parsed("nam_joined_year")?,
        active: new.active,
        edited: new.edited,
        from_file: new.from_file,
        version: new.version,
        created_at: new.created_at,
        updated_at: new.updated_at,
    };
    Ok(row)
}

/// The World Bank's short forms; INX is what it does not classify.
fn income_group(line: &Line<'_>) -> Result<Option<IncomeGroup>, Error> {
    let column = "income_group";
    match line.optional(column)?.as_deref() {
        None | Some("INX") => Ok(None),
        Some("LIC") => Ok(Some(IncomeGroup::Low)),
        Some("LMC") => Ok(Some(IncomeGroup::LowerMiddle)),
        Some("UMC") => Ok(Some(IncomeGroup::UpperMiddle)),
        Some("HIC") => Ok(Some(IncomeGroup::High)),
        Some(other) => Err(line.wrong(column, format!("{other} is no income group"))),
    }
}

fn nam_status_2020(line: &Line<'_>) -> Result<NamStatus, Error> {
    let (member, observer) = ("nam_member_2020", "nam_observer_2020");
    let is_member = line.needed(member, line.parsed(member)?)?;
    let is_observer = line.needed(observer, line.parsed(observer)?)?;
    match (is_member, is_observer) {
        (true, true) => Err(line.wrong(observer, "a member is no observer")),
        (true, false) => Ok(NamStatus::Member),
        (false, true) => Ok(NamStatus::Observer),
        (false, false) => Ok(NamStatus::None),
    }
}

/// `domains` has the codes that stand above this line, each with its domain.
fn category(
    line: &Line<'_>,
    domains: &mut HashMap<String, NeedDomain>,
    new: Keeping,
) -> Result<need_category::Model, Error> {
    let code = line.text("code")?;
    let domain = line.needed("domain", line.choice("domain")?)?;
    let parent_code = line.known("parent_code", |parent| domains.contains_key(parent))?;
    let of_parent = parent_code.as_ref().and_then(|parent| domains.get(parent));
    if of_parent.is_some_and(|of_parent| *of_parent != domain) {
        return Err(line.wrong("domain", "not the parent's"));
    }
    if domains.insert(code.clone(), domain).is_some() {
        return Err(line.wrong("code", format!("{code} stands twice")));
    }
    Ok(need_category::Model {
        code,
        parent_code,
        domain,
        name: line.text("name")?,
        name_fr: None,
        name_es: None,
        name_ar: None,
        description: line.optional("description")?,
        iasc_sector: line.optional("iasc_sector")?,
        who_pillar: line.parsed("who_pillar")?,
        sort_order: line.needed("sort_order", line.parsed("sort_order")?)?,
        active: new.active,
        edited: new.edited,
        from_file: new.from_file,
        version: new.version,
        created_at: new.created_at,
        updated_at: new.updated_at,
    })
}

/// The unit of FUNDING, which no commodity has. Currencies have no code of UNECE Recommendation 20.
fn us_dollar() -> unit::Model {
    unit_model(USD.into(), None, "US dollar".into())
}

const fn unit_model(code: String, unece: Option<String>, label: String) -> unit::Model {
    unit::Model {
        code,
        unece,
        label,
        label_fr: None,
        label_es: None,
        label_ar: None,
    }
}

/// The code of a commodity's unit, which joins `units` where it is not among them: one code is always one unit.
fn unit_of(line: &Line<'_>, units: &mut Vec<unit::Model>) -> Result<String, Error> {
    let code = line.text("unit_code")?;
    let unit = unit_model(code.clone(), line.optional("unece_unit")?, line.text("unit_label")?);
    match units.iter().find(|known| known.code == code) {
        Some(known) if *known != unit => Err(line.wrong("unit_code", format!("{code} is another unit elsewhere"))),
        Some(_) => Ok(code),
        None => {
            units.push(unit);
            Ok(code)
        }
    }
}

fn commodity(
    line: &Line<'_>,
    seen: &mut HashSet<String>,
    categories: &HashMap<String, NeedDomain>,
    unit_code: String,
    new: Keeping,
) -> Result<commodity::Model, Error> {
    let category_code = line.known("category_code", |code| categories.contains_key(code))?;
    Ok(commodity::Model {
        code: line.key("code", seen)?,
        category_code: line.needed("category_code", category_code)?,
        name: line.text("name")?,
        name_fr: None,
        name_es: None,
        name_ar: None,
        specification: line.optional("specification")?,
        unit_code,
        unspsc: line.optional("unspsc")?,
        who_reference: line.optional("who_dcp_ref")?,
        indicative_unit_price_e4: price_e4(line)?,
        active: new.active,
        edited: new.edited,
        from_file: new.from_file,
        version: new.version,
        created_at: new.created_at,
        updated_at: new.updated_at,
    })
}

fn price_e4(line: &Line<'_>) -> Result<Option<i64>, Error> {
    let column = "indicative_unit_price_usd";
    let price: Option<Decimal> = line.parsed(column)?;
    price
        .map(|price| {
            to_fixed(price, UNIT_COST_SCALE, 0, MAX_UNIT_COST_E4)
                .map_err(|why| line.wrong(column, format!("{price} is no price: {why:?}")))
        })
        .transpose()
}

fn organization(
    line: &Line<'_>,
    seen: &mut HashSet<String>,
    countries: &HashSet<String>,
    new: Keeping,
) -> Result<organization::Model, Error> {
    // Alpha-3 alone: the set has the other codes too.
    let is_known =
        |code: &str| code.bytes().all(|byte| byte.is_ascii_uppercase()) && code.len() == 3 && countries.contains(code);
    let row = organization::Model {
        code: line.key("code", seen)?,
        name: line.text("name")?,
        kind: line.needed("kind", line.choice("kind")?)?,
        country_code: line.known("country_iso3", is_known)?,
        url: line.optional("url")?,
        active: new.active,
        edited: new.edited,
        from_file: new.from_file,
        version: new.version,
        created_at: new.created_at,
        updated_at: new.updated_at,
    };
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::commodity::{CommodityForm, CommodityKey};
    use crate::domain::country::{CountryCodes, CountryForm};
    use crate::domain::need_category::{CategoryForm, CategoryKey};
    use crate::domain::number::from_fixed;
    use crate::domain::organization::{OrganizationForm, check_code};
    use crate::domain::problem::Problems;
    use crate::domain::reference::Reference;

    fn bundled() -> Rows {
        match Files::BUNDLED.rows(DateTime::UNIX_EPOCH) {
            Ok(rows) => rows,
            Err(error) => unreachable!("{error:?}"),
        }
    }

    /// How many rows have each value.
    fn tally<R, T: std::fmt::Debug>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<(String, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        for row in rows {
            *counts.entry(format!("{:?}", value(row))).or_insert(0) += 1;
        }
        counts.into_iter().collect()
    }

    fn counts<const N: usize>(counts: [(&str, usize); N]) -> Vec<(String, usize)> {
        counts.map(|(name, count)| (name.to_owned(), count)).into()
    }

    // The figures below were counted from the files by other means.

    #[test]
    fn every_row_of_every_file_comes_in() {
        let rows = bundled();
        assert_eq!(rows.countries.len(), 195);
        assert_eq!(rows.categories.len(), 72);
        assert_eq!(rows.commodities.len(), 120);
        assert_eq!(rows.organizations.len(), 55);
        assert_eq!(rows.units.len(), 34 + 1);
    }

    #[test]
    fn countries_are_what_the_file_says() {
        let rows = bundled().countries;
        assert_eq!(
            rows.iter().filter_map(|row| row.population).map(i64::from).sum::<i64>(),
            8_103_488_983
        );
        let regions = [
            ("None", 2),
            ("Some(Afro)", 47),
            ("Some(Amro)", 35),
            ("Some(Emro)", 22),
            ("Some(Euro)", 53),
            ("Some(Searo)", 10),
            ("Some(Wpro)", 26),
        ];
        assert_eq!(tally(&rows, |row| row.who_region), counts(regions));
        let incomes = [
            ("None", 3),
            ("Some(High)", 64),
            ("Some(Low)", 25),
            ("Some(LowerMiddle)", 50),
            ("Some(UpperMiddle)", 53),
        ];
        assert_eq!(tally(&rows, |row| row.income_group), counts(incomes));
        let now = [("Member", 121), ("None", 56), ("Observer", 18)];
        assert_eq!(tally(&rows, |row| row.nam_status), counts(now));
        let then = [("Member", 120), ("None", 58), ("Observer", 17)];
        assert_eq!(tally(&rows, |row| row.nam_status_2020), counts(then));
        assert_eq!(rows.iter().filter(|row| row.nam_joined_year.is_none()).count(), 74);
        let whole = |row: &country::Model| row.name_fr.is_some() && row.name_es.is_some() && row.name_ar.is_some();
        assert!(rows.iter().all(whole));
    }

    #[test]
    fn namibia_is_no_missing_value() {
        let rows = bundled().countries;
        let namibia = rows.iter().find(|row| row.code == "NAM");
        let codes = namibia.map(|row| (row.iso2.as_str(), row.m49.as_str(), row.currency.as_deref()));
        assert_eq!(codes, Some(("NA", "516", Some("NAD"))));
    }

    #[test]
    fn categories_are_what_the_file_says() {
        let rows = bundled().categories;
        let domains = [("Humanitarian", 20), ("Medical", 37), ("Social", 15)];
        assert_eq!(tally(&rows, |row| row.domain), counts(domains));
        assert_eq!(rows.iter().map(|row| row.sort_order).sum::<i32>(), 26_290);
        let roots = rows.iter().filter(|row| row.parent_code.is_none());
        assert_eq!(
            roots.map(|row| row.code.as_str()).collect::<Vec<_>>(),
            ["MED", "SOC", "HUM"]
        );
        assert_eq!(rows.iter().filter(|row| row.who_pillar.is_none()).count(), 34);
    }

    #[test]
    fn commodities_and_units_are_what_the_file_says() {
        let rows = bundled();
        let prices: Vec<i64> = rows
            .commodities
            .iter()
            .filter_map(|row| row.indicative_unit_price_e4)
            .collect();
        assert_eq!((prices.len(), prices.iter().sum::<i64>()), (52, 938_915_530));
        assert_eq!(rows.commodities.iter().filter(|row| row.unspsc.is_some()).count(), 8);
        assert_eq!(
            rows.commodities
                .iter()
                .filter(|row| row.who_reference.is_some())
                .count(),
            53
        );
        assert_eq!(
            rows.commodities.iter().filter(|row| row.unit_code == "PIECE").count(),
            57
        );
        let unit = |code: &str| {
            rows.units
                .iter()
                .find(|unit| unit.code == code)
                .map(|unit| unit.unece.as_deref())
        };
        assert_eq!(unit("PIECE"), Some(Some("H87")));
        assert_eq!(unit("PERSON_MONTH"), Some(Some("MON")));
        assert_eq!(unit("USD"), Some(None));
    }

    #[test]
    fn organizations_are_what_the_file_says() {
        let rows = bundled().organizations;
        let kinds = [
            ("Fund", 7),
            ("Government", 6),
            ("Intergovernmental", 13),
            ("Ngo", 7),
            ("Private", 2),
            ("RedCross", 2),
            ("UnAgency", 18),
        ];
        assert_eq!(tally(&rows, |row| row.kind), counts(kinds));
        let nowhere = rows.iter().filter(|row| row.country_code.is_none());
        assert_eq!(
            nowhere.map(|row| row.code.as_str()).collect::<Vec<_>>(),
            ["NAM_CHAIR", "FTS_DONORS"]
        );
    }

    #[test]
    fn every_country_keeps_the_rules_that_administrators_keep() {
        let mut problems = Problems::default();
        for row in bundled().countries {
            let codes = CountryCodes {
                code: row.code.clone(),
                iso2: row.iso2.clone(),
                m49: row.m49.clone(),
            };
            assert!(codes.check(&Reference::default(), &mut problems).is_some());
            let form = CountryForm {
                name: Some(Some(row.name.clone())),
                official_name: Some(row.official_name.clone()),
                capital: Some(row.capital.clone()),
                un_region: Some(row.un_region.clone()),
                un_subregion: Some(row.un_subregion.clone()),
                population: Some(row.population),
                population_year: Some(row.population_year),
                latitude: Some(row.latitude),
                longitude: Some(row.longitude),
                currency: Some(row.currency.clone()),
                nam_joined_year: Some(row.nam_joined_year),
                ..Default::default()
            };
            let mut same = row.clone();
            form.apply(&mut same, &mut problems);
            assert_eq!(same, row);
        }
        assert_eq!(problems.0, []);
    }

    #[test]
    fn every_category_keeps_the_rules_that_administrators_keep() {
        let reference = Reference::new(bundled());
        let mut problems = Problems::default();
        for row in bundled().categories {
            let key = CategoryKey {
                code: row.code.clone(),
                domain: row.domain,
            };
            assert!(key.check(&Reference::default(), &mut problems).is_some());
            let form = CategoryForm {
                name: Some(Some(row.name.clone())),
                description: Some(row.description.clone()),
                parent: Some(row.parent_code.clone()),
                iasc_sector: Some(row.iasc_sector.clone()),
                who_pillar: Some(row.who_pillar),
                ..Default::default()
            };
            let mut same = row.clone();
            form.apply(&mut same, &reference, &mut problems);
            assert_eq!(same, row);
        }
        assert_eq!(problems.0, []);
    }

    #[test]
    fn every_commodity_keeps_the_rules_that_administrators_keep() {
        let reference = Reference::new(bundled());
        let units_alone = Reference::new(Rows {
            units: bundled().units,
            ..Default::default()
        });
        let mut problems = Problems::default();
        for row in bundled().commodities {
            let key = CommodityKey {
                code: row.code.clone(),
                unit: row.unit_code.clone(),
            };
            assert!(key.check(&units_alone, &mut problems).is_some());
            let price = row
                .indicative_unit_price_e4
                .map(|price| from_fixed(price, UNIT_COST_SCALE));
            let form = CommodityForm {
                name: Some(Some(row.name.clone())),
                category: Some(Some(row.category_code.clone())),
                specification: Some(row.specification.clone()),
                unspsc: Some(row.unspsc.clone()),
                who_reference: Some(row.who_reference.clone()),
                indicative_unit_price_usd: Some(price),
                ..Default::default()
            };
            let mut same = row.clone();
            form.apply(&mut same, &reference, &mut problems);
            assert_eq!(same, row);
        }
        assert_eq!(problems.0, []);
    }

    #[test]
    fn every_organization_keeps_the_rules_that_administrators_keep() {
        let reference = Reference::new(bundled());
        let mut problems = Problems::default();
        for row in bundled().organizations {
            assert!(check_code(&row.code, &Reference::default(), &mut problems).is_some());
            let form = OrganizationForm {
                name: Some(Some(row.name.clone())),
                country: Some(row.country_code.clone()),
                url: Some(row.url.clone()),
                ..Default::default()
            };
            let mut same = row.clone();
            form.apply(&mut same, &reference, &mut problems);
            assert_eq!(same, row);
        }
        assert_eq!(problems.0, []);
    }

    #[test]
    fn a_byte_order_mark_and_blanks_at_the_end_do_no_harm() {
        let countries = Files::BUNDLED.countries.replace(",Kabul,", ",Kabul  ,");
        let files = Files {
            countries: &format!("\u{feff}{countries}"),
            ..Files::BUNDLED
        };
        let rows = files.rows(DateTime::UNIX_EPOCH).map(|rows| rows.countries);
        assert!(rows.is_ok_and(|rows| rows == bundled().countries));
    }

    #[test]
    fn a_mistake_is_told_with_file_line_and_column() {
        let bundled = Files::BUNDLED;
        let countries = |from: &str, to: &str| bundled.countries.replacen(from, to, 1);
        let categories = |from: &str, to: &str| bundled.need_categories.replacen(from, to, 1);
        let commodities = |from: &str, to: &str| bundled.commodities.replacen(from, to, 1);
        let organizations = |from: &str, to: &str| bundled.organizations.replacen(from, to, 1);
        let of_countries = |text: &str| {
            Files {
                countries: text,
                ..bundled
            }
            .rows(DateTime::UNIX_EPOCH)
            .err()
        };
        let of_categories = |text: &str| {
            Files {
                need_categories: text,
                ..bundled
            }
            .rows(DateTime::UNIX_EPOCH)
            .err()
        };
        let of_commodities = |text: &str| {
            Files {
                commodities: text,
                ..bundled
            }
            .rows(DateTime::UNIX_EPOCH)
            .err()
        };
        let of_organizations = |text: &str| {
            Files {
                organizations: text,
                ..bundled
            }
            .rows(DateTime::UNIX_EPOCH)
            .err()
        };
        let table = [
            (
                of_countries(&countries("42647492", "many")),
                "countries.csv, line 2, column population: many",
            ),
            (
                of_countries(&countries(",LIC,", ",POOR,")),
                "countries.csv, line 2, column income_group: POOR",
            ),
            (
                of_countries(&countries(",EMRO,", ",EMPO,")),
                "countries.csv, line 2, column who_region: EMPO",
            ),
            (
                of_countries(&countries("AL,ALB", "AF,ALB")),
                "countries.csv, line 3, column iso2: AF stands twice",
            ),
            (
                of_countries(&countries(",true,false", ",true,true")),
                "countries.csv, line 2, column nam_observer_2020",
            ),
            (
                of_countries(&countries("Afghanistan,Islamic", ",Islamic")),
                "countries.csv, line 2, column name: blank",
            ),
            (
                of_countries(&countries("iso2,iso3", "iso2,iso4")),
                "countries.csv, line 2, column iso3: no such column",
            ),
            (of_countries(&countries("AF,AFG", "AF")), "countries.csv: CSV error"),
            (
                of_categories(&categories("MED.PPE,MED,", "MED.PPE,MAD,")),
                "line 3, column parent_code: MAD stands nowhere",
            ),
            (
                of_categories(&categories("MED.PPE,MED,MEDICAL", "MED.PPE,MED,SOCIAL")),
                "line 3, column domain",
            ),
            (
                of_categories(&categories("MED.PPE,MED", "MED,MED")),
                "line 3, column code: MED stands twice",
            ),
            (
                of_commodities(&commodities(",0.03,", ",0.00003,")),
                "line 2, column indicative_unit_price_usd: 0.00003",
            ),
            (
                of_commodities(&commodities(",PIECE,H87,", ",PIECE,C62,")),
                "line 3, column unit_code: PIECE is another",
            ),
            (
                of_commodities(&commodities(",MED.PPE.MASK,", ",MED.PPE.MAST,")),
                "line 2, column category_code: MED.PPE.MAST",
            ),
            (
                of_organizations(&organizations(",CHE,", ",CH,")),
                "organizations.csv, line 2, column country_iso3: CH",
            ),
            (
                of_organizations(&organizations(",UN_AGENCY,", ",UN,")),
                "organizations.csv, line 2, column kind: UN is",
            ),
        ];
        for (error, expected) in table {
            let told = matches!(&error, Some(Error::Internal(cause)) if cause.contains(expected));
            assert!(told, "{error:?} does not say {expected}");
        }
    }
}
