//! What an operation can read, whatever its variables.

use std::collections::HashSet;

use apollo_compiler::Node;
use apollo_compiler::executable::{ExecutableDocument, Field, Operation, Selection, SelectionSet};

/// The types and fields that an operation selects, those of its fragments too.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Names of the types on which anything is selected, interfaces too.
    pub types: HashSet<String>,
    /// Names of the fields, whatever their type.
    pub fields: HashSet<String>,
    /// Whether an argument takes a filter, which can test what is not selected.
    pub filters: bool,
}

impl Reach {
    pub(super) fn of(document: &ExecutableDocument, operation: &Operation) -> Self {
        let mut reach = Self::default();
        let mut spread = HashSet::new();
        reach.add(document, &operation.selection_set, &mut spread);
        reach
    }

    fn add<'a>(&mut self, document: &'a ExecutableDocument, set: &'a SelectionSet, spread: &mut HashSet<&'a str>) {
        self.types.insert(set.ty.to_string());
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    self.add_field(field);
                    if !field.selection_set.selections.is_empty() {
                        self.add(document, &field.selection_set, spread);
                    }
                }
                Selection::InlineFragment(fragment) => self.add(document, &fragment.selection_set, spread),
                Selection::FragmentSpread(named) => {
                    if let Some(fragment) = document.fragments.get(&named.fragment_name)
                        && spread.insert(fragment.name.as_str())
                    {
                        self.add(document, &fragment.selection_set, spread);
                    }
                }
            }
        }
    }

    fn add_field(&mut self, field: &Node<Field>) {
        self.fields.insert(field.name.to_string());
        self.filters |= field.arguments.iter().any(|argument| {
            let definition = field.definition.argument_by_name(&argument.name);
            definition.is_none_or(|definition| definition.ty.inner_named_type().ends_with("Filter"))
        });
    }
}
