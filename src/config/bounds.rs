//! Settings that bound one request, beside those in `Config` itself. The defaults are the contract's.

use clap::{Args, value_parser};

use crate::domain::limits::Limits;

/// What `MAX_NESTING` can be at most: the reader of JSON takes 127 levels.
const MOST_NESTING: i64 = 120;

/// Counts that one request may not pass.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Settings")]
pub struct Bounds {
    /// Cost of an introspection, which has a budget of its own
    #[arg(long, env = "MAX_COST_INTROSPECTION", value_name = "COST", default_value_t = Limits::default().introspection_cost, global = true)]
    pub max_cost_introspection: u64,

    /// Brackets of any kind open at once in a document or a body
    #[arg(long, env = "MAX_NESTING", value_name = "LEVELS", default_value_t = 64, value_parser = value_parser!(u16).range(8..=MOST_NESTING), global = true)]
    pub max_nesting: u16,

    /// Fields in an operation, fragments expanded
    #[arg(long, env = "MAX_FIELDS", value_name = "COUNT", default_value_t = 2_000, value_parser = value_parser!(u16).range(1..), global = true)]
    pub max_fields: u16,

    /// Fields with an alias in an operation, fragments expanded
    #[arg(long, env = "MAX_ALIASES", value_name = "COUNT", default_value_t = 30, global = true)]
    pub max_aliases: u16,

    /// Root fields of an operation
    #[arg(long, env = "MAX_ROOT_FIELDS", value_name = "COUNT", default_value_t = 20, value_parser = value_parser!(u16).range(1..), global = true)]
    pub max_root_fields: u16,

    /// Errors told in one answer
    #[arg(long, env = "MAX_ERRORS", value_name = "COUNT", default_value_t = 10, value_parser = value_parser!(u16).range(1..=1_000), global = true)]
    pub max_errors: u16,

    /// Levels of and, or, not and of relations in a filter
    #[arg(long, env = "MAX_FILTER_DEPTH", value_name = "LEVELS", default_value_t = 5, value_parser = value_parser!(u16).range(1..=20), global = true)]
    pub max_filter_depth: u16,

    /// Values of a list in an input
    #[arg(long, env = "MAX_LIST_VALUES", value_name = "COUNT", default_value_t = 200, value_parser = value_parser!(u16).range(1..=10_000), global = true)]
    pub max_list_values: u16,

    /// Fields and values of all filters of an operation, where a test on related rows counts as 100, and twice as much within another
    #[arg(long, env = "MAX_FILTER_TESTS", value_name = "COUNT", default_value_t = 2_000, value_parser = value_parser!(u16).range(1..=2_000), global = true)]
    pub max_filter_tests: u16,

    /// Items of a request
    #[arg(long, env = "MAX_ITEMS", value_name = "COUNT", default_value_t = 200, value_parser = value_parser!(u16).range(1..=10_000), global = true)]
    pub max_items: u16,

    /// Rows of an import
    #[arg(long, env = "MAX_IMPORT_ROWS", value_name = "COUNT", default_value_t = 2_000, value_parser = value_parser!(u16).range(1..), global = true)]
    pub max_import_rows: u16,

    /// Ids that nodes takes
    #[arg(long, env = "MAX_NODES", value_name = "COUNT", default_value_t = 100, value_parser = value_parser!(u16).range(1..=10_000), global = true)]
    pub max_nodes: u16,

    /// Rows of a page where none is asked for, or as many as the largest page has
    #[arg(long, env = "DEFAULT_PAGE_SIZE", value_name = "ROWS", default_value_t = 25, value_parser = value_parser!(u16).range(1..=10_000), global = true)]
    pub default_page_size: u16,

    /// Rows of a page
    #[arg(long, env = "MAX_PAGE_SIZE", value_name = "ROWS", default_value_t = 100, value_parser = value_parser!(u16).range(1..=10_000), global = true)]
    pub max_page_size: u16,

    /// Rows of a page of countries, categories, commodities or organizations
    #[arg(long, env = "MAX_REFERENCE_PAGE_SIZE", value_name = "ROWS", default_value_t = 300, value_parser = value_parser!(u16).range(1..=10_000), global = true)]
    pub max_reference_page_size: u16,
}

impl Bounds {
    /// These limits with what is set here.
    pub fn upon(&self, limits: Limits) -> Limits {
        let smallest = self.max_page_size.min(self.max_reference_page_size);
        Limits {
            introspection_cost: self.max_cost_introspection,
            nesting: self.max_nesting.into(),
            fields: self.max_fields.into(),
            aliases: self.max_aliases.into(),
            root_fields: self.max_root_fields.into(),
            errors: self.max_errors.into(),
            filter_depth: self.max_filter_depth.into(),
            list_values: self.max_list_values.into(),
            filter_tests: self.max_filter_tests.into(),
            items: self.max_items.into(),
            import_rows: self.max_import_rows.into(),
            nodes: self.max_nodes.into(),
            default_page: self.default_page_size.min(smallest).into(),
            page: self.max_page_size.into(),
            reference_page: self.max_reference_page_size.into(),
            ..limits
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Just {
        #[command(flatten)]
        bounds: Bounds,
    }

    #[test]
    fn nothing_set_is_the_contract() {
        let bounds = Just::parse_from(["test"]).bounds;
        assert_eq!(bounds.upon(Limits::default()), Limits::default());
    }
}
