//! What a summary holds: sums of items and counts of requests, each by where they stand. A cell can also be a difference.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

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

/// Sums and counts, by state and whatever the state. A cell of nothing is not kept. A copy shares what neither changes: each
/// folding makes one, and few countries and categories move in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cells {
    items: Parted<Place, Cell>,
    items_of_any: Parted<Place, Cell>,
    requests: Parted<(Id, Option<State>), Count>,
    requests_of_any: Parted<(Id, Option<State>), Count>,
}

/// In parts: items by their country, requests by the set of categories that they are counted in, there by country and state.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parted<K: Eq + Hash, V: PartialEq>(HashMap<Id, Arc<HashMap<K, V>>>);

impl<K: Eq + Hash, V: PartialEq> Default for Parted<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Clone + Eq + Hash, V: Copy + Default + PartialEq> Parted<K, V> {
    fn add(&mut self, part: Id, key: K, more: V, plus: fn(V, V) -> V) {
        let cells = Arc::make_mut(self.0.entry(part).or_default());
        add(cells, key, more, plus);
        if cells.is_empty() {
            self.0.remove(&part);
        }
    }

    fn change(&mut self, change: fn(V) -> V) {
        for part in self.0.values_mut() {
            Arc::make_mut(part).values_mut().for_each(|cell| *cell = change(*cell));
        }
    }
}

impl Cells {
    /// Adds items of one state.
    pub fn add_items(&mut self, place: Place, cell: Cell) {
        self.items.add(place.country, place, cell, Cell::plus);
        let of_any = Place { state: None, ..place };
        self.items_of_any.add(place.country, of_any, cell, Cell::plus);
    }

    /// Adds requests of one state.
    pub fn add_requests(&mut self, node: Node, count: Count) {
        let Node { country, node, state } = node;
        self.requests.add(node, (country, state), count, Count::plus);
        self.requests_of_any.add(node, (country, None), count, Count::plus);
    }

    /// Adds a difference.
    pub fn add(&mut self, other: &Self) {
        for (place, cell) in other.items(true) {
            self.add_items(*place, *cell);
        }
        for (node, counts) in &other.requests.0 {
            for ((country, state), count) in &**counts {
                let (country, node, state) = (*country, *node, *state);
                self.add_requests(Node { country, node, state }, *count);
            }
        }
    }

    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.items.0.is_empty() && self.requests.0.is_empty()
    }

    /// What takes this away again.
    #[must_use]
    pub fn negated(mut self) -> Self {
        self.items.change(Cell::negated);
        self.items_of_any.change(Cell::negated);
        self.requests.change(Count::negated);
        self.requests_of_any.change(Count::negated);
        self
    }

    /// All sums, each state by itself or all states together.
    pub fn items(&self, by_state: bool) -> impl Iterator<Item = (&Place, &Cell)> {
        let items = if by_state { &self.items } else { &self.items_of_any };
        items.0.values().flat_map(|part| part.iter())
    }

    /// The counts of one set of categories, each state by itself or all states together: with country and state.
    pub fn requests(&self, node: Id, by_state: bool) -> impl Iterator<Item = (Id, Option<State>, &Count)> {
        let counts = if by_state {
            &self.requests
        } else {
            &self.requests_of_any
        };
        let counts = counts.0.get(&node).into_iter().flat_map(|part| part.iter());
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Items and a request of a country, a category, and a status: VERIFIED or CLOSED.
    type One = (u8, u8, bool, i64);

    fn cells(all: &[One]) -> Cells {
        let mut cells = Cells::default();
        for (country, category, closed, number) in all {
            let status = match closed {
                true => RequestStatus::Closed,
                false => RequestStatus::Verified,
            };
            let state = State {
                status,
                priority: Priority::High,
            };
            let (country, node) = (Id::from(*country), Id::from(*category));
            let place = Place {
                country,
                category: node,
                unit: 0,
                state: Some(state),
            };
            let number = i128::from(*number);
            let cell = Cell {
                items: number,
                quantities: Sums::of([number; Sums::COUNT]),
                ..Cell::default()
            };
            cells.add_items(place, cell);
            let count = Count {
                requests: number,
                people: 7,
            };
            let state = Some(state);
            cells.add_requests(Node { country, node, state }, count);
        }
        cells
    }

    fn some() -> impl Strategy<Value = Vec<One>> {
        proptest::collection::vec((0_u8..4, 0_u8..4, any::<bool>(), -3_i64..4), 0..20)
    }

    proptest! {
        #[test]
        fn a_copy_that_is_added_to_leaves_what_it_was_copied_from(before in some(), more in some()) {
            let known = cells(&before);
            let mut copy = known.clone();
            copy.add(&cells(&more));
            prop_assert_eq!(&known, &cells(&before));
            let all: Vec<_> = before.iter().chain(&more).copied().collect();
            prop_assert_eq!(copy, cells(&all));
        }

        #[test]
        fn what_is_taken_away_again_leaves_nothing(all in some()) {
            let mut none = cells(&all);
            none.add(&cells(&all).negated());
            prop_assert!(none.is_empty());
            prop_assert_eq!(none, Cells::default());
        }

        #[test]
        fn states_together_are_the_sum_of_each_by_itself(all in some()) {
            let cells = cells(&all);
            let sum = |by_state| cells.items(by_state).map(|(_, cell)| cell.items).sum::<i128>();
            prop_assert_eq!(sum(true), sum(false));
            for node in 0..4 {
                let sum = |by_state| cells.requests(node, by_state).map(|(_, _, count)| count.requests).sum::<i128>();
                prop_assert_eq!(sum(true), sum(false));
            }
        }
    }
}
