//! Every role against every mutation and every way to read: what the table of rights says, and nothing beside it.

use std::collections::BTreeSet;

use entity::enums::Role;
use nam_needs::domain::actor::{Actor, Principal};
use nam_needs::domain::rights::{MUTATIONS, Operation, permissions, scope};
use serde_json::{Value, json};

use crate::common::{ADMIN, KEY_HOLDERS, TestApp};
use crate::on_both;
use crate::support::{draft, named, named_with};

/// Somebody who asks: the key that is sent, and the actor that the server should take it for.
struct Caller {
    key: Option<String>,
    actor: Actor,
}

impl Caller {
    fn may(&self, operation: Operation, country: &str, organization: &str) -> bool {
        let organization = Some(organization).filter(|_| {
            // Requests belong to no organization: only contributions do.
            matches!(operation, Operation::WriteContribution | Operation::ReadConfidential)
        });
        scope(&self.actor, operation).holds(Some(country), organization)
    }

    fn called(&self) -> String {
        format!(
            "{:?} of {:?} {:?}",
            self.actor.roles, self.actor.country, self.actor.organization
        )
    }
}

/// Nobody, and every role; focal points of the country in question and of another.
async fn callers(app: &TestApp) -> Vec<Caller> {
    let mut callers = vec![Caller {
        key: None,
        actor: Actor::anonymous(),
    }];
    for (role, country, organization) in KEY_HOLDERS {
        callers.push(Caller {
            key: Some(app.key(role, country, organization).await),
            actor: Actor {
                principal: Principal::System,
                name: None,
                roles: vec![role],
                country: country.map(Into::into),
                organization: organization.map(Into::into),
            },
        });
    }
    callers
}

/// Those who make what the callers then try their hands on, so that nobody meets what one made oneself.
pub struct Makers {
    focal: String,
    coordinator: String,
    responder: String,
    number: std::cell::Cell<u32>,
}

impl Makers {
    pub async fn new(app: &TestApp) -> Self {
        Self {
            focal: app.key(Role::FocalPoint, Some("BGD"), None).await,
            coordinator: app.key(Role::Coordinator, None, None).await,
            responder: app.key(Role::Responder, None, Some("WHO")).await,
            number: std::cell::Cell::default(),
        }
    }

    /// A number that was not given before.
    fn next(&self) -> u32 {
        self.number.set(self.number.get() + 1);
        self.number.get()
    }

    async fn request(&self, app: &TestApp, status: &str) -> Value {
        let of_request = "assistanceRequest { id version items { id } } userErrors { code }";
        let mut request = made(app, &self.focal, "createAssistanceRequest", draft(), of_request).await;
        let way: &[(&str, &str)] = match status {
            "DRAFT" => &[],
            "SUBMITTED" => &[("submit", &self.focal)],
            "RETURNED" => &[("submit", &self.focal), ("return", &self.coordinator)],
            "REJECTED" => &[("submit", &self.focal), ("reject", &self.coordinator)],
            "WITHDRAWN" => &[("withdraw", &self.focal)],
            "VERIFIED" => &[("submit", &self.focal), ("verify", &self.coordinator)],
            "CLOSED" => &[
                ("submit", &self.focal),
                ("verify", &self.coordinator),
                ("close", &self.focal),
            ],
            "WITHDRAWN after VERIFIED" => &[
                ("submit", &self.focal),
                ("verify", &self.coordinator),
                ("withdraw", &self.focal),
            ],
            _ => panic!("{status}"),
        };
        for (step, key) in way {
            let input = match *step {
                "verify" => named(&request),
                _ => named_with(&request, json!({ "reason": "because" })),
            };
            request = made(app, key, &format!("{step}AssistanceRequest"), input, of_request).await;
        }
        request
    }

    async fn contribution(&self, app: &TestApp, status: &str) -> Value {
        let given = "contribution { id version deliveries { id } } userErrors { code }";
        let request = self.request(app, "VERIFIED").await;
        let input = json!({
            "item": request["items"][0]["id"], "organization": "WHO", "quantity": 10, "note": "hush",
            "status": if status == "PLEDGED" { "PLEDGED" } else { "COMMITTED" },
        });
        let contribution = made(app, &self.responder, "createContribution", input, given).await;
        if status != "DELIVERED" {
            return contribution;
        }
        let input = named_with(&contribution, json!({ "trackingReference": "AWB 1" }));
        let contribution = made(app, &self.responder, "updateContribution", input, given).await;
        let receipt = json!({
            "acceptedQuantity": 9, "rejectedQuantity": 1, "rejectReason": "broken", "note": "wet", "on": "2026-11-23",
        });
        made(
            app,
            &self.focal,
            "recordDelivery",
            named_with(&contribution, receipt),
            given,
        )
        .await
    }

