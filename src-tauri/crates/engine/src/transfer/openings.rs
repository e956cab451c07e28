//! Which blobs move next, and how many at once.
//!
//! The largest begin first, so that none of them is waited for alone at the end. A sink that wants few of them at once
//! gets more only where each is slow: then it is the connection that is waited for, and not the sink. Small ones go
//! beside them, for they are all waiting and no work.

use std::collections::VecDeque;
use std::time::Instant;

use super::Blob;
use crate::endpoint::{ImageSink, Tempo};

/// From this on a blob is large, bytes.
const LARGE: u64 = 16 << 20;

pub(super) struct Openings {
    /// In order of size, the largest last.
    wanted: VecDeque<Blob>,
    /// Under way, of all sizes and large ones.
    open: (usize, usize),
    most: usize,
    most_large: usize,
    tempo: Tempo,
}

impl Openings {
    pub(super) fn new(mut wanted: Vec<Blob>, sink: &dyn ImageSink) -> Self {
        wanted.sort_by_key(|blob| blob.descriptor.size);
        let most = sink.parallelism().get();
        let most_large = sink.few().get().min(most);
        Self { wanted: wanted.into(), open: (0, 0), most, most_large, tempo: Tempo::new(0) }
    }

    /// The next one to begin, if one may; it counts as under way until [`Openings::ended`].
    pub(super) fn next(&mut self) -> Option<Blob> {
        if self.open.0 >= self.most {
            return None;
        }
        let is_large = |blob: &Blob| blob.descriptor.size >= LARGE;
        let blob = match self.wanted.back() {
            Some(largest) if !is_large(largest) || self.open.1 < self.most_large => self.wanted.pop_back(),
            _ => self.wanted.pop_front_if(|smallest| !is_large(smallest)),
        }?;
        self.open.0 += 1;
        self.open.1 += usize::from(is_large(&blob));
        Some(blob)
    }

    /// One of so many bytes is no longer under way.
    pub(super) fn ended(&mut self, size: u64) {
        self.open.0 -= 1;
        self.open.1 -= usize::from(size >= LARGE);
    }

    /// Whether time may bring more than the ends of those under way do.
    pub(super) fn may_grow(&self) -> bool {
        self.most_large < self.most && !self.wanted.is_empty()
    }

    /// `sent` bytes are gone by now: lets more begin where each of those under way is slow.
    pub(super) fn tick(&mut self, sent: u64, now: Instant) {
        let more = self.tempo.more(sent, self.open.1, now).min(self.most - self.most_large);
        self.most_large += more;
        self.tempo.added(more);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use async_trait::async_trait;
    use oci::descriptor::Descriptor;
    use oci::digest::Digest;
    use oci::name::RepositoryName;
    use oci::reference::Reference;

    use super::*;
    use crate::endpoint::{Admission, Content, Document};
    use crate::error::Result;
    use crate::job::{Job, NodeKind};

    struct Few;

    #[async_trait]
    impl ImageSink for Few {
        async fn admit(&self, _: &Descriptor, _: &[RepositoryName], _: &Job) -> Result<Admission> {
            unreachable!("nothing moves here")
        }
        async fn write(&self, _: &Content) -> Result<()> {
            unreachable!("nothing moves here")
        }
        async fn document(&self, _: &Document, _: &Job) -> Result<()> {
            unreachable!("nothing moves here")
        }
        async fn publish(&self, _: &Document, _: Option<&Reference>, _: &Job) -> Result<Option<Digest>> {
            unreachable!("nothing moves here")
        }
        fn parallelism(&self) -> NonZeroUsize {
            NonZeroUsize::new(5).unwrap()
        }
        fn few(&self) -> NonZeroUsize {
            NonZeroUsize::new(2).unwrap()
        }
    }

    const MIB: u64 = 1 << 20;

    fn openings(sizes: &[u64]) -> Openings {
        let blob = |size: &u64| {
            let descriptor = Descriptor::new("a/b", Digest::sha256(&size.to_le_bytes()), size * MIB);
            Blob { descriptor, kind: NodeKind::Layer }
        };
        Openings::new(sizes.iter().map(blob).collect(), &Few)
    }

    fn all(openings: &mut Openings) -> Vec<u64> {
        std::iter::from_fn(|| openings.next()).map(|blob| blob.descriptor.size / MIB).collect()
    }

    #[test]
    fn few_large_ones_go_at_once_the_largest_first_and_small_ones_beside_them() {
        let mut openings = openings(&[1, 80, 500, 2, 90, 70]);
        assert_eq!(all(&mut openings), [500, 90, 1, 2]);
        openings.ended(MIB);
        assert_eq!(all(&mut openings), [0; 0], "a small one makes no room for a large one");
        openings.ended(90 * MIB);
        assert_eq!(all(&mut openings), [80]);
        openings.ended(500 * MIB);
        assert_eq!(all(&mut openings), [70]);
        assert!(!openings.may_grow(), "there is nothing more");
    }

    #[test]
    fn more_begin_where_each_is_slow_and_none_where_they_are_fast() {
        for (each, want) in [(20 * MIB, 5), (400 * MIB, 2)] {
            let mut openings = openings(&[100, 101, 102, 103, 104, 105, 106]);
            let mut open = all(&mut openings).len() as u64;
            let (begin, mut sent) = (Instant::now(), 0);
            for tick in 1..30 {
                sent += open * each * Tempo::TICK.as_millis() as u64 / 1000;
                openings.tick(sent, begin + Tempo::TICK * tick + Duration::from_millis(1));
                open += all(&mut openings).len() as u64;
            }
            assert_eq!(open, want, "{each} bytes a second each");
        }
    }
}
