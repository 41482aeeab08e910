//! A valid document in the form that is executed.
//!
//! The executor's own parser is not asked: it refuses some valid documents (`[ ID! ]` with its blanks, an enum value
//! that begins with `true`), and it would read the same bytes a second time. Made here, the document can also leave out
//! what a variable without a value leaves out. The executor would put null there, which clears what the client did not
//! speak of.

use std::collections::{HashMap, HashSet};

use apollo_compiler::ast::{Argument, DirectiveList, Type as Declared, Value as Literal};
use apollo_compiler::executable::{self, ExecutableDocument, Operation, SelectionSet as Selections};
use apollo_compiler::{Name as Word, Node};
use async_graphql::parser::types::{self, DocumentOperations, OperationType, Selection};
use async_graphql::{Name, Pos, Positioned, Value};
use async_graphql_value::Value as Given;
use serde_json::Number;

use super::Problem;
use super::lexical::Marks;
use super::merge::Merge;
use super::rules::Rules;

/// The variables of an operation that have neither value nor default.
pub(super) type Absent = std::collections::BTreeSet<String>;

/// The document that executes one operation that reads, without fragments, and with all that is selected of one object under one
/// name in one place. None where that can't be made.
pub(super) fn merged(
    rules: &Rules,
    source: &ExecutableDocument,
    operation: &Operation,
    at: usize,
    marks: &Marks,
    absent: &Absent,
) -> Option<types::ExecutableDocument> {
    if operation.is_mutation() {
        return None;
    }
    let make = &Translation { marks, absent };
    let mut merge = Merge {
        rules,
        source,
        make,
        // What a document takes in memory is told by its tokens.
        left: marks.count(),
    };
    let set = &operation.selection_set;
    let selection_set = merge.sets(&set.ty, &[set])?;
    let made = types::OperationDefinition {
        selection_set,
        ..make.operation(operation)
    };
    Some(types::ExecutableDocument {
        operations: named(operation, make.at(at, made)),
        fragments: HashMap::new(),
    })
}

fn named(operation: &Operation, definition: Positioned<types::OperationDefinition>) -> DocumentOperations {
    match &operation.name {
        Some(name) => DocumentOperations::Multiple(HashMap::from([(Name::new(name), definition)])),
        None => DocumentOperations::Single(definition),
    }
}

/// The document that executes one operation, with the fragments it uses.
///
/// # Errors
/// Where a mutation names one field twice in a way that can't be executed once.
pub(super) fn document(
    source: &ExecutableDocument,
    operation: &Operation,
    at: usize,
    fragments: &HashSet<String>,
    marks: &Marks,
    absent: &Absent,
) -> Result<types::ExecutableDocument, Problem> {
    let make = Translation { marks, absent };
    let mut made = make.operation(operation);
    let mut followed = HashSet::new();
    let fragments = if operation.is_subscription() {
        made.selection_set = make.one_root(source, operation, &mut followed);
        &followed
    } else if operation.is_mutation() {
        made.selection_set = make.each_root(source, operation, &mut followed)?;
        &followed
    } else {
        fragments
    };
    let operations = named(operation, make.at(at, made));
    let used = source
        .fragments
        .values()
        .filter(|fragment| fragments.contains(fragment.name.as_str()));
    let fragments = used.map(|fragment| (Name::new(&fragment.name), make.like(fragment, make.fragment(fragment))));
    Ok(types::ExecutableDocument {
        operations,
        fragments: fragments.collect(),
    })
}

/// A literal without variables, as a value.
pub(super) fn constant(literal: &Literal) -> Value {
    let (marks, absent) = (&Marks::default(), &Absent::new());
    Translation { marks, absent }
        .value(literal)
        .into_const()
        .unwrap_or_default()
}

pub(super) struct Translation<'a> {
    pub(super) marks: &'a Marks,
    absent: &'a Absent,
}

