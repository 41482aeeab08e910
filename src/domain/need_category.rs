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
