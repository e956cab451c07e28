//! Which layers are unpacked beside one another, and in which order their files come then.
//!
//! Both depend on the layers alone, as they are stored, never on time or on processors: the same layers give the same
//! bytes. How long a layer takes is guessed from its stored bytes, which tell more of it than the unpacked ones.

use std::cmp::Reverse;

use oci::descriptor::Descriptor;

use super::links::{Inode, Plan};

/// Lanes that run at once: unpacking is what takes the time, and a lane is as fast as one processor.
const LANES: usize = 2;

/// Layers that are unpacked one after the other, and the files wanted of each, in the order in which it has them.
#[derive(Default)]
pub(super) struct Lane<'a> {
    pub layers: Vec<(usize, Vec<&'a Inode>)>,
    /// Stored bytes of all of them.
    length: u64,
}

/// Layers in lanes that are about as long. A lane may be empty.
pub(super) fn lanes<'a>(plan: &'a Plan<'_>, descriptors: &[Descriptor]) -> [Lane<'a>; LANES] {
    let mut layers = plan.by_layer();
    let length = |layer: usize| descriptors[layer].size;
    // The longest first, so that what comes last makes little difference.
    layers.sort_by_key(|(layer, _)| (Reverse(length(*layer)), *layer));
    let mut lanes: [Lane<'a>; LANES] = Default::default();
    for (layer, inodes) in layers {
        let lane = lanes.iter_mut().min_by_key(|lane| lane.length).expect("there are lanes");
        lane.layers.push((layer, inodes));
        lane.length += length(layer);
    }
    for lane in &mut lanes {
        lane.layers.sort_by_key(|(layer, _)| *layer);
    }
    lanes
}

/// The files of all lanes, each with its lane, in the order in which they are unpacked where all lanes are as fast.
pub(super) fn order<'a>(
    plan: &Plan<'_>,
    lanes: &[Lane<'a>],
    descriptors: &[Descriptor],
) -> Vec<(usize, &'a Inode)> {
    let mut files = Vec::new();
    for (at, lane) in lanes.iter().enumerate() {
        let mut before = 0;
        for (layer, inodes) in &lane.layers {
            let length = u128::from(descriptors[*layer].size);
            let end = inodes.last().map_or(1, |inode| {
                let (offset, length) = plan.bytes(inode);
                u128::from(offset + length).max(1)
            });
            let stored = |inode: &Inode| u128::from(plan.bytes(inode).0) * length / end;
            files.extend(inodes.iter().map(|inode| (before + stored(inode), at, *inode)));
            before += length;
        }
    }
    files.sort_by_key(|(position, lane, _)| (*position, *lane));
    files.into_iter().map(|(_, lane, inode)| (lane, inode)).collect()
}
