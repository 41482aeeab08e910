//! What is asked, of whom.

/// A query, and the plain SQL that reads the same rows.
pub struct Workload {
    pub name: &'static str,
    pub query: &'static str,
    pub sql: Option<&'static str>,
    /// The same asked of `flat.rs`: its name, and what it is told.
    flat: Option<&'static str>,
    /// The same asked of those of `benches/peers/peers.mjs` that share a schema.
    shared: Option<&'static str>,
    /// The same asked of PostGraphile, in the schema that it makes of the database: quantities in thousandths. Sums of its own
    /// it has by a plugin only.
    postgraphile: Option<&'static str>,
    /// The same asked of Seaography, in the schema that it makes of entities: quantities in thousandths. It has no sums, and
    /// its cursors are of the order by the key alone.
    seaography: Option<&'static str>,
}

impl Workload {
    /// The same asked of a peer, if it can be.
    pub fn asked_of(&self, peer: &str) -> Option<&'static str> {
        match peer {
            "flat" => self.flat,
            "postgraphile" => self.postgraphile,
            "seaography" => self.seaography,
            _ => self.shared,
        }
    }
}

/// What is asked of a peer that has cursors of its own for that of its row `$before`, and where in the answer it stands.
pub fn cursor_of(peer: &str) -> Option<(&'static str, &'static str)> {
    match peer {
        "postgraphile" => Some((
            "query($before: Int!) { allAssistanceRequests(first: 1, offset: $before) { edges { cursor } } }",
            "/allAssistanceRequests/edges/0/cursor",
        )),
        "seaography" => Some((
            "query($before: Int!) { assistanceRequests(orderBy: { id: ASC }, pagination: { offset: { offset: $before, limit: 1 } }) {
                pageInfo { endCursor } } }",
            "/assistanceRequests/pageInfo/endCursor",
        )),
        _ => None,
    }
}

