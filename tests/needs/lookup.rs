//! Finding contributions, and who has none.

use serde_json::{Value, json};

use crate::common::ADMIN;
use crate::on_both;
use crate::world::World;

on_both! {
    async fn a_contribution_is_found_by_its_id_in_its_source(app) {
        let world = World::new(app).await;
        let request = world.verified("BGD", "HIGH", None, json!([{ "commodity": "GLOVES_EXAM", "quantity": "10" }])).await;
        let mut made = Vec::new();
        for (source, external_id) in [("PIPELINE", "1"), ("PIPELINE", "2"), ("OTHER", "1")] {
            let input = json!({ "item": request["items"][0]["id"], "organization": "WHO", "quantity": "1", "source": source, "externalId": external_id });
            made.push(app.mutate(ADMIN, "createContribution", input, "contribution { id source externalId }").await["contribution"].clone());
        }
        let query = "query($by: ContributionBy!) { contribution(by: $by) { id source externalId } }";
        for one in &made {
            let by = json!({ "by": { "externalId": { "source": one["source"], "externalId": one["externalId"] } } });
            assert_eq!(app.ask(None, query, by).await["contribution"], *one);
        }
        for (source, external_id) in [("OTHER", "2"), ("PIPELINE", "3"), ("pipeline", "1"), ("NOBODY", "1")] {
            let by = json!({ "by": { "externalId": { "source": source, "externalId": external_id } } });
            assert_eq!(app.ask(Some(ADMIN), query, by).await["contribution"], Value::Null, "{source} {external_id}");
        }
    }

    async fn one_query_tells_which_members_critical_needs_no_one_covers(app) {
        let world = World::new(app).await;
        let gloves = |quantity: &str| json!({ "externalId": quantity, "commodity": "GLOVES_EXAM", "quantity": quantity });
        // Whom each gives to, and how far; VAT is no member.
        for (country, priority, quantity, given) in [
            ("BGD", "CRITICAL", "10", None), ("KEN", "CRITICAL", "20", Some("PLEDGED")), ("NGA", "CRITICAL", "30", Some("CANCELLED")),
            ("PER", "CRITICAL", "40", Some("COMMITTED")), ("IND", "CRITICAL", "50", Some("IN_TRANSIT")), ("VEN", "CRITICAL", "60", Some("DELIVERED")),
            ("VAT", "CRITICAL", "70", None), ("IDN", "HIGH", "80", None),
        ] {
            let request = world.verified(country, priority, None, json!([gloves(quantity)])).await;
            if let Some(status) = given {
                world.give(&request["items"][0], "WHO", "1", status).await;
            }
        }
        let ended = world.verified("CUB", "CRITICAL", None, json!([gloves("90")])).await;
        world.take(&ended, "close").await;
        world.submitted("EGY", "CRITICAL", None, json!([gloves("95")])).await;
        let query = "{ requestItems(first: 100, orderBy: [{ field: QUANTITY, direction: DESC }], filter: {
            request: { status: { eq: VERIFIED }, priority: { eq: CRITICAL }, country: { namStatus: { eq: MEMBER } } },
            contributions: { none: { status: { in: [COMMITTED, IN_TRANSIT, DELIVERED] } } } }) {
            totalCount nodes { quantity request { country { code } } } } }";
        let expected = [("NGA", "30"), ("KEN", "20"), ("BGD", "10")];
        let nodes: Vec<Value> = expected.iter().map(|(code, quantity)| json!({ "quantity": quantity, "request": { "country": { "code": code } } })).collect();
        assert_eq!(app.ask(None, query, Value::Null).await["requestItems"], json!({ "totalCount": 3, "nodes": nodes }));
        let query = "{ countries(first: 300, filter: { namStatus: { eq: MEMBER }, assistanceRequests: { some: {
            status: { eq: VERIFIED }, priority: { eq: CRITICAL }, fulfilment: { eq: UNMET } } } }) { nodes { code } } }";
        assert_eq!(app.ask(None, query, Value::Null).await["countries"]["nodes"], json!([{ "code": "BGD" }, { "code": "KEN" }, { "code": "NGA" }]), "the same by country");
    }
}
