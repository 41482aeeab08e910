//! A document that has been found good: what is known of it whoever sends it, and with whatever variables.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use apollo_compiler::Node;
use apollo_compiler::ast;
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::executable::{ExecutableDocument, Operation};
use apollo_compiler::parser::Parser;
use apollo_compiler::validation::{DiagnosticData, DiagnosticList, Valid};
use async_graphql::Variables;
use async_graphql::parser::types;

use super::lexical::Marks;
use super::literals::{self, Uses};
use super::problems::Problems;
use super::reach::Reach;
use super::rules::Rules;
use super::translate::Absent;
use super::{Problem, Refusal, lexical, measure, merging, syntax, translate};
use crate::domain::limits::Limits;
use crate::error::Error;

/// Forms of one document that are kept ready: one for each operation and each set of variables left out.
const FORMS: usize = 8;
/// Bytes of memory for each token: two trees and the places of its tokens. Measured.
const TOKEN_BYTES: usize = 448;

/// An operation by its name, and the variables left out.
type FormKey = (Option<String>, Absent);

/// A document as it is executed.
#[derive(Debug)]
pub struct Form {
    /// For the executor.
    pub document: types::ExecutableDocument,
    /// Whether it still selects an object more than once under one name, so that what is selected of it must be merged.
    pub merges: bool,
    /// Whether its variables can hold what the gate does not look into: values of scalars of our own.
    holds_scalars: bool,
    is_sound: AtomicBool,
}

impl Form {
    /// Whether the executor has checked every value in it, and none can come in by variables that it has not.
    pub fn is_sound(&self) -> bool {
        self.is_sound.load(Ordering::Relaxed)
    }

    /// Says that the executor has checked it.
    pub fn checked(&self) {
        self.is_sound.store(!self.holds_scalars, Ordering::Relaxed);
    }
}

/// What is known of an operation.
pub(super) struct Known {
    pub uses: Uses,
    /// What it can read.
    pub reach: Arc<Reach>,
    /// Whether it selects an object more than once under one name.
    pub merges: bool,
    /// Whether a variable can hold values of scalars of our own.
    pub holds_scalars: bool,
}

/// A valid document within the limits.
pub(super) struct Document {
    pub executable: Valid<ExecutableDocument>,
    pub marks: Marks,
    operations: HashMap<Option<String>, Known>,
    forms: Mutex<HashMap<FormKey, Arc<Form>>>,
}

impl Document {
    /// Reads a document, in an order that lets nothing see what it can't bear: bytes, then syntax, then size, then
    /// meaning.
    pub(super) fn read(rules: &Rules, text: &str, limits: &Limits) -> Result<Self, Refusal> {
        let marks = lexical::scan(text, limits)?;
        let tree = parse(text, &marks, limits)?;
        syntax::complete(&tree, text, &marks)?;
        measure::bound(&tree, &marks, limits)?;
        let executable = tree
            .to_executable_validate(&rules.schema)
            .map_err(|found| invalid(&found.errors, text, &marks, limits))?;
        let mut problems = Problems::new(limits.errors);
        let mut operations = HashMap::new();
        for operation in executable.operations.iter() {
            let known = Known {
                uses: literals::check(rules, limits, &executable, operation, &marks, &mut problems),
                merges: merging::check(rules, limits, &executable, operation, &marks, &mut problems),
                reach: Arc::new(Reach::of(&executable, operation)),
                holds_scalars: rules.holds_scalars(operation),
            };
            operations.insert(operation.name.as_ref().map(ToString::to_string), known);
        }
        problems.finish()?;
        Ok(Self {
            executable,
            marks,
            operations,
            forms: Mutex::default(),
        })
    }

    /// What the document takes in memory, about.
    pub(super) fn weight(&self, text: &str) -> usize {
        self.marks
            .count()
            .saturating_mul(TOKEN_BYTES)
            .saturating_add(text.len().saturating_mul(2))
    }

