//! Crashes and power losses, for tests: logged file operations replayed up to any point; whatever was not fsynced by then
//! may be lost, in several ways.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Operation;

/// What is lost of everything that was not fsynced.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss {
    /// A crash of the process: nothing.
    Nothing,
    /// Contents and names.
    Everything,
    /// Contents are empty, though the names are there.
    Contents,
    /// Names, and contents are there.
    Names,
    /// The name that is `n`th among those that may be lost, or all but that one.
    Name(usize),
    AllNamesBut(usize),
}

pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

impl Loss {
    /// Every way to lose something after so many operations.
    pub(crate) fn of(count: usize) -> impl Iterator<Item = Self> {
        let each = (0..count).flat_map(|n| [Self::Name(n), Self::AllNamesBut(n)]);
        [Self::Nothing, Self::Everything, Self::Contents, Self::Names].into_iter().chain(each)
    }
}

/// The files after the first `count` operations and a loss.
pub(crate) fn after(operations: &[Operation], count: usize, root: &Path, loss: Loss) -> Files {
    #[derive(Clone)]
    enum Change {
        Directory(PathBuf),
        Place { from: Option<PathBuf>, at: PathBuf, inode: usize },
        Remove(PathBuf),
    }
    let mut inodes: Vec<(Vec<u8>, bool)> = Vec::new();
    let mut now: BTreeMap<PathBuf, usize> = BTreeMap::new();
    // Changes of names with the directory whose fsync makes them last, in order.
    let mut changes: Vec<(PathBuf, Change, bool)> = Vec::new();
    let parent = |path: &Path| path.parent().unwrap().to_owned();
    for operation in &operations[..count] {
        match operation {
            Operation::MakeDir(path) => changes.push((parent(path), Change::Directory(path.clone()), false)),
            Operation::Write(path, bytes) => {
                inodes.push((bytes.clone(), false));
                now.insert(path.clone(), inodes.len() - 1);
                let placed = Change::Place { from: None, at: path.clone(), inode: inodes.len() - 1 };
                changes.push((parent(path), placed, false));
            }
            Operation::SyncFile(path) => inodes[now[path]].1 = true,
            Operation::Rename(from, to) => {
                let inode = now.remove(from).unwrap();
                now.insert(to.clone(), inode);
                changes.push((
                    parent(to),
                    Change::Place { from: Some(from.clone()), at: to.clone(), inode },
                    false,
                ));
            }
            Operation::Remove(path) => {
                now.remove(path);
                changes.push((parent(path), Change::Remove(path.clone()), false));
            }
            Operation::SyncDir(dir) => {
                for change in changes.iter_mut().filter(|change| change.0 == *dir) {
                    change.2 = true;
                }
            }
        }
    }
    let mut pending = 0;
    let mut directories = vec![root.to_owned()];
    let mut names: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (_, change, durable) in &changes {
        let kept = *durable || {
            pending += 1;
            match loss {
                Loss::Nothing | Loss::Contents => true,
                Loss::Everything | Loss::Names => false,
                Loss::Name(lost) => pending - 1 != lost,
                Loss::AllNamesBut(kept) => pending - 1 == kept,
            }
        };
        match change {
            Change::Directory(path) if kept => directories.push(path.clone()),
            Change::Place { from, at, inode } if kept => {
                if let Some(from) = from {
                    names.remove(from);
                }
                names.insert(at.clone(), *inode);
            }
            Change::Remove(path) if kept => {
                names.remove(path);
            }
            _ => {}
        }
    }
    let reachable = |path: &Path| {
        path.ancestors()
            .skip(1)
            .take_while(|at| at.starts_with(root))
            .all(|at| directories.iter().any(|dir| dir == at))
    };
    let content = |inode: usize| match (&inodes[inode], loss) {
        ((bytes, true), _) | ((bytes, false), Loss::Nothing | Loss::Names) => bytes.clone(),
        _ => Vec::new(),
    };
    names
        .into_iter()
        .filter(|(path, _)| reachable(path))
        .map(|(path, inode)| (path, content(inode)))
        .collect()
}
