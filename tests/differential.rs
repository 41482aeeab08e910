//! The gate beside the reference implementation: graphql-js and we accept the same documents, but for those that
//! `differential/disagreements.json` lists with the reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "common/node.rs"]
mod node;

use std::collections::BTreeMap;
use std::path::Path;

use nam_needs::domain::limits::Limits;
use nam_needs::http::gate::Gate;
use node::Packages;
use serde::{Deserialize, Serialize};

const REFERENCE: Packages = Packages("differential");

/// A line of `verdicts.mjs`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Schema { schema: String },
    Document(Document),
}

#[derive(Deserialize)]
struct Document {
    source: String,
    text: String,
    verdict: String,
    #[serde(default)]
    why: String,
}

/// A document of which we say something else.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Disagreement {
    source: String,
    text: String,
    graphql_js: String,
    ours: String,
    reason: String,
}

/// How much may be asked for is another question, and not graphql-js's.
fn limits() -> Limits {
    const NO: usize = usize::MAX / 4;
    Limits {
        tokens: NO,
        depth: NO,
        fields: 1_000_000,
        aliases: NO,
        root_fields: NO,
        filter_depth: NO,
        list_values: NO,
        filter_tests: NO,
        nodes: NO,
        ..Limits::default()
    }
}

/// What the gate says, with its reason.
fn verdict(gate: &Gate, text: &str) -> (&'static str, String) {
    match gate.check(text, &limits()) {
        Ok(()) => ("valid", String::new()),
        Err(refusal) => {
            let error = &refusal.problems[0].error;
            let verdict = match error.code() {
                "GRAPHQL_PARSE_FAILED" => "syntax",
                "GRAPHQL_VALIDATION_FAILED" | "BAD_USER_INPUT" => "invalid",
                other => panic!("{other}: {}\n{text}", error.message()),
            };
            (verdict, error.message())
        }
    }
}

fn told(verdict: &str, why: &str) -> String {
    if why.is_empty() {
        verdict.to_owned()
    } else {
        format!("{verdict}: {why}")
    }
}

/// All disagreements, and how many documents of each source were compared, by graphql-js's verdict.
fn compare(lines: &str) -> (Vec<Disagreement>, BTreeMap<(String, String), usize>) {
    let (mut gate, mut found, mut counts) = (None, Vec::new(), BTreeMap::new());
    for line in lines.lines() {
        let one = match serde_json::from_str(line).unwrap() {
            Line::Schema { schema } => {
                gate = Some(Gate::new(&schema).unwrap_or_else(|why| panic!("{why}\n{schema}")));
                continue;
            }
            Line::Document(one) => one,
        };
        let (ours, why) = verdict(gate.as_ref().unwrap(), &one.text);
        *counts.entry((one.source.clone(), one.verdict.clone())).or_default() += 1;
        if ours != one.verdict {
            found.push(Disagreement {
                graphql_js: told(&one.verdict, &one.why),
                ours: told(ours, &why),
                source: one.source,
                text: one.text,
                reason: String::new(),
            });
        }
    }
    (found, counts)
}

fn by_text(list: &[Disagreement]) -> BTreeMap<(&str, &str), &Disagreement> {
    list.iter()
        .map(|one| ((one.source.as_str(), one.text.as_str()), one))
        .collect()
}

#[test]
fn documents_are_valid_to_us_where_they_are_to_the_reference() {
    REFERENCE.install();
    let (found, counts) = compare(&REFERENCE.node(&["verdicts.mjs"], &[]));
    println!("{counts:#?}");
    assert!(
        counts.values().sum::<usize>() > 3_000 && counts.len() > 10,
        "{counts:#?}"
    );

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential");
    let listed = std::fs::read_to_string(folder.join("disagreements.json")).unwrap();
    let listed: Vec<Disagreement> = serde_json::from_str(&listed).unwrap();
    assert!(listed.iter().all(|one| one.reason.len() > 20), "each has its reason");

    let (before, now) = (by_text(&listed), by_text(&found));
    let same =
        |one: &Disagreement, other: &Disagreement| (&one.graphql_js, &one.ours) == (&other.graphql_js, &other.ours);
    let new: Vec<_> = now
        .iter()
        .filter(|(key, one)| !before.get(*key).is_some_and(|other| same(one, other)))
        .collect();
    let gone: Vec<_> = before.keys().filter(|key| !now.contains_key(*key)).collect();
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("disagreements.json");
    std::fs::write(&all, serde_json::to_string_pretty(&found).unwrap()).unwrap();
    assert!(
        new.is_empty() && gone.is_empty(),
        "{} new: {new:#?}\n{} gone: {gone:#?}\nAll that there are stand in {}",
        new.len(),
        gone.len(),
        all.display()
    );
}
