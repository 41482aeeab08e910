//! Manifests as the usual tools write them.
//!
//! `{ "ID": "TEXT" }` is what the Relay compiler keeps (`persistConfig.file`) and what graphql-codegen writes
//! (`persistedDocuments` of the client preset); Apollo's `generate-persisted-query-manifest` writes an object with a
//! `format` and a list of operations. Both are told apart by that `format`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::http::json;

/// Brackets open at once in a manifest, at most.
const NESTING: usize = 8;
const APOLLO: &str = "apollo-persisted-query-manifest";

/// One operation of Apollo's format; its name and its kind stand in the body as well.
#[derive(Deserialize)]
struct Operation {
    id: String,
    body: String,
}

/// The manifests of a folder, each with the client whose it is, in the order of their names.
pub(super) fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            let client = client(&path)?;
            let inner = entries(&path)?.into_iter().filter(|inner| is_manifest(inner));
            found.extend(inner.map(|inner| (client.clone(), inner)));
        } else if is_manifest(&path) {
            found.push((client(&path)?, path));
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error: std::io::Error| format!("{} can't be read: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>().map_err(unreadable)?;
    // What begins with a point is the system's or an editor's: of a mounted secret, the folder that it really lies in.
    paths.retain(|path| !name(path).starts_with('.'));
    paths.sort_unstable();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn is_manifest(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|extension| extension == "json")
}

/// The client that a file or folder is named after.
fn client(path: &Path) -> Result<String, String> {
    let name = name(path);
    let name = if path.is_dir() {
        &name
    } else {
        name.trim_end_matches(".json")
    };
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if (1..=64).contains(&name.len()) && name.bytes().all(is_letter) {
        Ok(name.to_owned())
    } else {
        let rule = "is named after no client: 1 to 64 of A-Z a-z 0-9 . _ -";
        Err(format!("{} {rule}", path.display()))
    }
}

/// The documents of a manifest, each with its id.
pub(super) fn read(file: &Path) -> Result<Vec<(String, String)>, String> {
    let wrong = |why: &str| format!("{}: {why}", file.display());
    let bytes = fs::read(file).map_err(|error| format!("{} can't be read: {error}", file.display()))?;
    let parsed = json::parse(&bytes, NESTING).map_err(|why| wrong(&format!("it can't be read as JSON: {why}")))?;
    let Value::Object(manifest) = parsed else {
        return Err(wrong("it must be a JSON object"));
    };
    let documents = match manifest.get("format").and_then(Value::as_str) {
        Some(APOLLO) => of_apollo(manifest),
        _ => of_texts(manifest),
    };
    let documents = documents.map_err(|why| wrong(&why))?;
    match documents.iter().find(|(id, _)| !is_id(id)) {
        Some((id, _)) => Err(wrong(&format!("{id:?} is no id: 1 to 255 visible ASCII characters"))),
        None => Ok(documents),
    }
}

fn of_texts(manifest: Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    let text = |(id, value): (String, Value)| match value {
        Value::String(text) => Ok((id, text)),
        _ => Err(format!("what stands under {id:?} must be a document, as a string")),
    };
    manifest.into_iter().map(text).collect()
}

fn of_apollo(mut manifest: Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    if manifest.get("version") != Some(&Value::from(1)) {
        return Err("version must be 1".into());
    }
    let operations = manifest.remove("operations").unwrap_or_default();
    let operations: Vec<Operation> =
        serde_json::from_value(operations).map_err(|error| format!("operations can't be read: {error}"))?;
    Ok(operations.into_iter().map(|one| (one.id, one.body)).collect())
}

fn is_id(id: &str) -> bool {
    (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}
