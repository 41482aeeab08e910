use entity::enums::Role;
use serde_json::json;

use super::*;

fn viewer(role: Option<Role>, country: Option<&str>, organization: Option<&str>) -> Actor {
    Actor {
        roles: role.into_iter().collect(),
        country: country.map(Into::into),
        organization: organization.map(Into::into),
        ..Actor::anonymous()
    }
}

/// One of each kind, and those who are strangers to BGD and to WHO.
fn viewers() -> [(&'static str, Actor); 8] {
    [
        ("anonymous", viewer(None, None, None)),
        ("reader", viewer(Some(Role::Reader), None, None)),
        ("WHO", viewer(Some(Role::Responder), None, Some("WHO"))),
        ("MSF", viewer(Some(Role::Responder), None, Some("MSF"))),
        ("BGD", viewer(Some(Role::FocalPoint), Some("BGD"), None)),
        ("IND", viewer(Some(Role::FocalPoint), Some("IND"), None)),
        ("coordinator", viewer(Some(Role::Coordinator), None, None)),
        ("admin", viewer(Some(Role::Admin), None, None)),
    ]
}

fn who(passes: impl Fn(&Actor) -> bool) -> String {
    let all = viewers();
    let names = all.iter().filter(|(_, viewer)| passes(viewer)).map(|(name, _)| *name);
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_diff_tells_each_field_that_differs_and_never_a_secret() {
    let row = |title: Value, hash: &str, contact: Value| {
        [
            Field::new("title", title),
            Field::new("priority", "HIGH"),
            Field::secret("hash", hash),
            Field::secret("contact", contact),
        ]
    };
    let change = |name: &str, was: Value, is: Value| FieldChange(name.into(), was, is);
    let before = row(json!("Masks"), "a", json!("Ann"));
    for (before, after, expected) in [
        (Some(&before), Some(&before), vec![]),
        (None, None, vec![]),
        (
            Some(&before),
            Some(&row(Value::Null, "a", json!("Ann"))),
            vec![change("title", json!("Masks"), Value::Null)],
        ),
        (
            Some(&before),
            Some(&row(json!("Masks"), "b", Value::Null)),
            vec![
                change("hash", Value::Null, Value::Null),
                change("contact", Value::Null, Value::Null),
            ],
        ),
        (
            Some(&before),
            None,
            vec![
                change("title", json!("Masks"), Value::Null),
                change("priority", json!("HIGH"), Value::Null),
                change("hash", Value::Null, Value::Null),
                change("contact", Value::Null, Value::Null),
            ],
        ),
    ] {
        let told = diff(before.map(|row| &row[..]), after.map(|row| &row[..]));
        assert_eq!(told, expected, "{before:?} {after:?}");
    }
    // What is not there has no field, be it a secret or not.
    assert_eq!(
        whole(&row(Value::Null, "a", Value::Null)),
        [
            change("priority", Value::Null, json!("HIGH")),
            change("hash", Value::Null, Value::Null)
        ]
    );
}

#[test]
fn a_request_that_was_ever_verified_is_public_and_a_submitted_one_for_responders() {
    use RequestStatus::{Closed, Draft, Rejected, Returned, Submitted, Verified, Withdrawn};
    for (status, was_verified, expected) in [
        (Draft, false, Seen::Draft),
        (Submitted, false, Seen::Submitted),
        (Returned, false, Seen::Draft),
        (Rejected, false, Seen::Draft),
        (Withdrawn, false, Seen::Draft),
        (Verified, true, Seen::Public),
        (Closed, true, Seen::Public),
        (Withdrawn, true, Seen::Public),
    ] {
        assert_eq!(seen(status, was_verified), expected, "{status:?}");
    }
}

#[test]
fn each_is_seen_by_those_whose_right_it_is() {
    for (what, country, expected) in [
        (Seen::Nobody, Some("BGD"), ""),
        (Seen::Keys, None, "admin"),
        (Seen::Draft, Some("BGD"), "BGD coordinator admin"),
        (Seen::Draft, Some("IND"), "IND coordinator admin"),
        (Seen::Submitted, Some("BGD"), "WHO MSF BGD coordinator admin"),
        (
            Seen::Public,
            Some("BGD"),
            "anonymous reader WHO MSF BGD IND coordinator admin",
        ),
        (Seen::Public, None, "anonymous reader WHO MSF BGD IND coordinator admin"),
    ] {
        assert_eq!(who(|viewer| sees(viewer, what, country)), expected, "{what:?}");
    }
}

fn change(subject: &str, fields: &[&str], before: Seen, after: Seen) -> Change {
    let field = |name: &&str| FieldChange((*name).to_owned(), Value::Null, json!(1));
    Change {
        sequence: 1,
        at: DateTime::UNIX_EPOCH,
        actor: "system".into(),
        action: "tested".into(),
        subject_type: subject.into(),
        subject_key: "7".into(),
        country: Some("BGD".into()),
        organization: Some("WHO".into()),
        request: None,
        seen_before: before,
        seen_after: after,
        diff: fields.iter().map(field).collect(),
        whole: None,
    }
}

/// Names of the fields that a viewer is told, if anything.
fn told(change: &Change, viewer: &Actor) -> Option<String> {
    let told = change.tell(viewer)?;
    Some(told.diff.into_iter().map(|field| field.0).collect::<Vec<_>>().join(" "))
}

#[test]
fn who_sees_it_after_but_not_before_gets_the_whole_and_who_loses_sight_of_it_the_status() {
    let [_, (_, reader), (_, responder), _, (_, own), (_, foreign), ..] = viewers();
    let mut step = change(
        "AssistanceRequest",
        &["status", "submittedAt"],
        Seen::Draft,
        Seen::Submitted,
    );
    step.whole = Some(whole(&[
        Field::new("title", "Masks"),
        Field::new("status", "SUBMITTED"),
    ]));
    let back = change("AssistanceRequest", &["status", "note"], Seen::Submitted, Seen::Draft);
    let sight = |change: &Change, viewer: &Actor| change.tell(viewer).map(|told| told.is_visible);
    for (change, viewer, fields, is_visible) in [
        (&step, &reader, None, None),
        (&step, &foreign, None, None),
        (&step, &own, Some("status submittedAt"), Some(true)),
        (&step, &responder, Some("title status"), Some(true)),
        (&back, &responder, Some("status"), Some(false)),
        (&back, &own, Some("status note"), Some(true)),
        (&back, &reader, None, None),
    ] {
        assert_eq!(told(change, viewer).as_deref(), fields, "{viewer:?}");
        assert_eq!(sight(change, viewer), is_visible, "{viewer:?}");
    }
    // Where nothing was whole before, the diff is.
    let made = change("Country", &["name"], Seen::Nobody, Seen::Public);
    assert_eq!(told(&made, &reader).as_deref(), Some("name"));
}

#[test]
fn a_field_that_needs_a_right_is_told_to_whoever_has_it() {
    let everybody = "anonymous reader WHO MSF BGD IND coordinator admin";
    for (subject, field, expected) in [
        ("AssistanceRequest", "title", everybody),
        ("AssistanceRequest", "contact", "WHO MSF BGD coordinator admin"),
        ("Contribution", "quantity", everybody),
        ("Contribution", "trackingReference", "WHO BGD coordinator admin"),
        ("Contribution", "note", "WHO BGD coordinator admin"),
        ("Contribution", "cancelReason", "WHO BGD coordinator admin"),
        ("Delivery", "accepted", everybody),
        ("Delivery", "rejectReason", "WHO BGD coordinator admin"),
        ("Delivery", "note", "WHO BGD coordinator admin"),
        ("RequestItem", "note", everybody),
    ] {
        let change = change(subject, &[field], Seen::Public, Seen::Public);
        let told = who(|viewer| told(&change, viewer).as_deref() == Some(field));
        assert_eq!(told, expected, "{subject}.{field}");
    }
    let change = change("Contribution", &[], Seen::Public, Seen::Public);
    let told = who(|viewer| change.tell(viewer).is_some_and(|told| told.shows_actor));
    assert_eq!(told, "WHO BGD coordinator admin");
}

/// 2020-05-04T12:00:00.000001Z.
const AT: i64 = 1_588_593_600_000_001;

fn sealed(whole: Option<&'static str>) -> Sealed<'static> {
    Sealed {
        ordinal: 0,
        at: DateTime::from_timestamp_micros(AT).unwrap(),
        actor: "key:1",
        action: "contribution.committed",
        subject_type: "Contribution",
        subject_key: "0190",
        country: whole.and(Some("BGD")),
        organization: whole.and(Some("WHO")),
        request: whole.and(Some(Uuid::from_u128(7))),
        seen_before: "DRAFT",
        seen_after: "PUBLIC",
        diff: r#"[["note",null,"é"]]"#,
        whole,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hashes were computed outside, as docs/audit.md says.
#[test]
fn anybody_can_compute_the_digest_of_a_change_and_its_link() {
    let digest = sealed(Some("[]")).digest();
    let all = "f5b8ca6c4ee7bb6280dcc96bbb5cb39b9224bbc7f89c46810ad377b55c77f8d6";
    assert_eq!(hex(&digest), all);
    let least = "b86e42b61c1156e7584728e00d414b1488cb57a3d25dce2bc274bad717cc8008";
    assert_eq!(hex(&sealed(None).digest()), least);
    let first = link(&GENESIS, 1, DateTime::from_timestamp_micros(AT).unwrap(), &digest);
    let expected = "7fafb2b39c0ddefb9b5d68e49fb0e28e3b866fe89b23b4734c47224c5a58fa51";
    assert_eq!(hex(&first), expected);
}
