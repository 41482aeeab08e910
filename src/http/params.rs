//! The parameters of a request: what GraphQL over HTTP calls query, operationName, variables and extensions.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::http::json;

/// What the draft on persisted documents of GraphQL over HTTP calls the id of a document.
const DOCUMENT_ID: &str = "documentId";

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params {
    /// The text of the document.
    pub query: Option<String>,
    /// The id of a document that is registered.
    pub document_id: Option<String>,
    /// The hash of the document, of which the text may come along or be known: Apollo's persisted queries.
    pub hash: Option<String>,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// Values of its variables.
    pub variables: Map<String, Value>,
    /// Whatever else; nothing but the hash is read from it.
    pub extensions: Map<String, Value>,
}

impl Params {
    /// The parameters of a POST's body. What stands beside them is ignored, as GraphQL over HTTP wants it.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` where the body is no such object.
    pub fn of_body(body: &[u8], nesting: usize) -> Result<Self, Error> {
        if body.is_empty() {
            return Err(refused("The body is empty: send a JSON object with the key query."));
        }
        match json::parse(body, nesting) {
            Ok(Value::Object(object)) => Self::of_object(object),
            Ok(Value::Array(_)) => Err(refused("Batches are not answered: send one request, a JSON object.")),
            Ok(_) => Err(refused("The body must be a JSON object with the key query.")),
            Err(why) => Err(refused(&format!("The body can't be read as JSON: {why}."))),
        }
    }

    /// The same, where the object has been read.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` where a parameter is missing or of another type.
    pub fn of_object(mut object: Map<String, Value>) -> Result<Self, Error> {
        let query = text(object.remove("query"), "query")?;
        let mut document_id = text(object.remove(DOCUMENT_ID), DOCUMENT_ID)?;
        // Older names of the same, which mean nothing beside a document.
        if query.is_none() && document_id.is_none() {
            document_id = text(object.remove("id"), "id")?.or(text(object.remove("doc_id"), "doc_id")?);
        }
        Self {
            query,
            document_id,
            hash: None,
            operation_name: text(object.remove("operationName"), "operationName")?,
            variables: map(object.remove("variables"), "variables")?,
            extensions: map(object.remove("extensions"), "extensions")?,
        }
        .complete()
    }

    /// The same with the hash, where anything names a document.
    fn complete(mut self) -> Result<Self, Error> {
        self.hash = hash(&self.extensions)?;
        if self.query.is_none() && self.document_id.is_none() && self.hash.is_none() {
            return Err(refused(
                "The parameter query is missing: it holds the GraphQL document.",
            ));
        }
        Ok(self)
    }

    /// The parameters in the query string of a GET.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` where they can't be read.
    pub fn of_query_string(query_string: &str, nesting: usize) -> Result<Self, Error> {
        const NAMES: [&str; 7] = [
            "query",
            "operationName",
            "variables",
            "extensions",
            DOCUMENT_ID,
            "id",
            "doc_id",
        ];
        let mut found: [Option<String>; 7] = Default::default();
        for pair in query_string.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name)?;
            let Some(slot) = NAMES
                .iter()
                .position(|known| *known == name)
                .and_then(|at| found.get_mut(at))
            else {
                continue;
            };
            if slot.replace(decoded(value)?).is_some() {
                return Err(refused(&format!("The parameter {name} stands twice.")));
            }
        }
        let [query, operation_name, variables, extensions, document_id, id, doc_id] = found;
        let older = if query.is_none() { id.or(doc_id) } else { None };
        let map_of = |text: Option<String>, name: &str| match text.filter(|text| !text.is_empty()) {
            Some(text) => match json::parse(text.as_bytes(), nesting) {
                Ok(value) => map(Some(value), name),
                Err(why) => Err(refused(&format!("The parameter {name} can't be read as JSON: {why}."))),
            },
            None => Ok(Map::new()),
        };
        Self {
            query,
            document_id: document_id.or(older),
            hash: None,
            operation_name: operation_name.filter(|name| !name.is_empty()),
            variables: map_of(variables, "variables")?,
            extensions: map_of(extensions, "extensions")?,
        }
        .complete()
    }
}

fn refused(why: &str) -> Error {
    Error::BadUserInput(why.into())
}

