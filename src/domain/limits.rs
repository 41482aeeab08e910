//! How much one request may ask for. The numbers are the contract's; all can be configured.

use crate::domain::actor::Actor;
use crate::domain::rights::{Operation, scope};

/// Upper bounds of one request. Counts unless the name says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Bytes of the body of a request that imports, from a viewer who may import.
    pub import_body_bytes: usize,
    /// Lexical tokens of a document.
    pub tokens: usize,
    /// Brackets of any kind open at once in a document or a body.
    pub nesting: usize,
    /// Levels of fields, the root fields being level 1.
    pub depth: usize,
    /// Fields after fragments are expanded.
    pub fields: usize,
    /// Fields that have an alias, after fragments are expanded.
    pub aliases: usize,
    /// Root fields of an operation.
    pub root_fields: usize,
    /// Errors reported in one answer.
    pub errors: usize,
    /// Levels of `and`, `or`, `not` and of relations within a filter.
    pub filter_depth: usize,
    /// Values of a list in an input.
    pub list_values: usize,
    /// Fields and values of all filters of an operation; a test on related rows counts for more.
    pub filter_tests: usize,
    /// Items of a request.
    pub items: usize,
    /// Rows of an import.
    pub import_rows: usize,
    /// Ids of `nodes`.
    pub nodes: usize,
    /// Rows of a page where none is asked for.
    pub default_page: u32,
    /// Rows of a page.
    pub page: u32,
    /// Rows of a page of countries, categories, commodities and organizations.
    pub reference_page: u32,
    /// Cost of an operation of a viewer who is not signed in.
    pub anonymous_cost: u64,
    /// Cost of an operation of a viewer who is signed in.
    pub signed_in_cost: u64,
    /// Cost of an introspection, which has a budget of its own.
    pub introspection_cost: u64,
    /// Time of a request, in milliseconds.
    pub time_ms: u64,
}

/// How much each client may ask for in a time, in points of cost. 0 is without bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Points a second of whoever is not signed in, by address.
    pub anonymous: u32,
    /// Points a second of a principal.
    pub signed_in: u32,
    /// Seconds whose points may be spent at once.
    pub burst_seconds: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            anonymous: 2_000,
            signed_in: 10_000,
            burst_seconds: 60,
        }
    }
}

/// Upper bounds of the connections that stay open. Counts unless the name says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one credential.
    pub per_key: usize,
    /// Connections without a credential from one address.
    pub per_address: usize,
    /// Operations at once on one WebSocket.
    pub operations: usize,
    /// Time until a WebSocket must have introduced itself, in milliseconds.
    pub init_ms: u64,
    /// Time between two signs of life, in milliseconds. A client that gives none in twice that is gone.
    pub ping_ms: u64,
    /// Time between two looks at the credential, in milliseconds.
    pub recheck_ms: u64,
    /// Time that a client may take to read one message, in milliseconds.
    pub stall_ms: u64,
}

impl Default for LiveLimits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            per_key: 100,
            per_address: 100,
            operations: 50,
            init_ms: 10_000,
            ping_ms: 15_000,
            recheck_ms: 5_000,
            stall_ms: 30_000,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 256 * 1024,
            import_body_bytes: 2 * 1024 * 1024,
            tokens: 5_000,
            nesting: 64,
            depth: 12,
            fields: 2_000,
            aliases: 30,
            root_fields: 20,
            errors: 10,
            filter_depth: 5,
            list_values: 200,
            filter_tests: 2_000,
            items: 200,
            import_rows: 2_000,
            nodes: 100,
            default_page: 25,
            page: 100,
            reference_page: 300,
            anonymous_cost: 5_000,
            signed_in_cost: 20_000,
            introspection_cost: 20_000,
            time_ms: 10_000,
        }
    }
}

impl Limits {
    /// Cost of one operation of `actor`, at most.
    pub const fn cost(&self, actor: &Actor) -> u64 {
        if actor.is_signed_in() {
            self.signed_in_cost
        } else {
            self.anonymous_cost
        }
    }

    /// Bytes of a body of `actor`, at most: who may import may send more, in an import.
    pub fn body(&self, actor: &Actor) -> usize {
        if scope(actor, Operation::WriteRequest).is_nothing() {
            self.body_bytes
        } else {
            self.import_body_bytes
        }
    }
}

#[cfg(test)]
mod tests;
