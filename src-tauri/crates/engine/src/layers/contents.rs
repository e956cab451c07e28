//! Layers that bring a table of contents of their own: the list of their files for a few hundred kilobytes, and each file
//! by itself.
//!
//! Sources: eStargz (stargz-snapshotter, `docs/estargz.md`), whose table is the last entry of the tar, and zstd:chunked
//! (containers/storage, `docs/containers-storage-zstd-chunked.md`), whose table is a skippable frame. Both write down the same
//! entries as JSON.
//!
//! Invariant: only a table that the manifest vouches for by its digest is believed; whatever is wrong with one, the layer is
//! read as a whole instead. What a table says of a layer is what its publisher says: the layer itself was not read.
//!
//! Deliberately absent: tables that no annotation vouches for (plain stargz, and what a footer alone points to).

mod table;

use std::io::{self, Read};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use oci::descriptor::Descriptor;
use oci::digest::{Algorithm, Digest, Hasher};

use super::build::Builder;
use super::chunks::ChunkWriter;
use super::format::Foot;
use super::index::LayerIndex;
use super::open::Layers;
use super::scan::own_cause;
use crate::compression::Decoder;
use crate::error::{Code, Error, Result};
use crate::job::Job;
use crate::tar::{TarProblem, TarReader};

use table::Sink;

/// Vouches for the JSON of an eStargz table.
const STARGZ: &str = "containerd.io/snapshot/stargz/toc.digest";
/// Vouches for the compressed table of a zstd:chunked layer, and says where it is; the older name second.
const CHUNKED: [(&str, &str); 2] = [
    (
        "io.github.containers.zstd-chunked.manifest-checksum",
        "io.github.containers.zstd-chunked.manifest-position",
    ),
    ("io.containers.zstd-chunked.manifest-checksum", "io.containers.zstd-chunked.manifest-position"),
];
/// An empty gzip member whose extra field says where the table is, bytes.
const STARGZ_FOOT: u64 = 51;
/// The name of the table in the tar.
const STARGZ_NAME: &[u8] = b"stargz.index.json";
/// Bytes that are fetched with the foot: most tables are smaller, and come along.
const AHEAD: u64 = 64 * 1024;
/// The largest table that is read, unpacked; one entry needs some three hundred bytes.
const MOST: u64 = 1 << 30;

/// The list of a layer's files by its own table of contents, and how many bytes were fetched for it; none where it has none,
/// or one that can't be believed. `progress` is told fetched bytes and entries.
///
/// # Errors
/// What the source gives; [`Code::Cancelled`]; [`Code::StoreFailed`] where nothing can be written.
pub(super) fn index(
    layers: &Layers,
    layer: usize,
    job: &Job,
    progress: &dyn Fn(u64, u64),
) -> Result<Option<(LayerIndex, u64)>> {
    let descriptor = layers.descriptor(layer)?;
    let Some(place) = Place::of(descriptor) else { return Ok(None) };
    let cache = layers.cache();
    let dir = cache.workshop();
    let unwritable = |error: io::Error| {
        Error::new(Code::StoreFailed, "the list of a layer's files can't be written")
            .with_hint("Check the disk that it is written to")
            .with_source(error)
            .at_digest(&descriptor.digest)
    };
    let mut builder = Builder::new(&dir).map_err(unwritable)?;
    let mut chunks = ChunkWriter::new(&dir).map_err(unwritable)?;
    let fetched = AtomicU64::new(0);
    let tell = |entries| progress(fetched.load(Ordering::Relaxed), entries);
    let mut sink = Sink::new(&mut builder, &mut chunks, &tell, job);
    let outcome = read(&Far { layers, layer, job, fetched: &fetched }, &place, &mut sink);
    if job.is_cancelled() {
        return Err(Error::cancelled());
    }
    let outcome = outcome.and_then(|end| sink.finish().map(|bytes| (end, bytes)));
    match outcome {
        Ok((end, bytes)) => {
            let foot =
                Foot { compression: place.compression(), unpacked: bytes, by_contents: 1, ..Foot::default() };
            let list = builder.finish(foot).map_err(unwritable)?;
            let chunks = chunks.finish(end).map_err(unwritable)?;
            let index = cache.keep_contents(&descriptor.digest, list, chunks)?;
            Ok(Some((index, fetched.into_inner())))
        }
        // An engine's error is the source's, and reading the whole would fail likewise.
        Err(error) => match error.downcast::<Error>() {
            Ok(own) => Err(own),
            Err(_) => Ok(None),
        },
    }
}

/// Where a table is, and what vouches for it.
enum Place {
    Stargz { digest: Digest, size: u64 },
    Chunked { digest: Digest, at: u64, length: u64 },
}

