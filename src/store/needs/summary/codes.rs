//! The reference data by which a summary is cut: small numbers for codes, and the sets of categories whose requests are
//! counted once each.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use entity::enums::NeedDomain;
use indexmap::IndexSet;

use crate::domain::reference::Reference;

/// What stands for a code.
pub(super) type Id = u16;

/// Codes of one state of the reference data.
#[derive(Debug)]
pub(super) struct Codes {
    reference: Arc<Reference>,
    pub countries: IndexSet<String>,
    pub categories: IndexSet<String>,
    pub units: IndexSet<String>,
    nodes: HashMap<BTreeSet<Id>, Id>,
    nodes_of: Vec<Vec<Id>>,
}

impl Codes {
    /// None for more codes than there are numbers.
    pub fn new(reference: &Arc<Reference>) -> Option<Self> {
        let countries: IndexSet<String> = reference.countries.keys().cloned().collect();
        let categories: IndexSet<String> = reference.categories.keys().cloned().collect();
        let units: IndexSet<String> = reference.units.keys().cloned().collect();
        for codes in [&countries, &categories, &units] {
            Id::try_from(codes.len()).ok()?;
        }
        let mut codes = Self {
            reference: Arc::clone(reference),
            nodes_of: vec![Vec::new(); categories.len()],
            countries,
            categories,
            units,
            nodes: HashMap::new(),
        };
        for set in codes.sets() {
            let node = Id::try_from(codes.nodes.len()).ok()?;
            if codes.nodes.contains_key(&set) {
                continue;
            }
            for category in &set {
                if let Some(nodes) = codes.nodes_of.get_mut(usize::from(*category)) {
                    nodes.push(node);
                }
            }
            codes.nodes.insert(set, node);
        }
        Some(codes)
    }

    /// Every set of categories for which distinct requests are counted: all, each domain, each category by itself, and
    /// each with all below it.
    fn sets(&self) -> Vec<BTreeSet<Id>> {
        let all = || self.reference.categories.values().map(|named| &named.row);
        let mut domains: HashMap<NeedDomain, BTreeSet<Id>> = HashMap::new();
        for row in all() {
            domains.entry(row.domain).or_default().extend(self.category(&row.code));
        }
        let mut sets = vec![all().filter_map(|row| self.category(&row.code)).collect()];
        sets.extend(domains.into_values());
        for row in all() {
            sets.push(self.category(&row.code).into_iter().collect());
            let below = self.reference.descendants(&row.code);
            sets.push(below.iter().filter_map(|code| self.category(code)).collect());
        }
        sets
    }

    /// Whether the reference data still cut needs in the same way.
    pub fn fit(&self, reference: &Arc<Reference>) -> bool {
        let place = |row: &entity::need_category::Model| (row.code.clone(), row.parent_code.clone(), row.domain);
        let tree = |reference: &Reference| -> Vec<_> {
            let categories = reference.categories.values();
            categories.map(|named| place(&named.row)).collect()
        };
        Arc::ptr_eq(&self.reference, reference)
            || (self.countries.iter().eq(reference.countries.keys())
                && self.units.iter().eq(reference.units.keys())
                && tree(&self.reference) == tree(reference))
    }

    /// The number of a category.
    pub fn category(&self, code: &str) -> Option<Id> {
        number(&self.categories, code)
    }

    /// The number of a country.
    pub fn country(&self, code: &str) -> Option<Id> {
        number(&self.countries, code)
    }

    /// The number of a unit.
    pub fn unit(&self, code: &str) -> Option<Id> {
        number(&self.units, code)
    }

    /// What counts the requests with an item in any of these categories; none where nothing does.
    pub fn node(&self, categories: &BTreeSet<Id>) -> Option<Id> {
        self.nodes.get(categories).copied()
    }

    /// Everything that counts a request with an item in this category.
    pub fn nodes_of(&self, category: Id) -> &[Id] {
        self.nodes_of.get(usize::from(category)).map_or(&[], Vec::as_slice)
    }
}

fn number(codes: &IndexSet<String>, code: &str) -> Option<Id> {
    Id::try_from(codes.get_index_of(code)?).ok()
}
