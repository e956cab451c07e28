//! Two trees file by file: what one has and the other has not, what differs, and what only moved.

use std::collections::HashMap;

use super::index::Node;
use super::name::{mode_text, shown};
use super::stack::{Stack, Version};
use super::state::{Seen, State};
use crate::tar::Kind;

/// How a path differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Difference {
    /// Only the second tree has it.
    Added,
    /// Only the first has it.
    Removed,
    /// Both have it, and it is not the same.
    Changed,
    /// The same bytes are under another path.
    Moved,
}

/// A path that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// How.
    pub difference: Difference,
    /// Its number in the first tree.
    pub a: Option<u32>,
    /// Its number in the second; of a moved one where it is now.
    pub b: Option<u32>,
    /// What of it differs.
    pub what: What,
}

/// What of a path differs that both trees have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct What {
    /// One is a folder and the other a file, and so on.
    pub kind: bool,
    /// Permission bits.
    pub mode: bool,
    /// Owner or group.
    pub owner: bool,
    /// The bytes, as far as their hash tells, or their number.
    pub content: bool,
    /// Where a link leads, or which device it is.
    pub target: bool,
    /// Extended attributes.
    pub attributes: bool,
}

impl What {
    fn any(self) -> bool {
        self != Self::default()
    }
}

impl What {
    /// Each of them for people: `mode -rw-r--r-- to -rwxr-xr-x`, `owner 0:0 to 1000:1000`, `content`.
    pub fn words(self, old: &Version<'_>, new: &Version<'_>) -> Vec<String> {
        let mode = |version: &Version<'_>| mode_text(version.node.kind(), version.node.mode());
        let owner = |version: &Version<'_>| format!("{}:{}", version.node.uid(), version.node.gid());
        let target = |version: &Version<'_>| shown(&version.node.link()).into_owned();
        let of = |differs: bool, words: &dyn Fn() -> String| differs.then(words);
        [
            of(self.kind, &|| format!("{} to {}", mode(old), mode(new))),
            of(self.content, &|| "content".to_owned()),
            of(self.target, &|| format!("target {} to {}", target(old), target(new))),
            of(self.mode, &|| format!("mode {} to {}", mode(old), mode(new))),
            of(self.owner, &|| format!("owner {} to {}", owner(old), owner(new))),
            of(self.attributes, &|| "attributes".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// One tree: all paths, and what is there of them.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    stack: &'a Stack,
    seen: &'a Seen,
}

impl<'a> Side<'a> {
    /// What is there in the first of a scope's two states.
    pub fn before(stack: &'a Stack, state: &'a State) -> Self {
        Self { stack, seen: state.seen_before() }
    }

    /// What is there in the second.
    pub fn after(stack: &'a Stack, state: &'a State) -> Self {
        Self { stack, seen: state.seen_after() }
    }

    /// What is at a path.
    pub fn at(self, path: u32) -> Option<Version<'a>> {
        self.seen.version(self.stack, path).map(|version| self.stack.version(version))
    }

    fn children(self, path: u32) -> impl Iterator<Item = u32> + use<'a> {
        self.stack.children(path).filter(move |child| self.at(*child).is_some())
    }
}

/// Everything that differs, in the order of the trees: a folder before what is in it, names sorted. Times are not
/// compared: building an image again changes all of them.
pub fn diff(a: Side<'_>, b: Side<'_>) -> Vec<Differing> {
    let mut found = Vec::new();
    let mut waiting = vec![(Some(0), Some(0))];
    while let Some((in_a, in_b)) = waiting.pop() {
        let (old, new) = (in_a.and_then(|path| a.at(path)), in_b.and_then(|path| b.at(path)));
        let difference = match (&old, &new) {
            (Some(_), None) => Some((Difference::Removed, What::default())),
            (None, Some(_)) => Some((Difference::Added, What::default())),
            (Some(old), Some(new)) => {
                let what = compare(a.stack, old, b.stack, new);
                what.any().then_some((Difference::Changed, what))
            }
            (None, None) => None,
        };
        // The roots are the same thing, whatever an archive says of them.
        if let Some((difference, what)) = difference.filter(|_| (in_a, in_b) != (Some(0), Some(0))) {
            found.push(Differing { difference, a: in_a, b: in_b, what });
        }
        let pairs = pair(a, in_a, b, in_b);
        waiting.extend(pairs.into_iter().rev());
    }
    join_moved(a, b, found)
}

/// The children of two folders, by name.
fn pair(a: Side<'_>, in_a: Option<u32>, b: Side<'_>, in_b: Option<u32>) -> Vec<(Option<u32>, Option<u32>)> {
    let mut left = in_a.into_iter().flat_map(|path| a.children(path)).peekable();
    let mut right = in_b.into_iter().flat_map(|path| b.children(path)).peekable();
    let mut pairs = Vec::new();
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return pairs,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(old), Some(new)) => a.stack.name(*old).cmp(b.stack.name(*new)),
        };
        pairs.push((left.next_if(|_| order.is_le()), right.next_if(|_| order.is_ge())));
    }
}

