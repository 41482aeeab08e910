//! What values may look like beyond the types of the schema, for literals and variables alike.

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};

use apollo_compiler::Schema;
use apollo_compiler::ast::{InputValueDefinition, Type};
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use apollo_compiler::validation::Valid;

use crate::domain::limits::Limits;

/// What the executor tells of a type beyond the built-in types of the library that validates documents: the specification of
/// September 2025 has it. A version of the library that knows it refuses this, at which it can go.
const INTROSPECTION: &str = "extend type __Type { isOneOf: Boolean }";

/// The schema, and what is asked of it again and again.
pub(super) struct Rules {
    pub schema: Valid<Schema>,
    /// Filters that hold other filters of things, not only comparisons: each is a level of nesting.
    levels: HashSet<String>,
}

impl Rules {
    pub(super) fn new(sdl: &str) -> Result<Self, String> {
        let schema = Schema::builder()
            .parse(sdl, "schema.graphql")
            .parse(INTROSPECTION, "introspection.graphql")
            .build()
            .map_err(|refused| refused.errors.to_string())?;
        let schema = schema.validate().map_err(|refused| refused.errors.to_string())?;
        let levels = schema
            .types
            .iter()
            .filter(|(_, ty)| nests(ty))
            .map(|(name, _)| name.to_string())
            .collect();
        Ok(Self { schema, levels })
    }

    /// The levels of nesting that an input object of this type adds: 1 or 0.
    pub(super) fn levels(&self, ty: &str) -> usize {
        usize::from(self.levels.contains(ty))
    }

    /// Whether a variable of the operation can hold a value of a scalar of our own: of those only the executor knows what
    /// is one.
    pub(super) fn holds_scalars(&self, operation: &Operation) -> bool {
        operation
            .variables
            .iter()
            .any(|variable| match self.named(&variable.ty) {
                Some(ExtendedType::Scalar(scalar)) => !scalar.is_built_in(),
                Some(ExtendedType::Enum(_)) => false,
                _ => true,
            })
    }

    pub(super) fn is_object(&self, ty: &str) -> bool {
        self.schema.types.get(ty).is_some_and(ExtendedType::is_object)
    }

    /// Whether an object type is this type, implements it, or is a member of it.
    pub(super) fn is_a(&self, object: &str, ty: &str) -> bool {
        object == ty
            || match (self.schema.types.get(object), self.schema.types.get(ty)) {
                (Some(ExtendedType::Object(object)), Some(ExtendedType::Interface(_))) => {
                    object.implements_interfaces.iter().any(|one| one.name.as_str() == ty)
                }
                (_, Some(ExtendedType::Union(union))) => union.members.iter().any(|one| one.name.as_str() == object),
                _ => false,
            }
    }

    /// The object types of which something of an abstract type may be.
    pub(super) fn possible(&self, ty: &str) -> impl Iterator<Item = &str> {
        let objects = self.schema.types.iter().filter(|(_, one)| one.is_object());
        let names = objects.map(|(name, _)| name.as_str());
        names
            .filter(move |name| self.is_a(name, ty))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// The type that a name means.
    pub(super) fn named(&self, ty: &Type) -> Option<&ExtendedType> {
        self.schema.types.get(ty.inner_named_type())
    }
}

pub(super) fn is_filter(name: &str) -> bool {
    name.ends_with("Filter")
}

/// `AssistanceRequestFilter` nests; `StringFilter` compares; `RequestItemListFilter` is a quantifier, part of the
/// relation that it quantifies.
fn nests(ty: &ExtendedType) -> bool {
    let ExtendedType::InputObject(input) = ty else {
        return false;
    };
    let holds_filters = input
        .fields
        .values()
        .any(|field| is_filter(field.ty.inner_named_type()));
    is_filter(&input.name) && !input.name.ends_with("ListFilter") && holds_filters
}

/// Whether exactly one field of the input object must be given.
pub(super) fn one_of(input: &InputObjectType) -> bool {
    input.directives.has("oneOf")
}

/// How many values a list may hold in a field of an input object. New items and rows are bounded where they are written, with a
/// user error in place of a refusal; what names items may name all of a request.
pub(super) fn values_in(input: &InputObjectType, field: &InputValueDefinition, limits: &Limits) -> Option<usize> {
    if !field.ty.is_list() {
        return None;
    }
    match field.name.as_str() {
        _ if is_filter(&input.name) => Some(limits.list_values),
        "items" | "addItems" | "rows" => None,
        "updateItems" | "removeItems" | "approvals" => Some(limits.list_values.max(limits.items)),
        _ => Some(limits.list_values),
    }
}

/// How many values a list may hold as an argument of a field.
pub(super) fn values_of(field: &str, argument: &InputValueDefinition, limits: &Limits) -> Option<usize> {
    let most = if field == "nodes" && argument.name == "ids" {
        limits.nodes
    } else {
        limits.list_values
    };
    argument.ty.is_list().then_some(most)
}

/// What a value is before any type is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Float,
    String,
    Boolean,
    Enum,
    List,
    Object,
}

impl Kind {
    pub(super) const fn told(self) -> &'static str {
        match self {
            Self::Int => "a whole number",
            Self::Float => "a number with a fraction or an exponent",
            Self::String => "a string",
            Self::Boolean => "a boolean",
            Self::Enum => "an enum value",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// What one of our scalars expects, where a value of this kind can't be it.
pub(super) fn scalar_expects(scalar: &str, kind: Kind) -> Option<&'static str> {
    let (expected, right) = scalar_takes(scalar)?;
    (!right.contains(&kind)).then_some(expected)
}

/// What one of our scalars expects, and values of which kinds may be it.
pub(super) fn scalar_takes(scalar: &str) -> Option<(&'static str, &'static [Kind])> {
    Some(match scalar {
        "Decimal" => (
            "a decimal number as a string (\"1250.5\") or a whole number",
            &[Kind::String, Kind::Int],
        ),
        "BigInt" => ("a whole number, or its digits as a string", &[Kind::String, Kind::Int]),
        "CountryCode" => ("a country code as a string (\"BGD\")", &[Kind::String, Kind::Int]),
        "Date" => ("a date as a string (\"2020-05-04\")", &[Kind::String]),
        "DateTime" => ("a time in UTC as a string (\"2020-05-04T12:00:00Z\")", &[Kind::String]),
        _ => return None,
    })
}

/// Where a value stands, from the argument or the variable inwards: `input.items[2].quantity`.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    outer: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Self {
            outer: None,
            step: Step::Name(name),
        }
    }

    pub(super) fn field(&'a self, name: &'a str) -> Self {
        Self {
            outer: Some(self),
            step: Step::Name(name),
        }
    }

    pub(super) fn item(&'a self, index: usize) -> Self {
        Self {
            outer: Some(self),
            step: Step::Index(index),
        }
    }
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(outer) = self.outer {
            outer.fmt(f)?;
        }
        match self.step {
            Step::Name(name) if self.outer.is_some() => write!(f, ".{name}"),
            Step::Name(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// The message for a list that holds too many values.
pub(super) fn too_many(most: usize, found: usize) -> String {
    format!("at most {most} values are taken, and these are {found}")
}

/// The message for a filter that nests too deep.
pub(super) fn too_deep(most: usize) -> String {
    format!("filters nest at most {most} deep, and this one goes deeper")
}