pub const WORKLOADS: [Workload; 8] = [
    Workload {
        name: "Q1 one request with its country",
        query: "query($id: ID!) { assistanceRequest(by: { id: $id }) { id reference title status priority neededBy peopleInNeed country { code name } } }",
        sql: Some("SELECT id, reference, title, status, priority, needed_by, people_in_need, country_code
            FROM assistance_request WHERE id = $1 AND verified_at IS NOT NULL"),
        flat: Some("Q1($raw: ID!)"),
        shared: Some("query($raw: ID!) { assistanceRequest(id: $raw) { id reference title status priority neededBy peopleInNeed country { code name } } }"),
        postgraphile: Some("query($raw: UUID!) { assistanceRequestByRowId(rowId: $raw) { rowId reference title status priority neededBy peopleInNeed
            countryByCountryCode { code name } } }"),
        seaography: Some("query($raw: String!) { assistanceRequest(id: $raw) { id reference title status priority neededBy peopleInNeed
            country { code name } } }"),
    },
    Workload {
        name: "Q2 page of 50, three levels",
        query: "{ assistanceRequests(first: 50) { nodes { id title country { name } items { quantity category { name }
            commodity { name } committedQuantity uncoveredQuantity contributions(first: 2) { nodes { status quantity } } } } } }",
        sql: None,
        flat: Some("Q2"),
        shared: Some("{ assistanceRequests(first: 50) { nodes { id title country { name } items { quantity category { name }
            commodity { name } committedQuantity uncoveredQuantity contributions(first: 2) { status quantity } } } } }"),
        postgraphile: Some("{ allAssistanceRequests(first: 50) { nodes { rowId title
            countryByCountryCode { name } requestItemsByRequestId(orderBy: POSITION_ASC) { nodes { quantityMilli
            needCategoryByCategoryCode { name } commodityByCommodityCode { name } committedMilli uncoveredMilli
            contributionsByItemId(first: 2) { nodes { status quantityMilli } } } } } } }"),
        seaography: Some("{ assistanceRequests(pagination: { cursor: { limit: 50 } }) { nodes { id title country { name }
            requestItems(orderBy: { position: ASC }) { nodes { quantityMilli needCategory { name } commodity { name } committedMilli
            uncoveredMilli contributions(orderBy: { id: ASC }, pagination: { page: { limit: 2, page: 0 } }) {
            nodes { status quantityMilli } } } } } } }"),
    },
    Workload {
        name: "Q3 filter, order, totalCount",
        query: "{ assistanceRequests(first: 50, filter: { status: { eq: VERIFIED }, priority: { eq: CRITICAL },
            country: { whoRegion: { eq: AFRO } } }, orderBy: [{ field: NEEDED_BY }]) { totalCount nodes { id title neededBy } } }",
        sql: Some("SELECT id, title, needed_by, count(*) OVER () FROM assistance_request r JOIN country c ON c.code = r.country_code
            WHERE r.status = 'VERIFIED' AND r.priority = 4 AND c.who_region = 'AFRO' ORDER BY needed_by NULLS LAST, id LIMIT 50"),
        flat: Some("Q3"),
        shared: Some("{ urgentRequests(first: 50, status: \"VERIFIED\", priority: 4, whoRegion: \"AFRO\") { totalCount nodes { id title neededBy } } }"),
        postgraphile: Some("{ allAssistanceRequests(first: 50, condition: { status: \"VERIFIED\", priority: 4, whoRegion: \"AFRO\" },
            orderBy: [NEEDED_BY_ASC, ROW_ID_ASC]) { totalCount nodes { rowId title neededBy } } }"),
        seaography: Some("{ assistanceRequests(filters: { status: { eq: \"VERIFIED\" }, priority: { eq: 4 } },
            having: { country: { whoRegion: { eq: \"AFRO\" } } }, orderBy: { neededBy: ASC, id: ASC },
            pagination: { page: { limit: 50, page: 0 } }) { paginationInfo { totalCount: total } nodes { id title neededBy } } }"),
    },
    Workload {
        name: "Q4 worldwide analysis",
        query: "{ needsAnalysis(groupBy: [CATEGORY, WHO_REGION], categoryDepth: 1, first: 100) { nodes { category { code } whoRegion
            totals { requestCount itemCount requestedValueUsd deliveredValueUsd uncoveredValueUsd coverage } } } }",
        sql: Some("SELECT c.who_region, split_part(i.category_code, '.', 1), count(*), count(DISTINCT r.id),
            sum(i.approved_milli::numeric * i.unit_cost_e4)::text, sum(i.delivered_milli::numeric * i.unit_cost_e4)::text,
            sum(i.uncovered_milli::numeric * i.unit_cost_e4)::text
            FROM request_item i JOIN assistance_request r ON r.id = i.request_id JOIN country c ON c.code = r.country_code
            WHERE r.status IN ('VERIFIED', 'CLOSED') GROUP BY 1, 2"),
        flat: None,
        shared: Some("{ needsAnalysis { category whoRegion requestCount itemCount requestedValueUsd deliveredValueUsd
            uncoveredValueUsd } }"),
        postgraphile: None,
        seaography: None,
    },
    Workload {
        name: "Q5 195 countries, 12 fields",
        query: "{ countries(first: 195) { nodes { code iso2 m49 name officialName capital whoRegion unSubregion incomeGroup
            population namStatus currency } } }",
        sql: Some("SELECT code, iso2, m49, name, official_name, capital, who_region, un_subregion, income_group, population,
            nam_status, currency FROM country ORDER BY name"),
        flat: Some("Q5"),
        shared: Some("{ countries { code iso2 m49 name officialName capital whoRegion unSubregion incomeGroup population namStatus currency } }"),
        postgraphile: Some("{ allCountries(orderBy: CODE_ASC) { nodes { code iso2 m49 name officialName capital whoRegion unSubregion incomeGroup
            population namStatus currency } } }"),
        seaography: Some("{ countries(orderBy: { name: ASC }) { nodes { code iso2 m49 name officialName capital whoRegion unSubregion
            incomeGroup population namStatus currency } } }"),
    },
    Workload {
        name: "Q6 195 countries with their totals",
        query: "{ countries(first: 195) { nodes { code needs { requestCount requestedValueUsd uncoveredValueUsd } } } }",
        sql: Some("SELECT r.country_code, count(DISTINCT r.id), sum(i.approved_milli::numeric * i.unit_cost_e4)::text,
            sum(i.uncovered_milli::numeric * i.unit_cost_e4)::text
            FROM request_item i JOIN assistance_request r ON r.id = i.request_id
            WHERE r.status IN ('VERIFIED', 'CLOSED') GROUP BY 1"),
        flat: None,
        shared: Some("{ countries { code needs { requestCount requestedValueUsd uncoveredValueUsd } } }"),
        postgraphile: None,
        seaography: None,
    },
    Workload {
        name: "D page of 50, three quarters down",
        query: "query($after: String) { assistanceRequests(first: 50, after: $after) { nodes { id title createdAt } } }",
        sql: None,
        flat: Some("D($place: ID!)"),
        shared: Some("query($place: ID) { assistanceRequests(first: 50, after: $place) { nodes { id title createdAt } } }"),
        postgraphile: Some("query($place: Cursor!) { allAssistanceRequests(first: 50, after: $place) { nodes { rowId title createdAt } } }"),
        seaography: Some("query($place: String!) { assistanceRequests(pagination: { cursor: { cursor: $place, limit: 50 } }) {
            nodes { id title createdAt } } }"),
    },
    Workload {
        name: "D by a date that can be absent",
        query: "query($later: String) { assistanceRequests(first: 50, after: $later, orderBy: [{ field: NEEDED_BY, direction: DESC }]) {
            nodes { id title createdAt } } }",
        sql: None,
        flat: None,
        shared: None,
        postgraphile: None,
        seaography: None,
    },
];
