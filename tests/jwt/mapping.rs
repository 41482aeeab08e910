//! What claims mean, as the operator says.

use serde_json::json;

use crate::forge::{claims, issuer};
use crate::{on_each, viewer};

#[test]
fn claims_and_names_of_roles_are_the_operators() {
    let mut settings = issuer().settings();
    settings.extend(
        [
            "--jwt-roles-claim=resource_access.needs.roles",
            "--jwt-roles=nam-reader=READER,nam-focal=FOCAL_POINT,nam-donor=RESPONDER",
            "--jwt-country-claim=https://needs.example/country",
            "--jwt-organization-claim=groups.organization",
            "--jwt-name-claim=preferred_username",
        ]
        .map(str::to_owned),
    );
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    on_each(&settings, async |app| {
        let mut claims = claims();
        claims["preferred_username"] = "ada.l".into();
        claims["resource_access"] =
            json!({ "needs": { "roles": ["nam-focal", "nam-donor", "ADMIN", "offline_access"] } });
        claims["https://needs.example/country"] = "KE".into();
        claims["groups"] = json!({ "organization": "WHO" });
        let seen = viewer(app, &issuer().token("rsa", &claims)).await;
        assert_eq!(
            seen,
            json!({ "name": "ada.l", "roles": ["FOCAL_POINT", "RESPONDER"], "country": { "code": "KEN" }, "organization": { "code": "WHO" } })
        );
        claims["https://needs.example/country"] = "ATLANTIS".into();
        claims["groups"] = json!({ "organization": ["WHO", "UNICEF"] });
        let seen = viewer(app, &issuer().token("rsa", &claims)).await;
        assert_eq!(
            seen,
            json!({ "name": "ada.l", "roles": [], "country": null, "organization": null })
        );
    });
}

#[test]
fn a_focal_point_sees_and_writes_its_own_country_alone() {
    let settings = issuer().settings();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    on_each(&settings, async |app| {
        let mut of = claims();
        of["roles"] = json!(["FOCAL_POINT"]);
        of["country"] = "BGD".into();
        let token = issuer().token("ec", &of);
        let mut input = json!({ "country": "BGD", "title": "Oxygen", "priority": "HIGH",
            "items": [{ "commodity": "O2_CONCENTRATOR", "quantity": "1" }] });
        let made = "assistanceRequest { id } userErrors { code }";
        let created = app.mutate(&token, "createAssistanceRequest", input.clone(), made).await;
        assert_eq!(created["userErrors"], json!([]), "{created:#}");
        let count = "{ assistanceRequests { totalCount } }";
        let all = json!({ "assistanceRequests": { "totalCount": 1 } });
        assert_eq!(app.ask(Some(&token), count, json!({})).await, all);
        of["country"] = "KEN".into();
        let other = issuer().token("ec", &of);
        assert_ne!(app.ask(Some(&other), count, json!({})).await, all);
        input["country"] = "KEN".into();
        assert_eq!(
            app.refused(Some(&token), "createAssistanceRequest", input).await,
            "FORBIDDEN"
        );
    });
}
