//! The values written in a document: what validation leaves unchecked, and where each variable stands.
//!
//! Validation knows neither repeated input fields nor `@oneOf`, and it compares a variable inside a list or an object
//! with its place by name only, so that a nullable one slips into a place that takes no null.

use std::collections::{HashMap, HashSet};

use apollo_compiler::Node;
use apollo_compiler::ast::{Argument, Directive, InputValueDefinition, Type, Value, VariableDefinition};
use apollo_compiler::executable::{ExecutableDocument, Operation, Selection, SelectionSet};
use apollo_compiler::schema::{ExtendedType, InputObjectType};

use super::lexical::Marks;
use super::problems::Problems;
use super::rules::{Kind, Path, Rules, one_of, scalar_expects, too_deep, too_many, values_in, values_of};
use crate::domain::limits::Limits;
use crate::error::Error;

/// Where a variable stands in an operation: the strictest of all its places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Filters around it.
    pub levels: usize,
    /// Values it may hold, where it is a list.
    pub values: Option<usize>,
    /// It stands where null is refused.
    pub required: bool,
}

/// What an operation uses: of its variables how, of the fragments which.
#[derive(Debug, Default)]
pub(super) struct Uses {
    pub variables: HashMap<String, Usage>,
    pub fragments: HashSet<String>,
}

/// Checks all values that an operation holds, those of its fragments too.
pub(super) fn check(
    rules: &Rules,
    limits: &Limits,
    document: &ExecutableDocument,
    operation: &Operation,
    marks: &Marks,
    problems: &mut Problems,
) -> Uses {
    let uses = Uses::default();
    let mut walk = Walk {
        rules,
        limits,
        document,
        marks,
        problems,
        definitions: &operation.variables,
        uses,
        deepest: 0,
    };
    walk.directives(&operation.directives);
    walk.selections(&operation.selection_set);
    walk.defaults();
    walk.uses
}

struct Walk<'a> {
    rules: &'a Rules,
    limits: &'a Limits,
    document: &'a ExecutableDocument,
    marks: &'a Marks,
    problems: &'a mut Problems,
    definitions: &'a [Node<VariableDefinition>],
    uses: Uses,
    deepest: usize,
}

/// Where a value is to go.
#[derive(Clone, Copy)]
struct Slot<'a> {
    ty: &'a Type,
    /// It has a default, so that a variable without a value may leave it out.
    default: bool,
    /// It is the one field of a `@oneOf` input object.
    one_of: Option<&'a str>,
    /// Values it may hold, where it is a list.
    values: Option<usize>,
    /// Filters around it.
    levels: usize,
}

impl<'a> Slot<'a> {
    fn new(definition: &'a InputValueDefinition, values: Option<usize>, levels: usize) -> Self {
        let default = definition.default_value.as_ref().is_some_and(|value| !value.is_null());
        Self {
            ty: &definition.ty,
            default,
            one_of: None,
            values,
            levels,
        }
    }

    fn item(self) -> Self {
        Self {
            ty: self.ty.item_type(),
            default: false,
            one_of: None,
            values: None,
            levels: self.levels,
        }
    }
}

