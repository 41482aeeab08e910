//! What a user can mend in an input: the rows of `userErrors`.

use std::borrow::Cow;
use std::fmt::Display;

use serde::{Deserialize, Serialize};

/// What is wrong, for programs. May grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProblemCode {
    /// A text without a visible character.
    Blank,
    /// Something that must be given is not.
    Required,
    /// A text with more characters than are kept.
    TooLong,
    /// A list with more elements than are taken.
    TooMany,
    /// A value that breaks a rule of form.
    Invalid,
    /// A number beyond its bounds.
    OutOfRange,
    /// A code or an id of nothing that the viewer can see.
    NotFound,
    /// The key is taken.
    Duplicate,
    /// Two values that don't go together.
    Conflict,
    /// A tree would bite its tail.
    Cycle,
    /// Something still hangs on it.
    InUse,
    /// A retired code.
    Inactive,
    /// A step that is not open now.
    InvalidTransition,
    /// A step that needs a reason.
    ReasonRequired,
    /// The object has changed since the version that was named.
    StaleVersion,
    /// More than is still uncovered.
    OverCommitted,
    /// Less than is already committed.
    BelowCommitted,
    /// Less than was already received.
    BelowReceived,
    /// A request without items.
    NoItems,
    /// The key was used with another input.
    IdempotencyMismatch,
}

/// One row of `userErrors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong, for programs.
    pub code: ProblemCode,
    /// What is wrong and what would be right, for people.
    pub message: String,
    /// Where in the input; empty for the whole of it.
    pub path: Vec<String>,
    /// What the message says, for programs.
    pub params: Vec<(Cow<'static, str>, String)>,
}

impl Problem {
    /// A problem with the whole input.
    pub fn new(code: ProblemCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path: Vec::new(),
            params: Vec::new(),
        }
    }

    /// The same problem at one field of the input.
    #[must_use]
    pub fn at(mut self, field: &str) -> Self {
        self.path = vec![field.into()];
        self
    }

    /// The same problem at a path of the input.
    #[must_use]
    pub fn at_path(mut self, path: &Path<'_>) -> Self {
        self.path = path.to_vec();
        self
    }

    /// The same problem in a row of an import.
    #[must_use]
    pub fn of_row(mut self, index: usize) -> Self {
        self.path.splice(0..0, ["rows".to_owned(), index.to_string()]);
        self
    }

    /// The same problem with one more parameter for programs.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.params.push((name.into(), value.to_string()));
        self
    }
}

/// A place in an input, written down only where something is wrong there.
#[derive(Clone, Copy, Debug)]
pub enum Path<'a> {
    /// The input itself.
    Root,
    /// A field of it.
    Field(&'a Path<'a>, &'a str),
    /// An element of a list.
    Index(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    /// The field `name` of this place.
    pub const fn field(&'a self, name: &'a str) -> Self {
        Path::Field(self, name)
    }

    /// The element `index` of this place.
    pub const fn index(&'a self, index: usize) -> Self {
        Path::Index(self, index)
    }

    /// The path as `userErrors` shows it.
    pub fn to_vec(&self) -> Vec<String> {
        match self {
            Path::Root => Vec::new(),
            Path::Field(parent, name) => [parent.to_vec(), vec![(*name).to_owned()]].concat(),
            Path::Index(parent, index) => [parent.to_vec(), vec![index.to_string()]].concat(),
        }
    }
}

/// All problems of one input, collected while it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Notes one more.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Notes one more, at a place.
    pub fn add(&mut self, path: &Path<'_>, code: ProblemCode, message: impl Into<String>) {
        self.0.push(Problem::new(code, message).at_path(path));
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `value` where nothing was wrong, else everything that was.
    ///
    /// # Errors
    /// The problems, where there are any. A missing value without a problem can't be.
    pub fn or_else<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            _ => Err(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_the_path_into_the_input_list_positions_included() {
        let (root, items) = (Path::Root, Path::Root.field("items"));
        let third = items.index(2);
        for (path, expected) in [
            (root, &[][..]),
            (items, &["items"]),
            (third, &["items", "2"]),
            (third.field("quantity"), &["items", "2", "quantity"]),
        ] {
            assert_eq!(path.to_vec(), expected);
            assert_eq!(
                Problem::new(ProblemCode::Invalid, "So not.").at_path(&path).path,
                expected
            );
        }
    }

    #[test]
    fn a_problem_tells_programs_where_it_is_and_what_its_message_says() {
        let problem = Problem::new(ProblemCode::OverCommitted, "Only 2.5 are left.")
            .at("quantity")
            .with("available", 2.5)
            .with("unit", "BOX");
        assert_eq!(problem.path, ["quantity"]);
        let params = problem.params.iter().map(|(name, value)| format!("{name}={value}"));
        assert_eq!(params.collect::<Vec<_>>(), ["available=2.5", "unit=BOX"]);
    }

    #[test]
    fn a_value_is_taken_where_nothing_was_wrong_and_all_problems_come_together() {
        let mut problems = Problems::default();
        assert!(problems.is_empty());
        assert_eq!(problems.clone().or_else(Some(7)), Ok(7));
        assert_eq!(problems.clone().or_else(None::<i32>), Err(Problems::default()));
        problems.push(Problem::new(ProblemCode::NoItems, "There is none."));
        problems.add(&Path::Root.field("title"), ProblemCode::Blank, "Blank.");
        assert!(!problems.is_empty());
        for value in [Some(7), None] {
            let refused = problems.clone().or_else(value).map_err(|problems| problems.0);
            let refused = refused.map_err(|all| all.into_iter().map(|one| (one.code, one.path)).collect());
            let title = vec!["title".to_owned()];
            let expected = vec![(ProblemCode::NoItems, vec![]), (ProblemCode::Blank, title)];
            assert_eq!(refused, Err::<i32, _>(expected));
        }
    }
}
