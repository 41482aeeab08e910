//! A category of needs as an administrator enters it.

use entity::enums::NeedDomain;
use entity::need_category::Model;

use crate::domain::form::{
    self, Given, LocalName, Names, put, put_names, put_number, put_optional_text, put_text, taken,
};
use crate::domain::problem::{Path, Problem, ProblemCode, Problems};
use crate::domain::reference::Reference;
use crate::domain::text::{self, CODE_MAX, NAME_MAX, TEXT_MAX};

/// Places between two siblings, so that one can be put between them.
const STEP: i32 = 10;

/// What of a new category is given once.
#[derive(Clone, Debug)]
pub struct CategoryKey {
    /// Its code.
    pub code: String,
    /// The kind of need.
    pub domain: NeedDomain,
}

/// What an administrator enters of a category: all of a new one, or what changes.
#[derive(Clone, Debug, Default)]
pub struct CategoryForm {
    /// English name.
    pub name: Given<String>,
    /// Names in other languages, all of them.
    pub names: Given<Vec<LocalName>>,
    /// What falls under it.
    pub description: Given<String>,
    /// Code of the category above.
    pub parent: Given<String>,
    /// IASC / HXL sector code.
    pub iasc_sector: Given<String>,
    /// Pillar of WHO's plan.
    pub who_pillar: Given<i32>,
    /// Place among its siblings.
    pub sort_order: Given<i32>,
    /// Not retired.
    pub active: Given<bool>,
}

impl CategoryKey {
    /// Checks the code's form, and that no category has it.
    pub fn check(&self, reference: &Reference, problems: &mut Problems) -> Option<Self> {
        let at = Path::Root.field("code");
        let code = text::code(&self.code, &at, problems)?;
        if reference.categories.contains_key(&code) {
            problems.push(taken("category", "code", &code, &at));
            return None;
        }
        Some(Self {
            code,
            domain: self.domain,
        })
    }
}

impl CategoryForm {
    /// Puts into the row what is given, and notes everything that is wrong. A new row is one that `reference` does not
    /// know.
    pub fn apply(&self, row: &mut Model, reference: &Reference, problems: &mut Problems) {
        let Self {
            name,
            names,
            description,
            parent,
            iasc_sector,
            who_pillar,
            sort_order,
            active,
        } = self;
        let at = Path::Root;
        put_text(name, &mut row.name, NAME_MAX, &at.field("name"), problems);
        let others = Names {
            fr: &mut row.name_fr,
            es: &mut row.name_es,
            ar: &mut row.name_ar,
        };
        put_names(names, &row.name, others, &at.field("names"), problems);
        put_optional_text(
            description,
            &mut row.description,
            TEXT_MAX,
            &at.field("description"),
            problems,
        );
        put_optional_text(
            iasc_sector,
            &mut row.iasc_sector,
            CODE_MAX,
            &at.field("iascSector"),
            problems,
        );
        put_number(
            *who_pillar,
            &mut row.who_pillar,
            (1, 10),
            &at.field("whoPillar"),
            problems,
        );
        put(*sort_order, &mut row.sort_order, &at.field("sortOrder"), problems);
        if let Some(parent) = parent {
            put_parent(parent.as_deref(), row, reference, problems);
        }
        let was_active = row.active;
        put(*active, &mut row.active, &at.field("active"), problems);
        match (was_active, row.active) {
            (true, false) => check_unused(row, reference, problems),
            (false, true) => check_parent_in_use(row, reference, problems),
            _ => {}
        }
    }
}

/// The place after the last child of `parent`, or after the last root.
pub fn last_place(parent: Option<&str>, reference: &Reference) -> i32 {
    let siblings = reference.categories.values().map(|one| &one.row);
    let siblings = siblings.filter(|row| row.parent_code.as_deref() == parent);
    siblings
        .map(|row| row.sort_order)
        .max()
        .map_or(STEP, |last| last.saturating_add(STEP))
}

