//! A commodity as an administrator enters it.

use entity::commodity::Model;
use rust_decimal::Decimal;

use crate::domain::assistance_request::{USD, check_unit_cost};
use crate::domain::form::{
    self, Given, LocalName, Names, put, put_names, put_optional_text, put_text, replacement, taken,
};
use crate::domain::problem::{Path, Problem, ProblemCode, Problems};
use crate::domain::reference::Reference;
use crate::domain::text::{self, CODE_MAX, KEY_MAX, NAME_MAX, TEXT_MAX};

/// What of a new commodity is given once.
#[derive(Clone, Debug)]
pub struct CommodityKey {
    /// Its code.
    pub code: String,
    /// Code of the unit in which it is counted.
    pub unit: String,
}

/// What an administrator enters of a commodity: all of a new one, or what changes.
#[derive(Clone, Debug, Default)]
pub struct CommodityForm {
    /// English name.
    pub name: Given<String>,
    /// Names in other languages, all of them.
    pub names: Given<Vec<LocalName>>,
    /// Code of its category.
    pub category: Given<String>,
    /// What it must be.
    pub specification: Given<String>,
    /// United Nations Standard Products and Services Code.
    pub unspsc: Given<String>,
    /// Where WHO lists it.
    pub who_reference: Given<String>,
    /// US dollars a unit.
    pub indicative_unit_price_usd: Given<Decimal>,
    /// Not retired.
    pub active: Given<bool>,
}

impl CommodityKey {
    /// Checks the code's form, that no commodity has it, and that the unit is known.
    pub fn check(&self, reference: &Reference, problems: &mut Problems) -> Option<Self> {
        let (code_at, unit_at) = (Path::Root.field("code"), Path::Root.field("unit"));
        let code = text::code(&self.code, &code_at, problems);
        let is_known = reference.units.contains_key(&self.unit);
        if !is_known {
            let message = format!("No unit has the code {}.", self.unit);
            problems.add(&unit_at, ProblemCode::NotFound, message);
        }
        let is_money = self.unit == USD;
        if is_money {
            let message = "USD is the unit of FUNDING only, which is of no commodity.";
            problems.add(&unit_at, ProblemCode::Conflict, message);
        }
        let code = code?;
        if reference.commodities.contains_key(&code) {
            problems.push(taken("commodity", "code", &code, &code_at));
            return None;
        }
        (is_known && !is_money).then(|| Self {
            code,
            unit: self.unit.clone(),
        })
    }
}

impl CommodityForm {
    /// Puts into the row what is given, and notes everything that is wrong.
    pub fn apply(&self, row: &mut Model, reference: &Reference, problems: &mut Problems) {
        let Self {
            name,
            names,
            category,
            specification,
            unspsc,
            who_reference,
            indicative_unit_price_usd,
            active,
        } = self;
        let at = Path::Root;
        put_text(name, &mut row.name, NAME_MAX, &at.field("name"), problems);
        let others = Names {
            fr: &mut row.name_fr,
            es: &mut row.name_es,
            ar: &mut row.name_ar,
        };
        put_names(names, &row.name, others, &at.field("names"), problems);
        if let Some(code) = replacement(category.as_ref().map(Option::as_deref), &at.field("category"), problems) {
            let before = Some(row.category_code.as_str());
            let known = form::category(code, before, reference, &at.field("category"), problems);
            row.category_code = known.unwrap_or_else(|| row.category_code.clone());
        }
        for (given, field, max, path) in [
            (specification, &mut row.specification, TEXT_MAX, "specification"),
            (unspsc, &mut row.unspsc, CODE_MAX, "unspsc"),
            (who_reference, &mut row.who_reference, KEY_MAX, "whoReference"),
        ] {
            put_optional_text(given, field, max, &at.field(path), problems);
        }
        if let Some(price) = indicative_unit_price_usd {
            row.indicative_unit_price_e4 = check_unit_cost(*price, &at.field("indicativeUnitPriceUsd"), problems);
        }
        let was_active = row.active;
        put(*active, &mut row.active, &at.field("active"), problems);
        if row.active && !was_active {
            check_category_in_use(row, reference, problems);
        }
    }
}

