//! What these tests begin with.

use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp, start_of_tests};
use crate::support::{named, named_with};

pub const GIVEN: &str =
    "contribution { id version status item { id } deliveries { id voided } } userErrors { code message }";
const REQUEST: &str = "assistanceRequest { id version reference status items { id } } userErrors { code message }";

/// Whoever reviews what the administrator asks for.
pub struct World<'a> {
    pub app: &'a TestApp,
    pub coordinator: String,
}

impl<'a> World<'a> {
    pub async fn new(app: &'a TestApp) -> Self {
        let coordinator = app.key(entity::enums::Role::Coordinator, None, None).await;
        Self { app, coordinator }
    }

    /// What a mutation answers that must be done.
    async fn done(&self, key: &str, field: &str, input: Value, selection: &str) -> Value {
        let answer = self.app.mutate(key, field, input, selection).await;
        assert_eq!(answer["userErrors"], json!([]), "{field}: {answer:#}");
        answer
    }

    /// A request that was handed in.
    pub async fn submitted(&self, country: &str, priority: &str, people: Option<i64>, items: Value) -> Value {
        let input = json!({ "country": country, "title": "Asked for", "priority": priority, "peopleInNeed": people, "items": items, "submit": true });
        let made = self.done(ADMIN, "createAssistanceRequest", input, REQUEST).await;
        made["assistanceRequest"].clone()
    }

    /// A VERIFIED one.
    pub async fn verified(&self, country: &str, priority: &str, people: Option<i64>, items: Value) -> Value {
        let request = self.submitted(country, priority, people, items).await;
        self.take(&request, "verify").await
    }

    /// Takes a step with a request.
    pub async fn take(&self, request: &Value, step: &str) -> Value {
        let input = match step {
            "verify" => named(request),
            _ => named_with(request, json!({ "reason": "So it is." })),
        };
        let done = self
            .done(&self.coordinator, &format!("{step}AssistanceRequest"), input, REQUEST)
            .await;
        done["assistanceRequest"].clone()
    }

    /// Gives towards an item; moved on as far as `status` says.
    pub async fn give(&self, item: &Value, organization: &str, quantity: &str, status: &str) -> Value {
        let begin = if status == "PLEDGED" { "PLEDGED" } else { "COMMITTED" };
        let input = json!({ "item": item["id"], "organization": organization, "quantity": quantity, "status": begin });
        let given = self.done(ADMIN, "createContribution", input, GIVEN).await["contribution"].clone();
        match status {
            "IN_TRANSIT" => self.step(&given, "shipContribution").await,
            "DELIVERED" => self.receive(&given, quantity, "0").await,
            "CANCELLED" => self.step(&given, "cancelContribution").await,
            _ => given,
        }
    }

    /// Takes a step with a contribution.
    pub async fn step(&self, given: &Value, field: &str) -> Value {
        let input = named_with(given, json!({ "reason": "So it is." }));
        self.done(ADMIN, field, input, GIVEN).await["contribution"].clone()
    }

    /// Records what was received today.
    pub async fn receive(&self, given: &Value, accepted: &str, rejected: &str) -> Value {
        let today = self.app.clock.now().date_naive().to_string();
        let input = json!({ "acceptedQuantity": accepted, "rejectedQuantity": rejected, "on": today });
        self.done(ADMIN, "recordDelivery", named_with(given, input), GIVEN)
            .await["contribution"]
            .clone()
    }

    /// Voids the delivery that stands at this place.
    pub async fn void(&self, given: &Value, place: usize) -> Value {
        let input =
            json!({ "id": given["deliveries"][place]["id"], "version": given["version"], "reason": "A mistake." });
        self.done(ADMIN, "voidDelivery", input, GIVEN).await["contribution"].clone()
    }

    /// Countries that ask for like and unlike things: some as much as others, some without a price.
    pub async fn fill(&self) {
        let gloves = |quantity: &str, cost: &str| json!({ "commodity": "GLOVES_EXAM", "quantity": quantity, "unitCostUsd": cost });
        let surge =
            |quantity: &str| json!({ "commodity": "HEALTH_WORKER_SURGE", "kind": "PERSONNEL", "quantity": quantity });
        let cash = |quantity: &str| json!({ "category": "HUM.MULTI", "kind": "FUNDING", "quantity": quantity });
        let kits = |quantity: &str| json!({ "category": "SOC.EDU", "kind": "SERVICE", "unit": "KIT", "quantity": quantity, "unitCostUsd": "2.5" });
        for (country, priority, people, items) in [
            (
                "BGD",
                "CRITICAL",
                Some(1_000),
                json!([gloves("1000", "0.1"), surge("12.5")]),
            ),
            ("KEN", "HIGH", None, json!([gloves("1000", "0.1")])),
            ("KEN", "LOW", Some(5), json!([cash("250.001"), kits("7")])),
            ("NGA", "HIGH", Some(70), json!([gloves("1000", "0.1")])),
            ("PER", "LOW", Some(1), json!([surge("3")])),
            ("VAT", "MEDIUM", Some(3), json!([surge("3"), surge("4")])),
            ("VEN", "CRITICAL", Some(9), json!([gloves("1000", "0"), kits("40")])),
            (
                "IND",
                "HIGH",
                Some(12),
                json!([cash("1000000000.999"), { "category": "MED", "unit": "PIECE", "quantity": "0.001", "unitCostUsd": "0.0001" }]),
            ),
        ] {
            let request = self.verified(country, priority, people, items).await;
            let items = request["items"].as_array().unwrap();
            match country {
                "BGD" => {
                    self.give(&items[0], "WHO", "100", "DELIVERED").await;
                    self.give(&items[0], "UNICEF", "300", "COMMITTED").await;
                    self.give(&items[1], "WHO", "2", "PLEDGED").await;
                }
                // Of both the same is covered.
                "NGA" => drop(self.give(&items[0], "WHO", "400", "IN_TRANSIT").await),
                "VEN" => drop(self.give(&items[1], "UNICEF", "16", "DELIVERED").await),
                "IND" => drop(self.give(&items[0], "WHO", "0.001", "DELIVERED").await),
                "PER" => drop(self.take(&request, "close").await),
                _ => {}
            }
        }
        let beyond = self.verified("KEN", "HIGH", Some(100), json!([gloves("5", "1")])).await;
        self.take(&beyond, "withdraw").await;
        self.submitted("KEN", "HIGH", Some(100), json!([gloves("5", "1")]))
            .await;
    }
}

/// The day that lies so many days after the one on which every test begins.
pub fn day(number: i64) -> String {
    (start_of_tests().date_naive() + chrono::TimeDelta::days(number)).to_string()
}
