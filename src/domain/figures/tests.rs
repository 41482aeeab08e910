use proptest::prelude::*;

use super::*;

/// Seven unlike numbers, so that none can stand in for another.
const SEVEN: Figures = Figures {
    requested: 1,
    pledged: 20,
    committed: 300,
    in_transit: 4_000,
    delivered: 50_000,
    uncovered: 600_000,
    unmet: 7_000_000,
};

fn any_figures() -> impl Strategy<Value = Figures> {
    proptest::array::uniform7(-1_000_000_000_i64..1_000_000_000).prop_map(
        |[requested, pledged, committed, in_transit, delivered, uncovered, unmet]| Figures {
            requested,
            pledged,
            committed,
            in_transit,
            delivered,
            uncovered,
            unmet,
        },
    )
}

#[test]
fn a_base_is_uncovered_and_unmet_until_somebody_gives() {
    let expected = Figures {
        requested: 5,
        pledged: 0,
        committed: 0,
        in_transit: 0,
        delivered: 0,
        uncovered: 5,
        unmet: 5,
    };
    assert_eq!(Figures::base(5), expected);
    assert_eq!(Figures::base(0), Figures::default());
}

#[test]
fn differences_are_added_and_undone_figure_by_figure() {
    let twice = Figures {
        requested: 2,
        pledged: 40,
        committed: 600,
        in_transit: 8_000,
        delivered: 100_000,
        uncovered: 1_200_000,
        unmet: 14_000_000,
    };
    let undone = Figures {
        requested: -1,
        pledged: -20,
        committed: -300,
        in_transit: -4_000,
        delivered: -50_000,
        uncovered: -600_000,
        unmet: -7_000_000,
    };
    assert_eq!(SEVEN.plus(SEVEN), twice);
    assert_eq!(SEVEN.negated(), undone);
}

#[test]
fn covered_is_what_is_committed_in_transit_or_delivered() {
    assert_eq!(SEVEN.covered(), 54_300);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_added_and_undone_was_never_there(one in any_figures(), other in any_figures()) {
        prop_assert_eq!(one.plus(other).plus(other.negated()), one);
        prop_assert_eq!(one.plus(other), other.plus(one));
        prop_assert_eq!(one.plus(Figures::ZERO), one);
    }
}

#[test]
fn a_request_is_met_as_far_as_the_first_line_that_matches_says() {
    use Fulfilment::{Committed, Delivered, PartlyCommitted, PartlyDelivered, Unmet};
    let (yes, no) = (true, false);
    // asks, unmet, uncovered, delivered, committed.
    for (asks, unmet, uncovered, delivered, committed, expected) in [
        // Items without a base: nothing is asked for, so nothing is met.
        (no, no, no, no, no, Unmet),
        // Nobody gives.
        (yes, yes, yes, no, no, Unmet),
        // Somebody gives a part, then all of it.
        (yes, yes, yes, no, yes, PartlyCommitted),
        (yes, yes, no, no, yes, Committed),
        // A part arrives, whether the rest is covered or not.
        (yes, yes, no, yes, yes, PartlyDelivered),
        (yes, yes, yes, yes, no, PartlyDelivered),
        (yes, yes, yes, yes, yes, PartlyDelivered),
        // All of it arrives.
        (yes, no, no, yes, no, Delivered),
    ] {
        let progress = Progress {
            asks,
            unmet,
            uncovered,
            delivered,
            committed,
        };
        assert_eq!(progress.fulfilment(), expected, "{progress:?}");
    }
}
