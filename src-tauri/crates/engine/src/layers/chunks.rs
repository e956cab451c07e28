//! Where the bytes of files are in a layer that has a table of contents: chunks that are compressed each by itself.
//!
//! ```text
//! records   RECORD bytes for each chunk, ascending by `begins`
//! foot      how many there are, where the last one ends at the latest, and the checksum of the records
//! ```

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use oci::digest::{Algorithm, Digest, Hasher};

use super::index::Node;
use super::mapped::Mapped;
use super::open::{LayerReader, Layers};
use crate::compression::Decoder;
use crate::error::{Code, Error, Result};
use crate::job::Job;

const MAGIC: [u8; 8] = *b"lschnk\x01\n";
const RECORD: usize = 80;
const FOOT: usize = 32;
/// A chunk up to this size is given away only after it proved right; a larger one proves right at its end.
const HELD: u64 = 8 << 20;
/// What lies between two chunks and is cheaper to read than to ask anew, bytes.
const GAP: u64 = 64 * 1024;

/// A piece of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Where it begins, counted over all files of the layer in the table's order.
    pub begins: u64,
    /// Unpacked bytes.
    pub size: u64,
    /// Where what it is compressed into begins in the stored layer.
    pub offset: u64,
    /// Where that ends; 0 where the table does not say.
    pub end: u64,
    /// Unpacked bytes before it, in what it is compressed into.
    pub inner: u64,
    /// Its SHA-256; none of a hole, which has only zeros and is stored nowhere.
    pub sha256: Option<[u8; 32]>,
}

impl Chunk {
    fn encode(&self) -> [u8; RECORD] {
        let mut bytes = [0; RECORD];
        let numbers =
            [self.begins, self.size, self.offset, self.end, self.inner, self.sha256.is_some().into()];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes[48..].copy_from_slice(&self.sha256.unwrap_or_default());
        bytes
    }

    fn decode(bytes: &[u8; RECORD]) -> Self {
        let number = |at: usize| wide(&bytes[at * 8..]);
        let sha256 = (number(5) != 0).then(|| *bytes[48..].first_chunk().expect("it is long enough"));
        Self {
            begins: number(0),
            size: number(1),
            offset: number(2),
            end: number(3),
            inner: number(4),
            sha256,
        }
    }
}

