//! Search: what a word is, what matches, and how well. The one definition for requests in both databases and for
//! reference data in memory; the databases' own parsers of text are never asked.

mod known;
mod snippet;
#[cfg(test)]
mod tests;

pub use known::{Found, Known};
pub use snippet::snippet;

use crate::domain::text::fold;
use crate::error::Error;

/// Characters of a query.
pub const QUERY_MAX: usize = 255;
/// Words of a query.
pub const WORDS_MAX: usize = 16;
/// Characters of a word that count. What is longer is no word that a person types, and no index takes it.
pub const WORD_MAX: usize = 64;

/// What is searched. In the order in which equally good matches stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Requests.
    AssistanceRequest,
    /// Categories.
    NeedCategory,
    /// Commodities.
    Commodity,
    /// Countries.
    Country,
    /// Organizations.
    Organization,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::AssistanceRequest,
        Self::NeedCategory,
        Self::Commodity,
        Self::Country,
        Self::Organization,
    ];
}

/// The words of a text: folded, and split at whatever is neither a letter nor a digit.
pub fn words(text: &str) -> Vec<String> {
    split(&fold(text)).map(Into::into).collect()
}

/// The words of a text that has been folded.
pub fn split(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            word.char_indices()
                .nth(WORD_MAX)
                .map_or(word, |(end, _)| word.split_at(end).0)
        })
}

/// The different words of a text with a space between: what the databases index, each in its own way but to the same
/// effect.
pub fn indexed(text: &str) -> String {
    let folded = fold(text);
    let mut seen = std::collections::HashSet::new();
    let distinct: Vec<&str> = split(&folded).filter(|word| seen.insert(*word)).collect();
    distinct.join(" ")
}

/// A query: the words that must all be found, each of them whole or as the beginning of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    words: Vec<String>,
}

impl Query {
    /// The query that someone typed. Quotes, stars and operators are no syntax: they part words, like a space.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` where it is too long, or has no word or too many.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let length = text.chars().count();
        if length > QUERY_MAX {
            let message = format!("query has {length} characters; at most {QUERY_MAX} are searched for.");
            return Err(Error::BadUserInput(message));
        }
        let words = words(text);
        if words.is_empty() {
            let message = "query has no word: search for at least one letter or digit.";
            return Err(Error::BadUserInput(message.into()));
        }
        if words.len() > WORDS_MAX {
            let message = format!("query has {} words; at most {WORDS_MAX} are searched for.", words.len());
            return Err(Error::BadUserInput(message));
        }
        Ok(Self { words })
    }

    /// Its words, folded, as they were typed.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// How well something matches that has these names, or none where a word of the query is found neither in them nor
    /// `elsewhere`, in the longer texts. A name is the words of a title, a name in one language, or a code.
    pub fn rank(&self, names: &[Vec<String>], elsewhere: impl Fn(&str) -> bool) -> Option<Rank> {
        let mut points = 0;
        for word in &self.words {
            let named = names.iter().flatten().filter_map(|name| closeness(name, word)).max();
            points += match named {
                Some(points) => points,
                None if elsewhere(word) => TEXT,
                None => return None,
            };
        }
        let count = i64::try_from(self.words.len()).unwrap_or(i64::MAX);
        if names.contains(&self.words) {
            points += count;
        }
        Some(Rank {
            points,
            most: count * (EXACT + 1),
        })
    }

    /// Which of the query's words this word is or begins with, a bit each.
    fn matched_by(&self, word: &str) -> u32 {
        const { assert!(WORDS_MAX <= 32) };
        let bits = self.words.iter().zip(0_u32..);
        let bits = bits.filter(|(asked, _)| word.starts_with(asked.as_str()));
        bits.fold(0, |all, (_, bit)| all | 1 << bit)
    }
}

/// Points of a word that is a word of a name.
const EXACT: i64 = 3;
/// Points of a word that begins a word of a name.
const PREFIX: i64 = 2;
/// Points of a word that is found in a longer text only.
const TEXT: i64 = 1;

fn closeness(name: &str, asked: &str) -> Option<i64> {
    match name.strip_prefix(asked)? {
        "" => Some(EXACT),
        _ => Some(PREFIX),
    }
}

/// How well something matches a query. Ranks are compared within one query only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// The sum over the words; what is called just as the query gets one more a word.
    pub points: i64,
    most: i64,
}

impl Rank {
    /// The same as a number from 0 to 1: 1 is called just as the query, 0.75 has all its words in its name, 0.5 has
    /// words that begin with them, and 0.25 has them in its longer text alone.
    #[allow(clippy::cast_precision_loss, reason = "a few dozen points")]
    pub fn score(self) -> f64 {
        self.points as f64 / self.most as f64
    }
}