impl Walk<'_> {
    fn selections(&mut self, set: &SelectionSet) {
        for selection in &set.selections {
            self.directives(selection.directives());
            match selection {
                Selection::Field(field) => {
                    for argument in &field.arguments {
                        let definition = field.definition.argument_by_name(&argument.name);
                        self.argument(argument, definition, |one| values_of(&field.name, one, self.limits));
                    }
                    self.selections(&field.selection_set);
                }
                Selection::InlineFragment(inline) => self.selections(&inline.selection_set),
                Selection::FragmentSpread(spread) => self.fragment(&spread.fragment_name),
            }
        }
    }

    fn fragment(&mut self, name: &str) {
        let document = self.document;
        if let Some(fragment) = document.fragments.get(name)
            && self.uses.fragments.insert(name.to_owned())
        {
            self.directives(&fragment.directives);
            self.selections(&fragment.selection_set);
        }
    }

    fn directives(&mut self, directives: &[Node<Directive>]) {
        let rules = self.rules;
        for directive in directives {
            let definition = rules.schema.directive_definitions.get(&directive.name);
            for argument in &directive.arguments {
                self.argument(
                    argument,
                    definition.and_then(|one| one.argument_by_name(&argument.name)),
                    |_| None,
                );
            }
        }
    }

    fn argument(
        &mut self,
        argument: &Argument,
        definition: Option<&Node<InputValueDefinition>>,
        values: impl Fn(&InputValueDefinition) -> Option<usize>,
    ) {
        if let Some(definition) = definition {
            let slot = Slot::new(definition, values(definition), 0);
            self.value(slot, &argument.value, &Path::new(&argument.name));
        }
    }

    /// The default of a variable may go wherever the variable stands.
    fn defaults(&mut self) {
        let definitions = self.definitions;
        for definition in definitions {
            let Some(default) = &definition.default_value else {
                continue;
            };
            let usage = self
                .uses
                .variables
                .get(definition.name.as_str())
                .copied()
                .unwrap_or_default();
            let Usage { levels, values, .. } = usage;
            let slot = Slot {
                ty: &definition.ty,
                default: false,
                one_of: None,
                values,
                levels,
            };
            self.value(slot, default, &Path::new(&definition.name));
        }
    }

    fn value(&mut self, slot: Slot<'_>, value: &Node<Value>, path: &Path<'_>) {
        match (&**value, slot.ty) {
            (Value::Null, _) => {}
            (Value::Variable(name), _) => self.variable(slot, name, value),
            (Value::List(items), Type::List(_) | Type::NonNullList(_)) => self.list(slot, items, value, path),
            // A single value where a list is expected is a list of it.
            (_, Type::List(_) | Type::NonNullList(_)) => self.value(slot.item(), value, path),
            (found, Type::Named(_) | Type::NonNullNamed(_)) => self.named(slot, found, value, path),
        }
    }

    fn list(&mut self, slot: Slot<'_>, items: &[Node<Value>], value: &Node<Value>, path: &Path<'_>) {
        if let Some(most) = slot.values.filter(|most| items.len() > *most) {
            return self.refuse(value, path, &too_many(most, items.len()));
        }
        for (index, item) in items.iter().enumerate() {
            self.value(slot.item(), item, &path.item(index));
        }
    }

    fn named(&mut self, slot: Slot<'_>, found: &Value, value: &Node<Value>, path: &Path<'_>) {
        let rules = self.rules;
        match (rules.named(slot.ty), found) {
            (Some(ExtendedType::InputObject(input)), Value::Object(fields)) => {
                self.object(slot, input, fields, value, path);
            }
            (Some(ExtendedType::Scalar(scalar)), _) => {
                if let Some(expected) = kind(found).and_then(|kind| scalar_expects(&scalar.name, kind)) {
                    self.refuse(value, path, &format!("{} expects {expected}", scalar.name));
                }
            }
            _ => {}
        }
    }

    fn object(
        &mut self,
        slot: Slot<'_>,
        input: &InputObjectType,
        fields: &[(apollo_compiler::Name, Node<Value>)],
        value: &Node<Value>,
        path: &Path<'_>,
    ) {
        let levels = slot.levels + self.rules.levels(&input.name);
        self.deepest = self.deepest.max(levels);
        if levels > self.limits.filter_depth + 1 {
            return self.refuse(value, path, &too_deep(self.limits.filter_depth));
        }
        if one_of(input) && (fields.len() != 1 || fields.iter().any(|(_, given)| given.is_null())) {
            let text = format!("exactly one field of \"{}\" must be given, and not as null", input.name);
            self.invalid(value, &format!("Invalid value at \"{path}\": {text}."));
        }
        let mut seen = HashSet::new();
        for (name, given) in fields {
            if !seen.insert(name.as_str()) {
                self.invalid(given, &format!("There can be only one input field named \"{name}\"."));
            }
            if let Some(field) = input.fields.get(name) {
                let slot = Slot::new(field, values_in(input, field, self.limits), levels);
                let one_of = one_of(input).then_some(input.name.as_str());
                self.value(Slot { one_of, ..slot }, given, &path.field(name));
            }
        }
    }

    fn variable(&mut self, slot: Slot<'_>, name: &str, value: &Node<Value>) {
        let definitions = self.definitions;
        let Some(definition) = definitions.iter().find(|definition| definition.name == *name) else {
            return;
        };
        if !fits(definition, slot) {
            let text = format!(
                "Variable \"${name}\" of type \"{}\" used in position expecting type \"{}\".",
                definition.ty, slot.ty
            );
            self.invalid(value, &text);
        }
        if let Some(input) = slot.one_of.filter(|_| !definition.ty.is_non_null()) {
            let text =
                format!("Variable \"${name}\" must be non-nullable to be used for OneOf Input Object \"{input}\".");
            self.invalid(value, &text);
        }
        let usage = self.uses.variables.entry(name.to_owned()).or_default();
        usage.levels = usage.levels.max(slot.levels);
        usage.required |= slot.ty.is_non_null();
        usage.values = match (usage.values, slot.values) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    fn invalid(&mut self, value: &Node<Value>, text: &str) {
        self.push(value, Error::ValidationFailed(text.to_owned()));
    }

    fn refuse(&mut self, value: &Node<Value>, path: &Path<'_>, why: &str) {
        self.push(
            value,
            Error::BadUserInput(format!("Invalid value at \"{path}\": {why}.")),
        );
    }

    fn push(&mut self, value: &Node<Value>, error: Error) {
        let offset = value.location().map_or(0, |span| span.offset());
        self.problems.push(error, self.marks.place(offset));
    }
}

/// Whether a variable may stand in a place: `IsVariableUsageAllowed` of the specification.
fn fits(definition: &VariableDefinition, slot: Slot<'_>) -> bool {
    if !slot.ty.is_non_null() || definition.ty.is_non_null() {
        return definition.ty.is_assignable_to(slot.ty);
    }
    let own_default = definition.default_value.as_ref().is_some_and(|value| !value.is_null());
    (own_default || slot.default) && definition.ty.is_assignable_to(&slot.ty.clone().nullable())
}

fn kind(value: &Value) -> Option<Kind> {
    Some(match value {
        Value::Null | Value::Variable(_) => return None,
        Value::Int(_) => Kind::Int,
        Value::Float(_) => Kind::Float,
        Value::String(_) => Kind::String,
        Value::Boolean(_) => Kind::Boolean,
        Value::Enum(_) => Kind::Enum,
        Value::List(_) => Kind::List,
        Value::Object(_) => Kind::Object,
    })
}
