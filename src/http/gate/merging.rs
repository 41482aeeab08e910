//! Fields that answer under one name must be the same field with the same arguments.
//!
//! Validation tells all conflicts but one kind: it compares lists only as far as the shorter one goes.

use std::collections::HashSet;

use apollo_compiler::Node;
use apollo_compiler::ast::{Argument, Value};
use apollo_compiler::executable::{ExecutableDocument, Field, Operation, Selection, SelectionSet};
use indexmap::IndexMap;

use super::lexical::Marks;
use super::problems::Problems;
use super::rules::Rules;
use crate::domain::limits::Limits;
use crate::error::Error;

/// Looks for lists of different lengths in arguments that must agree. Whether an object is selected more than once under
/// one name, so that what is selected of it must be merged.
pub(super) fn check(
    rules: &Rules,
    limits: &Limits,
    document: &ExecutableDocument,
    operation: &Operation,
    marks: &Marks,
    problems: &mut Problems,
) -> bool {
    // Fields of abstract types are looked at once for each object type beside them. They are few, but nothing of a
    // client's making may multiply without bound.
    let budget = limits.fields.saturating_mul(8);
    let mut walk = Walk {
        rules,
        document,
        marks,
        problems,
        budget,
        merges: false,
    };
    walk.merged(&[&operation.selection_set]);
    // What was not looked at may be anything.
    walk.merges || walk.budget == 0
}

type Found<'a> = (&'a str, &'a Node<Field>);

struct Walk<'a> {
    rules: &'a Rules,
    document: &'a ExecutableDocument,
    marks: &'a Marks,
    problems: &'a mut Problems,
    budget: usize,
    merges: bool,
}

impl<'a> Walk<'a> {
    /// Looks at selections that answer as one object.
    fn merged(&mut self, sets: &[&'a SelectionSet]) {
        let mut names: IndexMap<&'a str, Vec<Found<'a>>> = IndexMap::new();
        let mut seen = HashSet::new();
        for set in sets {
            self.collect(set, &mut seen, &mut names);
        }
        for fields in names
            .into_values()
            .filter(|fields| fields.iter().any(|(_, field)| !is_leaf(field)))
        {
            self.groups(fields);
        }
    }

    fn collect(
        &mut self,
        set: &'a SelectionSet,
        seen: &mut HashSet<&'a str>,
        names: &mut IndexMap<&'a str, Vec<Found<'a>>>,
    ) {
        let document = self.document;
        for selection in &set.selections {
            match selection {
                Selection::Field(field) if self.budget > 0 => {
                    self.budget -= 1;
                    names.entry(field.response_key()).or_default().push((&set.ty, field));
                }
                Selection::Field(_) => {}
                Selection::InlineFragment(inline) => self.collect(&inline.selection_set, seen, names),
                Selection::FragmentSpread(spread) => {
                    if seen.insert(&spread.fragment_name)
                        && let Some(fragment) = document.fragments.get(&spread.fragment_name)
                    {
                        self.collect(&fragment.selection_set, seen, names);
                    }
                }
            }
        }
    }

    /// Fields of different object types never answer together; those of abstract types may with any.
    fn groups(&mut self, fields: Vec<Found<'a>>) {
        let (objects, shared): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(ty, _)| self.rules.is_object(ty));
        let mut types: IndexMap<&str, Vec<Found<'a>>> = IndexMap::new();
        for found in objects {
            types.entry(found.0).or_default().push(found);
        }
        if types.is_empty() {
            return self.group(&shared);
        }
        for mut group in types.into_values() {
            group.extend(&shared);
            self.group(&group);
        }
    }

    fn group(&mut self, fields: &[Found<'a>]) {
        let Some(((_, first), rest)) = fields.split_first() else {
            return;
        };
        for (_, other) in rest {
            if !same_arguments(&first.arguments, &other.arguments) {
                let name = other.response_key();
                let text = format!(
                    "Fields \"{name}\" conflict because they have differing arguments. \
                     Use different aliases on the fields to fetch both if this was intentional."
                );
                let offset = other.location().map_or(0, |span| span.offset());
                self.problems
                    .push(Error::ValidationFailed(text), self.marks.place(offset));
            }
        }
        self.merges |= !rest.is_empty() && !first.selection_set.is_empty();
        let sets: Vec<_> = fields.iter().map(|(_, field)| &field.selection_set).collect();
        self.merged(&sets);
    }
}

fn is_leaf(field: &Field) -> bool {
    field.selection_set.is_empty() && field.arguments.is_empty()
}

/// Whether the lists in arguments have the same lengths; the rest has been compared before.
fn same_arguments(one: &[Node<Argument>], other: &[Node<Argument>]) -> bool {
    one.iter().all(|argument| {
        let same_name = other.iter().find(|candidate| candidate.name == argument.name);
        same_name.is_none_or(|found| same_lists(&argument.value, &found.value))
    })
}

fn same_lists(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_lists(one, other))
        }
        (Value::Object(one), Value::Object(other)) => one.iter().all(|(name, value)| {
            let same_name = other.iter().find(|(candidate, _)| candidate == name);
            same_name.is_none_or(|(_, found)| same_lists(value, found))
        }),
        _ => true,
    }
}
