use entity::enums::Role;
use proptest::prelude::*;

use super::*;
use crate::domain::fixture::{actor, organization, wrong};
use crate::domain::reference::Rows;

const STATUSES: [ContributionStatus; 5] = [
    ContributionStatus::Pledged,
    ContributionStatus::Committed,
    ContributionStatus::InTransit,
    ContributionStatus::Delivered,
    ContributionStatus::Cancelled,
];

/// WHO, and GONE that is retired.
fn organizations() -> Reference {
    let mut gone = organization("GONE", None);
    gone.active = false;
    Reference::new(Rows {
        organizations: vec![organization("WHO", None), gone],
        ..Rows::default()
    })
}

fn form() -> ContributionForm {
    ContributionForm {
        organization: "WHO".into(),
        quantity: Decimal::new(25, 1),
        status: ContributionStatus::Pledged,
        value_usd: None,
        expected_on: None,
        note: None,
        source: None,
        external_id: None,
    }
}

fn checked(form: &ContributionForm) -> Result<NewContribution, Vec<(String, ProblemCode)>> {
    let mut problems = Problems::default();
    let checked = form.check(&organizations(), &mut problems);
    problems.or_else(checked).map_err(wrong)
}

fn holding(status: ContributionStatus, accepted: i64, rejected: i64) -> Holding {
    Holding {
        status,
        quantity: 10,
        accepted,
        rejected,
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn each_step_is_open_where_the_table_says() {
    use ContributionStep as Step;
    let (yes, no) = (true, false);
    // PLEDGED, COMMITTED, IN_TRANSIT, DELIVERED, CANCELLED; before anything was received, and after.
    let table = [
        (Step::Update, [yes, yes, yes, no, no], [yes, yes, yes, no, no]),
        (Step::Commit, [yes, no, no, no, no], [yes, no, no, no, no]),
        (Step::Ship, [no, yes, no, no, no], [no, yes, no, no, no]),
        (Step::Cancel, [yes, yes, yes, no, no], [no, no, no, no, no]),
        (Step::RecordDelivery, [no, yes, yes, no, no], [no, yes, yes, no, no]),
        (Step::VoidDelivery, [no, no, no, no, no], [no, no, yes, yes, no]),
    ];
    assert_eq!(table.map(|(step, ..)| step), Step::ALL);
    for (step, before, after) in table {
        assert_eq!(STATUSES.map(|status| step.is_open(status, 0)), before, "{step:?}");
        assert_eq!(STATUSES.map(|status| step.is_open(status, 1)), after, "{step:?}");
    }
}

#[test]
fn each_step_has_its_mutation_its_action_and_its_right() {
    use ContributionStep as Step;
    use Operation::{RecordDelivery, WriteContribution};
    for (step, mutation, action, operation) in [
        (Step::Update, "updateContribution", "updated", WriteContribution),
        (Step::Commit, "commitContribution", "committed", WriteContribution),
        (Step::Ship, "shipContribution", "shipped", WriteContribution),
        (Step::Cancel, "cancelContribution", "cancelled", WriteContribution),
        (
            Step::RecordDelivery,
            "recordDelivery",
            "partlyDelivered",
            RecordDelivery,
        ),
        (Step::VoidDelivery, "voidDelivery", "deliveryVoided", RecordDelivery),
    ] {
        assert_eq!(
            (step.mutation(), step.action(), step.operation()),
            (mutation, action, operation)
        );
    }
}

#[test]
fn the_organization_gives_the_country_receives_and_coordinators_do_both() {
    const WRITE: &[&str] = &["updateContribution", "shipContribution", "cancelContribution"];
    const BOTH: &[&str] = &[
        "updateContribution",
        "shipContribution",
        "cancelContribution",
        "recordDelivery",
    ];
    let status = ContributionStatus::Committed;
    assert_eq!(open_in(status, 0), BOTH);
    // What of a commitment of WHO to BGD is open, then of WFP to BGD, then of WHO to NPL.
    for (role, of_both, of_bgd, of_who) in [
        (Role::Reader, &[][..], &[][..], &[][..]),
        (Role::Responder, WRITE, &[], WRITE),
        (Role::FocalPoint, &["recordDelivery"], &["recordDelivery"], &[]),
        (Role::Coordinator, BOTH, BOTH, BOTH),
        (Role::Admin, BOTH, BOTH, BOTH),
    ] {
        let actor = actor(&[role]);
        let available = |country, organization| available(&actor, country, organization, status, 0);
        assert_eq!(available("BGD", "WHO"), of_both, "{role:?}");
        assert_eq!(available("BGD", "WFP"), of_bgd, "{role:?}");
        assert_eq!(available("NPL", "WHO"), of_who, "{role:?}");
    }
}

#[test]
fn a_holding_counts_where_it_stands() {
    use ContributionStatus::{Cancelled, Committed, Delivered, InTransit, Pledged};
    // Accepted and rejected of 10; then pledged, committed, in transit, delivered, uncovered and unmet.
    for (status, accepted, rejected, [pledged, committed, in_transit, delivered, uncovered, unmet]) in [
        // A pledge reserves nothing.
        (Pledged, 0, 0, [10, 0, 0, 0, 0, 0]),
        (Committed, 0, 0, [0, 10, 0, 0, -10, 0]),
        (InTransit, 0, 0, [0, 0, 10, 0, -10, 0]),
        (InTransit, 3, 0, [0, 0, 7, 3, -10, -3]),
        // A refused part opens the need again.
        (InTransit, 3, 2, [0, 0, 5, 3, -8, -3]),
        (Delivered, 8, 2, [0, 0, 0, 8, -8, -8]),
        (Delivered, 0, 10, [0, 0, 0, 0, 0, 0]),
        (Cancelled, 0, 0, [0, 0, 0, 0, 0, 0]),
    ] {
        let expected = Figures {
            requested: 0,
            pledged,
            committed,
            in_transit,
            delivered,
            uncovered,
            unmet,
        };
        let holding = holding(status, accepted, rejected);
        assert_eq!(holding.figures(), expected, "{holding:?}");
    }
}

#[test]
fn a_part_moves_it_into_transit_and_the_last_one_delivers_it() {
    use ContributionStatus::{Committed, Delivered, InTransit};
    for (before, (accepted, rejected), after) in [
        (holding(Committed, 0, 0), (3, 0), holding(InTransit, 3, 0)),
        (holding(Committed, 0, 0), (10, 0), holding(Delivered, 10, 0)),
        (holding(InTransit, 3, 1), (2, 1), holding(InTransit, 5, 2)),
        (holding(InTransit, 3, 1), (4, 2), holding(Delivered, 7, 3)),
        (holding(InTransit, 0, 0), (0, 10), holding(Delivered, 0, 10)),
    ] {
        assert_eq!(before.received(accepted, rejected), after);
    }
}

#[test]
fn voiding_moves_it_back_to_transit_or_to_where_it_was_before_the_first_part() {
    use ContributionStatus::{Committed, Delivered, InTransit};
    for (before, (accepted, rejected), shipped, after) in [
        (holding(Delivered, 8, 2), (3, 1), false, holding(InTransit, 5, 1)),
        (holding(Delivered, 10, 0), (10, 0), false, holding(Committed, 0, 0)),
        (holding(Delivered, 10, 0), (10, 0), true, holding(InTransit, 0, 0)),
        (holding(InTransit, 4, 1), (4, 0), false, holding(InTransit, 0, 1)),
        (holding(InTransit, 4, 1), (0, 1), false, holding(InTransit, 4, 0)),
        (holding(InTransit, 4, 1), (4, 1), false, holding(Committed, 0, 0)),
    ] {
        assert_eq!(before.voided(accepted, rejected, shipped), after);
    }
}

#[test]
fn a_step_moves_the_difference_of_what_stands_after_and_before_it() {
    let committed = holding(ContributionStatus::Committed, 0, 0);
    let expected = Figures {
        committed: -10,
        in_transit: 5,
        delivered: 3,
        // The refused two are open again.
        uncovered: 2,
        unmet: -3,
        ..Figures::ZERO
    };
    assert_eq!(difference(committed, committed.received(3, 2)), expected);
}

/// A holding that is not over, with what is received of it next.
fn underway() -> impl Strategy<Value = (Holding, i64, i64, bool)> {
    let quantity = 1_i64..=1_000_000_000_000_000;
    // The shares in thousandths: accepted and refused before, accepted and refused now.
    let shares = [0_i64..=250, 0..=250, 0..=250, 0..=250];
    (quantity, shares, any::<bool>(), any::<bool>()).prop_map(|(quantity, shares, shipped, whole)| {
        let [accepted, rejected, now, refused] =
            shares.map(|share| i64::try_from(i128::from(quantity) * i128::from(share) / 1_000).unwrap());
        let status = if shipped || accepted + rejected > 0 {
            ContributionStatus::InTransit
        } else {
            ContributionStatus::Committed
        };
        let holding = Holding {
            status,
            quantity,
            accepted,
            rejected,
        };
        let now = if whole {
            quantity - accepted - rejected - refused
        } else {
            now
        };
        (holding, now, refused, shipped)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_received_and_voided_was_never_received((before, accepted, rejected, shipped) in underway()) {
        let after = before.received(accepted, rejected);
        prop_assert_eq!(after.voided(accepted, rejected, shipped), before);
        prop_assert_eq!(difference(before, after).plus(difference(after, before)), Figures::ZERO);
    }

    #[test]
    fn whatever_is_given_requested_is_what_is_covered_and_what_is_not(
        (before, accepted, rejected, _) in underway(),
        pledged in 1_i64..=1_000_000_000_000_000,
        base in 0_i64..=1_000_000_000_000_000,
    ) {
        let pledge = Holding { status: ContributionStatus::Pledged, quantity: pledged, accepted: 0, rejected: 0 };
        for holding in [before, before.received(accepted, rejected)] {
            let figures = Figures::base(base).plus(holding.figures()).plus(pledge.figures());
            prop_assert_eq!(figures.requested, base);
            prop_assert_eq!(figures.requested, figures.covered() + figures.uncovered);
            prop_assert_eq!(figures.unmet, figures.requested - figures.delivered);
            prop_assert_eq!(figures.pledged, pledged);
            prop_assert_eq!(figures.covered(), holding.quantity - holding.rejected);
        }
    }
}

#[test]
fn a_good_contribution_is_kept_whole() {
    let form = ContributionForm {
        status: ContributionStatus::Committed,
        value_usd: Some(Decimal::new(12_345, 4)),
        expected_on: Some(day("2020-05-06")),
        note: Some(" by sea ".into()),
        source: Some("FTS".into()),
        external_id: Some("7".into()),
        ..form()
    };
    let expected = NewContribution {
        organization: "WHO".into(),
        quantity_milli: 2_500,
        committed: true,
        value_usd_e4: Some(12_345),
        expected_on: Some(day("2020-05-06")),
        note: Some("by sea".into()),
        origin: Some(Origin {
            source: "FTS".into(),
            external_id: "7".into(),
        }),
    };
    assert_eq!(checked(&form), Ok(expected));
    assert!(!checked(&self::form()).unwrap().committed);
}

#[test]
fn all_problems_of_a_contribution_are_told_together() {
    use ProblemCode::{Blank, Invalid, NotFound, OutOfRange, Required};
    let form = ContributionForm {
        organization: "NOBODY".into(),
        quantity: Decimal::ZERO,
        status: ContributionStatus::InTransit,
        value_usd: Some(Decimal::new(-1, 0)),
        expected_on: None,
        note: Some(" ".into()),
        source: Some("FTS".into()),
        external_id: None,
    };
    let expected = [
        ("organization", NotFound),
        ("quantity", OutOfRange),
        ("status", Invalid),
        ("valueUsd", OutOfRange),
        ("note", Blank),
        ("externalId", Required),
    ];
    assert_eq!(
        checked(&form).unwrap_err(),
        expected.map(|(path, code)| (path.to_owned(), code))
    );
}

#[test]
fn a_contribution_begins_as_a_pledge_or_a_commitment() {
    let begun = STATUSES.map(|status| checked(&ContributionForm { status, ..form() }).is_ok());
    assert_eq!(begun, [true, true, false, false, false]);
}

#[test]
fn a_retired_organization_gives_nothing_new() {
    let form = ContributionForm {
        organization: "GONE".into(),
        ..form()
    };
    assert_eq!(
        checked(&form),
        Err(vec![("organization".into(), ProblemCode::Inactive)])
    );
}

#[test]
fn a_value_is_0_to_500_000_000_000_dollars_with_4_decimals() {
    use ProblemCode::{Invalid, OutOfRange};
    for (value, expected) in [
        (Decimal::ZERO, Ok(0)),
        (Decimal::new(1, 4), Ok(1)),
        (Decimal::new(500_000_000_000, 0), Ok(5_000_000_000_000_000)),
        (Decimal::new(5_000_000_000_000_001, 4), Err(OutOfRange)),
        (Decimal::new(-1, 4), Err(OutOfRange)),
        (Decimal::new(1, 5), Err(Invalid)),
    ] {
        let form = ContributionForm {
            value_usd: Some(value),
            ..form()
        };
        let expected = expected.map(Some).map_err(|code| vec![("valueUsd".into(), code)]);
        assert_eq!(checked(&form).map(|new| new.value_usd_e4), expected, "{value}");
    }
}

#[test]
fn a_step_is_taken_today_or_since_the_step_before_it() {
    let (earliest, today) = ("2020-05-04", "2020-05-06");
    for (on, expected) in [
        (None, Ok(today)),
        (Some("2020-05-06"), Ok(today)),
        (Some("2020-05-05"), Ok("2020-05-05")),
        (Some("2020-05-04"), Ok(earliest)),
        (Some("2020-05-03"), Err(("min", earliest))),
        (Some("2020-05-07"), Err(("max", today))),
    ] {
        let found = check_on(on.map(day), day(today), day(earliest)).map_err(|problem| {
            assert_eq!(
                (problem.path, problem.code),
                (vec!["on".to_owned()], ProblemCode::OutOfRange)
            );
            problem.params
        });
        let expected = expected
            .map(day)
            .map_err(|(bound, day)| vec![(bound.into(), day.to_owned())]);
        assert_eq!(found, expected, "{on:?}");
    }
}
