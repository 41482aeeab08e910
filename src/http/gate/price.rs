//! What an operation costs with the variables it came with.
//!
//! A scalar costs nothing and an object 1; a page costs its size times one row, a plain list five times one row; what
//! the database has to add up costs more. Each fragment is priced once, and all sums saturate: a product that wraps
//! round to nothing would let the dearest query through.
//!
//! Filters have no price, but a bound: what they test is counted here too, because only here their variables are known.

use std::collections::HashMap;

use apollo_compiler::ast::{DirectiveList, Value as Literal};
use apollo_compiler::executable::{ExecutableDocument, Field, Operation, OperationType, Selection, SelectionSet};
use async_graphql::{Value, Variables};

use super::breadth::{Breadth, Filters};
use crate::domain::limits::Limits;

const LIST: u64 = 5;
const TOTAL_COUNT: u64 = 5;
const TOTALS: u64 = 5;
const ANALYSIS: u64 = 25;
const SEARCH: u64 = 5;
const MUTATION: u64 = 10;

/// The price of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Price {
    /// Of what is read or written.
    pub data: u64,
    /// Of the schema's description, which has a budget of its own.
    pub introspection: u64,
    /// What the filters test.
    pub filters: Breadth,
    /// Levels of plain lists within each other, whose lengths no price knows.
    pub lists: u32,
}

/// Prices an operation of a valid document that has been found small enough.
pub(super) fn price(
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &Variables,
    limits: &Limits,
) -> Price {
    let root = Some(operation.operation_type);
    let mut pricing = Pricing {
        document,
        variables,
        limits,
        fragments: HashMap::new(),
    };
    let sum = pricing.selections(&operation.selection_set, root);
    Price {
        data: sum.once,
        introspection: sum.introspection,
        filters: sum.filters,
        lists: sum.lists,
    }
}

/// The price of a selection: what comes once, and, of a connection, what comes for each row.
#[derive(Clone, Copy, Default)]
struct Sum {
    once: u64,
    row: u64,
    introspection: u64,
    filters: Breadth,
    lists: u32,
}

impl Sum {
    fn once(once: u64) -> Self {
        Self {
            once,
            ..Self::default()
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            once: self.once.saturating_add(other.once),
            row: self.row.saturating_add(other.row),
            introspection: self.introspection.saturating_add(other.introspection),
            filters: self.filters.and(other.filters),
            lists: self.lists.max(other.lists),
        }
    }
}

struct Pricing<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    limits: &'a Limits,
    /// By name, and whether the fragment stands at the root.
    fragments: HashMap<(&'a str, bool), Sum>,
}

impl<'a> Pricing<'a> {
    fn selections(&mut self, set: &'a SelectionSet, root: Option<OperationType>) -> Sum {
        let mut sum = Sum::default();
        for selection in &set.selections {
            if self.included(selection.directives()) {
                sum = sum.and(match selection {
                    Selection::Field(field) => self.field(&set.ty, field, root),
                    Selection::InlineFragment(inline) => self.selections(&inline.selection_set, root),
                    Selection::FragmentSpread(spread) => self.fragment(&spread.fragment_name, root),
                });
            }
        }
        sum
    }

    fn fragment(&mut self, name: &str, root: Option<OperationType>) -> Sum {
        let document = self.document;
        let Some((name, fragment)) = document.fragments.get_key_value(name) else {
            return Sum::default();
        };
        let key = (name.as_str(), root.is_some());
        if let Some(known) = self.fragments.get(&key) {
            return *known;
        }
        let sum = self.selections(&fragment.selection_set, root);
        self.fragments.insert(key, sum);
        sum
    }

    fn field(&mut self, parent: &str, field: &'a Field, root: Option<OperationType>) -> Sum {
        let filters = Filters::new(self.variables, self.limits).of(field);
        let sum = self.answered(parent, field, root);
        let is_list = field.ty().is_list() && !field.selection_set.is_empty();
        Sum {
            filters: sum.filters.and(filters),
            lists: sum
                .lists
                .saturating_add(u32::from(is_list && !parent.ends_with("Connection"))),
            ..sum
        }
    }

