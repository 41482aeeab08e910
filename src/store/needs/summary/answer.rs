//! What the sums in memory can answer, and answering it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use entity::country;
use entity::enums::{Priority, RequestStatus};
use indexmap::IndexSet;
use sea_orm::{ActiveEnum, Iterable};
use sha2::{Digest, Sha256};

use crate::domain::filter::{CategoryField, Filter, ItemField, RequestField, any_leaf};
use crate::domain::reference::Reference;
use crate::domain::totals::{Sums, Totals};
use crate::error::Error;
use crate::store::Reader;
use crate::store::needs::Asked;
use crate::store::needs::source::GroupKey;
use crate::store::needs::summary::Folded;
use crate::store::needs::summary::cells::{Cells, State, counts};
use crate::store::needs::summary::codes::{Codes, Id};
use crate::store::needs::summary::moved::{Moved, Span, moved};

/// By what figures are grouped, in the order of the parts of a group's key. Pairs are of (part of the key, code): what has
/// several keys counts in each, what has none falls out.
#[derive(Debug)]
pub(in crate::store::needs) struct Parts {
    pub countries: Option<Vec<(String, String)>>,
    pub categories: Option<Vec<(String, String)>>,
    pub by_priority: bool,
    pub by_status: bool,
}

/// Totals by these parts, in one statement or, where something was written just now, two. None where rows must tell.
///
/// # Errors
/// The database's.
pub(in crate::store::needs) async fn answer(
    reader: &Reader,
    asked: &Asked,
    parts: &Parts,
    quantities: bool,
) -> Result<Option<HashMap<GroupKey, Totals>>, Error> {
    let Some((folded, plan, later)) = ready(reader, asked, parts).await? else {
        return Ok(None);
    };
    let key = Sha256::digest(format!("{asked:?} {parts:?}")).into();
    let known = folded.cuts.known(&key, reader.reference());
    let mut groups = match known {
        Some(groups) => HashMap::clone(&groups),
        None => {
            let mut groups = HashMap::new();
            add(&plan, &folded.cells, &mut groups);
            folded.cuts.keep(key, reader.reference(), &groups);
            groups
        }
    };
    add(&plan, &later, &mut groups);
    let totals = groups
        .into_iter()
        .filter_map(|(group, sum)| Some((plan.key(&group), sum.totals(plan.codes, quantities)?)));
    Ok(Some(totals.collect()))
}

/// How many requests pass, in one statement or two. None where rows must tell.
///
/// # Errors
/// The database's.
pub(in crate::store::needs) async fn count(reader: &Reader, asked: &Asked) -> Result<Option<u64>, Error> {
    // All are one group.
    let parts = Parts {
        countries: None,
        categories: None,
        by_priority: false,
        by_status: false,
    };
    let Some((folded, plan, later)) = ready(reader, asked, &parts).await? else {
        return Ok(None);
    };
    let mut total = 0;
    for cells in [&folded.cells, &later] {
        for node in plan.groups_of_node.keys() {
            let counts = cells.requests(*node, plan.by_state);
            let counts = counts.filter(|(country, state, _)| plan.passing.contains(&(*country, *state)));
            total += counts.map(|(_, _, count)| count.requests).sum::<i128>();
        }
    }
    Ok(u64::try_from(total).ok())
}

/// The sums in memory, which of them count, and what the reader's snapshot has beyond them. None where rows must tell.
async fn ready<'a>(
    reader: &'a Reader,
    asked: &Asked,
    parts: &'a Parts,
) -> Result<Option<(&'a Folded, Plan<'a>, Cells)>, Error> {
    let Some(folded) = reader.summary() else {
        return Ok(None);
    };
    let Some(plan) = Plan::of(folded, reader, asked, parts) else {
        return Ok(None);
    };
    let beyond = Span {
        after: folded.ticket,
        upto: None,
    };
    match moved(reader, &folded.codes, beyond).await? {
        Moved::By(later) => Ok(Some((folded, plan, later))),
        Moved::Beyond => Ok(None),
    }
}

/// Which cells count, and in which groups.
struct Plan<'a> {
    codes: &'a Codes,
    parts: &'a Parts,
    /// Whether states count apart.
    by_state: bool,
    /// Countries and states whose requests count.
    passing: HashSet<(Id, Option<State>)>,
    countries: Groupings,
    categories: Groupings,
    groups_of_node: HashMap<Id, Vec<usize>>,
}

