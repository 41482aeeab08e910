//! Every field of every type of the schema, and who may read it. A field that is not here fails the test that compares
//! this with the schema as it is served: whoever adds one says here to whom it is open.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::Schema;
use crate::table::Row;

/// Fields that whoever sees the object may read. Which objects of a type a viewer sees, `Sight` says.
const OPEN: [(&str, &str); 52] = [
    (
        "Query",
        "assistanceRequest assistanceRequests changes commodities commodity contribution contributions countries country \
         needCategories needCategory needsAnalysis needsTimeline node nodes organization organizations requestItems \
         search service units viewer",
    ),
    ("Subscription", "assistanceRequestChanged changes"),
    (
        "AssistanceRequest",
        "closedAt confirmedAt contributions country createdAt description externalId fulfilment history id items \
         language neededBy peopleInNeed priority reference source sourceUrl stale status statusReason submittedAt title \
         totals updatedAt verifiedAt version",
    ),
    ("AssistanceRequestConnection", "edges nodes pageInfo totalCount"),
    ("AssistanceRequestEdge", "cursor node"),
    ("AssistanceRequestPayload", "assistanceRequest userErrors"),
    (
        "RequestItem",
        "approvalNote approvedQuantity category committedQuantity commodity contributions deliveredQuantity description \
         externalId id inTransitQuantity kind pledgedQuantity quantity request uncoveredQuantity unit unitCostUsd \
         unmetQuantity",
    ),
    ("RequestItemConnection", "edges nodes pageInfo totalCount"),
    ("RequestItemEdge", "cursor node"),
    (
        "Contribution",
        "cancelledOn committedOn createdAt deliveredOn deliveredQuantity deliveries expectedOn externalId id item \
         organization quantity rejectedQuantity request shippedOn source status updatedAt valueUsd version",
    ),
    ("ContributionConnection", "edges nodes pageInfo totalCount"),
    ("ContributionEdge", "cursor node"),
    ("ContributionPayload", "contribution userErrors"),
    (
        "Delivery",
        "acceptedQuantity contribution createdAt id on rejectedQuantity voidReason voided",
    ),
    // What of a diff a viewer is told, the test of the feed says.
    ("Change", "action at diff id sequence subject subjectId subjectType"),
    ("ChangeConnection", "edges nodes pageInfo"),
    ("ChangeEdge", "cursor node"),
    ("FieldChange", "after before field"),
    // Seen by whoever may read the field that has it.
    ("Contact", "email name phone role"),
    (
        "ApiKey",
        "country createdAt expiresAt id lastUsedAt name organization prefix revokedAt roles",
    ),
    ("ApiKeyConnection", "edges nodes pageInfo totalCount"),
    ("ApiKeyEdge", "cursor node"),
    ("ApiKeyPayload", "apiKey userErrors"),
    ("CreateApiKeyPayload", "apiKey secret userErrors"),
    (
        "Country",
        "active assistanceRequests capital code createdAt currency id incomeGroup iso2 latitude longitude m49 \
         namJoinedYear namStatus namStatus2020 name needs officialName population populationYear unRegion unSubregion \
         updatedAt version whoRegion",
    ),
    ("CountryConnection", "edges nodes pageInfo totalCount"),
    ("CountryEdge", "cursor node"),
    ("CountryPayload", "country userErrors"),
    (
        "NeedCategory",
        "active ancestors children code commodities createdAt description domain iascSector id name needs parent \
         sortOrder updatedAt version whoPillar",
    ),
    ("NeedCategoryConnection", "edges nodes pageInfo totalCount"),
    ("NeedCategoryEdge", "cursor node"),
    ("NeedCategoryPayload", "needCategory userErrors"),
    (
        "Commodity",
        "active category code createdAt id indicativeUnitPriceUsd name needs specification unit unspsc updatedAt version \
         whoReference",
    ),
    ("CommodityConnection", "edges nodes pageInfo totalCount"),
    ("CommodityEdge", "cursor node"),
    ("CommodityPayload", "commodity userErrors"),
    (
        "Organization",
        "active code contributions country createdAt id kind name updatedAt url version",
    ),
    ("OrganizationConnection", "edges nodes pageInfo totalCount"),
    ("OrganizationEdge", "cursor node"),
    ("OrganizationPayload", "organization userErrors"),
    ("Unit", "code label unece"),
    ("SearchConnection", "edges nodes pageInfo totalCount"),
    ("SearchEdge", "cursor node score snippet"),
    // Sums over what the viewer sees.
    (
        "NeedsTotals",
        "committedValueUsd countryCount coverage deliveredValueUsd inTransitValueUsd itemCount peopleInNeed \
         pledgedValueUsd quantities requestCount requestedValueUsd uncoveredValueUsd unmetValueUsd unpricedItemCount",
    ),
    (
        "QuantityTotals",
        "committed delivered inTransit pledged requested uncovered unit unmet",
    ),
    ("NeedsAnalysisConnection", "edges nodes pageInfo totalCount"),
    ("NeedsAnalysisEdge", "cursor node"),
    (
        "NeedsAnalysisRow",
        "category commodity country domain incomeGroup kind month priority status totals unSubregion whoRegion",
    ),
    ("NeedsTimelinePoint", "date totals"),
    (
        "ImportAssistanceRequestsPayload",
        "assistanceRequests created failed unchanged updated userErrors",
    ),
    ("UserError", "code field message params"),
    ("ErrorParam", "name value"),
];

