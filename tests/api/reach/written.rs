//! Objects are written to the answer as they are read, unless the executor has to merge them: then it makes trees and
//! merges those. Both ways give the same bytes, whatever is selected and whoever asks. A root field that is asked twice
//! under one name is merged with itself, and so answered the other way, where a condition stands beside it; without one the gate
//! makes one selection of the two, and of what fragments select of the same object, which is a third way.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::paths::{Schema, named};
use super::world::World;
use super::{NO_LIMITS, roots, schema, viewers};
use crate::common::{Backend, TestApp};
use crate::{on_both, on_both_with};

/// Queries on each database by default, others on each; QUERIES says how many else.
const QUERIES: u64 = 750;

/// A generator that repeats itself (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % most as u64).unwrap()
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Makes one query.
struct Maker<'a> {
    schema: &'a Schema,
    dice: Dice,
    fragments: Vec<String>,
    aliases: usize,
    /// Whether a page that is too long was asked for: of several faults the first one is told, and which is first may differ.
    is_bad: bool,
}

impl Maker<'_> {
    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("a{}", self.aliases)
    }

    fn object(&mut self, kind: &str, depth: u32) -> String {
        if let possible @ [_, ..] = self.schema.possible(kind).as_slice() {
            let one = (*self.dice.pick(possible)).to_owned();
            return format!("{{ __typename ... on {one} {} }}", self.object(&one, depth));
        }
        let mut used = BTreeSet::new();
        let selections = self.selections(kind, depth, &mut used);
        format!("{{ {selections} }}")
    }

    /// Selections of one object; `used` are the names in its answer so far.
    fn selections(&mut self, kind: &str, depth: u32, used: &mut BTreeSet<String>) -> String {
        let fields: Vec<Value> = self.schema.fields(kind).cloned().collect();
        let mut made = Vec::new();
        for _ in 0..=self.dice.below(6) {
            let field = self.dice.pick(&fields).clone();
            made.extend(self.field(&field, depth, used));
        }
        if self.dice.one_in(6) {
            made.push("__typename".into());
        }
        if self.dice.one_in(4) {
            let inner = self.selections(kind, depth, used);
            let around = [
                "...",
                "... @include(if: $yes)",
                "... @skip(if: $no)",
                "... @include(if: $no)",
            ];
            made.push(match self.dice.below(6) {
                choice @ 0..4 => format!("{} {{ {inner} }}", around[choice]),
                4 => format!("... on {kind} {{ {inner} }}"),
                _ => {
                    let name = format!("F{}", self.fragments.len());
                    self.fragments.push(format!("fragment {name} on {kind} {{ {inner} }}"));
                    format!("...{name}")
                }
            });
        }
        if made.is_empty() {
            made.push("__typename".into());
        }
        made.join(" ")
    }

    fn field(&mut self, field: &Value, depth: u32, used: &mut BTreeSet<String>) -> Option<String> {
        let (name, kind) = (field["name"].as_str().unwrap(), named(&field["type"]).to_owned());
        let takes = |argument: &str| {
            field["args"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["name"] == argument)
        };
        if matches!(self.schema.kind(&kind), "SCALAR" | "ENUM") {
            if takes("locale") && self.dice.one_in(2) {
                return Some(format!(
                    "{}: {name}(locale: {})",
                    self.alias(),
                    self.dice.pick(&["EN", "FR", "ES", "AR"])
                ));
            }
            return Some(match self.dice.below(5) {
                0 => format!("{}: {name}", self.alias()),
                1 => format!("{name} @include(if: $yes)"),
                _ => name.to_owned(),
            });
        }
        let depth = depth.checked_sub(1)?;
        let arguments = match takes("first") {
            true if !self.is_bad && self.dice.one_in(60) => {
                self.is_bad = true;
                "(first: 1000)".into()
            }
            true => format!("(first: {})", self.dice.below(4)),
            false => String::new(),
        };
        let alias = match used.insert(name.to_owned()) && !self.dice.one_in(3) {
            true => String::new(),
            // An object twice under one name would have to be merged.
            false => format!("{}: ", self.alias()),
        };
        Some(format!("{alias}{name}{arguments} {}", self.object(&kind, depth)))
    }
}

/// Status, data as it was sent, and the errors, each once.
async fn asked(app: &TestApp, key: Option<&str>, document: &str) -> (u16, String, BTreeSet<String>) {
    let body = json!({ "query": document, "variables": { "yes": true, "no": false } });
    let mut request = app.request(Method::POST, "/graphql").json(&body);
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    let begin = text.find("\"data\":").unwrap_or_else(|| panic!("{document}\n{text}"));
    let end = text.rfind(",\"extensions\":{\"cost\"").unwrap();
    let told: Value = serde_json::from_str(&text).unwrap();
    let errors = told["errors"].as_array().into_iter().flatten();
    let errors = errors.map(|error| json!([error["message"], error["path"], error["extensions"]["code"]]).to_string());
    (status, text[begin..end].to_owned(), errors.collect())
}

