//! The flattened filesystem of an image as a tar, as a container would see it.
//!
//! Folders come first, then what has no bytes, then the files of each layer in the order in which the layer has them, two
//! layers at a time: a layer is unpacked once, from its beginning to the last file that is wanted, and a layer of which
//! nothing is wanted not at all. The same layers give the same bytes.
//!
//! A hard link leads to the file that had its target's name when the link was made: where that name was removed or
//! given away later, the first of the links carries the bytes.
//!
//! Deliberately absent: names of owners (numbers are what a container goes by) and device nodes on disk.

use std::collections::HashMap;
use std::io::{self, BufReader, Read, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};

use super::lanes::{Lane, lanes, order};
use super::links::{self, Inode};
use crate::compression::{Compression, Decoder, Encoder};
use crate::error::{Code, Error, Result};
use crate::job::Job;
use crate::layers::{self, FileReader, Layers, Node, Stack, shown};
use crate::tar::{Entry, Kind, TarWriter};

/// Bytes that a lane unpacks before they are written, in pieces of this size.
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

/// Which files an export writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// A folder's path in the stack. Names in the archive begin with the folder's own, as `docker cp` has them; of the
    /// root, 0, with nothing.
    pub folder: u32,
    /// So many layers count, from the base on.
    pub layers: usize,
}

impl Part {
    /// Everything that a container sees.
    pub fn whole(stack: &Stack) -> Self {
        Self { folder: 0, layers: stack.layers().len() }
    }
}

/// Writes what a container sees of a part to `output`. Blocks, and needs a runtime: run it with `spawn_blocking`.
/// `progress` is told bytes of files that were written.
///
/// # Errors
/// [`Code::NotFound`] where the part is no folder that a container sees; [`Code::LayerInvalid`] where a layer is damaged or
/// incomplete, before anything of it was written; [`Code::StoreFailed`] where `output` fails; [`Code::Cancelled`]; what
/// the source of the layers gives. What was written then is cut.
pub fn export<W: Write>(
    layers: &Layers,
    stack: &Stack,
    part: Part,
    output: W,
    job: &Job,
    progress: &dyn Fn(u64),
) -> Result<(W, Exported)> {
    if part.folder != 0 && !stack.at(part.folder, part.layers).is_some_and(|it| it.node.is_folder()) {
        let what = format!("{} is no folder here", quoted(stack, part.folder));
        return Err(Error::new(Code::NotFound, what).with_hint("Choose a folder that this layer has"));
    }
    for (at, layer) in stack.layers().iter().enumerate().take(part.layers) {
        if let Some(incomplete) = layer.incomplete() {
            let why =
                format!("layer {} is damaged at byte {}: {}", at + 1, incomplete.offset, incomplete.reason);
            return Err(Error::new(Code::LayerInvalid, why)
                .with_hint("Pull the image again, or export an image without this layer")
                .at_digest(&layers.descriptors()[at].digest));
        }
    }
    let plan = links::Plan::new(stack, part);
    let mut export = Export {
        tar: TarWriter::new(output),
        stack,
        // The folder that the part is in, and a slash.
        cut: match stack.parent(part.folder) {
            0 => 1,
            above => stack.full_path(above).len() + 1,
        },
        done: Exported { left_out: plan.left_out.clone(), ..Exported::default() },
        job,
        progress,
    };
    export.entries_without_bytes(&plan)?;
    export.files(layers, &plan)?;
    let Export { tar, done, .. } = export;
    Ok((tar.finish().map_err(unwritable)?, done))
}

/// As [`export`], compressed as a whole or not, to its end: nothing is held back.
///
/// # Errors
/// As [`export`]; [`Code::CompressionUnsupported`] for what is only read.
pub fn export_packed<W: Write>(
    layers: &Layers,
    stack: &Stack,
    part: Part,
    (output, compression): (W, Compression),
    job: &Job,
    progress: &dyn Fn(u64),
) -> Result<Exported> {
    let encoder = Encoder::new(output, compression, None)?;
    let (encoder, done) = export(layers, stack, part, encoder, job, progress)?;
    encoder.finish().and_then(|mut output| output.flush()).map_err(unwritable)?;
    Ok(done)
}

