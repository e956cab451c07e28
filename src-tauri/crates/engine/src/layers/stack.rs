//! All layers of an image as one tree: every path that any of them has, with what each layer does to it.

use std::sync::Arc;

use super::format::{MARKER, SHADOWED, WHITEOUT};
use super::index::{LayerIndex, Node};
use crate::error::{Code, Error, Result};
use crate::tar::Kind;

/// Of a version: it removes the name.
const REMOVES: u16 = 1 << 15;
/// Paths that a tree may have; numbers beyond have other uses.
const MOST: usize = (u32::MAX / 4) as usize;

/// The layers of an image, base first, and the tree of every path in them. Paths are numbered, the root is 0; a folder's
/// children have consecutive numbers and are sorted by name, and parents come before their children.
#[derive(Debug)]
pub struct Stack {
    layers: Vec<Arc<LayerIndex>>,
    parent: Vec<u32>,
    first_child: Vec<u32>,
    children: Vec<u32>,
    /// Where the versions of each path begin; one more at the end.
    versions: Vec<u32>,
    version_layer: Vec<u16>,
    version_node: Vec<u32>,
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

/// What is merged into the children of one path.
struct Piece<'a> {
    name: &'a [u8],
    layer: u16,
    node: u32,
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
        if layers.len() >= usize::from(REMOVES) {
            return Err(too_large("layers"));
        }
        let guess = layers.iter().map(|layer| layer.nodes() as usize).sum::<usize>();
        if guess >= MOST {
            return Err(too_large("files"));
        }
        let with_room = || Vec::with_capacity(guess.max(1));
        let mut stack = Self {
            parent: with_room(),
            first_child: with_room(),
            children: with_room(),
            versions: with_room(),
            version_layer: Vec::with_capacity(guess.max(1)),
            version_node: with_room(),
            layers,
        };
        stack.parent.push(0);
        for layer in 0..stack.layers.len() {
            stack.version_layer.push(layer as u16);
            stack.version_node.push(0);
        }
        stack.versions.push(0);
        stack.versions.push(stack.version_node.len() as u32);
        let layers = stack.layers.clone();
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < stack.parent.len() {
            pieces.clear();
            stack.gather(&layers, at, &mut pieces);
            stack.add_children(at as u32, &mut pieces);
            at += 1;
        }
        stack.parent.shrink_to_fit();
        Ok(stack)
    }

    /// What every layer has in a path: each layer's part is sorted.
    fn gather<'a>(&self, layers: &'a [Arc<LayerIndex>], at: usize, pieces: &mut Vec<Piece<'a>>) {
        for version in self.versions[at] as usize..self.versions[at + 1] as usize {
            let layer = self.version_layer[version];
            if layer & REMOVES != 0 {
                continue;
            }
            let index = &layers[usize::from(layer)];
            let range = index.node(self.version_node[version]).range();
            for wanted in [WHITEOUT, 0] {
                // Whiteouts stand together, since their names begin alike; what they name is sorted as they are.
                for node in range.clone() {
                    let (flags, name) = index.brief(node);
                    if flags & (SHADOWED | MARKER) != 0 || flags & WHITEOUT != wanted || name.is_empty() {
                        continue;
                    }
                    let (name, layer) = match wanted {
                        WHITEOUT => (&name[4..], layer | REMOVES),
                        _ => (name, layer),
                    };
                    pieces.push(Piece { name, layer, node });
                }
            }
        }
    }

    fn add_children(&mut self, parent: u32, pieces: &mut [Piece<'_>]) {
        // Stable: versions stay in the order of layers, a layer's whiteout before what it puts in its place. What is
        // sorted already, as the parts are, is merged in one pass.
        pieces.sort_by(|a, b| a.name.cmp(b.name));
        let first = self.parent.len() as u32;
        let mut last: Option<&[u8]> = None;
        for piece in pieces.iter() {
            if last != Some(piece.name) {
                last = Some(piece.name);
                self.parent.push(parent);
                // Its versions begin where those of the path before end.
                self.versions.push(self.version_node.len() as u32);
            }
            self.version_layer.push(piece.layer);
            self.version_node.push(piece.node);
            if let Some(end) = self.versions.last_mut() {
                *end += 1;
            }
        }
        self.first_child.push(first);
        self.children.push(self.parent.len() as u32 - first);
    }

    /// The layers, base first.
    pub fn layers(&self) -> &[Arc<LayerIndex>] {
        &self.layers
    }

    /// How many paths there are, the root among them.
    pub fn paths(&self) -> u32 {
        self.parent.len() as u32
    }

    /// The folder that a path is in; the root is in itself.
    ///
    /// # Panics
    /// For a number that there is none of; so do all that take one.
    pub fn parent(&self, path: u32) -> u32 {
        self.parent[path as usize]
    }

    /// What is in a path, in any layer.
    pub fn children(&self, path: u32) -> std::ops::Range<u32> {
        let first = self.first_child[path as usize];
        first..first + self.children[path as usize]
    }

    /// Which number the version of a path in [`Stack::version`] has.
    pub(super) fn version_range(&self, path: u32) -> std::ops::Range<u32> {
        self.versions[path as usize]..self.versions[path as usize + 1]
    }

    /// The layer of a version, and whether it removes the name.
    pub(super) fn version_layer(&self, version: u32) -> (usize, bool) {
        let layer = self.version_layer[version as usize];
        (usize::from(layer & !REMOVES), layer & REMOVES != 0)
    }

    /// Kind and flags of a version, without the rest of it.
    pub(super) fn version_kind(&self, version: u32) -> (Kind, u8) {
        let layer = usize::from(self.version_layer[version as usize] & !REMOVES);
        self.layers[layer].kind(self.version_node[version as usize])
    }

    /// A version by its number.
    pub(crate) fn version(&self, version: u32) -> Version<'_> {
        let (layer, removes) = self.version_layer(version);
        Version { layer, removes, node: self.layers[layer].node(self.version_node[version as usize]) }
    }

    /// What each layer does to a path, base first. A layer that removes a name and puts something in its place has two.
    pub fn versions(&self, path: u32) -> impl DoubleEndedIterator<Item = Version<'_>> + ExactSizeIterator {
        self.version_range(path).map(|version| self.version(version))
    }

    /// The last part of a path; empty for the root.
    pub fn name(&self, path: u32) -> &[u8] {
        if path == 0 {
            return b"";
        }
        let version = self.versions[path as usize] as usize;
        let layer = self.version_layer[version];
        let name = self.layers[usize::from(layer & !REMOVES)].brief(self.version_node[version]).1;
        if layer & REMOVES != 0 { name.get(4..).unwrap_or_default() } else { name }
    }

    /// A path from the root, with a slash before each part; a slash alone for the root.
    pub fn full_path(&self, path: u32) -> Vec<u8> {
        let mut parts = Vec::new();
        let mut at = path;
        while at != 0 {
            parts.push(self.name(at));
            at = self.parent(at);
        }
        if parts.is_empty() {
            return b"/".to_vec();
        }
        let mut full = Vec::new();
        for part in parts.iter().rev() {
            full.push(b'/');
            full.extend_from_slice(part);
        }
        full
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
