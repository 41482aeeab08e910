//! Filters of commodities.

use async_graphql::InputObject;

use crate::domain::filter::{CommodityField, Filter};
use crate::domain::reference::Reference;
use crate::graphql::fault::Fallible;
use crate::graphql::filter::{Fields, StringFilter, each};
use crate::graphql::need_category::NeedCategoryFilter;

/// Which commodities. All tests that are given must pass.
#[derive(InputObject, Clone, Debug, Default)]
pub struct CommodityFilter {
    /// All of these pass.
    and: Option<Vec<CommodityFilter>>,
    /// At least one of these passes.
    or: Option<Vec<CommodityFilter>>,
    /// This does not pass.
    not: Option<Box<CommodityFilter>>,
    /// Its code.
    code: Option<StringFilter>,
    /// Its name, in any language.
    name: Option<StringFilter>,
    /// Its category.
    category: Option<NeedCategoryFilter>,
    /// It is in use (true), or retired (false).
    active: Option<bool>,
}

impl CommodityFilter {
    /// The filter as a value.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a code that is not known.
    pub fn parse(self, reference: &Reference) -> Fallible<Filter<CommodityField>> {
        let Self {
            and,
            or,
            not,
            code,
            name,
            category,
            active,
        } = self;
        let is_known = |code: &str| reference.commodities.contains_key(code);
        let mut fields = Fields::default();
        let code = code.map(|test| test.code_tests("commodity", is_known)).transpose()?;
        fields.add(code.unwrap_or_default(), CommodityField::Code);
        fields.add(name.map(StringFilter::tests).unwrap_or_default(), CommodityField::Name);
        fields.add(
            category.map(|filter| filter.parse(reference)).transpose()?,
            CommodityField::Category,
        );
        fields.add(active, CommodityField::Active);
        let parse = |filter: Self| filter.parse(reference);
        Ok(fields.with(
            each(and, parse)?,
            each(or, parse)?,
            not.map(|not| parse(*not)).transpose()?,
        ))
    }
}