/// The hash in `extensions.persistedQuery`, of version 1 of Apollo's protocol.
fn hash(extensions: &Map<String, Value>) -> Result<Option<String>, Error> {
    let persisted = match extensions.get("persistedQuery") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(persisted)) => persisted,
        Some(_) => return Err(refused("extensions.persistedQuery must be an object.")),
    };
    if persisted.get("version") != Some(&Value::from(1)) {
        return Err(refused("extensions.persistedQuery.version must be 1."));
    }
    match persisted.get("sha256Hash") {
        Some(Value::String(hash)) => Ok(Some(hash.clone())),
        _ => Err(refused("extensions.persistedQuery.sha256Hash must be a string.")),
    }
}

fn text(value: Option<Value>, name: &str) -> Result<Option<String>, Error> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(refused(&format!("The parameter {name} must be a string."))),
    }
}

fn map(value: Option<Value>, name: &str) -> Result<Map<String, Value>, Error> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map),
        Some(_) => Err(refused(&format!("The parameter {name} must be an object."))),
    }
}

/// A name or value of a query string as text: `+` is a blank, `%41` a byte.
fn decoded(text: &str) -> Result<String, Error> {
    let malformed = || refused("The query string is not properly percent-encoded UTF-8.");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || {
                    char::from(rest.next()?)
                        .to_digit(16)
                        .and_then(|digit| u8::try_from(digit).ok())
                };
                let high = digit().ok_or_else(malformed)?;
                let low = digit().ok_or_else(malformed)?;
                high * 16 + low
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: &Value) -> Result<Params, String> {
        Params::of_body(value.to_string().as_bytes(), 64).map_err(|error| error.message())
    }

    #[test]
    fn null_and_absent_are_the_same() {
        let nulls = json!({"query": "{a}", "variables": null, "operationName": null, "extensions": null, "id": 1});
        assert_eq!(body(&nulls), body(&json!({"query": "{a}"})));
    }

    #[test]
    fn a_document_has_an_id_by_each_of_its_names() {
        for name in ["documentId", "id", "doc_id"] {
            assert_eq!(body(&json!({ name: "7" })).unwrap().document_id.as_deref(), Some("7"));
            let read = Params::of_query_string(&format!("{name}=7"), 64).map_err(|error| error.message());
            assert_eq!(read.unwrap().document_id.as_deref(), Some("7"));
        }
        let all = json!({"documentId": "1", "id": "2", "doc_id": "3"});
        assert_eq!(body(&all).unwrap().document_id.as_deref(), Some("1"));
        // Beside a document the older names may mean anything.
        let beside = json!({"query": "{a}", "id": "2", "doc_id": {}});
        assert_eq!(body(&beside).unwrap().document_id, None);
        let hash = json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "a"}}});
        assert_eq!(body(&hash).unwrap().hash.as_deref(), Some("a"));
    }

    #[test]
    fn each_parameter_has_its_type() {
        for (value, name) in [
            (json!({"query": 1}), "query"),
            (json!({"query": null}), "query"),
            (json!({"query": "{a}", "operationName": false}), "operationName"),
            (json!({"query": "{a}", "variables": "x"}), "variables"),
            (json!({"query": "{a}", "variables": [1]}), "variables"),
            (json!({"query": "{a}", "extensions": 0}), "extensions"),
            (json!({"documentId": 1}), "documentId"),
            (json!({"id": 1}), "id"),
            (json!({"extensions": {"persistedQuery": 1}}), "persistedQuery"),
            (json!({"extensions": {}}), "query"),
            (json!([{"query": "{a}"}]), "Batches"),
            (json!("x"), "object"),
        ] {
            let told = body(&value).unwrap_err();
            assert!(told.contains(name), "{told}");
        }
    }

    #[test]
    fn a_query_string_is_read() {
        let read = |text| Params::of_query_string(text, 64).map_err(|error| error.message());
        let params = read("x=1&query=%7B+a%20%C3%A9%7D&variables=%7B%22a%22:1%7D&operationName=").unwrap();
        assert_eq!(params.query.as_deref(), Some("{ a é}"));
        assert_eq!(params.operation_name, None);
        assert_eq!(Value::Object(params.variables), json!({"a": 1}));
        for (bad, why) in [
            ("", "missing"),
            ("query=a&query=a", "twice"),
            ("query=%7", "percent"),
            ("query=%zz", "percent"),
            ("query=%ff", "percent"),
            ("query=a&variables=[]", "object"),
            ("query=a&variables={", "JSON"),
        ] {
            let told = read(bad).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }
}
