//! What a container would see with so many layers, and what changed from one such state to another.

use std::io;
use std::ops::Range;

use super::format::{IMPLIED, NONE, OPAQUE};
use super::kept::{Lists, Reading};
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
#[repr(u8)]
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

/// One state beside another, for every path of a stack: five bytes for each.
#[derive(Debug)]
pub struct State {
    before: Seen,
    after: Seen,
    /// [`Change`] as a number, or [`ABSENT`].
    changes: Vec<u8>,
    /// Of each folder with children, in order.
    sizes: Vec<u64>,
}

/// Of a change: the scope does not have the path.
const ABSENT: u8 = 4;

/// The version of each path that is seen in one state, as its place among the versions of its path.
#[derive(Clone, Debug)]
pub(crate) struct Seen(Vec<u16>);

/// No version is seen.
const UNSEEN: u16 = u16::MAX;

/// What is seen of one path in one state.
#[derive(Clone, Copy)]
pub(super) struct Look {
    /// The version, or [`NONE`].
    pub version: u32,
    /// Layers below this one count for nothing in it.
    pub floor: u16,
    pub is_folder: bool,
}

impl State {
    /// Works a scope out.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a layer that there is none of.
    pub fn new(stack: &Stack, scope: Scope) -> Result<Self> {
        let (before, after, with_removed) = scope.states(stack.layers().len())?;
        let change = |before: u32, after: u32| match (before, after) {
            (NONE, NONE) => None,
            (_, NONE) => with_removed.then_some(Change::Removed),
            (NONE, _) => Some(Change::Added),
            (before, after) if before == after => Some(Change::Unchanged),
            (before, after) => {
                let same = is_same(&stack.version(before), &stack.version(after));
                Some(if same { Change::Unchanged } else { Change::Modified })
            }
        };
        let mut changes = Vec::with_capacity(stack.paths() as usize);
        let [before, after] = seen(stack, [before, after], |[before, after]| {
            changes.push(change(before, after).map_or(ABSENT, |change| change as u8));
        });
        let sizes = vec![0; stack.folders().ones() as usize];
        let mut state = Self { before, after, changes, sizes };
        state.sum_up(stack);
        Ok(state)
    }

    /// Adds it to lists.
    pub(super) fn write(&self, lists: &mut Lists<'_>) -> io::Result<()> {
        lists.put(&self.before.0)?;
        lists.put(&self.after.0)?;
        lists.put(&self.changes)?;
        lists.put(&self.sizes)
    }

    /// The next in lists, where it is one of this stack.
    pub(super) fn read(stack: &Stack, lists: &mut Reading<'_>) -> Option<Self> {
        let (before, after) = (Seen(lists.take()?), Seen(lists.take()?));
        let (changes, sizes): (Vec<u8>, Vec<u64>) = (lists.take()?, lists.take()?);
        let paths = stack.paths() as usize;
        let fits = [before.0.len(), after.0.len(), changes.len()] == [paths; 3]
            && sizes.len() == stack.folders().ones() as usize;
        fits.then_some(Self { before, after, changes, sizes })
    }

    /// Sizes of folders, and whether something in them changed. What is beneath a folder comes behind it.
    fn sum_up(&mut self, stack: &Stack) {
        let folders = stack.folders();
        for folder in (0..folders.ones()).rev() {
            let path = folders.select(folder);
            let children = stack.children_of_folder(folder);
            let mut below = folders.rank(children.start);
            let mut starts = stack.starts_from(children.start);
            let change = self.change(path);
            let (mut size, mut is_other) =
                (self.own_size(stack, path, stack.version_range(path).start), false);
            for child in children {
                let is_folder = folders.has(child);
                let start = starts.next().expect("every path has versions");
                // What went is not shown, but its folder is another without it.
                is_other |= match self.change(child) {
                    None => self.before.0[child as usize] != UNSEEN,
                    Some(change) => change != Change::Unchanged,
                };
                if self
                    .change(child)
                    .is_some_and(|it| it != Change::Removed || change == Some(Change::Removed))
                {
                    let more = if is_folder {
                        self.sizes[below as usize]
                    } else {
                        self.own_size(stack, child, start)
                    };
                    size = size.saturating_add(more);
                }
                below += u32::from(is_folder);
            }
            self.sizes[folder as usize] = size;
            if is_other && change == Some(Change::Unchanged) {
                self.changes[path as usize] = Change::Modified as u8;
            }
        }
    }

