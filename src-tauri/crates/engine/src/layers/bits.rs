//! Sets of numbers below a length, a bit for each; and such sets that know how many stand before a place and where the
//! n-th is, which is all that a tree needs.

use std::io;
use std::ops::Range;

use super::kept::{Lists, Reading};

const WORD: usize = 64;
/// Bits whose ones are counted together.
const BLOCK: usize = 512;

/// A set of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
    length: usize,
}

impl Bits {
    /// None of so many numbers.
    pub(super) fn none(length: usize) -> Self {
        Self { words: vec![0; length.div_ceil(WORD)], length }
    }

    /// Those for which it is true, asked in order.
    pub(super) fn of(length: usize, mut is_in: impl FnMut(u32) -> bool) -> Self {
        let mut word = |start: usize| {
            let numbers = start..length.min(start + WORD);
            numbers.fold(0, |word, at| word | u64::from(is_in(at as u32)) << (at - start))
        };
        Self { words: (0..length).step_by(WORD).map(&mut word).collect(), length }
    }

    /// One more number.
    pub(super) fn push(&mut self, is_in: bool) {
        if self.length.is_multiple_of(WORD) {
            self.words.push(0);
        }
        self.length += 1;
        if is_in {
            self.insert(self.length as u32 - 1);
        }
    }

    /// Whether a number is in it.
    pub fn has(&self, number: u32) -> bool {
        let number = number as usize;
        self.words.get(number / WORD).is_some_and(|word| word >> (number % WORD) & 1 != 0)
    }

    /// Puts a number in; whether it was there.
    ///
    /// # Panics
    /// For a number that is not below the length.
    pub(super) fn insert(&mut self, number: u32) -> bool {
        let (at, bit) = (number as usize / WORD, 1 << (number as usize % WORD));
        let was = self.words[at] & bit != 0;
        self.words[at] |= bit;
        was
    }

    /// Takes a number out; whether it was there.
    pub(super) fn remove(&mut self, number: u32) -> bool {
        let (at, bit) = (number as usize / WORD, 1 << (number as usize % WORD));
        let was = self.words[at] & bit != 0;
        self.words[at] &= !bit;
        was
    }

    /// Adds it to lists: its words.
    pub(super) fn write(&self, lists: &mut Lists<'_>) -> io::Result<()> {
        lists.put(&[self.length as u64])?;
        lists.put(&self.words)
    }

    /// The next in lists, where it is one.
    pub(super) fn read(lists: &mut Reading<'_>) -> Option<Self> {
        let (length, words) = (lists.take::<u64>()?, lists.take::<u64>()?);
        let length = usize::try_from(*length.first()?).ok()?;
        (words.len() == length.div_ceil(WORD)).then_some(Self { words, length })
    }

    /// Numbers are below this.
    pub(super) fn length(&self) -> u32 {
        self.length as u32
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Those of both.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
        self
    }

    /// How many there are in a range.
    pub(super) fn count(&self, range: Range<u32>) -> usize {
        self.within(range).map(|(_, word)| word.count_ones() as usize).sum()
    }

    /// Whether there are any in a range.
    pub(super) fn any(&self, range: Range<u32>) -> bool {
        self.within(range).any(|(_, word)| word != 0)
    }

    /// Those in a range, ascending.
    pub fn iter(&self, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        self.within(range).flat_map(|(start, mut word)| {
            std::iter::from_fn(move || {
                let at = (word != 0).then(|| word.trailing_zeros())?;
                word &= word - 1;
                Some(start + at)
            })
        })
    }

    /// The first from a number on.
    pub(super) fn next(&self, from: u32) -> Option<u32> {
        self.iter(from..self.length as u32).next()
    }

    /// Words of a range with what is outside of it cleared, and the number of each one's first bit.
    fn within(&self, range: Range<u32>) -> impl Iterator<Item = (u32, u64)> + '_ {
        let (start, end) = (range.start as usize, (range.end as usize).min(self.length));
        let words = if start < end { start / WORD..end.div_ceil(WORD) } else { 0..0 };
        words.map(move |at| {
            let mut word = self.words[at];
            if at == start / WORD {
                word &= u64::MAX << (start % WORD);
            }
            if end < (at + 1) * WORD {
                word &= (1 << (end % WORD)) - 1;
            }
            ((at * WORD) as u32, word)
        })
    }
}

