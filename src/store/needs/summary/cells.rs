//! What a summary holds: sums of items and counts of requests, each by where they stand. A cell can also be a difference.

use std::collections::HashMap;
use std::hash::Hash;

use entity::enums::{Priority, RequestStatus};

use crate::domain::totals::Sums;
use crate::store::needs::summary::codes::Id;

/// The state of a request that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub status: RequestStatus,
    pub priority: Priority,
}

/// Whether requests of this status count.
pub(super) const fn counts(status: RequestStatus) -> bool {
    matches!(status, RequestStatus::Verified | RequestStatus::Closed)
}

/// Where items stand that are added up together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub country: Id,
    pub category: Id,
    pub unit: Id,
    /// None: whatever the state.
    pub state: Option<State>,
}

/// Where requests stand that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub country: Id,
    /// A set of categories of `Codes`.
    pub node: Id,
    /// None: whatever the state.
    pub state: Option<State>,
}

/// Sums over items: values in ten-millionths of a US dollar, quantities in thousandths of the unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub items: i128,
    pub unpriced: i128,
    pub values: Sums,
    pub quantities: Sums,
}

/// Counts over requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub requests: i128,
    pub people: i128,
}

/// Sums and counts, by state and whatever the state. A cell of nothing is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cells {
    items: HashMap<Place, Cell>,
    items_of_any: HashMap<Place, Cell>,
    requests: HashMap<Id, Counts>,
    requests_of_any: HashMap<Id, Counts>,
}

/// The counts of one set of categories, by country and state.
type Counts = HashMap<(Id, Option<State>), Count>;

impl Cells {
    /// Adds items of one state.
    pub fn add_items(&mut self, place: Place, cell: Cell) {
        add(&mut self.items, place, cell, Cell::plus);
        add(&mut self.items_of_any, Place { state: None, ..place }, cell, Cell::plus);
    }

    /// Adds requests of one state.
    pub fn add_requests(&mut self, node: Node, count: Count) {
        let Node { country, node, state } = node;
        for (counts, state) in [(&mut self.requests, state), (&mut self.requests_of_any, None)] {
            let of_node = counts.entry(node).or_default();
            add(of_node, (country, state), count, Count::plus);
            if of_node.is_empty() {
                counts.remove(&node);
            }
        }
    }

    /// Adds a difference.
    pub fn add(&mut self, other: Self) {
        other
            .items
            .into_iter()
            .for_each(|(place, cell)| self.add_items(place, cell));
        for (node, counts) in other.requests {
            for ((country, state), count) in counts {
                self.add_requests(Node { country, node, state }, count);
            }
        }
    }

    /// What takes this away again.
    #[must_use]
    pub fn negated(mut self) -> Self {
        for cells in [&mut self.items, &mut self.items_of_any] {
            cells.values_mut().for_each(|cell| *cell = cell.negated());
        }
        for counts in [&mut self.requests, &mut self.requests_of_any] {
            let counts = counts.values_mut().flat_map(HashMap::values_mut);
            counts.for_each(|count| *count = count.negated());
        }
        self
    }

    /// All sums, each state by itself or all states together.
    pub fn items(&self, by_state: bool) -> impl Iterator<Item = (&Place, &Cell)> {
        if by_state { &self.items } else { &self.items_of_any }.iter()
    }

    /// The counts of one set of categories, each state by itself or all states together: with country and state.
    pub fn requests(&self, node: Id, by_state: bool) -> impl Iterator<Item = (Id, Option<State>, &Count)> {
        let counts = if by_state {
            &self.requests
        } else {
            &self.requests_of_any
        };
        let counts = counts.get(&node).into_iter().flatten();
        counts.map(|((country, state), count)| (*country, *state, count))
    }
}

fn add<K: Eq + Hash, V: Copy + Default + PartialEq>(cells: &mut HashMap<K, V>, key: K, more: V, plus: fn(V, V) -> V) {
    use std::collections::hash_map::Entry;
    match cells.entry(key) {
        Entry::Vacant(free) => {
            if more != V::default() {
                free.insert(more);
            }
        }
        Entry::Occupied(mut there) => {
            let sum = plus(*there.get(), more);
            if sum == V::default() {
                there.remove();
            } else {
                there.insert(sum);
            }
        }
    }
}

impl Cell {
    /// Both together.
    pub const fn plus(self, other: Self) -> Self {
        Self {
            items: self.items + other.items,
            unpriced: self.unpriced + other.unpriced,
            values: self.values.plus(other.values),
            quantities: self.quantities.plus(other.quantities),
        }
    }

    /// What takes this away again.
    pub const fn negated(self) -> Self {
        Self {
            items: -self.items,
            unpriced: -self.unpriced,
            values: self.values.negated(),
            quantities: self.quantities.negated(),
        }
    }
}

impl Count {
    /// Both together.
    pub const fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            people: self.people + other.people,
        }
    }

    /// What takes this away again.
    pub const fn negated(self) -> Self {
        Self {
            requests: -self.requests,
            people: -self.people,
        }
    }
}
