//! Every field of every total, and every group of the analysis, is what the rows add up to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::common::{ADMIN, TestApp};
use crate::invariants::Tables;
use crate::invariants::figures::{DIMENSIONS, Key, Row, Totals, counts, key_of, key_selection, selection};
use crate::random::Random;

/// Countries that ask: of several regions and income groups, one of them without either.
pub const COUNTRIES: [&str; 4] = ["BGD", "KEN", "VEN", "VAT"];
/// Organizations that give.
pub const ORGANIZATIONS: [&str; 3] = ["WHO", "UNICEF", "WFP"];
/// Categories that are asked for, those above them, and one that nobody asks for.
const CATEGORIES: &str =
    r#"["MED", "MED.PPE", "MED.PPE.GLOVE", "MED.OXY", "MED.HRH", "SOC", "SOC.EDU", "SOC.PROT.CASH", "HUM", "HUM.TEL"]"#;
const COMMODITIES: &str = r#"["GLOVES_EXAM", "O2_CONCENTRATOR", "HEALTH_WORKER_SURGE", "CASH_TRANSFER_HH", "LLIN"]"#;

/// What of the past can be asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Past {
    /// Nothing: of what was withdrawn the past tells no figures.
    None,
    /// The ends of days, but not what was known at a moment.
    Days,
    All,
}

/// A part of the needs, as clients ask for it and as rows have it.
#[derive(Clone, Copy)]
struct View {
    arguments: &'static str,
    holds: fn(&Tables, Row<'_>) -> bool,
    past: Past,
}

const fn view(arguments: &'static str, past: Past, holds: fn(&Tables, Row<'_>) -> bool) -> View {
    View { arguments, holds, past }
}

const VIEWS: [View; 9] = [
    view("", Past::All, |_, row| counts(row.request)),
    view(
        r#"itemFilter: { contributions: { some: { organization: { code: { eq: "WHO" } } } } }"#,
        Past::Days,
        |tables, row| counts(row.request) && tables.gives("WHO", row.id),
    ),
    view(
        r#"itemFilter: { contributions: { none: { organization: { code: { eq: "UNICEF" } } } } }"#,
        Past::Days,
        |tables, row| counts(row.request) && !tables.gives("UNICEF", row.id),
    ),
    view("filter: { status: { eq: VERIFIED } }", Past::All, |_, row| {
        row.request.status == "VERIFIED"
    }),
    view(
        "filter: { status: { in: [WITHDRAWN, CLOSED] }, priority: { in: [HIGH, CRITICAL] } }",
        Past::None,
        |_, row| ["WITHDRAWN", "CLOSED"].contains(&row.request.status.as_str()) && row.request.priority >= 3,
    ),
    view(
        "filter: { country: { whoRegion: { in: [AFRO, SEARO] } } }",
        Past::All,
        |_, row| counts(row.request) && ["BGD", "KEN"].contains(&row.request.country.as_str()),
    ),
    view(
        r#"itemFilter: { category: { under: "MED.PPE" } }"#,
        Past::All,
        |tables, row| counts(row.request) && tables.is_under(&row.item.category, "MED.PPE"),
    ),
    view("itemFilter: { not: { kind: { eq: GOODS } } }", Past::All, |_, row| {
        counts(row.request) && row.item.kind != "GOODS"
    }),
    view(
        r#"filter: { peopleInNeed: { lte: 3 } }, itemFilter: { commodity: { code: { eq: "GLOVES_EXAM" } } }"#,
        Past::All,
        |_, row| {
            let gloves = row.item.commodity.as_deref() == Some("GLOVES_EXAM");
            counts(row.request) && gloves && row.request.people.is_some_and(|people| people <= 3)
        },
    ),
];

/// A question to the analysis.
pub struct Question {
    by: Vec<&'static str>,
    view: View,
    /// Groups of a page.
    page: i64,
}

impl std::fmt::Debug for Question {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{:?} of {:?}", self.by, self.view.arguments)
    }
}

impl Question {
    fn of(random: &mut Random, view: View) -> Self {
        let mut by: Vec<&str> = Vec::new();
        let count = usize::try_from(random.between(1, 4)).unwrap();
        while by.len() < count {
            let (dimension, _) = random.pick(&DIMENSIONS).unwrap();
            if !by.contains(dimension) {
                by.push(dimension);
            }
        }
        let page = *random.pick(&[7, 30, 100]).unwrap();
        Self { by, view, page }
    }

    /// One that can be asked of any moment.
    pub fn of_any_moment(random: &mut Random) -> Self {
        let views: Vec<View> = VIEWS.into_iter().filter(|view| view.past == Past::All).collect();
        let view = *random.pick(&views).unwrap();
        Self::of(random, view)
    }

