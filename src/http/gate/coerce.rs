//! The values of variables: JSON made into what the types of the schema say, or told what is wrong and where.

use apollo_compiler::Node;
use apollo_compiler::ast::{Type, VariableDefinition};
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value, Variables};
use serde_json::{Map, Value as Json};

use super::Refusal;
use super::lexical::Marks;
use super::literals::{Usage, Uses};
use super::problems::{Place, Problems};
use super::rules::{Kind, Path, Rules, one_of, scalar_expects, scalar_takes, too_deep, too_many, values_in};
use super::translate;
use crate::domain::limits::Limits;
use crate::error::Error;
use crate::graphql::scalar::takes;

/// Coerces the variables that an operation declares; others are ignored. A nullable one without value and default is
/// absent from the answer: absent is not null.
pub(super) fn variables(
    rules: &Rules,
    limits: &Limits,
    operation: &Operation,
    uses: &Uses,
    marks: &Marks,
    given: &Map<String, Json>,
) -> Result<Variables, Refusal> {
    let mut problems = Problems::new(limits.errors);
    let mut variables = Variables::default();
    for definition in &operation.variables {
        let name = definition.name.as_str();
        let usage = uses.variables.get(name).copied().unwrap_or_default();
        let place = definition.location().map_or((1, 1), |span| marks.place(span.offset()));
        let mut coercion = Coercion {
            rules,
            limits,
            name,
            place,
            problems: &mut problems,
        };
        if let Some(value) = coercion.variable(definition, usage, given.get(name)) {
            variables.insert(Name::new(name), value);
        }
    }
    problems.finish()?;
    Ok(variables)
}

struct Coercion<'a> {
    rules: &'a Rules,
    limits: &'a Limits,
    name: &'a str,
    place: Place,
    problems: &'a mut Problems,
}

