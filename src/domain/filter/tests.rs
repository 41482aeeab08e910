use std::fmt::Debug;

use entity::enums::{ContributionStatus, ItemKind, Priority, RequestStatus};

use super::*;

/// For which of the values a test holds.
fn passing<'a, T: ?Sized + Debug>(values: &[Option<&'a T>], holds: impl Fn(Option<&'a T>) -> bool) -> String {
    let passing = values.iter().filter(|value| holds(**value));
    let names = passing.map(|value| value.map_or("nothing".into(), |value| format!("{value:?}").replace('"', "")));
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_test_on_a_text_compares_exactly_but_finds_parts_without_case_and_accents() {
    let values = [Some("Ñame"), Some("ñame"), Some("Mi_ñame"), Some(""), None];
    let several = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    for (test, expected) in [
        (Text::Eq("ñame".into()), "ñame"),
        (Text::Ne("ñame".into()), "Ñame Mi_ñame  nothing"),
        (Text::In(several(&["ñame", "x", "Ñame"])), "Ñame ñame"),
        (Text::In(vec![]), ""),
        (Text::NotIn(several(&["ñame", "x", "Ñame"])), "Mi_ñame  nothing"),
        (Text::NotIn(vec![]), "Ñame ñame Mi_ñame  nothing"),
        (Text::containing("NAM"), "Ñame ñame Mi_ñame"),
        (Text::containing("_"), "Mi_ñame"),
        (Text::containing("%"), ""),
        (Text::containing(""), "Ñame ñame Mi_ñame "),
        (Text::starting_with("NAM"), "Ñame ñame"),
        (Text::starting_with("M_"), ""),
        (Text::IsNull(true), "nothing"),
        (Text::IsNull(false), "Ñame ñame Mi_ñame "),
    ] {
        assert_eq!(
            passing(&values, |value| test.holds(value, &|text| fold(text).into())),
            expected,
            "{test:?}"
        );
    }
}

#[test]
fn one_of_several_names_is_enough_and_a_negation_asks_every_one() {
    let names = ["Chad", "Tchad"];
    for (test, expected) in [
        (Text::Eq("Tchad".into()), true),
        (Text::Eq("Tschad".into()), false),
        (Text::Ne("Tchad".into()), false),
        (Text::Ne("Tschad".into()), true),
        (Text::In(vec!["Tchad".into()]), true),
        (Text::NotIn(vec!["Tchad".into()]), false),
        (Text::NotIn(vec!["Tschad".into()]), true),
        (Text::containing("tch"), true),
        (Text::starting_with("ch"), true),
        (Text::IsNull(true), false),
        (Text::IsNull(false), true),
    ] {
        assert_eq!(
            test.holds_any(names.into_iter(), &|text| fold(text).into()),
            expected,
            "{test:?}"
        );
    }
}

#[test]
fn a_test_on_a_choice_takes_nothing_for_another() {
    let values = [Some(&1), Some(&2), Some(&3), None];
    for (test, expected) in [
        (Choice::Eq(2), "2"),
        (Choice::Ne(2), "1 3 nothing"),
        (Choice::In(vec![1, 3]), "1 3"),
        (Choice::NotIn(vec![1, 3]), "2 nothing"),
        (Choice::IsNull(true), "nothing"),
        (Choice::IsNull(false), "1 2 3"),
    ] {
        assert_eq!(passing(&values, |value| test.holds(value)), expected, "{test:?}");
    }
}

#[test]
fn nothing_is_neither_more_nor_less() {
    let values = [Some(&1), Some(&2), Some(&3), None];
    for (test, expected) in [
        (Ordered::Eq(2), "2"),
        (Ordered::Ne(2), "1 3 nothing"),
        (Ordered::In(vec![1, 3]), "1 3"),
        (Ordered::Gt(2), "3"),
        (Ordered::Gte(2), "2 3"),
        (Ordered::Lt(2), "1"),
        (Ordered::Lte(2), "1 2"),
        (Ordered::IsNull(true), "nothing"),
        (Ordered::IsNull(false), "1 2 3"),
    ] {
        assert_eq!(passing(&values, |value| test.holds(value)), expected, "{test:?}");
    }
}

fn not<F>(filter: Filter<F>) -> Filter<F> {
    Filter::Not(Box::new(filter))
}

#[test]
fn a_tree_holds_as_its_leaves_say() {
    use Filter::{All, Any, Is};
    let (yes, no) = (Is(true), Is(false));
    for (filter, expected) in [
        (Filter::default(), true),
        (Filter::nothing(), false),
        (yes.clone(), true),
        (no.clone(), false),
        (All(vec![yes.clone(), yes.clone()]), true),
        (All(vec![yes.clone(), no.clone()]), false),
        (Any(vec![no.clone(), yes.clone()]), true),
        (Any(vec![no.clone(), no.clone()]), false),
        (All(vec![yes.clone(), Any(vec![no.clone(), not(no)])]), true),
        (not(yes), false),
    ] {
        assert_eq!(filter.holds(&mut |leaf| *leaf), expected, "{filter:?}");
        assert_eq!(not(filter.clone()).holds(&mut |leaf| *leaf), !expected, "{filter:?}");
    }
}

#[test]
fn only_a_filter_that_asks_nothing_lets_everything_pass_unseen() {
    use Filter::{All, Any, Is};
    for (filter, expected) in [
        (Filter::default(), true),
        (All(vec![All(vec![]), Filter::default()]), true),
        (All(vec![All(vec![]), Is(true)]), false),
        (Is(true), false),
        (Filter::nothing(), false),
        (Any(vec![Filter::default()]), false),
        (not(Filter::nothing()), false),
    ] {
        assert_eq!(filter.is_everything(), expected, "{filter:?}");
    }
}

/// Bears on related rows, in the way that asks most.
fn every<F>(filter: Filter<F>) -> Related<F> {
    Related {
        quantifier: Quantifier::Every,
        filter: Box::new(filter),
    }
}

fn status() -> Filter<RequestField> {
    Filter::Is(RequestField::Status(Choice::Eq(RequestStatus::Closed)))
}

fn priority() -> Filter<RequestField> {
    Filter::Is(RequestField::Priority(Choice::Eq(Priority::High)))
}

fn title() -> Filter<RequestField> {
    Filter::Is(RequestField::Title(Text::Eq("Masks".into())))
}

fn of_request(filter: Filter<RequestField>) -> Filter<ItemField> {
    Filter::Is(ItemField::Request(filter))
}

fn given_to(filter: Filter<RequestField>) -> Filter<ContributionField> {
    Filter::Is(ContributionField::Request(filter))
}

fn has_items(filter: Filter<ItemField>) -> Filter<RequestField> {
    Filter::Is(RequestField::Items(every(filter)))
}

fn has_contributions(filter: Filter<ContributionField>) -> Filter<RequestField> {
    Filter::Is(RequestField::Contributions(every(filter)))
}

fn of_country(filter: Filter<CountryField>) -> Filter<RequestField> {
    Filter::Is(RequestField::Country(filter))
}

fn country_asks(filter: Filter<RequestField>) -> Filter<CountryField> {
    Filter::Is(CountryField::AssistanceRequests(every(filter)))
}

#[test]
fn a_filter_of_requests_mentions_their_status_however_deep() {
    use Filter::{All, Any};
    let by_item = |filter| Filter::Is(ContributionField::Item(filter));
    for (filter, expected) in [
        (Filter::default(), false),
        (title(), false),
        (status(), true),
        (All(vec![title(), Any(vec![priority(), not(status())])]), true),
        (All(vec![title(), Any(vec![priority(), not(title())])]), false),
        (has_items(of_request(status())), true),
        (has_items(of_request(title())), false),
        (has_contributions(given_to(status())), true),
        (has_contributions(given_to(title())), false),
        (has_contributions(by_item(of_request(status()))), true),
        (has_contributions(by_item(of_request(title()))), false),
        // That is of other requests.
        (of_country(country_asks(status())), false),
    ] {
        assert_eq!(filter.mentions_status(), expected, "{filter:?}");
    }
}

#[test]
fn a_filter_of_items_or_contributions_mentions_the_status_of_their_request() {
    let given = |filter| Filter::Is(ItemField::Contributions(every(filter)));
    let delivered = Filter::Is(ContributionField::Status(Choice::Eq(ContributionStatus::Delivered)));
    let goods = Filter::Is(ItemField::Kind(Choice::Eq(ItemKind::Goods)));
    for (filter, expected) in [
        (goods.clone(), false),
        (of_request(title()), false),
        (not(of_request(status())), true),
        (given(given_to(status())), true),
        (given(given_to(title())), false),
        // The status of a contribution is another.
        (given(delivered.clone()), false),
    ] {
        assert_eq!(filter.mentions_status(), expected, "{filter:?}");
    }
    for (filter, expected) in [
        (delivered, false),
        (given_to(title()), false),
        (given_to(status()), true),
        (Filter::Is(ContributionField::Item(goods)), false),
        (Filter::Is(ContributionField::Item(of_request(status()))), true),
    ] {
        assert_eq!(filter.mentions_status(), expected, "{filter:?}");
    }
}

#[test]
fn of_the_past_only_what_is_remembered_of_requests_and_reference_data_can_be_asked() {
    use Filter::{All, Any, Is};
    let people = Is(RequestField::PeopleInNeed(Ordered::Gt(100)));
    let code = Is(CountryField::Code(Choice::Eq("BGD".into())));
    for (filter, expected) in [
        (Filter::default(), None),
        (All(vec![status(), Any(vec![priority(), not(people)])]), None),
        (of_country(code), None),
        (title(), Some("filter")),
        (All(vec![status(), not(title())]), Some("filter")),
        (has_items(of_request(status())), Some("filter")),
        (of_country(not(country_asks(status()))), Some("filter")),
    ] {
        assert_eq!(filter.present_only(), expected, "{filter:?}");
    }
    for (filter, expected) in [
        (Is(ItemField::Kind(Choice::Eq(ItemKind::Goods))), None),
        (Is(ItemField::Category(Filter::default())), None),
        (Is(ItemField::Commodity(Filter::default())), None),
        (of_request(status()), None),
        (Any(vec![of_request(status()), of_request(title())]), Some("filter")),
        (not(Is(ItemField::Quantity(Ordered::Gt(1)))), Some("itemFilter")),
    ] {
        assert_eq!(filter.present_only(), expected, "{filter:?}");
    }
}