fn wide(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

/// Writes a table.
pub(super) struct ChunkWriter {
    out: BufWriter<tempfile::NamedTempFile>,
    crc: flate2::Crc,
    count: u64,
}

impl ChunkWriter {
    pub(super) fn new(dir: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix(".chunks-").tempfile_in(dir)?;
        Ok(Self { out: BufWriter::new(file), crc: flate2::Crc::new(), count: 0 })
    }

    /// Takes the next one.
    pub(super) fn add(&mut self, chunk: &Chunk) -> io::Result<()> {
        let bytes = chunk.encode();
        self.crc.update(&bytes);
        self.count += 1;
        self.out.write_all(&bytes)
    }

    /// Ends the table; `end` is where the last chunk ends at the latest.
    pub(super) fn finish(mut self, end: u64) -> io::Result<tempfile::NamedTempFile> {
        let mut foot = [0; FOOT];
        foot[..8].copy_from_slice(&self.count.to_le_bytes());
        foot[8..16].copy_from_slice(&end.to_le_bytes());
        foot[16..20].copy_from_slice(&self.crc.sum().to_le_bytes());
        foot[24..].copy_from_slice(&MAGIC);
        self.out.write_all(&foot)?;
        self.out.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// A table, mapped from its file.
#[derive(Debug)]
pub(super) struct ChunkTable {
    map: Mapped,
    count: usize,
    end: u64,
}

impl ChunkTable {
    /// Maps the file of a table.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] where it is damaged, cut, or of another version.
    pub(super) fn open(file: &File) -> io::Result<Self> {
        let map = Mapped::open(file)?;
        let (count, end) = Self::check(&map).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { map, count, end })
    }

    fn check(map: &[u8]) -> Option<(usize, u64)> {
        let (records, foot) = map.split_last_chunk::<FOOT>()?;
        let count = usize::try_from(wide(foot)).ok()?;
        let mut crc = flate2::Crc::new();
        crc.update(records);
        let fits = count.checked_mul(RECORD)? == records.len()
            && foot[16..20] == crc.sum().to_le_bytes()
            && foot[24..] == MAGIC;
        fits.then(|| (count, wide(&foot[8..])))
    }

    fn get(&self, at: usize) -> Option<Chunk> {
        let bytes = self.map.get(at.checked_mul(RECORD)?..)?.first_chunk()?;
        (at < self.count).then(|| Chunk::decode(bytes))
    }

    /// Which chunks have the bytes of a file.
    fn of(&self, node: &Node<'_>) -> std::ops::Range<usize> {
        let place = |begins: u64| {
            let (mut low, mut high) = (0, self.count);
            while low < high {
                let middle = low + (high - low) / 2;
                let before = self.get(middle).is_some_and(|chunk| chunk.begins < begins);
                if before { low = middle + 1 } else { high = middle }
            }
            low
        };
        place(node.data())..place(node.data().saturating_add(node.size()))
    }

    /// Where the stored bytes of a chunk end, as far as can be told.
    fn end_of(&self, at: usize, chunk: &Chunk) -> u64 {
        if chunk.end > chunk.offset {
            return chunk.end;
        }
        let next = (at + 1..self.count).filter_map(|at| self.get(at)).find(|next| next.offset > chunk.offset);
        next.map_or(self.end, |next| next.offset)
    }
}

/// The bytes of one file, chunk by chunk. Blocks.
pub(super) struct ChunkReader {
    layers: Layers,
    layer: usize,
    job: Job,
    chunks: std::vec::IntoIter<(Chunk, u64)>,
    /// Bytes of the first of them that are not wanted.
    skip: u64,
    /// What is open of the stored layer, and where it has got to.
    stored: Option<(LayerReader, u64)>,
    until: u64,
    now: Now,
}

/// What is given away at the moment.
enum Now {
    Held(io::Cursor<Vec<u8>>),
    Zeros(u64),
    Streamed(Box<Streamed>),
}

/// A chunk that is too large to be held.
struct Streamed {
    decoder: Decoder<LayerReader>,
    left: u64,
    hasher: Hasher,
    sha256: [u8; 32],
}

impl ChunkReader {
    /// Finds the chunks of a file, from a byte of it on.
    ///
    /// # Errors
    /// [`Code::LayerInvalid`] where they don't make the file up.
    pub(super) fn open(
        layers: &Layers,
        layer: usize,
        table: &ChunkTable,
        node: &Node<'_>,
        from: u64,
        job: &Job,
    ) -> Result<Self> {
        let from = node.data().saturating_add(from);
        let mut skip = 0;
        let mut at = node.data();
        let mut chunks = Vec::new();
        for place in table.of(node) {
            let Some(chunk) = table.get(place).filter(|chunk| chunk.begins == at) else { break };
            at = at.saturating_add(chunk.size);
            if at > from {
                skip += from.saturating_sub(chunk.begins);
                chunks.push((chunk, table.end_of(place, &chunk)));
            }
        }
        if at != node.data().saturating_add(node.size()) {
            let why = format!("the table of contents does not say where all of `{}` is", node.shown_path());
            return Err(Error::new(Code::LayerInvalid, why)
                .with_hint("Pull the image: then its layers are read themselves"));
        }
        let until = chunks.last().map_or(0, |(_, end)| *end);
        let (layers, job) = (layers.clone(), job.clone());
        let chunks = chunks.into_iter();
        Ok(Self { layers, layer, job, chunks, skip, stored: None, until, now: Now::Zeros(0) })
    }

    /// Opens the next chunk; whether there is one.
    fn next(&mut self) -> io::Result<bool> {
        let Some((chunk, end)) = self.chunks.next() else { return Ok(false) };
        let Some(sha256) = chunk.sha256 else {
            self.now = Now::Zeros(chunk.size);
            return Ok(true);
        };
        if chunk.size > HELD {
            let stored = self.layers.open_range(self.layer, chunk.offset..end, &self.job);
            let mut decoder = Decoder::new(stored.map_err(io::Error::other)?).map_err(io::Error::other)?;
            pass_over(&mut decoder, chunk.inner)?;
            let hasher = Hasher::new(Algorithm::Sha256);
            self.now = Now::Streamed(Box::new(Streamed { decoder, left: chunk.size, hasher, sha256 }));
            return Ok(true);
        }
        let mut stored = match self.stored.take() {
            Some((mut stored, at)) if (at..=at + GAP).contains(&chunk.offset) => {
                io::copy(&mut stored.by_ref().take(chunk.offset - at), &mut io::sink())?;
                stored
            }
            _ => {
                let range = chunk.offset..self.until.max(end);
                self.layers.open_range(self.layer, range, &self.job).map_err(io::Error::other)?
            }
        };
        let mut packed = stored.by_ref().take(end.saturating_sub(chunk.offset));
        let mut decoder = Decoder::new(&mut packed).map_err(io::Error::other)?;
        pass_over(&mut decoder, chunk.inner)?;
        let mut bytes = Vec::new();
        decoder.by_ref().take(chunk.size).read_to_end(&mut bytes)?;
        drop(decoder);
        io::copy(&mut packed, &mut io::sink())?;
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(&bytes);
        self.check(hasher, &sha256)?;
        self.stored = Some((stored, end));
        self.now = Now::Held(io::Cursor::new(bytes));
        Ok(true)
    }

    fn check(&self, hasher: Hasher, sha256: &[u8; 32]) -> io::Result<()> {
        let (found, wanted) = (hasher.finish(), hex_of(sha256));
        if found.hex() == wanted {
            return Ok(());
        }
        let why = format!(
            "a part of the file hashes to `{found}`, the layer's table of contents says `sha256:{wanted}`"
        );
        let mut error = Error::new(Code::ContentMismatch, why)
            .with_hint("The registry's copy, or a proxy on the way, is damaged; pull the image to have all of it checked");
        if let Ok(layer) = self.layers.descriptor(self.layer) {
            error = error.at_digest(&layer.digest);
        }
        Err(io::Error::other(error))
    }
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let skip = std::mem::take(&mut self.skip);
        pass_over(self, skip)?;
        loop {
            let count = match &mut self.now {
                Now::Held(bytes) => bytes.read(buffer)?,
                Now::Zeros(left) => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
                    buffer[..count].fill(0);
                    *left -= count as u64;
                    count
                }
                Now::Streamed(streamed) => {
                    let most = usize::try_from(streamed.left).unwrap_or(usize::MAX).min(buffer.len());
                    let count = streamed.decoder.read(&mut buffer[..most])?;
                    if count == 0 && most > 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    streamed.hasher.update(&buffer[..count]);
                    streamed.left -= count as u64;
                    count
                }
            };
            if matches!(&self.now, Now::Streamed(streamed) if streamed.left == 0)
                && let Now::Streamed(done) = std::mem::replace(&mut self.now, Now::Zeros(0))
            {
                self.check(done.hasher, &done.sha256)?;
            }
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            if !self.next()? {
                return Ok(0);
            }
        }
    }
}

/// The bytes of a SHA-256 digest; none of another algorithm's.
pub(super) fn sha256_of(digest: &Digest) -> Option<[u8; 32]> {
    let hex = digest.hex().as_bytes();
    let mut bytes = [0; 32];
    if digest.algorithm() != Algorithm::Sha256 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn hex_of(sha256: &[u8; 32]) -> String {
    sha256.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads bytes and drops them.
pub(crate) fn pass_over(input: &mut impl Read, count: u64) -> io::Result<()> {
    let passed = io::copy(&mut input.by_ref().take(count), &mut io::sink())?;
    if passed == count { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
