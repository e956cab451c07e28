//! What a container would see with so many layers, and what changed from one such state to another.

use super::format::{IMPLIED, NONE, OPAQUE};
use super::stack::{Stack, Version};
use crate::error::{Code, Error, Result};
use crate::tar::Kind;

/// Which files a view has. Layers count from 0, the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything after a layer, with what it changed beside the layers below; what it removed stands there too.
    Layer(usize),
    /// What a container would see with the layers up to this one, and what changed since the base.
    Upto(usize),
    /// What a container sees, and what changed since the base.
    Merged,
    /// What changed from the state after one layer to that after another; what went stands there too.
    Between {
        /// The first state.
        from: usize,
        /// The second.
        to: usize,
    },
}

impl Scope {
    /// Numbers of layers in the two states, and whether what is only in the first is shown.
    fn states(self, layers: usize) -> Result<(usize, usize, bool)> {
        let check = |layer: usize| {
            if layer < layers {
                return Ok(layer);
            }
            Err(Error::new(Code::NotFound, format!("the image has no layer {}", layer + 1))
                .with_hint(format!("It has {layers}; 1 is the base")))
        };
        Ok(match self {
            Self::Layer(layer) => (check(layer)?, layer + 1, true),
            Self::Upto(layer) => (1, check(layer)? + 1, false),
            Self::Merged => (1.min(layers), layers, false),
            Self::Between { from, to } => (check(from)? + 1, check(to)? + 1, true),
        })
    }
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// It was not there before.
    Added,
    /// It is another: in content, kind, permissions or owner; of a folder also something in it.
    Modified,
    /// It is there no more.
    Removed,
    /// It is as it was, whether a layer has it again or not.
    Unchanged,
}

/// One state beside another, for every path of a stack.
#[derive(Debug)]
pub struct State {
    before: Vec<u32>,
    after: Vec<u32>,
    change: Vec<Option<Change>>,
    size: Vec<u64>,
}

/// What is seen of one path in one state.
#[derive(Clone, Copy)]
struct Seen {
    /// The version, or [`NONE`].
    version: u32,
    /// Layers below this one count for nothing in it.
    floor: u16,
    is_folder: bool,
}

impl State {
    /// Works a scope out.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a layer that there is none of.
    pub fn new(stack: &Stack, scope: Scope) -> Result<Self> {
        let (before, after, with_removed) = scope.states(stack.layers().len())?;
        let before = seen(stack, before);
        let after = if matches!(scope, Scope::Between { from, to } if from == to) {
            before.clone()
        } else {
            seen(stack, after)
        };
        let paths = stack.paths() as usize;
        let mut state = Self { change: Vec::with_capacity(paths), size: vec![0; paths], before, after };
        for path in 0..paths {
            state.change.push(match (state.before[path], state.after[path]) {
                (NONE, NONE) => None,
                (_, NONE) => with_removed.then_some(Change::Removed),
                (NONE, _) => Some(Change::Added),
                (before, after) if before == after => Some(Change::Unchanged),
                (before, after) => {
                    let same = is_same(&stack.version(before), &stack.version(after));
                    Some(if same { Change::Unchanged } else { Change::Modified })
                }
            });
        }
        state.sum_up(stack);
        Ok(state)
    }

    /// Sizes of folders, and whether something in them changed. Children come behind their folders.
    fn sum_up(&mut self, stack: &Stack) {
        for path in (0..stack.paths()).rev() {
            let at = path as usize;
            let Some(change) = self.change[at] else {
                // What went is not shown, but its folder is another without it.
                let parent = &mut self.change[stack.parent(path) as usize];
                if self.before[at] != NONE && *parent == Some(Change::Unchanged) {
                    *parent = Some(Change::Modified);
                }
                continue;
            };
            let version = if self.after[at] == NONE { self.before[at] } else { self.after[at] };
            if stack.version_kind(version).0 != Kind::Directory {
                self.size[at] = stack.version(version).node.size();
            }
            if path == 0 {
                break;
            }
            let parent = stack.parent(path) as usize;
            if change != Change::Removed || self.change[parent] == Some(Change::Removed) {
                self.size[parent] = self.size[parent].saturating_add(self.size[at]);
            }
            if change != Change::Unchanged && self.change[parent] == Some(Change::Unchanged) {
                self.change[parent] = Some(Change::Modified);
            }
        }
    }

    /// What happened to a path; none where the scope does not have it.
    pub fn change(&self, path: u32) -> Option<Change> {
        self.change[path as usize]
    }

