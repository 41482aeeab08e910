//! The documents that the operator registers: one manifest for everybody, or one for each client.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Trusted, manifest};
use crate::domain::limits::Limits;
use crate::http::gate::{Gate, Refusal};

/// Faults that are told of a library, at most.
const TOLD: usize = 20;

/// What is registered.
#[derive(Debug, Default)]
pub struct Library {
    shelves: HashMap<Option<Arc<str>>, Shelf>,
}

/// The documents of one client, by their ids and by the hashes of their texts.
type Shelf = HashMap<String, Arc<Registered>>;

/// A document that is registered.
#[derive(Debug)]
pub(super) struct Registered {
    pub name: Trusted,
    pub text: String,
}

impl Library {
    /// Reads a manifest, whose documents are everybody's, or a folder of them: `NAME.json` and whatever lies in the
    /// folder `NAME` are the client's of that name alone.
    ///
    /// # Errors
    /// Says which file is wrong, and why.
    pub fn read(path: &Path) -> Result<Self, String> {
        let mut library = Self::default();
        if path.is_dir() {
            for (client, file) in manifest::files(path)? {
                library.add(Some(client.into()), &file)?;
            }
        } else {
            library.add(None, path)?;
        }
        if library.is_empty() {
            return Err(format!("{} holds no document", path.display()));
        }
        Ok(library)
    }

    fn add(&mut self, client: Option<Arc<str>>, file: &Path) -> Result<(), String> {
        let shelf = self.shelves.entry(client.clone()).or_default();
        for (id, text) in manifest::read(file)? {
            let name = Trusted {
                client: client.clone(),
                id: id.as_str().into(),
            };
            match shelf.entry(id) {
                Entry::Vacant(place) => {
                    place.insert(Arc::new(Registered { name, text }));
                }
                Entry::Occupied(place) if place.get().text == text => {}
                Entry::Occupied(_) => {
                    return Err(format!("{}: {name} is another document before", file.display()));
                }
            }
        }
        // Found by its hash as well, whatever the ids are made of; but an id comes first.
        for registered in shelf.values().cloned().collect::<Vec<_>>() {
            let hash = hex(&registered.text);
            for key in [format!("sha256:{hash}"), hash] {
                shelf.entry(key).or_insert_with(|| registered.clone());
            }
        }
        Ok(())
    }

    /// The document that `client` calls by this name: an id, the hash of its text, or `CLIENT~ID` from wherever a
    /// client can't say otherwise who it is.
    pub(super) fn find(&self, client: Option<&str>, name: &str) -> Option<&Registered> {
        let of = |client: Option<&str>, id: &str| {
            let shelf = self.shelves.get(&client.map(Arc::from));
            shelf.and_then(|shelf| shelf.get(id)).map(|found| &**found)
        };
        let qualified = || name.split_once('~').and_then(|(client, id)| of(Some(client), id));
        of(None, name)
            .or_else(|| client.and_then(|client| of(Some(client), name)))
            .or_else(qualified)
    }

    /// Every document once.
    fn all(&self) -> impl Iterator<Item = &Registered> {
        let shelves = self.shelves.values().flat_map(HashMap::iter);
        shelves
            .filter(|(key, one)| key.as_str() == &*one.name.id)
            .map(|(_, one)| &**one)
    }

    /// Whether nothing is registered.
    pub fn is_empty(&self) -> bool {
        self.shelves.values().all(HashMap::is_empty)
    }

    /// Documents that are registered, and clients that have some of their own.
    pub fn counts(&self) -> (usize, usize) {
        let clients = self.shelves.keys().filter(|client| client.is_some()).count();
        (self.all().count(), clients)
    }

    /// Whether the gate lets all of them pass.
    ///
    /// # Errors
    /// Those that it does not, a line each.
    pub fn check(&self, gate: &Gate, limits: &Limits) -> Result<(), String> {
        let fault = |one: &Registered| {
            let refused = gate.check(&one.text, limits).err()?;
            Some(format!("{}{}: {}", one.name, operation(&one.text), told(&refused)))
        };
        let mut faults: Vec<String> = self.all().filter_map(fault).collect();
        if faults.is_empty() {
            return Ok(());
        }
        faults.sort_unstable();
        let more = faults.len().saturating_sub(TOLD);
        faults.truncate(TOLD);
        if more > 0 {
            faults.push(format!("and {more} more"));
        }
        Err(faults.join("\n"))
    }
}

fn hex(text: &str) -> String {
    let digits = Sha256::digest(text);
    digits.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first line of a document, by which people know it: `query Needs($first: Int) {`.
fn operation(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    let line: String = line.unwrap_or_default().chars().take(60).collect();
    format!(" ({})", line.trim_end_matches('{').trim_end())
}

fn told(refusal: &Refusal) -> String {
    let problems = refusal.problems.iter().map(|problem| {
        let at = problem.locations.first();
        let at = at.map_or_else(String::new, |(line, column)| format!(" (line {line}, column {column})"));
        format!("{}{at}", problem.error.message())
    });
    problems.collect::<Vec<_>>().join(" ")
}
