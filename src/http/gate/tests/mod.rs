//! The gate as its callers see it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bounds;
mod cost;
mod documents;
mod properties;
mod values;

use serde_json::{Value, json};

use super::*;

const SDL: &str = include_str!("schema.graphql");

/// A gate, and the same request again and again but for its document and variables.
struct Desk {
    gate: Gate,
    limits: Limits,
    max_cost: u64,
    introspection: bool,
}

impl Desk {
    fn new() -> Self {
        Self {
            gate: Gate::new(SDL).unwrap(),
            limits: Limits::default(),
            max_cost: 20_000,
            introspection: true,
        }
    }

    fn named(&self, document: &str, operation_name: Option<&str>, variables: Value) -> Result<Admitted, Refusal> {
        let Value::Object(variables) = variables else {
            panic!("variables are an object")
        };
        let (limits, max_cost, introspection) = (&self.limits, self.max_cost, self.introspection);
        self.gate.admit(&Incoming {
            document,
            operation_name,
            variables,
            limits,
            max_cost,
            introspection,
        })
    }

    fn ask(&self, document: &str, variables: Value) -> Result<Admitted, Refusal> {
        self.named(document, None, variables)
    }

    fn admit(&self, document: &str) -> Admitted {
        self.ask(document, json!({}))
            .unwrap_or_else(|refusal| panic!("{document}\n{refusal:?}"))
    }

    fn refuse(&self, document: &str) -> Refusal {
        self.ask(document, json!({})).map(|_| ()).expect_err(document)
    }

    /// The code of a refusal.
    fn code(&self, document: &str) -> &'static str {
        self.refuse(document).problems[0].error.code()
    }
}

impl Refusal {
    fn message(&self) -> String {
        self.problems[0].error.message()
    }
}
