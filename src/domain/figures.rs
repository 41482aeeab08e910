//! The figures of an item and how they hang together.

use entity::enums::Fulfilment;

/// Figures of an item, or differences of them, in thousandths of its unit.
///
/// While its request is VERIFIED, `requested = committed + in_transit + delivered + uncovered` and
/// `unmet = requested − delivered`. Once the request has ended, nothing is uncovered or unmet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The base: what was approved, before it what was requested.
    pub requested: i64,
    /// Open pledges; they reserve nothing.
    pub pledged: i64,
    /// Committed and not yet shipped.
    pub committed: i64,
    /// Shipped and not yet received.
    pub in_transit: i64,
    /// Received and accepted.
    pub delivered: i64,
    /// What a donor can still take.
    pub uncovered: i64,
    /// What is not yet in hands.
    pub unmet: i64,
}

impl Figures {
    /// A base, or a change of it, that nobody has covered.
    pub const fn base(requested: i64) -> Self {
        Self {
            requested,
            uncovered: requested,
            unmet: requested,
            ..Self::ZERO
        }
    }

    /// Nothing.
    pub const ZERO: Self = Self {
        requested: 0,
        pledged: 0,
        committed: 0,
        in_transit: 0,
        delivered: 0,
        uncovered: 0,
        unmet: 0,
    };

    /// The difference that undoes this one.
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

    /// Both differences together.
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

    /// What is covered: committed, in transit or delivered.
    pub const fn covered(self) -> i64 {
        self.committed + self.in_transit + self.delivered
    }
}

/// What of a request's items decides how far it is met. Items whose base is 0 do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// An item has a base above 0.
    pub asks: bool,
    /// An item is not wholly delivered.
    pub unmet: bool,
    /// An item is not wholly covered.
    pub uncovered: bool,
    /// Of an item something was delivered.
    pub delivered: bool,
    /// Of an item something is committed or in transit.
    pub committed: bool,
}

impl Progress {
    /// How far a request is met: the first that matches. The end of a request does not make it met.
    pub const fn fulfilment(self) -> Fulfilment {
        if !self.asks {
            Fulfilment::Unmet
        } else if !self.unmet {
            Fulfilment::Delivered
        } else if self.delivered {
            Fulfilment::PartlyDelivered
        } else if !self.uncovered {
            Fulfilment::Committed
        } else if self.committed {
            Fulfilment::PartlyCommitted
        } else {
            Fulfilment::Unmet
        }
    }
}

#[cfg(test)]
mod tests;
