//! How large a document becomes once its fragments are expanded, told without expanding them.
//!
//! Thirty fragments that each spread the next one twice are a few hundred bytes and a billion fields. Each fragment is
//! measured once, after those it spreads, and its numbers stand wherever it is spread; so the cost is that of reading
//! the document. It works on the bare syntax tree, because validation must not see what this refuses.

use std::collections::{HashMap, HashSet};

use apollo_compiler::Node;
use apollo_compiler::ast::{Document, Field, FragmentDefinition, OperationDefinition, Selection};

use super::Problem;
use super::lexical::Marks;
use crate::domain::limits::Limits;
use crate::error::Error;

/// Levels of fields in an introspection. The query that tools send has 15, most of them `ofType`.
const INTROSPECTION_DEPTH: usize = 20;
/// Lists of types within lists of types: at the third, an introspection grows with the cube of the schema.
const INTROSPECTION_LISTS: usize = 2;
/// The operations of one document may have so many times the fields of one of them.
const OPERATIONS: usize = 4;
/// Validation walks the fragments of each operation, and those of each fragment: definitions times tokens. So many
/// definitions may stand in a document that has as many tokens as are allowed, and more in a smaller one.
const DEFINITIONS: usize = 100;

/// The size of a selection after expansion. All sums saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Measure {
    /// Levels of fields, those of introspections left out.
    pub depth: usize,
    /// Fields.
    pub fields: usize,
    /// Fields with an alias.
    pub aliases: usize,
    /// Fields of the outermost level.
    pub width: usize,
    /// Selections within each other: fields, inline fragments and spreads.
    pub nesting: usize,
    /// Levels of fields in the deepest introspection.
    introspection: usize,
    /// Lists of types within each other, as an introspection names them.
    lists: usize,
    /// The same, in introspections only.
    introspection_lists: usize,
}

impl Measure {
    fn beside(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            fields: self.fields.saturating_add(other.fields),
            aliases: self.aliases.saturating_add(other.aliases),
            width: self.width.saturating_add(other.width),
            nesting: self.nesting.max(other.nesting),
            introspection: self.introspection.max(other.introspection),
            lists: self.lists.max(other.lists),
            introspection_lists: self.introspection_lists.max(other.introspection_lists),
        }
    }

    fn spread(self) -> Self {
        Self {
            nesting: self.nesting.saturating_add(1),
            ..self
        }
    }

    fn under(self, field: &Field) -> Self {
        let name = field.name.as_str();
        let list = matches!(name, "fields" | "interfaces" | "possibleTypes" | "inputFields");
        let own = Self {
            fields: self.fields.saturating_add(1),
            aliases: self.aliases.saturating_add(usize::from(field.alias.is_some())),
            width: 1,
            lists: self.lists.saturating_add(usize::from(list)),
            ..self.spread()
        };
        let depth = self.depth.saturating_add(1);
        if matches!(name, "__schema" | "__type") {
            Self {
                depth: 1,
                introspection: depth.max(self.introspection),
                introspection_lists: self.lists,
                ..own
            }
        } else {
            Self { depth, ..own }
        }
    }

    /// What of an operation of this size is too much, if anything.
    fn excess(&self, limits: &Limits) -> Option<Error> {
        let deep = |what: &str, size: usize, most: usize| {
            (size > most)
                .then(|| Error::TooDeep(format!("{what} nest {} deep, at most {most} are answered.", told(size))))
        };
        let many = |what: &str, size: usize, most: usize| {
            let text = || {
                format!(
                    "The operation has {} {what} after fragments are expanded, at most {most} are answered.",
                    told(size)
                )
            };
            (size > most).then(|| Error::TooComplex(text()))
        };
        deep("Fields", self.depth, limits.depth)
            .or_else(|| many("fields", self.fields, limits.fields))
            .or_else(|| many("aliases", self.aliases, limits.aliases))
            .or_else(|| many("root fields", self.width, limits.root_fields))
            .or_else(|| deep("Fields of the introspection", self.introspection, INTROSPECTION_DEPTH))
            .or_else(|| {
                deep(
                    "Lists of types in the introspection",
                    self.introspection_lists,
                    INTROSPECTION_LISTS,
                )
            })
            .or_else(|| deep("Selections", self.nesting, limits.nesting))
    }
}

/// A saturated sum has lost its value: say so rather than print the largest integer.
fn told(size: usize) -> String {
    if size == usize::MAX {
        "uncountably many".into()
    } else {
        size.to_string()
    }
}

/// Refuses a document that is too large or deep after expansion, or whose fragments spread themselves.
pub(super) fn bound(document: &Document, marks: &Marks, limits: &Limits) -> Result<(), Problem> {
    let definitions = document.definitions.len();
    if definitions.saturating_mul(marks.count()) > DEFINITIONS.saturating_mul(limits.tokens) {
        let text = format!(
            "The document has {definitions} operations and fragments in {} tokens: send less of it at a time.",
            marks.count()
        );
        return Err(Problem::new(Error::TooComplex(text), Vec::new()));
    }
    let fragments = Fragments::measure(document, marks)?;
    let mut fields = 0_usize;
    for operation in operations(document) {
        let place = operation.location().map(|span| marks.place(span.offset()));
        let refuse = |error| Problem::new(error, place.into_iter().collect());
        let size = fragments.selections(&operation.selection_set);
        if let Some(error) = size.excess(limits) {
            return Err(refuse(error));
        }
        fields = fields.saturating_add(size.fields);
        if fields > limits.fields.saturating_mul(OPERATIONS) {
            let text = format!(
                "The operations of the document have more than {OPERATIONS} × {} fields: send fewer of them at a time.",
                limits.fields
            );
            return Err(refuse(Error::TooComplex(text)));
        }
    }
    Ok(())
}

