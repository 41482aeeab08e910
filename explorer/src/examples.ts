export interface Example {
  title: string;
  query: string;
  variables?: Record<string, unknown>;
}

const DAY_MS = 86_400_000;

function inDays(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
}

/** Ready to run, in the order of the list; the first one fills the first tab. `npm run check` holds them to the schema. */
export const EXAMPLES: [Example, ...Example[]] = [
  {
    title: "Which NAM members in the African region need examination gloves?",
    query: `# Which NAM members in the African region need
# examination gloves, most urgent and largest first?
query GlovesInAfrica {
  requestItems(
    filter: {
      commodity: { code: { eq: "GLOVES_EXAM" } }
      request: {
        country: { namStatus: { eq: MEMBER }, whoRegion: { eq: AFRO } }
      }
    }
    orderBy: [
      { field: PRIORITY, direction: DESC }
      { field: QUANTITY, direction: DESC }
    ]
    first: 50
  ) {
    totalCount
    nodes {
      quantity
      unit {
        code
        label
      }
      request {
        reference
        priority
        country {
          code
          name
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  },
  {
    title: "Countries of a region, named in four languages",
    query: `# Regions of WHO: AFRO, AMRO, EMRO, EURO, SEARO, WPRO.
query CountriesOfRegion($region: WhoRegion!) {
  countries(
    filter: { whoRegion: { eq: $region } }
    orderBy: [{ field: NAME }]
    first: 100
  ) {
    totalCount
    nodes {
      code
      english: name
      french: name(locale: FR)
      spanish: name(locale: ES)
      arabic: name(locale: AR)
      capital
      population
      namStatus
      namJoinedYear
    }
  }
}
`,
    variables: { region: "EMRO" },
  },
  {
    title: "The tree of need categories",
    query: `# Three levels, from the medical, social and
# humanitarian roots down.
query CategoryTree {
  needCategories(
    filter: { isRoot: true }
    orderBy: [{ field: SORT_ORDER }]
    first: 10
  ) {
    nodes {
      ...Category
      children {
        ...Category
        children {
          ...Category
        }
      }
    }
  }
}

fragment Category on NeedCategory {
  code
  name
  iascSector
}
`,
  },
  {
    title: "Verified requests, newest first",
    query: `query VerifiedRequests {
  assistanceRequests(
    filter: { status: { eq: VERIFIED } }
    orderBy: [{ field: VERIFIED_AT, direction: DESC }]
    first: 10
  ) {
    totalCount
    nodes {
      reference
      title
      priority
      peopleInNeed
      neededBy
      verifiedAt
      country {
        code
        name
      }
      items {
        kind
        quantity
        approvedQuantity
        unit {
          code
        }
        category {
          code
          name
        }
        commodity {
          code
          name
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  },
  {
    title: "The next page, by cursor",
    query: `# Run it, copy pageInfo.endCursor into the variable
# "after", run it again: that is the next page.
# A cursor belongs to its filter and order.
query NextPage($first: Int!, $after: String) {
  assistanceRequests(
    filter: { status: { eq: VERIFIED } }
    orderBy: [{ field: VERIFIED_AT, direction: DESC }]
    first: $first
    after: $after
  ) {
    nodes {
      reference
      title
      country {
        code
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
    variables: { first: 5, after: null },
  },
  {
    title: "Who am I, and what are my limits?",
    query: `query WhoAmI {
  viewer {
    name
    roles
    country {
      code
      name
    }
    organization {
      code
      name
    }
    permissions
  }
  service {
    name
    version
    limits {
      maxPageSize
      maxDepth
      maxCost
      maxTokens
      maxBodyBytes
      maxItemsPerRequest
      maxImportRows
    }
  }
}
`,
  },
  {
    title: "One request, by its reference or its external id",
    query: `# "by" takes exactly one of:
#   { "externalId": { "source": "WHO-ESFT-2022.1-30D",
#       "externalId": "BGD" } }
#   { "reference": "BGD-2026-000042" }
#   { "id": "…" }
# Null where there is none, or none that you may see.
query OneRequest($by: AssistanceRequestBy!) {
  assistanceRequest(by: $by) {
    id
    reference
    source
    externalId
    title
    description
    language
    status
    statusReason
    priority
    peopleInNeed
    neededBy
    confirmedAt
    stale
    country {
      code
      name
    }
    items {
      id
      description
      quantity
      approvedQuantity
      unit {
        code
      }
      commodity {
        code
        name
      }
    }
    version
  }
}
`,
    variables: { by: { externalId: { source: "WHO-ESFT-2022.1-30D", externalId: "BGD" } } },
  },
  {
    title: "Create a request and submit it (needs a key)",
    query: `# Needs a key of a FOCAL_POINT of that country,
# a COORDINATOR or an ADMIN. Where userErrors says
# what is wrong, nothing was written.
mutation CreateRequest($input: CreateAssistanceRequestInput!) {
  createAssistanceRequest(input: $input) {
    assistanceRequest {
      id
      reference
      status
      version
      availableSteps
      items {
        id
        quantity
        unit {
          code
        }
        commodity {
          code
        }
      }
    }
    userErrors {
      code
      field
      message
    }
  }
}
`,
    variables: {
      input: {
        country: "BGD",
        language: "EN",
        title: "Protective equipment for district hospitals",
        description: "Three months of use by the staff of 64 district hospitals.",
        priority: "HIGH",
        peopleInNeed: 42000,
        neededBy: inDays(60),
        contact: { name: "Supply desk", role: "Procurement", email: "supply@example.org" },
        items: [
          { kind: "GOODS", commodity: "GLOVES_EXAM", quantity: "1250000" },
          { kind: "GOODS", commodity: "RESPIRATOR_PARTICULATE", quantity: "80000", description: "Small and medium sizes" },
          { kind: "PERSONNEL", commodity: "HEALTH_WORKER_SURGE", quantity: "36" },
        ],
        submit: true,
      },
    },
  },
  {
    title: "Verify a request (needs a key)",
    query: `# Needs a key of a COORDINATOR or an ADMIN who
# neither created nor submitted it. Put in the id
# and version of a SUBMITTED request. Items are
# approved as requested; to approve less of one,
# add it to "approvals":
#   { "item": "…", "approvedQuantity": "60000",
#     "note": "20000 are in stock" }
mutation VerifyRequest($input: VerifyAssistanceRequestInput!) {
  verifyAssistanceRequest(input: $input) {
    assistanceRequest {
      reference
      status
      verifiedAt
      version
      availableSteps
      items {
        id
        quantity
        approvedQuantity
        approvalNote
      }
    }
    userErrors {
      code
      field
      message
    }
  }
}
`,
    variables: { input: { id: "", version: 1, approvals: [] } },
  },
];