/// A set that does not change any more.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranked {
    bits: Bits,
    /// Ones before each block, and at the end all of them.
    before: Vec<u32>,
    /// The block of each 512th one, the first of them 0.
    blocks: Vec<u32>,
    ones: u32,
}

impl Ranked {
    pub(super) fn new(mut bits: Bits) -> Self {
        bits.words.shrink_to_fit();
        let mut before = Vec::with_capacity(bits.length.div_ceil(BLOCK) + 1);
        let mut blocks = Vec::new();
        let mut ones = 0;
        for (at, block) in bits.words.chunks(BLOCK / WORD).enumerate() {
            before.push(ones);
            ones += block.iter().map(|word| word.count_ones()).sum::<u32>();
            while blocks.len() * BLOCK < ones as usize {
                blocks.push(at as u32);
            }
        }
        before.push(ones);
        Self { bits, before, blocks, ones }
    }

    pub(super) fn bits(&self) -> &Bits {
        &self.bits
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.bits.has(number)
    }

    /// How many there are.
    pub(super) fn ones(&self) -> u32 {
        self.ones
    }

    /// How many are less than a number.
    pub(super) fn rank(&self, number: u32) -> u32 {
        let block = number as usize / BLOCK;
        let Some(before) = self.before.get(block) else { return self.ones };
        before + self.bits.count((block * BLOCK) as u32..number) as u32
    }

    /// The n-th of them, from 0; the length where there are not so many.
    pub(super) fn select(&self, nth: u32) -> u32 {
        if nth >= self.ones {
            return self.bits.length as u32;
        }
        // The block is between those of the two counted ones around it.
        let around = nth as usize / BLOCK;
        let low = self.blocks[around] as usize;
        let high = self.blocks.get(around + 1).map_or(self.before.len() - 1, |block| *block as usize + 1);
        let block = low + self.before[low..high].partition_point(|before| *before <= nth) - 1;
        let mut left = nth - self.before[block];
        let words = block * (BLOCK / WORD)..self.bits.words.len();
        for at in words {
            let mut word = self.bits.words[at];
            let ones = word.count_ones();
            if left < ones {
                for _ in 0..left {
                    word &= word - 1;
                }
                return (at * WORD) as u32 + word.trailing_zeros();
            }
            left -= ones;
        }
        self.bits.length as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is in a set, it answers as a sorted list of its numbers does.
        #[test]
        fn a_set_is_a_sorted_list(
            runs in proptest::collection::vec((any::<bool>(), 1_usize..900), 0..12),
            noise in proptest::collection::vec(0_u32..4000, 0..60),
        ) {
            let mut bits = Bits::default();
            runs.iter().for_each(|(is_in, count)| (0..*count).for_each(|_| bits.push(*is_in)));
            let length = bits.length as u32;
            for number in noise.iter().filter(|number| **number < length) {
                if number % 3 == 0 { bits.remove(*number) } else { bits.insert(*number) };
            }
            let list: Vec<u32> = (0..length).filter(|number| bits.has(*number)).collect();
            prop_assert_eq!(bits.iter(0..length).collect::<Vec<_>>(), list.clone());
            prop_assert_eq!(bits.len(), list.len());
            prop_assert_eq!(&Bits::of(length as usize, |number| bits.has(number)), &bits);
            let ranked = Ranked::new(bits.clone());
            prop_assert_eq!(ranked.ones() as usize, list.len());
            for (nth, number) in list.iter().enumerate() {
                prop_assert_eq!(ranked.select(nth as u32), *number);
                prop_assert_eq!(ranked.rank(*number) as usize, nth);
                prop_assert_eq!(ranked.rank(*number + 1) as usize, nth + 1);
            }
            prop_assert_eq!(ranked.select(list.len() as u32), length);
            for pair in noise.chunks_exact(2) {
                let (start, end) = (pair[0].min(length), pair[1].min(length));
                let want: Vec<u32> = list.iter().copied().filter(|it| (start..end).contains(it)).collect();
                prop_assert_eq!(bits.count(start..end), want.len());
                prop_assert_eq!(bits.any(start..end), !want.is_empty());
                prop_assert_eq!(bits.next(start), list.iter().copied().find(|it| *it >= start));
                prop_assert_eq!(bits.iter(start..end).collect::<Vec<_>>(), want);
            }
        }
    }
}
