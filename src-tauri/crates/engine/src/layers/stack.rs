//! All layers of an image as one tree: every path that any of them has, with what each layer does to it.
//!
//! A tree of ten million paths has to fit beside everything else, so that it is two bits for each path, one for each
//! version, and the number of that version's node.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::bits::{Bits, Ranked};
use super::format::{MARKER, SHADOWED, WHITEOUT};
use super::index::{LayerIndex, Node};
use super::kept::{Lists, Reading};
use crate::error::{Code, Error, Result};
use crate::tar::Kind;

/// Of a version: it removes the name.
const REMOVES: u32 = 1 << 31;
/// Nodes that a tree may be made of.
const MOST_NODES: usize = (u32::MAX / 4) as usize;
/// Layers that a tree may have. A path has at most two versions of each.
const MOST_LAYERS: usize = i16::MAX as usize;

/// The layers of an image, base first, and the tree of every path in them. Paths are numbered, the root is 0; a folder's
/// children have consecutive numbers and are sorted by name, and parents come before their children.
#[derive(Debug)]
pub struct Stack {
    layers: Vec<Arc<LayerIndex>>,
    offsets: Offsets,
    paths: u32,
    /// Paths that have children, in any layer.
    folders: Ranked,
    /// The first child of each of them, in the same order.
    firsts: Ranked,
    /// The first version of each path.
    starts: Ranked,
    /// The node of each version, counted over all layers.
    versions: Vec<u32>,
}

/// The nodes of all layers as one row. Which layer a node is of is asked for every version there is, so that it takes one
/// look into a table for most of them.
#[derive(Debug)]
struct Offsets {
    /// Of each layer, the nodes of those below it; and all of them at the end.
    below: Vec<u32>,
    /// The layer of every so many nodes; these, as a power of two.
    table: Vec<u16>,
    shift: u32,
}

impl Offsets {
    /// Places in the table.
    const PLACES: u32 = 4096;

    fn new(layers: &[Arc<LayerIndex>]) -> Self {
        let mut below = vec![0];
        let mut nodes = 0;
        below.extend(layers.iter().map(|layer| {
            nodes += layer.nodes();
            nodes
        }));
        let shift = (nodes / Self::PLACES).checked_ilog2().map_or(0, |log| log + 1);
        let begins = &below[..layers.len()];
        let layer = |node: u32| begins.partition_point(|below| *below <= node).saturating_sub(1) as u16;
        let table = (0..=(nodes >> shift) + 1).map(|place| layer(place << shift)).collect();
        Self { below, table, shift }
    }

    fn layer(&self, node: u32) -> usize {
        let place = (node >> self.shift) as usize;
        let (first, last) = (usize::from(self.table[place]), usize::from(self.table[place + 1]));
        first + self.below[first + 1..=last].partition_point(|below| *below <= node)
    }
}

/// What one layer does to a path.
#[derive(Clone, Copy, Debug)]
pub struct Version<'a> {
    /// Which layer; 0 is the base.
    pub layer: usize,
    /// It is removed there: the node is the whiteout.
    pub removes: bool,
    /// The entry.
    pub node: Node<'a>,
}

/// A path as [`Stack::each`] passes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    pub path: u32,
    /// Which of the folders with children it is in, from 0; of the root, 0.
    pub folder: u32,
    /// Whether it has children.
    pub is_folder: bool,
    pub versions: (u32, u32),
}

impl Passed {
    pub(super) fn versions(self) -> Range<u32> {
        self.versions.0..self.versions.1
    }
}

/// What is left of one layer's part of a folder: its whiteouts, or the rest. The first is looked at; equal names come in
/// the order of layers, a layer's whiteout before what it puts in its place.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Part<'a> {
    name: &'a [u8],
    layer: usize,
    is_rest: bool,
    node: u32,
    end: u32,
}

impl<'a> Part<'a> {
    /// Goes on to the first node from `node` on that counts; false where there is none.
    fn seek(&mut self, index: &'a LayerIndex, node: u32) -> bool {
        for node in node..self.end {
            let (flags, name) = index.brief(node);
            let is_rest = flags & WHITEOUT == 0;
            if flags & (SHADOWED | MARKER) != 0 || is_rest != self.is_rest || name.is_empty() {
                continue;
            }
            (self.node, self.name) = (node, if is_rest { name } else { &name[4..] });
            return true;
        }
        false
    }
}

