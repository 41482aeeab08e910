//! Every way in, tried with the committed corpus and with seeded changes of it: `FUZZ_MUTATIONS` many each, 20,000 where
//! it is not said, from `FUZZ_SEED`. What fails is kept in a file whose name is told; it belongs into the corpus then.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    missing_docs
)]

mod mutate;
#[path = "../../fuzz/targets/mod.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use mutate::{Random, mutated};
use nam_needs::domain::limits::Limits;
use targets::{TARGETS, Target};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} is a number"))
    })
}

fn mutations() -> u64 {
    setting("FUZZ_MUTATIONS", 20_000)
}

fn random(name: &str) -> Random {
    Random(name.bytes().fold(setting("FUZZ_SEED", 1), |seed, byte| {
        seed.wrapping_mul(31) + u64::from(byte)
    }))
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn attempt(target: &Target, bytes: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| targets::run(target.name, bytes))) {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.failed", target.name));
        std::fs::write(&file, bytes).unwrap();
        eprintln!(
            "{}: {} keeps the input {:?}",
            target.name,
            file.display(),
            String::from_utf8_lossy(bytes)
        );
        std::panic::resume_unwind(panic);
    }
}

/// On a thread with the stack that operations have in the server.
fn on_a_servers_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new()
        .stack_size(8 * 1024 * 1024)
        .spawn(work)
        .unwrap();
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn fuzz(name: &'static str) {
    on_a_servers_stack(move || {
        let target = TARGETS.iter().find(|target| target.name == name).unwrap();
        let corpus = corpus(name);
        corpus.iter().for_each(|bytes| attempt(target, bytes));
        let mut random = random(name);
        for _ in 0..mutations() {
            attempt(target, &mutated(&mut random, &corpus, target.words));
        }
    });
}

#[test]
fn every_document_gets_a_verdict_that_is_told_and_holds() {
    fuzz("document");
}

#[test]
fn every_body_is_read_as_json_is() {
    fuzz("body");
}

#[test]
fn every_cursor_is_bad_or_means_the_same() {
    fuzz("cursor");
}

#[test]
fn every_filter_is_bound_and_never_written_into_the_statement() {
    fuzz("filter");
}

#[test]
fn every_scalar_is_exact_or_refused() {
    fuzz("scalar");
}

#[test]
fn every_line_of_every_file_is_told() {
    fuzz("import");
}

#[test]
fn every_target_and_only_they_have_a_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut folders: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|folder| folder.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    folders.sort();
    names.sort_unstable();
    assert_eq!(folders, names);
}

/// How long refusing takes, by hand and optimized.
#[test]
#[ignore = "measures: FUZZ_MUTATIONS=1000000 cargo test --release --test fuzz -- --ignored --nocapture refusing"]
fn refusing_documents_is_quick() {
    on_a_servers_stack(|| {
        let (corpus, words) = (corpus("document"), TARGETS[0].words);
        let limits = Limits::default();
        let (mut random, mut refused, mut admitted) = (random("refusing"), Vec::new(), 0_u64);
        for _ in 0..mutations() {
            let bytes = mutated(&mut random, &corpus, words);
            let text = String::from_utf8_lossy(&bytes);
            let begun = Instant::now();
            let verdict = targets::document::verdict(&text, &limits);
            let took = begun.elapsed();
            match verdict {
                Ok(_) => admitted += 1,
                Err(_) => refused.push(took),
            }
        }
        refused.sort_unstable();
        let at = |share: usize| {
            refused
                .get(refused.len() * share / 1_000)
                .copied()
                .unwrap_or(Duration::ZERO)
        };
        println!(
            "{} refused, {admitted} admitted; refusing took {:?} at the median, {:?} at the 99th percentile, {:?} at the 99.9th, {:?} at most",
            refused.len(),
            at(500),
            at(990),
            at(999),
            refused.last().copied().unwrap_or_default(),
        );
    });
}
