use super::*;
use crate::domain::actor::Principal;
use entity::enums::Role;

const STATUSES: [RequestStatus; 7] = [
    RequestStatus::Draft,
    RequestStatus::Submitted,
    RequestStatus::Returned,
    RequestStatus::Verified,
    RequestStatus::Closed,
    RequestStatus::Rejected,
    RequestStatus::Withdrawn,
];

/// Somebody with one role, who speaks for BGD and is known as `import:ANA`.
fn ana(role: Role) -> Actor {
    Actor {
        principal: Principal::Import("ANA".into()),
        name: None,
        roles: vec![role],
        country: Some("BGD".into()),
        organization: Some("WHO".into()),
    }
}

fn request(status: RequestStatus) -> Subject<'static> {
    Subject {
        country: "BGD",
        status,
        created_by: "import:BEN",
        submitted_by: Some("import:BEN"),
    }
}

#[test]
fn each_step_leads_where_the_table_says_and_from_nowhere_else() {
    use RequestStatus::{Closed, Draft, Rejected, Returned, Submitted, Verified, Withdrawn};
    // From DRAFT, SUBMITTED, RETURNED, VERIFIED; nothing leads out of CLOSED, REJECTED and WITHDRAWN.
    let table = [
        (Step::Update, [Some(Draft), None, Some(Returned), Some(Verified)]),
        (Step::Submit, [Some(Submitted), None, Some(Submitted), None]),
        (Step::Withdraw, [Some(Withdrawn); 4]),
        (Step::Close, [None, None, None, Some(Closed)]),
        (Step::Confirm, [None, Some(Submitted), None, Some(Verified)]),
        (Step::Verify, [None, Some(Verified), None, Some(Verified)]),
        (Step::Return, [None, Some(Returned), None, None]),
        (Step::Reject, [None, Some(Rejected), None, None]),
    ];
    assert_eq!(table.map(|(step, _)| step), Step::ALL);
    for (step, next) in table {
        let expected = [&next[..], &[None; 3]].concat();
        assert_eq!(STATUSES.map(|from| step.next(from)).as_slice(), expected, "{step:?}");
    }
}

#[test]
fn each_step_has_its_mutation_its_action_and_its_right() {
    use Operation::{Review, WriteRequest};
    for (step, mutation, action, operation) in [
        (Step::Update, "updateAssistanceRequest", "updated", WriteRequest),
        (Step::Submit, "submitAssistanceRequest", "submitted", WriteRequest),
        (Step::Withdraw, "withdrawAssistanceRequest", "withdrawn", WriteRequest),
        (Step::Close, "closeAssistanceRequest", "closed", WriteRequest),
        (Step::Confirm, "confirmAssistanceRequest", "confirmed", WriteRequest),
        (Step::Verify, "verifyAssistanceRequest", "verified", Review),
        (Step::Return, "returnAssistanceRequest", "returned", Review),
        (Step::Reject, "rejectAssistanceRequest", "rejected", Review),
    ] {
        assert_eq!(
            (step.mutation(), step.action(), step.operation()),
            (mutation, action, operation)
        );
    }
}

#[test]
fn who_may_take_a_step_is_a_matter_of_role_and_country() {
    let of = |country| Subject {
        country,
        ..request(RequestStatus::Submitted)
    };
    // Writing and reviewing what is of BGD, then of another country.
    for (role, rights) in [
        (Role::Reader, [false, false, false, false]),
        (Role::Responder, [false, false, false, false]),
        (Role::FocalPoint, [true, false, false, false]),
        (Role::Coordinator, [true, true, true, true]),
        (Role::Admin, [true, true, true, true]),
    ] {
        let actor = ana(role);
        let may = |step, country| may(&actor, step, &of(country));
        let found = [
            may(Step::Withdraw, "BGD"),
            may(Step::Verify, "BGD"),
            may(Step::Withdraw, "NPL"),
            may(Step::Verify, "NPL"),
        ];
        assert_eq!(found, rights, "{role:?}");
    }
}

#[test]
fn nobody_reviews_what_one_created_or_last_submitted() {
    let (ana, ben) = ("import:ANA", "import:BEN");
    for (created_by, submitted_by, own) in [
        (ben, None, false),
        (ben, Some(ben), false),
        (ana, None, true),
        (ana, Some(ben), true),
        (ben, Some(ana), true),
        (ana, Some(ana), true),
    ] {
        let subject = Subject {
            created_by,
            submitted_by,
            ..request(RequestStatus::Submitted)
        };
        let actor = self::ana(Role::Admin);
        assert_eq!(is_own(&actor, &subject), own, "{subject:?}");
        for step in Step::ALL {
            let review = [Step::Verify, Step::Return, Step::Reject].contains(&step);
            assert_eq!(may(&actor, step, &subject), !(own && review), "{step:?} {subject:?}");
        }
    }
}

#[test]
fn the_steps_that_are_open_are_told_in_order_and_those_open_to_oneself_are_among_them() {
    use RequestStatus as S;
    let all = |names: &[&str]| -> Vec<String> { names.iter().map(|name| format!("{name}AssistanceRequest")).collect() };
    // In each status: what is open at all, and what of it to a focal point.
    for (status, open, to_focal_point) in [
        (
            S::Draft,
            &["update", "submit", "withdraw"][..],
            &["update", "submit", "withdraw"][..],
        ),
        (
            S::Submitted,
            &["withdraw", "confirm", "verify", "return", "reject"],
            &["withdraw", "confirm"],
        ),
        (
            S::Returned,
            &["update", "submit", "withdraw"],
            &["update", "submit", "withdraw"],
        ),
        (
            S::Verified,
            &["update", "withdraw", "close", "confirm", "verify"],
            &["update", "withdraw", "close", "confirm"],
        ),
        (S::Closed, &[], &[]),
        (S::Rejected, &[], &[]),
        (S::Withdrawn, &[], &[]),
    ] {
        assert_eq!(open_in(status), all(open), "{status:?}");
        let available = |role| available(&ana(role), &request(status));
        assert_eq!(available(Role::Coordinator), all(open), "{status:?}");
        assert_eq!(available(Role::FocalPoint), all(to_focal_point), "{status:?}");
        assert_eq!(available(Role::Responder), all(&[]), "{status:?}");
    }
}
