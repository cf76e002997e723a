//! Numbers that look random and can be had again from their seed.

use std::time::{SystemTime, UNIX_EPOCH};

/// Numbers that look random and can be had again from their seed.
pub(crate) struct Random(pub(crate) u64);

/// The seed that the environment's `SEED` names.
pub(crate) fn named_seed() -> Option<u64> {
    std::env::var("SEED").ok().and_then(|seed| seed.parse().ok())
}

/// The seed that is named, or else one that each run has for itself; it is printed, to be named again.
pub(crate) fn seed() -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    let seed = named_seed().unwrap_or_else(now);
    eprintln!("seed {seed}");
    seed
}

impl Random {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// An index into something of `len` items.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        let below = self.below(u64::try_from(len).expect("a length fits"));
        usize::try_from(below).expect("what is below a length is one")
    }

    /// Whether something happens that happens in one of `times` cases.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.index(times) == 0
    }

    pub(crate) fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.index(choices.len())]
    }
}