    /// Whether a path that is modified is so by itself: a folder may be it only by what is in it.
    pub fn is_other(&self, stack: &Stack, path: u32) -> bool {
        match (self.before(stack, path), self.after(stack, path)) {
            (Some(before), Some(after)) => !is_same(&before, &after),
            _ => false,
        }
    }

    /// Bytes of a file, or of all files in a folder; what was removed counts in folders that were removed.
    pub fn size(&self, path: u32) -> u64 {
        self.size[path as usize]
    }

    /// What is there; of what was removed, what was there.
    pub fn version<'a>(&self, stack: &'a Stack, path: u32) -> Option<Version<'a>> {
        self.change(path)?;
        self.after(stack, path).or_else(|| self.before(stack, path))
    }

    /// What is there in the second state.
    pub fn after<'a>(&self, stack: &'a Stack, path: u32) -> Option<Version<'a>> {
        let version = self.after[path as usize];
        (version != NONE).then(|| stack.version(version))
    }

    /// What was there in the first.
    pub fn before<'a>(&self, stack: &'a Stack, path: u32) -> Option<Version<'a>> {
        let version = self.before[path as usize];
        (version != NONE).then(|| stack.version(version))
    }
}

/// The version of each path that a container sees with so many layers, for [`Stack::version`]; [`u32::MAX`] where it sees
/// none. A number for each path of the stack.
pub(crate) fn seen(stack: &Stack, layers: usize) -> Vec<u32> {
    let paths = stack.paths() as usize;
    let mut versions = Vec::with_capacity(paths);
    let mut floors: Vec<u16> = Vec::with_capacity(paths);
    for path in 0..stack.paths() {
        let parent = stack.parent(path) as usize;
        let is_hidden = path > 0 && (versions[parent] == NONE || floors[parent] == u16::MAX);
        let floor = if path == 0 { 0 } else { floors[parent] };
        let seen = if is_hidden {
            Seen { version: NONE, floor: u16::MAX, is_folder: false }
        } else {
            look(stack, path, floor, layers)
        };
        versions.push(seen.version);
        floors.push(if seen.is_folder { seen.floor } else { u16::MAX });
    }
    versions
}

/// The version of one path, where layers below `floor` don't count (overlayfs: whiteouts, opaque folders, and files in
/// the place of folders hide what is below; folders over folders are merged).
fn look(stack: &Stack, path: u32, floor: u16, layers: usize) -> Seen {
    let mut seen = Seen { version: NONE, floor, is_folder: false };
    for version in stack.version_range(path) {
        let (layer, removes) = stack.version_layer(version);
        if layer < usize::from(floor) || layer >= layers {
            continue;
        }
        if removes {
            seen = Seen { version: NONE, floor: layer as u16, is_folder: false };
            continue;
        }
        let (kind, flags) = stack.version_kind(version);
        let is_folder = kind == Kind::Directory;
        if !is_folder || flags & OPAQUE != 0 || (seen.version != NONE && !seen.is_folder) {
            seen.floor = layer as u16;
        }
        // A folder that has no entry in this layer stays what the layers below say.
        if !(is_folder && seen.is_folder && flags & IMPLIED != 0) {
            seen.version = version;
        }
        seen.is_folder = is_folder;
    }
    seen
}

impl Stack {
    /// As [`seen`], of one path.
    pub(crate) fn seen_version(&self, path: u32, layers: usize) -> Option<u32> {
        let mut above = vec![path];
        while let Some(at) = above.last().filter(|at| **at != 0) {
            above.push(self.parent(*at));
        }
        let mut seen = Seen { version: NONE, floor: 0, is_folder: true };
        for path in above.into_iter().rev() {
            if !seen.is_folder {
                return None;
            }
            seen = look(self, path, seen.floor, layers);
        }
        (seen.version != NONE).then_some(seen.version)
    }
}

/// Whether nothing about it is another, but the times.
pub(super) fn is_same(a: &Version<'_>, b: &Version<'_>) -> bool {
    let (a, b) = (a.node, b.node);
    let head = |node: super::index::Node<'_>| (node.kind(), node.mode(), node.uid(), node.gid());
    if head(a) != head(b) || a.attributes() != b.attributes() {
        return false;
    }
    a.is_folder()
        || (a.has_content_of(&b)
            && (a.link(), a.device()) == (b.link(), b.device())
            && a.is_sparse() == b.is_sparse())
}
