//! The first look at a document: its bytes, before any parser sees them.
//!
//! Parsers of GraphQL recurse with the nesting of a document, and a few thousand brackets overflow their stack. This
//! pass never recurses, reads each byte once, and lets pass only what is small and flat enough for them.

use super::Problem;
use super::problems::Place;
use crate::domain::limits::Limits;
use crate::error::Error;

/// Where each token starts, in order, and where the document ends.
#[derive(Debug, Default)]
pub(super) struct Marks(Vec<Mark>);

#[derive(Debug)]
struct Mark {
    offset: usize,
    line: usize,
    column: usize,
}

impl Marks {
    /// Line and column of the token at a byte offset, or of the first one after it.
    pub(super) fn place(&self, offset: usize) -> Place {
        let next = self.0.partition_point(|mark| mark.offset < offset);
        let mark = self.0.get(next).or(self.0.last());
        mark.map_or((1, 1), |mark| (mark.line, mark.column))
    }

    /// Tokens that start within a range of bytes.
    pub(super) fn within(&self, start: usize, end: usize) -> usize {
        let before = |offset| self.tokens().partition_point(|mark| mark.offset < offset);
        before(end).saturating_sub(before(start))
    }

    /// Tokens of the document.
    pub(super) fn count(&self) -> usize {
        self.tokens().len()
    }

    fn tokens(&self) -> &[Mark] {
        self.0.split_last().map_or(&[], |(_end, tokens)| tokens)
    }
}

/// Splits a document into tokens and refuses it where it has too many, nests too deep, or is no GraphQL at all.
pub(super) fn scan(document: &str, limits: &Limits) -> Result<Marks, Problem> {
    let mut scan = Scan {
        bytes: document.as_bytes(),
        at: 0,
        line: 1,
        column: 1,
    };
    let mut marks = Vec::new();
    let mut open = 0_usize;
    while let Some(first) = scan.skip_ignored() {
        let start = scan.mark();
        let place = (start.line, start.column);
        if marks.len() == limits.tokens {
            let text = format!(
                "The document has more than {} tokens: send less of it at a time.",
                limits.tokens
            );
            return Err(Problem::new(Error::TooComplex(text), vec![place]));
        }
        marks.push(start);
        match first {
            b'{' | b'[' | b'(' => open += 1,
            b'}' | b']' | b')' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > limits.nesting {
            let text = format!("Brackets are nested more than {} deep.", limits.nesting);
            return Err(Problem::new(Error::TooDeep(text), vec![place]));
        }
        scan.token(first).map_err(|why| syntax(&why, place))?;
    }
    marks.push(scan.mark());
    if marks.len() == 1 {
        return Err(syntax("Unexpected <EOF>.", (scan.line, scan.column)));
    }
    Ok(Marks(marks))
}

/// A problem of grammar.
pub(super) fn syntax(why: &str, place: Place) -> Problem {
    Problem::new(Error::ParseFailed(format!("Syntax Error: {why}")), vec![place])
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
    column: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn starts_with(&self, text: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(text))
    }

    fn mark(&self) -> Mark {
        Mark {
            offset: self.at,
            line: self.line,
            column: self.column,
        }
    }

    /// Goes past one byte. Columns count characters, so the later bytes of one do not count; `\r\n` is one line's end.
    fn step(&mut self) {
        match self.peek() {
            Some(b'\n') if self.at > 0 && self.bytes.get(self.at - 1) == Some(&b'\r') => {}
            Some(b'\n' | b'\r') => (self.line, self.column) = (self.line + 1, 1),
            Some(byte) if byte & 0xC0 == 0x80 => {}
            _ => self.column += 1,
        }
        self.at += 1;
    }

    fn steps(&mut self, count: usize) {
        for _ in 0..count {
            self.step();
        }
    }

    fn step_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.step();
        }
    }

    /// Goes to the next token and answers its first byte.
    fn skip_ignored(&mut self) -> Option<u8> {
        loop {
            match self.peek()? {
                b' ' | b'\t' | b'\n' | b'\r' | b',' => self.step(),
                b'#' => self.step_while(|byte| byte != b'\n' && byte != b'\r'),
                0xEF if self.starts_with("\u{FEFF}".as_bytes()) => self.steps(3),
                first => return Some(first),
            }
        }
    }

    fn token(&mut self, first: u8) -> Result<(), String> {
        match first {
            b'{' | b'}' | b'[' | b']' | b'(' | b')' | b'!' | b'$' | b'&' | b':' | b'=' | b'@' | b'|' => self.step(),
            b'.' if self.starts_with(b"...") => self.steps(3),
            b'"' if self.starts_with(b"\"\"\"") => return self.block_string(),
            b'"' => return self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.step_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
            _ => return Err(format!("Unexpected character: {}.", self.character())),
        }
        Ok(())
    }

    /// Takes as much as the grammar takes and no more, lest `1-1-1` count as one token; what is wrong with a number
    /// the parser tells.
    fn number(&mut self) {
        let digit = |byte: u8| byte.is_ascii_digit();
        if self.peek() == Some(b'-') {
            self.step();
        }
        self.step_while(digit);
        if self.peek() == Some(b'.') && self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit) {
            self.step();
            self.step_while(digit);
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.step();
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.step();
            }
            self.step_while(digit);
        }
    }

    fn string(&mut self) -> Result<(), String> {
        self.step();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.step();
                    return Ok(());
                }
                None | Some(b'\n' | b'\r') => return Err("Unterminated string.".into()),
                Some(b'\\') if !matches!(self.bytes.get(self.at + 1), None | Some(b'\n' | b'\r')) => self.steps(2),
                Some(_) => self.step(),
            }
        }
    }

    fn block_string(&mut self) -> Result<(), String> {
        self.steps(3);
        loop {
            if self.starts_with(b"\"\"\"") {
                self.steps(3);
                return Ok(());
            }
            if self.starts_with(b"\\\"\"\"") {
                self.steps(4);
            } else if self.peek().is_some() {
                self.step();
            } else {
                return Err("Unterminated string.".into());
            }
        }
    }

    fn character(&self) -> String {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let text = str::from_utf8(rest).unwrap_or_default();
        text.chars()
            .next()
            .map_or_else(String::new, |found| format!("{found:?}"))
    }
}
