//! Filters of categories.

use async_graphql::InputObject;

use crate::domain::filter::{CategoryField, Filter};
use crate::domain::reference::Reference;
use crate::graphql::fault::Fallible;
use crate::graphql::filter::{Fields, NeedDomainFilter, StringFilter, each, known_code};

/// Which categories. All tests that are given must pass.
#[derive(InputObject, Clone, Debug, Default)]
pub struct NeedCategoryFilter {
    /// All of these pass.
    and: Option<Vec<NeedCategoryFilter>>,
    /// At least one of these passes.
    or: Option<Vec<NeedCategoryFilter>>,
    /// This does not pass.
    not: Option<Box<NeedCategoryFilter>>,
    /// Its code.
    code: Option<StringFilter>,
    /// It has this code, or stands anywhere below the category that has.
    under: Option<String>,
    /// Its name, in any language.
    name: Option<StringFilter>,
    /// The kind of need at the root of the tree.
    domain: Option<NeedDomainFilter>,
    /// Its IASC / HXL sector code.
    iasc_sector: Option<StringFilter>,
    /// It stands directly below the category with this code.
    parent: Option<String>,
    /// It has no parent (true), or has one (false).
    is_root: Option<bool>,
    /// It is in use (true), or retired (false).
    active: Option<bool>,
}

impl NeedCategoryFilter {
    /// The filter as a value.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a code that is not known.
    pub fn parse(self, reference: &Reference) -> Fallible<Filter<CategoryField>> {
        let Self {
            and,
            or,
            not,
            code,
            under,
            name,
            domain,
            iasc_sector,
            parent,
            is_root,
            active,
        } = self;
        let is_known = |code: &str| reference.categories.contains_key(code);
        for named in [&under, &parent].into_iter().flatten() {
            known_code("category", named, is_known)?;
        }
        let mut fields = Fields::default();
        let code = code.map(|test| test.code_tests("category", is_known)).transpose()?;
        fields.add(code.unwrap_or_default(), CategoryField::Code);
        fields.add(under, CategoryField::Under);
        fields.add(name.map(StringFilter::tests).unwrap_or_default(), CategoryField::Name);
        fields.add(
            domain.map(NeedDomainFilter::tests).unwrap_or_default(),
            CategoryField::Domain,
        );
        fields.add(
            iasc_sector.map(StringFilter::tests).unwrap_or_default(),
            CategoryField::IascSector,
        );
        fields.add(parent, CategoryField::Parent);
        fields.add(is_root, CategoryField::IsRoot);
        fields.add(active, CategoryField::Active);
        let parse = |filter: Self| filter.parse(reference);
        Ok(fields.with(
            each(and, parse)?,
            each(or, parse)?,
            not.map(|not| parse(*not)).transpose()?,
        ))
    }
}