impl Translation<'_> {
    pub(super) fn at<T>(&self, offset: usize, node: T) -> Positioned<T> {
        Positioned::new(node, Pos::from(self.marks.place(offset)))
    }

    pub(super) fn like<S, T>(&self, source: &Node<S>, node: T) -> Positioned<T> {
        self.at(source.location().map_or(0, |span| span.offset()), node)
    }

    fn name(&self, word: &Word) -> Positioned<Name> {
        self.at(word.location().map_or(0, |span| span.offset()), Name::new(word))
    }

    fn operation(&self, operation: &Operation) -> types::OperationDefinition {
        let declared = operation
            .variables
            .iter()
            .filter(|variable| !self.absent.contains(variable.name.as_str()));
        types::OperationDefinition {
            ty: match operation.operation_type {
                executable::OperationType::Query => OperationType::Query,
                executable::OperationType::Mutation => OperationType::Mutation,
                executable::OperationType::Subscription => OperationType::Subscription,
            },
            variable_definitions: declared
                .map(|variable| self.like(variable, self.variable(variable)))
                .collect(),
            directives: self.directives(&operation.directives),
            selection_set: self.selections(&operation.selection_set),
        }
    }

    fn variable(&self, variable: &executable::VariableDefinition) -> types::VariableDefinition {
        let default = variable.default_value.as_ref();
        types::VariableDefinition {
            name: self.name(&variable.name),
            var_type: self.like(&variable.ty, declared(&variable.ty)),
            directives: self.directives(&variable.directives),
            default_value: default.map(|value| self.like(value, constant(value))),
        }
    }

    fn fragment(&self, fragment: &executable::Fragment) -> types::FragmentDefinition {
        types::FragmentDefinition {
            type_condition: self.condition(fragment.type_condition()),
            directives: self.directives(&fragment.directives),
            selection_set: self.selections(&fragment.selection_set),
        }
    }

    fn condition(&self, on: &Word) -> Positioned<types::TypeCondition> {
        let on = self.name(on);
        Positioned::new(types::TypeCondition { on: on.clone() }, on.pos)
    }

    pub(super) fn selections(&self, set: &Selections) -> Positioned<types::SelectionSet> {
        let items: Vec<_> = set
            .selections
            .iter()
            .map(|selection| self.selection(selection))
            .collect();
        let pos = items.first().map_or_else(Pos::default, |first| first.pos);
        Positioned::new(types::SelectionSet { items }, pos)
    }

    fn selection(&self, selection: &executable::Selection) -> Positioned<Selection> {
        match selection {
            executable::Selection::Field(field) => {
                let made = self.like(field, self.field(field));
                Positioned::new(Selection::Field(made.clone()), made.pos)
            }
            executable::Selection::InlineFragment(inline) => {
                let made = types::InlineFragment {
                    type_condition: inline.type_condition.as_ref().map(|on| self.condition(on)),
                    directives: self.directives(&inline.directives),
                    selection_set: self.selections(&inline.selection_set),
                };
                self.like(inline, Selection::InlineFragment(self.like(inline, made)))
            }
            executable::Selection::FragmentSpread(spread) => {
                let made = types::FragmentSpread {
                    fragment_name: self.name(&spread.fragment_name),
                    directives: self.directives(&spread.directives),
                };
                self.like(spread, Selection::FragmentSpread(self.like(spread, made)))
            }
        }
    }

    pub(super) fn field(&self, field: &executable::Field) -> types::Field {
        self.field_with(field, self.selections(&field.selection_set))
    }

    /// The field, of which this is selected.
    pub(super) fn field_with(
        &self,
        field: &executable::Field,
        selection_set: Positioned<types::SelectionSet>,
    ) -> types::Field {
        types::Field {
            alias: field.alias.as_ref().map(|alias| self.name(alias)),
            name: self.name(&field.name),
            arguments: self.arguments(&field.arguments),
            directives: self.directives(&field.directives),
            selection_set,
        }
    }

    pub(super) fn directives(&self, directives: &DirectiveList) -> Vec<Positioned<types::Directive>> {
        let made = directives.iter().map(|directive| {
            let (name, arguments) = (self.name(&directive.name), self.arguments(&directive.arguments));
            self.like(directive, types::Directive { name, arguments })
        });
        made.collect()
    }

    fn arguments(&self, arguments: &[Node<Argument>]) -> Vec<(Positioned<Name>, Positioned<Given>)> {
        let given = arguments.iter().filter(|argument| !self.is_absent(&argument.value));
        given
            .map(|one| (self.name(&one.name), self.like(&one.value, self.value(&one.value))))
            .collect()
    }

    fn is_absent(&self, value: &Literal) -> bool {
        value
            .as_variable()
            .is_some_and(|name| self.absent.contains(name.as_str()))
    }

    fn value(&self, literal: &Literal) -> Given {
        match literal {
            Literal::Null => Given::Null,
            // In a list an absent value leaves its place empty; everywhere else it has been left out before.
            Literal::Variable(_) if self.is_absent(literal) => Given::Null,
            Literal::Variable(name) => Given::Variable(Name::new(name)),
            Literal::Boolean(flag) => Given::Boolean(*flag),
            Literal::Enum(name) => Given::Enum(Name::new(name)),
            Literal::String(text) => Given::String(text.clone()),
            Literal::Int(int) => number(int.as_str()),
            Literal::Float(float) => number(float.as_str()),
            Literal::List(items) => Given::List(items.iter().map(|item| self.value(item)).collect()),
            Literal::Object(fields) => {
                let given = fields.iter().filter(|(_, value)| !self.is_absent(value));
                Given::Object(
                    given
                        .map(|(name, value)| (Name::new(name), self.value(value)))
                        .collect(),
                )
            }
        }
    }
}

/// A number as it was written. One that only a float could hold stays text where it has no fraction, so that no digit
/// of it is lost on the way to a scalar that can hold it.
fn number(text: &str) -> Given {
    let whole = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let exact = text
        .parse::<i64>()
        .map(Number::from)
        .or_else(|_| text.parse::<u64>().map(Number::from));
    match exact {
        Ok(number) => Given::Number(number),
        Err(_) if whole => Given::String(text.to_owned()),
        Err(_) => text
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map_or_else(|| Given::String(text.to_owned()), Given::Number),
    }
}

fn declared(ty: &Declared) -> types::Type {
    let base = match ty {
        Declared::Named(name) | Declared::NonNullNamed(name) => types::BaseType::Named(Name::new(name)),
        Declared::List(item) | Declared::NonNullList(item) => types::BaseType::List(Box::new(declared(item))),
    };
    types::Type {
        base,
        nullable: !ty.is_non_null(),
    }
}
