//! What a file holds: where its bytes are, and reading them.

use std::io::{self, Read};

use super::open::{LayerReader, Layers};
use super::stack::{Stack, Version};
use super::{LayerIndex, Node, name};
use crate::compression::Decoder;
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
pub struct FileReader {
    decoder: Decoder<LayerReader>,
    /// Bytes of the layer to pass over before the next that are wanted.
    skip: u64,
    parts: std::vec::IntoIter<Segment>,
    part: Option<Segment>,
    position: u64,
    size: u64,
}

impl FileReader {
    /// Opens the bytes of a node of a layer. The layer is unpacked from its beginning up to there.
    ///
    /// # Errors
    /// [`Code::NotFound`] for what has no bytes: a folder, a link, a device; as [`Layers::open`].
    pub fn open(layers: &Layers, layer: usize, index: &LayerIndex, node: u32, job: &Job) -> Result<Self> {
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
        let decoder = Decoder::new(layers.open(layer, job)?)?;
        let whole = || vec![Segment { offset: 0, length: node.size() }];
        let mut parts = node.sparse().unwrap_or_else(whole).into_iter();
        let part = parts.next();
        Ok(Self { decoder, skip: node.data(), parts, part, position: 0, size: node.size() })
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    fn pass_over(&mut self) -> io::Result<()> {
        let mut buffer = [0; 64 * 1024];
        while self.skip > 0 {
            let most = usize::try_from(self.skip).unwrap_or(buffer.len()).min(buffer.len());
            self.decoder.read_exact(&mut buffer[..most])?;
            self.skip -= most as u64;
        }
        Ok(())
    }
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.pass_over()?;
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
        let count = self.decoder.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += count as u64;
        Ok(count)
    }
}