impl Coercion<'_> {
    fn variable(&mut self, definition: &Node<VariableDefinition>, usage: Usage, given: Option<&Json>) -> Option<Value> {
        let (name, ty) = (self.name, &*definition.ty);
        match (given, &definition.default_value) {
            (Some(Json::Null), _) if ty.is_non_null() || usage.required => {
                self.push(format!("Variable \"${name}\" of type \"{ty}\" must not be null here."));
                None
            }
            (Some(value), _) => Some(self.value(ty, value, &Path::new(name), usage.levels, usage.values)),
            (None, Some(default)) => Some(translate::constant(default)),
            (None, None) if ty.is_non_null() => {
                self.push(format!(
                    "Variable \"${name}\" of required type \"{ty}\" was not provided."
                ));
                None
            }
            (None, None) => None,
        }
    }

    fn value(&mut self, ty: &Type, value: &Json, path: &Path<'_>, levels: usize, most: Option<usize>) -> Value {
        match (ty, value) {
            (Type::NonNullNamed(_) | Type::NonNullList(_), Json::Null) => {
                self.refuse(path, || format!("expected a value of type \"{ty}\", found null"))
            }
            (_, Json::Null) => Value::Null,
            (Type::List(item) | Type::NonNullList(item), Json::Array(values)) => {
                self.list(item, values, path, levels, most)
            }
            // A single value where a list is expected is a list of it.
            (Type::List(item) | Type::NonNullList(item), _) => {
                Value::List(vec![self.value(item, value, path, levels, None)])
            }
            (Type::Named(name) | Type::NonNullNamed(name), _) => self.named(name, ty, value, path, levels),
        }
    }

    fn list(&mut self, item: &Type, values: &[Json], path: &Path<'_>, levels: usize, most: Option<usize>) -> Value {
        if let Some(most) = most.filter(|most| values.len() > *most) {
            return self.refuse(path, || too_many(most, values.len()));
        }
        let item_at = |(index, value)| self.value(item, value, &path.item(index), levels, None);
        Value::List(values.iter().enumerate().map(item_at).collect())
    }

    fn named(&mut self, name: &str, ty: &Type, value: &Json, path: &Path<'_>, levels: usize) -> Value {
        let rules = self.rules;
        match rules.named(ty) {
            Some(ExtendedType::InputObject(input)) => match value {
                Json::Object(fields) => self.object(input, fields, path, levels),
                _ => self.unlike(name, "an object", value, path),
            },
            Some(ExtendedType::Enum(choice)) => match value {
                Json::String(text) if choice.values.contains_key(text.as_str()) => Value::Enum(Name::new(text)),
                _ => {
                    let names: Vec<_> = choice.values.keys().map(|value| value.as_str()).collect();
                    self.unlike(name, &format!("one of {}", names.join(", ")), value, path)
                }
            },
            Some(ExtendedType::Scalar(_)) => self.scalar(name, value, path),
            // Validation lets no variable be of another kind of type.
            _ => Value::Null,
        }
    }

    fn object(&mut self, input: &InputObjectType, fields: &Map<String, Json>, path: &Path<'_>, levels: usize) -> Value {
        let levels = levels + self.rules.levels(&input.name);
        if levels > self.limits.filter_depth + 1 {
            return self.refuse(path, || too_deep(self.limits.filter_depth));
        }
        for name in fields.keys().filter(|name| !input.fields.contains_key(name.as_str())) {
            self.refuse(path, || {
                format!("field {} is not defined by type \"{}\"", quoted(name), input.name)
            });
        }
        if one_of(input) && (fields.len() != 1 || fields.values().any(Json::is_null)) {
            self.refuse(path, || {
                format!("exactly one field of \"{}\" must be given, and not as null", input.name)
            });
        }
        let mut object = IndexMap::with_capacity(fields.len());
        for (name, field) in &input.fields {
            match fields.get(name.as_str()) {
                Some(value) => {
                    let most = values_in(input, field, self.limits);
                    let value = self.value(&field.ty, value, &path.field(name), levels, most);
                    object.insert(Name::new(name), value);
                }
                None if field.is_required() => {
                    self.refuse(path, || {
                        format!("field \"{name}\" of required type \"{}\" was not provided", field.ty)
                    });
                }
                None => {}
            }
        }
        Value::Object(object)
    }

    fn scalar(&mut self, scalar: &str, value: &Json, path: &Path<'_>) -> Value {
        if let Some(expected) = kind(value).and_then(|kind| scalar_expects(scalar, kind)) {
            return self.unlike(scalar, expected, value, path);
        }
        match (scalar, value) {
            ("Int", Json::Number(number)) => match number.as_i64().map(i32::try_from) {
                Some(Ok(int)) => int.into(),
                _ => self.unlike(scalar, "a whole number of 32 bits", value, path),
            },
            ("Int", _) => self.unlike(scalar, "a whole number", value, path),
            ("Float", Json::Number(number)) => Value::Number(number.clone()),
            ("Float", _) => self.unlike(scalar, "a number", value, path),
            ("Boolean", Json::Bool(flag)) => (*flag).into(),
            ("Boolean", _) => self.unlike(scalar, "true or false", value, path),
            ("String" | "ID", Json::String(text)) => text.clone().into(),
            ("ID", Json::Number(number)) if !number.is_f64() => number.to_string().into(),
            ("String" | "ID", _) => self.unlike(scalar, "a string", value, path),
            (_, value) => self.own(scalar, value, path),
        }
    }

    /// A value of one of our own scalars, which alone know what it looks like.
    fn own(&mut self, scalar: &str, value: &Json, path: &Path<'_>) -> Value {
        let own = Value::from_json(value.clone()).unwrap_or_default();
        match scalar_takes(scalar) {
            Some((expected, _)) if !takes(scalar, &own) => self.unlike(scalar, expected, value, path),
            _ => own,
        }
    }

    fn unlike(&mut self, ty: &str, expected: &str, value: &Json, path: &Path<'_>) -> Value {
        self.refuse(path, || format!("{ty} expects {expected}, found {}", found(value)))
    }

    fn refuse(&mut self, path: &Path<'_>, why: impl FnOnce() -> String) -> Value {
        if self.problems.full() {
            self.problems.count(1);
        } else {
            self.push(format!(
                "Variable \"${}\" got an invalid value at \"{path}\": {}.",
                self.name,
                why()
            ));
        }
        Value::Null
    }

    fn push(&mut self, text: String) {
        self.problems.push(Error::BadUserInput(text), self.place);
    }
}

fn kind(value: &Json) -> Option<Kind> {
    Some(match value {
        Json::Null => return None,
        Json::Number(number) if number.is_f64() => Kind::Float,
        Json::Number(_) => Kind::Int,
        Json::String(_) => Kind::String,
        Json::Bool(_) => Kind::Boolean,
        Json::Array(_) => Kind::List,
        Json::Object(_) => Kind::Object,
    })
}

/// A client's text as a message repeats it: not whole where it is long.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// What was found, with the value where it is simple.
fn found(value: &Json) -> String {
    match value {
        Json::String(text) => quoted(text),
        Json::Number(number) => number.to_string(),
        Json::Bool(flag) => flag.to_string(),
        _ => kind(value).map_or("null", Kind::told).to_owned(),
    }
}
