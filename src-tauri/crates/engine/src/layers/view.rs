//! A tree with some folders open, as rows: what a list shows that holds no more than is on screen.

use std::collections::HashMap;
use std::sync::Arc;

use super::bits::Bits;
use super::filter::Filter;
use super::stack::{Stack, Version};
use super::state::{Change, Scope, State};
use crate::error::Result;

/// A view on a stack. Rows count from 0; a folder's children follow it while it is open.
#[derive(Debug)]
pub struct View {
    stack: Arc<Stack>,
    state: Arc<State>,
    scope: Scope,
    filter: Filter,
    /// Paths that pass the filter; none without one.
    matched: Option<Bits>,
    /// Paths that it has: what passes, and the folders on the way there.
    has: Bits,
    totals: Totals,
    open: Bits,
    rows: Vec<u32>,
}

/// How many files a view has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What passes the filter; without one, every path but the root.
    pub matches: u64,
    /// Of these, what was added.
    pub added: u64,
    /// What is another.
    pub modified: u64,
    /// What was removed.
    pub removed: u64,
    /// Bytes of the files among these that are there.
    pub bytes: u64,
}

/// One row of a view.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The path's number in the stack.
    pub path: u32,
    /// 0 at the top.
    pub depth: u32,
    /// What is shown: what is there, or of what was removed, what was there.
    pub version: Version<'a>,
    /// What was there in the first of the scope's two states.
    pub before: Option<Version<'a>>,
    /// What happened to it.
    pub change: Change,
    /// Bytes; of a folder all that is in it.
    pub size: u64,
    /// It is a folder, and its children follow.
    pub open: bool,
    /// How many children this view has of it.
    pub children: u64,
    /// It passes the filter itself, and is not only on the way to what does.
    pub matched: bool,
    /// Its place among its siblings, from 1.
    pub position: u64,
    /// How many siblings there are, itself among them.
    pub siblings: u64,
}

impl View {
    /// A view with nothing open.
    ///
    /// # Errors
    /// As [`State::new`].
    pub fn new(stack: &Arc<Stack>, scope: Scope) -> Result<Self> {
        Ok(Self::of(stack, Arc::new(State::new(stack, scope)?), scope))
    }

    /// The same of a state that was worked out already, for this scope.
    pub fn of(stack: &Arc<Stack>, state: Arc<State>, scope: Scope) -> Self {
        let mut view = Self {
            stack: stack.clone(),
            state,
            scope,
            filter: Filter::default(),
            matched: None,
            has: Bits::default(),
            totals: Totals::default(),
            open: Bits::none(stack.paths() as usize),
            rows: Vec::new(),
        };
        view.open.insert(0);
        view.take(Filter::default(), None);
        view
    }

    /// The stack.
    pub fn stack(&self) -> &Arc<Stack> {
        &self.stack
    }

    /// What happened to each path.
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// What it has.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Another scope; folders that are open stay so, and the filter stays.
    ///
    /// # Errors
    /// As [`State::new`]; then nothing changes.
    pub fn set_scope(&mut self, scope: Scope) -> Result<()> {
        self.state = Arc::new(State::new(&self.stack, scope)?);
        self.scope = scope;
        let filter = std::mem::take(&mut self.filter);
        self.set_filter(filter)
    }

    /// Shows what passes, with the folders on the way there, which are opened.
    ///
    /// # Errors
    /// As [`Filter::matches`]; then nothing changes.
    pub fn set_filter(&mut self, filter: Filter) -> Result<()> {
        let matched = match filter.is_empty() {
            true => None,
            false => Some(filter.matches(&self.stack, &self.state)?),
        };
        self.take(filter, matched);
        Ok(())
    }

    fn take(&mut self, filter: Filter, matched: Option<Bits>) {
        self.has = match &matched {
            Some(matched) => self.stack.with_folders(matched, |folder| {
                self.open.insert(folder);
            }),
            None => Bits::of(self.stack.paths() as usize, |path| self.state.change(path).is_some()),
        };
        (self.filter, self.matched) = (filter, matched);
        self.totals = self.count();
        self.lay_out();
    }