struct Export<'a, W: Write> {
    tar: TarWriter<W>,
    stack: &'a Stack,
    /// Bytes of a path that no name has.
    cut: usize,
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
        let descriptors = layers.descriptors();
        let lanes = lanes(plan, descriptors);
        let mut read: Vec<usize> =
            lanes.iter().flat_map(|lane| &lane.layers).map(|(layer, _)| *layer).collect();
        read.sort_unstable();
        self.done.layers = read;
        let stop = Job::silent();
        // The runtime is this thread's; the others need it to read the source.
        let runtime = tokio::runtime::Handle::current();
        std::thread::scope(|scope| {
            let mut unpacking = Vec::new();
            for lane in &lanes {
                let (send, pieces) = mpsc::sync_channel(PIECES);
                let (job, stack, stop, runtime) = (self.job, self.stack, stop.clone(), runtime.clone());
                scope.spawn(move || {
                    let _inside = runtime.enter();
                    if let Err(error) = unpack(layers, stack, plan, lane, &send, job, &stop) {
                        // Nobody listens any more where writing failed.
                        let _ = send.send(Err(error));
                    }
                });
                unpacking.push(Unpacking { pieces, piece: Vec::new(), used: 0 });
            }
            let outcome = self.write_files(&order(plan, &lanes, descriptors), plan, &mut unpacking);
            stop.cancel();
            // What still waits to be taken is let go, so that the other threads end.
            drop(unpacking);
            outcome
        })
    }

    fn write_files(
        &mut self,
        files: &[(usize, &Inode)],
        plan: &links::Plan<'_>,
        unpacking: &mut [Unpacking],
    ) -> Result<()> {
        for (lane, inode) in files {
            self.inode(inode, plan)?;
            let (_, mut left) = plan.bytes(inode);
            while left > 0 {
                let bytes = unpacking[*lane].take(left)?;
                self.tar.write_all(bytes).map_err(unwritable)?;
                left -= bytes.len() as u64;
                self.done.bytes += bytes.len() as u64;
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

    /// Without a slash before it; a folder's with one behind it.
    fn name(&self, path: u32, is_folder: bool) -> Vec<u8> {
        let mut name = self.stack.full_path(path).split_off(self.cut);
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

/// What a lane has unpacked.
struct Unpacking {
    pieces: Receiver<Result<Vec<u8>>>,
    piece: Vec<u8>,
    used: usize,
}

impl Unpacking {
    /// The next bytes, at most so many.
    fn take(&mut self, most: u64) -> Result<&[u8]> {
        if self.used == self.piece.len() {
            self.piece = self.pieces.recv().map_err(|_| gone())??;
            self.used = 0;
        }
        let count = usize::try_from(most).unwrap_or(usize::MAX).min(self.piece.len() - self.used);
        self.used += count;
        Ok(&self.piece[self.used - count..self.used])
    }
}

/// Sends the bytes of a lane's files; those of a layer are ascending and apart.
fn unpack(
    layers: &Layers,
    stack: &Stack,
    plan: &links::Plan<'_>,
    lane: &Lane<'_>,
    pieces: &SyncSender<Result<Vec<u8>>>,
    job: &Job,
    stop: &Job,
) -> Result<()> {
    let mut sending = Sending { pieces, piece: Vec::with_capacity(PIECE) };
    for (layer, files) in &lane.layers {
        let unreadable = |error| unreadable(layers, *layer, error);
        let index = &stack.layers()[*layer];
        if index.is_by_contents() {
            // Nothing is known of the unpacked layer; each file is found by itself.
            for inode in files {
                let mut reader = FileReader::open(layers, *layer, index, inode.node, job)?;
                if !sending.send(&mut reader, plan.bytes(inode).1).map_err(unreadable)? {
                    return Ok(());
                }
            }
            continue;
        }
        let mut decoder = BufReader::with_capacity(PIECE, Decoder::new(layers.open(*layer, job)?)?);
        let mut position = 0;
        for inode in files {
            let (offset, length) = plan.bytes(inode);
            pass_over(&mut decoder, offset.saturating_sub(position), stop).map_err(unreadable)?;
            if !sending.send(&mut decoder, length).map_err(unreadable)? {
                return Ok(());
            }
            position = offset + length;
        }
    }
    sending.flush();
    Ok(())
}

/// The bytes of files, one behind the other, in pieces.
struct Sending<'a> {
    pieces: &'a SyncSender<Result<Vec<u8>>>,
    piece: Vec<u8>,
}

impl Sending<'_> {
    /// Whether somebody still takes what is sent.
    fn send(&mut self, input: &mut impl Read, mut left: u64) -> io::Result<bool> {
        while left > 0 {
            let have = self.piece.len();
            let count = usize::try_from(left).unwrap_or(PIECE).min(PIECE - have);
            self.piece.resize(have + count, 0);
            input.read_exact(&mut self.piece[have..])?;
            left -= count as u64;
            if self.piece.len() == PIECE && !self.flush() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn flush(&mut self) -> bool {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.pieces.send(Ok(piece)).is_ok()
    }
}

fn pass_over(input: &mut impl Read, mut count: u64, stop: &Job) -> io::Result<()> {
    while count > 0 {
        if stop.is_cancelled() {
            return Err(io::Error::other("nobody waits for it"));
        }
        let step = count.min(PIECE as u64);
        layers::pass_over(input, step)?;
        count -= step;
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