    /// Bytes of what a path is by itself; nothing of a folder, or of what the scope does not have.
    fn own_size(&self, stack: &Stack, path: u32, start: u32) -> u64 {
        let shown = self.change(path).and_then(|_| {
            self.after.version_from(start, path).or_else(|| self.before.version_from(start, path))
        });
        let node = shown.map(|version| stack.version(version).node);
        node.filter(|node| !node.is_folder()).map_or(0, |node| node.size())
    }

    /// What happened to a path; none where the scope does not have it.
    pub fn change(&self, path: u32) -> Option<Change> {
        Some(match self.changes[path as usize] {
            0 => Change::Added,
            1 => Change::Modified,
            2 => Change::Removed,
            3 => Change::Unchanged,
            _ => return None,
        })
    }

    /// Whether a path that is modified is so by itself: a folder may be it only by what is in it.
    pub fn is_other(&self, stack: &Stack, path: u32) -> bool {
        match (self.before(stack, path), self.after(stack, path)) {
            (Some(before), Some(after)) => !is_same(&before, &after),
            _ => false,
        }
    }

    /// Bytes of a file, or of all files in a folder; what was removed counts in folders that were removed.
    pub fn size(&self, stack: &Stack, path: u32) -> u64 {
        if stack.folders().has(path) {
            return self.sizes[stack.folders().rank(path) as usize];
        }
        self.own_size(stack, path, stack.version_range(path).start)
    }

    /// What is there; of what was removed, what was there.
    pub fn version<'a>(&self, stack: &'a Stack, path: u32) -> Option<Version<'a>> {
        self.change(path)?;
        self.after(stack, path).or_else(|| self.before(stack, path))
    }

    /// What is there in the second state.
    pub fn after<'a>(&self, stack: &'a Stack, path: u32) -> Option<Version<'a>> {
        self.after.version(stack, path).map(|version| stack.version(version))
    }

    /// What was there in the first.
    pub fn before<'a>(&self, stack: &'a Stack, path: u32) -> Option<Version<'a>> {
        self.before.version(stack, path).map(|version| stack.version(version))
    }

    pub(super) fn seen_before(&self) -> &Seen {
        &self.before
    }

    pub(super) fn seen_after(&self) -> &Seen {
        &self.after
    }

    /// Every path that the scope has but the root, ascending, with the first of its versions and what is shown of it.
    pub(super) fn each<'a>(&'a self, stack: &'a Stack) -> impl Iterator<Item = Shown> + 'a {
        stack.each().skip(1).filter_map(|passed| {
            let change = self.change(passed.path)?;
            let version = |seen: &Seen| seen.version_from(passed.versions.0, passed.path);
            let version = version(&self.after).or_else(|| version(&self.before))?;
            Some(Shown {
                path: passed.path,
                folder: passed.folder,
                change,
                first: passed.versions.0,
                version,
            })
        })
    }
}

/// A path as [`State::each`] passes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub path: u32,
    /// Which of [`Stack::folders`] it is in.
    pub folder: u32,
    pub change: Change,
    /// The first of its versions.
    pub first: u32,
    /// The one that is shown.
    pub version: u32,
}

impl Seen {
    /// The version of a path that is seen, for [`Stack::version`].
    pub(crate) fn version(&self, stack: &Stack, path: u32) -> Option<u32> {
        let place = self.0[path as usize];
        (place != UNSEEN).then(|| stack.version_range(path).start + u32::from(place))
    }

