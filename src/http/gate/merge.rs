//! Selections of one object under one name, made one: what fragments of several parts of a page select of the same object is then
//! written as it is read, where the executor would make trees and merge those.
//!
//! What comes out are the fields of each object type in the order in which they are first selected, which is the order of the answer.
//! Where a condition (`@skip`, `@include`) decides what is selected, and where what is expanded would be larger than the document, nothing is made.

use std::collections::HashSet;

use apollo_compiler::Node;
use apollo_compiler::executable::{ExecutableDocument, Field, Selection as Source, SelectionSet as Selections};
use async_graphql::parser::types::{self, Selection, SelectionSet};
use async_graphql::{Pos, Positioned};
use indexmap::IndexMap;

use super::rules::Rules;
use super::translate::Translation;

pub(super) struct Merge<'a> {
    pub rules: &'a Rules,
    pub source: &'a ExecutableDocument,
    pub make: &'a Translation<'a>,
    /// Fields that may still be made.
    pub left: usize,
}

impl<'a> Merge<'a> {
    /// What these sets select together of something of this type; none where that can't be said.
    pub(super) fn sets(&mut self, ty: &str, sets: &[&'a Selections]) -> Option<Positioned<SelectionSet>> {
        if self.rules.is_object(ty) {
            return self.object(ty, sets);
        }
        let mut items = Vec::new();
        for one in self.rules.possible(ty) {
            let set = self.object(one, sets)?;
            if !set.node.items.is_empty() {
                let on = Positioned::new(async_graphql::Name::new(one), set.pos);
                let fragment = types::InlineFragment {
                    type_condition: Some(Positioned::new(types::TypeCondition { on }, set.pos)),
                    directives: Vec::new(),
                    selection_set: set,
                };
                items.push(fragment);
            }
        }
        let items = items.into_iter().map(|fragment| {
            let pos = fragment.selection_set.pos;
            Positioned::new(Selection::InlineFragment(Positioned::new(fragment, pos)), pos)
        });
        Some(set(items.collect()))
    }

    fn object(&mut self, ty: &str, sets: &[&'a Selections]) -> Option<Positioned<SelectionSet>> {
        let (mut found, mut seen) = (IndexMap::new(), HashSet::new());
        for set in sets {
            self.collect(ty, set, &mut seen, &mut found)?;
        }
        let mut items = Vec::with_capacity(found.len());
        for fields in found.into_values() {
            self.left = self.left.checked_sub(1)?;
            let first = *fields.first()?;
            let within: Vec<_> = fields.iter().map(|field| &field.selection_set).collect();
            let selection_set = match first.selection_set.is_empty() {
                true => Positioned::default(),
                false => self.sets(&first.selection_set.ty, &within)?,
            };
            let field = self.make.like(first, self.make.field_with(first, selection_set));
            let pos = field.pos;
            items.push(Positioned::new(Selection::Field(field), pos));
        }
        Some(set(items))
    }

    /// The fields that answer in an object of this type, by their names in the answer.
    fn collect(
        &self,
        ty: &str,
        set: &'a Selections,
        seen: &mut HashSet<&'a str>,
        found: &mut IndexMap<&'a str, Vec<&'a Node<Field>>>,
    ) -> Option<()> {
        for selection in &set.selections {
            if !selection.directives().is_empty() {
                return None;
            }
            match selection {
                Source::Field(field) => found.entry(field.response_key()).or_default().push(field),
                Source::InlineFragment(inline) => {
                    let on = inline.type_condition.as_ref();
                    if on.is_none_or(|on| self.rules.is_a(ty, on)) {
                        self.collect(ty, &inline.selection_set, seen, found)?;
                    }
                }
                Source::FragmentSpread(spread) => {
                    let fragment = self.source.fragments.get(&spread.fragment_name)?;
                    if self.rules.is_a(ty, fragment.type_condition()) && seen.insert(&spread.fragment_name) {
                        self.collect(ty, &fragment.selection_set, seen, found)?;
                    }
                }
            }
        }
        Some(())
    }
}

fn set(items: Vec<Positioned<Selection>>) -> Positioned<SelectionSet> {
    let pos = items.first().map_or_else(Pos::default, |first| first.pos);
    Positioned::new(SelectionSet { items }, pos)
}
