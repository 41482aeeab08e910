//! Documents that go every way through the schema, up to a depth, made from the schema as it is served.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cover::{NODES, Sight, sight};

/// The introspection of what these tests walk.
pub const INTROSPECTION: &str = "{ __schema { types { kind name interfaces { name } possibleTypes { name } fields {
    name args { name type { kind } defaultValue } type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
} } } }";

pub struct Schema(BTreeMap<String, Value>);

impl Schema {
    pub fn of(introspection: &Value) -> Self {
        let types = introspection["__schema"]["types"].as_array().unwrap().iter();
        Self(
            types
                .map(|kind| (kind["name"].as_str().unwrap().into(), kind.clone()))
                .collect(),
        )
    }

    pub fn types(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, kind)| (name.as_str(), kind))
    }

    pub fn fields(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0[kind]["fields"].as_array().unwrap().iter()
    }

    pub fn kind(&self, name: &str) -> &str {
        self.0[name]["kind"].as_str().unwrap()
    }

    /// The types that may stand where this one is asked for.
    pub fn possible(&self, name: &str) -> Vec<&str> {
        let types = self.0[name]["possibleTypes"].as_array().into_iter().flatten();
        types.map(|one| one["name"].as_str().unwrap()).collect()
    }

    /// The selection of an object of this type: all its scalars, and `depth` further objects along each way.
    pub fn select(&self, kind: &str, depth: u32) -> String {
        match self.kind(kind) {
            "INTERFACE" | "UNION" if depth == 0 => "{ __typename ... on Node { id } }".into(),
            "INTERFACE" | "UNION" => {
                // All at once would not merge: `country` may be absent here and not there.
                panic!("{kind} is asked for one type at a time");
            }
            _ => {
                let fields: Vec<String> = self
                    .fields(kind)
                    .filter_map(|field| self.field(kind, field, depth))
                    .collect();
                format!("{{ __typename {} }}", fields.join(" "))
            }
        }
    }

    /// The selection where any of several types may stand: of this one of them.
    pub fn select_one(&self, kind: &str, depth: u32) -> String {
        format!(
            "{{ __typename ... on Node {{ id }} ... on {kind} {} }}",
            self.select(kind, depth)
        )
    }

    fn field(&self, of: &str, field: &Value, depth: u32) -> Option<String> {
        let name = field["name"].as_str().unwrap();
        let kind = named(&field["type"]);
        let required = field["args"].as_array().unwrap().iter();
        let mut required = required.filter(|one| one["type"]["kind"] == "NON_NULL" && one["defaultValue"].is_null());
        assert!(required.next().is_none(), "{of}.{name} needs arguments: say here which");
        let has_page = field["args"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["name"] == "first");
        let arguments = if has_page { "(first: 100)" } else { "" };
        match self.kind(kind) {
            "SCALAR" | "ENUM" => {
                // What everybody reads is the same for all; the row of the table suffices.
                let told = is_object(of) && sight(of) == Sight::Open && name != "id";
                (!told).then(|| name.to_owned())
            }
            _ if kind == "PageInfo" => None,
            _ if kind.ends_with("Connection") => {
                let (node, depth) = (self.node_of(kind), depth.checked_sub(1)?);
                let count = if self.fields(kind).any(|field| field["name"] == "totalCount") {
                    "totalCount"
                } else {
                    ""
                };
                let selection = self.select(node, depth);
                Some(format!(
                    "{name}{arguments} {{ __typename {count} nodes {selection} edges {{ node {{ __typename id }} }} }}"
                ))
            }
            "INTERFACE" | "UNION" => Some(format!("{name} {}", self.select(kind, 0))),
            _ if is_object(kind) => Some(format!("{name} {}", self.select(kind, depth.checked_sub(1)?))),
            // A part of its object, as deep as that.
            _ => Some(format!("{name} {}", self.select(kind, depth))),
        }
    }

    /// The type of the nodes of a connection.
    pub fn node_of(&self, connection: &str) -> &str {
        let nodes = self.fields(connection).find(|field| field["name"] == "nodes");
        named(&nodes.unwrap()["type"])
    }
}

pub fn is_object(kind: &str) -> bool {
    NODES.iter().any(|(name, _)| *name == kind)
}

/// The name of a type without what is around it.
pub fn named(kind: &Value) -> &str {
    match kind["name"].as_str() {
        Some(name) => name,
        None => named(&kind["ofType"]),
    }
}
