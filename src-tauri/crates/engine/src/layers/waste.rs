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

use std::collections::{HashMap, HashSet};
use std::io;
use std::rc::Rc;

use super::format::NONE;
use super::kept::{Lists, Reading};
use super::stack::{Passed, Stack, Version};
use super::state::{Look, is_same, look};
use crate::tar::Kind;

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

impl Waste {
    /// Adds it to lists.
    pub(super) fn write(&self, lists: &mut Lists<'_>) -> io::Result<()> {
        lists.put(&[self.efficiency.to_bits(), self.wasted_bytes, self.hidden_bytes])?;
        let worth = |it: &LayerWorth| [it.unpacked, it.net, it.added, it.modified, it.removed];
        lists.put(&self.layers.iter().flat_map(worth).collect::<Vec<_>>())?;
        let file = |it: &WastedFile| [it.path.into(), it.bytes, it.visible.into(), it.layers.len() as u64];
        lists.put(&self.files.iter().flat_map(file).collect::<Vec<_>>())?;
        let deed = |(layer, deed): &(usize, Deed)| [*layer as u64, u64::from(*deed == Deed::Removed)];
        lists.put(&self.files.iter().flat_map(|it| &it.layers).flat_map(deed).collect::<Vec<_>>())
    }

    /// The next in lists, where it is one.
    pub(super) fn read(lists: &mut Reading<'_>) -> Option<Self> {
        let [efficiency, wasted_bytes, hidden_bytes] = lists.take::<u64>()?.try_into().ok()?;
        let (worths, files, deeds): (Vec<u64>, Vec<u64>, Vec<u64>) =
            (lists.take()?, lists.take()?, lists.take()?);
        let (worths, _) = worths.as_chunks();
        let worth = |[unpacked, net, added, modified, removed]: [u64; 5]| LayerWorth {
            unpacked,
            net,
            added,
            modified,
            removed,
        };
        let mut deeds = deeds.as_chunks().0.iter().map(|[layer, removed]| {
            (*layer as usize, if *removed == 0 { Deed::Wrote } else { Deed::Removed })
        });
        let (files, _) = files.as_chunks();
        let mut file = |[path, bytes, visible, count]: [u64; 4]| {
            let layers = deeds.by_ref().take(usize::try_from(count).ok()?).collect();
            Some(WastedFile { path: u32::try_from(path).ok()?, bytes, layers, visible: visible != 0 })
        };
        Some(Self {
            efficiency: f64::from_bits(efficiency),
            wasted_bytes,
            hidden_bytes,
            files: files.iter().map(|each| file(*each)).collect::<Option<_>>()?,
            layers: worths.iter().map(|each| worth(*each)).collect(),
        })
    }
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

/// Works it out, in one pass over all paths.
pub fn waste(stack: &Stack) -> Waste {
    let mut layers: Vec<LayerWorth> = stack
        .layers()
        .iter()
        .map(|layer| LayerWorth { unpacked: layer.bytes(), ..LayerWorth::default() })
        .collect();
    let mut cuts = Cuts::default();
    let (mut least, mut all, mut wasted_bytes) = (0_u64, 0_u64, 0_u64);
    let mut files = Vec::new();
    for passed in stack.each() {
        if let Some((layer, bytes)) = only_file(stack, passed).filter(|_| cuts.of(passed).is_empty()) {
            layers[layer].added += 1;
            layers[layer].net = layers[layer].net.saturating_add(bytes);
            (least, all) = (least.saturating_add(bytes), all.saturating_add(bytes));
            continue;
        }
        let (last, own_cuts) = live(stack, passed, cuts.of(passed), &mut layers);
        if passed.is_folder {
            cuts.push(passed, own_cuts);
        }
        let cost = if passed.path == 0 { Cost::default() } else { cost(stack, passed) };
        if cost.count == 0 {
            continue;
        }
        least = least.saturating_add(cost.least);
        all = all.saturating_add(cost.bytes);
        if cost.count > 1 {
            wasted_bytes = wasted_bytes.saturating_add(cost.bytes);
            let layers = deeds(stack, passed);
            files.push(WastedFile { path: passed.path, bytes: cost.bytes, layers, visible: last.is_some() });
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

/// The layer and the bytes of a file that one layer alone has, as most are: what [`live`] and [`cost`] say of it, sooner.
fn only_file(stack: &Stack, passed: Passed) -> Option<(usize, u64)> {
    let (version, end) = passed.versions;
    if version + 1 != end || passed.is_folder {
        return None;
    }
    let Version { layer, removes, node } = stack.version(version);
    (!removes && !node.is_folder()).then(|| (layer, node.size()))
}

/// Follows a path from layer to layer and counts what each does to it; the version that is there in the end, and the layers
/// that hide what those below have in it. `above` are those that hide what is below in the folders above it.
fn live(stack: &Stack, passed: Passed, above: &[u16], worth: &mut [LayerWorth]) -> (Option<u32>, Vec<u16>) {
    let mut versions = passed.versions().peekable();
    let mut above = above.iter().copied().peekable();
    let mut seen = Look { version: NONE, floor: 0, is_folder: false };
    let mut own = Vec::new();
    loop {
        let following = versions.peek().map(|version| stack.version_layer(*version));
        let cut = above.peek().map(|layer| usize::from(*layer));
        let Some(layer) = following.into_iter().chain(cut).min() else { break };
        let before = seen.version;
        if above.next_if(|cut| usize::from(*cut) == layer).is_some() {
            seen = Look { version: NONE, floor: layer as u16, is_folder: false };
        }
        while let Some(version) = versions.next_if(|version| stack.version_layer(*version) == layer) {
            let (_, removes, kind, flags) = stack.version_deed(version);
            seen.floor = 0;
            seen = seen.then(version, layer, removes, kind, flags);
            if passed.is_folder
                && usize::from(seen.floor) == layer
                && layer > 0
                && own.last() != Some(&seen.floor)
            {
                own.push(seen.floor);
            }
        }
        // The root is no file.
        if passed.path > 0 && before != seen.version {
            match (before, seen.version) {
                (NONE, _) => worth[layer].added += 1,
                (_, NONE) => worth[layer].removed += 1,
                (before, after) => {
                    let is_same = is_same(&stack.version(before), &stack.version(after));
                    worth[layer].modified += u64::from(!is_same);
                }
            }
        }
    }
    let last = (seen.version != NONE).then_some(seen.version);
    if let Some(version) =
        last.map(|version| stack.version(version)).filter(|version| !version.node.is_folder())
    {
        let net = &mut worth[version.layer].net;
        *net = net.saturating_add(version.node.size());
    }
    (last, own)
}

/// Of each folder with children, the layers that hide what those below have in it. Most have none.
#[derive(Default)]
struct Cuts {
    folders: HashMap<u32, Rc<[u16]>>,
    count: u32,
}

impl Cuts {
    fn of(&self, passed: Passed) -> &[u16] {
        let is_root = passed.path == 0;
        self.folders.get(&passed.folder).filter(|_| !is_root).map_or(&[], |layers| &**layers)
    }

    /// The next folder: what hides something in those above it hides it there too.
    fn push(&mut self, passed: Passed, own: Vec<u16>) {
        let above = self.folders.get(&passed.folder).filter(|_| passed.path > 0).cloned();
        let all = match above {
            Some(above) if own.is_empty() => Some(above),
            None if own.is_empty() => None,
            above => {
                let mut all: Vec<u16> =
                    above.iter().flat_map(|above| above.iter().copied()).chain(own).collect();
                all.sort_unstable();
                all.dedup();
                Some(all.into())
            }
        };
        if let Some(all) = all {
            self.folders.insert(self.count, all);
        }
        self.count += 1;
    }
}

/// What a path costs, and in how many layers it is a leaf.
#[derive(Default)]
struct Cost {
    bytes: u64,
    least: u64,
    count: usize,
}

fn cost(stack: &Stack, passed: Passed) -> Cost {
    let mut cost = Cost { least: u64::MAX, ..Cost::default() };
    for version in passed.versions().map(|version| stack.version(version)) {
        let bytes = if version.removes {
            removed_bytes(stack, passed.path, version.layer)
        } else if is_leaf(&version) {
            if version.node.is_folder() { 0 } else { version.node.size() }
        } else {
            continue;
        };
        cost.bytes = cost.bytes.saturating_add(bytes);
        cost.least = cost.least.min(bytes);
        cost.count += 1;
    }
    cost
}

fn is_leaf(version: &Version<'_>) -> bool {
    version.node.children().all(|child| child.is_marker() || child.is_shadowed())
}

/// Where a path was written as a leaf, and where it was removed.
fn deeds(stack: &Stack, passed: Passed) -> Vec<(usize, Deed)> {
    let versions = passed.versions().map(|version| stack.version(version));
    let deeds = versions.filter_map(|version| match version.removes {
        true => Some((version.layer, Deed::Removed)),
        false => is_leaf(&version).then_some((version.layer, Deed::Wrote)),
    });
    deeds.collect()
}

/// Bytes of what was in a folder when a layer removed it; 0 of a file.
fn removed_bytes(stack: &Stack, path: u32, layer: usize) -> u64 {
    let Some(folder) = stack.looked_at(path, layer).filter(|seen| seen.is_folder) else { return 0 };
    let mut bytes = 0_u64;
    let mut waiting = vec![(stack.children(path), folder.floor)];
    while let Some((children, floor)) = waiting.last_mut() {
        let Some(at) = children.next() else {
            waiting.pop();
            continue;
        };
        let seen = look(stack, stack.version_range(at), *floor, layer);
        if seen.is_folder {
            waiting.push((stack.children(at), seen.floor));
        } else if seen.version != NONE {
            bytes = bytes.saturating_add(stack.version(seen.version).node.size());
        }
    }
    bytes
}

/// Files with one content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// Bytes of each.
    pub size: u64,
    /// XXH3 of their bytes.
    pub hash: u64,
    /// The layer and the path of each, base first.
    pub files: Vec<(usize, u32)>,
}

impl Duplicates {
    /// Bytes that one of them would save.
    pub fn wasted(&self) -> u64 {
        self.size.saturating_mul(self.files.len() as u64 - 1)
    }
}

/// Files of all layers that have the same content, the costliest first; none under `at_least` bytes. Takes eight bytes for
/// each file, and more for duplicates alone.
pub fn duplicates(stack: &Stack, at_least: u64) -> Vec<Duplicates> {
    let files = || {
        stack.each().flat_map(move |passed| {
            let versions = passed.versions().map(|version| stack.version(version));
            let files = versions.filter(move |version| {
                let node = version.node;
                node.kind() == Kind::File
                    && !version.removes
                    && !node.is_sparse()
                    && node.size() >= at_least.max(1)
            });
            files.map(move |version| {
                (version.node.size(), version.node.content_hash(), version.layer, passed.path)
            })
        })
    };
    let mut hashes: Vec<u64> = files().map(|file| file.1).collect();
    hashes.sort_unstable();
    let several: HashSet<u64> =
        hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    drop(hashes);
    let mut files: Vec<(u64, u64, usize, u32)> = files().filter(|file| several.contains(&file.1)).collect();
    files.sort_unstable();
    let mut groups: Vec<Duplicates> = files
        .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
        .filter(|group| group.len() > 1)
        .map(|group| Duplicates {
            size: group[0].0,
            hash: group[0].1,
            files: group.iter().map(|(_, _, layer, path)| (*layer, *path)).collect(),
        })
        .collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.wasted()));
    groups
}
