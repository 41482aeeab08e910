//! Snippets: the part of a text that matches best, safe to put into a page as it is.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use crate::domain::search::{Query, words};
use crate::domain::text::fold;

/// Characters of a snippet, its marks not counted.
const LENGTH: usize = 160;
/// Characters before the first match, at most.
const LEAD: usize = 40;

/// A word of a text that matches.
struct Match {
    /// Its characters.
    place: Range<usize>,
    /// Which of the query's words it matches, a bit each.
    asked: u32,
}

/// The best part of the best of these texts, the first of equals: `<mark>` around the words that match, everything
/// else HTML-escaped. None where nothing matches.
pub fn snippet<'a>(query: &Query, texts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let all = query.words().len();
    let mut best: Option<(usize, String)> = None;
    for text in texts {
        if best.as_ref().is_some_and(|(found, _)| *found == all) {
            break;
        }
        let text: Vec<char> = text.chars().collect();
        let spans = spans(&text);
        let matches = matches(query, &text, &spans);
        if let Some((first, found)) = densest(&matches)
            && best.as_ref().is_none_or(|(least, _)| found > *least)
        {
            let window = window(&text, &spans, &first.place);
            best = Some((found, mark(&text, window, &matches)));
        }
    }
    best.map(|(_, snippet)| snippet)
}

/// Where the words of a text stand. Accents, and whatever else folding drops, belong to the word around them.
fn spans(text: &[char]) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    let mut open: Option<usize> = None;
    for (at, character) in text.iter().enumerate() {
        match (is_of_word(*character, open.is_some()), open) {
            (true, None) => open = Some(at),
            (false, Some(from)) => {
                spans.push(from..at);
                open = None;
            }
            _ => {}
        }
    }
    spans.extend(open.map(|from| from..text.len()));
    spans
}

fn is_of_word(character: char, within: bool) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric();
    }
    if is_combining_mark(character) {
        return within;
    }
    if character.is_alphanumeric() {
        return true;
    }
    // A sign that stands for letters, like ㎏. What folding drops is an accent or a letter: decided above.
    fold(character.encode_utf8(&mut [0; 4]))
        .chars()
        .any(char::is_alphanumeric)
}

fn matches(query: &Query, text: &[char], spans: &[Range<usize>]) -> Vec<Match> {
    let of_span = |place: &Range<usize>| {
        let word: String = text.get(place.clone())?.iter().collect();
        let words = words(&word);
        let asked = words.iter().fold(0, |asked, word| asked | query.matched_by(word));
        (asked != 0).then(|| Match {
            place: place.clone(),
            asked,
        })
    };
    spans.iter().filter_map(of_span).collect()
}

/// The first match of the part that has most of the query's words, and how many it has.
fn densest(matches: &[Match]) -> Option<(&Match, usize)> {
    let mut best: Option<(&Match, usize)> = None;
    for (index, first) in matches.iter().enumerate() {
        let end = first.place.start + LENGTH - LEAD;
        let within = matches.iter().skip(index).take_while(|one| one.place.end <= end);
        // The first is found even where it is longer than a snippet.
        let found = within.fold(first.asked, |found, one| found | one.asked);
        let found = usize::try_from(found.count_ones()).unwrap_or_default();
        if best.is_none_or(|(_, most)| found > most) {
            best = Some((first, found));
        }
    }
    best
}

/// What to show around a match: whole words, unless one alone is too long.
fn window(text: &[char], spans: &[Range<usize>], first: &Range<usize>) -> Range<usize> {
    let cuts = |at: usize| spans.iter().find(|span| span.start < at && at < span.end);
    let mut from = first.start.saturating_sub(LEAD);
    if let Some(cut) = cuts(from) {
        from = cut.end.min(first.start);
    }
    let mut to = from.saturating_add(LENGTH).min(text.len());
    if let Some(cut) = cuts(to)
        && cut.start > first.start
    {
        to = cut.start;
    }
    let blank = |at: usize| text.get(at).is_some_and(|character| character.is_whitespace());
    while from < first.start && blank(from) {
        from += 1;
    }
    while to > from && blank(to - 1) {
        to -= 1;
    }
    from..to
}

fn mark(text: &[char], window: Range<usize>, matches: &[Match]) -> String {
    let mut marked = String::new();
    let mut at = window.start;
    for place in matches.iter().map(|one| &one.place) {
        let (from, to) = (place.start.max(window.start), place.end.min(window.end));
        if from < to {
            escape(text.get(at..from), &mut marked);
            marked.push_str("<mark>");
            escape(text.get(from..to), &mut marked);
            marked.push_str("</mark>");
            at = to;
        }
    }
    escape(text.get(at..window.end), &mut marked);
    marked
}

fn escape(text: Option<&[char]>, escaped: &mut String) {
    for character in text.into_iter().flatten() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(*other),
        }
    }
}

#[cfg(test)]
mod tests;
