use super::*;
use crate::domain::fixture::actor;

#[test]
fn each_role_reaches_as_far_as_the_table_says() {
    use Operation as Op;
    use Reach::{Everything as All, Nothing as No, OwnCountry as Country, OwnOrganization as Org};
    let roles = [
        Role::Reader,
        Role::Responder,
        Role::FocalPoint,
        Role::Coordinator,
        Role::Admin,
    ];
    let table = [
        (Op::ReadPublic, [All, All, All, All, All]),
        (Op::ReadSubmitted, [No, All, Country, All, All]),
        (Op::ReadDraft, [No, No, Country, All, All]),
        (Op::ReadContact, [No, All, Country, All, All]),
        (Op::ReadConfidential, [No, Org, Country, All, All]),
        (Op::WriteRequest, [No, No, Country, All, All]),
        (Op::Review, [No, No, No, All, All]),
        (Op::WriteContribution, [No, Org, No, All, All]),
        (Op::RecordDelivery, [No, No, Country, All, All]),
        (Op::WriteReference, [No, No, No, No, All]),
        (Op::ManageKeys, [No, No, No, No, All]),
        (Op::Audit, [No, No, No, No, All]),
    ];
    assert_eq!(table.map(|(operation, _)| operation), Operation::ALL);
    for (operation, reaches) in table {
        assert_eq!(roles.map(|role| reach(role, operation)), reaches, "{operation:?}");
    }
}

#[test]
fn rights_add_up_over_the_roles_of_an_actor() {
    let both = &[Role::FocalPoint, Role::Responder];
    let all = &[Role::FocalPoint, Role::Coordinator, Role::Reader];
    for (roles, operation, everything, country, organization) in [
        (&[][..], Operation::ReadPublic, false, None, None),
        (&[Role::Reader], Operation::WriteRequest, false, None, None),
        (both, Operation::ReadConfidential, false, Some("BGD"), Some("WHO")),
        (both, Operation::WriteRequest, false, Some("BGD"), None),
        (both, Operation::WriteContribution, false, None, Some("WHO")),
        (both, Operation::ReadSubmitted, true, Some("BGD"), None),
        (all, Operation::WriteRequest, true, Some("BGD"), None),
        (all, Operation::Audit, false, None, None),
    ] {
        let expected = Scope {
            everything,
            country,
            organization,
        };
        assert_eq!(scope(&actor(roles), operation), expected, "{roles:?} {operation:?}");
    }
}

#[test]
fn who_speaks_for_nobody_has_no_right_to_what_is_ones_own() {
    let actor = Actor {
        roles: vec![Role::FocalPoint, Role::Responder],
        ..Actor::anonymous()
    };
    for operation in [
        Operation::ReadConfidential,
        Operation::WriteRequest,
        Operation::WriteContribution,
    ] {
        let scope = scope(&actor, operation);
        assert!(scope.is_nothing(), "{operation:?}");
        // What belongs to nobody is not theirs either.
        assert!(!scope.holds(None, None), "{operation:?}");
        assert!(!scope.holds(Some("BGD"), Some("WHO")), "{operation:?}");
    }
}

#[test]
fn a_scope_holds_what_is_of_its_country_or_of_its_organization() {
    let (bgd, who) = (Some("BGD"), Some("WHO"));
    // A scope, and whether it holds what is of BGD and WHO, of BGD, of WHO, of others, of nobody.
    for (everything, country, organization, holds) in [
        (false, None, None, [false, false, false, false, false]),
        (false, bgd, None, [true, true, false, false, false]),
        (false, None, who, [true, false, true, false, false]),
        (false, bgd, who, [true, true, true, false, false]),
        (true, None, None, [true, true, true, true, true]),
    ] {
        let scope = Scope {
            everything,
            country,
            organization,
        };
        assert_eq!(
            scope.is_nothing(),
            (everything, country, organization) == (false, None, None)
        );
        let things = [
            (bgd, who),
            (bgd, None),
            (None, who),
            (Some("NPL"), Some("WFP")),
            (None, None),
        ];
        assert_eq!(
            things.map(|(country, organization)| scope.holds(country, organization)),
            holds,
            "{scope:?}"
        );
    }
}

#[test]
fn permissions_name_the_mutations_of_all_roles_in_the_order_of_the_schema() {
    const REQUESTS: &[&str] = &[
        "createAssistanceRequest",
        "updateAssistanceRequest",
        "submitAssistanceRequest",
        "withdrawAssistanceRequest",
        "closeAssistanceRequest",
        "confirmAssistanceRequest",
    ];
    const REVIEWS: &[&str] = &[
        "verifyAssistanceRequest",
        "returnAssistanceRequest",
        "rejectAssistanceRequest",
    ];
    const IMPORT: &[&str] = &["importAssistanceRequests"];
    const CONTRIBUTIONS: &[&str] = &[
        "createContribution",
        "updateContribution",
        "commitContribution",
        "shipContribution",
        "cancelContribution",
    ];
    const DELIVERIES: &[&str] = &["recordDelivery", "voidDelivery"];
    const OF_ADMINS: &[&str] = &[
        "createCountry",
        "updateCountry",
        "createNeedCategory",
        "updateNeedCategory",
        "createCommodity",
        "updateCommodity",
        "createOrganization",
        "updateOrganization",
        "createApiKey",
        "revokeApiKey",
    ];
    let coordinator = [REQUESTS, REVIEWS, IMPORT, CONTRIBUTIONS, DELIVERIES].concat();
    for (roles, expected) in [
        (&[][..], vec![]),
        (&[Role::Reader], vec![]),
        (&[Role::Responder], CONTRIBUTIONS.to_vec()),
        (&[Role::FocalPoint], [REQUESTS, IMPORT, DELIVERIES].concat()),
        (
            &[Role::Responder, Role::FocalPoint],
            [REQUESTS, IMPORT, CONTRIBUTIONS, DELIVERIES].concat(),
        ),
        (&[Role::Coordinator], coordinator.clone()),
        (&[Role::Admin], [&coordinator, OF_ADMINS].concat()),
    ] {
        assert_eq!(permissions(&actor(roles)), expected, "{roles:?}");
    }
}
