use async_graphql::{ErrorExtensionValues, Pos, value};

use super::*;

const FORM: Form<'_> = Form {
    media: Media::GraphqlResponse,
    request_id: "r1",
    errors: 2,
};
const COST: Cost = Cost {
    requested: 3,
    limit: 9,
    remaining: None,
};

fn failed(message: &str, code: Option<&str>, path: &[&str]) -> ServerError {
    let mut error = ServerError::new(message, Some(Pos { line: 1, column: 2 }));
    error.path = path.iter().map(|one| PathSegment::Field((*one).into())).collect();
    error.extensions = code.map(|code| {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", code);
        extensions
    });
    error
}

fn json(answer: &Answer) -> serde_json::Value {
    serde_json::from_slice(&answer.body).unwrap()
}

#[test]
fn a_field_that_failed_stands_beside_the_others() {
    let mut response = Response::new(value!({"b": 1, "a": null}));
    response.errors = vec![failed("No.", Some("FORBIDDEN"), &["a"])];
    let answer = FORM.executed(&response, COST);
    assert_eq!(answer.status, StatusCode::OK);
    let expected = r#"{"errors":[{"message":"No.","locations":[{"line":1,"column":2}],"path":["a"],"extensions":{"code":"FORBIDDEN"}}],"data":{"b":1,"a":null},"extensions":{"cost":{"requested":3,"limit":9}}}"#;
    assert_eq!(String::from_utf8(answer.body).unwrap(), expected);
}

#[test]
fn nothing_of_the_inside_is_told() {
    let mut response = Response::new(value!({"a": null}));
    response.errors = vec![failed("no such table: x", None, &["a"])];
    let told = json(&FORM.executed(&response, COST));
    assert_eq!(told["errors"][0]["extensions"]["code"], "INTERNAL");
    assert_eq!(told["errors"][0]["extensions"]["requestId"], "r1");
    assert!(!told.to_string().contains("table"));
}

#[test]
fn a_request_that_is_refused_has_no_data() {
    let message = "Invalid value for argument \"on\", expected type \"Date\"";
    let response = Response::from_errors(vec![failed(message, None, &[])]);
    let answer = FORM.executed(&response, COST);
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(json(&answer)["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    assert_eq!(json(&answer).get("data"), None);
}

#[test]
fn a_null_that_climbed_to_the_top_is_data() {
    let response = Response::from_errors(vec![failed("No.", Some("FORBIDDEN"), &["viewer"])]);
    let answer = FORM.executed(&response, COST);
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(json(&answer)["data"], serde_json::Value::Null);
    assert!(json(&answer).get("data").is_some());
}

#[test]
fn an_answer_tells_so_many_errors_and_no_more() {
    let mut response = Response::new(value!({"a": null}));
    response.errors = vec![failed("No.", Some("FORBIDDEN"), &["a"]); 5];
    assert_eq!(
        json(&FORM.executed(&response, COST))["errors"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
