//! Root fields that the executor would not treat as the specification says: those of mutations and subscriptions.

use std::collections::HashSet;

use apollo_compiler::Node;
use apollo_compiler::ast::DirectiveList;
use apollo_compiler::executable::{self, ExecutableDocument, Operation, SelectionSet as Selections};
use async_graphql::parser::types::{self, Selection};
use async_graphql::{Pos, Positioned};
use indexmap::IndexMap;

use super::Problem;
use super::translate::Translation;
use crate::error::Error;

/// Notes the fragments that a selection spreads, and those that these spread. The document is valid: none spreads itself.
fn spreads(source: &ExecutableDocument, set: &Selections, found: &mut HashSet<String>) {
    for selection in &set.selections {
        match selection {
            executable::Selection::Field(field) => spreads(source, &field.selection_set, found),
            executable::Selection::InlineFragment(inline) => spreads(source, &inline.selection_set, found),
            executable::Selection::FragmentSpread(spread) => {
                let Some(fragment) = source.fragments.get(&spread.fragment_name) else {
                    continue;
                };
                if found.insert(spread.fragment_name.to_string()) {
                    spreads(source, &fragment.selection_set, found);
                }
            }
        }
    }
}

/// A field at the root, with the directives of the fragments around it, the outermost first.
struct Found<'a> {
    field: &'a Node<executable::Field>,
    around: Vec<&'a DirectiveList>,
}

impl Found<'_> {
    /// All directives that say whether it counts.
    fn conditions(&self) -> Vec<&DirectiveList> {
        let own = std::iter::once(&self.field.directives).filter(|own| !own.is_empty());
        self.around.iter().copied().chain(own).collect()
    }
}

/// The fields that stand at the root, in their order, each with all that stand there under the same name. A fragment that
/// is spread twice in the same way counts once.
fn roots<'a>(
    source: &'a ExecutableDocument,
    set: &'a Selections,
    around: &[&'a DirectiveList],
    found: &mut IndexMap<&'a str, Vec<Found<'a>>>,
) {
    let within = |directives: &'a DirectiveList| {
        let inner = std::iter::once(directives).filter(|inner| !inner.is_empty());
        around.iter().copied().chain(inner).collect::<Vec<_>>()
    };
    for selection in &set.selections {
        match selection {
            executable::Selection::Field(field) => {
                let under = found.entry(field.response_key()).or_default();
                let same = |other: &Found<'_>| other.field.ptr_eq(field) && other.around == around;
                if !under.iter().any(same) {
                    let around = around.to_vec();
                    under.push(Found { field, around });
                }
            }
            executable::Selection::InlineFragment(inline) => {
                roots(source, &inline.selection_set, &within(&inline.directives), found);
            }
            executable::Selection::FragmentSpread(spread) => {
                if let Some(fragment) = source.fragments.get(&spread.fragment_name) {
                    roots(source, &fragment.selection_set, &within(&spread.directives), found);
                }
            }
        }
    }
}

impl Translation<'_> {
    /// The one root field of a subscription, which validation has seen to, and the fragments within it. The executor
    /// follows only what stands at the root itself: in a fragment there it would find nothing.
    pub(super) fn one_root(
        &self,
        source: &ExecutableDocument,
        operation: &Operation,
        fragments: &mut HashSet<String>,
    ) -> Positioned<types::SelectionSet> {
        let one = operation.root_fields(source).next().map(|field| {
            spreads(source, &field.selection_set, fragments);
            self.like(field, Selection::Field(self.like(field, self.field(field))))
        });
        let pos = one.as_ref().map_or_else(Pos::default, |one| one.pos);
        let items = one.into_iter().collect();
        Positioned::new(types::SelectionSet { items }, pos)
    }

    /// The root fields of a mutation, each once. Fields of one name are one field, with all that is selected of them; the
    /// executor would resolve each of them, and so write twice.
    pub(super) fn each_root(
        &self,
        source: &ExecutableDocument,
        operation: &Operation,
        fragments: &mut HashSet<String>,
    ) -> Result<Positioned<types::SelectionSet>, Problem> {
        let mut found = IndexMap::new();
        roots(source, &operation.selection_set, &[], &mut found);
        let mut items = Vec::new();
        for (name, fields) in &found {
            for Found { field, .. } in fields {
                spreads(source, &field.selection_set, fragments);
            }
            let Some((first, rest)) = fields.split_first() else {
                continue;
            };
            let mut made = self.field(first.field);
            let mut around = first.around.clone();
            if !rest.is_empty() {
                made.directives.clear();
                let conditions = first.conditions();
                if rest.iter().all(|other| other.conditions() == conditions) {
                    around = conditions;
                    let more = rest
                        .iter()
                        .map(|other| self.selections(&other.field.selection_set).node.items);
                    made.selection_set.node.items.extend(more.flatten());
                } else if fields.iter().any(|one| one.conditions().is_empty()) {
                    around.clear();
                    let each = fields.iter().map(|one| {
                        let items = self.selections(&one.field.selection_set).node.items;
                        self.within(&one.conditions(), items)
                    });
                    made.selection_set.node.items = each.flatten().collect();
                } else {
                    let message = format!(
                        "The mutation selects \"{name}\" more than once under different conditions. Give each its own alias, or the same @skip and @include."
                    );
                    let place = first.field.location().map_or(0, |span| span.offset());
                    return Err(Problem {
                        error: Error::ValidationFailed(message),
                        locations: vec![self.marks.place(place)],
                    });
                }
            }
            let field = self.like(first.field, made);
            let item = Positioned::new(Selection::Field(field.clone()), field.pos);
            items.extend(self.within(&around, vec![item]));
        }
        let pos = items
            .first()
            .map_or_else(Pos::default, |first: &Positioned<Selection>| first.pos);
        Ok(Positioned::new(types::SelectionSet { items }, pos))
    }

    /// Selections that count under conditions.
    fn within(&self, conditions: &[&DirectiveList], items: Vec<Positioned<Selection>>) -> Vec<Positioned<Selection>> {
        conditions.iter().rev().fold(items, |items, directives| {
            let pos = items.first().map_or_else(Pos::default, |first| first.pos);
            let inline = types::InlineFragment {
                type_condition: None,
                directives: self.directives(directives),
                selection_set: Positioned::new(types::SelectionSet { items }, pos),
            };
            vec![Positioned::new(
                Selection::InlineFragment(Positioned::new(inline, pos)),
                pos,
            )]
        })
    }
}
