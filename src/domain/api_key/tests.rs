use super::*;
use crate::domain::fixture::{organization, reference, wrong};
use crate::domain::reference::Rows;

fn codes(draft: ApiKeyDraft) -> Vec<(String, ProblemCode)> {
    wrong(draft.check(&Reference::default(), DateTime::UNIX_EPOCH).unwrap_err())
}

#[test]
fn a_secret_is_told_by_its_form() {
    let body = "a".repeat(32);
    for good in [format!("nam_{body}"), format!("nam_{}", "Z-9_".repeat(32))] {
        assert!(is_secret(&good), "{good}");
    }
    for bad in [
        body.clone(),
        format!("nam_{}", "a".repeat(31)),
        format!("nam_{}", "a".repeat(129)),
        format!("NAM_{body}"),
        format!("nam_{body}="),
        format!("nam_{body}é"),
    ] {
        assert!(!is_secret(&bad), "{bad}");
    }
}

#[test]
fn all_problems_of_a_key_are_told_together() {
    let draft = ApiKeyDraft {
        name: " ".into(),
        roles: vec![Role::FocalPoint, Role::Responder],
        expires_at: Some(DateTime::UNIX_EPOCH),
        ..ApiKeyDraft::default()
    };
    let at = |path: &str, code| (path.to_owned(), code);
    assert_eq!(
        codes(draft),
        [
            at("name", ProblemCode::Blank),
            at("country", ProblemCode::Required),
            at("organization", ProblemCode::Required),
            at("expiresAt", ProblemCode::OutOfRange),
        ]
    );
    let draft = ApiKeyDraft {
        name: "x".into(),
        country: Some("XXX".into()),
        organization: Some("X".into()),
        ..ApiKeyDraft::default()
    };
    assert_eq!(
        codes(draft),
        [
            at("roles", ProblemCode::Required),
            at("country", ProblemCode::NotFound),
            at("organization", ProblemCode::NotFound),
        ]
    );
}

#[test]
fn a_good_key_names_each_role_once() {
    let draft = ApiKeyDraft {
        name: "  Desk ".into(),
        roles: vec![Role::Reader, Role::Admin, Role::Reader],
        ..ApiKeyDraft::default()
    };
    let key = draft.check(&Reference::default(), DateTime::UNIX_EPOCH).unwrap();
    assert_eq!(key.name, "Desk");
    assert_eq!(key.roles, [Role::Admin, Role::Reader]);
}

#[test]
fn a_key_speaks_for_a_country_and_an_organization_that_are_known_and_in_use() {
    use ProblemCode::{Inactive, NotFound, Required};
    let speaking = |role, country: Option<&str>, organization: Option<&str>| {
        let draft = ApiKeyDraft {
            name: "Desk".into(),
            roles: vec![role],
            country: country.map(str::to_owned),
            organization: organization.map(str::to_owned),
            expires_at: None,
        };
        let key = draft.check(&reference(), DateTime::UNIX_EPOCH).map_err(wrong)?;
        Ok((key.country, key.organization))
    };
    for (role, country, expected) in [
        (Role::FocalPoint, Some("BGD"), Ok(Some("BGD"))),
        (Role::FocalPoint, Some("BD"), Ok(Some("BGD"))),
        (Role::FocalPoint, Some("050"), Ok(Some("BGD"))),
        (Role::FocalPoint, Some("XXX"), Err(NotFound)),
        (Role::FocalPoint, Some("OLD"), Err(Inactive)),
        (Role::FocalPoint, None, Err(Required)),
        (Role::Reader, Some("BGD"), Ok(Some("BGD"))),
        (Role::Reader, Some("OLD"), Err(Inactive)),
        (Role::Reader, None, Ok(None)),
    ] {
        let expected = expected
            .map(|country| (country.map(str::to_owned), None))
            .map_err(|code| vec![("country".to_owned(), code)]);
        assert_eq!(speaking(role, country, None), expected, "{role:?} {country:?}");
    }
    for (role, organization, expected) in [
        (Role::Responder, Some("WHO"), Ok(Some("WHO"))),
        (Role::Responder, Some("XXX"), Err(NotFound)),
        (Role::Responder, None, Err(Required)),
        (Role::Reader, Some("WHO"), Ok(Some("WHO"))),
        (Role::Reader, None, Ok(None)),
    ] {
        let expected = expected
            .map(|organization| (None, organization.map(str::to_owned)))
            .map_err(|code| vec![("organization".to_owned(), code)]);
        assert_eq!(
            speaking(role, None, organization),
            expected,
            "{role:?} {organization:?}"
        );
    }
}

#[test]
fn a_key_does_not_speak_for_a_retired_organization() {
    let mut gone = organization("GONE", None);
    gone.active = false;
    let reference = Reference::new(Rows {
        organizations: vec![gone],
        ..Rows::default()
    });
    let draft = ApiKeyDraft {
        name: "Desk".into(),
        roles: vec![Role::Responder],
        organization: Some("GONE".into()),
        ..ApiKeyDraft::default()
    };
    let problems = draft.check(&reference, DateTime::UNIX_EPOCH).unwrap_err();
    assert_eq!(wrong(problems), [("organization".into(), ProblemCode::Inactive)]);
}

#[test]
fn a_key_expires_in_the_future_or_never() {
    let now = DateTime::UNIX_EPOCH;
    let microsecond = chrono::TimeDelta::microseconds(1);
    for (expires_at, is_good) in [
        (None, true),
        (Some(now + microsecond), true),
        (Some(now), false),
        (Some(now - microsecond), false),
    ] {
        let draft = ApiKeyDraft {
            name: "Desk".into(),
            roles: vec![Role::Reader],
            expires_at,
            ..ApiKeyDraft::default()
        };
        let found = draft.check(&reference(), now).map(|key| key.expires_at).map_err(wrong);
        let expected = if is_good {
            Ok(expires_at)
        } else {
            Err(vec![("expiresAt".into(), ProblemCode::OutOfRange)])
        };
        assert_eq!(found, expected);
    }
}