/// The keys of groups, and for the number of each code the places of its keys among them.
struct Groupings {
    keys: Vec<Option<String>>,
    of: Vec<Vec<usize>>,
}

impl<'a> Plan<'a> {
    /// None where rows must tell.
    fn of(folded: &'a Folded, reader: &Reader, asked: &Asked, parts: &'a Parts) -> Option<Self> {
        let (codes, reference) = (&*folded.codes, &**reader.reference());
        if asked.any_status || asked.as_of.is_some() || !codes.fit(reader.reference()) {
            return None;
        }
        let (mut of_request, of_category) = split(&asked.items)?;
        of_request.push(&asked.requests);
        if !of_request.iter().all(|test| is_of_state(test)) {
            return None;
        }
        let tests_state = of_request.iter().any(|test| tests_state(test));
        let by_state = parts.by_priority || parts.by_status || tests_state;
        let states: Vec<Option<State>> = if by_state {
            all_states().map(Some).collect()
        } else {
            vec![None]
        };
        let mut passing = HashSet::new();
        for (code, id) in codes.countries.iter().zip(0..) {
            let row = &reference.countries.get(code)?.row;
            for state in &states {
                if !of_request.iter().all(|test| passes(reference, test, row, *state)) {
                    continue;
                }
                if state.is_none_or(|state| counts(state.status)) {
                    passing.insert((id, *state));
                } else if !asked.counts_verified_only() {
                    // Such requests are not in the sums.
                    return None;
                }
            }
        }
        let countries = Groupings::new(&codes.countries, parts.countries.as_deref());
        let mut categories = Groupings::new(&codes.categories, parts.categories.as_deref());
        for (groups, code) in categories.of.iter_mut().zip(&codes.categories) {
            let row = &reference.categories.get(code)?.row;
            if !of_category.iter().all(|test| reference.category_holds(row, test)) {
                groups.clear();
            }
        }
        Some(Self {
            groups_of_node: nodes(codes, &categories)?,
            codes,
            parts,
            by_state,
            passing,
            countries,
            categories,
        })
    }

    /// The groups of a country and what else counts, with the part of the state that is grouped by.
    fn groups<'b>(
        &'b self,
        country: Id,
        others: &'b [usize],
        state: Option<State>,
    ) -> impl Iterator<Item = Group> + 'b {
        let countries = self
            .countries
            .of
            .get(usize::from(country))
            .map_or(&[][..], Vec::as_slice);
        let priority = state.map(|state| state.priority).filter(|_| self.parts.by_priority);
        let status = state.map(|state| state.status).filter(|_| self.parts.by_status);
        let counts = self.passing.contains(&(country, state));
        countries.iter().filter(move |_| counts).flat_map(move |country| {
            others.iter().map(move |other| Group {
                country: *country,
                category: *other,
                priority,
                status,
            })
        })
    }

    /// The key of a group: a part for each thing that is grouped by.
    fn key(&self, group: &Group) -> GroupKey {
        let part = |keys: &[Option<String>], place: usize| keys.get(place).cloned().flatten();
        let mut key = Vec::new();
        if self.parts.countries.is_some() {
            key.push(part(&self.countries.keys, group.country));
        }
        if self.parts.categories.is_some() {
            key.push(part(&self.categories.keys, group.category));
        }
        key.extend(group.priority.map(|priority| Some(priority.to_value().to_string())));
        key.extend(group.status.map(|status| Some(status.to_value())));
        key
    }
}

impl Groupings {
    /// One key for all codes where nothing groups them.
    fn new(codes: &IndexSet<String>, pairs: Option<&[(String, String)]>) -> Self {
        let Some(pairs) = pairs else {
            return Self {
                keys: vec![None],
                of: vec![vec![0]; codes.len()],
            };
        };
        let (mut keys, mut of) = (IndexSet::new(), vec![Vec::new(); codes.len()]);
        for (key, code) in pairs {
            let (place, _) = keys.insert_full(key);
            if let Some(groups) = codes.get_index_of(code).and_then(|code| of.get_mut(code))
                && !groups.contains(&place)
            {
                groups.push(place);
            }
        }
        Self {
            keys: keys.into_iter().map(|key| Some(key.clone())).collect(),
            of,
        }
    }
}

