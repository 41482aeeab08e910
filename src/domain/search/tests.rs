#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on has failed"
)]

use entity::enums::{NamStatus, NeedDomain, OrganizationKind};
use entity::{country, need_category, organization};
use proptest::prelude::*;

use super::*;
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

#[test]
fn a_snippet_marks_whole_words_and_escapes_the_rest() {
    for (text, asked, expected) in [
        ("Surgical masks", "mask", Some("Surgical <mark>masks</mark>")),
        (
            "Équipement médical",
            "MEDICAL equip",
            Some("<mark>Équipement</mark> <mark>médical</mark>"),
        ),
        ("e\u{301}quipe", "equipe", Some("<mark>e\u{301}quipe</mark>")),
        ("أقنعة طبية", "اقنعة", Some("<mark>أقنعة</mark> طبية")),
        (
            "<b onclick='x'>Water</b> & \"food\"",
            "water",
            Some("&lt;b onclick=&#39;x&#39;&gt;<mark>Water</mark>&lt;/b&gt; &amp; &quot;food&quot;"),
        ),
        (
            "<mark>rice</mark>",
            "rice",
            Some("&lt;mark&gt;<mark>rice</mark>&lt;/mark&gt;"),
        ),
        ("Masks", "gloves", None),
    ] {
        let made = snippet(&query(asked), [text]);
        assert_eq!(made.as_deref(), expected, "{text}");
    }
}

#[test]
fn a_snippet_is_cut_around_the_part_with_most_words() {
    let text = format!(
        "water {} clean drinking water for families {}",
        "x ".repeat(200),
        "y ".repeat(200)
    );
    let made = snippet(&query("clean water"), [text.as_str()]).expect("a snippet");
    assert!(
        made.contains("<mark>clean</mark> drinking <mark>water</mark> for families"),
        "{made}"
    );
    assert!(unmarked(&made).chars().count() <= 160, "{made}");
    let long = "w".repeat(5_000);
    let made = snippet(&query("ww"), [long.as_str()]).expect("a snippet");
    assert!(unmarked(&made).chars().count() <= 160, "{made}");
}

#[test]
fn the_text_with_most_words_gives_the_snippet_and_the_first_of_equals() {
    let made = snippet(
        &query("oxygen cylinders"),
        ["Oxygen", "Oxygen cylinders, 40 l", "cylinders of oxygen"],
    );
    assert_eq!(
        made.as_deref(),
        Some("<mark>Oxygen</mark> <mark>cylinders</mark>, 40 l")
    );
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

fn unmarked(snippet: &str) -> String {
    snippet
        .replace("<mark>", "")
        .replace("</mark>", "")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

proptest! {
    #[test]
    fn any_snippet_is_a_part_of_its_text_with_marks_alone(
        text in "(\\PC|[a-e <>&'\"]|mark|\u{301}|\u{640}|أ|é){0,300}",
        asked in "[a-e]{1,2}( [a-e]{1,2}){0,3}|mark|\\PC{1,4}",
    ) {
        let Ok(query) = Query::parse(&asked) else { return Ok(()) };
        let Some(made) = snippet(&query, [text.as_str()]) else { return Ok(()) };
        let tags = made.matches('<').count();
        prop_assert_eq!(tags, made.matches("<mark>").count() * 2);
        prop_assert_eq!(tags, made.matches("</mark>").count() * 2);
        prop_assert_eq!(tags, made.matches('>').count());
        prop_assert!(tags > 0);
        prop_assert!(text.contains(&unmarked(&made)), "{:?} in {:?}", made, text);
    }

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