on_both_with! { &[NO_LIMITS[0], NO_LIMITS[1], NO_LIMITS[2], NO_LIMITS[3], "--max-aliases=1000", "--answer-cache-mib=0"],
    async fn both_ways_to_make_an_answer_make_the_same_one(app) {
        let (world, schema, viewers) = (World::make(app).await, schema(app).await, viewers(app).await);
        let roots = roots(&world);
        let fields: Vec<Value> = schema.fields("Query").cloned().collect();
        let count = std::env::var("QUERIES").map_or(QUERIES, |text| text.parse().expect("QUERIES is a number"));
        let (mut told, mut bytes, mut made) = (0, 0, 0);
        let first = if app.backend == Backend::Sqlite { 0 } else { 1_000_000 };
        for number in first..first + count {
            let dice = Dice(number);
            let mut maker = Maker { schema: &schema, dice, fragments: Vec::new(), aliases: 0, is_bad: false };
            let root = maker.dice.pick(&fields).clone();
            let (name, kind) = (root["name"].as_str().unwrap(), named(&root["type"]));
            let arguments = match &roots.iter().find(|(known, _)| *known == name).unwrap().1[..] {
                [] if matches!(name, "viewer" | "service") => String::new(),
                [] if name == "changes" => "(first: 20)".into(),
                [] => "(groupBy: [COUNTRY, CATEGORY])".into(),
                some => maker.dice.pick(some).clone(),
            };
            let field = format!("{name}{arguments} {}", maker.object(kind, 4));
            let fragments = maker.fragments.join("\n");
            let document = |fields: &str| format!("query($yes: Boolean!, $no: Boolean!) {{ {fields}
                ... @include(if: $no) {{ __typename }} ... @skip(if: $yes) {{ __typename }} }}\n{fragments}");
            let (viewer, key) = maker.dice.pick(&viewers);
            let written = asked(app, key.as_deref(), &document(&field)).await;
            let merged = asked(app, key.as_deref(), &document(&format!("{field} {field}"))).await;
            assert!(written == merged, "{} asks {}\nwritten {written:#?}\nmerged {merged:#?}", viewer.called(), document(&field));
            // Without a condition anywhere.
            let plain = |text: &str| text.replace(" @include(if: $yes)", "").replace(" @skip(if: $no)", "");
            let (field, fragments) = (plain(&field), plain(&fragments));
            let document = |fields: &str| format!("query {{ {fields} }}\n{fragments}");
            if !format!("{field}{fragments}").contains('$') {
                let beside = format!("{field} ... @include(if: true) {{ {field} }}");
                let merged = asked(app, key.as_deref(), &document(&beside)).await;
                let made_one = asked(app, key.as_deref(), &document(&format!("{field} {field}"))).await;
                assert!(made_one == merged, "{} asks {}\nmade one {made_one:#?}\nmerged {merged:#?}", viewer.called(), document(&field));
                made += 1;
            }
            told += u64::from(!written.2.is_empty());
            bytes += written.1.len();
        }
        println!("{:?}: {count} queries, {bytes} bytes, {told} with errors, {made} made one", app.backend);
        assert!(made > count / 5, "{made} of {count} made one");
        assert!(told > 0 && bytes > 200_000, "{told} with errors, {bytes} bytes: too little to tell anything");
    }
}

on_both! {
    async fn what_parts_of_a_page_select_of_one_object_is_answered_in_the_order_of_its_first_selection(app) {
        let world = World::make(app).await;
        let node = roots(&world).into_iter().find(|(name, _)| *name == "node").unwrap().1[0].clone();
        let parts = "
            fragment Head on AssistanceRequest { title country { name } ...Id }
            fragment Id on Node { id }
            fragment Row on AssistanceRequest { items { id quantity } country { code capital } }
            fragment Foot on AssistanceRequest { ...Id items { commodity { code } unit { code } quantity } country { name code } title }";
        let page = "countries(first: 2) { nodes { name } edges { cursor } } assistanceRequests(first: 3) {
            nodes { ...Head } nodes { ...Row ...Foot } pageInfo { hasNextPage } ... on AssistanceRequestConnection { totalCount pageInfo { endCursor } } }
            countries(first: 2) { nodes { code ... on Node { id } name } totalCount }";
        let of_node = format!("node{node} {{ ...Id ... on AssistanceRequest {{ ...Head }} ... on Country {{ name code }} __typename ... on Country {{ id region: whoRegion code }} \
            ... on AssistanceRequest {{ ...Foot ...Row }} }}");
        for fields in [page, &of_node] {
            let document = |fields: &str| format!("query {{ {fields} }} {parts}");
            let one = asked(app, None, &document(fields)).await;
            assert!(one.0 == 200 && one.2.is_empty(), "{one:?}");
            let merged = asked(app, None, &document(&format!("{fields} ... @include(if: true) {{ {fields} }}"))).await;
            assert_eq!(one, merged);
        }
    }

    async fn an_object_of_which_nothing_is_left_is_empty(app) {
        let fields = "country(code: \"BGD\") { code @include(if: $no) }
            countries(first: 2) { nodes { ... @skip(if: $yes) { code } } pageInfo { ... on PageInfo @include(if: $no) { hasNextPage } } }";
        let document = |fields: &str| format!("query($yes: Boolean!, $no: Boolean!) {{ {fields} }}");
        let (status, written, errors) = asked(app, None, &document(fields)).await;
        assert!(status == 200 && errors.is_empty(), "{status} {errors:?}");
        assert_eq!(written, r#""data":{"country":{},"countries":{"nodes":[{},{}],"pageInfo":{}}}"#);
        let (_, merged, _) = asked(app, None, &document(&format!("{fields} {fields}"))).await;
        assert_eq!(written, merged);
    }
}
