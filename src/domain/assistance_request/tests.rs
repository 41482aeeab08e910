use std::sync::Arc;

use entity::enums::ItemKind;
use rust_decimal::Decimal;

use super::*;
use crate::domain::fixture::{self, wrong};

mod item;

/// The snapshot of the fixture with the units BOX and USD beside PIECE.
fn reference() -> Reference {
    let mut reference = fixture::reference();
    for code in ["BOX", "USD"] {
        let mut unit = (*reference.units["PIECE"]).clone();
        unit.code = code.into();
        reference.units.insert(code.into(), Arc::new(unit));
    }
    reference
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn goods() -> ItemForm {
    ItemForm {
        external_id: None,
        kind: ItemKind::Goods,
        category: None,
        commodity: Some("GLOVES".into()),
        description: None,
        quantity: Decimal::ONE,
        unit: None,
        unit_cost_usd: None,
    }
}

fn form() -> RequestForm {
    RequestForm {
        country: "BGD".into(),
        title: "Gloves".into(),
        description: None,
        language: Locale::En,
        priority: Priority::High,
        people_in_need: None,
        needed_by: None,
        contact: None,
        source: None,
        source_url: None,
        external_id: None,
        items: vec![goods()],
    }
}

/// The request that a form makes, or what is wrong with it. The form stands at `input`.
fn checked(form: &RequestForm) -> Result<NewRequest, Vec<(String, ProblemCode)>> {
    let mut problems = Problems::default();
    let checked = form.check(&reference(), 2, &Path::Root.field("input"), &mut problems);
    problems.or_else(checked).map_err(wrong)
}

/// The problem of one field, or the value, of a check that stands alone.
fn alone<T>(check: impl FnOnce(&Path<'_>, &mut Problems) -> Option<T>) -> (Option<T>, Vec<(String, ProblemCode)>) {
    let mut problems = Problems::default();
    let value = check(&Path::Root.field("it"), &mut problems);
    (value, wrong(problems))
}

#[test]
fn a_good_request_is_kept_whole() {
    let form = RequestForm {
        country: "BD".into(),
        title: " Gloves ".into(),
        description: Some("For the clinics.\n".into()),
        language: Locale::Fr,
        people_in_need: Some(7),
        needed_by: "2020-06-01".parse().ok(),
        contact: Some(ContactForm {
            name: Some("Ana".into()),
            role: Some("Buyer".into()),
            email: Some(" ana@example.org".into()),
            phone: Some("+880 1".into()),
        }),
        source: Some("FTS".into()),
        source_url: Some("https://example.org/7".into()),
        external_id: Some("7".into()),
        ..form()
    };
    let gloves = NewItem {
        external_id: None,
        kind: ItemKind::Goods,
        category: "PPE".into(),
        commodity: Some("GLOVES".into()),
        description: None,
        unit: "PIECE".into(),
        quantity_milli: 1_000,
        unit_cost_e4: Some(5_000),
        left_out: LeftOut {
            category: true,
            unit_cost: true,
        },
    };
    let expected = NewRequest {
        country: "BGD".into(),
        title: "Gloves".into(),
        description: Some("For the clinics.".into()),
        language: Locale::Fr,
        priority: Priority::High,
        people_in_need: Some(7),
        needed_by: "2020-06-01".parse().ok(),
        contact: Contact {
            name: Some("Ana".into()),
            role: Some("Buyer".into()),
            email: Some("ana@example.org".into()),
            phone: Some("+880 1".into()),
        },
        origin: Some(Origin {
            source: "FTS".into(),
            external_id: "7".into(),
        }),
        source_url: Some("https://example.org/7".into()),
        items: vec![gloves],
    };
    assert_eq!(checked(&form), Ok(expected));
}

#[test]
fn a_request_needs_no_more_than_a_country_and_a_title() {
    let form = RequestForm {
        items: Vec::new(),
        ..form()
    };
    let found = checked(&form).unwrap();
    assert_eq!((found.contact, found.origin), (Contact::default(), None));
    assert_eq!((found.description, found.source_url), (None, None));
    assert_eq!(found.items, []);
}

#[test]
fn all_problems_of_a_request_are_told_together_each_at_its_place() {
    use ProblemCode::{Blank, Invalid, NotFound, OutOfRange, Required, TooLong};
    let long = || Some("x".repeat(321));
    let form = RequestForm {
        country: "XXX".into(),
        title: "x".repeat(201),
        description: Some(" ".into()),
        people_in_need: Some(-1),
        contact: Some(ContactForm {
            name: long(),
            role: long(),
            email: long(),
            phone: long(),
        }),
        source: Some("FTS".into()),
        source_url: Some("example.org".into()),
        items: vec![
            goods(),
            ItemForm {
                quantity: Decimal::ZERO,
                ..goods()
            },
        ],
        ..form()
    };
    let expected = [
        ("input.country", NotFound),
        ("input.title", TooLong),
        ("input.description", Blank),
        ("input.peopleInNeed", OutOfRange),
        ("input.contact.name", TooLong),
        ("input.contact.role", TooLong),
        ("input.contact.email", TooLong),
        ("input.contact.phone", TooLong),
        ("input.externalId", Required),
        ("input.sourceUrl", Invalid),
        ("input.items.1.quantity", OutOfRange),
    ];
    assert_eq!(
        checked(&form).unwrap_err(),
        expected.map(|(path, code)| (path.to_owned(), code))
    );
}

#[test]
fn a_contact_has_up_to_320_characters_a_field() {
    let form = ContactForm {
        name: Some("x".repeat(320)),
        ..ContactForm::default()
    };
    let mut problems = Problems::default();
    let contact = form.check(&Path::Root, &mut problems);
    assert!(problems.is_empty());
    assert_eq!((contact.name, contact.role), (form.name, None));
    assert_eq!((contact.email, contact.phone), (None, None));
}

#[test]
fn a_country_is_named_by_any_of_its_codes_while_it_is_in_use() {
    use ProblemCode::{Inactive, NotFound};
    for (code, country, problem) in [
        ("BGD", Some("BGD"), None),
        ("BD", Some("BGD"), None),
        ("050", Some("BGD"), None),
        ("OLD", None, Some(Inactive)),
        ("OL", None, Some(Inactive)),
        ("bgd", None, Some(NotFound)),
    ] {
        let found = alone(|at, problems| check_country(code, &reference(), at, problems));
        let problems = problem.map(|code| ("it".to_owned(), code));
        assert_eq!(found, (owned(country), problems.into_iter().collect()), "{code}");
    }
}

#[test]
fn people_in_need_are_unknown_or_0_or_more() {
    for people in [None, Some(0), Some(1), Some(i32::MAX)] {
        assert_eq!(
            alone(|at, problems| check_people(people, at, problems)),
            (people, vec![])
        );
    }
    let found = alone(|at, problems| check_people(Some(-1), at, problems));
    assert_eq!(found, (None, vec![("it".into(), ProblemCode::OutOfRange)]));
}

#[test]
fn source_and_external_id_come_together() {
    use ProblemCode::{Blank, Required, TooLong};
    let long = "x".repeat(256);
    for (source, external_id, origin, problems) in [
        (None, None, None, &[][..]),
        (Some(" FTS "), Some("7"), Some(("FTS", "7")), &[]),
        (Some(&long[1..]), Some("7"), Some((&long[1..], "7")), &[]),
        (Some("FTS"), None, None, &[("it.externalId", Required)]),
        (None, Some("7"), None, &[("it.source", Required)]),
        (Some("FTS"), Some(" "), None, &[("it.externalId", Blank)]),
        (
            Some(&long),
            Some(&long),
            None,
            &[("it.source", TooLong), ("it.externalId", TooLong)],
        ),
    ] {
        let found = alone(|at, problems| check_origin(source, external_id, at, problems));
        let origin = origin.map(|(source, external_id)| Origin {
            source: source.into(),
            external_id: external_id.into(),
        });
        let problems = problems.iter().map(|(path, code)| ((*path).to_owned(), *code));
        assert_eq!(found, (origin, problems.collect()), "{source:?} {external_id:?}");
    }
}

#[test]
fn a_request_has_so_many_items_and_no_more() {
    let of = |count| RequestForm {
        items: vec![goods(); count],
        ..form()
    };
    assert_eq!(checked(&of(2)).unwrap().items.len(), 2);
    assert_eq!(checked(&of(3)), Err(vec![("input.items".into(), ProblemCode::TooMany)]));
    let mut problems = Problems::default();
    check_items(&of(3).items, &reference(), 2, &Path::Root, &mut problems);
    assert_eq!(problems.0[0].params, [("max".into(), "2".into())]);
}

#[test]
fn no_two_items_have_the_same_external_id_whatever_else_is_wrong_with_them() {
    let item = |id: Option<&str>, quantity| ItemForm {
        external_id: owned(id),
        quantity,
        ..goods()
    };
    let items = [
        item(None, Decimal::ONE),
        item(Some("é"), Decimal::ZERO),
        item(None, Decimal::ONE),
        // The same once it is composed and trimmed.
        item(Some(" e\u{301}"), Decimal::ONE),
        item(Some("É"), Decimal::ONE),
    ];
    let mut problems = Problems::default();
    let checked = check_items(&items, &reference(), 5, &Path::Root, &mut problems);
    assert_eq!(
        wrong(problems),
        [
            ("1.quantity".into(), ProblemCode::OutOfRange),
            ("3.externalId".into(), ProblemCode::Duplicate),
        ]
    );
    let ids: Vec<_> = checked.iter().map(|item| item.external_id.as_deref()).collect();
    assert_eq!(ids, [None, None, Some("é"), Some("É")]);
}
