//! The way in for documents: text in, verdict out. Neither the network nor the database is known here.
//!
//! Whatever a document is, refusing it costs time and memory in proportion to its bytes. So its tokens and brackets are
//! counted before a parser sees it, its size after expansion is known before validation sees it, and what was found is
//! remembered by the hash of its text. What depends on the request comes last: which operation, what variables, what
//! price.

mod breadth;
mod coerce;
mod document;
mod lexical;
mod literals;
mod measure;
mod merge;
mod merging;
mod price;
mod problems;
mod reach;
mod roots;
mod rules;
mod syntax;
mod translate;

use std::sync::Arc;

use apollo_compiler::executable::{Operation, OperationType};
use async_graphql::Variables;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use self::document::Document;
pub use self::document::Form;
use self::price::Price;
pub use self::reach::Reach;
use self::rules::Rules;
use crate::domain::limits::Limits;
use crate::error::Error;
pub use crate::http::cache::Memory;
use crate::http::cache::{Cache, Key};

/// Documents that are remembered, good ones and refused ones each.
const REMEMBERED: usize = 2_000;
/// Bytes that the good ones may take, about; of the refused ones only the refusals are kept.
const REMEMBERED_BYTES: usize = 32 * 1024 * 1024;
const REFUSED_BYTES: usize = 4 * 1024 * 1024;

/// Admits documents to a schema, or says why not.
pub struct Gate {
    rules: Rules,
    documents: Cache<Document>,
    refusals: Cache<Refusal>,
}

/// A request as it came in.
pub struct Incoming<'a> {
    /// The text of the document.
    pub document: &'a str,
    /// Which of its operations.
    pub operation_name: Option<&'a str>,
    /// Values of the operation's variables.
    pub variables: Map<String, Value>,
    /// How much may be asked for.
    pub limits: &'a Limits,
    /// How much this viewer's operation may cost.
    pub max_cost: u64,
    /// Whether the schema may be read by introspection.
    pub introspection: bool,
}

/// A request that may be executed.
#[derive(Debug)]
pub struct Admitted {
    /// What kind of operation it is.
    pub kind: OperationKind,
    /// The operation's name, if it has one.
    pub operation_name: Option<String>,
    /// The operation and the fragments it uses, ready for the executor. What a variable without a value and without a
    /// default leaves out is not in it.
    pub form: Arc<Form>,
    /// Coerced values, defaults filled in.
    pub variables: Variables,
    /// What it costs.
    pub cost: u64,
    /// Levels of plain lists within each other, whose lengths no price knows.
    pub lists: u32,
    /// What the filters test.
    pub tests: u64,
    /// The hash of the document's text and of the limits it was measured by.
    pub hash: [u8; 32],
    /// What it can read.
    pub reach: Arc<Reach>,
    /// Whether it selects an object more than once under one name, so that what is selected of it must be merged.
    pub merges: bool,
    /// Names of the fields it selects at the root, fragments expanded; each once, in order of the alphabet.
    pub roots: Vec<String>,
}

/// The kinds of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Reads.
    Query,
    /// Writes.
    Mutation,
    /// Follows changes.
    Subscription,
}

/// Why a request is not executed.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What is wrong, up to the number that one answer tells.
    pub problems: Vec<Problem>,
    /// What the operation costs, where it got so far.
    pub cost: Option<u64>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What it is.
    pub error: Error,
    /// Where in the document: lines and columns, from 1.
    pub locations: Vec<(usize, usize)>,
}

impl Gate {
    /// Makes a gate for the schema with this SDL.
    ///
    /// # Errors
    /// Says what is wrong with the SDL.
    pub fn new(sdl: &str) -> Result<Self, String> {
        Ok(Self {
            rules: Rules::new(sdl)?,
            documents: Cache::new(REMEMBERED, REMEMBERED_BYTES),
            refusals: Cache::new(REMEMBERED, REFUSED_BYTES),
        })
    }

    /// How the memory of good documents does.
    pub fn memory(&self) -> Memory {
        self.documents.memory()
    }

