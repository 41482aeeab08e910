use entity::enums::Role;

use super::*;
use crate::domain::fixture::actor;

#[test]
fn one_request_may_ask_for_what_the_documentation_says() {
    let expected = Limits {
        body_bytes: 262_144,
        import_body_bytes: 2_097_152,
        tokens: 5_000,
        nesting: 64,
        depth: 12,
        fields: 2_000,
        aliases: 30,
        root_fields: 20,
        errors: 10,
        filter_depth: 5,
        list_values: 200,
        filter_tests: 2_000,
        items: 200,
        import_rows: 2_000,
        nodes: 100,
        default_page: 25,
        page: 100,
        reference_page: 300,
        anonymous_cost: 5_000,
        signed_in_cost: 20_000,
        introspection_cost: 20_000,
        time_ms: 10_000,
    };
    assert_eq!(Limits::default(), expected);
}

#[test]
fn an_operation_may_cost_more_with_a_credential() {
    let limits = Limits::default();
    assert_eq!(limits.cost(&Actor::anonymous()), 5_000);
    assert_eq!(limits.cost(&actor(&[])), 20_000);
}

#[test]
fn only_who_may_import_may_send_a_larger_body() {
    let limits = Limits::default();
    assert_eq!(limits.body(&Actor::anonymous()), 262_144);
    for (role, bytes) in [
        (Role::Reader, 262_144),
        (Role::Responder, 262_144),
        (Role::FocalPoint, 2_097_152),
        (Role::Coordinator, 2_097_152),
        (Role::Admin, 2_097_152),
    ] {
        assert_eq!(limits.body(&actor(&[role])), bytes, "{role:?}");
    }
}