/// Moves the row below `parent`, or to the roots: with its domain, and not below itself.
fn put_parent(parent: Option<&str>, row: &mut Model, reference: &Reference, problems: &mut Problems) {
    let at = Path::Root.field("parent");
    let Some(parent) = parent else {
        row.parent_code = None;
        return;
    };
    let Some(parent) = form::category(parent, row.parent_code.as_deref(), reference, &at, problems) else {
        return;
    };
    if reference.is_under(&parent, &row.code) {
        let message = format!(
            "{parent} stands below {}: a category can't stand below itself.",
            row.code
        );
        problems.add(&at, ProblemCode::Cycle, message);
        return;
    }
    let domain = reference.categories.get(&parent).map(|one| one.row.domain);
    if domain.is_some_and(|domain| domain != row.domain) {
        // What is new can still choose its domain; what exists keeps it.
        let is_new = !reference.categories.contains_key(&row.code);
        let place = Path::Root.field(if is_new { "domain" } else { "parent" });
        let message = format!("{parent} is of another domain: a category has the domain of its parent.");
        problems.add(&place, ProblemCode::Conflict, message);
        return;
    }
    row.parent_code = Some(parent);
}

fn check_unused(row: &Model, reference: &Reference, problems: &mut Problems) {
    let children = reference.children(&row.code).filter(|one| one.row.active).count();
    let commodities = reference.commodities.values();
    let commodities = commodities
        .filter(|one| one.row.active && one.row.category_code == row.code)
        .count();
    if children + commodities > 0 {
        let message = format!(
            "{} still has {children} active categories and {commodities} active commodities: move or retire them first.",
            row.code
        );
        problems.push(
            Problem::new(ProblemCode::InUse, message)
                .at("active")
                .with("children", children)
                .with("commodities", commodities),
        );
    }
}