    /// The same without the field's own filters.
    fn answered(&mut self, parent: &str, field: &'a Field, root: Option<OperationType>) -> Sum {
        let name = field.name.as_str();
        let of_connection = parent.ends_with("Connection");
        if field.selection_set.is_empty() {
            return Sum::once(if of_connection && name == "totalCount" {
                TOTAL_COUNT
            } else {
                0
            });
        }
        let inner = self.selections(&field.selection_set, None);
        let (filters, lists) = (inner.filters, inner.lists);
        if matches!(name, "__schema" | "__type") {
            return Sum {
                introspection: object(inner),
                filters,
                lists,
                ..Sum::default()
            };
        }
        match name {
            "nodes" if of_connection => Sum {
                row: object(inner),
                filters,
                lists,
                ..Sum::default()
            },
            // The edge itself is part of its node's row.
            "edges" if of_connection => Sum {
                row: inner.once.max(1),
                filters,
                lists,
                ..Sum::default()
            },
            _ => Sum {
                filters,
                lists,
                ..Sum::once(self.own(parent, field, inner).saturating_add(extra(name, root)))
            },
        }
    }

    /// What a field costs by the type it answers.
    fn own(&self, parent: &str, field: &Field, inner: Sum) -> u64 {
        let ty = field.ty().inner_named_type().as_str();
        if ty.ends_with("Connection") {
            self.page(field, ty)
                .saturating_mul(inner.row)
                .saturating_add(inner.once)
                .max(1)
        } else if field.ty().is_list() {
            self.length(field).unwrap_or(LIST).saturating_mul(object(inner))
        } else if ty == "NeedsTotals" {
            let summed = matches!(parent, "NeedsAnalysisRow" | "NeedsTimelinePoint");
            inner.once.saturating_add(if summed { 1 } else { TOTALS })
        } else {
            object(inner)
        }
    }

    /// The rows of a page: as asked for, but never more than are answered. Whoever asks for more is told so when the
    /// argument is read.
    fn page(&self, field: &Field, ty: &str) -> u64 {
        let reference = [
            "CountryConnection",
            "NeedCategoryConnection",
            "CommodityConnection",
            "OrganizationConnection",
        ];
        let most = if reference.contains(&ty) {
            self.limits.reference_page.max(self.limits.page)
        } else {
            self.limits.page
        };
        let asked = self
            .number(field, "first")
            .into_iter()
            .chain(self.number(field, "last"))
            .max();
        asked.unwrap_or(self.limits.default_page.into()).min(most.into())
    }

    fn number(&self, field: &Field, argument: &str) -> Option<u64> {
        let number = match &**field.specified_argument_by_name(argument)? {
            Literal::Int(int) => int.try_to_i32().map(i64::from).unwrap_or(i64::MAX),
            Literal::Variable(name) => match self.variables.get(name.as_str())? {
                Value::Number(number) => number.as_i64().unwrap_or(i64::MAX),
                _ => return None,
            },
            _ => return None,
        };
        Some(u64::try_from(number).unwrap_or(0))
    }

    /// The length of `nodes(ids:)`, which is that of its answer.
    fn length(&self, field: &Field) -> Option<u64> {
        let ids = (field.name == "nodes")
            .then(|| field.specified_argument_by_name("ids"))
            .flatten()?;
        let length = match &**ids {
            Literal::List(ids) => ids.len(),
            Literal::Variable(name) => match self.variables.get(name.as_str())? {
                Value::List(ids) => ids.len(),
                _ => 1,
            },
            _ => 1,
        };
        u64::try_from(length).ok()
    }

    /// Whether `@skip` and `@include` leave a selection in.
    fn included(&self, directives: &DirectiveList) -> bool {
        directives.iter().all(|directive| {
            let condition = directive
                .specified_argument_by_name("if")
                .map(|value| self.truth(value));
            match directive.name.as_str() {
                "skip" => condition != Some(true),
                "include" => condition != Some(false),
                _ => true,
            }
        })
    }

    fn truth(&self, condition: &Literal) -> bool {
        match condition {
            Literal::Boolean(flag) => *flag,
            Literal::Variable(name) => matches!(self.variables.get(name.as_str()), Some(Value::Boolean(true))),
            _ => false,
        }
    }
}

fn object(inner: Sum) -> u64 {
    inner.once.saturating_add(1)
}

/// What root fields cost beyond their answers.
fn extra(name: &str, root: Option<OperationType>) -> u64 {
    match (root, name) {
        (Some(OperationType::Mutation), _) => MUTATION,
        (Some(OperationType::Query), "needsAnalysis" | "needsTimeline") => ANALYSIS,
        (Some(OperationType::Query), "search") => SEARCH,
        _ => 0,
    }
}