impl Stack {
    /// Merges the trees of layers, base first.
    ///
    /// # Errors
    /// [`Code::TooLarge`] for more layers or paths than any image has.
    pub fn new(layers: Vec<Arc<LayerIndex>>) -> Result<Self> {
        let too_large = |what: &str| {
            Error::new(Code::TooLarge, format!("the image has more {what} than can be shown"))
                .with_hint("Look at its layers one by one")
        };
        if layers.len() > MOST_LAYERS {
            return Err(too_large("layers"));
        }
        let nodes = layers.iter().map(|layer| layer.nodes() as usize).sum::<usize>();
        if nodes >= MOST_NODES {
            return Err(too_large("files"));
        }
        let offsets = Offsets::new(&layers);
        let mut making = Making {
            layers: &layers,
            offsets: &offsets,
            folders: Bits::default(),
            firsts: Bits::default(),
            starts: Bits::default(),
            versions: Vec::with_capacity(nodes),
            is_first: false,
        };
        making.path(false);
        (0..layers.len()).for_each(|layer| making.version(layer, 0, false));
        let mut parts = BinaryHeap::new();
        let (mut path, mut version) = (0, 0);
        // Paths are added behind while the folders before are gone through. An image without layers has a root alone.
        loop {
            let end = next_start(&making.starts, version);
            making.open(version as usize..end as usize, &mut parts);
            making.folders.push(!parts.is_empty());
            making.merge(&mut parts);
            (path, version) = (path + 1, end);
            if version as usize == making.versions.len() {
                break;
            }
        }
        let Making { folders, firsts, starts, mut versions, .. } = making;
        versions.shrink_to_fit();
        let (folders, firsts, starts) = (Ranked::new(folders), Ranked::new(firsts), Ranked::new(starts));
        Ok(Self { paths: path, offsets, folders, firsts, starts, versions, layers })
    }

    /// Adds what was worked out to lists.
    pub(super) fn write(&self, lists: &mut Lists<'_>) -> io::Result<()> {
        for bits in [&self.folders, &self.firsts, &self.starts] {
            bits.bits().write(lists)?;
        }
        lists.put(&self.versions)
    }

    /// The next in lists, where it is one of these layers.
    pub(super) fn read(layers: &[Arc<LayerIndex>], lists: &mut Reading<'_>) -> Option<Self> {
        let mut bits = || Some(Ranked::new(Bits::read(lists)?));
        let (folders, firsts, starts) = (bits()?, bits()?, bits()?);
        let versions: Vec<u32> = lists.take()?;
        let offsets = Offsets::new(layers);
        let (paths, nodes) = (starts.ones(), *offsets.below.last()?);
        let fits = [&folders, &firsts].into_iter().all(|bits| bits.bits().length() == paths)
            && folders.ones() == firsts.ones()
            && starts.bits().length() as usize == versions.len()
            && starts.has(0)
            && versions.iter().all(|version| version & !REMOVES < nodes);
        fits.then(|| Self { layers: layers.to_vec(), offsets, paths, folders, firsts, starts, versions })
    }

    /// The layers, base first.
    pub fn layers(&self) -> &[Arc<LayerIndex>] {
        &self.layers
    }

    /// How many paths there are, the root among them.
    pub fn paths(&self) -> u32 {
        self.paths
    }

    /// The folder that a path is in; the root is in itself.
    ///
    /// # Panics
    /// For a number that there is none of; so do all that take one.
    pub fn parent(&self, path: u32) -> u32 {
        assert!(path < self.paths, "there is no path {path}");
        match self.firsts.rank(path + 1) {
            0 => 0,
            firsts => self.folders.select(firsts - 1),
        }
    }

    /// What is in a path, in any layer.
    pub fn children(&self, path: u32) -> Range<u32> {
        assert!(path < self.paths, "there is no path {path}");
        if !self.folders.has(path) {
            return path..path;
        }
        self.children_of_folder(self.folders.rank(path))
    }