impl Place {
    fn of(descriptor: &Descriptor) -> Option<Self> {
        let said = |name: &str| descriptor.annotations.get(name).map(String::as_str);
        if let Some(digest) = said(STARGZ).and_then(|digest| digest.parse().ok())
            && descriptor.size > STARGZ_FOOT
        {
            return Some(Self::Stargz { digest, size: descriptor.size });
        }
        CHUNKED.iter().find_map(|(checksum, position)| {
            let digest = said(checksum)?.parse().ok()?;
            // Offset, length, unpacked length, and the kind of table, of which there is one.
            let numbers: Vec<u64> = said(position)?.split(':').map_while(|part| part.parse().ok()).collect();
            let [at, length, _, 1] = numbers[..] else { return None };
            let fits = at.checked_add(length).is_some_and(|end| end <= descriptor.size);
            fits.then_some(Self::Chunked { digest, at, length })
        })
    }

    /// As [`Foot`] counts them.
    fn compression(&self) -> u64 {
        match self {
            Self::Stargz { .. } => 1,
            Self::Chunked { .. } => 2,
        }
    }
}

/// A layer that parts are fetched of.
struct Far<'a> {
    layers: &'a Layers,
    layer: usize,
    job: &'a Job,
    fetched: &'a AtomicU64,
}

impl Far<'_> {
    fn open(&self, range: Range<u64>) -> io::Result<impl Read> {
        let length = range.end.saturating_sub(range.start);
        let reader = self.layers.open_range(self.layer, range, self.job).map_err(io::Error::other)?;
        self.fetched.fetch_add(length, Ordering::Relaxed);
        Ok(reader)
    }
}

/// Reads a table into `sink`; where what it lists ends at the latest.
fn read(far: &Far<'_>, place: &Place, sink: &mut Sink<'_>) -> io::Result<u64> {
    match place {
        Place::Stargz { digest, size } => {
            let from = size.saturating_sub(AHEAD);
            let mut tail = Vec::new();
            far.open(from..*size)?.read_to_end(&mut tail)?;
            let at = stargz_offset(&tail).filter(|at| *at < size - STARGZ_FOOT).ok_or_else(invalid)?;
            tail.truncate(tail.len() - STARGZ_FOOT as usize);
            match at.checked_sub(from).and_then(|at| usize::try_from(at).ok()) {
                Some(at) => stargz(&tail[at..], digest, sink)?,
                None => stargz(far.open(at..from)?.chain(&tail[..]), digest, sink)?,
            }
            Ok(at)
        }
        Place::Chunked { digest, at, length } => {
            let mut stored = Hashed::new(far.open(*at..at + length)?, digest.algorithm());
            sink.read(decoder(&mut stored)?.take(MOST))?;
            io::copy(&mut stored, &mut io::sink())?;
            stored.check(digest)?;
            Ok(*at)
        }
    }
}

/// Reads the tar with the one entry that is the table.
fn stargz(stored: impl Read, digest: &Digest, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut tar = TarReader::new(decoder(stored)?);
    let entry = tar.next().map_err(|error| match error.problem {
        TarProblem::Io(error) => error,
        _ => invalid(),
    })?;
    if entry.is_none_or(|entry| entry.name != STARGZ_NAME) {
        return Err(invalid());
    }
    let mut json = Hashed::new(tar.take(MOST), digest.algorithm());
    sink.read(&mut json)?;
    io::copy(&mut json, &mut io::sink())?;
    json.check(digest)
}

/// What the foot of an eStargz layer says: 16 hexadecimal digits in an extra field (RFC 1952, 2.3.1.1).
fn stargz_offset(tail: &[u8]) -> Option<u64> {
    let foot = tail.last_chunk::<{ STARGZ_FOOT as usize }>()?;
    let digits = foot[16..].strip_suffix(&foot[38..]).and_then(|field| field.strip_suffix(b"STARGZ"))?;
    if foot[..4] != [0x1f, 0x8b, 8, 4] || foot[10..16] != [26, 0, b'S', b'G', 22, 0] {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// What is not compressed as it should be is no error of the source.
fn decoder<R: Read>(stored: R) -> io::Result<Decoder<R>> {
    Decoder::new(stored).map_err(|error| match own_cause(error) {
        error if matches!(error.code(), Code::LayerInvalid | Code::CompressionUnsupported) => invalid(),
        error => io::Error::other(error),
    })
}

fn invalid() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the table of contents is not what the manifest says")
}

/// Hashes what is read.
struct Hashed<R> {
    inner: R,
    hasher: Hasher,
}

impl<R> Hashed<R> {
    fn new(inner: R, algorithm: Algorithm) -> Self {
        Self { inner, hasher: Hasher::new(algorithm) }
    }

    fn check(self, digest: &Digest) -> io::Result<()> {
        if self.hasher.finish() == *digest { Ok(()) } else { Err(invalid()) }
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
