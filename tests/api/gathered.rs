//! Requests that many look up at the same moment, whose lookups may go in one statement.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::common::ADMIN;
use crate::on_both_with;
use crate::support::{draft, people, verified};

const FIND: &str = "query($id: ID!) { assistanceRequest(by: { id: $id }) { id status title } }";

on_both_with! {
    // Else what was answered before would be told again.
    &["--answer-cache-mib=0"],
    async fn each_is_told_what_they_may_see(app) {
        let people = people(app).await;
        let mut ids = vec![verified(app, &people).await["id"].clone()];
        for submit in [false, true] {
            let mut input = draft();
            input["submit"] = submit.into();
            let made = app
                .mutate(&people.focal, "createAssistanceRequest", input, "assistanceRequest { id }")
                .await;
            ids.push(made["assistanceRequest"]["id"].clone());
        }
        let callers = [
            (None, [true, false, false]),
            (Some(people.reader.as_str()), [true, false, false]),
            (Some(&people.stranger), [true, false, false]),
            (Some(&people.responder), [true, false, true]),
            (Some(&people.coordinator), [true, true, true]),
            (Some(&people.focal), [true, true, true]),
            (Some(ADMIN), [true, true, true]),
        ];
        for _ in 0..10 {
            let asked = callers.iter().flat_map(|(key, sees)| ids.iter().zip(sees).map(|(id, sees)| (*key, id, *sees)));
            let asked = asked.map(async |(key, id, sees)| {
                let found = app.ask(key, FIND, json!({ "id": id })).await;
                let found = &found["assistanceRequest"]["id"];
                assert_eq!(found, if sees { id } else { &Value::Null }, "{key:?}");
            });
            join_all(asked).await;
        }
    }
}