/// The rest of the same: no objects of anybody.
const PLAIN: [(&str, &str); 5] = [
    ("PageInfo", "endCursor hasNextPage hasPreviousPage startCursor"),
    ("Service", "changeCursor limits name sequence version"),
    (
        "Limits",
        "defaultPageSize maxAliases maxBodyBytes maxCost maxDepth maxErrors maxFields maxFilterDepth maxImportRows \
         maxIntrospectionCost maxItemsPerRequest maxListValues maxFilterTests maxNesting maxNodes maxPageSize maxReferencePageSize \
         maxRootFields maxTokens timeoutMs",
    ),
    // Of the viewer alone, and of what the viewer may do with an object: the tests of every role's mutations hold them.
    ("Viewer", "country name organization permissions roles"),
    ("Node", "id"),
];

/// What differs by viewer beyond what is hidden: the steps that are open to them.
pub const OF_VIEWER: [(&str, &str); 2] = [
    ("AssistanceRequest", "availableSteps"),
    ("Contribution", "availableSteps"),
];

/// Fields that take a right beyond seeing the object. They are null for everybody else.
pub const RESTRICTED: [(&str, &str, Row); 7] = [
    ("Query", "apiKeys", Row::Administer),
    ("AssistanceRequest", "contact", Row::Contact),
    ("Contribution", "note", Row::Confidential),
    ("Contribution", "trackingReference", Row::Confidential),
    ("Delivery", "note", Row::Confidential),
    ("Delivery", "rejectReason", Row::Confidential),
    ("Change", "actor", Row::Confidential),
];

/// By what a viewer sees an object of a type with an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Everybody sees it.
    Open,
    /// Whoever sees the request that it is or belongs to.
    Request,
    /// Whoever saw its subject before or after.
    Feed,
    /// Administrators.
    Administer,
}

/// The types whose objects have an id. One that is not here fails the same test.
pub const NODES: [(&str, Sight); 10] = [
    ("AssistanceRequest", Sight::Request),
    ("RequestItem", Sight::Request),
    ("Contribution", Sight::Request),
    ("Delivery", Sight::Request),
    ("Change", Sight::Feed),
    ("ApiKey", Sight::Administer),
    ("Country", Sight::Open),
    ("NeedCategory", Sight::Open),
    ("Commodity", Sight::Open),
    ("Organization", Sight::Open),
];

pub fn sight(kind: &str) -> Sight {
    let found = NODES.iter().find(|(name, _)| *name == kind);
    found.unwrap_or_else(|| panic!("nobody said who sees a {kind}")).1
}

/// What the schema has and no row here covers, and what is covered and is not there.
pub fn differences(schema: &Schema) -> Vec<String> {
    let mut covered: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (kind, fields) in OPEN.iter().chain(&PLAIN) {
        covered.entry(kind).or_default().extend(fields.split_whitespace());
    }
    let restricted = RESTRICTED.iter().map(|(kind, field, _)| (kind, field));
    for (kind, field) in restricted.chain(OF_VIEWER.iter().map(|(kind, field)| (kind, field))) {
        covered.entry(kind).or_default().insert(field);
    }
    let mut served: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, kind) in schema.types() {
        // The table of rights names every mutation, and has a test of its own.
        if name == "Mutation" || name.starts_with("__") {
            continue;
        }
        let fields = kind["fields"].as_array().into_iter().flatten();
        let fields: BTreeSet<&str> = fields.map(|field| field["name"].as_str().unwrap()).collect();
        if !fields.is_empty() {
            served.insert(name, fields);
        }
    }
    let flat = |map: &BTreeMap<&str, BTreeSet<&str>>| -> BTreeSet<String> {
        let fields = map
            .iter()
            .flat_map(|(kind, fields)| fields.iter().map(move |field| format!("{kind}.{field}")));
        fields.collect()
    };
    let (covered, served) = (flat(&covered), flat(&served));
    let mut told: Vec<String> = served
        .difference(&covered)
        .map(|field| format!("{field} is served, and no row says who may read it: add it to cover.rs"))
        .collect();
    let gone = covered.difference(&served);
    told.extend(gone.map(|field| format!("{field} has a row and is not served")));
    let nodes = schema.types().filter(|(_, kind)| {
        let mut interfaces = kind["interfaces"].as_array().into_iter().flatten();
        interfaces.any(|one| one["name"] == "Node")
    });
    let unknown = nodes.filter(|(name, _)| !NODES.iter().any(|(known, _)| known == name));
    told.extend(unknown.map(|(name, _)| format!("{name} is a node, and nobody said who sees it: add it to NODES")));
    told
}
