//! What a file holds: where its bytes are, and reading them.

use std::io::{self, Read};
use std::ops::Range;
use std::path::PathBuf;

use oci::descriptor::Descriptor;
use xxhash_rust::xxh3::Xxh3Default;

use super::chunks::{ChunkReader, pass_over};
use super::open::{LayerReader, Layers};
use super::points::PointsWriter;
use super::stack::{Stack, Version};
use super::{LayerIndex, Node, name};
use crate::compression::{CHECKPOINT_SPACING, Compression, Decoder};
use crate::error::{Code, Error, Result};
use crate::job::Job;
use crate::tar::{Kind, Segment};

/// Links that are followed one after the other, as Linux does.
const LINKS: usize = 40;

impl Stack {
    /// The path that a name leads to with so many layers, symbolic links followed on the way and, with `last`, at the end.
    /// Links count from the image's root and never lead out of it.
    ///
    /// # Errors
    /// [`Code::NotFound`], naming the part that is not there; also where links go in circles.
    pub fn follow(&self, path: &[u8], layers: usize, last: bool) -> Result<u32> {
        let missing = |what: &str| {
            Error::new(Code::NotFound, format!("`{}` {what}", name::shown(path)))
                .with_hint("`longshore files REFERENCE` lists what is there")
        };
        let mut rest: Vec<Vec<u8>> = split(path);
        let mut at = 0;
        let mut links = 0;
        while let Some(part) = rest.pop() {
            match &part[..] {
                b"" | b"." => continue,
                b".." => {
                    at = self.parent(at);
                    continue;
                }
                _ => {}
            }
            let child = self.child(at, &part).ok_or_else(|| missing("is not in the image"))?;
            let version = self.seen_version(child, layers).map(|version| self.version(version));
            let version = version.ok_or_else(|| missing("is not in the image"))?;
            if version.node.kind() == Kind::Symlink && (last || !rest.is_empty()) {
                links += 1;
                if links > LINKS {
                    return Err(missing("leads in circles"));
                }
                let target = version.node.link();
                if target.starts_with(b"/") {
                    at = 0;
                }
                rest.extend(split(&target));
            } else {
                at = child;
            }
        }
        Ok(at)
    }

    /// What is at a path with so many layers.
    pub fn at(&self, path: u32, layers: usize) -> Option<Version<'_>> {
        self.seen_version(path, layers).map(|version| self.version(version))
    }

    /// The layer and the node that have the bytes of an entry: its own, or of a hard link those of the file that had its
    /// target's name when the link was made, whatever has that name now. None where that is nowhere, or a folder.
    pub fn bytes_of(&self, version: &Version<'_>) -> Option<(usize, u32)> {
        let (mut layer, mut node) = (version.layer, version.node);
        for _ in 0..LINKS {
            match node.kind() {
                Kind::Directory => return None,
                Kind::HardLink => (layer, node) = self.linked(layer, node)?,
                _ => return Some((layer, node.number())),
            }
        }
        None
    }

    /// What a hard link of a layer led to: an entry before it in the same layer, or what the layers below have.
    fn linked<'a>(&'a self, layer: usize, link: Node<'_>) -> Option<(usize, Node<'a>)> {
        let target = link.link();
        let (parts, _) = name::parts(name::trim(&target));
        let (leaf, above) = parts.split_last()?;
        let before = self.layers()[layer]
            .find(above.iter().copied())
            .and_then(|folder| folder.versions(leaf).filter(|node| node.data() < link.data()).last());
        if let Some(node) = before.filter(|node| !node.is_implied()) {
            return Some((layer, node));
        }
        let found = self.at(self.find(&target)?, layer)?;
        Some((found.layer, found.node))
    }
}

/// The parts of a path, the first one last.
fn split(path: &[u8]) -> Vec<Vec<u8>> {
    path.split(|byte| *byte == b'/').rev().map(<[u8]>::to_vec).collect()
}

/// The bytes of a file, holes of a sparse one as zeros. Blocks.
///
/// Who reads to the end knows that the bytes are those that were listed: they are hashed once more on the way.
pub struct FileReader {
    stored: Stored,
    parts: std::vec::IntoIter<Segment>,
    part: Option<Segment>,
    position: u64,
    size: u64,
}

/// The stored bytes of a file.
enum Stored {
    /// Out of the unpacked layer.
    Layer(Box<FromLayer>),
    /// Out of the chunks that the layer's table of contents lists.
    Chunks(Box<ChunkReader>),
}

struct FromLayer {
    decoder: Decoder<LayerReader>,
    /// Bytes of the layer to pass over before the first that is wanted.
    skip: u64,
    /// Kept when that is done: places to begin from the next time.
    points: Option<(PointsWriter, PathBuf)>,
    left: u64,
    /// Of a file that is read from its beginning: what it is so far, and what it must be in the end.
    hash: Option<(Xxh3Default, u64)>,
    name: String,
}

impl FileReader {
    /// Opens the bytes of a node of a layer. What is not compressed is read from there alone; of a gzip layer what lies
    /// after the last place that is kept to begin from, and of one with a table of contents its chunks; any other is
    /// unpacked from its beginning up to there.
    ///
    /// # Errors
    /// [`Code::NotFound`] for what has no bytes: a folder, a link, a device; as [`Layers::open`]. While it is read,
    /// [`Code::ContentMismatch`] for other bytes than those that were listed.
    pub fn open(layers: &Layers, layer: usize, index: &LayerIndex, node: u32, job: &Job) -> Result<Self> {
        Self::open_at(layers, layer, index, node, 0, job)
    }

