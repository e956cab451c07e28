//! Which bytes of a blob are still to be fetched, and by whom.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::lock;
use crate::blob::RangeSet;

/// No part is smaller, unless it is the last, bytes.
const SMALLEST_PART: u64 = 4 << 20;
/// No part is larger, bytes: parts that lie ahead are hashed later, from the file.
const LARGEST_PART: u64 = 32 << 20;

pub(super) struct Ledger {
    /// Neither here nor claimed.
    unclaimed: RangeSet,
    /// The claim that reads on without a bound of its own: the only one that others may shorten.
    front: Option<Range<u64>>,
    ranges: Ranges,
    /// Wakes the front when it is known whether ranges work.
    known: Arc<Notify>,
    /// Answers that brought bytes.
    pub(super) answers: u32,
}

/// Whether the source serves a part of a blob where one is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ranges {
    Unknown,
    Served,
    Refused,
}

impl Ledger {
    /// `plain`: in one piece, without ranges of others.
    pub(super) fn new(missing: RangeSet, plain: bool) -> Self {
        let ranges = if plain { Ranges::Refused } else { Ranges::Unknown };
        Self { unclaimed: missing, front: None, ranges, known: Arc::default(), answers: 0 }
    }

    pub(super) fn has_work(&self) -> bool {
        !self.unclaimed.is_empty()
    }

    /// Ranges do not work here: the front reads on over what was cut off it and was given back.
    pub(super) fn refuse_ranges(&mut self) {
        self.ranges = Ranges::Refused;
        if let Some(front) = &mut self.front
            && let Some(rest) = self.unclaimed.take_at(front.end)
        {
            front.end = rest.end;
        }
        self.known.notify_one();
    }

    fn ranges_are_served(&mut self) {
        if self.ranges == Ranges::Unknown {
            self.ranges = Ranges::Served;
            self.known.notify_one();
        }
    }

    /// Whether another connection would find a part worth fetching.
    pub(super) fn can_split(&self) -> bool {
        self.ranges != Ranges::Refused && self.open_bytes() >= 2 * SMALLEST_PART
    }

    fn open_bytes(&self) -> u64 {
        self.unclaimed.total() + self.front.as_ref().map_or(0, |front| front.end - front.start)
    }

    /// The next bytes for a connection of `all`: as the front, the first run whole, else a part.
    pub(super) fn claim(&mut self, front: bool, all: u64) -> Option<Range<u64>> {
        if front || self.ranges == Ranges::Refused {
            if self.front.is_some() {
                return None;
            }
            self.front = self.unclaimed.take_first(u64::MAX);
            return self.front.clone();
        }
        let part = (self.open_bytes() / (2 * all)).clamp(SMALLEST_PART, LARGEST_PART);
        if self.unclaimed.is_empty() {
            let front = self.front.as_mut()?;
            // The front keeps what it reaches soonest; the rest is up for others.
            let cut = front.start.saturating_add(part);
            if cut.saturating_add(SMALLEST_PART) > front.end {
                return None;
            }
            self.unclaimed.insert(cut..front.end);
            front.end = cut;
        }
        self.unclaimed.take_first(part)
    }
}

/// A claim under way; what of it was not fetched goes back when it is dropped.
pub(super) struct Claimed<'a> {
    ledger: &'a Mutex<Ledger>,
    part: Mutex<Range<u64>>,
    front: bool,
}

impl<'a> Claimed<'a> {
    pub(super) fn new(ledger: &'a Mutex<Ledger>, part: Range<u64>, front: bool) -> Self {
        let front = front || lock(ledger).front.as_ref() == Some(&part);
        Self { ledger, part: Mutex::new(part), front }
    }

    fn part(&self) -> Range<u64> {
        self.part.lock().expect("no code panics while it holds the claim").clone()
    }

    /// The next byte to fetch.
    pub(super) fn position(&self) -> u64 {
        self.part().start
    }

    /// The first byte that is not this claim's.
    pub(super) fn end(&self) -> u64 {
        if self.front {
            lock(self.ledger).front.as_ref().map_or(0, |front| front.end)
        } else {
            self.part().end
        }
    }

    /// Whether it is the front: also a connection becomes it that took its part after ranges were refused.
    pub(super) fn is_front(&self) -> bool {
        self.front
    }

    /// An answer began to bring bytes; `ranged` where it is the part that was asked for.
    pub(super) fn answered(&self, ranged: bool) {
        let mut ledger = lock(self.ledger);
        ledger.answers += 1;
        if ranged {
            ledger.ranges_are_served();
        }
    }

    /// Waits where the front got to what another connection is to bring, and nobody knows yet whether it can: an
    /// answer that was let go could not be taken up again without ranges.
    pub(super) async fn until_ranges_are_known(&self) {
        let known = lock(self.ledger).known.clone();
        while self.front && lock(self.ledger).ranges == Ranges::Unknown {
            known.notified().await;
        }
    }

    /// Bytes arrived; returns how many of them are this claim's.
    pub(super) fn advance(&self, bytes: u64) -> u64 {
        let end = self.end();
        let mut part = self.part.lock().expect("no code panics while it holds the claim");
        let mine = bytes.min(end.saturating_sub(part.start));
        part.start += mine;
        if self.front
            && let Some(front) = &mut lock(self.ledger).front
        {
            front.start = part.start;
        }
        mine
    }
}

impl Drop for Claimed<'_> {
    fn drop(&mut self) {
        let rest = self.position()..self.end();
        let mut ledger = lock(self.ledger);
        ledger.unclaimed.insert(rest);
        if self.front {
            ledger.front = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn parts_are_cut_ahead_of_the_front_and_nothing_is_fetched_twice() {
        let ledger = Mutex::new(Ledger::new(RangeSet::of(0..200 * MIB), false));
        let front = lock(&ledger).claim(true, 8).unwrap();
        assert_eq!(front, 0..200 * MIB);
        let front = Claimed::new(&ledger, front, true);
        assert_eq!(front.advance(MIB), MIB);
        let part = lock(&ledger).claim(false, 8).unwrap();
        assert!(part.start > MIB && part.start < 40 * MIB, "{part:?}");
        assert_eq!(front.end(), part.start, "the front stops where the part begins");
        assert_eq!(front.advance(200 * MIB), part.start - MIB, "it takes no byte of the part");
        assert!(lock(&ledger).claim(true, 8).is_none(), "there is one front");
    }

    #[test]
    fn what_a_broken_claim_did_not_fetch_goes_back() {
        let ledger = Mutex::new(Ledger::new(RangeSet::of(0..100 * MIB), false));
        let part = lock(&ledger).claim(false, 8).unwrap();
        let claim = Claimed::new(&ledger, part.clone(), false);
        claim.advance(MIB);
        drop(claim);
        let again = lock(&ledger).claim(true, 8).unwrap();
        assert_eq!(again, MIB..100 * MIB);
    }

    #[test]
    fn small_rests_and_refused_ranges_are_not_split() {
        let mut small = Ledger::new(RangeSet::of(0..7 * MIB), false);
        assert!(!small.can_split());
        assert!(small.claim(true, 8).is_some());
        assert!(small.claim(false, 8).is_none());
        let mut refused = Ledger::new(RangeSet::of(0..700 * MIB), false);
        assert!(refused.can_split());
        refused.refuse_ranges();
        assert!(!refused.can_split());
        assert_eq!(refused.claim(false, 8), Some(0..700 * MIB), "in one piece");
    }
}