fn check_category_in_use(row: &Model, reference: &Reference, problems: &mut Problems) {
    let category = reference.categories.get(&row.category_code);
    if category.is_some_and(|category| !category.row.active) {
        let message = format!(
            "Its category {} is retired: bring that back first, or move this.",
            row.category_code
        );
        problems.push(Problem::new(ProblemCode::Inactive, message).at("active"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{commodity, reference, wrong};

    fn applied(row: Model, form: &CommodityForm) -> (Model, Vec<(String, ProblemCode)>) {
        let mut row = row;
        let mut problems = Problems::default();
        form.apply(&mut row, &reference(), &mut problems);
        (row, wrong(problems))
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        use ProblemCode::{Blank, Inactive, Invalid, TooLong};
        let form = CommodityForm {
            name: Some(Some(" ".into())),
            category: Some(Some("GONE".into())),
            specification: Some(Some("x".repeat(10_001))),
            unspsc: Some(Some("4".repeat(65))),
            who_reference: Some(Some("r".repeat(256))),
            indicative_unit_price_usd: Some(Some(Decimal::new(12_345, 5))),
            ..Default::default()
        };
        let expected = [
            ("name", Blank),
            ("category", Inactive),
            ("specification", TooLong),
            ("unspsc", TooLong),
            ("whoReference", TooLong),
            ("indicativeUnitPriceUsd", Invalid),
        ];
        let (_, problems) = applied(commodity("GLOVES", "PPE", true), &form);
        assert_eq!(problems, expected.map(|(path, code)| (path.to_owned(), code)));
    }

    #[test]
    fn a_price_is_exact_and_can_be_cleared() {
        let price = |price: Option<Decimal>| CommodityForm {
            indicative_unit_price_usd: Some(price),
            ..Default::default()
        };
        let row = || commodity("GLOVES", "PPE", true);
        let (cheap, problems) = applied(row(), &price(Some(Decimal::new(335, 3))));
        assert_eq!((cheap.indicative_unit_price_e4, problems), (Some(3_350), vec![]));
        let (cleared, problems) = applied(row(), &price(None));
        assert_eq!((cleared.indicative_unit_price_e4, problems), (None, vec![]));
        for beyond in [Decimal::new(-1, 0), Decimal::new(1_000_000_001, 0)] {
            let (_, problems) = applied(row(), &price(Some(beyond)));
            assert_eq!(problems, [("indicativeUnitPriceUsd".into(), ProblemCode::OutOfRange)]);
        }
    }

    #[test]
    fn it_comes_back_only_into_a_category_in_use() {
        let back = |category: Option<&str>| CommodityForm {
            active: Some(Some(true)),
            category: category.map(|code| Some(code.into())),
            ..Default::default()
        };
        let row = || commodity("DUST", "GONE", false);
        assert_eq!(
            applied(row(), &back(None)).1,
            [("active".into(), ProblemCode::Inactive)]
        );
        assert_eq!(applied(row(), &back(Some("PPE"))).1, []);
        // A retired one can be mended where it stands.
        let renamed = CommodityForm {
            name: Some(Some("Dust".into())),
            category: Some(Some("GONE".into())),
            ..Default::default()
        };
        assert_eq!(applied(row(), &renamed).1, []);
        // So can one that was in use when its category was retired.
        let left = applied(commodity("SOAP", "GONE", true), &renamed);
        assert_eq!((left.0.name.as_str(), left.1), ("Dust", vec![]));
        let kept = CommodityForm {
            active: Some(Some(true)),
            ..renamed
        };
        assert_eq!(applied(commodity("SOAP", "GONE", true), &kept).1, []);
    }

    #[test]
    fn what_is_given_is_put_in_and_an_explicit_nothing_clears() {
        let given = |text: Option<&str>| Some(text.map(str::to_owned));
        let form = CommodityForm {
            category: given(Some("MASK")),
            specification: given(Some("Nitrile")),
            unspsc: given(Some("42132203")),
            who_reference: given(Some("WHO/7")),
            active: Some(Some(false)),
            ..Default::default()
        };
        let (row, problems) = applied(commodity("GLOVES", "PPE", true), &form);
        assert_eq!(
            (problems, row.category_code.as_str(), row.active),
            (vec![], "MASK", false)
        );
        let texts = [&row.specification, &row.unspsc, &row.who_reference].map(Option::as_deref);
        assert_eq!(texts, [Some("Nitrile"), Some("42132203"), Some("WHO/7")]);
        let form = CommodityForm {
            specification: given(None),
            unspsc: given(None),
            who_reference: given(None),
            ..Default::default()
        };
        let (row, _) = applied(row, &form);
        assert_eq!([row.specification, row.unspsc, row.who_reference], [None, None, None]);
    }

    #[test]
    fn code_and_unit_are_checked_together() {
        use ProblemCode::{Duplicate, Invalid, NotFound};
        let checked = |code: &str, unit: &str| {
            let mut problems = Problems::default();
            let key = CommodityKey {
                code: code.into(),
                unit: unit.into(),
            };
            let key = key.check(&reference(), &mut problems);
            key.map(|key| key.code).ok_or_else(|| wrong(problems))
        };
        assert_eq!(checked("NEW", "PIECE"), Ok("NEW".into()));
        assert_eq!(checked("GLOVES", "PIECE"), Err(vec![("code".into(), Duplicate)]));
        assert_eq!(
            checked("gloves", "H87"),
            Err(vec![("code".into(), Invalid), ("unit".into(), NotFound)])
        );
    }
}