    /// All groups that are answered, page by page; each stands once.
    pub async fn ask(&self, app: &TestApp, as_of: Option<&str>) -> BTreeMap<Key, Totals> {
        let query = format!(
            "query($by: [NeedsDimension!]!, $first: Int, $after: String, $asOf: DateTime) {{
                needsAnalysis(groupBy: $by, first: $first, after: $after, asOf: $asOf, {}) {{
                    totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ {} totals {{ {} }} }} }} }}",
            self.view.arguments,
            key_selection(),
            selection()
        );
        let (mut groups, mut after) = (BTreeMap::new(), Value::Null);
        loop {
            let variables = json!({ "by": self.by, "first": self.page, "after": after, "asOf": as_of });
            let answer = app.ask(Some(ADMIN), &query, variables).await["needsAnalysis"].clone();
            for row in answer["nodes"].as_array().unwrap() {
                let before = groups.insert(key_of(row, &self.by), Totals::read(&row["totals"]));
                assert!(before.is_none(), "{self:?}: twice: {row:#}");
            }
            if answer["pageInfo"]["hasNextPage"] == false {
                assert_eq!(answer["totalCount"], groups.len(), "{self:?}");
                return groups;
            }
            after = answer["pageInfo"]["endCursor"].clone();
        }
    }

    async fn agrees(&self, app: &TestApp, tables: &Tables) {
        let rows = || tables.rows().filter(|row| (self.view.holds)(tables, *row));
        let (answered, expected) = (self.ask(app, None).await, tables.groups(&self.by, rows()));
        let keys = || (answered.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        assert_eq!(keys().0, keys().1, "{self:?}");
        let (mut sum, all) = (Totals::default(), tables.totals(rows()));
        for (key, totals) in &answered {
            assert_eq!(totals, &expected[key], "{self:?}: {key:?}");
            sum.add(totals);
        }
        assert_eq!(
            (sum.items, sum.unpriced, sum.values, sum.quantities),
            (all.items, all.unpriced, all.values, all.quantities)
        );
    }
}

/// Fails where totals of objects differ from the rows: `list` is a root field whose nodes have a code and needs.
async fn of_objects(app: &TestApp, tables: &Tables, list: &str, views: &[View], is_of: impl Fn(&str, Row<'_>) -> bool) {
    let needs = views.iter().enumerate().map(|(index, view)| {
        let arguments = if view.arguments.is_empty() {
            String::new()
        } else {
            format!("({})", view.arguments)
        };
        format!("v{index}: needs{arguments} {{ {} }}", selection())
    });
    let query = format!(
        "{{ {list} {{ nodes {{ code {} }} }} }}",
        needs.collect::<Vec<_>>().join(" ")
    );
    let answer = app.ask(Some(ADMIN), &query, Value::Null).await;
    let (_, connection) = answer.as_object().unwrap().iter().next().unwrap();
    for node in connection["nodes"].as_array().unwrap() {
        let code = node["code"].as_str().unwrap();
        for (index, view) in views.iter().enumerate() {
            let rows = tables
                .rows()
                .filter(|row| (view.holds)(tables, *row) && is_of(code, *row));
            let totals = Totals::read(&node[format!("v{index}")]);
            assert_eq!(totals, tables.totals(rows), "{code} ({})", view.arguments);
        }
    }
}

async fn of_requests(app: &TestApp, tables: &Tables) {
    let query = format!(
        "{{ assistanceRequests(last: 50) {{ nodes {{ reference totals {{ {} }} }} }} }}",
        selection()
    );
    let answer = app.ask(Some(ADMIN), &query, Value::Null).await;
    for node in answer["assistanceRequests"]["nodes"].as_array().unwrap() {
        let reference = node["reference"].as_str().unwrap();
        let rows = tables.rows().filter(|row| row.request.reference == reference);
        assert_eq!(Totals::read(&node["totals"]), tables.totals(rows), "{reference}");
    }
}

/// The last point of a timeline is the present.
async fn of_today(app: &TestApp, tables: &Tables, views: &[View]) {
    let today = app.clock.now().date_naive();
    let views: Vec<View> = views.iter().filter(|view| view.past != Past::None).copied().collect();
    let points = views.iter().enumerate().map(|(index, view)| {
        let totals = selection();
        format!("v{index}: needsTimeline(interval: DAY, from: \"{today}\", to: \"{today}\", {}) {{ totals {{ {totals} }} }}", view.arguments)
    });
    let query = format!("{{ {} }}", points.collect::<Vec<_>>().join(" "));
    let answer = app.ask(Some(ADMIN), &query, Value::Null).await;
    for (index, view) in views.iter().enumerate() {
        let rows = tables.rows().filter(|row| (view.holds)(tables, *row));
        let totals = Totals::read(&answer[format!("v{index}")][0]["totals"]);
        assert_eq!(totals, tables.totals(rows), "{today} ({})", view.arguments);
    }
}

/// Fails where anything that is added up is not what the rows say: all of countries, categories (with all below),
/// commodities, requests and the present moment of the timeline, whole and by one of the filters; and some analyses.
pub async fn agree(app: &TestApp, tables: &Tables, random: &mut Random) {
    let views = [VIEWS[0], VIEWS[1], *random.pick(&VIEWS[2..]).unwrap()];
    let countries = format!("countries(filter: {{ code: {{ in: {} }} }})", json!(COUNTRIES));
    let categories = format!("needCategories(filter: {{ code: {{ in: {CATEGORIES} }} }})");
    let commodities = format!("commodities(filter: {{ code: {{ in: {COMMODITIES} }} }})");
    of_objects(app, tables, &countries, &views, |code, row| row.request.country == code).await;
    of_objects(app, tables, &categories, &views, |code, row| {
        tables.is_under(&row.item.category, code)
    })
    .await;
    of_objects(app, tables, &commodities, &views, |code, row| {
        row.item.commodity.as_deref() == Some(code)
    })
    .await;
    of_requests(app, tables).await;
    of_today(app, tables, &views).await;
    for view in views {
        for _ in 0..2 {
            Question::of(random, view).agrees(app, tables).await;
        }
    }
}
