//! What a request asks for: its items as they come in, and the rules that they keep.

use std::collections::HashSet;

use entity::enums::ItemKind;
use rust_decimal::Decimal;

use crate::domain::assistance_request::USD;
use crate::domain::number::{
    MAX_QUANTITY_MILLI, MAX_UNIT_COST_E4, NotFixed, ONE_USD_E4, QUANTITY_SCALE, UNIT_COST_SCALE, to_fixed, value_e7,
};
use crate::domain::problem::{Path, Problem, ProblemCode, Problems};
use crate::domain::reference::Reference;
use crate::domain::text::{self, KEY_MAX, TEXT_MAX};

/// An item as it comes in.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemForm {
    /// Its id in the request's source.
    pub external_id: Option<String>,
    /// What kind of help.
    pub kind: ItemKind,
    /// Code of a category; the commodity's where left out.
    pub category: Option<String>,
    /// Code of a commodity.
    pub commodity: Option<String>,
    /// What the codes don't say.
    pub description: Option<String>,
    /// In units.
    pub quantity: Decimal,
    /// Code of a unit; the commodity's where left out.
    pub unit: Option<String>,
    /// US dollars a unit; the commodity's indicative price where left out.
    pub unit_cost_usd: Option<Decimal>,
}

/// An item that keeps the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// Its id in the request's source.
    pub external_id: Option<String>,
    /// What kind of help.
    pub kind: ItemKind,
    /// Code of a category.
    pub category: String,
    /// Code of a commodity.
    pub commodity: Option<String>,
    /// What the codes don't say.
    pub description: Option<String>,
    /// Code of a unit.
    pub unit: String,
    /// In thousandths of the unit.
    pub quantity_milli: i64,
    /// In ten-thousandths of a US dollar a unit.
    pub unit_cost_e4: Option<i64>,
    /// What was left out.
    pub left_out: LeftOut,
}

/// What an item was said nothing of, and has from its commodity as that was at the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Its category.
    pub category: bool,
    /// Its unit cost.
    pub unit_cost: bool,
}

/// Checks every item, their number, and that no external id stands twice.
pub fn check_items(
    items: &[ItemForm],
    reference: &Reference,
    most: usize,
    at: &Path<'_>,
    problems: &mut Problems,
) -> Vec<NewItem> {
    if items.len() > most {
        let message = format!("There are {} items; a request has at most {most}.", items.len());
        problems.push(
            Problem::new(ProblemCode::TooMany, message)
                .at_path(at)
                .with("max", most),
        );
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let mut checked = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let at = at.index(index);
        // Whatever else is wrong with either item.
        if let Some(id) = item.external_id.as_deref().map(text::canonical)
            && !seen.insert(id)
        {
            problems.add(
                &at.field("externalId"),
                ProblemCode::Duplicate,
                "Another item has this externalId.",
            );
        }
        checked.extend(item.check(reference, &at, problems));
    }
    checked
}

/// What an item's codes come to.
struct Codes {
    category: String,
    commodity: Option<String>,
    unit: String,
    indicative_price_e4: Option<i64>,
}

impl ItemForm {
    /// Checks everything at once.
    pub fn check(&self, reference: &Reference, at: &Path<'_>, problems: &mut Problems) -> Option<NewItem> {
        let external_id = text::optional(self.external_id.as_deref(), KEY_MAX, &at.field("externalId"), problems);
        let description = text::optional(
            self.description.as_deref(),
            TEXT_MAX,
            &at.field("description"),
            problems,
        );
        let codes = self.check_codes(reference, at, problems);
        let quantity_milli = check_quantity(self.quantity, &at.field("quantity"), problems);
        let cost = check_unit_cost(self.unit_cost_usd, &at.field("unitCostUsd"), problems);
        let unit_cost_e4 = match self.kind {
            ItemKind::Funding => {
                if cost.is_some_and(|cost| cost != ONE_USD_E4) {
                    let message = "FUNDING is counted in USD, so one unit costs 1.";
                    problems.add(&at.field("unitCostUsd"), ProblemCode::Conflict, message);
                }
                Some(ONE_USD_E4)
            }
            _ => cost.or(codes.as_ref().and_then(|codes| codes.indicative_price_e4)),
        };
        check_value(quantity_milli, unit_cost_e4, &at.field("quantity"), problems);
        let codes = codes?;
        Some(NewItem {
            external_id,
            kind: self.kind,
            category: codes.category,
            commodity: codes.commodity,
            description,
            unit: codes.unit,
            quantity_milli: quantity_milli?,
            unit_cost_e4,
            left_out: LeftOut {
                category: self.category.is_none(),
                unit_cost: self.unit_cost_usd.is_none() && self.commodity.is_some(),
            },
        })
    }

