//! Every state of a contribution, every step, and everybody who may try it: the tables are written out by hand.

use serde_json::{Value, json};

use crate::common::{ADMIN, KEY_HOLDERS, TestApp};
use crate::on_both;
use crate::support::named_with;
use crate::world::World;

/// Those who may try: nobody, and one of each role that matters to a contribution of WHO to Bangladesh. `w` writes it,
/// `r` receives it.
const CALLERS: [(&str, &str); 8] = [
    ("anonymous", ""),
    ("reader", ""),
    ("responder of WHO", "w"),
    ("responder of UNICEF", ""),
    ("focal point of BGD", "r"),
    ("focal point of KEN", ""),
    ("coordinator", "wr"),
    ("administrator", "wr"),
];

/// The steps: the mutation, what it is of (above), and what it does. A delivery is of 2 accepted and 1 refused of 10.
const STEPS: [(&str, &str); 7] = [
    ("updateContribution", "w"),
    ("commitContribution", "w"),
    ("shipContribution", "w"),
    ("cancelContribution", "w"),
    ("recordDelivery of a part", "r"),
    ("recordDelivery of the rest", "r"),
    ("voidDelivery", "r"),
];

/// The states, how each is reached, and the status after each step: `-` is INVALID_TRANSITION, `.` a step that can't be
/// named, as there never was a delivery.
const TABLE: [(&str, &[&str], [&str; 7]); 12] = [
    (
        "PLEDGED",
        &["pledge"],
        ["PLEDGED", "COMMITTED", "-", "CANCELLED", "-", "-", "."],
    ),
    (
        "COMMITTED",
        &["commit"],
        [
            "COMMITTED",
            "-",
            "IN_TRANSIT",
            "CANCELLED",
            "IN_TRANSIT",
            "DELIVERED",
            ".",
        ],
    ),
    (
        "COMMITTED",
        &["commit", "part", "void"],
        [
            "COMMITTED",
            "-",
            "IN_TRANSIT",
            "CANCELLED",
            "IN_TRANSIT",
            "DELIVERED",
            "-",
        ],
    ),
    (
        "IN_TRANSIT",
        &["commit", "ship"],
        ["IN_TRANSIT", "-", "-", "CANCELLED", "IN_TRANSIT", "DELIVERED", "."],
    ),
    (
        "IN_TRANSIT",
        &["commit", "ship", "part", "void"],
        ["IN_TRANSIT", "-", "-", "CANCELLED", "IN_TRANSIT", "DELIVERED", "-"],
    ),
    (
        "IN_TRANSIT",
        &["commit", "part"],
        ["IN_TRANSIT", "-", "-", "-", "IN_TRANSIT", "DELIVERED", "COMMITTED"],
    ),
    (
        "IN_TRANSIT",
        &["commit", "ship", "part"],
        ["IN_TRANSIT", "-", "-", "-", "IN_TRANSIT", "DELIVERED", "IN_TRANSIT"],
    ),
    (
        "DELIVERED",
        &["commit", "rest"],
        ["-", "-", "-", "-", "-", "-", "COMMITTED"],
    ),
    (
        "DELIVERED",
        &["commit", "ship", "part", "rest"],
        ["-", "-", "-", "-", "-", "-", "IN_TRANSIT"],
    ),
    ("CANCELLED", &["pledge", "cancel"], ["-", "-", "-", "-", "-", "-", "."]),
    (
        "CANCELLED",
        &["commit", "part", "void", "cancel"],
        ["-", "-", "-", "-", "-", "-", "-"],
    ),
    // Of a request that has ended.
    (
        "DELIVERED",
        &["commit", "rest", "close"],
        ["-", "-", "-", "-", "-", "-", "-"],
    ),
];

struct Table<'a> {
    world: World<'a>,
    keys: Vec<Option<String>>,
}

