//! The flattened filesystem of an image as a tar, as a container would see it.
//!
//! Folders come first, then what has no bytes, then the files of each layer in the order in which the layer has them:
//! a layer is unpacked once, from its beginning to the last file that is wanted, and a layer of which nothing is wanted
//! not at all. The same layers give the same bytes.
//!
//! A hard link leads to the file that had its target's name when the link was made: where that name was removed or
//! given away later, the first of the links carries the bytes.
//!
//! Deliberately absent: names of owners (numbers are what a container goes by), device nodes on disk, and compression.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};

use super::links::{self, Inode};
use crate::compression::Decoder;
use crate::error::{Code, Error, Result};
use crate::job::Job;
use crate::layers::{Layers, Node, Stack, shown};
use crate::tar::{Entry, Kind, TarWriter};

/// Bytes that are unpacked before they are written, in pieces of this size.
const PIECE: usize = 256 * 1024;
const PIECES: usize = 32;

/// What an export wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Entries.
    pub entries: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Layers that were read; 0 is the base.
    pub layers: Vec<usize>,
    /// What no file system can have, and was left out: a sentence each, at most a hundred.
    pub left_out: Vec<String>,
}

/// Writes what a container sees to `output`. Blocks, and needs a runtime: run it with `spawn_blocking`. `progress` is told
/// bytes of files that were written.
///
/// # Errors
/// [`Code::LayerInvalid`] where a layer is damaged or incomplete, before anything of it was written; [`Code::StoreFailed`]
/// where `output` fails; [`Code::Cancelled`]; what the source of the layers gives. What was written then is cut.
pub fn export<W: Write>(
    layers: &Layers,
    stack: &Stack,
    output: W,
    job: &Job,
    progress: &dyn Fn(u64),
) -> Result<(W, Exported)> {
    export_folder(layers, stack, (0, stack.layers().len()), output, job, progress)
}

/// As [`export`], of one folder: a path of the stack, as it is with so many layers from the base up. It is the first entry of
/// the archive, by its own name, so that unpacking it makes that folder. A hard link to a file outside of it is a file.
///
/// # Errors
/// As [`export`]; [`Code::NotFound`] where that is no folder.
pub fn export_folder<W: Write>(
    layers: &Layers,
    stack: &Stack,
    (folder, up_to): (u32, usize),
    output: W,
    job: &Job,
    progress: &dyn Fn(u64),
) -> Result<(W, Exported)> {
    for (at, layer) in stack.layers().iter().enumerate().take(up_to) {
        if let Some(incomplete) = layer.incomplete() {
            let why =
                format!("layer {} is damaged at byte {}: {}", at + 1, incomplete.offset, incomplete.reason);
            return Err(Error::new(Code::LayerInvalid, why)
                .with_hint("Pull the image again, or export an image without this layer")
                .at_digest(&layers.descriptors()[at].digest));
        }
    }
    let plan = links::Plan::new(stack, folder, up_to);
    if plan.folders.first() != Some(&folder) {
        let why = format!("{} is no folder", quoted(stack, folder));
        return Err(Error::new(Code::NotFound, why).with_hint("Choose a folder"));
    }
    let mut export = Export {
        tar: TarWriter::new(output),
        stack,
        folder,
        done: Exported { left_out: plan.left_out.clone(), ..Exported::default() },
        job,
        progress,
    };
    export.entries_without_bytes(&plan)?;
    export.files(layers, &plan)?;
    let Export { tar, done, .. } = export;
    Ok((tar.finish().map_err(unwritable)?, done))
}

struct Export<'a, W: Write> {
    tar: TarWriter<W>,
    stack: &'a Stack,
    /// What the names of entries begin with.
    folder: u32,
    done: Exported,
    job: &'a Job,
    progress: &'a dyn Fn(u64),
}

