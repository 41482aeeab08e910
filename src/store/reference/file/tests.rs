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