    /// A valid input of the mutation, on a fresh object of Bangladesh or WHO, and the right that one needs to see it.
    pub async fn input(&self, app: &TestApp, mutation: &str) -> (Value, Operation) {
        let number = self.next();
        let code = format!("X{number}");
        let reason = json!({ "reason": "because" });
        let input = match mutation {
            "createAssistanceRequest" => draft(),
            "importAssistanceRequests" => {
                let mut row = draft();
                row["externalId"] = code.into();
                json!({ "source": "ministry", "rows": [row] })
            }
            "updateAssistanceRequest" => named_with(&self.request(app, "DRAFT").await, json!({ "title": "Another" })),
            "submitAssistanceRequest" | "withdrawAssistanceRequest" => {
                named_with(&self.request(app, "DRAFT").await, reason)
            }
            "verifyAssistanceRequest" => named(&self.request(app, "SUBMITTED").await),
            "confirmAssistanceRequest" | "returnAssistanceRequest" | "rejectAssistanceRequest" => {
                named_with(&self.request(app, "SUBMITTED").await, reason)
            }
            "closeAssistanceRequest" => named_with(&self.request(app, "VERIFIED").await, reason),
            "createContribution" => {
                let request = self.request(app, "VERIFIED").await;
                json!({ "item": request["items"][0]["id"], "organization": "WHO", "quantity": 1 })
            }
            "updateContribution" => named_with(&self.contribution(app, "PLEDGED").await, json!({ "quantity": 2 })),
            "commitContribution" => named(&self.contribution(app, "PLEDGED").await),
            "shipContribution" => named(&self.contribution(app, "COMMITTED").await),
            "cancelContribution" => named_with(&self.contribution(app, "COMMITTED").await, reason),
            "recordDelivery" => {
                let receipt = json!({ "acceptedQuantity": 10, "on": "2026-11-23" });
                named_with(&self.contribution(app, "COMMITTED").await, receipt)
            }
            "voidDelivery" => {
                let contribution = self.contribution(app, "DELIVERED").await;
                json!({
                    "id": contribution["deliveries"][0]["id"], "version": contribution["version"], "reason": "twice",
                })
            }
            "createCountry" => {
                let letter = |place: u32| char::from(b'A' + u8::try_from(number / place % 26).unwrap());
                let iso2 = format!("X{}", letter(1));
                json!({
                    "code": format!("X{}{}", letter(26), letter(1)), "iso2": iso2, "m49": format!("{:03}", 900 + number % 99),
                    "name": format!("Country {number}"), "namStatus": "NONE",
                })
            }
            "createNeedCategory" => json!({ "code": code, "domain": "MEDICAL", "name": "New" }),
            "createCommodity" => json!({ "code": code, "category": "HUM.MULTI", "name": "New", "unit": "PIECE" }),
            "createOrganization" => json!({ "code": code, "name": "New", "kind": "NGO" }),
            "updateCountry" => self.reference(app, "country(code: \"BGD\")", number).await,
            "updateNeedCategory" => self.reference(app, "needCategory(code: \"HUM.MULTI\")", number).await,
            "updateCommodity" => self.reference(app, "commodity(code: \"GLOVES_EXAM\")", number).await,
            "updateOrganization" => self.reference(app, "organization(code: \"WHO\")", number).await,
            "createApiKey" => json!({ "name": code, "roles": ["READER"] }),
            "revokeApiKey" => {
                let input = json!({ "name": code, "roles": ["READER"] });
                let key = app.mutate(ADMIN, "createApiKey", input, "apiKey { id }").await;
                json!({ "id": key["apiKey"]["id"] })
            }
            _ => panic!("no input for {mutation}: write one"),
        };
        let sight = match mutation {
            "updateAssistanceRequest" | "submitAssistanceRequest" | "withdrawAssistanceRequest" => Operation::ReadDraft,
            "confirmAssistanceRequest"
            | "verifyAssistanceRequest"
            | "returnAssistanceRequest"
            | "rejectAssistanceRequest" => Operation::ReadSubmitted,
            _ => Operation::ReadPublic,
        };
        (input, sight)
    }

    async fn reference(&self, app: &TestApp, field: &str, number: u32) -> Value {
        let found = app
            .ask(Some(ADMIN), &format!("{{ it: {field} {{ id version }} }}"), json!({}))
            .await;
        named_with(&found["it"], json!({ "name": format!("Name {number}") }))
    }
}

