//! The files of `data/`, read and counted with nothing of the program's.

use std::collections::{BTreeSet, HashMap};

/// A file as rows by header.
pub fn rows(file: &str) -> Vec<HashMap<String, String>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(file);
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// What the file of response plans comes to, in whole US dollars.
#[derive(Debug, Default)]
pub struct Plans {
    pub requests: usize,
    pub items: usize,
    pub funded_items: usize,
    pub required: i64,
    pub funded: i64,
}

/// By the rules of the file: a plan total includes its COVID-19 part, a regional sum that stands under several countries
/// is of no country, and two rows name no State of the reference data.
pub fn plans() -> Plans {
    let rows = rows("real/ghrp_country_plan_requirements_2020-10-21.csv");
    let regional =
        |row: &HashMap<String, String>| (row["plan_type"] == "REGIONAL").then(|| row["required_usd"].clone());
    let number = |text: &str| text.parse::<i64>().unwrap_or(0);
    let part_of = |row: &HashMap<String, String>| {
        let part = |other: &&HashMap<String, String>| {
            row["plan_type"] == "HRP" && other["plan_type"] == "HRP-COVID19" && other["iso3"] == row["iso3"]
        };
        rows.iter().find(part).map_or(0, |part| number(&part["funded_usd"]))
    };
    let mut plans = Plans::default();
    for row in &rows {
        let same = |other: &&HashMap<String, String>| regional(row).is_some() && regional(other) == regional(row);
        let repeated = rows.iter().filter(same).count() > 1;
        if repeated || ["ABW", "CUW"].contains(&row["iso3"].as_str()) {
            continue;
        }
        plans.items += 1;
        plans.funded_items += usize::from(number(&row["funded_usd"]) > part_of(row));
        if row["plan_type"] != "HRP-COVID19" {
            plans.requests += 1;
            plans.required += number(&row["required_usd"]);
            plans.funded += number(&row["funded_usd"]);
        }
    }
    plans
}

/// The lines of the forecast of protective equipment.
pub fn forecast() -> Vec<HashMap<String, String>> {
    rows("real/derived_nam_ppe_needs_30d.csv")
}

/// Requests and items of the forecast: one of each country, one of each line.
pub fn forecast_counts() -> (usize, usize) {
    let lines = forecast();
    let countries: BTreeSet<&str> = lines.iter().map(|line| line["iso3"].as_str()).collect();
    (countries.len(), lines.len())
}
