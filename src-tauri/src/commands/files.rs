//! What is inside layers: trees, views on them, and what files hold.

mod compare;
mod content;
mod map;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use engine::job::Job;
use engine::layers::{self, Scope, View};
use engine::{Error, Result};

use super::Stream;
use crate::state::{Longshore, blocking};
use crate::trees::{self, OpenView, Tree};
use crate::wire::{
    DuplicateFile, DuplicateGroup, FileDetail, FileFilter, FileRow, FileRows, FileScope, FileViewHead,
    FoundFile, LayersOf, OpenedTree, TreeHead, TreeLayer, TreeProgress, WasteReport, WastedFile, shown_path,
};

pub use compare::{compare_trees, different_files, text_diff, version_diff};
pub use content::{file_bytes, preview_file, write_file, write_folder, write_stored};
pub use map::file_map;

/// Rows that are given at once.
const ROWS: u32 = 1_000;
/// Files of a report of waste.
const WASTED: usize = 1_000;
/// Groups of files with one content, and files of each.
const GROUPS: usize = 500;
/// Smaller files are not worth looking at twice, bytes.
const SMALL: u64 = 1_024;

/// Opens the layers of an image, with a view on them and so many of its rows; a page that goes away ends the reading.
pub async fn open_tree(
    app: &Arc<Longshore>,
    of: LayersOf,
    rows: u32,
    on_progress: Stream<TreeProgress>,
) -> Result<OpenedTree> {
    let mut page = app.page();
    page.mark_unchanged();
    let job = Job::silent();
    let opening = trees::open(app, of, &job, move |progress| {
        // Whether anybody listens shows when the page goes.
        let _ = on_progress.send(progress);
    });
    let opened = tokio::select! {
        opened = opening => opened?,
        _ = page.changed() => {
            job.cancel();
            return Err(Error::cancelled());
        }
    };
    let app = app.clone();
    blocking(move || {
        let waste = &opened.tree.waste;
        let worths = &waste.layers;
        let merged = &opened.tree.merged;
        let view = View::of(&opened.tree.stack, merged.clone(), Scope::Merged);
        let mut head = TreeHead {
            id: 0,
            title: opened.tree.title.clone(),
            layers: worths.iter().enumerate().map(|(at, worth)| TreeLayer::of(at, &opened, worth)).collect(),
            files: view.totals().matches,
            merged_bytes: merged.size(&opened.tree.stack, 0),
            unpacked_bytes: worths.iter().map(|worth| worth.unpacked).sum(),
            efficiency: waste.efficiency,
            wasted_bytes: waste.wasted_bytes,
            fetched: opened.tree.fetched().map(|(fetched, _)| fetched),
            fetchable: opened.tree.fetched().map(|(_, all)| all),
        };
        head.id = app.trees().keep(opened.tree)?;
        let first = rows_of(&view, &HashMap::new(), 0, rows);
        let view = keep(&app, head.id, view);
        Ok(OpenedTree { tree: head, view, rows: first })
    })
    .await
}

/// Forgets a tree and its views.
pub async fn close_tree(app: &Arc<Longshore>, tree: u64) -> Result<()> {
    app.trees().close(tree);
    Ok(())
}

/// Bytes of the layers of a tree that were fetched so far; none where they are here.
pub async fn fetched_bytes(app: &Arc<Longshore>, tree: u64) -> Result<Option<u64>> {
    Ok(app.trees().tree(tree)?.fetched().map(|(fetched, _)| fetched))
}

/// Opens a view on a tree, with its folders closed.
pub async fn open_view(
    app: &Arc<Longshore>,
    tree: u64,
    scope: FileScope,
    filter: FileFilter,
) -> Result<FileViewHead> {
    let (open, scope) = (app.trees().tree(tree)?, scope.engine()?);
    let app = app.clone();
    blocking(move || {
        let mut view = match scope {
            // What a container sees was worked out when the tree was opened.
            Scope::Merged => View::of(&open.stack, open.merged.clone(), scope),
            _ => View::new(&open.stack, scope)?,
        };
        let filter = filter.engine();
        if !filter.is_empty() {
            view.set_filter(filter)?;
        }
        Ok(keep(&app, tree, view))
    })
    .await
}

fn keep(app: &Longshore, tree: u64, view: View) -> FileViewHead {
    let (rows, totals) = (view.len(), view.totals());
    FileViewHead::of(app.trees().keep_view(tree, view), tree, rows, totals)
}

fn rows_of(view: &View, moved: &HashMap<u32, u32>, offset: u64, limit: u32) -> Vec<FileRow> {
    let from = usize::try_from(offset).unwrap_or(usize::MAX);
    let rows = view.rows(from, limit.min(ROWS) as usize);
    rows.iter().map(|row| FileRow::of(row, view.stack(), view.scope(), moved)).collect()
}

