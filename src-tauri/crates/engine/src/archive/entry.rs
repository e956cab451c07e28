//! Where an entry's bytes are, and how entries are named.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use oci::digest::Digest;

use super::spool::Kept;

/// Where an entry's bytes are.
pub(super) enum Entry {
    /// In the archive's file.
    Stored { offset: u64, length: u64 },
    /// In memory: a small document that passed by.
    Held(Bytes),
    /// It passed by, and is in a file of its own.
    Kept(Arc<Kept>),
    /// Nowhere any more.
    Passed { length: u64, start: [u8; 8], digest: Option<Digest> },
    /// The name of another entry.
    Link(Vec<u8>),
    /// A directory, a device: nothing to read.
    Nothing,
}

/// The bytes of one entry.
pub(super) enum Part {
    /// A piece of a file.
    Stored { file: File, offset: u64, length: u64 },
    /// In memory.
    Held(Bytes),
    /// In a file of its own.
    Kept(Arc<Kept>),
    /// It passed by: only this is known.
    Passed { length: u64, start: [u8; 8], digest: Option<Digest> },
}

impl Part {
    /// Bytes.
    pub fn length(&self) -> u64 {
        match self {
            Self::Stored { length, .. } | Self::Passed { length, .. } => *length,
            Self::Held(bytes) => bytes.len() as u64,
            Self::Kept(kept) => kept.length(),
        }
    }

    /// The first bytes, eight at most.
    pub fn start(&self) -> io::Result<Vec<u8>> {
        if let Self::Passed { start, length, .. } = self {
            let have = usize::try_from(*length).unwrap_or(usize::MAX).min(start.len());
            return Ok(start[..have].to_vec());
        }
        let mut start = [0; 8];
        let have = self.read_at(&mut start, 0)?;
        Ok(start[..have].to_vec())
    }

    /// Reads at a byte of the part; fewer only at its end.
    ///
    /// # Errors
    /// The file's own, and [`io::ErrorKind::Unsupported`] for what passed by.
    pub fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let left = self.length().saturating_sub(at);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        match self {
            Self::Held(bytes) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                buffer[..most].copy_from_slice(&bytes[at..at + most]);
                Ok(most)
            }
            Self::Passed { .. } => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "it passed by and was not kept"))
            }
            Self::Stored { file, offset, .. } => {
                fill(&mut buffer[..most], |rest, have| file.read_at(rest, offset + at + have))
            }
            Self::Kept(kept) => fill(&mut buffer[..most], |rest, have| kept.read_at(rest, at + have)),
        }
    }
}

/// Reads until the buffer is full, or there is nothing more.
fn fill(buffer: &mut [u8], read: impl Fn(&mut [u8], u64) -> io::Result<usize>) -> io::Result<usize> {
    let mut have = 0;
    while have < buffer.len() {
        match read(&mut buffer[have..], have as u64) {
            Ok(0) => break,
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(have)
}

/// A name without `./`, `//` and `..`; none where it is absolute or leads out.
pub(super) fn normal(name: &[u8]) -> Option<Vec<u8>> {
    if name.starts_with(b"/") || name.contains(&0) {
        return None;
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join(&b'/'))
}

/// The folder that a normal name is in.
pub(super) fn parent(name: &[u8]) -> &[u8] {
    name.iter().rposition(|byte| *byte == b'/').map_or(b"", |slash| &name[..slash])
}