    /// The operation that is to be executed, and what is known of it.
    pub(super) fn operation(&self, name: Option<&str>) -> Result<(&Node<Operation>, &Known), Refusal> {
        let operations = &self.executable.operations;
        let resolution = |text: String| Refusal::from(Error::OperationResolution(text));
        let operation = operations.get(name).map_err(|_| {
            resolution(match name {
                Some(name) => format!("Unknown operation named {name:?}."),
                None => "Must provide operation name if query contains multiple operations.".into(),
            })
        })?;
        let known = self.operations.get(&operation.name.as_ref().map(ToString::to_string));
        let known = known.ok_or_else(|| resolution("The document contains no operation.".into()))?;
        Ok((operation, known))
    }

    /// The form in which an operation is executed: it leaves out what variables without a value leave out.
    ///
    /// # Errors
    /// Those of `translate::document`.
    pub(super) fn form(
        &self,
        rules: &Rules,
        operation: &Node<Operation>,
        known: &Known,
        variables: &Variables,
    ) -> Result<Arc<Form>, Refusal> {
        let declared = operation.variables.iter().map(|variable| variable.name.as_str());
        let absent: Absent = declared
            .filter(|name| !variables.contains_key(*name))
            .map(str::to_owned)
            .collect();
        let key = (operation.name.as_ref().map(ToString::to_string), absent);
        let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(form) = forms.get(&key) {
            return Ok(form.clone());
        }
        let at = operation.location().map_or(0, |span| span.offset());
        let (source, absent) = (&self.executable, &key.1);
        let merged = known
            .merges
            .then(|| translate::merged(rules, source, operation, at, &self.marks, absent))
            .flatten();
        let merges = known.merges && merged.is_none();
        let made = match merged {
            Some(merged) => merged,
            None => translate::document(source, operation, at, &known.uses.fragments, &self.marks, absent)?,
        };
        let made = Arc::new(Form {
            document: made,
            merges,
            holds_scalars: known.holds_scalars,
            is_sound: AtomicBool::new(false),
        });
        if forms.len() >= FORMS {
            forms.clear();
        }
        forms.insert(key, made.clone());
        Ok(made)
    }
}

fn parse(text: &str, marks: &Marks, limits: &Limits) -> Result<ast::Document, Problem> {
    // The parser counts a list in an object as two levels.
    let mut parser = Parser::new().recursion_limit(limits.nesting.saturating_mul(2).saturating_add(8));
    parser.parse_ast(text, "document.graphql").map_err(|refused| {
        let first = refused.errors.iter().next();
        let message = first.as_ref().map_or_else(String::new, |found| found.error.to_string());
        let offset = first
            .and_then(|found| found.error.location())
            .map_or(0, |span| span.offset());
        let message = message.strip_prefix("syntax error: ").unwrap_or(&message);
        lexical::syntax(message, marks.place(offset))
    })
}

fn invalid(found: &DiagnosticList, text: &str, marks: &Marks, limits: &Limits) -> Refusal {
    let mut problems = Problems::new(limits.errors);
    let unknown = found
        .iter()
        .any(|one| one.error.unstable_error_name() == Some("UndefinedField"));
    for diagnostic in found.iter() {
        if unknown && follows(diagnostic.error, text) {
            continue;
        }
        if problems.full() {
            problems.count(1);
            continue;
        }
        // The words of the reference implementation, which tools and people know.
        let message = diagnostic
            .error
            .unstable_compat_message()
            .unwrap_or_else(|| diagnostic.error.to_string());
        let place = diagnostic
            .error
            .location()
            .map_or((1, 1), |span| marks.place(span.offset()));
        problems.push(Error::ValidationFailed(message), place);
    }
    match problems.finish() {
        Err(refusal) => refusal,
        Ok(()) => Error::ValidationFailed("The document is not valid.".into()).into(),
    }
}

/// Whether a problem may only follow from an unknown field: validation drops such a field with all that is in it, and
/// then misses what was there.
fn follows(problem: &DiagnosticData, text: &str) -> bool {
    match problem.unstable_error_name() {
        Some("UnusedVariable" | "UnusedFragment") => true,
        Some("MissingSubselection") => {
            let field = problem
                .location()
                .and_then(|span| text.get(span.offset()..span.end_offset()));
            field.is_some_and(|field| field.trim_end().ends_with('}'))
        }
        _ => false,
    }
}
