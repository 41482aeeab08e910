//! What must hold whatever bytes come: one plain function for each way in. `tests/fuzz` calls them on the pinned
//! toolchain with the committed corpus and with seeded changes of it, `cargo fuzz` with whatever reaches new code.
//!
//! A target returns where all is well and panics where not. Nobody uses all of this.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    dead_code,
    missing_docs
)]

mod body;
mod cursor;
pub mod document;
mod filter;
mod import;
mod scalar;
mod source;
mod world;

/// A way in.
pub struct Target {
    /// Its name, and that of its folder of the corpus.
    pub name: &'static str,
    /// Tries these bytes.
    pub run: fn(&[u8]),
    /// Pieces of what is expected there, for whoever changes bytes.
    pub words: &'static [&'static str],
}

pub const TARGETS: &[Target] = &[
    Target {
        name: "document",
        run: document::run,
        words: document::WORDS,
    },
    Target {
        name: "body",
        run: body::run,
        words: body::WORDS,
    },
    Target {
        name: "cursor",
        run: cursor::run,
        words: cursor::WORDS,
    },
    Target {
        name: "filter",
        run: filter::run,
        words: &[],
    },
    Target {
        name: "scalar",
        run: scalar::run,
        words: scalar::WORDS,
    },
    Target {
        name: "import",
        run: import::run,
        words: import::WORDS,
    },
];

/// Tries bytes with the target of this name.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.unwrap_or_else(|| panic!("no target {name}")).run)(bytes);
}