impl<'a> Table<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let mut keys = vec![None];
        for (role, country, organization) in KEY_HOLDERS {
            keys.push(Some(app.key(role, country, organization).await));
        }
        Self {
            world: World::new(app).await,
            keys,
        }
    }

    /// A contribution of 10 that was brought there.
    async fn reach(&self, way: &[&str]) -> Value {
        let world = &self.world;
        let items = json!([{ "commodity": "GLOVES_EXAM", "quantity": "10" }]);
        let request = world.verified("BGD", "HIGH", None, items).await;
        let mut given = Value::Null;
        for step in way {
            given = match *step {
                "pledge" => world.give(&request["items"][0], "WHO", "10", "PLEDGED").await,
                "commit" => world.give(&request["items"][0], "WHO", "10", "COMMITTED").await,
                "ship" => world.step(&given, "shipContribution").await,
                "cancel" => world.step(&given, "cancelContribution").await,
                "part" => world.receive(&given, "2", "1").await,
                "rest" => {
                    let received = given["deliveries"].as_array().unwrap().len() * 3;
                    world.receive(&given, &(10 - received).to_string(), "0").await
                }
                "void" => world.void(&given, 0).await,
                _ => {
                    world.take(&request, "close").await;
                    given
                }
            };
        }
        given
    }

    /// Tries a step; the status that the contribution then has, or the code by which it was refused.
    async fn attempt(&self, key: Option<&str>, given: &Value, step: &str) -> String {
        let today = self.world.app.clock.now().date_naive().to_string();
        let received: usize = given["deliveries"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|part| part["voided"] == false)
            .count()
            * 3;
        let delivery = |accepted: usize, rejected: usize| json!({ "acceptedQuantity": accepted.to_string(), "rejectedQuantity": rejected.to_string(), "on": today });
        let (field, what) = step.split_once(" of ").unwrap_or((step, ""));
        let input = match (field, what) {
            ("updateContribution", _) => named_with(given, json!({ "note": "Changed." })),
            ("recordDelivery", "a part") => named_with(given, delivery(2, 1)),
            ("recordDelivery", _) => named_with(given, delivery(10_usize.saturating_sub(received).max(1), 0)),
            ("voidDelivery", _) => {
                json!({ "id": given["deliveries"][0]["id"], "version": given["version"], "reason": "A mistake." })
            }
            _ => named_with(given, json!({ "reason": "So it is." })),
        };
        let answer = self
            .world
            .app
            .attempt(key, field, input, "contribution { status } userErrors { code }")
            .await;
        let code = answer["errors"][0]["extensions"]["code"]
            .as_str()
            .or_else(|| answer["data"][field]["userErrors"][0]["code"].as_str());
        let status = || {
            answer["data"][field]["contribution"]["status"]
                .as_str()
                .expect("a contribution")
        };
        code.unwrap_or_else(status).to_owned()
    }
}

/// What must come of it: a status, or a code.
fn expected<'a>(caller: &str, rights: &str, needs: &str, cell: &'a str) -> &'a str {
    match cell {
        _ if caller == "anonymous" => "UNAUTHENTICATED",
        _ if !rights.contains(needs) => "FORBIDDEN",
        "-" => "INVALID_TRANSITION",
        status => status,
    }
}

