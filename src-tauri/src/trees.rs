//! What the page has open of layers: trees, views on them, and comparisons of two.
//!
//! Everything is a number to the page. What is open costs memory here and nothing there: a page asks for the rows that it
//! shows. All of it is closed when another page begins. Deliberately absent: how layers are read, which the engine knows.

mod ahead;
mod file;
mod open;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use engine::layers::diff::{self, Differing, Side};
use engine::layers::{Filter, Layers, Scope, Stack, State, Version, View, Waste};
use engine::{Code, Error, Result};

pub use ahead::Ahead;
pub use open::{Opened, open};

/// Trees that may be open at once: each has a few bytes for every file.
const MOST: usize = 24;
/// Bytes of the file that was previewed last.
pub const KEPT: usize = 8 << 20;

/// What is open.
#[derive(Default)]
pub struct Trees(Mutex<Open>);

#[derive(Default)]
struct Open {
    last: u64,
    trees: BTreeMap<u64, Arc<Tree>>,
    views: BTreeMap<u64, (u64, Arc<Mutex<OpenView>>)>,
    comparisons: BTreeMap<u64, Arc<Comparison>>,
}

/// The layers of one image, as one tree.
pub struct Tree {
    /// What it is called.
    pub title: String,
    /// Where the bytes are.
    pub layers: Layers,
    /// They are far away: what is read of them is counted.
    pub far: bool,
    /// Every path.
    pub stack: Arc<Stack>,
    /// What a container sees.
    pub merged: Arc<State>,
    /// What is stored for nothing.
    pub waste: Waste,
    /// Bytes of a file, by layer and node.
    held: Mutex<Option<((usize, u32), Bytes)>>,
}

/// A view, and what was last looked for in it.
pub struct OpenView {
    /// Which tree it is of.
    pub tree: u64,
    /// The rows.
    pub view: View,
    /// Between two layers: paths of the same bytes, where they went and where they came from.
    pub moved: HashMap<u32, u32>,
    found: Option<(String, Vec<u32>)>,
}

/// Two trees file by file.
pub struct Comparison {
    /// The first.
    pub a: Arc<Tree>,
    /// The second.
    pub b: Arc<Tree>,
    /// What differs.
    pub files: Vec<Differing>,
}

impl Trees {
    /// Keeps a tree.
    ///
    /// # Errors
    /// [`Code::TooLarge`] where too many are open.
    pub fn keep(&self, tree: Tree) -> Result<u64> {
        let mut open = self.lock();
        if open.trees.len() >= MOST {
            return Err(Error::new(Code::TooLarge, format!("{MOST} images are open already"))
                .with_hint("Close one of them"));
        }
        open.last += 1;
        let id = open.last;
        open.trees.insert(id, Arc::new(tree));
        Ok(id)
    }