impl<W: Write> Export<'_, W> {
    /// Folders in the order of the tree, and then all that has no bytes.
    fn entries_without_bytes(&mut self, plan: &links::Plan<'_>) -> Result<()> {
        for path in &plan.folders {
            let node = plan.node(*path);
            // The root is a folder of every file system: it is said only where a layer says something of it.
            if *path != 0 || !node.is_implied() {
                self.begin(&entry(self.name(*path, true), &node))?;
            }
        }
        for path in &plan.others {
            self.begin(&entry(self.name(*path, false), &plan.node(*path)))?;
        }
        for inode in plan.empty() {
            self.inode(inode, plan)?;
            self.links(inode)?;
        }
        Ok(())
    }

    fn files(&mut self, layers: &Layers, plan: &links::Plan<'_>) -> Result<()> {
        let by_layer = plan.by_layer();
        let wanted: Vec<(usize, Vec<(u64, u64)>)> = by_layer
            .iter()
            .map(|(layer, inodes)| (*layer, inodes.iter().map(|inode| plan.bytes(inode)).collect()))
            .collect();
        self.done.layers = wanted.iter().map(|(layer, _)| *layer).collect();
        let stop = Job::silent();
        // The runtime is this thread's; the other one needs it to read the source.
        let runtime = tokio::runtime::Handle::current();
        std::thread::scope(|scope| {
            let (send, pieces) = mpsc::sync_channel(PIECES);
            let (job, stop_reading) = (self.job, stop.clone());
            scope.spawn(move || {
                let _inside = runtime.enter();
                if let Err(error) = unpack(layers, &wanted, &send, job, &stop_reading) {
                    // Nobody listens any more where writing failed.
                    let _ = send.send(Err(error));
                }
            });
            let outcome = self.write_files(&by_layer, plan, &pieces);
            stop.cancel();
            // What still waits to be taken is let go, so that the other thread ends.
            drop(pieces);
            outcome
        })
    }

    fn write_files(
        &mut self,
        by_layer: &[(usize, Vec<&Inode>)],
        plan: &links::Plan<'_>,
        pieces: &Receiver<Result<Vec<u8>>>,
    ) -> Result<()> {
        let mut piece = Vec::new();
        let mut used = 0;
        for inode in by_layer.iter().flat_map(|(_, inodes)| inodes) {
            self.inode(inode, plan)?;
            let (_, mut left) = plan.bytes(inode);
            while left > 0 {
                if used == piece.len() {
                    piece = pieces.recv().map_err(|_| gone())??;
                    used = 0;
                }
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len() - used);
                self.tar.write_all(&piece[used..used + count]).map_err(unwritable)?;
                used += count;
                left -= count as u64;
                self.done.bytes += count as u64;
            }
            (self.progress)(self.done.bytes);
            self.links(inode)?;
            if self.job.is_cancelled() {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }

    fn inode(&mut self, inode: &Inode, plan: &links::Plan<'_>) -> Result<()> {
        self.begin(&entry(self.name(inode.paths[0], false), &plan.inode_node(inode)))
    }

    /// The other names of a file that was written.
    fn links(&mut self, inode: &Inode) -> Result<()> {
        let target = self.name(inode.paths[0], false);
        for path in &inode.paths[1..] {
            let node = self.stack.layers()[inode.layer].node(inode.node);
            let mut link = entry(self.name(*path, false), &node);
            link.kind = Kind::HardLink;
            link.link.clone_from(&target);
            (link.size, link.stored, link.sparse) = (0, 0, None);
            link.attributes.clear();
            self.begin(&link)?;
        }
        Ok(())
    }

    fn begin(&mut self, entry: &Entry) -> Result<()> {
        self.done.entries += 1;
        self.tar.begin(entry).map_err(unwritable)
    }

    /// Without what is above the folder, and without a slash before it; a folder's with one behind it.
    fn name(&self, path: u32, is_folder: bool) -> Vec<u8> {
        let above = self.stack.parent(self.folder);
        let skipped = if above == 0 { 1 } else { self.stack.full_path(above).len() + 1 };
        let mut name = self.stack.full_path(path).split_off(skipped);
        if path == 0 {
            name.push(b'.');
        }
        if is_folder {
            name.push(b'/');
        }
        name
    }
}

/// Everything of a node but its name.
fn entry(name: Vec<u8>, node: &Node<'_>) -> Entry {
    let sparse = node.sparse();
    let stored = sparse.as_ref().map_or(node.size(), |parts| parts.iter().map(|part| part.length).sum());
    Entry {
        name,
        kind: match node.kind() {
            // POSIX: what is of no known type is a file.
            Kind::Other(_) => Kind::File,
            kind => kind,
        },
        mode: node.mode(),
        uid: node.uid(),
        gid: node.gid(),
        user: Vec::new(),
        group: Vec::new(),
        modified: node.modified(),
        link: node.link(),
        device: node.device().unwrap_or_default(),
        size: node.size(),
        stored,
        sparse,
        attributes: node.attributes(),
        begins: 0,
        data: 0,
    }
}

/// Sends the wanted bytes of each layer, one after the other; ranges of a layer are ascending and apart.
fn unpack(
    layers: &Layers,
    wanted: &[(usize, Vec<(u64, u64)>)],
    pieces: &SyncSender<Result<Vec<u8>>>,
    job: &Job,
    stop: &Job,
) -> Result<()> {
    for (layer, ranges) in wanted {
        let mut decoder = Decoder::new(layers.open(*layer, job)?)?;
        let mut position = 0;
        for (offset, length) in ranges {
            let ahead = offset.saturating_sub(position);
            pass_over(&mut decoder, ahead, stop).map_err(|error| unreadable(layers, *layer, error))?;
            let mut left = *length;
            while left > 0 {
                let mut piece = vec![0; usize::try_from(left).unwrap_or(PIECE).min(PIECE)];
                decoder.read_exact(&mut piece).map_err(|error| unreadable(layers, *layer, error))?;
                left -= piece.len() as u64;
                if pieces.send(Ok(piece)).is_err() {
                    return Ok(());
                }
            }
            position = offset + length;
        }
    }
    Ok(())
}

fn pass_over(decoder: &mut impl Read, mut count: u64, stop: &Job) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    while count > 0 {
        if stop.is_cancelled() {
            return Err(io::Error::other("nobody waits for it"));
        }
        let most = usize::try_from(count).unwrap_or(PIECE).min(PIECE);
        decoder.read_exact(&mut buffer[..most])?;
        count -= most as u64;
    }
    Ok(())
}

fn unreadable(layers: &Layers, layer: usize, error: io::Error) -> Error {
    let error = match error.downcast::<Error>() {
        Ok(own) => return own,
        Err(error) => error,
    };
    Error::new(Code::LayerInvalid, format!("layer {} can't be unpacked", layer + 1))
        .with_hint("Pull the image again: the layer may have been damaged since")
        .with_source(error)
        .at_digest(&layers.descriptors()[layer].digest)
}

fn unwritable(error: io::Error) -> Error {
    let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let (code, hint) = if full {
        (Code::StoreFull, "Free some space, or write elsewhere")
    } else {
        (Code::StoreFailed, "Check the place that it is written to")
    };
    Error::new(code, "the archive can't be written").with_hint(hint).with_source(error)
}

fn gone() -> Error {
    Error::new(Code::Internal, "the thread that unpacks is gone")
}

/// What names a path in a sentence.
pub(super) fn quoted(stack: &Stack, path: u32) -> String {
    format!("`{}`", shown(&stack.full_path(path)))
}

/// Counts of paths by what they share.
pub(super) type ByInode = HashMap<(usize, u32), usize>;
