#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on has failed"
)]

use entity::enums::{NamStatus, NeedDomain, OrganizationKind};
use entity::{commodity, country, need_category, organization};
use proptest::prelude::*;

use super::*;
use crate::domain::fixture;
use crate::domain::reference::{Reference, Rows};

fn query(text: &str) -> Query {
    Query::parse(text).expect("a query")
}

#[test]
fn words_are_folded_and_split_at_whatever_is_no_letter_or_digit() {
    for (text, expected) in [
        ("Masques chirurgicaux", "masques chirurgicaux"),
        ("Oxygène, médicaments & vaccins", "oxygene medicaments vaccins"),
        ("NIÑOS; agua—potable", "ninos agua potable"),
        ("أقنعة طبيّة", "اقنعة طبية"),
        ("COVID-19", "covid 19"),
        ("l’eau", "l eau"),
        ("GLOVES_EXAM", "gloves exam"),
        ("BGD-2020-000042", "bgd 2020 000042"),
        ("½ ㎏", "1 2 kg"),
        ("\"a\" OR b:* | !c", "a or b c"),
        ("… -- *", ""),
    ] {
        assert_eq!(words(text).join(" "), expected, "{text}");
    }
    assert_eq!(indexed("Water, water and WATER"), "water and");
    assert_eq!(words(&"a".repeat(100)), ["a".repeat(WORD_MAX)]);
}

#[test]
fn a_query_without_words_or_with_too_many_is_refused() {
    for text in ["", "   ", "\"*\" & :", "\u{0}", &"a ".repeat(17), &"a".repeat(256)] {
        let refused = Query::parse(text).expect_err(text);
        assert_eq!(refused.code(), "BAD_USER_INPUT", "{text}");
    }
    assert_eq!(query(&"a ".repeat(16)).words().len(), 16);
    assert_eq!(query(&"é".repeat(255)).words().len(), 1);
}

#[test]
fn a_whole_name_ranks_above_its_words_above_beginnings_above_longer_texts() {
    let names = [words("Food aid"), words("Aide alimentaire")];
    let score = |text: &str| {
        let elsewhere = words("for families");
        let rank = query(text).rank(&names, |word| elsewhere.iter().any(|one| one.starts_with(word)));
        rank.map(Rank::score)
    };
    for (text, expected) in [
        ("food aid", Some(1.0)),
        ("FOOD", Some(0.75)),
        ("aid food", Some(0.75)),
        ("alim", Some(0.5)),
        ("food fam", Some(0.5)),
        ("famil", Some(0.25)),
        ("ood", None),
        ("food water", None),
    ] {
        assert_eq!(score(text), expected, "{text}");
    }
}

fn country(code: &str, iso2: &str, m49: &str, names: [&str; 4], active: bool) -> country::Model {
    let [name, name_fr, name_es, name_ar] = names.map(str::to_owned);
    country::Model {
        code: code.into(),
        iso2: iso2.into(),
        m49: m49.into(),
        name,
        name_fr: Some(name_fr),
        name_es: Some(name_es),
        name_ar: Some(name_ar),
        official_name: Some("the Republic".into()),
        capital: None,
        un_region: None,
        un_subregion: None,
        who_region: None,
        income_group: None,
        population: None,
        population_year: None,
        latitude: None,
        longitude: None,
        currency: None,
        nam_status: NamStatus::Member,
        nam_status_2020: NamStatus::Member,
        nam_joined_year: None,
        active,
        edited: false,
        from_file: true,
        version: 1,
        created_at: Default::default(),
        updated_at: Default::default(),
    }
}

fn reference() -> Reference {
    let category = |code: &str, name: &str, active| need_category::Model {
        code: code.into(),
        parent_code: None,
        domain: NeedDomain::Medical,
        name: name.into(),
        name_fr: None,
        name_es: None,
        name_ar: None,
        description: Some("Equipment for clinics".into()),
        iasc_sector: None,
        who_pillar: None,
        sort_order: 1,
        active,
        edited: false,
        from_file: true,
        version: 1,
        created_at: Default::default(),
        updated_at: Default::default(),
    };
    let commodity = commodity::Model {
        name: "Examination gloves".into(),
        name_fr: Some("Gants".into()),
        specification: Some("Nitrile".into()),
        ..fixture::commodity("GLOVES_EXAM", "MED.HLTH", true)
    };
    let organization = organization::Model {
        code: "WHO".into(),
        name: "World Health Organization".into(),
        kind: OrganizationKind::UnAgency,
        country_code: None,
        url: None,
        active: true,
        edited: false,
        from_file: true,
        version: 1,
        created_at: Default::default(),
        updated_at: Default::default(),
    };
    Reference::new(Rows {
        countries: vec![
            country("TCD", "TD", "148", ["Chad", "Tchad", "Chad", "تشاد"], true),
            country(
                "CIV",
                "CI",
                "384",
                ["Côte d’Ivoire", "Côte d’Ivoire", "Costa de Marfil", "كوت ديفوار"],
                true,
            ),
            country(
                "YUG",
                "YU",
                "891",
                ["Yugoslavia", "Yougoslavie", "Yugoslavia", "يوغوسلافيا"],
                false,
            ),
        ],
        categories: vec![category("MED.HLTH", "Health", true), category("OLD", "Healthy", false)],
        commodities: vec![commodity],
        organizations: vec![organization],
        ..Default::default()
    })
}

#[test]
fn reference_data_are_found_by_any_name_and_code_unless_retired() {
    let reference = reference();
    for (text, expected) in [
        ("chad", "TCD 1"),
        ("TCHAD", "TCD 1"),
        ("تشا", "TCD 0.5"),
        ("td", "TCD 1"),
        ("148", "TCD 1"),
        ("cote ivoire", "CIV 0.75"),
        ("costa marfil", "CIV 0.75"),
        ("yugoslavia", ""),
        ("yug", ""),
        ("republic chad", "TCD 0.5"),
        ("health", "MED.HLTH 1, WHO 0.75"),
        ("clinic", "MED.HLTH 0.25"),
        ("med.hlth", "MED.HLTH 1"),
        ("health chad", ""),
        ("gants", "GLOVES_EXAM 1"),
        ("exam gloves", "GLOVES_EXAM 0.75"),
        ("nitril", "GLOVES_EXAM 0.25"),
    ] {
        let found = reference.searchable().search(&query(text), &Kind::ALL);
        let found = found.iter().map(|one| format!("{} {}", one.code, one.rank.score()));
        assert_eq!(found.collect::<Vec<_>>().join(", "), expected, "{text}");
    }
    let found = reference.searchable().search(&query("health"), &[Kind::Organization]);
    assert_eq!(found.len(), 1);
    let snippet = found.first().and_then(|one| one.snippet(&reference, &query("health")));
    assert_eq!(snippet.as_deref(), Some("World <mark>Health</mark> Organization"));
}

proptest! {
    #[test]
    fn any_text_is_split_into_words_that_are_found_again(text in "\\PC{0,80}") {
        for word in words(&text) {
            prop_assert!(word.chars().all(char::is_alphanumeric));
            prop_assert!(word.chars().count() <= WORD_MAX);
        }
        if let Ok(query) = Query::parse(&text) {
            let indexed = indexed(&text);
            let names: Vec<Vec<String>> = vec![indexed.split(' ').map(Into::into).collect()];
            prop_assert!(query.rank(&names, |_| false).is_some());
        }
    }
}