async fn made(app: &TestApp, key: &str, mutation: &str, input: Value, selection: &str) -> Value {
    let payload = app.mutate(key, mutation, input, selection).await;
    assert_eq!(payload["userErrors"], json!([]), "{mutation}: {payload:#}");
    let object = selection.split(' ').next().unwrap();
    payload[object].clone()
}

/// What became of a mutation: the code of an error, the codes and paths of user errors, or "done".
async fn outcome(app: &TestApp, key: Option<&str>, mutation: &str, input: &Value) -> String {
    let answer = app
        .attempt(key, mutation, input.clone(), "userErrors { code field }")
        .await;
    if let Some(code) = answer["errors"][0]["extensions"]["code"].as_str() {
        assert_eq!(answer["data"][mutation], Value::Null);
        return code.into();
    }
    let errors = answer["data"][mutation]["userErrors"].as_array().unwrap();
    match errors.first() {
        Some(error) => format!("{} {}", error["code"].as_str().unwrap(), error["field"]),
        None => "done".into(),
    }
}

fn expected(caller: &Caller, mutation: &str, operation: Operation, sight: Operation) -> String {
    if !caller.actor.is_signed_in() {
        return "UNAUTHENTICATED".into();
    }
    if scope(&caller.actor, operation).is_nothing() {
        return "FORBIDDEN".into();
    }
    let refused = if mutation == "importAssistanceRequests" {
        // Each row lands or fails on its own.
        r#"INVALID ["rows","0","country"]"#
    } else if !caller.may(sight, "BGD", "WHO") {
        r#"NOT_FOUND ["id"]"#
    } else {
        "FORBIDDEN"
    };
    let done = caller.may(operation, "BGD", "WHO");
    (if done { "done" } else { refused }).into()
}

/// The names of the mutations of a schema, read from its SDL.
fn mutations_of(sdl: &str) -> BTreeSet<String> {
    let body = sdl
        .split("\ntype Mutation {\n")
        .nth(1)
        .unwrap()
        .split("\n}")
        .next()
        .unwrap();
    body.lines()
        .filter_map(|line| line.strip_prefix('\t')?.strip_suffix('('))
        .filter(|name| name.chars().all(char::is_alphanumeric))
        .map(Into::into)
        .collect()
}

const SECRET: &str = "Quinquereme";

/// A SUBMITTED, a DRAFT and other requests that not everybody sees, each with the secret in its title.
async fn hidden(app: &TestApp, makers: &Makers, status: &str) -> Value {
    let mut input = draft();
    let number = makers.next();
    input["title"] = format!("{SECRET} {number}").into();
    input["source"] = "vault".into();
    input["externalId"] = number.to_string().into();
    let of_request = "assistanceRequest { id reference version externalId items { id } } userErrors { code }";
    let mut request = made(app, &makers.focal, "createAssistanceRequest", input, of_request).await;
    let steps: &[(&str, &str)] = match status {
        "SUBMITTED" => &[("submit", &makers.focal)],
        "RETURNED" => &[("submit", &makers.focal), ("return", &makers.coordinator)],
        "REJECTED" => &[("submit", &makers.focal), ("reject", &makers.coordinator)],
        "WITHDRAWN" => &[("submit", &makers.focal), ("withdraw", &makers.focal)],
        _ => &[],
    };
    for (step, key) in steps {
        let input = named_with(&request, json!({ "reason": "because" }));
        request = made(app, key, &format!("{step}AssistanceRequest"), input, of_request).await;
    }
    request
}

