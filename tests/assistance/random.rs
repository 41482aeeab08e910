//! Random numbers that a seed repeats, and how often to try.

use std::time::SystemTime;

/// Rounds of a race or a walk.
pub fn rounds() -> usize {
    std::env::var("ROUNDS").map_or(20, |text| text.parse().expect("ROUNDS is a number"))
}

/// SplitMix64.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// By `SEED`, else by the time; printed, so that a failure tells it.
    pub fn new(what: &str) -> Self {
        let seed = std::env::var("SEED").map_or_else(
            |_| {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
                u64::try_from(since.as_nanos() & 0xffff_ffff).unwrap()
            },
            |text| text.parse().expect("SEED is a number"),
        );
        println!("{what}: SEED={seed}");
        Self(seed)
    }

    /// One of its own, for a task.
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both of them possible.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high.max(low) - low).unwrap() + 1;
        low + i64::try_from(self.next() % span).unwrap()
    }

    /// True as often as `percent` says.
    pub fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let last = i64::try_from(all.len()).unwrap() - 1;
        (last >= 0).then(|| &all[usize::try_from(self.between(0, last)).unwrap()])
    }
}

/// Thousandths as clients write them.
pub fn units(milli: i64) -> String {
    format!("{}.{:03}", milli / 1000, milli % 1000)
}

/// Thousandths of what clients read.
pub fn milli(units: &serde_json::Value) -> i64 {
    let (whole, part) = units
        .as_str()
        .unwrap()
        .split_once('.')
        .unwrap_or((units.as_str().unwrap(), ""));
    format!("{whole}{part:0<3}").parse().unwrap()
}