    /// Which paths have children, in any layer.
    pub(super) fn folders(&self) -> &Ranked {
        &self.folders
    }

    /// What is in one of [`Stack::folders`], by its place among them.
    pub(super) fn children_of_folder(&self, folder: u32) -> Range<u32> {
        self.firsts.select(folder)..self.firsts.select(folder + 1)
    }

    /// Every path in ascending order.
    pub(super) fn each(&self) -> impl Iterator<Item = Passed> + '_ {
        let (mut path, mut version, mut folders) = (0, 0, 0);
        std::iter::from_fn(move || {
            if path == self.paths {
                return None;
            }
            folders += u32::from(self.firsts.has(path));
            let end = next_start(self.starts.bits(), version);
            let passed = Passed {
                path,
                folder: folders.saturating_sub(1),
                is_folder: self.folders.has(path),
                versions: (version, end),
            };
            (path, version) = (path + 1, end);
            Some(passed)
        })
    }

    /// The first version of a path, and of each that follows.
    pub(super) fn starts_from(&self, path: u32) -> impl Iterator<Item = u32> + '_ {
        let starts = self.starts.bits();
        starts.iter(self.starts.select(path)..starts.length())
    }

    /// Which number the version of a path in [`Stack::version`] has.
    pub(super) fn version_range(&self, path: u32) -> Range<u32> {
        let start = self.starts.select(path);
        start..next_start(self.starts.bits(), start)
    }

    /// The layer of a version, and its node there.
    fn place(&self, version: u32) -> (usize, u32) {
        let node = self.versions[version as usize] & !REMOVES;
        let layer = self.offsets.layer(node);
        (layer, node - self.offsets.below[layer])
    }

    /// The layer of a version.
    pub(super) fn version_layer(&self, version: u32) -> usize {
        self.place(version).0
    }

    /// The layer of a version, whether it removes the name, and its kind and flags, without the rest of it.
    pub(super) fn version_deed(&self, version: u32) -> (usize, bool, Kind, u8) {
        let (layer, node) = self.place(version);
        let (kind, flags) = self.layers[layer].kind(node);
        (layer, self.versions[version as usize] & REMOVES != 0, kind, flags)
    }

    /// A version by its number.
    pub(crate) fn version(&self, version: u32) -> Version<'_> {
        let (layer, node) = self.place(version);
        let removes = self.versions[version as usize] & REMOVES != 0;
        Version { layer, removes, node: self.layers[layer].node(node) }
    }

    /// What each layer does to a path, base first. A layer that removes a name and puts something in its place has two.
    pub fn versions(&self, path: u32) -> impl DoubleEndedIterator<Item = Version<'_>> + ExactSizeIterator {
        self.version_range(path).map(|version| self.version(version))
    }

    /// The last part of a path; empty for the root.
    pub fn name(&self, path: u32) -> &[u8] {
        if path == 0 { b"" } else { self.name_of(self.starts.select(path)) }
    }

    /// The name that a version is about.
    pub(super) fn name_of(&self, version: u32) -> &[u8] {
        let (layer, node) = self.place(version);
        let name = self.layers[layer].brief(node).1;
        if self.versions[version as usize] & REMOVES != 0 { name.get(4..).unwrap_or_default() } else { name }
    }

    /// A path from the root, with a slash before each part; a slash alone for the root.
    pub fn full_path(&self, path: u32) -> Vec<u8> {
        let mut full = Vec::new();
        self.write_path(path, &mut full);
        if full.is_empty() {
            full.push(b'/');
        }
        full
    }

    /// The same behind other bytes; nothing for the root.
    pub(super) fn write_path(&self, path: u32, out: &mut Vec<u8>) {
        // Parts are met from the last to the first: each is written backwards, and then all of it turned around.
        let start = out.len();
        let mut at = path;
        while at != 0 {
            out.extend(self.name(at).iter().rev());
            out.push(b'/');
            at = self.parent(at);
        }
        out[start..].reverse();
    }

    /// How many folders are above a path; 0 for what is at the top.
    pub fn depth(&self, path: u32) -> u32 {
        let mut depth = 0;
        let mut at = self.parent(path);
        while at != 0 {
            depth += 1;
            at = self.parent(at);
        }
        depth
    }

    /// The number of a path, given from the root: `/etc/passwd`, with or without the slash. `.` and `..` are followed.
    pub fn find(&self, path: &[u8]) -> Option<u32> {
        let (parts, _) = super::name::parts(super::name::trim(path));
        let mut at = 0;
        for part in parts {
            at = self.child(at, part)?;
        }
        Some(at)
    }

    /// The child with a name.
    pub fn child(&self, path: u32, name: &[u8]) -> Option<u32> {
        let range = self.children(path);
        let (mut low, mut high) = (range.start, range.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.name(middle) < name { low = middle + 1 } else { high = middle }
        }
        (low < range.end && self.name(low) == name).then_some(low)
    }
}

