//! Totals and groups of needs, added up from the rows; and as clients read them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::invariants::tables::{Item, Request, Tables};

/// The figures in the order of both answers: requested, then the buckets of an item.
const FIGURES: [&str; 7] = [
    "requested",
    "pledged",
    "committed",
    "inTransit",
    "delivered",
    "uncovered",
    "unmet",
];

/// Every dimension of an analysis, and what selects a group's value of it.
pub const DIMENSIONS: [(&str, &str); 11] = [
    ("COUNTRY", "country { code }"),
    ("WHO_REGION", "whoRegion"),
    ("UN_SUBREGION", "unSubregion"),
    ("INCOME_GROUP", "incomeGroup"),
    ("DOMAIN", "domain"),
    ("CATEGORY", "category { code }"),
    ("COMMODITY", "commodity { code }"),
    ("KIND", "kind"),
    ("PRIORITY", "priority"),
    ("STATUS", "status"),
    ("MONTH", "month"),
];

/// A group's value of each of its dimensions.
pub type Key = Vec<Option<String>>;

/// Every field of `NeedsTotals`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub requests: i128,
    pub countries: i128,
    pub items: i128,
    pub unpriced: i128,
    pub people: i128,
    /// In ten-millionths of a US dollar.
    pub values: [i128; 7],
    /// In thousandths, by unit.
    pub quantities: BTreeMap<String, [i128; 7]>,
}

/// What selects all of it.
pub fn selection() -> String {
    let values = FIGURES.map(|name| format!("{name}ValueUsd")).join(" ");
    format!(
        "requestCount countryCount itemCount unpricedItemCount peopleInNeed coverage {values} quantities {{ unit {{ code }} {} }}",
        FIGURES.join(" ")
    )
}

/// A decimal of an answer, in parts of its last digit.
fn fixed(value: &Value, scale: usize) -> i128 {
    let text = value.as_str().expect("a decimal");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<scale$}").parse().expect(text)
}

impl Totals {
    /// Those of an answer; its coverage must follow from its values.
    #[allow(clippy::cast_precision_loss)]
    pub fn read(answer: &Value) -> Self {
        let count = |name: &str| i128::from(answer[name].as_i64().unwrap_or_else(|| panic!("{name}: {answer:#}")));
        let values = FIGURES.map(|name| fixed(&answer[format!("{name}ValueUsd")], 7));
        let [requested, _, committed, in_transit, delivered, ..] = values;
        match answer["coverage"].as_f64() {
            None => assert_eq!(requested, 0, "{answer:#}"),
            Some(coverage) => {
                let share = (committed + in_transit + delivered) as f64 / requested as f64;
                assert!(
                    (coverage - share).abs() < 1e-12 && (0.0..=1.0).contains(&coverage),
                    "{answer:#}"
                );
            }
        }
        let quantities = answer["quantities"].as_array().expect("quantities").iter();
        let quantities = quantities.map(|one| {
            let unit = one["unit"]["code"].as_str().expect("a unit").to_owned();
            (unit, FIGURES.map(|name| fixed(&one[name], 3)))
        });
        Self {
            requests: count("requestCount"),
            countries: count("countryCount"),
            items: count("itemCount"),
            unpriced: count("unpricedItemCount"),
            people: answer["peopleInNeed"]
                .as_str()
                .expect("people")
                .parse()
                .expect("a number"),
            values,
            quantities: quantities.collect(),
        }
    }

    /// Adds what can be added: of requests and countries only who knows the rows can tell how many are distinct.
    pub fn add(&mut self, other: &Self) {
        self.items += other.items;
        self.unpriced += other.unpriced;
        add(&mut self.values, other.values);
        for (unit, figures) in &other.quantities {
            add(self.quantities.entry(unit.clone()).or_default(), *figures);
        }
    }

    /// The share of the requested value that is covered, as a numerator and a denominator; none where nothing is priced.
    pub fn coverage(&self) -> Option<(i128, i128)> {
        let [requested, _, committed, in_transit, delivered, ..] = self.values;
        (requested > 0).then_some((committed + in_transit + delivered, requested))
    }
}

fn add(sums: &mut [i128; 7], figures: [i128; 7]) {
    for (sum, figure) in sums.iter_mut().zip(figures) {
        *sum += figure;
    }
}

/// Whether a request counts where no filter names a status.
pub fn counts(request: &Request) -> bool {
    ["VERIFIED", "CLOSED"].contains(&request.status.as_str())
}