fn operations(document: &Document) -> impl Iterator<Item = &Node<OperationDefinition>> {
    document
        .definitions
        .iter()
        .filter_map(|definition| definition.as_operation_definition())
}

/// The fragments of a document with their sizes, as far as they have been measured.
struct Fragments<'a> {
    definitions: HashMap<&'a str, &'a Node<FragmentDefinition>>,
    sizes: HashMap<&'a str, Measure>,
}

/// A fragment on the way through the graph of spreads, and those it spreads that are still to be seen.
struct Visit<'a> {
    fragment: &'a Node<FragmentDefinition>,
    spreads: Vec<&'a str>,
}

impl<'a> Visit<'a> {
    fn new(fragment: &'a Node<FragmentDefinition>) -> Self {
        let mut spreads = Vec::new();
        spread_names(&fragment.selection_set, &mut spreads);
        Self { fragment, spreads }
    }
}

impl<'a> Fragments<'a> {
    fn measure(document: &'a Document, marks: &Marks) -> Result<Self, Problem> {
        let mut definitions = HashMap::new();
        let all = || {
            document
                .definitions
                .iter()
                .filter_map(|definition| definition.as_fragment_definition())
        };
        for fragment in all() {
            // Of two with one name validation keeps the first, and refuses the document.
            definitions.entry(fragment.name.as_str()).or_insert(fragment);
        }
        let mut fragments = Self {
            definitions,
            sizes: HashMap::new(),
        };
        for fragment in all() {
            fragments.visit(fragment, marks)?;
        }
        Ok(fragments)
    }

    /// Measures a fragment after all that it spreads, with a stack of its own: a chain of fragments may be as long as
    /// the document.
    fn visit(&mut self, start: &'a Node<FragmentDefinition>, marks: &Marks) -> Result<(), Problem> {
        if self.sizes.contains_key(start.name.as_str()) {
            return Ok(());
        }
        let mut open = HashSet::from([start.name.as_str()]);
        let mut way = vec![Visit::new(start)];
        while let Some(visit) = way.last_mut() {
            let Some(name) = visit.spreads.pop() else {
                let fragment = visit.fragment;
                let size = self.selections(&fragment.selection_set);
                self.sizes.insert(fragment.name.as_str(), size);
                open.remove(fragment.name.as_str());
                way.pop();
                continue;
            };
            if open.contains(name) {
                return Err(circle(visit.fragment, name, marks));
            }
            match self.definitions.get(name) {
                Some(next) if !self.sizes.contains_key(name) => {
                    open.insert(name);
                    way.push(Visit::new(next));
                }
                // An unknown fragment counts nothing here, and validation refuses it.
                _ => {}
            }
        }
        Ok(())
    }

    fn selections(&self, selections: &[Selection]) -> Measure {
        selections
            .iter()
            .map(|selection| self.selection(selection))
            .fold(Measure::default(), Measure::beside)
    }

    fn selection(&self, selection: &Selection) -> Measure {
        match selection {
            Selection::Field(field) => self.selections(&field.selection_set).under(field),
            Selection::InlineFragment(inline) => self.selections(&inline.selection_set).spread(),
            Selection::FragmentSpread(spread) => self
                .sizes
                .get(spread.fragment_name.as_str())
                .copied()
                .unwrap_or_default()
                .spread(),
        }
    }
}

fn spread_names<'a>(selections: &'a [Selection], names: &mut Vec<&'a str>) {
    for selection in selections {
        match selection {
            Selection::Field(field) => spread_names(&field.selection_set, names),
            Selection::InlineFragment(inline) => spread_names(&inline.selection_set, names),
            Selection::FragmentSpread(spread) => names.push(spread.fragment_name.as_str()),
        }
    }
}

fn circle(fragment: &Node<FragmentDefinition>, name: &str, marks: &Marks) -> Problem {
    let via = if fragment.name == *name {
        String::new()
    } else {
        format!(" via \"{}\"", fragment.name)
    };
    let place = fragment.location().map(|span| marks.place(span.offset()));
    let text = format!("Cannot spread fragment \"{name}\" within itself{via}.");
    Problem::new(Error::ValidationFailed(text), place.into_iter().collect())
}

/// The sizes of a document's operations, for tests that reckon them in another way.
#[cfg(test)]
pub(super) fn sizes(document: &Document) -> Result<Vec<Measure>, Problem> {
    let fragments = Fragments::measure(document, &Marks::default())?;
    Ok(operations(document)
        .map(|operation| fragments.selections(&operation.selection_set))
        .collect())
}