/// Where the versions of the path end that those from `start` on are of.
fn next_start(starts: &Bits, start: u32) -> u32 {
    if starts.has(start + 1) {
        return start + 1;
    }
    starts.next(start + 1).unwrap_or(starts.length())
}

/// A tree that is being made.
struct Making<'a> {
    layers: &'a [Arc<LayerIndex>],
    offsets: &'a Offsets,
    folders: Bits,
    firsts: Bits,
    starts: Bits,
    versions: Vec<u32>,
    /// The next version is the first of its path.
    is_first: bool,
}

impl<'a> Making<'a> {
    /// Begins a path, perhaps the first child of its folder.
    fn path(&mut self, is_first_child: bool) {
        self.firsts.push(is_first_child);
        self.is_first = true;
    }

    fn version(&mut self, layer: usize, node: u32, removes: bool) {
        self.starts.push(std::mem::take(&mut self.is_first));
        let bit = if removes { REMOVES } else { 0 };
        self.versions.push((self.offsets.below[layer] + node) | bit);
    }

    /// What every layer has in the path that these are the versions of.
    fn open(&self, versions: Range<usize>, parts: &mut BinaryHeap<Reverse<Part<'a>>>) {
        for version in versions {
            let node = self.versions[version];
            if node & REMOVES != 0 {
                continue;
            }
            let layer = self.offsets.layer(node);
            let index = &self.layers[layer];
            let range = index.node(node - self.offsets.below[layer]).range();
            // Whiteouts stand together, since their names begin alike; what they name is sorted as they are.
            let start = index.first(range.clone(), b".wh.");
            let has_any = start < range.end && index.brief(start).1.starts_with(b".wh.");
            let whiteouts = start..if has_any { index.first(start..range.end, b".wh/") } else { start };
            for (range, is_rest) in [(whiteouts, false), (range, true)] {
                let mut part = Part { name: b"", layer, is_rest, node: range.start, end: range.end };
                if part.seek(index, range.start) {
                    parts.push(Reverse(part));
                }
            }
        }
    }

    /// Adds the children of a folder.
    fn merge(&mut self, parts: &mut BinaryHeap<Reverse<Part<'a>>>) {
        let layers = self.layers;
        let mut last: Option<&[u8]> = None;
        while parts.len() > 1 {
            let Some(mut least) = parts.peek_mut() else { break };
            let Reverse(part) = &mut *least;
            if !self.child(part, &mut last, &layers[part.layer]) {
                PeekMut::pop(least);
            }
        }
        // Most folders are of one layer alone.
        if let Some(Reverse(mut part)) = parts.pop() {
            let index = &layers[part.layer];
            while self.child(&mut part, &mut last, index) {}
        }
    }

    /// Adds the child that is looked at, and goes on to the next; false where there is none. `last` is the name before.
    fn child(&mut self, part: &mut Part<'a>, last: &mut Option<&'a [u8]>, index: &'a LayerIndex) -> bool {
        if *last != Some(part.name) {
            self.path(last.is_none());
            *last = Some(part.name);
        }
        self.version(part.layer, part.node, !part.is_rest);
        let next = part.node + 1;
        part.seek(index, next)
    }
}
