//! One item: its codes, its quantity, its cost and its value.

use super::*;
use crate::domain::problem::Problem;

/// The item that a form makes, or what is wrong with it.
fn checked(form: &ItemForm) -> Result<NewItem, Vec<(String, ProblemCode)>> {
    let mut problems = Problems::default();
    let checked = form.check(&reference(), &Path::Root, &mut problems);
    problems.or_else(checked).map_err(wrong)
}

fn at(problems: &[(&str, ProblemCode)]) -> Vec<(String, ProblemCode)> {
    problems
        .iter()
        .map(|(path, code)| ((*path).to_owned(), *code))
        .collect()
}

#[test]
fn the_codes_of_an_item_go_together() {
    use ItemKind::{Funding, Goods, Personnel, Service};
    use ProblemCode::{Conflict, Inactive, NotFound, Required};
    let gloves = Some("GLOVES");
    // Kind, commodity, category and unit as given; category and unit as they come out, or what is wrong.
    for (kind, commodity, category, unit, expected) in [
        // A commodity brings its category and its unit, which may be repeated.
        (Goods, gloves, None, None, Ok(("PPE", "PIECE"))),
        (Goods, gloves, Some("PPE"), Some("PIECE"), Ok(("PPE", "PIECE"))),
        (Goods, gloves, Some("MASK"), None, Err(&[("category", Conflict)][..])),
        (Goods, gloves, None, Some("BOX"), Err(&[("unit", Conflict)])),
        // An item without one names both.
        (Goods, None, Some("MASK"), Some("BOX"), Ok(("MASK", "BOX"))),
        (Personnel, None, Some("MED"), Some("PIECE"), Ok(("MED", "PIECE"))),
        (Service, None, Some("SOC"), Some("BOX"), Ok(("SOC", "BOX"))),
        (Goods, None, Some("MASK"), None, Err(&[("unit", Required)])),
        (Goods, None, None, Some("BOX"), Err(&[("category", Required)])),
        (
            Goods,
            None,
            None,
            None,
            Err(&[("category", Required), ("unit", Required)]),
        ),
        // Each code is known and in use; the unit of an unknown commodity is no second problem.
        (Goods, Some("X"), None, None, Err(&[("commodity", NotFound)])),
        (Goods, Some("DUST"), None, None, Err(&[("commodity", Inactive)])),
        (Goods, gloves, Some("X"), None, Err(&[("category", NotFound)])),
        (Goods, None, Some("GONE"), Some("BOX"), Err(&[("category", Inactive)])),
        (Goods, gloves, None, Some("X"), Err(&[("unit", NotFound)])),
        (Goods, None, Some("MASK"), Some("X"), Err(&[("unit", NotFound)])),
        // USD is the unit of FUNDING, and FUNDING is of no commodity.
        (Funding, None, Some("MED"), None, Ok(("MED", "USD"))),
        (Funding, None, Some("MED"), Some("USD"), Ok(("MED", "USD"))),
        (Funding, None, Some("MED"), Some("BOX"), Err(&[("unit", Conflict)])),
        (Funding, None, None, None, Err(&[("category", Required)])),
        (Funding, gloves, None, None, Err(&[("commodity", Conflict)])),
        (
            Funding,
            gloves,
            Some("SOC"),
            Some("PIECE"),
            Err(&[("category", Conflict), ("commodity", Conflict), ("unit", Conflict)]),
        ),
        (Goods, None, Some("MASK"), Some("USD"), Err(&[("unit", Conflict)])),
        (Goods, gloves, None, Some("USD"), Err(&[("unit", Conflict)])),
    ] {
        let form = ItemForm {
            kind,
            commodity: owned(commodity),
            category: owned(category),
            unit: owned(unit),
            ..goods()
        };
        let mut problems = Problems::default();
        let found = form.check(&reference(), &Path::Root, &mut problems);
        let found = found.as_ref().map(|item| {
            (
                item.kind,
                item.commodity.as_deref(),
                item.category.as_str(),
                item.unit.as_str(),
            )
        });
        let (item, wrongs) = match expected {
            Ok((category, unit)) => (Some((kind, commodity, category, unit)), vec![]),
            Err(wrongs) => (None, at(wrongs)),
        };
        assert_eq!((found, wrong(problems)), (item, wrongs), "{form:?}");
    }
}