/// What counts the requests of each group of categories; none where nothing counts those of one.
fn nodes(codes: &Codes, categories: &Groupings) -> Option<HashMap<Id, Vec<usize>>> {
    let mut sets = vec![BTreeSet::new(); categories.keys.len()];
    for (groups, category) in categories.of.iter().zip(0..) {
        for group in groups {
            sets.get_mut(*group)?.insert(category);
        }
    }
    let mut nodes: HashMap<Id, Vec<usize>> = HashMap::new();
    for (group, set) in sets.iter().enumerate().filter(|(_, set)| !set.is_empty()) {
        nodes.entry(codes.node(set)?).or_default().push(group);
    }
    Some(nodes)
}

/// Tests that must all hold.
type Tests<'a> = (Vec<&'a Filter<RequestField>>, Vec<&'a Filter<CategoryField>>);

/// The tests of an item's request and those of its category, all of which must hold; none for any other test.
fn split(filter: &Filter<ItemField>) -> Option<Tests<'_>> {
    match filter {
        Filter::All(all) => {
            let mut both = (Vec::new(), Vec::new());
            for one in all {
                let (requests, categories) = split(one)?;
                both.0.extend(requests);
                both.1.extend(categories);
            }
            Some(both)
        }
        Filter::Is(ItemField::Request(filter)) => Some((vec![filter], Vec::new())),
        Filter::Is(ItemField::Category(filter)) => Some((Vec::new(), vec![filter])),
        _ => None,
    }
}

/// Whether a country and a state say whether it holds.
fn is_of_state(filter: &Filter<RequestField>) -> bool {
    !any_leaf(filter, &|field| {
        !matches!(
            field,
            RequestField::Status(_) | RequestField::Priority(_) | RequestField::Country(_)
        )
    })
}

fn tests_state(filter: &Filter<RequestField>) -> bool {
    any_leaf(filter, &|field| {
        matches!(field, RequestField::Status(_) | RequestField::Priority(_))
    })
}

fn passes(
    reference: &Reference,
    filter: &Filter<RequestField>,
    country: &country::Model,
    state: Option<State>,
) -> bool {
    filter.holds(&mut |field| match field {
        RequestField::Status(test) => test.holds(state.map(|state| state.status).as_ref()),
        RequestField::Priority(test) => test.holds(state.map(|state| state.priority).as_ref()),
        RequestField::Country(filter) => reference.country_holds(country, filter),
        _ => false,
    })
}

fn all_states() -> impl Iterator<Item = State> {
    RequestStatus::iter().flat_map(|status| Priority::iter().map(move |priority| State { status, priority }))
}

/// A group by the places of its keys, and the state as far as that is grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Group {
    country: usize,
    category: usize,
    priority: Option<Priority>,
    status: Option<RequestStatus>,
}

/// What is added up of a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    totals: Totals,
    /// Items and their quantities by unit: items whose quantities are all 0 are there too.
    units: BTreeMap<Id, (i128, Sums)>,
    /// Requests by country.
    requests: HashMap<Id, i128>,
}

fn add(plan: &Plan<'_>, cells: &Cells, groups: &mut HashMap<Group, Sum>) {
    for (place, cell) in cells.items(plan.by_state) {
        let categories = plan
            .categories
            .of
            .get(usize::from(place.category))
            .map_or(&[][..], Vec::as_slice);
        for group in plan.groups(place.country, categories, place.state) {
            let Sum { totals, units, .. } = groups.entry(group).or_default();
            totals.items += cell.items;
            totals.unpriced_items += cell.unpriced;
            totals.values = totals.values.plus(cell.values);
            let (items, quantities) = units.entry(place.unit).or_default();
            *items += cell.items;
            *quantities = quantities.plus(cell.quantities);
        }
    }
    for (node, categories) in &plan.groups_of_node {
        for (country, state, count) in cells.requests(*node, plan.by_state) {
            for group in plan.groups(country, categories, state) {
                let Sum { totals, requests, .. } = groups.entry(group).or_default();
                totals.requests += count.requests;
                totals.people += count.people;
                *requests.entry(country).or_default() += count.requests;
            }
        }
    }
}

impl Sum {
    /// None for a group without items.
    fn totals(mut self, codes: &Codes, quantities: bool) -> Option<Totals> {
        let countries = self.requests.values().filter(|requests| **requests > 0).count();
        self.totals.countries = i128::try_from(countries).ok()?;
        if quantities {
            let units = self.units.into_iter().filter(|(_, (items, _))| *items > 0);
            let named = units.filter_map(|(unit, (_, sums))| Some((codes.units.get_index(unit.into())?.clone(), sums)));
            self.totals.quantities = named.collect();
        }
        Some(self.totals).filter(|totals| totals.items > 0)
    }
}
