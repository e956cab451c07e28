//! What is stored and sent for nothing, as dive counts it, and what each layer is worth.
//!
//! dive's rule (wagoodman/dive, `dive/filetree/efficiency.go`): of each layer's tree it looks at the leaves, that is files
//! and folders with nothing in them. A path that is a leaf in one layer costs its size there once; what later layers
//! write under the same path costs their sizes again. A whiteout is a leaf too, of the size 0, or where it removes a
//! folder of the size of all that was in it. Efficiency is the sum over all paths of the smallest cost of each, divided
//! by the sum of all costs; a path that is a leaf more than once is to blame, with all its costs.
//!
//! Where this differs from dive: a whiteout of something that was never there counts as nothing (dive passes over the
//! rest of that layer). As in dive, opaque folders and removed folders have no part in the sum, so
//! [`Waste::hidden_bytes`] says beside it what no container can see.

use super::format::NONE;
use super::stack::Stack;
use super::state::{is_same, seen};

/// What is wasted in an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Waste {
    /// 0 to 1; 1 of an image without files.
    pub efficiency: f64,
    /// What all files to blame cost together, bytes.
    pub wasted_bytes: u64,
    /// Bytes of files that no container can see.
    pub hidden_bytes: u64,
    /// The files to blame, the costliest first, then by path.
    pub files: Vec<WastedFile>,
    /// Each layer, base first.
    pub layers: Vec<LayerWorth>,
}

/// A path to blame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WastedFile {
    /// Its number in the stack.
    pub path: u32,
    /// What it costs in all layers, bytes.
    pub bytes: u64,
    /// Where it was written, and where it was removed; 0 is the base.
    pub layers: Vec<(usize, Deed)>,
    /// Whether a container sees something under this path.
    pub visible: bool,
}

/// What a layer does to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It has it.
    Wrote,
    /// It has a whiteout for it.
    Removed,
}

/// What one layer brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerWorth {
    /// Bytes of its files.
    pub unpacked: u64,
    /// Bytes of its files that a container sees.
    pub net: u64,
    /// Paths that were not there below it.
    pub added: u64,
    /// Paths that are other than below it.
    pub modified: u64,
    /// Paths that are there no more.
    pub removed: u64,
}

/// Works it out. Takes a moment for each layer.
pub fn waste(stack: &Stack) -> Waste {
    let layers = worth(stack);
    let merged = seen(stack, stack.layers().len());
    let (mut least, mut all, mut wasted_bytes) = (0_u64, 0_u64, 0_u64);
    let mut files = Vec::new();
    for path in 1..stack.paths() {
        let Some(cost) = cost(stack, path) else { continue };
        least = least.saturating_add(cost.least);
        all = all.saturating_add(cost.bytes);
        if cost.layers.len() > 1 {
            wasted_bytes = wasted_bytes.saturating_add(cost.bytes);
            let visible = merged[path as usize] != NONE;
            files.push(WastedFile { path, bytes: cost.bytes, layers: cost.layers, visible });
        }
    }
    files.sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.path.cmp(&b.path)));
    let total: u64 = layers.iter().map(|layer| layer.unpacked).fold(0, u64::saturating_add);
    let net: u64 = layers.iter().map(|layer| layer.net).fold(0, u64::saturating_add);
    Waste {
        efficiency: if all == 0 { 1.0 } else { least as f64 / all as f64 },
        wasted_bytes,
        hidden_bytes: total.saturating_sub(net),
        files,
        layers,
    }
}

struct Cost {
    bytes: u64,
    least: u64,
    layers: Vec<(usize, Deed)>,
}

/// What a path costs; none where it is nowhere a leaf.
fn cost(stack: &Stack, path: u32) -> Option<Cost> {
    let mut cost: Option<Cost> = None;
    for version in stack.versions(path) {
        let (bytes, deed) = if version.removes {
            (removed_bytes(stack, path, version.layer), Deed::Removed)
        } else {
            let is_leaf = version.node.children().all(|child| child.is_marker() || child.is_shadowed());
            if !is_leaf {
                continue;
            }
            (if version.node.is_folder() { 0 } else { version.node.size() }, Deed::Wrote)
        };
        let cost = cost.get_or_insert(Cost { bytes: 0, least: u64::MAX, layers: Vec::new() });
        cost.bytes = cost.bytes.saturating_add(bytes);
        cost.least = cost.least.min(bytes);
        cost.layers.push((version.layer, deed));
    }
    cost
}

/// Bytes of what was in a folder when a layer removed it; 0 of a file.
fn removed_bytes(stack: &Stack, path: u32, layer: usize) -> u64 {
    let folder = stack.seen_version(path, layer).map(|version| stack.version(version).node);
    if folder.is_none_or(|node| !node.is_folder()) {
        return 0;
    }
    let mut bytes = 0_u64;
    let mut waiting = vec![stack.children(path)];
    while let Some(range) = waiting.last_mut() {
        let Some(at) = range.next() else {
            waiting.pop();
            continue;
        };
        if let Some(version) = stack.seen_version(at, layer) {
            let node = stack.version(version).node;
            if node.is_folder() {
                waiting.push(stack.children(at));
            } else {
                bytes = bytes.saturating_add(node.size());
            }
        }
    }
    bytes
}

/// What each layer brings, base first.
pub fn worth(stack: &Stack) -> Vec<LayerWorth> {
    let layers = stack.layers();
    let mut worth: Vec<LayerWorth> =
        layers.iter().map(|layer| LayerWorth { unpacked: layer.bytes(), ..LayerWorth::default() }).collect();
    let mut below = vec![NONE; stack.paths() as usize];
    for (layer, worth) in worth.iter_mut().enumerate() {
        let after = seen(stack, layer + 1);
        for path in 1..stack.paths() as usize {
            match (below[path], after[path]) {
                (before, after) if before == after => {}
                (NONE, _) => worth.added += 1,
                (_, NONE) => worth.removed += 1,
                (before, after) => {
                    worth.modified += u64::from(!is_same(&stack.version(before), &stack.version(after)));
                }
            }
        }
        below = after;
    }
    for version in below.into_iter().filter(|version| *version != NONE) {
        let version = stack.version(version);
        if !version.node.is_folder() {
            let net = &mut worth[version.layer].net;
            *net = net.saturating_add(version.node.size());
        }
    }
    worth
}

/// Files with one content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// Bytes of each.
    pub size: u64,
    /// XXH3 of their bytes.
    pub hash: u64,
    /// The layer and the node of each, base first.
    pub files: Vec<(usize, u32)>,
}

impl Duplicates {
    /// Bytes that one of them would save.
    pub fn wasted(&self) -> u64 {
        self.size.saturating_mul(self.files.len() as u64 - 1)
    }
}

/// Files of all layers that have the same content, the costliest first; none under `at_least` bytes.
pub fn duplicates(stack: &Stack, at_least: u64) -> Vec<Duplicates> {
    let mut files = Vec::new();
    for (layer, index) in stack.layers().iter().enumerate() {
        for number in 0..index.nodes() {
            let node = index.node(number);
            let is_file = node.kind() == crate::tar::Kind::File && !node.is_sparse();
            if is_file && node.size() >= at_least.max(1) {
                files.push((node.size(), node.content_hash(), layer, number));
            }
        }
    }
    files.sort_unstable();
    let mut groups: Vec<Duplicates> = files
        .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
        .filter(|group| group.len() > 1)
        .map(|group| Duplicates {
            size: group[0].0,
            hash: group[0].1,
            files: group.iter().map(|(_, _, layer, node)| (*layer, *node)).collect(),
        })
        .collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.wasted()));
    groups
}
