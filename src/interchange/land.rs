//! Requests of a file into the store, a chunk a transaction, so that a long import shows how far it is. What landed
//! stays when a later chunk fails; the same file again goes on from there.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use crate::domain::actor::Actor;
use crate::domain::import::{ImportOptions, RowOutcome};
use crate::domain::problem::{Problem, Problems};
use crate::error::Error;
use crate::interchange::field::Field;
use crate::interchange::import::ImportRow;
use crate::interchange::report::Fault;
use crate::store::{Refused, Store, assistance_request};

/// Requests a transaction.
const CHUNK: usize = 200;

/// What became of the requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Landing {
    /// New ones.
    pub created: usize,
    /// Changed ones.
    pub updated: usize,
    /// Such as the store had already.
    pub unchanged: usize,
    /// Such as the store refused.
    pub failed: Vec<Failed>,
    /// Such as were not tried, because of `stopped`.
    pub not_tried: usize,
    /// What ended the import before its end.
    pub stopped: Option<String>,
}

/// A request that the store refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// Its first line, from 1.
    pub line: u64,
    /// Its id in the source.
    pub external_id: Option<String>,
    /// What is wrong, each with the line it stands on.
    pub faults: Vec<(u64, Fault)>,
}

impl Landing {
    /// Whether everything landed.
    pub const fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.stopped.is_none()
    }

    fn add(&mut self, row: &ImportRow, outcome: RowOutcome) {
        match outcome {
            RowOutcome::Created(_) => self.created += 1,
            RowOutcome::Updated(_) => self.updated += 1,
            RowOutcome::Unchanged(_) => self.unchanged += 1,
            RowOutcome::Failed(problems) => self.failed.push(Failed {
                line: row.line,
                external_id: row.import.form.external_id.clone(),
                faults: problems.0.into_iter().map(|problem| place(row, problem)).collect(),
            }),
        }
    }
}

/// Lands the requests of each source as the actor `import:SOURCE`. `progress` is told after each chunk how many have
/// been tried.
pub async fn land(
    store: &Store,
    rows: &[ImportRow],
    options: ImportOptions,
    progress: &mut (dyn FnMut(usize) + Send),
) -> Landing {
    let mut landing = Landing::default();
    let (all, mut tried) = (rows.len(), 0);
    let chunk = CHUNK.min(store.rules().import_rows).max(1);
    let source = |row: &ImportRow| row.import.form.source.clone().unwrap_or_default();
    // Each source has its actor; a file in which they take turns is not to have a transaction a row.
    let mut rows: Vec<&ImportRow> = rows.iter().collect();
    rows.sort_by_key(|row| source(row));
    for of_source in rows.chunk_by(|one, other| source(one) == source(other)) {
        let source = of_source.first().map(|row| source(row)).unwrap_or_default();
        let actor = Arc::new(Actor::import(&source));
        for rows in of_source.chunks(chunk) {
            let began = Instant::now();
            let forms = rows.iter().map(|row| row.import.clone()).collect();
            match assistance_request::import(store, Arc::clone(&actor), forms, options).await {
                Ok(outcomes) => rows
                    .iter()
                    .zip(outcomes)
                    .for_each(|(row, outcome)| landing.add(row, outcome)),
                Err(refused) => {
                    landing.stopped = Some(why(refused));
                    landing.not_tried = all - tried;
                    return landing;
                }
            }
            tried += rows.len();
            progress(tried);
            if tried < all {
                store.give_way(began.elapsed() / 4).await;
            }
        }
    }
    landing.failed.sort_by_key(|failed| failed.line);
    landing
}

fn why(refused: Refused) -> String {
    match refused {
        Refused::Problems(Problems(problems)) => {
            let messages: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
            messages.join(" ")
        }
        Refused::Error(error) => {
            if let Error::Internal(cause) = &error {
                tracing::error!(%cause, "an import was stopped");
            }
            error.message()
        }
        Refused::Fault(fault) => {
            tracing::error!(cause = ?fault, "an import was stopped");
            "The database failed.".into()
        }
    }
}

/// The line and the field that a problem's path within a row names.
fn place(row: &ImportRow, problem: Problem) -> (u64, Fault) {
    let Problem { message, path, .. } = problem;
    let (line, field) = match path.as_slice() {
        [items, index, rest @ ..] if items == "items" => {
            let line = index.parse().ok().and_then(|index: usize| row.item_lines.get(index));
            (line.copied().unwrap_or(row.line), Field::of_path(rest, true))
        }
        path => (row.line, Field::of_path(path, false)),
    };
    let fault = Fault {
        column: field.map(|field| field.header().to_owned()),
        reason: message,
    };
    (line, fault)
}
