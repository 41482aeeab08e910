//! What the parser forgives, refused: `first` without `: 3` is dropped from the tree without a word, and the query
//! would answer what nobody asked for. A tree that holds every token of its source has dropped none, so they are
//! counted.

use apollo_compiler::Node;
use apollo_compiler::ast::{
    Argument, Definition, DirectiveList, Document, FragmentDefinition, OperationDefinition, Selection, Type, Value,
    VariableDefinition,
};

use super::Problem;
use super::lexical::{Marks, syntax};

/// Refuses a document of which the tree does not hold all.
pub(super) fn complete(document: &Document, text: &str, marks: &Marks) -> Result<(), Problem> {
    let mut counted = 0;
    for definition in &document.definitions {
        let Some(span) = definition.location() else {
            continue;
        };
        let tokens = marks.within(span.offset(), span.end_offset());
        let kept = match definition {
            Definition::OperationDefinition(one) => operation(one, text.get(span.offset()..).unwrap_or_default()),
            Definition::FragmentDefinition(one) => fragment(one),
            // Validation refuses definitions of types, whatever is in them.
            _ => tokens,
        };
        if kept != tokens {
            return Err(syntax(
                "Something in this definition is incomplete.",
                marks.place(span.offset()),
            ));
        }
        counted += tokens;
    }
    if counted == marks.count() {
        Ok(())
    } else {
        Err(syntax("Unexpected tokens.", marks.place(0)))
    }
}

fn operation(operation: &OperationDefinition, source: &str) -> usize {
    let keyword = usize::from(!source.starts_with('{')) + usize::from(operation.name.is_some());
    let variables = bracketed(operation.variables.iter().map(|variable| self::variable(variable)));
    keyword + variables + directives(&operation.directives) + selections(&operation.selection_set)
}

fn fragment(fragment: &FragmentDefinition) -> usize {
    // fragment Name on Type
    4 + directives(&fragment.directives) + selections(&fragment.selection_set)
}

fn variable(variable: &VariableDefinition) -> usize {
    // $ name : type, and = default
    let default = variable.default_value.as_ref().map_or(0, |default| 1 + value(default));
    3 + declared(&variable.ty) + default + directives(&variable.directives)
}

fn declared(ty: &Type) -> usize {
    match ty {
        Type::Named(_) => 1,
        Type::NonNullNamed(_) => 2,
        Type::List(item) => 2 + declared(item),
        Type::NonNullList(item) => 3 + declared(item),
    }
}

fn selections(selections: &[Selection]) -> usize {
    bracketed(selections.iter().map(selection))
}

fn selection(selection: &Selection) -> usize {
    match selection {
        Selection::Field(field) => {
            let names = if field.alias.is_some() { 3 } else { 1 };
            names + arguments(&field.arguments) + directives(&field.directives) + selections(&field.selection_set)
        }
        Selection::FragmentSpread(spread) => 2 + directives(&spread.directives),
        Selection::InlineFragment(inline) => {
            let condition = if inline.type_condition.is_some() { 2 } else { 0 };
            1 + condition + directives(&inline.directives) + selections(&inline.selection_set)
        }
    }
}

fn directives(directives: &DirectiveList) -> usize {
    directives
        .iter()
        .map(|directive| 2 + arguments(&directive.arguments))
        .sum()
}

fn arguments(arguments: &[Node<Argument>]) -> usize {
    bracketed(arguments.iter().map(|argument| 2 + value(&argument.value)))
}

fn value(value: &Value) -> usize {
    match value {
        Value::Variable(_) => 2,
        Value::List(items) => 2 + items.iter().map(|item| self::value(item)).sum::<usize>(),
        Value::Object(fields) => 2 + fields.iter().map(|(_, field)| 2 + self::value(field)).sum::<usize>(),
        _ => 1,
    }
}

/// Tokens between brackets, which are not written where nothing is between them.
fn bracketed(tokens: impl ExactSizeIterator<Item = usize>) -> usize {
    if tokens.len() == 0 {
        0
    } else {
        2 + tokens.sum::<usize>()
    }
}