fn compare(a: &Stack, old: &Version<'_>, b: &Stack, new: &Version<'_>) -> What {
    let (old_kind, new_kind) = (bytes_kind(old.node.kind()), bytes_kind(new.node.kind()));
    if old_kind != new_kind {
        return What { kind: true, ..What::default() };
    }
    // A folder that no layer has an entry for has whatever mode it is given.
    let implied = old.node.is_implied() || new.node.is_implied();
    What {
        kind: false,
        mode: !implied && old_kind != Kind::Symlink && old.node.mode() != new.node.mode(),
        owner: !implied && (old.node.uid(), old.node.gid()) != (new.node.uid(), new.node.gid()),
        content: old_kind == Kind::File && !same_content(bytes(a, old), bytes(b, new)),
        target: (old_kind == Kind::Symlink && old.node.link() != new.node.link())
            || old.node.device() != new.node.device(),
        attributes: !implied && sorted(old) != sorted(new),
    }
}

/// A hard link is the file that it leads to.
fn bytes_kind(kind: Kind) -> Kind {
    if kind == Kind::HardLink { Kind::File } else { kind }
}

/// What has the bytes; none where they are nowhere.
fn bytes<'a>(stack: &'a Stack, version: &Version<'_>) -> Option<Node<'a>> {
    let (layer, node) = stack.bytes_of(version)?;
    Some(stack.layers()[layer].node(node))
}

fn same_content(old: Option<Node<'_>>, new: Option<Node<'_>>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => old.has_content_of(&new),
        (old, new) => old.is_none() && new.is_none(),
    }
}

fn sorted(version: &Version<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut attributes = version.node.attributes();
    attributes.sort();
    attributes
}

/// A file that went and one that came with the same bytes are one that moved.
fn join_moved(a: Side<'_>, b: Side<'_>, found: Vec<Differing>) -> Vec<Differing> {
    let key = |side: Side<'_>, path: Option<u32>| {
        let version = side.at(path?)?;
        let content = bytes(side.stack, &version)?.content_key();
        (content.0 > 0 && bytes_kind(version.node.kind()) == Kind::File).then_some(content)
    };
    let mut gone: HashMap<(u64, u64, bool), Vec<u32>> = HashMap::new();
    for each in found.iter().filter(|each| each.difference == Difference::Removed).rev() {
        if let (Some(content), Some(path)) = (key(a, each.a), each.a) {
            gone.entry(content).or_default().push(path);
        }
    }
    let mut joined = Vec::with_capacity(found.len());
    let mut from = std::collections::HashSet::new();
    for mut each in found {
        if each.difference == Difference::Added
            && let Some(old) = key(b, each.b).and_then(|content| gone.get_mut(&content)?.pop())
        {
            from.insert(old);
            (each.difference, each.a) = (Difference::Moved, Some(old));
        }
        joined.push(each);
    }
    joined.retain(|each| {
        each.difference != Difference::Removed || each.a.is_none_or(|path| !from.contains(&path))
    });
    joined
}
