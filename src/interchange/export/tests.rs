#![allow(clippy::unwrap_used, reason = "tests")]
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate};
use entity::enums::{ItemKind, Locale, Priority};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::{collection, option, sample};

use super::*;
use crate::domain::problem::{Path, Problems};
use crate::domain::reference::Reference;
use crate::domain::text::{canonical, required};
use crate::interchange::bound::Bound;
use crate::interchange::import::plan;
use crate::interchange::table::Table;
use crate::store::reference::Files;

static REFERENCE: LazyLock<Reference> =
    LazyLock::new(|| Reference::new(Files::BUNDLED.rows(DateTime::UNIX_EPOCH).unwrap()));

fn csv(requests: &[Exported], hxl: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut sheet = Sheet::new(&mut out, hxl).unwrap();
    requests.iter().for_each(|request| sheet.write(request).unwrap());
    sheet.flush().unwrap();
    drop(sheet);
    out
}

/// Texts as the store keeps them, with all that makes trouble in a CSV file.
fn text() -> impl Strategy<Value = String> {
    let nasty = sample::select(vec![
        "-",
        "N/A",
        "NA",
        "'",
        "'-",
        "'N/A",
        "=1+1",
        "@x",
        "#country+code",
        "a,b;c\td",
        "say \"no\"",
        "two\nlines",
        "x\n",
        "+264 61",
        "=\n\"",
        "é",
        "نداء",
        "#",
    ]);
    let any = "\\PC{1,12}";
    prop_oneof![nasty.prop_map(str::to_owned), any]
        .prop_map(|text| canonical(&text))
        .prop_filter("blank", |text| {
            required(text, usize::MAX, &Path::Root, &mut Problems::default()).is_some()
        })
}

fn day() -> impl Strategy<Value = NaiveDate> {
    (2000_i32..2100, 1_u32..367).prop_map(|(year, day)| NaiveDate::from_yo_opt(year, day.min(365)).unwrap())
}

fn contact() -> impl Strategy<Value = Option<ContactForm>> {
    let part = || option::of(text());
    (part(), part(), part(), part()).prop_map(|(name, role, email, phone)| {
        let contact = ContactForm {
            name,
            role,
            email,
            phone,
        };
        (contact != ContactForm::default()).then_some(contact)
    })
}

fn item() -> impl Strategy<Value = ItemForm> {
    let goods = (option::of(0_i64..1_000_000), any::<bool>()).prop_map(|(cost, gloves)| {
        let (category, commodity, unit) = match gloves {
            true => ("MED.PPE.GLOVE", Some("GLOVES_EXAM"), "PAIR"),
            false => ("MED.EHS", None, "PIECE"),
        };
        (ItemKind::Goods, category, commodity, unit, cost)
    });
    let money = Just((ItemKind::Funding, "HUM.MULTI", None, "USD", Some(10_000)));
    (prop_oneof![goods, money], option::of(text()), 1_i64..10_000_000_000).prop_map(
        |((kind, category, commodity, unit, cost), description, quantity)| ItemForm {
            external_id: None,
            kind,
            category: Some(category.into()),
            commodity: commodity.map(Into::into),
            description,
            quantity: from_fixed(quantity, QUANTITY_SCALE),
            unit: Some(unit.into()),
            unit_cost_usd: cost.map(|cost| from_fixed(cost, UNIT_COST_SCALE)),
        },
    )
}

prop_compose! {
    fn request()(
        (title, description, contact) in (text(), option::of(text()), contact()),
        (language, priority, country) in (
            sample::select(vec![Locale::En, Locale::Fr, Locale::Es, Locale::Ar]),
            sample::select(vec![Priority::Low, Priority::Medium, Priority::High, Priority::Critical]),
            sample::select(vec!["NAM", "AFG", "PSE"]),
        ),
        people_in_need in option::of(0..i32::MAX),
        (needed_by, confirmed_on, verified_on) in (option::of(day()), option::of(day()), option::of(day())),
        items in collection::vec(item(), 0..5),
        source in text(),
        url in option::of("https://[a-z]{1,9}"),
    ) -> ImportForm {
        ImportForm {
            form: RequestForm {
                country: country.into(),
                title,
                description,
                language,
                priority,
                people_in_need,
                needed_by,
                contact,
                source: Some(source),
                source_url: url,
                external_id: None,
                items,
            },
            confirmed_on,
            verified_on,
        }
    }
}

fn requests() -> impl Strategy<Value = Vec<Exported>> {
    collection::vec(request(), 1..6).prop_map(|requests| {
        let numbered = requests.into_iter().enumerate().map(|(number, mut request)| {
            request.form.external_id = Some(format!("={number}"));
            for (place, item) in request.form.items.iter_mut().enumerate() {
                item.external_id = place.is_multiple_of(2).then(|| format!("-{place}"));
            }
            Exported {
                request,
                reference: format!("NAM-2026-{number:06}"),
                status: RequestStatus::Draft,
                approved: Vec::new(),
            }
        });
        numbered.collect()
    })
}

proptest! {
    #[test]
    fn what_was_exported_is_imported_as_it_was(requests in requests(), hxl: bool) {
        let table = Table::of_bytes(&csv(&requests, hxl)).unwrap();
        let bound = Bound::own(&table, &[]).unwrap();
        let plan = plan(&table, &bound, &REFERENCE, 200);
        let mut told = Vec::new();
        plan.report.write(&mut told).unwrap();
        prop_assert_eq!(plan.rows.len(), requests.len(), "{}", String::from_utf8(told).unwrap());
        for (row, exported) in plan.rows.iter().zip(&requests) {
            prop_assert_eq!(&row.import.form, &exported.request.form);
            prop_assert_eq!(row.import.confirmed_on, exported.request.confirmed_on);
            prop_assert_eq!(row.import.verified_on, exported.request.verified_on);
        }
    }
}

#[test]
fn no_cell_is_a_formula_and_tags_stand_under_the_headers() {
    let mut request = request()
        .new_tree(&mut proptest::test_runner::TestRunner::deterministic())
        .unwrap()
        .current();
    request.form.title = "=HYPERLINK(\"x\")".into();
    request.form.contact = Some(ContactForm {
        phone: Some("+264 61 1".into()),
        ..ContactForm::default()
    });
    let exported = Exported {
        request,
        reference: "NAM-2026-000001".into(),
        status: RequestStatus::Verified,
        approved: Vec::new(),
    };
    let bytes = csv(&[exported], true);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(bytes.as_slice());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((&records[0][0], &records[1][0]), ("reference", "#meta+reference"));
    let cells: Vec<&str> = records[2].iter().collect();
    assert!(cells.contains(&"'=HYPERLINK(\"x\")") && cells.contains(&"'+264 61 1"));
    assert_eq!(cells[1], "VERIFIED");
}