    /// How many files it has.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    fn count(&self) -> Totals {
        let mut totals = Totals::default();
        let Some(matched) = &self.matched else {
            // The state says it all, without a look at the files.
            totals.bytes = self.state.size(&self.stack, 0);
            for path in 1..self.stack.paths() {
                if let Some(change) = self.state.change(path) {
                    self.add(&mut totals, path, change);
                }
            }
            return totals;
        };
        for shown in self.state.each(&self.stack).filter(|shown| matched.has(shown.path)) {
            self.add(&mut totals, shown.path, shown.change);
            let node = self.stack.version(shown.version).node;
            if shown.change != Change::Removed && !node.is_folder() {
                totals.bytes = totals.bytes.saturating_add(node.size());
            }
        }
        totals
    }

    fn add(&self, totals: &mut Totals, path: u32, change: Change) {
        totals.matches += 1;
        match change {
            Change::Added => totals.added += 1,
            Change::Modified => totals.modified += u64::from(self.state.is_other(&self.stack, path)),
            Change::Removed => totals.removed += 1,
            Change::Unchanged => {}
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Rows from a place on, at most so many.
    pub fn rows(&self, offset: usize, limit: usize) -> Vec<Row<'_>> {
        let end = offset.saturating_add(limit).min(self.rows.len());
        let rows = self.rows.get(offset..end).unwrap_or_default();
        let mut places = Places::default();
        rows.iter().filter_map(|path| self.row_at(*path, &mut places)).collect()
    }

    /// A path as a row, whether a folder above it is closed or not; none where the view does not have it.
    pub fn row(&self, path: u32) -> Option<Row<'_>> {
        self.row_at(path, &mut Places::default())
    }

    fn row_at(&self, path: u32, places: &mut Places) -> Option<Row<'_>> {
        let version = self.state.version(&self.stack, path)?;
        let change = self.state.change(path)?;
        let (position, siblings) = places.of(path, self);
        Some(Row {
            path,
            depth: self.stack.depth(path),
            version,
            before: self.state.before(&self.stack, path),
            change,
            size: self.state.size(&self.stack, path),
            open: self.open.has(path) && version.node.is_folder(),
            children: self.has.count(self.stack.children(path)) as u64,
            matched: self.matched.as_ref().is_none_or(|matched| matched.has(path)),
            position,
            siblings,
        })
    }

    /// Opens a folder; what was open in it is open again. Nothing happens to a path that has no row or no children.
    pub fn open(&mut self, path: u32) {
        if self.open.insert(path) {
            return;
        }
        if let Some(row) = self.row_of(path) {
            let mut below = Vec::new();
            self.collect(path, &mut below);
            self.rows.splice(row + 1..row + 1, below);
        }
    }

    /// Closes a folder.
    pub fn close(&mut self, path: u32) {
        if path == 0 || !self.open.remove(path) {
            return;
        }
        if let Some(row) = self.row_of(path) {
            let below = self.rows[row + 1..].partition_point(|at| self.stack.is_beneath(*at, path));
            self.rows.drain(row + 1..row + 1 + below);
        }
    }

    /// Opens or closes a folder and every folder in it.
    pub fn fold_all(&mut self, path: u32, open: bool) {
        let mut folders = vec![path];
        self.walk(path, &self.has, &|_| true, &mut |at| folders.push(at));
        for folder in folders {
            if open {
                self.open.insert(folder)
            } else {
                folder != 0 && self.open.remove(folder)
            };
        }
        self.lay_out();
    }

    /// Opens every folder.
    pub fn open_all(&mut self) {
        self.open = Bits::of(self.stack.paths() as usize, |_| true);
        self.lay_out();
    }

    /// Closes every folder.
    pub fn close_all(&mut self) {
        self.open = Bits::none(self.stack.paths() as usize);
        self.open.insert(0);
        self.lay_out();
    }

    /// The row of a path, every folder above it open now; none where the view does not have it.
    pub fn reveal(&mut self, path: u32) -> Option<usize> {
        if path == 0 || !self.has(path) {
            return None;
        }
        let mut above = Vec::new();
        let mut at = self.stack.parent(path);
        while at != 0 {
            above.push(at);
            at = self.stack.parent(at);
        }
        above.into_iter().rev().for_each(|folder| self.open(folder));
        self.row_of(path)
    }

    /// What of this view passes another filter, in the order of rows with every folder open: to jump from one to the next.
    ///
    /// # Errors
    /// As [`Filter::matches`].
    pub fn find(&self, filter: &Filter) -> Result<Vec<u32>> {
        let found = filter.matches(&self.stack, &self.state)?.and(&self.has);
        let on_the_way = self.stack.with_folders(&found, |_| {});
        let mut ordered = Vec::with_capacity(found.len());
        self.walk(0, &on_the_way, &|_| true, &mut |path| {
            if found.has(path) {
                ordered.push(path);
            }
        });
        Ok(ordered)
    }

    /// What of a folder this view has.
    pub fn shown_children(&self, path: u32) -> impl Iterator<Item = u32> {
        self.has.iter(self.stack.children(path))
    }

    fn has(&self, path: u32) -> bool {
        self.has.has(path)
    }

    /// The row of a path, if every folder above it is open: rows are sorted as the tree is.
    fn row_of(&self, path: u32) -> Option<usize> {
        if path == 0 || !self.has(path) {
            return None;
        }
        let key = |path: u32| {
            let mut key = vec![path];
            let mut at = self.stack.parent(path);
            while at != 0 {
                key.push(at);
                at = self.stack.parent(at);
            }
            key.reverse();
            key
        };
        let wanted = key(path);
        self.rows.binary_search_by(|at| key(*at).cmp(&wanted)).ok()
    }

    fn lay_out(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.clear();
        self.collect(0, &mut rows);
        self.rows = rows;
    }

    fn collect(&self, path: u32, rows: &mut Vec<u32>) {
        self.walk(path, &self.has, &|path| self.open.has(path), &mut |path| rows.push(path));
    }

    /// Everything in a folder that is among `these`, folders before what is in them, as deep as `enter` says.
    fn walk(&self, path: u32, these: &Bits, enter: &dyn Fn(u32) -> bool, visit: &mut dyn FnMut(u32)) {
        let mut waiting = vec![these.iter(self.stack.children(path))];
        while let Some(children) = waiting.last_mut() {
            let Some(at) = children.next() else {
                waiting.pop();
                continue;
            };
            visit(at);
            if self.stack.folders().has(at) && enter(at) {
                waiting.push(these.iter(self.stack.children(at)));
            }
        }
    }
}

