//! Keeps the law of `docs/architecture.md`: which room may know which, and what is never named where.
//!
//! The law is the data in `ROOMS` and `UNFINISHED`; the rest reads Rust just well enough to find the paths that a file
//! names, also those inside `use a::{b, c}`, and none of those in comments and strings.

use std::fs;
use std::path::{Path, PathBuf};

/// A room of the house. What its fields list stands apart by spaces.
struct Room {
    /// A file or folder, from the project's root; `src/app` is `src/app.rs` as well as `src/app/`.
    place: &'static str,
    /// Our other rooms that it may name. Itself always; what is not here never.
    knows: &'static str,
    /// Paths that it never names. A star at the end stands for any rest of the word.
    never: &'static str,
    /// Paths that it may name all the same.
    but: &'static str,
}

/// The rooms from left to right: each knows only such as stand after it. Every file under `src` lies in one.
const ROOMS: &[Room] = &[
    room("src/main").knows("cli app config telemetry error"),
    room("src/lib").knows("cli app http auth graphql interchange store domain config telemetry error"),
    room("src/cli").knows("app http auth graphql interchange store domain config telemetry error entity migration"),
    room("src/app").knows("http auth graphql interchange store domain config telemetry error entity migration"),
    room("src/config").knows("domain error"),
    room("src/telemetry").knows("error"),
    room("src/http")
        .knows("auth graphql store domain error entity")
        .never("sea_orm* sqlx")
        .but("sea_orm::DatabaseConnection"),
    room("src/auth")
        .knows("store domain error entity")
        .never("async_graphql* sqlx"),
    room("src/graphql")
        .knows("store domain error entity")
        .never("EntityTrait ActiveModel* sqlx"),
    room("src/interchange")
        .knows("store domain error entity")
        .never("actix* async_graphql* sqlx"),
    room("src/store")
        .knows("domain error entity")
        .never("async_graphql* actix*"),
    room("src/domain")
        .knows("error entity")
        .never("sea_orm* sqlx async_graphql* actix* std::env Utc::now SystemTime::now"),
    room("src/error"),
    room("entity").never("nam_needs migration"),
    room("migration").never("nam_needs"),
];

/// Macros that no file leaves behind, in or out of a room.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

/// Our crates: a path that begins with one of them names a room. `nam_needs` is `crate` seen from outside.
const CRATES: &[&str] = &["entity", "migration"];

/// A path that a file names, split at `::`.
struct Named {
    words: Vec<String>,
    line: usize,
    /// Whether a `!` follows: the call of a macro.
    is_macro: bool,
}

/// A room that knows no other, and may name whatever else it likes.
const fn room(place: &'static str) -> Room {
    Room {
        place,
        knows: "",
        never: "",
        but: "",
    }
}

impl Room {
    const fn knows(self, knows: &'static str) -> Self {
        Self { knows, ..self }
    }

    const fn never(self, never: &'static str) -> Self {
        Self { never, ..self }
    }

    const fn but(self, but: &'static str) -> Self {
        Self { but, ..self }
    }

    /// What others call it: its module or its crate.
    fn name(&self) -> &str {
        self.place.trim_start_matches("src/")
    }

    /// Whether the file lies here.
    fn holds(&self, file: &str) -> bool {
        file.strip_prefix(self.place)
            .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }

    /// Why this path may not stand in this file of the room, if it may not.
    fn refuses(&self, file: &str, path: &Named) -> Option<String> {
        if let Some(other) = room_named(file, &path.words)
            && other != self.name()
            && !self.knows.split(' ').any(|known| known == other)
        {
            return Some(format!(
                "`{}`: {} does not know {other}",
                path.words.join("::"),
                self.name()
            ));
        }
        let path = path.words.join("::");
        let word = self.never.split_whitespace().find(|word| matches(word, &path))?;
        let allowed = self.but.split_whitespace().any(|but| but == path);
        (!allowed).then(|| format!("`{path}`: {} never names {word}", self.name()))
    }
}

/// The room that a path leads into, if it is one of ours.
fn room_named<'a>(file: &str, path: &'a [String]) -> Option<&'a str> {
    let first = path.first()?.as_str();
    if CRATES.contains(&first) {
        // A bare `entity` is a variable or a module of another crate, not a path into ours.
        return (path.len() > 1).then_some(first);
    }
    // Other crates' `crate::x` are their own modules.
    let inside = file.strip_prefix("src/")?;
    let supers = path.iter().take_while(|word| *word == "super").count();
    // How many `super` lead from this file to the root: of `app.rs` and `store/mod.rs` one, of `store/item.rs` two.
    let depth = inside.trim_end_matches("/mod.rs").split('/').count();
    let rest = match first {
        "crate" | "nam_needs" => &path[1..],
        "super" if supers >= depth => &path[supers..],
        _ => return None,
    };
    let name = rest.first()?.as_str();
    ROOMS.iter().any(|room| room.name() == name).then_some(name)
}