    fn check_codes(&self, reference: &Reference, at: &Path<'_>, problems: &mut Problems) -> Option<Codes> {
        let commodity_at = at.field("commodity");
        let category_at = at.field("category");
        let before = problems.0.len();
        let commodity = self.commodity.as_deref().and_then(|code| {
            let found = reference.commodities.get(code);
            known(
                found,
                found.is_some_and(|one| one.row.active),
                "commodity",
                code,
                &commodity_at,
                problems,
            )
        });
        let category = self.category.as_deref().and_then(|code| {
            let found = reference.categories.get(code);
            known(
                found,
                found.is_some_and(|one| one.row.active),
                "category",
                code,
                &category_at,
                problems,
            )
        });
        if self.commodity.is_none() && self.category.is_none() {
            problems.add(
                &category_at,
                ProblemCode::Required,
                "An item names a category or a commodity.",
            );
        }
        if let (Some(commodity), Some(category)) = (commodity, category)
            && commodity.row.category_code != category.row.code
        {
            let message = format!(
                "{} belongs to the category {}: name that one, or leave the category out.",
                commodity.row.code, commodity.row.category_code
            );
            problems.add(&category_at, ProblemCode::Conflict, message);
        }
        let unit = self.check_unit(commodity.map(|one| one.row.unit_code.as_str()), reference, at, problems);
        if problems.0.len() > before {
            return None;
        }
        Some(Codes {
            category: commodity
                .map(|one| one.row.category_code.clone())
                .or_else(|| category.map(|one| one.row.code.clone()))?,
            commodity: commodity.map(|one| one.row.code.clone()),
            unit: unit?,
            indicative_price_e4: commodity.and_then(|one| one.row.indicative_unit_price_e4),
        })
    }

    fn check_unit(
        &self,
        of_commodity: Option<&str>,
        reference: &Reference,
        at: &Path<'_>,
        problems: &mut Problems,
    ) -> Option<String> {
        let unit_at = at.field("unit");
        if let Some(unit) = &self.unit
            && !reference.units.contains_key(unit)
        {
            problems.add(&unit_at, ProblemCode::NotFound, format!("No unit has the code {unit}."));
            return None;
        }
        if self.kind == ItemKind::Funding {
            if self.commodity.is_some() {
                problems.add(
                    &at.field("commodity"),
                    ProblemCode::Conflict,
                    "FUNDING is of no commodity.",
                );
            }
            if self.unit.as_deref().is_some_and(|unit| unit != USD) {
                problems.add(&unit_at, ProblemCode::Conflict, "The unit of FUNDING is USD.");
            }
            return Some(USD.into());
        }
        match (self.unit.as_deref(), of_commodity) {
            (Some(USD), _) => {
                problems.add(&unit_at, ProblemCode::Conflict, "USD is the unit of FUNDING only.");
                None
            }
            (Some(unit), Some(of_commodity)) if unit != of_commodity => {
                let message = format!("This commodity is counted in {of_commodity}, not in {unit}.");
                problems.add(&unit_at, ProblemCode::Conflict, message);
                None
            }
            (Some(unit), _) | (None, Some(unit)) => Some(unit.into()),
            (None, None) => {
                // A commodity that is not known brings its own problem.
                if self.commodity.is_none() {
                    problems.add(
                        &unit_at,
                        ProblemCode::Required,
                        "An item without a commodity names its unit.",
                    );
                }
                None
            }
        }
    }
}

/// What a code stands for, where it is known and in use.
fn known<'a, T>(
    found: Option<&'a T>,
    active: bool,
    noun: &str,
    code: &str,
    at: &Path<'_>,
    problems: &mut Problems,
) -> Option<&'a T> {
    if found.is_none() {
        problems.add(at, ProblemCode::NotFound, format!("No {noun} has the code {code}."));
    } else if !active {
        problems.add(
            at,
            ProblemCode::Inactive,
            format!("The {noun} {code} is retired: choose another."),
        );
        return None;
    }
    found
}

/// A quantity in thousandths: greater than 0, at most 1,000,000,000,000, up to 3 decimals.
pub fn check_quantity(quantity: Decimal, at: &Path<'_>, problems: &mut Problems) -> Option<i64> {
    fixed(
        quantity,
        QUANTITY_SCALE,
        1,
        MAX_QUANTITY_MILLI,
        at,
        problems,
        "A quantity is more than 0, at most 1000000000000, with up to 3 decimals.",
    )
}

/// A unit cost in ten-thousandths of a US dollar: 0 to 1,000,000,000, up to 4 decimals.
pub fn check_unit_cost(cost: Option<Decimal>, at: &Path<'_>, problems: &mut Problems) -> Option<i64> {
    fixed(
        cost?,
        UNIT_COST_SCALE,
        0,
        MAX_UNIT_COST_E4,
        at,
        problems,
        "A unit cost is 0 to 1000000000 US dollars, with up to 4 decimals.",
    )
}

/// A fixed-point number within bounds; `rule` says what would be right.
pub fn fixed(
    value: Decimal,
    scale: u32,
    least: i64,
    most: i64,
    at: &Path<'_>,
    problems: &mut Problems,
    rule: &str,
) -> Option<i64> {
    match to_fixed(value, scale, least, most) {
        Ok(fixed) => Some(fixed),
        Err(why) => {
            let code = match why {
                NotFixed::Decimals => ProblemCode::Invalid,
                NotFixed::Range => ProblemCode::OutOfRange,
            };
            problems.push(Problem::new(code, rule).at_path(at).with("actual", value));
            None
        }
    }
}

/// That an item is worth at most what one item can be worth.
pub fn check_value(
    quantity_milli: Option<i64>,
    unit_cost_e4: Option<i64>,
    at: &Path<'_>,
    problems: &mut Problems,
) -> bool {
    if let (Some(quantity), Some(cost)) = (quantity_milli, unit_cost_e4)
        && value_e7(quantity, cost).is_none()
    {
        let message = "Quantity times unit cost of an item is at most 500000000000 US dollars: split the item.";
        problems.push(
            Problem::new(ProblemCode::OutOfRange, message)
                .at_path(at)
                .with("max", 500_000_000_000_i64),
        );
        return false;
    }
    true
}
