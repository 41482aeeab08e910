//! Keys, from minting to revoking.

use chrono::TimeDelta;
use entity::enums::Role;
use serde_json::{Value, json};
use sqlx::{Connection, Executor};

use crate::common::{ADMIN, Backend, TestApp, run};
use crate::on_both;

const KEY: &str = "apiKey { id name roles prefix country { code } organization { code } createdAt expiresAt revokedAt }
    userErrors { code field }";
const MINTED: &str = "secret apiKey { id name roles prefix country { code } organization { code } createdAt expiresAt
    revokedAt } userErrors { code field }";
const WHO: &str = "{ viewer { name roles country { code } organization { code } } }";

async fn mint(app: &TestApp, input: Value) -> Value {
    app.mutate(ADMIN, "createApiKey", input, MINTED).await
}

async fn refusal(app: &TestApp, key: &str) -> (u16, Value) {
    let (status, answer) = app.post(Some(key), WHO, json!({})).await;
    assert_eq!(answer.get("data"), None, "{answer:#}");
    (status, answer["errors"][0]["extensions"]["code"].clone())
}

on_both! {
    async fn a_minted_key_signs_in_and_a_revoked_one_does_not(app) {
        let input = json!({ "name": "  Ministry ", "roles": ["FOCAL_POINT", "READER"], "country": "BD" });
        let minted = mint(app, input).await;
        assert_eq!(minted["userErrors"], json!([]), "{minted:#}");
        let (secret, key) = (minted["secret"].as_str().unwrap(), &minted["apiKey"]);
        assert_eq!((key["name"].as_str(), key["country"]["code"].as_str()), (Some("Ministry"), Some("BGD")));
        assert!(secret.starts_with(key["prefix"].as_str().unwrap()) && secret.len() == 47);

        let found = "query($id: ID!) { node(id: $id) { __typename ... on ApiKey { name } } }";
        let node = app.ask(Some(ADMIN), found, json!({ "id": key["id"] })).await;
        assert_eq!(node["node"], json!({ "__typename": "ApiKey", "name": "Ministry" }));
        assert_eq!(app.ask(Some(secret), found, json!({ "id": key["id"] })).await["node"], Value::Null);

        let viewer = &app.ask(Some(secret), WHO, json!({})).await["viewer"];
        assert_eq!(*viewer, json!({
            "name": "Ministry", "roles": ["FOCAL_POINT", "READER"], "country": { "code": "BGD" }, "organization": null,
        }));

        for _ in 0..2 {
            let revoked = app.mutate(ADMIN, "revokeApiKey", json!({ "id": key["id"] }), KEY).await;
            assert_eq!(revoked["apiKey"]["revokedAt"], "2026-11-23T12:00:00.000000Z", "{revoked:#}");
        }
        assert_eq!(refusal(app, secret).await, (401, "UNAUTHENTICATED".into()));
    }

    async fn a_key_expires(app) {
        let input = json!({ "name": "x", "roles": ["READER"], "expiresAt": "2026-11-24T00:00:00Z" });
        let secret = mint(app, input).await["secret"].as_str().unwrap().to_owned();
        app.ask(Some(&secret), WHO, json!({})).await;
        app.clock.set(app.clock.now() + TimeDelta::hours(12));
        assert_eq!(refusal(app, &secret).await, (401, "UNAUTHENTICATED".into()));
    }

    async fn everything_wrong_with_a_key_is_told_at_once(app) {
        let input = json!({
            "name": " ", "roles": ["FOCAL_POINT", "RESPONDER"], "organization": "NOBODY",
            "expiresAt": "2020-01-01T00:00:00Z",
        });
        let payload = mint(app, input).await;
        assert_eq!(payload, json!({ "secret": null, "apiKey": null, "userErrors": [
            { "code": "BLANK", "field": ["name"] },
            { "code": "REQUIRED", "field": ["country"] },
            { "code": "NOT_FOUND", "field": ["organization"] },
            { "code": "OUT_OF_RANGE", "field": ["expiresAt"] },
        ] }));
        let payload = app.mutate(ADMIN, "revokeApiKey", json!({ "id": "nonsense" }), KEY).await;
        assert_eq!(payload["userErrors"], json!([{ "code": "NOT_FOUND", "field": ["id"] }]));
    }

    async fn keys_are_for_administrators(app) {
        let coordinator = app.key(Role::Coordinator, None, None).await;
        let input = json!({ "name": "x", "roles": ["ADMIN"] });
        for (key, code) in [(Some(coordinator.as_str()), "FORBIDDEN"), (None, "UNAUTHENTICATED")] {
            let (status, answer) = app.post(key, "{ apiKeys { totalCount } viewer { name } }", json!({})).await;
            assert_eq!((status, &answer["data"]["apiKeys"]), (200, &Value::Null));
            assert_eq!(answer["errors"][0]["extensions"]["code"], code);
            assert_eq!(app.refused(key, "createApiKey", input.clone()).await, code);
            assert_eq!(app.refused(key, "revokeApiKey", json!({ "id": "x" })).await, code);
        }
    }

    async fn keys_are_listed_the_latest_first(app) {
        for (minute, name) in ["a", "b", "c"].into_iter().enumerate() {
            let after = TimeDelta::minutes(i64::try_from(minute).unwrap() + 1);
            app.clock.set(app.clock.now() + after);
            mint(app, json!({ "name": name, "roles": ["READER"] })).await;
        }
        let list = "query($after: String) { apiKeys(first: 2, after: $after) { totalCount nodes { name }
            pageInfo { hasNextPage endCursor } } }";
        let page = app.ask(Some(ADMIN), list, json!({})).await["apiKeys"].clone();
        assert_eq!(page["nodes"], json!([{ "name": "c" }, { "name": "b" }]));
        assert_eq!((&page["totalCount"], &page["pageInfo"]["hasNextPage"]), (&json!(4), &json!(true)));
        let after = json!({ "after": page["pageInfo"]["endCursor"] });
        let page = app.ask(Some(ADMIN), list, after).await["apiKeys"].clone();
        assert_eq!(page["nodes"], json!([{ "name": "a" }, { "name": "first administrator" }]));
        assert_eq!(page["pageInfo"]["hasNextPage"], json!(false));
    }

    async fn the_use_of_a_key_is_noted_to_the_minute(app) {
        app.clock.set(app.clock.now() + TimeDelta::seconds(90));
        let list = "{ apiKeys { nodes { lastUsedAt } } }";
        let mut noted = Value::Null;
        for _ in 0..100 {
            noted = app.ask(Some(ADMIN), list, json!({})).await["apiKeys"]["nodes"][0]["lastUsedAt"].clone();
            if noted != Value::Null {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(noted, "2026-11-23T12:01:00.000000Z");
    }

    async fn a_key_whose_revocation_was_acknowledged_works_on_no_server(app) {
        let other = app.beside().await;
        let client = reqwest::Client::new();
        let ask = async |url: &str, secret: &str| {
            let body = json!({ "query": "{ viewer { roles } }" });
            let asked = client.post(format!("{url}/graphql")).bearer_auth(secret).json(&body).send();
            asked.await.unwrap().status().as_u16()
        };
        for round in 0..2 {
            let key = mint(app, json!({ "name": format!("round {round}"), "roles": ["READER"] })).await;
            let secret = key["secret"].as_str().unwrap();
            // Both servers go on using it, and know it from memory, until the revocation was acknowledged.
            let is_revoked = std::cell::Cell::new(false);
            let using = async {
                let mut used = 0;
                while !is_revoked.get() {
                    for url in [&app.url, &other.url] {
                        match ask(url, secret).await {
                            200 => used += 1,
                            status => assert_eq!(status, 401),
                        }
                    }
                }
                used
            };
            let revoking = async {
                for url in [&app.url, &other.url] {
                    assert_eq!(ask(url, secret).await, 200);
                }
                let input = json!({ "id": key["apiKey"]["id"] });
                let revoked = app.mutate(ADMIN, "revokeApiKey", input, "apiKey { revokedAt } userErrors { code }").await;
                is_revoked.set(true);
                revoked
            };
            let (used, revoked) = futures_util::future::join(using, revoking).await;
            assert!(used > 0 && revoked["apiKey"]["revokedAt"] != Value::Null, "{revoked:#}");
            for url in [&app.url, &other.url] {
                assert_eq!(ask(url, secret).await, 401, "{url}");
            }
        }
        other.stop().await;
    }
}

/// A server looks keys up before it has read the end of the ledger for the first time, and what was revoked meanwhile comes
/// before that end.
#[test]
fn a_key_that_is_revoked_while_a_server_begins_works_on_it_no_more() {
    run(Backend::Postgres, async |app| {
        let key = mint(app, json!({ "name": "early", "roles": ["READER"] })).await;
        let secret = key["secret"].as_str().unwrap();
        let mut holder = sqlx::PgConnection::connect(&app.database_url()).await.unwrap();
        // What `change_number` waits for, and with it every server that wants to know the end.
        let lock = "(x'4e414d434841494e'::bigint)";
        let [take, leave] = ["pg_advisory_lock", "pg_advisory_unlock"].map(|name| format!("SELECT {name}{lock}"));
        holder.execute(sqlx::AssertSqlSafe(take)).await.unwrap();
        let other = app.beside().await;
        let client = reqwest::Client::new();
        let ask = async || {
            let body = json!({ "query": "{ viewer { roles } }" });
            let asked = client
                .post(format!("{}/graphql", other.url))
                .bearer_auth(secret)
                .json(&body)
                .send();
            asked.await.unwrap().status().as_u16()
        };
        assert_eq!(ask().await, 200);
        let input = json!({ "id": key["apiKey"]["id"] });
        let revoking = app.mutate(ADMIN, "revokeApiKey", input, "userErrors { code }");
        let leaving = async {
            while app.rows("SELECT count(revoked_at)::text FROM api_key").await[0][0].as_deref() == Some("0") {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            holder.execute(sqlx::AssertSqlSafe(leave)).await.unwrap();
        };
        let (revoked, ()) = futures_util::future::join(revoking, leaving).await;
        assert_eq!(revoked["userErrors"], json!([]));
        assert_eq!(ask().await, 401);
        other.stop().await;
    });
}
