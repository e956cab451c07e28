//! A tree with some folders open, as rows: what a list shows that holds no more than is on screen.

use std::sync::Arc;

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
    /// Paths that pass the filter, ascending; none without a filter.
    matched: Option<Vec<u32>>,
    /// Of each path, whether it is shown: it passes, or something in it does. Empty without a filter.
    kept: Vec<bool>,
    open: Vec<bool>,
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
        let state = Arc::new(State::new(stack, scope)?);
        let mut view = Self {
            stack: stack.clone(),
            state,
            scope,
            filter: Filter::default(),
            matched: None,
            kept: Vec::new(),
            open: vec![false; stack.paths() as usize],
            rows: Vec::new(),
        };
        view.open[0] = true;
        view.lay_out();
        Ok(view)
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
        if filter.is_empty() {
            (self.matched, self.kept) = (None, Vec::new());
        } else {
            let matched = filter.matches(&self.stack, &self.state)?;
            let mut kept = vec![false; self.stack.paths() as usize];
            for path in &matched {
                let mut at = *path;
                while !std::mem::replace(&mut kept[at as usize], true) {
                    at = self.stack.parent(at);
                    self.open[at as usize] = true;
                }
            }
            (self.matched, self.kept) = (Some(matched), kept);
        }
        self.filter = filter;
        self.lay_out();
        Ok(())
    }

    /// How many files it has. Looks at each of them.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        let mut count = |path: u32| {
            let Some(change) = self.state.change(path) else { return };
            totals.matches += 1;
            match change {
                Change::Added => totals.added += 1,
                Change::Modified => totals.modified += u64::from(self.state.is_other(&self.stack, path)),
                Change::Removed => totals.removed += 1,
                Change::Unchanged => {}
            }
            let is_file = |version: &Version<'_>| !version.node.is_folder();
            if change != Change::Removed && self.state.after(&self.stack, path).is_some_and(|it| is_file(&it))
            {
                totals.bytes = totals.bytes.saturating_add(self.state.size(path));
            }
        };
        match &self.matched {
            Some(matched) => matched.iter().for_each(|path| count(*path)),
            None => (1..self.stack.paths()).for_each(count),
        }
        totals
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
        self.rows.get(offset..end).unwrap_or_default().iter().filter_map(|path| self.row(*path)).collect()
    }

    /// A path as a row, whether a folder above it is closed or not; none where the view does not have it.
    pub fn row(&self, path: u32) -> Option<Row<'_>> {
        let version = self.state.version(&self.stack, path)?;
        let change = self.state.change(path)?;
        let siblings = self.stack.children(self.stack.parent(path)).filter(|at| self.has(*at));
        let (mut position, mut count) = (0, 0);
        for sibling in siblings {
            count += 1;
            if sibling <= path {
                position = count;
            }
        }
        Some(Row {
            path,
            depth: self.stack.depth(path),
            version,
            before: self.state.before(&self.stack, path),
            change,
            size: self.state.size(path),
            open: self.open[path as usize] && version.node.is_folder(),
            children: self.shown_children(path).count() as u64,
            matched: self.matched.as_ref().is_none_or(|matched| matched.binary_search(&path).is_ok()),
            position,
            siblings: count,
        })
    }

    /// Opens a folder; what was open in it is open again. Nothing happens to a path that has no row or no children.
    pub fn open(&mut self, path: u32) {
        if std::mem::replace(&mut self.open[path as usize], true) {
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
        if path == 0 || !std::mem::replace(&mut self.open[path as usize], false) {
            return;
        }
        if let Some(row) = self.row_of(path) {
            let depth = self.stack.depth(path);
            let below = self.rows[row + 1..].iter().take_while(|at| self.stack.depth(**at) > depth).count();
            self.rows.drain(row + 1..row + 1 + below);
        }
    }

    /// Opens every folder.
    pub fn open_all(&mut self) {
        self.open.fill(true);
        self.lay_out();
    }

    /// Closes every folder.
    pub fn close_all(&mut self) {
        self.open.fill(false);
        self.open[0] = true;
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
        let found = filter.matches(&self.stack, &self.state)?;
        let mut marked = vec![false; self.stack.paths() as usize];
        let mut count = 0;
        for path in found.into_iter().filter(|path| self.has(*path)) {
            marked[path as usize] = true;
            count += 1;
        }
        let mut ordered = Vec::with_capacity(count);
        self.walk(0, &|_| true, &mut |path| {
            if marked[path as usize] {
                ordered.push(path);
            }
        });
        Ok(ordered)
    }

    /// What of a folder this view has.
    pub fn shown_children(&self, path: u32) -> impl Iterator<Item = u32> {
        self.stack.children(path).filter(|at| self.has(*at))
    }

    fn has(&self, path: u32) -> bool {
        self.state.change(path).is_some() && (self.matched.is_none() || self.kept[path as usize])
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
        self.walk(path, &|path| self.open[path as usize], &mut |path| rows.push(path));
    }

    /// Everything in a folder that the view has, folders before what is in them, as deep as `enter` says.
    fn walk(&self, path: u32, enter: &dyn Fn(u32) -> bool, visit: &mut dyn FnMut(u32)) {
        let mut stack = vec![self.stack.children(path)];
        while let Some(range) = stack.last_mut() {
            let Some(at) = range.next() else {
                stack.pop();
                continue;
            };
            if self.has(at) {
                visit(at);
                if enter(at) {
                    stack.push(self.stack.children(at));
                }
            }
        }
    }
}
