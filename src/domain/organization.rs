//! An organization as an administrator enters it.

use entity::enums::OrganizationKind;
use entity::organization::Model;

use crate::domain::form::{self, Given, put, put_text, taken};
use crate::domain::problem::{Path, Problems};
use crate::domain::reference::Reference;
use crate::domain::text::{self, NAME_MAX};

/// What an administrator enters of an organization: all of a new one, or what changes.
#[derive(Clone, Debug, Default)]
pub struct OrganizationForm {
    /// Its own name.
    pub name: Given<String>,
    /// What it is.
    pub kind: Given<OrganizationKind>,
    /// Alpha-3, alpha-2 or M49 code of where its headquarters are.
    pub country: Given<String>,
    /// Its web site.
    pub url: Given<String>,
    /// Not retired.
    pub active: Given<bool>,
}

/// The code of a new organization, where it has the form of one and none has it.
pub fn check_code(code: &str, reference: &Reference, problems: &mut Problems) -> Option<String> {
    let at = Path::Root.field("code");
    let code = text::code(code, &at, problems)?;
    if reference.organizations.contains_key(&code) {
        problems.push(taken("organization", "code", &code, &at));
        return None;
    }
    Some(code)
}

impl OrganizationForm {
    /// Puts into the row what is given, and notes everything that is wrong.
    pub fn apply(&self, row: &mut Model, reference: &Reference, problems: &mut Problems) {
        let Self {
            name,
            kind,
            country,
            url,
            active,
        } = self;
        let at = Path::Root;
        put_text(name, &mut row.name, NAME_MAX, &at.field("name"), problems);
        put(*kind, &mut row.kind, &at.field("kind"), problems);
        if let Some(country) = country {
            let before = row.country_code.as_deref();
            let known = country
                .as_deref()
                .and_then(|code| form::country(code, before, reference, &at.field("country"), problems));
            row.country_code = known;
        }
        if let Some(url) = url {
            row.url = text::url(url.as_deref(), &at.field("url"), problems);
        }
        put(*active, &mut row.active, &at.field("active"), problems);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{organization, reference, wrong};
    use crate::domain::problem::ProblemCode;

    fn applied(row: &Model, form: &OrganizationForm) -> (Model, Vec<(String, ProblemCode)>) {
        let mut row = row.clone();
        let mut problems = Problems::default();
        form.apply(&mut row, &reference(), &mut problems);
        (row, wrong(problems))
    }

    fn at(country: Option<&str>) -> OrganizationForm {
        OrganizationForm {
            country: Some(country.map(Into::into)),
            ..Default::default()
        }
    }

    #[test]
    fn a_seat_is_named_by_any_code_of_a_country_in_use() {
        let row = organization("WHO", None);
        for code in ["BGD", "BD", "050"] {
            let (row, problems) = applied(&row, &at(Some(code)));
            assert_eq!((row.country_code.as_deref(), problems), (Some("BGD"), vec![]), "{code}");
        }
        assert_eq!(
            applied(&row, &at(Some("OLD"))).1,
            [("country".into(), ProblemCode::Inactive)]
        );
        assert_eq!(
            applied(&row, &at(Some("XXX"))).1,
            [("country".into(), ProblemCode::NotFound)]
        );
        let there = organization("WHO", Some("OLD"));
        assert_eq!(applied(&there, &at(Some("OL"))), (there.clone(), vec![]));
        assert_eq!(applied(&there, &at(None)), (row, vec![]));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        use ProblemCode::{Blank, Invalid, NotFound, Required};
        let form = OrganizationForm {
            name: Some(Some(String::new())),
            kind: Some(None),
            country: Some(Some("XX".into())),
            url: Some(Some("javascript:alert(1)".into())),
            active: Some(None),
        };
        let expected = [
            ("name", Blank),
            ("kind", Required),
            ("country", NotFound),
            ("url", Invalid),
            ("active", Required),
        ];
        let (_, problems) = applied(&organization("WHO", None), &form);
        assert_eq!(problems, expected.map(|(path, code)| (path.to_owned(), code)));
    }

    #[test]
    fn what_is_given_is_put_in_and_an_explicit_nothing_clears() {
        let form = OrganizationForm {
            name: Some(Some(" Doctors ".into())),
            kind: Some(Some(OrganizationKind::Ngo)),
            url: Some(Some("https://example.org".into())),
            active: Some(Some(false)),
            ..Default::default()
        };
        let (row, problems) = applied(&organization("WHO", Some("BGD")), &form);
        assert_eq!((row.name.as_str(), problems), ("Doctors", vec![]));
        assert_eq!((row.kind, row.active), (OrganizationKind::Ngo, false));
        let kept = (row.country_code.as_deref(), row.url.as_deref());
        assert_eq!(kept, (Some("BGD"), Some("https://example.org")));
        let cleared = OrganizationForm {
            url: Some(None),
            ..Default::default()
        };
        assert_eq!(applied(&row, &cleared).0.url, None);
    }

    #[test]
    fn a_code_is_given_once() {
        let checked = |code: &str| {
            let mut problems = Problems::default();
            check_code(code, &reference(), &mut problems).ok_or_else(|| wrong(problems))
        };
        assert_eq!(checked("NEW"), Ok("NEW".into()));
        assert_eq!(checked("WHO"), Err(vec![("code".into(), ProblemCode::Duplicate)]));
        assert_eq!(checked("who"), Err(vec![("code".into(), ProblemCode::Invalid)]));
    }
}
