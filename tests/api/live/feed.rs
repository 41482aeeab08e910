//! What these tests follow: requests as they are made.

use serde_json::{Value, json};

use super::client::Client;
use crate::common::{ADMIN, TestApp};
use crate::support::draft;

/// One change for each request that is made.
pub const FOLLOW: &str = "subscription($after: String) {
    changes(after: $after, filter: { actions: [\"assistanceRequest.created\"] }) { cursor node { sequence } } }";

/// Where the feed ends now.
pub async fn cursor(app: &TestApp) -> Value {
    app.ask(Some(ADMIN), "{ service { changeCursor } }", json!({})).await["service"]["changeCursor"].clone()
}

/// The variables of `FOLLOW` from now on.
pub async fn from_now(app: &TestApp) -> Value {
    json!({ "after": cursor(app).await })
}

/// Makes a request.
pub async fn write(app: &TestApp) {
    let made = app
        .mutate(ADMIN, "createAssistanceRequest", draft(), "userErrors { code }")
        .await;
    assert_eq!(made["userErrors"], json!([]));
}

/// The change in the data of an answer.
pub fn change(data: &Value) -> &Value {
    let change = &data["changes"];
    assert!(change["cursor"].is_string(), "{data:#}");
    change
}

impl Client {
    /// Hears of a change by this operation.
    pub async fn change(&mut self, id: &str) -> Value {
        let message = self.hear().await;
        assert_eq!(
            (&message["type"], &message["id"]),
            (&json!("next"), &json!(id)),
            "{message:#}"
        );
        change(&message["payload"]["data"]).clone()
    }
}