    /// As [`FileReader::open`], from a byte of the file on. Nothing is known to be right then, but what comes in chunks.
    ///
    /// # Errors
    /// As [`FileReader::open`].
    pub fn open_at(
        layers: &Layers,
        layer: usize,
        index: &LayerIndex,
        node: u32,
        from: u64,
        job: &Job,
    ) -> Result<Self> {
        let node = index.node(node);
        if !node.kind().has_bytes() {
            let what = match node.kind() {
                Kind::Directory => "is a folder",
                Kind::Symlink | Kind::HardLink => "is a link that leads nowhere",
                _ => "is a device or a pipe",
            };
            return Err(Error::new(Code::NotFound, format!("`{}` {what}", node.shown_path()))
                .with_hint("Name a file"));
        }
        let from = from.min(node.size());
        let all = node.sparse().unwrap_or_else(|| vec![Segment { offset: 0, length: node.size() }]);
        // Stored bytes of which none is wanted, and what is left of the parts.
        let mut before = 0;
        let mut parts = Vec::with_capacity(all.len());
        for Segment { offset, length } in all {
            let cut = from.saturating_sub(offset).min(length);
            before += cut;
            if cut < length {
                parts.push(Segment { offset: offset + cut, length: length - cut });
            }
        }
        let stored = match index.chunks() {
            Some(table) => {
                Stored::Chunks(Box::new(ChunkReader::open(layers, layer, table, &node, before, job)?))
            }
            None => {
                let length: u64 = parts.iter().map(|part| part.length).sum();
                let wanted = before..before + length;
                Stored::Layer(Box::new(FromLayer::open(layers, layer, index, &node, wanted, job)?))
            }
        };
        let mut parts = parts.into_iter();
        let part = parts.next();
        Ok(Self { stored, parts, part, position: from, size: node.size() })
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl FromLayer {
    fn open(
        layers: &Layers,
        layer: usize,
        index: &LayerIndex,
        node: &Node<'_>,
        wanted: Range<u64>,
        job: &Job,
    ) -> Result<Self> {
        let Descriptor { digest, size, .. } = layers.descriptor(layer)?;
        let place = |byte: u64| node.data().saturating_add(byte);
        let (data, end) = (place(wanted.start), place(wanted.end));
        let range = |range| layers.open_range(layer, range, job);
        let mut points = None;
        let (decoder, skip) = match index.compression() {
            Compression::None => (Decoder::plain(range(data..end)?), 0),
            Compression::Gzip => {
                let known = layers.cache().points(digest);
                let begin = known.as_ref().map_or(Ok(None), |known| known.before(data));
                // What was damaged since it was kept is made anew.
                let known = known.filter(|_| begin.is_ok());
                let until = known.as_ref().and_then(|known| known.stored_until(end)).unwrap_or(*size);
                if known.as_ref().map_or(data > 2 * CHECKPOINT_SPACING, |known| known.is_short_of(data)) {
                    points = layers.cache().points_writer(digest, known.as_ref());
                }
                let keep = points.as_ref().map(|(writer, _)| Box::new(writer.clone()) as _);
                match begin.ok().flatten() {
                    Some(start) => {
                        let from = start.from();
                        let stored = range(from.stored..until)?;
                        (Decoder::resume(stored, start, keep), data - from.unpacked)
                    }
                    None => (Decoder::with_checkpoints(range(0..until)?, keep)?, data),
                }
            }
            _ => (Decoder::new(range(0..*size)?)?, data),
        };
        let hash = (wanted.start == 0).then(|| (Xxh3Default::new(), node.content_hash()));
        let (left, name) = (wanted.end - wanted.start, node.shown_path());
        Ok(Self { decoder, skip, points, left, hash, name })
    }
}

impl Read for FromLayer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        pass_over(&mut self.decoder, std::mem::take(&mut self.skip))?;
        if let Some((writer, path)) = self.points.take() {
            writer.keep_as(&path);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.decoder.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        let Some((hasher, hash)) = &mut self.hash else { return Ok(count) };
        hasher.update(&buffer[..count]);
        if self.left == 0 && hasher.digest() != *hash {
            let why = format!("`{}` is not what it was when the layer was listed", self.name);
            let error = Error::new(Code::ContentMismatch, why)
                .with_hint("The copy that it was read from has changed or is damaged: open the image again");
            return Err(io::Error::other(error));
        }
        Ok(count)
    }
}

impl Read for Stored {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Layer(layer) => layer.read(buffer),
            Self::Chunks(chunks) => chunks.read(buffer),
        }
    }
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(part) = self.part.filter(|part| self.position >= part.offset + part.length) {
            debug_assert!(part.offset + part.length <= self.size, "the reader of the archive checks parts");
            self.part = self.parts.next();
        }
        let end = self.part.map_or(self.size, |part| part.offset);
        if self.position < end {
            let hole = usize::try_from(end - self.position).unwrap_or(usize::MAX).min(buffer.len());
            buffer[..hole].fill(0);
            self.position += hole as u64;
            return Ok(hole);
        }
        let Some(part) = self.part else { return Ok(0) };
        let left = part.offset + part.length - self.position;
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.stored.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += count as u64;
        Ok(count)
    }
}
