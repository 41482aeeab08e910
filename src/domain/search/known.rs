//! Reference data, made ready for search once a snapshot: what is known is small, and searched in memory.

use crate::domain::reference::{Reference, names};
use crate::domain::search::{Kind, Query, Rank, words};

/// The active reference data of one snapshot by their words.
#[derive(Debug, Default)]
pub struct Known {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    kind: Kind,
    code: String,
    names: Vec<Vec<String>>,
    text: Vec<String>,
}

/// What matches a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// Its code.
    pub code: String,
    /// How well it matches.
    pub rank: Rank,
}

impl Known {
    /// What is active of a snapshot.
    pub fn new(reference: &Reference) -> Self {
        let categories = reference.categories.keys().map(|code| (Kind::NeedCategory, code));
        let commodities = reference.commodities.keys().map(|code| (Kind::Commodity, code));
        let countries = reference.countries.keys().map(|code| (Kind::Country, code));
        let organizations = reference.organizations.keys().map(|code| (Kind::Organization, code));
        let all = categories.chain(commodities).chain(countries).chain(organizations);
        let entries = all.filter_map(|(kind, code)| {
            let texts = Texts::of(reference, kind, code)?;
            texts.active.then(|| Entry {
                kind,
                code: code.clone(),
                names: texts.names.into_iter().map(words).collect(),
                text: texts.text.into_iter().flat_map(words).collect(),
            })
        });
        Self {
            entries: entries.collect(),
        }
    }

    /// What of these kinds matches, in no order.
    pub fn search(&self, query: &Query, kinds: &[Kind]) -> Vec<Found> {
        let entries = self.entries.iter().filter(|entry| kinds.contains(&entry.kind));
        let found = entries.filter_map(|entry| {
            let elsewhere = |asked: &str| entry.text.iter().any(|word| word.starts_with(asked));
            let rank = query.rank(&entry.names, elsewhere)?;
            Some(Found {
                kind: entry.kind,
                code: entry.code.clone(),
                rank,
            })
        });
        found.collect()
    }
}

/// The texts by which a row of reference data is found.
pub(super) struct Texts<'a> {
    active: bool,
    names: Vec<&'a str>,
    text: Option<&'a str>,
}

impl<'a> Texts<'a> {
    /// The names of a row in every language and its codes, and its longer text. Requests are not reference data.
    pub(super) fn of(reference: &'a Reference, kind: Kind, code: &str) -> Option<Self> {
        let (active, names, text) = match kind {
            Kind::AssistanceRequest => return None,
            Kind::NeedCategory => {
                let row = &reference.categories.get(code)?.row;
                (row.active, named(names!(row), [&*row.code]), &row.description)
            }
            Kind::Commodity => {
                let row = &reference.commodities.get(code)?.row;
                (row.active, named(names!(row), [&*row.code]), &row.specification)
            }
            Kind::Country => {
                let row = &reference.countries.get(code)?.row;
                let codes = [&*row.code, &*row.iso2, &*row.m49];
                (row.active, named(names!(row), codes), &row.official_name)
            }
            Kind::Organization => {
                let row = &reference.organizations.get(code)?.row;
                (row.active, named([&*row.name], [&*row.code]), &None)
            }
        };
        Some(Self {
            active,
            names,
            text: text.as_deref(),
        })
    }

    /// All of them, the most telling first.
    pub(super) fn all(self) -> impl Iterator<Item = &'a str> {
        self.names.into_iter().chain(self.text)
    }
}

fn named<'a>(names: impl IntoIterator<Item = &'a str>, codes: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    names.into_iter().chain(codes).collect()
}

impl Found {
    /// The part of its texts that matches best; none where there is none, or it is gone.
    pub fn snippet(&self, reference: &Reference, query: &Query) -> Option<String> {
        let texts = Texts::of(reference, self.kind, &self.code)?;
        super::snippet(query, texts.all())
    }
}
