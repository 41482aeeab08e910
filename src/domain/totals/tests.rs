use proptest::prelude::*;

use super::*;

/// Seven unlike numbers, so that none can stand in for another.
const SEVEN: Sums = Sums::of([1, 20, 300, 4_000, 50_000, 600_000, 7_000_000]);

fn any_sums() -> impl Strategy<Value = Sums> {
    // As far as a million items of the largest value go.
    proptest::array::uniform7(-5_000_000_000_000_000_000_000_000_i128..5_000_000_000_000_000_000_000_000)
        .prop_map(Sums::of)
}

fn totals(requested: i128, committed: i128, in_transit: i128, delivered: i128) -> Totals {
    Totals {
        values: Sums {
            requested,
            committed,
            in_transit,
            delivered,
            ..Sums::default()
        },
        ..Totals::default()
    }
}

#[test]
fn sums_stand_in_the_order_of_the_fields() {
    let expected = Sums {
        requested: 1,
        pledged: 20,
        committed: 300,
        in_transit: 4_000,
        delivered: 50_000,
        uncovered: 600_000,
        unmet: 7_000_000,
    };
    assert_eq!(SEVEN, expected);
}

#[test]
fn sums_are_added_taken_away_and_multiplied_one_by_one() {
    for (found, expected) in [
        (SEVEN.plus(SEVEN), [2, 40, 600, 8_000, 100_000, 1_200_000, 14_000_000]),
        (SEVEN.negated(), [-1, -20, -300, -4_000, -50_000, -600_000, -7_000_000]),
        (SEVEN.times(3), [3, 60, 900, 12_000, 150_000, 1_800_000, 21_000_000]),
    ] {
        assert_eq!(found, Sums::of(expected));
    }
}

#[test]
fn covered_is_what_is_committed_in_transit_or_delivered() {
    assert_eq!(SEVEN.covered(), 54_300);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_added_can_be_taken_away_and_times_is_adding_again(one in any_sums(), other in any_sums()) {
        prop_assert_eq!(one.plus(other).plus(other.negated()), one);
        prop_assert_eq!(one.times(3), one.plus(one).plus(one));
        prop_assert_eq!(one.times(-1), one.negated());
        prop_assert_eq!(one.plus(other).covered(), one.covered() + other.covered());
    }
}

#[test]
fn coverage_is_the_share_of_the_requested_value_that_is_covered() {
    for (totals, coverage) in [
        // Nothing is priced.
        (totals(0, 0, 0, 0), None),
        (totals(8, 0, 0, 0), Some(0.0)),
        (totals(8, 1, 2, 3), Some(0.75)),
        (totals(8, 0, 0, 8), Some(1.0)),
    ] {
        assert_eq!(totals.coverage(), coverage, "{totals:?}");
    }
}

#[test]
fn groups_stand_in_the_order_of_their_coverage_however_small() {
    let rising = [
        totals(1_000_000, 0, 0, 0),
        totals(1_000_000_000_000_000_000_000, 0, 0, 1),
        totals(1_000_000_000_000_000_000_000, 0, 0, 2),
        totals(8, 1, 0, 0),
        totals(8, 1, 1, 1),
        totals(8, 0, 0, 8),
    ]
    .map(|totals| totals.coverage_order());
    assert!(rising.iter().all(Option::is_some));
    assert!(rising.is_sorted_by(|less, more| less < more), "{rising:?}");
    assert_eq!(totals(4, 1, 1, 0).coverage_order(), totals(8, 0, 3, 1).coverage_order());
    assert_eq!(totals(0, 0, 0, 0).coverage_order(), None);
}
