use entity::enums::{IncomeGroup, NamStatus, NeedDomain, OrganizationKind, WhoRegion};

use super::*;
use crate::domain::filter::{Choice, Ordered, Quantifier, Related, Text};
use crate::domain::fixture::{category, commodity, country, organization};

/// BGD with everything that can be asked of a country, and OLD with little. A tree of categories whose order of siblings
/// is not that of their codes, and two that stand below each other, which no write allows.
fn reference() -> Reference {
    let place = |code: &str, parent: Option<&str>, sort_order| need_category::Model {
        sort_order,
        ..category(code, parent, NeedDomain::Medical, true)
    };
    Reference::new(Rows {
        countries: vec![
            country("OLD", "OL", "999", false),
            country::Model {
                name: "Bangladesh".into(),
                name_es: Some("Bangladés".into()),
                name_ar: Some("بنغلاديش".into()),
                un_region: Some("Asia".into()),
                un_subregion: Some("Southern Asia".into()),
                who_region: Some(WhoRegion::Searo),
                income_group: Some(IncomeGroup::LowerMiddle),
                population: Some(170),
                nam_status: NamStatus::Observer,
                ..country("BGD", "BD", "050", true)
            },
        ],
        categories: vec![
            place("MED", None, 10),
            need_category::Model {
                name: "Médicines".into(),
                name_fr: Some("Médicaments".into()),
                iasc_sector: Some("HEA".into()),
                active: false,
                ..place("DRUG", Some("MED"), 30)
            },
            place("PPE", Some("MED"), 20),
            place("AID", Some("MED"), 20),
            place("MASK", Some("PPE"), 10),
            category("SOC", None, NeedDomain::Social, true),
            place("EGG", Some("HEN"), 10),
            place("HEN", Some("EGG"), 10),
        ],
        commodities: vec![commodity("N95", "MASK", true), commodity("GLOVES", "PPE", false)],
        organizations: vec![
            organization("WHO", None),
            organization::Model {
                kind: OrganizationKind::Ngo,
                active: false,
                ..organization("BRAC", Some("BGD"))
            },
        ],
        ..Default::default()
    })
}

fn text(equals: &str) -> Text {
    Text::Eq(equals.into())
}

#[test]
fn rows_stand_in_the_order_of_their_codes_with_their_names_folded() {
    let reference = reference();
    let codes = |codes: Vec<&String>| codes.into_iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    assert_eq!(codes(reference.countries.keys().collect()), "BGD OLD");
    assert_eq!(codes(reference.commodities.keys().collect()), "GLOVES N95");
    assert_eq!(codes(reference.organizations.keys().collect()), "BRAC WHO");
    assert_eq!(
        codes(reference.categories.keys().collect()),
        "AID DRUG EGG HEN MASK MED PPE SOC"
    );
    assert_eq!(&*reference.categories["DRUG"].name_key, "medicines");
    assert_eq!(reference.categories["DRUG"].row.name, "Médicines");
}

#[test]
fn a_country_is_found_by_any_of_its_codes_exactly() {
    let reference = reference();
    for (code, expected) in [
        ("BGD", Some("BGD")),
        ("BD", Some("BGD")),
        ("050", Some("BGD")),
        ("999", Some("OLD")),
        ("bgd", None),
        ("50", None),
        ("", None),
    ] {
        assert_eq!(
            reference.country(code).map(|one| one.row.code.as_str()),
            expected,
            "{code}"
        );
    }
}

#[test]
fn the_tree_follows_parents_and_siblings_follow_their_order() {
    let reference = reference();
    let codes = |rows: Vec<&Arc<Named<need_category::Model>>>| {
        let codes: Vec<_> = rows.into_iter().map(|one| one.row.code.as_str()).collect();
        codes.join(" ")
    };
    for (code, children, ancestors, descendants) in [
        ("MED", "AID PPE DRUG", "", "AID DRUG MASK MED PPE"),
        ("PPE", "MASK", "MED", "MASK PPE"),
        ("MASK", "", "MED PPE", "MASK"),
        ("SOC", "", "", "SOC"),
        ("NOPE", "", "", ""),
    ] {
        assert_eq!(codes(reference.children(code).collect()), children, "{code}");
        assert_eq!(codes(reference.ancestors(code)), ancestors, "{code}");
        let mut below: Vec<_> = reference.descendants(code).into_iter().collect();
        below.sort_unstable();
        assert_eq!(below.join(" "), descendants, "{code}");
    }
    for (code, top, expected) in [
        ("MASK", "MED", true),
        ("MASK", "PPE", true),
        ("MASK", "MASK", true),
        ("MED", "MASK", false),
        ("MASK", "SOC", false),
        ("AID", "PPE", false),
    ] {
        assert_eq!(reference.is_under(code, top), expected, "{code} {top}");
    }
}