/// Forgets a view.
pub async fn close_view(app: &Arc<Longshore>, view: u64) -> Result<()> {
    app.trees().close_view(view);
    Ok(())
}

/// Opens or closes a folder, or everything beneath it; node 0 is the top.
pub async fn fold_files(
    app: &Arc<Longshore>,
    view: u64,
    node: u32,
    open: bool,
    deep: bool,
) -> Result<FileViewHead> {
    with_view(app, view, move |_, shown| {
        shown.check(node)?;
        shown.fold(node, open, deep);
        Ok(head(view, shown))
    })
    .await
}

/// Rows of a view, from a place on.
pub async fn file_rows(app: &Arc<Longshore>, view: u64, offset: u64, limit: u32) -> Result<FileRows> {
    with_view(app, view, move |_, shown| {
        let rows = rows_of(&shown.view, &shown.moved, offset, limit);
        Ok(FileRows { total: shown.view.len() as u64, offset, rows })
    })
    .await
}

/// The next row with a text in its name, or the one before, around the ends.
pub async fn find_file(
    app: &Arc<Longshore>,
    view: u64,
    text: String,
    from: Option<u64>,
    backwards: bool,
) -> Result<Option<FoundFile>> {
    with_view(app, view, move |_, shown| {
        let found = shown.find(&text, from, backwards)?;
        Ok(found.map(|found| FoundFile {
            row: found.row as u64,
            node: found.path,
            position: found.position as u64,
            total: found.total as u64,
            view: head(view, shown),
        }))
    })
    .await
}

/// The row of a node, every folder above it open; none where the view does not have it.
pub async fn reveal_file(app: &Arc<Longshore>, view: u64, node: u32) -> Result<Option<FoundFile>> {
    with_view(app, view, move |_, shown| {
        shown.check(node)?;
        let row = shown.view.reveal(node);
        Ok(row.map(|row| FoundFile { row: row as u64, node, position: 1, total: 1, view: head(view, shown) }))
    })
    .await
}

/// Everything of one file.
pub async fn file_detail(app: &Arc<Longshore>, tree: u64, node: u32) -> Result<FileDetail> {
    let open = app.trees().tree(tree)?;
    blocking(move || {
        open.check(node)?;
        // Every path is there because a layer has it; one that layers only remove never was.
        FileDetail::of(&open.stack, &open.merged, node)
            .map_or_else(|| Err(open.version(node, None).err().unwrap_or_else(Error::cancelled)), Ok)
    })
    .await
}

/// What is stored for nothing.
pub async fn waste(app: &Arc<Longshore>, tree: u64) -> Result<WasteReport> {
    let open = app.trees().tree(tree)?;
    blocking(move || {
        let waste = &open.waste;
        let files = waste.files.iter().take(WASTED).map(|file| WastedFile::of(file, &open.stack));
        let beside = waste.hidden_bytes.saturating_sub(waste.wasted_bytes);
        Ok(WasteReport {
            efficiency: waste.efficiency,
            wasted_bytes: waste.wasted_bytes,
            files: files.collect(),
            total_files: waste.files.len() as u64,
            note: (beside > 0).then(|| {
                "Removed and replaced folders have no part in these numbers, as in dive's".to_owned()
            }),
        })
    })
    .await
}

/// Files with one content. The lists of files know each file's hash, so that nothing is read.
pub async fn find_duplicates(
    app: &Arc<Longshore>,
    tree: u64,
    _on_progress: Stream<TreeProgress>,
) -> Result<Vec<DuplicateGroup>> {
    let open = app.trees().tree(tree)?;
    blocking(move || {
        let groups = layers::duplicates(&open.stack, SMALL);
        Ok(groups.iter().take(GROUPS).map(|group| duplicate_group(group, &open)).collect())
    })
    .await
}

fn duplicate_group(group: &layers::Duplicates, tree: &Tree) -> DuplicateGroup {
    let files = group.files.iter().take(GROUPS).map(|(layer, path)| DuplicateFile {
        path: shown_path(&tree.stack, *path),
        layer: u32::try_from(layer + 1).unwrap_or(u32::MAX),
        node: *path,
    });
    DuplicateGroup {
        size: group.size,
        digest: format!("xxh3:{:016x}", group.hash),
        wasted: group.wasted(),
        files: files.collect(),
    }
}

fn head(id: u64, shown: &OpenView) -> FileViewHead {
    FileViewHead::of(id, shown.tree, shown.view.len(), shown.view.totals())
}

/// Works on a view, beside the tasks that must not wait.
async fn with_view<T: Send + 'static>(
    app: &Arc<Longshore>,
    view: u64,
    work: impl FnOnce(&Longshore, &mut OpenView) -> Result<T> + Send + 'static,
) -> Result<T> {
    let shown: Arc<Mutex<OpenView>> = app.trees().view(view)?;
    let app = app.clone();
    blocking(move || work(&app, &mut shown.lock().unwrap_or_else(PoisonError::into_inner))).await
}