/// Whether the words of a pattern stand in the path, one after the other.
fn matches(pattern: &str, path: &str) -> bool {
    let (path, pattern) = (format!("::{path}::"), format!("::{pattern}::"));
    path.contains(pattern.strip_suffix("*::").unwrap_or(&pattern))
}

/// The source with comments and the insides of strings and characters made blank, line for line.
fn without_comments_and_strings(source: &str) -> String {
    let text: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < text.len() {
        let end = end_of_blank(&text, at);
        if end == at {
            code.push(text[at]);
            at += 1;
        } else {
            code.extend(text[at..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

/// Where the comment, string or character that begins here ends; here itself where none begins.
fn end_of_blank(text: &[char], at: usize) -> usize {
    let starts = |from: usize, what: &str| what.chars().enumerate().all(|(i, c)| text.get(from + i) == Some(&c));
    let from =
        |start: usize, found: &dyn Fn(usize) -> bool| (start..text.len()).find(|&i| found(i)).unwrap_or(text.len());
    if starts(at, "//") {
        return from(at, &|i| text[i] == '\n');
    }
    if starts(at, "/*") {
        let (mut open, mut i) = (1, at + 2);
        while open > 0 && i < text.len() {
            match (starts(i, "/*"), starts(i, "*/")) {
                (true, _) => (open, i) = (open + 1, i + 2),
                (_, true) => (open, i) = (open - 1, i + 2),
                _ => i += 1,
            }
        }
        return i;
    }
    if text[at] == 'r' {
        let hashes = text[at + 1..].iter().take_while(|&&c| c == '#').count();
        if text.get(at + 1 + hashes) == Some(&'"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let end = from(at + 2 + hashes, &|i| starts(i, &close));
            return (end + close.len()).min(text.len());
        }
    }
    let quote = text[at];
    // `'a'` and `'\n'` are characters, `'a` alone is a lifetime.
    let is_char = quote == '\'' && (text.get(at + 1) == Some(&'\\') || text.get(at + 2) == Some(&'\''));
    if quote == '"' || is_char {
        let mut i = at + 1;
        while i < text.len() && text[i] != quote {
            i += if text[i] == '\\' { 2 } else { 1 };
        }
        return (i + 1).min(text.len());
    }
    at
}

/// Every path that the source names, with `a::{b, c::d}` as `a::b` and `a::c::d`.
fn paths(source: &str) -> Vec<Named> {
    let code: Vec<char> = without_comments_and_strings(source).chars().collect();
    let mut found = Vec::new();
    // The path before each open brace, where there is one: `a::` before `{`.
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut prefix: Vec<String> = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < code.len() {
        let c = code[at];
        if c.is_alphabetic() || c == '_' {
            let end = (at..code.len())
                .find(|&i| !code[i].is_alphanumeric() && code[i] != '_')
                .unwrap_or(code.len());
            if prefix.is_empty() {
                prefix = groups.last().cloned().unwrap_or_default();
            }
            prefix.push(code[at..end].iter().collect());
            at = end;
            let next = (at..code.len()).find(|&i| !code[i].is_whitespace());
            let goes_on = next.is_some_and(|i| code[i] == ':' && code.get(i + 1) == Some(&':'));
            let is_macro = next.is_some_and(|i| code[i] == '!' && code.get(i + 1) != Some(&'='));
            if !goes_on {
                found.push(Named {
                    words: std::mem::take(&mut prefix),
                    line,
                    is_macro,
                });
            }
            continue;
        }
        match c {
            '\n' => line += 1,
            '{' => groups.push(std::mem::take(&mut prefix)),
            '}' => {
                prefix.clear();
                groups.pop();
            }
            ':' if code.get(at + 1) == Some(&':') => at += 1,
            _ if c.is_whitespace() => {}
            // `a::*`, `a::<T>`: the path ends at a sign.
            _ if !prefix.is_empty() => found.push(Named {
                words: std::mem::take(&mut prefix),
                line,
                is_macro: false,
            }),
            _ => {}
        }
        at += 1;
    }
    found
}

/// What is wrong with one file, a line each.
fn broken_laws(file: &str, source: &str) -> Vec<String> {
    let room = ROOMS.iter().find(|room| room.holds(file));
    if room.is_none() && file.starts_with("src/") {
        return vec![format!(
            "{file}:1: lies in no room: give it one in tests/architecture.rs and docs/architecture.md"
        )];
    }
    let mut broken = Vec::new();
    for path in paths(source) {
        if path.is_macro
            && path
                .words
                .last()
                .is_some_and(|word| UNFINISHED.contains(&word.as_str()))
        {
            broken.push(format!(
                "{file}:{}: `{}!` is left behind",
                path.line,
                path.words.join("::")
            ));
        }
        if let Some(why) = room.and_then(|room| room.refuses(file, &path)) {
            broken.push(format!("{file}:{}: {why}", path.line));
        }
    }
    broken
}

/// All Rust files below a folder; none where it is absent.
fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

#[test]
fn every_file_keeps_the_law_of_its_room() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "entity", "migration", "tests", "benches", "fuzz"] {
        rust_files(&root.join(folder), &mut files)?;
    }
    assert!(!files.is_empty(), "no Rust file found below {}", root.display());
    let mut broken = Vec::new();
    for path in &files {
        let file = path
            .strip_prefix(root)
            .unwrap_or(path)
            .to_string_lossy()
            .replace('\\', "/");
        broken.extend(broken_laws(&file, &fs::read_to_string(path)?));
    }
    assert!(
        broken.is_empty(),
        "{} places break the law of docs/architecture.md:\n{}",
        broken.len(),
        broken.join("\n")
    );
    Ok(())
}

#[test]
fn each_room_knows_only_rooms_to_its_right() {
    for (place, room) in ROOMS.iter().enumerate() {
        for known in room.knows.split_whitespace() {
            let is_right = ROOMS[place + 1..].iter().any(|other| other.name() == known);
            assert!(is_right, "{} knows {known}, which is not to its right", room.name());
        }
    }
}

#[test]
fn a_forbidden_word_is_found_with_its_line_however_it_is_written() {
    for source in [
        "use crate::config::Config;",
        "use crate::{\n    store,\n    config::{Config, Limits},\n};",
        "use {std::fs, crate::config};",
        "fn f() -> crate :: config :: Config {}",
        "use super::super::config::Config;",
        "use sea_orm::prelude::*;",
        "use std::{collections::HashMap, env};",
        "let x = std::env::var(\"X\");",
        "#[derive(async_graphql::Enum)]",
        "type A = sea_orm_migration::Foo<'static>;",
        "let a = '\"'; use crate::config; // \"",
        "let a = r#\"\"\"#; use crate::config;",
        "fn f() { todo!() }",
        "match x { a => { std::dbg!(a) } }",
    ] {
        let broken = broken_laws("src/domain/item.rs", &format!("\n{source}"));
        assert!(
            broken.iter().any(|why| !why.starts_with("src/domain/item.rs:1:")),
            "not found: {source}"
        );
    }
    let broken = broken_laws("src/domain/item.rs", "\n\nuse crate::{\n    error,\n    config,\n};");
    assert_eq!(
        broken,
        ["src/domain/item.rs:5: `crate::config`: domain does not know config"]
    );
}

#[test]
fn what_is_lawful_or_only_spoken_of_is_let_pass() {
    for (file, source) in [
        (
            "src/domain/item.rs",
            "// use sea_orm::*; todo!()\n/* a /* sea_orm */ sea_orm */ fn f() {}",
        ),
        (
            "src/domain/item.rs",
            "const A: &str = \"crate::config todo!()\"; const B: char = '\\''; const C: &str = r#\"dbg!(\"#;",
        ),
        (
            "src/domain/item.rs",
            "use crate::error::Error; use entity::enums::Role; use super::config_like; fn f<'a>(x: &'a str) {}",
        ),
        (
            "src/domain/item.rs",
            "struct A { env: u8 } fn f(config: u8) { if todo != 1 {} }",
        ),
        (
            "src/http/mod.rs",
            "use sea_orm::DatabaseConnection; use crate::{auth, graphql::context};",
        ),
        (
            "src/graphql/item.rs",
            "use super::super::error; use super::page; use entity::item::Model;",
        ),
        ("src/app.rs", "use crate::config::Config; use migration::Migrator;"),
        ("src/main.rs", "use nam_needs::{cli, config};"),
        ("src/config/mod.rs", "use crate::domain::limits::Limits;"),
        (
            "entity/src/item.rs",
            "use crate::error; use sea_orm::entity::prelude::*;",
        ),
        (
            "tests/lifecycle.rs",
            "use nam_needs::config::Config; use migration::Migrator;",
        ),
    ] {
        assert_eq!(broken_laws(file, source), [""; 0], "{file}: {source}");
    }
}

#[test]
fn a_room_that_steps_over_another_is_told_so() {
    for (file, source) in [
        ("src/http/mod.rs", "use sea_orm::{DatabaseConnection, EntityTrait};"),
        ("src/http/health.rs", "use crate::config::Config;"),
        ("src/store/item.rs", "use crate::graphql::item;"),
        ("src/graphql/item.rs", "use entity::item::ActiveModel;"),
        ("src/graphql/item.rs", "use crate::http::limits;"),
        ("src/auth/mod.rs", "use async_graphql::Context;"),
        ("src/interchange/csv.rs", "use actix_web::web;"),
        ("src/store/mod.rs", "use super::app;"),
        ("src/store/mod.rs", "use migration::Migrator;"),
        ("src/app.rs", "use crate::cli::Cli;"),
        ("migration/src/lib.rs", "use nam_needs::store;"),
        ("src/helpers.rs", ""),
    ] {
        assert!(!broken_laws(file, source).is_empty(), "let pass: {file}: {source}");
    }
}
