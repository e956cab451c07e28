//! The treemap: the largest files, and folders of them, as many as are asked for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use engine::Result;
use engine::layers::shown;

use crate::state::{Longshore, blocking};
use crate::trees::Tree;
use crate::wire::{FileChange, FileKind, MapItem};

/// Rectangles that a page can draw.
const MOST: u32 = 5_000;

/// What a container sees beneath a folder (the top without one), the largest first: at most about `items` rectangles.
/// Small ones of a folder stand together as its rest.
pub async fn file_map(
    app: &Arc<Longshore>,
    tree: u64,
    node: Option<u32>,
    items: u32,
) -> Result<Vec<MapItem>> {
    let open = app.trees().tree(tree)?;
    let top = open.check(node.unwrap_or(0))?;
    blocking(move || Ok(map(&open, top, items.clamp(1, MOST) as usize))).await
}

fn map(tree: &Tree, top: u32, most: usize) -> Vec<MapItem> {
    let size = |path| tree.merged.size(&tree.stack, path);
    let mut items = Vec::new();
    // The largest folder is opened next, so that what is left together is small.
    let mut folders = BinaryHeap::from([(size(top), Reverse(top))]);
    while let Some((_, Reverse(folder))) = folders.pop() {
        if items.len() >= most {
            break;
        }
        let mut children: Vec<u32> = tree
            .stack
            .children(folder)
            .filter(|path| tree.merged.after(&tree.stack, *path).is_some() && size(*path) > 0)
            .collect();
        children.sort_by_key(|path| (Reverse(size(*path)), *path));
        let shown_of_it = (most - items.len()).min(children.len());
        // A folder gets at most a share of what is left, so that its neighbours are drawn too.
        let share = shown_of_it.min((most / 4).max(8));
        let parent = (folder != top).then_some(folder);
        for path in &children[..share] {
            items.push(item(tree, *path, parent));
            if tree.merged.after(&tree.stack, *path).is_some_and(|it| it.node.is_folder()) {
                folders.push((size(*path), Reverse(*path)));
            }
        }
        if children.len() > share {
            let rest = &children[share..];
            let mut together = item(tree, folder, parent);
            together.name = String::new();
            together.size = rest.iter().map(|path| size(*path)).sum();
            together.rest = rest.len() as u64;
            together.kind = FileKind::Other;
            items.push(together);
        }
    }
    items
}

fn item(tree: &Tree, path: u32, parent: Option<u32>) -> MapItem {
    let kind = tree.merged.after(&tree.stack, path).map_or(FileKind::Directory, |it| it.node.kind().into());
    MapItem {
        node: path,
        parent,
        name: shown(tree.stack.name(path)).into_owned(),
        size: tree.merged.size(&tree.stack, path),
        kind,
        change: tree.merged.change(path).map_or(FileChange::Unchanged, FileChange::from),
        rest: 0,
    }
}