    /// A tree by its number.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub fn tree(&self, id: u64) -> Result<Arc<Tree>> {
        self.lock().trees.get(&id).cloned().ok_or_else(|| gone("tree", id))
    }

    /// Closes a tree with its views.
    pub fn close(&self, id: u64) {
        let mut open = self.lock();
        open.trees.remove(&id);
        open.views.retain(|_, (tree, _)| *tree != id);
    }

    /// Keeps a view.
    pub fn keep_view(&self, tree: u64, view: View) -> u64 {
        let mut open = self.lock();
        open.last += 1;
        let id = open.last;
        let moved = moved(&view);
        let view = OpenView { tree, view, moved, found: None };
        open.views.insert(id, (tree, Arc::new(Mutex::new(view))));
        id
    }

    /// A view by its number.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub fn view(&self, id: u64) -> Result<Arc<Mutex<OpenView>>> {
        self.lock().views.get(&id).map(|(_, view)| view.clone()).ok_or_else(|| gone("view", id))
    }

    /// Closes a view.
    pub fn close_view(&self, id: u64) {
        self.lock().views.remove(&id);
    }

    /// Keeps a comparison; those of before are forgotten.
    pub fn keep_comparison(&self, comparison: Comparison) -> u64 {
        let mut open = self.lock();
        open.last += 1;
        let id = open.last;
        open.comparisons.clear();
        open.comparisons.insert(id, Arc::new(comparison));
        id
    }

    /// A comparison by its number.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub fn comparison(&self, id: u64) -> Result<Arc<Comparison>> {
        self.lock().comparisons.get(&id).cloned().ok_or_else(|| gone("comparison", id))
    }

    /// Closes everything.
    pub fn close_all(&self) {
        let mut open = self.lock();
        *open = Open { last: open.last, ..Open::default() };
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each path of a comparison of two layers that moved, with the other one.
fn moved(view: &View) -> HashMap<u32, u32> {
    if !matches!(view.scope(), Scope::Between { .. }) {
        return HashMap::new();
    }
    let (stack, state) = (view.stack(), view.state());
    let found = diff::diff(Side::before(stack, state), Side::after(stack, state));
    let pairs = found.iter().filter(|each| each.difference == diff::Difference::Moved);
    pairs.filter_map(|each| each.a.zip(each.b)).flat_map(|(a, b)| [(a, b), (b, a)]).collect()
}

fn gone(what: &str, id: u64) -> Error {
    Error::new(Code::NotFound, format!("there is no open {what} `{id}`")).with_hint("Open the image again")
}

impl Tree {
    /// Bytes of its layers that were fetched so far, of how many; none where nothing is far away.
    pub fn fetched(&self) -> Option<(u64, u64)> {
        let all = || self.layers.descriptors().iter().map(|layer| layer.size).sum();
        self.far.then(|| (self.layers.fetched(), all()))
    }

    /// Whether a number is one of its paths.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub fn check(&self, node: u32) -> Result<u32> {
        if node < self.stack.paths() { Ok(node) } else { Err(gone("file", node.into())) }
    }

    /// What is looked at under a path: of one layer (1 is the base), or else what a container sees, or what was there last.
    ///
    /// # Errors
    /// [`Code::NotFound`] where there is nothing.
    pub fn version(&self, node: u32, layer: Option<u32>) -> Result<Version<'_>> {
        let node = self.check(node)?;
        let mut versions = self.stack.versions(node).rev().filter(|version| !version.removes);
        let found = match layer {
            Some(layer) => versions.find(|version| version.layer as u64 + 1 == u64::from(layer)),
            None => self.merged.after(&self.stack, node).or_else(|| versions.next()),
        };
        found.ok_or_else(|| {
            Error::new(Code::NotFound, "this layer does not have the file").with_hint("Choose another layer")
        })
    }

    /// How many layers count up to a layer; 1 is the base, and without one all do.
    ///
    /// # Errors
    /// [`Code::NotFound`] where there is no such layer.
    pub fn after(&self, layer: Option<u32>) -> Result<usize> {
        let all = self.stack.layers().len();
        let layers = layer.map_or(all, |layer| layer as usize);
        if (1..=all).contains(&layers) || layer.is_none() {
            return Ok(layers);
        }
        Err(Error::new(Code::NotFound, format!("there is no layer {layers}"))
            .with_hint(format!("There are {all}; 1 is the base")))
    }

    /// What a container would see under a path after a layer.
    ///
    /// # Errors
    /// [`Code::NotFound`] where there is nothing, or no such layer.
    pub fn there(&self, node: u32, layer: Option<u32>) -> Result<Version<'_>> {
        let layers = self.after(layer)?;
        self.stack.at(self.check(node)?, layers).ok_or_else(|| {
            Error::new(Code::NotFound, "it was removed in this layer, or is not there yet")
                .with_hint("Choose another layer")
        })
    }

    /// Bytes of a file that are kept from the last look at it.
    pub fn held(&self, at: (usize, u32)) -> Option<Bytes> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().filter(|(known, _)| *known == at).map(|(_, bytes)| bytes.clone())
    }

    /// Keeps the bytes of a file, all of them, if they are few.
    pub fn hold(&self, at: (usize, u32), bytes: &Bytes) {
        if bytes.len() <= KEPT {
            *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, bytes.clone()));
        }
    }
}

impl OpenView {
    /// The next path with a text in its name after a row, or the one before it, around the ends; with its place among all
    /// and how many there are. Folders above it are opened. None where nothing has it.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] where the text is a malformed glob.
    pub fn find(&mut self, text: &str, from: Option<u64>, backwards: bool) -> Result<Option<Found>> {
        if self.found.as_ref().is_none_or(|(known, _)| known != text) {
            let paths = self.view.find(&Filter::text(text))?;
            self.found = Some((text.to_owned(), paths));
        }
        let Some((_, paths)) = &self.found else { return Ok(None) };
        if paths.is_empty() {
            return Ok(None);
        }
        let stack = self.view.stack().clone();
        let here =
            from.and_then(|row| self.view.rows(usize::try_from(row).ok()?, 1).first().map(|row| row.path));
        let at = match here {
            None if backwards => paths.len() - 1,
            None => 0,
            Some(here) => {
                let here = order(&stack, here);
                let before = paths.partition_point(|path| order(&stack, *path) < here);
                let itself = paths.get(before).is_some_and(|path| order(&stack, *path) == here);
                match backwards {
                    true => before.checked_sub(1).unwrap_or(paths.len() - 1),
                    false => (before + usize::from(itself)) % paths.len(),
                }
            }
        };
        let (path, total) = (paths[at], paths.len());
        let row = self.view.reveal(path);
        Ok(row.map(|row| Found { row, path, position: at + 1, total }))
    }

    /// Whether a number is one of its paths.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub fn check(&self, node: u32) -> Result<()> {
        if node < self.view.stack().paths() { Ok(()) } else { Err(gone("file", node.into())) }
    }

    /// Opens or closes a folder, or with `deep` all beneath it; 0 is the top.
    pub fn fold(&mut self, path: u32, open: bool, deep: bool) {
        match (deep, open) {
            (true, _) => self.view.fold_all(path, open),
            (false, true) => self.view.open(path),
            (false, false) => self.view.close(path),
        }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its row.
    pub row: usize,
    /// The path.
    pub path: u32,
    /// From 1.
    pub position: usize,
    /// Of all.
    pub total: usize,
}

/// Sorts as rows with every folder open do: folders before what is in them, siblings by number.
fn order(stack: &Stack, path: u32) -> Vec<u32> {
    let mut above = vec![path];
    let mut at = path;
    while at != 0 {
        at = stack.parent(at);
        above.push(at);
    }
    above.reverse();
    above
}
