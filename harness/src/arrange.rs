//! Which cases run here, in which order, and how often.

use std::num::NonZero;
use std::str::FromStr;

use crate::plan::Case;

/// One of several parts that together are the whole, for as many machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    index: u64,
    count: u64,
}

impl Partition {
    /// Whether the case of this name is in the part. Nothing but the name decides, so that a new scenario moves no other.
    pub fn has(&self, id: &str) -> bool {
        hash(id, 0) % self.count == self.index - 1
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| part.parse::<u64>().ok().filter(|number| *number > 0);
        match text.split_once('/').map(|(index, count)| (number(index), number(count))) {
            Some((Some(index), Some(count))) if index <= count => Ok(Self { index, count }),
            _ => Err("say which part of how many, such as 1/4 (the first is 1, the last 4/4)".to_owned()),
        }
    }
}

impl std::fmt::Display for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// Each case so many times, in rounds; with a seed each round has an order of its own.
pub fn attempts(cases: &[Case], count: NonZero<usize>, seed: Option<u64>) -> Vec<Case> {
    let mut all = Vec::with_capacity(cases.len() * count.get());
    for attempt in 1..=count.get() {
        let mut round: Vec<Case> = cases.iter().map(|case| case.again(attempt)).collect();
        if let Some(seed) = seed {
            shuffle(&mut round, seed.wrapping_add(attempt as u64 - 1));
        }
        all.append(&mut round);
    }
    all
}

/// Orders the cases by a hash of their names and the seed: the same seed gives the same order on every machine.
pub(crate) fn shuffle(cases: &mut [Case], seed: u64) {
    cases.sort_by_cached_key(|case| hash(&case.id, seed));
}

/// FNV-1a, then a finalizer, because names that differ in their last letter must not stay neighbours.
fn hash(id: &str, seed: u64) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    const MIX: u64 = 0xff51_afd7_ed55_8ccd;
    let bytes = seed.to_le_bytes().into_iter().chain(id.bytes());
    let hash = bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    let hash = (hash ^ (hash >> 33)).wrapping_mul(MIX);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(count: u64) -> Vec<Partition> {
        (1..=count).map(|index| Partition { index, count }).collect()
    }

    fn ids(count: usize) -> Vec<String> {
        (0..count).map(|index| format!("area::file::scenario[n={index}]")).collect()
    }

    #[test]
    fn each_case_is_in_exactly_one_part_and_no_part_is_much_larger() {
        for count in 1..9 {
            let parts = parts(count);
            let mut sizes = vec![0_usize; parts.len()];
            for id in ids(2000) {
                let mine: Vec<usize> = (0..parts.len()).filter(|at| parts[*at].has(&id)).collect();
                assert_eq!(mine.len(), 1, "{id} of {count}: {mine:?}");
                sizes[mine[0]] += 1;
            }
            let fair = 2000 / parts.len();
            assert!(sizes.iter().all(|size| *size > fair * 3 / 4 && *size < fair * 5 / 4 + 1), "{sizes:?}");
        }
    }

    #[test]
    fn a_part_is_the_same_on_every_machine_and_in_every_release() {
        let first = Partition { index: 1, count: 3 };
        let mine: Vec<String> = ids(12).into_iter().filter(|id| first.has(id)).collect();
        assert_eq!(mine, PINNED);
    }

    #[test]
    fn a_part_is_written_as_index_and_count() {
        assert_eq!("2/3".parse(), Ok(Partition { index: 2, count: 3 }));
        assert_eq!(Partition { index: 2, count: 3 }.to_string(), "2/3");
        for wrong in ["", "2", "0/3", "4/3", "1/0", "a/b", "1/2/3", "-1/2"] {
            assert!(wrong.parse::<Partition>().is_err(), "{wrong}");
        }
    }

    const PINNED: [&str; 2] = ["area::file::scenario[n=2]", "area::file::scenario[n=9]"];
}
