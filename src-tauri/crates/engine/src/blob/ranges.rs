//! A set of bytes, as sorted, disjoint ranges.

use std::collections::BTreeMap;
use std::ops::Range;

/// Which bytes of a blob are there, or are still wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeSet {
    /// Start → end; no two touch.
    ranges: BTreeMap<u64, u64>,
}

impl RangeSet {
    /// One range.
    pub fn of(range: Range<u64>) -> Self {
        let mut set = Self::default();
        set.insert(range);
        set
    }

    /// Adds bytes; those that are in already stay.
    pub fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let (mut start, mut end) = (range.start, range.end);
        if let Some((&before, &until)) = self.ranges.range(..=start).next_back()
            && until >= start
        {
            start = before;
            end = end.max(until);
        }
        while let Some((&next, &until)) = self.ranges.range(start..).next() {
            if next > end {
                break;
            }
            end = end.max(until);
            self.ranges.remove(&next);
        }
        self.ranges.insert(start, end);
    }

    /// The first range, taken out: whole, or its first `most` bytes.
    pub fn take_first(&mut self, most: u64) -> Option<Range<u64>> {
        let (start, end) = self.ranges.pop_first()?;
        let cut = start.saturating_add(most).min(end);
        if cut < end {
            self.ranges.insert(cut, end);
        }
        Some(start..cut)
    }

    /// The range that begins exactly there, taken out.
    pub fn take_at(&mut self, start: u64) -> Option<Range<u64>> {
        self.ranges.remove(&start).map(|end| start..end)
    }

    /// What of `0..size` is not in it.
    pub fn missing(&self, size: u64) -> Self {
        let mut missing = Self::default();
        let mut at = 0;
        for (&start, &end) in &self.ranges {
            missing.insert(at..start.min(size));
            at = at.max(end);
        }
        missing.insert(at..size);
        missing
    }

    /// How many bytes from the beginning are there without a gap.
    pub fn prefix(&self) -> u64 {
        self.end_of_run(0)
    }

    /// Where the run of bytes that begins at `from`, or covers it, ends; `from` itself if it is not in.
    pub fn end_of_run(&self, from: u64) -> u64 {
        self.ranges.range(..=from).next_back().map_or(from, |(_, &end)| end.max(from))
    }

    /// How many bytes.
    pub fn total(&self) -> u64 {
        self.ranges.iter().map(|(start, end)| end - start).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many runs.
    pub fn runs(&self) -> usize {
        self.ranges.len()
    }

    /// The ranges, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.ranges.iter().map(|(&start, &end)| start..end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_set_of_its_bytes(parts in prop::collection::vec((0u64..60, 0u64..12), 0..20), size in 0u64..80) {
            let mut set = RangeSet::default();
            let mut bytes = [false; 80];
            for (start, length) in parts {
                set.insert(start..start + length);
                (start..start + length).for_each(|at| bytes[at as usize] = true);
            }
            prop_assert_eq!(set.total(), bytes.iter().filter(|byte| **byte).count() as u64);
            prop_assert_eq!(set.prefix(), bytes.iter().take_while(|byte| **byte).count() as u64);
            let missing = set.missing(size);
            for at in 0..size {
                let in_missing = missing.iter().any(|range| range.contains(&at));
                prop_assert_eq!(in_missing, !bytes[at as usize]);
            }
            let runs: Vec<_> = set.iter().collect();
            prop_assert!(runs.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }

    #[test]
    fn taking_the_first_bytes_leaves_the_rest() {
        let mut set = RangeSet::of(10..30);
        set.insert(40..50);
        assert_eq!(set.take_first(5), Some(10..15));
        assert_eq!(set.take_at(16), None, "nothing begins there");
        assert_eq!(set.take_at(15), Some(15..30));
        assert_eq!(set.take_first(100), Some(40..50));
        assert_eq!(set.take_first(100), None);
    }
}