#[test]
fn a_unit_costs_what_is_given_else_what_its_commodity_costs_and_a_dollar_in_funding() {
    use ItemKind::{Funding, Goods, Service};
    use ProblemCode::{Conflict, Invalid, OutOfRange};
    let cost = "unitCostUsd";
    for (kind, commodity, given, expected) in [
        (Goods, Some("GLOVES"), None, Ok(Some(5_000))),
        (Goods, Some("GLOVES"), Some("0.25"), Ok(Some(2_500))),
        (Goods, Some("GLOVES"), Some("0"), Ok(Some(0))),
        (Service, None, None, Ok(None)),
        (Service, None, Some("0.0001"), Ok(Some(1))),
        (Service, None, Some("1000000000"), Ok(Some(10_000_000_000_000))),
        (Service, None, Some("1000000000.0001"), Err((cost, OutOfRange))),
        (Service, None, Some("-0.0001"), Err((cost, OutOfRange))),
        (Service, None, Some("0.00001"), Err((cost, Invalid))),
        (Funding, None, None, Ok(Some(10_000))),
        (Funding, None, Some("1.0"), Ok(Some(10_000))),
        (Funding, None, Some("1.0001"), Err((cost, Conflict))),
        (Funding, None, Some("0"), Err((cost, Conflict))),
    ] {
        let form = ItemForm {
            kind,
            commodity: owned(commodity),
            category: commodity.is_none().then(|| "MED".into()),
            unit: (kind == Service).then(|| "BOX".into()),
            unit_cost_usd: given.map(|text| text.parse().unwrap()),
            ..goods()
        };
        let found = checked(&form).map(|item| item.unit_cost_e4);
        assert_eq!(found, expected.map_err(|problem| at(&[problem])), "{form:?}");
    }
}

#[test]
fn a_quantity_is_more_than_0_at_most_10_to_the_12_with_3_decimals() {
    use ProblemCode::{Invalid, OutOfRange};
    for (quantity, expected) in [
        ("0.001", Ok(1)),
        ("12.5", Ok(12_500)),
        ("1000000000000", Ok(1_000_000_000_000_000)),
        ("1000000000000.001", Err(OutOfRange)),
        ("0", Err(OutOfRange)),
        ("-1", Err(OutOfRange)),
        ("0.0005", Err(Invalid)),
    ] {
        let form = ItemForm {
            quantity: quantity.parse().unwrap(),
            unit_cost_usd: Some(Decimal::ZERO),
            ..goods()
        };
        let found = checked(&form).map(|item| item.quantity_milli);
        let expected = expected.map_err(|code| at(&[("quantity", code)]));
        assert_eq!(found, expected, "{quantity}");
    }
}

#[test]
fn a_number_that_is_refused_is_told_with_the_rule() {
    let mut problems = Problems::default();
    check_quantity(Decimal::ZERO, &Path::Root.field("quantity"), &mut problems);
    let message = "A quantity is more than 0, at most 1000000000000, with up to 3 decimals.";
    let expected = Problem::new(ProblemCode::OutOfRange, message).at("quantity");
    assert_eq!(problems.0, [expected.with("actual", 0)]);
}

#[test]
fn an_item_is_worth_at_most_500_000_000_000_dollars() {
    for (quantity, cost, fits) in [
        // By the cost that is given, and by what the commodity costs, which is half a dollar.
        ("500000000000", Some("1"), true),
        ("500000000000.001", Some("1"), false),
        ("1000000000000", None, true),
        ("1000000000000", Some("0.5001"), false),
        ("1000000000000", Some("1000000000"), false),
    ] {
        let form = ItemForm {
            quantity: quantity.parse().unwrap(),
            unit_cost_usd: cost.map(|text| text.parse().unwrap()),
            ..goods()
        };
        let problems = checked(&form).err().unwrap_or_default();
        let expected = if fits {
            vec![]
        } else {
            at(&[("quantity", ProblemCode::OutOfRange)])
        };
        assert_eq!(problems, expected, "{quantity} × {cost:?}");
    }
    let mut problems = Problems::default();
    check_value(Some(i64::MAX), Some(1), &Path::Root, &mut problems);
    assert_eq!(problems.0[0].params, [("max".into(), "500000000000".into())]);
}

#[test]
fn the_texts_of_an_item_are_kept_canonical() {
    let form = ItemForm {
        external_id: Some(" 7 ".into()),
        description: Some(" Nitrile.\n".into()),
        ..goods()
    };
    let item = checked(&form).unwrap();
    assert_eq!(item.external_id.as_deref(), Some("7"));
    assert_eq!(item.description.as_deref(), Some("Nitrile."));
}

#[test]
fn all_problems_of_an_item_are_told_together() {
    use ProblemCode::{Blank, Invalid, NotFound, OutOfRange, TooLong};
    let form = ItemForm {
        external_id: Some("x".repeat(256)),
        commodity: Some("X".into()),
        description: Some(" ".into()),
        quantity: Decimal::ZERO,
        unit_cost_usd: Some(Decimal::new(1, 5)),
        ..goods()
    };
    let expected = at(&[
        ("externalId", TooLong),
        ("description", Blank),
        ("commodity", NotFound),
        ("quantity", OutOfRange),
        ("unitCostUsd", Invalid),
    ]);
    assert_eq!(checked(&form), Err(expected));
}