on_both! {
    async fn every_role_may_call_exactly_the_mutations_of_the_table(app) {
        let makers = Makers::new(app).await;
        let callers = callers(app).await;
        for (mutation, operation) in MUTATIONS {
            let (mut input, mut sight) = makers.input(app, mutation).await;
            for caller in &callers {
                let outcome = outcome(app, caller.key.as_deref(), mutation, &input).await;
                let expected = expected(caller, mutation, operation, sight);
                assert_eq!(outcome, expected, "{mutation} by {}", caller.called());
                if outcome == "done" {
                    (input, sight) = makers.input(app, mutation).await;
                }
            }
        }
    }

    async fn the_viewer_is_told_the_permissions_of_the_table(app) {
        for caller in callers(app).await {
            let answer = app.ask(caller.key.as_deref(), "{ viewer { roles permissions } }", json!({})).await;
            assert_eq!(answer["viewer"]["permissions"], json!(permissions(&caller.actor)), "{}", caller.called());
        }
    }

    async fn what_has_not_been_verified_exists_for_those_of_the_table_alone(app) {
        let makers = Makers::new(app).await;
        let callers = callers(app).await;
        for (status, sight) in [
            ("DRAFT", Operation::ReadDraft),
            ("SUBMITTED", Operation::ReadSubmitted),
            ("RETURNED", Operation::ReadDraft),
            ("REJECTED", Operation::ReadDraft),
            ("WITHDRAWN", Operation::ReadDraft),
        ] {
            let request = hidden(app, &makers, status).await;
            let reads = r#"query($id: ID!, $item: ID!, $reference: String!, $externalId: String!) {
                byId: assistanceRequest(by: { id: $id }) { id }
                byReference: assistanceRequest(by: { reference: $reference }) { id }
                byExternalId: assistanceRequest(by: { externalId: { source: "vault", externalId: $externalId } }) { id }
                node(id: $id) { id }
                item: node(id: $item) { id }
                nodes(ids: [$id]) { id }
                list: assistanceRequests(filter: { reference: { eq: $reference } }) { totalCount nodes { id } }
                items: requestItems(filter: { request: { reference: { eq: $reference } } }) { totalCount nodes { id } }
                country(code: "BGD") {
                    assistanceRequests(filter: { reference: { eq: $reference } }) { totalCount nodes { id } }
                }
                search(query: $reference) { totalCount nodes { __typename } }
                some: countries(filter: { assistanceRequests: { some: { reference: { eq: $reference } } } }) { totalCount }
                none: countries(filter: { assistanceRequests: { none: { reference: { eq: $reference } } } }) { totalCount }
                every: countries(filter: { assistanceRequests: { every: { not: { reference: { eq: $reference } } } } }) { totalCount }
                all: countries { totalCount }
            }"#;
            let variables = json!({
                "id": request["id"], "item": request["items"][0]["id"], "reference": request["reference"],
                "externalId": request["externalId"],
            });
            for caller in &callers {
                let sees = caller.may(sight, "BGD", "WHO");
                let seen = app.ask(caller.key.as_deref(), reads, variables.clone()).await;
                let found = |object: &Value| object.is_object();
                let looked_up = [&seen["byId"], &seen["byReference"], &seen["byExternalId"], &seen["node"], &seen["item"], &seen["nodes"][0]];
                assert_eq!(looked_up.map(found), [sees; 6], "{status} {}: {seen:#}", caller.called());
                let count = i64::from(sees);
                let all = seen["all"]["totalCount"].as_i64().unwrap();
                let counts = [
                    (&seen["list"]["totalCount"], count),
                    (&seen["items"]["totalCount"], 3 * count),
                    (&seen["country"]["assistanceRequests"]["totalCount"], count),
                    (&seen["search"]["totalCount"], count),
                    (&seen["some"]["totalCount"], count),
                    (&seen["none"]["totalCount"], all - count),
                    (&seen["every"]["totalCount"], all - count),
                ];
                for (index, (is, should)) in counts.into_iter().enumerate() {
                    assert_eq!(*is, json!(should), "{index} of {status} {}: {seen:#}", caller.called());
                }
            }
        }
        // All five at once, by what stands in them.
        let leaks = r#"query($secret: String!) {
            search(query: $secret) { totalCount }
            requests: assistanceRequests(filter: { text: $secret }) { totalCount }
            items: requestItems(filter: { request: { title: { contains: $secret } } }) { totalCount }
            countries(filter: { assistanceRequests: { some: { title: { contains: $secret } } } }) { totalCount }
            organizations(filter: { country: { assistanceRequests: { some: { title: { contains: $secret } } } } }) { totalCount }
        }"#;
        for caller in &callers {
            let sees = [Operation::ReadSubmitted, Operation::ReadDraft].map(|sight| caller.may(sight, "BGD", "WHO"));
            let count = i32::from(sees[0]) + 4 * i32::from(sees[1]);
            let seen = app.ask(caller.key.as_deref(), leaks, json!({ "secret": SECRET })).await;
            let counts = ["search", "requests", "items", "countries", "organizations"].map(|list| seen[list]["totalCount"].clone());
            let any = i32::from(count > 0);
            let organizations = &seen["organizations"]["totalCount"];
            assert_eq!(counts[..4], [json!(count), json!(count), json!(3 * count), json!(any)], "{}", caller.called());
            assert!(any == 1 || *organizations == 0, "{organizations}");
        }
    }

    async fn what_was_verified_exists_for_everybody_also_after_its_end(app) {
        let makers = Makers::new(app).await;
        for status in ["VERIFIED", "CLOSED", "WITHDRAWN after VERIFIED"] {
            let request = makers.request(app, status).await;
            for caller in callers(app).await {
                let query = "query($id: ID!) { node(id: $id) { id } }";
                let seen = app.ask(caller.key.as_deref(), query, json!({ "id": request["id"] })).await;
                assert!(seen["node"].is_object(), "{status} {}", caller.called());
            }
        }
    }

    async fn contact_and_confidences_are_for_those_of_the_table_alone(app) {
        let makers = Makers::new(app).await;
        let contribution = makers.contribution(app, "DELIVERED").await;
        let fields = "note trackingReference deliveries { note rejectReason } request { contact { name } }";
        let query = format!(
            "query($id: ID!) {{ contribution(by: {{ id: $id }}) {{ {fields} }}
                node(id: $id) {{ ... on Contribution {{ {fields} }} }}
                contributions(first: 1) {{ nodes {{ {fields} }} }}
                organization(code: \"WHO\") {{ contributions(first: 1) {{ nodes {{ {fields} }} }} }}
                assistanceRequests(first: 1) {{ nodes {{ contributions(first: 1) {{ nodes {{ {fields} }} }} items {{ contributions(first: 1) {{ nodes {{ {fields} }} }} }} }} }} }}"
        );
        for caller in callers(app).await {
            let seen = app.ask(caller.key.as_deref(), &query, json!({ "id": contribution["id"] })).await;
            let request = &seen["assistanceRequests"]["nodes"][0];
            let places = [
                &seen["contribution"],
                &seen["node"],
                &seen["contributions"]["nodes"][0],
                &seen["organization"]["contributions"]["nodes"][0],
                &request["contributions"]["nodes"][0],
                &request["items"][0]["contributions"]["nodes"][0],
            ];
            let confidences = caller.may(Operation::ReadConfidential, "BGD", "WHO");
            let contact = caller.may(Operation::ReadContact, "BGD", "WHO");
            for place in places {
                let told = |value: &Value| value.is_string();
                let delivery = &place["deliveries"][0];
                let confidential = [&place["note"], &place["trackingReference"], &delivery["note"], &delivery["rejectReason"]];
                assert_eq!(confidential.map(told), [confidences; 4], "{}: {place:#}", caller.called());
                assert_eq!(place["request"]["contact"].is_object(), contact, "{}: {place:#}", caller.called());
            }
        }
    }

    async fn keys_exist_for_administrators_alone(app) {
        let listed = app.ask(Some(ADMIN), "{ apiKeys { nodes { id } } }", json!({})).await;
        let id = &listed["apiKeys"]["nodes"][0]["id"];
        for caller in callers(app).await {
            let manages = caller.may(Operation::ManageKeys, "BGD", "WHO");
            let query = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }";
            let seen = app.ask(caller.key.as_deref(), query, json!({ "id": id })).await;
            assert_eq!([&seen["node"], &seen["nodes"][0]].map(Value::is_object), [manages; 2], "{}", caller.called());
            let (_, answer) = app.post(caller.key.as_deref(), "{ apiKeys { totalCount } }", json!({})).await;
            let code = answer["errors"][0]["extensions"]["code"].as_str();
            let expected = match (manages, caller.actor.is_signed_in()) {
                (true, _) => None,
                (false, true) => Some("FORBIDDEN"),
                (false, false) => Some("UNAUTHENTICATED"),
            };
            assert_eq!(code, expected, "{}", caller.called());
        }
    }

    async fn a_taken_origin_says_nothing_of_what_its_viewer_may_not_see(app) {
        let makers = Makers::new(app).await;
        let request = hidden(app, &makers, "DRAFT").await;
        let stranger = app.key(Role::FocalPoint, Some("KEN"), None).await;
        let mut input = draft();
        input["country"] = "KEN".into();
        input["source"] = "vault".into();
        input["externalId"] = request["externalId"].clone();
        let all = "assistanceRequest { id } userErrors { code message field params { name value } }";
        let payload = app.mutate(&stranger, "createAssistanceRequest", input, all).await;
        assert_eq!(payload["userErrors"][0]["code"], "DUPLICATE");
        assert_eq!(payload["assistanceRequest"], Value::Null);
        let told = payload.to_string();
        for secret in ["BGD", SECRET, request["id"].as_str().unwrap(), request["reference"].as_str().unwrap()] {
            assert!(!told.contains(secret), "{told}");
        }
    }
}

#[test]
fn every_mutation_of_the_schema_has_a_row_in_the_table() {
    let sdl = include_str!("../../schema.graphql");
    let table: BTreeSet<String> = MUTATIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(mutations_of(sdl), table);
}
