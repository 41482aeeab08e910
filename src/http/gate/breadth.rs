//! How much the filters of an operation test. Each list and each level of them has a bound of its own, but many small ones together
//! would still make a statement that no database plans in time, or takes at all.

use apollo_compiler::ast::Value as Literal;
use apollo_compiler::executable::Field;
use async_graphql::{Value, Variables};

use super::rules::is_filter;
use crate::domain::limits::Limits;
use crate::domain::text::KEY_MAX;
use crate::error::Error;

/// What a test on related rows counts for: it is a query within the query.
const RELATED: u64 = 100;
/// How many times as much it counts within another: for each row of that it is asked anew.
const WITHIN: u64 = 2;
/// What a word of a text counts for that is looked for word by word: as much as a test of its own.
const WORD: u64 = 3;
/// The field whose text is.
const WORDS: &str = "text";
/// The fields of filters that lead to other rows.
const LEADS: [&str; 6] = ["some", "every", "none", "request", "item", "fulfilment"];

/// What filters test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Breadth {
    /// Fields and values, those that lead to other rows counted as more.
    tests: u64,
    /// Whether a text has more characters than are taken.
    is_long: bool,
}

impl Breadth {
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            tests: self.tests.saturating_add(other.tests),
            is_long: self.is_long || other.is_long,
        }
    }

    /// Fields and values, those that lead to other rows counted as more.
    pub(super) const fn tests(self) -> u64 {
        self.tests
    }

    /// That it is within the limits.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` where it is not.
    pub(super) fn check(self, limits: &Limits) -> Result<(), Error> {
        let most = limits.filter_tests;
        if self.is_long {
            let message = format!("A text in a filter has at most {KEY_MAX} characters.");
            return Err(Error::BadUserInput(message));
        }
        if self.tests > u64::try_from(most).unwrap_or(u64::MAX) {
            let message = format!(
                "The filters of an operation hold at most {most} fields and values in all, of which each test on related rows counts \
                 for {RELATED}, {WITHIN} times as much within another, and each word of `text` for {WORD}. Ask in several operations, or for more and leave out what you don't want."
            );
            return Err(Error::BadUserInput(message));
        }
        Ok(())
    }
}

/// Measures filters with the variables of an operation. It stops counting where there is too much already.
pub(super) struct Filters<'a> {
    variables: &'a Variables,
    most: u64,
    found: Breadth,
}

impl<'a> Filters<'a> {
    pub(super) fn new(variables: &'a Variables, limits: &Limits) -> Self {
        Self {
            variables,
            most: u64::try_from(limits.filter_tests).unwrap_or(u64::MAX),
            found: Breadth::default(),
        }
    }

    /// What the filters among a field's arguments test.
    pub(super) fn of(mut self, field: &Field) -> Breadth {
        for argument in &field.arguments {
            let definition = field.definition.argument_by_name(&argument.name);
            if definition.is_some_and(|definition| is_filter(definition.ty.inner_named_type())) {
                self.literal(&argument.value, RELATED);
            }
        }
        self.found
    }

    fn literal(&mut self, value: &Literal, related: u64) {
        match value {
            _ if self.found.tests > self.most => {}
            Literal::Variable(name) => match self.variables.get(name.as_str()) {
                Some(value) => self.value(value, related),
                None => self.add(1),
            },
            Literal::List(items) => {
                self.add(1);
                items.iter().for_each(|item| self.literal(item, related));
            }
            Literal::Object(fields) if fields.is_empty() => self.add(1),
            Literal::Object(fields) => {
                for (name, value) in fields {
                    let within = self.field(name, related);
                    match &**value {
                        Literal::String(text) if name == WORDS => self.words(text),
                        Literal::Variable(variable) if name == WORDS => self.words_of(variable),
                        _ => self.literal(value, within),
                    }
                }
            }
            Literal::String(text) => self.text(text),
            _ => self.add(1),
        }
    }

    fn words_of(&mut self, variable: &str) {
        match self.variables.get(variable) {
            Some(Value::String(text)) => self.words(text),
            _ => self.add(1),
        }
    }

    fn value(&mut self, value: &Value, related: u64) {
        match value {
            _ if self.found.tests > self.most => {}
            Value::List(items) => {
                self.add(1);
                items.iter().for_each(|item| self.value(item, related));
            }
            Value::Object(fields) if fields.is_empty() => self.add(1),
            Value::Object(fields) => {
                for (name, value) in fields {
                    let within = self.field(name, related);
                    match value {
                        Value::String(text) if name == WORDS => self.words(text),
                        _ => self.value(value, within),
                    }
                }
            }
            Value::String(text) => self.text(text),
            _ => self.add(1),
        }
    }

    /// Counts a field, where a test on related rows counts for so much. Gives for how much one within it does.
    fn field(&mut self, name: &str, related: u64) -> u64 {
        match LEADS.contains(&name) {
            true => {
                self.add(related);
                related.saturating_mul(WITHIN)
            }
            false => {
                self.add(1);
                related
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.found.is_long |= text.chars().nth(KEY_MAX).is_some();
        self.add(1);
    }

    fn words(&mut self, text: &str) {
        self.text(text);
        let words = text.split_whitespace().take(KEY_MAX).count();
        self.add(WORD.saturating_mul(u64::try_from(words).unwrap_or(u64::MAX)));
    }

    fn add(&mut self, tests: u64) {
        self.found.tests = self.found.tests.saturating_add(tests);
    }
}
