//! Files as the page shows them, made of what the engine knows.

use std::collections::HashMap;

use engine::layers::{
    self, Change, Content, Deed, Filter, Row, Scope, Stack, Totals, Version, WastedFile as Wasted,
    is_strange, mode_text, shown,
};
use engine::tar::Kind;
use engine::{Code, Error, Result};

use super::{FileChange, FileContent, FileFilter, FileKind, FileRow, FileScope, WastedFile};

impl FileScope {
    /// The engine's, whose layers count from 0.
    ///
    /// # Errors
    /// [`Code::NotFound`] for layer 0.
    pub fn engine(&self) -> Result<Scope> {
        let index = |layer: u32| {
            layer.checked_sub(1).map(|layer| layer as usize).ok_or_else(|| {
                Error::new(Code::NotFound, "there is no layer 0").with_hint("Layer 1 is the base")
            })
        };
        Ok(match self {
            Self::Layer { layer } => Scope::Layer(index(*layer)?),
            Self::Upto { layer } => Scope::Upto(index(*layer)?),
            Self::Merged => Scope::Merged,
            Self::Between { from, to } => Scope::Between { from: index(*from)?, to: index(*to)? },
        })
    }
}

impl FileFilter {
    /// The engine's.
    pub fn engine(&self) -> Filter {
        Filter {
            text: self.text.clone(),
            changes: self.changes.iter().map(|change| (*change).into()).collect(),
            min_size: self.min_size,
            setuid: self.setuid,
            owner: self.owner,
            content: self.content.map(Content::from),
            ..Filter::default()
        }
    }
}

impl From<Change> for FileChange {
    fn from(change: Change) -> Self {
        match change {
            Change::Added => Self::Added,
            Change::Modified => Self::Modified,
            Change::Removed => Self::Removed,
            Change::Unchanged => Self::Unchanged,
        }
    }
}

impl From<FileChange> for Change {
    fn from(change: FileChange) -> Self {
        match change {
            FileChange::Added => Self::Added,
            FileChange::Modified => Self::Modified,
            FileChange::Removed => Self::Removed,
            FileChange::Unchanged => Self::Unchanged,
        }
    }
}

impl From<FileContent> for Content {
    fn from(content: FileContent) -> Self {
        match content {
            FileContent::Text => Self::Text,
            FileContent::Script => Self::Script,
            FileContent::Json => Self::Json,
            FileContent::Markup => Self::Markup,
            FileContent::Key => Self::Key,
            FileContent::Program => Self::Program,
            FileContent::Bytecode => Self::Bytecode,
            FileContent::Image => Self::Image,
            FileContent::Media => Self::Media,
            FileContent::Archive => Self::Archive,
            FileContent::Database => Self::Database,
            FileContent::Packages => Self::Packages,
            FileContent::Document => Self::Document,
            FileContent::Font => Self::Font,
            FileContent::Data => Self::Data,
        }
    }
}

impl From<Kind> for FileKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Directory => Self::Directory,
            Kind::File => Self::File,
            Kind::Symlink => Self::Symlink,
            Kind::HardLink => Self::Hardlink,
            Kind::CharDevice => Self::Character,
            Kind::BlockDevice => Self::Block,
            Kind::Fifo => Self::Fifo,
            Kind::Other(_) => Self::Other,
        }
    }
}

/// The layers that have a path, 1 is the base.
pub fn layers_of(stack: &Stack, path: u32) -> Vec<u32> {
    let having = stack.versions(path).filter(|version| !version.removes);
    let mut layers: Vec<u32> =
        having.map(|version| u32::try_from(version.layer + 1).unwrap_or(u32::MAX)).collect();
    layers.dedup();
    layers
}

/// Where a link leads; none of what is no link.
pub fn link_of(version: &Version<'_>) -> Option<String> {
    let link = version.node.link();
    let is_link = matches!(version.node.kind(), Kind::Symlink | Kind::HardLink);
    (is_link && !link.is_empty()).then(|| shown(&link).into_owned())
}

