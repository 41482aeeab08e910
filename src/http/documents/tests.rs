use std::fs;
use std::path::PathBuf;

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::limits::Limits;
use crate::http::gate::Gate;

const A: &str = "query A { service { name } }";
const B: &str = "query B { viewer { roles } }";

/// A folder that is gone with its test.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, serde_json::Value)]) -> Self {
        let folder = std::env::temp_dir().join(format!("nam-needs-documents-{}", Uuid::now_v7()));
        for (name, content) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content.to_string()).unwrap();
        }
        Self(folder)
    }

    fn library(&self) -> Result<Library, String> {
        Library::read(&self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn documents(library: Library, only: bool) -> Documents {
    Documents::new(Settings {
        library: Arc::new(library),
        only,
        persisted_bytes: 10_000,
    })
}

fn asked(query: Option<&str>, id: Option<&str>, hash: Option<&str>) -> Params {
    Params {
        query: query.map(str::to_owned),
        document_id: id.map(str::to_owned),
        hash: hash.map(str::to_owned),
        ..Params::default()
    }
}

/// Text and registered name of what is found, or the code of the refusal.
fn find(
    documents: &Documents,
    client: Option<&str>,
    params: &Params,
) -> Result<(String, Option<String>), &'static str> {
    let found = documents.find(client, params).map_err(|error| error.code())?;
    if let Some(fresh) = found.fresh() {
        documents.keep(fresh);
    }
    let name = found.trusted.as_ref().map(ToString::to_string);
    Ok((found.text.into_owned(), name))
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn manifests_of_the_usual_tools_are_read() {
    let apollo = json!({ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [
        { "id": "1", "name": "B", "type": "query", "body": B },
    ] });
    let folder = Folder::new(&[("web.json", json!({ "1": A })), ("mobile/v1.json", apollo)]);
    let library = folder.library().unwrap();
    assert_eq!(library.counts(), (2, 2));
    assert_eq!(library.find(Some("web"), "1").unwrap().text, A);
    assert_eq!(library.find(Some("mobile"), "1").unwrap().text, B);
    assert_eq!(library.find(None, "web~1").unwrap().text, A);
    assert_eq!(library.find(Some("web"), "mobile~1").unwrap().text, B);
}

#[test]
fn an_id_of_one_client_is_not_anothers() {
    let folder = Folder::new(&[("web.json", json!({ "1": A })), ("mobile.json", json!({ "2": B }))]);
    let library = folder.library().unwrap();
    for (client, id) in [
        (None, "1"),
        (Some("mobile"), "1"),
        (Some("web"), "2"),
        (Some("Web"), "1"),
        (Some("other"), "1"),
        (None, "other~1"),
        (None, "mobile~1"),
        (Some("mobile"), &*hash(A)),
    ] {
        assert!(library.find(client, id).is_none(), "{client:?} {id}");
    }
}

#[test]
fn a_manifest_for_everybody_is_found_whoever_asks() {
    let folder = Folder::new(&[("all.json", json!({ "1": A }))]);
    let library = Library::read(&folder.0.join("all.json")).unwrap();
    assert_eq!(library.counts(), (1, 0));
    for client in [None, Some("web")] {
        for id in ["1".to_owned(), hash(A), format!("sha256:{}", hash(A))] {
            let found = library.find(client, &id).unwrap();
            assert_eq!((found.text.as_str(), &*found.name.id), (A, "1"));
        }
    }
}

#[test]
fn what_is_no_manifest_is_named() {
    for (files, told) in [
        (vec![("web.json", json!([A]))], "web.json: it must be a JSON object"),
        (vec![("web.json", json!({ "1": 2 }))], "what stands under \"1\""),
        (vec![("web.json", json!({ "a b": A }))], "\"a b\" is no id"),
        (vec![("a b.json", json!({ "1": A }))], "is named after no client"),
        (
            vec![("web/1.json", json!({ "1": A })), ("web/2.json", json!({ "1": B }))],
            "web~1 is another document before",
        ),
        (
            vec![(
                "web.json",
                json!({ "format": "apollo-persisted-query-manifest", "version": 2 }),
            )],
            "version must be 1",
        ),
        (vec![("read.me", json!({}))], "holds no document"),
    ] {
        let error = Folder::new(&files).library().unwrap_err();
        assert!(error.contains(told), "{error}");
    }
    let absent = Library::read(std::path::Path::new("/nowhere/at/all.json")).unwrap_err();
    assert!(absent.contains("/nowhere/at/all.json can't be read"), "{absent}");
}

#[test]
fn documents_that_the_schema_cannot_answer_are_named_with_what_is_wrong() {
    let gate = Gate::new(&crate::graphql::sdl()).unwrap();
    let old = "query Old {\n  needs { id }\n}";
    let folder = Folder::new(&[("web.json", json!({ "1": A, "2": old, "3": "query" }))]);
    let told = folder.library().unwrap().check(&gate, &Limits::default()).unwrap_err();
    let [two, three] = told.lines().collect::<Vec<_>>()[..] else {
        panic!("{told}");
    };
    assert_eq!(
        two,
        "web~2 (query Old): Cannot query field \"needs\" on type \"Query\". (line 2, column 3)"
    );
    assert!(three.starts_with("web~3 (query): Syntax Error"), "{three}");
    let limits = Limits {
        depth: 1,
        ..Limits::default()
    };
    let told = folder.library().unwrap().check(&gate, &limits).unwrap_err();
    assert!(told.contains("web~1"), "{told}");
}

#[test]
fn a_document_is_registered_by_its_hash_and_by_no_other() {
    let documents = documents(Library::default(), false);
    let by_hash = asked(None, None, Some(&hash(A)));
    assert_eq!(find(&documents, None, &by_hash), Err("PERSISTED_QUERY_NOT_FOUND"));
    for wrong in [hash(B), hash(A).to_uppercase(), String::new(), "x".repeat(64)] {
        assert_eq!(
            find(&documents, None, &asked(Some(A), None, Some(&wrong))),
            Err("BAD_USER_INPUT")
        );
    }
    assert_eq!(find(&documents, None, &by_hash), Err("PERSISTED_QUERY_NOT_FOUND"));
    let whole = asked(Some(A), None, Some(&hash(A)));
    assert_eq!(find(&documents, None, &whole), Ok((A.into(), None)));
    assert_eq!(find(&documents, None, &by_hash), Ok((A.into(), None)));
    let by_id = asked(None, Some(&format!("sha256:{}", hash(A))), None);
    assert_eq!(find(&documents, None, &by_id), Ok((A.into(), None)));
}

#[test]
fn what_clients_register_is_bounded_and_can_be_switched_off() {
    let bounded = documents(Library::default(), false);
    let text = |number: usize| format!("{{ service {{ name }} }} # {number} {}", "x".repeat(1_000));
    for number in 0..40 {
        let text = text(number);
        find(&bounded, None, &asked(Some(&text), None, Some(&hash(&text)))).unwrap();
    }
    let known = |number: usize| find(&bounded, None, &asked(None, None, Some(&hash(&text(number))))).is_ok();
    let kept = (0..40).filter(|number| known(*number)).count();
    assert!((1..=10).contains(&kept), "{kept} are kept");
    let off = Documents::new(Settings {
        library: Arc::default(),
        only: false,
        persisted_bytes: 0,
    });
    find(&off, None, &asked(Some(A), None, Some(&hash(A)))).unwrap();
    let known = find(&off, None, &asked(None, None, Some(&hash(A))));
    assert_eq!(known, Err("PERSISTED_QUERY_NOT_FOUND"));
}

#[test]
fn where_only_registered_documents_are_executed_no_other_is() {
    let folder = Folder::new(&[("web.json", json!({ "1": A }))]);
    let documents = documents(folder.library().unwrap(), true);
    let registered = Ok((A.to_owned(), Some("web~1".to_owned())));
    for good in [
        asked(None, Some("1"), None),
        asked(None, None, Some("1")),
        asked(None, Some("web~1"), None),
        asked(None, Some(&hash(A)), None),
        asked(Some(A), None, Some("1")),
        asked(Some(A), None, Some(&hash(A))),
    ] {
        assert_eq!(find(&documents, Some("web"), &good), registered, "{good:?}");
    }
    for (bad, code) in [
        (asked(Some(A), None, None), "PERSISTED_QUERY_REQUIRED"),
        (asked(Some(B), None, None), "PERSISTED_QUERY_REQUIRED"),
        (asked(Some(B), None, Some("1")), "PERSISTED_QUERY_REQUIRED"),
        (asked(Some(B), None, Some(&hash(B))), "PERSISTED_QUERY_REQUIRED"),
        (asked(None, None, Some(&hash(B))), "PERSISTED_QUERY_NOT_FOUND"),
        (asked(None, Some("2"), None), "PERSISTED_QUERY_NOT_FOUND"),
        (asked(Some(A), Some("1"), None), "BAD_USER_INPUT"),
    ] {
        assert_eq!(find(&documents, Some("web"), &bad), Err(code), "{bad:?}");
    }
}
