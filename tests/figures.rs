//! The bundled figures against the files themselves: counts and sums are computed here a second time, by other means.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate};
use entity::enums::{ItemKind, Priority};
use nam_needs::domain::problem::{Path, Problems};
use nam_needs::domain::reference::Reference;
use nam_needs::interchange::figures::{FORECAST, Figures, PEOPLE_IN_NEED, PLANS};
use nam_needs::interchange::import::{ImportRow, Plan};
use nam_needs::interchange::report::Outcome;
use nam_needs::store::reference::Files;
use rust_decimal::Decimal;

const MOST_ITEMS: usize = 200;

/// A file as rows by header, read with nothing of ours.
fn rows(file: &str) -> Vec<HashMap<String, String>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(file);
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn plans() -> Vec<HashMap<String, String>> {
    rows("real/ghrp_country_plan_requirements_2020-10-21.csv")
}

fn lines_of_forecast() -> Vec<HashMap<String, String>> {
    rows("real/derived_nam_ppe_needs_30d.csv")
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

static REFERENCE: LazyLock<Reference> =
    LazyLock::new(|| Reference::new(Files::BUNDLED.rows(DateTime::UNIX_EPOCH).unwrap()));

fn plan(figures: &Figures) -> Plan {
    figures.plan(&REFERENCE, MOST_ITEMS).unwrap()
}

fn id(row: &ImportRow) -> &str {
    row.import.form.external_id.as_deref().unwrap()
}

fn amounts(row: &ImportRow) -> Vec<Decimal> {
    row.import.form.items.iter().map(|item| item.quantity).collect()
}

fn text(plan: &Plan) -> String {
    let mut out = Vec::new();
    plan.report.write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn plans_come_to_the_published_numbers() {
    let totals = plan(&PLANS).report.totals;
    assert_eq!(
        (totals.rows, totals.loaded, totals.skipped, totals.refused),
        (113, 95, 16, 2)
    );
    assert_eq!((totals.requests, totals.items), (71, 95));
    assert_eq!(totals.value_usd, decimal("36502086397"));
}

#[test]
fn the_sum_of_plans_is_that_of_the_file_without_what_would_count_twice() {
    let rows = plans();
    let states: BTreeSet<String> = REFERENCE.countries.keys().cloned().collect();
    let repeated = |row: &HashMap<String, String>| {
        let twins = rows
            .iter()
            .filter(|other| other["plan_name"] == row["plan_name"] && other["required_usd"] == row["required_usd"]);
        row["plan_type"] == "REGIONAL" && twins.count() > 1
    };
    let expected: Decimal = rows
        .iter()
        .filter(|row| states.contains(&row["iso3"]) && !repeated(row) && row["plan_type"] != "HRP-COVID19")
        .map(|row| decimal(&row["required_usd"]))
        .sum();
    assert_eq!(plan(&PLANS).report.totals.value_usd, expected);
}

#[test]
fn a_covid_component_and_the_rest_make_the_published_total() {
    let plan = plan(&PLANS);
    let by_id: HashMap<&str, &ImportRow> = plan.rows.iter().map(|row| (id(row), row)).collect();
    let published = plans();
    let of = |iso3: &str, kind: &str| {
        published
            .iter()
            .find(|row| row["iso3"] == iso3 && row["plan_type"] == kind)
            .map(|row| decimal(&row["required_usd"]))
    };
    let mut pairs = 0;
    for row in published.iter().filter(|row| row["plan_type"] == "HRP") {
        let iso3 = row["iso3"].as_str();
        let request = by_id
            .values()
            .find(|found| id(found).starts_with(&format!("{iso3}/HRP/")))
            .unwrap();
        assert_eq!(
            amounts(request).iter().sum::<Decimal>(),
            decimal(&row["required_usd"]),
            "{iso3}"
        );
        if let Some(covid) = of(iso3, "HRP-COVID19") {
            assert_eq!(amounts(request).len(), 2, "{iso3}");
            assert_eq!(amounts(request)[0], covid, "{iso3}");
            pairs += 1;
        }
    }
    assert_eq!(pairs, 24);
    let afghanistan = by_id["AFG/HRP/afghanistan-hrp-2020-total"];
    assert_eq!(amounts(afghanistan), [decimal("395689175"), decimal("735361645")]);
    let descriptions: Vec<_> = afghanistan
        .import
        .form
        .items
        .iter()
        .map(|item| item.description.as_deref())
        .collect();
    assert_eq!(
        descriptions,
        [
            Some("COVID-19 component of the plan"),
            Some("The plan without its COVID-19 component")
        ]
    );
    assert_eq!(afghanistan.item_lines, [3, 4]);
    assert_eq!(
        amounts(by_id["COL/HRP/colombia-hrp-2020-total"]),
        [decimal("209700000")]
    );
}

#[test]
fn a_regional_plan_is_loaded_where_its_amounts_are_parts_and_skipped_where_it_is_repeated() {
    let plan = plan(&PLANS);
    let skipped: Vec<&str> = plan
        .report
        .lines
        .iter()
        .filter(|line| matches!(line.outcome, Outcome::Skipped(_)))
        .map(|line| line.external_id.as_deref().unwrap())
        .collect();
    let of = |slug: &str| skipped.iter().filter(|id| id.ends_with(slug)).count();
    assert_eq!(of("/REGIONAL/democratic-republic-of-congo-regional"), 6);
    assert_eq!(
        of("/REGIONAL/regional-migrant-for-the-horn-of-africa-and-yemen-2020"),
        4
    );
    assert_eq!(of("/REGIONAL/south-sudan-regional"), 3);
    assert_eq!(of("/REGIONAL/burundi-regional"), 3);
    assert_eq!(skipped.len(), 16);
    let told = text(&plan);
    assert!(
        told.contains("line 5 (Democratic Republic of Congo Regional: Angola): skipped: Democratic Republic of Congo Regional stands with the same 638709377 under AGO, COG, RWA, TZA, UGA, ZMB"),
        "{told}"
    );
    let chile = plan
        .rows
        .iter()
        .find(|row| id(row) == "CHL/REGIONAL/venezuela-regional")
        .unwrap();
    assert_eq!(chile.import.form.title, "Venezuela Regional: Chile");
    assert_eq!(amounts(chile), [decimal("91127740")]);
}

#[test]
fn rows_of_no_state_are_refused_by_name() {
    let plan = plan(&PLANS);
    let told = text(&plan);
    assert!(
        told.contains("line 2 (Venezuela Regional: Aruba): refused: column iso3: No country has the code ABW."),
        "{told}"
    );
    assert!(
        told.contains("line 29 (Venezuela Regional: Curaçao): refused: column iso3: No country has the code CUW."),
        "{told}"
    );
}

#[test]
fn plans_say_where_they_come_from() {
    let plan = plan(&PLANS);
    let day = NaiveDate::from_ymd_opt(2020, 10, 21);
    let ids: BTreeSet<&str> = plan.rows.iter().map(id).collect();
    assert_eq!(ids.len(), plan.rows.len());
    for row in &plan.rows {
        let form = &row.import.form;
        assert_eq!(form.source.as_deref(), Some("OCHA-FTS-2020-10-21"));
        assert_eq!(form.source_url.as_deref(), Some("https://fts.unocha.org"));
        let description = form.description.as_deref().unwrap();
        assert!(description.starts_with("The plan's requirement as published by OCHA FTS on 21 October 2020"));
        assert_eq!((row.import.confirmed_on, row.import.verified_on), (day, day));
        assert_eq!(form.priority, Priority::High);
        for item in &form.items {
            assert_eq!((item.kind, item.unit.as_deref()), (ItemKind::Funding, Some("USD")));
            assert_eq!(item.category.as_deref(), Some("HUM.MULTI"));
        }
    }
}

#[test]
fn the_forecast_is_loaded_line_by_line() {
    let plan = plan(&FORECAST);
    let totals = &plan.report.totals;
    assert_eq!(
        (totals.rows, totals.loaded, totals.skipped, totals.refused),
        (1080, 1080, 0, 0)
    );
    assert_eq!((totals.requests, totals.items), (120, 1080));
    let lines = lines_of_forecast();
    let mut by_country: BTreeMap<&str, Vec<Decimal>> = BTreeMap::new();
    for line in &lines {
        by_country
            .entry(&line["iso3"])
            .or_default()
            .push(decimal(&line["quantity_needed"]));
    }
    assert_eq!(by_country.len(), 120);
    for row in &plan.rows {
        assert_eq!(amounts(row), by_country[id(row)]);
    }
    let exact: Decimal = lines
        .iter()
        .map(|line| decimal(&line["quantity_needed"]) * decimal(&line["unit_price_usd"]))
        .sum();
    assert_eq!(totals.value_usd, exact);
    assert_eq!(exact, decimal("2690162947.953"));
}

#[test]
fn the_rounded_values_of_the_forecast_agree_with_the_exact_ones() {
    let values: HashMap<String, Decimal> = lines_of_forecast()
        .iter()
        .map(|line| {
            (
                format!("{}/{}", line["iso3"], line["item"]),
                decimal(&line["value_usd"]),
            )
        })
        .collect();
    let names = lines_of_forecast();
    let plan = plan(&FORECAST);
    let items = plan
        .rows
        .iter()
        .flat_map(|row| row.import.form.items.iter().zip(&row.item_lines));
    let mut seen = 0;
    for (item, line) in items {
        // The header is line 1, and no cell of this file holds a newline.
        let name = &names[usize::try_from(*line).unwrap() - 2];
        let rounded = values[&format!("{}/{}", name["iso3"], name["item"])];
        let exact = item.quantity * item.unit_cost_usd.unwrap();
        assert!((exact - rounded).abs() <= decimal("0.005"), "line {line}");
        seen += 1;
    }
    assert_eq!(seen, 1080);
}

#[test]
fn items_of_the_forecast_are_of_commodities_and_scrubs_of_a_category() {
    let plan = plan(&FORECAST);
    let namibia = plan.rows.iter().find(|row| id(row) == "NAM").unwrap();
    let items: Vec<_> = namibia
        .import
        .form
        .items
        .iter()
        .map(|item| {
            let checked = item.check(&REFERENCE, &Path::Root, &mut Problems::default()).unwrap();
            (checked.commodity, checked.category, checked.unit, checked.description)
        })
        .collect();
    let some = |text: &str| Some(text.to_owned());
    let of =
        |commodity: &str, category: &str, unit: &str| (some(commodity), category.to_owned(), unit.to_owned(), None);
    let scrubs = |name: &str| (None, "MED.PPE.BODY".to_owned(), "PIECE".to_owned(), some(name));
    assert_eq!(
        items,
        [
            of("HANDRUB_ALCOHOL", "MED.IPC.HYG", "LITRE"),
            of("SOAP_LIQUID", "MED.IPC.HYG", "LITRE"),
            of("BAG_BIOHAZARD", "MED.IPC.WASTE", "PIECE"),
            of("GOWN_PROTECTIVE", "MED.PPE.BODY", "PIECE"),
            scrubs("Scrubs, tops"),
            scrubs("Scrubs, pants"),
            of("GLOVES_EXAM", "MED.PPE.GLOVE", "PAIR"),
            of("GOGGLES_PROTECTIVE", "MED.PPE.EYE", "PIECE"),
            of("MASK_MEDICAL_HCW", "MED.PPE.MASK", "PIECE"),
        ]
    );
}

#[test]
fn the_forecast_says_that_it_is_one() {
    let day = NaiveDate::from_ymd_opt(2022, 4, 30);
    for row in plan(&FORECAST).rows {
        let form = &row.import.form;
        let description = form.description.as_deref().unwrap();
        assert!(description.contains("forecast computed from the WHO Essential Supplies Forecasting Tool"));
        assert!(description.contains("no country's own statement"));
        assert_eq!(form.source.as_deref(), Some("WHO-ESFT-2022.1-30D"));
        assert!(form.source_url.as_deref().unwrap().starts_with("https://www.who.int/"));
        assert_eq!(form.priority, Priority::Medium);
        assert_eq!((row.import.confirmed_on, row.import.verified_on), (day, day));
    }
}

#[test]
fn every_request_keeps_the_rules() {
    for row in [plan(&PLANS), plan(&FORECAST)].into_iter().flat_map(|plan| plan.rows) {
        let mut problems = Problems::default();
        let form = &row.import.form;
        let checked = form.check(&REFERENCE, MOST_ITEMS, &Path::Root, &mut problems);
        assert_eq!(problems, Problems::default());
        assert_eq!(checked.unwrap().items.len(), form.items.len());
    }
}

#[test]
fn people_in_need_are_read_by_hashtag_and_reported_only() {
    let plan = plan(&PEOPLE_IN_NEED);
    let totals = &plan.report.totals;
    assert_eq!(
        (totals.rows, totals.read, totals.refused, totals.loaded),
        (42, 28, 14, 0)
    );
    assert!(plan.rows.is_empty());
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/data/real/interagency_response_plans_2022_pin_hxl.csv"
    );
    let mut reader = csv::Reader::from_path(path).unwrap();
    let people: i64 = reader
        .records()
        .map(Result::unwrap)
        .skip(1)
        .filter(|record| !record[2].is_empty())
        .map(|record| record[4].parse::<i64>().unwrap())
        .sum();
    assert_eq!(totals.people_in_need, people);
    let told = text(&plan);
    assert!(
        told.contains("line 3 (Afghanistan, Humanitarian response plan): read: 24380455 people in need"),
        "{told}"
    );
    assert!(
        told.contains("line 31 (Madagascar Flash Appeal, Flash appeal): refused: column ISO alpha-3 codes: there must be something here, and there is nothing"),
        "{told}"
    );
}