    /// Admits a request, or refuses it with all that is wrong at the first step that it fails.
    ///
    /// # Errors
    /// The refusal.
    pub fn admit(&self, incoming: &Incoming<'_>) -> Result<Admitted, Refusal> {
        let limits = incoming.limits;
        let hash = key(incoming.document, limits);
        let document = self.document(hash, incoming.document, limits)?;
        let (operation, known) = document.operation(incoming.operation_name)?;
        let roots = roots(&document, operation);
        if !incoming.introspection && asks_for_schema(&roots) {
            return Err(Error::IntrospectionDisabled.into());
        }
        let variables = coerce::variables(
            &self.rules,
            limits,
            operation,
            &known.uses,
            &document.marks,
            &incoming.variables,
        )?;
        let price = price::price(&document.executable, operation, &variables, limits);
        price.filters.check(limits)?;
        let form = document.form(&self.rules, operation, known, &variables)?;
        Ok(Admitted {
            kind: kind(operation.operation_type),
            operation_name: operation.name.as_ref().map(ToString::to_string),
            merges: form.merges,
            form,
            variables,
            cost: afford(price, incoming)?,
            lists: price.lists,
            tests: price.filters.tests(),
            hash,
            reach: Arc::clone(&known.reach),
            roots,
        })
    }

    /// Whether the document was admitted before, and the operation is a query.
    pub fn knows_query(&self, text: &str, operation_name: Option<&str>, limits: &Limits) -> bool {
        let known = self.documents.find(&key(text, limits));
        known.is_some_and(|document| {
            let found = document.operation(operation_name);
            found.is_ok_and(|(operation, _)| operation.operation_type == OperationType::Query)
        })
    }

    /// Whether a document could be admitted, as far as that can be said before it is sent.
    ///
    /// # Errors
    /// The refusal.
    pub fn check(&self, text: &str, limits: &Limits) -> Result<(), Refusal> {
        self.document(key(text, limits), text, limits).map(drop)
    }

    /// The document with this text, from memory or read anew.
    fn document(&self, key: Key, text: &str, limits: &Limits) -> Result<Arc<Document>, Refusal> {
        if let Some(known) = self.documents.get(&key) {
            return Ok(known);
        }
        if let Some(refusal) = self.refusals.get(&key) {
            return Err(Refusal::clone(&refusal));
        }
        match Document::read(&self.rules, text, limits) {
            Ok(document) => {
                let document = Arc::new(document);
                let weight = document.weight(text);
                self.documents.insert(key, document.clone(), weight);
                Ok(document)
            }
            Err(refusal) => {
                let bytes = refusal
                    .problems
                    .iter()
                    .map(|problem| 64 + problem.error.message().len())
                    .sum();
                self.refusals.insert(key, Arc::new(refusal.clone()), bytes);
                Err(refusal)
            }
        }
    }
}

/// A verdict holds for a text and for the limits that it was measured by.
fn key(text: &str, limits: &Limits) -> Key {
    let Limits {
        tokens,
        nesting,
        depth,
        fields,
        aliases,
        root_fields,
        errors,
        filter_depth,
        list_values,
        nodes,
        ..
    } = limits;
    let mut hash = Sha256::new();
    for limit in [
        tokens,
        nesting,
        depth,
        fields,
        aliases,
        root_fields,
        errors,
        filter_depth,
        list_values,
        nodes,
    ] {
        hash.update(limit.to_le_bytes());
    }
    hash.update(text);
    hash.finalize().into()
}

/// Whether one of these root fields tells of the schema itself.
pub fn asks_for_schema(roots: &[String]) -> bool {
    roots.iter().any(|root| matches!(root.as_str(), "__schema" | "__type"))
}

fn roots(document: &Document, operation: &Operation) -> Vec<String> {
    let mut roots: Vec<_> = operation
        .root_fields(&document.executable)
        .map(|field| field.name.to_string())
        .collect();
    roots.sort_unstable();
    roots.dedup();
    roots
}

const fn kind(kind: OperationType) -> OperationKind {
    match kind {
        OperationType::Query => OperationKind::Query,
        OperationType::Mutation => OperationKind::Mutation,
        OperationType::Subscription => OperationKind::Subscription,
    }
}

/// What an operation costs, where the viewer may spend as much. An introspection is bounded by its own budget, but
/// what it costs is spent all the same.
fn afford(price: Price, incoming: &Incoming<'_>) -> Result<u64, Refusal> {
    let complex = |what: &str, cost: u64, most: u64, help: &str| {
        let told = if cost == u64::MAX {
            "more than can be counted".into()
        } else {
            cost.to_string()
        };
        let refusal = Error::TooComplex(format!("The {what} costs {told}, at most {most} is answered: {help}.")).into();
        Err(Refusal {
            cost: Some(cost),
            ..refusal
        })
    };
    let most = incoming.limits.introspection_cost;
    if price.introspection > most {
        return complex(
            "introspection",
            price.introspection,
            most,
            "select fewer lists of types within each other",
        );
    }
    if price.data > incoming.max_cost {
        let help = "ask for shorter pages (first, last), fewer lists within lists, or in several requests";
        return complex("operation", price.data, incoming.max_cost, help);
    }
    Ok(price.data.saturating_add(price.introspection))
}

#[cfg(test)]
mod tests;
