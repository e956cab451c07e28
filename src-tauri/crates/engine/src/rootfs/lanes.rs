//! Which layers are unpacked beside one another, and in which order their files come then.
//!
//! Both depend on the image alone, never on time or on processors: the same layers give the same bytes.

use super::links::{Inode, Plan};

/// Lanes that run at once: unpacking is what takes the time, and a lane is as fast as one processor.
const LANES: usize = 2;

/// Layers that are unpacked one after the other, and the files wanted of each, in the order in which it has them.
#[derive(Default)]
pub(super) struct Lane<'a> {
    pub layers: Vec<(usize, Vec<&'a Inode>)>,
    /// Bytes to unpack for all of them.
    length: u64,
}

/// Layers in lanes that are about as long. A lane may be empty.
pub(super) fn lanes<'a>(plan: &'a Plan<'_>) -> [Lane<'a>; LANES] {
    let end = |inode: &&Inode| {
        let (offset, length) = plan.bytes(inode);
        offset + length
    };
    let mut layers: Vec<_> = plan
        .by_layer()
        .into_iter()
        .map(|(layer, inodes)| (inodes.last().map_or(0, end), layer, inodes))
        .collect();
    // The longest first, so that what comes last makes little difference.
    layers.sort_by_key(|(length, layer, _)| (u64::MAX - length, *layer));
    let mut lanes: [Lane<'a>; LANES] = Default::default();
    for (length, layer, inodes) in layers {
        let lane = lanes.iter_mut().min_by_key(|lane| lane.length).expect("there are lanes");
        lane.layers.push((layer, inodes));
        lane.length += length;
    }
    for lane in &mut lanes {
        lane.layers.sort_by_key(|(layer, _)| *layer);
    }
    lanes
}

/// The files of all lanes, each with its lane, in the order in which they are unpacked where all lanes are as fast.
pub(super) fn order<'a>(plan: &Plan<'_>, lanes: &[Lane<'a>]) -> Vec<(usize, &'a Inode)> {
    let mut files = Vec::new();
    for (at, lane) in lanes.iter().enumerate() {
        let mut before = 0;
        for (_, inodes) in &lane.layers {
            let mut end = before;
            for inode in inodes {
                let (offset, length) = plan.bytes(inode);
                files.push((before + offset, at, *inode));
                end = before + offset + length;
            }
            before = end;
        }
    }
    files.sort_by_key(|(position, lane, _)| (*position, *lane));
    files.into_iter().map(|(_, lane, inode)| (lane, inode)).collect()
}