on_both! {
    async fn each_step_is_open_in_its_states_to_its_roles(app) {
        let table = Table::new(app).await;
        for (state, way, cells) in TABLE {
            let mut given = table.reach(way).await;
            for ((step, needs), cell) in STEPS.iter().zip(cells).filter(|(_, cell)| *cell != ".") {
                for ((caller, rights), key) in CALLERS.iter().zip(&table.keys) {
                    let expected = expected(caller, rights, needs, cell);
                    let what = format!("{state} by {way:?}: {step} by the {caller}");
                    assert_eq!(table.attempt(key.as_deref(), &given, step).await, expected, "{what}");
                    if expected == cell {
                        // It was done: the next one tries it on another.
                        given = table.reach(way).await;
                    } else {
                        let query = "query($id: ID!) { node(id: $id) { ... on Contribution { status version } } }";
                        let seen = app.ask(None, query, json!({ "id": given["id"] })).await;
                        assert_eq!(seen["node"], json!({ "status": state, "version": given["version"] }), "{what}: nothing was done");
                    }
                }
            }
        }
    }

    async fn who_asks_is_told_the_steps_of_the_same_table(app) {
        let table = Table::new(app).await;
        for (state, way, cells) in TABLE {
            let given = table.reach(way).await;
            for ((caller, rights), key) in CALLERS.iter().zip(&table.keys) {
                let open = STEPS.iter().zip(cells).filter(|((_, needs), cell)| rights.contains(needs) && !["-", "."].contains(cell));
                let mut open: Vec<&str> = open.map(|((step, _), _)| step.split(' ').next().unwrap()).collect();
                open.dedup();
                let query = "query($id: ID!) { contribution(by: { id: $id }) { availableSteps } }";
                let seen = app.ask(key.as_deref(), query, json!({ "id": given["id"] })).await;
                assert_eq!(seen["contribution"]["availableSteps"], json!(open), "{state} by {way:?}: the {caller}");
            }
        }
    }

    async fn what_is_given_begins_at_an_item_of_a_verified_request(app) {
        let table = Table::new(app).await;
        let world = &table.world;
        let items = || json!([{ "commodity": "GLOVES_EXAM", "quantity": "10" }]);
        let draft = json!({ "country": "BGD", "title": "Not yet", "priority": "LOW", "items": items() });
        let draft = app.mutate(ADMIN, "createAssistanceRequest", draft, "assistanceRequest { id version items { id } }").await["assistanceRequest"].clone();
        let submitted = || world.submitted("BGD", "LOW", None, items());
        let verified = || world.verified("BGD", "LOW", None, items());
        // To the responder of WHO, to that of UNICEF, and to coordinators and administrators. Who may not see it can't tell it from none.
        for (what, request, codes) in [
            ("DRAFT", draft, ["NOT_FOUND", "NOT_FOUND", "INVALID_TRANSITION"]),
            ("RETURNED", world.take(&submitted().await, "return").await, ["NOT_FOUND", "NOT_FOUND", "INVALID_TRANSITION"]),
            ("REJECTED", world.take(&submitted().await, "reject").await, ["NOT_FOUND", "NOT_FOUND", "INVALID_TRANSITION"]),
            ("SUBMITTED", submitted().await, ["INVALID_TRANSITION", "FORBIDDEN", "INVALID_TRANSITION"]),
            ("VERIFIED", verified().await, ["", "FORBIDDEN", ""]),
            ("CLOSED", world.take(&verified().await, "close").await, ["INVALID_TRANSITION", "FORBIDDEN", "INVALID_TRANSITION"]),
            ("WITHDRAWN", world.take(&verified().await, "withdraw").await, ["INVALID_TRANSITION", "FORBIDDEN", "INVALID_TRANSITION"]),
        ] {
            for ((caller, rights), key) in CALLERS.iter().zip(&table.keys) {
                let [who, unicef, all] = codes;
                let expected = match *caller {
                    "anonymous" => "UNAUTHENTICATED",
                    "responder of WHO" => who,
                    "responder of UNICEF" => unicef,
                    _ if rights.contains('w') => all,
                    _ => "FORBIDDEN",
                };
                for status in ["PLEDGED", "COMMITTED"] {
                    let input = json!({ "item": request["items"][0]["id"], "organization": "WHO", "quantity": "1", "status": status });
                    let answer = app.attempt(key.as_deref(), "createContribution", input, "contribution { status } userErrors { code }").await;
                    let payload = &answer["data"]["createContribution"];
                    let code = answer["errors"][0]["extensions"]["code"].as_str().or_else(|| payload["userErrors"][0]["code"].as_str());
                    assert_eq!(code.unwrap_or_default(), expected, "{what}: {status} by the {caller}: {answer}");
                    assert_eq!(payload["contribution"]["status"] == status, expected.is_empty());
                }
            }
        }
        for status in ["IN_TRANSIT", "DELIVERED", "CANCELLED"] {
            let input = json!({ "item": verified().await["items"][0]["id"], "organization": "WHO", "quantity": "1", "status": status });
            let answer = app.mutate(ADMIN, "createContribution", input, "userErrors { code field }").await;
            assert_eq!(answer["userErrors"], json!([{ "code": "INVALID", "field": ["status"] }]), "{status}");
        }
    }

    async fn a_delivery_is_no_more_than_is_open_and_of_something(app) {
        let table = Table::new(app).await;
        let given = table.reach(&["commit", "part"]).await;
        for (accepted, rejected, on, code) in [
            ("7.001", "0", "2026-11-23", "OUT_OF_RANGE"), ("7", "0.001", "2026-11-23", "OUT_OF_RANGE"), ("0", "7.001", "2026-11-23", "OUT_OF_RANGE"),
            ("0", "0", "2026-11-23", "OUT_OF_RANGE"), ("-1", "2", "2026-11-23", "OUT_OF_RANGE"), ("1", "0", "2026-11-24", "OUT_OF_RANGE"), ("1", "0", "2026-11-22", "OUT_OF_RANGE"),
        ] {
            let input = named_with(&given, json!({ "acceptedQuantity": accepted, "rejectedQuantity": rejected, "on": on }));
            let answer = app.mutate(ADMIN, "recordDelivery", input, "userErrors { code }").await;
            assert_eq!(answer["userErrors"][0]["code"], code, "{accepted} and {rejected} on {on}: {answer}");
        }
        let below = named_with(&given, json!({ "quantity": "2.999" }));
        let answer = app.mutate(ADMIN, "updateContribution", below, "userErrors { code }").await;
        assert_eq!(answer["userErrors"], json!([{ "code": "BELOW_RECEIVED" }]));
        let exact = named_with(&given, json!({ "quantity": "3" }));
        let answer = app.mutate(ADMIN, "updateContribution", exact, "contribution { status deliveredQuantity rejectedQuantity } userErrors { code }").await;
        assert_eq!(answer["contribution"], json!({ "status": "DELIVERED", "deliveredQuantity": "2", "rejectedQuantity": "1" }));
    }
}
