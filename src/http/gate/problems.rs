//! What is wrong with a document or its variables, gathered up to a bound and told in one answer.

use super::{Problem, Refusal};
use crate::error::Error;

/// A place in the document: line and column, both from 1.
pub(super) type Place = (usize, usize);

impl Problem {
    pub(super) fn new(error: Error, locations: Vec<Place>) -> Self {
        Self { error, locations }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self {
            problems: vec![problem],
            cost: None,
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Problem::new(error, Vec::new()).into()
    }
}

/// Problems as they are found. It keeps only as many as one answer may tell, and counts the rest: a document with
/// thousands of mistakes must not make thousands of messages.
pub(super) struct Problems {
    kept: Vec<Problem>,
    found: usize,
    most: usize,
}

impl Problems {
    pub(super) fn new(most: usize) -> Self {
        Self {
            kept: Vec::new(),
            found: 0,
            most: most.max(1),
        }
    }

    /// Whether a further problem would only be counted, so that its message need not be made.
    pub(super) fn full(&self) -> bool {
        self.kept.len() >= self.most
    }

    /// Notes a problem. A fragment is walked once for each operation that uses it, hence the look for the same one.
    pub(super) fn push(&mut self, error: Error, place: Place) {
        let same = |one: &Problem| one.locations.first() == Some(&place) && one.error.message() == error.message();
        if self.kept.iter().any(same) {
            return;
        }
        self.found += 1;
        if !self.full() {
            self.kept.push(Problem::new(error, vec![place]));
        }
    }

    /// Notes that there are more, of which nothing but their number will be told.
    pub(super) fn count(&mut self, more: usize) {
        self.found = self.found.saturating_add(more);
    }

    /// The refusal that these problems make, if there are any.
    pub(super) fn finish(mut self) -> Result<(), Refusal> {
        if self.found == 0 {
            return Ok(());
        }
        if self.found > self.most {
            self.kept.truncate(self.most.saturating_sub(1));
            let more = self.found - self.kept.len();
            let text = format!("There are {more} more problems that are not listed here.");
            let error = match self.kept.first().map(|first| &first.error) {
                Some(Error::BadUserInput(_)) => Error::BadUserInput(text),
                _ => Error::ValidationFailed(text),
            };
            self.kept.push(Problem::new(error, Vec::new()));
        }
        Err(Refusal {
            problems: self.kept,
            cost: None,
        })
    }
}