/// Places of rows among their siblings, by their folder: rows come in ascending order, and are counted on from the one before.
#[derive(Default)]
struct Places(HashMap<u32, Place>);

struct Place {
    siblings: u64,
    /// The last one, and its position from 1.
    last: (u32, u64),
}

impl Places {
    /// The position of a path among its siblings, and how many there are.
    fn of(&mut self, path: u32, view: &View) -> (u64, u64) {
        let parent = view.stack.parent(path);
        let place = self.0.entry(parent).or_insert_with(|| {
            let siblings = view.stack.children(parent);
            let before = view.has.count(siblings.start..path) as u64;
            Place { siblings: view.has.count(siblings) as u64, last: (path, before + 1) }
        });
        let (last, position) = place.last;
        place.last = (path, position + view.has.count(last + 1..path + 1) as u64);
        (place.last.1, place.siblings)
    }
}

impl Stack {
    /// A set of paths with the folders that they are in, all the way up; of each of these it is told.
    fn with_folders(&self, paths: &Bits, mut tell: impl FnMut(u32)) -> Bits {
        let mut all = paths.clone();
        for folder in (0..self.folders().ones()).rev() {
            if all.any(self.children_of_folder(folder)) {
                let path = self.folders().select(folder);
                all.insert(path);
                tell(path);
            }
        }
        all
    }

    /// Whether a path is in a folder, however deep.
    fn is_beneath(&self, path: u32, folder: u32) -> bool {
        let mut at = path;
        // What is in a folder has a greater number.
        while at > folder {
            at = self.parent(at);
        }
        at == folder && path != folder
    }
}
