use super::*;

const KEY: &str = "0190b9a1-2c3d-7e4f-8a5b-6c7d8e9fa0b1";

fn token(issuer: &str, subject: &str) -> Principal {
    Principal::Token {
        issuer: issuer.into(),
        subject: subject.into(),
    }
}

#[test]
fn rows_remember_a_principal_by_a_text_that_tells_its_kind() {
    let principals = [
        (Principal::Anonymous, "anonymous"),
        (
            Principal::Key(KEY.parse().unwrap()),
            "key:0190b9a1-2c3d-7e4f-8a5b-6c7d8e9fa0b1",
        ),
        (token("https://id.example", "ana"), "jwt:https://id.example#ana"),
        // An issuer has no `#`, so whatever stands after the first one is the subject.
        (token("https://id.example", "a#b"), "jwt:https://id.example#a#b"),
        (Principal::Import("OCHA".into()), "import:OCHA"),
        (Principal::System, "system"),
    ];
    for (principal, text) in principals {
        let actor = Actor {
            principal,
            ..Actor::anonymous()
        };
        assert_eq!(actor.principal_text(), text);
    }
}

#[test]
fn whoever_sends_no_credential_is_nobody_without_a_right() {
    let nobody = Actor::anonymous();
    assert!(!nobody.is_signed_in());
    assert_eq!((nobody.name, nobody.roles), (None, vec![]));
    assert_eq!((nobody.country, nobody.organization), (None, None));
}

#[test]
fn the_system_and_an_import_are_signed_in_as_admins_under_names_of_their_own() {
    for (actor, principal, name) in [
        (Actor::system(), Principal::System, "system"),
        (Actor::import("OCHA"), Principal::Import("OCHA".into()), "import:OCHA"),
    ] {
        assert!(actor.is_signed_in(), "{name}");
        assert_eq!(actor.principal, principal);
        assert_eq!(actor.name.as_deref(), Some(name));
        assert_eq!(actor.roles, [Role::Admin]);
        assert_eq!((actor.country, actor.organization), (None, None));
    }
}