/// An item with its id and its request.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub id: &'a str,
    pub item: &'a Item,
    pub request: &'a Request,
}

impl Tables {
    /// All items, each with its request.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.items.iter().map(|(id, item)| Row {
            id,
            item,
            request: &self.requests[&item.request],
        })
    }

    /// What these add up to.
    pub fn totals<'a>(&self, rows: impl Iterator<Item = Row<'a>>) -> Totals {
        let (mut totals, mut requests, mut countries) = (Totals::default(), BTreeSet::new(), BTreeSet::new());
        for Row { item, request, .. } in rows {
            let base = item.approved.unwrap_or(item.quantity);
            let [pledged, committed, in_transit, delivered, uncovered, unmet] = item.buckets;
            let figures = [base, pledged, committed, in_transit, delivered, uncovered, unmet].map(i128::from);
            totals.items += 1;
            match item.unit_cost {
                None => totals.unpriced += 1,
                Some(cost) => add(&mut totals.values, figures.map(|milli| milli * i128::from(cost))),
            }
            add(totals.quantities.entry(item.unit.clone()).or_default(), figures);
            countries.insert(&request.country);
            if requests.insert(&item.request) {
                totals.people += i128::from(request.people.unwrap_or(0));
            }
        }
        totals.requests = requests.len().try_into().expect("a count");
        totals.countries = countries.len().try_into().expect("a count");
        totals
    }

    /// The same, cut by dimensions.
    pub fn groups<'a>(&'a self, by: &[&str], rows: impl Iterator<Item = Row<'a>>) -> BTreeMap<Key, Totals> {
        let mut groups: BTreeMap<Key, Vec<Row<'a>>> = BTreeMap::new();
        for row in rows {
            let key = by.iter().map(|by| self.value(by, row)).collect();
            groups.entry(key).or_default().push(row);
        }
        let totals = groups
            .into_iter()
            .map(|(key, rows)| (key, self.totals(rows.into_iter())));
        totals.collect()
    }

    fn value(&self, dimension: &str, Row { item, request, .. }: Row<'_>) -> Option<String> {
        let country = &self.countries[&request.country];
        let priority = usize::try_from(request.priority - 1).expect("a priority");
        match dimension {
            "COUNTRY" => Some(request.country.clone()),
            "WHO_REGION" => country.who_region.clone(),
            "UN_SUBREGION" => country.un_subregion.clone(),
            "INCOME_GROUP" => country.income_group.clone(),
            "DOMAIN" => Some(self.categories[&item.category].domain.clone()),
            "CATEGORY" => Some(item.category.clone()),
            "COMMODITY" => item.commodity.clone(),
            "KIND" => Some(item.kind.clone()),
            "PRIORITY" => Some(["LOW", "MEDIUM", "HIGH", "CRITICAL"][priority].to_owned()),
            "STATUS" => Some(request.status.clone()),
            "MONTH" => request.verified_at.as_ref().map(|at| format!("{}-01", &at[..7])),
            other => panic!("{other}"),
        }
    }

    /// Whether a category is this one or lies anywhere below it.
    pub fn is_under(&self, category: &str, top: &str) -> bool {
        let mut at = Some(category);
        while let Some(code) = at {
            if code == top {
                return true;
            }
            at = self.categories[code].parent.as_deref();
        }
        false
    }

    /// Whether an organization gives towards an item.
    pub fn gives(&self, organization: &str, item: &str) -> bool {
        let mut all = self.contributions.values();
        all.any(|one| one.organization == organization && one.item == item)
    }
}

/// What selects the values of a group's dimensions.
pub fn key_selection() -> String {
    DIMENSIONS.map(|(_, selection)| selection).join(" ")
}

/// A group's key as an answer tells it; what it was not grouped by must be null.
pub fn key_of(row: &Value, by: &[&str]) -> Key {
    let value = |selection: &str| {
        let (name, code) = selection
            .split_once(' ')
            .map_or((selection, None), |(name, _)| (name, Some("code")));
        let value = code.map_or(&row[name], |code| &row[name][code]);
        value.as_str().map(str::to_owned)
    };
    for (dimension, selection) in DIMENSIONS {
        assert!(
            by.contains(&dimension) || value(selection).is_none(),
            "not grouped by {dimension}: {row:#}"
        );
    }
    let selection = |by: &&str| {
        DIMENSIONS
            .iter()
            .find(|(dimension, _)| dimension == by)
            .expect("a dimension")
            .1
    };
    by.iter().map(|by| value(selection(by))).collect()
}