impl FileRow {
    /// A row of a view with this scope, in which these paths moved.
    pub fn of(row: &Row<'_>, stack: &Stack, scope: Scope, moved: &HashMap<u32, u32>) -> Self {
        let node = row.version.node;
        let name = stack.name(row.path);
        let removed = row.change == Change::Removed;
        let of_layer = matches!(scope, Scope::Layer(layer) if layer == row.version.layer);
        let mode = mode_text(node.kind(), node.mode());
        let mode_before = row
            .before
            .filter(|_| row.change == Change::Modified)
            .map(|before| mode_text(before.node.kind(), before.node.mode()))
            .filter(|before| *before != mode);
        // What an opaque or removed folder hides has no whiteout of its own.
        let whited_out = matches!(scope, Scope::Layer(layer) if removed
            && stack.versions(row.path).any(|version| version.removes && version.layer == layer));
        let other = moved.get(&row.path).map(|other| shown_path(stack, *other));
        let note = if let Some(other) = other {
            Some(if removed { format!("moved to {other}") } else { format!("moved from {other}") })
        } else if whited_out {
            Some("whiteout".to_owned())
        } else if node.is_opaque() && of_layer {
            Some("opaque".to_owned())
        } else {
            mode_before.map(|before| format!("mode was {before}"))
        };
        Self {
            node: row.path,
            depth: row.depth,
            name: shown(name).into_owned(),
            kind: node.kind().into(),
            change: row.change.into(),
            layers: layers_of(stack, row.path),
            size: row.size,
            mode,
            uid: node.uid(),
            gid: node.gid(),
            link: link_of(&row.version),
            open: row.open,
            children: row.children,
            note,
            moved: moved.get(&row.path).copied(),
            odd: is_strange(name) || node.raw_name().is_some(),
            matched: row.matched,
            position: row.position,
            siblings: row.siblings,
        }
    }
}

/// The absolute path, for people.
pub fn shown_path(stack: &Stack, path: u32) -> String {
    shown(&stack.full_path(path)).into_owned()
}

impl WastedFile {
    /// A file to blame.
    pub fn of(wasted: &Wasted, stack: &Stack) -> Self {
        let layers = |wanted: Deed| -> Vec<String> {
            let deeds = wasted.layers.iter().filter(|(_, deed)| *deed == wanted);
            deeds.map(|(layer, _)| (layer + 1).to_string()).collect()
        };
        let (wrote, removed) = (layers(Deed::Wrote), layers(Deed::Removed));
        let written = match &wrote[..] {
            [] => String::new(),
            [one] => format!("added {one}"),
            [first, second] => format!("written twice, {first} and {second}"),
            many => format!("written {} times, {}", many.len(), many.join(", ")),
        };
        let what = match (written.is_empty(), removed.is_empty()) {
            (_, true) => written,
            (true, false) => format!("removed {}", removed.join(", ")),
            (false, false) => format!("{written}, removed {}", removed.join(", ")),
        };
        let mut numbers: Vec<u32> =
            wasted.layers.iter().map(|(layer, _)| u32::try_from(layer + 1).unwrap_or(u32::MAX)).collect();
        numbers.dedup();
        Self {
            path: shown_path(stack, wasted.path),
            node: wasted.visible.then_some(wasted.path),
            bytes: wasted.bytes,
            what,
            layers: numbers,
        }
    }
}

impl super::FileViewHead {
    /// The head of a view.
    pub fn of(id: u64, tree: u64, rows: usize, totals: Totals) -> Self {
        Self {
            id,
            tree,
            rows: rows as u64,
            matches: totals.matches,
            added: totals.added,
            modified: totals.modified,
            removed: totals.removed,
            bytes: totals.bytes,
        }
    }
}

impl super::TreeLayer {
    /// A layer of an open tree.
    pub fn of(at: usize, opened: &crate::trees::Opened, worth: &layers::LayerWorth) -> Self {
        let tree = &opened.tree;
        let descriptor = &tree.layers.descriptors()[at];
        let index = &tree.stack.layers()[at];
        Self {
            number: u32::try_from(at + 1).unwrap_or(u32::MAX),
            digest: descriptor.digest.to_string(),
            label: opened.labels.get(at).cloned().unwrap_or_default(),
            transfer_bytes: descriptor.size,
            unpacked_bytes: worth.unpacked,
            net_bytes: worth.net,
            added: worth.added,
            modified: worth.modified,
            removed: worth.removed,
            indexed_by: opened.indexed_by[at],
            incomplete: index
                .incomplete()
                .map(|why| format!("Its list ends at byte {}: {}", why.offset, why.reason)),
        }
    }
}