fn check_parent_in_use(row: &Model, reference: &Reference, problems: &mut Problems) {
    let parent = row
        .parent_code
        .as_deref()
        .and_then(|code| reference.categories.get(code));
    if let Some(parent) = parent.filter(|parent| !parent.row.active) {
        let message = format!(
            "Its parent {} is retired: bring that back first, or move this.",
            parent.row.code
        );
        problems.push(Problem::new(ProblemCode::Inactive, message).at("active"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{category, reference, wrong};

    /// What a form says to a row of the fixture, or to a new one of this domain.
    fn applied(code: &str, domain: NeedDomain, form: &CategoryForm) -> (Model, Vec<(String, ProblemCode)>) {
        let reference = reference();
        let known = reference.categories.get(code).map(|known| known.row.clone());
        let mut row = known.unwrap_or_else(|| category("", None, domain, true));
        let mut problems = Problems::default();
        form.apply(&mut row, &reference, &mut problems);
        (row, wrong(problems))
    }

    fn moved(code: &str, domain: NeedDomain, parent: Option<&str>) -> Result<Option<String>, (String, ProblemCode)> {
        let form = CategoryForm {
            parent: Some(parent.map(Into::into)),
            ..Default::default()
        };
        let (row, mut problems) = applied(code, domain, &form);
        problems.pop().map_or(Ok(row.parent_code), Err)
    }

    fn activated(code: &str, active: bool) -> Vec<(String, ProblemCode)> {
        let form = CategoryForm {
            active: Some(Some(active)),
            ..Default::default()
        };
        applied(code, NeedDomain::Medical, &form).1
    }

    #[test]
    fn a_move_keeps_the_domain_and_makes_no_circle() {
        use NeedDomain::{Medical, Social};
        use ProblemCode::{Conflict, Cycle, Inactive, NotFound};
        let refused = |path: &str, code| Err((path.to_owned(), code));
        assert_eq!(moved("MASK", Medical, Some("MED")), Ok(Some("MED".into())));
        assert_eq!(moved("MASK", Medical, None), Ok(None));
        assert_eq!(moved("MASK", Medical, Some("SOC")), refused("parent", Conflict));
        assert_eq!(moved("PPE", Medical, Some("PPE")), refused("parent", Cycle));
        assert_eq!(moved("MED", Medical, Some("MASK")), refused("parent", Cycle));
        assert_eq!(moved("MASK", Medical, Some("GONE")), refused("parent", Inactive));
        assert_eq!(moved("MASK", Medical, Some("NOPE")), refused("parent", NotFound));
        // Where it stands already it may stay, though its parent was retired since.
        assert_eq!(moved("LOST", Medical, Some("GONE")), Ok(Some("GONE".into())));
        // A new one can still choose another domain.
        assert_eq!(moved("NEW", Social, Some("MED")), refused("domain", Conflict));
        assert_eq!(moved("NEW", Social, Some("SOC")), Ok(Some("SOC".into())));
    }

    #[test]
    fn what_something_active_hangs_on_is_not_retired() {
        use ProblemCode::{InUse, Inactive};
        assert_eq!(activated("MASK", false), []);
        // A category and a commodity.
        assert_eq!(activated("PPE", false), [("active".into(), InUse)]);
        assert_eq!(activated("SOC", false), []);
        assert_eq!(activated("GONE", false), [], "it is retired already");
        assert_eq!(activated("GONE", true), []);
        assert_eq!(activated("LOST", true), [("active".into(), Inactive)]);
    }

    #[test]
    fn a_refusal_to_retire_counts_what_hangs_on_it() {
        // PPE is the one active category below MED; MASK and GLOVES hang on PPE.
        for (code, children, commodities) in [("MED", "1", "0"), ("PPE", "1", "1")] {
            let reference = reference();
            let mut problems = Problems::default();
            check_unused(&reference.categories[code].row, &reference, &mut problems);
            let params = problems.0.into_iter().flat_map(|problem| problem.params);
            let expected = [("children", children), ("commodities", commodities)];
            let expected = expected.map(|(name, count)| (name.into(), count.into()));
            assert_eq!(params.collect::<Vec<_>>(), expected, "{code}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        use ProblemCode::{Blank, NotFound, OutOfRange, Required, TooLong};
        let form = CategoryForm {
            name: Some(Some(" ".into())),
            names: None,
            description: Some(Some("x".repeat(10_001))),
            parent: Some(Some("NOPE".into())),
            iasc_sector: Some(Some(String::new())),
            who_pillar: Some(Some(11)),
            sort_order: Some(None),
            active: Some(None),
        };
        let (_, problems) = applied("MASK", NeedDomain::Medical, &form);
        let expected = [
            ("name", Blank),
            ("description", TooLong),
            ("iascSector", Blank),
            ("whoPillar", OutOfRange),
            ("sortOrder", Required),
            ("parent", NotFound),
            ("active", Required),
        ];
        assert_eq!(problems, expected.map(|(path, code)| (path.to_owned(), code)));
    }

    #[test]
    fn a_code_is_given_once() {
        let checked = |code: &str| {
            let mut problems = Problems::default();
            let key = CategoryKey {
                code: code.into(),
                domain: NeedDomain::Medical,
            };
            let key = key.check(&reference(), &mut problems);
            key.map(|key| key.code).ok_or_else(|| wrong(problems))
        };
        let refused = |code| Err(vec![("code".to_owned(), code)]);
        assert_eq!(checked(" MED.NEW_1 "), Ok("MED.NEW_1".into()));
        assert_eq!(checked("MED"), refused(ProblemCode::Duplicate));
        assert_eq!(checked("GONE"), refused(ProblemCode::Duplicate));
        assert_eq!(checked("med"), refused(ProblemCode::Invalid));
        assert_eq!(checked("MED-1"), refused(ProblemCode::Invalid));
        assert_eq!(checked(" "), refused(ProblemCode::Blank));
        assert_eq!(checked(&"X".repeat(65)), refused(ProblemCode::TooLong));
    }

    #[test]
    fn a_new_one_comes_after_its_siblings() {
        assert_eq!(last_place(Some("MED"), &reference()), 20);
        assert_eq!(last_place(Some("MASK"), &reference()), STEP);
        assert_eq!(last_place(None, &reference()), 20);
    }
}