    /// The same, where the first version of the path is known.
    fn version_from(&self, start: u32, path: u32) -> Option<u32> {
        let place = self.0[path as usize];
        (place != UNSEEN).then(|| start + u32::from(place))
    }
}

/// The version of each path that a container sees with so many layers, for several such numbers at once. `tell` is told the
/// versions of each path in ascending order, [`NONE`] where none is seen.
pub(crate) fn seen<const N: usize>(
    stack: &Stack,
    layers: [usize; N],
    mut tell: impl FnMut([u32; N]),
) -> [Seen; N] {
    let mut places = layers.map(|_| Vec::with_capacity(stack.paths() as usize));
    // Of each folder with children, the layers that count for nothing in it; all of them where it is seen as none.
    let mut floors: Vec<[u16; N]> = Vec::with_capacity(stack.folders().ones() as usize);
    for passed in stack.each() {
        let above = if passed.path == 0 { [0; N] } else { floors[passed.folder as usize] };
        let seen = looks(stack, passed.versions(), above, layers);
        for (places, seen) in places.iter_mut().zip(&seen) {
            let is_seen = seen.version != NONE;
            places.push(if is_seen { (seen.version - passed.versions.0) as u16 } else { UNSEEN });
        }
        tell(seen.map(|seen| seen.version));
        if passed.is_folder {
            floors.push(seen.map(|seen| if seen.is_folder { seen.floor } else { UNSEEN }));
        }
    }
    places.map(Seen)
}

/// The version of one path, where layers below `floor` don't count (overlayfs: whiteouts, opaque folders, and files in
/// the place of folders hide what is below; folders over folders are merged).
pub(super) fn look(stack: &Stack, versions: Range<u32>, floor: u16, layers: usize) -> Look {
    let [look] = looks(stack, versions, [floor], [layers]);
    look
}

/// The same for several states at once.
fn looks<const N: usize>(
    stack: &Stack,
    versions: Range<u32>,
    floors: [u16; N],
    layers: [usize; N],
) -> [Look; N] {
    let mut seen = floors.map(|floor| Look { version: NONE, floor, is_folder: false });
    for version in versions {
        let (layer, removes, kind, flags) = stack.version_deed(version);
        for at in 0..N {
            if layer >= usize::from(floors[at]) && layer < layers[at] {
                seen[at] = seen[at].then(version, layer, removes, kind, flags);
            }
        }
    }
    seen
}

impl Look {
    /// After another version.
    pub(super) fn then(self, version: u32, layer: usize, removes: bool, kind: Kind, flags: u8) -> Self {
        let floor = layer as u16;
        if removes {
            return Self { version: NONE, floor, is_folder: false };
        }
        let is_folder = kind == Kind::Directory;
        let hides = !is_folder || flags & OPAQUE != 0 || (self.version != NONE && !self.is_folder);
        // A folder that has no entry in this layer stays what the layers below say.
        let stays = is_folder && self.is_folder && flags & IMPLIED != 0;
        Self {
            version: if stays { self.version } else { version },
            floor: if hides { floor } else { self.floor },
            is_folder,
        }
    }
}

impl Stack {
    /// As [`seen`], of one path.
    pub(crate) fn seen_version(&self, path: u32, layers: usize) -> Option<u32> {
        self.looked_at(path, layers).map(|seen| seen.version)
    }

    /// What is seen of one path.
    pub(super) fn looked_at(&self, path: u32, layers: usize) -> Option<Look> {
        let mut above = vec![path];
        while let Some(at) = above.last().filter(|at| **at != 0) {
            above.push(self.parent(*at));
        }
        let mut seen = Look { version: NONE, floor: 0, is_folder: true };
        for path in above.into_iter().rev() {
            if !seen.is_folder {
                return None;
            }
            seen = look(self, self.version_range(path), seen.floor, layers);
        }
        (seen.version != NONE).then_some(seen)
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
