//! The messages of `graphql-transport-ws`.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::http::answer::Answer;
use crate::http::json;
use crate::http::params::Params;

/// What a client says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message {
    /// `connection_init`, with its payload.
    Init(Map<String, Value>),
    /// `ping`, with its payload if it has one.
    Ping(Option<Value>),
    /// `pong`.
    Pong,
    /// `subscribe`, in a message of so many bytes.
    Subscribe { id: String, params: Params, bytes: usize },
    /// `complete`.
    Complete { id: String },
}

impl Message {
    /// Reads a message whose payload nests so deep at most.
    pub(super) fn read(text: &str, nesting: usize) -> Result<Self, String> {
        let Value::Object(mut message) = json::parse(text.as_bytes(), nesting.saturating_add(1))? else {
            return Err("it must be an object".into());
        };
        let Some(Value::String(kind)) = message.remove("type") else {
            return Err("type must be a string".into());
        };
        match kind.as_str() {
            "connection_init" => Ok(Self::Init(payload(&mut message)?.unwrap_or_default())),
            "ping" => Ok(Self::Ping(payload(&mut message)?.map(Value::Object))),
            "pong" => payload(&mut message).map(|_| Self::Pong),
            "subscribe" => {
                let id = id(&mut message)?;
                let payload = payload(&mut message)?.ok_or("payload must be an object")?;
                let params = Params::of_object(payload).map_err(|error| error.message())?;
                Ok(Self::Subscribe {
                    id,
                    params,
                    bytes: text.len(),
                })
            }
            "complete" => id(&mut message).map(|id| Self::Complete { id }),
            _ => Err("type is none that a client sends".into()),
        }
    }
}

fn payload(message: &mut Map<String, Value>) -> Result<Option<Map<String, Value>>, String> {
    match message.remove("payload") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(payload)) => Ok(Some(payload)),
        Some(_) => Err("payload must be an object".into()),
    }
}

fn id(message: &mut Map<String, Value>) -> Result<String, String> {
    match message.remove("id") {
        Some(Value::String(id)) if !id.is_empty() => Ok(id),
        _ => Err("id must be a string that is not empty".into()),
    }
}

/// `connection_ack`.
pub(super) fn ack() -> String {
    r#"{"type":"connection_ack"}"#.into()
}

/// `pong`, with the payload of the ping.
pub(super) fn pong(payload: Option<&Value>) -> String {
    match payload {
        Some(payload) => format!(r#"{{"type":"pong","payload":{payload}}}"#),
        None => r#"{"type":"pong"}"#.into(),
    }
}

/// `next`, or `error` for an operation that was not executed.
pub(super) fn answer(id: &str, answer: &Answer) -> String {
    let id = Value::from(id);
    match errors(answer) {
        Some(errors) => format!(r#"{{"id":{id},"type":"error","payload":{errors}}}"#),
        None => {
            let payload = String::from_utf8_lossy(&answer.body);
            format!(r#"{{"id":{id},"type":"next","payload":{payload}}}"#)
        }
    }
}

/// The errors of an answer that has nothing else.
fn errors(answer: &Answer) -> Option<&RawValue> {
    #[derive(Deserialize)]
    struct Refusal<'a> {
        #[serde(borrow)]
        errors: &'a RawValue,
    }
    let refusal = answer
        .refused
        .then(|| serde_json::from_slice::<Refusal<'_>>(&answer.body).ok());
    refusal.flatten().map(|refusal| refusal.errors)
}

/// `complete`.
pub(super) fn complete(id: &str) -> String {
    let id = Value::from(id);
    format!(r#"{{"id":{id},"type":"complete"}}"#)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Error;
    use crate::http::accept::Media;
    use crate::http::answer::Form;

    fn read(value: &Value) -> Result<Message, String> {
        Message::read(&value.to_string(), 4)
    }

    #[test]
    fn messages_of_the_protocol_are_read() {
        assert_eq!(read(&json!({"type": "connection_init"})), Ok(Message::Init(Map::new())));
        assert_eq!(
            read(&json!({"type": "connection_init", "payload": null, "more": 1})),
            Ok(Message::Init(Map::new()))
        );
        assert_eq!(
            read(&json!({"type": "ping", "payload": {"a": 1}})),
            Ok(Message::Ping(Some(json!({"a": 1}))))
        );
        assert_eq!(read(&json!({"type": "pong"})), Ok(Message::Pong));
        assert_eq!(
            read(&json!({"type": "complete", "id": "1"})),
            Ok(Message::Complete { id: "1".into() })
        );
        let subscribe = json!({"type": "subscribe", "id": "ü", "payload": {"query": "{a}", "variables": null}});
        let Ok(Message::Subscribe { id, params, .. }) = read(&subscribe) else {
            panic!("{subscribe}");
        };
        assert_eq!((id.as_str(), params.query.as_deref()), ("ü", Some("{a}")));
    }

    #[test]
    fn whatever_else_is_no_message() {
        for bad in [
            json!([]),
            json!({}),
            json!({"type": 1}),
            json!({"type": "start", "id": "1"}),
            json!({"type": "connection_ack"}),
            json!({"type": "connection_init", "payload": "x"}),
            json!({"type": "subscribe", "payload": {"query": "{a}"}}),
            json!({"type": "subscribe", "id": "", "payload": {"query": "{a}"}}),
            json!({"type": "subscribe", "id": 1, "payload": {"query": "{a}"}}),
            json!({"type": "subscribe", "id": "1"}),
            json!({"type": "subscribe", "id": "1", "payload": {}}),
            json!({"type": "subscribe", "id": "1", "payload": {"query": 1}}),
            json!({"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": []}}),
            json!({"type": "subscribe", "id": "1", "payload": {"query": "{a}", "operationName": 1}}),
            json!({"type": "complete"}),
            json!({"type": "ping", "payload": [[[[[1]]]]]}),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
        assert!(Message::read(r#"{"type":"ping","type":"ping"}"#, 4).is_err());
        assert!(Message::read("{", 4).is_err());
    }

    #[test]
    fn what_was_not_executed_is_an_error_and_anything_else_is_next() {
        let form = Form {
            media: Media::Json,
            request_id: "r1",
            errors: 2,
        };
        let refused = form.refused(Error::Timeout);
        let told: Value = serde_json::from_str(&answer("\"1\n", &refused)).unwrap();
        assert_eq!((&told["type"], &told["id"]), (&json!("error"), &json!("\"1\n")));
        assert_eq!(told["payload"][0]["extensions"]["code"], "TIMEOUT");
        let executed = Answer {
            refused: false,
            body: br#"{"data":{"a":1}}"#.into(),
            ..refused
        };
        let expected = r#"{"id":"1","type":"next","payload":{"data":{"a":1}}}"#;
        assert_eq!(answer("1", &executed), expected);
        assert_eq!(pong(Some(&json!({"a": 1}))), r#"{"type":"pong","payload":{"a":1}}"#);
    }
}
