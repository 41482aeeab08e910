#![allow(clippy::unwrap_used, reason = "tests")]
use std::sync::LazyLock;

use chrono::DateTime;
use entity::enums::{ItemKind, Locale, Priority};

use super::*;
use crate::interchange::field::Field;
use crate::interchange::mapping::Mapping;
use crate::store::reference::Files;

static REFERENCE: LazyLock<Reference> =
    LazyLock::new(|| Reference::new(Files::BUNDLED.rows(DateTime::UNIX_EPOCH).unwrap()));

const OWN: &str = "source,externalId,country,title,priority,itemExternalId,kind,category,commodity,quantity,unit,unitCostUsd,valueUsd";

fn own(lines: &str) -> Plan {
    let table = Table::of_bytes(format!("{OWN}\n{lines}\n").as_bytes()).unwrap();
    plan(&table, &Bound::own(&table, &[]).unwrap(), &REFERENCE, 3)
}

fn mapped(mapping: &str, csv: &str) -> Plan {
    let table = Table::of_bytes(csv.as_bytes()).unwrap();
    let bound = Mapping::parse(mapping).unwrap().bind(&table, &[]).unwrap();
    plan(&table, &bound, &REFERENCE, 3)
}

/// What the report says of each line but the sums.
fn told(plan: &Plan) -> Vec<String> {
    let mut out = Vec::new();
    plan.report.write(&mut out).unwrap();
    let lines = String::from_utf8(out).unwrap();
    lines
        .lines()
        .filter(|line| line.starts_with("line "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_line_that_says_anything_of_an_item_is_no_request_without_items() {
    let plan = own(
        "S,1,BGD,Nothing yet,LOW,,,,,,,,\nS,2,BGD,A unit alone,LOW,,,,,,PIECE,,\nS,3,BGD,A price alone,LOW,,,,,,,1.5,\n",
    );
    assert_eq!((plan.rows.len(), plan.rows[0].line), (1, 2));
    assert_eq!(plan.rows[0].item_lines, Vec::<u64>::new());
    let told = told(&plan).join("\n");
    assert!(told.contains("line 3 (A unit alone): refused: column kind"), "{told}");
    assert!(told.contains("line 4 (A price alone): refused: column kind"), "{told}");
}

#[test]
fn a_line_without_an_item_adds_nothing_to_its_request() {
    let item = "GOODS,,MASK_MEDICAL_HCW,100,,0.03,";
    let plan = own(&format!(
        "S,1,BGD,Masks,LOW,,,,,,,,\nS,1,BGD,Masks,LOW,a,{item}\nS,1,BGD,Masks,LOW,b,{item}\n"
    ));
    let told = told(&plan).join("\n");
    assert_eq!(
        told,
        "line 2 (Masks): skipped: line 3 is of the same request, and this one names no item"
    );
    assert_eq!((plan.rows.len(), plan.rows[0].line), (1, 3));
    assert_eq!(plan.rows[0].item_lines, [3, 4]);
}

#[test]
fn lines_of_one_external_id_are_items_of_one_request() {
    let plan = own("S,1,NAM,Masks,high,a,GOODS,,MASK_MEDICAL_HCW,\"1,000\",,0.03,30.00\n\
         S,1,NA,Masks,HIGH,b,goods,MED.PPE.BODY,,5.5,PIECE,,\n\
         S,2,516,Money,LOW,,FUNDING,HUM.MULTI,,10,,,\n");
    assert_eq!(told(&plan), Vec::<String>::new());
    assert_eq!(plan.rows.len(), 2);
    let first = &plan.rows[0].import.form;
    assert_eq!(
        (first.country.as_str(), first.priority, first.language),
        ("NAM", Priority::High, Locale::En)
    );
    assert_eq!(first.items.len(), 2);
    assert_eq!(first.items[1].quantity.to_string(), "5.5");
    assert_eq!(plan.rows[1].import.form.items[0].kind, ItemKind::Funding);
    assert_eq!(
        (plan.rows[0].item_lines.as_slice(), plan.rows[1].line),
        ([2, 3].as_slice(), 4)
    );
    assert_eq!(plan.report.totals.value_usd.to_string(), "40");
}

#[test]
fn m49_codes_that_a_spreadsheet_cut_are_found() {
    let plan = own("S,1,4,Money,LOW,,FUNDING,HUM.MULTI,,10,USD,,");
    assert_eq!(plan.rows[0].import.form.country, "AFG");
}

#[test]
fn everything_wrong_with_a_line_is_told_by_column() {
    let plan = own("S,1,XXX,,urgent,,GOODS,,NO_SUCH,12%,,,");
    assert_eq!(
        told(&plan),
        ["line 2 (1): refused: column quantity: 12% is a share, not a number; \
          column title: there must be something here, and there is nothing; \
          column priority: urgent is none of LOW, MEDIUM, HIGH, CRITICAL"]
    );
    let plan = own("S,1,XXX,Masks,LOW,,GOODS,,NO_SUCH,0,,,");
    assert_eq!(
        told(&plan),
        [
            "line 2 (Masks): refused: column commodity: No commodity has the code NO_SUCH.; \
          column quantity: A quantity is more than 0, at most 1000000000000, with up to 3 decimals. Here: 0; \
          column country: No country has the code XXX."
        ]
    );
}

#[test]
fn a_request_of_which_a_line_is_refused_is_not_loaded_in_part() {
    let plan = own("S,1,NAM,Masks,HIGH,a,GOODS,,MASK_MEDICAL_HCW,1,,,\n\
         S,1,NAM,Masks,HIGH,b,GOODS,,MASK_MEDICAL_HCW,many,,,\n\
         S,1,NAM,Masks\n\
         S,2,NAM,Masks,HIGH,b,GOODS,,MASK_MEDICAL_HCW,1,,,");
    assert_eq!(plan.rows.len(), 1);
    assert_eq!(
        told(&plan),
        [
            "line 2 (Masks): refused: line 3 of the same request is refused, so all of it is",
            "line 3 (Masks): refused: column quantity: many is no number with a decimal point",
            "line 4 (Masks): refused: the line has 4 columns, the header 13",
        ]
    );
}

#[test]
fn lines_of_one_request_must_agree() {
    let plan = own("S,1,NAM,Masks,HIGH,a,GOODS,,MASK_MEDICAL_HCW,1,,,\n\
         S,1,NAM,Gloves,HIGH,b,GOODS,,GLOVES_EXAM,1,,,\n\
         S,2,NAM,Masks,HIGH,a,GOODS,,MASK_MEDICAL_HCW,1,,,\n\
         S,2,NAM,Masks,HIGH,a,GOODS,,GLOVES_EXAM,1,,,\n");
    let told = told(&plan);
    assert_eq!(told.len(), 4);
    assert!(
        told[1].ends_with("lines 2 and 3 are of one request and differ in title"),
        "{}",
        told[1]
    );
    assert!(
        told[3].ends_with("lines 4 and 5 have the same external id of an item, a"),
        "{}",
        told[3]
    );
}

#[test]
fn a_line_that_came_in_twice_is_skipped() {
    let plan = own("S,1,NAM,Masks,HIGH,,GOODS,,MASK_MEDICAL_HCW,1,,,\n\
         S,1,NAM,Masks,HIGH,,GOODS,,MASK_MEDICAL_HCW,1,,,");
    assert_eq!(told(&plan), ["line 3 (Masks): skipped: it says the same as line 2"]);
    assert_eq!(plan.report.totals.items, 1);
}

#[test]
fn a_request_has_no_more_items_than_are_taken() {
    let lines: Vec<String> = (0..4)
        .map(|n| format!("S,1,NAM,M,HIGH,{n},GOODS,,GLOVES_EXAM,1,,,"))
        .collect();
    let plan = own(&lines.join("\n"));
    assert!(plan.rows.is_empty());
    assert!(told(&plan)[0].ends_with("the request has 4 items; at most 3 are taken"));
}

#[test]
fn a_value_must_be_the_quantity_times_the_unit_cost() {
    let plan = own("S,1,NAM,M,LOW,,GOODS,,GLOVES_EXAM,3,,0.115,0.35\n\
         S,2,NAM,M,LOW,,GOODS,,GLOVES_EXAM,3,,0.115,0.36\n\
         S,3,NAM,M,LOW,,GOODS,MED.EHS,,3,PIECE,,0.36");
    assert_eq!(plan.rows.len(), 1);
    assert_eq!(
        told(&plan),
        [
            "line 3 (M): refused: column valueUsd: 0.36 USD is not the quantity times the unit cost, 0.345 USD",
            "line 4 (M): refused: column valueUsd: a value needs a unit cost",
        ]
    );
}

#[test]
fn hashtags_map_a_file_by_themselves() {
    let csv = "Land,Was,Sektor,Ding,Menge,Art,Id,Dringend\n\
        #country+code+v_iso3,#need+name,#sector,#item+code,#quantity,#item+type,#meta+id,#severity\n\
        NAM,Handschuhe,,GLOVES_EXAM,12,GOODS,7,HIGH\n";
    let table = Table::of_bytes(csv.as_bytes()).unwrap();
    let error = Bound::own(&table, &[]).unwrap_err().to_string();
    assert!(error.contains("what these fields are: source."), "{error}");
    let fill = [(Field::Source, "MINISTRY".to_owned())];
    let plan = plan(&table, &Bound::own(&table, &fill).unwrap(), &REFERENCE, 3);
    assert_eq!(told(&plan), Vec::<String>::new());
    let form = &plan.rows[0].import.form;
    assert_eq!(
        (form.title.as_str(), form.source.as_deref()),
        ("Handschuhe", Some("MINISTRY"))
    );
    assert_eq!(plan.rows[0].line, 3);
}

#[test]
fn tagged_money_without_quantities_is_funding() {
    let csv = "#country+code,#need+name,#sector,#value+usd,#meta+id,#severity,#meta+source\n\
        NAM,Plan,HUM.MULTI,\"1,000,000\",7,HIGH,S\n";
    let table = Table::of_bytes(csv.as_bytes()).unwrap();
    let plan = plan(&table, &Bound::own(&table, &[]).unwrap(), &REFERENCE, 3);
    assert_eq!(told(&plan), Vec::<String>::new());
    assert_eq!(plan.report.totals.value_usd.to_string(), "1000000");
}

#[test]
fn a_part_of_the_people_in_need_is_not_all_of_them() {
    let csv = "#country+code,#need+name,#inneed+f,#sector,#value+usd,#meta+id,#severity,#meta+source\n\
        NAM,Plan,5,HUM.MULTI,10,7,HIGH,S\n";
    let table = Table::of_bytes(csv.as_bytes()).unwrap();
    let plan = plan(&table, &Bound::own(&table, &[]).unwrap(), &REFERENCE, 3);
    assert_eq!(plan.rows[0].import.form.people_in_need, None);
    assert_eq!(plan.report.unread_columns, ["#inneed+f"]);
}

const PLANS: &str = r#"
[fields]
source = "S"
externalId = "{iso3}/{type}/{plan|slug}"
country = "{iso3}"
title = "{plan}"
priority = "HIGH"
kind = "FUNDING"
category = "HUM.MULTI"
quantity = "{usd}"

[repeatedTotal]
column = "type"
is = "REGIONAL"
same = "{plan}"

[partOfTotal]
column = "type"
total = "HRP"
part = "HRP-COVID19"
same = "{iso3}"
partDescription = "part"
restDescription = "rest"
"#;

fn plans(lines: &str) -> Plan {
    mapped(PLANS, &format!("iso3,type,plan,usd\n{lines}\n"))
}

fn amounts(plan: &Plan) -> Vec<Vec<String>> {
    let items = |row: &ImportRow| {
        row.import
            .form
            .items
            .iter()
            .map(|item| item.quantity.to_string())
            .collect()
    };
    plan.rows.iter().map(items).collect()
}

#[test]
fn a_part_and_the_rest_make_the_total_wherever_they_stand() {
    let plan = plans("NAM,HRP,Plan,100\nAGO,HRP,Plan,7\nNAM,HRP-COVID19,Plan C,30\nTCD,HRP-COVID19,Alone,5");
    assert_eq!(amounts(&plan), [vec!["30", "70"], vec!["7"], vec!["5"]]);
    assert_eq!(plan.report.lines[2].outcome, Outcome::Merged("NAM/HRP/plan".into()));
    assert_eq!(plan.report.totals.loaded, 4);
}

#[test]
fn a_part_that_is_all_of_its_total_leaves_no_rest() {
    assert_eq!(amounts(&plans("NAM,HRP,Plan,30\nNAM,HRP-COVID19,Plan C,30")), [["30"]]);
}

#[test]
fn parts_that_fit_no_total_are_refused_with_it() {
    let plan = plans("NAM,HRP,Plan,30\nNAM,HRP-COVID19,Plan C,31");
    assert_eq!(
        told(&plan)[0],
        "line 2 (Plan): refused: the parts are more than their total, by 1"
    );
    assert!(plan.rows.is_empty());
    let plan = plans("NAM,HRP,Plan,N/A\nNAM,HRP-COVID19,Plan C,31");
    assert_eq!(
        told(&plan),
        [
            "line 2 (Plan): refused: column usd: there must be something here, and there is nothing",
            "line 3 (Plan C): refused: line 2, which belongs to it, is refused"
        ]
    );
    let plan = plans("NAM,HRP,Plan,30\nNAM,HRP,Plan B,40\nNAM,HRP-COVID19,Plan C,31");
    assert_eq!(told(&plan).len(), 3);
    assert!(plan.rows.is_empty());
}

#[test]
fn the_same_amount_under_one_country_is_no_repetition() {
    let plan = plans("NAM,REGIONAL,Plan,5\nNAM,REGIONAL,Other,5\nAGO,REGIONAL,Plan,6");
    assert_eq!(plan.report.totals.skipped, 0);
    let plan = plans("NAM,REGIONAL,Plan,\"5,000\"\nABW,REGIONAL,Plan,5000\nAGO,OTHER,Plan,5000");
    assert_eq!((plan.report.totals.skipped, plan.report.totals.loaded), (2, 1));
}

#[test]
fn the_second_line_of_an_external_id_is_refused_where_lines_are_requests() {
    let plan = plans("NAM,OTHER,Plan,5\nNAM,OTHER,plan ,6");
    assert_eq!(
        told(&plan),
        ["line 3 (plan): refused: line 2 has this external id already"]
    );
}

#[test]
fn a_mapping_that_does_not_fit_is_told_by_its_key() {
    let table = Table::of_bytes(b"iso3,type\nNAM,HRP\n").unwrap();
    let bind = |text: &str| Mapping::parse(text).and_then(|mapping| mapping.bind(&table, &[]).map(drop));
    let error = bind("[fields]\ntitle = \"{plan}\"").unwrap_err().to_string();
    assert!(
        error.contains("title: the file has no column \"plan\"; it has iso3, type"),
        "{error}"
    );
    let error = bind("[fields]\ntitel = \"x\"").unwrap_err().to_string();
    assert!(error.contains("titel") && error.contains("line 2"), "{error}");
    let error = bind("groups = true\n[fields]").unwrap_err().to_string();
    assert!(error.contains("groups"), "{error}");
}

#[test]
fn decimal_commas_are_read_where_the_mapping_says_so() {
    let mapping = PLANS.replacen("[fields]", "decimalComma = true\n[fields]", 1);
    let plan = mapped(&mapping, "iso3;type;plan;usd\nNAM;OTHER;Plan;1.234,5\n");
    assert_eq!(amounts(&plan), [["1234.5"]]);
}

#[test]
fn two_columns_of_one_name_are_refused() {
    let table =
        Table::of_bytes(format!("{OWN},Quantity\nS,1,BGD,Masks,LOW,a,GOODS,,MASK_MEDICAL_HCW,5,,,,500\n").as_bytes());
    let refused = Bound::own(&table.unwrap(), &[]).unwrap_err().to_string();
    assert_eq!(
        refused,
        "the columns do not fit: quantity: columns 10, 14 are all called so: leave one, or rename the others"
    );
}
