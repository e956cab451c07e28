//! What an export writes: which paths are seen, and which of them are names of one file.

use super::export::{ByInode, Part, quoted};
use crate::layers::{Node, Seen, Stack, Version, seen_with};
use crate::tar::Kind;

/// Sentences about what is left out.
const SENTENCES: usize = 100;

/// A file with all its names.
pub(super) struct Inode {
    /// The layer that has its bytes.
    pub layer: usize,
    /// Its node there.
    pub node: u32,
    /// Names that a container sees, the one that the layer has it under first if that is seen.
    pub paths: Vec<u32>,
}

/// What is to be written. Paths are in the order of the tree.
pub(super) struct Plan<'a> {
    stack: &'a Stack,
    seen: Seen,
    pub folders: Vec<u32>,
    /// Symbolic links, devices, pipes.
    pub others: Vec<u32>,
    inodes: Vec<Inode>,
    pub left_out: Vec<String>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(stack: &'a Stack, part: Part) -> Self {
        let [seen] = seen_with(stack, [part.layers], |_| {});
        let mut plan = Self {
            stack,
            seen,
            folders: Vec::new(),
            others: Vec::new(),
            inodes: Vec::new(),
            left_out: Vec::new(),
        };
        let mut by_inode = ByInode::new();
        // A folder's children have greater numbers, but not the next ones: the tree is walked.
        let mut walk: Vec<std::ops::Range<u32>> = std::iter::once(part.folder..part.folder + 1).collect();
        while let Some(range) = walk.last_mut() {
            let Some(path) = range.next() else {
                walk.pop();
                continue;
            };
            if plan.seen.version(stack, path).is_none() {
                continue;
            }
            if stack.name(path).contains(&0) || plan.node(path).link().contains(&0) {
                plan.leave_out(format!("{} can't be the name of a file", quoted(stack, path)));
                continue;
            }
            match plan.node(path).kind() {
                Kind::Directory => {
                    plan.folders.push(path);
                    walk.push(stack.children(path));
                }
                Kind::File | Kind::Other(_) | Kind::HardLink => plan.file(path, &mut by_inode),
                _ => plan.others.push(path),
            }
        }
        plan
    }

    fn file(&mut self, path: u32, by_inode: &mut ByInode) {
        let version = self.version(path);
        let Some((layer, node)) = self.stack.bytes_of(&version) else {
            let link = crate::layers::shown(&version.node.link()).into_owned();
            self.leave_out(format!(
                "{} is a hard link to `{link}`, which is no file",
                quoted(self.stack, path)
            ));
            return;
        };
        let is_own = version.node.kind() != Kind::HardLink;
        let at = *by_inode.entry((layer, node)).or_insert_with(|| {
            self.inodes.push(Inode { layer, node, paths: Vec::new() });
            self.inodes.len() - 1
        });
        let paths = &mut self.inodes[at].paths;
        let place = if is_own { 0 } else { paths.len() };
        paths.insert(place, path);
    }

    fn leave_out(&mut self, why: String) {
        if self.left_out.len() < SENTENCES {
            self.left_out.push(why);
        }
    }

    /// What a path is, of those that are seen.
    pub(super) fn node(&self, path: u32) -> Node<'a> {
        self.version(path).node
    }

    fn version(&self, path: u32) -> Version<'a> {
        let version = self.seen.version(self.stack, path).expect("only what is seen is asked for");
        self.stack.version(version)
    }

    pub(super) fn inode_node(&self, inode: &Inode) -> Node<'a> {
        self.stack.layers()[inode.layer].node(inode.node)
    }

    /// Where the stored bytes of a file are in its unpacked layer, and how many.
    pub(super) fn bytes(&self, inode: &Inode) -> (u64, u64) {
        let node = self.inode_node(inode);
        if !node.kind().has_bytes() {
            return (node.data(), 0);
        }
        let stored = node.sparse().map_or(node.size(), |parts| parts.iter().map(|part| part.length).sum());
        (node.data(), stored)
    }

    /// Files without stored bytes.
    pub(super) fn empty(&self) -> impl Iterator<Item = &Inode> {
        self.inodes.iter().filter(|inode| self.bytes(inode).1 == 0)
    }

    /// Files with bytes by their layers, base first, and in the order in which the layers have them.
    pub(super) fn by_layer(&self) -> Vec<(usize, Vec<&Inode>)> {
        let mut by_layer: Vec<(usize, Vec<&Inode>)> = Vec::new();
        let mut sorted: Vec<&Inode> = self.inodes.iter().filter(|inode| self.bytes(inode).1 > 0).collect();
        sorted.sort_by_key(|inode| (inode.layer, self.bytes(inode).0));
        for inode in sorted {
            match by_layer.last_mut() {
                Some((layer, inodes)) if *layer == inode.layer => inodes.push(inode),
                _ => by_layer.push((inode.layer, vec![inode])),
            }
        }
        by_layer
    }
}