#[test]
fn a_circle_that_got_past_the_rules_holds_nobody_up() {
    let reference = reference();
    assert!(reference.is_under("EGG", "HEN") && reference.is_under("HEN", "EGG"));
    assert!(!reference.is_under("EGG", "MED"));
}

#[test]
fn countries_pass_by_each_of_their_fields() {
    use CountryField::{Code, IncomeGroup as Income, Name, Population, UnRegion, UnSubregion};
    let reference = reference();
    let asked = Related {
        quantifier: Quantifier::None,
        filter: Box::default(),
    };
    for (field, expected) in [
        (Code(Choice::Eq("BGD".into())), "BGD"),
        (Code(Choice::Eq("BD".into())), ""),
        (Name(text("Bangladesh")), "BGD"),
        (Name(text("Nom de BGD")), "BGD"),
        (Name(text("Bangladés")), "BGD"),
        (Name(text("بنغلاديش")), "BGD"),
        (Name(text("Formal name")), ""),
        (CountryField::WhoRegion(Choice::Eq(WhoRegion::Searo)), "BGD"),
        (CountryField::WhoRegion(Choice::IsNull(true)), "OLD"),
        (UnRegion(text("Asia")), "BGD"),
        (UnRegion(text("Southern Asia")), ""),
        (UnSubregion(text("Southern Asia")), "BGD"),
        (UnSubregion(text("Asia")), ""),
        (Income(Choice::Eq(IncomeGroup::LowerMiddle)), "BGD"),
        (CountryField::NamStatus(Choice::Ne(NamStatus::Observer)), "OLD"),
        (Population(Ordered::Lt(100)), "OLD"),
        // What was not resolved into codes holds for none.
        (CountryField::AssistanceRequests(asked), ""),
    ] {
        let filter = Filter::Is(field);
        assert_eq!(reference.country_codes(&filter).join(" "), expected, "{filter:?}");
    }
    assert_eq!(reference.country_codes(&Filter::default()), ["BGD", "OLD"]);
}

#[test]
fn categories_pass_by_each_of_their_fields() {
    use CategoryField::{Active, Code, Domain, IascSector, IsRoot, Name, Parent, Under};
    let reference = reference();
    for (field, expected) in [
        (Code(text("PPE")), "PPE"),
        (Under("PPE".into()), "MASK PPE"),
        (Name(text("Médicines")), "DRUG"),
        (Name(text("Médicaments")), "DRUG"),
        (Domain(Choice::Eq(NeedDomain::Social)), "SOC"),
        (IascSector(text("HEA")), "DRUG"),
        (Parent("MED".into()), "AID DRUG PPE"),
        (IsRoot(true), "MED SOC"),
        (IsRoot(false), "AID DRUG EGG HEN MASK PPE"),
        (Active(false), "DRUG"),
        (Active(true), "AID EGG HEN MASK MED PPE SOC"),
    ] {
        let filter = Filter::Is(field);
        assert_eq!(reference.category_codes(&filter).join(" "), expected, "{filter:?}");
    }
}

#[test]
fn commodities_and_organizations_pass_by_what_they_belong_to() {
    let reference = reference();
    let under = |top: &str| CommodityField::Category(Filter::Is(CategoryField::Under(top.into())));
    for (field, expected) in [
        (CommodityField::Code(text("N95")), "N95"),
        (CommodityField::Name(text("Name of GLOVES")), "GLOVES"),
        (under("MED"), "GLOVES N95"),
        (under("MASK"), "N95"),
        (CommodityField::Active(false), "GLOVES"),
        (CommodityField::Active(true), "N95"),
    ] {
        let filter = Filter::Is(field);
        assert_eq!(reference.commodity_codes(&filter).join(" "), expected, "{filter:?}");
    }
    let anywhere = Filter::default();
    for (field, expected) in [
        (OrganizationField::Code(text("WHO")), "WHO"),
        (OrganizationField::Name(text("Name of BRAC")), "BRAC"),
        (OrganizationField::Kind(Choice::Eq(OrganizationKind::Ngo)), "BRAC"),
        // One without a country is nowhere.
        (OrganizationField::Country(anywhere), "BRAC"),
        (OrganizationField::Active(false), "BRAC"),
        (OrganizationField::Active(true), "WHO"),
    ] {
        let filter = Filter::Is(field);
        assert_eq!(reference.organization_codes(&filter).join(" "), expected, "{filter:?}");
    }
}

#[test]
fn a_name_falls_back_to_the_english_one() {
    for (locale, french, expected) in [
        (Locale::En, Some("Tchad"), "Chad"),
        (Locale::Fr, Some("Tchad"), "Tchad"),
        (Locale::Fr, None, "Chad"),
        (Locale::Es, Some("Tchad"), "El Chad"),
        (Locale::Ar, Some("Tchad"), "تشاد"),
    ] {
        let name = localized(locale, "Chad", french, Some("El Chad"), Some("تشاد"));
        assert_eq!(name, expected, "{locale:?}");
    }
}
