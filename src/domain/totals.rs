//! Totals over items: exact sums, and what is derived from them.

use std::collections::BTreeMap;

/// Sums of figures: values in ten-millionths of a US dollar, or quantities in thousandths of one unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// The base: what was approved, before it what was requested.
    pub requested: i128,
    /// Open pledges; they reserve nothing.
    pub pledged: i128,
    /// Committed and not yet shipped.
    pub committed: i128,
    /// Shipped and not yet received.
    pub in_transit: i128,
    /// Received and accepted.
    pub delivered: i128,
    /// What a donor can still take.
    pub uncovered: i128,
    /// What is not yet in hands.
    pub unmet: i128,
}

impl Sums {
    /// How many sums there are.
    pub const COUNT: usize = 7;

    /// The sums in the order of the fields.
    pub const fn of(sums: [i128; Self::COUNT]) -> Self {
        let [requested, pledged, committed, in_transit, delivered, uncovered, unmet] = sums;
        Self {
            requested,
            pledged,
            committed,
            in_transit,
            delivered,
            uncovered,
            unmet,
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            requested: self.requested + other.requested,
            pledged: self.pledged + other.pledged,
            committed: self.committed + other.committed,
            in_transit: self.in_transit + other.in_transit,
            delivered: self.delivered + other.delivered,
            uncovered: self.uncovered + other.uncovered,
            unmet: self.unmet + other.unmet,
        }
    }

    /// What takes these away again.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self {
            requested: -self.requested,
            pledged: -self.pledged,
            committed: -self.committed,
            in_transit: -self.in_transit,
            delivered: -self.delivered,
            uncovered: -self.uncovered,
            unmet: -self.unmet,
        }
    }

    /// Each times a factor.
    #[must_use]
    pub const fn times(self, factor: i128) -> Self {
        Self {
            requested: self.requested * factor,
            pledged: self.pledged * factor,
            committed: self.committed * factor,
            in_transit: self.in_transit * factor,
            delivered: self.delivered * factor,
            uncovered: self.uncovered * factor,
            unmet: self.unmet * factor,
        }
    }

    /// What is covered: committed, in transit or delivered.
    pub const fn covered(self) -> i128 {
        self.committed + self.in_transit + self.delivered
    }
}

/// Totals over items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Distinct requests.
    pub requests: i128,
    /// Items.
    pub items: i128,
    /// Items without a unit cost; they count in no value.
    pub unpriced_items: i128,
    /// Distinct countries.
    pub countries: i128,
    /// Persons in need, summed over distinct requests; a request that says nothing counts 0.
    pub people: i128,
    /// In ten-millionths of a US dollar.
    pub values: Sums,
    /// In thousandths, by the code of the unit; empty where it was not asked for.
    pub quantities: BTreeMap<String, Sums>,
}

impl Totals {
    /// The share of the requested value that is covered, 0 to 1; none where nothing is priced.
    pub fn coverage(&self) -> Option<f64> {
        let requested = self.values.requested;
        #[allow(
            clippy::cast_precision_loss,
            reason = "a share is the one figure that is no exact number"
        )]
        (requested > 0).then(|| self.values.covered() as f64 / requested as f64)
    }

    /// The same as a whole number in the same order, so that groups stand as their shares tell, however small.
    pub fn coverage_order(&self) -> Option<i64> {
        i64::try_from(self.coverage()?.to_bits()).ok()
    }
}

#[cfg(test)]
mod tests;
